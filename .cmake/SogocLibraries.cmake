# The libraries that sogoc stands on, as sg::<name>; all from Debian 12.
find_package(PkgConfig REQUIRED)

function(sg_library name module)
  pkg_check_modules(SG_${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(sg::${name} ALIAS PkgConfig::SG_${name})
endfunction()

sg_library(sodium libsodium)
sg_library(crypto libcrypto)
sg_library(msgpack msgpack)
sg_library(zstd libzstd)
sg_library(lmdb lmdb)
sg_library(uv libuv)
sg_library(microhttpd libmicrohttpd)
sg_library(jansson jansson)
sg_library(qrencode libqrencode)
sg_library(utf8proc libutf8proc)
sg_library(cmocka cmocka)

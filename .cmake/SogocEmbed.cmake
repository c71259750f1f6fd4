# sg_embed(<target> <file> <symbol>): the bytes of a file as
# `const uint8_t symbol[]` in a target, and their count as `const size_t
# symbol_size`. Run as a script (-P) this file writes the C source.

if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${FROM} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes
    "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(SIZE ${FROM} size)
  file(WRITE ${TO} "#include <stddef.h>\n#include <stdint.h>\n\n"
    "extern const size_t ${SYMBOL}_size;\n"
    "const size_t ${SYMBOL}_size = ${size};\n"
    "extern const uint8_t ${SYMBOL}[${size}];\n"
    "const uint8_t ${SYMBOL}[${size}] = {\n${bytes}};\n")
  return()
endif()

set(SG_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(sg_embed target file symbol)
  set(from ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set(to ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${to} DEPENDS ${from} ${SG_EMBED_SCRIPT}
    COMMAND ${CMAKE_COMMAND} -DFROM=${from} -DTO=${to} -DSYMBOL=${symbol}
      -P ${SG_EMBED_SCRIPT}
    VERBATIM)
  target_sources(${target} PRIVATE ${to})
endfunction()

# What is installed, and the Debian package: `cpack -G DEB` in the build tree.
# tools/package has what the package needs beside the programs.

include(GNUInstallDirs)
# The target sg_package_files is all that the package needs: tests are not built
# for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

function(sg_package)
  set(folder ${CMAKE_SOURCE_DIR}/tools/package)
  set(pages ${CMAKE_BINARY_DIR}/man)
  set(changelog ${CMAKE_BINARY_DIR}/changelog.gz)
  file(CONFIGURE OUTPUT changelog CONTENT
    "sogoc (@PROJECT_VERSION@) bookworm; urgency=medium\n\n  * See the history of the sources.\n\n -- the sogoc developers <sogoc@registry.invalid>  Mon, 23 Nov 2026 00:00:00 +0700\n"
    @ONLY)
  add_custom_command(
    OUTPUT ${pages}/man1/sogoc.1.gz ${pages}/vi/man1/sogoc.1.gz
      ${pages}/man8/sogocd.8.gz ${pages}/man5/sogocd.conf.5.gz
    DEPENDS sogoc sogocd ${folder}/man ${folder}/sogocd.conf
    COMMAND ${folder}/man ${CMAKE_BINARY_DIR} ${pages}
    VERBATIM)
  add_custom_command(OUTPUT ${changelog}
    COMMAND gzip -9nc ${CMAKE_BINARY_DIR}/changelog > ${changelog} VERBATIM)
  add_custom_target(sg_package_files DEPENDS
    ${pages}/man1/sogoc.1.gz ${changelog})

  install(TARGETS sogoc sogocd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${CMAKE_SOURCE_DIR}/node/sogocd.service
    DESTINATION /lib/systemd/system)
  install(FILES ${folder}/sysusers.conf DESTINATION /usr/lib/sysusers.d
    RENAME sogoc.conf)
  install(FILES ${folder}/sogocd.conf DESTINATION /etc/sogoc)
  install(FILES ${folder}/completion.bash RENAME sogoc
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${folder}/copyright ${changelog} ${CMAKE_SOURCE_DIR}/node/API.md
    ${CMAKE_SOURCE_DIR}/node/openapi.json
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sogoc)
  install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/man)
endfunction()

sg_package()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sogoc)
set(CPACK_PACKAGE_VENDOR "the sogoc developers")
set(CPACK_PACKAGE_CONTACT "the sogoc developers <sogoc@registry.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "register of citizens that works without a network")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "Keeps the records of citizens of a province as signed entries of append-only
logs, one node a district: it works for weeks without a network and exchanges
what is new with its neighbours and the centre, or on a USB stick. Everything
can be verified.
.
sogocd is the node, sogoc what an administrator types.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(name postinst prerm postrm conffiles)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/tools/package/${name})
endforeach()
include(CPack)

# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where, and the Debian package that `cpack -G DEB` makes of the same.

set(PDTT_PACKAGE_MAINTAINER "PDTT exporter authors <pdtt-exporter@example.org>" CACHE STRING
    "Whom the Debian package names: you, who build it")

install(TARGETS pdtt-exporter pdtt-exporter-top RUNTIME DESTINATION bin)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION share/doc/pdtt-exporter
        FILES_MATCHING PATTERN "*.md")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/prometheus DESTINATION share/pdtt-exporter)
set(_pdtt_grafana ${PROJECT_SOURCE_DIR}/grafana)
install(DIRECTORY ${_pdtt_grafana}/dashboards ${_pdtt_grafana}/provisioning
        DESTINATION share/pdtt-exporter/grafana)

# The licence of what is compiled in; with the shared library there is none.
get_target_property(_pdtt_civetweb_files pdtt_civetweb SOURCES)
set(_pdtt_civetweb_licence "")
if(_pdtt_civetweb_files)
  list(GET _pdtt_civetweb_files 0 _pdtt_civetweb_licence)
  cmake_path(GET _pdtt_civetweb_licence PARENT_PATH _pdtt_civetweb_licence)
  cmake_path(REPLACE_FILENAME _pdtt_civetweb_licence LICENSE.md)
endif()

# The rest depends on the prefix, which is known when it is installed.
install(CODE "
  set(PDTT_SOURCE_DIR \"${PROJECT_SOURCE_DIR}\")
  set(PDTT_GENERATED_DIR \"${PROJECT_BINARY_DIR}/packaging\")
  set(PDTT_VERSION \"${PROJECT_VERSION}\")
  set(PDTT_PACKAGE_MAINTAINER \"${PDTT_PACKAGE_MAINTAINER}\")
  set(PDTT_CIVETWEB_LICENCE \"${_pdtt_civetweb_licence}\")")
install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/InstallHostFiles.cmake)

# On another architecture nobody knows which packages the libraries are of.
if(CMAKE_CROSSCOMPILING)
  return()
endif()

set(_pdtt_debian ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pdtt-exporter)
set(CPACK_PACKAGE_VENDOR "PDTT")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_SET_DESTDIR ON)  # files in /etc and /lib
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${PDTT_PACKAGE_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "network traffic of users, for Prometheus")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Counts which user of a shared Linux host moves how much data, over which
connections, with eBPF programs in the kernel; serves the counts to
Prometheus, as JSON, as a page in the browser and as a view in the terminal.

Counters go on through restarts and upgrades.")
set(CPACK_DEBIAN_PACKAGE_DEPENDS procps)  # the unit's kill
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS logrotate)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS prometheus)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${_pdtt_debian}/conffiles ${_pdtt_debian}/postinst ${_pdtt_debian}/prerm ${_pdtt_debian}/postrm)
include(CPack)

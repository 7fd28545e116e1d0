# SPDX-License-Identifier: Apache-2.0
# Run at installation, for the prefix that is given then: unit, configuration, man page and what
# Debian's policy wants in a package. Takes PDTT_SOURCE_DIR, PDTT_GENERATED_DIR, PDTT_VERSION,
# PDTT_PACKAGE_MAINTAINER and PDTT_CIVETWEB_LICENCE.

set(deploy ${PDTT_SOURCE_DIR}/deploy)
set(out ${PDTT_GENERATED_DIR})
file(MAKE_DIRECTORY ${out})

function(_pdtt_compress file)
  execute_process(COMMAND gzip -9nc ${file} OUTPUT_FILE ${file}.gz COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Replaces FROM in the variable `text`; that it is not there any more is an error.
function(_pdtt_replace from to)
  string(REPLACE "${from}" "${to}" changed "${text}")
  if(changed STREQUAL text)
    message(FATAL_ERROR "config/exporter.yml has no longer: ${from}")
  endif()
  set(text "${changed}" PARENT_SCOPE)
endfunction()

# The shipped file, but for what a service should have: its counters go on.
function(_pdtt_write_configuration)
  file(READ ${PDTT_SOURCE_DIR}/config/exporter.yml text)
  _pdtt_replace("with its default, so an empty file means the\n# same;"
                "with its default, but for persist;\n#")
  _pdtt_replace("pin_path: /sys/fs/bpf/pdtt\n" "pin_path: /sys/fs/bpf/pdtt

# Go on counting in the kernel while the exporter is down: restarts, crashes and upgrades lose
# nothing. The default is false.
persist: true
")
  file(WRITE ${out}/etc/pdtt/exporter.yml "${text}")
endfunction()

function(_pdtt_write_documents)
  configure_file(${deploy}/man/pdtt-exporter.8 ${out}/pdtt-exporter.8 COPYONLY)
  configure_file(${deploy}/man/pdtt-exporter-top.8 ${out}/pdtt-exporter-top.8 COPYONLY)
  string(TIMESTAMP PDTT_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
  configure_file(${deploy}/debian/changelog.in ${out}/changelog @ONLY)
  foreach(name IN ITEMS pdtt-exporter.8 pdtt-exporter-top.8 changelog)
    _pdtt_compress(${out}/${name})
  endforeach()

  file(READ ${PDTT_SOURCE_DIR}/LICENSES/BSD-2-Clause.txt PDTT_BSD_2_CLAUSE)
  configure_file(${deploy}/debian/copyright.in ${out}/copyright @ONLY)
  if(PDTT_CIVETWEB_LICENCE)
    file(READ ${PDTT_CIVETWEB_LICENCE} licence)
    string(REGEX MATCH "> Copyright [^#]*" licence "${licence}")
    file(APPEND ${out}/copyright "\nThe HTTP server civetweb is compiled in:\n\n${licence}")
  endif()
endfunction()

_pdtt_write_configuration()
_pdtt_write_documents()
set(PDTT_BINDIR ${CMAKE_INSTALL_PREFIX}/bin)
configure_file(${deploy}/systemd/pdtt-exporter.service.in ${out}/pdtt-exporter.service @ONLY)
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(units /lib/systemd/system)  # where Debian 12 looks for those of packages
else()
  set(units ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endif()

# Not in functions: there, install_manifest.txt would not hear of it.
file(INSTALL DESTINATION ${units} TYPE FILE FILES ${out}/pdtt-exporter.service)
file(INSTALL DESTINATION ${CMAKE_INSTALL_PREFIX}/share/man/man8 TYPE FILE
     FILES ${out}/pdtt-exporter.8.gz ${out}/pdtt-exporter-top.8.gz)
file(INSTALL DESTINATION ${CMAKE_INSTALL_PREFIX}/share/doc/pdtt-exporter TYPE FILE
     FILES ${out}/changelog.gz ${out}/copyright)

# What an administrator has changed stays. In a package dpkg takes care of that.
file(COPY ${deploy}/logrotate/pdtt-exporter DESTINATION ${out}/etc/logrotate.d)
foreach(name IN ITEMS pdtt/exporter.yml logrotate.d/pdtt-exporter)
  cmake_path(GET name PARENT_PATH folder)
  if(EXISTS "$ENV{DESTDIR}/etc/${name}")
    message(STATUS "Kept: /etc/${name}")
  else()
    file(INSTALL DESTINATION /etc/${folder} TYPE FILE FILES ${out}/etc/${name})
  endif()
endforeach()

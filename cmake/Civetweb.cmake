# SPDX-License-Identifier: Apache-2.0
# pdtt_civetweb: the HTTP server library, compiled in from the distribution's source package.
#
# The packaged shared library is built without IPv6 and for an OpenSSL that is no longer there: its
# first TLS handshake ends the process. So the same source is compiled with our settings.
# deploy/fetch-civetweb.sh gets it.

set(PDTT_CIVETWEB_SOURCE "" CACHE STRING
    "Folder of civetweb's source; empty: build/_sources if fetched; 'system': the shared library")

function(_pdtt_find_civetweb_source out)
  if(PDTT_CIVETWEB_SOURCE STREQUAL "system")
    set(source "")
  elseif(PDTT_CIVETWEB_SOURCE)
    set(source ${PDTT_CIVETWEB_SOURCE})
    if(NOT EXISTS ${source}/src/civetweb.c)
      message(FATAL_ERROR "PDTT_CIVETWEB_SOURCE: there is no ${source}/src/civetweb.c")
    endif()
  else()
    file(GLOB found ${PROJECT_SOURCE_DIR}/build/_sources/civetweb-*/src/civetweb.c)
    set(source "")
    if(found)
      list(GET found 0 source)
      cmake_path(GET source PARENT_PATH source)
      cmake_path(GET source PARENT_PATH source)
    endif()
  endif()
  set(${out} "${source}" PARENT_SCOPE)
endfunction()

function(_pdtt_add_civetweb_from_source source)
  find_package(OpenSSL 3.0 REQUIRED)
  add_library(pdtt_civetweb STATIC ${source}/src/civetweb.c)
  target_include_directories(pdtt_civetweb SYSTEM PUBLIC ${source}/include)
  target_compile_definitions(pdtt_civetweb INTERFACE PDTT_CIVETWEB_TLS)
  target_compile_definitions(pdtt_civetweb PRIVATE
    OPENSSL_API_3_0 NO_SSL_DL   # linked, not looked up by name at run time
    USE_IPV6
    NO_CGI NO_FILES NO_CACHING  # routes only: no request reaches the file system
    NDEBUG
    USE_STACK_SIZE=262144
    SOCKET_TIMEOUT_QUANTUM=500  # ms until waiting threads see that the server stops
    )
  # -fwrapv: a Content-Length above 2^63 overflows a signed sum.
  target_compile_options(pdtt_civetweb PRIVATE -w -fwrapv)
  if(PDTT_SANITIZE)
    target_compile_options(pdtt_civetweb PRIVATE
      -fsanitize=${PDTT_SANITIZE} -fno-omit-frame-pointer)
    if(PDTT_SANITIZE STREQUAL "thread")
      # The stop flag is a plain volatile int otherwise, which is a race by the letter.
      target_compile_definitions(pdtt_civetweb PRIVATE STOP_FLAG_NEEDS_LOCK)
    endif()
  endif()
  target_link_libraries(pdtt_civetweb PRIVATE pdtt_hardening OpenSSL::SSL Threads::Threads)
  set_target_properties(pdtt_civetweb PROPERTIES POSITION_INDEPENDENT_CODE ON)
  message(STATUS "civetweb: compiled in from ${source} (IPv6, TLS)")
endfunction()

_pdtt_find_civetweb_source(_pdtt_civetweb_source)
if(_pdtt_civetweb_source)
  _pdtt_add_civetweb_from_source(${_pdtt_civetweb_source})
else()
  find_package(civetweb REQUIRED)
  add_library(pdtt_civetweb INTERFACE)
  target_link_libraries(pdtt_civetweb INTERFACE civetweb::civetweb)
  message(STATUS "civetweb: the system's shared library; listening on IPv6 and TLS will be refused "
                 "(deploy/fetch-civetweb.sh build/_sources gets the source)")
endif()

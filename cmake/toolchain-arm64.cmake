# SPDX-License-Identifier: Apache-2.0
# Builds for arm64 on another machine, with Debian's cross compiler (g++-aarch64-linux-gnu) against
# the sysroot that deploy/fetch-sysroot-arm64.sh fetched. clang and bpftool stay the machine's own.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH _pdtt_source)
set(CMAKE_SYSROOT ${_pdtt_source}/build/_sysroot-arm64)
if(NOT EXISTS ${CMAKE_SYSROOT}/.complete)
  message(FATAL_ERROR "There is no sysroot; run: deploy/fetch-sysroot-arm64.sh ${CMAKE_SYSROOT}")
endif()

# Programs run here; what is compiled and linked against is the target's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

# The running kernel's types are not the target's.
set(PDTT_VMLINUX_H ${CMAKE_SYSROOT}/usr/include/aarch64-linux-gnu/linux/bpf/vmlinux.h
    CACHE FILEPATH "vmlinux.h of the target")

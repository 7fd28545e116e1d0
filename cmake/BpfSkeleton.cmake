# SPDX-License-Identifier: Apache-2.0
# pdtt_add_bpf_skeleton(<target> NAME <skeleton> SOURCES <a.bpf.c>... [INCLUDES <dir>...]
#                       [DEFINES <macro>...])
#
# Compiles each BPF source, links them into one object with bpftool, and turns
# the object into a skeleton header. <target> is an INTERFACE library that
# carries the header directory (as SYSTEM) and libbpf.

find_program(PDTT_BPF_CLANG NAMES clang-19 clang-16 clang-14 clang REQUIRED
             DOC "clang used for the BPF target")
find_program(PDTT_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED
             DOC "bpftool used for BTF dump, linking and skeletons")
set(PDTT_VMLINUX_BTF /sys/kernel/btf/vmlinux CACHE FILEPATH
    "Kernel BTF that vmlinux.h is generated from")
set(PDTT_VMLINUX_H "" CACHE FILEPATH
    "Ready-made vmlinux.h; when set, no BTF is read from the build host")

function(_pdtt_bpf_arch out)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
    set(${out} x86 PARENT_SCOPE)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(${out} arm64 PARENT_SCOPE)
  else()
    message(FATAL_ERROR "No BPF target arch known for ${CMAKE_SYSTEM_PROCESSOR}")
  endif()
endfunction()

function(_pdtt_vmlinux_h dir out)
  if(PDTT_VMLINUX_H)
    set(${out} ${PDTT_VMLINUX_H} PARENT_SCOPE)
    return()
  endif()
  set(header ${dir}/vmlinux.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${PDTT_BPFTOOL} btf dump file ${PDTT_VMLINUX_BTF} format c > ${header}.tmp
    COMMAND ${CMAKE_COMMAND} -E rename ${header}.tmp ${header}
    COMMENT "BTF   vmlinux.h" VERBATIM)
  set(${out} ${header} PARENT_SCOPE)
endfunction()

function(pdtt_add_bpf_skeleton target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME" "SOURCES;INCLUDES;DEFINES")
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/${target})
  file(MAKE_DIRECTORY ${dir})
  _pdtt_bpf_arch(arch)
  _pdtt_vmlinux_h(${dir} vmlinux)
  cmake_path(GET vmlinux PARENT_PATH vmlinux_dir)
  list(TRANSFORM arg_INCLUDES PREPEND -I)
  list(TRANSFORM arg_DEFINES PREPEND -D)

  set(objects)
  foreach(source IN LISTS arg_SOURCES)
    cmake_path(GET source STEM stem)
    set(object ${dir}/${stem}.bpf.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${PDTT_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g
              -Wall -Wextra -Wno-unused-parameter -Werror
              -D__TARGET_ARCH_${arch} -isystem ${vmlinux_dir} ${arg_INCLUDES} ${arg_DEFINES}
              -MD -MF ${object}.d -MT ${object}
              -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${source} ${vmlinux} DEPFILE ${object}.d
      COMMENT "BPF   ${arg_NAME} ${source}" COMMAND_EXPAND_LISTS VERBATIM)
    list(APPEND objects ${object})
  endforeach()

  set(linked ${dir}/${arg_NAME}.o)
  set(skeleton ${dir}/${arg_NAME}.skel.h)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${PDTT_BPFTOOL} gen object ${linked} ${objects}
    COMMAND ${PDTT_BPFTOOL} gen skeleton ${linked} name ${arg_NAME} > ${skeleton}.tmp
    COMMAND ${CMAKE_COMMAND} -E rename ${skeleton}.tmp ${skeleton}
    DEPENDS ${objects} BYPRODUCTS ${linked}
    COMMENT "SKEL  ${arg_NAME}.skel.h" VERBATIM)
  add_custom_target(${target}_generate DEPENDS ${skeleton})

  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_generate)
  target_include_directories(${target} SYSTEM INTERFACE ${dir})
  target_link_libraries(${target} INTERFACE PkgConfig::libbpf)
endfunction()

# SPDX-License-Identifier: Apache-2.0
# Run with cmake -P at every build: writes version.h, and touches it only when its content changes.
# Takes PDTT_VERSION, PDTT_REVISION (empty: ask git), SOURCE_DIR, TEMPLATE and HEADER.

function(_pdtt_git out)
  execute_process(
    COMMAND git --no-optional-locks -C ${SOURCE_DIR} ${ARGN}
    RESULT_VARIABLE result OUTPUT_VARIABLE output
    ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT result EQUAL 0)
    set(output "failed")
  endif()
  set(${out} "${output}" PARENT_SCOPE)
endfunction()

if(PDTT_REVISION STREQUAL "")
  # Sources unpacked inside someone else's repository must not carry that repository's commit:
  # the prefix is empty only at the top of a work tree.
  _pdtt_git(prefix rev-parse --show-prefix)
  _pdtt_git(commit rev-parse --verify --short=12 HEAD)
  _pdtt_git(changes status --porcelain --untracked-files=no)
  if(NOT prefix STREQUAL "" OR commit STREQUAL "failed")
    set(PDTT_REVISION "unknown")
  elseif(changes STREQUAL "")
    set(PDTT_REVISION "${commit}")
  else()
    set(PDTT_REVISION "${commit}-modified")
  endif()
endif()

configure_file(${TEMPLATE} ${HEADER} @ONLY)

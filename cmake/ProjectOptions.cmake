# SPDX-License-Identifier: Apache-2.0
# pdtt_options: language level, warnings and sanitizers for our own targets only.
set(PDTT_SANITIZE "" CACHE STRING "Value for -fsanitize= (address,undefined or thread)")
option(PDTT_WERROR "Treat warnings as errors" OFF)

add_library(pdtt_options INTERFACE)
target_compile_features(pdtt_options INTERFACE cxx_std_20)
target_compile_options(pdtt_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${PDTT_WERROR}>:-Werror>)
if(PDTT_SANITIZE)
  target_compile_options(pdtt_options INTERFACE -fsanitize=${PDTT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(pdtt_options INTERFACE -fsanitize=${PDTT_SANITIZE})
endif()

# SPDX-License-Identifier: Apache-2.0
# pdtt_options: language level, warnings and sanitizers for our own targets only.
# pdtt_hardening: what makes a mistake in memory end the process rather than serve an attacker; for
# these and for civetweb, in every build. test/hardening.sh looks for it in what was built.
set(PDTT_SANITIZE "" CACHE STRING "Value for -fsanitize= (address,undefined or thread)")
option(PDTT_WERROR "Treat warnings as errors" OFF)

# Loaded by somebody else's program, not at an address of its own choice.
set(_pdtt_is_module $<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>)
set(_pdtt_is_executable $<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>)

add_library(pdtt_hardening INTERFACE)
target_compile_options(pdtt_hardening INTERFACE
  $<IF:${_pdtt_is_module},-fPIC,-fPIE>
  -fstack-protector-strong -fstack-clash-protection)
target_link_options(pdtt_hardening INTERFACE
  $<${_pdtt_is_executable}:-pie> -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64)$")
  target_compile_options(pdtt_hardening INTERFACE -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  target_compile_options(pdtt_hardening INTERFACE -mbranch-protection=standard)
endif()
# The C library's checked functions need the optimizer to know sizes; the containers' do not.
target_compile_options(pdtt_hardening INTERFACE
  $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
target_compile_definitions(pdtt_hardening INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

add_library(pdtt_options INTERFACE)
target_compile_features(pdtt_options INTERFACE cxx_std_20)
target_compile_options(pdtt_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${PDTT_WERROR}>:-Werror>)
target_link_libraries(pdtt_options INTERFACE pdtt_hardening)
if(PDTT_SANITIZE)
  # Line numbers are all that reports need of the debug information.
  target_compile_options(pdtt_options INTERFACE
    -g1 -fsanitize=${PDTT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(pdtt_options INTERFACE -fsanitize=${PDTT_SANITIZE})
endif()

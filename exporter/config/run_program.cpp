// SPDX-License-Identifier: Apache-2.0
#include "config/run_program.h"

#include <cstddef>
#include <exception>
#include <iostream>

#include "config/command_line.h"

namespace pdtt {
namespace {

int Fail(const std::exception& error, int exit_code) {
  std::cerr << "pdtt-exporter: " << error.what() << '\n';
  return exit_code;
}

}  // namespace

int RunProgram(int argc, const char* const* argv,
               int (*program)(std::span<const char* const> arguments)) {
  try {
    return program({argv + 1, static_cast<std::size_t>(argc - 1)});
  } catch (const UsageError& error) {
    return Fail(error, kExitUsage);
  } catch (const std::exception& error) {
    return Fail(error, kExitError);
  }
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// What `pdtt-exporter top` becomes, with the same arguments and exit codes.

#include <exception>
#include <iostream>
#include <span>

#include "config/command_line.h"
#include "top/top.h"

namespace {

int Main(std::span<const char* const> arguments) {
  const pdtt::CommandLine line = pdtt::ParseCommandLine(arguments, {});
  if (line.command != pdtt::Command::kTop) {
    throw pdtt::UsageError("this is a part of pdtt-exporter; run pdtt-exporter top");
  }
  return pdtt::RunTop(line.top);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(std::span<const char* const>{argv + 1, static_cast<std::size_t>(argc - 1)});
  } catch (const pdtt::UsageError& error) {
    std::cerr << "pdtt-exporter: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "pdtt-exporter: " << error.what() << '\n';
    return 1;
  }
}

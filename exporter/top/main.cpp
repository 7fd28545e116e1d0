// SPDX-License-Identifier: Apache-2.0
// What `pdtt-exporter top` becomes, with the same arguments and exit codes.

#include <span>

#include "config/command_line.h"
#include "config/run_program.h"
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
  return pdtt::RunProgram(argc, argv, Main);
}

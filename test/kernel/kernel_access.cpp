// SPDX-License-Identifier: Apache-2.0
#include "kernel_access.h"

#include <iostream>
#include <stdexcept>

#include "bpf/host.h"

namespace pdtt::test {

bool BpfIsAllowed() {
  try {
    RequireBpf("/sys/kernel/btf/vmlinux");
    return true;
  } catch (const std::runtime_error& error) {
    std::cout << "SKIPPED: " << error.what() << std::endl;
    return false;
  }
}

ProgramOptions SmallMaps() {
  ProgramOptions options;
  options.accounts = 64;
  options.connections = 256;
  return options;
}

std::unique_ptr<Programs> LoadOrSkip(const ProgramOptions& options) {
  return BpfIsAllowed() ? std::make_unique<Programs>(options) : nullptr;
}

}  // namespace pdtt::test

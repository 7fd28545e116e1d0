// SPDX-License-Identifier: Apache-2.0
#include "report/trouble.h"

namespace pdtt {
namespace {

constexpr auto kLogInterval = std::chrono::minutes{1};

}  // namespace

void Trouble::Report(const std::string& error) {
  callbacks_.count();
  const auto now = std::chrono::steady_clock::now();
  if (!logged_ || now - *logged_ >= kLogInterval) {
    logged_ = now;
    callbacks_.log(error);
  }
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "app/reload.h"

#include <array>

namespace pdtt {
namespace {

struct FixedSetting {
  std::string_view key;
  bool (*keep)(const Config& running, Config& wanted) = nullptr;  ///< true: they differed
};

template <auto kMember>
constexpr FixedSetting Fixed(std::string_view key) {
  return {key, [](const Config& running, Config& wanted) {
            const bool differs = wanted.*kMember != running.*kMember;
            wanted.*kMember = running.*kMember;
            return differs;
          }};
}

// What programs, maps and sockets were made with.
constexpr auto kFixedSettings = std::to_array<FixedSetting>({
    Fixed<&Config::interfaces>("interfaces"),
    Fixed<&Config::cgroup>("cgroup"),
    Fixed<&Config::pin_path>("pin_path"),
    Fixed<&Config::persist>("persist"),
    Fixed<&Config::handover>("attribution.handover"),
    Fixed<&Config::system_uids>("attribution.system_uids"),
    Fixed<&Config::subuid_to_owner>("attribution.subuid_to_owner"),
    Fixed<&Config::limit_accounts>("limits.accounts"),
    Fixed<&Config::limit_connections>("limits.connections"),
    Fixed<&Config::xdp>("layers.xdp"),
    Fixed<&Config::socket>("layers.socket"),
    Fixed<&Config::web_listen>("web.listen"),
    Fixed<&Config::web_allow>("web.allow"),
    Fixed<&Config::web_config_file>("web.config_file"),
    Fixed<&Config::web_max_requests>("web.max_requests"),
    Fixed<&Config::user>("user"),
    Fixed<&Config::log_format>("log.format"),
});

}  // namespace

std::vector<std::string_view> KeepFixed(const Config& running, Config& wanted) {
  std::vector<std::string_view> waiting;
  for (const FixedSetting& setting : kFixedSettings) {
    if (setting.keep(running, wanted)) {
      waiting.push_back(setting.key);
    }
  }
  return waiting;
}

}  // namespace pdtt

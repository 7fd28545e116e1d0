// SPDX-License-Identifier: Apache-2.0
#include "app/app.h"

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/kernel_options.h"
#include "app/routes.h"
#include "metrics/label_text.h"

namespace pdtt {
namespace {

constexpr auto kFirstCollection = std::chrono::seconds{10};

// A local name takes microseconds; a name service that hangs must not hold up a scrape.
constexpr auto kNewNames = std::chrono::milliseconds{50};

UserNamesOptions ToUserNamesOptions(ExporterCounters& counters) {
  UserNamesOptions options;
  options.on_error = [&counters] { counters.CountError(CollectStage::kNames); };
  return options;
}

HttpOptions ToHttpOptions(const Config& config, Log& log) {
  HttpOptions options;
  options.listen = config.web_listen;
  options.allow = config.web_allow;
  options.log_error = [&log](std::string_view message) {
    log.Warn("http", {{"error", std::string{message}}});
  };
  return options;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    joined += (joined.empty() ? "" : ",") + part;
  }
  return joined;
}

}  // namespace

App::App(const Config& config, Log& log)
    : log_(log),
      subuids_(config.subuid_to_owner
                   ? std::optional<SubuidOwners>{std::in_place, "/etc/subuid", UidOfUser}
                   : std::nullopt),
      names_(ToUserNamesOptions(counters_)),
      source_(WithSubuids(ToKernelOptions(config))),
      collector_(source_, ToCollectorOptions(config)),
      server_(ToHttpOptions(config, log), Routes(collector_, counters_, config.collector_max_age)) {
  static_cast<void>(collector_.Fresh(std::chrono::milliseconds{0}, kFirstCollection));
  LogStart(config);
}

KernelOptions App::WithSubuids(KernelOptions options) const {
  if (subuids_) {
    options.subuids = subuids_->Ranges();
  }
  return options;
}

CollectorOptions App::ToCollectorOptions(const Config& config) {
  CollectorOptions options;
  options.rules = ToSnapshotRules(config);
  options.linger = config.connections_linger;
  options.closed_connections = config.limit_connections;
  options.before_collection = [this] {
    if (subuids_ && subuids_->Refresh() && !source_.SetSubuids(subuids_->Ranges())) {
      log_.Warn("not every range of /etc/subuid has room in the kernel",
                {{"error", std::system_category().message(errno)}});
    }
  };
  options.users.owner_of = [this](std::uint32_t uid) {
    return subuids_ ? subuids_->OwnerOf(uid) : uid;
  };
  options.users.name_of = [this](std::uint32_t uid) { return names_.Name(uid); };
  options.users.settle = [this] { names_.WaitForNewNames(kNewNames); };
  options.on_error = [this](CollectStage stage) { counters_.CountError(stage); };
  options.on_dropped_series = [this](std::uint64_t series) {
    counters_.CountDroppedSeries(DropReason::kSeriesLimit, series);
  };
  options.log_error = [this](const std::string& error) {
    log_.Error("collection failed", {{"error", error}});
  };
  return options;
}

void App::LogStart(const Config& config) {
  for (const LayerStatus& layer : source_.AttachedLayers().Status()) {
    const std::string name{LabelValue(layer.layer)};
    const bool unwanted = (layer.layer == Layer::kXdp && config.interfaces.empty()) ||
                          (layer.layer == Layer::kSocket && config.socket == SocketMode::kOff);
    if (layer.up) {
      log_.Info("layer up", {{"layer", name}, {"mode", layer.mode}});
    } else if (unwanted) {
      log_.Info("layer off", {{"layer", name}, {"reason", layer.reason}});
    } else {
      log_.Warn("layer down", {{"layer", name},
                               {"reason", layer.reason},
                               {"remedy", layer.remedy.empty() ? "none known" : layer.remedy}});
    }
  }
  for (const std::string& problem : source_.AttachedLayers().Problems()) {
    log_.Warn("kernel refuses a part", {{"reason", problem}});
  }
  for (const std::string& address : server_.ListenAddresses()) {
    log_.Info("serving",
              {{"url", "http://" + address + "/metrics"}, {"allow", Joined(config.web_allow)}});
  }
}

}  // namespace pdtt

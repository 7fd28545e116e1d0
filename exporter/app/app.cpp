// SPDX-License-Identifier: Apache-2.0
#include "app/app.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/api_routes.h"
#include "app/file_access.h"
#include "app/kernel_options.h"
#include "app/reload.h"
#include "app/routes.h"
#include "http/listen_address.h"
#include "metrics/label_text.h"

namespace pdtt {
namespace {

constexpr auto kFirstCollection = std::chrono::seconds{10};

// A local name takes microseconds; a name service that hangs must not hold up a scrape.
constexpr auto kNewNames = std::chrono::milliseconds{50};

// Records and reports have more patience.
constexpr auto kNewNamesOfRecords = std::chrono::seconds{1};
constexpr auto kReportCollection = std::chrono::seconds{10};

UserNamesOptions ToUserNamesOptions(ExporterCounters& counters) {
  UserNamesOptions options;
  options.on_error = [&counters] { counters.CountError(CollectStage::kNames); };
  return options;
}

std::optional<WebFiles> OpenWebFiles(const Config& config, Log& log) {
  return config.web_config_file
             ? std::optional<WebFiles>{std::in_place, *config.web_config_file, log}
             : std::nullopt;
}

HttpOptions ToHttpOptions(const Config& config, Log& log, std::optional<WebFiles>& web_files) {
  HttpOptions options;
  options.listen = config.web_listen;
  options.allow = config.web_allow;
  options.max_requests = static_cast<unsigned>(config.web_max_requests);
  options.log_error = [&log](std::string_view message) {
    log.Warn("http", {{"error", std::string{message}}});
  };
  if (web_files) {
    options.tls = web_files->Tls();
    options.security = [&web_files] { return web_files->Now(); };
  }
  return options;
}

std::optional<SubuidOwners> ToSubuidOwners(const Config& config) {
  return config.subuid_to_owner
             ? std::optional<SubuidOwners>{std::in_place, "/etc/subuid", UidOfUser}
             : std::nullopt;
}

ReportOptions ToReportOptions(const Config& config) {
  return {config.report_prefix, config.report_console, config.report_interval};
}

RecordOptions ToRecordOptions(const Config& config) {
  return {config.records_file, config.records_journald, config.records_min_bytes};
}

LaterNeeds ToLaterNeeds(const Config& config, const std::filesystem::path& config_file,
                        std::optional<WebFiles>& web_files) {
  LaterNeeds needs;
  needs.user = config.user;
  for (const std::string& address : config.web_listen) {
    needs.ports.push_back(ParseListenAddress(address).port);
  }
  if (!config_file.empty()) {
    needs.reads.push_back(config_file);
  }
  if (web_files) {
    const std::vector<std::filesystem::path> watched = web_files->Watched();
    needs.reads.insert(needs.reads.end(), watched.begin(), watched.end());
  }
  if (config.report_prefix) {
    needs.writes = ReportFilesOf(*config.report_prefix);
  }
  if (config.records_file) {
    needs.writes.emplace_back(*config.records_file);
  }
  return needs;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    joined += (joined.empty() ? "" : ",") + part;
  }
  return joined;
}

}  // namespace

App::App(const Config& config, const std::filesystem::path& config_file, Log& log,
         ServiceNotify& service)
    : log_(log),
      service_(service),
      config_(config),
      web_files_(OpenWebFiles(config, log)),
      max_age_(config.collector_max_age),
      full_tables_(log),
      source_(ToKernelOptions(config)),
      privileges_(DropPrivileges(ToLaterNeeds(config, config_file, web_files_))),
      names_(ToUserNamesOptions(counters_)),
      subuids_(ToSubuidOwners(config)),
      records_(ToRecordOptions(config), ToRecordCallbacks()),
      collector_(source_, ToCollectorOptions(config)),
      reports_(ToReportOptions(config), ToReportCallbacks()),
      access_(source_.Guard(), source_.AttachedLayers().ConnectGuardRefusal(), log, config),
      server_(ToHttpOptions(config, log, web_files_), AllRoutes()) {
  if (!subuids_) {
    PassOnSubuids({});  // tables that were taken over may have some
  }
  access_.SetAddresses(server_.ListenAddresses());
  static_cast<void>(collector_.Fresh(std::chrono::milliseconds{0}, kFirstCollection));
  LogStart(config);
  service_.Started(StatusLine());
}

std::vector<HttpRoute> App::AllRoutes() {
  std::vector<HttpRoute> routes = Routes(collector_, counters_, max_age_);
  for (HttpRoute& route : ApiRoutes(collector_, rates_, max_age_)) {
    routes.push_back(std::move(route));
  }
  return routes;
}

CollectorOptions App::ToCollectorOptions(const Config& config) {
  CollectorOptions options;
  options.rules = ToSnapshotRules(config);
  options.rules.networks = source_.NetworkNames();
  options.linger = config.connections_linger;
  options.closed_connections = config.limit_connections;
  options.history_interval = RateHistory::kInterval;
  options.before_collection = [this] {
    if (subuids_ && subuids_->Refresh()) {
      PassOnSubuids(subuids_->Ranges());
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
    full_tables_.CheckSeries(series, FullTables::Clock::now());
  };
  options.on_snapshot = [this](const Snapshot& snapshot) {
    full_tables_.Check(snapshot.maps, snapshot.steady_time);
    rates_.Add(snapshot);
    service_.SnapshotMade();
  };
  options.on_finished = [this](const EventsReading& events, const SnapshotRules& rules) {
    RecordFinished(events, rules);
  };
  options.log_error = [this](const std::string& error) {
    log_.Error("collection failed", {{"error", error}});
  };
  return options;
}

RecordCallbacks App::ToRecordCallbacks() {
  RecordCallbacks callbacks;
  callbacks.commit = [this](std::uint64_t position) { source_.CommitEvents(position); };
  callbacks.name_of = [this](std::uint32_t uid) { return names_.Name(uid); };
  callbacks.settle_names = [this] { names_.WaitForNewNames(kNewNamesOfRecords); };
  callbacks.trouble = ToTroubleCallbacks(CollectStage::kRecords, "records not written");
  return callbacks;
}

ReportCallbacks App::ToReportCallbacks() {
  ReportCallbacks callbacks;
  callbacks.snapshot = [this] {
    return collector_.Fresh(std::chrono::milliseconds{0}, kReportCollection, Reader::kRecorder);
  };
  callbacks.trouble = ToTroubleCallbacks(CollectStage::kReports, "reports not written");
  return callbacks;
}

TroubleCallbacks App::ToTroubleCallbacks(CollectStage stage, const char* message) {
  return {[this, stage] { counters_.CountError(stage); },
          [this, message](const std::string& error) {
            log_.Error(message, {{"error", error}});
          }};
}

void App::RecordFinished(const EventsReading& events, const SnapshotRules& rules) {
  std::vector<FinishedConnection> finished;
  for (const ConnectionReading& connection : events.closed) {
    const std::uint32_t uid = subuids_ ? subuids_->OwnerOf(connection.uid) : connection.uid;
    if (!rules.excluded_uids.contains(uid)) {
      finished.push_back({connection, rules.networks.at(connection.network)});
      finished.back().connection.uid = uid;
    }
  }
  records_.Add(std::move(finished), events.position);
}

void App::PassOnSubuids(std::span<const SubuidRange> ranges) {
  if (!source_.SetSubuids(ranges)) {
    log_.Warn("not every range of /etc/subuid has room in the kernel",
              {{"error", std::system_category().message(errno)}});
  }
}

void App::Reload(const std::function<Config()>& read) {
  bool taken_over = false;
  service_.Reloading();
  try {
    Config wanted = read();
    const std::vector<std::string_view> waiting = KeepFixed(config_, wanted);
    Apply(wanted);
    config_ = std::move(wanted);
    for (const std::string_view key : waiting) {
      log_.Warn("setting needs a restart", {{"key", std::string{key}}});
    }
    counters_.ReloadSucceeded(std::chrono::system_clock::now());
    log_.Info("configuration reloaded");
    taken_over = true;
  } catch (const std::exception& error) {
    counters_.ReloadFailed();
    log_.Error("configuration not reloaded", {{"error", error.what()}});
  }
  service_.Reloaded(taken_over);
}

// What can fail comes first.
void App::Apply(const Config& config) {
  SnapshotRules rules = ToSnapshotRules(config);
  collector_.Change([&](CollectorOptions& options) {
    rules.networks = source_.SetNetworks(ToNamedPrefixes(config.networks));
    options.rules = std::move(rules);
    options.linger = config.connections_linger;
    source_.SetFlowLinger(config.connections_linger);
    if (subuids_) {
      subuids_->Forget();
    }
  });
  reports_.SetOptions(ToReportOptions(config));
  records_.SetOptions(ToRecordOptions(config));
  access_.SetUsers(config.web_local_users);
  names_.Forget();
  max_age_ = config.collector_max_age;
  log_.SetLevel(config.log_level);
}

void App::LogStart(const Config& config) {
  if (config.persist) {
    const std::string taken_over = source_.TakenOver();
    log_.Info(taken_over.empty() ? "counting begins" : "counting goes on",
              {{"pin_path", config.pin_path.string()},
               {"from", taken_over.empty() ? "nothing" : taken_over}});
  }
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
  LogPrivileges();
  for (const std::string& address : server_.ListenAddresses()) {
    const bool tls = web_files_ && web_files_->Tls();
    log_.Info("serving", {{"url", (tls ? "https://" : "http://") + address + "/metrics"},
                          {"allow", Joined(config.web_allow)},
                          {"local_users", access_.Text()}});
  }
}

std::string App::StatusLine() {
  std::vector<std::string> layers;
  for (const LayerStatus& layer : source_.AttachedLayers().Status()) {
    if (layer.up) {
      layers.emplace_back(LabelValue(layer.layer));
    }
  }
  return "layers: " + Joined(layers) + "; serving on " + Joined(server_.ListenAddresses());
}

void App::LogPrivileges() {
  std::string kept;
  for (const KeptCapability& capability : privileges_.kept) {
    kept += (kept.empty() ? "" : "; ") + capability.name + ": " + capability.reason;
  }
  log_.Info("privileges dropped",
            {{"uid", std::to_string(geteuid())}, {"kept", kept.empty() ? "none" : kept}});
  for (const std::string& problem : privileges_.problems) {
    log_.Warn("privileges not dropped", {{"reason", problem}});
  }
}

}  // namespace pdtt

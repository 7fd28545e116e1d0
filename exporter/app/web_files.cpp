// SPDX-License-Identifier: Apache-2.0
#include "app/web_files.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include "config/text_file.h"

namespace pdtt {
namespace {

constexpr std::chrono::milliseconds kBetweenChecks{250};
constexpr int kMostAttempts = 100;
constexpr std::size_t kMostPemBytes = std::size_t{1024} * 1024;

/// An error says where the web configuration names it, too.
Pem ReadPem(const PemSource& source) {
  if (source.file.empty()) {
    return {source.text, source.place};
  }
  std::string text;
  try {
    text = ReadTextFile(source.file, "the file", kMostPemBytes);
  } catch (const std::exception& error) {
    throw ConfigError(source.place + ": " + error.what());
  }
  if (text.size() > kMostPemBytes) {
    throw ConfigError(source.place + ": " + source.file.string() + " is larger than 1 MiB");
  }
  return {std::move(text), source.place + ": " + source.file.string()};
}

}  // namespace

std::shared_ptr<const HttpSecurity> ToHttpSecurity(const WebConfig& config) {
  auto security = std::make_shared<HttpSecurity>();
  if (config.tls) {
    TlsOptions options;
    options.certificate = ReadPem(config.tls->certificate);
    options.key = ReadPem(config.tls->key);
    if (config.tls->client_ca) {
      options.client_ca = ReadPem(*config.tls->client_ca);
    }
    options.terms = config.tls->terms;
    security->tls = std::make_shared<const TlsContext>(options);
  }
  security->headers = config.headers;
  security->users = config.users;
  security->rate_limit = config.rate_limit;
  return security;
}

WebFiles::WebFiles(std::filesystem::path file, Log& log)
    : file_(std::move(file)), log_(log), watched_{file_} {
  for (int attempt = 0; !now_; ++attempt) {
    if (attempt == kMostAttempts) {
      throw ConfigError(file_.string() + ": it or a file that it names changes all the time");
    }
    Read();
  }
  tls_ = now_->tls != nullptr;
  started_ = true;
  log_.Info("web configuration", {{"file", file_.string()},
                                  {"tls", tls_ ? "on" : "off"},
                                  {"users", std::to_string(now_->users.size())}});
}

std::shared_ptr<const HttpSecurity> WebFiles::Now() {
  const std::lock_guard lock(mutex_);
  if (Clock::now() >= next_check_) {
    CheckForChanges();
    next_check_ = Clock::now() + kBetweenChecks;
  }
  return now_;
}

std::vector<std::filesystem::path> WebFiles::Watched() {
  const std::lock_guard lock(mutex_);
  return watched_;
}

void WebFiles::CheckForChanges() {
  const std::vector<FileStamp> stamps = StampsOf(watched_);
  if (stamps == stamps_ ||
      MayStillBeWritten(stamps, std::chrono::system_clock::now().time_since_epoch())) {
    return;
  }
  try {
    if (Read()) {
      last_error_.clear();
      log_.Info("web configuration read again", {{"file", file_.string()}});
    }
  } catch (const std::exception& error) {
    now_ = nullptr;
    if (std::exchange(last_error_, error.what()) != error.what()) {
      log_.Error("web configuration can't be used, so every request is refused",
                 {{"error", error.what()}});
    }
  }
}

bool WebFiles::Read() {
  stamps_ = StampsOf(watched_);
  const WebConfig config = LoadWebConfig(file_);
  Watch(config);
  std::shared_ptr<const HttpSecurity> security = ToHttpSecurity(config);
  if (StampsOf(watched_) != stamps_) {
    stamps_.clear();  // read while it was written: once more, at the next check
    return false;
  }
  const bool tls = security->tls != nullptr;
  if (started_ && tls != tls_) {
    throw ConfigError(file_.string() + ": TLS can't be turned " + (tls ? "on" : "off") +
                      " while the exporter runs; restart it");
  }
  now_ = std::move(security);
  if (tls) {
    for (const std::string& warning : now_->tls->Warnings()) {
      log_.Warn("web configuration", {{"warning", warning}});
    }
  }
  return true;
}

/// Even where the files that it names turn out unusable: they are what may be corrected.
void WebFiles::Watch(const WebConfig& config) {
  std::vector<std::filesystem::path> watched = NamedFiles(config);
  watched.insert(watched.begin(), file_);
  if (watched != watched_) {
    watched_ = std::move(watched);
    const FileStamp own = stamps_.front();
    stamps_ = StampsOf(watched_);
    stamps_.front() = own;  // from before it was read
  }
}

}  // namespace pdtt

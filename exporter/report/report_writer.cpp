// SPDX-License-Identifier: Apache-2.0
#include "report/report_writer.h"

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "report/append.h"
#include "report/report_files.h"

namespace pdtt {

ReportWriter::ReportWriter(ReportOptions options, ReportCallbacks callbacks)
    : callbacks_(std::move(callbacks)),
      options_(std::move(options)),
      trouble_(callbacks_.trouble),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void ReportWriter::SetOptions(ReportOptions options) {
  const std::scoped_lock lock{mutex_};
  options_ = std::move(options);
  options_changed_ = true;
  changed_.notify_all();
}

void ReportWriter::Run(const std::stop_token& stop) {
  auto last = Clock::now();
  for (;;) {
    ReportOptions options;
    {
      std::unique_lock lock{mutex_};
      const auto deadline = last + options_.interval;
      const bool changed =
          changed_.wait_until(lock, stop, deadline, [&] { return options_changed_; });
      options_changed_ = false;
      if (changed && !stop.stop_requested()) {
        continue;  // the interval may be another one
      }
      options = options_;
    }
    const bool final_report = stop.stop_requested();
    last = Clock::now();
    try {
      WriteReports(options);
    } catch (const std::exception& error) {
      trouble_.Report(error.what());
    }
    if (final_report) {
      return;
    }
  }
}

void ReportWriter::WriteReports(const ReportOptions& options) {
  if (!options.prefix && !options.console) {
    return;
  }
  SnapshotPtr now = callbacks_.snapshot();
  if (!now) {
    trouble_.Report("there is no snapshot to report");
    return;
  }
  std::vector<UserReport> reports = UserReports(*now, last_.get());
  if (options.console) {
    WriteConsole(reports);
  }
  if (options.prefix) {
    WriteFiles(*options.prefix, *now, WithOwed(*now, std::move(reports)));
  }
  last_ = std::move(now);
}

std::vector<UserReport> ReportWriter::WithOwed(const Snapshot& now,
                                               std::vector<UserReport> reports) const {
  if (owed_.empty()) {
    return reports;
  }
  const auto is_owed = [&](const UserReport& report) {
    return owed_.contains(now.users.at(report.user).uid);
  };
  std::erase_if(reports, is_owed);
  for (UserReport& report : UserReports(now, last_before_owed_.get())) {
    if (is_owed(report)) {
      reports.push_back(std::move(report));
    }
  }
  return reports;
}

void ReportWriter::WriteFiles(const std::string& prefix, const Snapshot& now,
                              const std::vector<UserReport>& reports) {
  const std::vector<std::string> names = FileNames(now.users);
  std::set<std::uint32_t> failed;
  for (const UserReport& report : reports) {
    const std::string path = prefix + '-' + names.at(report.user) + ".log";
    const Appended appended = Append(path, report.text, kBlockEnd);
    if (!appended.error.empty()) {
      trouble_.Report(appended.error);
      failed.insert(now.users.at(report.user).uid);
    }
  }
  if (failed.empty()) {
    last_before_owed_ = nullptr;
  } else if (owed_.empty()) {
    last_before_owed_ = last_;
  }
  owed_ = std::move(failed);
}

void ReportWriter::WriteConsole(const std::vector<UserReport>& reports) {
  std::string text;
  for (const UserReport& report : reports) {
    text += report.text;
  }
  if (WriteAll(callbacks_.console_fd, text) != text.size()) {
    trouble_.Report("write reports to the console: " + std::system_category().message(errno));
  }
}

}  // namespace pdtt

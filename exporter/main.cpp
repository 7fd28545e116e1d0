// SPDX-License-Identifier: Apache-2.0
// pdtt-exporter: arguments, signals, exit codes. 0: stopped as asked, 1: error, 2: wrong usage.

#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "app/app.h"
#include "app/doctor.h"
#include "app/doctor_output.h"
#include "app/log.h"
#include "app/service_notify.h"
#include "app/web_files.h"
#include "bpf/host.h"
#include "bpf/pins.h"
#include "config/command_line.h"
#include "config/run_program.h"

namespace {

constexpr const char* kDefaultFile = "/etc/pdtt/exporter.yml";

// Blocked before the first thread starts, so that sigwait() here is the only receiver.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is an error of write(), not our end
  return signals;
}

// What a snapshot or a page takes in one piece goes back to the system with it. By default the
// allocator keeps such pieces once it has seen one freed, in a pool for each of the many threads.
void KeepLittleMemory() {
  constexpr int kLargePiece = 256 * 1024;
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread yet
  mallopt(M_MMAP_THRESHOLD, kLargePiece);
  mallopt(M_ARENA_MAX, 2);
  // NOLINTEND(concurrency-mt-unsafe)
}

// The same file and flags once more. A default file that is gone must not mean the defaults.
pdtt::Config ReadAgain(std::span<const char* const> arguments, const pdtt::CommandLine& line) {
  pdtt::CommandLine again = pdtt::ParseCommandLine(arguments, kDefaultFile);
  if (again.config_file.empty() && !line.config_file.empty()) {
    throw pdtt::ConfigError(line.config_file.string() + " is gone");
  }
  return std::move(again.config);
}

int Run(std::span<const char* const> arguments, const pdtt::CommandLine& line) {
  KeepLittleMemory();
  const sigset_t signals = BlockSignals();
  const pdtt::Config& config = line.config;
  pdtt::RequireBpf(pdtt::ReadKernelFacts());
  pdtt::Log log{config.log_level, config.log_format, pdtt::WriteToStderr};
  if (!config.persist && pdtt::ArePinned(config.pin_path)) {
    log.Warn("programs that an earlier exporter has left attached go on counting for themselves",
             {{"pin_path", config.pin_path.string()},
              {"remedy", "--persist takes them over, pdtt-exporter detach removes them"}});
  }
  int received = 0;
  {
    pdtt::ServiceNotify service;
    pdtt::App app{config, line.config_file, log, service};
    for (sigwait(&signals, &received); received == SIGHUP; sigwait(&signals, &received)) {
      app.Reload([&] { return ReadAgain(arguments, line); });
    }
    log.Info("stopping", {{"signal", sigabbrev_np(received)}});
    service.Stopping();
  }
  log.Info("stopped");
  return 0;
}

int CheckConfigFile(const std::string& file) {
  const pdtt::Config config = pdtt::LoadConfig(file);
  if (config.web_config_file) {
    const auto& web_file = *config.web_config_file;
    const auto security = pdtt::ToHttpSecurity(pdtt::LoadWebConfig(web_file));
    if (security->tls) {
      for (const std::string& warning : security->tls->Warnings()) {
        std::cout << warning << '\n';
      }
    }
    std::cout << web_file.string() << ": ok\n";
  }
  std::cout << file << ": ok\n";
  return 0;
}

int Diagnose(const pdtt::CommandLine& line) {
  const pdtt::Diagnosis diagnosis = pdtt::Diagnose(line.config);
  (line.json ? pdtt::PrintJson : pdtt::PrintText)(diagnosis, std::cout);
  return diagnosis.can_run ? 0 : pdtt::kExitError;
}

// A line for each pin, so that scripts see what was there.
int DetachAll(const pdtt::Config& config) {
  const std::vector<std::string> removed = pdtt::Detach(config.pin_path);
  for (const std::string& path : removed) {
    std::cout << "removed " << path << '\n';
  }
  if (removed.empty()) {
    std::cout << "nothing is pinned in " << config.pin_path.string() << '\n';
  }
  return 0;
}

// A program of its own: what it needs, libraries of networks and terminals, is not to be a part of
// a process that has privileges, nor are the privileges to be a part of it.
[[noreturn]] void BecomeTop(std::span<const char* const> arguments) {
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pdtt-exporter-top";
  std::vector<char*> argv = {const_cast<char*>("pdtt-exporter")};
  for (const char* argument : arguments) {
    argv.push_back(const_cast<char*>(argument));
  }
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  throw std::system_error(errno, std::system_category(), "cannot run " + program.string());
}

int Main(std::span<const char* const> arguments) {
  const pdtt::CommandLine line = pdtt::ParseCommandLine(arguments, kDefaultFile);
  switch (line.command) {
    case pdtt::Command::kRun:
      return Run(arguments, line);
    case pdtt::Command::kDoctor:
      return Diagnose(line);
    case pdtt::Command::kDetach:
      return DetachAll(line.config);
    case pdtt::Command::kTop:
      BecomeTop(arguments);
    case pdtt::Command::kCheckConfig:
      return CheckConfigFile(line.text);
    case pdtt::Command::kVersion:
    case pdtt::Command::kHelp:
      std::cout << line.text;
      return 0;
  }
  return pdtt::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  return pdtt::RunProgram(argc, argv, Main);
}

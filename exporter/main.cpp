// SPDX-License-Identifier: Apache-2.0
// pdtt-exporter: arguments, signals, exit codes. 0: stopped as asked, 1: error, 2: wrong usage.

#include <csignal>
#include <cstring>
#include <exception>
#include <iostream>
#include <span>
#include <string>

#include "app/app.h"
#include "app/doctor.h"
#include "app/doctor_output.h"
#include "app/log.h"
#include "bpf/host.h"
#include "config/command_line.h"

namespace {

constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

// Blocked before the first thread starts, so that sigwait() here is the only receiver.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is an error of write(), not our end
  return signals;
}

int Run(const pdtt::Config& config) {
  const sigset_t signals = BlockStopSignals();
  pdtt::RequireBpf(pdtt::ReadKernelFacts());
  pdtt::Log log{config.log_level, config.log_format, pdtt::WriteToStderr};
  int received = 0;
  {
    const pdtt::App app{config, log};
    sigwait(&signals, &received);
    log.Info("stopping", {{"signal", sigabbrev_np(received)}});
  }
  log.Info("stopped");
  return 0;
}

// A setting of another version is no mistake of the file, but `run` would refuse it.
int CheckConfigFile(const std::string& file) {
  for (const std::string& setting : pdtt::CheckConfig(file).not_available) {
    std::cout << setting << '\n';
  }
  std::cout << file << ": ok\n";
  return 0;
}

int Diagnose(const pdtt::CommandLine& line) {
  const pdtt::Diagnosis diagnosis = pdtt::Diagnose(line.config);
  (line.json ? pdtt::PrintJson : pdtt::PrintText)(diagnosis, std::cout);
  return diagnosis.can_run ? 0 : kExitError;
}

int Main(std::span<const char* const> arguments) {
  const pdtt::CommandLine line = pdtt::ParseCommandLine(arguments, "/etc/pdtt/exporter.yml");
  switch (line.command) {
    case pdtt::Command::kRun:
      return Run(line.config);
    case pdtt::Command::kDoctor:
      return Diagnose(line);
    case pdtt::Command::kCheckConfig:
      return CheckConfigFile(line.text);
    case pdtt::Command::kVersion:
    case pdtt::Command::kHelp:
      std::cout << line.text;
      return 0;
  }
  return kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(std::span<const char* const>{argv + 1, static_cast<std::size_t>(argc - 1)});
  } catch (const pdtt::UsageError& error) {
    std::cerr << "pdtt-exporter: " << error.what() << '\n';
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "pdtt-exporter: " << error.what() << '\n';
    return kExitError;
  }
}

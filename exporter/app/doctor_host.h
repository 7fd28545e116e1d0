// SPDX-License-Identifier: Apache-2.0
// doctor's rows about the host: facts that help or hinder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/doctor.h"
#include "app/local_access.h"
#include "bpf/kernel_facts.h"
#include "bpf/refusal.h"

namespace pdtt {

struct HostFindings {
  KernelFacts facts;
  std::filesystem::path cgroup;  ///< empty if there is no cgroup2
  Refusal cgroup_refusal;        ///< why it can't be used
  bool whole_host = false;       ///< it is the root of the host's tree
  bool counts = false;           ///< the cgroup layer ran
  /// What could not be done, a line each, though every layer is up; see Layers::Problems().
  std::vector<std::string> problems;
  Refusal connect_guard;   ///< why users who may not connect are not kept out
  LocalUsers local_users;  ///< who may
};

[[nodiscard]] std::vector<DiagnosisRow> HostRows(const HostFindings& findings);

}  // namespace pdtt

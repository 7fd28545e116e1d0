// SPDX-License-Identifier: Apache-2.0
#include "app/doctor_host.h"

#include <string_view>

namespace pdtt {
namespace {

DiagnosisRow Fact(std::string_view name, std::string_view detail) {
  return MakeRow(DiagnosisKind::kHost, name, "", {}, detail);
}

DiagnosisRow Fact(std::string_view name, const Refusal& refusal, std::string_view detail) {
  return MakeRow(DiagnosisKind::kHost, name, "", refusal, detail);
}

std::string Join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += joined.empty() ? "" : separator;
    joined += text;
  }
  return joined;
}

DiagnosisRow Configuration(const KernelFacts& facts) {
  return Fact("configuration", facts.config.Origin().empty()
                                   ? "cannot be read: not in /proc, /boot or /lib/modules"
                                   : facts.config.Origin());
}

DiagnosisRow Capabilities(const KernelFacts& facts) {
  std::vector<std::string> names;
  for (const Capability capability : facts.capabilities) {
    names.emplace_back(CapabilityName(capability));
  }
  return Fact("capabilities", RefusalOfPrivileges(facts), "has " + Join(names, ", "));
}

DiagnosisRow Seccomp(const KernelFacts& facts) {
  return Fact("seccomp", facts.seccomp_filter ? "a filter is in force" : "no filter");
}

DiagnosisRow LockdownRow(const KernelFacts& facts) {
  std::string detail{LockdownName(facts.lockdown)};
  detail += facts.lockdown == Lockdown::kUnknown
                ? ": /sys/kernel/security is not mounted, and nothing else tells"
                : ", by " + facts.lockdown_origin;
  return Fact("lockdown", detail);
}

DiagnosisRow Cgroup2(const HostFindings& findings) {
  return Fact("cgroup2", findings.cgroup_refusal,
              findings.cgroup.string() +
                  (findings.whole_host ? " (the whole host)" : " (part of the host)"));
}

DiagnosisRow Cgroup1(const HostFindings& findings) {
  const KernelFacts& facts = findings.facts;
  std::vector<std::string> mounts;
  for (const std::filesystem::path& mount : facts.network_cgroups) {
    mounts.push_back(mount.string());
  }
  if (mounts.empty()) {
    return Fact("cgroup_v1", "net_cls and net_prio are not mounted");
  }
  const std::string where = "net_cls or net_prio mounted at " + Join(mounts, ", ");
  // Where the kernel has lost a socket's cgroup it takes the root.
  const bool hides = facts.network_cgroups_hide_sockets == true && !findings.whole_host;
  return Fact("cgroup_v1",
              hides ? Refusal{where + ": once they are used this kernel forgets which cgroup2 "
                                      "new sockets belong to, and these are not counted",
                              "boot with cgroup_no_v1=net_cls,net_prio, or count the whole host"}
                    : Refusal{},
              where + ", which does no harm here");
}

DiagnosisRow Bpffs(const KernelFacts& facts) {
  return Fact("bpffs", facts.bpffs ? facts.bpffs->string() : "not mounted, and not needed");
}

DiagnosisRow Memlock(const HostFindings& findings) {
  const KernelFacts& facts = findings.facts;
  std::string detail = "unlimited";
  if (facts.memlock_limit) {
    detail = std::to_string(*facts.memlock_limit) + " bytes";
    if (facts.memlock_limits_bpf == false) {
      detail += ", which BPF does not count against on this kernel";
    } else if (facts.Has(Capability::kSysResource)) {
      detail += ", which the exporter may raise";
    }
  }
  return Fact("memlock", findings.counts ? Refusal{} : RefusalOfMemlock(facts), detail);
}

DiagnosisRow OlderSockets(const std::vector<std::string>& problems) {
  return Fact("older_sockets",
              problems.empty()
                  ? Refusal{}
                  : Refusal{Join(problems, "; "),
                            "start the exporter before the services; CAP_SYS_ADMIN and "
                            "CAP_SYS_PTRACE let it look into other network namespaces"},
              "sockets older than the exporter are found when it starts");
}

DiagnosisRow LocalUsersRow(const HostFindings& findings) {
  const LocalUsers& users = findings.local_users;
  std::string detail = users.known.empty()
                           ? "nobody of this host may connect"
                           : "may connect: " + NamesOf(users) + "; others get EPERM";
  if (!users.unknown.empty()) {
    detail += "; no such user: " + Join(users.unknown, ", ");
  }
  return Fact("local_users", findings.connect_guard, detail);
}

}  // namespace

std::vector<DiagnosisRow> HostRows(const HostFindings& findings) {
  const KernelFacts& facts = findings.facts;
  std::vector<DiagnosisRow> rows = {
      Fact("btf", RefusalOfTypes(facts), facts.btf),
      Configuration(facts),
      Capabilities(facts),
      Seccomp(facts),
      LockdownRow(facts),
      Memlock(findings),
      Cgroup2(findings),
      Cgroup1(findings),
      Bpffs(facts),
  };
  if (findings.counts) {
    rows.push_back(LocalUsersRow(findings));
    rows.push_back(OlderSockets(findings.problems));
  }
  return rows;
}

}  // namespace pdtt

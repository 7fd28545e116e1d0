// SPDX-License-Identifier: Apache-2.0
#include "bpf/kernel_facts.h"

#include <bpf/btf.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "bpf/mounts.h"

namespace pdtt {
namespace {

struct CapabilityInfo {
  Capability capability;
  cap_value_t value;
  std::string_view name;
};

constexpr std::array kCapabilities = {
    CapabilityInfo{Capability::kBpf, CAP_BPF, "CAP_BPF"},
    CapabilityInfo{Capability::kPerfmon, CAP_PERFMON, "CAP_PERFMON"},
    CapabilityInfo{Capability::kNetAdmin, CAP_NET_ADMIN, "CAP_NET_ADMIN"},
    CapabilityInfo{Capability::kSysAdmin, CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
    CapabilityInfo{Capability::kSysPtrace, CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
    CapabilityInfo{Capability::kSysResource, CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE"},
};

// PROC_USER_INIT_INO of the kernel, the same since namespaces have had numbers.
constexpr std::string_view kInitialUserNamespace = "user:[4026531837]";

bool Exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

Lockdown ParseLockdown(std::string_view name) {
  for (const Lockdown one : {Lockdown::kNone, Lockdown::kIntegrity, Lockdown::kConfidentiality}) {
    if (name == LockdownName(one)) {
      return one;
    }
  }
  return Lockdown::kUnknown;
}

// The file shows every level, the one in force in brackets: "none [integrity] confidentiality".
Lockdown FromSecurityfs(const std::filesystem::path& file) {
  const std::string text = ReadText(file);
  const std::size_t first = text.find('[');
  const std::size_t last = text.find(']');
  return first == std::string::npos || last == std::string::npos || last < first
             ? Lockdown::kUnknown
             : ParseLockdown(std::string_view{text}.substr(first + 1, last - first - 1));
}

// What the configuration or the boot loader asks for; a level can only be raised afterwards.
void ReadForcedLockdown(const std::filesystem::path& command_line, KernelFacts& facts) {
  const auto raise = [&](Lockdown level, std::string origin) {
    if (level > facts.lockdown) {
      facts.lockdown = level;
      facts.lockdown_origin = std::move(origin);
    }
  };
  if (facts.config.Lacks("SECURITY_LOCKDOWN_LSM")) {
    raise(Lockdown::kNone, facts.config.Origin());
    return;
  }
  for (const auto& [option, level] :
       {std::pair{"LOCK_DOWN_KERNEL_FORCE_INTEGRITY", Lockdown::kIntegrity},
        std::pair{"LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", Lockdown::kConfidentiality}}) {
    if (facts.config.Has(option)) {
      raise(level, "CONFIG_" + std::string{option} + " in " + facts.config.Origin());
    }
  }
  std::ifstream words{command_line};
  constexpr std::string_view kParameter = "lockdown=";
  for (std::string word; words >> word;) {
    if (word.starts_with(kParameter)) {
      raise(ParseLockdown(std::string_view{word}.substr(kParameter.size())), command_line.string());
    }
  }
}

void ReadLockdown(const KernelFactPaths& paths, KernelFacts& facts) {
  const std::filesystem::path file = paths.sys / "kernel/security/lockdown";
  facts.lockdown = FromSecurityfs(file);
  if (facts.lockdown != Lockdown::kUnknown) {
    facts.lockdown_origin = file.string();
  } else {
    ReadForcedLockdown(paths.proc / "cmdline", facts);
  }
}

void ReadCapabilities(KernelFacts& facts) {
  const std::unique_ptr<_cap_struct, int (*)(void*)> state{cap_get_proc(), &cap_free};
  for (const CapabilityInfo& info : kCapabilities) {
    cap_flag_value_t set = CAP_CLEAR;
    if (state && cap_get_flag(state.get(), info.value, CAP_EFFECTIVE, &set) == 0 &&
        set == CAP_SET) {
      facts.capabilities.insert(info.capability);
    }
  }
  if (facts.Has(Capability::kSysAdmin)) {
    facts.capabilities.insert({Capability::kBpf, Capability::kPerfmon});
  }
}

void ReadUserNamespace(const std::filesystem::path& proc, KernelFacts& facts) {
  std::error_code error;
  const std::string name = std::filesystem::read_symlink(proc / "self/ns/user", error).string();
  // A kernel without user namespaces has the initial one only.
  facts.initial_user_namespace = error || name == kInitialUserNamespace;
}

void ReadSeccomp(const std::filesystem::path& status, KernelFacts& facts) {
  std::ifstream lines{status};
  for (std::string line; std::getline(lines, line);) {
    facts.seccomp_filter |= line == "Seccomp:\t2";
  }
}

void ReadFileSystems(const std::filesystem::path& mounts, KernelFacts& facts) {
  for (const Mount& mount : ReadMounts(mounts)) {
    if (mount.type == "bpf" && !facts.bpffs) {
      facts.bpffs = mount.directory;
    }
    if (mount.type == "cgroup" && (mount.HasOption("net_cls") || mount.HasOption("net_prio"))) {
      facts.network_cgroups.push_back(mount.directory);
    }
  }
}

void ReadMemlock(KernelFacts& facts) {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    facts.memlock_limit = limit.rlim_cur;
  }
}

const btf_type* FindStruct(const btf* types, const char* name) {
  const int id = btf__find_by_name_kind(types, name, BTF_KIND_STRUCT);
  return id < 0 ? nullptr : btf__type_by_id(types, static_cast<__u32>(id));
}

bool HasMember(const btf* types, const btf_type* type, std::string_view name) {
  const std::span members{btf_members(type), btf_vlen(type)};
  return std::any_of(members.begin(), members.end(), [&](const btf_member& member) {
    return name == btf__name_by_offset(types, member.name_off);
  });
}

// How old the kernel is does not tell: fixes are carried into older ones. Its types do.
void ReadTypes(const std::filesystem::path& file, KernelFacts& facts) {
  const std::unique_ptr<btf, void (*)(btf*)> types{btf__parse_raw(file.c_str()), &btf__free};
  if (!types) {
    return;
  }
  facts.btf = file.string();
  // The structure that held what a map was charged, gone with the charging.
  facts.memlock_limits_bpf = FindStruct(types.get(), "bpf_map_memory") != nullptr;
  // Once a pointer to the cgroup2 or the number for net_cls and net_prio, later both.
  if (const btf_type* data = FindStruct(types.get(), "sock_cgroup_data")) {
    facts.network_cgroups_hide_sockets = !HasMember(types.get(), data, "cgroup");
  }
}

}  // namespace

std::string_view LockdownName(Lockdown lockdown) {
  switch (lockdown) {
    case Lockdown::kNone:
      return "none";
    case Lockdown::kIntegrity:
      return "integrity";
    case Lockdown::kConfidentiality:
      return "confidentiality";
    case Lockdown::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view CapabilityName(Capability capability) {
  const auto* const found =
      std::find_if(kCapabilities.begin(), kCapabilities.end(),
                   [&](const CapabilityInfo& info) { return info.capability == capability; });
  return found->name;
}

std::vector<Capability> KernelFacts::MissingCapabilities() const {
  std::vector<Capability> missing;
  for (const Capability one : {Capability::kBpf, Capability::kPerfmon, Capability::kNetAdmin}) {
    if (!Has(one)) {
      missing.push_back(one);
    }
  }
  return missing;
}

KernelFacts ReadKernelFacts(const KernelFactPaths& paths) {
  KernelFacts facts;
  utsname name{};
  if (uname(&name) == 0) {
    facts.release = name.release;
    facts.machine = name.machine;
  }
  facts.config =
      ReadKernelConfig({paths.proc / "config.gz", paths.boot / ("config-" + facts.release),
                        paths.modules / facts.release / "config"});
  ReadLockdown(paths, facts);
  ReadCapabilities(facts);
  ReadUserNamespace(paths.proc, facts);
  ReadSeccomp(paths.proc / "self/status", facts);
  ReadFileSystems(paths.proc / "self/mounts", facts);
  ReadMemlock(facts);
  ReadTypes(paths.sys / "kernel/btf/vmlinux", facts);
  std::ifstream{paths.proc / "sys/kernel/perf_event_paranoid"} >> facts.perf_event_paranoid;
  facts.kprobe_events = Exists(paths.sys / "bus/event_source/devices/kprobe");
  return facts;
}

}  // namespace pdtt

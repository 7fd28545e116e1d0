// SPDX-License-Identifier: Apache-2.0
#include "bpf/refusal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <system_error>
#include <vector>

#include "bpf/libbpf_log.h"

namespace pdtt {
namespace {

// The kernel's own "not supported", which C libraries have no name for.
constexpr int kNotSupported = 524;

constexpr std::string_view kTellUs =
    "tell the developers, with what `pdtt-exporter doctor --json` prints";
constexpr std::string_view kOtherKernel = "needs a kernel that has it; all else works without";

struct Question {
  Step step;
  int error;
  std::string_view log;
  const KernelFacts& facts;
};

// An empty refusal: this does not explain it.
using Explainer = Refusal (*)(const Question& question);

bool IsOneOf(int error, std::initializer_list<int> errors) {
  return std::find(errors.begin(), errors.end(), error) != errors.end();
}

// The verifier's objections to the program itself come under the same error numbers.
bool VerifierSpoke(const Question& question) {
  return question.log.find("-- BEGIN PROG LOAD LOG --") != std::string_view::npos;
}

bool IsPermission(const Question& question) {
  return IsOneOf(question.error, {EPERM, EACCES}) && !VerifierSpoke(question);
}

std::string Message(int error) {
  return error == kNotSupported ? "Not supported by the kernel"
                                : std::system_category().message(error);
}

// "CAP_A, CAP_B and CAP_C"
std::string Names(const std::vector<Capability>& capabilities) {
  std::string names;
  for (std::size_t i = 0; i < capabilities.size(); ++i) {
    names += i == 0 ? "" : i + 1 == capabilities.size() ? " and " : ", ";
    names += CapabilityName(capabilities[i]);
  }
  return names;
}

Refusal RefusalOfMissing(const std::vector<Capability>& missing) {
  if (missing.empty()) {
    return {};
  }
  const std::string names = Names(missing);
  return {(missing.size() == 1 ? "missing capability " : "missing capabilities ") + names,
          "run as root, or give the process " + names + "; see docs/privileges.md"};
}

Refusal RefusalOfUserNamespace(const KernelFacts& facts) {
  if (facts.initial_user_namespace) {
    return {};
  }
  return {"the process is in a user namespace, where capabilities do not count for BPF",
          "run it outside: not in a rootless container, nor in one that maps users"};
}

std::string NotSet(std::string_view option, const KernelFacts& facts) {
  return "CONFIG_" + std::string{option} + " is not set in " + facts.config.Origin();
}

Refusal ByUserNamespace(const Question& question) {
  return IsPermission(question) ? RefusalOfUserNamespace(question.facts) : Refusal{};
}

// Those that the step needs and the process does not have.
std::vector<Capability> MissingFor(Step step, const KernelFacts& facts) {
  std::vector<Capability> missing = facts.MissingCapabilities();
  std::erase_if(missing, [&](Capability capability) {
    const bool hooks_network = step == Step::kAttachCgroup || step == Step::kAttachXdp;
    switch (capability) {
      case Capability::kPerfmon:
        return hooks_network || step == Step::kReadMap;
      case Capability::kNetAdmin:
        // To load, CAP_SYS_ADMIN does as well; to attach, on newer kernels only.
        return !hooks_network && (step != Step::kLoad || facts.Has(Capability::kSysAdmin));
      default:
        return false;
    }
  });
  return missing;
}

Refusal ByCapabilities(const Question& question) {
  // Without CAP_PERFMON the verifier also refuses what it lets pass otherwise.
  const bool loading =
      question.step == Step::kLoad && IsOneOf(question.error, {EPERM, EACCES, EINVAL});
  return loading || IsPermission(question)
             ? RefusalOfMissing(MissingFor(question.step, question.facts))
             : Refusal{};
}

Refusal ByTypes(const Question& question) {
  return question.step == Step::kLoad ? RefusalOfTypes(question.facts) : Refusal{};
}

// What stands between two texts; nothing if they are not there.
std::optional<std::string> Between(std::string_view text, std::string_view before,
                                   std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(start + before.size());
  return std::string{text.substr(0, text.find_first_of(after))};
}

Refusal ByHook(const Question& question) {
  if (const auto hook = Between(question.log, "failed to find kernel BTF type ID of '", "'\n")) {
    return {"this kernel does not have the hook " + *hook, std::string{kOtherKernel}};
  }
  if (question.step == Step::kAttachKprobe && question.facts.kprobe_events &&
      question.error == ENOENT) {
    return {"this kernel does not have the function to hook", std::string{kOtherKernel}};
  }
  return {};
}

Refusal ByHelper(const Question& question) {
  for (const std::string_view before :
       {"cannot use helper ", "unknown func ", "invalid func unknown"}) {
    if (const auto helper = Between(question.log, before, " \n")) {
      return {"this kernel does not offer the helper function " + *helper + " to such a program",
              std::string{kOtherKernel}};
    }
  }
  return {};
}

struct NeededOption {
  Step step;
  std::string_view option;
  std::string_view what;
  std::initializer_list<int> errors;  ///< what its absence looks like
};

constexpr std::initializer_list<int> kNoBpf = {ENOSYS};
constexpr std::initializer_list<int> kUnknownType = {EINVAL};
constexpr std::initializer_list<int> kNoTrampoline = {EBUSY, EINVAL, ENODEV, EOPNOTSUPP,
                                                      kNotSupported};
constexpr std::initializer_list<int> kNoKprobe = {ENOENT,     ENODEV, EINVAL,
                                                  EOPNOTSUPP, ENOSYS, kNotSupported};
// The most basic one of a step first.
constexpr std::array kNeededOptions = {
    NeededOption{Step::kLoad, "BPF_SYSCALL", "BPF", kNoBpf},
    NeededOption{Step::kLoad, "CGROUP_BPF", "BPF programs on cgroups", kUnknownType},
    NeededOption{Step::kLoad, "BPF_EVENTS", "BPF programs that trace", kUnknownType},
    NeededOption{Step::kAttachCgroup, "CGROUP_BPF", "BPF programs on cgroups", kUnknownType},
    NeededOption{Step::kAttachTracing, "FUNCTION_TRACER", "hooks in functions", kNoTrampoline},
    NeededOption{Step::kAttachTracing, "DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
                 "direct calls from functions to BPF", kNoTrampoline},
    NeededOption{Step::kAttachKprobe, "KPROBES", "kprobes", kNoKprobe},
    NeededOption{Step::kAttachKprobe, "KPROBE_EVENTS", "kprobe events", kNoKprobe},
};

Refusal ByOption(const Question& question) {
  if (VerifierSpoke(question)) {
    return {};
  }
  for (const NeededOption& needed : kNeededOptions) {
    if (needed.step == question.step && IsOneOf(question.error, needed.errors) &&
        question.facts.config.Lacks(needed.option)) {
      return {"the kernel is built without " + std::string{needed.what} + ": " +
                  NotSet(needed.option, question.facts),
              "needs a kernel built with CONFIG_" + std::string{needed.option} + "=y"};
    }
  }
  return {};
}

// Where the configuration can't be read the same can be seen by other signs.
Refusal BySigns(const Question& question) {
  if (question.step == Step::kAttachKprobe && !question.facts.kprobe_events &&
      IsOneOf(question.error, kNoKprobe)) {
    return {"the kernel has no kprobes: /sys/bus/event_source/devices/kprobe is missing",
            "needs a kernel built with CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y"};
  }
  if (question.step == Step::kAttachTracing &&
      IsOneOf(question.error, {EOPNOTSUPP, kNotSupported})) {
    return {"this kernel cannot hook functions for BPF on " + question.facts.machine,
            "needs a newer kernel"};
  }
  return {};
}

// Debian and Ubuntu have a level of their own, which does not ask for CAP_PERFMON.
Refusal ByParanoia(const Question& question) {
  if (question.step != Step::kAttachKprobe || !IsPermission(question) ||
      question.facts.perf_event_paranoid <= 2 || question.facts.Has(Capability::kSysAdmin)) {
    return {};
  }
  return {"kernel.perf_event_paranoid is " + std::to_string(question.facts.perf_event_paranoid) +
              ", which on this kernel takes CAP_SYS_ADMIN",
          "run sysctl kernel.perf_event_paranoid=2, or give the process CAP_SYS_ADMIN"};
}

Refusal ByMemlock(const Question& question) {
  return IsPermission(question) ? RefusalOfMemlock(question.facts) : Refusal{};
}

// The kernel says no more than EPERM. What is known is said, what is not is not made up.
Refusal ByPermission(const Question& question) {
  if (!IsPermission(question)) {
    return {};
  }
  const KernelFacts& facts = question.facts;
  const std::string reason = Message(question.error) + ", though no capability is missing: ";
  const std::string filter = "the process is under a seccomp filter, which can refuse it";
  const std::string open_filter =
      "allow bpf(2) and perf_event_open(2) in the filter of the container or service";
  if (facts.lockdown == Lockdown::kIntegrity || facts.lockdown == Lockdown::kConfidentiality) {
    return {reason + "the kernel is locked down (" + std::string{LockdownName(facts.lockdown)} +
                ", by " + facts.lockdown_origin + ") and " +
                (question.step == Step::kLoad ? "refuses such a program before it looks into it"
                                              : "refuses it") +
                (facts.seccomp_filter ? "; or it is not the kernel: " + filter : ""),
            (facts.seccomp_filter ? open_filter + "; if that is no help, " : "") +
                "only a kernel that is not locked down like this one allows it"};
  }
  if (facts.seccomp_filter) {
    return {reason + filter, open_filter};
  }
  return {reason + "the kernel gives no reason",
          "look into the kernel's log, and for a security module that forbids it"};
}

Refusal ByInterface(const Question& question) {
  if (question.step != Step::kAttachXdp) {
    return {};
  }
  if (IsOneOf(question.error, {EBUSY, EEXIST})) {
    return {"another XDP program is already attached to it",
            "`ip link` shows it; detach it if nobody needs it, or leave this interface out"};
  }
  if (question.error == EOPNOTSUPP) {
    return {"its driver has no native XDP", "set layers.xdp to auto or generic"};
  }
  return {};
}

Refusal ByMemory(const Question& question) {
  if (question.error != ENOMEM) {
    return {};
  }
  return {Message(ENOMEM), "free memory, or lower limits.accounts and limits.connections"};
}

Refusal AsAnswered(const Question& question) {
  const std::string words = LastWords(question.log);
  return {Message(question.error) + (words.empty() ? "" : ": " + words), std::string{kTellUs}};
}

}  // namespace

std::string ToText(const Refusal& refusal) {
  return refusal.remedy.empty() ? refusal.reason : refusal.reason + "; " + refusal.remedy;
}

Refusal RefusalOfTypes(const KernelFacts& facts) {
  if (!facts.btf.empty()) {
    return {};
  }
  std::string reason = "no kernel type information in /sys/kernel/btf/vmlinux";
  if (facts.config.Lacks("DEBUG_INFO_BTF")) {
    reason += ": " + NotSet("DEBUG_INFO_BTF", facts);
  }
  return {reason, facts.config.Has("DEBUG_INFO_BTF")
                      ? "the kernel is built with it (CONFIG_DEBUG_INFO_BTF): mount sysfs at /sys"
                      : "the kernel must be built with CONFIG_DEBUG_INFO_BTF=y"};
}

Refusal RefusalOfPrivileges(const KernelFacts& facts) {
  // CAP_SYS_ADMIN may stand for CAP_NET_ADMIN, depending on the kernel: a trial tells.
  return !facts.initial_user_namespace || facts.Has(Capability::kSysAdmin)
             ? RefusalOfUserNamespace(facts)
             : RefusalOfMissing(facts.MissingCapabilities());
}

Refusal RefusalOfMemlock(const KernelFacts& facts) {
  if (!facts.memlock_limit || facts.memlock_limits_bpf != true ||
      facts.Has(Capability::kSysResource)) {
    return {};
  }
  return {"on this kernel BPF memory counts against RLIMIT_MEMLOCK, which is " +
              std::to_string(*facts.memlock_limit) + " bytes",
          "set LimitMEMLOCK=infinity for the service (`ulimit -l unlimited` in a shell), or give "
          "the process CAP_SYS_RESOURCE"};
}

Refusal ExplainRefusal(Step step, int error, std::string_view log, const KernelFacts& facts) {
  const Question question{step, std::abs(error), log, facts};
  for (const Explainer explain :
       {ByUserNamespace, ByCapabilities, ByTypes, ByHook, ByHelper, ByOption, BySigns, ByParanoia,
        ByMemlock, ByPermission, ByInterface, ByMemory}) {
    if (Refusal refusal = explain(question); !refusal.reason.empty()) {
      return refusal;
    }
  }
  return AsAnswered(question);
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "bpf/refusal.h"

#include <cerrno>

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>

namespace pdtt::test {
namespace {

using Catch::Contains;
using Catch::StartsWith;

constexpr int kNotSupported = 524;

// What libbpf 1.1 and kernels said when they were asked.
constexpr const char* kNoHook =
    "libbpf: prog 'sock_send_length': failed to find kernel BTF type ID of 'sock_send_length': -3\n"
    "libbpf: prog 'sock_send_length': failed to prepare load attributes: -3\n"
    "libbpf: prog 'sock_send_length': failed to load: -3\n"
    "libbpf: failed to load object 'pdtt_bpf'\n";

constexpr const char* kNoHelper =
    "libbpf: prog 'egress': BPF program load failed: Invalid argument\n"
    "libbpf: prog 'egress': -- BEGIN PROG LOAD LOG --\n"
    "6: (85) call bpf_redirect#23\n"
    "program of this type cannot use helper bpf_redirect#23\n"
    "processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 "
    "mark_read 0\n"
    "-- END PROG LOAD LOG --\n"
    "libbpf: prog 'egress': failed to load: -22\n";

constexpr const char* kOlderNoHelper =
    "libbpf: prog 'iter_tcp': BPF program load failed: Invalid argument\n"
    "libbpf: prog 'iter_tcp': -- BEGIN PROG LOAD LOG --\n"
    "20: (85) call bpf_sk_storage_get#107\n"
    "unknown func bpf_sk_storage_get#107\n"
    "processed 20 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 "
    "mark_read 1\n"
    "-- END PROG LOAD LOG --\n";

constexpr const char* kUnknownHelper =
    "libbpf: prog 'egress': -- BEGIN PROG LOAD LOG --\n"
    "0: (85) call unknown#999\n"
    "invalid func unknown#999\n"
    "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 "
    "mark_read 0\n"
    "-- END PROG LOAD LOG --\n";

constexpr const char* kVerifier =
    "libbpf: prog 'egress': BPF program load failed: Permission denied\n"
    "libbpf: prog 'egress': -- BEGIN PROG LOAD LOG --\n"
    "0: (61) r0 = *(u32 *)(r1 +4000)\n"
    "invalid bpf_context access off=4000 size=4\n"
    "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 "
    "mark_read 0\n"
    "-- END PROG LOAD LOG --\n"
    "libbpf: prog 'egress': failed to load: -13\n";

constexpr const char* kNotPermitted =
    "libbpf: prog 'inet_sendmsg_exit': BPF program load failed: Operation not permitted\n"
    "libbpf: permission error while running as root; try raising 'ulimit -l'? current value: 8.0 "
    "MiB\n"
    "libbpf: prog 'inet_sendmsg_exit': failed to load: -1\n";

constexpr const char* kNoProbe =
    "libbpf: failed to add legacy kprobe event for 'inet_sendmsg+0x0': No such file or directory\n"
    "libbpf: prog 'kp': failed to create kprobe 'inet_sendmsg+0x0' perf event: No such file or "
    "directory\n";

constexpr const char* kFullConfig =
    "#\nCONFIG_BPF_SYSCALL=y\nCONFIG_CGROUP_BPF=y\nCONFIG_BPF_EVENTS=y\n"
    "CONFIG_FUNCTION_TRACER=y\nCONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y\nCONFIG_KPROBES=y\n"
    "CONFIG_KPROBE_EVENTS=y\nCONFIG_DEBUG_INFO_BTF=y\n";

// A host where nothing is missing, whose kernel's configuration can't be read.
KernelFacts Facts() {
  KernelFacts facts;
  facts.machine = "x86_64";
  facts.btf = "/sys/kernel/btf/vmlinux";
  facts.kprobe_events = true;
  facts.capabilities = {Capability::kBpf, Capability::kPerfmon, Capability::kNetAdmin};
  facts.memlock_limits_bpf = false;
  return facts;
}

KernelFacts BuiltWithout(const std::string& option) {
  std::string text = kFullConfig;
  const std::string line = "CONFIG_" + option + "=y\n";
  const std::size_t at = text.find(line);
  REQUIRE(at != std::string::npos);
  text.replace(at, line.size(), "# CONFIG_" + option + " is not set\n");
  KernelFacts facts = Facts();
  facts.config = KernelConfig{text, "/proc/config.gz"};
  return facts;
}

KernelFacts LockedDown() {
  KernelFacts facts = Facts();
  facts.lockdown = Lockdown::kIntegrity;
  facts.lockdown_origin = "/sys/kernel/security/lockdown";
  return facts;
}

TEST_CASE("A hook that the kernel does not have is named") {
  const Refusal refusal = ExplainRefusal(Step::kLoad, -ESRCH, kNoHook, Facts());
  CHECK(refusal.reason == "this kernel does not have the hook sock_send_length");
  CHECK_FALSE(refusal.remedy.empty());
}

TEST_CASE("A function that can't be probed because it is not there is not a missing kprobe") {
  CHECK(ExplainRefusal(Step::kAttachKprobe, -ENOENT, kNoProbe, Facts()).reason ==
        "this kernel does not have the function to hook");
}

TEST_CASE("A helper function that is not offered is named, however the kernel puts it") {
  for (const auto& [log, helper] :
       {std::pair{kNoHelper, "bpf_redirect#23"},
        std::pair{kOlderNoHelper, "bpf_sk_storage_get#107"}, std::pair{kUnknownHelper, "#999"}}) {
    CHECK(ExplainRefusal(Step::kLoad, -EINVAL, log, Facts()).reason ==
          "this kernel does not offer the helper function " + std::string{helper} +
              " to such a program");
  }
}

TEST_CASE("Missing capabilities are named, whatever error they lead to") {
  KernelFacts facts = Facts();
  facts.capabilities.erase(Capability::kPerfmon);
  // The verifier lets less pass without CAP_PERFMON.
  for (const auto& [error, log] : {std::pair{-EPERM, kNotPermitted}, std::pair{-EINVAL, kNoHelper},
                                   std::pair{-EACCES, kVerifier}}) {
    const Refusal refusal = ExplainRefusal(Step::kLoad, error, log, facts);
    CHECK(refusal.reason == "missing capability CAP_PERFMON");
    CHECK_THAT(refusal.remedy, StartsWith("run as root, or give the process CAP_PERFMON"));
  }
  facts.capabilities.clear();
  CHECK(ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, facts).reason ==
        "missing capabilities CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN");
}

TEST_CASE("Only capabilities that the step needs are named") {
  KernelFacts facts = Facts();
  facts.capabilities.clear();
  for (const auto& [step, names] : {std::pair{Step::kAttachCgroup, "CAP_BPF and CAP_NET_ADMIN"},
                                    std::pair{Step::kAttachXdp, "CAP_BPF and CAP_NET_ADMIN"},
                                    std::pair{Step::kAttachKprobe, "CAP_BPF and CAP_PERFMON"},
                                    std::pair{Step::kAttachTracing, "CAP_BPF and CAP_PERFMON"}}) {
    CHECK(ExplainRefusal(step, -EPERM, "", facts).reason ==
          "missing capabilities " + std::string{names});
  }
  CHECK(ExplainRefusal(Step::kReadMap, -EPERM, "", facts).reason == "missing capability CAP_BPF");
}

TEST_CASE("CAP_SYS_ADMIN loads whatever CAP_NET_ADMIN loads, but does not always attach it") {
  KernelFacts facts = LockedDown();
  facts.capabilities = {Capability::kBpf, Capability::kPerfmon, Capability::kSysAdmin};
  CHECK_THAT(ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, facts).reason,
             Contains("locked down"));
  CHECK(ExplainRefusal(Step::kAttachCgroup, -EPERM, "", facts).reason ==
        "missing capability CAP_NET_ADMIN");
}

TEST_CASE("A user namespace comes before the capabilities, which do not count in it") {
  KernelFacts facts = Facts();
  facts.initial_user_namespace = false;
  facts.capabilities.clear();
  CHECK_THAT(ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, facts).reason,
             StartsWith("the process is in a user namespace"));
}

TEST_CASE("Lockdown is named with where that is known from, as a fact beside the refusal") {
  const Refusal load = ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, LockedDown());
  CHECK(load.reason ==
        "Operation not permitted, though no capability is missing: the kernel is locked down "
        "(integrity, by /sys/kernel/security/lockdown) and refuses such a program before it looks "
        "into it");
  CHECK_THAT(ExplainRefusal(Step::kAttachKprobe, -EACCES, "", LockedDown()).reason,
             StartsWith("Permission denied, though no capability is missing: the kernel is locked "
                        "down"));
}

TEST_CASE("Lockdown does not explain what it has nothing to do with") {
  CHECK(ExplainRefusal(Step::kLoad, -EACCES, kVerifier, LockedDown()).reason ==
        "Permission denied: invalid bpf_context access off=4000 size=4");
  CHECK_THAT(ExplainRefusal(Step::kLoad, -ESRCH, kNoHook, LockedDown()).reason,
             Contains("does not have the hook"));
  CHECK_THAT(ExplainRefusal(Step::kAttachKprobe, -ENOENT, kNoProbe, LockedDown()).reason,
             !Contains("locked down"));
}

TEST_CASE("With no fact that explains it a refusal is not explained") {
  for (const Lockdown lockdown : {Lockdown::kUnknown, Lockdown::kNone}) {
    KernelFacts facts = Facts();
    facts.lockdown = lockdown;
    const std::string reason = ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, facts).reason;
    CHECK(reason ==
          "Operation not permitted, though no capability is missing: the kernel gives no reason");
  }
}

TEST_CASE("A seccomp filter is named where nothing else is known") {
  KernelFacts facts = Facts();
  facts.seccomp_filter = true;
  CHECK_THAT(ExplainRefusal(Step::kLoad, EPERM, "", facts).reason, Contains("seccomp filter"));
}

TEST_CASE("Where the kernel is locked down a seccomp filter is named beside it") {
  KernelFacts facts = LockedDown();
  facts.seccomp_filter = true;
  const Refusal refusal = ExplainRefusal(Step::kLoad, EPERM, "", facts);
  CHECK_THAT(refusal.reason, Contains("locked down") && Contains("or it is not the kernel"));
  CHECK_THAT(refusal.remedy,
             Contains("in the filter of the container") && Contains("if that is no help"));
}

TEST_CASE("The locked memory is named where it counts, and only there") {
  KernelFacts facts = Facts();
  facts.memlock_limit = 65536;
  CHECK_THAT(ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, facts).reason,
             !Contains("RLIMIT_MEMLOCK"));
  facts.memlock_limits_bpf = true;
  const Refusal refusal = ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, facts);
  CHECK(refusal.reason ==
        "on this kernel BPF memory counts against RLIMIT_MEMLOCK, which is 65536 bytes");
  CHECK_THAT(refusal.remedy, Contains("LimitMEMLOCK=infinity") && Contains("CAP_SYS_RESOURCE"));
  facts.memlock_limit.reset();
  CHECK_THAT(ExplainRefusal(Step::kLoad, -EPERM, kNotPermitted, facts).reason,
             !Contains("RLIMIT_MEMLOCK"));
}

struct OptionCase {
  Step step;
  int error;
  const char* log;
  const char* option;
};

TEST_CASE("An option that the kernel is built without is named with its source and the remedy") {
  const auto [step, error, log, option] = GENERATE(values<OptionCase>({
      {Step::kLoad, -ENOSYS, "", "BPF_SYSCALL"},
      {Step::kLoad, -EINVAL, "", "CGROUP_BPF"},
      {Step::kLoad, -EINVAL, "", "BPF_EVENTS"},
      {Step::kAttachCgroup, -EINVAL, "", "CGROUP_BPF"},
      {Step::kAttachTracing, -EBUSY, "", "FUNCTION_TRACER"},
      {Step::kAttachTracing, -kNotSupported, "", "DYNAMIC_FTRACE_WITH_DIRECT_CALLS"},
      {Step::kAttachKprobe, -ENOENT, kNoProbe, "KPROBES"},
      {Step::kAttachKprobe, -EOPNOTSUPP, "", "KPROBE_EVENTS"},
  }));
  KernelFacts facts = BuiltWithout(option);
  facts.kprobe_events = false;
  const Refusal refusal = ExplainRefusal(step, error, log, facts);
  CHECK_THAT(refusal.reason,
             Contains("built without") &&
                 Contains("CONFIG_" + std::string{option} + " is not set in /proc/config.gz"));
  CHECK(refusal.remedy == "needs a kernel built with CONFIG_" + std::string{option} + "=y");
}

TEST_CASE("A stricter perf_event_paranoid is named where kprobes are refused for it") {
  KernelFacts facts = Facts();
  facts.capabilities = {Capability::kBpf, Capability::kPerfmon, Capability::kNetAdmin};
  facts.perf_event_paranoid = 3;
  CHECK_THAT(ExplainRefusal(Step::kAttachKprobe, -EACCES, "", facts).reason,
             Contains("kernel.perf_event_paranoid is 3"));
  facts.perf_event_paranoid = 2;
  CHECK_THAT(ExplainRefusal(Step::kAttachKprobe, -EACCES, "", facts).reason,
             !Contains("perf_event_paranoid"));
}

TEST_CASE("An option is not blamed for what the verifier says") {
  CHECK_THAT(ExplainRefusal(Step::kLoad, -EINVAL, kVerifier, BuiltWithout("CGROUP_BPF")).reason,
             Contains("invalid bpf_context access"));
}

TEST_CASE("Without the configuration missing kprobes and trampolines are known by other signs") {
  KernelFacts facts = Facts();
  facts.kprobe_events = false;
  CHECK(ExplainRefusal(Step::kAttachKprobe, -ENOENT, kNoProbe, facts).reason ==
        "the kernel has no kprobes: /sys/bus/event_source/devices/kprobe is missing");
  facts.machine = "aarch64";
  CHECK(ExplainRefusal(Step::kAttachTracing, -kNotSupported, "", facts).reason ==
        "this kernel cannot hook functions for BPF on aarch64");
}

TEST_CASE("Missing type information is told apart from a sysfs that is not mounted") {
  KernelFacts facts = BuiltWithout("DEBUG_INFO_BTF");
  facts.btf.clear();
  const Refusal without = ExplainRefusal(Step::kLoad, -ESRCH, "", facts);
  CHECK_THAT(without.reason, StartsWith("no kernel type information") &&
                                 Contains("CONFIG_DEBUG_INFO_BTF is not set in /proc/config.gz"));
  facts.config = KernelConfig{kFullConfig, "/proc/config.gz"};
  CHECK_THAT(RefusalOfTypes(facts).remedy, Contains("mount sysfs"));
  facts.config = {};
  CHECK(RefusalOfTypes(facts).remedy == "the kernel must be built with CONFIG_DEBUG_INFO_BTF=y");
}

TEST_CASE("An interface that is taken or can't is explained") {
  for (const int error : {EBUSY, EEXIST}) {
    CHECK(ExplainRefusal(Step::kAttachXdp, -error, "", Facts()).reason ==
          "another XDP program is already attached to it");
  }
  CHECK(ExplainRefusal(Step::kAttachXdp, -EOPNOTSUPP, "", Facts()).reason ==
        "its driver has no native XDP");
}

TEST_CASE("The verifier's last word stands where nothing else is known") {
  CHECK(ExplainRefusal(Step::kLoad, -EACCES, kVerifier, Facts()).reason ==
        "Permission denied: invalid bpf_context access off=4000 size=4");
  CHECK(ExplainRefusal(Step::kReadMap, -EBADF, "", Facts()).reason == "Bad file descriptor");
  CHECK(ExplainRefusal(Step::kLoad, -ENOMEM, "", Facts()).reason == "Cannot allocate memory");
}

TEST_CASE("Every refusal comes with a remedy, and an error's sign does not matter") {
  for (const Step step :
       {Step::kLoad, Step::kAttachCgroup, Step::kAttachTracing, Step::kAttachKprobe,
        Step::kAttachXdp, Step::kAttachIterator, Step::kReadMap}) {
    for (const int error : {EPERM, EACCES, EINVAL, ENOENT, ESRCH, ENOSYS, ENOMEM, EBUSY, E2BIG,
                            EOPNOTSUPP, kNotSupported}) {
      const Refusal refusal = ExplainRefusal(step, error, "", Facts());
      CHECK_FALSE(refusal.reason.empty());
      CHECK_FALSE(refusal.remedy.empty());
      CHECK_THAT(refusal.reason, !Contains("Unknown error"));
      CHECK(ToText(refusal) == ToText(ExplainRefusal(step, -error, "", Facts())));
    }
  }
}

TEST_CASE("Privileges are enough, or it is said which are not") {
  KernelFacts facts = Facts();
  CHECK(RefusalOfPrivileges(facts).reason.empty());
  facts.capabilities = {Capability::kBpf, Capability::kPerfmon};
  CHECK(RefusalOfPrivileges(facts).reason == "missing capability CAP_NET_ADMIN");
  facts.capabilities = {Capability::kBpf, Capability::kPerfmon, Capability::kSysAdmin};
  CHECK(RefusalOfPrivileges(facts).reason.empty());
  facts.initial_user_namespace = false;
  CHECK_THAT(RefusalOfPrivileges(facts).reason, Contains("user namespace"));
}

}  // namespace
}  // namespace pdtt::test

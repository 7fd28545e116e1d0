// SPDX-License-Identifier: Apache-2.0
#include "bpf/kernel_facts.h"

#include <bpf/btf.h>
#include <sys/utsname.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "temporary_folder.h"

namespace pdtt::test {
namespace {

// What the kernel shows of itself, made up file by file.
class MadeUpKernel {
 public:
  MadeUpKernel& File(const std::string& name, const std::string& text) {
    static_cast<void>(folder_.Write(name, text));
    return *this;
  }

  MadeUpKernel& Compressed(const std::string& name, const std::string& text) {
    File(name, "");
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{
        gzopen((folder_.Path() / name).c_str(), "wb"), &gzclose};
    REQUIRE(gzwrite(file.get(), text.data(), static_cast<unsigned>(text.size())) > 0);
    return *this;
  }

  MadeUpKernel& UserNamespace(const std::string& name) {
    const std::filesystem::path link = folder_.Path() / "proc/self/ns/user";
    std::filesystem::create_directories(link.parent_path());
    std::filesystem::create_symlink(name, link);
    return *this;
  }

  // One structure with fields that are pointers.
  MadeUpKernel& Types(const char* name, const std::vector<const char*>& pointers) {
    const std::unique_ptr<btf, void (*)(btf*)> types{btf__new_empty(), &btf__free};
    const int pointer = btf__add_ptr(types.get(), 0);
    REQUIRE(btf__add_struct(types.get(), name, 64) > 0);
    unsigned offset = 0;
    for (const char* field : pointers) {
      REQUIRE(btf__add_field(types.get(), field, pointer, offset, 0) == 0);
      offset += 64;
    }
    unsigned size = 0;
    const void* raw = btf__raw_data(types.get(), &size);
    return File("sys/kernel/btf/vmlinux", std::string{static_cast<const char*>(raw), size});
  }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return (folder_.Path() / name).string();
  }

  [[nodiscard]] KernelFacts Facts() const {
    return ReadKernelFacts({folder_.Path() / "proc", folder_.Path() / "sys",
                            folder_.Path() / "boot", folder_.Path() / "modules"});
  }

 private:
  TemporaryFolder folder_;
};

std::string Release() {
  utsname name{};
  REQUIRE(uname(&name) == 0);
  return name.release;
}

constexpr const char* kConfig =
    "#\n# Made up\n#\nCONFIG_BPF_SYSCALL=y\nCONFIG_VETH=m\n# CONFIG_KPROBES is not set\n"
    "CONFIG_LSM=\"lockdown,bpf\"\nCONFIG_SECURITY_LOCKDOWN_LSM=y\n";

TEST_CASE("Options of a configuration are set, modules, texts or not set") {
  const KernelConfig config{kConfig, "here"};
  CHECK(config.Origin() == "here");
  CHECK(config.Value("BPF_SYSCALL") == "y");
  CHECK(config.Value("VETH") == "m");
  CHECK(config.Value("LSM") == "\"lockdown,bpf\"");
  CHECK(config.Value("KPROBES") == "n");
  CHECK(config.Value("NEVER_HEARD_OF") == "n");
  CHECK(config.Has("VETH"));
  CHECK(config.Lacks("KPROBES"));
  CHECK_FALSE(config.Lacks("BPF_SYSCALL"));
}

TEST_CASE("Of a configuration that can't be read nothing is known") {
  const KernelFacts facts = MadeUpKernel{}.Facts();
  CHECK(facts.config.Origin().empty());
  CHECK(facts.config.Value("BPF_SYSCALL") == std::nullopt);
  CHECK_FALSE(facts.config.Has("BPF_SYSCALL"));
  CHECK_FALSE(facts.config.Lacks("BPF_SYSCALL"));
}

TEST_CASE("The configuration is found in any of its places, compressed or not") {
  MadeUpKernel kernel;
  kernel.File("modules/" + Release() + "/config", kConfig);
  CHECK(kernel.Facts().config.Origin() == kernel.Path("modules/" + Release() + "/config"));
  kernel.File("boot/config-" + Release(), kConfig);
  CHECK(kernel.Facts().config.Origin() == kernel.Path("boot/config-" + Release()));
  kernel.Compressed("proc/config.gz", kConfig);
  const KernelConfig config = kernel.Facts().config;
  CHECK(config.Origin() == kernel.Path("proc/config.gz"));
  CHECK(config.Has("BPF_SYSCALL"));
  CHECK(config.Lacks("KPROBES"));
}

TEST_CASE("A file that is no configuration does not switch every option off") {
  for (const char* text : {"", "\x1f\x8b\x08 not really compressed", "hello\n"}) {
    MadeUpKernel kernel;
    kernel.File("proc/config.gz", text).File("boot/config-" + Release(), kConfig);
    CHECK(kernel.Facts().config.Origin() == kernel.Path("boot/config-" + Release()));
  }
}

TEST_CASE("The level of lockdown is the one in brackets") {
  MadeUpKernel kernel;
  kernel.Compressed("proc/config.gz",
                    std::string{kConfig} + "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y\n");
  for (const auto& [text, level] :
       {std::pair{"[none] integrity confidentiality\n", Lockdown::kNone},
        std::pair{"none [integrity] confidentiality\n", Lockdown::kIntegrity},
        std::pair{"none integrity [confidentiality]\n", Lockdown::kConfidentiality}}) {
    kernel.File("sys/kernel/security/lockdown", text);
    CHECK(kernel.Facts().lockdown == level);
    CHECK(kernel.Facts().lockdown_origin == kernel.Path("sys/kernel/security/lockdown"));
  }
}

TEST_CASE("Without securityfs lockdown is what the configuration and the boot loader force") {
  MadeUpKernel kernel;
  CHECK(kernel.Facts().lockdown == Lockdown::kUnknown);
  kernel.File("proc/cmdline", "quiet root=/dev/vda lockdown=integrity\n");
  CHECK(kernel.Facts().lockdown == Lockdown::kIntegrity);
  CHECK(kernel.Facts().lockdown_origin == kernel.Path("proc/cmdline"));
  kernel.Compressed("proc/config.gz",
                    std::string{kConfig} + "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY=y\n");
  CHECK(kernel.Facts().lockdown == Lockdown::kConfidentiality);
  CHECK(kernel.Facts().lockdown_origin ==
        "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY in " + kernel.Path("proc/config.gz"));
}

TEST_CASE("A kernel that could lock down, but is not forced to, may have been since") {
  CHECK(MadeUpKernel{}.Compressed("proc/config.gz", kConfig).Facts().lockdown ==
        Lockdown::kUnknown);
}

TEST_CASE("A kernel without the lockdown module is not locked down") {
  const KernelFacts facts =
      MadeUpKernel{}.Compressed("proc/config.gz", "#\nCONFIG_BPF=y\n").Facts();
  CHECK(facts.lockdown == Lockdown::kNone);
}

TEST_CASE("The initial user namespace is known by its number") {
  CHECK(MadeUpKernel{}.UserNamespace("user:[4026531837]").Facts().initial_user_namespace);
  CHECK_FALSE(MadeUpKernel{}.UserNamespace("user:[4026532201]").Facts().initial_user_namespace);
  CHECK(MadeUpKernel{}.Facts().initial_user_namespace);
}

TEST_CASE("A seccomp filter is seen") {
  CHECK(MadeUpKernel{}.File("proc/self/status", "Name:\tx\nSeccomp:\t2\n").Facts().seccomp_filter);
  CHECK_FALSE(
      MadeUpKernel{}.File("proc/self/status", "Name:\tx\nSeccomp:\t0\n").Facts().seccomp_filter);
}

TEST_CASE("bpffs and the network controllers of cgroup v1 are found where they are mounted") {
  const KernelFacts facts =
      MadeUpKernel{}
          .File("proc/self/mounts",
                "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
                "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
                "cgroup /sys/fs/cgroup/net\\040both cgroup rw,net_cls,net_prio 0 0\n"
                "none /run/net_cls tmpfs rw 0 0\n"
                "bpf /run/bpf bpf rw 0 0\n")
          .Facts();
  CHECK(facts.bpffs == "/run/bpf");
  CHECK(facts.network_cgroups == std::vector<std::filesystem::path>{"/sys/fs/cgroup/net both"});
  CHECK(MadeUpKernel{}.Facts().bpffs == std::nullopt);
}

TEST_CASE("The kernel's types tell what its version does not") {
  const KernelFacts none = MadeUpKernel{}.Facts();
  CHECK(none.btf.empty());
  CHECK(none.memlock_limits_bpf == std::nullopt);
  CHECK(none.network_cgroups_hide_sockets == std::nullopt);

  const KernelFacts old_memory = MadeUpKernel{}.Types("bpf_map_memory", {"user"}).Facts();
  CHECK_FALSE(old_memory.btf.empty());
  CHECK(old_memory.memlock_limits_bpf == true);

  const KernelFacts old_sockets = MadeUpKernel{}.Types("sock_cgroup_data", {"val"}).Facts();
  CHECK(old_sockets.memlock_limits_bpf == false);
  CHECK(old_sockets.network_cgroups_hide_sockets == true);

  const KernelFacts fixed = MadeUpKernel{}.Types("sock_cgroup_data", {"cgroup"}).Facts();
  CHECK(fixed.network_cgroups_hide_sockets == false);
}

TEST_CASE("A file that holds no types is no type information") {
  CHECK(MadeUpKernel{}.File("sys/kernel/btf/vmlinux", "").Facts().btf.empty());
  CHECK(MadeUpKernel{}.File("sys/kernel/btf/vmlinux", "nonsense").Facts().btf.empty());
}

TEST_CASE("Kprobes show as a source of events") {
  CHECK_FALSE(MadeUpKernel{}.Facts().kprobe_events);
  CHECK(
      MadeUpKernel{}.File("sys/bus/event_source/devices/kprobe/type", "8\n").Facts().kprobe_events);
}

TEST_CASE("What is missing are those of the three capabilities that are not there") {
  KernelFacts facts;
  CHECK(facts.MissingCapabilities() ==
        std::vector{Capability::kBpf, Capability::kPerfmon, Capability::kNetAdmin});
  facts.capabilities = {Capability::kBpf, Capability::kNetAdmin, Capability::kSysResource};
  CHECK(facts.MissingCapabilities() == std::vector{Capability::kPerfmon});
}

TEST_CASE("The facts of this host agree with each other") {
  const KernelFacts facts = ReadKernelFacts();
  CHECK(facts.release == Release());
  if (facts.Has(Capability::kSysAdmin)) {
    CHECK(facts.Has(Capability::kBpf));
    CHECK(facts.Has(Capability::kPerfmon));
  }
  if (!facts.btf.empty()) {
    CHECK(facts.memlock_limits_bpf.has_value());
  }
  if (facts.config.Lacks("KPROBE_EVENTS")) {
    CHECK_FALSE(facts.kprobe_events);
  }
}

}  // namespace
}  // namespace pdtt::test

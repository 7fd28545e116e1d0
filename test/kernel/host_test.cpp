// SPDX-License-Identifier: Apache-2.0
#include "bpf/host.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "kernel_access.h"
#include "temporary_folder.h"

namespace pdtt::test {
namespace {

using Catch::Contains;
using Catch::StartsWith;

std::filesystem::path FoundIn(const std::string& mounts) {
  const TemporaryFolder folder;
  return FindCgroup2(folder.Write("mounts", mounts));
}

TEST_CASE("cgroup2 is found by its type, wherever it is mounted") {
  CHECK(FoundIn("proc /proc proc rw 0 0\n"
                "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n") == "/sys/fs/cgroup");
  CHECK(FoundIn("tmpfs /sys/fs/cgroup tmpfs ro 0 0\n"
                "cgroup2 /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
                "none /sys/fs/cgroup/unified cgroup2 rw 0 0\n") == "/sys/fs/cgroup/unified");
}

TEST_CASE("Of several cgroup2 mounts the first is taken") {
  CHECK(FoundIn("a /first cgroup2 rw 0 0\nb /second cgroup2 rw 0 0\n") == "/first");
}

TEST_CASE("Blanks and the like in the path of cgroup2 are written in octal") {
  CHECK(FoundIn("none /mnt/with\\040space cgroup2 rw 0 0\n") == "/mnt/with space");
  CHECK(FoundIn("none /mnt/tab\\011back\\134slash cgroup2 rw 0 0\n") == "/mnt/tab\tback\\slash");
}

TEST_CASE("Mounts with very long options do not hide cgroup2") {
  std::string overlay = "overlay / overlay rw,lowerdir=";
  for (int i = 0; i < 1'000; ++i) {
    overlay += "/layers/cgroup2/" + std::to_string(i) + ":";
  }
  CHECK(FoundIn(overlay + " 0 0\nnone /late cgroup2 rw 0 0\n") == "/late");
}

TEST_CASE("Without cgroup2 the error names the remedy") {
  for (const char* mounts :
       {"", "proc /proc proc rw 0 0\n", "cgroup2 /sys/fs/cgroup cgroup rw 0 0\n",
        "none /cgroup2 tmpfs cgroup2 0 0\n", "# none /x cgroup2 rw 0 0\n"}) {
    INFO(mounts);
    CHECK_THROWS_WITH(FoundIn(mounts), StartsWith("no cgroup2 file system is mounted; mount one"));
  }
  CHECK_THROWS_AS(FindCgroup2("/nonexistent/mounts"), std::runtime_error);
}

TEST_CASE("A folder outside cgroup2 is refused with the remedy") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(
      RequireCgroup2(folder.Path()),
      "cgroup " + folder.Path().string() + ": not a cgroup2 directory; name one with --cgroup");
  CHECK_THROWS_WITH(RequireCgroup2(folder.Path() / "missing"),
                    Contains("No such file or directory") && Contains("--cgroup"));
  CHECK(CgroupId(folder.Path()) > 1);
  CHECK(CgroupId(folder.Path() / "missing") == 0);
}

TEST_CASE("The mounted cgroup2 is accepted, a file in it is not") {
  std::filesystem::path cgroup;
  try {
    cgroup = FindCgroup2("/proc/self/mounts");
  } catch (const std::runtime_error& error) {
    WARN(error.what());
    return;
  }
  CHECK_NOTHROW(RequireCgroup2(cgroup));
  CHECK_THROWS_WITH(RequireCgroup2(cgroup / "cgroup.procs"), Contains("not a cgroup2 directory"));
}

TEST_CASE("An interface has the index that the kernel gives it") {
  CHECK(InterfaceIndex("lo") > 0);
}

TEST_CASE("An unknown interface is refused by name with the remedy") {
  for (const char* name : {"pdtt-missing0", "", "a-name-that-is-longer-than-the-kernel-allows"}) {
    CHECK_THROWS_WITH(InterfaceIndex(name),
                      StartsWith(std::string{"interface "} + name + ": ") && Contains("`ip link`"));
  }
}

// Facts of a process that may do everything.
KernelFacts Privileged() {
  KernelFacts facts;
  facts.btf = "/sys/kernel/btf/vmlinux";
  facts.capabilities = {Capability::kBpf, Capability::kPerfmon, Capability::kNetAdmin};
  return facts;
}

TEST_CASE("A kernel without type information is refused before anything is loaded") {
  KernelFacts facts = Privileged();
  facts.btf.clear();
  CHECK_THROWS_WITH(RequireBpf(facts),
                    "no kernel type information in /sys/kernel/btf/vmlinux; the "
                    "kernel must be built with CONFIG_DEBUG_INFO_BTF=y");
}

TEST_CASE("Exactly the capabilities that are missing are named, in one line with the remedy") {
  KernelFacts facts = Privileged();
  facts.capabilities.erase(Capability::kPerfmon);
  CHECK_THROWS_WITH(RequireBpf(facts),
                    "missing capability CAP_PERFMON; run as root, or give the process CAP_PERFMON; "
                    "see docs/privileges.md");
  facts.capabilities.clear();
  CHECK_THROWS_WITH(RequireBpf(facts),
                    StartsWith("missing capabilities CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; "));
}

TEST_CASE("In a user namespace capabilities are no help, and that is said instead") {
  KernelFacts facts = Privileged();
  facts.initial_user_namespace = false;
  CHECK_THROWS_WITH(RequireBpf(facts), StartsWith("the process is in a user namespace"));
}

TEST_CASE("With CAP_SYS_ADMIN the kernel is asked, not the list of capabilities", "[kernel]") {
  if (BpfIsAllowed()) {
    KernelFacts facts = Privileged();
    facts.capabilities = {Capability::kSysAdmin};
    CHECK_NOTHROW(RequireBpf(facts));
  }
}

TEST_CASE("The range of ephemeral ports is one of ports") {
  const auto [first, last] = EphemeralPorts();
  CHECK(first > 0);
  CHECK(first < last);
  CHECK(last < 65'536);
}

TEST_CASE("The cookie of the network namespace stays the same") {
  CHECK(NetnsCookie() != 0);
  CHECK(NetnsCookie() == NetnsCookie());
}

}  // namespace
}  // namespace pdtt::test

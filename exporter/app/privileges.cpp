// SPDX-License-Identifier: Apache-2.0
#include "app/privileges.h"

#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <utility>

#include "app/file_access.h"
#include "bpf/host.h"
#include "collect/passwd_entry.h"

namespace pdtt {
namespace {

namespace fs = std::filesystem;

// Of the network namespace that is listened in.
int FirstUnprivilegedPort() {
  std::ifstream file{"/proc/sys/net/ipv4/ip_unprivileged_port_start"};
  int port = 0;
  return file >> port ? port : 1024;
}

struct FreeMade {
  void operator()(void* made) const noexcept { cap_free(made); }
};
using CapabilitySets = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeMade>;

std::string Message(int error) {
  return std::system_category().message(error);
}

bool IsPermitted(cap_value_t capability) {
  const CapabilitySets own{cap_get_proc()};
  cap_flag_value_t value = CAP_CLEAR;
  return own && cap_get_flag(own.get(), capability, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

std::string NameOf(cap_value_t capability) {
  const std::unique_ptr<char, FreeMade> name{cap_to_name(capability)};
  std::string text = name ? name.get() : std::to_string(capability);
  for (char& c : text) {
    c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return text;
}

// The first one of them that the process has; some kernels know one name, some the other.
std::optional<cap_value_t> FirstPermitted(std::initializer_list<cap_value_t> candidates) {
  for (const cap_value_t candidate : candidates) {
    if (IsPermitted(candidate)) {
      return candidate;
    }
  }
  return std::nullopt;
}

PasswdEntry FindUser(const std::string& name_or_uid) {
  const std::optional<uid_t> uid = ToUid(name_or_uid);
  if (auto entry = uid ? FindPasswdEntry(*uid) : FindPasswdEntry(name_or_uid)) {
    return *std::move(entry);
  }
  throw std::runtime_error("user: there is no user \"" + name_or_uid +
                           "\"; name a user of this host");
}

/// The steps, in the order in which each still can be taken.
class Drop {
 public:
  explicit Drop(const LaterNeeds& needs) : needs_(needs) {}

  Privileges Run() {
    EmptyBoundingSet();
    if (needs_.user) {
      BecomeUser(*needs_.user);
    }
    // What is tried now is tried without: the permitted ones stay to choose from.
    if (!Effective({})) {
      Problem("lower the effective capabilities");
    }
    Choose();
    Keep();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
      Problem("set no_new_privs");
    }
    // Nor a core dump, which would hold addresses of users and keys of TLS.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
      Problem("keep other processes of the user out");
    }
    return std::move(result_);
  }

 private:
  void Problem(const std::string& what) {
    result_.problems.push_back(what + ": " + Message(errno));
  }

  // Without CAP_SETPCAP it stays; no_new_privs then keeps it from mattering.
  static void EmptyBoundingSet() {
    for (cap_value_t capability = 0; cap_get_bound(capability) >= 0; ++capability) {
      if (cap_drop_bound(capability) != 0) {
        return;
      }
    }
  }

  static void BecomeUser(const std::string& name) {
    const PasswdEntry account = FindUser(name);
    if (account.uid == geteuid() && account.uid == getuid()) {
      return;
    }
    const auto require = [&](bool done, const char* call) {
      if (!done) {
        throw std::runtime_error("user " + name + ": " + call + ": " + Message(errno) +
                                 "; start as root, or with CAP_SETUID and CAP_SETGID");
      }
    };
    require(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "prctl");
    require(initgroups(account.name.c_str(), account.gid) == 0, "initgroups");
    require(setresgid(account.gid, account.gid, account.gid) == 0, "setresgid");
    require(setresuid(account.uid, account.uid, account.uid) == 0, "setresuid");
    require(prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0, "prctl");
  }

  static bool Effective(const std::vector<cap_value_t>& capabilities) {
    const CapabilitySets own{cap_get_proc()};
    return own && cap_clear_flag(own.get(), CAP_EFFECTIVE) == 0 &&
           (capabilities.empty() ||
            cap_set_flag(own.get(), CAP_EFFECTIVE, static_cast<int>(capabilities.size()),
                         capabilities.data(), CAP_SET) == 0) &&
           cap_set_proc(own.get()) == 0;
  }

  void Choose() {
    if (MapsNeedPrivilege()) {
      Want({CAP_BPF, CAP_SYS_ADMIN},
           "before Linux 5.19 maps are read with it where kernel.unprivileged_bpf_disabled is set");
    }
    for (const int port : needs_.ports) {
      if (port != 0 && port < FirstUnprivilegedPort()) {
        Want({CAP_NET_BIND_SERVICE}, "to listen on port " + std::to_string(port));
      }
    }
    for (const fs::path& file : needs_.reads) {
      if (!MayRead(file)) {
        NeedFile(file, "read", CAP_DAC_READ_SEARCH);
      }
    }
    for (const fs::path& file : needs_.writes) {
      if (!MayAppend(file)) {
        NeedFile(file, "write to", CAP_DAC_OVERRIDE);
      }
    }
  }

  // Root gets at files of others as before; who names a user means that user's rights.
  void NeedFile(const fs::path& file, const std::string& what, cap_value_t capability) {
    const int error = errno;
    if (needs_.user) {
      throw std::runtime_error("user " + *needs_.user + " cannot " + what + " " + file.string() +
                               ": " + Message(error) +
                               "; let that user do so, or name another user");
    }
    if (error == EACCES) {  // whatever else it is, no capability helps
      Want({capability, CAP_DAC_OVERRIDE}, "to " + what + " " + file.string());
    }
  }

  // A capability that is not there is no news: what needs it says so when it fails.
  void Want(std::initializer_list<cap_value_t> candidates, const std::string& reason) {
    const auto capability = FirstPermitted(candidates);
    if (capability &&
        std::find(capabilities_.begin(), capabilities_.end(), *capability) == capabilities_.end()) {
      capabilities_.push_back(*capability);
      result_.kept.push_back({NameOf(*capability), reason});
    }
  }

  void Keep() {
    const CapabilitySets kept{cap_init()};
    const auto set = [&](cap_flag_t flag) {
      return capabilities_.empty() ||
             cap_set_flag(kept.get(), flag, static_cast<int>(capabilities_.size()),
                          capabilities_.data(), CAP_SET) == 0;
    };
    if (!kept || !set(CAP_PERMITTED) || !set(CAP_EFFECTIVE) || cap_set_proc(kept.get()) != 0) {
      Problem("drop capabilities");
    }
  }

  const LaterNeeds& needs_;
  std::vector<cap_value_t> capabilities_;
  Privileges result_;
};

}  // namespace

Privileges DropPrivileges(const LaterNeeds& needs) {
  return Drop{needs}.Run();
}

}  // namespace pdtt

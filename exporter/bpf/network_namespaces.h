// SPDX-License-Identifier: Apache-2.0
// The network namespaces of this host: what a program sees of sockets depends on where it looks.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>

namespace pdtt {

/// Calls `visit` once inside each network namespace that a process lives in, beginning with the
/// caller's own, one after the other in a thread of its own: setns(2) moves a thread. `proc` is
/// where procfs is mounted. Returns how many processes' namespaces could not be told, which takes
/// CAP_SYS_PTRACE, or entered, which takes CAP_SYS_ADMIN. An exception of `visit` is passed on.
std::size_t VisitNetworkNamespaces(const std::filesystem::path& proc,
                                   const std::function<void()>& visit);

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// Sockets that were there before the exporter, on kernels whose iterators cannot mark them.
#pragma once

#include <cstddef>
#include <filesystem>

namespace pdtt {

/// Gives each IP socket that a process has open an owner in `conn_stats_map`, as if iter_tcp and
/// iter_udp had found it: the user who made it, sub-uids given to theirs by `subuid_map`. Takes a
/// copy of each socket's descriptor for that moment (pidfd_getfd(2)), since listing sockets
/// (sock_diag(7)) shows them but cannot mark them. `proc` is where procfs is mounted. Returns how
/// many processes could not be looked into, which takes CAP_SYS_PTRACE.
std::size_t AdoptOpenSockets(const std::filesystem::path& proc, int conn_stats_map, int subuid_map);

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "bpf/socket_reader.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>

#include "bpf/attach.h"
#include "bpf/connection_record.h"
#include "bpf/map_reader.h"
#include "pdtt_abi.h"

namespace pdtt {
namespace {

void Append(std::span<const std::byte, sizeof(pdtt_conn)> bytes,
            std::vector<ConnectionReading>& into) {
  pdtt_conn conn{};
  std::memcpy(&conn, bytes.data(), sizeof(conn));
  if ((conn.flags & PDTT_CONN_OPEN) != 0) {
    into.push_back(ToConnection(conn));
  }
}

}  // namespace

SocketReader::SocketReader(int fd) : fd_(fd), capacity_(CapacityOf(fd)) {}

bool SocketReader::Read(const UniqueFd& iterator, std::vector<ConnectionReading>& into) const {
  const std::uint32_t first = 0;
  const pdtt_conn none{};  // what is there if no socket is
  if (bpf_map_update_elem(fd_, &first, &none, BPF_ANY) != 0) {
    return false;
  }
  std::vector<std::byte> written;
  if (!ReadIterator(iterator, [&](std::span<const std::byte> piece) {
        written.insert(written.end(), piece.begin(), piece.end());
      })) {
    return false;
  }
  std::uint32_t last = 0;
  if (written.size() % sizeof(pdtt_conn) != sizeof(last)) {
    errno = EPROTO;
    return false;
  }
  std::span<const std::byte> rest{written};
  std::memcpy(&last, rest.last(sizeof(last)).data(), sizeof(last));
  const std::size_t count = std::size_t{last} + 1;
  into.reserve(into.size() + count);
  if (!ReadCopies(std::min(count, capacity_), into)) {
    return false;
  }
  for (; rest.size() > sizeof(last); rest = rest.subspan(sizeof(pdtt_conn))) {
    Append(rest.first<sizeof(pdtt_conn)>(), into);
  }
  return true;
}

// Mapped for the moment: each mapped page counts as memory of this process.
bool SocketReader::ReadCopies(std::size_t count, std::vector<ConnectionReading>& into) const {
  const std::size_t size = count * sizeof(pdtt_conn);
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_, 0);
  if (mapped == MAP_FAILED) {
    return false;
  }
  std::span<const std::byte> copies{static_cast<const std::byte*>(mapped), size};
  for (; !copies.empty(); copies = copies.subspan(sizeof(pdtt_conn))) {
    Append(copies.first<sizeof(pdtt_conn)>(), into);
  }
  munmap(mapped, size);
  return true;
}

}  // namespace pdtt

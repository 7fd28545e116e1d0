// SPDX-License-Identifier: Apache-2.0
// Whole maps in few system calls. Batches, with a bound, so that no walk can go on for ever.
#pragma once

#include <bpf/bpf.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pdtt {

/// Calls `use(key, value)` for each entry of a hash map of up to `capacity` entries. False: the
/// kernel gave an error; what was read until then was used.
template <typename Key, typename Value, typename Use>
[[nodiscard]] bool ForEachEntry(int fd, std::size_t capacity, Use use) {
  constexpr std::uint32_t kBatch = 4096;  // more than a bucket ever holds, or ENOSPC
  std::vector<Key> keys(kBatch);
  std::vector<Value> values(kBatch);
  std::uint32_t position = 0;  // opaque, of the size the kernel uses for hash maps
  bool first = true;
  for (std::size_t seen = 0; seen <= capacity;) {
    std::uint32_t count = kBatch;
    const int error = bpf_map_lookup_batch(fd, first ? nullptr : &position, &position, keys.data(),
                                           values.data(), &count, nullptr);
    if (error != 0 && error != -ENOENT) {
      return false;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      use(keys[i], values[i]);
    }
    if (error == -ENOENT) {
      return true;  // the end, and count is still valid
    }
    seen += count;
    first = false;
  }
  return true;
}

/// How many entries the map can have; 0 if the kernel does not say.
[[nodiscard]] std::uint32_t CapacityOf(int fd);

/// The same key by key, for maps of any kind that are seldom read: a system call or two for each
/// entry. One that vanishes meanwhile is left out.
template <typename Key, typename Value, typename Use>
void ForEachEntrySlowly(int fd, Use use) {
  Key key{};
  Value value{};
  const void* before = nullptr;
  for (std::uint32_t left = CapacityOf(fd); left > 0 && bpf_map_get_next_key(fd, before, &key) == 0;
       --left) {
    if (bpf_map_lookup_elem(fd, &key, &value) == 0) {
      use(key, value);
    }
    before = &key;
  }
}

/// Reads a per-CPU array whose values are u64 counters, summed over all CPUs.
class PerCpuCounters {
 public:
  /// `words` is the value's size in u64.
  PerCpuCounters(int fd, std::size_t words);

  /// Fills `sums` (a multiple of `words`) from element `first` on. False on a kernel error.
  [[nodiscard]] bool Read(std::uint32_t first, std::span<std::uint64_t> sums);

 private:
  [[nodiscard]] bool ReadBatch(std::uint32_t first, std::uint32_t count);
  [[nodiscard]] bool ReadOneByOne(std::uint32_t first, std::uint32_t count);

  int fd_;
  std::size_t words_;
  std::size_t cpus_;
  bool batches_ = true;
  std::vector<std::uint32_t> keys_;
  std::vector<std::uint64_t> values_;
};

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "bpf/map_reader.h"

#include <bpf/libbpf.h>

#include <algorithm>

#include "bpf/error.h"

namespace pdtt {
namespace {

// Bounds the buffer: 128 CPUs x 256 elements x 80 bytes are 2.6 MB.
constexpr std::uint32_t kElements = 256;

}  // namespace

std::uint32_t CapacityOf(int fd) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.max_entries : 0;
}

PerCpuCounters::PerCpuCounters(int fd, std::size_t words) : fd_(fd), words_(words), cpus_(0) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) {
    ThrowBpf(cpus, "count the possible CPUs");
  }
  cpus_ = static_cast<std::size_t>(cpus);
}

bool PerCpuCounters::Read(std::uint32_t first, std::span<std::uint64_t> sums) {
  std::fill(sums.begin(), sums.end(), 0);
  while (!sums.empty()) {
    const auto count =
        static_cast<std::uint32_t>(std::min<std::size_t>(sums.size() / words_, kElements));
    values_.resize(count * cpus_ * words_);
    keys_.resize(count);
    if (!(batches_ && ReadBatch(first, count)) && !ReadOneByOne(first, count)) {
      return false;
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const std::size_t element = i / (cpus_ * words_);
      sums[element * words_ + i % words_] += values_[i];
    }
    sums = sums.subspan(count * words_);
    first += count;
  }
  return true;
}

bool PerCpuCounters::ReadBatch(std::uint32_t first, std::uint32_t count) {
  std::uint32_t before = first - 1;
  std::uint32_t position = 0;
  std::uint32_t got = count;
  const int error = bpf_map_lookup_batch(fd_, first == 0 ? nullptr : &before, &position,
                                         keys_.data(), values_.data(), &got, nullptr);
  if (error != 0 && error != -ENOENT) {
    batches_ = false;  // per-CPU arrays have batches since Linux 5.13
    return false;
  }
  return got == count;
}

bool PerCpuCounters::ReadOneByOne(std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t key = first + i;
    if (bpf_map_lookup_elem(fd_, &key, &values_[i * cpus_ * words_]) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "bpf/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

namespace pdtt {
namespace {

constexpr std::size_t kPiece = 65536;

UniqueFd CreateLink(const bpf_program* program, int target, const bpf_link_create_opts* options) {
  return UniqueFd{bpf_link_create(bpf_program__fd(program), target,
                                  bpf_program__expected_attach_type(program), options)};
}

}  // namespace

UniqueFd AttachCgroup(const bpf_program* program, int cgroup_fd) {
  return CreateLink(program, cgroup_fd, nullptr);
}

// Unlike BPF_LINK_CREATE this also makes a link of a BTF tracepoint before Linux 5.18.
UniqueFd AttachTracing(const bpf_program* program) {
  return UniqueFd{bpf_raw_tracepoint_open(nullptr, bpf_program__fd(program))};
}

void DestroyLink::operator()(bpf_link* link) const noexcept {
  bpf_link__destroy(link);
}

KprobeLink AttachKprobe(const bpf_program* program, const char* function) {
  const bool at_return = std::string_view{bpf_program__section_name(program)} == "kretprobe";
  return KprobeLink{bpf_program__attach_kprobe(program, at_return, function)};
}

UniqueFd AttachXdp(const bpf_program* program, std::uint32_t ifindex, std::uint32_t flags) {
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
  return CreateLink(program, static_cast<int>(ifindex), &options);
}

UniqueFd AttachIterator(const bpf_program* program, int map_fd) {
  bpf_iter_link_info info{};
  LIBBPF_OPTS(bpf_link_create_opts, options);
  if (map_fd >= 0) {
    info.map.map_fd = static_cast<__u32>(map_fd);
    options.iter_info = &info;
    options.iter_info_len = sizeof(info);
  }
  return CreateLink(program, 0, &options);
}

bool ReadIterator(const UniqueFd& link,
                  const std::function<void(std::span<const std::byte>)>& use) {
  const UniqueFd iterator{bpf_iter_create(link.Get())};
  if (!iterator) {
    return false;
  }
  std::vector<std::byte> buffer(kPiece);
  for (;;) {
    const ssize_t got = read(iterator.Get(), buffer.data(), buffer.size());
    if (got > 0) {
      use(std::span{buffer}.first(static_cast<std::size_t>(got)));
    } else if (got == 0) {
      return true;
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "xdp_bench.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "bpf/error.h"
#include "bpf/host.h"
#include "kernel_access.h"

namespace pdtt::test {
namespace {

constexpr std::size_t kFrameWords = sizeof(pdtt_frames) / sizeof(std::uint64_t);

constexpr std::array<const char*, PDTT_XDP_RESULTS> kNames{"attributed", "unknown_connection",
                                                           "not_ip", "fragment", "malformed"};

std::string Amount(const std::string& what, std::uint64_t bytes, std::uint64_t packets) {
  return what + ": " + (packets == 1 ? "" : std::to_string(packets) + " frames, ") +
         std::to_string(bytes) + " bytes";
}

std::string OnInterface(std::size_t position) {
  return position == 0 ? "" : " of interface " + std::to_string(position);
}

void Append(std::string& text, const std::string& more) {
  text += (text.empty() ? "" : "; ") + more;
}

}  // namespace

std::uint32_t LoopbackIndex() {
  return InterfaceIndex("lo");
}

std::string Counted(pdtt_xdp_result result, std::size_t bytes) {
  return Amount(kNames[result], bytes, 1);
}

std::string CountedInSlot(std::uint32_t slot, std::size_t bytes) {
  return Counted(PDTT_XDP_ATTRIBUTED, bytes) + "; " +
         Amount("slot " + std::to_string(slot), bytes, 1);
}

std::unique_ptr<XdpBench> XdpBench::MakeOrSkip(const std::vector<std::uint32_t>& ifindexes) {
  ProgramOptions options = SmallMaps();
  options.accounts = kSlots;
  options.ifindexes = ifindexes;
  std::unique_ptr<Programs> programs = LoadOrSkip(options);
  return programs ? std::make_unique<XdpBench>(std::move(programs), ifindexes.size()) : nullptr;
}

XdpBench::XdpBench(std::unique_ptr<Programs> programs, std::size_t interfaces)
    : programs_(std::move(programs)),
      interfaces_(interfaces),
      results_(programs_->MapFd("xdp_result_map"), kFrameWords),
      users_(programs_->MapFd("xdp_user_map"), kFrameWords),
      before_(ReadCounters()) {
  if (programs_->Find("xdp_tracker") == nullptr) {
    throw std::runtime_error("xdp_tracker: " + programs_->RefusalOf("xdp_tracker").reason);
  }
}

void XdpBench::Know(const pdtt_conn_key& key, std::uint32_t slot) {
  const pdtt_conn_owner owner{.netns_cookie = 1, .uid = 1000 + slot, .slot = slot};
  if (const int error =
          bpf_map_update_elem(programs_->MapFd("conn_uid_map"), &key, &owner, BPF_ANY);
      error != 0) {
    ThrowBpf(error, "fill conn_uid_map");
  }
}

void XdpBench::Forget(const pdtt_conn_key& key) {
  if (const int error = bpf_map_delete_elem(programs_->MapFd("conn_uid_map"), &key); error != 0) {
    ThrowBpf(error, "clear conn_uid_map");
  }
}

XdpBench::Outcome XdpBench::TestRun(std::span<const std::uint8_t> frame,
                                    std::optional<std::size_t> linear) {
  Outcome outcome;
  outcome.frame.resize(frame.size() + 256);
  xdp_md context{};
  context.data_end = static_cast<__u32>(linear.value_or(frame.size()));
  context.ingress_ifindex = LoopbackIndex();
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_out = outcome.frame.data(),
              .data_size_in = static_cast<__u32>(frame.size()),
              .data_size_out = static_cast<__u32>(outcome.frame.size()), .ctx_in = &context,
              .ctx_size_in = sizeof(context), .repeat = 1);
  outcome.error =
      -bpf_prog_test_run_opts(bpf_program__fd(programs_->Find("xdp_tracker")), &options);
  outcome.verdict = options.retval;
  outcome.frame.resize(options.data_size_out);
  return outcome;
}

std::vector<std::uint64_t> XdpBench::ReadCounters() {
  const std::size_t results = interfaces_ * PDTT_XDP_RESULTS * kFrameWords;
  std::vector<std::uint64_t> words(results + interfaces_ * kSlots * kFrameWords);
  if (!results_.Read(0, std::span{words}.first(results)) ||
      !users_.Read(0, std::span{words}.subspan(results))) {
    throw std::runtime_error("the counters of XDP cannot be read");
  }
  return words;
}

int XdpBench::Refusal(std::span<const std::uint8_t> frame, std::optional<std::size_t> linear) {
  const int error = TestRun(frame, linear).error;
  before_ = ReadCounters();
  return error;
}

std::string XdpBench::Run(std::span<const std::uint8_t> frame, std::optional<std::size_t> linear) {
  const Outcome outcome = TestRun(frame, linear);
  if (outcome.error != 0) {
    ThrowBpf(outcome.error, "run a frame of " + std::to_string(frame.size()) + " bytes");
  }
  const std::vector<std::uint64_t> after = ReadCounters();
  std::string text;
  for (std::size_t at = 0; at < after.size(); at += kFrameWords) {
    const std::uint64_t bytes = after[at] - before_[at];
    const std::uint64_t packets = after[at + 1] - before_[at + 1];
    if (bytes == 0 && packets == 0) {
      continue;
    }
    const std::size_t element = at / kFrameWords;
    const std::size_t results = interfaces_ * PDTT_XDP_RESULTS;
    const bool is_result = element < results;
    const std::size_t position =
        is_result ? element / PDTT_XDP_RESULTS : (element - results) % interfaces_;
    const std::string what = is_result
                                 ? kNames[element % PDTT_XDP_RESULTS]
                                 : "slot " + std::to_string((element - results) / interfaces_);
    Append(text, Amount(what + OnInterface(position), bytes, packets));
  }
  before_ = after;
  if (outcome.verdict != XDP_PASS) {
    Append(text, "verdict " + std::to_string(outcome.verdict));
  }
  if (!std::equal(frame.begin(), frame.end(), outcome.frame.begin(), outcome.frame.end())) {
    Append(text, "the frame was changed");
  }
  return text;
}

}  // namespace pdtt::test

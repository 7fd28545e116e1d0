// SPDX-License-Identifier: Apache-2.0
// Runs single frames through the loaded XDP program and tells what it counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpf/map_reader.h"
#include "bpf/programs.h"
#include "pdtt_abi.h"

namespace pdtt::test {

/// The interface that the kernel's test runs come in on.
[[nodiscard]] std::uint32_t LoopbackIndex();

/// What one frame adds: "unknown_connection: 60 bytes", "attributed: 60 bytes; slot 3: 60 bytes".
[[nodiscard]] std::string Counted(pdtt_xdp_result result, std::size_t bytes);
[[nodiscard]] std::string CountedInSlot(std::uint32_t slot, std::size_t bytes);

class XdpBench {
 public:
  static constexpr std::uint32_t kSlots = 8;

  /// Null after printing why the test is skipped.
  [[nodiscard]] static std::unique_ptr<XdpBench> MakeOrSkip(
      const std::vector<std::uint32_t>& ifindexes);

  explicit XdpBench(std::unique_ptr<Programs> programs, std::size_t interfaces);

  void Know(const pdtt_conn_key& key, std::uint32_t slot);
  void Forget(const pdtt_conn_key& key);

  /// Everything that was counted anywhere, and whatever the program did besides passing the frame
  /// on as it is. `linear` is how much of the frame the program can read directly.
  [[nodiscard]] std::string Run(std::span<const std::uint8_t> frame,
                                std::optional<std::size_t> linear = {});

  /// 0, or the errno with which the kernel refuses to run a frame.
  [[nodiscard]] int Refusal(std::span<const std::uint8_t> frame,
                            std::optional<std::size_t> linear = {});

 private:
  struct Outcome {
    int error = 0;
    std::uint32_t verdict = 0;
    std::vector<std::uint8_t> frame;
  };
  [[nodiscard]] Outcome TestRun(std::span<const std::uint8_t> frame,
                                std::optional<std::size_t> linear);
  [[nodiscard]] std::vector<std::uint64_t> ReadCounters();

  std::unique_ptr<Programs> programs_;
  std::size_t interfaces_;
  PerCpuCounters results_;
  PerCpuCounters users_;
  std::vector<std::uint64_t> before_;
};

}  // namespace pdtt::test

// SPDX-License-Identifier: Apache-2.0
// The programs that are measured against each other, loaded side by side.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bpf/account_reader.h"
#include "bpf/programs.h"

struct pdtt_packet;

namespace pdtt::bench {

enum class Layout { kEmpty, kOurs, kOriginal, kEvents };
inline constexpr std::array kLayouts{Layout::kEmpty, Layout::kOurs, Layout::kOriginal,
                                     Layout::kEvents};
[[nodiscard]] const char* NameOf(Layout layout);

enum class Hook { kIngress, kEgress, kXdp };
[[nodiscard]] const char* NameOf(Hook hook);

/// What the programs that count keep of packets.
struct Counted {
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  bool operator==(const Counted&) const = default;
};

/// The owner of every socket of a test run; a user of this number need not exist.
inline constexpr std::uint32_t kUid = 1000;

class Layouts {
 public:
  /// `options` are the exporter's: its programs count into its own maps also in test runs.
  explicit Layouts(const ProgramOptions& options);
  ~Layouts();
  Layouts(const Layouts&) = delete;
  Layouts& operator=(const Layouts&) = delete;

  /// The program for test runs; -1: the layout has none for this hook.
  [[nodiscard]] int TestProgram(Layout layout, Hook hook) const;
  [[nodiscard]] int MapFd(const char* name) const;
  [[nodiscard]] Programs& Exporter() { return exporter_; }

  /// How many connections take turns in a test run.
  void SetConnections(std::uint32_t connections);
  /// What the socket of a test run is.
  void SetSocket(pdtt_protocol protocol, bool connected);
  /// Added to the owner of each socket by the original layout.
  void SetUidOffset(std::uint32_t offset);

  /// What a layout has counted so far of kUid; for XDP, what is attributed to slots.
  [[nodiscard]] Counted Count(Layout layout, Hook hook);
  /// Of everybody, both ways, by our programs. Throws std::runtime_error where the parts are not
  /// the whole.
  [[nodiscard]] std::uint64_t CountHostPackets();
  /// Those there was no room for.
  [[nodiscard]] std::uint64_t LostEvents() const;

 private:
  struct Destroy {
    void operator()(pdtt_packet* skeleton) const noexcept;
  };

  [[nodiscard]] Counted CountOurs(Hook hook);
  [[nodiscard]] Counted CountOriginal(bool inbound) const;

  Programs exporter_;
  std::unique_ptr<pdtt_packet, Destroy> skeleton_;
  std::uint32_t accounts_;
  AccountReader reader_;
};

}  // namespace pdtt::bench

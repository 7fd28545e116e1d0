// SPDX-License-Identifier: Apache-2.0
#include "bpf/ring_records.h"

#include <linux/bpf.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <span>

#include "pdtt_abi.h"

namespace pdtt::test {
namespace {

/// Records as the kernel lays them into the ring.
class Ring {
 public:
  static constexpr std::size_t kSize = 4096;

  explicit Ring(std::uint64_t begin) : begin_(begin), end_(begin) {}

  void Add(const void* body, std::uint32_t length, std::uint32_t flags = 0) {
    const std::array<std::uint32_t, 2> header = {length | flags, 0};
    Put(header.data(), sizeof(header));
    Put(body, length);
    end_ = (end_ + 7) / 8 * 8;
  }

  void AddClosed(std::uint32_t pid, std::uint32_t flags = 0) {
    pdtt_event event{};
    event.type = PDTT_EVENT_CLOSED;
    event.conn.pid = pid;
    Add(&event, sizeof(event), flags);
  }

  [[nodiscard]] std::uint64_t End() const { return end_; }
  [[nodiscard]] EventsReading Read(std::size_t without = 0) const {
    return ReadRecords(std::span{data_}.first(end_ - begin_ - without), begin_);
  }

 private:
  void Put(const void* bytes, std::size_t size) {
    std::memcpy(&data_.at(end_ - begin_), bytes, size);
    end_ += size;
  }

  alignas(8) std::array<std::byte, kSize> data_{};
  std::uint64_t begin_;
  std::uint64_t end_;
};

TEST_CASE("Records are read in their order") {
  Ring ring(Ring::kSize - 16 + 3 * Ring::kSize);
  ring.AddClosed(1);
  ring.AddClosed(2);
  const EventsReading events = ring.Read();
  REQUIRE(events.closed.size() == 2);
  CHECK(events.closed[0].pid == 1);
  CHECK(events.closed[1].pid == 2);
  CHECK(events.position == ring.End());
}

TEST_CASE("A record that is cut off is left for the next time") {
  Ring ring(8);
  ring.AddClosed(1);
  const std::uint64_t whole = ring.End();
  ring.AddClosed(2);
  const std::size_t second = ring.End() - whole;
  for (const std::size_t missing : {std::size_t{1}, second - 9, second - 8, second - 1, second}) {
    const EventsReading events = ring.Read(missing);
    REQUIRE(events.closed.size() == 1);
    CHECK(events.position == whole);
  }
  CHECK(ring.Read().closed.size() == 2);
}

TEST_CASE("A new account is no connection") {
  pdtt_event event{};
  event.type = PDTT_EVENT_NEW_ACCOUNT;
  event.conn.uid = 7;
  Ring ring(0);
  ring.Add(&event, sizeof(event));
  CHECK(ring.Read().closed.empty());
  CHECK(ring.Read().new_users == std::vector<std::uint32_t>{7});
}

TEST_CASE("What was given up is passed over, and what is being written is waited for") {
  Ring ring(0);
  ring.AddClosed(1, BPF_RINGBUF_DISCARD_BIT);
  ring.AddClosed(2);
  const std::uint64_t written = ring.End();
  ring.AddClosed(3, BPF_RINGBUF_BUSY_BIT);
  ring.AddClosed(4);
  const EventsReading events = ring.Read();
  REQUIRE(events.closed.size() == 1);
  CHECK(events.closed[0].pid == 2);
  CHECK(events.position == written);
}

TEST_CASE("A record too short for an event is passed over, of a longer one the beginning is read") {
  std::array<std::uint8_t, sizeof(pdtt_event) + 13> bytes{};
  pdtt_event event{};
  event.conn.pid = 5;
  std::memcpy(bytes.data(), &event, sizeof(event));
  Ring ring(0);
  ring.Add(bytes.data(), sizeof(pdtt_event) - 1);
  ring.Add(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  ring.AddClosed(6);
  const EventsReading events = ring.Read();
  REQUIRE(events.closed.size() == 2);
  CHECK(events.closed[0].pid == 5);
  CHECK(events.closed[1].pid == 6);
}

TEST_CASE("An event of another kind is passed over") {
  pdtt_event event{};
  event.type = 99;
  Ring ring(0);
  ring.Add(&event, sizeof(event));
  const EventsReading events = ring.Read();
  CHECK(events.closed.empty());
  CHECK(events.new_users.empty());
  CHECK(events.position == ring.End());
}

}  // namespace
}  // namespace pdtt::test

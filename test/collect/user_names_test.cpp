// SPDX-License-Identifier: Apache-2.0
#include "collect/user_names.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

#include "model/traffic.h"

namespace pdtt {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;

template <typename Condition>
bool BecomesTrue(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace

TEST_CASE("a name is the uid until it is known, and then cached", "[user_names]") {
  std::atomic<int> look_ups = 0;
  UserNamesOptions options;
  options.look_up = [&](std::uint32_t) {
    ++look_ups;
    return "alice";
  };
  UserNames names{options};
  CHECK(names.Name(1000) == "1000");
  REQUIRE(names.WaitForNewNames(kPatience));
  CHECK(names.Name(1000) == "alice");
  CHECK(names.Name(1000) == "alice");
  REQUIRE(names.WaitForNewNames(kPatience));
  CHECK(look_ups == 1);
}

TEST_CASE("a uid without a name is not looked up again and again", "[user_names]") {
  std::atomic<int> look_ups = 0;
  UserNamesOptions options;
  options.look_up = [&](std::uint32_t) -> std::optional<std::string> {
    ++look_ups;
    return std::nullopt;
  };
  UserNames names{options};
  for (int i = 0; i < 5; ++i) {
    CHECK(names.Name(7) == "7");
    REQUIRE(names.WaitForNewNames(kPatience));
  }
  std::this_thread::sleep_for(20ms);
  CHECK(look_ups == 1);
}

TEST_CASE("an outdated name is given until the new one is known", "[user_names]") {
  std::atomic<int> look_ups = 0;
  UserNamesOptions options;
  options.known_for = 0ms;
  options.look_up = [&](std::uint32_t) { return ++look_ups == 1 ? "old" : "new"; };
  UserNames names{options};
  static_cast<void>(names.Name(7));
  REQUIRE(names.WaitForNewNames(kPatience));
  CHECK(names.Name(7) == "old");
  CHECK(BecomesTrue([&] { return names.Name(7) == "new"; }));
}

TEST_CASE("forgotten names are looked up again", "[user_names]") {
  std::atomic<int> look_ups = 0;
  UserNamesOptions options;
  options.look_up = [&](std::uint32_t) { return ++look_ups == 1 ? "old" : "new"; };
  UserNames names{options};
  static_cast<void>(names.Name(7));
  REQUIRE(names.WaitForNewNames(kPatience));
  names.Forget();
  CHECK(names.Name(7) == "old");
  CHECK(BecomesTrue([&] { return names.Name(7) == "new"; }));
}

TEST_CASE("an answer from before everything was forgotten is not relied on", "[user_names]") {
  std::promise<void> forgotten;
  std::atomic<int> look_ups = 0;
  UserNamesOptions options;
  options.look_up = [&](std::uint32_t) {
    if (++look_ups > 1) {
      return "new";
    }
    forgotten.get_future().wait();
    return "old";
  };
  UserNames names{options};
  static_cast<void>(names.Name(7));
  REQUIRE(BecomesTrue([&] { return look_ups == 1; }));
  names.Forget();
  forgotten.set_value();
  CHECK(BecomesTrue([&] { return names.Name(7) == "new"; }));
}

TEST_CASE("a failing name service is counted and the last name stays", "[user_names]") {
  std::atomic<bool> fail = false;
  std::atomic<int> errors = 0;
  UserNamesOptions options;
  options.known_for = 0ms;
  options.on_error = [&] { ++errors; };
  options.look_up = [&](std::uint32_t) -> std::optional<std::string> {
    if (fail) {
      throw std::runtime_error("no answer");
    }
    return "alice";
  };
  UserNames names{options};
  static_cast<void>(names.Name(7));
  REQUIRE(names.WaitForNewNames(kPatience));
  fail = true;
  CHECK(BecomesTrue([&] { return names.Name(7) == "alice" && errors > 0; }));
  CHECK(names.Name(7) == "alice");
}

TEST_CASE("a hanging name service holds up neither callers nor the end", "[user_names]") {
  std::promise<void> release;
  auto released = std::make_shared<std::shared_future<void>>(release.get_future().share());
  const auto start = std::chrono::steady_clock::now();
  {
    UserNamesOptions options;
    options.look_up = [released](std::uint32_t) -> std::optional<std::string> {
      released->wait();
      return std::nullopt;
    };
    UserNames names{options};
    CHECK(names.Name(7) == "7");
    CHECK(names.Name(8) == "8");
    CHECK_FALSE(names.WaitForNewNames(10ms));
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  release.set_value();
  std::this_thread::sleep_for(50ms);  // lets the look-up thread end before the process does
}

TEST_CASE("this process's user is found by getpwuid_r", "[user_names]") {
  CHECK(LookUpUser(0) == "root");
  CHECK(LookUpUser(3999999999U) == std::nullopt);
  CHECK(LookUpUser(kKernelUid) == "kernel");
}

}  // namespace pdtt

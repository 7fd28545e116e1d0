// SPDX-License-Identifier: Apache-2.0
#include "http/authenticator.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using pdtt::Authenticator;
using pdtt::PasswordHashes;
using pdtt::Verdict;

namespace {

/// Stands for bcrypt where it only matters how often it is asked: the password is its own hash.
class CountingHash {
 public:
  Authenticator::HashFunction Function() {
    return [this](const std::string& password, const std::string& hash) {
      ++calls;
      last_hash = hash;
      return password;
    };
  }

  int calls = 0;
  std::string last_hash;
};

TEST_CASE("bcrypt in all its spellings is checked") {
  // Known answers: the same password, salts of other programs.
  const PasswordHashes users = {
      {"y", "$2y$04$IxDUOFMhsb1/gk0YxWMMleob4s8fH2r5jKHcTHHagTBfcYAdXRD.O"},
      {"b", "$2b$04$IxDUOFMhsb1/gk0YxWMMleob4s8fH2r5jKHcTHHagTBfcYAdXRD.O"},
      {"a", "$2a$04$IxDUOFMhsb1/gk0YxWMMleob4s8fH2r5jKHcTHHagTBfcYAdXRD.O"}};
  Authenticator authenticator;
  for (const char* user : {"y", "b", "a"}) {
    CHECK(authenticator.Check(users, {user, "secret"}) == Verdict::kRight);
    CHECK(authenticator.Check(users, {user, "Secret"}) == Verdict::kWrong);
    CHECK(authenticator.Check(users, {user, ""}) == Verdict::kWrong);
  }
}

TEST_CASE("What was right is not checked again, and what was wrong is") {
  CountingHash hash;
  Authenticator authenticator(hash.Function());
  const PasswordHashes users = {{"alice", "secret"}};
  for (int i = 0; i < 3; ++i) {
    CHECK(authenticator.Check(users, {"alice", "secret"}) == Verdict::kRight);
  }
  CHECK(hash.calls == 1);
  for (int i = 0; i < 3; ++i) {
    CHECK(authenticator.Check(users, {"alice", "wrong"}) == Verdict::kWrong);
  }
  CHECK(hash.calls == 4);
  CHECK(authenticator.Check(users, {"alice", "secret"}) == Verdict::kRight);
  CHECK(hash.calls == 4);
}

TEST_CASE("What was right is forgotten when the user's hash changes or the user goes") {
  CountingHash hash;
  Authenticator authenticator(hash.Function());
  CHECK(authenticator.Check({{"alice", "secret"}}, {"alice", "secret"}) == Verdict::kRight);
  CHECK(authenticator.Check({{"alice", "other"}}, {"alice", "secret"}) == Verdict::kWrong);
  CHECK(authenticator.Check({{"bob", "secret"}}, {"alice", "secret"}) == Verdict::kWrong);
  CHECK(authenticator.Check({{"alice", "other"}}, {"alice", "other"}) == Verdict::kRight);
}

TEST_CASE("An unknown user costs a check of a user's hash, always the same one") {
  CountingHash hash;
  Authenticator authenticator(hash.Function());
  const PasswordHashes users = {{"alice", "1"}, {"bob", "2"}, {"carol", "3"}};
  std::vector<int> chosen(4);
  for (int name = 0; name < 100; ++name) {
    const std::string user = "nobody" + std::to_string(name);
    // Not even the password that the borrowed hash belongs to opens.
    CHECK(authenticator.Check(users, {user, "1"}) == Verdict::kWrong);
    const std::string first = hash.last_hash;
    CHECK(authenticator.Check(users, {user, "2"}) == Verdict::kWrong);
    CHECK(hash.last_hash == first);
    CHECK(authenticator.Check(users, {user, "3"}) == Verdict::kWrong);
    ++chosen.at(static_cast<std::size_t>(std::stoi(first)));
  }
  CHECK(hash.calls == 300);
  CHECK(chosen[1] > 10);
  CHECK(chosen[2] > 10);
  CHECK(chosen[3] > 10);
}

TEST_CASE("A password that bcrypt would only read in part is wrong, after a check like any other") {
  CountingHash hash;
  Authenticator authenticator(hash.Function());
  const std::string longest(72, 'x');
  const PasswordHashes users = {{"alice", longest}, {"bob", std::string("a\0b", 3)}};
  CHECK(authenticator.Check(users, {"alice", longest + "y"}) == Verdict::kWrong);
  CHECK(authenticator.Check(users, {"bob", std::string("a\0b", 3)}) == Verdict::kWrong);
  CHECK(hash.calls == 2);
  CHECK(authenticator.Check(users, {"alice", longest}) == Verdict::kRight);
}

TEST_CASE("One password is checked at a time, few may wait, and nobody waits twice") {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int running = 0;
  int most_running = 0;
  Authenticator authenticator([&](const std::string& password, const std::string& /*hash*/) {
    if (password == "early") {
      return password;
    }
    std::unique_lock lock(mutex);
    most_running = std::max(most_running, ++running);
    changed.wait(lock, [&] { return open; });
    --running;
    return password;
  });
  const PasswordHashes users = {{"alice", "early"}, {"bob", "late"}};
  REQUIRE(authenticator.Check(users, {"alice", "early"}) == Verdict::kRight);

  std::atomic<unsigned> busy{0};
  std::atomic<unsigned> wrong{0};
  std::vector<std::thread> guessers;
  constexpr unsigned kGuessers = 3 * Authenticator::kMostChecks;
  for (unsigned i = 0; i < kGuessers; ++i) {
    guessers.emplace_back([&, i] {
      const Verdict verdict = authenticator.Check(users, {"alice", "guess" + std::to_string(i)});
      ++(verdict == Verdict::kBusy ? busy : wrong);
    });
  }
  while (busy < kGuessers - Authenticator::kMostChecks) {
    std::this_thread::yield();
  }
  CHECK(authenticator.Check(users, {"alice", "early"}) == Verdict::kRight);
  CHECK(authenticator.Check(users, {"bob", "late"}) == Verdict::kBusy);
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  for (std::thread& guesser : guessers) {
    guesser.join();
  }
  CHECK(wrong == Authenticator::kMostChecks);
  CHECK(busy == kGuessers - Authenticator::kMostChecks);
  CHECK(most_running == 1);
  CHECK(authenticator.Check(users, {"bob", "late"}) == Verdict::kRight);
}

}  // namespace

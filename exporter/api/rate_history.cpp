// SPDX-License-Identifier: Apache-2.0
#include "api/rate_history.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pdtt {
namespace {

// Rates over less would jump about. A little less than a second, so that a page that asks once a
// second is not late each other time.
constexpr std::chrono::milliseconds kShortestWindow{900};

// Snapshots that are made at intervals come a little early or late.
constexpr std::chrono::milliseconds kSlack{250};

/// How many points a step as long as this fills.
std::size_t PointsOf(std::chrono::steady_clock::duration step) {
  const std::chrono::duration<double> interval = RateHistory::kInterval;
  const auto points = static_cast<std::size_t>(
      std::lround(std::min(step / interval, static_cast<double>(RateHistory::kPoints))));
  return std::max<std::size_t>(points, 1);
}

void Append(std::vector<Rate>& points, const Rate& rate, std::size_t times) {
  points.insert(points.end(), times, rate);
  if (points.size() > RateHistory::kPoints) {
    points.erase(points.begin(), points.end() - static_cast<std::ptrdiff_t>(RateHistory::kPoints));
  }
}

bool IsIdle(const std::vector<Rate>& points) {
  return std::all_of(points.begin(), points.end(),
                     [](const Rate& rate) { return rate.Both() == 0; });
}

History Continued(const History& old, const Rates& rates, std::size_t times) {
  History history = old;
  history.points = std::min(old.points + times, RateHistory::kPoints);
  for (const auto& [uid, rate] : rates.users) {
    if (rate.Both() > 0 && history.users.size() < RateHistory::kMostUsers) {
      history.users.try_emplace(uid, old.points);
    }
  }
  for (auto& [uid, points] : history.users) {
    const auto rate = rates.users.find(uid);
    Append(points, rate == rates.users.end() ? Rate{} : rate->second, times);
  }
  std::erase_if(history.users, [](const auto& user) { return IsIdle(user.second); });
  return history;
}

}  // namespace

void RateHistory::Add(const Snapshot& snapshot) {
  const auto now = std::make_shared<const Counters>(CountersOf(snapshot));
  MoveHistory(now);
  MoveWindow(now);
  auto view = std::make_shared<const RateView>(next_);
  const std::scoped_lock lock{mutex_};
  now_ = std::move(view);
}

// Two snapshots are kept, so that the window is at least the shortest and, where snapshots come
// more often, less than twice that.
void RateHistory::MoveWindow(const CountersPtr& now) {
  if (!next_base_) {
    base_ = next_base_ = now;
    return;
  }
  if (now->steady_time - next_base_->steady_time >= kShortestWindow) {
    base_ = std::exchange(next_base_, now);
  }
  if (now->steady_time - base_->steady_time >= kShortestWindow) {
    next_.rates = RatesBetween(*base_, *now);
  }
}

void RateHistory::MoveHistory(const CountersPtr& now) {
  if (!last_point_) {
    last_point_ = now;
    return;
  }
  const auto step = now->steady_time - last_point_->steady_time;
  if (step < kInterval - kSlack) {
    return;
  }
  next_.history = std::make_shared<const History>(
      Continued(*next_.history, RatesBetween(*last_point_, *now), PointsOf(step)));
  last_point_ = now;
}

std::shared_ptr<const RateView> RateHistory::Now() const {
  const std::scoped_lock lock{mutex_};
  return now_;
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// The identity labels of all exported connections as text, made once for their five families.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/snapshot.h"

namespace pdtt {

/// One string holds the text of every connection: with tens of thousands of them, a string each
/// would cost more than writing the page.
class ConnectionLabels {
 public:
  /// `user_labels` has the text of the uid and user labels, one string per user of the snapshot.
  ConnectionLabels(const Snapshot& snapshot, const std::vector<std::string>& user_labels);

  /// Labels of snapshot.connections[index].
  [[nodiscard]] std::string_view operator[](std::size_t index) const;

 private:
  std::string text_;
  std::vector<std::size_t> begins_;  ///< one more than connections: the last is the end
};

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// The identity labels of exported connections.
#pragma once

#include "metrics/label_texts.h"
#include "model/snapshot.h"

namespace pdtt {

/// A text for each connection of the snapshot. `user_labels` has the uid and user labels of each
/// of its users.
[[nodiscard]] LabelTexts ConnectionLabels(const Snapshot& snapshot, const LabelTexts& user_labels);

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// A snapshot as Prometheus text format 0.0.4: the big tables by our own writer, streamed in pieces.
#pragma once

#include "metrics/text_sink.h"
#include "model/snapshot.h"

namespace pdtt {

/// Writes the per-user, per-connection, host and XDP families, each with HELP and TYPE even if it
/// has no samples. False if the sink stopped it. Throws std::out_of_range if a row of the snapshot
/// points to a user, network or interface that is not there.
bool WriteTrafficFamilies(const Snapshot& snapshot, const TextSink& sink);

}  // namespace pdtt

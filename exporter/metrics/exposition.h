// SPDX-License-Identifier: Apache-2.0
// A snapshot's traffic as families of a metrics page.
#pragma once

#include "metrics/text_writer.h"
#include "model/snapshot.h"

namespace pdtt {

/// Writes the per-user, per-connection, host and XDP families, each with HELP and TYPE even if it
/// has no samples. Throws std::out_of_range if a row of the snapshot points to a user, network or
/// interface that is not there.
void WriteTrafficFamilies(const Snapshot& snapshot, TextWriter& writer);

}  // namespace pdtt

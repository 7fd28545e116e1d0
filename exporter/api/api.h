// SPDX-License-Identifier: Apache-2.0
// The JSON of /api/v1, as docs/api.md describes it. Names and commands are other people's bytes:
// what is not UTF-8 becomes U+FFFD.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "api/rate_history.h"
#include "metrics/text_sink.h"
#include "model/snapshot.h"

namespace pdtt {

/// The exporter that answers.
struct AboutExporter {
  std::string version;
  std::string revision;
  std::string hostname;
  std::chrono::duration<double> started{};  ///< Unix time
};

[[nodiscard]] std::string StatusJson(const Snapshot& snapshot, const Rates& rates,
                                     const AboutExporter& about);

/// False if the sink stopped it, as below.
bool WriteUsersJson(const Snapshot& snapshot, const RateView& rates, const TextSink& sink);

bool WriteConnectionsJson(const Snapshot& snapshot, const Rates& rates, const TextSink& sink);

[[nodiscard]] std::string ErrorJson(std::string_view error);

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// The address of a running exporter, as `top` takes it.
#pragma once

#include <string>
#include <string_view>

namespace pdtt {

/// http[s]://HOST[:PORT][/PATH]; HOST:PORT alone is http. Returned without a slash at the end.
/// Throws ValueError: also for a user or password in it, which every user of the host could read.
[[nodiscard]] std::string ParseExporterUrl(std::string_view text);

/// Whether what is sent there passes over a network that others may read.
[[nodiscard]] bool IsReadableOnTheWay(std::string_view url);

}  // namespace pdtt

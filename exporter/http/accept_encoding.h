// SPDX-License-Identifier: Apache-2.0
// Whether a client wants gzip, from its Accept-Encoding header (RFC 9110, section 12.5.3).
#pragma once

#include <string_view>

namespace pdtt {

/// True if gzip is acceptable and not liked less than an uncompressed reply. A weight that can't be
/// read counts as "no": everybody can read an uncompressed reply.
[[nodiscard]] bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace pdtt

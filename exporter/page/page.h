// SPDX-License-Identifier: Apache-2.0
// The live page: who uses the network right now, in a browser.
#pragma once

#include <vector>

#include "http/server.h"

namespace pdtt {

/// The page at `/` and each of its files at `/<name>`. Their data comes from the API.
[[nodiscard]] std::vector<HttpRoute> PageRoutes();

}  // namespace pdtt

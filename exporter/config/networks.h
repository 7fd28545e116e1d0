// SPDX-License-Identifier: Apache-2.0
// The classes of remote addresses: every address must fall into one, and into one only.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/yaml_document.h"

namespace pdtt {

/// Throws ValueError.
[[nodiscard]] std::vector<Network> ReadNetworks(const YamlNode& node);

}  // namespace pdtt

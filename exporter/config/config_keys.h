// SPDX-License-Identifier: Apache-2.0
// Every key that a configuration file may hold, with its type and its bounds.
#pragma once

#include "config/config.h"
#include "config/yaml_document.h"
#include "config/yaml_reader.h"

namespace pdtt {

/// The defaults with the file's values on top. Throws YamlError.
[[nodiscard]] Config ReadConfig(const YamlNode& root);

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// Where the writers of the metrics page put their text.
#pragma once

#include <functional>
#include <string_view>

namespace pdtt {

/// Takes the next piece of text; false asks the writer to stop.
using TextSink = std::function<bool(std::string_view)>;

}  // namespace pdtt

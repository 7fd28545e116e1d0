// SPDX-License-Identifier: Apache-2.0
// What the documents of the API have in common.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "api/rates.h"

namespace pdtt {

/// Members stay in the order they are written in.
using Json = nlohmann::ordered_json;

[[nodiscard]] std::string Text(const Json& json);

/// Unix time with milliseconds.
[[nodiscard]] double UnixSeconds(std::chrono::system_clock::time_point time);

/// To thousandths; more is noise.
[[nodiscard]] double Rounded(double value);

void AddRate(Json& json, const Rate& rate);

}  // namespace pdtt

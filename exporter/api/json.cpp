// SPDX-License-Identifier: Apache-2.0
#include "api/json.h"

#include <cmath>

namespace pdtt {

std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double UnixSeconds(std::chrono::system_clock::time_point time) {
  return Rounded(std::chrono::duration<double>(time.time_since_epoch()).count());
}

double Rounded(double value) {
  constexpr double kThousand = 1000;
  return std::round(value * kThousand) / kThousand;
}

void AddRate(Json& json, const Rate& rate) {
  json["receive_bytes_per_second"] = Rounded(rate.receive);
  json["transmit_bytes_per_second"] = Rounded(rate.transmit);
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
// How a failed comparison of traffic reads.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "model/traffic.h"

template <>
struct Catch::StringMaker<pdtt::Traffic> {
  static std::string convert(const pdtt::Traffic& traffic) {  // NOLINT: Catch2's name
    return "received " + std::to_string(traffic.receive_bytes) + " bytes in " +
           std::to_string(traffic.receive_packets) + " packets, sent " +
           std::to_string(traffic.transmit_bytes) + " in " +
           std::to_string(traffic.transmit_packets);
  }
};

// SPDX-License-Identifier: Apache-2.0
// What doctor found, for people and for programs.
#pragma once

#include <ostream>

#include "app/doctor.h"

namespace pdtt {

/// A table that fits a terminal of 100 columns.
void PrintText(const Diagnosis& diagnosis, std::ostream& out);

/// One JSON object.
void PrintJson(const Diagnosis& diagnosis, std::ostream& out);

}  // namespace pdtt

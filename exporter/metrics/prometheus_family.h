// SPDX-License-Identifier: Apache-2.0
// Builds prometheus-cpp's families from the rows of the table in names.h.
#pragma once

#include <initializer_list>
#include <string_view>

#include <prometheus/metric_family.h>

#include "metrics/names.h"

namespace pdtt {

/// A family with the name, type and help of `spec`, without samples.
[[nodiscard]] prometheus::MetricFamily EmptyFamily(const FamilySpec& spec);

/// Adds a sample to `family`, which EmptyFamily made of the same `spec`. `values` belong to the
/// labels of `spec` in order; bytes that are not UTF-8 become U+FFFD. Throws std::invalid_argument
/// if there are more or fewer values than labels.
void AddSample(prometheus::MetricFamily& family, const FamilySpec& spec,
               std::initializer_list<std::string_view> values, double value);

}  // namespace pdtt

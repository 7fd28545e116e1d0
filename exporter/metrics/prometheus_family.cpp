// SPDX-License-Identifier: Apache-2.0
#include "metrics/prometheus_family.h"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "metrics/label_text.h"

namespace pdtt {

prometheus::MetricFamily EmptyFamily(const FamilySpec& spec) {
  prometheus::MetricFamily family;
  family.name = spec.name;
  family.help = spec.help;
  family.type = spec.type == MetricType::kCounter ? prometheus::MetricType::Counter
                                                  : prometheus::MetricType::Gauge;
  return family;
}

void AddSample(prometheus::MetricFamily& family, const FamilySpec& spec,
               std::initializer_list<std::string_view> values, double value) {
  if (values.size() != spec.labels.size()) {
    throw std::invalid_argument("a sample needs a value for each label of its family");
  }
  prometheus::ClientMetric metric;
  for (std::size_t i = 0; i < values.size(); ++i) {
    metric.label.push_back({std::string(spec.labels[i]), ValidUtf8(values.begin()[i])});
  }
  if (spec.type == MetricType::kCounter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

}  // namespace pdtt

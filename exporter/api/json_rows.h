// SPDX-License-Identifier: Apache-2.0
// A document that ends with a long list, written row by row: a tree of all rows would take many
// times the memory of what they are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "metrics/text_sink.h"

namespace pdtt {

/// `head` is an object that is not empty; the list follows its members under `name`. False if the
/// sink stopped it.
template <typename Row, typename ToJson>
bool WriteRows(const Json& head, std::string_view name, const std::vector<Row>& rows,
               const TextSink& sink, const ToJson& to_json) {
  std::string text = Text(head);
  text.pop_back();
  text.append(",\"").append(name).append("\":[");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += Text(to_json(rows[i]));
    if (!sink(text)) {
      return false;
    }
    text.clear();
  }
  return sink(text + "\n]}\n");
}

}  // namespace pdtt

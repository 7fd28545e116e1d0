// SPDX-License-Identifier: Apache-2.0
#include "report/one_line.h"

#include "metrics/label_text.h"

namespace pdtt {

std::string OneLine(std::string_view name) {
  std::string line = ValidUtf8(name);
  unsigned char before = 0;
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f) {
      c = '?';
    } else if (before == 0xc2 && byte < 0xa0) {
      c = '\xa0';  // U+0080 to U+009F are control characters too; U+00A0 is the next after them
    }
    before = byte;
  }
  return line;
}

}  // namespace pdtt

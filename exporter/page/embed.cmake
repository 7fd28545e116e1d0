# SPDX-License-Identifier: Apache-2.0
# Run with cmake -P: writes SOURCE, a C++ file that holds the FILES of FOLDER as text.

set(entries "")
foreach(file IN LISTS FILES)
  file(READ ${FOLDER}/${file} hex HEX)
  # As bytes: a string literal would end at a delimiter inside the file, or at a length limit.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(MAKE_C_IDENTIFIER ${file} name)
  string(APPEND arrays "constexpr unsigned char k_${name}[] = {${bytes}};\n")
  string(APPEND entries "      {\"${file}\", Text(k_${name})},\n")
endforeach()

file(WRITE ${SOURCE}.tmp "// Written by embed.cmake.
#include \"page/page_files.h\"

namespace pdtt {
namespace {

${arrays}
template <std::size_t kSize>
std::string_view Text(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize};
}

}  // namespace

const std::vector<PageFile>& PageFiles() {
  static const std::vector<PageFile> files = {
${entries}  };
  return files;
}

}  // namespace pdtt
")
file(RENAME ${SOURCE}.tmp ${SOURCE})

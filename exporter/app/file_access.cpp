// SPDX-License-Identifier: Apache-2.0
#include "app/file_access.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace pdtt {
namespace {

namespace fs = std::filesystem;

bool May(const fs::path& path, int what) {
  return faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
}

}  // namespace

bool MayRead(const fs::path& file) {
  return May(file, R_OK);
}

bool MayAppend(const fs::path& file) {
  // Read, too: a line that was torn is looked for at its end.
  return May(file, R_OK | W_OK) || (errno == ENOENT && May(file.parent_path(), W_OK | X_OK));
}

std::vector<fs::path> ReportFilesOf(const std::string& prefix) {
  std::vector<fs::path> files = {prefix + "-.log"};
  const std::string start = fs::path{prefix}.filename().string() + "-";
  std::error_code error;
  for (fs::directory_iterator entry{fs::path{prefix}.parent_path(), error}, end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(start) && name.ends_with(".log")) {
      files.push_back(entry->path());
    }
  }
  return files;
}

}  // namespace pdtt

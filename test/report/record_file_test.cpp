// SPDX-License-Identifier: Apache-2.0
#include "report/record_file.h"

#include <catch2/catch.hpp>

#include "disk.h"
#include "finished.h"

namespace pdtt {
namespace {

using test::Content;
using test::Finished;
using test::Records;
using test::SetContent;
using test::TemporaryFolder;

std::string Lines(const std::vector<Record>& records) {
  std::string lines;
  for (const Record& record : records) {
    lines += record.line;
  }
  return lines;
}

Written WriteTo(const std::string& path, const std::vector<Record>& records) {
  return RecordFile{path}.Write(records);
}

TEST_CASE("Records that are in the file already are not written again after a new start") {
  const TemporaryFolder folder;
  const std::string path = folder.Path() / "records";
  CHECK(WriteTo(path, Records({1, 2, 3})).records == 3);
  RecordFile after_crash{path};
  CHECK(after_crash.Write(Records({2, 3, 4})).records == 3);
  CHECK(Content(path) == Lines(Records({1, 2, 3, 4})));
  CHECK(after_crash.Write(Records({3})).records == 1);
  CHECK(Content(path) == Lines(Records({1, 2, 3, 4})));
}

TEST_CASE("Half a record at the end is removed at the start") {
  const TemporaryFolder folder;
  const std::string path = folder.Path() / "records";
  const std::string line = Records({2}).front().line;
  const std::size_t length = GENERATE(1U, 3U, 7U, 20U, 200U);
  SetContent(folder.Path() / "records", Lines(Records({1})) + line.substr(0, length));
  CHECK(WriteTo(path, Records({2, 3})).records == 2);
  CHECK(Content(path) == Lines(Records({1, 2, 3})));
}

TEST_CASE("A last record without its line end is whole") {
  const TemporaryFolder folder;
  const std::string path = folder.Path() / "records";
  const std::string line = Records({1}).front().line;
  SetContent(folder.Path() / "records", line.substr(0, line.size() - 1));
  CHECK(WriteTo(path, Records({1, 2})).records == 2);
  CHECK(Content(path) == Lines(Records({1, 2})));
}

TEST_CASE("What is no record is left as it is") {
  const TemporaryFolder folder;
  const std::string path = folder.Path() / "records";
  SetContent(folder.Path() / "records", "# of May\n\n{\"id\": 5}\nno line end");
  CHECK(WriteTo(path, Records({1})).records == 1);
  CHECK(Content(path) == "# of May\n\n{\"id\": 5}\nno line end\n" + Lines(Records({1})));
}

TEST_CASE("Of a long file the end is read, as much as may come again") {
  const TemporaryFolder folder;
  const std::string path = folder.Path() / "records";
  const std::string padding(std::size_t{16} << 20U, ' ');
  SetContent(folder.Path() / "records", Lines(Records({1})) + padding + '\n' + Lines(Records({2})));
  const auto before = std::filesystem::file_size(path);
  CHECK(WriteTo(path, Records({2})).records == 1);
  CHECK(std::filesystem::file_size(path) == before);
}

TEST_CASE("A file that was moved away is begun anew, and its records are still known") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.Path() / "records";
  CHECK(WriteTo(path, Records({1})).records == 1);
  RecordFile file{path};
  CHECK(file.Write(Records({2})).records == 1);
  std::filesystem::rename(path, folder.Path() / "records.1");
  CHECK(file.Write(Records({1, 3})).records == 2);
  CHECK(Content(path) == Lines(Records({3})));
}

TEST_CASE("On a full disk the records that fit are done, the rest is not") {
  const test::SmallDisk disk;
  if (!disk.IsMounted()) {
    WARN("skipped: needs root");
    return;
  }
  const std::string path = disk.Path() / "records";
  RecordFile file{path};
  REQUIRE(file.Write(Records({1})).records == 1);
  std::vector<Record> many;
  for (std::uint16_t port = 2; port < 1000; ++port) {
    many.push_back(ToRecord(Finished(port), "alice", {}));
  }
  const Written written = file.Write(many);
  CHECK(written.records > 50);
  CHECK(written.records < many.size());
  CHECK_THAT(written.error, Catch::Contains("No space left on device"));
  CHECK(Content(path) ==
        Lines(Records({1})) +
            Lines({many.begin(), many.begin() + static_cast<std::ptrdiff_t>(written.records)}));
}

TEST_CASE("Without its directory nothing is written, and the end is read when it is there") {
  const TemporaryFolder folder;
  const std::filesystem::path inner = folder.Path() / "inner";
  RecordFile file{inner / "records"};
  CHECK(file.Write(Records({1})).records == 0);
  CHECK_THAT(file.Write(Records({1})).error, Catch::Contains("No such file or directory"));
  SetContent(folder.Path() / "inner/records", Lines(Records({1})));
  CHECK(file.Write(Records({1, 2})).records == 2);
  CHECK(Content(inner / "records") == Lines(Records({1, 2})));
}

}  // namespace
}  // namespace pdtt

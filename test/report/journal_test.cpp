// SPDX-License-Identifier: Apache-2.0
#include "report/journal.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <map>

#include "disk.h"
#include "finished.h"

namespace pdtt {
namespace {

using Fields = std::map<std::string, std::string>;

/// The journal's end of the socket.
class Receiver {
 public:
  explicit Receiver(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(bind(socket_.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }

  /// The next entry, taken apart as the protocol's description says.
  [[nodiscard]] Fields Next() const {
    std::string entry(65536, '\0');
    const ssize_t size = recv(socket_.Get(), entry.data(), entry.size(), MSG_DONTWAIT);
    REQUIRE(size > 0);
    entry.resize(static_cast<std::size_t>(size));
    Fields fields;
    while (!entry.empty()) {
      const std::size_t name = entry.find('\n');
      std::uint64_t length = 0;
      REQUIRE(entry.size() > name + sizeof(length));
      std::memcpy(&length, entry.data() + name + 1, sizeof(length));
      const std::size_t value = name + 1 + sizeof(length);
      REQUIRE(entry.size() > value + length);
      REQUIRE(entry[value + length] == '\n');
      fields[entry.substr(0, name)] = entry.substr(value, length);
      entry.erase(0, value + length + 1);
    }
    return fields;
  }

 private:
  UniqueFd socket_;
};

TEST_CASE("An entry has the record as its message, and fields to look it up by") {
  const test::TemporaryFolder folder;
  const std::string path = folder.Path() / "socket";
  const Receiver receiver{path};
  Record record = test::Records({1}).front();
  record.user = "a\nPRIORITY=0";
  const Written written = Journal{path}.Write(std::vector{record});
  CHECK(written.records == 1);
  CHECK(written.error.empty());
  CHECK(receiver.Next() == Fields{{"MESSAGE", record.line.substr(0, record.line.size() - 1)},
                                  {"PRIORITY", "6"},
                                  {"SYSLOG_IDENTIFIER", "pdtt-exporter"},
                                  {"PDTT_RECORD_ID", record.id},
                                  {"PDTT_USER", record.user},
                                  {"PDTT_UID", "1000"}});
}

TEST_CASE("Without a journal nothing is done; one that was started again gets the rest") {
  const test::TemporaryFolder folder;
  const std::string path = folder.Path() / "socket";
  Journal journal{path};
  const std::vector<Record> records = test::Records({1, 2});
  CHECK(journal.Write(records).records == 0);
  CHECK_THAT(journal.Write(records).error, Catch::Contains("No such file or directory"));
  {
    const Receiver receiver{path};
    CHECK(journal.Write(records).records == 2);
  }
  CHECK_THAT(journal.Write(records).error, Catch::Contains("Connection refused"));
  std::filesystem::remove(path);
  const Receiver receiver{path};
  CHECK(journal.Write(records).records == 2);
  CHECK(receiver.Next()["PDTT_RECORD_ID"] == records[0].id);
  CHECK(receiver.Next()["PDTT_RECORD_ID"] == records[1].id);
}

TEST_CASE("A journal that does not read is an error after a while, and loses nothing") {
  const test::TemporaryFolder folder;
  const std::string path = folder.Path() / "socket";
  const Receiver receiver{path};
  Journal journal{path};
  std::vector<Record> records;
  for (std::uint16_t port = 1; port < 2000; ++port) {
    records.push_back(ToRecord(test::Finished(port), "alice", {}));
  }
  const Written written = journal.Write(records);
  CHECK(written.records < records.size());
  CHECK_THAT(written.error, Catch::Contains("Resource temporarily unavailable"));
  for (std::size_t i = 0; i < written.records; ++i) {
    CHECK(receiver.Next()["PDTT_RECORD_ID"] == records[i].id);
  }
}

}  // namespace
}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "http/response_writer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "http/http_client.h"

using pdtt::ResponseTerms;
using pdtt::ResponseWriter;

namespace {

struct Wire {
  std::vector<std::string> sends;
  bool broken = false;

  pdtt::Sink Transport() {
    return [this](std::string_view bytes) {
      sends.emplace_back(bytes);
      return !broken;
    };
  }
  [[nodiscard]] std::string All() const {
    std::string all;
    for (const std::string& send : sends) {
      all += send;
    }
    return all;
  }
  [[nodiscard]] std::string Body() const {
    const std::string all = All();
    return all.substr(all.find("\r\n\r\n") + 4);
  }
};

ResponseTerms Terms() {
  return {.deadline = ResponseWriter::Clock::now() + std::chrono::hours(1)};
}

}  // namespace

TEST_CASE("a small body leaves in one packet with its length") {
  Wire wire;
  ResponseTerms terms = Terms();
  terms.accepts_gzip = true;
  ResponseWriter writer(wire.Transport(), terms, 200, "text/html");
  CHECK(writer.Write("a"));
  CHECK(writer.Write("b"));
  CHECK(writer.Untouched());
  CHECK(writer.Finish());
  REQUIRE(wire.sends.size() == 1);
  CHECK_THAT(wire.sends[0], Catch::StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(wire.sends[0], Catch::Contains("\r\nContent-Length: 2\r\n"));
  CHECK_THAT(wire.sends[0], !Catch::Contains("Content-Encoding"));
  CHECK_THAT(wire.sends[0], Catch::EndsWith("\r\n\r\nab"));
}

TEST_CASE("a body of one piece is compressed from 1400 bytes on and keeps a length") {
  const std::size_t size = GENERATE(1399U, 1400U, 4096U);
  Wire wire;
  ResponseTerms terms = Terms();
  terms.accepts_gzip = true;
  ResponseWriter writer(wire.Transport(), terms, 200, "text/html");
  const std::string text(size, 'x');
  CHECK(writer.Write(text));
  CHECK(writer.Finish());
  CHECK_THAT(wire.All(), Catch::Contains("Content-Length: " + std::to_string(wire.Body().size())));
  CHECK((size < 1400 ? wire.Body() : pdtt::test::Gunzip(wire.Body())) == text);
}

TEST_CASE("however a large body is written, it leaves in pieces of 4 KiB") {
  const std::size_t step = GENERATE(1U, 1000U, 4096U, 4097U, 1'000'000U);
  Wire wire;
  ResponseWriter writer(wire.Transport(), Terms(), 200, "text/plain");
  const std::string text(100'000, 'x');
  for (std::size_t at = 0; at < text.size(); at += step) {
    REQUIRE(writer.Write(std::string_view(text).substr(at, step)));
  }
  CHECK(writer.Finish());
  CHECK_THAT(wire.All(), Catch::Contains("\r\nTransfer-Encoding: chunked\r\n"));
  CHECK_THAT(wire.sends[1], Catch::StartsWith("1000\r\n") && Catch::EndsWith("\r\n"));
  CHECK_THAT(wire.All(), Catch::EndsWith("\r\n0\r\n\r\n"));
  CHECK(wire.sends.size() == 25);
}

TEST_CASE("an HTTP/1.0 client gets a large body unframed") {
  Wire wire;
  ResponseTerms terms = Terms();
  terms.http_1_0 = true;
  ResponseWriter writer(wire.Transport(), terms, 200, "text/plain");
  CHECK(writer.Write(std::string(100'000, 'x')));
  CHECK(writer.Finish());
  CHECK(wire.Body() == std::string(100'000, 'x'));
  CHECK_THAT(wire.All(),
             Catch::Contains("\r\nConnection: close\r\n") && !Catch::Contains("chunked"));
}

TEST_CASE("past the deadline nothing more is sent") {
  Wire wire;
  ResponseTerms terms = Terms();
  terms.deadline = ResponseWriter::Clock::now() - std::chrono::milliseconds(1);
  ResponseWriter writer(wire.Transport(), terms, 200, "text/plain");
  CHECK_FALSE(writer.Write(std::string(5000, 'x')));
  CHECK_FALSE(writer.Write("more"));
  CHECK_FALSE(writer.Finish());
  CHECK(writer.MissedDeadline());
  CHECK(wire.sends.empty());
}

TEST_CASE("after a failed send the writer refuses everything") {
  Wire wire;
  wire.broken = true;
  ResponseWriter writer(wire.Transport(), Terms(), 200, "text/plain");
  CHECK_FALSE(writer.Write(std::string(5000, 'x')));
  CHECK_FALSE(writer.Write(std::string(5000, 'x')));
  CHECK_FALSE(writer.Finish());
  CHECK_FALSE(writer.MissedDeadline());
  CHECK(wire.sends.size() == 1);
}

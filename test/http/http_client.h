// SPDX-License-Identifier: Apache-2.0
// A bare HTTP client for tests: sends any bytes and shows exactly what came back.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace pdtt::test {

struct HttpReply {
  int status = 0;                              ///< 0: no reply
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< without chunk framing, still compressed
  bool complete = false;  ///< all of the announced length, or the last chunk, arrived
  bool chunked = false;
  std::size_t largest_chunk = 0;
};

class Connection {
 public:
  /// To HOST:PORT or [IPV6]:PORT. A small receive buffer makes the server wait for the reader.
  explicit Connection(const std::string& address, int receive_buffer = 0);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Connection(Connection&&) = delete;
  Connection& operator=(Connection&&) = delete;

  /// False if the server has gone.
  bool Send(std::string_view bytes) const;

  /// Tells the server that nothing more will come.
  void FinishSending() const;

  /// Up to `size` bytes; empty when closed, reset, or after 20 s.
  [[nodiscard]] std::string Read(std::size_t size) const;
  [[nodiscard]] std::string ReadUntilClosed() const;

  /// Reads one reply and leaves the connection usable for the next.
  [[nodiscard]] HttpReply ReadReply(bool head = false);

 private:
  bool Fill();
  std::string TakeLine();
  std::string TakeBytes(std::size_t size);

  int fd_;
  std::string buffer_;
};

/// One request on its own connection; `headers` are whole lines ending in \r\n.
[[nodiscard]] HttpReply Fetch(const std::string& address, const std::string& path,
                              const std::string& headers = "", const std::string& method = "GET");

/// The text of a gzip stream; throws if it is damaged or cut.
[[nodiscard]] std::string Gunzip(std::string_view compressed);

}  // namespace pdtt::test

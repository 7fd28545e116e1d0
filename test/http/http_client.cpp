// SPDX-License-Identifier: Apache-2.0
#include "http/http_client.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace pdtt::test {
namespace {

int Connect(const std::string& address, int receive_buffer) {
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    throw std::runtime_error("not an address: " + address);
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  const timeval timeout{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  const int result = connect(fd, found->ai_addr, found->ai_addrlen);
  const int error = errno;
  freeaddrinfo(found);
  if (result != 0) {
    close(fd);
    throw std::system_error(error, std::system_category(), "connect to " + address);
  }
  return fd;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

Connection::Connection(const std::string& address, int receive_buffer)
    : fd_(Connect(address, receive_buffer)) {}

Connection::~Connection() {
  close(fd_);
}

bool Connection::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Connection::FinishSending() const {
  shutdown(fd_, SHUT_WR);
}

std::string Connection::Read(std::size_t size) const {
  std::string bytes(size, '\0');
  const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::string Connection::ReadUntilClosed() const {
  std::string all;
  for (std::string piece = Read(65536); !piece.empty(); piece = Read(65536)) {
    all += piece;
  }
  return all;
}

bool Connection::Fill() {
  const std::string more = Read(65536);
  buffer_ += more;
  return !more.empty();
}

std::string Connection::TakeLine() {
  std::size_t end = buffer_.find("\r\n");
  while (end == std::string::npos) {
    if (!Fill()) {
      return {};
    }
    end = buffer_.find("\r\n");
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string Connection::TakeBytes(std::size_t size) {
  while (buffer_.size() < size && Fill()) {
  }
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, bytes.size());
  return bytes;
}

HttpReply Connection::ReadReply(bool head) {
  HttpReply reply;
  const std::string status_line = TakeLine();
  if (status_line.compare(0, 9, "HTTP/1.1 ") != 0) {
    return reply;
  }
  reply.status = std::stoi(status_line.substr(9));
  for (std::string line = TakeLine(); !line.empty(); line = TakeLine()) {
    const auto colon = line.find(": ");
    reply.headers[Lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  reply.chunked = reply.headers.count("transfer-encoding") != 0;
  if (head) {
    reply.complete = true;
  } else if (reply.chunked) {
    for (std::string line = TakeLine(); !line.empty(); line = TakeLine()) {
      const std::size_t size = std::stoul(line, nullptr, 16);
      const std::string chunk = TakeBytes(size);
      const bool whole = chunk.size() == size && TakeBytes(2) == "\r\n";
      reply.body += chunk;
      reply.largest_chunk = std::max(reply.largest_chunk, size);
      if (size == 0 || !whole) {
        reply.complete = size == 0 && whole;
        break;
      }
    }
  } else if (reply.headers.count("content-length") != 0) {
    const std::size_t size = std::stoul(reply.headers["content-length"]);
    reply.body = TakeBytes(size);
    reply.complete = reply.body.size() == size;
  } else {
    reply.body = TakeBytes(SIZE_MAX);
    reply.complete = true;
  }
  return reply;
}

HttpReply Fetch(const std::string& address, const std::string& path, const std::string& headers,
                const std::string& method) {
  Connection connection(address);
  connection.Send(method + " " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" +
                  headers + "\r\n");
  return connection.ReadReply(method == "HEAD");
}

std::string Gunzip(std::string_view compressed) {
  z_stream stream{};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  inflateInit2(&stream, kGzipOnly);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string text;
  std::array<char, 65536> piece{};
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(piece.data(), piece.size() - stream.avail_out);
  }
  const bool all_used = stream.avail_in == 0;
  inflateEnd(&stream);
  if (result != Z_STREAM_END || !all_used) {
    throw std::runtime_error("damaged gzip stream");
  }
  return text;
}

}  // namespace pdtt::test

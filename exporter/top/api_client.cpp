// SPDX-License-Identifier: Apache-2.0
#include "top/api_client.h"

#include <curl/curl.h>

#include <array>
#include <new>

#include "top/api_problem.h"
#include "top/password_file.h"

namespace pdtt::top {
namespace {

// A thousand times what an exporter with full tables answers is no exporter.
constexpr std::size_t kLongestBody = std::size_t{16} * 1024 * 1024;
constexpr long kConnectSeconds = 5;
constexpr long kSeconds = 15;

struct HandleCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

std::size_t Append(const char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > kLongestBody) {
    return 0;
  }
  body.append(data, size * count);
  return size * count;
}

int StopIfAsked(void* token, curl_off_t /*total*/, curl_off_t /*now*/, curl_off_t /*up_total*/,
                curl_off_t /*up_now*/) {
  return static_cast<const std::stop_token*>(token)->stop_requested() ? 1 : 0;
}

}  // namespace

class ApiClient::Transfer {
 public:
  explicit Transfer(const TopOptions& options) : url_(options.url) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      throw std::runtime_error("the HTTP library does not start");
    }
    handle_.reset(curl_easy_init());
    if (!handle_) {
      throw std::bad_alloc();
    }
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_FOLLOWLOCATION, 0L);  // the password is for this address only
    Set(CURLOPT_PROXY, "");
    Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    Set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    Set(CURLOPT_TIMEOUT, kSeconds);
    Set(CURLOPT_ACCEPT_ENCODING, "gzip");
    Set(CURLOPT_USERAGENT, "pdtt-exporter-top");
    Set(CURLOPT_WRITEFUNCTION, Append);
    Set(CURLOPT_ERRORBUFFER, detail_.data());
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_XFERINFOFUNCTION, StopIfAsked);
    SetIdentity(options);
  }

  ~Transfer() {
    handle_.reset();
    curl_global_cleanup();
  }

  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  Transfer(Transfer&&) = delete;
  Transfer& operator=(Transfer&&) = delete;

  [[nodiscard]] std::string Get(std::string_view path, const std::stop_token& stop) {
    std::string body;
    const std::string address = url_ + std::string(path);
    Set(CURLOPT_URL, address.c_str());
    Set(CURLOPT_WRITEDATA, &body);
    Set(CURLOPT_XFERINFODATA, &stop);
    detail_.front() = '\0';
    const CURLcode code = curl_easy_perform(handle_.get());
    if (code != CURLE_OK) {
      long os_error = 0;
      curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &os_error);
      throw ProblemOf({code, static_cast<int>(os_error), detail_.data()}, url_);
    }
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
      throw ProblemOfStatus(status, url_, path, body);
    }
    return body;
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    // Fails for what this libcurl was built without: then nothing below can be relied on.
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) {
      throw std::runtime_error("the HTTP library lacks something it needs");
    }
  }

  void SetIdentity(const TopOptions& options) {
    if (options.ca_file) {
      Set(CURLOPT_CAINFO, options.ca_file->c_str());
      Set(CURLOPT_CAPATH, nullptr);
    }
    if (options.cert_file) {
      Set(CURLOPT_SSLCERT, options.cert_file->c_str());
      Set(CURLOPT_SSLKEY, options.key_file->c_str());
    }
    if (options.user) {
      Set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
      Set(CURLOPT_USERNAME, options.user->c_str());
      Set(CURLOPT_PASSWORD, ReadPasswordFile(*options.password_file).c_str());
    }
  }

  std::string url_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  std::unique_ptr<CURL, HandleCloser> handle_;
};

ApiClient::ApiClient(const TopOptions& options) : transfer_(std::make_unique<Transfer>(options)) {}

ApiClient::~ApiClient() = default;

Bodies ApiClient::Fetch(const std::stop_token& stop) {
  Bodies bodies;
  bodies.status = transfer_->Get(kStatusPath, stop);
  bodies.users = transfer_->Get(kUsersPath, stop);
  bodies.connections = transfer_->Get(kConnectionsPath, stop);
  return bodies;
}

Reading ReadingOf(const Bodies& bodies, std::string_view url) {
  try {
    return ParseReading(bodies);
  } catch (const BadAnswer& e) {
    throw ApiProblem(std::string(url) + ": not the exporter's API: " + e.what() +
                     "; is this its address, and as new as this program?");
  }
}

}  // namespace pdtt::top

// SPDX-License-Identifier: Apache-2.0
#include "top/api_problem.h"

#include <curl/curl.h>

#include <cerrno>
#include <system_error>

#include "config/values.h"
#include "top/api_reading.h"

namespace pdtt::top {
namespace {

bool IsTls(std::string_view url) {
  return url.starts_with("https://");
}

std::string ConnectText(int error) {
  switch (error) {
    case EPERM:
      return "this user may not connect; ask for it to be added to web.local_users";
    case EACCES:
      return "this host does not let the connection out; ask its administrator";
    case ECONNREFUSED:
      return "nothing listens there; is the exporter running, and is this its web.listen address?";
    case 0:
      return "no connection; is this its web.listen address?";
    default:
      return std::system_category().message(error) + "; is this its web.listen address?";
  }
}

std::string CutOffText(std::string_view url) {
  return std::string("the connection was cut off; ") +
         (IsTls(url) ? "is this a TLS port? Else use http://."
                     : "if the exporter serves TLS, use https://.") +
         " It also cuts off who is not in web.allow";
}

std::string TransferText(const TransferFailure& failure, std::string_view url) {
  const std::string detail = Printable(failure.detail);
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the name of the host is not known; is it spelt right?";
    case CURLE_COULDNT_CONNECT:
      return ConnectText(failure.os_error);
    case CURLE_OPERATION_TIMEDOUT:
      return "no answer in time; is the way there open, and the exporter not overloaded?";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      // An alert of TLS comes this late when the server misses a certificate.
      return CutOffText(url) + (IsTls(url) ? ", or who brings no certificate it trusts (" + detail +
                                                 "; --cert-file, --key-file)"
                                           : "");
    case CURLE_PEER_FAILED_VERIFICATION:
      return "its certificate is not trusted for this address (" + detail +
             "); name its CA with --ca-file, and the host as the certificate does";
    case CURLE_SSL_CACERT_BADFILE:
      return "the CA file can't be used (" + detail + "); --ca-file takes PEM";
    case CURLE_SSL_CERTPROBLEM:
      return "the client certificate or its key can't be used (" + detail +
             "); --cert-file and --key-file take PEM";
    case CURLE_SSL_CONNECT_ERROR:
      return "no TLS connection (" + detail + "); does it serve TLS there, else use http://";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
      return "what answers there does not speak HTTP; is this the exporter's address?";
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_WRITE_ERROR:
      return "the answer is too long to be the exporter's; is this its address?";
    default:
      return detail.empty() ? curl_easy_strerror(static_cast<CURLcode>(failure.code)) : detail;
  }
}

}  // namespace

ApiProblem ProblemOf(const TransferFailure& failure, std::string_view url) {
  return ApiProblem(std::string(url) + ": " + TransferText(failure, url));
}

ApiProblem ProblemOfStatus(long status, std::string_view url, std::string_view path,
                           std::string_view body) {
  const std::string prefix = std::string(url) + ": ";
  const std::string error = Printable(ErrorText(body));
  switch (status) {
    case 401:
      return ApiProblem(prefix +
                        "it wants a user and password, or these are wrong (401); give --user and "
                        "--password-file");
    case 403:
      return ApiProblem(prefix + "it refuses this client (403); see web.allow");
    case 404:
      return ApiProblem(prefix + "there is no " + std::string(path) +
                        " (404); is this an exporter that has the API?");
    case 429:
      return ApiProblem(prefix + "too many requests (429); look less often with --interval");
    case 503:
      if (!error.empty()) {
        return ApiProblem(prefix + error + "; try again in a moment", ApiProblem::Kind::kStarting);
      }
      [[fallthrough]];
    default:
      return ApiProblem(prefix + std::string(path) + " answered " + std::to_string(status) +
                        (error.empty() ? "" : " (" + error + ")") +
                        "; is this the exporter's address?");
  }
}

}  // namespace pdtt::top

// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <stdexcept>
#include <utility>

#include "http/accept_encoding.h"
#include "http/access_list.h"
#include "http/gate.h"
#include "http/listen_address.h"
#include "http/response_writer.h"
#include "http/server_log.h"

namespace pdtt {
namespace {

// A worker serves one connection at a time, so this is also how many clients are served at once.
constexpr unsigned kFewestWorkers = 48;
// More workers than requests: somebody must tell those who come too many.
constexpr unsigned kSpareWorkers = 8;
constexpr int kQueuedConnections = 128;
// Long enough for a page's next request, too short for idle clients to hold many workers.
constexpr int kKeepAliveMs = 1000;
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

// The distribution's shared library ends the process at its first TLS handshake.
#ifdef PDTT_CIVETWEB_TLS
constexpr bool kHasTls = true;
#else
constexpr bool kHasTls = false;
#endif

bool HasIpv6() {
  return mg_check_feature(MG_FEATURES_IPV6) != 0;
}

class CivetwebLibrary {
 public:
  CivetwebLibrary() { mg_init_library(MG_FEATURES_DEFAULT); }
  ~CivetwebLibrary() { mg_exit_library(); }
  CivetwebLibrary(const CivetwebLibrary&) = delete;
  CivetwebLibrary& operator=(const CivetwebLibrary&) = delete;
  CivetwebLibrary(CivetwebLibrary&&) = delete;
  CivetwebLibrary& operator=(CivetwebLibrary&&) = delete;
};

/// One of the requests that are being answered.
class RequestCount {
 public:
  explicit RequestCount(std::atomic<unsigned>& requests) : requests_(requests), now_(++requests) {}
  ~RequestCount() { --requests_; }
  RequestCount(const RequestCount&) = delete;
  RequestCount& operator=(const RequestCount&) = delete;
  RequestCount(RequestCount&&) = delete;
  RequestCount& operator=(RequestCount&&) = delete;

  [[nodiscard]] unsigned Now() const { return now_; }

 private:
  std::atomic<unsigned>& requests_;
  unsigned now_;
};

struct ContextStopper {
  void operator()(mg_context* context) const { mg_stop(context); }
};

/// All values of a header that may come several times, as one list.
std::string HeaderList(const mg_request_info& request, std::string_view name) {
  std::string list;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  for (int i = 0; i < request.num_headers; ++i) {
    const mg_header& header = request.http_headers[i];
    const std::string_view other = header.name;
    if (std::equal(name.begin(), name.end(), other.begin(), other.end(),
                   [lower](char a, char b) { return lower(a) == lower(b); })) {
      list += (list.empty() ? "" : ",") + std::string(header.value);
    }
  }
  return list;
}

bool KeepsAlive(const mg_connection* connection, const mg_request_info& request) {
  // A request with a body is answered and cut off. No route wants one, reading it could take
  // for ever, and two servers may disagree about where it ends.
  if (std::string_view(request.http_version) != "1.1" ||
      mg_get_header(connection, "Content-Length") != nullptr ||
      mg_get_header(connection, "Transfer-Encoding") != nullptr) {
    return false;
  }
  const char* wish = mg_get_header(connection, "Connection");
  return wish == nullptr || std::string_view(wish) == "keep-alive";
}

bool HasCurrentTls(const mg_connection* connection, const HttpSecurity& security) {
  return !security.tls || reinterpret_cast<std::uintptr_t>(
                              mg_get_user_connection_data(connection)) == security.tls->Id();
}

Sink TransportOf(mg_connection* connection) {
  return [connection](std::string_view bytes) {
    return mg_write(connection, bytes.data(), bytes.size()) == static_cast<int>(bytes.size());
  };
}

std::vector<ListenAddress> CheckedAddresses(const std::vector<std::string>& texts) {
  std::vector<ListenAddress> addresses;
  for (const std::string& text : texts) {
    addresses.push_back(ParseListenAddress(text));
    if (addresses.back().ipv6 && !HasIpv6()) {
      throw std::runtime_error("cannot listen on " + text +
                               ": this build's HTTP library has no IPv6 support");
    }
  }
  if (addresses.empty()) {
    throw std::runtime_error("no address to listen on; give one with --web.listen-address");
  }
  CheckListenable(addresses);
  return addresses;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpOptions options, std::vector<HttpRoute> routes);

  [[nodiscard]] std::vector<std::string> ListenAddresses() const;

 private:
  void Start();
  int Handle(mg_connection* connection);
  int RespondLimited(mg_connection* connection, const ResponseTerms& terms, const HttpRoute& route);
  int Respond(mg_connection* connection, const ResponseTerms& terms, const HttpRoute& route);
  int SendText(mg_connection* connection, const ResponseTerms& terms, int status,
               std::string_view text, const HttpHeaders& headers = {});
  [[nodiscard]] std::shared_ptr<const HttpSecurity> Security() const;
  [[nodiscard]] std::shared_ptr<const TlsContext> ChooseTls(mg_connection* connection) const;
  void Complete(mg_connection* connection, ResponseWriter& writer);
  void LogException(mg_connection* connection, std::string_view what);

  static int OnRequest(mg_connection* connection);
  static int OnHttpError(mg_connection* connection, int status, const char* message);
  static int OnLogMessage(const mg_connection* connection, const char* message);
  static int OnSslContext(void** context, void* self);

  HttpOptions options_;
  std::vector<HttpRoute> routes_;
  std::vector<ListenAddress> addresses_;
  ServerLog log_;
  std::atomic<unsigned> requests_{0};
  Gate gate_;
  TlsListener tls_;
  CivetwebLibrary library_;
  // Last, so that no worker is left when the others go.
  std::unique_ptr<mg_context, ContextStopper> context_;
};

HttpServer::Impl::Impl(HttpOptions options, std::vector<HttpRoute> routes)
    : options_(std::move(options)),
      routes_(std::move(routes)),
      addresses_(CheckedAddresses(options_.listen)),
      log_(options_.log_error),
      tls_(
          [this](void* connection) { return ChooseTls(static_cast<mg_connection*>(connection)); }) {
  if (options_.tls && !kHasTls) {
    throw std::runtime_error("this build's HTTP library can't do TLS; remove tls_server_config");
  }
  Start();
}

void HttpServer::Impl::Start() {
  std::string listen;
  for (const ListenAddress& address : addresses_) {
    listen += (listen.empty() ? "" : ",") + ToString(address) + (options_.tls ? "s" : "");
  }
  const std::vector<std::pair<const char*, std::string>> settings = {
      {"listening_ports", listen},
      {"access_control_list", AccessControlList(options_.allow, HasIpv6())},
      {"num_threads",
       std::to_string(std::max(kFewestWorkers, options_.max_requests + kSpareWorkers))},
      {"connection_queue", std::to_string(kQueuedConnections)},
      {"request_timeout_ms", std::to_string(options_.header_deadline.count())},
      {"enable_keep_alive", "yes"},
      {"keep_alive_timeout_ms", std::to_string(kKeepAliveMs)},
      {"tcp_nodelay", "1"},
      // A server has many names: an absolute request target may use any of them.
      {"enable_auth_domain_check", "no"},
      // Decoding would make /metrics%00 and /%6detrics look like /metrics.
      {"decode_url", "no"}};
  std::vector<const char*> list;
  for (const auto& [name, value] : settings) {
    list.insert(list.end(), {name, value.c_str()});
  }
  list.push_back(nullptr);

  mg_callbacks callbacks{};
  callbacks.begin_request = OnRequest;
  callbacks.http_error = OnHttpError;
  callbacks.log_message = OnLogMessage;
  callbacks.external_ssl_ctx = OnSslContext;
  context_.reset(mg_start(&callbacks, this, list.data()));
  if (!context_) {
    throw std::runtime_error("cannot start the HTTP server on " + listen + ": " + log_.Kept());
  }
  log_.Open();
}

std::vector<std::string> HttpServer::Impl::ListenAddresses() const {
  std::vector<mg_server_port> ports(addresses_.size());
  const int count =
      mg_get_server_ports(context_.get(), static_cast<int>(ports.size()), ports.data());
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    ListenAddress address = addresses_[index];
    address.port = static_cast<std::uint16_t>(ports[index].port);
    result.push_back(ToString(address));
  }
  return result;
}

int HttpServer::Impl::Handle(mg_connection* connection) {
  const mg_request_info& request = *mg_get_request_info(connection);
  const std::string_view method = request.request_method;
  const std::shared_ptr<const HttpSecurity> security = Security();
  ResponseTerms terms{.http_1_0 = std::string_view(request.http_version) == "1.0",
                      .head = method == "HEAD",
                      .accepts_gzip = AcceptsGzip(HeaderList(request, "Accept-Encoding")),
                      .keep_alive = KeepsAlive(connection, request),
                      .deadline = ResponseWriter::Clock::now() + options_.response_deadline,
                      .headers = security ? &security->headers : nullptr};
  const auto denial = gate_.Check(security.get(), HeaderList(request, "Authorization"));
  // Whoever is refused starts anew, and so does a connection whose TLS is no longer in force.
  terms.keep_alive = terms.keep_alive && !denial && HasCurrentTls(connection, *security);
  if (!terms.keep_alive) {
    mg_disable_connection_keep_alive(connection);
  }
  if (denial) {
    return SendText(connection, terms, denial->status, denial->text, denial->headers);
  }
  const std::string_view path = request.local_uri_raw;
  const auto route = std::find_if(routes_.begin(), routes_.end(),
                                  [path](const HttpRoute& r) { return r.path == path; });
  if (route == routes_.end()) {
    return SendText(connection, terms, 404, "not found\n");
  }
  if (method != "GET" && method != "HEAD") {
    return SendText(connection, terms, 405, "only GET and HEAD are allowed\n",
                    {{"Allow", "GET, HEAD"}});
  }
  return route->unlimited ? Respond(connection, terms, *route)
                          : RespondLimited(connection, terms, *route);
}

int HttpServer::Impl::RespondLimited(mg_connection* connection, const ResponseTerms& terms,
                                     const HttpRoute& route) {
  const RequestCount count{requests_};
  if (options_.max_requests == 0 || count.Now() <= options_.max_requests) {
    return Respond(connection, terms, route);
  }
  return SendText(connection, terms, 503,
                  "too many requests at the same time; see --web.max-requests\n",
                  {{"Retry-After", "1"}});
}

int HttpServer::Impl::Respond(mg_connection* connection, const ResponseTerms& terms,
                              const HttpRoute& route) {
  bool untouched = true;  // nothing has left yet, so it can still become a 500
  try {
    const HttpRequest request{.accept = HeaderList(*mg_get_request_info(connection), "Accept")};
    const HttpResponse response = route.respond(request);
    ResponseWriter writer(TransportOf(connection), terms, response.status, response.content_type);
    for (const auto& [name, value] : response.headers) {
      writer.AddHeader(name, value);
    }
    try {
      if (!terms.head && response.body) {
        response.body([&writer](std::string_view piece) { return writer.Write(piece); });
      }
      Complete(connection, writer);
      return response.status;
    } catch (...) {
      untouched = writer.Untouched();
      throw;
    }
  } catch (const std::exception& error) {
    LogException(connection, error.what());
  } catch (...) {
    LogException(connection, "unknown exception");
  }
  if (untouched) {
    return SendText(connection, terms, 500, "internal error; see the exporter's log\n");
  }
  // The end of the body is missing, and the client must be able to tell.
  mg_disable_connection_keep_alive(connection);
  return 500;
}

int HttpServer::Impl::SendText(mg_connection* connection, const ResponseTerms& terms, int status,
                               std::string_view text, const HttpHeaders& headers) {
  ResponseWriter writer(TransportOf(connection), terms, status, kPlainText);
  for (const auto& [name, value] : headers) {
    writer.AddHeader(name, value);
  }
  writer.Write(text);
  Complete(connection, writer);
  return status;
}

void HttpServer::Impl::Complete(mg_connection* connection, ResponseWriter& writer) {
  if (writer.Finish()) {
    return;
  }
  mg_disable_connection_keep_alive(connection);
  if (writer.MissedDeadline()) {
    log_.Add(std::string(mg_get_request_info(connection)->remote_addr) +
             " took too long to read a response and was cut off");
  }
}

void HttpServer::Impl::LogException(mg_connection* connection, std::string_view what) {
  log_.Add("error in " + std::string(mg_get_request_info(connection)->local_uri_raw) + ": " +
           std::string(what));
}

std::shared_ptr<const HttpSecurity> HttpServer::Impl::Security() const {
  return options_.security ? options_.security() : std::make_shared<const HttpSecurity>();
}

std::shared_ptr<const TlsContext> HttpServer::Impl::ChooseTls(mg_connection* connection) const {
  const std::shared_ptr<const HttpSecurity> security = Security();
  if (!security || !security->tls) {
    return nullptr;
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a number in the place that there is for a pointer
  mg_set_user_connection_data(connection, reinterpret_cast<void*>(security->tls->Id()));
  return security->tls;
}

// civetweb's frames don't unwind: nothing may leave the callbacks below.

int HttpServer::Impl::OnRequest(mg_connection* connection) {
  try {
    auto* self = static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)));
    return self->Handle(connection);
  } catch (...) {
    mg_disable_connection_keep_alive(connection);
    return 500;
  }
}

int HttpServer::Impl::OnHttpError(mg_connection* connection, int status, const char* message) {
  try {
    auto* self = static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)));
    mg_disable_connection_keep_alive(connection);
    const std::shared_ptr<const HttpSecurity> security = self->Security();
    const ResponseTerms terms{
        .deadline = ResponseWriter::Clock::now() + self->options_.response_deadline,
        .headers = security ? &security->headers : nullptr};
    self->SendText(connection, terms, status, std::string(message) + "\n");
  } catch (...) {
    mg_disable_connection_keep_alive(connection);
  }
  return 0;
}

int HttpServer::Impl::OnLogMessage(const mg_connection* connection, const char* message) {
  try {
    static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)))->log_.Add(message);
  } catch (...) {
    return 1;  // a log that fails has nowhere to say so
  }
  return 1;
}

// Called at the start and, for its release, at the end: the context stays ours.
int HttpServer::Impl::OnSslContext(void** context, void* self) {
  *context = static_cast<Impl*>(self)->tls_.Handle();
  return 1;
}

HttpServer::HttpServer(HttpOptions options, std::vector<HttpRoute> routes)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(routes))) {}

HttpServer::~HttpServer() = default;

std::vector<std::string> HttpServer::ListenAddresses() const {
  return impl_->ListenAddresses();
}

}  // namespace pdtt

#ifdef __SANITIZE_THREAD__
// civetweb sets its stop flag by compare-and-swap, but fetches the value to compare with plainly.
extern "C" const char* __tsan_default_suppressions() {
  return "race:STOP_FLAG_ASSIGN\n";
}
#endif

// SPDX-License-Identifier: Apache-2.0
// TLS for the HTTP server. OpenSSL ends here, but for digests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/web_security.h"

struct ssl_ctx_st;
struct ssl_st;

namespace pdtt {

/// PEM text, and what to call it in an error.
struct Pem {
  std::string text;
  std::string name;
};

struct TlsOptions {
  Pem certificate;  ///< the server's first, then those that lead to its CA
  Pem key;
  Pem client_ca;  ///< unused where the terms verify no clients
  TlsTerms terms;
};

/// Certificate, key and terms at one time. Immutable, thread-safe.
class TlsContext {
 public:
  /// Throws std::runtime_error if they are unusable, or don't belong together.
  explicit TlsContext(const TlsOptions& options);

  /// Different for each context ever made.
  [[nodiscard]] std::uintptr_t Id() const { return id_; }

  /// What works, but should not stay.
  [[nodiscard]] const std::vector<std::string>& Warnings() const { return warnings_; }

 private:
  friend class TlsListener;

  void UsePair(const Pem& certificate, const Pem& key);
  void UseTerms(const TlsOptions& options);

  std::uintptr_t id_;
  std::shared_ptr<ssl_ctx_st> context_;
  TlsTerms terms_;
  std::vector<std::string> warnings_;
};

/// What the HTTP library begins each connection with. The context in force is asked for when a
/// client speaks: so it can change at any time, and where there is none nobody gets in.
class TlsListener {
 public:
  /// `connection` is the HTTP library's. Runs on worker threads; may throw, which refuses.
  using Choose = std::function<std::shared_ptr<const TlsContext>(void* connection)>;

  explicit TlsListener(Choose choose);

  /// An SSL_CTX.
  [[nodiscard]] void* Handle() const { return base_.get(); }

 private:
  static int OnClientHello(ssl_st* ssl, int* alert, void* self);

  Choose choose_;
  std::shared_ptr<ssl_ctx_st> base_;
};

}  // namespace pdtt

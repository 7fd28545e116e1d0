// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <atomic>
#include <ctime>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "http/subject_names.h"

namespace pdtt {
namespace {

// Forward secrecy and authenticated encryption; without the latter where clients are that old.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kOldCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES";
constexpr const char* kGroups = "X25519:P-256:P-384:P-521";

constexpr std::uint64_t kOptions = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_TICKET | SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE;

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;
using Certificate = std::unique_ptr<X509, CertificateDeleter>;
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;

/// The oldest of OpenSSL's errors, which is nearest to the cause; the others are forgotten.
std::string Reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "no reason known";
}

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what + " (" + Reason() + ")");
}

void Require(long result, const std::string& what) {
  if (result != 1) {
    Fail(what);
  }
}

Bio Open(const Pem& pem) {
  return Bio(BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size())));
}

/// Never asks at a terminal: there is nobody.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
  return -1;
}

/// All certificates of a text; none left over that could not be read.
std::vector<Certificate> ReadCertificates(const Pem& pem) {
  const Bio bio = Open(pem);
  std::vector<Certificate> certificates;
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  const unsigned long error = ERR_peek_last_error();
  if (certificates.empty() || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    Fail(pem.name + ": not a certificate in PEM");
  }
  ERR_clear_error();
  return certificates;
}

Key ReadKey(const Pem& pem) {
  const Bio bio = Open(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!key) {
    Fail(pem.name + ": not a private key in PEM without passphrase");
  }
  return key;
}

int ToOpenSsl(TlsVersion version) {
  constexpr std::array kVersions = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kVersions.at(static_cast<std::size_t>(version));
}

int VerifyMode(ClientAuth auth) {
  switch (auth) {
    case ClientAuth::kNone:
      return SSL_VERIFY_NONE;
    case ClientAuth::kRequest:
    case ClientAuth::kVerifyIfGiven:
      return SSL_VERIFY_PEER;
    case ClientAuth::kRequireAny:
    case ClientAuth::kRequireAndVerify:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

bool Verifies(ClientAuth auth) {
  return auth == ClientAuth::kVerifyIfGiven || auth == ClientAuth::kRequireAndVerify;
}

std::string Joined(const std::vector<std::string>& parts, const char* otherwise) {
  std::string joined;
  for (const std::string& part : parts) {
    joined += (joined.empty() ? "" : ":") + part;
  }
  return joined.empty() ? otherwise : joined;
}

/// Where an SSL_CTX keeps its own copy of the terms: a handshake may outlive the TlsContext.
int TermsIndex() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void* /*parent*/, void* terms, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*argument*/,
         void* /*pointer*/) { delete static_cast<TlsTerms*>(terms); });
  return index;
}

/// Decides about a client's certificate. Called by OpenSSL.
int OnClientCertificate(X509_STORE_CTX* store, void* /*argument*/) {
  try {
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* terms =
        static_cast<const TlsTerms*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), TermsIndex()));
    if (Verifies(terms->client_auth) && X509_verify_cert(store) != 1) {
      return 0;
    }
    if (!terms->client_allowed_sans.empty() &&
        !HasSubjectName(X509_STORE_CTX_get0_cert(store), terms->client_allowed_sans)) {
      X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
      return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  } catch (...) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
    return 0;
  }
}

std::shared_ptr<SSL_CTX> NewContext() {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) {
    Fail("TLS can't be started");
  }
  SSL_CTX_set_options(context.get(), kOptions);
  // A resumed session would skip what has changed since: users' certificates are checked anew.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

std::uintptr_t NextId() {
  static std::atomic<std::uintptr_t> last{0};
  return ++last;
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options)
    : id_(NextId()), context_(NewContext()), terms_(options.terms) {
  ERR_clear_error();
  UseTerms(options);
  UsePair(options.certificate, options.key);
}

void TlsContext::UsePair(const Pem& certificate, const Pem& key) {
  const std::vector<Certificate> chain = ReadCertificates(certificate);
  X509* const own = chain.front().get();
  Require(SSL_CTX_use_certificate(context_.get(), own), certificate.name + ": not usable");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    Require(SSL_CTX_add1_chain_cert(context_.get(), chain[i].get()),
            certificate.name + ": not usable");
  }
  const Key private_key = ReadKey(key);
  if (X509_check_private_key(own, private_key.get()) != 1) {
    Fail(key.name + ": the key is not the certificate's");
  }
  Require(SSL_CTX_use_PrivateKey(context_.get(), private_key.get()), key.name + ": not usable");
  if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0) {
    warnings_.push_back(certificate.name + ": the certificate has expired");
  }
  if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0) {
    warnings_.push_back(certificate.name + ": the certificate is not valid yet");
  }
}

void TlsContext::UseTerms(const TlsOptions& options) {
  SSL_CTX* const context = context_.get();
  const bool old = terms_.min_version < TlsVersion::k12;
  if (old) {
    // OpenSSL 3 calls the signatures of those versions insecure, which they are.
    SSL_CTX_set_security_level(context, 0);
    warnings_.emplace_back("min_version allows TLS 1.0 or 1.1, which are broken");
  }
  const std::string ciphers = Joined(terms_.ciphers, old ? kOldCiphers : kCiphers);
  Require(SSL_CTX_set_cipher_list(context, ciphers.c_str()), "cipher_suites: not usable");
  SSL_CTX_set_cert_verify_callback(context, OnClientCertificate, nullptr);
  SSL_CTX_set_ex_data(context, TermsIndex(), std::make_unique<TlsTerms>(terms_).release());
  if (terms_.client_auth == ClientAuth::kRequireAny && !terms_.client_allowed_sans.empty()) {
    warnings_.emplace_back(
        "client_allowed_sans proves nothing with RequireAnyClientCert: everybody can make such a "
        "certificate");
  }
  if (!Verifies(terms_.client_auth)) {
    return;
  }
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  // A CA in the file is trusted even if another one has signed it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  for (const Certificate& ca : ReadCertificates(options.client_ca)) {
    Require(X509_STORE_add_cert(store, ca.get()), options.client_ca.name + ": not usable");
    Require(SSL_CTX_add_client_CA(context, ca.get()), options.client_ca.name + ": not usable");
  }
}

TlsListener::TlsListener(Choose choose) : choose_(std::move(choose)), base_(NewContext()) {
  // What is spoken is decided per connection, between these.
  SSL_CTX_set_min_proto_version(base_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(base_.get(), TLS1_3_VERSION);
  SSL_CTX_set_client_hello_cb(base_.get(), OnClientHello, this);
}

int TlsListener::OnClientHello(SSL* ssl, int* alert, void* self) {
  *alert = SSL_AD_INTERNAL_ERROR;
  try {
    const auto chosen = static_cast<TlsListener*>(self)->choose_(SSL_get_app_data(ssl));
    if (!chosen || SSL_set_SSL_CTX(ssl, chosen->context_.get()) == nullptr) {
      return SSL_CLIENT_HELLO_ERROR;
    }
    // A connection has copied these from the context that it began with.
    const TlsTerms& terms = chosen->terms_;
    const std::string groups = Joined(terms.groups, kGroups);
    if (SSL_set_min_proto_version(ssl, ToOpenSsl(terms.min_version)) != 1 ||
        SSL_set_max_proto_version(ssl, ToOpenSsl(terms.max_version)) != 1 ||
        SSL_set1_groups_list(ssl, groups.c_str()) != 1) {
      return SSL_CLIENT_HELLO_ERROR;
    }
    if (terms.prefer_server_ciphers) {
      SSL_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    } else {
      SSL_clear_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    SSL_set_verify(ssl, VerifyMode(terms.client_auth), nullptr);
    return SSL_CLIENT_HELLO_SUCCESS;
  } catch (...) {
    return SSL_CLIENT_HELLO_ERROR;
  }
}

}  // namespace pdtt

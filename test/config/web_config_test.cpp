// SPDX-License-Identifier: Apache-2.0
#include "config/web_config.h"

#include <catch2/catch.hpp>
#include <string>
#include <system_error>
#include <tuple>

#include "config_file.h"

namespace pdtt {
namespace {

using test::TemporaryDirectory;

constexpr const char* kHash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
constexpr const char* kPair = "cert_file: a.crt, key_file: a.key";

WebConfig LoadWeb(std::string_view yaml) {
  const TemporaryDirectory directory;
  return LoadWebConfig(directory.Write("web.yml", yaml));
}

/// The error as "LINE:COLUMN: what is wrong; remedy", or "accepted".
std::string WebError(std::string_view yaml) {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.Write("web.yml", yaml);
  try {
    static_cast<void>(LoadWebConfig(file));
    return "accepted";
  } catch (const ConfigError& e) {
    const std::string message = e.what();
    const std::string place = file.string() + ':';
    return message.starts_with(place) ? message.substr(place.size()) : "no place: " + message;
  }
}

std::string Tls(const std::string& settings) {
  return "tls_server_config: {" + settings + "}\n";
}

std::string User(const std::string& name, const std::string& hash) {
  return "basic_auth_users:\n  " + name + ": " + hash + "\n";
}

TEST_CASE("A web configuration that says nothing protects nothing") {
  const std::string yaml =
      GENERATE("", "# nothing\n", "{}\n", "tls_server_config:\nhttp_server_config:\n",
               "basic_auth_users:\nrate_limit:\n", "basic_auth_users: {}\n",
               "http_server_config: {headers: {}, http2: false}\n",
               "rate_limit: {interval: 0, burst: 5}\n", "rate_limit: {burst: 5}\n");
  const WebConfig config = LoadWeb(yaml);
  CHECK_FALSE(config.tls);
  CHECK(config.headers.empty());
  CHECK(config.users.empty());
  CHECK_FALSE(config.rate_limit);
}

TEST_CASE("Every setting of TLS is taken over") {
  const TemporaryDirectory directory;
  const std::filesystem::path file =
      directory.Write("web.yml",
                      "tls_server_config:\n"
                      "  cert_file: server.crt\n"
                      "  key_file: /etc/keys/server.key\n"
                      "  client_auth_type: RequireAndVerifyClientCert\n"
                      "  client_ca_file: ca/clients.pem\n"
                      "  client_allowed_sans: [prometheus.example.org, 192.0.2.7]\n"
                      "  min_version: TLS11\n"
                      "  max_version: TLS12\n"
                      "  cipher_suites:\n"
                      "  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n"
                      "  - TLS_AES_128_GCM_SHA256\n"
                      "  - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n"
                      "  prefer_server_cipher_suites: false\n"
                      "  curve_preferences: [X25519, CurveP256, CurveP384, CurveP521]\n");
  const WebConfig config = LoadWebConfig(file);
  REQUIRE(config.tls);
  CHECK(config.tls->certificate.file == directory.Path() / "server.crt");
  CHECK(config.tls->certificate.place == file.string() + ":2:14: tls_server_config.cert_file");
  CHECK(config.tls->key.file == "/etc/keys/server.key");
  REQUIRE(config.tls->client_ca);
  CHECK(config.tls->client_ca->file == directory.Path() / "ca/clients.pem");
  CHECK(config.tls->terms ==
        TlsTerms{.client_auth = ClientAuth::kRequireAndVerify,
                 .client_allowed_sans = {"prometheus.example.org", "192.0.2.7"},
                 .min_version = TlsVersion::k11,
                 .max_version = TlsVersion::k12,
                 .ciphers = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
                 .prefer_server_ciphers = false,
                 .groups = {"X25519", "P-256", "P-384", "P-521"}});
  CHECK(NamedFiles(config).size() == 3);
}

TEST_CASE("TLS is 1.2 or newer unless more is asked for") {
  const WebConfig config = LoadWeb(Tls(kPair));
  REQUIRE(config.tls);
  CHECK(config.tls->terms == TlsTerms{});
  CHECK(TlsTerms{}.min_version == TlsVersion::k12);
  CHECK(TlsTerms{}.max_version == TlsVersion::k13);
}

TEST_CASE("Certificates and keys can stand in the file itself") {
  const std::string cert =
      GENERATE("cert: |\n    -----BEGIN\n    AAAA\n    -----END\n",
               "cert: \"-----BEGIN\\nAAAA\\n-----END\\n\"\n", "cert: '-----BEGIN'\n");
  const WebConfig config = LoadWeb("tls_server_config:\n  " + cert + "  key_file: a.key\n");
  REQUIRE(config.tls);
  CHECK(config.tls->certificate.file.empty());
  CHECK_THAT(config.tls->certificate.text, Catch::StartsWith("-----BEGIN"));
  if (cert.find("AAAA") != std::string::npos) {
    CHECK(config.tls->certificate.text == "-----BEGIN\nAAAA\n-----END\n");
  }
  CHECK(NamedFiles(config).size() == 1);
}

TEST_CASE("A mistake in the web configuration is named with its place and its remedy") {
  const auto [yaml, error] = GENERATE(table<std::string, std::string>({
      {"just text\n", "1:1: not a section; write keys and values, such as \"tls_server_config: "},
      {"- a\n", "1:1: not a section"},
      {"tls_server_confg: {}\n",
       "1:1: unknown key \"tls_server_confg\"; did you mean \"tls_server_config\"?"},
      {"tls_server_config:\n  cert_fil: x\n",
       "2:3: tls_server_config: unknown key \"cert_fil\"; did you mean \"cert_file\"?"},
      {"tls_server_config: nonsense\n", "1:20: tls_server_config: not a section"},
      {Tls("min_version: TLS12"), "1:20: tls_server_config: the certificate is missing"},
      {Tls("cert_file: a.crt"), "1:20: tls_server_config: the key is missing"},
      {Tls("key_file: a.key"), "1:20: tls_server_config: the certificate is missing"},
      {Tls("cert_file: '', key_file: a"), "1:32: tls_server_config.cert_file: nothing is given"},
      {Tls("cert: '', key_file: a"), "1:27: tls_server_config.cert: nothing is given"},
      {Tls("cert_file: a, key_file: ''"), "1:45: tls_server_config.key_file: nothing is given"},
      {Tls("cert_file: a, key: ''"), "1:40: tls_server_config.key: nothing is given"},
      {Tls("cert_file: a, cert: b, key_file: c"),
       "1:41: tls_server_config.cert: given as a file and as text; remove one of them"},
      {Tls("cert_file: \"a\\nb\", key_file: c"), "1:32: tls_server_config.cert_file: not a path"},
      {"basic_auth_users: [alice]\n", "1:19: basic_auth_users: not a section"},
      {User("alice", "secret"), "2:10: basic_auth_users: \"alice\": not a bcrypt hash; make one"},
      {User("'al:ice'", kHash), "2:3: basic_auth_users: \"al:ice\" is no user's name"},
      {User("''", kHash), "2:3: basic_auth_users: \"\" is no user's name"},
      {User("alice", "|\n    " + std::string(kHash)), "2:10: basic_auth_users: \"alice\": not a"},
      {"http_server_config: {http2: true}\n",
       "1:29: http_server_config.http2: the HTTP library, civetweb, has no HTTP/2"},
      {"rate_limit: {interval: 1s}\n", "1:13: rate_limit: burst is missing or 0"},
      {"rate_limit: {interval: 1s, burst: 0}\n", "1:13: rate_limit: burst is missing or 0"},
      {"rate_limit: {interval: often, burst: 1}\n", "1:24: rate_limit.interval: "},
      {"rate_limit: {interval: 1s, burst: -1}\n", "1:35: rate_limit.burst: "},
  }));
  CAPTURE(yaml);
  CHECK_THAT(WebError(yaml), Catch::StartsWith(error));
}

TEST_CASE("Settings of TLS that can't work together are refused") {
  const auto [settings, error] = GENERATE(table<std::string, std::string>({
      {"client_ca_file: ca", "client_ca_file has no effect without client_auth_type"},
      {"client_ca_file: ca, client_auth_type: NoClientCert", "client_ca_file has no effect"},
      {"client_auth_type: RequireAndVerifyClientCert", "can't be verified without a CA"},
      {"client_auth_type: VerifyClientCertIfGiven", "can't be verified without a CA"},
      {"client_auth_type: Always", "\"Always\" is not known here"},
      {"client_allowed_sans: [a]", "client_allowed_sans needs a certificate of every client"},
      {"client_allowed_sans: [a], client_auth_type: RequestClientCert", "of every client"},
      {"client_allowed_sans: [a], client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca",
       "of every client"},
      {"client_allowed_sans: []", "a list of 0"},
      {"min_version: TLS13, max_version: TLS12", "min_version is newer than max_version"},
      {"min_version: SSL30", "\"SSL30\" is not known here; use one of TLS10, TLS11"},
      {"cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265]",
       "did you mean \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"?"},
      {"cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]", "is not known here"},
      {"cipher_suites: [TLS_AES_128_GCM_SHA256]", "names none for TLS 1.2"},
      {"curve_preferences: [CurveP257]", "did you mean \"CurveP256\"?"},
      {"prefer_server_cipher_suites: maybe", "prefer_server_cipher_suites"},
  }));
  CAPTURE(settings);
  CHECK_THAT(WebError(Tls(kPair + (", " + settings))), Catch::Contains(error));
}

TEST_CASE("Settings of TLS that do work together are accepted") {
  const std::string settings = GENERATE(
      "client_auth_type: ''", "client_auth_type: RequestClientCert",
      "client_auth_type: RequireAnyClientCert", "client_auth_type: RequireClientCert",
      "client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca",
      "client_auth_type: RequireAnyClientCert, client_allowed_sans: [a]",
      "client_auth_type: RequireAndVerifyClientCert, client_ca: PEM, client_allowed_sans: [a, b]",
      "min_version: TLS13, cipher_suites: [TLS_AES_128_GCM_SHA256]", "cipher_suites: []",
      "min_version: TLS10, max_version: TLS10", "curve_preferences: []");
  CAPTURE(settings);
  CHECK(WebError(Tls(kPair + (", " + settings))) == "accepted");
}

TEST_CASE("Only bcrypt hashes of a bearable cost are accepted") {
  const std::string rest = std::string(kHash).substr(7);
  CHECK(LoadWeb(User("alice", kHash)).users == PasswordHashes{{"alice", kHash}});
  for (const char* good : {"$2a$04$", "$2b$14$", "$2y$10$"}) {
    CAPTURE(good);
    CHECK(WebError(User("alice", good + rest)) == "accepted");
  }
  for (const std::string& bad :
       {"$2y$03$" + rest, "$2y$15$" + rest, "$2y$31$" + rest, "$2x$10$" + rest, "$1$10$" + rest,
        "$2y$1x$" + rest, "$2y$10$" + rest + "A", "$2y$10$" + rest.substr(1),
        "$2y$10$*" + rest.substr(1), std::string("'*0'"), std::string("''")}) {
    CAPTURE(bad);
    CHECK_THAT(WebError(User("alice", bad)), Catch::Contains("bcrypt hash"));
  }
}

TEST_CASE("An error does not repeat what may be a password") {
  CHECK_THAT(WebError(User("alice", "correct-horse")), !Catch::Contains("correct-horse"));
}

TEST_CASE("Only headers that protect the reader can be set, to values that are safe to send") {
  const auto headers = [](const std::string& yaml) {
    return "http_server_config:\n  headers:\n    " + yaml + "\n";
  };
  CHECK(LoadWeb(headers("Strict-Transport-Security: max-age=31536000; includeSubDomains\n"
                        "    X-Frame-Options: deny\n"
                        "    X-Content-Type-Options: ''\n"
                        "    X-XSS-Protection: 1\n"
                        "    Content-Security-Policy: default-src 'self'"))
            .headers ==
        HttpHeaders{{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
                    {"X-Frame-Options", "deny"},
                    {"X-XSS-Protection", "1"},
                    {"Content-Security-Policy", "default-src 'self'"}});
  const auto [yaml, error] = GENERATE(table<std::string, std::string>({
      {"X-Frame-Options: allow", "\"allow\" is no value of it; use deny or sameorigin"},
      {"X-Content-Type-Options: sniff", "\"sniff\" is no value of it; use nosniff"},
      {"Server: x", "the header \"Server\" can't be set"},
      {"x-frame-options: deny", "can't be set"},
      {"X-XSS-Protection: \"1\\nSet-Cookie: a=b\"", "not a header's value"},
      {"X-XSS-Protection: \"a\\tb\"", "not a header's value"},
      {"X-XSS-Protection: \xc3\xb6", "not a header's value"},
      {"X-XSS-Protection: [1]", "a list where one value is wanted"},
  }));
  CAPTURE(yaml);
  CHECK_THAT(WebError(headers(yaml)), Catch::Contains(error));
}

TEST_CASE("A rate limit is an interval and a burst") {
  CHECK(LoadWeb("rate_limit: {interval: 1s, burst: 20}\n").rate_limit ==
        RateLimit{std::chrono::milliseconds{1000}, 20});
}

TEST_CASE("A web configuration that can't be read is an error of the system") {
  CHECK_THROWS_AS(LoadWebConfig("/nonexistent/web.yml"), std::system_error);
  CHECK_THROWS_AS(LoadWebConfig("/"), std::system_error);
}

}  // namespace
}  // namespace pdtt

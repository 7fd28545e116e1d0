// SPDX-License-Identifier: Apache-2.0
#include "config/web_values.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <vector>

#include "config/suggestion.h"
#include "config/values.h"

namespace pdtt {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestRate{1};
constexpr milliseconds kLongestRate{3'600'000};

constexpr Choice<TlsVersion> kTlsVersions[] = {{"TLS10", TlsVersion::k10},
                                               {"TLS11", TlsVersion::k11},
                                               {"TLS12", TlsVersion::k12},
                                               {"TLS13", TlsVersion::k13}};

constexpr Choice<ClientAuth> kClientAuths[] = {
    {"NoClientCert", ClientAuth::kNone},
    {"RequestClientCert", ClientAuth::kRequest},
    {"RequireAnyClientCert", ClientAuth::kRequireAny},
    {"RequireClientCert", ClientAuth::kRequireAny},  // what older files call it
    {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify}};

struct Translation {
  std::string_view go;
  std::string_view openssl;
};

// The suites that Go calls secure. Those of TLS 1.3 can't be chosen there either.
constexpr Translation kCipherSuites[] = {
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""}};

constexpr Translation kCurves[] = {
    {"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}};

std::string Translated(std::string_view text, std::span<const Translation> table) {
  std::vector<std::string_view> known;
  for (const Translation& entry : table) {
    if (entry.go == text) {
      return std::string(entry.openssl);
    }
    known.push_back(entry.go);
  }
  throw ValueError(Quoted(text) + " is not known here; " + SuggestName(text, known));
}

struct Header {
  std::string_view name;
  std::array<std::string_view, 2> values;  ///< the only ones; empty: any
};

constexpr Header kHeaders[] = {{"Content-Security-Policy", {}},
                               {"Strict-Transport-Security", {}},
                               {"X-Content-Type-Options", {"nosniff"}},
                               {"X-Frame-Options", {"deny", "sameorigin"}},
                               {"X-XSS-Protection", {}}};

bool IsPrintableAscii(char c) {
  return c >= 0x20 && c < 0x7f;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsHashCharacter(char c) {
  return c == '.' || c == '/' || IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// $2y$10$ and 53 characters.
bool IsBcrypt(std::string_view hash) {
  constexpr std::size_t kPrefix = 7;
  constexpr std::size_t kSaltAndHash = 53;
  return hash.size() == kPrefix + kSaltAndHash && hash.starts_with("$2") &&
         std::string_view("aby").find(hash[2]) != std::string_view::npos && hash[3] == '$' &&
         IsDigit(hash[4]) && IsDigit(hash[5]) && hash[6] == '$' &&
         std::ranges::all_of(hash.substr(kPrefix), IsHashCharacter);
}

}  // namespace

TlsVersion ParseTlsVersion(std::string_view text) {
  return ParseChoice<TlsVersion>(text, kTlsVersions);
}

ClientAuth ParseClientAuth(std::string_view text) {
  return text.empty() ? ClientAuth::kNone : ParseChoice<ClientAuth>(text, kClientAuths);
}

std::string ParseCipherSuite(std::string_view text) {
  return Translated(text, kCipherSuites);
}

std::string ParseCurve(std::string_view text) {
  return Translated(text, kCurves);
}

void CheckHeader(std::string_view name, std::string_view value) {
  const auto* header = std::ranges::find(kHeaders, name, &Header::name);
  if (header == std::end(kHeaders)) {
    std::vector<std::string_view> known;
    std::ranges::transform(kHeaders, std::back_inserter(known), &Header::name);
    throw ValueError("the header " + Quoted(name) + " can't be set; " + SuggestName(name, known));
  }
  const auto& [one, other] = header->values;
  if (!one.empty() && value != one && (other.empty() || value != other)) {
    throw ValueError(Quoted(value) + " is no value of it; use " + std::string(one) +
                     (other.empty() ? "" : " or " + std::string(other)));
  }
  constexpr std::size_t kLongest = 4096;
  if (value.size() > kLongest || !std::ranges::all_of(value, IsPrintableAscii)) {
    throw ValueError("not a header's value; write at most 4096 printable ASCII characters");
  }
}

void CheckUserName(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  if (name.empty() || name.size() > kLongest || name.find(':') != std::string_view::npos ||
      name.find('\n') != std::string_view::npos) {
    throw ValueError(Quoted(name) +
                     " is no user's name; write 1 to 256 characters without a colon");
  }
}

void CheckPasswordHash(std::string_view hash) {
  constexpr int kCheapest = 4;
  constexpr int kCostliest = 14;  // a check takes 0.8 s
  // The value stays out of the message: it may be a password by mistake.
  if (!IsBcrypt(hash)) {
    throw ValueError(
        "not a bcrypt hash; make one with: htpasswd -nBC 10 NAME, and quote what follows the "
        "colon");
  }
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  if (cost < kCheapest || cost > kCostliest) {
    throw ValueError("a bcrypt hash of cost " + std::to_string(cost) +
                     "; 4 to 14 are possible, 10 is usual");
  }
}

milliseconds ParseRateInterval(std::string_view text) {
  return text == "0" || text == "0s" ? milliseconds{0}
                                     : ParseDuration(text, kShortestRate, kLongestRate);
}

}  // namespace pdtt

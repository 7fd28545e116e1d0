// SPDX-License-Identifier: Apache-2.0
#include "config/web_config.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "config/text_file.h"
#include "config/values.h"
#include "config/web_values.h"
#include "config/yaml_document.h"
#include "config/yaml_reader.h"

namespace pdtt {
namespace {

constexpr std::size_t kMostUsers = 1024;
constexpr std::uint64_t kMostBurst = 1'000'000;

/// A web configuration while it is being read.
struct WebDraft {
  const std::filesystem::path& file;
  const std::string& source;
  WebConfig config{};
  WebTls tls{};
  bool tls_1_3_suites = false;
  RateLimit rate_limit{};

  [[nodiscard]] std::string Place(const YamlNode& node) const {
    return file.string() + ':' + YamlPlace(source, node.offset);
  }
};

using WebKey = KeyOf<WebDraft>;

bool IsGiven(const PemSource& source) {
  return !source.place.empty();
}

/// Each PEM can be given in two ways, but not in both.
void ReadPem(const YamlNode& value, const std::string& key, bool is_file, const WebDraft& draft,
             PemSource& source) {
  const std::string& text = ReadText(value);
  if (IsGiven(source)) {
    throw ValueError("given as a file and as text; remove one of them");
  }
  if (text.empty()) {
    throw ValueError("nothing is given; name a file or write the PEM text");
  }
  source.place = draft.Place(value) + ": " + key;
  if (!is_file) {
    source.text = text;
    return;
  }
  if (!std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20; })) {
    throw ValueError("not a path; remove the line feeds and control characters");
  }
  source.file = draft.file.parent_path() / text;  // an absolute path stays what it is
}

void ReadClientCa(const YamlNode& value, const std::string& key, bool is_file, WebDraft& draft) {
  if (!draft.tls.client_ca) {
    draft.tls.client_ca.emplace();
  }
  ReadPem(value, key, is_file, draft, *draft.tls.client_ca);
}

void ReadCipherSuites(const YamlNode& value, WebDraft& draft) {
  const std::vector<std::string> names =
      ReadList(value, {.fewest = 0, .most = 64}, [](std::string_view text) {
        static_cast<void>(ParseCipherSuite(text));
        return std::string(text);
      });
  for (const std::string& name : names) {
    std::string suite = ParseCipherSuite(name);
    if (suite.empty()) {
      draft.tls_1_3_suites = true;
    } else {
      draft.tls.terms.ciphers.push_back(std::move(suite));
    }
  }
}

constexpr WebKey kTlsKeys[] = {
    {"tls_server_config.cert_file",
     [](const YamlNode& value, WebDraft& draft) {
       ReadPem(value, "tls_server_config.cert_file", true, draft, draft.tls.certificate);
     }},
    {"tls_server_config.cert",
     [](const YamlNode& value, WebDraft& draft) {
       ReadPem(value, "tls_server_config.cert", false, draft, draft.tls.certificate);
     }},
    {"tls_server_config.key_file",
     [](const YamlNode& value, WebDraft& draft) {
       ReadPem(value, "tls_server_config.key_file", true, draft, draft.tls.key);
     }},
    {"tls_server_config.key",
     [](const YamlNode& value, WebDraft& draft) {
       ReadPem(value, "tls_server_config.key", false, draft, draft.tls.key);
     }},
    {"tls_server_config.client_auth_type",
     [](const YamlNode& value, WebDraft& draft) {
       draft.tls.terms.client_auth = ParseClientAuth(ReadText(value));
     }},
    {"tls_server_config.client_ca_file",
     [](const YamlNode& value, WebDraft& draft) {
       ReadClientCa(value, "tls_server_config.client_ca_file", true, draft);
     }},
    {"tls_server_config.client_ca",
     [](const YamlNode& value, WebDraft& draft) {
       ReadClientCa(value, "tls_server_config.client_ca", false, draft);
     }},
    {"tls_server_config.client_allowed_sans",
     [](const YamlNode& value, WebDraft& draft) {
       draft.tls.terms.client_allowed_sans =
           ReadList(value, {.fewest = 1, .most = 1024}, [](std::string_view text) {
             if (text.empty()) {
               throw ValueError("an empty name; remove it");
             }
             return std::string(text);
           });
     }},
    {"tls_server_config.min_version",
     [](const YamlNode& value, WebDraft& draft) {
       draft.tls.terms.min_version = ParseTlsVersion(ReadText(value));
     }},
    {"tls_server_config.max_version",
     [](const YamlNode& value, WebDraft& draft) {
       draft.tls.terms.max_version = ParseTlsVersion(ReadText(value));
     }},
    {"tls_server_config.cipher_suites", ReadCipherSuites},
    {"tls_server_config.prefer_server_cipher_suites",
     [](const YamlNode& value, WebDraft& draft) {
       draft.tls.terms.prefer_server_ciphers = ReadBool(value);
     }},
    {"tls_server_config.curve_preferences",
     [](const YamlNode& value, WebDraft& draft) {
       draft.tls.terms.groups = ReadList(value, {.fewest = 0, .most = 16}, ParseCurve);
     }},
};

void CheckClientAuth(const WebTls& tls) {
  const ClientAuth auth = tls.terms.client_auth;
  const bool verifies = auth == ClientAuth::kVerifyIfGiven || auth == ClientAuth::kRequireAndVerify;
  if (tls.client_ca && auth == ClientAuth::kNone) {
    throw ValueError(
        "client_ca_file has no effect without client_auth_type; add RequireAndVerifyClientCert");
  }
  if (verifies && !tls.client_ca) {
    throw ValueError("client certificates can't be verified without a CA; add client_ca_file");
  }
  if (!tls.terms.client_allowed_sans.empty() && auth != ClientAuth::kRequireAny &&
      auth != ClientAuth::kRequireAndVerify) {
    throw ValueError(
        "client_allowed_sans needs a certificate of every client; set client_auth_type to "
        "RequireAndVerifyClientCert");
  }
}

void CheckTls(const WebDraft& draft) {
  const TlsTerms& terms = draft.tls.terms;
  if (!IsGiven(draft.tls.certificate)) {
    throw ValueError("the certificate is missing; add cert_file");
  }
  if (!IsGiven(draft.tls.key)) {
    throw ValueError("the key is missing; add key_file");
  }
  CheckClientAuth(draft.tls);
  if (terms.min_version > terms.max_version) {
    throw ValueError("min_version is newer than max_version; no client could connect");
  }
  if (draft.tls_1_3_suites && terms.ciphers.empty() && terms.min_version != TlsVersion::k13) {
    throw ValueError(
        "cipher_suites names none for TLS 1.2, and those of TLS 1.3 can't be chosen; remove it or "
        "set min_version to TLS13");
  }
}

constexpr WebKey kHttpKeys[] = {
    {"http_server_config.http2",
     [](const YamlNode& value, WebDraft& /*draft*/) {
       if (ReadBool(value)) {
         throw ValueError("the HTTP library, civetweb, has no HTTP/2; write false or remove it");
       }
     }},
    {"http_server_config.headers",
     [](const YamlNode& value, WebDraft& draft) {
       if (value.kind != YamlKind::kMap && value.kind != YamlKind::kNull) {
         throw ValueError(
             "not a section; write names and values, such as \"X-Frame-Options: deny\"");
       }
       for (std::size_t i = 0; i < value.keys.size(); ++i) {
         const std::string& name = value.keys[i].text;
         try {
           const std::string& text = ReadText(value.items[i]);
           if (!text.empty()) {
             CheckHeader(name, text);
             draft.config.headers.emplace_back(name, text);
           }
         } catch (const ValueError& e) {
           throw NodeError(value.items[i], Quoted(name) + ": " + e.what());
         }
       }
     }},
};

constexpr WebKey kRateKeys[] = {
    {"rate_limit.interval",
     [](const YamlNode& value, WebDraft& draft) {
       draft.rate_limit.interval = ParseRateInterval(ReadText(value));
     }},
    {"rate_limit.burst",
     [](const YamlNode& value, WebDraft& draft) {
       draft.rate_limit.burst = static_cast<unsigned>(ReadNumber(value, 0, kMostBurst));
     }},
};

void ReadTls(const YamlNode& value, WebDraft& draft) {
  ReadSection(value, "tls_server_config", kTlsKeys, draft);
  if (!value.keys.empty()) {
    CheckTls(draft);
    draft.config.tls = std::move(draft.tls);
  }
}

void ReadUsers(const YamlNode& value, WebDraft& draft) {
  if (value.kind != YamlKind::kMap && value.kind != YamlKind::kNull) {
    throw ValueError("not a section; write a line \"NAME: HASH\" for each user");
  }
  if (value.keys.size() > kMostUsers) {
    throw ValueError("more than " + std::to_string(kMostUsers) + " users; use client certificates");
  }
  for (std::size_t i = 0; i < value.keys.size(); ++i) {
    const std::string& name = value.keys[i].text;
    try {
      CheckUserName(name);
    } catch (const ValueError& e) {
      throw NodeError(value.keys[i], e.what());
    }
    try {
      CheckPasswordHash(ReadText(value.items[i]));
    } catch (const ValueError& e) {
      throw NodeError(value.items[i], Quoted(name) + ": " + e.what());
    }
    draft.config.users.emplace(name, value.items[i].text);
  }
}

void ReadRateLimit(const YamlNode& value, WebDraft& draft) {
  ReadSection(value, "rate_limit", kRateKeys, draft);
  if (draft.rate_limit.interval.count() == 0) {
    return;
  }
  if (draft.rate_limit.burst == 0) {
    throw ValueError("burst is missing or 0, which refuses every request; write at least 1");
  }
  draft.config.rate_limit = draft.rate_limit;
}

constexpr WebKey kWebKeys[] = {
    {"tls_server_config", ReadTls},
    {"http_server_config",
     [](const YamlNode& value, WebDraft& draft) {
       ReadSection(value, "http_server_config", kHttpKeys, draft);
     }},
    {"basic_auth_users", ReadUsers},
    {"rate_limit", ReadRateLimit},
};

WebConfig ReadWebConfig(const std::filesystem::path& file, const std::string& source) {
  WebDraft draft{.file = file, .source = source};
  const YamlNode root = ParseYaml(source, YamlBlocks::kAllowed);
  try {
    ReadSection(root, "", kWebKeys, draft);
  } catch (const ValueError& e) {
    throw YamlError(root.offset, e.what());
  }
  return std::move(draft.config);
}

}  // namespace

WebConfig ParseWebConfig(const std::string& content, const std::filesystem::path& file) {
  std::string source;
  try {
    source = NormalizeYaml(content);
    return ReadWebConfig(file, source);
  } catch (const YamlError& e) {
    throw ConfigError(file.string() + ':' + YamlPlace(source, e.Offset()) + ": " + e.what());
  }
}

WebConfig LoadWebConfig(const std::filesystem::path& file) {
  return ParseWebConfig(ReadTextFile(file, "the web configuration file", kYamlBytes), file);
}

std::vector<std::filesystem::path> NamedFiles(const WebConfig& config) {
  std::vector<std::filesystem::path> files;
  if (config.tls) {
    for (const PemSource* source : {&config.tls->certificate, &config.tls->key,
                                    config.tls->client_ca ? &*config.tls->client_ca : nullptr}) {
      if (source != nullptr && !source->file.empty()) {
        files.push_back(source->file);
      }
    }
  }
  return files;
}

}  // namespace pdtt

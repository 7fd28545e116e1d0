// SPDX-License-Identifier: Apache-2.0
#include "config/exporter_url.h"

#include <algorithm>

#include "config/values.h"

namespace pdtt {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

[[noreturn]] void RefuseUrl(std::string_view text) {
  throw ValueError(Quoted(text) +
                   " is not an exporter's address; write http://HOST:PORT or https://HOST:PORT");
}

std::string_view Scheme(std::string_view text) {
  return text.starts_with(kHttp) ? kHttp : text.starts_with(kHttps) ? kHttps : std::string_view{};
}

std::string_view Authority(std::string_view text) {
  text.remove_prefix(Scheme(text).size());
  return text.substr(0, text.find_first_of("/?#"));
}

}  // namespace

std::string ParseExporterUrl(std::string_view text) {
  const std::string_view authority = Authority(text);
  if (authority.find('@') != std::string_view::npos) {
    // Not repeated: it may hold a password, and this goes to logs.
    throw ValueError(
        "the address holds a user or password, which every user of this host can see; "
        "use --user and --password-file");
  }
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  if (authority.empty() || !printable || text.find_first_of("?#\\") != std::string_view::npos ||
      authority.starts_with(':')) {
    RefuseUrl(text);
  }
  if (Scheme(text).empty() && text.find("://") != std::string_view::npos) {
    RefuseUrl(text);
  }
  std::string url(Scheme(text).empty() ? kHttp : "");
  url += text;
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return url;
}

bool IsReadableOnTheWay(std::string_view url) {
  const std::string_view authority = Authority(url);
  const std::string_view host = authority.starts_with('[')
                                    ? authority.substr(0, authority.find(']') + 1)
                                    : authority.substr(0, authority.find(':'));
  const bool here =
      host == "localhost" || host == "[::1]" ||
      (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
  return Scheme(url) != kHttps && !here;
}

}  // namespace pdtt

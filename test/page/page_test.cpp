// SPDX-License-Identifier: Apache-2.0
#include "page/page.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <string>

namespace {

std::string BodyOf(const pdtt::HttpResponse& response) {
  std::string body;
  response.body([&body](std::string_view piece) {
    body += piece;
    return true;
  });
  return body;
}

std::string HeaderOf(const pdtt::HttpResponse& response, std::string_view name) {
  const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                  [name](const auto& header) { return header.first == name; });
  return found == response.headers.end() ? "" : found->second;
}

std::set<std::string> Matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
    found.insert((*match)[1]);
  }
  return found;
}

}  // namespace

TEST_CASE("Every file of the page forbids inline code, foreign sources and frames") {
  for (const pdtt::HttpRoute& route : pdtt::PageRoutes()) {
    CAPTURE(route.path);
    const std::string policy = HeaderOf(route.respond({}), "Content-Security-Policy");
    CHECK(policy.find("default-src 'none'") == 0);
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find('*') == std::string::npos);
    CHECK(HeaderOf(route.respond({}), "Referrer-Policy") == "no-referrer");
  }
}

TEST_CASE("Whatever the page's files refer to is served, with the type that browsers ask for") {
  std::set<std::string> served;
  std::set<std::string> wanted;
  for (const pdtt::HttpRoute& route : pdtt::PageRoutes()) {
    CAPTURE(route.path);
    served.insert(route.path);
    const pdtt::HttpResponse response = route.respond({});
    CHECK(response.status == 200);
    const std::string body = BodyOf(response);
    CHECK(!body.empty());
    if (response.content_type == "text/html; charset=utf-8") {
      CHECK(route.path == "/");
      wanted.merge(Matches(body, R"re((?:src|href)="(/[a-z_]+\.[a-z]+)")re"));
    } else if (route.path.ends_with(".js")) {
      CHECK(response.content_type == "text/javascript; charset=utf-8");
      wanted.merge(Matches(body, R"re(from "\.(/[a-z_]+\.js)")re"));
    } else if (route.path.ends_with(".css")) {
      CHECK(response.content_type == "text/css; charset=utf-8");
    } else {
      CHECK(response.content_type == "image/svg+xml");
    }
  }
  wanted.insert("/");
  CHECK(wanted == served);
}

TEST_CASE("The page has no inline code or style, and nothing comes from elsewhere") {
  for (const pdtt::HttpRoute& route : pdtt::PageRoutes()) {
    CAPTURE(route.path);
    std::string body = BodyOf(route.respond({}));
    CHECK(Matches(body, R"((<script>|<style|\sstyle=| on[a-z]+="|innerHTML))").empty());
    const std::set<std::string> addresses = Matches(body, R"((https?://[^/"]+))");
    // The namespace of SVG is a name, not an address.
    CHECK((addresses.empty() || addresses == std::set<std::string>{"http://www.w3.org"}));
  }
}

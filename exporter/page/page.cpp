// SPDX-License-Identifier: Apache-2.0
#include "page/page.h"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "page/page_files.h"

namespace pdtt {
namespace {

constexpr std::string_view kIndex = "index.html";

// The names of users and commands are foreign text: should one ever become markup, nothing of it
// may run, load or send anything.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kContentTypes = {{
    {".css", "text/css; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
}};

std::string_view ContentType(std::string_view name) {
  for (const auto& [ending, type] : kContentTypes) {
    if (name.ends_with(ending)) {
      return type;
    }
  }
  throw std::logic_error("no content type for " + std::string(name));
}

HttpRoute RouteOf(const PageFile& file) {
  HttpResponse response{
      .content_type = std::string(ContentType(file.name)),
      .headers = {{"Content-Security-Policy", std::string(kContentSecurityPolicy)},
                  {"Referrer-Policy", "no-referrer"},
                  {"Cross-Origin-Resource-Policy", "same-origin"}},
      .body = [content = file.content](const Sink& sink) { sink(content); }};
  std::string path = file.name == kIndex ? "/" : "/" + std::string(file.name);
  return {.path = std::move(path),
          .respond = [response = std::move(response)](const HttpRequest&) { return response; }};
}

}  // namespace

std::vector<HttpRoute> PageRoutes() {
  std::vector<HttpRoute> routes;
  for (const PageFile& file : PageFiles()) {
    routes.push_back(RouteOf(file));
  }
  return routes;
}

}  // namespace pdtt

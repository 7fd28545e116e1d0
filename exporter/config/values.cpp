// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <limits>
#include <system_error>

namespace pdtt {
namespace {

using std::chrono::milliseconds;

// 4294967295 is (uid_t)-1, "no user" to the kernel.
constexpr std::uint64_t kHighestUid = std::numeric_limits<std::uint32_t>::max() - 1;

// LDAP and Active Directory names are longer than useradd's 32.
constexpr std::size_t kLongestUserName = 256;

struct Unit {
  std::string_view suffix;
  milliseconds length;
};
constexpr Unit kUnits[] = {{"h", milliseconds{3'600'000}},
                           {"m", milliseconds{60'000}},
                           {"s", milliseconds{1'000}},
                           {"ms", milliseconds{1}}};

bool IsPrintable(char c) {
  return c >= ' ' && c <= '~';
}

/// Bytes of UTF-8 sequences are no control characters here.
bool IsControl(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string DurationText(milliseconds duration) {
  const auto* unit = std::ranges::find_if(
      kUnits, [&](const Unit& u) { return duration % u.length == milliseconds{0}; });
  return std::to_string(duration / unit->length).append(unit->suffix);
}

}  // namespace

std::string Printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::size_t kLongest = 120;
  std::string printable;
  for (const char c : text) {
    if (printable.size() >= kLongest) {
      return printable + "...";
    }
    if (IsPrintable(c)) {
      printable.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      printable.append("\\x").append({kHex[byte / 16U], kHex[byte % 16U]});
    }
  }
  return printable;
}

std::string Quoted(std::string_view text) {
  return '"' + Printable(text) + '"';
}

std::optional<std::uint64_t> ToNumber(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) {
    return std::nullopt;
  }
  return number;
}

std::uint64_t ParseNumber(std::string_view text, std::uint64_t lowest, std::uint64_t highest) {
  const std::optional<std::uint64_t> number = ToNumber(text);
  if (!number || *number < lowest || *number > highest) {
    throw ValueError(Quoted(text) + " is not a number in range; use a whole number from " +
                     std::to_string(lowest) + " to " + std::to_string(highest));
  }
  return *number;
}

bool ParseBool(std::string_view text) {
  if (text != "true" && text != "false") {
    throw ValueError(Quoted(text) + " is neither true nor false; use one of these");
  }
  return text == "true";
}

milliseconds ParseDuration(std::string_view text, milliseconds shortest, milliseconds longest) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::uint64_t> number = ToNumber(text.substr(0, digits));
  const auto* unit = std::ranges::find(kUnits, text.substr(digits), &Unit::suffix);
  if (!number || unit == std::end(kUnits)) {
    throw ValueError(Quoted(text) +
                     " is not a duration; write a whole number and ms, s, m or h, such as 10s");
  }
  // Compared before it is multiplied: the product may not fit.
  const auto most = static_cast<std::uint64_t>(longest / unit->length);
  if (*number > most || static_cast<std::int64_t>(*number) * unit->length < shortest) {
    throw ValueError(Quoted(text) + " is out of range; use " + DurationText(shortest) + " to " +
                     DurationText(longest));
  }
  return static_cast<std::int64_t>(*number) * unit->length;
}

milliseconds ParseReportInterval(std::string_view text) {
  return ParseDuration(text, milliseconds{1'000}, milliseconds{3'600'000});
}

UidRange ParseUidRange(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::optional<std::uint64_t> first = ToNumber(text.substr(0, dash));
  const std::optional<std::uint64_t> last =
      dash == std::string_view::npos ? first : ToNumber(text.substr(dash + 1));
  if (!first || !last) {
    throw ValueError(Quoted(text) +
                     " is neither a uid nor a range of uids; write it like 65534 or 1-999");
  }
  if (*first == 0) {
    throw ValueError(Quoted(text) + " holds root, whose place is fixed; start at 1");
  }
  if (*first > *last || *last > kHighestUid) {
    throw ValueError(Quoted(text) +
                     " is not a range of uids; use FIRST-LAST, FIRST not above LAST, at most " +
                     std::to_string(kHighestUid));
  }
  return {static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

std::string ParseUser(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, IsDigit)) {
    const std::optional<std::uint64_t> uid = ToNumber(text);
    if (!uid || *uid > kHighestUid) {
      throw ValueError(Quoted(text) + " is not a uid; use a decimal number up to " +
                       std::to_string(kHighestUid));
    }
    return std::string(text);
  }
  // What /etc/passwd can't hold, plus blanks and a leading dash. Directory services allow the rest,
  // letters beyond ASCII included.
  const auto refused = [](char c) {
    return c == ':' || c == ',' || c == '/' || c == ' ' || IsControl(c);
  };
  if (text.empty() || text.size() > kLongestUserName || text.front() == '-' ||
      std::ranges::any_of(text, refused)) {
    throw ValueError(Quoted(text) + " is not a user's name; use a name or a decimal uid");
  }
  return std::string(text);
}

std::string ParseInterface(std::string_view text) {
  // dev_valid_name() in the kernel's net/core/dev.c; IFNAMSIZ counts the closing NUL.
  const auto allowed = [](char c) { return IsPrintable(c) && c != ' ' && c != '/' && c != ':'; };
  if (text.empty() || text.size() >= IFNAMSIZ || text == "." || text == ".." ||
      !std::ranges::all_of(text, allowed)) {
    throw ValueError(Quoted(text) + " is not an interface's name; use 1 to " +
                     std::to_string(IFNAMSIZ - 1) + " characters without blank, '/' or ':'");
  }
  return std::string(text);
}

std::filesystem::path ParseAbsolutePath(std::string_view text) {
  if (!text.starts_with('/') || text.size() >= PATH_MAX || std::ranges::any_of(text, IsControl)) {
    throw ValueError(Quoted(text) + " is not an absolute path; start it with /");
  }
  return text;
}

std::optional<std::filesystem::path> ParseCgroup(std::string_view text) {
  if (text == "auto") {
    return std::nullopt;
  }
  if (!text.starts_with('/')) {
    throw ValueError(Quoted(text) + " is not a cgroup; use auto or an absolute path");
  }
  return ParseAbsolutePath(text);
}

}  // namespace pdtt

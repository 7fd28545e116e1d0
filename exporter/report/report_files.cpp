// SPDX-License-Identifier: Apache-2.0
#include "report/report_files.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "report/one_line.h"

namespace pdtt {
namespace {

// The name of a file has room for 255 bytes, the prefix and the uid included.
constexpr std::size_t kLongest = 128;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsUsable(char c) {
  constexpr std::string_view kSigns = "._-@+=$";
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || byte >= 0x80 ||
         kSigns.find(c) != std::string_view::npos;
}

// Digits alone are another user's uid, or could be.
bool IsAnotherUid(std::string_view name, std::string_view uid) {
  return name != uid && std::all_of(name.begin(), name.end(), IsDigit);
}

std::string FileName(const User& user) {
  std::string uid = std::to_string(user.uid);
  if (user.name.empty() || user.name.size() > kLongest || OneLine(user.name) != user.name) {
    return uid;
  }
  std::string name = user.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !IsUsable(c); }, '_');
  for (std::size_t i = 0; i < name.size() && name[i] == '.'; ++i) {
    name[i] = '_';
  }
  return name == user.name && !IsAnotherUid(name, uid) ? name : name + '-' + uid;
}

}  // namespace

std::vector<std::string> FileNames(const std::vector<User>& users) {
  std::vector<std::string> names;
  std::map<std::string, int> owners;
  for (const User& user : users) {
    ++owners[names.emplace_back(FileName(user))];
  }
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (owners.at(names[i]) > 1) {
      names[i] = std::to_string(users[i].uid);
    }
  }
  return names;
}

}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "report/report_files.h"

#include <catch2/catch.hpp>

namespace pdtt {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("An ordinary name stands for itself") {
  for (const char* name : {"alice", "a.b", "john_doe-2", "J@EXAMPLE.ORG", "host$", "müller", "Ü"}) {
    CHECK(FileNames({{1000, name}}) == Names{name});
  }
  CHECK(FileNames({{1000, "1000"}}) == Names{"1000"});
  CHECK(FileNames({{0xffffffff, "kernel"}}) == Names{"kernel"});
}

TEST_CASE("No name leaves the directory or hides a file") {
  CHECK(FileNames({{7, "../../etc/passwd"}}) == Names{"___.._etc_passwd-7"});
  CHECK(FileNames({{7, ".."}}) == Names{"__-7"});
  CHECK(FileNames({{7, ".profile"}}) == Names{"_profile-7"});
  CHECK(FileNames({{7, "/"}}) == Names{"_-7"});
  CHECK(FileNames({{7, R"(CORP\alice smith)"}}) == Names{"CORP_alice_smith-7"});
}

TEST_CASE("A name that nothing can be kept of is the uid") {
  const std::string name =
      GENERATE(std::string(), std::string("a\nb"), std::string("a\0b", 3), std::string("\xff\xfe"),
               std::string("a\xc2\x9b"), std::string(129, 'a'));
  CHECK(FileNames({{7, name}}) == Names{"7"});
}

TEST_CASE("Two users never share a file") {
  CHECK(FileNames({{1, "bob"}, {2, "bob"}, {3, "eve"}}) == Names{"1", "2", "eve"});
  CHECK(FileNames({{1, "a/b"}, {2, "a b"}, {3, "a_b"}}) == Names{"a_b-1", "a_b-2", "a_b"});
  CHECK(FileNames({{1, "a/b"}, {2, "a_b-1"}}) == Names{"1", "2"});
  CHECK(FileNames({{7, "8"}, {8, ""}}) == Names{"8-7", "8"});
}

}  // namespace
}  // namespace pdtt

// SPDX-License-Identifier: Apache-2.0
#include "bpf/libbpf_log.h"

#include <bpf/libbpf.h>

#include <catch2/catch.hpp>
#include <cstdarg>
#include <string>
#include <thread>

namespace pdtt::test {
namespace {

// Says something the way libbpf does, through whatever is set to receive it.
__attribute__((format(printf, 2, 3))) void Say(libbpf_print_level level, const char* format, ...) {
  const libbpf_print_fn_t receiver = libbpf_set_print(nullptr);
  libbpf_set_print(receiver);
  va_list arguments;
  va_start(arguments, format);
  receiver(level, format, arguments);
  va_end(arguments);
}

constexpr const char* kRefusedByVerifier =
    "libbpf: prog 'count': BPF program load failed: Permission denied\n"
    "libbpf: prog 'count': -- BEGIN PROG LOAD LOG --\n"
    "0: R1=ctx(off=0,imm=0) R10=fp0\n"
    "; int count(struct xdp_md *ctx)\n"
    "0: (61) r2 = *(u32 *)(r1 +0)\n"
    "invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)\n"
    "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"
    "-- END PROG LOAD LOG --\n"
    "libbpf: prog 'count': failed to load: -13\n"
    "libbpf: failed to load object 'pdtt_bpf'\n"
    "libbpf: failed to load BPF skeleton 'pdtt_bpf': -13\n";

constexpr const char* kRefusedWithoutLog =
    "libbpf: prog 'count': BPF program load failed: Operation not permitted\n"
    "libbpf: prog 'count': failed to load: -1\n"
    "libbpf: failed to load object 'pdtt_bpf'\n"
    "libbpf: failed to load BPF skeleton 'pdtt_bpf': -1\n";

TEST_CASE("The reason of a refusal is the verifier's last word before its summary") {
  const LibbpfLog log;
  Say(LIBBPF_WARN, "%s", kRefusedByVerifier);
  CHECK(log.Reason() == "invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)");
}

TEST_CASE("Without a verifier's log the reason is libbpf's, not that loading failed") {
  const LibbpfLog log;
  Say(LIBBPF_WARN, "%s", kRefusedWithoutLog);
  CHECK(log.Reason() == "libbpf: prog 'count': BPF program load failed: Operation not permitted");
}

TEST_CASE("If nothing was said there is no reason") {
  const LibbpfLog log;
  CHECK(log.Text().empty());
  CHECK(log.Reason().empty());
}

TEST_CASE("Only warnings are kept, formatted and in order") {
  const LibbpfLog log;
  Say(LIBBPF_WARN, "first %d\n", 1);
  Say(LIBBPF_INFO, "%s", "not this\n");
  Say(LIBBPF_DEBUG, "%s", "nor this\n");
  Say(LIBBPF_WARN, "second %s\n", "two");
  CHECK(log.Text() == "first 1\nsecond two\n");
  CHECK(log.Reason() == "second two");
}

TEST_CASE("What libbpf itself says is kept") {
  const LibbpfLog log;
  CHECK(bpf_object__open("/nonexistent/object.o") == nullptr);
  CHECK(log.Text().find("/nonexistent/object.o") != std::string::npos);
}

TEST_CASE("A very long log stops growing") {
  const LibbpfLog log;
  const std::string line(100'000, 'x');
  for (int i = 0; i < 30; ++i) {
    Say(LIBBPF_WARN, "%s\n", line.c_str());
  }
  CHECK(log.Text().size() > 1'000'000);
  CHECK(log.Text().size() < 1'300'000);
}

TEST_CASE("Each thread keeps its own words") {
  const LibbpfLog log;
  std::string other_text;
  std::thread other{[&other_text] {
    const LibbpfLog own;
    Say(LIBBPF_WARN, "%s", "other\n");
    other_text = own.Text();
  }};
  other.join();
  CHECK(other_text == "other\n");
  CHECK(log.Text().empty());
  Say(LIBBPF_WARN, "%s", "mine\n");
  CHECK(log.Text() == "mine\n");
}

}  // namespace
}  // namespace pdtt::test

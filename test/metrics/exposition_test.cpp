// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "metrics/names.h"
#include "sample_snapshot.h"

namespace {

std::string Text(const pdtt::Snapshot& snapshot) {
  std::string text;
  const pdtt::TextSink sink = [&text](std::string_view piece) {
    text += piece;
    return true;
  };
  pdtt::TextWriter writer(sink);
  pdtt::WriteTrafficFamilies(snapshot, writer);
  REQUIRE(writer.Finish());
  return text;
}

// The text of one family: from its HELP line to the next one's.
std::string FamilyText(const std::string& page, const std::string& name) {
  const std::size_t begin = page.find("# HELP " + name + " ");
  REQUIRE(begin != std::string::npos);
  return page.substr(begin, page.find("# HELP ", begin + 1) - begin);
}

std::string Header(std::string_view name) {
  for (const pdtt::FamilySpec& family : pdtt::kFamilies) {
    if (family.name == name) {
      return "# HELP " + std::string(name) + " " + std::string(family.help) + "\n# TYPE " +
             std::string(name) +
             (family.type == pdtt::MetricType::kCounter ? " counter\n" : " gauge\n");
    }
  }
  throw std::out_of_range("no such family");
}

constexpr std::string_view kAlice = R"(uid="1000",user="alice")";
constexpr std::string_view kBob = "uid=\"1001\",user=\"b\\\"o\\\\b\\n\xEF\xBF\xBD\"";

void CheckSamples(const std::string& page, const std::string& name, const std::string& samples) {
  CHECK(FamilyText(page, name) == Header(name) + samples);
}

}  // namespace

TEST_CASE("user traffic is written by user, network and protocol") {
  const std::string page = Text(pdtt::SampleSnapshot());
  const auto expected = [](const std::string& name, const std::string& first,
                           const std::string& second, const std::string& third) {
    return name + "{" + std::string(kAlice) + ",network=\"private\",protocol=\"tcp\"} " + first +
           "\n" + name + "{" + std::string(kAlice) + ",network=\"internet\",protocol=\"udp\"} " +
           second + "\n" + name + "{" + std::string(kBob) +
           ",network=\"private\",protocol=\"other\"} " + third + "\n";
  };
  const auto check = [&](const std::string& name, const std::string& first,
                         const std::string& second, const std::string& third) {
    CheckSamples(page, name, expected(name, first, second, third));
  };
  check("pdtt_user_receive_bytes_total", "1", "5", "9");
  check("pdtt_user_transmit_bytes_total", "2", "6", "10");
  check("pdtt_user_receive_packets_total", "3", "7", "11");
  check("pdtt_user_transmit_packets_total", "4", "8", "12");
}

TEST_CASE("the exact text of a small page's connection families") {
  const std::string page = Text(pdtt::SampleSnapshot());
  CHECK(
      FamilyText(page, "pdtt_connection_receive_bytes_total") ==
      R"(# HELP pdtt_connection_receive_bytes_total Cgroup layer: IP bytes as on the wire received by one of the busiest connections.
# TYPE pdtt_connection_receive_bytes_total counter
pdtt_connection_receive_bytes_total{uid="1000",user="alice",protocol="tcp",local_address="10.0.0.1",local_port="22",remote_address="10.0.0.2",remote_port="50000",network="private"} 46
pdtt_connection_receive_bytes_total{uid="1001",user="b\"o\\b\n)"
      "\xEF\xBF\xBD"
      R"(",protocol="udp",local_address="2001:db8::1",local_port="40000",remote_address="2001:db8::1",remote_port="443",network="internet"} 50
)");
  CHECK_THAT(FamilyText(page, "pdtt_connection_info"),
             Catch::Contains(R"(# TYPE pdtt_connection_info gauge
pdtt_connection_info{uid="1000",user="alice",protocol="tcp",local_address="10.0.0.1",local_port="22",remote_address="10.0.0.2",remote_port="50000",network="private",pid="4242",command="sshd",direction="inbound"} 1
)") && Catch::EndsWith(R"(,network="internet",pid="4243",command="c\"url",direction="outbound"} 1
)"));
  CHECK_THAT(FamilyText(page, "pdtt_connection_transmit_bytes_total"),
             Catch::Contains("\"} 47\n") && Catch::EndsWith("\"} 51\n"));
  CHECK_THAT(FamilyText(page, "pdtt_connection_receive_packets_total"),
             Catch::Contains("\"} 48\n") && Catch::EndsWith("\"} 52\n"));
  CHECK_THAT(FamilyText(page, "pdtt_connection_transmit_packets_total"),
             Catch::Contains("\"} 49\n") && Catch::EndsWith("\"} 53\n"));
}

TEST_CASE("connection counts, retransmissions and payload are written by user") {
  const std::string page = Text(pdtt::SampleSnapshot());
  const std::string alice = "{" + std::string(kAlice);
  const std::string bob = "{" + std::string(kBob);
  const auto check_activity = [&](const std::string& name, const std::string& first,
                                  const std::string& second) {
    CheckSamples(page, name,
                 name + alice + ",protocol=\"tcp\"} " + first + "\n" + name + bob +
                     ",protocol=\"udp\"} " + second + "\n");
  };
  check_activity("pdtt_user_connections", "13", "19");
  check_activity("pdtt_user_connections_closed_total", "16", "22");
  check_activity("pdtt_user_socket_receive_bytes_total", "17", "23");
  check_activity("pdtt_user_socket_transmit_bytes_total", "18", "24");
  const std::string opened = "pdtt_user_connections_opened_total";
  CheckSamples(page, opened,
               opened + alice + ",protocol=\"tcp\",direction=\"inbound\"} 14\n" + opened + alice +
                   ",protocol=\"tcp\",direction=\"outbound\"} 15\n" + opened + bob +
                   ",protocol=\"udp\",direction=\"inbound\"} 20\n" + opened + bob +
                   ",protocol=\"udp\",direction=\"outbound\"} 21\n");
  const std::string retransmitted = "pdtt_user_tcp_retransmitted_segments_total";
  CheckSamples(page, retransmitted, retransmitted + alice + ",network=\"internet\"} 25\n");
}

TEST_CASE("excluded, unattributed and host bytes are single counters") {
  const std::string page = Text(pdtt::SampleSnapshot());
  const auto check = [&page](const std::string& name, const std::string& value) {
    CheckSamples(page, name, name + " " + value + "\n");
  };
  check("pdtt_excluded_receive_bytes_total", "26");
  check("pdtt_excluded_transmit_bytes_total", "27");
  check("pdtt_host_receive_bytes_total", "32");
  check("pdtt_host_transmit_bytes_total", "33");
  const std::string received = "pdtt_unattributed_receive_bytes_total";
  CheckSamples(page, received,
               received + "{reason=\"no_socket\"} 28\n" + received +
                   "{reason=\"table_full\"} 30\n" + received + "{reason=\"nested\"} 32\n");
  const std::string sent = "pdtt_unattributed_transmit_bytes_total";
  CheckSamples(page, sent,
               sent + "{reason=\"no_socket\"} 29\n" + sent + "{reason=\"table_full\"} 31\n" + sent +
                   "{reason=\"nested\"} 33\n");
}

TEST_CASE("XDP frames are written by user and by result") {
  const std::string page = Text(pdtt::SampleSnapshot());
  const std::string user_bytes = "pdtt_user_xdp_receive_bytes_total";
  CheckSamples(page, user_bytes,
               user_bytes + "{" + std::string(kAlice) + ",interface=\"eth0\"} 34\n");
  const std::string user_packets = "pdtt_user_xdp_receive_packets_total";
  CheckSamples(page, user_packets,
               user_packets + "{" + std::string(kAlice) + ",interface=\"eth0\"} 35\n");
  CHECK_THAT(FamilyText(page, "pdtt_xdp_receive_bytes_total"), Catch::EndsWith(R"(
pdtt_xdp_receive_bytes_total{interface="eth0",result="attributed"} 36
pdtt_xdp_receive_bytes_total{interface="eth0",result="unknown_connection"} 38
pdtt_xdp_receive_bytes_total{interface="eth0",result="not_ip"} 40
pdtt_xdp_receive_bytes_total{interface="eth0",result="fragment"} 42
pdtt_xdp_receive_bytes_total{interface="eth0",result="malformed"} 44
)"));
  CHECK_THAT(FamilyText(page, "pdtt_xdp_receive_packets_total"),
             Catch::Contains("result=\"attributed\"} 37\n") &&
                 Catch::EndsWith("result=\"malformed\"} 45\n"));
}

TEST_CASE("an empty snapshot still has every family, and zeros for those without labels") {
  const std::string page = Text({});
  CHECK(FamilyText(page, "pdtt_user_receive_bytes_total") ==
        Header("pdtt_user_receive_bytes_total"));
  CHECK(FamilyText(page, "pdtt_xdp_receive_bytes_total") == Header("pdtt_xdp_receive_bytes_total"));
  CHECK(FamilyText(page, "pdtt_connection_info") == Header("pdtt_connection_info"));
  CHECK_THAT(page, Catch::Contains("\npdtt_host_receive_bytes_total 0\n"));
}

TEST_CASE("counters beyond the reach of a double are written to the last digit") {
  pdtt::Snapshot snapshot;
  snapshot.host.receive_bytes = 9'007'199'254'740'993;
  snapshot.host.transmit_bytes = std::numeric_limits<std::uint64_t>::max();
  const std::string page = Text(snapshot);
  CHECK_THAT(page, Catch::Contains("\npdtt_host_receive_bytes_total 9007199254740993\n"));
  CHECK_THAT(page, Catch::Contains("\npdtt_host_transmit_bytes_total 18446744073709551615\n"));
}

TEST_CASE("writing ends when the sink says so") {
  int calls = 0;
  const pdtt::TextSink sink = [&calls](std::string_view) {
    ++calls;
    return false;
  };
  pdtt::TextWriter writer(sink);
  pdtt::WriteTrafficFamilies(pdtt::SampleSnapshot(), writer);
  CHECK_FALSE(writer.Finish());
  CHECK(calls == 1);
}

TEST_CASE("a row that points nowhere is an error, not a wrong label") {
  pdtt::Snapshot snapshot = pdtt::SampleSnapshot();
  const pdtt::TextSink ignore = [](std::string_view) { return true; };
  pdtt::TextWriter writer(ignore);
  SECTION("user") {
    snapshot.user_activity[0].user = 2;
  }
  SECTION("network") {
    snapshot.user_traffic[0].network = 2;
  }
  SECTION("interface") {
    snapshot.user_xdp[0].interface = 1;
  }
  SECTION("connection") {
    snapshot.connections[1].user = 2;
  }
  CHECK_THROWS_AS(pdtt::WriteTrafficFamilies(snapshot, writer), std::out_of_range);
}

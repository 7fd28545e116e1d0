#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Users' counters against the peers' interfaces and against what the programs say they moved.

Two users move data at the same time, each over a link of its own, with super-packets in the stack
and real frames on the links. The balance is checked in the midst of the traffic.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from pdtt_harness import netns
from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter, Watcher
from pdtt_harness.netns import Frames, Link
from pdtt_harness.programs import Curl, Iperf3, Moved, NetcatTcp, NetcatUdp, Nginx
from pdtt_harness.scrape import Scrape
from pdtt_harness.sockets import SocketShell, peer_socket
from pdtt_harness.users import TestUser

SIZE = 200_000_000
MTU = 1500
TOLERANCE = 1e-4
# iperf3 is done when everything is in the socket; its server may close before it has arrived.
_LEFT_BEHIND = 4_000_000
PACKETS_PER_CONNECTION = 4
_NGINX_PORT, _IPERF3_PORT, _NETCAT_PORT = 8080, 5201, 5300
_UDP_OPTIONS = ("--udp", "--bitrate", "600M", "--length", "1400")

Programs = Callable[[Link, Link], tuple[Any, Any]]


class TrafficTest(KernelTest):
    """What the matrix of protocols, families and directions shares."""

    LINKS = 2
    PROGRAMS = ("iperf3", "nginx", "curl", "nc", "ss", "tc")
    scrapes: ClassVar[int] = 0  # while traffic flowed, in all tests of the class

    @classmethod
    def tearDownClass(cls) -> None:
        # How many fit into one transfer depends on the machine; none in all of them is a mistake.
        if not cls.scrapes:
            raise AssertionError("the balance was never looked at during the traffic")

    def check(self, programs: Programs, super_packets: bool) -> None:
        """Runs one program per user and holds every counter to its reference."""
        exporter = self.exporter()
        host, peer = self.world.host, self.world.peer
        users = (self.world.alice, self.world.bob)
        before = exporter.scrape_fresh()
        frames = [peer.frames(link.device) for link in self.world.links]
        dropped = [host.frames(link.device).tx_dropped for link in self.world.links]
        ip_packets = sum(host.ip_packets())
        moved, scrapes = self.run_watched(exporter, programs)
        netns.wait_until_quiet(peer)
        after = exporter.scrape_fresh()

        type(self).scrapes += scrapes
        wire_packets = 0
        for index, user in enumerate(users):
            link = self.world.links[index]
            counted = peer.frames(link.device) - frames[index]
            lost = host.frames(link.device).tx_dropped - dropped[index]
            self.assertGreaterEqual(max(counted.rx_bytes, counted.tx_bytes), SIZE - _LEFT_BEHIND)
            with self.subTest(user=user.name):
                self.check_wire(before, after, user, link, counted, lost, moved[index])
                self.check_payload(before, after, user, moved[index])
            wire_packets += counted.rx_packets + counted.tx_packets
        if super_packets:
            self.assertGreater(wire_packets, 3 * (sum(host.ip_packets()) - ip_packets),
                               "no super-packets: the test did not test the correction")

    def run_watched(self, exporter: Exporter,
                    programs: Programs) -> tuple[tuple[Moved, ...], int]:
        """Runs the programs under the eyes of a scraper; returns what moved, and its scrapes."""
        with Watcher(exporter) as watcher:
            running = programs(*self.world.links)
            moved = tuple(program.finish() for program in running)
        return moved, len(watcher.scrapes)

    def check_wire(self, before: Scrape, after: Scrape, user: TestUser, link: Link,
                   counted: Frames, lost: int, moved: Moved) -> None:
        """Bytes and packets of the user equal what the peer's interface counted."""
        def delta(metric: str) -> float:
            wanted = {"uid": str(user.uid), "user": user.name, "network": "private"}
            return after.gained(before, metric, **wanted)

        slack = PACKETS_PER_CONNECTION * moved.connections
        # What the user's side dropped after the hook was sent, but the peer could not count it.
        for direction, size, packets, more in (
                ("transmit", link.ip_bytes(counted.rx_bytes, counted.rx_packets),
                 counted.rx_packets, lost),
                ("receive", link.ip_bytes(counted.tx_bytes, counted.tx_packets),
                 counted.tx_packets, 0)):
            self.assertAlmostEqual(delta(f"pdtt_user_{direction}_packets_total"), packets,
                                   delta=packets * TOLERANCE + slack + more,
                                   msg=f"{direction} packets")
            self.assertAlmostEqual(delta(f"pdtt_user_{direction}_bytes_total"), size,
                                   delta=size * TOLERANCE + (slack + more) * MTU,
                                   msg=f"{direction} bytes")

    def check_payload(self, before: Scrape, after: Scrape, user: TestUser, moved: Moved) -> None:
        """The socket layer counts what the program moved; to the byte where it says so."""
        for direction, expected in (("transmit", moved.sent), ("receive", moved.received)):
            metric = f"pdtt_user_socket_{direction}_bytes_total"
            payload = after.gained(before, metric, uid=str(user.uid))
            if moved.extra == 0:
                self.assertEqual(payload, expected, f"{direction} payload")
            elif not moved.lossy:
                self.assertGreaterEqual(payload, expected, f"{direction} payload")
                self.assertLessEqual(payload, expected + moved.extra, f"{direction} payload")
            else:
                self.assertLessEqual(payload, expected + moved.extra, f"{direction} payload")


class TcpTraffic(TrafficTest):
    """TCP: iperf3 beside nc and curl."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        Nginx(cls.world, _NGINX_PORT, SIZE)

    def upload(self, family: int) -> None:
        """Both users send."""
        self.check(lambda first, second: (
            Iperf3(self.world, self.world.alice, first.peer(family), _IPERF3_PORT,
                   ["--bytes", str(SIZE)]),
            NetcatTcp(self.world, self.world.bob, second, family, _NETCAT_PORT, SIZE, upload=True),
        ), super_packets=True)

    def download(self, family: int) -> None:
        """Both users receive."""
        self.check(lambda first, second: (
            Iperf3(self.world, self.world.alice, first.peer(family), _IPERF3_PORT,
                   ["--reverse", "--bytes", str(SIZE)]),
            Curl(self.world, self.world.bob, second.peer(family), _NGINX_PORT),
        ), super_packets=True)

    def test_upload_over_ipv4(self) -> None:
        self.upload(4)

    def test_upload_over_ipv6(self) -> None:
        self.upload(6)

    def test_download_over_ipv4(self) -> None:
        self.download(4)

    def test_download_over_ipv6(self) -> None:
        self.download(6)

    def push(self, family: int) -> None:
        """Both users listen and are sent to."""
        self.check(lambda first, second: (
            NetcatTcp(self.world, self.world.alice, first, family, _NETCAT_PORT, SIZE,
                      upload=False),
            NetcatTcp(self.world, self.world.bob, second, family, _NETCAT_PORT + 1, SIZE,
                      upload=False),
        ), super_packets=True)

    def test_download_into_a_listening_program_over_ipv4(self) -> None:
        self.push(4)

    def test_download_into_a_listening_program_over_ipv6(self) -> None:
        self.push(6)


class UdpTraffic(TrafficTest):
    """UDP: iperf3 beside nc."""

    def transfer(self, family: int, upload: bool) -> None:
        """Both users send, or both receive."""
        direction = () if upload else ("--reverse",)
        self.check(lambda first, second: (
            Iperf3(self.world, self.world.alice, first.peer(family), _IPERF3_PORT,
                   [*_UDP_OPTIONS, *direction, "--bytes", str(SIZE)]),
            NetcatUdp(self.world, self.world.bob, second, family, _NETCAT_PORT, SIZE, upload),
        ), super_packets=False)

    def test_upload_over_ipv4(self) -> None:
        self.transfer(4, upload=True)

    def test_upload_over_ipv6(self) -> None:
        self.transfer(6, upload=True)

    def test_download_over_ipv4(self) -> None:
        self.transfer(4, upload=False)

    def test_download_over_ipv6(self) -> None:
        self.transfer(6, upload=False)

    def test_one_large_send_is_counted_as_the_datagrams_it_becomes(self) -> None:
        for family, header in ((4, 28), (6, 48)):
            with self.subTest(family=family):
                self.check_segmented_send(family, header)

    def check_segmented_send(self, family: int, header: int) -> None:
        """UDP_SEGMENT: the stack sees one packet, the wire many."""
        link, alice = self.world.links[0], self.world.alice
        exporter = self.exporter()
        before, frames = exporter.scrape_fresh(), self.world.peer.frames(link.device)
        sends, segments, size = 500, 40, 1200
        with SocketShell(self.world, alice) as shell, \
                peer_socket(self.world, link.peer(family), 0, "udp") as receiver:
            shell.do("udp", link.host(family), 0)
            port = receiver.getsockname()[1]
            shell.do("sendto", link.peer(family), port, segments * size, sends, size)
            netns.wait_until_quiet(self.world.peer)
        counted = self.world.peer.frames(link.device) - frames
        self.assertEqual(counted.rx_packets, sends * segments)
        after = exporter.scrape_fresh()
        for metric, expected in (("packets", sends * segments),
                                 ("bytes", sends * segments * (size + header))):
            name = f"pdtt_user_transmit_{metric}_total"
            wanted = {"uid": str(alice.uid), "protocol": "udp"}
            self.assertEqual(after.gained(before, name, **wanted), expected, name)


if __name__ == "__main__":
    main()

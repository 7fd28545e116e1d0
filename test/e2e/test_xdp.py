#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The XDP layer on the users' interface: every frame has one result, known connections an owner."""

import contextlib
import socket
import struct
from functools import partial
from typing import Any

from pdtt_harness import netns, shell
from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter, Watcher
from pdtt_harness.netns import LINK_HEADER_BYTES, Frames
from pdtt_harness.programs import Curl, NetcatTcp, NetcatUdp, Nginx
from pdtt_harness.scrape import Scrape, Value
from pdtt_harness.sockets import SocketShell, drain, peer_connect, peer_socket

_SIZE = 50_000_000
_RESULTS = {"attributed", "unknown_connection", "not_ip", "fragment", "malformed"}
_FOREIGN_PROGRAM = """\
__attribute__((section("xdp"), used)) int pdtt_test_pass(void *context) { return 2; }
char terms[] __attribute__((section("license"), used)) = "GPL";
"""


class XdpTest(KernelTest):
    """What the tests of the layer share."""

    PROGRAMS = ("nc", "nginx", "curl", "ss", "clang")

    def setUp(self) -> None:
        self.link = self.world.links[0]
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def frames(self) -> Frames:
        """The users' interface, once quiet."""
        netns.wait_until_quiet(self.world.host)
        return self.world.host.frames(self.link.device)

    def results(self, before: Scrape, after: Scrape, what: str = "packets") -> dict[str, int]:
        """How many frames, or their bytes, had which result."""
        metric = f"pdtt_xdp_receive_{what}_total"
        found = {}
        for labels, _ in after.series(metric, interface=self.link.device):
            found[labels["result"]] = int(after.gained(before, metric, **labels))
        self.assertEqual(set(found), _RESULTS)
        return found

    def started(self) -> Exporter:
        """An exporter whose XDP layer is up."""
        exporter = self.exporter("--interface", self.link.device, inside=True)
        scrape = exporter.scrape()
        self.assertEqual(scrape.value("pdtt_layer_up", layer="xdp"), 1, exporter.log_text())
        return exporter


class Attribution(XdpTest):
    """Frames and their owners."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        Nginx(cls.world, 8080, _SIZE)

    def test_every_frame_is_accounted_for_and_known_connections_are_attributed(self) -> None:
        exporter, link, world = self.started(), self.link, self.world
        header = netns.counted_header(world.peer, world.host, link.device, link.peer4, link.host4)
        before_frames, before = self.frames(), exporter.scrape_fresh()
        with Watcher(exporter):
            for family in (4, 6):
                running: list[Any] = [
                    Curl(world, world.alice, link.peer(family), 8080),
                    NetcatTcp(world, world.bob, link, family, 5300, _SIZE, upload=False),
                    NetcatTcp(world, world.alice, link, family, 5301, _SIZE, upload=True)]
                for program in running:
                    program.finish()
        counted, after = self.frames() - before_frames, exporter.scrape_fresh()
        packets = self.results(before, after)
        self.assertEqual(sum(packets.values()), counted.rx_packets)
        self.assertEqual(sum(self.results(before, after, "bytes").values()),
                         counted.rx_bytes + (LINK_HEADER_BYTES - header) * counted.rx_packets)
        self.assertGreaterEqual(packets["attributed"], 0.999 * counted.rx_packets, packets)
        self.assertEqual(packets["malformed"], 0)
        self.check_users(before, after, packets["attributed"])

    def check_users(self, before: Scrape, after: Scrape, attributed: int) -> None:
        """Each user's frames are the packets that the cgroup layer counted for the user."""
        total: Value = 0
        for user in (self.world.alice, self.world.bob):
            delta = partial(after.gained, before, uid=str(user.uid))
            frames = delta("pdtt_user_xdp_receive_packets_total")
            packets = delta("pdtt_user_receive_packets_total")
            self.assertAlmostEqual(frames, packets, delta=packets * 1e-3 + 8)
            size = delta("pdtt_user_xdp_receive_bytes_total")
            self.assertAlmostEqual(size, delta("pdtt_user_receive_bytes_total") +
                                   LINK_HEADER_BYTES * frames, delta=size * 1e-3 + 8 * 1514)
            total += frames
        self.assertEqual(total, attributed)

    def test_an_outbound_connection_is_attributed_from_the_first_answer_on(self) -> None:
        for family in (4, 6):
            with self.subTest(family=family):
                exporter = self.started()
                shell_ = self.stack.enter_context(SocketShell(self.world, self.world.alice))
                listener = self.stack.enter_context(
                    peer_socket(self.world, self.link.peer(family), 0, "tcp"))
                before_frames, before = self.frames(), exporter.scrape_fresh()
                shell_.do("connect", self.link.peer(family), listener.getsockname()[1])
                connection = self.stack.enter_context(listener.accept()[0])
                counted, connected = self.frames() - before_frames, exporter.scrape_fresh()
                self.assertEqual(counted.rx_packets, 1, "only the SYN-ACK was sent")
                self.assertEqual(self.results(before, connected)["attributed"], 1)
                shell_.begin("receive", 100_000)
                connection.sendall(bytes(100_000))
                shell_.answer()
                counted, after = self.frames() - before_frames, exporter.scrape_fresh()
                self.assertEqual(self.results(before, after)["attributed"], counted.rx_packets)
                exporter.stop()

    def test_frames_follow_a_connection_that_is_handed_over(self) -> None:
        exporter, alice = self.started(), self.world.alice
        shell_ = self.stack.enter_context(SocketShell(self.world, None))
        port = shell_.do("listen", self.link.host4)
        connection = self.stack.enter_context(peer_connect(self.world, self.link.host4, port))
        shell_.do("accept")
        shell_.do("become", alice.uid, alice.gid)
        metric = "pdtt_user_xdp_receive_packets_total"
        # The first bytes are there before anybody knows who will read them.
        for uid, size in ((0, 1000), (alice.uid, 500_000)):
            before_frames, before = self.frames(), exporter.scrape_fresh()
            shell_.begin("receive", size)
            connection.sendall(bytes(size))
            shell_.answer()
            counted, after = self.frames() - before_frames, exporter.scrape_fresh()
            self.assertEqual(after.gained(before, metric, uid=str(uid)), counted.rx_packets)
        shell_.end()

    def test_datagrams_are_attributed_once_the_user_has_sent(self) -> None:
        exporter = self.started()
        for family, header in ((4, 28), (6, 48)):
            shell_ = self.stack.enter_context(SocketShell(self.world, self.world.bob))
            peer = self.stack.enter_context(
                peer_socket(self.world, self.link.peer(family), 0, "udp"))
            local_port = shell_.do("udp", self.link.host(family), 0)
            shell_.do("sendto", self.link.peer(family), peer.getsockname()[1], 100, 1)
            before = exporter.scrape_fresh()
            for _ in range(20):
                peer.sendto(bytes(200), (self.link.host(family), local_port))
            self.assertEqual(shell_.do("receive_datagrams", 20), 20 * 200)
            after = exporter.scrape_fresh()
            wanted = {"uid": str(self.world.bob.uid), "interface": self.link.device}
            metric = "pdtt_user_xdp_receive_bytes_total"
            self.assertEqual(after.gained(before, metric, **wanted),
                             20 * (200 + header + LINK_HEADER_BYTES))

    def test_other_frames_have_results_of_their_own(self) -> None:
        exporter = self.started()
        before_frames, before = self.frames(), exporter.scrape_fresh()
        with self.world.peer.entered():
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        with raw:
            raw.bind((self.link.device, 0))
            mac = bytes.fromhex("ffffffffffff020000000001")
            for _ in range(3):
                raw.send(mac + struct.pack("!H", 0x88B5) + bytes(50))  # IEEE 802 experimental
            for _ in range(5):
                raw.send(mac + struct.pack("!H", 0x0800) + b"\x45" + bytes(9))
        with self.world.peer.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sender:
            sender.sendto(bytes(4000), (self.link.host4, 9))
        counted, after = self.frames() - before_frames, exporter.scrape_fresh()
        packets = self.results(before, after)
        self.assertEqual(sum(packets.values()), counted.rx_packets)
        self.assertEqual(packets["not_ip"], 3)
        self.assertEqual(packets["malformed"], 5)
        self.assertEqual(packets["fragment"] + packets["unknown_connection"], 3)
        self.assertGreaterEqual(packets["fragment"], 2)

    def test_datagrams_in_bulk_keep_the_count(self) -> None:
        exporter = self.started()
        before_frames, before = self.frames(), exporter.scrape_fresh()
        program = NetcatUdp(self.world, self.world.bob, self.link, 4, 5302, _SIZE, upload=False)
        program.finish()
        counted, after = self.frames() - before_frames, exporter.scrape_fresh()
        packets = self.results(before, after)
        self.assertEqual(sum(packets.values()), counted.rx_packets)
        self.assertGreaterEqual(packets["attributed"], 0.999 * counted.rx_packets, packets)


class Occupied(XdpTest):
    """An interface that somebody else's XDP program is attached to."""

    def test_another_program_keeps_its_place_and_the_other_layers_run(self) -> None:
        device = self.link.device
        source, program = (self.world.directory / name for name in ("pass.c", "pass.o"))
        source.write_text(_FOREIGN_PROGRAM, encoding="ascii")
        shell.run("clang", "-target", "bpf", "-O2", "-c", str(source), "-o", str(program))
        self.world.host.ip("link", "set", "dev", device, "xdp", "obj", str(program), "sec", "xdp")
        self.addCleanup(self.world.host.ip, "link", "set", "dev", device, "xdp", "off")
        attached = self.attached_program()
        exporter = self.exporter("--interface", device, inside=True)
        scrape = exporter.scrape()
        self.assertEqual(scrape.value("pdtt_layer_up", layer="xdp"), 0)
        reason = next(scrape.series("pdtt_layer_info", layer="xdp"))[0]["reason"]
        self.assertIn(device, reason)
        self.assertRegex(reason, "(?i)already|another|other")
        for layer in ("sockops", "cgroup", "socket"):
            self.assertEqual(scrape.value("pdtt_layer_up", layer=layer), 1, layer)
        self.check_counting(exporter, scrape)
        exporter.stop()
        self.assertEqual(self.attached_program(), attached)

    def check_counting(self, exporter: Exporter, before: Scrape) -> None:
        """The account book goes on without XDP."""
        listener = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "tcp"))
        shell_ = self.stack.enter_context(SocketShell(self.world, self.world.alice))
        shell_.do("connect", self.link.peer4, listener.getsockname()[1])
        drain(self.stack.enter_context(listener.accept()[0]))
        shell_.do("send", 100_000)
        netns.wait_until_quiet(self.world.peer)
        metric, uid = "pdtt_user_transmit_bytes_total", str(self.world.alice.uid)
        self.assertGreater(exporter.scrape_fresh().gained(before, metric, uid=uid), 100_000)

    def attached_program(self) -> int:
        """The id of the XDP program on the users' interface."""
        listing = shell.run_json("ip", "-n", self.world.host.name, "-d", "-j", "link", "show",
                                 "dev", self.link.device)
        return int(listing[0]["xdp"]["prog"]["id"])


if __name__ == "__main__":
    main()

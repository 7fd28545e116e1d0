#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connections: their labels, counts and life; networks, protocols and lost segments."""

import subprocess
import time

from pdtt_harness.case import main
from pdtt_harness.connection_case import IDENTITY, LINGER, SETTINGS, ConnectionTest, of_user
from pdtt_harness.exporter import Exporter
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import PYTHON, drain, peer_connect, peer_socket
from pdtt_harness.users import TestUser
from pdtt_harness.world import finish, wait_for

_HOLD = """
import socket, sys
held = [socket.create_connection((sys.argv[1], int(sys.argv[2]))) for _ in range(int(sys.argv[3]))]
print(*(one.getsockname()[1] for one in held), flush=True)
sys.stdin.read()
"""


class Many(ConnectionTest):
    """More sockets than limits.connections has room for."""

    def test_sockets_without_a_place_of_their_own_are_read_too(self) -> None:
        exporter = self.exporter(settings="limits: {connections: 64}\n"
                                          "connections: {export: 1000, linger: 1s}\n")
        listener, port = self.tcp_peer(4)
        listener.listen(1000)
        holder = self.world.as_user(self.world.alice, [
            PYTHON, "-c", _HOLD, self.link.peer(4), str(port), "600"],
            stdin=subprocess.PIPE, text=True)
        ports = holder.stdout.readline().split()
        self.assertEqual(len(ports), 600)
        scrape = exporter.scrape_fresh()
        uid = str(self.world.alice.uid)
        self.assertEqual(scrape.value("pdtt_user_connections", uid=uid, protocol="tcp"), 600)
        self.assertEqual(
            sorted(labels["local_port"] for labels, _ in scrape.series("pdtt_connection_info",
                                                                       uid=uid)), sorted(ports))
        holder.communicate()


class Life(ConnectionTest):
    """A connection from its beginning to the end of its series."""

    def test_an_outbound_connection_is_counted_while_it_lives_and_lingers(self) -> None:
        for family in (4, 6):
            with self.subTest(family=family):
                self.check_outbound(family)

    def check_outbound(self, family: int) -> None:
        """alice connects, sends and receives, closes."""
        exporter = self.exporter(settings=SETTINGS)
        alice, shell = self.world.alice, self.shell(self.world.alice)
        listener, port = self.tcp_peer(family)
        before = exporter.scrape_fresh()
        local_port = shell.do("connect", self.link.peer(family), port)
        connection = self.accepted(listener)
        shell.begin("receive", 50_000)
        connection.sendall(bytes(50_000))
        shell.answer()
        drain(connection)
        shell.do("send", 100_000)
        identity = of_user(alice) | {
            "protocol": "tcp", "network": "private",
            "local_address": self.link.host(family), "local_port": str(local_port),
            "remote_address": self.link.peer(family), "remote_port": str(port)}
        live = self.fresh(exporter)
        self.check_counters_equal_users(before, live, alice, identity)
        self.assertGreater(live.value("pdtt_connection_transmit_bytes_total", **identity), 100_000)
        self.assertGreater(live.value("pdtt_connection_receive_bytes_total", **identity), 50_000)
        self.assertEqual(live.value("pdtt_connection_info", **identity, pid=str(shell.pid),
                                    command="python3", direction="outbound"), 1)
        self.check_life_counters(before, live, alice, "outbound", opened=1, closed=0)
        closing = time.monotonic()
        shell.do("close")
        self.check_end(exporter, before, alice, identity, closing)

    def check_end(self, exporter: Exporter, before: Scrape, user: TestUser,
                  identity: dict[str, str], closing: float) -> None:
        """After the close the series lingers with its last value, then it goes."""
        metric = "pdtt_connection_transmit_bytes_total"
        closed = self.fresh(exporter)
        self.check_life_counters(before, closed, user, "outbound", opened=1, closed=1)
        self.check_counters_equal_users(before, closed, user, identity)
        wait_for(lambda: not list(exporter.scrape().series(metric, **identity)),
                 "the closed connection's series gone", timeout=LINGER + 8 * TIME_FACTOR)
        self.assertGreater(time.monotonic() - closing, LINGER, "it did not linger")
        exporter.stop()

    def check_life_counters(self, before: Scrape, after: Scrape, user: TestUser, direction: str,
                            opened: int, closed: int) -> None:
        """Opened, closed and open connections of the user."""
        def delta(name: str, **labels: str) -> float:
            wanted = of_user(user) | {"protocol": "tcp"} | labels
            return after.gained(before, name, **wanted)

        self.assertEqual(delta("pdtt_user_connections_opened_total", direction=direction), opened)
        self.assertEqual(delta("pdtt_user_connections_closed_total"), closed)
        self.assertEqual(after.sum("pdtt_user_connections", **of_user(user), protocol="tcp"),
                         opened - closed)

    def test_an_inbound_connection_belongs_to_the_listening_user(self) -> None:
        for family in (4, 6):
            with self.subTest(family=family):
                exporter = self.exporter(settings=SETTINGS)
                bob, shell = self.world.bob, self.shell(self.world.bob)
                before = exporter.scrape_fresh()
                port = shell.do("listen", self.link.host(family))
                connection = self.stack.enter_context(
                    peer_connect(self.world, self.link.host(family), port))
                remote_port = shell.do("accept")
                drain(connection)
                shell.do("send", 200_000)
                after = self.fresh(exporter)
                found = list(after.series("pdtt_connection_info", **of_user(bob)))
                self.assertEqual(len(found), 1, found)
                labels = found[0][0]
                expected = {"direction": "inbound", "local_port": str(port),
                            "remote_port": str(remote_port), "pid": str(shell.pid),
                            "local_address": self.link.host(family),
                            "remote_address": self.link.peer(family)}
                self.assertEqual({key: labels[key] for key in expected}, expected)
                identity = {key: labels[key] for key in IDENTITY}
                size = after.value("pdtt_connection_transmit_bytes_total", **identity)
                self.assertGreater(size, 200_000)
                self.assertLess(size, 215_000)
                self.check_life_counters(before, after, bob, "inbound", opened=1, closed=0)
                shell.end()
                exporter.stop()

    def test_the_second_connection_of_a_listener_starts_at_zero(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        shell = self.shell(self.world.bob)
        port = shell.do("listen", self.link.host4)
        for _ in range(3):
            connection = self.stack.enter_context(
                peer_connect(self.world, self.link.host4, port))
            remote_port = shell.do("accept")
            shell.begin("receive", 1000)
            connection.sendall(bytes(1000))
            shell.answer()
            scrape = self.fresh(exporter)
            size = scrape.value("pdtt_connection_receive_bytes_total",
                                remote_port=str(remote_port))
            self.assertGreaterEqual(size, 1052)
            self.assertLessEqual(size, 1052 + 3 * 60)
            shell.do("close")


class Udp(ConnectionTest):
    """UDP, connected or not."""

    def test_an_unconnected_socket_shows_each_peer_exactly(self) -> None:
        for family, header in ((4, 28), (6, 48)):
            with self.subTest(family=family):
                exporter = self.exporter(settings=SETTINGS)
                shell = self.shell(self.world.alice)
                local_port = shell.do("udp", self.link.host(family), 0)
                peers = [self.stack.enter_context(
                    peer_socket(self.world, self.link.peer(family), 0, "udp")) for _ in range(3)]
                for round_number in range(2):
                    for index, peer in enumerate(peers):
                        shell.do("sendto", self.link.peer(family), peer.getsockname()[1],
                                 500 + index, 10 + index + round_number)
                peers[0].sendto(bytes(300), (self.link.host(family), local_port))
                self.assertEqual(shell.do("receive_datagrams", 1), 300)
                scrape = self.fresh(exporter)
                for index, peer in enumerate(peers):
                    self.check_flow(scrape, local_port, peer.getsockname()[1],
                                    2 * (10 + index) + 1, 500 + index + header)
                self.assertEqual(scrape.value(
                    "pdtt_connection_receive_bytes_total", local_port=str(local_port),
                    remote_port=str(peers[0].getsockname()[1])), 300 + header)
                shell.end()
                exporter.stop()

    def check_flow(self, scrape: Scrape, local_port: int, remote_port: int, packets: int,
                   size: int) -> None:
        """What was sent to one peer."""
        identity = of_user(self.world.alice) | {
            "protocol": "udp", "local_port": str(local_port), "remote_port": str(remote_port)}
        self.assertEqual(scrape.value("pdtt_connection_transmit_packets_total", **identity),
                         packets)
        self.assertEqual(scrape.value("pdtt_connection_transmit_bytes_total", **identity),
                         packets * size)

    def test_a_connected_socket_is_one_connection(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        shell = self.shell(self.world.alice)
        peer = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
        port = peer.getsockname()[1]
        local_port = shell.do("connect_udp", self.link.peer4, port)
        shell.do("send", 1000)
        peer.sendto(bytes(500), (self.link.host4, local_port))
        shell.do("receive_datagrams", 1)
        scrape = self.fresh(exporter)
        self.check_flow(scrape, local_port, port, 1, 1028)
        self.assertEqual(scrape.value("pdtt_connection_info", local_port=str(local_port),
                                      pid=str(shell.pid), command="python3"), 1)


class Kinds(ConnectionTest):
    """Networks, protocols and lost segments."""

    def test_loopback_is_a_network_of_its_own_and_counts_for_both_ends(self) -> None:
        for address in ("127.0.0.1", "::1"):
            with self.subTest(address=address):
                exporter = self.exporter()
                server, client = self.shell(self.world.bob), self.shell(self.world.alice)
                before = exporter.scrape_fresh()
                port = server.do("listen", address)
                client.do("connect", address, port)
                server.do("accept")
                server.begin("receive", 500_000)
                client.do("send", 500_000)
                server.answer()
                after = self.fresh(exporter)
                for user, direction in ((self.world.alice, "transmit"),
                                        (self.world.bob, "receive")):
                    metric = f"pdtt_user_{direction}_bytes_total"
                    wanted = of_user(user) | {"network": "loopback", "protocol": "tcp"}
                    self.assertGreater(after.gained(before, metric, **wanted), 500_000)
                server.end()
                client.end()
                exporter.stop()

    def test_ping_is_another_protocol(self) -> None:
        exporter = self.exporter()
        for address, header in ((self.link.peer4, 28), (self.link.peer6, 48)):
            before = exporter.scrape_fresh()
            finish(self.world.as_user(None, ["ping", "-n", "-q", "-c", "3", "-i", "0.2", "-s",
                                             "100", address]))
            after = self.fresh(exporter)
            for direction in ("receive", "transmit"):
                for what, expected in (("packets", 3), ("bytes", 3 * (100 + header))):
                    metric = f"pdtt_user_{direction}_{what}_total"
                    wanted = {"uid": "0", "user": "root", "protocol": "other"}
                    self.assertEqual(after.gained(before, metric, **wanted), expected,
                                     f"{metric} {address}")

    def test_segments_sent_again_are_counted_as_the_stack_counts_them(self) -> None:
        exporter = self.exporter()
        alice, shell = self.world.alice, self.shell(self.world.alice)
        listener, port = self.tcp_peer()
        shell.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        before, stack_before = self.fresh(exporter), self.retransmitted()
        with self.losing():
            shell.do("send", 1000)
            time.sleep(1.0)
        wait_for(lambda: not self.unacknowledged(port), "the segment came through")
        after = self.fresh(exporter)
        expected = self.retransmitted() - stack_before
        self.assertGreater(expected, 0)
        metric = "pdtt_user_tcp_retransmitted_segments_total"
        self.assertEqual(after.gained(before, metric, **of_user(alice), network="private"),
                         expected)

    def retransmitted(self) -> int:
        """Segments that the users' side has sent again, by the stack's count."""
        names, values = (line.split() for line in
                         self.world.host.run("cat", "/proc/net/snmp").splitlines()
                         if line.startswith("Tcp:"))
        return int(values[names.index("RetransSegs")])

    def unacknowledged(self, port: int) -> bool:
        """Whether bytes of the connection to the port are still unacknowledged."""
        lines = self.world.host.run("ss", "-ntH", f"dport = :{port}").splitlines()
        return any(line.split()[2] != "0" for line in lines)


if __name__ == "__main__":
    main()

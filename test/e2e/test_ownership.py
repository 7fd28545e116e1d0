#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whose bytes they are: handed over, older than the exporter, of the whole host."""

import os
import subprocess

from pdtt_harness import netns
from pdtt_harness.case import main
from pdtt_harness.connection_case import SETTINGS, ConnectionTest, of_user
from pdtt_harness.exporter import Exporter, Watcher
from pdtt_harness.scrape import Scrape
from pdtt_harness.sockets import drain, peer_connect, peer_socket


class Ownership(ConnectionTest):
    """Whose bytes they are."""

    def sent_by_a_users_child(self, exporter: Exporter, size: int) -> tuple[float, float, Scrape]:
        """Root accepts, a child sends as alice: what alice and root have gained, and a scrape."""
        alice, shell = self.world.alice, self.shell(None)
        before = exporter.scrape_fresh()
        port = shell.do("listen", self.link.host4)
        connection = self.stack.enter_context(peer_connect(self.world, self.link.host4, port))
        shell.do("accept")
        drain(connection)
        shell.do("become", alice.uid, alice.gid)
        shell.do("send", size)
        after = self.fresh(exporter)
        metric = "pdtt_user_transmit_bytes_total"
        gained = [after.gained(before, metric, uid=str(uid)) for uid in (alice.uid, 0)]
        shell.end()
        return gained[0], gained[1], after

    def test_a_connection_handed_to_a_user_is_the_users(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        handovers = "pdtt_connection_handovers_total"
        before = exporter.scrape_fresh()
        alice, root, after = self.sent_by_a_users_child(exporter, 20_000_000)
        self.assertGreater(alice, 20_000_000)
        self.assertLess(root, 2_000, "root keeps more than the handshake")
        self.assertEqual(after.value(handovers) - before.value(handovers), 1)
        self.assertTrue(list(after.series("pdtt_connection_info", direction="inbound",
                                          **of_user(self.world.alice))))

    def test_a_sender_is_known_without_the_socket_layer(self) -> None:
        exporter = self.exporter(settings=SETTINGS + "layers: {socket: off}\n")
        alice, root, _ = self.sent_by_a_users_child(exporter, 1_000_000)
        self.assertGreater(alice, 1_000_000)
        self.assertLess(root, 2_000, "root keeps more than the handshake")

    def test_a_user_who_is_only_there_gets_nothing(self) -> None:
        """Packets also leave in softirqs that interrupt somebody, and while ss has the socket."""
        exporter, shell = self.exporter(settings=SETTINGS), self.shell(None)
        listener, port = self.tcp_peer()
        shell.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        for _ in range(os.cpu_count() or 1):
            onlooker = self.world.as_user(self.world.alice, [
                "sh", "-c", "while :; do ss -ntiH; done"], stdout=subprocess.DEVNULL)
            self.stack.callback(onlooker.kill)
        before = exporter.scrape_fresh()
        shell.do("pace", 10_000_000)
        shell.do("send", 10_000_000)
        after = self.fresh(exporter)
        handovers, metric = "pdtt_connection_handovers_total", "pdtt_user_transmit_bytes_total"
        self.assertEqual(after.value(handovers) - before.value(handovers), 0)
        self.assertEqual(after.sum(metric, **of_user(self.world.alice)), 0)
        self.assertGreater(after.sum(metric, uid="0"), 10_000_000)

    def test_without_handover_the_bytes_stay_with_the_accepting_process(self) -> None:
        exporter = self.exporter(settings=SETTINGS + "attribution: {handover: false}\n")
        alice, root, _ = self.sent_by_a_users_child(exporter, 1_000_000)
        self.assertGreater(root, 1_000_000)
        self.assertEqual(alice, 0)

    def test_a_socket_older_than_the_exporter_is_picked_up(self) -> None:
        for family in (4, 6):
            with self.subTest(family=family):
                alice, shell = self.world.alice, self.shell(self.world.alice)
                listener, port = self.tcp_peer(family)
                local_port = shell.do("connect", self.link.peer(family), port)
                drain(self.accepted(listener))
                shell.do("send", 1_000_000)
                netns.wait_until_quiet(self.world.peer)
                exporter = self.exporter(settings=SETTINGS)
                shell.do("send", 2_000_000)
                scrape = self.fresh(exporter)
                identity = of_user(alice) | {"local_port": str(local_port)}
                size = scrape.value("pdtt_connection_transmit_bytes_total", **identity)
                self.assertGreater(size, 2_000_000)
                self.assertLess(size, 2_200_000, "bytes from before the start are counted")
                self.assertEqual(scrape.sum("pdtt_user_transmit_bytes_total", **of_user(alice)),
                                 size)
                self.assertEqual(scrape.sum("pdtt_user_connections", **of_user(alice),
                                            protocol="tcp"), 1)
                shell.end()
                exporter.stop()

    def test_an_older_socket_of_root_is_handed_over_too(self) -> None:
        alice, shell = self.world.alice, self.shell(None)
        port = shell.do("listen", self.link.host4)
        connection = self.stack.enter_context(peer_connect(self.world, self.link.host4, port))
        shell.do("accept")
        shell.do("become", alice.uid, alice.gid)
        drain(connection)
        exporter = self.exporter(settings=SETTINGS)
        shell.do("send", 5_000_000)
        scrape = self.fresh(exporter)
        self.assertGreater(scrape.sum("pdtt_user_transmit_bytes_total", **of_user(alice)),
                           5_000_000)
        shell.end()

    def test_an_older_udp_socket_is_picked_up(self) -> None:
        shell = self.shell(self.world.alice)
        peer = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
        shell.do("udp", self.link.host4, 0)
        shell.do("sendto", self.link.peer4, peer.getsockname()[1], 100, 5)
        exporter = self.exporter(settings=SETTINGS)
        shell.do("sendto", self.link.peer4, peer.getsockname()[1], 100, 7)
        scrape = self.fresh(exporter)
        self.assertEqual(scrape.sum("pdtt_user_transmit_bytes_total", protocol="udp",
                                    **of_user(self.world.alice)), 7 * 128)

    def test_an_excluded_user_is_counted_without_a_name(self) -> None:
        bob = self.world.bob
        exporter = self.exporter(settings=f"users: {{exclude: [{bob.name}]}}\n")
        shell = self.shell(bob)
        listener, port = self.tcp_peer()
        shell.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        shell.do("send", 300_000)
        scrape = self.fresh(exporter)
        self.assertGreater(scrape.value("pdtt_excluded_transmit_bytes_total"), 300_000)
        self.assertNotIn(bob.name, scrape.text)
        self.assertNotIn(f'uid="{bob.uid}"', scrape.text)


class WholeHost(ConnectionTest):
    """The exporter as it is by default: every socket of the host, from the root cgroup on."""

    def test_connections_are_listed_before_they_move_anything(self) -> None:
        for family in (4, 6):
            with self.subTest(family=family):
                alice, shell = self.world.alice, self.shell(self.world.alice)
                listener, port = self.tcp_peer(family)
                local_port = shell.do("connect", self.link.peer(family), port)
                drain(self.accepted(listener))
                # The exporter lives in another network namespace than the sockets.
                exporter = self.exporter(settings=SETTINGS, cgroup="auto")
                identity = of_user(alice) | {
                    "protocol": "tcp", "network": "private",
                    "local_address": self.link.host(family), "local_port": str(local_port),
                    "remote_address": self.link.peer(family), "remote_port": str(port)}
                idle = exporter.scrape_fresh()
                self.assertEqual(idle.value("pdtt_connection_info", **identity,
                                            direction="outbound"), 1)
                self.assertEqual(idle.value("pdtt_connection_transmit_bytes_total", **identity),
                                 0)
                shell.do("send", 100_000)
                after = self.fresh(exporter)
                self.assertGreater(after.value("pdtt_connection_transmit_bytes_total",
                                               **identity), 100_000)
                shell.end()
                exporter.stop()

    def test_the_sockets_of_both_sides_are_counted_and_balance(self) -> None:
        exporter = self.exporter(settings=SETTINGS, cgroup="auto")
        shell = self.shell(self.world.alice)
        before = exporter.scrape_fresh()
        listener, port = self.tcp_peer()
        shell.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        with Watcher(exporter):
            shell.do("send", 50_000_000)
        after = self.fresh(exporter)
        for uid, direction in ((str(self.world.alice.uid), "transmit"), ("0", "receive")):
            metric = f"pdtt_user_{direction}_bytes_total"
            self.assertGreater(after.gained(before, metric, uid=uid), 50_000_000)


if __name__ == "__main__":
    main()

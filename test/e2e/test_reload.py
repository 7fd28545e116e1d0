#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the configuration is read again, and not a byte is lost or counted twice."""

import signal
from collections.abc import Callable
from functools import partial
from typing import Any

from pdtt_harness import shell
from pdtt_harness.attribution_case import DIRECTIONS, AttributionTest
from pdtt_harness.case import main
from pdtt_harness.exporter import Exporter
from pdtt_harness.monotonic import Monotonic
from pdtt_harness.scrape import Scrape, Value
from pdtt_harness.sockets import SocketShell, drain
from pdtt_harness.users import TestUser
from pdtt_harness.world import wait_for

SIZE = 400_000
CAMPUS = 'networks: {campus: [10.77.0.0/16], internet: [0.0.0.0/0, "::/0"]}\n'


class ReloadTest(AttributionTest):
    """An exporter whose every scrape is held to those before."""

    def setUp(self) -> None:
        super().setUp()
        self.monotonic = Monotonic()

    def connected(self, user: TestUser) -> SocketShell:
        """A process of the user, connected to a peer that reads what it gets."""
        hers = self.shell(user)
        listener, port = self.tcp_peer()
        hers.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        return hers

    def checked(self, exporter: Exporter) -> Scrape:
        """A scrape that includes everything sent so far."""
        return self.monotonic.check(self.fresh(exporter))

    def reload(self, exporter: Exporter, settings: str) -> bool:
        """Has it read new settings."""
        exporter.write_settings(settings)
        return exporter.reload()

    def sent(self, scrape: Scrape, user: TestUser, **labels: str) -> Value:
        """The IP bytes that the user has sent."""
        return scrape.sum("pdtt_user_transmit_bytes_total", uid=str(user.uid), **labels)


class Reload(ReloadTest):
    """What changes while a user moves data."""

    def test_no_byte_is_lost_while_a_user_moves_data(self) -> None:
        settings = ("connections: {export: 0, linger: 1s}\nlimits: {series: 1000}\n",
                    "connections: {export: 50, linger: 60s}\nlog: {level: debug}\n",
                    "users: {exclude: [bin]}\n")
        exporter = self.exporter(settings=settings[-1])
        before, frames = self.checked(exporter), self.frames()
        hers = self.connected(self.world.alice)
        for index in range(12):
            hers.begin("send", 5_000_000)
            self.assertTrue(self.reload(exporter, settings[index % 3]))
            self.monotonic.check(exporter.scrape())
            hers.answer()
        after = self.checked(exporter)
        self.check_wire(before, after, self.wire_bytes(frames))
        self.assertEqual(set(self.owners(before, after)), {self.world.alice.uid})

    def test_connections_that_are_shown(self) -> None:
        exporter = self.exporter(settings="connections: {export: 0}\n")
        self.connected(self.world.alice).do("send", SIZE)
        metric = "pdtt_connection_transmit_bytes_total"
        self.assertEqual(list(self.checked(exporter).series(metric)), [])
        self.assertTrue(self.reload(exporter, "connections: {export: 10}\n"))
        self.assertEqual(len(list(self.checked(exporter).series(metric))), 1)

    def test_the_age_of_a_page(self) -> None:
        exporter = self.exporter()
        text = exporter.config.read_text(encoding="utf-8")
        exporter.config.write_text(text.replace("100ms", "1h"), encoding="utf-8")
        self.assertTrue(exporter.reload())
        time = "pdtt_snapshot_timestamp_seconds"
        first = exporter.scrape()
        self.connected(self.world.alice).do("send", SIZE)
        self.assertEqual(exporter.scrape().value(time), first.value(time))
        exporter.config.write_text(text, encoding="utf-8")
        self.assertTrue(exporter.reload())
        self.assertGreater(self.sent(self.checked(exporter), self.world.alice), SIZE)

    def test_a_signal_storm(self) -> None:
        exporter = self.exporter()
        before, frames = self.checked(exporter), self.frames()
        hers = self.connected(self.world.alice)
        exporter.write_settings("connections: {export: 10}\n")
        for _ in range(50):
            hers.begin("send", SIZE)
            exporter.process.send_signal(signal.SIGHUP)
            hers.answer()
        self.assertTrue(self.reload(exporter, "connections: {export: 0}\n"))
        after = self.checked(exporter)
        self.check_wire(before, after, self.wire_bytes(frames))
        self.assertEqual(after.value("pdtt_connections_exported"), 0)
        self.assertEqual(after.value("process_threads"), before.value("process_threads"))
        # Whoever scrapes has a connection open.
        self.assertAlmostEqual(after.value("process_open_fds"), before.value("process_open_fds"),
                               delta=2)

    def test_a_user_who_is_renamed(self) -> None:
        carol = self.world.create_user("carol")
        new = carol.name.replace("carol", "caroline")
        exporter = self.exporter()
        hers = self.connected(carol)
        hers.do("send", SIZE)
        hers.end()
        before = self.checked(exporter)
        self.assertEqual(self.names(before, carol), {carol.name})
        shell.run("usermod", "--login", new, carol.name)
        self.addCleanup(shell.run, "usermod", "--login", carol.name, new)
        self.assertTrue(exporter.reload())
        # The old name is shown until the new one is known.
        wait_for(lambda: self.names(self.monotonic.check(exporter.scrape()), carol) == {new},
                 "the new name", timeout=15)
        self.assertEqual(self.sent(self.checked(exporter), carol), self.sent(before, carol))

    def names(self, scrape: Scrape, user: TestUser) -> set[str]:
        """What the user is called."""
        return {labels["user"] for labels, _ in
                scrape.series("pdtt_user_transmit_bytes_total", uid=str(user.uid))}


class Excluded(ReloadTest):
    """Users who are excluded while they move data, or no longer."""

    def test_a_user_who_is_excluded_for_a_while(self) -> None:
        alice, exporter = self.world.alice, self.exporter()
        exclusion = f"users: {{exclude: [{alice.name}]}}\n"
        excluded = "pdtt_excluded_transmit_bytes_total"
        hers = self.connected(alice)
        hers.do("send", SIZE)
        before = self.checked(exporter)
        self.assertGreater(self.sent(before, alice), SIZE)

        self.assertTrue(self.reload(exporter, exclusion))
        self.monotonic.forget_user(alice.uid)
        hidden = self.checked(exporter)
        self.assertEqual(list(hidden.series("pdtt_user_transmit_bytes_total",
                                            uid=str(alice.uid))), [])
        self.assertEqual(hidden.gained(before, excluded), self.sent(before, alice))
        frames = self.frames()
        hers.do("send", SIZE)
        later = self.checked(exporter)
        self.assertEqual(later.gained(hidden, excluded), self.wire_bytes(frames)["transmit"])

        # What she moved as an excluded user stays where it was counted.
        self.assertTrue(self.reload(exporter, ""))
        frames = self.frames()
        hers.do("send", SIZE)
        after = self.checked(exporter)
        self.assertEqual(after.gained(later, excluded), 0)
        self.assertEqual(self.sent(after, alice), self.wire_bytes(frames)["transmit"])

        self.assertTrue(self.reload(exporter, exclusion))
        self.monotonic.forget_user(alice.uid)
        self.checked(exporter)


class Networks(ReloadTest):
    """Classes of addresses that change."""

    def test_new_connections_count_in_the_new_networks(self) -> None:
        alice, exporter = self.world.alice, self.exporter()
        old = self.connected(alice)
        old.do("send", SIZE)
        before = self.checked(exporter)
        self.assertTrue(self.reload(exporter, CAMPUS))
        frames = self.frames()
        old.do("send", SIZE)
        middle = self.checked(exporter)
        self.assertEqual(self.gain(before, middle, "private"),
                         self.wire_bytes(frames)["transmit"])
        self.assertEqual(self.sent(middle, alice, network="campus"), 0)

        frames = self.frames()
        new = self.connected(alice)
        new.do("send", SIZE)
        after = self.checked(exporter)
        self.assertEqual(self.gain(middle, after, "campus"), self.wire_bytes(frames)["transmit"])
        self.assertEqual(self.gain(middle, after, "private"), 0)

        # A name that comes back continues where it was.
        self.assertTrue(self.reload(exporter, ""))
        frames = self.frames()
        self.connected(alice).do("send", SIZE)
        last = self.checked(exporter)
        self.assertEqual(self.gain(after, last, "private"), self.wire_bytes(frames)["transmit"])

    def gain(self, before: Scrape, after: Scrape, network: str) -> Value:
        """What alice has sent into the network."""
        return after.gained(before, "pdtt_user_transmit_bytes_total",
                            uid=str(self.world.alice.uid), network=network)

    def test_more_names_than_there_is_room_for(self) -> None:
        exporter = self.exporter()
        before = self.checked(exporter)
        rounds = 0
        while self.reload(exporter, self.fifteen_networks(rounds)):
            rounds += 1
            self.assertLess(rounds, 100)
        self.assertIn("networks: no room for", exporter.log_text())
        self.assertTrue(self.reload(exporter, self.fifteen_networks(rounds - 1)))
        frames = self.frames()
        self.connected(self.world.alice).do("send", SIZE)
        self.assertEqual(self.gain(before, self.checked(exporter), "internet"),
                         self.wire_bytes(frames)["transmit"])

    def fifteen_networks(self, number: int) -> str:
        """Settings with names that no other number has."""
        names = "".join(f"  n{number}-{index}: [10.88.{index}.0/24]\n" for index in range(15))
        return f'networks:\n{names}  internet: [0.0.0.0/0, "::/0"]\n'


class Refused(ReloadTest):
    """What is not taken over."""

    def check_in_force(self, exporter: Exporter, breaks: Callable[[], Any], error: str) -> None:
        """bob stays excluded after a change for the worse, and the exporter says what is wrong."""
        metric = "pdtt_config_last_reload_success_timestamp_seconds"
        before = self.checked(exporter)
        breaks()
        self.assertFalse(exporter.reload())
        self.assertIn(error, exporter.log_text())
        frames = self.frames()
        self.connected(self.world.bob).do("send", SIZE)
        after = self.checked(exporter)
        for direction in DIRECTIONS:
            self.assertEqual(after.gained(before, f"pdtt_excluded_{direction}_bytes_total"),
                             self.wire_bytes(frames)[direction])
        self.assertEqual(after.value("pdtt_config_last_reload_successful"), 0)
        self.assertEqual(after.value(metric), before.value(metric))

    def test_a_file_that_is_wrong_or_gone_changes_nothing(self) -> None:
        good = f"users: {{exclude: [{self.world.bob.name}]}}\n"
        exporter = self.exporter(settings=good)
        start = self.checked(exporter)
        self.assertEqual(start.value("pdtt_config_last_reload_successful"), 1)
        for settings, error in (
                ("limits: {acounts: 8}\n", 'unknown key \\"acounts\\"; did you mean'),
                ("users: {exclude: [nosuchuser]}\n", 'there is no user \\"nosuchuser\\"'),
                ("{", f"{exporter.config}:")):
            with self.subTest(settings=settings):
                self.check_in_force(exporter, partial(exporter.write_settings, settings), error)
        with self.subTest("gone"):
            self.check_in_force(exporter, exporter.config.unlink, "cannot read the configuration")
        self.assertTrue(self.reload(exporter, good))
        self.assertEqual(self.checked(exporter).value("pdtt_config_last_reload_successful"), 1)

    def test_what_needs_a_restart_is_named_and_the_rest_is_applied(self) -> None:
        exporter = self.exporter(settings="connections: {export: 0}\n")
        self.connected(self.world.alice).do("send", SIZE)
        self.assertTrue(self.reload(exporter, """\
connections: {export: 10}
interfaces: [veth0]
limits: {accounts: 64, connections: 128}
attribution: {handover: false}
layers: {socket: "off"}
web: {allow: [127.0.0.1/32]}
log: {format: json}
"""))
        for key in ("interfaces", "limits.accounts", "limits.connections", "attribution.handover",
                    "layers.socket", "web.allow", "log.format"):
            self.assertEqual(
                exporter.log_text().count(f'level=warn msg="setting needs a restart" key={key}\n'),
                1, key)
        after = self.checked(exporter)
        self.assertEqual(after.value("pdtt_connections_exported"), 1)
        self.assertEqual(after.value("pdtt_map_capacity", map="account_map"), 4096)


if __name__ == "__main__":
    main()

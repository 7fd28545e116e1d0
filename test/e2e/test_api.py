#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API tells who moves how much now, and what privacy hides is nowhere to be found."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from pdtt_harness import netns
from pdtt_harness.attribution_case import AttributionTest
from pdtt_harness.case import main
from pdtt_harness.exporter import Exporter
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import PYTHON, SocketShell, drain
from pdtt_harness.users import TestUser
from pdtt_harness.world import wait_for

RATE = 2_000_000
PATHS = ("/api/v1/status", "/api/v1/users", "/api/v1/connections")
Document = dict[str, Any]


class ApiTest(AttributionTest):
    """What the classes share."""

    def get(self, exporter: Exporter, what: str) -> Document:
        """One document of the API."""
        answer = exporter.request(f"/api/v1/{what}")
        self.assertEqual((answer.status, answer.headers["Content-Type"],
                          answer.headers["Cache-Control"]), (200, "application/json", "no-store"))
        document: Document = json.loads(answer.body)
        return document

    def user(self, exporter: Exporter, user: TestUser) -> Document:
        """What is known of a user; empty if nothing is."""
        found: list[Document] = [one for one in self.get(exporter, "users")["users"]
                                 if one["uid"] == user.uid]
        return found[0] if found else {}

    def connected(self, user: TestUser) -> SocketShell:
        """A process of the user, connected to a peer that reads what it gets."""
        return self.connect(self.shell(user))

    def connect(self, hers: SocketShell) -> SocketShell:
        """Connects it to such a peer."""
        listener, port = self.tcp_peer()
        hers.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        return hers


class Api(ApiTest):
    """The documents of a running exporter."""

    def test_methods_and_paths(self) -> None:
        exporter = self.exporter()
        for path in PATHS:
            with self.subTest(path=path):
                self.assertEqual(exporter.request(path + "?x=y&z").status, 200)
                self.assertEqual(exporter.request(path, "POST").status, 405)
                self.assertEqual(exporter.request(path + "/").status, 404)
                head = exporter.request(path, "HEAD")
                self.assertEqual((head.status, head.body), (200, ""))
                self.assertEqual(head.headers["Content-Type"], "application/json")
        self.assertEqual(exporter.request("/api/v1/").status, 404)
        self.assertEqual(exporter.request("/api/v2/users").status, 404)

    def test_the_status_is_that_of_the_exporter(self) -> None:
        exporter = self.exporter()
        status = self.get(exporter, "status")
        scrape = exporter.scrape()
        self.assertEqual(status["hostname"], os.uname().nodename)
        self.assertAlmostEqual(status["started"], scrape.value("process_start_time_seconds"),
                               delta=1.5)
        self.assertLess(abs(time.time() - status["time"]), 30)
        self.assertEqual({layer["layer"]: layer["up"] for layer in status["layers"]},
                         {"xdp": False, "sockops": True, "cgroup": True, "socket": True})
        tables = {table["table"]: table for table in status["tables"]}
        self.assertLessEqual({"accounts", "connections", "flows", "events"}, set(tables))
        self.assertEqual(tables["accounts"]["capacity"], 4096)
        self.assertIsNone(tables["events"]["entries"])
        self.assertEqual(set(status["privacy"].values()), {False})
        build = next(scrape.series("pdtt_build_info"))[0]
        self.assertEqual((status["version"], status["revision"]),
                         (build["version"], build["revision"]))

    def test_sums_are_those_of_the_metrics(self) -> None:
        exporter = self.exporter(settings=f"users: {{exclude: [{self.world.bob.name}]}}\n")
        for sender in (self.world.alice, self.world.bob):
            self.connected(sender).do("send", 500_000)
        scrape = self.fresh(exporter)
        time.sleep(1.1)  # older than any snapshot that others may have asked for
        users, status = self.get(exporter, "users"), self.get(exporter, "status")
        by_uid = {str(user["uid"]): user for user in users["users"]}
        self.assertNotIn(str(self.world.bob.uid), by_uid)
        for direction in ("receive", "transmit"):
            metric = f"pdtt_user_{direction}_bytes_total"
            for uid, user in by_uid.items():
                self.assertEqual(user[f"{direction}_bytes"], scrape.sum(metric, uid=uid))
            totals = status["totals"]
            self.assertEqual(totals[f"{direction}_bytes"],
                             scrape.value(f"pdtt_host_{direction}_bytes_total"))
            self.assertGreater(totals[f"excluded_{direction}_bytes"], 0)
            self.assertEqual(totals[f"{direction}_bytes"],
                             sum(user[f"{direction}_bytes"] for user in by_uid.values())
                             + totals[f"excluded_{direction}_bytes"]
                             + totals[f"unattributed_{direction}_bytes"])
        alice = by_uid[str(self.world.alice.uid)]
        self.assertEqual(alice["user"], self.world.alice.name)
        self.assertEqual(alice["connections"], 1)

    def test_rates_are_near_the_truth(self) -> None:
        exporter = self.exporter()
        alice, bob = self.connected(self.world.alice), self.connected(self.world.bob)
        for shell, part in ((alice, 1), (bob, 4)):
            shell.do("pace", RATE // part)
            shell.begin("send", 12 * RATE // part)
        begun = time.monotonic()
        wait_for(lambda: [user["uid"] for user in self.get(exporter, "users")["users"]][:1] ==
                 [self.world.alice.uid],
                 "the busiest user on top", timeout=3)
        time.sleep(max(0.0, begun + 4 - time.monotonic()))
        users = self.get(exporter, "users")
        self.assertLess(users["window_seconds"], 6)
        self.assertEqual([user["uid"] for user in users["users"]][:2],
                         [self.world.alice.uid, self.world.bob.uid])
        for user, part in zip(users["users"], (1, 4)):
            self.assertAlmostEqual(user["transmit_bytes_per_second"], RATE / part,
                                   delta=RATE / part * 0.35)
        self.assertAlmostEqual(users["users"][0]["share"], 0.8, delta=0.1)
        self.assertAlmostEqual(sum(user["share"] for user in users["users"]), 1, delta=0.001)
        busiest = self.get(exporter, "connections")["connections"][0]
        self.assertEqual((busiest["uid"], busiest["pid"]), (self.world.alice.uid, alice.pid))
        self.assertAlmostEqual(busiest["transmit_bytes_per_second"], RATE, delta=RATE * 0.35)
        host = self.get(exporter, "status")["totals"]["transmit_bytes_per_second"]
        self.assertAlmostEqual(host, RATE * 1.25, delta=RATE * 0.45)
        alice.answer()
        bob.answer()
        self.check_afterwards(exporter)

    def check_afterwards(self, exporter: Exporter) -> None:
        """Rates fall to nothing, and the history remembers."""
        wait_for(lambda: self.user(exporter, self.world.alice)["transmit_bytes_per_second"] == 0,
                 "an idle user", timeout=5)
        document = self.get(exporter, "users")
        self.assertEqual(document["history_interval_seconds"], 5)
        history = self.user(exporter, self.world.alice)["history"]["transmit_bytes_per_second"]
        self.assertGreater(max(history), RATE * 0.6)
        self.assertLess(max(history), RATE * 1.4)
        lengths = {len(points) for user in document["users"] for points in
                   user["history"].values()}
        self.assertEqual(len(lengths), 1, lengths)

    def test_there_is_a_history_though_nobody_asked(self) -> None:
        exporter = self.exporter()
        self.connected(self.world.alice).do("send", 500_000)
        time.sleep(11)
        user = self.user(exporter, self.world.alice)
        history = user["history"]["transmit_bytes_per_second"]
        self.assertGreaterEqual(len(history), 2)
        self.assertGreater(sum(history) * 5, 500_000)
        self.assertLess(sum(history) * 5, 700_000)

    def test_a_command_is_text_whatever_its_bytes_are(self) -> None:
        name = b'<b>"\\\xff\xc3&\n\x1b[1m'
        program = os.fsdecode(os.fsencode(self.world.directory) + b"/" + name)
        os.symlink(PYTHON, program)
        self.addCleanup(os.unlink, program)
        exporter = self.exporter()
        hers = self.stack.enter_context(
            SocketShell(self.world, self.world.alice, (program,)))
        self.connect(hers).do("send", 1000)
        self.fresh(exporter)
        found = self.get(exporter, "connections")["connections"]
        commands = {one["command"] for one in found if one["uid"] == self.world.alice.uid}
        self.assertEqual(commands, {name.decode("utf-8", "replace")})


class Privacy(ApiTest):
    """What the switches hide, they hide everywhere."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))

    def served(self, exporter: Exporter) -> str:
        """All that somebody can read who may connect."""
        self.fresh(exporter)
        time.sleep(1.1)
        pages = [exporter.request(path, headers={"Accept": accept}).body
                 for path in ("/metrics", "/", *PATHS)
                 for accept in ("*/*", "application/openmetrics-text")]
        return "\n".join(pages)

    def settings(self, *switches: str) -> str:
        """With these switches on, and with reports, which they do not concern."""
        on = ", ".join(f"{switch}: true" for switch in switches)
        return (f"privacy: {{{on}}}\n"
                f"report: {{prefix: {self.folder}/pdtt, interval: 1s}}\n")

    def check_reported(self, user: TestUser) -> None:
        """The user's report names who it was, and with whom."""
        report = self.folder / f"pdtt-{user.name}.log"
        wait_for(lambda: report.exists() and self.link.peer4 in report.read_text("utf-8"),
                 "a full report", timeout=10 * TIME_FACTOR)

    def remote_addresses(self, exporter: Exporter) -> dict[tuple[int, int], str]:
        """By uid and remote port, as the API has them; the metrics have the same."""
        scrape = exporter.scrape()
        found = {(one["uid"], one["remote_port"]): one["remote_address"]
                 for one in self.get(exporter, "connections")["connections"]}
        self.assertEqual(set(found.values()),
                         {labels["remote_address"] for labels, _ in
                          scrape.series("pdtt_connection_info")})
        return found

    def test_remote_addresses(self) -> None:
        exporter = self.exporter(settings=self.settings("hide_remote_addresses"))
        for user in (self.world.alice, self.world.alice, self.world.bob):
            self.connected(user).do("send", 1000)
        served = self.served(exporter)
        self.assertNotIn(f'"{self.link.peer4}"', served)
        self.assertIn(self.world.alice.name, served)
        hidden = self.remote_addresses(exporter)
        self.assertEqual(len(hidden), 3)
        for address in hidden.values():
            self.assertRegex(address, "^hidden-[0-9a-f]{16}$")
        # One for each user, whatever the port.
        self.assertEqual(len(set(hidden.values())), 2)
        self.assertTrue(exporter.reload())
        self.assertEqual(self.remote_addresses(exporter), hidden)
        self.assertTrue(self.get(exporter, "status")["privacy"]["hide_remote_addresses"])
        self.check_reported(self.world.alice)

    def test_connections(self) -> None:
        exporter = self.exporter(settings=self.settings("hide_connections"))
        self.connected(self.world.alice).do("send", 1000)
        served = self.served(exporter)
        for trace in ("local_port=", '"local_port"', self.link.peer4):
            self.assertNotIn(trace, served)
        document = self.get(exporter, "connections")
        self.assertEqual((document["hidden"], document["connections"]), (True, []))
        self.assertGreaterEqual(document["tracked"], 1)
        alice = self.user(exporter, self.world.alice)
        self.assertGreater(alice["transmit_bytes"], 1000)
        self.assertEqual(alice["connections"], 1)
        self.check_reported(self.world.alice)

    def test_names(self) -> None:
        exporter = self.exporter(settings=self.settings("uids_only"))
        hers = self.connected(self.world.alice)
        hers.do("send", 1000)
        netns.wait_until_quiet(self.world.peer)
        time.sleep(1.1)
        served = "\n".join(exporter.request(path).body for path in ("/metrics", "/", *PATHS))
        for trace in (self.world.alice.name, "python", f'pid="{hers.pid}"'):
            self.assertNotIn(trace, served)
        uid = self.world.alice.uid
        self.assertEqual(self.user(exporter, self.world.alice)["user"], str(uid))
        mine = [one for one in self.get(exporter, "connections")["connections"]
                if one["uid"] == uid]
        self.assertEqual([(one["user"], one["pid"], one["command"]) for one in mine],
                         [(str(uid), 0, "")])
        self.check_reported(self.world.alice)

    def test_a_reload_hides_at_once_and_shows_again(self) -> None:
        exporter = self.exporter(settings=self.settings())
        text = exporter.config.read_text(encoding="utf-8")
        self.connected(self.world.alice).do("send", 1000)
        self.assertIn(self.link.peer4, self.served(exporter))
        old = text.replace("100ms", "1h")  # even where a page may be as old as this
        exporter.config.write_text(old.replace("privacy: {}", "privacy: {hide_connections: true}"),
                                   encoding="utf-8")
        self.assertTrue(exporter.reload())
        for path in ("/metrics", *PATHS):
            self.assertNotIn(self.link.peer4, exporter.request(path).body, path)
        exporter.config.write_text(text, encoding="utf-8")
        self.assertTrue(exporter.reload())
        self.assertIn(self.link.peer4, self.served(exporter))


if __name__ == "__main__":
    main()

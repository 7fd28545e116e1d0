#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reports and records: what is written down is what was counted, whatever the disk does."""

import json
import random
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pdtt_harness.bpffs import PinningTest
from pdtt_harness.case import main
from pdtt_harness.connection_case import ConnectionTest
from pdtt_harness.exporter import Exporter, Watcher, binary
from pdtt_harness.scrape import Scrape, Value
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import drain
from pdtt_harness.users import TestUser
from pdtt_harness.world import wait_for

PATIENCE = 45 * TIME_FACTOR
SIZE = 300_000
# In a mount namespace of its own the disk ends with the exporter.
ON_SMALL_DISK = 'mount -t tmpfs -o size=64k,mode=755 none "$0" && exec "$@"'

_HEAD = (r"=== {title} \[(?P<time>\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d)\] ===\n"
         r"UID: (?P<uid>\d+) \| Username: (?P<user>\S+)\n"
         r"Process: (?P<command>.+) \(PID: (?P<pid>\d+)\)\n")
_USER_BLOCK = re.compile(_HEAD.format(title="Network Statistics Report")
                         + r"  Total: (?P<total>\d+) bytes\n---\n\n")
_CONNECTION_BLOCK = re.compile(_HEAD.format(title="Per-Connection Statistics")
                               + r"  Source: (?P<source>\S+)\n"
                               r"  Destination: (?P<destination>\S+)\n"
                               r"  TX: (?P<tx>\d+) bytes \((?P<tx_packets>\d+) packets\)\n"
                               r"  RX: (?P<rx>\d+) bytes \((?P<rx_packets>\d+) packets\)\n"
                               r"  Total: (?P<total>\d+) bytes\n---\n\n")


@dataclass
class Report:
    """The blocks of a report file."""

    totals: list[dict[str, str]]
    connections: list[dict[str, str]]

    @classmethod
    def parse(cls, text: str) -> "Report":
        """Takes a file apart; whatever is not a whole block is an error."""
        report, position = cls([], []), 0
        while position < len(text):
            for pattern, blocks in ((_USER_BLOCK, report.totals),
                                    (_CONNECTION_BLOCK, report.connections)):
                match = pattern.match(text, position)
                if match:
                    blocks.append(match.groupdict())
                    position = match.end()
                    break
            else:
                raise AssertionError(f"not a block: {text[position:position + 500]!r}")
        return report

    def total(self) -> int:
        """The last total; 0 if there is none."""
        return int(self.totals[-1]["total"]) if self.totals else 0


class WrittenTest(ConnectionTest):
    """What the tests of reports and records share."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="written-", dir=self.world.directory))

    def settings(self, interval: str = "1s", more: str = "") -> str:
        """Both kinds of files in the folder of the test."""
        return (f"report: {{prefix: {self.folder}/pdtt, interval: {interval}}}\n"
                f"records: {{file: {self.folder}/records}}\n{more}")

    def move(self, user: TestUser, size: int = SIZE, count: int = 1) -> int:
        """The user sends so much over each of so many connections; returns the process's id."""
        hers = self.shell(user)
        listener, port = self.tcp_peer()
        for _ in range(count):
            hers.do("connect", self.link.peer4, port)
            drain(self.accepted(listener))
            hers.do("send", size)
            hers.do("close")
        hers.end()
        return hers.pid

    def total(self, scrape: Scrape, user: TestUser) -> Value:
        """All of the user's IP bytes."""
        return sum(scrape.sum(f"pdtt_user_{direction}_bytes_total", uid=str(user.uid))
                   for direction in ("receive", "transmit"))

    def report_file(self, user: TestUser, folder: Path | None = None) -> Path:
        """Where the user's reports go."""
        return (folder or self.folder) / f"pdtt-{user.name}.log"

    def report(self, user: TestUser, folder: Path | None = None) -> Report:
        """What has been reported about the user."""
        file = self.report_file(user, folder)
        return Report.parse(file.read_text(encoding="utf-8") if file.exists() else "")

    def records(self, folder: Path | None = None) -> list[dict[str, Any]]:
        """The records; each line must be whole, each id must be there once."""
        file = (folder or self.folder) / "records"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        self.assertTrue(not text or text.endswith("\n"), text[-200:])
        records = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(len({record["id"] for record in records}), len(records))
        return records

    def wait_for_records(self, count: int, folder: Path | None = None) -> list[dict[str, Any]]:
        """Waits for the records of so many connections, and not one more."""
        wait_for(lambda: len(self.records(folder)) >= count, f"{count} records", PATIENCE)
        records = self.records(folder)
        self.assertEqual(len(records), count)
        return records

    def wait_for_total(self, exporter: Exporter, user: TestUser,
                       folder: Path | None = None) -> Report:
        """Waits until the user's report says what the metrics say."""
        total = self.total(self.fresh(exporter), user)
        self.assertGreater(total, 0)
        wait_for(lambda: self.report(user, folder).total() == total,
                 f"the report of {user.name} up to {total}", PATIENCE)
        return self.report(user, folder)

    def wait_for_errors(self, exporter: Exporter, stage: str, more_than: Value = 0) -> Value:
        """Waits until failures of this kind are counted; returns how many."""
        def errors() -> Value:
            return exporter.scrape().value("pdtt_collect_errors_total", stage=stage)

        wait_for(lambda: errors() > more_than, f"errors of {stage}", PATIENCE)
        return errors()


class Reports(WrittenTest):
    """The file of each user."""

    def test_each_user_has_the_numbers_of_the_metrics(self) -> None:
        exporter = self.exporter(settings=self.settings())
        alice, bob = self.world.alice, self.world.bob
        pid = self.move(alice)
        self.move(bob, size=1000)
        report = self.wait_for_total(exporter, alice)
        self.wait_for_total(exporter, bob)
        for block in (report.totals[-1], report.connections[-1]):
            self.assertEqual((block["uid"], block["user"], block["command"], block["pid"]),
                             (str(alice.uid), alice.name, "python3", str(pid)))
        connection = report.connections[-1]
        labels = {"uid": str(alice.uid), "local_port": connection["source"].rpartition(":")[2]}
        scrape = exporter.scrape()
        for field, metric in (("tx", "transmit_bytes"), ("tx_packets", "transmit_packets"),
                              ("rx", "receive_bytes"), ("rx_packets", "receive_packets")):
            self.assertEqual(int(connection[field]),
                             scrape.value(f"pdtt_connection_{metric}_total", **labels))
        self.assertEqual(connection["source"].rpartition(":")[0], self.link.host4)
        self.assertEqual(connection["destination"].rpartition(":")[0], self.link.peer4)
        self.assertEqual(int(connection["total"]), int(connection["tx"]) + int(connection["rx"]))
        for user in (alice, bob):
            self.assertEqual(self.report_file(user).stat().st_mode & 0o777, 0o640)

    def test_a_user_at_rest_is_not_reported_again(self) -> None:
        exporter = self.exporter(settings=self.settings())
        self.move(self.world.alice)
        self.wait_for_total(exporter, self.world.alice)
        before = self.report_file(self.world.alice).read_bytes()
        for _ in range(3):  # of bob's reports: alice's would have come as well
            self.move(self.world.bob, size=1000)
            self.wait_for_total(exporter, self.world.bob)
        exporter.stop()
        self.assertEqual(self.report_file(self.world.alice).read_bytes(), before)

    def test_the_last_state_is_written_at_the_end(self) -> None:
        exporter = self.exporter(settings=self.settings(interval="1h"))
        self.move(self.world.alice)
        total = self.total(self.fresh(exporter), self.world.alice)
        self.assertEqual(list(self.folder.glob("pdtt-*")), [])
        exporter.stop()
        self.assertEqual(self.report(self.world.alice).total(), total)
        self.assertEqual(len(self.report(self.world.alice).connections), 1)

    def test_the_console_has_them_too(self) -> None:
        exporter = self.exporter("--report.console", "--interval=1s", "--log.level=error")
        self.move(self.world.alice)
        total = self.total(self.fresh(exporter), self.world.alice)
        wait_for(lambda: f"  Total: {total} bytes\n---\n" in exporter.log_text(),
                 "the report on the console", PATIENCE)
        exporter.stop()
        users = {block["user"] for block in Report.parse(exporter.log_text()).totals}
        self.assertIn(self.world.alice.name, users)

    def test_a_rotated_file_is_begun_anew(self) -> None:
        exporter = self.exporter(settings=self.settings())
        alice = self.world.alice
        self.move(alice)
        self.wait_for_total(exporter, alice)
        self.wait_for_records(1)
        for file in (self.report_file(alice), self.folder / "records"):
            file.rename(f"{file}.1")
        self.assertTrue(exporter.reload())
        self.move(alice, size=2 * SIZE)
        self.wait_for_total(exporter, alice)
        self.assertGreater(self.wait_for_records(1)[0]["transmit_bytes"], 2 * SIZE)
        for file in (self.report_file(alice), self.folder / "records"):
            self.assertEqual(file.stat().st_mode & 0o777, 0o640)

    def test_settings_that_are_reloaded(self) -> None:
        exporter = self.exporter()
        self.move(self.world.alice)
        exporter.write_settings(self.settings())
        self.assertTrue(exporter.reload())
        self.move(self.world.alice)
        self.wait_for_total(exporter, self.world.alice)
        wait_for(self.records, "a record", PATIENCE)

    def test_a_link_in_the_way_is_not_followed(self) -> None:
        target = self.folder / "target"
        target.touch()
        self.report_file(self.world.alice).symlink_to(target)
        exporter = self.exporter(settings=self.settings())
        self.move(self.world.alice)
        self.move(self.world.bob)
        self.wait_for_errors(exporter, "reports")
        self.wait_for_total(exporter, self.world.bob)
        self.assertIn("reports not written", exporter.log_text())
        self.report_file(self.world.alice).unlink()
        self.wait_for_total(exporter, self.world.alice)
        self.assertEqual(target.read_bytes(), b"")

    def test_excluded_users_are_in_neither(self) -> None:
        exporter = self.exporter(
            settings=self.settings(more=f"users: {{exclude: [{self.world.bob.name}]}}\n"))
        self.move(self.world.bob)
        self.move(self.world.alice)
        self.wait_for_total(exporter, self.world.alice)
        self.assertEqual(self.wait_for_records(1)[0]["user"], self.world.alice.name)
        exporter.stop()
        self.wait_for_records(1)
        self.assertFalse(self.report_file(self.world.bob).exists())


class Records(WrittenTest):
    """The line of each connection."""

    def test_a_record_has_what_the_user_moved(self) -> None:
        for family in (4, 6):
            with self.subTest(family=family):
                exporter = self.exporter(settings=self.settings())
                alice, shell = self.world.alice, self.shell(self.world.alice)
                before, begin = exporter.scrape_fresh(), time.time()
                listener, port = self.tcp_peer(family)
                local_port = shell.do("connect", self.link.peer(family), port)
                connection = self.accepted(listener)
                shell.begin("receive", 50_000)
                connection.sendall(bytes(50_000))
                shell.answer()
                drain(connection)
                shell.do("send", SIZE)
                shell.do("close")
                record = self.wait_for_records(1)[0]
                after = self.fresh(exporter)
                self.check_counts(record, before, after, alice)
                expected = {
                    "user": alice.name, "uid": alice.uid, "pid": shell.pid, "command": "python3",
                    "direction": "outbound", "protocol": "tcp", "network": "private",
                    "local_address": self.link.host(family), "local_port": local_port,
                    "remote_address": self.link.peer(family), "remote_port": port,
                    "close_reason": "local"}
                self.assertEqual({key: record[key] for key in expected}, expected)
                self.check_times(record, begin)
                shell.end()
                exporter.stop()
                (self.folder / "records").unlink()

    def check_counts(self, record: dict[str, Any], before: Scrape, after: Scrape,
                     user: TestUser) -> None:
        """The record has all that the user moved in between."""
        for what in ("receive_bytes", "transmit_bytes", "receive_packets", "transmit_packets"):
            self.assertEqual(record[what], after.gained(before, f"pdtt_user_{what}_total",
                                                        uid=str(user.uid)), what)
        self.assertGreater(record["transmit_bytes"], SIZE)
        self.assertEqual(record["retransmitted_segments"], after.gained(
            before, "pdtt_user_tcp_retransmitted_segments_total", uid=str(user.uid)))

    def check_times(self, record: dict[str, Any], begin: float) -> None:
        """The connection was made and closed between then and now."""
        times = []
        for field in ("start", "end"):
            self.assertRegex(record[field], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            times.append(datetime.fromisoformat(record[field].replace("Z", "+00:00")).timestamp())
        slack = 0.1  # the clocks are read one after the other
        self.assertLess(begin - slack, times[0])
        self.assertLess(times[0], times[1])
        self.assertLess(times[1], time.time() + slack)

    def test_every_connection_has_one(self) -> None:
        count = 300
        exporter = self.exporter(settings=self.settings())
        before = exporter.scrape_fresh()
        self.move(self.world.alice, size=1000, count=count)
        records = self.wait_for_records(count)
        after = self.fresh(exporter)
        wanted = {"uid": str(self.world.alice.uid)}
        self.assertEqual(after.gained(before, "pdtt_user_connections_closed_total", **wanted),
                         count)
        for what in ("receive_bytes", "transmit_bytes"):
            self.assertEqual(sum(record[what] for record in records),
                             after.gained(before, f"pdtt_user_{what}_total", **wanted))
        exporter.stop()
        self.wait_for_records(count)

    def test_small_connections_have_none(self) -> None:
        exporter = self.exporter(settings=f"records: {{file: {self.folder}/records, "
                                          f"min_bytes: {SIZE}}}\n")
        self.move(self.world.alice, size=1000)
        self.move(self.world.alice, size=SIZE)
        self.move(self.world.alice, size=1000)
        exporter.stop()
        self.assertGreater(self.wait_for_records(1)[0]["transmit_bytes"], SIZE)

    def test_a_connection_that_ends_just_before_the_exporter_has_one(self) -> None:
        for _ in range(5):
            exporter = self.exporter(settings=self.settings())
            self.move(self.world.alice, size=1000)
            exporter.stop()
        self.wait_for_records(5)


class Trouble(WrittenTest):
    """Disks that can't be written to: counting and scraping go on, and writing when it can."""

    def test_a_full_disk(self) -> None:
        exporter = self.exporter(settings=self.settings(), command=(
            "unshare", "--mount", "sh", "-c", ON_SMALL_DISK, str(self.folder), str(binary())))
        alice = self.world.alice
        inside = Path(f"/proc/{exporter.process.pid}/root{self.folder}")
        self.move(alice, size=1000)
        self.wait_for_records(1, inside)
        self.wait_for_total(exporter, alice, inside)
        with Watcher(exporter) as watcher:
            fill(inside / "filler")
            self.move(alice, size=1000, count=40)
            for stage in ("records", "reports"):
                first = self.wait_for_errors(exporter, stage)
                self.wait_for_errors(exporter, stage, more_than=first)
            self.assertLess(len(self.records(inside)), 41)  # whole lines only
            self.report(alice, inside)  # whole blocks only
            scrapes = len(watcher.scrapes)
            wait_for(lambda: len(watcher.scrapes) > scrapes + 5, "more scrapes", PATIENCE)
            (inside / "filler").unlink()
            records = self.wait_for_records(41, inside)
        self.wait_for_total(exporter, alice, inside)
        self.assertEqual(
            sum(record["transmit_bytes"] for record in records),
            exporter.scrape().sum("pdtt_user_transmit_bytes_total", uid=str(alice.uid)))

    def test_a_folder_that_is_removed_and_made_again(self) -> None:
        exporter = self.exporter(settings=self.settings())
        alice = self.world.alice
        self.move(alice)
        self.wait_for_records(1)
        self.wait_for_total(exporter, alice)
        shutil.rmtree(self.folder)
        with Watcher(exporter):
            self.move(alice, count=3)
            for stage in ("records", "reports"):
                self.wait_for_errors(exporter, stage)
        self.assertLessEqual(exporter.log_text().count("records not written"), 2)  # one a minute
        self.folder.mkdir()
        self.wait_for_records(3)
        report = self.wait_for_total(exporter, alice)
        # Of the three the snapshot may have merged none: each had its own port.
        self.assertEqual(len({block["source"] for block in report.connections}), 3)


class Killed(PinningTest, WrittenTest):
    """An exporter that is killed again and again, and started again."""

    def start(self) -> Exporter:
        """One that takes over what the last one left."""
        return Exporter(self.world, self.persist_flags(), self.settings()).start()

    def test_no_connection_is_missing_or_there_twice(self) -> None:
        rounds, count = 8, 25
        hers = self.shell(self.world.alice)
        listener, port = self.tcp_peer()

        def connect() -> None:
            hers.do("connect", self.link.peer4, port)
            drain(self.accepted(listener))
            hers.do("send", 1000)
            hers.do("close")

        for _ in range(rounds):
            exporter = self.start()
            for _ in range(count):
                connect()
            time.sleep(random.uniform(0, 0.4))  # events are taken five times a second
            exporter.kill()
            connect()  # nobody is there
        exporter = self.start()
        self.addCleanup(self._stop, exporter)
        records = self.wait_for_records(rounds * (count + 1))
        scrape = self.fresh(exporter)
        for what in ("receive_bytes", "transmit_bytes"):
            self.assertEqual(sum(record[what] for record in records), scrape.sum(
                f"pdtt_user_{what}_total", uid=str(self.world.alice.uid)))
        exporter.stop()
        self.wait_for_records(rounds * (count + 1))


def fill(file: Path) -> None:
    """Leaves no room on the file's disk."""
    page = bytes(4096)
    with file.open("wb", buffering=0) as filler:
        try:
            while filler.write(page) == len(page):
                pass
        except OSError:
            pass


if __name__ == "__main__":
    main()

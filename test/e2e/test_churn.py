#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Short connections at full speed: each is counted once, and nothing piles up.

PDTT_CHURN_CONNECTIONS says how many; 200000 show a leak that the default would hide.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter, Watcher
from pdtt_harness.monotonic import Monotonic
from pdtt_harness.scrape import Scrape, Value
from pdtt_harness.sockets import user_program
from pdtt_harness.users import TestUser
from pdtt_harness.world import finish, wait_for

CONNECTIONS = int(os.environ.get("PDTT_CHURN_CONNECTIONS", "20000"))
MEMORY = 5_000_000
SETTINGS = "connections: {{export: 10, linger: 1s}}\nrecords: {{file: {records}}}\n"


class Churn(KernelTest):
    """Two users who do nothing but connect to themselves."""

    def churn(self, exporter: Exporter, each: int) -> Scrape:
        """Runs until all are closed, and the exporter has let go of them."""
        monotonic = Monotonic()
        with Watcher(exporter, interval=0.5) as watcher:
            running = [user_program(self.world, user, "churn.py", str(each))
                       for user in self.users()]
            for program in running:
                finish(program, timeout=150 + each / 500)
        for scrape in watcher.scrapes:
            monotonic.check(scrape)

        def settled() -> Scrape | None:
            scrape = monotonic.check(exporter.scrape_fresh())
            return None if scrape.value("pdtt_connections_tracked") else scrape

        found: Scrape = wait_for(settled, "every connection gone", timeout=30)
        return found

    def users(self) -> Sequence[TestUser]:
        """Who connects."""
        return self.world.alice, self.world.bob

    def test_every_connection_is_counted_and_nothing_piles_up(self) -> None:
        records = self.world.directory / "records"
        exporter = self.exporter(settings=SETTINGS.format(records=records))
        each = CONNECTIONS // len(self.users())
        # What is needed at most is there from now on.
        before = self.churn(exporter, max(each // 2, 10_000))
        after = self.churn(exporter, each)
        for user in self.users():
            opened = {
                direction: self.gained(before, after, user, "opened", direction=direction)
                for direction in ("inbound", "outbound")}
            self.assertEqual(opened, {"inbound": each, "outbound": each})
            self.assertEqual(self.gained(before, after, user, "closed"), 2 * each)
            self.assertEqual(after.value("pdtt_user_connections", uid=str(user.uid),
                                         protocol="tcp"), 0)
        closed = sum(after.sum("pdtt_user_connections_closed_total", uid=str(user.uid))
                     for user in self.users())
        wait_for(lambda: count_lines(records) >= closed, "every record", timeout=30)
        self.assertEqual(count_lines(records), closed)
        for failures, value in after.series("pdtt_map_insert_failures_total"):
            self.assertEqual(value, 0, failures)
        self.assertLess(after.gained(before, "process_resident_memory_bytes"), MEMORY)
        # Connections of scrapers close a moment after they were served.
        wait_for(lambda: exporter.scrape().value("process_open_fds")
                 <= before.value("process_open_fds"), "as many descriptors as before")

    def gained(self, before: Scrape, after: Scrape, user: TestUser, what: str,
               **labels: str) -> Value:
        """How many TCP connections of the user."""
        return after.gained(before, f"pdtt_user_connections_{what}_total", uid=str(user.uid),
                            protocol="tcp", **labels)


def count_lines(path: Path) -> int:
    """The number of whole lines."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


if __name__ == "__main__":
    main()

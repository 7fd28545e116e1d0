#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A name service that hangs or fails costs names, for as long as it does, and nothing else."""

import os
import time
import unittest
from pathlib import Path
from typing import ClassVar

from pdtt_harness.attribution_case import AttributionTest
from pdtt_harness.case import main
from pdtt_harness.exporter import Exporter, binary
from pdtt_harness.netns import wait_until_quiet
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import drain
from pdtt_harness.world import wait_for

SIZE = 400_000
SCRAPE_TIMEOUT = 10 * TIME_FACTOR  # Prometheus' default
_CONFIG = Path("/etc/nsswitch.conf")
# The name service cache would answer in place of the service.
_ARRANGE = """\
mount --bind "$1" "$2"
if [ -d /run/nscd ]; then mount -t tmpfs none /run/nscd; fi
shift 2
exec "$@"
"""


class SlowNames(AttributionTest):
    """An exporter whose first name service does what the test says."""

    PROGRAMS: ClassVar[tuple[str, ...]] = ("unshare",)

    def setUp(self) -> None:
        super().setUp()
        if not _CONFIG.exists():
            raise unittest.SkipTest(f"needs {_CONFIG}")
        self.state = self.world.directory / "name-service"

    def begin(self, state: str) -> Exporter:
        """Starts an exporter while the name service is in that state; alice sends something."""
        module = Path(os.environ["PDTT_NAME_SERVICE_MODULE"])
        config = self.world.directory / "nsswitch.conf"
        config.write_text("passwd: pdtttest [UNAVAIL=return] files\n", encoding="ascii")
        self.become(state)
        exporter = self.exporter(command=(
            "unshare", "--mount", "--propagation", "private", "sh", "-e", "-c", _ARRANGE, "sh",
            str(config), str(_CONFIG), "env", f"LD_LIBRARY_PATH={module.parent}",
            f"PDTT_NAME_SERVICE={self.state}", str(binary())))
        hers = self.shell(self.world.alice)
        listener, port = self.tcp_peer()
        hers.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        hers.do("send", SIZE)
        wait_until_quiet(self.world.peer)
        return exporter

    def become(self, state: str) -> None:
        """From now on the name service hangs, fails or works."""
        new = self.state.with_suffix(".new")
        new.write_text(state, encoding="ascii")
        new.rename(self.state)

    def name(self, scrape: Scrape) -> str:
        """What alice is called; all of her bytes are there in any case."""
        found = [(labels["user"], value) for labels, value in scrape.series(
            "pdtt_user_transmit_bytes_total", uid=str(self.world.alice.uid), network="private")]
        self.assertEqual(len(found), 1, found)
        self.assertGreater(found[0][1], SIZE)
        return found[0][0]

    def wait_for_name(self, exporter: Exporter) -> None:
        """alice is called alice in the end."""
        wait_for(lambda: self.name(exporter.scrape()) == self.world.alice.name, "her name",
                 timeout=20)

    def test_scrapes_go_on_while_names_hang(self) -> None:
        exporter = self.begin("hangs")
        for _ in range(10):
            begin = time.monotonic()
            scrape = exporter.scrape()
            self.assertLess(time.monotonic() - begin, SCRAPE_TIMEOUT)
            self.assertEqual(self.name(scrape), str(self.world.alice.uid))
        self.become("works")
        self.wait_for_name(exporter)

    def test_failures_are_counted_and_names_come_later(self) -> None:
        exporter = self.begin("fails")
        wait_for(lambda: exporter.scrape().value("pdtt_collect_errors_total", stage="names"),
                 "an error", timeout=20)
        self.assertEqual(self.name(exporter.scrape()), str(self.world.alice.uid))
        self.become("works")
        self.assertTrue(exporter.reload())  # or wait for a minute
        self.wait_for_name(exporter)

    def test_the_exporter_ends_while_names_hang(self) -> None:
        exporter = self.begin("hangs")
        self.assertEqual(self.name(exporter.scrape()), str(self.world.alice.uid))
        exporter.stop()


if __name__ == "__main__":
    main()

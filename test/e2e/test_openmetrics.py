#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page as OpenMetrics: read by the reference parser, with the times at which counters began."""

import struct
import subprocess
import time

from pdtt_harness import shell
from pdtt_harness.bpffs import PinningTest
from pdtt_harness.case import main
from pdtt_harness.connection_case import ConnectionTest
from pdtt_harness.exporter import Exporter
from pdtt_harness.scrape import Scrape, Value
from pdtt_harness.sockets import PYTHON, drain

ACCEPT = {"Accept": "application/openmetrics-text; version=1.0.0"}
HOST = "pdtt_host_receive_bytes_created"
_PARSE = """
import sys
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    sys.exit(77)
print(len(list(text_string_to_metric_families(sys.stdin.read()))))
"""


class OpenMetricsTest(ConnectionTest):
    """What the classes share."""

    def page(self, exporter: Exporter) -> Scrape:
        """The page in this format."""
        answer = exporter.request("/metrics", headers=ACCEPT)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/openmetrics-text; version=1.0.0; charset=utf-8")
        return Scrape(answer.body)


class Page(OpenMetricsTest):
    """A page of real traffic."""

    def test_the_reference_parser_reads_it(self) -> None:
        exporter = self.exporter()
        hers = self.shell(self.world.alice)
        listener, port = self.tcp_peer()
        begun = time.time()
        hers.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        hers.do("send", 1000)
        text = self.fresh(exporter)
        page = self.page(exporter)
        self.assertTrue(page.text.endswith("\n# EOF\n"))
        parsed = subprocess.run([PYTHON, "-c", _PARSE], input=page.text, text=True,
                                capture_output=True, timeout=30, check=False)
        if parsed.returncode != 77:
            self.assertEqual(parsed.returncode, 0, parsed.stderr)
            self.assertGreater(int(parsed.stdout), 40)
        self.assertEqual({name for name in page.samples if not name.endswith("_created")},
                         set(text.samples))
        for labels, created in page.series("pdtt_connection_transmit_bytes_created"):
            if labels["uid"] == str(self.world.alice.uid):
                self.assertAlmostEqual(created, begun, delta=2)
                break
        else:
            self.fail("the connection is not there")

    def test_counters_began_with_the_exporter(self) -> None:
        page = self.page(self.exporter())
        started = page.value("process_start_time_seconds")
        self.assertAlmostEqual(page.value("process_cpu_seconds_created"), started, delta=0.01)
        self.assertAlmostEqual(page.value(HOST), started, delta=30)
        self.assertGreater(page.value(HOST), started - 1.5)

    def test_what_is_answered_depends_on_accept(self) -> None:
        answer = self.exporter().request("/metrics", headers={"Accept": "text/html,*/*;q=0.1"})
        self.assertRegex(answer.headers["Content-Type"], "^text/plain; version=0.0.4;")
        self.assertIn("Accept", answer.headers["Vary"].replace("Accept-Encoding", ""))


class Persistent(PinningTest, OpenMetricsTest):
    """Counters that outlive the exporter."""

    def created(self, settings: str = "") -> tuple[Value, Value]:
        """When the host's counters began, and when the exporter did that says so."""
        exporter = self.exporter(*self.persist_flags(), settings=settings)
        page = self.page(exporter)
        exporter.stop()
        return page.value(HOST), page.value("process_start_time_seconds")

    def forget(self) -> None:
        """Makes the tables those of a version that did not write the times down."""
        pin = str(self.bpffs.pin_path / "tables/state_map")
        (entry,) = shell.run_json("bpftool", "-j", "map", "dump", "pinned", pin)
        state = bytearray(int(byte, 16) for byte in entry["value"])
        struct.pack_into("<QQQ", state, len(state) - 24, 0, 0, 0)
        shell.run("bpftool", "map", "update", "pinned", pin, "key", "hex", "00", "00", "00", "00",
                  "value", "hex", *(f"{byte:02x}" for byte in state))

    def test_a_restart_does_not_make_counters_younger(self) -> None:
        first, _ = self.created()
        time.sleep(2)
        again, started = self.created()
        self.assertEqual(again, first)
        self.assertGreater(started, first)
        with self.subTest("other tables take their place"):
            self.assertEqual(self.created("limits: {accounts: 64}\n")[0], first)
        with self.subTest("the tables do not say"):
            self.forget()
            boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
            self.assertAlmostEqual(self.created()[0], boot, delta=2)
            self.assertAlmostEqual(self.created()[0], boot, delta=2)


if __name__ == "__main__":
    main()

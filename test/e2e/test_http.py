#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The paths and methods of the running exporter, and its answers about itself."""

import gzip
import http.client
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter
from pdtt_harness.scrape import Scrape


class Http(KernelTest):
    """HTTP as the contract has it."""

    def setUp(self) -> None:
        self.served = self.exporter()

    def test_paths(self) -> None:
        for path, status in (("/metrics", 200), ("/-/healthy", 200), ("/-/ready", 200), ("/", 200),
                             ("/metrics?name=x", 200), ("/nosuch", 404), ("/metrics/", 404),
                             ("/METRICS", 404), ("/metricsx", 404), ("/-/", 404),
                             ("/../etc/passwd", 404)):
            with self.subTest(path=path):
                self.assertEqual(self.served.request(path).status, status)

    def test_methods(self) -> None:
        for path in ("/metrics", "/", "/-/healthy", "/-/ready"):
            for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                with self.subTest(path=path, method=method):
                    self.assertEqual(self.served.request(path, method).status, 405)
            head = self.served.request(path, "HEAD")
            self.assertEqual((head.status, head.body), (200, ""))

    def test_the_format_is_named(self) -> None:
        kind = self.served.request("/metrics").headers["Content-Type"]
        self.assertRegex(kind, r"text/plain; *version=0\.0\.4")

    def test_the_live_page_leads_to_the_metrics(self) -> None:
        self.assertIn("/metrics", self.served.request("/").body)

    def test_a_compressed_page_is_a_page(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=20)
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        self.assertEqual(answer.getheader("Content-Encoding"), "gzip")
        Scrape(gzip.decompress(answer.read()).decode()).assert_balanced()
        connection.close()


class Itself(KernelTest):
    """What the exporter says about itself."""

    def test_the_layers_programs_and_maps_are_reported(self) -> None:
        scrape = self.exporter().scrape()
        self.assertEqual({labels["layer"]: value for labels, value in
                          scrape.series("pdtt_layer_up")},
                         {"xdp": 0, "sockops": 1, "cgroup": 1, "socket": 1})
        reason = next(scrape.series("pdtt_layer_info", layer="xdp"))[0]
        self.assertEqual(reason["mode"], "off")
        self.assertRegex(reason["reason"], "(?i)interface")
        attached = {labels["program"]: value for labels, value in
                    scrape.series("pdtt_program_attached")}
        for program in ("sockops_tracker", "sock_create_tracker", "cgroup_skb_ingress",
                        "cgroup_skb_egress"):
            self.assertEqual(attached.get(program), 1, attached)
        self.assertEqual(attached.get("xdp_tracker"), 0, attached)
        maps = {labels["map"] for labels, _ in scrape.series("pdtt_map_entries")}
        self.assertLessEqual({"account_map", "conn_stats_map", "flow_stats_map"}, maps)
        for labels, capacity in scrape.series("pdtt_map_capacity"):
            self.assertGreater(capacity, 0, labels)  # entries / capacity is what people alert on
            self.assertLessEqual(scrape.value("pdtt_map_entries", **labels), capacity)
        for name in maps:
            self.assertEqual(scrape.value("pdtt_map_insert_failures_total", map=name), 0)

    def test_the_process_metrics_are_those_of_the_process(self) -> None:
        exporter = self.exporter()
        scrape = exporter.scrape()
        started = scrape.value("process_start_time_seconds")
        self.assertLess(abs(time.time() - started), 60)
        resident = scrape.value("process_resident_memory_bytes")
        self.assertEqual(resident % os.sysconf("SC_PAGE_SIZE"), 0)
        self.assertGreater(resident, 1_000_000)
        open_files = len(os.listdir(f"/proc/{exporter.process.pid}/fd"))
        self.assertAlmostEqual(scrape.value("process_open_fds"), open_files, delta=5)

    def test_program_statistics_are_there_when_the_kernel_keeps_them(self) -> None:
        with bpf_statistics():
            exporter = self.exporter()
            run_some_traffic(self, exporter)
            scrape = exporter.scrape_fresh()
            self.assertGreater(scrape.value("pdtt_program_runs_total",
                                            program="cgroup_skb_egress"), 0)
            self.assertGreater(scrape.value("pdtt_program_run_seconds_total",
                                            program="cgroup_skb_egress"), 0)

    def test_logs_are_json_lines_when_asked_for(self) -> None:
        exporter = self.exporter("--log.format=json")
        exporter.stop()
        lines = exporter.log_text().splitlines()
        self.assertTrue(lines)
        for line in lines:
            self.assertIsInstance(json.loads(line), dict)


def run_some_traffic(test: KernelTest, exporter: Exporter) -> None:
    """A few packets of the cgroup."""
    process = test.world.as_user(None, ["curl", "--silent", "--noproxy", "*", "--max-time", "1",
                                        "http://127.0.0.1:1/"])
    process.wait()
    exporter.scrape()


@contextmanager
def bpf_statistics() -> Iterator[None]:
    """Lets the kernel measure BPF programs for a while."""
    switch = Path("/proc/sys/kernel/bpf_stats_enabled")
    saved = switch.read_text(encoding="ascii")
    switch.write_text("1", encoding="ascii")
    try:
        yield
    finally:
        switch.write_text(saved, encoding="ascii")


if __name__ == "__main__":
    main()

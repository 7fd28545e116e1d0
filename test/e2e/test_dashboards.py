#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every query of every dashboard answers, with real data of three hosts behind Prometheus."""

import contextlib
import math
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from pdtt_harness import dashboards
from pdtt_harness.case import KernelTest, main
from pdtt_harness.dashboards import Json, Query, columns, fill, panel_queries, panels
from pdtt_harness.fleet import INTERNET, Host, Transfer, internet
from pdtt_harness.prometheus import Prometheus, job
from pdtt_harness.world import wait_for

SETTINGS = "connections: {{export: 500, linger: 60s}}\nusers: {{exclude: [{excluded}]}}\n"
NAMES = ("one", "two", "three")
PIECE = 100_000
ROUNDS = 8
RANGE = 60
ALL = {"datasource": "prometheus", "job": ".+", "instance": ".+", "user": ".+", "network": ".+",
       "__rate_interval": "10s", "__range": f"{RANGE}s"}
_STATISTICS = Path("/proc/sys/kernel/bpf_stats_enabled")
# A label without text is none to Prometheus: a layer that is up has no reason why it is not.
_MAYBE_EMPTY = {"reason"}
_LABEL_IN_LEGEND = re.compile(r"\{\{(\w+)\}\}")


class Fleet(KernelTest):
    """Three hosts, on which alice, bob and an excluded user move data."""

    PROGRAMS = ("prometheus",)

    hosts: ClassVar[dict[str, Host]]
    transfers: ClassVar[list[Transfer]]
    prometheus: ClassVar[Prometheus]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        stack.callback(_STATISTICS.write_text, _STATISTICS.read_text(encoding="ascii"))
        _STATISTICS.write_text("1", encoding="ascii")
        stack.enter_context(internet(cls.world))
        alice, bob, carol = cls.world.alice, cls.world.bob, cls.world.create_user("carol")
        settings = SETTINGS.format(excluded=carol.name)
        cls.hosts = {name: Host(cls.world, stack, name, settings) for name in NAMES}
        cls.transfers = [
            Transfer(stack, cls.hosts[name], user, address) for name, user, address in (
                ("one", alice, ""), ("two", alice, INTERNET), ("three", alice, ""),
                ("one", bob, INTERNET), ("three", bob, ""), ("two", carol, ""))]
        targets = {name: host.target for name, host in cls.hosts.items()}
        # Everybody's has other jobs: itself, and a target that does not answer.
        peer, port = cls.world.peer, cls.world.peer.free_port()
        other = {"prometheus": f"127.0.0.1:{port}", "nobody": "127.0.0.1:1"}
        cls.prometheus = Prometheus(
            cls.world, stack.callback,
            {"scrape_configs": [job("pdtt", targets), job("other", other)]}, peer, port)
        cls.prometheus.wait_for_targets(len(targets) + 1)

    def setUp(self) -> None:
        self.move(1000)
        self.wait_for_scrapes()

    def move(self, piece: int) -> None:
        """Moves data in both directions, an amount of its own over each connection."""
        for factor, transfer in enumerate(self.transfers, 1):
            transfer.send(factor * piece)
            transfer.receive(factor * piece // 2)

    def move_for_a_while(self) -> None:
        """Moves data for some scrapes, and waits until the last of it has been scraped."""
        for _ in range(ROUNDS):
            self.move(PIECE)
            time.sleep(0.4)
        self.wait_for_scrapes()
        self.now = time.time()

    def wait_for_scrapes(self) -> None:
        """Waits for a page of each host that is younger than this call."""
        query = f"pdtt_snapshot_timestamp_seconds > {time.time()}"
        wait_for(lambda: len(self.prometheus.instant(query)) == len(self.hosts), "new scrapes")

    def test_every_panel_answers(self) -> None:
        self.move_for_a_while()
        alice, bob = self.world.alice.name, self.world.bob.name
        some = ALL | {"instance": "(one|three)", "user": f"({alice}|{bob})",
                      "network": "(private|internet)"}
        asked = 0
        for uid, dashboard in dashboards.load().items():
            one = {"user": alice} if uid == "pdtt-user" else {}
            self.check_variables(dashboard, ALL)
            for panel in panels(dashboard):
                for values in (ALL | one, some | one):
                    with self.subTest(f"{uid}: {panel['title']}", instance=values["instance"]):
                        asked += self.check_panel(dashboard, panel, values)
        self.assertGreater(asked, 200)

    def check_variables(self, dashboard: Json, values: dict[str, str]) -> None:
        """Each variable offers what there is."""
        offered = {}
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = variable["query"][len("label_values("):-1].rsplit(", ", 1)
                offered[label] = set(self.prometheus.label_values(label, fill(selector, values)))
        wanted = {"job": {"pdtt"}, "instance": set(NAMES), "network": {"private", "internet"},
                  "user": {self.world.alice.name, self.world.bob.name}}
        for label, found in offered.items():
            self.assertLessEqual(wanted[label], found, dashboard["uid"])
            self.assertEqual(found - wanted[label] - {"loopback"}, set(), dashboard["uid"])

    def check_panel(self, dashboard: Json, panel: Json, values: dict[str, str]) -> int:
        """Asks the queries of a panel; returns how many they are."""
        names: Counter[str] = Counter()
        asked = 0
        for query in panel_queries(dashboard, panel):
            found = self.answer(query, values)
            self.assertTrue(found, f"nothing: {query}")
            asked += 1
            if query.kind == "table":
                # Rows of several queries become one row where all their labels are the same.
                keys = {name for name in columns(panel) if "Value" not in name}
                self.assertEqual(_MAYBE_EMPTY.union(*(series["metric"] for series in found)),
                                 _MAYBE_EMPTY | keys)
            for series in found:
                points = series["values"] if "values" in series else [series["value"]]
                self.assertTrue(any(math.isfinite(float(value)) for _, value in points), series)
                self.assertIn(series["metric"].get("instance", "one"), NAMES, "another job's")
                if query.kind != "table":
                    names[self.name(query, series["metric"])] += 1
        self.assertEqual([name for name, count in names.items() if count > 1], [],
                         "series that look the same")
        if panel["type"] == "stat":
            self.assertEqual(len(names), 1)
        return asked

    def answer(self, query: Query, values: dict[str, str]) -> list[Any]:
        """The series of a query, as Grafana asks for them."""
        expression = query.filled(values)
        if query.instant:
            return self.prometheus.instant(expression, self.now)
        return self.prometheus.over(expression, self.now - RANGE, self.now)

    def name(self, query: Query, labels: dict[str, str]) -> str:
        """What the legend calls a series; a label that it lacks is an error."""
        return _LABEL_IN_LEGEND.sub(lambda found: labels[found[1]], query.legend)

    def test_the_fleet_s_users_are_the_sums_of_the_hosts(self) -> None:
        began = time.time()
        self.wait_for_scrapes()  # increase() begins with the first scrape of its range
        before = self.counted()
        self.move_for_a_while()
        after = self.counted()
        found, values = dashboards.load(), ALL | {"__range": f"{math.ceil(self.now - began)}s"}
        for column in ("Receiving", "Transmitting", "Received", "Transmitted", "Total"):
            fleet = self.column(found["pdtt-fleet"], column, values)
            parts: Counter[str] = Counter()
            for name in NAMES:
                parts.update(self.column(found["pdtt-users"], column, values | {"instance": name}))
            self.assertEqual(set(fleet), {self.world.alice.name, self.world.bob.name})
            for user, value in fleet.items():
                self.assertAlmostEqual(parts[user], value, delta=value * 1e-9, msg=column)
                self.assertGreater(value, 0)
        for user, value in self.column(found["pdtt-fleet"], "Total", values).items():
            # increase() extrapolates to what may have been between the scrapes.
            self.assertAlmostEqual(value, after[user] - before[user], delta=value * 0.2)
        self.assertEqual(self.scraped(), after)

    def column(self, dashboard: Json, title: str, values: dict[str, str]) -> Counter[str]:
        """The values of a column of the table `Users`, by user."""
        panel = next(panel for panel in panels(dashboard)
                     if panel["title"] == "Users" and panel["type"] == "table")
        ref = next(name for name, shown in columns(panel).items() if shown == title)
        query = next(query for query in panel_queries(dashboard, panel)
                     if ref == f"Value #{query.ref}")
        return Counter({series["metric"]["user"]: float(series["value"][1])
                        for series in self.answer(query, values)})

    def counted(self) -> dict[str, float]:
        """What the hosts' own pages have for each user, both directions together."""
        total: Counter[str] = Counter()
        for host in self.hosts.values():
            page = host.exporter.scrape_fresh()
            for direction in ("receive", "transmit"):
                for labels, value in page.series(f"pdtt_user_{direction}_bytes_total"):
                    total[labels["user"]] += int(value)
        return dict(total)

    def scraped(self) -> dict[str, float]:
        """The same as Prometheus has it."""
        total: Counter[str] = Counter()
        for direction in ("receive", "transmit"):
            for series in self.prometheus.instant(
                    f"sum by (user) (pdtt_user_{direction}_bytes_total)"):
                total[series["metric"]["user"]] += int(series["value"][1])
        return dict(total)


    def test_what_does_not_answer_is_told(self) -> None:
        self.now = time.time()
        self.assertEqual(self.health(), {"Hosts": 3, "Not answering": 0, "Not counting": 0,
                                         "Balance": 0})
        # Nothing comes after this test: it is the last by name.
        self.hosts["three"].exporter.stop()
        wait_for(lambda: self.prometheus.instant('up{job="pdtt"} == 0'), "a missing answer")
        self.now = time.time()
        self.assertEqual(self.health(), {"Hosts": 2, "Not answering": 1, "Not counting": 1,
                                         "Balance": 0})

    def health(self) -> dict[str, float]:
        """The numbers that tell whether all is well: of the fleet, and of the exporters."""
        found = dashboards.load()
        return {panel["title"]: float(series["value"][1])
                for uid, titles in (("pdtt-exporter", ("Not answering", "Balance")),
                                    ("pdtt-fleet", ("Hosts", "Not counting")))
                for panel in panels(found[uid]) if panel["title"] in titles
                and panel["type"] == "stat"
                for query in panel_queries(found[uid], panel)
                for series in self.prometheus.instant(query.filled(ALL), self.now)}


if __name__ == "__main__":
    main()

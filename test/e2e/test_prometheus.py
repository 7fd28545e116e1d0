#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prometheus scrapes the exporter and answers who sent how much; the page documents itself."""

import re
import subprocess
import time
from pathlib import Path

from pdtt_harness import netns
from pdtt_harness.case import KernelTest, main
from pdtt_harness.prometheus import Prometheus, job
from pdtt_harness.scrape import Scrape
from pdtt_harness.sockets import SocketShell, drain, peer_socket
from pdtt_harness.users import TestUser

_METRICS_PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_QUERY = "sum by (user) (increase(pdtt_user_transmit_bytes_total[1m]))"
_SENT = {"alice": 30_000_000, "bob": 3_000_000}


class Scraped(KernelTest):
    """The exporter behind Prometheus."""

    PROGRAMS = ("prometheus", "promtool")

    def test_the_users_who_sent_are_in_the_answer(self) -> None:
        exporter = self.exporter()
        users = {"alice": self.world.alice, "bob": self.world.bob}
        with SocketShell(self.world, users["alice"]) as alice, \
                SocketShell(self.world, users["bob"]) as bob, \
                peer_socket(self.world, self.world.links[0].peer4, 0, "tcp") as listener:
            shells = {"alice": alice, "bob": bob}
            for shell in shells.values():
                shell.do("connect", self.world.links[0].peer4, listener.getsockname()[1])
                drain(listener.accept()[0])
            prometheus = Prometheus(self.world, self.addCleanup, {"scrape_configs": [
                job("pdtt", {"here": f"127.0.0.1:{exporter.port}"})]})
            prometheus.wait_for_targets(1)
            for _ in range(10):
                for name, shell in shells.items():
                    shell.do("send", _SENT[name] // 10)
                time.sleep(0.5)
            time.sleep(3)
            answer = {item["metric"]["user"]: float(item["value"][1])
                      for item in prometheus.instant(_QUERY)}
        for name, sent in _SENT.items():
            user: TestUser = users[name]
            self.assertIn(user.name, answer)
            # increase() extrapolates to the whole minute, at most to about twice the seen time.
            self.assertGreater(answer[user.name], sent * 0.8)
            self.assertLess(answer[user.name], sent * 3)
        self.assertEqual(prometheus.instant("pdtt_layer_up{layer='cgroup'}")[0]["value"][1], "1")
        # It asks for OpenMetrics by itself.
        self.assertEqual(len(prometheus.instant("pdtt_host_receive_bytes_created")), 1)

    def test_promtool_finds_nothing_to_say(self) -> None:
        exporter = self.exporter()
        with SocketShell(self.world, self.world.alice) as shell, \
                peer_socket(self.world, self.world.links[0].peer4, 0, "tcp") as listener:
            shell.do("connect", self.world.links[0].peer4, listener.getsockname()[1])
            drain(listener.accept()[0])
            shell.do("send", 1_000_000)
            netns.wait_until_quiet(self.world.peer)
            page = exporter.scrape_fresh().text
        checked = subprocess.run(["promtool", "check", "metrics"], input=page, text=True,
                                 capture_output=True, timeout=30, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))


class Documented(KernelTest):
    """docs/metrics.md and the page name the same families."""

    def page_of_everything(self) -> Scrape:
        """A scrape with every layer up and both kinds of connections."""
        link = self.world.links[0]
        exporter = self.exporter("--interface", link.device, inside=True)
        with SocketShell(self.world, self.world.alice) as shell, \
                peer_socket(self.world, link.peer4, 0, "tcp") as listener:
            shell.do("connect", link.peer4, listener.getsockname()[1])
            drain(listener.accept()[0])
            shell.do("send", 10_000)
            netns.wait_until_quiet(self.world.peer)
            return exporter.scrape_fresh()

    def test_each_side_names_what_the_other_has(self) -> None:
        scrape = self.page_of_everything()
        documented = documented_families()
        self.assertGreater(len(documented), 40, "the tables could not be read")
        self.assertEqual(set(scrape.types) - set(documented), set(), "served, not documented")
        self.assertEqual(set(documented) - set(scrape.types), set(), "documented, not served")
        for name, kind in documented.items():
            self.assertEqual(scrape.types[name], kind, name)
            self.assertTrue(scrape.helps.get(name), f"{name} has no help")
        self.assertEqual(set(scrape.samples) - set(documented), set(), "samples without a family")


def documented_families() -> dict[str, str]:
    """Families and their types from the tables whose first column is `metric`."""
    found: dict[str, str] = {}
    inside = False
    for line in _METRICS_PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == "metric":
            inside = True
        elif inside:
            for name in re.findall(r"`([a-z_]+)`", cells[0]):
                found[name] = cells[1]
    return found


if __name__ == "__main__":
    main()

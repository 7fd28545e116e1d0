#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package: made from what was built, installed, upgraded under load, removed, purged."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import ClassVar

from pdtt_harness.case import KernelTest, main
from pdtt_harness.monotonic import Monotonic
from pdtt_harness.scrape import Scrape, Value
from pdtt_harness.systemd import Machine

FOLDER = Path(__file__).resolve().parent
NEXT_VERSION = "99.0.0"
EXPOSURE = 3.0  # as in docs/privileges.md; above is called exposed
HEADER = 52  # of IPv4 and of TCP with timestamps
SYN = 60
LOGGED = """[Service]
StandardOutput=append:/run/results/exporter.log
StandardError=append:/run/results/exporter.log
"""


def build(folder: Path, version: str = "") -> Path:
    """The package of what is in the build folder under test; nothing is compiled."""
    configuration = Path(os.environ["PDTT_BUILD"]) / "CPackConfig.cmake"
    done = subprocess.run(
        [os.environ["PDTT_CPACK"], "-G", "DEB", "-B", str(folder), "--config", str(configuration),
         *(("-R", version) if version else ())],
        check=False, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    (package,) = folder.glob("*.deb")
    return package


class Package(KernelTest):
    """One machine for all of them: each test looks at a part of what happened there."""

    PROGRAMS: ClassVar[tuple[str, ...]] = ("debootstrap", "dpkg-deb", "dpkg-shlibdeps", "unshare")
    package: ClassVar[Path]
    machine: ClassVar[Machine]
    output: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = Path(tempfile.mkdtemp(dir=cls.world.directory))
        cls.package = build(folder / "old")
        root = Path(os.environ["PDTT_PACKAGE_ROOT"])
        fetched = subprocess.run([FOLDER / "fetch-root.sh", root, cls.package], check=False,
                                 capture_output=True, text=True, timeout=600)
        if fetched.returncode != 0:
            raise unittest.SkipTest(fetched.stderr.strip())
        cls.machine = Machine(folder, root)
        cls.machine.add(cls.package, "/root/old.deb")
        cls.machine.add(build(folder / "new", NEXT_VERSION), "/root/new.deb")
        cls.machine.add(LOGGED, "/etc/systemd/system/pdtt-exporter.service.d/log.conf")
        cls.output = cls.machine.run((FOLDER / "life.sh").read_text(encoding="utf-8"),
                                     cls.world.cgroup, timeout=300)

    def text(self, name: str) -> str:
        """A file of the results."""
        return self.machine.text(name)

    def scrape(self, name: str) -> Scrape:
        """A file of the results that is a scrape; it balances."""
        scrape = Scrape(self.text(name))
        scrape.assert_balanced()
        return scrape

    def assert_state(self, stage: str, expected: str) -> None:
        """What systemd said of the service then."""
        self.assertIn(f"{stage}: {expected}\n", self.output, self.trouble())

    def trouble(self) -> str:
        """What to look at if something is not as expected."""
        return "\n".join((self.output, self.text("errors"), self.text("apt.log")[-2000:],
                          self.text("exporter.log")[-2000:]))

    def test_lintian_finds_nothing(self) -> None:
        if not shutil.which("lintian"):
            self.skipTest("needs lintian")
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning",
                               str(self.package)], check=False, capture_output=True, text=True,
                              timeout=120)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_every_step_was_gone(self) -> None:
        self.assertIn("done: purge\n", self.output, self.trouble())

    def test_without_systemd_it_is_enabled_only(self) -> None:
        self.assert_state("without systemd", "enabled inactive")

    def test_a_policy_keeps_it_from_starting(self) -> None:
        self.assert_state("by policy-rc.d", "enabled inactive")

    def test_it_serves_in_a_tight_sandbox(self) -> None:
        self.assert_state("installed", "enabled active")
        self.assertIn("USER", self.text("top"))
        level = re.search(r"exposure level for \S+ ([0-9.]+)", self.text("security"))
        assert level, self.trouble()
        self.assertLess(float(level[1]), EXPOSURE)
        self.assertIn('msg="configuration reloaded"', self.text("exporter.log"))

    def test_an_upgrade_loses_nothing_of_a_transfer(self) -> None:
        self.assert_state("upgraded", "enabled active")
        monotonic, processes = Monotonic(), list[Value]()
        names = sorted(path.name for path in (self.machine.results / "scrapes").iterdir())
        for name in names:
            scrape = self.scrape(f"scrapes/{name}")
            started = scrape.value("process_start_time_seconds")
            if started not in processes:
                processes.append(started)
                monotonic.forget_process()
            monotonic.check(scrape)
        self.assertGreater(len(names), 10)
        self.assertEqual(len(processes), 2)
        before, meanwhile, after = map(self.scrape, ("before", "meanwhile", "after"))
        sent = [scrape.sum("pdtt_user_transmit_bytes_total", user="alice")
                for scrape in (before, meanwhile, after)]
        self.assertTrue(0 < sent[0] < sent[1] < sent[2], sent)
        self.check_alice(after)
        self.assertIn('msg="counting goes on"', self.text("exporter.log"))

    def check_alice(self, after: Scrape) -> None:
        """One connection: what she has written, and a header for each packet."""
        for event in ("opened", "closed"):
            self.assertEqual(
                after.sum(f"pdtt_user_connections_{event}_total", user="alice"), 1, event)
        written = int(self.text("sent"))
        for direction, payload in (("transmit", written), ("receive", 0)):
            packets = after.sum(f"pdtt_user_{direction}_packets_total", user="alice")
            self.assertEqual(after.sum(f"pdtt_user_{direction}_bytes_total", user="alice"),
                             payload + packets * HEADER + SYN - HEADER, direction)
        if after.value("pdtt_layer_up", layer="socket"):
            self.assertEqual(
                after.sum("pdtt_user_socket_transmit_bytes_total", user="alice"), written)

    def test_a_changed_configuration_stays(self) -> None:
        self.assertRegex(self.text("edited"), "^[0-9a-f]{64} ")
        self.assertEqual(self.text("kept"), self.text("edited"))
        self.assertEqual(self.text("kept-after-removal"), self.text("edited"))

    def test_removal_leaves_nothing_in_the_kernel(self) -> None:
        self.assert_state("removed", "unknown inactive")
        self.assertEqual(self.text("pins-before"), "pdtt\n")
        self.assertIn("egress", self.text("attached-before"))
        self.assertGreater(len(self.text("programs").split()), 3)
        self.assertEqual((self.text("pins"), self.text("attached"), self.text("remaining")),
                         ("", "", ""))

    def test_a_purge_leaves_no_file(self) -> None:
        before, after = (self.text(f"listing-{when}").splitlines() for when in ("before", "after"))
        self.assertGreater(len(before), 1000)
        self.assertEqual(sorted(set(after) - set(before)), [], self.trouble())
        self.assertEqual(sorted(set(before) - set(after)), [])


if __name__ == "__main__":
    main()

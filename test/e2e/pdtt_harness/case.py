# SPDX-License-Identifier: Apache-2.0
"""The base of every end-to-end test, and the runner that reports to ctest.

A signal or the deadline ends a run through KeyboardInterrupt, so that the stage is always removed.
"""

import os
import shutil
import signal
import sys
import unittest
from collections.abc import Sequence
from typing import Any, ClassVar

from . import kernel
from .exporter import Exporter
from .world import World

SKIPPED = 77  # SKIP_RETURN_CODE in CMakeLists.txt


class KernelTest(unittest.TestCase):
    """A test on the real kernel; each class has a stage of its own."""

    LINKS: ClassVar[int] = 1
    PROGRAMS: ClassVar[tuple[str, ...]] = ()  # what it needs beside the basic tools
    world: ClassVar[World]

    @classmethod
    def setUpClass(cls) -> None:
        reason = kernel.why_not()
        if reason:
            raise unittest.SkipTest(reason)
        for program in ("ip", "ethtool", "bpftool", "nsenter", "setpriv", *cls.PROGRAMS):
            if not shutil.which(program):
                raise unittest.SkipTest(f"needs {program}")
        cls.world = World(cls.LINKS)
        cls.addClassCleanup(cls.world.close)

    def exporter(self, *flags: str, settings: str = "", inside: bool = False,
                 cgroup: str = "", command: Sequence[str] = ()) -> Exporter:
        """Starts an exporter that the end of the test stops; a crash fails the test."""
        exporter = Exporter(self.world, flags, settings, inside, cgroup, command).start()
        self.addCleanup(self._stop, exporter)
        return exporter

    def _stop(self, exporter: Exporter) -> None:
        if exporter.process.poll() is None:
            exporter.stop()
        elif exporter.process.returncode != 0 and not exporter.killed:
            self.fail(f"the exporter ended with {exporter.process.returncode}: "
                      f"{exporter.log_text()}")


def end_on_signals() -> None:
    """Turns SIGTERM, and SIGALRM at the deadline if there is one, into KeyboardInterrupt."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    signal.alarm(int(os.environ.get("PDTT_TEST_DEADLINE", "0")))


def _interrupt(number: int, _: Any) -> None:
    for again in (signal.SIGTERM, signal.SIGALRM):  # the cleaning up is not to be interrupted
        signal.signal(again, signal.SIG_IGN)
    raise KeyboardInterrupt(f"signal {number}")


def main() -> None:
    """Runs the tests of the calling file; skipped altogether is an exit code of its own."""
    if "PDTT_EXPORTER" not in os.environ:
        sys.exit("set PDTT_EXPORTER to the executable under test")
    end_on_signals()
    program = unittest.main(module="__main__", exit=False, verbosity=2, warnings="ignore")
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    # A class that is skipped as a whole counts no test as run.
    if result.skipped and len(result.skipped) >= result.testsRun:
        sys.exit(SKIPPED)

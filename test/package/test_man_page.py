#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The man page is well formed, and says neither less nor more than --help."""

import re
import shutil
import subprocess
import unittest
from pathlib import Path

from pdtt_harness.case import main
from pdtt_harness.exporter import binary
from pdtt_harness.shell import run

PAGE = Path(__file__).resolve().parents[2] / "deploy" / "man" / "pdtt-exporter.8"


class ManPage(unittest.TestCase):
    """What is in the source of the page."""

    def setUp(self) -> None:
        self.page = PAGE.read_text(encoding="utf-8")
        self.help = run(str(binary()), "--help")

    def test_it_has_every_flag_and_no_other(self) -> None:
        texts = self.help + run(str(binary()), "top", "--help")
        flags = set(re.findall(r"(?<![\w-])--?[a-z][a-z.-]*", texts))
        self.assertLess({"-h", "--persist", "--once"}, flags)
        self.assertEqual({"-" + flag for flag in re.findall(r"\bFl (-?[a-z][a-z.-]*)", self.page)},
                         flags)

    def test_it_has_every_command_and_no_other(self) -> None:
        listed = self.help.split("\nCommands:\n")[1]
        commands = set(re.findall(r"(?m)^  ([a-z-]+) ", listed))
        self.assertLess({"run", "top"}, commands)
        self.assertEqual(set(re.findall(r"\.It Cm ([a-z-]+)", self.page)), commands)

    def test_it_is_well_formed(self) -> None:
        for command in (("mandoc", "-T", "lint", "-W", "warning"),
                        ("man", "--warnings", "--local-file")):
            with self.subTest(command=command[0]):
                if not shutil.which(command[0]):
                    self.skipTest(f"needs {command[0]}")
                done = subprocess.run([*command, str(PAGE)], check=False, capture_output=True,
                                      text=True, timeout=60)
                complaints = done.stdout if command[0] == "mandoc" else done.stderr
                self.assertEqual((done.returncode, complaints), (0, ""))


if __name__ == "__main__":
    main()

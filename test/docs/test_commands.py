#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands and settings that the documents show are those of this version."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from documents import ROOT, Block, blocks

try:
    import yaml  # type: ignore[import]
except ImportError:
    print("skipped: needs PyYAML (Debian package python3-yaml)")
    sys.exit(77)

EXPORTER = os.environ["PDTT_EXPORTER"]
SHELLS = ("", "sh", "console")
FOLDERS = sorted(path.name for path in ROOT.iterdir()
                 if path.is_dir() and path.name != "build" and not path.name.startswith("."))
_PATH = re.compile(rf"(?<![\w./-])(?:\./)?((?:{'|'.join(FOLDERS)})/[\w./*-]+)")
_HELP_FLAG = re.compile(r"^\s+(?:(-\w),\s*)?(--[\w.-]+)( [A-Z:]+)?", re.MULTILINE)
# They take its name for a package, a unit or a process.
_OTHERS = ("apt", "apt-get", "docker", "dpkg", "journalctl", "kubectl", "man", "pidof", "podman",
           "systemctl", "systemd-analyze")
_SHIPPED = ROOT / "config" / "exporter.yml"


def command_lines() -> Iterator[tuple[Block, list[str]]]:
    """The words of each line of a shell, without comments, prompts and what a console answers."""
    for block in blocks():
        if block.language not in SHELLS:
            continue
        text = "\n".join(block.lines).replace("\\\n", " ")
        for line in text.splitlines():
            if block.language == "console" and not line.startswith(("# ", "$ ")):
                continue
            line = re.sub(r"^[#$] ", "", line) if block.language == "console" else line
            try:
                yield block, shlex.split(line, comments=True)
            except ValueError:  # not a command, or one that goes on
                continue


def exporter_calls() -> Iterator[tuple[Block, list[str]]]:
    """The arguments of each call of the exporter."""
    for block, words in command_lines():
        if any(word in _OTHERS for word in words[:2]):
            continue
        for position, word in enumerate(words):
            if word.rpartition("/")[2] in ("pdtt-exporter", "quickstart.sh"):
                arguments = words[position + 1:]
                if "[FLAGS]" in arguments:  # says how calls look
                    continue
                ends = [i for i, after in enumerate(arguments) if after in ("|", "&&", ";", "&")]
                yield block, arguments[:ends[0]] if ends else arguments
                break


@cache
def flags(command: str) -> dict[str, bool]:
    """Each flag that the help of the command names, and whether a value follows."""
    text = subprocess.run([EXPORTER, *([command] if command else []), "--help"], check=True,
                          capture_output=True, encoding="utf-8").stdout
    found: dict[str, bool] = {}
    for short, long, value in _HELP_FLAG.findall(text):
        found |= {name: bool(value) for name in (short, long) if name}
    return found


class Commands(unittest.TestCase):
    """What is pasted into a shell."""

    def test_the_exporter_has_the_flags(self) -> None:
        calls = list(exporter_calls())
        self.assertGreater(len(calls), 10)
        for block, arguments in calls:
            with self.subTest(place=block.place, arguments=arguments):
                self.check(arguments)

    def check(self, arguments: list[str]) -> None:
        """Flags are in the help, and what is no flag is a command, or what a command takes."""
        command = "top" if "top" in arguments else ""
        known = flags(command) | ({"--json": False} if "doctor" in arguments else {})
        words: list[str] = []
        position = 0
        while position < len(arguments):
            flag, equals, _ = arguments[position].partition("=")
            if not flag.startswith("-"):
                words.append(flag)
            else:
                self.assertIn(flag, known)
                position += known[flag] and not equals
            position += 1
        if words:
            self.assertIn(words[0], ("run", "check-config", "detach", "doctor", "top"))
            self.assertLessEqual(len(words), 2 if words[0] in ("check-config", "top") else 1)

    def test_paths_of_the_repository_exist(self) -> None:
        found = 0
        for block, words in command_lines():
            for path in _PATH.findall(" ".join(words)):
                found += 1
                with self.subTest(place=block.place, path=path):
                    self.assertTrue(any(ROOT.glob(path.rstrip("/"))))
        self.assertGreater(found, 15)


class Settings(unittest.TestCase):
    """YAML of the exporter's own."""

    def test_examples_are_accepted(self) -> None:
        keys = set(yaml.safe_load(_SHIPPED.read_text(encoding="utf-8"))) | {"user"}
        examples = [block for block in blocks()
                    if block.language == "yaml" and self.is_of_exporter(block, keys)]
        self.assertGreater(len(examples), 3)
        with tempfile.TemporaryDirectory() as folder:
            web = Path(folder) / "web.yml"
            web.write_text("http_server_config: {http2: false}\n", encoding="utf-8")
            for block in examples:
                with self.subTest(place=block.place):
                    file = Path(folder) / "exporter.yml"
                    text = "\n".join(block.lines).replace("/etc/pdtt/web.yml", str(web))
                    file.write_text(text + "\n", encoding="utf-8")
                    checked = subprocess.run([EXPORTER, "check-config", str(file)], check=False,
                                             capture_output=True, encoding="utf-8")
                    self.assertEqual(checked.returncode, 0, checked.stderr)

    def is_of_exporter(self, block: Block, keys: set[str]) -> bool:
        """Whether all of its keys are the exporter's."""
        content = yaml.safe_load("\n".join(block.lines))
        return isinstance(content, dict) and set(content) <= keys


if __name__ == "__main__":
    unittest.main()

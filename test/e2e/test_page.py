#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The live page in a real browser, while real users move data."""

import os
import shutil
import subprocess
import unittest
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from pdtt_harness.case import SKIPPED, KernelTest, main
from pdtt_harness.programs import Curl, Nginx
from pdtt_harness.users import TestUser

PAGE = Path(__file__).resolve().parent.parent / "page"
PORT = 8080
FILE_SIZE = 1 << 40  # sparse: nobody gets to its end
MARKUP = "<i>\"&'<script>"
COMMAND = "<b>\"&'<script>"


class Page(KernelTest):
    """The scripts in test/page drive the browser, and ask for what happens on the host."""

    PROGRAMS = ("nginx", "curl", "chromium", "node", "npm")
    folder: ClassVar[Path]
    pictures: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.folder = Path(os.environ.get("PDTT_PAGE_FOLDER", "build/page-test")).resolve()
        installed = subprocess.run([PAGE.parent / "install_npm.sh", PAGE, cls.folder],
                                   capture_output=True, text=True, check=False)
        if installed.returncode == SKIPPED:
            raise unittest.SkipTest(installed.stdout.strip().removeprefix("skipped: "))
        if installed.returncode != 0:
            raise RuntimeError(installed.stdout + installed.stderr)
        cls.pictures = cls.folder / "pictures"
        cls.pictures.mkdir(exist_ok=True)
        Nginx(cls.world, PORT, FILE_SIZE)

    def setUp(self) -> None:
        self.served = self.exporter()

    def drive(self, script: str, acts: Mapping[str, Callable[[], object]],
              **variables: str) -> None:
        """Runs a script of the browser; what it asks for is done by the act of that name."""
        # A browser keeps files in its home, and must not find a proxy in its surroundings.
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.world.directory), "LANG": "C.UTF-8",
            "PDTT_CHROMIUM": shutil.which("chromium") or "",
            "PDTT_PAGE_LIBRARIES": str(self.folder),
            "PDTT_PAGE_PICTURES": str(self.pictures),
            "PDTT_PAGE_ADDRESS": f"http://127.0.0.1:{self.served.port}",
            "PDTT_TIME_FACTOR": os.environ.get("PDTT_TIME_FACTOR", "1"),
            **variables}
        node = self.world.start(["node", str(PAGE / script)], stdin=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, env=environment)
        assert node.stdin and node.stdout
        said = []
        for line in node.stdout:
            if line.startswith("ask: "):
                acts[line.removeprefix("ask: ").strip()]()
                node.stdin.write("done\n")
                node.stdin.flush()
            else:
                said.append(line)
        self.assertEqual(node.wait(), 0, "".join(said))

    def curl(self, user: TestUser, rate: str) -> None:
        """Traffic of a user that goes on; `rate` is bytes/s as curl takes it."""
        curl = Curl(self.world, user, self.world.links[0].peer4, PORT, rate)
        self.assertTrue(curl.is_running())

    def renamed_curl(self, user: TestUser, rate: str) -> None:
        """The same, by a command with a hostile name."""
        link = self.world.directory / COMMAND
        link.symlink_to(shutil.which("curl") or "")
        self.world.as_user(user, [str(link), "--silent", "--noproxy", "*", "--limit-rate", rate,
                                  "--output", "/dev/null",
                                  f"http://{self.world.links[0].peer4}:{PORT}/file"])

    def test_with_real_traffic(self) -> None:
        mallory = self.world.create_user(MARKUP)
        self.drive("live_traffic_test.mjs", {
            "traffic of alice": lambda: self.curl(self.world.alice, "1M"),
            "traffic of bob": lambda: self.curl(self.world.bob, "8M"),
            "traffic of mallory": lambda: self.renamed_curl(mallory, "24M"),
            "end of the exporter": self.served.stop,
        }, ALICE=self.world.alice.name, BOB=self.world.bob.name, MALLORY=mallory.name,
                   MALLORYS_COMMAND=COMMAND)

    def test_states(self) -> None:
        self.drive("states_test.mjs", {})


if __name__ == "__main__":
    main()

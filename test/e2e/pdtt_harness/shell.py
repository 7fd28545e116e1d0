# SPDX-License-Identifier: Apache-2.0
"""Commands that set the stage; a failing one names itself and what it printed."""

import json
import os
import subprocess
from typing import Any

# Sanitizers and emulated machines are slow: what a deadline says is multiplied by this.
TIME_FACTOR = float(os.environ.get("PDTT_TIME_FACTOR", "1"))


class CommandError(RuntimeError):
    """A command of the stage failed."""


def run(*argv: str, check: bool = True, timeout: float = 60.0, text: str = "") -> str:
    """Runs a command with `text` as its standard input and returns its standard output."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True,
                          timeout=timeout * TIME_FACTOR, check=False)
    if check and done.returncode != 0:
        raise CommandError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def run_json(*argv: str) -> Any:
    """Runs a command that prints JSON; nothing printed is an empty list."""
    text = run(*argv)
    return json.loads(text) if text.strip() else []

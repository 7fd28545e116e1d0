# SPDX-License-Identifier: Apache-2.0
"""A terminal that tests can type into and look at."""

import os
import shlex
from collections.abc import Mapping, Sequence

from . import shell
from .world import wait_for


class Terminal:
    """A shell in tmux, on a server of its own; close() ends both."""

    def __init__(self, width: int = 120, height: int = 40, locale: str = "C.UTF-8",
                 variables: Mapping[str, str] | None = None) -> None:
        self._socket = f"pdtt-test-{os.getpid()}-{id(self)}"
        settings = {"LC_ALL": locale, "PS1": "$ ", **(variables or {})}
        words = [f"{name}={value}" for name, value in settings.items()]
        self._run("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
                  shlex.join(["env", *words, "sh"]))
        wait_for(lambda: "$" in self.text(), "the shell in tmux")

    def _run(self, *argv: str, check: bool = True) -> str:
        return shell.run("tmux", "-u", "-L", self._socket, *argv, check=check)

    def start(self, argv: Sequence[str]) -> None:
        """Types a command."""
        self._run("send-keys", "-l", shlex.join(argv))
        self._run("send-keys", "Enter")

    def press(self, *keys: str) -> None:
        """Presses keys by tmux's names: q, Enter, Left."""
        for key in keys:
            self._run("send-keys", key)

    def type(self, text: str) -> None:
        """Types a text as it is."""
        self._run("send-keys", "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Gives the terminal another size."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def text(self, escapes: bool = False) -> str:
        """What is on the screen; with `escapes`, also the colours."""
        return self._run("capture-pane", "-p", *(["-e"] if escapes else []))

    def lines(self) -> list[str]:
        """The screen's lines."""
        return self.text().splitlines()

    def wait_for(self, text: str, timeout: float = 10.0) -> str:
        """Waits until the screen has the text; returns the screen."""
        try:
            return str(wait_for(lambda: self._with(text), f"{text!r} on the screen", timeout))
        except TimeoutError as error:
            raise AssertionError(f"{error}:\n{self.text()}") from error

    def _with(self, text: str) -> str:
        screen = self.text()
        return screen if text in screen else ""

    def wait_gone(self, text: str, timeout: float = 10.0) -> str:
        """Waits until the screen does not have the text any more; returns the screen."""
        try:
            wait_for(lambda: text not in self.text(), f"{text!r} gone from the screen", timeout)
        except TimeoutError as error:
            raise AssertionError(f"{error}:\n{self.text()}") from error
        return self.text()

    def alternate(self) -> bool:
        """Whether a program has the screen for itself."""
        return self._run("display-message", "-p", "#{alternate_on}").strip() == "1"

    def close(self) -> None:
        """Ends the shell and what runs in it."""
        self._run("kill-server", check=False)

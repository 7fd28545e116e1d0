# SPDX-License-Identifier: Apache-2.0
"""Runs one class of end-to-end tests, in a guest, and notes the result of each test at once."""

import importlib
import time
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pdtt_harness.case import end_on_signals

from .records import Record, note


class _Recording(unittest.TextTestResult):
    """Notes every test when it is over; one that skips or fails in part is noted for the worst."""

    target: str
    records: Path

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._began = time.monotonic()
        self._said: list[tuple[str, str]] = []

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._began = time.monotonic()
        self._said = []

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self._note(test, *self._worst())

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self._failed(test, self.errors[-1][1])

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._failed(test, self.failures[-1][1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            kept = self.failures if issubclass(err[0], test.failureException) else self.errors
            self._said.append(("failed", f"{subtest}\n{kept[-1][1]}"))

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        if isinstance(test, unittest.TestCase):
            self._said.append(("skipped", reason))
        else:
            self._note(test, "skipped", reason)

    def _failed(self, test: Any, text: str) -> None:
        if isinstance(test, unittest.TestCase):
            self._said.append(("failed", text))
        else:  # the class as a whole
            self._note(test, "failed", text)

    def _worst(self) -> tuple[str, str]:
        failed = [text for status, text in self._said if status == "failed"]
        if failed:
            return "failed", "\n".join(failed)
        return self._said[0] if self._said else ("passed", "")

    def _note(self, test: Any, status: str, detail: str) -> None:
        is_test = isinstance(test, unittest.TestCase)
        name = test.id().split(".")[-1] if is_test else "(as a whole)"
        note(self.records, Record("e2e", f"{self.target}.{name}", status, detail,
                                  time.monotonic() - self._began))


def run(target: str, constants: Mapping[str, int], records: Path) -> bool:
    """Runs MODULE.CLASS with other values for constants of the module; true if all went well."""
    module_name, class_name = target.split(".")
    module = importlib.import_module(module_name)
    for name, value in constants.items():
        getattr(module, name)  # it must be there
        setattr(module, name, value)
    end_on_signals()
    _Recording.target = target
    _Recording.records = records
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(getattr(module, class_name))
    return unittest.TextTestRunner(verbosity=2, resultclass=_Recording).run(tests).wasSuccessful()

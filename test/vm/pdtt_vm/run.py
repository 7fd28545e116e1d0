# SPDX-License-Identifier: Apache-2.0
"""Boots the kernels and runs the suites in them; see run.sh."""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import kernels, records, report, suites
from .machine import Machine
from .records import Record
from .suites import Extent, Item

_TREE = Path(__file__).resolve().parents[3]
_PAGE = _TREE / "docs" / "kernels.md"
_SKIPPED = 77
_PROGRAMS = ("busybox", "getcap", "modprobe", "qemu-system-x86_64", "setpriv")
# Of every change: all that a kernel decides on the one that most hosts run; the ways into the
# socket layer on the one that has all of them.
_CI = {"6.1": Extent.FULL, "6.12": Extent.WAYS, "5.10": Extent.ESSENTIAL,
       "sid": Extent.ESSENTIAL}
_TIME_FACTOR = 20  # how much slower than the machine itself a busy emulation may be


class Binaries:
    """What is under test, of one preset; PDTT_EXPORTER names another exporter."""

    def __init__(self, preset: str) -> None:
        build = _TREE / "build" / preset
        self.exporter = Path(os.environ.get("PDTT_EXPORTER",
                                            build / "exporter/app/pdtt-exporter"))
        self.kernel_tests = Path(os.environ.get("PDTT_KERNEL_TESTS",
                                                build / "test/kernel/pdtt_kernel_tests"))
        self.socket_owner = Path(os.environ.get("PDTT_SOCKET_OWNER",
                                                build / "test/accuracy/pdtt-socket-owner"))

    def kernel_test_names(self) -> list[str]:
        """The names of the Catch2 tests that need a kernel; listing them needs none."""
        listed = subprocess.run([self.kernel_tests, "--list-test-names-only", "[kernel]"],
                                capture_output=True, text=True, check=False).stdout
        return [line for line in listed.splitlines() if line]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("--kernel", action="append", choices=list(kernels.KERNELS),
                        help="only this one; may be given several times")
    parser.add_argument("--preset", default="release", help="whose binaries: debug or release")
    parser.add_argument("--ci", action="store_true", help="what each change has to pass")
    parser.add_argument("--essential", action="store_true", help="doctor, verifier, start and stop")
    parser.add_argument("--full", action="store_true", help="what a kernel decides")
    parser.add_argument("--jobs", type=int, default=2, help="guests at the same time")
    parser.add_argument("--processors", type=int, default=2, help="of each guest")
    parser.add_argument("--write-docs", action="store_true", help="write docs/kernels.md")
    parser.add_argument("--command", help="run this shell command instead, and show what it prints")
    parser.add_argument("words", nargs="*", metavar="SUITE",
                        help="only suites (start, kernel, e2e, accuracy) or tests named so")
    return parser.parse_args()


def _extent(arguments: argparse.Namespace, name: str) -> Extent:
    if arguments.essential:
        return Extent.ESSENTIAL
    if arguments.full:
        return Extent.FULL
    return _CI[name] if arguments.ci else Extent.EXTRA


def _chosen(items: Sequence[Item], extent: Extent, words: Sequence[str]) -> list[Item]:
    return [item for item in items if item.extent <= extent and
            (not words or any(word == item.suite or word in item.name for word in words))]


class Run:
    """One run of everything that the command line asks for."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._binaries = Binaries(arguments.preset)
        self._items = [*suites.START, *suites.END_TO_END, *suites.ACCURACY,
                       *suites.kernel_tests(self._binaries.kernel_test_names())]
        seconds = float(os.environ.get("PDTT_TEST_DEADLINE", 6 * 3600))
        self._deadline = time.monotonic() + seconds - 30  # so that there is time to report

    def one(self, name: str) -> report.Result:
        """Everything on one kernel."""
        result = report.Result(name)
        try:
            result.kernel = kernels.fetch(name, _TREE / "build/_kernels")
        except kernels.Unavailable as reason:
            result.skipped = str(reason)
            print(f"== {name}: skipped: {reason}", flush=True)
            return result
        items = _chosen(self._items, _extent(self._arguments, name), self._arguments.words)
        shared = _TREE / "build/_vm" / name
        shutil.rmtree(shared, ignore_errors=True)
        shared.mkdir(parents=True)
        plan = {"items": [item.as_json() for item in items],
                "exporter": str(self._binaries.exporter),
                "kernel_tests": str(self._binaries.kernel_tests),
                "socket_owner": str(self._binaries.socket_owner)}
        (shared / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        print(f"== {name}: {result.kernel.release}, {len(items)} items, log in {shared}/output",
              flush=True)
        outcome = Machine(result.kernel, self._arguments.processors).run(
            _job(), shared, max(1.0, self._deadline - time.monotonic()))
        result.seconds = outcome.seconds
        result.doctor = report.read_doctor(shared / "doctor.json")
        result.records = records.read(shared / "records.jsonl")
        done = {(record.suite, record.name) for record in records.read(shared / "done.jsonl")}
        why = outcome.why or f"the job ended with {outcome.status}"
        result.records += [Record(item.suite, item.name, "failed", f"not finished: {why}")
                           for item in items if (item.suite, item.name) not in done]
        said = "\n".join(outcome.complaints)
        result.records.append(Record("kernel log", "has no complaints",
                                     "failed" if said else "passed", said))
        print(f"== {name}: {outcome.seconds:.0f} s, {len(result.failed())} failed", flush=True)
        return result

    def all(self) -> list[report.Result]:
        """Every kernel that is asked for, several at the same time."""
        names = self._arguments.kernel or list(_CI)
        with ThreadPoolExecutor(self._arguments.jobs) as pool:
            results = list(pool.map(self.one, names))
        return sorted(results, key=lambda result: list(kernels.KERNELS).index(result.name))

    def host(self) -> dict[str, Any]:
        """What doctor says of this machine's own kernel."""
        done = subprocess.run([self._binaries.exporter, "doctor", "--json"], capture_output=True,
                              text=True, check=False)
        try:
            found: dict[str, Any] = json.loads(done.stdout)
            return found
        except ValueError:
            return {}

    def left_out(self) -> str:
        """For docs/kernels.md: what was not run, and what is not run with each change."""
        extra = suites.left_out(self._items, Extent.FULL)
        names = [f"`{item.name}`" for item in extra if item.suite != "kernel"]
        kernel = [f"`{item.name}`" for item in self._items
                  if item.suite == "kernel" and item not in extra]
        return ("With each change, on 6.1 everything that a kernel decides: doctor, "
                "starting and stopping with each way of the socket layer, and all that "
                "`test/vm/pdtt_vm/suites.py` lists without calling it extra; on the others doctor, "
                "the verifier and the starts, on 6.12 also what fentry and kprobe count. By hand, on request, also what all kernels do alike: "
                f"{', '.join(names)}; and all kernel tests beside {', '.join(kernel)}.")


def _job() -> str:
    folders = ":".join(str(_TREE / "test" / name) for name in ("vm", "e2e", "accuracy"))
    return (f"{_go_to_the_tree()}"
            f"export PYTHONPATH={shlex.quote(folders)} PYTHONPYCACHEPREFIX=/tmp/pycache "
            f"PDTT_TIME_FACTOR={_TIME_FACTOR}\n"
            "exec /usr/bin/python3 -m pdtt_vm.guest\n")


def _go_to_the_tree() -> str:
    """Shell commands; the guest has a /tmp and a /run of its own, and the tree may be in one."""
    tree = shlex.quote(str(_TREE))
    return (f"[ -e {tree} ] || {{ mkdir -p {tree} && mount --bind /machine{tree} {tree}; }}\n"
            f"cd {tree}\n")


def _run_command(arguments: argparse.Namespace) -> int:
    status = 0
    for name in arguments.kernel or list(kernels.KERNELS):
        kernel = kernels.fetch(name, _TREE / "build/_kernels")
        shared = _TREE / "build/_vm" / f"command-{name}-{os.getpid()}"
        outcome = Machine(kernel, arguments.processors).run(
            f"{_go_to_the_tree()}{arguments.command}\n", shared, 3600, echo=True)
        for line in (*outcome.complaints, outcome.why):
            if line:
                print(f"== {name}: {line}")
        print(f"== {name}: exit {outcome.status}, {outcome.seconds:.0f} s, files in {shared}")
        status |= outcome.status != 0 or bool(outcome.complaints)
    return status


def _why_not() -> str:
    missing = [program for program in _PROGRAMS if not shutil.which(program)]
    if os.geteuid() != 0:
        return "needs root, because the guests see all of this machine's files"
    return f"needs {', '.join(missing)} (VM_PACKAGES in deploy/packages.sh)" if missing else ""


def main() -> None:
    """Runs what the command line asks for; exits with 1 if anything failed."""
    arguments = _arguments()
    # At once, without waiting for the guests: they die with this process.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    reason = _why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(_SKIPPED)
    if arguments.command:
        sys.exit(_run_command(arguments))
    run = Run(arguments)
    results = run.all()
    host = run.host()
    report.print_failures(results)
    report.write_junit(results, _TREE / "build/tests-vm.xml")
    print(f"\n{report.as_text(report.matrix(results, host))}")
    for result in results:
        if result.skipped:
            print(f"{result.name}: skipped: {result.skipped}")
    if arguments.write_docs:
        _PAGE.write_text(report.page(results, host, run.left_out()), encoding="utf-8")
        print(f"written: {_PAGE}")
    if any(result.failed() for result in results):
        sys.exit(1)
    if all(result.kernel is None for result in results):
        print("skipped: no kernel could be had")
        sys.exit(_SKIPPED)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Runs the cases against one exporter that watches the whole host; see run.sh."""

import argparse
import importlib
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pdtt_harness import kernel
from pdtt_harness.case import SKIPPED, end_on_signals
from pdtt_harness.exporter import Watcher
from pdtt_harness.world import World

from . import table
from .case import Case, unchanged
from .measure import Meter
from .result import Result

_MODULES = ("ssh_cases", "web_cases", "traffic_cases", "ftp_cases", "file_cases", "grid_cases",
            "activation_cases", "container_cases", "mptcp_cases")
_PAGE = Path(__file__).parents[3] / "docs" / "accuracy.md"
_PROGRAMS = ("ip", "ethtool", "nsenter", "setpriv", "ss", "tc", "useradd", "chpasswd")

# Linux's own values. What arrives before the user's process reads stays with the daemon, up to one
# receive buffer: hosts that are tuned for long distances have larger ones than the cases allow for.
_RECEIVE_BUFFER = "net.ipv4.tcp_rmem=4096 131072 6291456"

# Packages of programs that are named otherwise.
_PACKAGES = {
    "dig": "bind9-dnsutils", "dnsmasq": "dnsmasq-base",
    "globus-gridftp-server": "globus-gridftp-server-progs",
    "globus-url-copy": "globus-gass-copy-progs", "inetd": "openbsd-inetd",
    "nc": "netcat-openbsd", "newuidmap": "uidmap", "pasta": "passt", "ping": "iputils-ping",
    "scp": "openssh-client", "sftp": "openssh-client", "smbd": "samba",
    "smbpasswd": "samba-common-bin", "ssh": "openssh-client", "ssh-keygen": "openssh-client",
    "sshd": "openssh-server", "systemd-socket-activate": "systemd", "unshare": "util-linux",
    "xrdcp": "xrootd-client", "xrootd": "xrootd-server",
}


def all_cases() -> list[Case]:
    """The cases of all modules."""
    return [case for name in _MODULES for case in _cases(name)]


def _cases(module: str) -> Sequence[Case]:
    cases: Sequence[Case] = importlib.import_module(f".{module}", __package__).CASES
    return cases


def selected(cases: Sequence[Case], words: Sequence[str]) -> list[Case]:
    """The cases whose names contain one of the words; all if there are none."""
    return [case for case in cases
            if not words or any(word.lower() in case.name.lower() for word in words)]


def why_not(case: Case) -> str:
    """Why a case can't run here, or "" if it can."""
    missing = [f"{program} (package {_PACKAGES.get(program, program)})"
               for program in case.programs if not shutil.which(program)]
    return f"needs {', '.join(missing)}" if missing else case.why_not()


def run_cases(cases: Sequence[Case]) -> Iterator[Result]:
    """Runs the cases on one stage with one exporter."""
    world = World()
    try:
        world.host.run("sysctl", "-qw", _RECEIVE_BUFFER)
        meter = Meter(world)
        headers = meter.headers()
        for case in cases:
            reason = why_not(case)
            yield Result(case, skipped=reason) if reason else _run(case, world, meter, headers)
        meter.close()
    finally:
        world.close()


def _run(case: Case, world: World, meter: Meter, headers: tuple[int, int]) -> Result:
    result = Result(case)
    try:
        result.expected = case.owner(world)
        with case.stage(world):
            if case.stage is not unchanged:
                headers = meter.headers()
            meter.quiet()
            before = meter.read(case.loopback, headers)
            with Watcher(meter.exporter, interval=0.5):  # each scrape must balance
                result.moved = case.run(world)
            meter.quiet()
            result.reading = meter.read(case.loopback, headers).since(before)
    # Whatever it is, the other cases are to run.
    except Exception as failure:  # pylint: disable=broad-exception-caught
        result.error = f"{type(failure).__name__}: {failure}"
        if meter.exporter.process.poll() is not None:
            raise RuntimeError(f"the exporter ended: {meter.exporter.log_text()}") from failure
    return result


def report_progress(number: int, total: int, result: Result, seconds: float) -> None:
    """One line for a case, and one for each thing that is wrong with it."""
    verdict = (f"skipped, {result.skipped}" if result.skipped
               else f"{'OFF' if result.problems() else 'ok'}, {seconds:.1f} s")
    print(f"[{number:2}/{total}] {result.case.name}: {verdict}", flush=True)
    for problem in result.problems():
        print(f"        {problem}", flush=True)


def _arguments(cases: Sequence[Case]) -> tuple[list[Case], bool]:
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the cases and exit")
    parser.add_argument("--write-docs", action="store_true",
                        help="write docs/accuracy.md, if every case is right")
    parser.add_argument("case", nargs="*", metavar="CASE",
                        help="run the cases whose names contain this; the default is all of them")
    given = parser.parse_args()
    chosen = selected(cases, given.case)
    if not chosen:
        parser.error("no case is named so; see --list")
    if given.write_docs and given.case:
        parser.error("--write-docs needs all cases")
    if given.list:
        print("\n".join(case.name + (f"  (skipped: {reason})" if (reason := why_not(case)) else "")
                        for case in chosen))
        sys.exit()
    return chosen, given.write_docs


def _require_kernel() -> None:
    missing = [program for program in _PROGRAMS if not shutil.which(program)]
    reason = kernel.why_not() or (f"needs {', '.join(missing)}" if missing else "")
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)


def main() -> None:
    """Runs what the command line asks for; exits with 1 if a case is off."""
    cases, write_docs = _arguments(all_cases())
    _require_kernel()
    end_on_signals()
    results: list[Result] = []
    started = time.monotonic()
    for result in run_cases(cases):
        results.append(result)
        report_progress(len(results), len(cases), result, time.monotonic() - started)
        started = time.monotonic()
    off = [result.case.name for result in results if result.problems()]
    print(f"\n{table.markdown(results)}\n")
    skipped = sum(bool(result.skipped) for result in results)
    print(f"{len(results) - len(off) - skipped} right, {len(off)} off, {skipped} skipped")
    if off:
        sys.exit(f"off: {', '.join(off)}")
    if write_docs:
        _PAGE.write_text(table.page(results), encoding="utf-8")
        print(f"written: {_PAGE}")


if __name__ == "__main__":
    main()

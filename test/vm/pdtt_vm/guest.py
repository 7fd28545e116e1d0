# SPDX-License-Identifier: Apache-2.0
"""Carries out the plan in a guest: every item by itself, with its results noted at once.

Run by init.sh through the job that run.py makes; plan.json and records.jsonl are in /run/pdtt-vm.
"""

import importlib
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import recorded_class
from .records import Record, note, read

_SHARED = Path("/run/pdtt-vm")
_RECORDS = _SHARED / "records.jsonl"
_ADDRESS = "127.0.0.1:10435"
_START_SECONDS = 300.0
_SKIPPED = 77


class Failed(Exception):
    """What was tried went wrong; the text says how."""


def _run(argv: Sequence[str], seconds: float,
         extra: Mapping[str, str]) -> tuple[int | None, str]:
    """Exit status (None: it had to be ended) and output; nothing of it is left afterwards."""
    with (_SHARED / "item-output").open("w+b") as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   env=os.environ | extra)
        status: int | None = None
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()  # so that it can clean up
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        return status, output.read().decode("utf-8", errors="replace")


def _end_to_end(item: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    """In a child process that has Python and the harness already: they take eight seconds here."""
    before = len(read(_RECORDS))
    output = _SHARED / "item-output"
    importlib.import_module(item["name"].split(".")[0])
    child = multiprocessing.get_context("fork").Process(target=_class_in_child,
                                                        args=(item, plan, output))
    child.start()
    child.join(item["seconds"])
    timed_out = child.is_alive()
    if timed_out:
        child.terminate()  # so that it can clean up
        child.join(60)
        if child.is_alive():
            os.killpg(child.pid or 0, signal.SIGKILL)
            child.join()
    text = output.read_text(encoding="utf-8", errors="replace")
    print(text, flush=True)
    noted = read(_RECORDS)[before:]
    failed = any(record.status == "failed" for record in noted)
    if timed_out or (child.exitcode != 0 and not failed) or not noted:
        why = "time limit reached" if timed_out else f"exit {child.exitcode}"
        note(_RECORDS, Record("e2e", item["name"], "failed", f"{why}\n{text[-3000:]}"))


def _class_in_child(item: Mapping[str, Any], plan: Mapping[str, Any], output: Path) -> None:
    os.setsid()
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ["PDTT_EXPORTER"] = plan["exporter"]
    sys.exit(not recorded_class.run(item["name"], item["shrink"], _RECORDS))


def _kernel_test(item: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    name = re.sub(r"([,\[])", r"\\\1", item["name"])
    _note_run(item, [plan["kernel_tests"], name], {},
              lambda text: next(iter(re.findall(r"SKIPPED: (.*)", text)), ""))


def _accuracy(item: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    _note_run(item, [sys.executable, "-m", "pdtt_accuracy.suite", item["name"]],
              {"PDTT_EXPORTER": plan["exporter"], "PDTT_SOCKET_OWNER": plan["socket_owner"]},
              lambda text: next(iter(re.findall(r"skipped[:,] (.*)", text)), ""))


def _note_run(item: Mapping[str, Any], argv: Sequence[str], extra: Mapping[str, str],
              skipped: Callable[[str], str]) -> None:
    began = time.monotonic()
    status, text = _run(argv, item["seconds"], extra)
    reason = skipped(text) if status in (0, _SKIPPED) else ""
    if status == 0 or reason:
        state, detail = ("skipped", reason) if reason else ("passed", "")
    else:
        why = "time limit reached" if status is None else f"exit {status}"
        state, detail = "failed", f"{why}\n{text[-4000:]}"
    note(_RECORDS, Record(item["suite"], item["name"], state, detail, time.monotonic() - began))


def _start(_: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    """What doctor says; then it is started as it is, and with each way of the socket layer."""
    _try("doctor", lambda: _doctor(plan["exporter"]))
    ways: dict[str, bool] = {}
    try:
        rows = json.loads((_SHARED / "doctor.json").read_text(encoding="utf-8"))["rows"]
        ways = {row["name"]: row["can_run"] for row in rows if row["kind"] == "way"}
    except (OSError, ValueError, KeyError):
        pass  # doctor has failed already
    _try("as shipped", lambda: _started(plan["exporter"], "auto", any(ways.values())))
    for way, can_run in ways.items():
        _try(f"socket layer by {way}: {'on' if can_run else 'off, and the rest on'}",
             lambda way=way, can_run=can_run:  # type: ignore[misc]
             _started(plan["exporter"], way, can_run))


def _try(name: str, what: Callable[[], None]) -> None:
    began = time.monotonic()
    status, detail = "passed", ""
    try:
        what()
    except Failed as failure:
        status, detail = "failed", str(failure)
    note(_RECORDS, Record("start", name, status, detail, time.monotonic() - began))


def _doctor(exporter: str) -> None:
    done = subprocess.run([exporter, "doctor", "--json"], capture_output=True, text=True,
                          timeout=_START_SECONDS, check=False)
    (_SHARED / "doctor.json").write_text(done.stdout, encoding="utf-8")
    try:
        can_run = json.loads(done.stdout)["can_run"]
    except (ValueError, KeyError) as error:
        raise Failed(f"doctor --json: {error}: {done.stdout}{done.stderr}") from error
    if done.returncode != (0 if can_run else 1):
        raise Failed(f"doctor: exit {done.returncode}, although can_run is {can_run}")
    if not can_run:
        raise Failed(f"doctor: the exporter can't run here: {done.stdout}")


def _started(exporter: str, way: str, wanted: bool) -> None:
    """Starts it with that way, looks whether the layer is up, and ends it."""
    config = Path("/tmp/pdtt-vm.yml")
    config.write_text(f"layers: {{socket: {way}}}\n", encoding="utf-8")
    log = Path("/tmp/pdtt-vm.log")
    with log.open("wb") as output:
        process = subprocess.Popen([exporter, f"--config.file={config}",
                                    f"--web.listen-address={_ADDRESS}"],
                                   stdout=output, stderr=subprocess.STDOUT)
    try:
        page = _page(process)
    finally:
        process.terminate()
        try:
            status = process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = -signal.SIGKILL
    said = log.read_text(encoding="utf-8", errors="replace")
    if status != 0:
        raise Failed(f"exit {status} after SIGTERM: {said}")
    (_SHARED / f"metrics-{way}.txt").write_text(page, encoding="utf-8")
    for layer, expected in (("cgroup", True), ("sockops", True), ("socket", wanted)):
        if f'pdtt_layer_up{{layer="{layer}"}} {int(expected)}\n' not in page:
            raise Failed(f"layer {layer} should be {'up' if expected else 'down'}: {said}")


def _page(process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{_ADDRESS}/metrics", timeout=60) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return ""


_SUITES = {"start": _start, "e2e": _end_to_end, "kernel": _kernel_test, "accuracy": _accuracy}


def main() -> None:
    """Runs every item; that something failed is said by the records alone."""
    plan = json.loads((_SHARED / "plan.json").read_text(encoding="utf-8"))
    for item in plan["items"]:
        began = time.monotonic()
        print(f"== {item['suite']}: {item['name']}", flush=True)
        _SUITES[item["suite"]](item, plan)
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
        note(_SHARED / "done.jsonl", Record(item["suite"], item["name"], "done", "",
                                            time.monotonic() - began))


if __name__ == "__main__":
    main()

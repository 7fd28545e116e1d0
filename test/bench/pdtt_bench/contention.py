# SPDX-License-Identifier: Apache-2.0
"""One user on all CPUs: measured here, and a model of larger machines."""

import json
from collections.abc import Iterator

from pdtt_harness import shell

from .row import Options, Row, Say

# A model's assumptions, beside what is measured: docs/performance.md explains it.
_CPUS = (2, 8, 32, 128)
_LINE_BITS = 100e9
_FRAMES = {64: 20, 1500: 38}  # bytes of IP or frame, and what the wire carries beside them
_SHARED_ADDS = 2  # of the original layout for each packet, to the one word pair of the user


def _rate(mpps: float) -> str:
    return f"{mpps:,.0f}"


def _model(ours: float, original: float, contended: float) -> Iterator[Row]:
    """Packets/s if every CPU did nothing but count; shared words pass from CPU to CPU."""
    transfers = 1e3 / (contended * _SHARED_ADDS)  # million packets/s, on any number of CPUs
    for cpus in _CPUS:
        free = cpus * 1e3 / ours
        shared = min(cpus * 1e3 / original, transfers)
        case = f"one user, {cpus} CPUs that only count"
        yield Row(case, "ours", free, "million packets/s", free / shared, note="model")
        yield Row(case, "original layout", shared, "million packets/s", note="model")
    for size, beside in _FRAMES.items():
        line = _LINE_BITS / 8 / (size + beside) / 1e6
        case = f"100 Gbit/s of {size}-byte frames, one user ({_rate(line)} million packets/s)"
        yield Row(case, "ours, CPUs busy with counting", line * ours / 1e3, "", note="model")
        yield Row(case, "original layout, of the line's packets at most",
                  100 * min(1.0, transfers / line), "%", note="model")


def run(options: Options, say: Say) -> Iterator[Row]:
    """What layouts cost on one CPU and on all."""
    say("one user on all CPUs")
    output = shell.run(str(options.programs / "pdtt_bench_packet"), "contention",
                       "10" if options.quick else "50", timeout=120)
    results = [json.loads(line) for line in output.splitlines()]
    cost: dict[str, list[float]] = {}
    adds = []
    for result in results:
        what, case = result["what"], result["case"]
        if what.startswith("atomic add"):
            adds.append(result["ns"])
            yield Row(case, what, result["ns"], "ns")
        elif what == "empty program":
            yield Row(case, what, result["ns"], "ns")
        else:
            times = cost.setdefault(what, [])
            times.append(result["above_empty"])
            yield Row(case, what, times[-1], "ns", times[-1] / times[0],
                      note="above the empty program; ratio to one CPU")
    say("model")
    yield from _model(cost["ours"][0], cost["original layout"][0], adds[-1])

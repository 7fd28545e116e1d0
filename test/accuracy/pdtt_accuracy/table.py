# SPDX-License-Identifier: Apache-2.0
"""The table of results, for the terminal and for docs/accuracy.md: Markdown reads well in both."""

import platform
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from .measure import Reading
from .result import Result

_COLUMNS = ("case", "payload", "on the wire", "counted", "ratio", "expected", "found",
            "owner of the socket")

_INTRODUCTION = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
# Accuracy

Known bytes, moved by known users through real programs, and what the exporter counted. Written by
`sudo test/accuracy/run.sh --write-docs` on Linux {kernel}, {date}.
Without the flag it checks a host of your own and writes nothing.

One exporter watched the whole host for the length of the run. Every case was right: the expected
user got at least 99.5 % of the bytes, no other person got any, and all users together got what the
interface counted, to 0.01 % and a few packets per connection.

- **payload**: bytes of the files or messages that were moved, both ways.
- **on the wire**: what the other end's network interface counted, both ways, without link headers.
  Over loopback each packet is counted twice, for its sender and for its receiver.
- **counted**: bytes counted for the expected user; **ratio** is their share of those on the wire.
  The rest is what a daemon moved before it knew the user, and packets that belong to no socket.
- **expected**: the user whose process moved the data.
- **found**: the users that the exporter counted the bytes for, and their shares.
- **owner of the socket**: what the kernel's `bpf_get_socket_uid` says, which is all that tools
  without a hand-over of connections have. Shares below 0.5 % are left out.

"""


def markdown(results: Sequence[Result]) -> str:
    """The table of the cases that ran, and the list of those that did not."""
    rows = [_COLUMNS, *(_cells(result) for result in results if not result.skipped)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    skipped = [f"- {result.case.name}: {result.skipped}" for result in results if result.skipped]
    return "\n".join(lines + (["", "Not run:", "", *skipped] if skipped else []))


def page(results: Sequence[Result]) -> str:
    """The whole of docs/accuracy.md."""
    introduction = _INTRODUCTION.format(kernel=platform.release(),
                                        date=time.strftime("%Y-%m-%d", time.gmtime()))
    return introduction + markdown(results) + "\n"


def _cells(result: Result) -> tuple[str, ...]:
    if result.reading is None:
        return (result.case.name, *["-"] * (len(_COLUMNS) - 1))
    return (result.case.name, f"{result.payload:,}", f"{result.wire:,}", f"{result.counted:,}",
            f"{result.counted / max(1, result.wire):.4f}", _person(result.expected),
            _shares(result.reading.bytes_by_user(), 0),
            _shares(_without_strangers(result.reading), 0.005))


def _without_strangers(reading: Reading) -> Mapping[str, int]:
    """The owners of the sockets. Accounts of this host that took no part are not named."""
    taking_part = {"root", "nobody", *reading.bytes_by_user()}
    owners: Counter[str] = Counter()
    for name, size in reading.socket_owners.items():
        known = name in taking_part or name.isdecimal()
        owners[name if known else "somebody else"] += size
    return owners


def _shares(sizes: Mapping[str, int], least: float) -> str:
    total = max(1, sum(sizes.values()))
    return ", ".join(f"{_person(name)} {100 * size / total:.2f} %"
                     for name, size in sorted(sizes.items(), key=lambda item: -item[1])
                     if size > least * total)


def _person(name: str) -> str:
    """A test user's role: the number of the run is nobody's concern."""
    return re.sub(r"^pdtt-([a-z0-9]+)-\d+$", r"\1", name)

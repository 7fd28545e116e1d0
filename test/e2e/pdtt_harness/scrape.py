# SPDX-License-Identifier: Apache-2.0
"""One scrape: the text format read strictly, and the balance that each scrape must keep."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Value = int | float
Labels = dict[str, str]

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass
class Scrape:
    """The samples of one answer of /metrics."""

    text: str
    types: dict[str, str] = field(default_factory=dict)
    helps: dict[str, str] = field(default_factory=dict)
    samples: dict[str, dict[tuple[tuple[str, str], ...], Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.startswith(("# HELP ", "# TYPE ")):
                _, kind, name, rest = line.split(" ", 3)
                target = self.helps if kind == "HELP" else self.types
                if name in target:
                    raise ValueError(f"line {number}: a second {kind} for {name}")
                target[name] = rest
            elif line and not line.startswith("#"):
                self._add(number, line)

    def _add(self, number: int, line: str) -> None:
        match = _SAMPLE.fullmatch(line)
        if not match:
            raise ValueError(f"line {number} is not a sample: {line!r}")
        name, labels, value = match.groups()
        key = tuple(sorted(_parse_labels(labels or "").items()))
        series = self.samples.setdefault(name, {})
        if key in series:
            raise ValueError(f"line {number}: the series appears twice: {line!r}")
        series[key] = int(value) if re.fullmatch(r"-?\d+", value) else float(value)

    def series(self, name: str, **wanted: str) -> Iterator[tuple[Labels, Value]]:
        """The series of a metric that carry these labels, among others."""
        for key, value in self.samples.get(name, {}).items():
            labels = dict(key)
            if all(labels.get(label) == text for label, text in wanted.items()):
                yield labels, value

    def sum(self, name: str, **wanted: str) -> Value:
        """The sum over the series that carry these labels; 0 if there are none."""
        return sum(value for _, value in self.series(name, **wanted))

    def gained(self, before: "Scrape", name: str, **wanted: str) -> Value:
        """What the series that carry these labels have gained together since an earlier scrape."""
        return self.sum(name, **wanted) - before.sum(name, **wanted)

    def value(self, name: str, **wanted: str) -> Value:
        """The value of the only series that carries these labels."""
        found = list(self.series(name, **wanted))
        if len(found) != 1:
            raise AssertionError(f"{len(found)} series of {name} {wanted}, expected one: {found}")
        return found[0][1]

    def assert_balanced(self) -> None:
        """Every byte the cgroup hooks saw is in exactly one account."""
        for direction in ("receive", "transmit"):
            host = self.value(f"pdtt_host_{direction}_bytes_total")
            users = self.sum(f"pdtt_user_{direction}_bytes_total")
            excluded = self.value(f"pdtt_excluded_{direction}_bytes_total")
            unattributed = self.sum(f"pdtt_unattributed_{direction}_bytes_total")
            if users + excluded + unattributed != host:
                raise AssertionError(
                    f"{direction}: users {users} + excluded {excluded} + unattributed "
                    f"{unattributed} = {users + excluded + unattributed}, but host is {host}")


def _parse_labels(text: str) -> Labels:
    labels: Labels = {}
    position = 0
    while position < len(text):
        match = _LABEL.match(text, position)
        if not match:
            raise ValueError(f"not a label list: {text!r}")
        if match[1] in labels:
            raise ValueError(f"label {match[1]} appears twice: {text!r}")
        labels[match[1]] = re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], match[2])
        position = match.end()
    return labels

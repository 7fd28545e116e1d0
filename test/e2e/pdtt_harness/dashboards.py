# SPDX-License-Identifier: Apache-2.0
"""The dashboards in grafana/ as the tests see them: panels, queries, variables filled in."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "grafana" / "dashboards"
_VARIABLE = re.compile(r"\$\{?([a-z_]+)(?::[a-z]+)?\}?")
_SELECTOR = re.compile(r"(?P<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)\{(?P<matchers>[^{}]*)\}"
                       r"(?:\[(?P<range>[^\]]+)\])?")
_MATCHER = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')


@dataclass(frozen=True)
class Selector:
    """One selector of a query, and what is applied to its series."""

    metric: str
    matchers: Sequence[tuple[str, str, str]]
    range: str | None
    function: str


@dataclass(frozen=True)
class Query:
    """One query of a panel."""

    dashboard: str
    panel: str
    ref: str
    expression: str
    instant: bool
    legend: str
    kind: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.ref}: {self.expression}"

    @property
    def selectors(self) -> list[Selector]:
        """The selectors in the order of the expression."""
        return [Selector(found["metric"], _MATCHER.findall(found["matchers"]), found["range"],
                         _function_before(self.expression, found.start()))
                for found in _SELECTOR.finditer(self.expression)]

    def filled(self, values: Mapping[str, str]) -> str:
        """The expression with variables filled in; one without a value is an error."""
        return fill(self.expression, values)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with variables filled in; one without a value is an error."""
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def variables_in(text: str) -> set[str]:
    """The variables that a text asks for."""
    return {found[1] for found in _VARIABLE.finditer(text)}


def load() -> dict[str, Json]:
    """All dashboards by their uid, which is the name of the file."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8"))
             for path in sorted(FOLDER.glob("*.json"))}
    assert found, f"no dashboards in {FOLDER}"
    return found


def panels(dashboard: Json) -> Iterator[Json]:
    """The panels, rows left out."""
    for panel in dashboard["panels"]:
        assert not panel.get("panels"), "panels inside of rows would not be tested"
        if panel["type"] != "row":
            yield panel


def queries(dashboard: Json) -> Iterator[Query]:
    """The queries of all panels."""
    for panel in panels(dashboard):
        yield from panel_queries(dashboard, panel)


def panel_queries(dashboard: Json, panel: Json) -> Iterator[Query]:
    """The queries of one panel."""
    for target in panel["targets"]:
        yield Query(dashboard["uid"], panel["title"], target["refId"], target["expr"],
                    target["instant"], target.get("legendFormat", ""), panel["type"])


def columns(panel: Json) -> dict[str, str]:
    """The columns of a table by what they are called: a label or a `Value`."""
    renamed: dict[str, str] = panel["transformations"][1]["options"]["renameByName"]
    return renamed


def _function_before(expression: str, position: int) -> str:
    """The function whose only argument begins there, if it is one."""
    found = re.search(r"([a-z_]+)\($", expression[:position].rstrip())
    return found[1] if found else ""

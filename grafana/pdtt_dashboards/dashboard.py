# SPDX-License-Identifier: Apache-2.0
"""A dashboard: variables, rows of panels laid out from left to right, links to the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from .panel import DATASOURCE, Json, Panel
from .query import HOST, RECEIVED

_COLUMNS = 24
# Newer versions of Grafana bring it up to date when they load it.
_SCHEMA_VERSION = 39
_VARIABLE_LABELS = {"datasource": "Data source", "job": "Job", "instance": "Instance",
                    "user": "User", "network": "Network"}
HOST_VARIABLES = ("datasource", "job", "instance")
USER_VARIABLES = (*HOST_VARIABLES, "user", "network")


@dataclass(frozen=True)
class Row:
    """A title, and panels of one height."""

    title: str
    height: int
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """What is said of a dashboard once."""

    uid: str
    title: str
    description: str
    variables: Sequence[str]
    rows: Sequence[Row]
    span: str = "now-6h"
    one_user: bool = False  # the user is chosen, not filtered by

    def json(self, others: Sequence["Dashboard"]) -> Json:
        """As Grafana imports it; `others` are linked to at the top."""
        return {
            "uid": self.uid, "title": self.title, "description": self.description,
            "tags": ["pdtt"], "editable": False, "schemaVersion": _SCHEMA_VERSION, "version": 1,
            "timezone": "browser", "refresh": "30s", "graphTooltip": 1,
            "time": {"from": self.span, "to": "now"},
            "links": [self._link_to(other) for other in others if other.uid != self.uid],
            "templating": {"list": [_variable(name, self.one_user) for name in self.variables]},
            "annotations": {"list": []},
            "panels": _laid_out(self.rows)}

    def _link_to(self, other: "Dashboard") -> Json:
        """Keeps what is chosen here, but a choice of several users cannot become one user."""
        kept = [name for name in self.variables if name in other.variables
                and not (name == "user" and other.one_user)]
        return {"type": "link", "title": other.title.removeprefix("PDTT / "), "icon": "dashboard",
                "tooltip": other.description, "url": address(other.uid, kept), "tags": [],
                "asDropdown": False, "targetBlank": False, "includeVars": False, "keepTime": True}


def address(uid: str, kept: Sequence[str], **chosen: str) -> str:
    """The address of a dashboard: variables that keep their values, and values for others."""
    parts = [f"${{{name}:queryparam}}" for name in kept]
    parts += [f"var-{name}={value}" for name, value in chosen.items()]
    return f"/d/{uid}?{'&'.join(parts)}"


def drill_down(title: str, uid: str, kept: Sequence[str], **chosen: str) -> Json:
    """A link on a value that shows more about it over the same range."""
    return {"title": title, "url": f"{address(uid, kept, **chosen)}&${{__url_time_range}}"}


def _variable(name: str, one_user: bool) -> Json:
    common: Json = {"name": name, "label": _VARIABLE_LABELS[name], "hide": 0}
    if name == "datasource":
        return common | {"type": "datasource", "query": "prometheus", "refresh": 1,
                         "current": {"text": "default", "value": "default"}}
    common |= {"type": "query", "datasource": DATASOURCE, "query": _values_of(name), "refresh": 2,
               "sort": 5}
    if name == "user" and one_user:
        return common | {"multi": False, "includeAll": False}
    return common | {"multi": True, "includeAll": True, "allValue": ".+",
                     "current": {"text": ["All"], "value": ["$__all"]}}


def _values_of(name: str) -> str:
    """Where the values come from: a variable depends on those before it."""
    return {
        "job": "label_values(pdtt_build_info, job)",
        "instance": 'label_values(pdtt_build_info{job=~"$job"}, instance)',
    }.get(name, f"label_values({RECEIVED}{{{HOST}}}, {name})")


def _laid_out(rows: Sequence[Row]) -> list[Json]:
    placed: list[Json] = []
    y = 0
    for row in rows:
        placed.append({"type": "row", "title": row.title, "collapsed": False, "panels": [],
                       "id": len(placed) + 1, "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1}})
        y += 1
        x = 0
        for panel in row.panels:
            if x + panel.width > _COLUMNS:
                x, y = 0, y + row.height
            placed.append({"id": len(placed) + 1,
                           "gridPos": {"x": x, "y": y, "w": panel.width, "h": row.height},
                           **panel.json})
            x += panel.width
        y += row.height
    return placed

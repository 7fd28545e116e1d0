# SPDX-License-Identifier: Apache-2.0
"""Panels: what a kind of panel always looks like is here, what differs comes as arguments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
RECEIVE_COLOR = "blue"
TRANSMIT_COLOR = "orange"
OK, WARNING, CRITICAL, NEUTRAL = "green", "orange", "red", "#808080"


@dataclass(frozen=True)
class Query:
    """One expression, and how its series are called."""

    expression: str
    legend: str = ""
    color: str = ""
    below: bool = False  # drawn below the axis: the other direction


@dataclass(frozen=True)
class Steps:
    """Limits from which on a value is worth a warning, and critical."""

    warning: float | None = None
    critical: float | None = None

    def json(self) -> Json:
        """As Grafana writes them; the first step has no lower limit."""
        steps: list[Json] = [{"color": OK, "value": None}]
        for color, value in ((WARNING, self.warning), (CRITICAL, self.critical)):
            if value is not None:
                steps.append({"color": color, "value": value})
        return {"mode": "absolute", "steps": steps}


@dataclass(frozen=True)
class Panel:
    """A panel and the columns of the 24 that it is wide."""

    width: int
    json: Json = field(repr=False)


def stat(title: str, description: str, expression: str, unit: str, *, width: int = 4,
         color: str = "", steps: Steps | None = None, mappings: Sequence[Json] = (),
         sparkline: bool = True) -> Panel:
    """One number, with what it was in the range as a sparkline if that means something."""
    defaults: Json = {"unit": unit, "mappings": list(mappings), "noValue": "-"}
    if steps:
        defaults |= {"color": {"mode": "thresholds"}, "thresholds": steps.json()}
    else:
        defaults["color"] = {"mode": "fixed", "fixedColor": color or "text"}
    target = _target(0, expression, instant=not sparkline)
    return _panel("stat", title, description, width, [target], defaults, {
        "colorMode": "value", "graphMode": "area" if sparkline else "none", "justifyMode": "auto",
        "orientation": "auto", "percentChangeColorMode": "standard", "showPercentChange": False,
        "textMode": "value", "wideLayout": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}})


def graph(title: str, description: str, queries: Sequence[Query], unit: str, *, width: int = 12,
          stacked: bool = False, link: Json | None = None, steps: Steps | None = None,
          maximum: float | None = None) -> Panel:
    """Values over time; the legend is a table, highest first."""
    custom: Json = {
        "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1,
        "fillOpacity": 30 if stacked else 12, "gradientMode": "none" if stacked else "opacity",
        "showPoints": "never", "spanNulls": False, "axisSoftMin": 0,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if steps else "off"}}
    defaults: Json = {"unit": unit, "custom": custom, "color": {"mode": "palette-classic-by-name"}}
    if steps:
        defaults["thresholds"] = steps.json()
    if maximum is not None:
        defaults["max"] = maximum
    if link:
        defaults["links"] = [link]
    targets = [_target(index, query.expression, query.legend)
               for index, query in enumerate(queries)]
    overrides = [_override("byFrameRefID", target["refId"], _drawn_as(query))
                 for target, query in zip(targets, queries) if query.color or query.below]
    return _panel("timeseries", title, description, width, targets, defaults, {
        "legend": {"calcs": ["mean", "max", "lastNotNull"], "displayMode": "table",
                   "placement": "bottom", "showLegend": True, "sortBy": "Mean", "sortDesc": True},
        "tooltip": {"mode": "multi", "sort": "desc"}}, overrides)


def _drawn_as(query: Query) -> Json:
    properties: Json = {}
    if query.color:
        properties["color"] = {"mode": "fixed", "fixedColor": query.color}
    if query.below:
        properties["custom.transform"] = "negative-Y"
        properties["custom.stacking"] = {"mode": "normal", "group": "B"}
    return properties


def mirrored(title: str, description: str, received: Query, transmitted: Query, *,
             unit: str = "bps", width: int = 12) -> Panel:
    """Both directions in one graph: received above the axis, transmitted below."""
    panel = graph(title, f"{description} Received above the axis, transmitted below.",
                  [received, Query(transmitted.expression, transmitted.legend, transmitted.color,
                                   below=True)], unit, width=width, stacked=True)
    panel.json["fieldConfig"]["defaults"]["custom"].pop("axisSoftMin")
    return panel


def donut(title: str, description: str, expression: str, legend: str, unit: str, *,
          width: int = 6) -> Panel:
    """Shares of a total over the range."""
    return _panel("piechart", title, description, width,
                  [_target(0, expression, legend, instant=True)],
                  {"unit": unit, "color": {"mode": "palette-classic-by-name"}}, {
        "pieType": "donut", "displayLabels": ["percent"], "sort": "desc", "orientation": "auto",
        "legend": {"calcs": [], "displayMode": "table", "placement": "bottom", "showLegend": True,
                   "values": ["value", "percent"]},
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "tooltip": {"mode": "single", "sort": "none"}})


def bars(title: str, description: str, expression: str, legend: str, unit: str, *,
         steps: Steps, width: int = 12, maximum: float | None = None) -> Panel:
    """A bar for each series, coloured by how near it is to the limits."""
    defaults: Json = {"unit": unit, "min": 0, "color": {"mode": "thresholds"},
                      "thresholds": steps.json()}
    if maximum is not None:
        defaults["max"] = maximum
    return _panel("bargauge", title, description, width,
                  [_target(0, expression, legend, instant=True)], defaults, {
        "displayMode": "gradient", "orientation": "horizontal", "valueMode": "color",
        "namePlacement": "left", "showUnfilled": True, "sizing": "auto",
        "minVizHeight": 16, "minVizWidth": 8, "maxVizHeight": 32,
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}})


def timeline(title: str, description: str, expression: str, legend: str,
             mappings: Sequence[Json], *, width: int = 12) -> Panel:
    """States over time, a line for each series."""
    return _panel("state-timeline", title, description, width, [_target(0, expression, legend)],
                  {"unit": "none", "mappings": list(mappings),
                   "custom": {"fillOpacity": 70, "lineWidth": 0},
                   "color": {"mode": "thresholds"}, "thresholds": Steps().json()}, {
        "mergeValues": True, "rowHeight": 0.8, "showValue": "never", "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom",
                   "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"}})


@dataclass(frozen=True)
class Column:
    """A column of values: an expression whose labels are exactly the keys of the table."""

    title: str
    expression: str
    unit: str
    bar: bool = False
    color: str = ""
    steps: Steps | None = None
    mappings: Sequence[Json] = ()


@dataclass(frozen=True)
class Key:
    """A column of labels, perhaps with a link to where there is more."""

    label: str
    title: str
    link: Json | None = None
    width: int = 0


def table(title: str, description: str, keys: Sequence[Key], columns: Sequence[Column], *,
          sort: str, ascending: bool = False, width: int = 24) -> Panel:
    """A row for each combination of the keys, sorted by a column."""
    targets = [_target(index, column.expression, instant=True) | {"format": "table"}
               for index, column in enumerate(columns)]
    values = [f"Value #{target['refId']}" for target in targets]
    if len(columns) == 1:
        values = ["Value"]
    names = {key.label: key.title for key in keys}
    names |= {value: column.title for value, column in zip(values, columns)}
    overrides = [_override("byName", key.title, _key_properties(key)) for key in keys
                 if key.link or key.width]
    overrides += [_override("byName", column.title, _column_properties(column))
                  for column in columns]
    panel = _panel("table", title, description, width, targets, {
        "unit": "short",
        "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True,
                   "inspect": False}}, {
        "showHeader": True, "frameIndex": 0, "cellHeight": "sm",
        "sortBy": [{"displayName": sort, "desc": not ascending}]}, overrides)
    panel.json["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {
            "excludeByName": {"Time": True},
            "indexByName": {name: index for index, name in enumerate(names)},
            "renameByName": names}}]
    return panel


def _key_properties(key: Key) -> Json:
    properties: Json = {}
    if key.link:
        properties["links"] = [key.link]
    if key.width:
        properties["custom.width"] = key.width
    return properties


def _column_properties(column: Column) -> Json:
    properties: Json = {"unit": column.unit}
    if column.bar:
        properties["custom.cellOptions"] = {"type": "gauge", "mode": "basic",
                                            "valueDisplayMode": "text"}
        properties["min"] = 0
    if column.color:
        properties["color"] = {"mode": "fixed", "fixedColor": column.color}
    if column.steps:
        properties["thresholds"] = column.steps.json()
        properties["color"] = {"mode": "thresholds"}
    if column.mappings:
        properties["mappings"] = list(column.mappings)
    if (column.steps or column.mappings) and not column.bar:
        properties["custom.cellOptions"] = {"type": "color-text"}
    return properties


def states(**texts: tuple[int, str, str]) -> list[Json]:
    """Value mappings: `name=(value, text, colour)`; the name is for the reader only."""
    return [{"type": "value", "options": {
        str(value): {"text": text, "color": color, "index": index}
        for index, (value, text, color) in enumerate(texts.values())}}]


def _panel(kind: str, title: str, description: str, width: int, targets: Sequence[Json],
           defaults: Json, options: Json, overrides: Sequence[Json] = ()) -> Panel:
    return Panel(width, {
        "type": kind, "title": title, "description": description, "datasource": DATASOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options, "targets": list(targets)})


def _target(index: int, expression: str, legend: str = "", instant: bool = False) -> Json:
    target: Json = {"refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": expression,
                    "instant": instant, "range": not instant}
    if legend:
        target["legendFormat"] = legend
    return target


def _override(matcher: str, name: str, properties: Json) -> Json:
    return {"matcher": {"id": matcher, "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties.items()]}

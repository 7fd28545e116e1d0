# SPDX-License-Identifier: Apache-2.0
"""Panels that several dashboards show, each for its own choice of users and hosts."""

from collections.abc import Sequence

from . import query
from .dashboard import HOST_VARIABLES, drill_down
from .panel import (RECEIVE_COLOR, TRANSMIT_COLOR, Column, Json, Panel, Query, Steps, donut, graph,
                    mirrored, stat)

WIRE = "IP bytes as on the wire, headers included, as the cgroup layer counts them."
RESENT_STEPS = Steps(warning=0.01, critical=0.05)

LINK_TO_USER = drill_down("Show this user", "pdtt-user", HOST_VARIABLES,
                          user="${__value.text:percentencode}")
LINK_TO_LABELLED_USER = drill_down("Show ${__field.labels.user}", "pdtt-user", HOST_VARIABLES,
                                   user="${__field.labels.user:percentencode}")
LINK_TO_HOST = drill_down("Show this host's users", "pdtt-users", ("datasource", "job"),
                          instance="${__value.text:percentencode}")
LINK_TO_LABELLED_HOST = drill_down("Show the users of ${__field.labels.instance}", "pdtt-users",
                                   ("datasource", "job"),
                                   instance="${__field.labels.instance:percentencode}")


def rates_now(selector: str, whose: str) -> list[Panel]:
    """Two numbers: what moves now."""
    return [
        stat("Receiving", f"What {whose} receive per second now. {WIRE}",
             query.bits(query.RECEIVED, selector), "bps", color=RECEIVE_COLOR),
        stat("Transmitting", f"What {whose} transmit per second now. {WIRE}",
             query.bits(query.TRANSMITTED, selector), "bps", color=TRANSMIT_COLOR)]


def totals(selector: str, whose: str) -> list[Panel]:
    """Two numbers: what was moved in the range."""
    return [
        stat("Received", f"What {whose} have received in the range shown. {WIRE}",
             query.total(query.gained(query.RECEIVED, selector)), "decbytes",
             color=RECEIVE_COLOR, sparkline=False),
        stat("Transmitted", f"What {whose} have transmitted in the range shown. {WIRE}",
             query.total(query.gained(query.TRANSMITTED, selector)), "decbytes",
             color=TRANSMIT_COLOR, sparkline=False)]


def open_connections(selector: str, whose: str) -> Panel:
    """One number: connections open now."""
    return stat("Open connections",
                f"TCP connections and UDP flows of {whose} that are open now, to all networks.",
                query.total(f"pdtt_user_connections{{{selector}}}"), "short")


def two_way(title: str, description: str, selector: str, label: str, width: int = 12) -> Panel:
    """Both directions over time, stacked by a label."""
    return mirrored(title, f"{description} {WIRE}",
                    Query(query.bits(query.RECEIVED, selector, label), f"{{{{{label}}}}} received"),
                    Query(query.bits(query.TRANSMITTED, selector, label),
                          f"{{{{{label}}}}} transmitted"), width=width)


def top_rates(label: str, things: str, selector: str, link: Json) -> list[Panel]:
    """Two graphs: the ten that moved most in the range, in each direction."""
    return [
        graph(f"{verb} by {label_title(label)}",
              f"The {query.TOP} {things} that {done} most in the range shown, stacked. {WIRE}",
              [Query(query.top(query.bits(metric, selector, label),
                               query.gained_until_end(metric, selector, label), label),
                     f"{{{{{label}}}}}")], "bps", stacked=True, link=link)
        for verb, done, metric in (("Receive rate", "received", query.RECEIVED),
                                   ("Transmit rate", "transmitted", query.TRANSMITTED))]


def label_title(label: str) -> str:
    """What a label is called in titles."""
    return {"instance": "host"}.get(label, label)


def network_shares(selector: str) -> list[Panel]:
    """Two rings: where the bytes of the range came from and went to."""
    return [
        donut(f"{title} by network",
              "Bytes of the range shown by the class of the remote address; the classes are set "
              f"in the exporter's configuration. {WIRE}",
              query.total(query.gained(metric, selector), "network"), "{{network}}", "decbytes")
        for title, metric in (("Received", query.RECEIVED), ("Transmitted", query.TRANSMITTED))]


def traffic_columns(selector: str, *labels: str) -> list[Column]:
    """Columns of a table: rates now and totals of the range, in both directions."""
    return [
        Column("Receiving", query.bits(query.RECEIVED, selector, *labels), "bps", bar=True,
               color=RECEIVE_COLOR),
        Column("Transmitting", query.bits(query.TRANSMITTED, selector, *labels), "bps", bar=True,
               color=TRANSMIT_COLOR),
        Column("Received", query.total(query.gained(query.RECEIVED, selector), *labels),
               "decbytes"),
        Column("Transmitted", query.total(query.gained(query.TRANSMITTED, selector), *labels),
               "decbytes"),
        Column("Total", query.both("increase", selector, *labels), "decbytes")]


def resent_graph(selector: str, transmitted: str, labels: Sequence[str], legend: str,
                 width: int = 8) -> Panel:
    """The share of resent TCP segments over time."""
    return graph("Resent TCP segments",
                 "The share of TCP segments that had to be sent again. Some are normal on a busy "
                 "path; a few per cent make transfers slow.",
                 [Query(query.resent(selector, transmitted, *labels), legend)], "percentunit",
                 width=width, steps=RESENT_STEPS)


def connections_opened(selector: str, width: int = 8) -> Panel:
    """New connections over time, by who opened them."""
    opened = query.rate("pdtt_user_connections_opened_total", selector)
    return graph("Opened connections",
                 "Connections and flows that began, per second. Inbound was accepted here, "
                 "outbound was opened here. One that is handed over to another user counts for "
                 "both.",
                 [Query(query.total(opened, "protocol", "direction"),
                        "{{protocol}} {{direction}}")], "cps", width=width)

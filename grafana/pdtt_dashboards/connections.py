# SPDX-License-Identifier: Apache-2.0
"""Connections and transfers: how many, how large, whose, by which programs."""

from . import query, shared
from .busiest import ENDS, busiest_connections, connection, largest_transfers, with_program
from .dashboard import USER_VARIABLES, Dashboard, Row
from .panel import RECEIVE_COLOR, TRANSMIT_COLOR, Panel, Query, graph, mirrored, stat
from .query import HOST, NETWORK, TOP, USER

_OPENED = "pdtt_user_connections_opened_total"
_CLOSED = "pdtt_user_connections_closed_total"
_ONE = ("instance", "user", "protocol", *ENDS)
_LEGEND = "{{user}} {{protocol}} {{local_address}} {{local_port}} - " \
          "{{remote_address}} {{remote_port}}"


def _top_connections(title: str, direction: str, did: str) -> Panel:
    metric = connection(direction)
    return graph(title,
                 f"The {TOP} connections that {did} most in the range shown. {shared.WIRE}",
                 [Query(query.top(query.bits(metric, NETWORK, *_ONE),
                                  query.gained_until_end(metric, NETWORK, *_ONE), *_ONE),
                        _LEGEND)], "bps", link=shared.LINK_TO_LABELLED_USER)


def _by_command(direction: str) -> str:
    series = query.rate(connection(direction), NETWORK)
    return f"8 * {query.total(with_program(series, NETWORK, 'command'), 'command')}"


DASHBOARD = Dashboard(
    "pdtt-connections", "PDTT / Connections",
    "The busiest connections and largest transfers, and how many come and go.", USER_VARIABLES, [
        Row("Now", 4, [
            shared.open_connections(USER, "the chosen users"),
            stat("Opened", "Connections and flows that begin, per second.",
                 query.total(query.rate(_OPENED, USER)), "cps", color=RECEIVE_COLOR),
            stat("Closed", "Connections and flows that end or are handed over, per second.",
                 query.total(query.rate(_CLOSED, USER)), "cps", color=TRANSMIT_COLOR),
            stat("Tracked", "Connections and flows that the exporters hold counters for, those "
                 "of all users, and those that have just ended among them.",
                 query.total(f"pdtt_connections_tracked{{{HOST}}}"), "short"),
            stat("With series", "Connections that have series of their own: the busiest, as many "
                 "as connections.export allows on each host.",
                 query.total(f"pdtt_connections_exported{{{HOST}}}"), "short"),
            stat("Handovers", "Connections in the range shown whose owner changed, such as the "
                 "session that sshd accepts as root and a user's process carries on.",
                 query.total(query.gained("pdtt_connection_handovers_total", HOST)), "short",
                 sparkline=False)]),
        Row("Busiest now", 10, [busiest_connections(NETWORK)]),
        Row("Over time", 9, [
            _top_connections("Receive rate by connection", "receive", "received"),
            _top_connections("Transmit rate by connection", "transmit", "transmitted"),
            mirrored("Traffic by command",
                     "Bits per second of the connections that have series, by the command that "
                     "made the socket or took it over.",
                     Query(_by_command("receive"), "{{command}} received"),
                     Query(_by_command("transmit"), "{{command}} transmitted")),
            graph("Open connections", "Connections and flows that are open, by user and protocol.",
                  [Query(query.total(f"pdtt_user_connections{{{USER}}}", "user", "protocol"),
                         "{{user}} {{protocol}}")], "short",
                  link=shared.LINK_TO_LABELLED_USER)]),
        Row("Largest transfers", 10, [largest_transfers(NETWORK)]),
        Row("Coming and going", 9, [
            shared.connections_opened(USER),
            graph("Opened by user",
                  "Connections and flows that began, per second. Many of them at once may be a "
                  "scan, or a program that opens one for each small request.",
                  [Query(query.total(query.rate(_OPENED, USER), "user"), "{{user}}")], "cps",
                  width=8, link=shared.LINK_TO_LABELLED_USER),
            shared.resent_graph(NETWORK, NETWORK, ["instance"], "{{instance}}")])])

# SPDX-License-Identifier: Apache-2.0
"""Who uses how much, on the hosts that are chosen."""

from . import query, shared
from .dashboard import USER_VARIABLES, Dashboard, Row
from .panel import Column, Key, Query, graph, stat, table
from .query import HOST, NETWORK, USER

_SHARE = f"{query.both('rate', NETWORK, 'user')} / on () group_left () " \
         f"({query.both('rate', HOST)} > 0)"

DASHBOARD = Dashboard(
    "pdtt-users", "PDTT / Users", "Who moves how much data, to which networks, and when.",
    USER_VARIABLES, [
        Row("Now", 4, [
            *shared.rates_now(NETWORK, "the chosen users"),
            stat("Active users", "Users who have moved any data in the last moments.",
                 query.or_zero(query.active(NETWORK)), "short"),
            shared.open_connections(USER, "the chosen users"),
            *shared.totals(NETWORK, "the chosen users")]),
        Row("Who", 10, [
            *shared.top_rates("user", "users", NETWORK, shared.LINK_TO_LABELLED_USER),
            table("Users",
                  "Each user, summed over the chosen hosts: rates now, totals of the range shown, "
                  "and the share of everything that all users of these hosts move now. "
                  f"{shared.WIRE}",
                  [Key("user", "User", shared.LINK_TO_USER)],
                  [*shared.traffic_columns(NETWORK, "user"),
                   Column("Share now", _SHARE, "percentunit"),
                   Column("Connections",
                          query.total(f"pdtt_user_connections{{{USER}}}", "user"), "short")],
                  sort="Total")]),
        Row("Where", 9, [
            shared.two_way("Traffic by network",
                           "Bits per second by the class of the remote address.", NETWORK,
                           "network"),
            *shared.network_shares(NETWORK)]),
        Row("Connections", 9, [
            graph("Open connections", "Connections and flows that are open, by user.",
                  [Query(query.total(f"pdtt_user_connections{{{USER}}}", "user"), "{{user}}")],
                  "short", width=8, link=shared.LINK_TO_LABELLED_USER),
            shared.connections_opened(USER),
            shared.resent_graph(NETWORK, NETWORK, ["user"], "{{user}}")])])

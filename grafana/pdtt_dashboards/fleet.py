# SPDX-License-Identifier: Apache-2.0
"""All hosts, and users over all hosts."""

from . import query, shared
from .dashboard import USER_VARIABLES, Dashboard, Row
from .panel import OK, CRITICAL, Column, Key, Query, Steps, graph, stat, states, table
from .query import HOST, NETWORK, TOP, USER

UNATTRIBUTED_STEPS = Steps(warning=0.05, critical=0.2)
COUNTING = states(off=(0, "not counting", CRITICAL), on=(1, "counting", OK))


def unattributed_share(*labels: str) -> str:
    """The share of the hosts' bytes that belong to no user."""
    parts = {family: " + ".join(
        query.total(query.rate(f"pdtt_{family}_{direction}_bytes_total", HOST), *labels)
        for direction in ("receive", "transmit")) for family in ("unattributed", "host")}
    return f"({parts['unattributed']}) / (({parts['host']}) > 0)"


_PAIRS = query.both("increase", NETWORK, "user", "instance")

DASHBOARD = Dashboard(
    "pdtt-fleet", "PDTT / Fleet", "Hosts side by side, and what each user moves on all of them.",
    USER_VARIABLES, [
        Row("Now", 4, [
            stat("Hosts", "Hosts whose exporter answers Prometheus.",
                 f"count(pdtt_build_info{{{HOST}}})", "short"),
            stat("Not counting",
                 "Hosts whose exporter does not answer Prometheus, or answers and does not count.",
                 query.or_zero(f"count({query.ANSWERS} == 0 or "
                               f'pdtt_layer_up{{{HOST}, layer="cgroup"}} == 0)'),
                 "short", steps=Steps(critical=1)),
            *shared.rates_now(NETWORK, "the chosen users on all hosts"),
            stat("Active users", "Users who have moved any data in the last moments; one who does "
                 "so on several hosts counts once.", query.or_zero(query.active(NETWORK)), "short"),
            stat("Unattributed", "The share of all bytes that belong to no user: packets without "
                 "a full socket, and what a full table had no room for.", unattributed_share(),
                 "percentunit", steps=UNATTRIBUTED_STEPS)]),
        Row("Hosts", 10, [
            *shared.top_rates("instance", "hosts", NETWORK, shared.LINK_TO_LABELLED_HOST),
            table("Hosts", f"Each host: rates now and totals of the range shown. {shared.WIRE}",
                  [Key("instance", "Host", shared.LINK_TO_HOST)],
                  [Column("State", f'max by (instance) (pdtt_layer_up{{{HOST}, layer="cgroup"}})',
                          "none", mappings=COUNTING),
                   *shared.traffic_columns(NETWORK, "instance"),
                   Column("Active users", query.active(NETWORK, "instance"), "short"),
                   Column("Connections",
                          query.total(f"pdtt_user_connections{{{USER}}}", "instance"), "short"),
                   Column("Unattributed", unattributed_share("instance"), "percentunit",
                          steps=UNATTRIBUTED_STEPS)],
                  sort="Total")]),
        Row("Users over all hosts", 10, [
            *shared.top_rates("user", "users", NETWORK, shared.LINK_TO_LABELLED_USER),
            table("Users",
                  "Each user by name, summed over all chosen hosts. A name is taken to be the "
                  f"same person everywhere. {shared.WIRE}",
                  [Key("user", "User", shared.LINK_TO_USER)],
                  [Column("Hosts", f"count by (user) ({_PAIRS} > 0)", "short"),
                   *shared.traffic_columns(NETWORK, "user")], sort="Total", width=14),
            table("Users on hosts",
                  f"The {2 * TOP} heaviest pairs of a user and a host in the range shown. "
                  f"{shared.WIRE}",
                  [Key("user", "User", shared.LINK_TO_USER),
                   Key("instance", "Host", shared.LINK_TO_HOST)],
                  [Column("Total", f"topk({2 * TOP}, {_PAIRS})", "decbytes", bar=True)],
                  sort="Total", width=10)]),
        Row("Networks", 9, [
            shared.two_way("Traffic by network",
                           "Bits per second by the class of the remote address.", NETWORK,
                           "network"),
            graph("Active users by host", "Users who move data, on each host.",
                  [Query(query.active(NETWORK, "instance"), "{{instance}}")], "short",
                  link=shared.LINK_TO_LABELLED_HOST)])])

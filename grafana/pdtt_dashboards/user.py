# SPDX-License-Identifier: Apache-2.0
"""Everything about one user."""

from . import query, shared
from .busiest import busiest_connections
from .dashboard import USER_VARIABLES, Dashboard, Row
from .panel import RECEIVE_COLOR, TRANSMIT_COLOR, Column, Key, Query, graph, mirrored, stat, table
from .query import HOST

_USER = f'{HOST}, user="$user"'
_NETWORK = f'{_USER}, network=~"$network"'
_SHARE = f"{query.both('rate', _NETWORK)} / ({query.both('rate', HOST)} > 0)"


def _layers(direction: str, color: str, frames: bool) -> list[Query]:
    layers = [("IP packets", f"pdtt_user_{direction}_bytes_total", color),
              ("payload", f"pdtt_user_socket_{direction}_bytes_total", "green")]
    if frames:
        layers.append(("Ethernet frames", f"pdtt_user_xdp_{direction}_bytes_total", "purple"))
    return [Query(query.bits(metric, _USER), name, drawn) for name, metric, drawn in layers]


DASHBOARD = Dashboard(
    "pdtt-user", "PDTT / One user", "What one user moves, on which hosts, over which connections.",
    USER_VARIABLES, [
        Row("$user", 4, [
            *shared.rates_now(_NETWORK, "this user's sockets"),
            *shared.totals(_NETWORK, "this user's sockets"),
            shared.open_connections(_USER, "this user"),
            stat("Share of the hosts' traffic",
                 "Of everything that all users of the chosen hosts move now.", _SHARE,
                 "percentunit")]),
        Row("Traffic", 9, [
            shared.two_way("By network", "By the class of the remote address.", _NETWORK,
                           "network"),
            shared.two_way("By host", "By the host that counted it.", _NETWORK, "instance"),
            *shared.network_shares(_NETWORK),
            table("Hosts",
                  "Where this user is active. The same name may have different numbers on "
                  f"different hosts. {shared.WIRE}",
                  [Key("instance", "Host", shared.LINK_TO_HOST), Key("uid", "Uid", width=80)],
                  shared.traffic_columns(_NETWORK, "instance", "uid"), sort="Total", width=12)]),
        Row("Connections", 9, [
            graph("Open connections", "Connections and flows that are open, by protocol.",
                  [Query(query.total(f"pdtt_user_connections{{{_USER}}}", "protocol"),
                         "{{protocol}}")], "short", width=8),
            shared.connections_opened(_USER),
            shared.resent_graph(_NETWORK, _NETWORK, ["network"], "{{network}}"),
            busiest_connections(_NETWORK)]),
        Row("Details", 9, [
            shared.two_way("By protocol", "By transport protocol.", _NETWORK, "protocol", width=8),
            mirrored("Packets", "IP packets per second as on the wire, by protocol.",
                     Query(query.total(query.rate("pdtt_user_receive_packets_total", _NETWORK),
                                       "protocol"), "{{protocol}} received"),
                     Query(query.total(query.rate("pdtt_user_transmit_packets_total", _NETWORK),
                                       "protocol"), "{{protocol}} transmitted"),
                     unit="pps", width=8),
            graph("Mean packet size",
                  "Bytes for each IP packet. Small ones are conversations, large ones are "
                  "transfers.",
                  [Query(f"{query.total(query.rate(f'pdtt_user_{way}_bytes_total', _NETWORK))} / "
                         f"({query.total(query.rate(f'pdtt_user_{way}_packets_total', _NETWORK))}"
                         " > 0)", name, color)
                   for way, name, color in (("receive", "received", RECEIVE_COLOR),
                                            ("transmit", "transmitted", TRANSMIT_COLOR))],
                  "decbytes", width=8),
            graph("Received, at each layer",
                  "The same data three times, not to be added: Ethernet frames (where the XDP "
                  "layer is on), IP packets, and the payload that programs read. The difference "
                  "is headers, and traffic that an interface never saw.",
                  _layers("receive", RECEIVE_COLOR, frames=True), "bps"),
            graph("Transmitted, at each layer",
                  "The same data twice, not to be added: IP packets, and the payload that programs "
                  "wrote. The difference is headers and what was sent again.",
                  _layers("transmit", TRANSMIT_COLOR, frames=False), "bps")])],
    one_user=True)

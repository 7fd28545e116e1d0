# SPDX-License-Identifier: Apache-2.0
"""The busiest connections, with the programs behind them."""

from . import query
from .panel import RECEIVE_COLOR, TRANSMIT_COLOR, Column, Key, Panel, table
from .shared import LINK_TO_HOST, LINK_TO_USER

ENDS = ("local_address", "local_port", "remote_address", "remote_port")
IDENTITY = ("instance", "uid", "user", "protocol", *ENDS, "network")
_PROGRAM = ("direction", "command", "pid")
ROWS = 50


def connection(direction: str) -> str:
    """The bytes of connections in one direction."""
    return f"pdtt_connection_{direction}_bytes_total"


def with_program(expression: str, selector: str, *labels: str) -> str:
    """Adds to series of connections what is known of their processes."""
    return (f"{expression} * on (job, {', '.join(IDENTITY)}) group_left ({', '.join(labels)}) "
            f"pdtt_connection_info{{{selector}}}")


def busiest_connections(selector: str) -> Panel:
    """A table of connections by what they move now."""
    rates = {direction: query.rate(connection(direction), selector)
             for direction in ("receive", "transmit")}
    both = f"({rates['receive']} + {rates['transmit']})"
    labels = (*IDENTITY, *_PROGRAM)

    def row(expression: str) -> str:
        joined = query.total(with_program(expression, selector, *_PROGRAM), *labels)
        return f"{joined} and on ({', '.join(IDENTITY)}) topk({ROWS}, " \
               f"{query.total(both, *IDENTITY)})"

    titles = {"instance": "Host", "user": "User", "protocol": "Protocol", "network": "Network",
              "direction": "Direction", "command": "Command", "pid": "Pid", "uid": "Uid",
              "local_address": "Local address", "local_port": "Port",
              "remote_address": "Remote address", "remote_port": "Remote port"}
    links = {"user": LINK_TO_USER, "instance": LINK_TO_HOST}
    return table(
        "Busiest connections",
        f"The {ROWS} connections that move most now, with the process that made the socket or "
        "took it over. The exporter has series for the busiest connections only, as many as "
        "connections.export allows.",
        [Key(label, titles[label], links.get(label)) for label in
         ("user", "uid", "instance", "command", "pid", "direction", "protocol", *ENDS, "network")],
        [Column("Receiving", row(f"8 * {rates['receive']}"), "bps", bar=True, color=RECEIVE_COLOR),
         Column("Transmitting", row(f"8 * {rates['transmit']}"), "bps", bar=True,
                color=TRANSMIT_COLOR),
         Column("Both", row(f"8 * {both}"), "bps")], sort="Both")


def largest_transfers(selector: str) -> Panel:
    """A table of connections by what they moved in the range, finished ones among them."""
    sums = {direction: query.total(query.gained(connection(direction), selector), *IDENTITY)
            for direction in ("receive", "transmit")}
    both = f"({sums['receive']} + {sums['transmit']})"
    links = {"user": LINK_TO_USER, "instance": LINK_TO_HOST}

    def row(expression: str) -> str:
        return f"{expression} and topk({ROWS}, {both})"

    return table(
        "Largest transfers",
        f"The {ROWS} connections that moved most in the range shown, also those that have ended. "
        "What a connection moved before the first scrape that has it is not in this; the records "
        "of connections that the exporter writes are exact.",
        [Key("user", "User", links["user"]), Key("uid", "Uid"),
         Key("instance", "Host", links["instance"]), Key("protocol", "Protocol"),
         Key("local_address", "Local address"), Key("local_port", "Port"),
         Key("remote_address", "Remote address"), Key("remote_port", "Remote port"),
         Key("network", "Network")],
        [Column("Received", row(sums["receive"]), "decbytes", bar=True, color=RECEIVE_COLOR),
         Column("Transmitted", row(sums["transmit"]), "decbytes", bar=True,
                color=TRANSMIT_COLOR),
         Column("Total", row(both), "decbytes")], sort="Total")

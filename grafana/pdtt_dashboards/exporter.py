# SPDX-License-Identifier: Apache-2.0
"""Whether the exporters count everything, what stands in their way, and what they cost."""

from . import query, shared
from .dashboard import HOST_VARIABLES, Dashboard, Row
from .fleet import UNATTRIBUTED_STEPS, unattributed_share
from .panel import (CRITICAL, NEUTRAL, OK, Column, Key, Panel, Query, Steps, bars, graph, stat,
                    states, table, timeline)
from .query import HOST

_FULL_STEPS = Steps(warning=0.7, critical=0.9)
_NONE_IS_GOOD = Steps(critical=1)
_AGE_STEPS = Steps(warning=60, critical=120)
_LAYERS = states(off=(0, "off", NEUTRAL), on=(1, "counting", OK))
_ANSWERS = states(down=(0, "no answer", CRITICAL), up=(1, "answers", OK))
_RELOADED = states(refused=(0, "refused", CRITICAL), taken=(1, "in force", OK))
_BY_HOST = "{{instance}}"
_AGE = f"time() - pdtt_snapshot_timestamp_seconds{{{HOST}}}"
_PER_PACKET = 'program=~"cgroup_skb_(ingress|egress)"'


def _balance(direction: str, *labels: str) -> str:
    """Bytes that the hooks saw and no account has; the counters themselves, not their rates."""
    def counted(family: str) -> str:
        return query.total(f"pdtt_{family}_{direction}_bytes_total{{{HOST}}}", *labels)

    return " - ".join(counted(family) for family in ("host", "user", "excluded", "unattributed"))


def _balances(*labels: str) -> str:
    return f"abs({_balance('receive', *labels)}) + abs({_balance('transmit', *labels)})"


def _per_host(title: str, description: str, expression: str, unit: str, *, width: int = 8,
              steps: Steps | None = None) -> Panel:
    return graph(title, description, [Query(expression, _BY_HOST)], unit, width=width,
                 steps=steps)


def _process(expression: str) -> str:
    """Metrics that other programs have as well: those of exporters only."""
    return f"({expression} and on (job, instance) pdtt_build_info{{{HOST}}})"


def _cost(selector: str, *labels: str) -> str:
    seconds = query.total(query.rate("pdtt_program_run_seconds_total", selector), *labels)
    runs = query.total(query.rate("pdtt_program_runs_total", selector), *labels)
    return f"{seconds} / ({runs} > 0)"


_STATISTICS = "Measured only while the sysctl kernel.bpf_stats_enabled is on."
_FILL = f"pdtt_map_entries{{{HOST}}} / (pdtt_map_capacity{{{HOST}}} > 0)"

DASHBOARD = Dashboard(
    "pdtt-exporter", "PDTT / Exporter health",
    "Whether everything is counted: layers, balance, tables; and what the counting costs.",
    HOST_VARIABLES, [
        Row("At a glance", 4, [
            stat("Not answering", "Exporters that Prometheus cannot scrape.",
                 f"sum(1 - {query.ANSWERS})", "short", steps=_NONE_IS_GOOD),
            stat("Not counting", "Exporters that answer and whose cgroup layer does not count: "
                 "nothing else can replace it.",
                 query.or_zero(f'count(pdtt_layer_up{{{HOST}, layer="cgroup"}} == 0)'), "short",
                 steps=_NONE_IS_GOOD),
            stat("Balance", "Bytes that the hooks saw and that are in no account, in both "
                 "directions. Every scrape is one consistent cut: it is always 0.",
                 query.total(_balances("job", "instance")), "decbytes", steps=_NONE_IS_GOOD),
            stat("Unattributed", "The share of all bytes that belong to no user.",
                 unattributed_share(), "percentunit", steps=UNATTRIBUTED_STEPS),
            stat("Fullest table", "How full the fullest eBPF table of all hosts is.",
                 f"max({_FILL})", "percentunit", steps=_FULL_STEPS),
            stat("Oldest snapshot", "The age of the oldest page that was scraped.",
                 f"max({_AGE})", "s", steps=_AGE_STEPS)]),
        Row("Layers", 8, [
            timeline("Layers over time",
                     "Whether each layer counts. The cgroup layer must; sockops knows TCP "
                     "connections; XDP and socket verify, and may be switched off.",
                     f"max by (instance, layer) (pdtt_layer_up{{{HOST}}})",
                     "{{instance}} {{layer}}", _LAYERS),
            table("Layers now", "How each layer is attached, and why not if it is not.",
                  [Key("instance", "Host"), Key("layer", "Layer", width=90),
                   Key("mode", "Mode", width=110), Key("reason", "Reason")],
                  [Column("State",
                          f"max by (instance, layer, mode, reason) (pdtt_layer_info{{{HOST}}} "
                          f"* on (job, instance, layer) group_left () pdtt_layer_up{{{HOST}}})",
                          "none", mappings=_LAYERS)], sort="State", ascending=True, width=12),
            timeline("Answers", "Whether Prometheus could scrape each exporter.",
                     f"max by (instance) {query.ANSWERS}", _BY_HOST, _ANSWERS, width=8),
            timeline("Configuration", "Whether the configuration file was taken over when it was "
                     "last read. If it was refused, the one before is in force.",
                     f"min by (instance) (pdtt_config_last_reload_successful{{{HOST}}})",
                     _BY_HOST, _RELOADED, width=8),
            table("Exporters", "Versions and start times.",
                  [Key("instance", "Host"), Key("version", "Version", width=90),
                   Key("revision", "Revision")],
                  [Column("Started",
                          "max by (instance, version, revision) (1000 * "
                          f"process_start_time_seconds{{{HOST}}} * on (job, instance) "
                          f"group_right () pdtt_build_info{{{HOST}}})", "dateTimeAsIso")],
                  sort="Started", width=8)]),
        Row("Balance", 8, [
            _per_host("Bytes in no account",
                      "The host counter less users, excluded and unattributed, both directions. "
                      "Always 0; anything else is a fault of the exporter.",
                      _balances("instance"), "decbytes"),
            graph("Unattributed by reason",
                  "no_socket: packets without a full socket, such as resets and forwarded ones. "
                  "table_full: raise limits.accounts. nested: the same data once more, inside a "
                  "container.",
                  [Query(" + ".join(query.bits(f"pdtt_unattributed_{way}_bytes_total", HOST,
                                               "reason") for way in ("receive", "transmit")),
                         "{{reason}}")], "bps", width=8, stacked=True),
            graph("Accounts", "Everything the hooks see, by the account it is in.",
                  [Query(" + ".join(query.bits(f"pdtt_{family}_{way}_bytes_total", HOST)
                                    for way in ("receive", "transmit")), name)
                   for family, name in (("user", "users"), ("excluded", "excluded users"),
                                        ("unattributed", "unattributed"))],
                  "bps", width=8, stacked=True)]),
        Row("Tables", 8, [
            bars("How full the tables are",
                 "Entries in each eBPF table, of those there is room for, on the host where it is "
                 "fullest. The limits are in the configuration: limits.accounts and "
                 "limits.connections.",
                 f"sort_desc(max by (map) ({_FILL}))", "{{map}}", "percentunit",
                 steps=_FULL_STEPS, width=8, maximum=1),
            graph("Entries refused", "Entries that did not fit into a table. Their bytes are "
                  "counted as unattributed.",
                  [Query(query.total(query.rate("pdtt_map_insert_failures_total", HOST),
                                     "instance", "map"), "{{instance}} {{map}}")], "cps",
                  width=8),
            _per_host("Series of the limit",
                      "Series of users and connections on a page, of those there may be "
                      "(limits.series). At the limit, connections are left out.",
                      f"max by (instance) (pdtt_series_exported{{{HOST}}} / "
                      f"pdtt_series_limit{{{HOST}}})", "percentunit", steps=_FULL_STEPS),
            graph("Series left out", "Series per second that a limit left out of pages.",
                  [Query(query.total(query.rate("pdtt_series_dropped_total", HOST), "instance",
                                     "reason"), "{{instance}} {{reason}}")], "cps",
                  width=8),
            graph("Failures to collect", "Failures while collecting or writing, by stage.",
                  [Query(query.total(query.rate("pdtt_collect_errors_total", HOST), "instance",
                                     "stage"), "{{instance}} {{stage}}")], "cps", width=8),
            _per_host("Age of the page", "How old the snapshot was when it was scraped.",
                      f"max by (instance) ({_AGE})", "s", steps=_AGE_STEPS)]),
        Row("Cost", 8, [
            _per_host("Cost of a packet",
                      "Time that the programs for each packet take, on average. One run is one "
                      f"packet, or one super-packet of an offload. {_STATISTICS}",
                      _cost(f"{HOST}, {_PER_PACKET}", "instance"), "s"),
            graph("Cost of a run", f"Average time of one run of each program. {_STATISTICS}",
                  [Query(_cost(HOST, "program"), "{{program}}")], "s", width=8),
            _per_host("CPUs used by the programs",
                      f"How many CPUs all eBPF programs together keep busy. {_STATISTICS}",
                      query.total(query.rate("pdtt_program_run_seconds_total", HOST), "instance"),
                      "short"),
            _per_host("CPUs used by the exporter", "How many CPUs the process keeps busy.",
                      query.total(_process(query.rate("process_cpu_seconds_total", HOST)),
                                  "instance"),
                      "short"),
            _per_host("Memory", "Resident memory of the process; eBPF tables are not in it.",
                      query.total(_process(f"process_resident_memory_bytes{{{HOST}}}"), "instance"),
                      "bytes"),
            _per_host("Time to build a page", "How long it took to build the snapshot.",
                      f"max by (instance) (pdtt_collect_duration_seconds{{{HOST}}})", "s"),
            _per_host("File descriptors", "Open file descriptors, of those the process may have.",
                      "max by (instance) " + _process(
                          f"process_open_fds{{{HOST}}} / process_max_fds{{{HOST}}}"),
                      "percentunit", steps=_FULL_STEPS),
            _per_host("Threads", "Threads of the process.",
                      "max by (instance) " + _process(f"process_threads{{{HOST}}}"), "short"),
            graph("Frames at XDP", "Ethernet frames by what the XDP layer made of them. No data "
                  "where it is off.",
                  [Query(query.total(query.rate("pdtt_xdp_receive_packets_total", HOST),
                                     "interface", "result"), "{{interface}} {{result}}")], "pps",
                  width=8)])])

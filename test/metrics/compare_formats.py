#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Both formats of the page, read by the reference parsers, have the same families and samples.

The first argument is the program that prints the page.
"""

import subprocess
import sys

try:
    from prometheus_client import Metric
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
    from prometheus_client.parser import text_string_to_metric_families as plain
except ImportError:
    print("skipped: the reference parser is missing (Debian package python3-prometheus-client)")
    sys.exit(77)

# The process's own values differ from one page to the next.
_MOVING = ("process_", "pdtt_config_last_reload_success_timestamp_seconds")
_ACCOUNTS, _XDP_USERS, _XDP_RESULTS = 1699000000.001, 1699000000.020, 1699000000.300
_OF_PROCESS = ("pdtt_program_", "pdtt_collect_errors", "pdtt_series_dropped", "process_")

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def page(*arguments: str) -> str:
    """What the program prints."""
    return subprocess.run([sys.argv[1], *arguments], check=True, capture_output=True,
                          timeout=30).stdout.decode("utf-8")


def families(metrics: list[Metric]) -> dict[str, tuple[str, str]]:
    """Type and help by name."""
    return {metric.name: (metric.type, metric.documentation) for metric in metrics}


def samples(metrics: list[Metric]) -> Samples:
    """Values by name and labels."""
    found = [(sample.name, frozenset(sample.labels.items()), sample.value)
             for metric in metrics for sample in metric.samples
             if not metric.name.startswith(_MOVING)]
    by_identity = {(name, labels): value for name, labels, value in found}
    assert len(found) == len(by_identity), "a sample is there twice"
    return by_identity


def check_created(metrics: list[Metric]) -> None:
    """Each counter says when it began, and says so rightly."""
    start = next(sample.value for metric in metrics for sample in metric.samples
                 if sample.name == "process_start_time_seconds")
    for metric in metrics:
        totals = [sample for sample in metric.samples if sample.name.endswith("_total")]
        created = [sample for sample in metric.samples if sample.name.endswith("_created")]
        assert metric.type == "counter" or not created, metric.name
        assert [sample.labels for sample in totals] == [sample.labels for sample in created], \
            metric.name
        for sample in created:
            assert abs(sample.value - expected(sample.name, sample.labels, start)) < 1e-5, sample


def expected(name: str, labels: dict[str, str], start: float) -> float:
    """When a counter of the sample page began."""
    if name.startswith("pdtt_connection_") and "local_port" in labels:
        return {"22": 1699999000.125, "40000": 1699999000.0}[labels["local_port"]]
    if name.startswith(_OF_PROCESS):
        return round(start, 3)
    if name.startswith("pdtt_user_xdp_"):
        return _XDP_USERS
    return _XDP_RESULTS if name.startswith("pdtt_xdp_") else _ACCOUNTS


def main() -> None:
    """Compares."""
    text, other = page(), page("openmetrics")
    assert other.endswith("\n# EOF\n") and "# EOF" not in text
    in_text, in_open_metrics = list(plain(text)), list(open_metrics(other))
    assert len(in_text) > 40
    assert families(in_text) == families(in_open_metrics)
    without_created = {key: value for key, value in samples(in_open_metrics).items()
                       if not key[0].endswith("_created")}
    assert samples(in_text) == without_created
    assert "_created" not in text
    check_created(in_open_metrics)


main()

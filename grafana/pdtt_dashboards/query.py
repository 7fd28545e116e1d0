# SPDX-License-Identifier: Apache-2.0
"""PromQL that the panels share: selectors by variable, rates, totals over the range, shares."""

HOST = 'job=~"$job", instance=~"$instance"'
USER = f'{HOST}, user=~"$user"'
NETWORK = f'{USER}, network=~"$network"'

# Whether Prometheus could scrape a host. All jobs means all that have exporters, so that what other
# targets answer does not matter.
ANSWERS = (f"(up{{{HOST}}} and on (job) "
           f"present_over_time(pdtt_build_info{{{HOST}}}[$__range]))")

RECEIVED = "pdtt_user_receive_bytes_total"
TRANSMITTED = "pdtt_user_transmit_bytes_total"
TOP = 10


def rate(metric: str, selector: str) -> str:
    """What a counter gains per second."""
    return f"rate({metric}{{{selector}}}[$__rate_interval])"


def gained(metric: str, selector: str) -> str:
    """What a counter has gained in the range that the dashboard shows."""
    return f"increase({metric}{{{selector}}}[$__range])"


def total(expression: str, *labels: str) -> str:
    """The sum, for each combination of the labels if there are any."""
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"sum{by} ({expression})"


def bits(metric: str, selector: str, *labels: str) -> str:
    """Bits per second of a counter of bytes."""
    return f"8 * {total(rate(metric, selector), *labels)}"


def both(measure: str, selector: str, *labels: str) -> str:
    """Both directions of the users' bytes together; `measure` is rate or increase."""
    function = {"rate": rate, "increase": gained}[measure]
    return (f"({total(function(RECEIVED, selector), *labels)}"
            f" + {total(function(TRANSMITTED, selector), *labels)})")


def top(expression: str, ranked_by: str, *labels: str) -> str:
    """The series that are first in the ranking at the end of the range.

    Without that they would be chosen anew at each point, and be far more than ten in a graph.
    """
    return f"{expression} and on ({', '.join(labels)}) topk({TOP}, {ranked_by})"


def gained_until_end(metric: str, selector: str, *labels: str) -> str:
    """A ranking for top(): what a counter has gained in the range, the same at each point."""
    return total(f"increase({metric}{{{selector}}}[$__range] @ end())", *labels)


def or_zero(expression: str) -> str:
    """0 where there is nothing to count."""
    return f"{expression} or vector(0)"


def active(selector: str, *labels: str) -> str:
    """How many users move data, for each combination of the labels if there are any."""
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"count{by} ({both('rate', selector, 'user', *labels)} > 0)"


def resent(selector: str, transmitted: str, *labels: str) -> str:
    """The share of TCP segments that were sent again; both selectors choose the same users."""
    segments = total(rate("pdtt_user_tcp_retransmitted_segments_total", selector), *labels)
    packets = total(rate("pdtt_user_transmit_packets_total", f'{transmitted}, protocol="tcp"'),
                    *labels)
    return f"{segments} / ({packets} > 0)"

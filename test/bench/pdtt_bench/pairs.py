# SPDX-License-Identifier: Apache-2.0
"""Runs of different things in turn: each is compared with the reference right beside it.

On a machine that is never quite quiet two runs a minute apart cannot be compared. Here every other
run is one of the reference, and a run is held against the mean of the two around it, so that what
drifts drifts for both. The median of these ratios is what is reported.
"""

import statistics
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_turn(reference: T, others: Sequence[T]) -> Iterator[T]:
    """The reference before, between and after the others."""
    yield reference
    for other in others:
        yield other
        yield reference


def ratios(values: Sequence[float]) -> list[float]:
    """Of values measured in_turn(): each of the others, by the mean of the references around it."""
    return [2 * values[index] / (values[index - 1] + values[index + 1])
            for index in range(1, len(values), 2)]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Where the middle half lies."""
    if len(values) == 1:
        return values[0], values[0]
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    return quarters[0], quarters[2]

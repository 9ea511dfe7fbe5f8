"""Targets, and whether they were met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.measure import BenchmarkError, Series
from benchmarks.words import amount


@dataclass(frozen=True)
class Verdict:
    """``met`` is None when one of the figures could not be taken, and ``figure`` says why."""

    claim: str
    figure: str
    target: str
    met: bool | None


def at_most_share(claim: str, ours: Series, theirs: Series, share: int) -> Verdict:
    """Hold ours against 1/``share`` of theirs, by their medians."""

    def judge() -> tuple[str, bool]:
        times = theirs.median / ours.median
        return f"1/{times:.1f}", times >= share

    return _verdict(claim, f"at most 1/{share}", ours, judge)


def at_most_times(claim: str, ours: Series, theirs: Series, times: float) -> Verdict:
    """Hold ours against a multiple of theirs, by their medians."""

    def judge() -> tuple[str, bool]:
        ratio = ours.median / theirs.median
        return f"{ratio:.2f} times", ratio <= times

    return _verdict(claim, f"at most {times:g} times", ours, judge)


def at_least_times(claim: str, ours: Series, theirs: Series, times: float) -> Verdict:
    """Hold ours against a multiple of theirs, by their medians: of rates, where more is better."""

    def judge() -> tuple[str, bool]:
        ratio = ours.median / theirs.median
        return f"{ratio:.2f} times", ratio >= times

    return _verdict(claim, f"at least {times:g} times", ours, judge)


def at_most(claim: str, ours: Series, limit: float) -> Verdict:
    """Hold the largest of our figures against a limit."""

    def judge() -> tuple[str, bool]:
        if not ours.values:
            raise BenchmarkError(ours.failure)
        return amount(max(ours.values), ours.unit), max(ours.values) <= limit

    return _verdict(claim, f"at most {amount(limit, ours.unit)}", ours, judge)


def _verdict(claim: str, target: str, ours: Series, judge: Callable[[], tuple[str, bool]]) -> Verdict:
    try:
        figure, met = judge()
    except BenchmarkError as error:
        return Verdict(claim, str(error), target, None)
    if ours.failed:
        return Verdict(claim, f"{figure}, but {ours.failed} of our runs failed", target, False)
    return Verdict(claim, figure, target, met)

"""Results as Markdown that reads well unrendered, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.measure import Series
from benchmarks.result import Result
from benchmarks.verdicts import Verdict
from benchmarks.words import amount

_WORDS = {True: "met", False: "**missed**", None: "not measured"}


def render(facts: Iterable[tuple[str, str]], results: Sequence[Result]) -> str:
    """Give the report: targets first, then every table, then where it was taken."""
    verdicts = [verdict for result in results for verdict in result.verdicts]
    parts = [
        "# Benchmark results",
        "Made by `make bench`; times move from machine to machine, so only ratios taken in one run say much. "
        "Contenders alternate, bytecode is compiled beforehand on every side, a figure is the median of its runs.",
        "## Targets",
        _table(("what", "figure", "target", "verdict"), [_verdict(verdict) for verdict in verdicts]),
        *_sections(results),
        "## Taken on",
        _table(("", ""), list(facts)),
    ]
    return "\n\n".join(parts) + "\n"


def _sections(results: Sequence[Result]) -> Iterable[str]:
    told = ""
    for result in results:
        yield f"## {result.title}"
        if result.note != told:
            yield result.note
        told = result.note
        yield _table(("", "median", "least", "most", "runs"), [_series(series) for series in result.series])


def _verdict(verdict: Verdict) -> tuple[str, ...]:
    return verdict.claim, verdict.figure, verdict.target, _WORDS[verdict.met]


def _series(series: Series) -> tuple[str, ...]:
    if not series.values:
        return series.name, "not measured", "", "", series.failure
    figures = (series.median, min(series.values), max(series.values))
    runs = f"{len(series.values)}, {series.failed} failed" if series.failed else str(len(series.values))
    return (series.name, *(amount(figure, series.unit) for figure in figures), runs)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        head,
        ["-" * width for width in widths],
        *rows,
    ]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )

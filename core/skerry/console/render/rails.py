"""Draws a dependency graph as rails, in the manner of ``git log --graph``, from the sources down.

A rail goes out of the solid that it begins at and carries the solids that still wait for that one. A solid's row
takes in every rail that carries it: a rail that carries nobody else ends there. What a row shows is thus exactly
which solids feed it; a rail that a line crosses without touching keeps its ``│``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

#: From this many rails on, those that lead to exactly the same solids are joined into one.
CROWDED = 8


@dataclass(frozen=True)
class Row:
    """A row of the drawing. ``name``: its solid, or empty where rails only join. ``below``: the rails after it."""

    name: str
    rails: str
    below: str


def in_order(feeds: Mapping[str, Sequence[str]]) -> list[str]:
    """Order solids so that each stands below those that feed it, otherwise as they were defined.

    ``feeds``: of each solid, the names of those that feed it; names that are no solid do not count.
    """
    consumers = _consumers(feeds)
    missing = {name: len({source for source in sources if source in feeds}) for name, sources in feeds.items()}
    numbers = {name: number for number, name in enumerate(feeds)}
    ready = [numbers[name] for name, count in missing.items() if not count]
    names = list(feeds)
    order: list[str] = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        for consumer in consumers[name]:
            missing[consumer] -= 1
            if not missing[consumer]:
                heappush(ready, numbers[consumer])
    # Definitions refuse cycles; a snapshot from elsewhere that has one is shown all the same.
    done = set(order)
    return order + [name for name in names if name not in done]


def _consumers(feeds: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    consumers: dict[str, set[str]] = {name: set() for name in feeds}
    for name, sources in feeds.items():
        for source in sources:
            if source in consumers:
                consumers[source].add(name)
    return consumers


def draw(order: Sequence[str], feeds: Mapping[str, Sequence[str]]) -> list[Row]:
    """Draw the solids of ``order``, of which ``feeds`` tells what feeds each."""
    consumers = _consumers(feeds)
    rails: list[set[str]] = []
    drawn: set[str] = set()
    rows = []
    for name in order:
        drawn.add(name)
        rows.append(_solid(name, rails, consumers[name] - drawn))
        rows.extend(_joins(rails))
    return rows


def _solid(name: str, rails: list[set[str]], consumers: set[str]) -> Row:
    """Draw a solid's row, and change ``rails`` to what they are below it."""
    taken = [index for index, rail in enumerate(rails) if name in rail]
    for index in taken:
        rails[index].discard(name)
    place = _place(rails, taken)
    touched = {*taken, place}
    cells = [_cell(index, rails[index], place, touched) for index in range(len(rails))]
    text = _spread(cells, min(touched), max(touched))
    rails[place] = consumers
    while rails and not rails[-1]:
        rails.pop()
    return Row(name, text, _plain(rails))


def _place(rails: list[set[str]], taken: list[int]) -> int:
    """Choose the solid's own column: where a rail ends in it, or else a free one, right of what it takes in."""
    ended = [index for index in taken if not rails[index]]
    if ended:
        return ended[0]
    free = (index for index, rail in enumerate(rails) if not rail and index > max(taken, default=-1))
    place = next(free, len(rails))
    if place == len(rails):
        rails.append(set())
    return place


def _cell(index: int, rail: set[str], place: int, touched: set[int]) -> str:
    if index == place:
        return "●"
    if index not in touched:
        return "│" if rail else " "
    leftmost, rightmost = index == min(touched), index == max(touched)
    if rail:
        return "├" if leftmost else "┤" if rightmost else "┼"
    return "╰" if leftmost else "╯" if rightmost else "┴"


def _spread(cells: Sequence[str], first: int, last: int) -> str:
    """Put a line from the first to the last column that the row touches."""
    text = ""
    for index, cell in enumerate(cells):
        inside = first <= index < last
        text += ("─" if cell == " " and first < index < last else cell) + ("─" if inside else " ")
    return text.rstrip()


def _plain(rails: Sequence[set[str]]) -> str:
    return " ".join("│" if rail else " " for rail in rails)


def _joins(rails: list[set[str]]) -> list[Row]:
    """Join rails that lead to the same solids, where there are too many; change ``rails`` to what is left."""
    rows: list[Row] = []
    if sum(map(bool, rails)) <= CROWDED:
        return rows
    for first in range(len(rails)):
        alike = {index for index in range(first, len(rails)) if rails[index] and rails[index] == rails[first]}
        if len(alike) < 2:
            continue
        for index in alike - {first}:
            rails[index] = set()
        cells = [_cell(index, rail, -1, alike) for index, rail in enumerate(rails)]
        text = _spread(cells, first, max(alike))
        rows.append(Row("", text, _plain(rails)))
    while rails and not rails[-1]:
        rails.pop()
    return rows

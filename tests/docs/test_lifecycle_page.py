"""docs/lifecycle.md: its table is the one that the engine reads."""

from __future__ import annotations

import re

from support.pages import read, section, table

from skerry import State
from skerry.code_server.interpreter import STARTUP_NAMES, STARTUP_PREFIXES
from skerry.code_server.local import STOP_GRACE, TERMINATE_GRACE
from skerry.code_server.output import KEPT, TAIL_LINES
from skerry.workspace.states import TRANSITIONS

PAGE = read("docs/lifecycle.md")
STATES = section(PAGE, "## States")


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_state_is_explained() -> None:
    assert [_quoted(row[0]) for row in table(STATES)] == [[state.value] for state in State]


def test_the_moves_are_those_that_the_engine_allows() -> None:
    moves = table(STATES[STATES.index("| from | to |") - 1 :])
    told = {row[0].strip("`"): set(_quoted(row[1])) for row in moves}
    assert told == {old.value: {new.value for new in to} for old, to in TRANSITIONS.items()}


def test_the_variables_that_need_a_fork_server_of_their_own_are_all_named() -> None:
    words = " ".join(PAGE.split())
    found = re.search(r"read at its start: (.*?)\.", words)
    assert found
    assert set(_quoted(found[1])) == {*STARTUP_NAMES, *(f"{prefix}*" for prefix in STARTUP_PREFIXES)}


def test_the_figures_are_those_of_the_code() -> None:
    words = " ".join(PAGE.split())
    assert f"at most {KEPT // 1024**2} MB for each process" in words
    assert f"its last {TAIL_LINES} lines" in words
    assert f"after {STOP_GRACE:g} second gets SIGTERM, {TERMINATE_GRACE:g} seconds later SIGKILL" in words

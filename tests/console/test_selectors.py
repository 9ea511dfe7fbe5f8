from __future__ import annotations

import pytest
from support.workspace_states import REPOSITORY, location

from skerry.console.selectors import UnknownNameError, select, split_location
from skerry.model import State


def test_the_longest_location_name_wins() -> None:
    names = ["team", "team/sales", "team/sales/eu"]
    assert split_location("team/sales", names) == ("team/sales", "")
    assert split_location("team/sales/repository/p", names) == ("team/sales", "repository/p")
    assert split_location("team/salesx", names) == ("team", "salesx")


def test_a_name_can_be_given_as_it_is_shown() -> None:
    assert split_location("a\\u202eb/r", ["a\u202eb"]) == ("a\u202eb", "r")


def test_an_unknown_location_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError) as caught:
        split_location("sale", ["sales", "reports\x1b"])
    assert caught.value.exit_code == 2
    assert "sales, reports\\x1b" in caught.value.message
    assert "Did you mean 'sales'?" in caught.value.message


def test_repositories_and_pipelines_are_found_or_named() -> None:
    selection = select(location(), "sales/diamond")
    assert selection.pipeline is not None
    assert selection.pipeline.name == "diamond"
    with pytest.raises(UnknownNameError, match="There are: sales"):
        select(location(), "sale")
    with pytest.raises(UnknownNameError, match="Did you mean 'diamond'"):
        select(location(), "sales/diamonds")
    with pytest.raises(UnknownNameError, match="is FAILED"):
        select(location(state=State.FAILED), "sales")


def test_a_selection_holds_nothing_else() -> None:
    narrowed = select(location(repositories=(REPOSITORY,)), "sales/single").narrowed()
    assert [one.name for one in narrowed.repositories[0].pipelines] == ["single"]
    assert narrowed.repositories[0].schedules == ()

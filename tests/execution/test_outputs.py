"""What a solid may give, and what it is told when it gives something else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from skerry import Output, OutputDefinition, RunError, pipeline, solid
from skerry.errors import ErrorKind

TWO = ["a", OutputDefinition("b", is_required=False)]


def given(function: Callable[[], Any], outputs: Any = None) -> dict[str, Any]:
    made = solid(name="make", outputs=outputs)(function)

    @pipeline
    def daily() -> None:
        made()

    result = daily.execute_in_process()
    found: dict[str, Any] = {}
    for output in made.outputs:
        with contextlib.suppress(KeyError):
            found[output.name] = result.output_for("make", output.name)
    return found


def yielding(*items: Any) -> Callable[[], Any]:
    def function() -> Any:
        yield from items

    return function


def returning(value: Any) -> Callable[[], Any]:
    def function() -> Any:
        return value

    return function


@pytest.mark.parametrize(
    ("function", "outputs", "expected"),
    [
        (returning(3), None, {"result": 3}),
        (returning(None), None, {"result": None}),
        (returning((1, 2)), None, {"result": (1, 2)}),
        (returning(Output(3)), None, {"result": 3}),
        (yielding(Output(3)), None, {"result": 3}),
        (returning(3), ["sum"], {"sum": 3}),
        (returning(None), [OutputDefinition(is_required=False)], {}),
        (returning(Output(None)), [OutputDefinition(is_required=False)], {"result": None}),
        (returning((1, 2)), TWO, {"a": 1, "b": 2}),
        (returning((1, None)), TWO, {"a": 1}),
        (returning((None, 2)), TWO, {"a": None, "b": 2}),
        (returning((1, Output(None, "b"))), TWO, {"a": 1, "b": None}),
        (returning((Output(2, "b"), Output(1, "a"))), TWO, {"a": 1, "b": 2}),
        (returning(Output(1, "a")), TWO, {"a": 1}),
        (yielding(Output(2, "b"), Output(1, "a")), TWO, {"a": 1, "b": 2}),
        (yielding(), [OutputDefinition(is_required=False)], {}),
    ],
)
def test_what_it_gives_is_there(function: Callable[[], Any], outputs: Any, expected: dict[str, Any]) -> None:
    assert given(function, outputs) == expected


@pytest.mark.parametrize(
    ("function", "outputs", "kind", "words"),
    [
        (returning(3), TWO, ErrorKind.OUTPUTS_UNCLEAR, "'make' gives 3; its outputs are: a, b.\nReturn a value for"),
        (returning(None), TWO, ErrorKind.OUTPUTS_UNCLEAR, "'make' gives None; its outputs are: a, b."),
        (returning((1, 2, 3)), TWO, ErrorKind.OUTPUTS_UNCLEAR, "'make' gives a tuple of 3; its outputs are: a, b."),
        (yielding(3), None, ErrorKind.OUTPUTS_UNCLEAR, "'make' gives 3 in a yield; its outputs are: result."),
        (
            returning(Output(3, "sum")),
            None,
            ErrorKind.OUTPUT_UNDECLARED,
            "'make' gives an output 'sum', which it does not have.\nIts outputs are: result.",
        ),
        (
            yielding(Output(1, "a"), Output(2, "a")),
            TWO,
            ErrorKind.OUTPUT_TWICE,
            "'make' gives its output 'a' twice.",
        ),
        (
            yielding(Output(2, "b")),
            TWO,
            ErrorKind.OUTPUT_MISSING,
            "'make' has ended without its output 'a'.\nGive it in every case, or declare it with OutputDefinition('a', "
            "is_required=False).",
        ),
        (yielding(), None, ErrorKind.OUTPUT_MISSING, "'make' has ended without its output 'result'."),
    ],
)
def test_what_it_cannot_give_is_an_error(
    function: Callable[[], Any], outputs: Any, kind: ErrorKind, words: str
) -> None:
    with pytest.raises(RunError) as caught:
        given(function, outputs)
    assert caught.value.kind is kind
    assert words in str(caught.value)


def test_a_generator_that_yields_nonsense_is_closed() -> None:
    seen = []

    def function() -> Any:
        try:
            yield 3
        finally:
            seen.append("closed")

    with pytest.raises(RunError):
        given(function)
    assert seen == ["closed"]

from __future__ import annotations

import pytest
from support.user_code import Fail, Run, source_of

SOLIDS = """
    @solid
    def a(x=None): ...

    @solid
    def b(x, y=None): ...

    @solid(outputs=["good", "bad"])
    def c(x=None): ...
"""


def test_a_dict_of_dependencies_makes_the_same_graph_as_calls(run: Run) -> None:
    module = run(
        SOLIDS
        + """
    explicit = PipelineDefinition(
        name="explicit",
        solids=[a, c, b, b.alias("last")],
        dependencies={
            "last": {"x": ["b.result", "c.good"]},
            "b": {"x": "a.result", "y": "c.bad"},
        },
        tags={"team": "data"},
    )

    @pipeline
    def called():
        from_a, from_c = a(), c()
        from_b = b(from_a, from_c.bad)
        b.alias("last")([from_b, from_c.good])
    """
    )
    assert module.explicit.solids == module.called.solids
    assert module.explicit.tags == {"team": "data"}
    assert source_of(module.explicit) == "explicit = PipelineDefinition("


@pytest.mark.parametrize(
    ("dependencies", "cycle"),
    [
        ({"a": {"x": "b.result"}, "b": {"x": "a.result"}}, "a -> b -> a"),
        ({"b": {"x": "b.result"}}, "b -> b"),
        ({"a": {"x": "c.good"}, "b": {"x": "a.result"}, "c": {"x": ["b.result"]}}, "a -> b -> c -> a"),
        # b is behind the circle, not in it.
        ({"b": {"x": "a.result"}, "a": {"x": "c.bad"}, "c": {"x": "a.result"}}, "a -> c -> a"),
    ],
)
def test_a_circle_is_named(fail: Fail, dependencies: object, cycle: str) -> None:
    error = fail(
        SOLIDS
        + f"""
    PipelineDefinition(name="circle", solids=[b, a, c], dependencies={dependencies!r})  # <-
    """
    )
    assert error.name == "circle"
    start, *_ = cycle.split(" -> ")
    found = str(error).splitlines()[0].split(": ")[1].rstrip(".").split(" -> ")
    # Any solid of the circle may be told first.
    turned = found[found.index(start) : -1] + found[: found.index(start)] + [start]
    assert " -> ".join(turned) == cycle


def test_a_chain_of_thousands_of_solids_is_no_circle(run: Run) -> None:
    module = run(
        SOLIDS
        + """
    count = 3000
    chain = PipelineDefinition(
        name="chain",
        solids=[a.alias(f"a{n}") for n in range(count)],
        dependencies={f"a{n}": {"x": f"a{n - 1}.result"} for n in range(1, count)},
    )
    """
    )
    assert len(module.chain.solids) == 3000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("solids=[3]", "`solids` of the pipeline 'wrong' holds 3"),
        ("solids=a", "holds the solid 'a'"),
        ("solids=[a, a]", "The name 'a' is used twice"),
        ("solids=[b]", "The input 'x' of 'b' is not connected"),
        ("solids=[a], dependencies=[]", "`dependencies` of the pipeline 'wrong' holds a value of type list"),
        ("solids=[a], dependencies={'a': 'a.result'}", "holds 'a.result'"),
        ("solids=[a], dependencies={'a': {'x': 3}}", "holds 3"),
        ("solids=[a], dependencies={'z': {}}", "names the solid 'z'.\nIts solids are: a."),
        ("solids=[a, c], dependencies={'a': {'x': 'c'}}", "from 'c', which is no output"),
        ("solids=[a, c], dependencies={'a': {'x': 'c.ugly'}}", '"solid.output": a.result, c.good, c.bad.'),
        ("solids=[a, c], dependencies={'a': {'z': 'c.good'}}", "'a' has no input 'z'"),
    ],
)
def test_wrong_dependencies_are_refused_in_words(fail: Fail, arguments: str, words: str) -> None:
    error = fail(
        SOLIDS
        + f"""
    PipelineDefinition(name="wrong", {arguments})  # <-
    """
    )
    assert words in str(error)


def test_an_explicit_pipeline_needs_a_proper_name(fail: Fail) -> None:
    assert "'a b' cannot be the name of a pipeline" in str(
        fail("""
        PipelineDefinition(name="a b")  # <-
    """)
    )

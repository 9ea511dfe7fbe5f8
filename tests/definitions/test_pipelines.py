from __future__ import annotations

import pytest
from support.user_code import Fail, Run, source_of

from skerry import PipelineDefinition
from skerry.definitions import OutputReference, SolidInvocation

#: Solids for the pipelines of these tests.
SOLIDS = """
    @solid
    def one(): ...

    @solid
    def add(left, right=1): ...

    @solid(outputs=["good", "bad"])
    def split(rows): ...

    @solid
    def total(numbers): ...
"""


def wires(pipeline: PipelineDefinition) -> dict[str, dict[str, list[str]]]:
    return {
        each.name: {name: [str(source) for source in sources] for name, sources in each.inputs.items()}
        for each in pipeline.solids
    }


def test_the_calls_in_the_body_are_the_graph(run: Run) -> None:
    module = run(
        SOLIDS
        + """
    @pipeline
    def adding():
        '''Adds.'''
        first = one()
        good, bad = split(rows=add(first, right=one.alias("two")()))
        parts = split.alias("again")(good)
        total([bad, parts.good, parts[1]])
    """
    )
    assert wires(module.adding) == {
        "one": {},
        "two": {},
        "add": {"left": ["one.result"], "right": ["two.result"]},
        "split": {"rows": ["add.result"]},
        "again": {"rows": ["split.good"]},
        "total": {"numbers": ["split.bad", "again.good", "again.bad"]},
    }
    assert module.adding.solids[2] == SolidInvocation(
        "add",
        module.add,
        {"left": (OutputReference("one", "result"),), "right": (OutputReference("two", "result"),)},
        frozenset(),
    )
    assert (module.adding.name, module.adding.description) == ("adding", "Adds.")
    assert source_of(module.adding) == "def adding():"


def test_a_list_is_a_fan_in_whatever_its_length(run: Run) -> None:
    module = run(
        SOLIDS
        + """
    @pipeline
    def totals():
        total(one())
        total([one()])
        total(())
    """
    )
    totals = [each for each in module.totals.solids if each.definition is module.total]
    assert [each.fan_in for each in totals] == [frozenset(), {"numbers"}, {"numbers"}]
    assert [len(each.inputs["numbers"]) for each in totals] == [1, 1, 0]


def test_uses_of_one_solid_are_numbered(run: Run) -> None:
    module = run(
        SOLIDS
        + """
    @pipeline
    def several():
        one.alias("one_2")()
        one()
        one()
        one()
    """
    )
    assert [each.name for each in module.several.solids] == ["one_2", "one", "one_3", "one_4"]


def test_a_pipeline_keeps_name_description_and_tags(run: Run) -> None:
    module = run("""
        @pipeline(name="other", description="Told.", tags={"team": "data"})
        def mine():
            '''Not this.'''
    """)
    assert (module.mine.name, module.mine.description, module.mine.tags) == ("other", "Told.", {"team": "data"})
    assert module.mine.solids == ()
    assert module.mine.config_schema is None


def test_solids_called_in_helpers_belong_to_the_pipeline_and_after_it_to_none(run: Run) -> None:
    module = run(
        SOLIDS
        + """
    @solid
    def plain():
        return 7

    def helper():
        return plain()

    @pipeline
    def helped():
        helper()

    outside = helper()
    """
    )
    assert [each.name for each in module.helped.solids] == ["plain"]
    assert module.outside == 7


def test_an_exception_of_the_body_is_raised_as_it_is_and_ends_the_graph(run: Run) -> None:
    module = run("""
        @solid
        def plain():
            return 7

        try:
            @pipeline
            def broken():
                plain()
                raise ZeroDivisionError("mine")
        except ZeroDivisionError as error:
            caught = error

        after = plain()
    """)
    assert str(module.caught) == "mine"
    assert module.after == 7


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("add()", "The input 'left' of 'add' is not connected"),
        ("add(3)", "The input 'left' of 'add' is given 3, and not the output of a solid"),
        ("add('x')", "is given 'x', and not"),
        ("add([one(), None])", "is given None, and not"),
        ("add(one)", "is given the solid 'one' itself, and not its output.\nCall it: one()."),
        ("add(split(one()))", "all the outputs of 'split'.\nChoose one: split.good, split.bad."),
        ("add(one(), wrong=one())", "'add' has no input 'wrong'.\nIts inputs are: left, right."),
        ("one(one())", "'one_2' is given more by position (1) than it has inputs (0): none."),
        ("add(one(), left=one())", "The input 'left' of 'add' is given by position and by name."),
        ("add(elsewhere[0])", "'one.result', an output in another pipeline ('first')"),
        ("one.alias('same')(), one.alias('same')()", "The name 'same' is used twice in the pipeline 'second'."),
        ("one.alias('a b')", "'a b' cannot be the name of an alias"),
        ("one(), other()", "two different solids called 'one'"),
    ],
)
def test_a_wrong_call_is_refused_at_its_line(fail: Fail, call: str, words: str) -> None:
    error = fail(
        SOLIDS
        + f"""
    @solid(name="one")
    def other(): ...

    elsewhere = []

    @pipeline
    def first():
        elsewhere.append(one())

    @pipeline
    def second():
        one.alias("before")()
        {call}  # <-
    """
    )
    assert words in str(error)
    assert error.name == ("a b" if "a b" in call else "second")
    assert len(str(error).splitlines()) == 2, "what, then what to do"


def test_an_output_that_a_solid_does_not_have_is_no_attribute(run: Run) -> None:
    with pytest.raises(AttributeError, match=r"<outputs split\.good, split\.bad> has no output 'ugly'"):
        run(
            SOLIDS
            + """
    @pipeline
    def choosing():
        split(one()).ugly
        """
        )


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("def wrong(rows):", "takes rows, and nobody gives it arguments"),
        ("def wrong(*rows):", "takes *rows"),
        ("async def wrong():", "is a coroutine"),
    ],
)
def test_a_body_is_a_plain_function_without_arguments(fail: Fail, definition: str, words: str) -> None:
    assert words in str(
        fail(f"""
        @pipeline
        {definition} ...  # <-
    """)
    )


def test_a_body_that_yields_is_refused(fail: Fail) -> None:
    assert "is a generator" in str(
        fail("""
        @pipeline
        def wrong():  # <-
            yield
    """)
    )


def test_the_run_config_schema_is_put_together_from_the_solids(run: Run) -> None:
    module = run("""
        needs = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
        may = {"type": "object", "properties": {"limit": {"type": "integer"}}}

        @solid(config_schema=needs)
        def read(): ...

        @solid(config_schema=may)
        def cut(): ...

        @solid
        def plain(): ...

        @pipeline
        def strict():
            read()
            cut()
            plain()

        @pipeline
        def lax():
            cut()
    """)
    assert module.strict.config_schema == {
        "type": "object",
        "properties": {
            "solids": {
                "type": "object",
                "properties": {
                    "read": {
                        "type": "object",
                        "properties": {"config": module.needs},
                        "required": ["config"],
                        "additionalProperties": False,
                    },
                    "cut": {"type": "object", "properties": {"config": module.may}, "additionalProperties": False},
                },
                "required": ["read"],
                "additionalProperties": False,
            }
        },
        "required": ["solids"],
        "additionalProperties": False,
    }
    assert "required" not in module.lax.config_schema
    assert "required" not in module.lax.config_schema["properties"]["solids"]


def test_references_inside_a_solids_schema_hold_in_the_run_config_schema(run: Run) -> None:
    from jsonschema import Draft7Validator

    module = run("""
        @solid(config_schema={
            "type": "object",
            "properties": {"tables": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/table"}]}}},
            "$defs": {"table": {"type": "string"}},
        })
        def read(): ...

        @pipeline
        def reading():
            read.alias("twice")()
    """)
    validator = Draft7Validator(module.reading.config_schema)
    assert validator.is_valid({"solids": {"twice": {"config": {"tables": ["a"]}}}})
    assert not validator.is_valid({"solids": {"twice": {"config": {"tables": [3]}}}})

from __future__ import annotations

import pytest
from support.user_code import Fail, Run, source_of

import skerry
from skerry import InputDefinition, OutputDefinition


def test_op_and_job_are_the_objects_called_solid_and_pipeline() -> None:
    assert skerry.op is skerry.solid
    assert skerry.job is skerry.pipeline


def test_a_bare_solid_takes_everything_from_its_function(run: Run) -> None:
    module = run('''
        @solid
        def add(context, left, right=1, *, scale=2, offset):
            """Add two numbers.

            Indented
              more.
            """
            return left + right
    ''')
    add = module.add
    assert (add.name, add.description) == ("add", "Add two numbers.\n\nIndented\n  more.")
    assert add.inputs == (
        InputDefinition("left", None, True),
        InputDefinition("right", None, False),
        InputDefinition("scale", None, False),
        InputDefinition("offset", None, True),
    )
    assert add.outputs == (OutputDefinition("result"),)
    assert add.takes_context
    assert (add.tags, add.config_schema, add.required_resource_keys) == ({}, None, frozenset())


def test_a_solid_with_arguments_keeps_what_it_is_given(run: Run) -> None:
    module = run("""
        schema = {"type": "object", "required": ["n"], "multipleOf": 0.5}

        @solid(
            name="other",
            description="Told.",
            tags={"team": "data"},
            config_schema=schema,
            inputs=[InputDefinition("rows", description="Many.")],
            outputs=["good", OutputDefinition("bad", "Refused rows.", is_required=False)],
            required_resource_keys={"warehouse"},
        )
        def split(rows):
            '''Not this.'''

        schema["required"].clear()
    """)
    split = module.split
    assert (split.name, split.description, split.tags) == ("other", "Told.", {"team": "data"})
    assert split.inputs == (InputDefinition("rows", "Many."),)
    assert split.outputs == (OutputDefinition("good"), OutputDefinition("bad", "Refused rows.", False))
    assert split.required_resource_keys == {"warehouse"}
    assert split.config_schema == {"type": "object", "required": ["n"], "multipleOf": 0.5}


@pytest.mark.parametrize("name", ["context", "_context", "_"])
def test_a_first_parameter_named_for_the_context_is_no_input(run: Run, name: str) -> None:
    module = run(f"""
        @solid
        def one({name}, x): ...

        @solid
        def two(x, {name}): ...
    """)
    assert [each.name for each in module.one.inputs] == ["x"]
    assert [each.name for each in module.two.inputs] == ["x", name]


def test_a_solid_is_where_its_def_is(run: Run) -> None:
    module = run("""
        def same(function):
            return function

        @solid(
            description="def tall(",
        )
        @same
        async def tall(): ...

        short = solid(name="short")(lambda x: x)
    """)
    assert source_of(module.tall) == "async def tall(): ..."
    assert source_of(module.short).startswith("short = ")
    assert module.tall.file == module.__file__


def test_a_solid_called_outside_a_pipeline_is_its_function(run: Run) -> None:
    module = run("""
        @solid
        def add(left, right=1):
            return left + right

        @solid
        def count(context):
            yield 1
            yield 2
    """)
    assert module.add(2) == 3
    assert module.add.alias("plus")(2, right=3) == 5
    assert list(module.count(None)) == [1, 2]


def test_a_decorator_between_is_seen_through_when_it_uses_wraps(run: Run) -> None:
    module = run("""
        import functools

        def doubled(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return 2 * function(*args, **kwargs)
            return wrapper

        @solid
        @doubled
        def seven(x=7):
            return x
    """)
    assert [each.name for each in module.seven.inputs] == ["x"]
    assert module.seven() == 14
    assert source_of(module.seven) == "def seven(x=7):"


def test_a_definition_cannot_be_changed(run: Run) -> None:
    module = run("""
        @solid
        def fixed(): ...
    """)
    with pytest.raises(AttributeError, match="immutable"):
        module.fixed.name = "other"
    assert module.fixed.name == "fixed"


@pytest.mark.parametrize("name", ["", "a b", "a-b", "größe", "a\n", "<lambda>"])
def test_a_name_of_other_characters_is_refused(fail: Fail, name: str) -> None:
    error = fail(f"""
        @solid(name={name!r})
        def good(): ...  # <-
    """)
    assert error.name == name
    assert f"{name!r} cannot be the name of a solid" in str(error)


@pytest.mark.parametrize("parameter", ["*rows", "**options"])
def test_a_solid_names_each_of_its_inputs(fail: Fail, parameter: str) -> None:
    error = fail(f"""
        @solid
        def many(first, {parameter}): ...  # <-
    """)
    assert error.name == "many"
    assert parameter in str(error)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("tags={'n': 3}", "hold 3"),
        ("tags={3: 'n'}", "hold 3"),
        ("tags=['a']", "hold a value of type list"),
        ("description=3", "description of the solid 'wrong' is 3"),
        ("inputs=[InputDefinition('z')]", "'z', which its function does not take"),
        ("inputs=3", "holds 3"),
        ("inputs=['x']", "holds 'x'"),
        ("inputs=[InputDefinition('x'), InputDefinition('x')]", "describes 'x' twice"),
        ("outputs=[]", "is empty"),
        ("outputs='result'", "holds 'result'"),
        ("outputs=OutputDefinition('a')", "holds a value of type OutputDefinition"),
        ("outputs=[3]", "holds 3"),
        ("outputs=['a', OutputDefinition('a')]", "names 'a' twice"),
        ("outputs=['a b']", "'a b' cannot be the name of an output"),
        ("required_resource_keys='warehouse'", "is 'warehouse'"),
        ("required_resource_keys=[3]", "is 3"),
        ("config_schema=[]", "config_schema of the solid 'wrong' is a value of type list"),
        (
            "config_schema={'a': {'b': [1, {2}]}}",
            "config_schema['a']['b'][1] of the solid 'wrong' is a value of type set",
        ),
        ("config_schema={'a': (1,)}", "config_schema['a'] of the solid 'wrong' is a value of type tuple"),
        ("config_schema={'a': {1: 2}}", "a key in config_schema['a'] of the solid 'wrong' is 1"),
        ("config_schema={'a': float('nan')}", "config_schema['a'] of the solid 'wrong' is nan"),
        ("config_schema=loop", "config_schema['again'] of the solid 'wrong' is a value of type dict"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(fail: Fail, argument: str, words: str) -> None:
    error = fail(f"""
        loop = {{}}
        loop["again"] = loop

        @solid({argument})
        def wrong(x): ...  # <-
    """)
    assert words.lower() in str(error).lower()
    assert len(str(error).splitlines()) == 2, "what, then what to do"


def test_a_solid_is_made_of_a_function_and_of_nothing_else(fail: Fail) -> None:
    assert "the class 'Thing'" in str(
        fail("""
        class Thing: ...

        solid(Thing)  # <-
    """)
    )
    assert "Give its arguments by name" in str(
        fail("""
        @solid("name")  # <-
        def one(): ...
    """)
    )

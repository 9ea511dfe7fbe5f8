from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.interpreters import VERSIONS, interpreter

import skerry

CORE = Path(skerry.__file__).parents[1]

SCRIPT = '''
    import json
    import sys

    before = set(sys.modules)
    import skerry.definitions
    imported = {name.partition(".")[0] for name in set(sys.modules) - before}

    from skerry import DefinitionError, InputDefinition, PipelineDefinition
    from skerry import pipeline, repository, schedule, sensor, solid
    from skerry.definitions import collect_failures
    from skerry.model import ErrorInfo
    from skerry.errors import ErrorKind
    from skerry.user_process.describe import describe
    from skerry.user_process.discover import discover

    @solid(
        inputs=[InputDefinition("x")],
        outputs=["a", "b"],
        config_schema={"type": "object", "required": ["n"]},
    )
    def two(context, x, *, y=1):
        """Give two.

        Both.
        """

    @solid
    def one(): ...

    with collect_failures() as collected:
        @pipeline
        def work():
            a, b = two(one())
            two.alias("again")([a, b])

        @pipeline
        def broken():
            ignored = None
            two()  # line of broken

        @schedule(cron_schedule="0 6 * * *", pipeline=work, timezone="UTC")
        def daily(): ...

        @sensor(pipeline="work")
        def looking(): ...

        @repository
        def mine():
            return [work, daily, looking, broken]

        try:
            PipelineDefinition(
                name="circle", solids=[two], dependencies={"two": {"x": "two.a"}}
            )
        except DefinitionError as error:
            circle = str(error)

        module = sys.modules["__main__"]
        (repository,) = discover(module, "script", None, collected)
        snapshot = describe(repository, lambda error: ErrorInfo(ErrorKind.EXCEPTION, str(error)))

    foreign = sorted(imported - set(getattr(sys, "stdlib_module_names", imported)) - {"skerry"})
    print(json.dumps({"snapshot": snapshot.to_json(), "circle": circle, "line": two.line, "foreign": foreign}))
'''


@pytest.mark.parametrize("version", VERSIONS)
def test_definitions_are_the_same_in_every_interpreter(version: str, write: Callable[[str, str], Path]) -> None:
    script = write("script.py", SCRIPT)
    ran = subprocess.run(
        [interpreter(version), "-W", "error", str(script)],
        env={**os.environ, "PYTHONPATH": str(CORE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    lines = script.read_text().splitlines()
    assert lines[told["line"] - 1] == "def two(context, x, *, y=1):"
    assert told["circle"].startswith("The solids of the pipeline 'circle' feed each other in a circle: two -> two.")
    assert told["foreign"] == []
    snapshot = told["snapshot"]
    (error,) = snapshot["errors"]
    assert (error["name"], lines[error["line"] - 1].strip()) == ("broken", "two()  # line of broken")
    (pipeline,) = snapshot["pipelines"]
    assert lines[pipeline["line"] - 1].strip() == "def work():"
    assert pipeline["config_schema"]["properties"]["solids"]["required"] == ["two", "again"]
    assert pipeline["solids"][2]["inputs"] == [{"name": "x", "from": ["two.a", "two.b"]}, {"name": "y", "from": []}]
    assert [each["name"] for each in snapshot["schedules"] + snapshot["sensors"]] == ["daily", "looking"]

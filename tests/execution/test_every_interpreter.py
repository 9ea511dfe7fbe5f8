"""Pipelines run in every supported Python, with nothing but the standard library."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from pathlib import Path

import pytest
from support.interpreters import VERSIONS, interpreter

import skerry

CORE = Path(skerry.__file__).parents[1]

SCRIPT = """
    import json
    import sys

    from skerry import Output, OutputDefinition, RetryPolicy, failure_hook, pipeline, resource, solid
    from skerry.execution import EventType, FolderValues, Plan, Settings, run

    @resource(config_schema={"type": "object", "properties": {"factor": {"type": "integer", "default": 7}}})
    def factor(context):
        yield context.resource_config["factor"]

    @solid(required_resource_keys={"factor"})
    def begin(context):
        context.log.info("begun")
        return context.resources.factor

    @solid(outputs=[OutputDefinition("odd", is_required=False), OutputDefinition("even", is_required=False)])
    def split(number):
        yield Output(number, "odd" if number % 2 else "even")

    @solid(retry_policy=RetryPolicy(1))
    async def unsteady(context, number):
        if not context.retry_number:
            raise OSError("away")
        return number

    @solid
    def join(numbers):
        return sum(numbers)

    @failure_hook
    def complain(context):
        pass

    @pipeline(resource_defs={"factor": factor}, hooks={complain})
    def daily():
        odd, even = split(begin())
        join([unsteady(odd), unsteady(even)])

    alone = daily.execute_in_process()
    events = []
    together = run(
        Plan.of(daily), Settings("id", max_concurrency=2, describe=str), FolderValues(sys.argv[1]), events.append
    )
    foreign = {name.partition(".")[0] for name in sys.modules} & {"grpc", "yaml", "click", "rich"}
    told = [[event.type.value, event.solid] for event in events]
    print(json.dumps([alone.output_for("join"), together.type.value, told, sorted(foreign)]))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_pipeline_runs_the_same(version: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    answer = subprocess.run(
        [interpreter(version), "-W", "error", str(script), str(tmp_path / "values")],
        env={**os.environ, "PYTHONPATH": str(CORE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    joined, outcome, told, foreign = json.loads(answer.stdout)
    assert (joined, outcome, foreign) == (7, "RUN_SUCCEEDED", [])
    assert told == [
        ["RUN_STARTED", None],
        ["SOLID_STARTED", "begin"],
        ["LOG", "begin"],
        ["OUTPUT", "begin"],
        ["SOLID_SUCCEEDED", "begin"],
        ["SOLID_STARTED", "split"],
        ["OUTPUT", "split"],
        ["SOLID_SUCCEEDED", "split"],
        ["SOLID_SKIPPED", "unsteady_2"],
        ["SOLID_STARTED", "unsteady"],
        ["SOLID_RETRIED", "unsteady"],
        ["SOLID_STARTED", "unsteady"],
        ["OUTPUT", "unsteady"],
        ["SOLID_SUCCEEDED", "unsteady"],
        ["SOLID_STARTED", "join"],
        ["OUTPUT", "join"],
        ["SOLID_SUCCEEDED", "join"],
        ["RUN_SUCCEEDED", None],
    ]

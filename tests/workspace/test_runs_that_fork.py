"""Solids that fork: the process that comes back from user code ends, and the run is told by one process alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.runs import only

from skerry import RunStatus, Workspace
from skerry.execution import EventType

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

CODE = """
    import os, sys
    from skerry import Output, OutputDefinition, SolidExecutionContext, pipeline, resource, solid

    def fork(child):
        pid = os.fork()
        if pid == 0:
            print("in the child", flush=True)
            return child()
        return "the child ended with " + str(os.waitpid(pid, 0)[1])

    def wrong():
        raise ValueError("in the child")

    @solid
    def leaving():
        return fork(lambda: sys.exit(3))

    @solid
    def returning():
        return fork(lambda: "of the child")

    @solid
    def raising():
        return fork(wrong)

    @solid(outputs=[OutputDefinition("result")])
    def yielding():
        yield Output(fork(lambda: "of the child"))

    @solid
    async def awaiting():
        return fork(lambda: "of the child")

    @solid
    def logging(context: SolidExecutionContext):
        return fork(lambda: context.log.warning("from the child") or context.progress(0.5))

    @resource
    def forked():
        yield fork(lambda: None)
        fork(lambda: None)

    @solid(required_resource_keys={"forked"})
    def using(context: SolidExecutionContext):
        return context.resources.forked

    @solid
    def tell(told):
        print(told)

    @pipeline(resource_defs={"forked": forked})
    def forks():
        for one in (leaving, returning, raising, yielding, awaiting, logging, using):
            tell(one())
"""


@pytest.mark.parametrize("together", [1, 2])
def test_what_user_code_has_forked_does_not_go_on_with_the_run(together: int, load: Load, write: Write) -> None:
    write("forks.py", CODE)
    run = only(load("load_from: [python_file: forks.py]")).launch("forks", max_concurrency=together)
    assert run.wait(60).status is RunStatus.SUCCEEDED, [event.error for event in run.events()]
    events = list(run.events())
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert not [event for event in events if event.type in (EventType.LOG, EventType.PROGRESS)]
    assert [event.type for event in events].count(EventType.SOLID_SUCCEEDED) == 14
    lines = run.output().splitlines()
    codes = sorted(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("the child ended with"))
    assert codes == [0, 0, 0, 0, 0, 256, 768]
    assert "logging  WARNING  from the child" in lines
    assert "ValueError: in the child" in lines


def test_a_fork_in_a_pipeline_that_is_executed_here_ends_too(load: Load, write: Write) -> None:
    # In a location, so that the test's own process is not forked with its threads.
    write(
        "here.py",
        """
        import os
        from skerry import pipeline, solid

        @solid
        def fork():
            pid = os.fork()
            return "the child" if pid == 0 else os.waitpid(pid, 0)[1]

        @pipeline
        def inner():
            fork()

        results = [inner.execute_in_process().output_for("fork")]
        open("results", "a").write(repr(results) + "\\n")
        """,
    )
    only(load("load_from: [python_file: here.py]"))
    assert (write("x", "").parent / "results").read_text() == "[0]\n"

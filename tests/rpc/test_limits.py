"""Large workspaces and large definitions, on default settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import raw
from support.servers import Server, serving

from skerry import ErrorKind, State, Workspace
from skerry.rpc import skerry_v1_pb2 as messages

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

PIPELINES = 5000
#: Of a message; gRPC refuses what is over four million.
LARGEST = 1024 * 1024

MANY = f"""
from skerry import pipeline, repository, solid

@solid(config_schema={{"type": "object", "properties": {{f"option_{{i}}": {{"type": "string"}} for i in range(10)}}}})
def work(x=None):
    return 1

def named(name):
    @pipeline(name=name, tags={{"team": "sales"}}, description="Computes " * 10)
    def made():
        work(work(work()))
    return made

@repository
def many():
    return [named(f"pipeline_{{number}}") for number in range({PIPELINES})]
"""

LARGE = """
from skerry import pipeline, repository, solid

@solid(config_schema={"type": "object", "description": "x" * 3_000_000})
def large_solid():
    return 1

@solid
def small_solid():
    return 1

@pipeline
def large():
    large_solid()

@pipeline
def small():
    small_solid()

@pipeline
def also_small():
    small_solid()

@repository
def all_sizes():
    return [small, large, also_small]
"""


@pytest.fixture
def many(write: Write) -> Iterator[Server]:
    with serving(write("many.py", MANY).parent, "-f", "many.py") as server:
        server.wait_for("READY", 60)
        yield server


def test_a_location_of_thousands_of_pipelines_loads_in_small_messages(many: Server, load: Load) -> None:
    remote = load(f"load_from: [grpc_server: {{port: {many.port}, location_name: remote}}]")["remote"]
    assert remote.wait(60)
    assert remote.state is State.READY
    (repository,) = remote.repositories
    assert [pipeline.name for pipeline in repository.pipelines] == [f"pipeline_{n}" for n in range(PIPELINES)]
    channel = raw.channel(f"localhost:{many.port}")
    try:
        received = list(raw.stream(channel, "Snapshot")(b"", timeout=60))
        first = next(raw.stream(channel, "Watch")(b"", timeout=60))
    finally:
        channel.close()
    assert sum(len(messages.SnapshotPart.FromString(part).items) for part in received) == PIPELINES + 1
    assert max(map(len, [*received, first])) < LARGEST
    assert sum(map(len, received)) > 4_000_000  # which is more than one message may have


def test_one_definition_that_is_too_large_is_an_error_that_names_it(write: Write, load: Load) -> None:
    file = write("large.py", LARGE)
    with serving(file.parent, "-f", "large.py") as server:
        remote = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")["remote"]
        assert remote.wait(60)
        assert remote.state is State.READY
        (repository,) = remote.repositories
        assert [pipeline.name for pipeline in repository.pipelines] == ["small", "also_small"]
        (failure,) = repository.errors
        assert (failure.name, failure.type, failure.file) == ("large", "pipeline", str(file))
        assert failure.line is not None
        assert file.read_text().splitlines()[failure.line - 1] == "def large():"
        assert failure.error.kind is ErrorKind.DEFINITION_TOO_LARGE
        assert failure.error.message.splitlines()[0].startswith("The pipeline 'large' takes 3000")
        assert "Make its config schema" in failure.error.message

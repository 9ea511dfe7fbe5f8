"""What goes over the wire comes out as it went in: statuses, snapshots, reloads, evaluations, runs; in small messages.

What is cut on the way, all of it for people to read: errors above ``wire_errors.ERROR_LIMIT``, names above 4 096 bytes,
descriptions of repositories and ``sys.path`` above 64 KiB, progress above 1 000 bytes. Lone surrogates are written out.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import example, given
from hypothesis import strategies as st
from support.records import TEXT, TEXT_OF_FILE_NAMES, records

from skerry.errors import ErrorKind
from skerry.execution import EventType
from skerry.model import (
    DefinitionFailure,
    ErrorInfo,
    Evaluation,
    EvaluationResult,
    Explanation,
    Frame,
    PathEntry,
    PipelineSnapshot,
    ReloadResult,
    RepositorySnapshot,
    RequestedRun,
    RunEvent,
    RunOptions,
    ServerInfo,
    State,
)
from skerry.plugin import RunStart, ServerStatus
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc import wire, wire_evaluation, wire_reload, wire_runs

ADDRESS = "sales.example.com:4266"
LARGEST = 1024 * 1024 + 64 * 1024

#: What the fields of the messages hold without loss.
PLAIN: dict[str, Any] = {"text": TEXT, "numbers": st.integers(0, 2**32 - 1)}


def statuses(**of: Any) -> st.SearchStrategy[ServerStatus]:
    """Statuses as a server tells them: the next attempt, CLOSED and IDLE are this side's own affair."""
    server = records(ServerInfo, **of).map(lambda info: dataclasses.replace(info, address=ADDRESS))
    return st.builds(
        ServerStatus,
        state=st.sampled_from([state for state in State if state not in (State.CLOSED, State.IDLE)]),
        server=st.none() | server,
        error=st.none() | records(ErrorInfo, **of),
        explanation=st.none() | records(Explanation, **of),
        progress=of.get("text", TEXT_OF_FILE_NAMES),
        stale=st.booleans(),
        busy_since=st.none() | st.floats(allow_nan=False),
        warnings=st.lists(of.get("text", TEXT_OF_FILE_NAMES), max_size=2).map(tuple),
    )


def parsed(message: Any) -> Any:
    """Give a message as it is at the other end."""
    return type(message).FromString(message.SerializeToString())


def over_the_wire(repositories: Iterator[RepositorySnapshot] | Any) -> tuple[RepositorySnapshot, ...]:
    parts = [parsed(part) for part in wire.write_snapshot(repositories)]
    assert all(part.ByteSize() <= LARGEST for part in parts)
    return wire.read_snapshot(item for part in parts for item in part.items)


def causes(count: int, **fields: Any) -> ErrorInfo:
    error = ErrorInfo(ErrorKind.EXCEPTION, "the first", **fields)
    for number in range(count):
        error = ErrorInfo(ErrorKind.EXCEPTION, f"{number}", cause=error, **fields)
    return error


@given(statuses(**PLAIN), st.integers(0, 2**64 - 1))
def test_a_status_comes_out_as_it_went_in(status: ServerStatus, snapshot: int) -> None:
    message = parsed(wire.write_status(status, snapshot))
    assert message.snapshot == snapshot
    assert repr(wire.read_status(message, ADDRESS)) == repr(status)


@given(records(ReloadResult, **PLAIN))
def test_the_result_of_a_reload_comes_out_as_it_went_in(result: ReloadResult) -> None:
    assert repr(wire_reload.read_reload(parsed(wire_reload.write_reload(result)))) == repr(result)


@given(records(Evaluation, **PLAIN), st.floats(0, 1e9))
def test_what_is_to_be_evaluated_comes_out_as_it_went_in(evaluation: Evaluation, timeout: float) -> None:
    message = parsed(wire_evaluation.write_evaluation(evaluation, timeout))
    assert message.timeout_seconds == timeout
    assert repr(wire_evaluation.read_evaluation(message)) == repr(evaluation)


@given(records(EvaluationResult, **PLAIN))
@example(EvaluationResult(tuple(RequestedRun(str(number), {"x": "\udcff" * 1000}) for number in range(100))))
@example(EvaluationResult((RequestedRun("large", {"x": "x" * 500_000}), RequestedRun("large", {"x": "x" * 500_000}))))
def test_what_comes_of_an_evaluation_comes_out_as_it_went_in(result: EvaluationResult) -> None:
    parts = [parsed(part) for part in wire_evaluation.write_result(result)]
    assert all(part.ByteSize() <= LARGEST for part in parts)
    read = wire_evaluation.read_result(parts)
    assert read == result
    assert repr([run.run_config for run in read.run_requests]) == repr([run.run_config for run in result.run_requests])


@given(TEXT, records(RunOptions, **PLAIN), st.booleans())
@example("large", RunOptions("r", "p", {"x": "\udcff" * 100_000}), True)
def test_what_is_to_be_run_comes_out_as_it_went_in(run_id: str, options: RunOptions, detached: bool) -> None:
    options = replace(options, max_concurrency=max(1, options.max_concurrency))  # 0 is one that was left out
    start = RunStart(run_id, options, detached)
    first, *more = [parsed(part) for part in wire_runs.write_start(start)]
    assert all(part.ByteSize() < 64 * 1024 for part in (first, *more))
    read = wire_runs.read_start(first.start, "".join(part.run_config for part in more))
    assert read == start
    assert repr(read.options.run_config) == repr(options.run_config)


@given(TEXT, st.lists(records(RunEvent, **PLAIN), max_size=5))
@example("many", [RunEvent(number, 0.0, EventType.LOG, None, {"message": "x" * 1000}) for number in range(200)])
def test_events_come_out_as_they_went_in(run_id: str, events: list[RunEvent]) -> None:
    parts = [parsed(part) for part in wire_runs.write_events(run_id, events)]
    assert all(part.run_id == run_id and part.ByteSize() <= LARGEST for part in parts)
    assert repr([wire_runs.read_event(event) for part in parts for event in part.events]) == repr(events)


@given(st.lists(records(RepositorySnapshot, **PLAIN), max_size=3).map(tuple))
@example((RepositorySnapshot("empty"), RepositorySnapshot("empty", "")))
@example(
    (
        RepositorySnapshot(
            "r",
            pipelines=(PipelineSnapshot("p", config_schema={"enum": [9007199254740993, 3, 3.0, "\udcff", {}, None]}),),
        ),
    )
)
def test_a_snapshot_comes_out_as_it_went_in(repositories: tuple[RepositorySnapshot, ...]) -> None:
    # The order of tags is nobody's; repr would show it.
    read = over_the_wire(repositories)
    assert read == repositories
    schemas = [[json.dumps(one.config_schema) for one in each.pipelines] for each in read]
    assert schemas == [[json.dumps(one.config_schema) for one in each.pipelines] for each in repositories]


@given(st.text(max_size=200_000 // 50).map(lambda text: text * 50), st.binary(max_size=100))
def test_output_comes_out_as_it_went_in(text: str, junk: bytes) -> None:
    written = text + junk.decode("utf-8", "backslashreplace")
    parts = [parsed(part) for part in wire.write_output(written)]
    assert all(part.ByteSize() < 100_000 for part in parts)
    assert "".join(part.text for part in parts) == written


@given(statuses(), st.lists(records(RepositorySnapshot), max_size=2), records(ReloadResult))
def test_whatever_user_code_holds_can_be_written(
    status: ServerStatus, repositories: list[RepositorySnapshot], result: ReloadResult
) -> None:
    """Numbers of lines that are none, and names of files that are not UTF-8."""
    read = wire.read_status(parsed(wire.write_status(status, 1)), ADDRESS)
    assert (read.state, read.stale) == (status.state, status.stale)
    assert len(over_the_wire(repositories)) == len(repositories)
    wire_reload.read_reload(parsed(wire_reload.write_reload(result)))


def test_a_name_that_is_not_text_is_shown_byte_by_byte() -> None:
    error = ErrorInfo(ErrorKind.EXCEPTION, "no", (Frame("/caf\udce9.py", 3, "f"),))
    status = wire.read_status(wire.write_status(ServerStatus(State.FAILED, error=error), 0), ADDRESS)
    assert status.error is not None
    assert status.error.frames[0].file == r"/caf\udce9.py"


@pytest.mark.parametrize("line", [-7, 2**32, "seven", None, 1.5])
def test_a_line_that_is_none_is_left_out_and_the_error_told(line: Any) -> None:
    error = ErrorInfo(ErrorKind.SYNTAX_ERROR, "SyntaxError: odd", (Frame("/a.py", line, "", "x = ("),))
    status = wire.read_status(wire.write_status(ServerStatus(State.FAILED, error=error), 0), ADDRESS)
    assert status.error == ErrorInfo(ErrorKind.SYNTAX_ERROR, "SyntaxError: odd", (Frame("/a.py", None, "", "x = ("),))


LONG = "é\U0001f3dd" * 400_000
FRAMES = tuple(Frame(f"/{number}.py", number, "f", LONG) for number in range(500))


@pytest.mark.parametrize(
    "error",
    [
        ErrorInfo(ErrorKind.EXCEPTION, LONG),
        ErrorInfo(ErrorKind.EXCEPTION, "", output=LONG),
        ErrorInfo(ErrorKind.EXCEPTION, "", FRAMES),
        ErrorInfo(ErrorKind.EXCEPTION, "", (Frame(LONG, 1, LONG, LONG),)),
        ErrorInfo(ErrorKind(LONG), ""),
        causes(1000),
        causes(20, frames=FRAMES[:100], output=LONG[:10_000]),
    ],
    ids=["message", "output", "frames", "names", "kind", "causes", "everything"],
)
def test_an_error_without_measure_is_told_in_a_small_message(error: ErrorInfo) -> None:
    path = tuple(PathEntry(LONG, LONG) for _ in range(100))
    status = ServerStatus(
        State.FAILED,
        error=error,
        explanation=Explanation(LONG, LONG, LONG, path, LONG, LONG),
        server=ServerInfo(LONG, 2**70, "pipe", LONG, LONG, LONG, LONG, 2**40, None),
        progress=LONG,
        warnings=(LONG,) * 500,
    )
    message = parsed(wire.write_status(status, 1))
    assert message.ByteSize() < 512 * 1024
    read = wire.read_status(message, ADDRESS).error
    assert read is not None
    assert error.message.startswith(read.message)
    if error.frames:
        assert (read.frames[0].file[:4], read.frames[-1].line) == (error.frames[0].file[:4], error.frames[-1].line)
    if error.cause is not None:
        assert read.cause is not None
        assert read.cause.message == error.cause.message
    assert error.output.endswith(read.output)


def test_the_end_of_the_output_is_kept_and_the_beginning_of_a_source_line() -> None:
    source = "x = 1 + " * 1000
    error = ErrorInfo(ErrorKind.EXCEPTION, "no", (Frame("/a.py", 1, "f", source),), output="a\n" * 500_000 + "the end")
    read = wire.read_status(wire.write_status(ServerStatus(State.FAILED, error=error), 0), ADDRESS).error
    assert read is not None
    assert read.output.endswith("a\nthe end")
    assert len(read.frames[0].source) >= 200
    assert source.startswith(read.frames[0].source)


def test_a_definition_that_is_too_large_is_an_error_that_names_it() -> None:
    schema = {"description": "x" * 3_000_000}
    large = PipelineSnapshot("large", file="/a.py", line=7, config_schema=schema)
    failure = DefinitionFailure("broken", "pipeline", "/a.py", 9, ErrorInfo(ErrorKind.EXCEPTION, LONG))
    repository = RepositorySnapshot(
        "r", LONG, (failure,), (PipelineSnapshot("before"), large, PipelineSnapshot("after"))
    )
    (read,) = over_the_wire([repository])
    assert [pipeline.name for pipeline in read.pipelines] == ["before", "after"]
    broken, too_large = read.errors
    assert broken.name == "broken"
    assert (too_large.name, too_large.type, too_large.file, too_large.line) == ("large", "pipeline", "/a.py", 7)
    assert too_large.error.kind is ErrorKind.DEFINITION_TOO_LARGE
    assert "'large' takes 3000" in too_large.error.message
    assert read.description
    assert LONG.startswith(read.description)


# -- versions -------------------------------------------------------------------------------------------------------

#: Fields that no version has yet: a number, bytes, and a 64-bit value.
NEWER = bytes.fromhex("c8c901 07") + bytes.fromhex("d2c901 03 616263") + bytes.fromhex("d9c901 0102030405060708")


def submessages(message: Message) -> Iterator[Message]:
    yield message
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None or descriptor.message_type.GetOptions().map_entry:
            continue
        for inner in [value] if isinstance(value, Message) else list(value):
            yield from submessages(inner)


def as_a_newer_one_writes_it(message: Message) -> Any:
    for inner in list(submessages(message)):
        inner.MergeFromString(NEWER)
    written = parsed(message)
    assert written.ByteSize() > type(message)().ByteSize()
    return written


@given(statuses(**PLAIN), st.lists(records(RepositorySnapshot, **PLAIN), max_size=2), records(ReloadResult, **PLAIN))
def test_fields_that_a_newer_version_adds_change_nothing(
    status: ServerStatus, repositories: list[RepositorySnapshot], result: ReloadResult
) -> None:
    assert wire.read_status(as_a_newer_one_writes_it(wire.write_status(status, 1)), ADDRESS) == status
    assert wire_reload.read_reload(as_a_newer_one_writes_it(wire_reload.write_reload(result))) == result
    parts = [as_a_newer_one_writes_it(part) for part in wire.write_snapshot(repositories)]
    assert wire.read_snapshot(item for part in parts for item in part.items) == tuple(repositories)


@given(st.lists(records(RepositorySnapshot, **PLAIN), max_size=2), st.integers(0, 100), st.integers(6, 2**28))
def test_kinds_of_items_that_a_newer_version_adds_are_left_out(
    repositories: list[RepositorySnapshot], place: int, number: int
) -> None:
    items = [item for part in wire.write_snapshot(repositories) for item in part.items]
    newer = messages.Item()
    newer.MergeFromString(field_of_bytes(number, b"\x0a\x01x"))
    assert newer.ByteSize() > 0
    items.insert(place % (len(items) + 1), newer)
    assert wire.read_snapshot(items) == tuple(repositories)


def field_of_bytes(number: int, content: bytes) -> bytes:
    tag, written = number << 3 | 2, []
    while tag > 0x7F:
        written.append(tag & 0x7F | 0x80)
        tag >>= 7
    return bytes([*written, tag, len(content)]) + content


@given(st.integers(6, 2**31 - 1) | st.integers(-(2**31), -1))
def test_a_state_that_a_newer_version_adds_is_shown_as_what_comes_nearest(number: int) -> None:
    message = messages.Status()
    message.state = number  # type: ignore[assignment]
    read = wire.read_status(parsed(message), ADDRESS)
    assert read.state is State.LOADING
    assert str(number) in read.progress
    message.error.message = "No room."
    assert wire.read_status(parsed(message), ADDRESS).state is State.FAILED
    message.snapshot = 1
    assert wire.read_status(parsed(message), ADDRESS).state is State.READY


def test_a_kind_of_error_that_a_newer_version_adds_keeps_its_name() -> None:
    message = messages.Status(state=messages.FAILED, error=messages.Error(kind="DISK_FULL", message="No room."))
    error = wire.read_status(parsed(message), ADDRESS).error
    assert error is not None
    assert (error.kind.value, error.message) == ("DISK_FULL", "No room.")


def test_a_location_stays_when_the_servers_own_is_closed() -> None:
    message = wire.write_status(ServerStatus(State.CLOSED), 0)
    assert wire.read_status(message, ADDRESS).state is State.LOADING


# -- bytes of anybody -------------------------------------------------------------------------------------------------

PARSED = (
    *(messages.Status, messages.SnapshotPart, messages.ReloadReply, messages.OutputPart, messages.HandshakeReply),
    *(messages.RunsPart, messages.StartRunPart),
)


@given(st.sampled_from(PARSED), st.binary(max_size=200))
@example(messages.SnapshotPart, bytes.fromhex("1204 1202 0a00"))
@example(
    messages.SnapshotPart, messages.SnapshotPart(items=[messages.Item(sensor=messages.Sensor())]).SerializeToString()
)
def test_any_bytes_are_a_message_or_a_decode_error(kind: Any, data: bytes) -> None:
    try:
        message = kind.FromString(data)
    except DecodeError:
        return
    if kind is messages.Status:
        wire.read_status(message, ADDRESS)
    elif kind is messages.ReloadReply:
        wire_reload.read_reload(message)
    elif kind is messages.SnapshotPart:
        wire.read_snapshot(message.items)
        wire.read_status(message.status, ADDRESS)
    elif kind is messages.RunsPart:
        for event in message.events:
            with contextlib.suppress(ValueError):
                wire_runs.read_event(event)
    elif kind is messages.StartRunPart:
        with contextlib.suppress(ValueError):
            wire_runs.read_start(message.start, message.run_config)


@pytest.mark.parametrize("schema", ["[" * 100_000, "{", "[]", "3", "null", '"x"', "", "9" * 5000, '{"a": "\\ud800"}'])
def test_a_config_schema_that_is_none_does_no_harm(schema: str) -> None:
    pipeline = messages.Pipeline(name="p", config_schema=schema)
    items = [messages.Item(repository=messages.Repository(name="r")), messages.Item(pipeline=pipeline)]
    ((read,),) = (repository.pipelines for repository in wire.read_snapshot(items))
    assert isinstance(read.config_schema, dict)

from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATE_UNSPECIFIED: _ClassVar[State]
    LOADING: _ClassVar[State]
    READY: _ClassVar[State]
    FAILED: _ClassVar[State]
    UNREACHABLE: _ClassVar[State]
    CLOSED: _ClassVar[State]
    IDLE: _ClassVar[State]
STATE_UNSPECIFIED: State
LOADING: State
READY: State
FAILED: State
UNREACHABLE: State
CLOSED: State
IDLE: State

class ProtocolRange(_message.Message):
    __slots__ = ("oldest", "newest")
    OLDEST_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    oldest: int
    newest: int
    def __init__(self, oldest: _Optional[int] = ..., newest: _Optional[int] = ...) -> None: ...

class HandshakeRequest(_message.Message):
    __slots__ = ("protocols", "skerry")
    PROTOCOLS_FIELD_NUMBER: _ClassVar[int]
    SKERRY_FIELD_NUMBER: _ClassVar[int]
    protocols: ProtocolRange
    skerry: str
    def __init__(self, protocols: _Optional[_Union[ProtocolRange, _Mapping]] = ..., skerry: _Optional[str] = ...) -> None: ...

class HandshakeReply(_message.Message):
    __slots__ = ("protocols", "skerry", "server_id", "pid", "target", "image", "capabilities")
    PROTOCOLS_FIELD_NUMBER: _ClassVar[int]
    SKERRY_FIELD_NUMBER: _ClassVar[int]
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    protocols: ProtocolRange
    skerry: str
    server_id: str
    pid: int
    target: str
    image: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, protocols: _Optional[_Union[ProtocolRange, _Mapping]] = ..., skerry: _Optional[str] = ..., server_id: _Optional[str] = ..., pid: _Optional[int] = ..., target: _Optional[str] = ..., image: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SnapshotRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OutputRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReloadRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EvaluateRequest(_message.Message):
    __slots__ = ("repository", "name", "type", "timeout_seconds", "scheduled_execution_time", "cursor", "last_completion_time", "last_run_key")
    REPOSITORY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_EXECUTION_TIME_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LAST_COMPLETION_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    repository: str
    name: str
    type: str
    timeout_seconds: float
    scheduled_execution_time: float
    cursor: str
    last_completion_time: float
    last_run_key: str
    def __init__(self, repository: _Optional[str] = ..., name: _Optional[str] = ..., type: _Optional[str] = ..., timeout_seconds: _Optional[float] = ..., scheduled_execution_time: _Optional[float] = ..., cursor: _Optional[str] = ..., last_completion_time: _Optional[float] = ..., last_run_key: _Optional[str] = ...) -> None: ...

class ShutDownRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ShutDownReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Status(_message.Message):
    __slots__ = ("state", "stale", "progress", "server", "error", "explanation", "snapshot", "warnings", "busy_since")
    STATE_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    BUSY_SINCE_FIELD_NUMBER: _ClassVar[int]
    state: State
    stale: bool
    progress: str
    server: Server
    error: Error
    explanation: Explanation
    snapshot: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    busy_since: float
    def __init__(self, state: _Optional[_Union[State, str]] = ..., stale: bool = ..., progress: _Optional[str] = ..., server: _Optional[_Union[Server, _Mapping]] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., explanation: _Optional[_Union[Explanation, _Mapping]] = ..., snapshot: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ..., busy_since: _Optional[float] = ...) -> None: ...

class Server(_message.Message):
    __slots__ = ("id", "pid", "python", "executable", "skerry", "image", "generation", "load_seconds", "entry")
    ID_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    PYTHON_FIELD_NUMBER: _ClassVar[int]
    EXECUTABLE_FIELD_NUMBER: _ClassVar[int]
    SKERRY_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    LOAD_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    id: str
    pid: int
    python: str
    executable: str
    skerry: str
    image: str
    generation: int
    load_seconds: float
    entry: str
    def __init__(self, id: _Optional[str] = ..., pid: _Optional[int] = ..., python: _Optional[str] = ..., executable: _Optional[str] = ..., skerry: _Optional[str] = ..., image: _Optional[str] = ..., generation: _Optional[int] = ..., load_seconds: _Optional[float] = ..., entry: _Optional[str] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("kind", "message", "frames", "cause", "output")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    message: str
    frames: _containers.RepeatedCompositeFieldContainer[Frame]
    cause: Error
    output: str
    def __init__(self, kind: _Optional[str] = ..., message: _Optional[str] = ..., frames: _Optional[_Iterable[_Union[Frame, _Mapping]]] = ..., cause: _Optional[_Union[Error, _Mapping]] = ..., output: _Optional[str] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("file", "line", "function", "source", "user")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    function: str
    source: str
    user: bool
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., function: _Optional[str] = ..., source: _Optional[str] = ..., user: bool = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("executable", "python", "working_directory", "path", "module", "file")
    EXECUTABLE_FIELD_NUMBER: _ClassVar[int]
    PYTHON_FIELD_NUMBER: _ClassVar[int]
    WORKING_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    MODULE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    executable: str
    python: str
    working_directory: str
    path: _containers.RepeatedCompositeFieldContainer[PathEntry]
    module: str
    file: str
    def __init__(self, executable: _Optional[str] = ..., python: _Optional[str] = ..., working_directory: _Optional[str] = ..., path: _Optional[_Iterable[_Union[PathEntry, _Mapping]]] = ..., module: _Optional[str] = ..., file: _Optional[str] = ...) -> None: ...

class PathEntry(_message.Message):
    __slots__ = ("path", "reason")
    PATH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    path: str
    reason: str
    def __init__(self, path: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class SnapshotPart(_message.Message):
    __slots__ = ("status", "items")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    status: Status
    items: _containers.RepeatedCompositeFieldContainer[Item]
    def __init__(self, status: _Optional[_Union[Status, _Mapping]] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("repository", "pipeline", "schedule", "sensor", "failure")
    REPOSITORY_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    SENSOR_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    repository: Repository
    pipeline: Pipeline
    schedule: Schedule
    sensor: Sensor
    failure: DefinitionFailure
    def __init__(self, repository: _Optional[_Union[Repository, _Mapping]] = ..., pipeline: _Optional[_Union[Pipeline, _Mapping]] = ..., schedule: _Optional[_Union[Schedule, _Mapping]] = ..., sensor: _Optional[_Union[Sensor, _Mapping]] = ..., failure: _Optional[_Union[DefinitionFailure, _Mapping]] = ...) -> None: ...

class Repository(_message.Message):
    __slots__ = ("name", "description")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class Pipeline(_message.Message):
    __slots__ = ("name", "description", "tags", "file", "line", "config_schema", "solids")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SOLIDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    tags: _containers.ScalarMap[str, str]
    file: str
    line: int
    config_schema: str
    solids: _containers.RepeatedCompositeFieldContainer[Solid]
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., config_schema: _Optional[str] = ..., solids: _Optional[_Iterable[_Union[Solid, _Mapping]]] = ...) -> None: ...

class Solid(_message.Message):
    __slots__ = ("name", "definition", "inputs", "outputs")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    definition: str
    inputs: _containers.RepeatedCompositeFieldContainer[Input]
    outputs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., definition: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[Input, _Mapping]]] = ..., outputs: _Optional[_Iterable[str]] = ...) -> None: ...

class Input(_message.Message):
    __slots__ = ("name", "sources")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    name: str
    sources: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., sources: _Optional[_Iterable[str]] = ...) -> None: ...

class Schedule(_message.Message):
    __slots__ = ("name", "cron_schedule", "timezone", "pipeline")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CRON_SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    TIMEZONE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    name: str
    cron_schedule: str
    timezone: str
    pipeline: str
    def __init__(self, name: _Optional[str] = ..., cron_schedule: _Optional[str] = ..., timezone: _Optional[str] = ..., pipeline: _Optional[str] = ...) -> None: ...

class Sensor(_message.Message):
    __slots__ = ("name", "pipeline")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    name: str
    pipeline: str
    def __init__(self, name: _Optional[str] = ..., pipeline: _Optional[str] = ...) -> None: ...

class DefinitionFailure(_message.Message):
    __slots__ = ("name", "type", "file", "line", "error")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    file: str
    line: int
    error: Error
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., error: _Optional[_Union[Error, _Mapping]] = ...) -> None: ...

class OutputPart(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class ReloadReply(_message.Message):
    __slots__ = ("old_generation", "new_generation", "error", "added", "removed", "changed")
    OLD_GENERATION_FIELD_NUMBER: _ClassVar[int]
    NEW_GENERATION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    old_generation: int
    new_generation: int
    error: Error
    added: _containers.RepeatedCompositeFieldContainer[DefinitionName]
    removed: _containers.RepeatedCompositeFieldContainer[DefinitionName]
    changed: _containers.RepeatedCompositeFieldContainer[DefinitionName]
    def __init__(self, old_generation: _Optional[int] = ..., new_generation: _Optional[int] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., added: _Optional[_Iterable[_Union[DefinitionName, _Mapping]]] = ..., removed: _Optional[_Iterable[_Union[DefinitionName, _Mapping]]] = ..., changed: _Optional[_Iterable[_Union[DefinitionName, _Mapping]]] = ...) -> None: ...

class DefinitionName(_message.Message):
    __slots__ = ("type", "repository", "name")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REPOSITORY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    type: str
    repository: str
    name: str
    def __init__(self, type: _Optional[str] = ..., repository: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class EvaluationPart(_message.Message):
    __slots__ = ("result", "run_requests")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    RUN_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    result: EvaluationResult
    run_requests: _containers.RepeatedCompositeFieldContainer[RunRequest]
    def __init__(self, result: _Optional[_Union[EvaluationResult, _Mapping]] = ..., run_requests: _Optional[_Iterable[_Union[RunRequest, _Mapping]]] = ...) -> None: ...

class EvaluationResult(_message.Message):
    __slots__ = ("skip_reason", "cursor", "error", "generation")
    SKIP_REASON_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    skip_reason: str
    cursor: str
    error: Error
    generation: int
    def __init__(self, skip_reason: _Optional[str] = ..., cursor: _Optional[str] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("run_key", "run_config", "tags")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RUN_KEY_FIELD_NUMBER: _ClassVar[int]
    RUN_CONFIG_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    run_key: str
    run_config: str
    tags: _containers.ScalarMap[str, str]
    def __init__(self, run_key: _Optional[str] = ..., run_config: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ...) -> None: ...

class StartRunPart(_message.Message):
    __slots__ = ("start", "run_config")
    START_FIELD_NUMBER: _ClassVar[int]
    RUN_CONFIG_FIELD_NUMBER: _ClassVar[int]
    start: RunStart
    run_config: str
    def __init__(self, start: _Optional[_Union[RunStart, _Mapping]] = ..., run_config: _Optional[str] = ...) -> None: ...

class RunStart(_message.Message):
    __slots__ = ("run_id", "repository", "pipeline", "tags", "solids", "max_concurrency", "parent_id", "detached")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    REPOSITORY_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    SOLIDS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    repository: str
    pipeline: str
    tags: _containers.ScalarMap[str, str]
    solids: _containers.RepeatedScalarFieldContainer[str]
    max_concurrency: int
    parent_id: str
    detached: bool
    def __init__(self, run_id: _Optional[str] = ..., repository: _Optional[str] = ..., pipeline: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., solids: _Optional[_Iterable[str]] = ..., max_concurrency: _Optional[int] = ..., parent_id: _Optional[str] = ..., detached: bool = ...) -> None: ...

class StartRunReply(_message.Message):
    __slots__ = ("error",)
    ERROR_FIELD_NUMBER: _ClassVar[int]
    error: Error
    def __init__(self, error: _Optional[_Union[Error, _Mapping]] = ...) -> None: ...

class RunsRequest(_message.Message):
    __slots__ = ("follow", "cancel", "detach")
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    DETACH_FIELD_NUMBER: _ClassVar[int]
    follow: FollowRun
    cancel: str
    detach: str
    def __init__(self, follow: _Optional[_Union[FollowRun, _Mapping]] = ..., cancel: _Optional[str] = ..., detach: _Optional[str] = ...) -> None: ...

class FollowRun(_message.Message):
    __slots__ = ("run_id", "after")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    after: int
    def __init__(self, run_id: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class RunsPart(_message.Message):
    __slots__ = ("run_id", "events", "over", "unknown", "detached")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    OVER_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    events: _containers.RepeatedCompositeFieldContainer[RunEvent]
    over: bool
    unknown: bool
    detached: bool
    def __init__(self, run_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[RunEvent, _Mapping]]] = ..., over: bool = ..., unknown: bool = ..., detached: bool = ...) -> None: ...

class RunEvent(_message.Message):
    __slots__ = ("sequence", "at", "type", "solid", "data", "error")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SOLID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    at: float
    type: str
    solid: str
    data: str
    error: Error
    def __init__(self, sequence: _Optional[int] = ..., at: _Optional[float] = ..., type: _Optional[str] = ..., solid: _Optional[str] = ..., data: _Optional[str] = ..., error: _Optional[_Union[Error, _Mapping]] = ...) -> None: ...

class RunOutputRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

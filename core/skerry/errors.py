"""Every exception that Skerry raises, and the one table that makes errors into words.

::

    SkerryError
    ├── DefinitionError         user code defines something that cannot be: .name .file .line
    ├── PipeError               what came through a pipe is not a message of ours
    ├── WorkspaceFileError      the workspace file cannot be used at all: .problems
    ├── LocationError           one location cannot be opened or loaded: .kind .fields
    ├── RunError                a run cannot begin, or a solid of it cannot go on: .kind .fields
    ├── StateError              what is stored of runs cannot be had: .kind .fields
    ├── UnknownLocationError    no location has that name: .name .known
    ├── UnknownRunError         no run of the workspace has that id: .run_id .known
    └── PluginError             a location type cannot be used: .key .reason

An error keeps its fields until somebody shows it; ``str(error)`` is its words: first a line that says what, then
lines that say what to do.
"""

from enum import Enum
from typing import Any, Mapping, Optional, Sequence, Tuple


class OpenEnum(str, Enum):
    """Names to which a newer Skerry may add: a value that is not known here is kept, as a member of that name."""

    @classmethod
    def _missing_(cls, value: object) -> "Any":
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown


class ErrorKind(OpenEnum):
    """What went wrong with a location. The values are stable: they stand in ``--json`` and are documented."""

    # The code itself, seen while it was loaded.
    SYNTAX_ERROR = "SYNTAX_ERROR"
    MISSING_IMPORT = "MISSING_IMPORT"
    EXCEPTION = "EXCEPTION"
    SYSTEM_EXIT = "SYSTEM_EXIT"
    INVALID_DEFINITION = "INVALID_DEFINITION"
    # The end of its process.
    PROCESS_EXITED = "PROCESS_EXITED"
    PROCESS_SIGNALED = "PROCESS_SIGNALED"
    STARTUP_TIMEOUT = "STARTUP_TIMEOUT"
    # What the entry points at.
    FILE_NOT_FOUND = "FILE_NOT_FOUND"
    MODULE_NOT_FOUND = "MODULE_NOT_FOUND"
    WORKING_DIRECTORY_NOT_FOUND = "WORKING_DIRECTORY_NOT_FOUND"
    ATTRIBUTE_NOT_FOUND = "ATTRIBUTE_NOT_FOUND"
    ATTRIBUTE_NOT_USABLE = "ATTRIBUTE_NOT_USABLE"
    NOTHING_FOUND = "NOTHING_FOUND"
    SEVERAL_PIPELINES = "SEVERAL_PIPELINES"
    DUPLICATE_REPOSITORY = "DUPLICATE_REPOSITORY"
    # The interpreter.
    INTERPRETER_NOT_FOUND = "INTERPRETER_NOT_FOUND"
    INTERPRETER_NOT_PYTHON = "INTERPRETER_NOT_PYTHON"
    INTERPRETER_TOO_OLD = "INTERPRETER_TOO_OLD"
    INCOMPATIBLE_SKERRY = "INCOMPATIBLE_SKERRY"
    PROCESS_NOT_STARTED = "PROCESS_NOT_STARTED"
    # The entry and its location type.
    INVALID_ENTRY = "INVALID_ENTRY"
    LOCATION_TYPE_FAILED = "LOCATION_TYPE_FAILED"
    NOT_OPENED = "NOT_OPENED"
    COMMAND_FAILED = "COMMAND_FAILED"
    UNSUPPORTED_PLATFORM = "UNSUPPORTED_PLATFORM"
    # A call into the code.
    DEFINITION_NOT_FOUND = "DEFINITION_NOT_FOUND"
    EVALUATION_TIMEOUT = "EVALUATION_TIMEOUT"
    EVALUATION_CUT_OFF = "EVALUATION_CUT_OFF"
    CODE_CHANGED = "CODE_CHANGED"
    # A run, and what its solids give.
    PIPELINE_NOT_FOUND = "PIPELINE_NOT_FOUND"
    PIPELINE_AMBIGUOUS = "PIPELINE_AMBIGUOUS"
    LOCATION_NOT_READY = "LOCATION_NOT_READY"
    RUN_ID_INVALID = "RUN_ID_INVALID"
    RUN_ID_TAKEN = "RUN_ID_TAKEN"
    RUN_OPTIONS_INVALID = "RUN_OPTIONS_INVALID"
    RUN_LOST = "RUN_LOST"
    RUN_UNKNOWN_ELSEWHERE = "RUN_UNKNOWN_ELSEWHERE"
    RUN_REFUSED = "RUN_REFUSED"
    RUN_CONTAINER_ENDED = "RUN_CONTAINER_ENDED"
    RUN_LAUNCHER_NOT_FOUND = "RUN_LAUNCHER_NOT_FOUND"
    RUN_LAUNCHER_INVALID = "RUN_LAUNCHER_INVALID"
    RUN_LAUNCHER_NEEDS_OPTIONS = "RUN_LAUNCHER_NEEDS_OPTIONS"
    RUN_LAUNCHER_FAILED = "RUN_LAUNCHER_FAILED"
    RUN_NOT_OVER = "RUN_NOT_OVER"
    RUN_RECORD_NOT_WRITABLE = "RUN_RECORD_NOT_WRITABLE"
    RUN_RECORD_NOT_READABLE = "RUN_RECORD_NOT_READABLE"
    RUN_RECORD_DAMAGED = "RUN_RECORD_DAMAGED"
    RUN_CONFIG_UNREADABLE = "RUN_CONFIG_UNREADABLE"
    RUN_CONFIG_INVALID = "RUN_CONFIG_INVALID"
    SOLID_NOT_FOUND = "SOLID_NOT_FOUND"
    INPUT_NOT_AVAILABLE = "INPUT_NOT_AVAILABLE"
    OUTPUTS_UNCLEAR = "OUTPUTS_UNCLEAR"
    OUTPUT_UNDECLARED = "OUTPUT_UNDECLARED"
    OUTPUT_TWICE = "OUTPUT_TWICE"
    OUTPUT_MISSING = "OUTPUT_MISSING"
    OUTPUT_NOT_KEPT = "OUTPUT_NOT_KEPT"
    SOLID_PROCESS_ENDED = "SOLID_PROCESS_ENDED"
    RESOURCE_NOT_PLAIN = "RESOURCE_NOT_PLAIN"
    # A code server that somebody else runs.
    SERVER_UNREACHABLE = "SERVER_UNREACHABLE"
    WRONG_SERVER = "WRONG_SERVER"
    INCOMPATIBLE_SERVER = "INCOMPATIBLE_SERVER"
    TLS_FAILED = "TLS_FAILED"
    ACCESS_DENIED = "ACCESS_DENIED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    NOT_SERVED = "NOT_SERVED"
    DEFINITION_TOO_LARGE = "DEFINITION_TOO_LARGE"
    # The database of runs.
    EXTRA_NOT_INSTALLED = "EXTRA_NOT_INSTALLED"
    DATABASE_URL_INVALID = "DATABASE_URL_INVALID"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    DATABASE_NOT_WRITABLE = "DATABASE_NOT_WRITABLE"
    DATABASE_DAMAGED = "DATABASE_DAMAGED"
    DATABASE_TOO_NEW = "DATABASE_TOO_NEW"
    DATABASE_FAILED = "DATABASE_FAILED"


#: Words for each kind, with the fields that it is raised with. The only place where they are made.
MESSAGES: Mapping[ErrorKind, str] = {
    # Python's own words.
    ErrorKind.SYNTAX_ERROR: "{detail}",
    ErrorKind.MISSING_IMPORT: "{detail}",
    ErrorKind.EXCEPTION: "{detail}",
    ErrorKind.SYSTEM_EXIT: "sys.exit({code}) was called while {doing}.\n{advice}",
    ErrorKind.INVALID_DEFINITION: "{detail}",
    ErrorKind.PROCESS_EXITED: (
        "The process ended with exit code {code} while {doing}.\n"
        "Look for os._exit() in the code and the libraries it imports; the last output is below."
    ),
    ErrorKind.PROCESS_SIGNALED: "The process was ended by {signal} while {doing}.\n{advice}",
    ErrorKind.STARTUP_TIMEOUT: (
        "Still not loaded after {seconds:g} s{doing}.\n"
        "The limit is `startup_timeout`{where}: raise it there, or move the slow work out of the import."
    ),
    ErrorKind.FILE_NOT_FOUND: "No such file: {path}\n{advice}",
    ErrorKind.MODULE_NOT_FOUND: "No module named {module!r} in {executable}.\n{advice}",
    ErrorKind.WORKING_DIRECTORY_NOT_FOUND: (
        "No such folder: {path}\nCorrect `working_directory`: it is relative to the workspace file."
    ),
    ErrorKind.ATTRIBUTE_NOT_FOUND: (
        "{target} has no attribute and no repository called {attribute!r}.\n"
        "Attributes that can be used: {attributes}. Repositories: {repositories}."
    ),
    ErrorKind.ATTRIBUTE_NOT_USABLE: (
        "{attribute!r} in {target} is {found}.\n"
        "`attribute` names a repository, a pipeline, or a function without arguments that returns one."
    ),
    ErrorKind.NOTHING_FOUND: (
        "{target} defines no repository and no pipeline{found}.\n"
        "Decorate a function with @repository and return your pipelines from it."
    ),
    ErrorKind.SEVERAL_PIPELINES: (
        "{target} defines {count} pipelines and no repository: {names}.\n"
        "Return them from a function decorated with @repository, or choose one with `attribute`."
    ),
    ErrorKind.DUPLICATE_REPOSITORY: (
        "{target} defines two different repositories called {name!r}: {first} and {second}.\n"
        "Give one of them another name."
    ),
    ErrorKind.INTERPRETER_NOT_FOUND: (
        "No such Python interpreter: {executable}\n"
        "Correct `executable_path`, or create the environment; a name without a slash is looked up on PATH."
    ),
    ErrorKind.INTERPRETER_NOT_PYTHON: (
        "{executable} does not behave like a Python interpreter: {reason}.\n"
        "Point `executable_path` at an environment's bin/python."
    ),
    ErrorKind.INTERPRETER_TOO_OLD: (
        "{executable} is Python {version}; Skerry loads code with Python 3.8 or newer.\n"
        "Point `executable_path` at a newer interpreter."
    ),
    ErrorKind.INCOMPATIBLE_SKERRY: (
        "The environment of {executable} holds skerry {theirs}, which does not work with this skerry {ours}{reason}.\n"
        "Run `{executable} -m pip install skerry=={ours}`, or uninstall skerry there: it is not needed."
    ),
    ErrorKind.PROCESS_NOT_STARTED: "No process could be started for the code: {reason}.\n{advice}",
    ErrorKind.INVALID_ENTRY: "{detail}",
    ErrorKind.LOCATION_TYPE_FAILED: (
        "The location type {key!r} ({distribution}) failed: {reason}\n"
        "This is a defect of the plugin: report it to its authors."
    ),
    ErrorKind.NOT_OPENED: "{reason}",
    ErrorKind.COMMAND_FAILED: "The command `{command}` {ending}.\n{said}",
    ErrorKind.UNSUPPORTED_PLATFORM: (
        "Skerry cannot start processes on {platform}: it needs Linux or macOS.\nUse WSL, or a remote location."
    ),
    ErrorKind.DEFINITION_NOT_FOUND: "The code has no {type} {name!r} in a repository {repository!r}.\n{known}",
    ErrorKind.EVALUATION_TIMEOUT: "{what} was not evaluated within {seconds:g} s{doing}.\n{advice}",
    ErrorKind.EVALUATION_CUT_OFF: "The evaluation of {what} was cut off: {reason}.\n{advice}",
    ErrorKind.CODE_CHANGED: (
        "The code is no longer that of generation {generation}: {files} changed since.\n"
        "Its import starts threads, so each evaluation and each run loads it afresh. Reload the location."
    ),
    ErrorKind.PIPELINE_NOT_FOUND: "The location {location!r} has no pipeline {pipeline!r}.\n{advice}",
    ErrorKind.PIPELINE_AMBIGUOUS: (
        "The location {location!r} has several pipelines {pipeline!r}: in the repositories {repositories}.\n"
        "Say in which: {example}."
    ),
    ErrorKind.LOCATION_NOT_READY: "The location {location!r} is {state}, and nothing can be run in it.\n{advice}",
    ErrorKind.RUN_ID_INVALID: (
        "{run_id!r} cannot be the id of a run.\nUse up to 100 letters, digits, `-` and `_`, or leave it out."
    ),
    ErrorKind.RUN_ID_TAKEN: (
        "There is a run {run_id} already, and it is another one: of {what}, or with another run config, other tags or "
        "solids.\nLook at it with `skerry runs show {run_id}`, or choose another id."
    ),
    ErrorKind.RUN_OPTIONS_INVALID: "A run cannot be launched with {name} = {value}.\nGive {wanted}.",
    ErrorKind.RUN_LOST: (
        "The run ended without a word: its processes were killed, the machine stopped, or its disk was full.\n"
        "What its solids have given until then is kept; run it again."
    ),
    ErrorKind.RUN_UNKNOWN_ELSEWHERE: (
        "{where} does not know the run {run_id!r} any more.\n"
        "It was replaced, or what it keeps was removed; run it again."
    ),
    ErrorKind.RUN_REFUSED: "The code server at {address} has not started the run: {reason}",
    ErrorKind.RUN_CONTAINER_ENDED: (
        "The container {container} {ending}.\n"
        "Its run did not come to an end of its own; what it has printed last is below. Look there, and run it again."
    ),
    ErrorKind.RUN_LAUNCHER_NOT_FOUND: "There is no run launcher {key!r}.\n{advice}",
    ErrorKind.RUN_LAUNCHER_INVALID: "{detail}",
    ErrorKind.RUN_LAUNCHER_NEEDS_OPTIONS: (
        "The run launcher {key!r} cannot be used without options: {problems}\n"
        "Name it in the workspace file under `run_launcher`, and write its options below."
    ),
    ErrorKind.RUN_LAUNCHER_FAILED: (
        "The run launcher {key!r} ({distribution}) failed: {reason}\n"
        "This is a defect of the plugin: report it to its authors."
    ),
    ErrorKind.RUN_NOT_OVER: "The run {run_id} is {status}.\nCancel it first: skerry cancel {run_id}.",
    ErrorKind.RUN_RECORD_NOT_WRITABLE: (
        "What is kept of the run {run_id} cannot be written: {path} ({reason}).\n"
        "Free space on that disk, give this user the right to write there, or set SKERRY_HOME to another folder."
    ),
    ErrorKind.RUN_RECORD_NOT_READABLE: (
        "What is kept of the run {run_id} cannot be read: {path} ({reason}).\n"
        "Give this user the right to read it, or look at it as the user who has launched it."
    ),
    ErrorKind.RUN_RECORD_DAMAGED: (
        "What is kept of the run {run_id} is damaged: {path}, line {line}: {reason}.\n"
        "Look at that disk. The rest is shown; `skerry runs delete {run_id}` removes it."
    ),
    ErrorKind.RUN_CONFIG_UNREADABLE: "The run config in {file} cannot be read:\n{problems}",
    ErrorKind.RUN_CONFIG_INVALID: "The run config of the pipeline {pipeline!r} is wrong:\n{problems}",
    ErrorKind.SOLID_NOT_FOUND: "The pipeline {pipeline!r} has no solid {solid!r}.\nIts solids are: {known}.",
    ErrorKind.INPUT_NOT_AVAILABLE: (
        "The input {input!r} of {solid!r} comes from {source}, and that solid is not to be run.\n"
        "Select {source_solid!r}, too, or leave {solid!r} out."
    ),
    ErrorKind.OUTPUTS_UNCLEAR: (
        "{solid!r} gives {found}; its outputs are: {outputs}.\n"
        "Return a value for each, in a tuple if there are several, or yield an Output for each that there is."
    ),
    ErrorKind.OUTPUT_UNDECLARED: (
        "{solid!r} gives an output {output!r}, which it does not have.\n"
        "Its outputs are: {outputs}. Name it in `outputs`, or correct the name."
    ),
    ErrorKind.OUTPUT_TWICE: "{solid!r} gives its output {output!r} twice.\nGive each output once.",
    ErrorKind.OUTPUT_MISSING: (
        "{solid!r} has ended without its output {output!r}.\n"
        "Give it in every case, or declare it with OutputDefinition({output!r}, is_required=False)."
    ),
    ErrorKind.OUTPUT_NOT_KEPT: "The output {output!r} of {solid!r} cannot be kept: {reason}.\n{advice}",
    ErrorKind.SOLID_PROCESS_ENDED: (
        "The process of {solid!r} ended {how}.\n"
        "Look for os._exit() in the code and the libraries it imports; SIGKILL often means that memory was used up."
    ),
    ErrorKind.RESOURCE_NOT_PLAIN: (
        "The resource {resource!r} yields {count}, and a resource yields exactly once: what it gives.\n"
        "Set it up before the yield, and tear it down after it."
    ),
    ErrorKind.SERVER_UNREACHABLE: "The code server at {address} cannot be reached: {reason}.\n{advice}",
    ErrorKind.WRONG_SERVER: (
        "What answers at {address} is not a Skerry code server: {reason}.\n"
        "Correct the address, or start `skerry api grpc` there."
    ),
    ErrorKind.INCOMPATIBLE_SERVER: (
        "The code server at {address} is skerry {theirs} and speaks protocol {their_range}; this is skerry {ours} and "
        "speaks {our_range}.\n{advice}"
    ),
    ErrorKind.TLS_FAILED: "No secure connection to the code server at {address}: {reason}.\n{advice}",
    ErrorKind.ACCESS_DENIED: "The code server at {address} refuses this client: {reason}\n{advice}",
    ErrorKind.NOT_SUPPORTED: "{what} cannot be done by {server}.\n{advice}",
    ErrorKind.NOT_SERVED: (
        "No code server of others serves {name!r}: its process belongs to whoever loads the workspace.\n"
        "Serve its code with `skerry api grpc`, or reload it where it is loaded."
    ),
    ErrorKind.DEFINITION_TOO_LARGE: (
        "The {type} {name!r} takes {size} bytes to describe, over the limit of {limit}.\n"
        "Make its config schema, its description or its number of solids smaller."
    ),
    ErrorKind.EXTRA_NOT_INSTALLED: (
        "{what} needs {module}, which is not installed.\nRun `pip install '{requirement}'`."
    ),
    ErrorKind.DATABASE_URL_INVALID: (
        "The URL of the database of runs cannot be used: {reason}.\n"
        "Write postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:////FOLDER/FILE."
    ),
    ErrorKind.DATABASE_UNAVAILABLE: (
        "The database {database} could not be used for {seconds:g} s: {reason}.\n{advice}"
    ),
    ErrorKind.DATABASE_NOT_WRITABLE: "The database {database} cannot be written: {reason}.\n{advice}",
    ErrorKind.DATABASE_DAMAGED: "The database {database} is damaged: {reason}.\n{advice}",
    ErrorKind.DATABASE_TOO_NEW: (
        "The database {database} is of a newer Skerry: its revision {revision} is not known to this skerry {ours}.\n"
        "Run `pip install --upgrade skerry` here, or name another database. Nothing in it was touched."
    ),
    ErrorKind.DATABASE_FAILED: "The database {database} refuses what was asked of it: {reason}.\n{advice}",
}


class NotPreloaded(str, Enum):
    """Why a module that a location wants preloaded is not. The location imports it itself, so this is a warning."""

    # What is known before it is imported.
    NOT_FOUND = "NOT_FOUND"
    ELSEWHERE = "ELSEWHERE"
    # What importing it has shown.
    RAISED = "RAISED"
    EXITED = "EXITED"
    SIGNALED = "SIGNALED"
    TIMED_OUT = "TIMED_OUT"
    STARTS_THREADS = "STARTS_THREADS"
    USES_ELSEWHERE = "USES_ELSEWHERE"
    # What the location itself wants.
    SHADOWED = "SHADOWED"
    OWN_CODE = "OWN_CODE"
    FRESH = "FRESH"
    LATE = "LATE"


#: Words for each reason, after the module's name, with the fields that it has.
NOT_PRELOADED: Mapping[NotPreloaded, str] = {
    NotPreloaded.NOT_FOUND: "it is not installed for {executable}.\nInstall it there, or take it out of `preload`.",
    NotPreloaded.ELSEWHERE: (
        "it lies in {place}, where its files may change at any time.\n"
        "Install it without -e (--editable), or take it out of `preload`."
    ),
    NotPreloaded.RAISED: (
        "importing it on its own failed with {error}.\n"
        "It is imported there without the location's `env` and `working_directory`; if it needs them, take it out of "
        "`preload`."
    ),
    NotPreloaded.EXITED: "importing it ended the process with exit code {code}.\nTake it out of `preload`.",
    NotPreloaded.SIGNALED: "importing it ended the process by {signal}.\nTake it out of `preload`.",
    NotPreloaded.TIMED_OUT: "importing it took more than {seconds:g} s.\nTake it out of `preload`.",
    NotPreloaded.STARTS_THREADS: (
        "importing it starts threads, which would be missing in a forked process.\nTake it out of `preload`."
    ),
    NotPreloaded.USES_ELSEWHERE: (
        "it imports {other} from {place}, which may change at any time.\n"
        "Install that without -e (--editable), or take it out of `preload`."
    ),
    NotPreloaded.SHADOWED: (
        "with it comes {other}, and {place} has another one.\nRename that one, or take it out of `preload`."
    ),
    NotPreloaded.OWN_CODE: (
        "with it comes {other}, which the location loads itself, anew each time.\nTake it out of `preload`."
    ),
    NotPreloaded.FRESH: "with `start: fresh` the interpreter is the location's own.\nLeave one of the two out.",
    NotPreloaded.LATE: (
        "half of `startup_timeout` passed before that was done.\nRaise `startup_timeout`, or leave `preload` out."
    ),
}


def not_preloaded(module: str, why: NotPreloaded, fields: Mapping[str, Any]) -> str:
    """Give the warning that a module is not preloaded, and why."""
    return f"{module} is not preloaded: {NOT_PRELOADED[why].format(**fields)}"


#: Of ids like one that is not known: how many are named, and with how many it is compared.
_NAMED, _COMPARED = 3, 1000


class SkerryError(Exception):
    """The root: ``except SkerryError`` catches whatever Skerry itself raises."""


class DefinitionError(SkerryError):
    """User code defines something that cannot be. ``file`` and ``line`` are the user's, ``name`` the definition's."""

    def __init__(self, message: str, *, name: str = "", file: Optional[str] = None, line: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.file = file
        self.line = line


class PipeError(SkerryError):
    """What came through a pipe is not a message of ours; nothing more can be read from it."""


class WorkspaceFileError(SkerryError):
    """The workspace file fails whole. ``problems``: every ``skerry.model.Problem`` found, in the file's order."""

    def __init__(self, problems: Sequence[Any]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: Tuple[Any, ...] = tuple(problems)


class KindError(SkerryError):
    """An error whose words are in ``MESSAGES``. ``fields``: what those of its ``kind`` need."""

    def __init__(self, kind: ErrorKind, **fields: Any) -> None:
        super().__init__(kind, fields)
        self.kind = kind
        self.fields = fields

    def __str__(self) -> str:
        return MESSAGES[self.kind].format(**self.fields).rstrip()


class LocationError(KindError):
    """One location cannot be opened or loaded.

    A location type raises ``LocationError(reason="...")`` with a sentence that says what is wrong and what to do;
    core raises the other kinds, each with the fields that its words in ``MESSAGES`` need.
    """

    def __init__(self, kind: ErrorKind = ErrorKind.NOT_OPENED, **fields: Any) -> None:
        super().__init__(kind, **fields)


class RunError(KindError):
    """A run cannot begin, or a solid of it cannot go on, for a reason that Skerry has found."""


class StateError(KindError):
    """What is stored of runs cannot be read or written, or what that needs is not there."""


class UnknownLocationError(SkerryError, KeyError):
    """No location has that name. ``known``: the names there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known: Tuple[str, ...] = tuple(known)

    def __str__(self) -> str:
        return "No location is called {!r}.\nThere are: {}.".format(self.name, ", ".join(self.known) or "none")


class UnknownRunError(SkerryError, KeyError):
    """No run of the workspace has that id. ``known``: the ids there are."""

    def __init__(self, run_id: str, known: Sequence[str]) -> None:
        super().__init__(run_id)
        self.run_id = run_id
        self.known: Tuple[str, ...] = tuple(known)

    @property
    def nearest(self) -> Tuple[str, ...]:
        """A few of those ids that may be meant: those that begin so, else those that are most like it."""
        import difflib

        longer = [one for one in self.known if self.run_id and one.startswith(self.run_id)][:_NAMED]
        return tuple(longer or difflib.get_close_matches(self.run_id, self.known[:_COMPARED], n=_NAMED))

    def __str__(self) -> str:
        near = " Nearest: {}.".format(", ".join(self.nearest)) if self.nearest else ""
        return f"No run of this workspace has the id {self.run_id!r}.\nThere are {len(self.known)} runs.{near}"


class PluginError(SkerryError):
    """What a plugin promises under ``key`` cannot be used, for ``reason``; ``advice``: what to do.

    ``what``: a location type, or a run launcher.
    """

    def __init__(
        self, key: str, reason: str, distribution: str = "", advice: str = "", what: str = "location type"
    ) -> None:
        super().__init__(key, reason)
        self.what = what
        self.key = key
        self.reason = reason
        self.distribution = distribution
        self.advice = advice or "Mend or uninstall the plugin; what does not use it is not affected."

    @property
    def sentence(self) -> str:
        """What is wrong, in one line."""
        source = f" ({self.distribution})" if self.distribution else ""
        return f"The {self.what} {self.key!r}{source} cannot be used: {self.reason}."

    def __str__(self) -> str:
        return f"{self.sentence}\n{self.advice}"

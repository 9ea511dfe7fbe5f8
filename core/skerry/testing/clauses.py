"""The clauses of a location type's contract, and the words for one that is broken."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Clause(StrEnum):
    """What a location type owes, in the order in which it is checked."""

    KEY = "KEY"
    ENTRY_POINT = "ENTRY_POINT"
    SUMMARY = "SUMMARY"
    DEPRECATED = "DEPRECATED"
    SCHEMA = "SCHEMA"
    SCHEMA_CLOSED = "SCHEMA_CLOSED"
    SCHEMA_DESCRIBED = "SCHEMA_DESCRIBED"
    SCHEMA_EXAMPLES = "SCHEMA_EXAMPLES"
    SCHEMA_COMMON = "SCHEMA_COMMON"
    SHORTHAND = "SHORTHAND"
    OPTIONS = "OPTIONS"
    SHORT_FORM = "SHORT_FORM"
    NORMALIZE = "NORMALIZE"
    NORMALIZE_JSON = "NORMALIZE_JSON"
    NORMALIZE_INPUT = "NORMALIZE_INPUT"
    NORMALIZE_PATHS = "NORMALIZE_PATHS"
    NORMALIZE_IDEMPOTENT = "NORMALIZE_IDEMPOTENT"
    NORMALIZE_REFERENCES = "NORMALIZE_REFERENCES"
    DEFAULT_NAME = "DEFAULT_NAME"
    DEFAULT_NAME_STABLE = "DEFAULT_NAME_STABLE"
    WATCH_PATHS = "WATCH_PATHS"
    DEADLINE = "DEADLINE"
    CACHE = "CACHE"
    READY = "READY"
    SERVER_ID = "SERVER_ID"
    OUTPUT = "OUTPUT"
    CLOSE = "CLOSE"
    AT_ONCE = "AT_ONCE"
    REFUSAL = "REFUSAL"
    REFUSED = "REFUSED"
    CLOSE_WHILE_OPENING = "CLOSE_WHILE_OPENING"
    LEFT_BEHIND = "LEFT_BEHIND"


#: Words for each clause, with the fields that it is raised with: what is wrong, then what to do.
MESSAGES: Mapping[Clause, str] = {
    Clause.KEY: (
        "`key` is {found}.\nMake it a word of letters, digits, `_` and `-` that begins with a letter: it is what users "
        "write under load_from."
    ),
    Clause.ENTRY_POINT: (
        '{reason}.\nName it in pyproject.toml under [project.entry-points."skerry.plugins"] as `{key}`, give it from '
        "skerry_location_types, and install the project again: entry points are written when it is installed."
    ),
    Clause.SUMMARY: "`summary` is {found}.\nSay in a few words, on one line, what the type loads.",
    Clause.DEPRECATED: "`deprecated` is {found}.\nSay what to use in its place, or leave it None.",
    Clause.SCHEMA: (
        "`schema` is not a JSON Schema (draft-07) of an object: {reason}.\n"
        'Begin with {{"type": "object", "properties": {{...}}}} and use JSON values only.'
    ),
    Clause.SCHEMA_CLOSED: (
        "{where} allows keys that it does not know.\n"
        'Add "additionalProperties": False, so that a mistyped key is an error with its line; for a mapping of free '
        "keys give the schema of their values."
    ),
    Clause.SCHEMA_DESCRIBED: '{where} has no "description".\nAdd one: editors show it.',
    Clause.SCHEMA_EXAMPLES: (
        "{value!r}, which {where} gives as {kind}, does not pass its own schema: {reason}.\nCorrect one of them."
    ),
    Clause.SCHEMA_COMMON: (
        "`schema` has the property {property!r}, which core gives to every location type.\nRename or remove it."
    ),
    Clause.SHORTHAND: (
        "`shorthand` is {found}.\nName a property of `schema` that is of the type string, or leave it None."
    ),
    Clause.OPTIONS: (
        "The options that the check was given cannot be used: {reason}\nGive check_location_type an entry that works."
    ),
    Clause.SHORT_FORM: (
        "`{key}: {short}` is not the same as `{key}: {{{shorthand}: {short}}}`: {reason}\n"
        "What a bare string leaves out must have a default in `normalize`, and not be required by `schema`."
    ),
    Clause.NORMALIZE: (
        "normalize() raised {error}.\n"
        "Raise LocationError(reason=...) for what the user can mend; anything else is shown as a defect of the plugin."
    ),
    Clause.NORMALIZE_JSON: (
        "normalize() gave {found}, which JSON does not have.\n"
        "Give a mapping of strings, numbers, booleans, None, lists and mappings: str(path), list(values)."
    ),
    Clause.NORMALIZE_INPUT: (
        "normalize() changed the options that it was given: {before} became {after}.\n"
        "Change a copy: {{**options, ...}}."
    ),
    Clause.NORMALIZE_PATHS: (
        "normalize() left {option} relative: {value!r}.\nMake it absolute with str(context.path(...)): the code is "
        "loaded from another current folder."
    ),
    Clause.NORMALIZE_IDEMPOTENT: (
        "normalize() of what it gave itself is something else: {first} became {second}.\n"
        "What is normal must stay as it is, also for a workspace file in another folder."
    ),
    Clause.NORMALIZE_REFERENCES: (
        "normalize() does not leave the reference {reference} as it is in {option}: {found}.\n"
        'Add "writeOnly": False to the schema of {option}: normalize() is then given the value, which is shown and '
        "stored. If it is to be secret, leave it as it is, and use it in open()."
    ),
    Clause.DEFAULT_NAME: (
        "default_name() {found}.\nGive a string that is not empty for every mapping that passes the schema."
    ),
    Clause.DEFAULT_NAME_STABLE: (
        "default_name() gave {first!r}, and then {second!r} {when}.\n"
        "Make it of the options alone: the name must be the same on every machine."
    ),
    Clause.WATCH_PATHS: "watch_paths() {found}.\nGive absolute pathlib.Path objects, or nothing.",
    Clause.DEADLINE: (
        "open() had not returned {seconds:g} s after runtime.deadline, with a code server that stays LOADING.\n"
        "Return the code server without waiting for it, and end whatever else takes long at runtime.deadline."
    ),
    Clause.CACHE: (
        "What it keeps under {cache_key!r} names the folder in which it was made: {file}.\n"
        "cache_folder renames that folder when it is filled. Make what is in it movable, as `uv venv --relocatable` "
        "does, or leave the path out."
    ),
    Clause.READY: (
        "The location is {state} and not READY with a repository{reason}.\n"
        "If the options are right, correct open(): a code server tells State.READY with its repositories."
    ),
    Clause.SERVER_ID: (
        "{found}.\nEach open() must begin a new life of the code: ServerStatus(server=ServerInfo(id=...)) with an id "
        "that nobody had before."
    ),
    Clause.OUTPUT: "output() of its code server {found}.\nGive a string; the empty one when nothing is kept.",
    Clause.CLOSE: (
        "close() of its code server raised {error}.\n"
        "It must raise nothing, and do nothing when it is called again, by any thread."
    ),
    Clause.AT_ONCE: (
        "Opened {count} times at once, {reason}.\n"
        "One instance serves every entry of its key from several threads: keep nothing of one entry in `self`."
    ),
    Clause.REFUSAL: (
        "With {options} the type fails in place of refusing: {reason}\n"
        'Raise LocationError(reason="what is wrong.\\nWhat to do.") where you meet it.'
    ),
    Clause.REFUSED: (
        "{options} should be refused, and the location is {state}.\n"
        "Raise LocationError from normalize or open, or leave them out of `refused`."
    ),
    Clause.CLOSE_WHILE_OPENING: (
        "Closed while it was opening, it left behind: {left}.\n"
        "What open() starts must end with the code server that it gives, and when open() itself fails."
    ),
    Clause.LEFT_BEHIND: (
        "Closed, it left behind: {left}.\nEnd and wait for it in close() of the code server, or before open() returns."
    ),
}


class ContractError(AssertionError):
    """A location type breaks a clause of its contract. ``key``: the type's; ``fields``: what the words need."""

    def __init__(self, clause: Clause, key: str, **fields: Any) -> None:
        super().__init__(clause, key, fields)
        self.clause = clause
        self.key = key
        self.fields = fields

    def __str__(self) -> str:
        words = MESSAGES[self.clause].format(key=self.key, **self.fields)
        return f"The location type {self.key!r} breaks {self.clause.value}.\n{words}"


def words_of(error: BaseException) -> str:
    """Name an exception in one line."""
    return f"{type(error).__name__}: {error}"

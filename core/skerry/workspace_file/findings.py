"""What is wrong, as data: a code, a place, and the fields that its words need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: Line and column in the file, both from 1.
Place = tuple[int, int]


class Code(StrEnum):
    """Every problem a workspace file can have. The values are stable: they stand in ``--json`` and are documented."""

    # The file fails whole.
    FILE_NOT_FOUND = "FILE_NOT_FOUND"
    FILE_IS_FOLDER = "FILE_IS_FOLDER"
    FILE_UNREADABLE = "FILE_UNREADABLE"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    NOT_UTF8 = "NOT_UTF8"
    EMPTY_FILE = "EMPTY_FILE"
    SEVERAL_DOCUMENTS = "SEVERAL_DOCUMENTS"
    TOO_DEEP = "TOO_DEEP"
    RECURSIVE_ANCHOR = "RECURSIVE_ANCHOR"
    NOT_A_MAPPING = "NOT_A_MAPPING"
    NO_LOAD_FROM = "NO_LOAD_FROM"
    LOAD_FROM_NOT_A_LIST = "LOAD_FROM_NOT_A_LIST"
    DUPLICATE_LOAD_FROM = "DUPLICATE_LOAD_FROM"
    # It fails whole because it is not YAML.
    YAML_TAB = "YAML_TAB"
    YAML_UNCLOSED_BRACKET = "YAML_UNCLOSED_BRACKET"
    YAML_UNCLOSED_QUOTE = "YAML_UNCLOSED_QUOTE"
    YAML_UNKNOWN_ESCAPE = "YAML_UNKNOWN_ESCAPE"
    YAML_MISPLACED_COLON = "YAML_MISPLACED_COLON"
    YAML_MISSING_COLON = "YAML_MISSING_COLON"
    YAML_INDENTATION = "YAML_INDENTATION"
    YAML_CHARACTER = "YAML_CHARACTER"
    YAML_CONTROL_CHARACTER = "YAML_CONTROL_CHARACTER"
    YAML_ANCHOR_WITHOUT_NAME = "YAML_ANCHOR_WITHOUT_NAME"
    YAML_BLOCK_HEADER = "YAML_BLOCK_HEADER"
    YAML_UNDEFINED_ALIAS = "YAML_UNDEFINED_ALIAS"
    YAML_DUPLICATE_ANCHOR = "YAML_DUPLICATE_ANCHOR"
    YAML_SYNTAX = "YAML_SYNTAX"
    # The file beside its entries.
    UNKNOWN_TOP_LEVEL_KEY = "UNKNOWN_TOP_LEVEL_KEY"
    EMPTY_LOAD_FROM = "EMPTY_LOAD_FROM"
    UNKNOWN_RUN_LAUNCHER = "UNKNOWN_RUN_LAUNCHER"
    SEVERAL_RUN_LAUNCHERS = "SEVERAL_RUN_LAUNCHERS"
    RUN_LAUNCHER_OVERRIDDEN = "RUN_LAUNCHER_OVERRIDDEN"
    # YAML that is not what it looks like; costs the entry that it stands in.
    DUPLICATE_KEY = "DUPLICATE_KEY"
    KEY_NOT_A_STRING = "KEY_NOT_A_STRING"
    KEY_NOT_A_SCALAR = "KEY_NOT_A_SCALAR"
    NOT_JSON = "NOT_JSON"
    UNREADABLE_VALUE = "UNREADABLE_VALUE"
    UNKNOWN_TAG = "UNKNOWN_TAG"
    MERGE_NOT_A_MAPPING = "MERGE_NOT_A_MAPPING"
    ALIASES_TOO_LARGE = "ALIASES_TOO_LARGE"
    # The shape of an entry.
    ENTRY_NOT_A_MAPPING = "ENTRY_NOT_A_MAPPING"
    ENTRY_EMPTY = "ENTRY_EMPTY"
    SEVERAL_TYPES = "SEVERAL_TYPES"
    KEY_BESIDE_TYPE = "KEY_BESIDE_TYPE"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    DEPRECATED_TYPE = "DEPRECATED_TYPE"
    OPTIONS_MISSING = "OPTIONS_MISSING"
    OPTIONS_NOT_A_MAPPING = "OPTIONS_NOT_A_MAPPING"
    # The options, against the schema of their type.
    WRONG_TYPE = "WRONG_TYPE"
    MISSING_KEY = "MISSING_KEY"
    ONE_KEY_OF_SEVERAL = "ONE_KEY_OF_SEVERAL"
    EXCLUSIVE_KEYS = "EXCLUSIVE_KEYS"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    NOT_A_CHOICE = "NOT_A_CHOICE"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    WRONG_PATTERN = "WRONG_PATTERN"
    CONTROL_CHARACTER = "CONTROL_CHARACTER"
    AGAINST_SCHEMA = "AGAINST_SCHEMA"
    WRONG_KEY = "WRONG_KEY"
    # References to environment variables.
    UNSET_VARIABLE = "UNSET_VARIABLE"
    UNSUITABLE_VARIABLE = "UNSUITABLE_VARIABLE"
    MALFORMED_REFERENCE = "MALFORMED_REFERENCE"
    # What the location type says, or fails to say.
    ENTRY_REFUSED = "ENTRY_REFUSED"
    PLUGIN_BROKEN = "PLUGIN_BROKEN"
    PLUGIN_FAILED = "PLUGIN_FAILED"
    PLUGIN_INSTALLED_TWICE = "PLUGIN_INSTALLED_TWICE"
    # Entries together.
    DUPLICATE_LOCATION_NAME = "DUPLICATE_LOCATION_NAME"
    LOCATION_OVERRIDDEN = "LOCATION_OVERRIDDEN"


@dataclass(frozen=True)
class Finding:
    """One thing wrong at ``place`` (None: nowhere in particular). ``fields``: what its words are made of."""

    code: Code
    place: Place | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


class FileError(Exception):
    """The file fails whole. Stays within this room: the reader collects the findings of every file."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings = tuple(findings)


def file_error(code: Code, place: Place | None = None, **fields: Any) -> FileError:
    """Make the error that has one finding."""
    return FileError([Finding(code, place, fields)])

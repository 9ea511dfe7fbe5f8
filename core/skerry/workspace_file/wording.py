"""Every sentence about a workspace file: what is wrong, and what to do about it.

A code's words are a message and a hint, both templates over the fields of its findings, or a function that makes
them where they depend on more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from skerry.model import Problem, Severity
from skerry.workspace_file.findings import Code, Finding
from skerry.workspace_file.nearest import nearest

#: Message and hint.
Words: TypeAlias = tuple[str, str]

_WARNINGS = frozenset(
    {
        Code.DEPRECATED_TYPE,
        Code.EMPTY_LOAD_FROM,
        Code.LOCATION_OVERRIDDEN,
        Code.PLUGIN_INSTALLED_TWICE,
        Code.RUN_LAUNCHER_OVERRIDDEN,
    }
)


def problem_of(finding: Finding, file: str, location: str | None) -> Problem:
    """Make the problem that people and tools see. ``location``: the name of the entry it belongs to."""
    words = _WORDS[finding.code]
    fields = finding.fields
    message, hint = words(fields) if callable(words) else (part.format(**fields) for part in words)
    line, column = finding.place or (None, None)
    severity = Severity.WARNING if finding.code in _WARNINGS else Severity.ERROR
    return Problem(severity, finding.code.value, location, file, line, column, message, hint)


_TYPES = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}

_EXAMPLE = "Write, for example:\n    load_from:\n      - python_file: hello_world_repository.py"


def _names(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys) or "none"


def _did_you_mean(key: str, known: Iterable[str]) -> str:
    near = nearest(key, known)
    return f"Did you mean `{near}`? " if near else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _times(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def _file_not_found(fields: Mapping[str, Any]) -> Words:
    if fields["default"]:
        return "There is no such file.", "Create it, or say what to load with -w, -f or -m."
    return "There is no such file.", "Correct the path given with -w."


def _not_a_mapping(fields: Mapping[str, Any]) -> Words:
    message = f"The file must be a mapping with the key `load_from`; this is {_TYPES[fields['found']]}."
    return message, _EXAMPLE


def _load_from_not_a_list(fields: Mapping[str, Any]) -> Words:
    if fields["found"] == "null":
        return "`load_from` has no value; it must be a list of entries.", _EXAMPLE
    return f"`load_from` must be a list of entries, and is {_TYPES[fields['found']]}.", _EXAMPLE


def _not_utf8(fields: Mapping[str, Any]) -> Words:
    message = f"The file is not UTF-8: byte {fields['byte']:#04x} at offset {fields['offset']} belongs to no character."
    return message, "Save the file as UTF-8."


def _unclosed_bracket(fields: Mapping[str, Any]) -> Words:
    bracket = fields["bracket"]
    end = {"[": "]", "{": "}"}[bracket]
    stopped = f", as line {fields['stopped']} shows" if fields["stopped"] else ""
    hint = f"Add the `{end}`; its items are separated by commas. A value that begins with `{bracket}` wants quotes."
    return f"The `{bracket}` is not closed{stopped}.", hint


def _control_character(fields: Mapping[str, Any]) -> Words:
    return f"The character U+{ord(fields['character']):04X} is not allowed in YAML.", "Remove it."


def _undefined_alias(fields: Mapping[str, Any]) -> Words:
    near = _did_you_mean(fields["name"], fields["known"])
    hint = f"{near}Define it before its use with `&{fields['name']}`; a value that begins with `*` wants quotes."
    return f"No anchor is called `{fields['name']}`.", hint


def _unknown_key(fields: Mapping[str, Any]) -> Words:
    known = f"Known keys: {_names(fields['known'])}." if fields["known"] else "Remove it."
    owner = f" under `{fields['name']}`" if fields["name"] else ""
    return f"Unknown key `{fields['key']}`{owner}.", _did_you_mean(fields["key"], fields["known"]) + known


def _missing_key(fields: Mapping[str, Any]) -> Words:
    message = f"`{fields['name']}` needs the key `{fields['key']}`."
    if fields.get("example") is None:
        return message, "Add it."
    return message, f"Add it, for example `{fields['key']}: {fields['example']}`."


def _duplicate_key(fields: Mapping[str, Any]) -> Words:
    return f"The key `{fields['key']}` is here twice: first on line {fields['first']}.", "Remove one of them."


def _key_not_a_string(fields: Mapping[str, Any]) -> Words:
    if "reading" not in fields:
        return f"The key {fields['key']} is not a string.", "Use strings as keys."
    if not fields["key"]:
        return "A key is missing before the colon.", "Write the key, or remove the line."
    hint = f"Put it in quotes: {_quoted(fields['key'])}."
    return f"The key `{fields['key']}` is not a string: YAML reads it as {fields['reading']}.", hint


def _entry_not_a_mapping(fields: Mapping[str, Any]) -> Words:
    message = f"An entry is a mapping of a location type to its options; this is {_TYPES[fields['found']]}."
    if fields["found"] == "string":
        return message, f"Write the type before it, for example `- python_file: {fields['written']}`."
    return message, "Write, for example, `- python_file: hello_world_repository.py`."


def _key_beside_type(fields: Mapping[str, Any]) -> Words:
    message = f"`{fields['key']}` stands beside `{fields['type']}`, and belongs under it."
    below = f"Indent it below `{fields['type']}:`"
    if fields["short"]:
        return message, f"{below}, and move what stands behind that colon to a line of its own there."
    return message, f"{below}."


def _several_types(fields: Mapping[str, Any]) -> Words:
    message = f"One entry has several location types: {_names(fields['types'])}."
    return message, f"Give each an entry of its own: begin this line with `- {fields['second']}:`."


def _unknown_type(fields: Mapping[str, Any]) -> Words:
    known = f"Installed types: {_names(fields['known'])}."
    return f"Unknown location type `{fields['key']}`.", _did_you_mean(fields["key"], fields["known"]) + known


def _unknown_run_launcher(fields: Mapping[str, Any]) -> Words:
    known = f"Installed run launchers: {_names(fields['known'])}."
    return f"Unknown run launcher `{fields['key']}`.", _did_you_mean(fields["key"], fields["known"]) + known


def _several_run_launchers(fields: Mapping[str, Any]) -> Words:
    return f"`run_launcher` names several: {_names(fields['types'])}.", "Remove all but one of them."


def _options_missing(fields: Mapping[str, Any]) -> Words:
    message = f"There is nothing under `{fields['key']}`."
    if fields["shorthand"]:
        return message, f"Write its `{fields['shorthand']}` behind the colon, or its options indented below."
    if fields["what"] == "run launcher" and not fields["required"]:
        return message, f"Write its options indented below, or `run_launcher: {fields['key']}` if it is to have none."
    return message, _write_below(fields["required"])


def _write_below(required: Iterable[Iterable[str]]) -> str:
    needed = ", ".join(" or ".join(f"`{key}`" for key in keys) for keys in required) or "none"
    return f"Write its options indented below; required: {needed}."


def _options_not_a_mapping(fields: Mapping[str, Any]) -> Words:
    key, shorthand, found = fields["key"], fields["shorthand"], fields["found"]
    if not shorthand:
        return f"`{key}` takes a mapping of options; this is {_TYPES[found]}.", _write_below(fields["required"])
    message = f"`{key}` takes its `{shorthand}` as a string, or a mapping of options; this is {_TYPES[found]}."
    if found == "array":
        return message, f"Write an entry for each: `- {key}: ...`."
    return message, f"Put it in quotes: {_quoted(fields['written'])}."


def _wrong_type(fields: Mapping[str, Any]) -> Words:
    name, found, written = fields["name"], fields["found"], fields["written"]
    expected = " or ".join(_TYPES.get(one, one) for one in fields["expected"])
    if found == "null":
        return f"`{name}` has no value; it must be {expected}.", "Give it a value, or remove the line."
    if found in ("array", "object"):
        return f"`{name}` must be {expected}, and is {_TYPES[found]}.", f"Write {expected}."
    message = f"`{name}` must be {expected}; `{written}` is {_TYPES[found]}."
    if found == "string":
        return message, "Remove the quotes." if written.isdecimal() else f"Write {expected}."
    return message, f"Put it in quotes: {_quoted(written)}." if "string" in fields["expected"] else f"Write {expected}."


def _one_key_of_several(fields: Mapping[str, Any]) -> Words:
    return f"`{fields['name']}` needs one of {_names(fields['keys'])}.", "Add one of them."


def _exclusive_keys(fields: Mapping[str, Any]) -> Words:
    keys = " and ".join(f"`{key}`" for key in fields["keys"])
    return f"{keys} exclude each other.", "Remove all but one of them."


def _not_a_choice(fields: Mapping[str, Any]) -> Words:
    choices = [choice if isinstance(choice, str) else json.dumps(choice) for choice in fields["choices"]]
    found = fields["found"]
    shown = found if isinstance(found, str) else json.dumps(found)
    message = f"`{fields['name']}` cannot be `{shown}`."
    return message, f"{_did_you_mean(shown, choices)}It is one of {_names(choices)}."


_ITEMS = {"string": "character", "array": "item", "object": "key"}


def _too_short(fields: Mapping[str, Any]) -> Words:
    least = _times(fields["limit"], _ITEMS[fields["found"]])
    if fields["limit"] == 1:
        return f"`{fields['name']}` must not be empty.", "Give it a value, or remove it."
    return f"`{fields['name']}` is too short: it needs at least {least}.", "Make it longer."


def _too_long(fields: Mapping[str, Any]) -> Words:
    most = _times(fields["limit"], _ITEMS[fields["found"]])
    return f"`{fields['name']}` is too long: it may have at most {most}.", "Make it shorter."


_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def _out_of_range(fields: Mapping[str, Any]) -> Words:
    bound = f"{_BOUNDS[fields['rule']]} {fields['limit']}"
    return f"`{fields['name']}` must be {bound}, and is {fields['found']}.", f"Write a number that is {bound}."


def _unsuitable_variable(fields: Mapping[str, Any]) -> Words:
    expected = " or ".join(_TYPES.get(one, one) for one in fields["expected"])
    message = f"`{fields['name']}` must be {expected}; the value of the variable `{fields['variable']}` is not."
    return message, "Set the variable to one."


def _entry_refused(fields: Mapping[str, Any]) -> Words:
    message, _, hint = fields["reason"].partition("\n")
    return message, hint


_WORDS: Mapping[Code, Words | Callable[[Mapping[str, Any]], Words]] = {
    Code.FILE_NOT_FOUND: _file_not_found,
    Code.FILE_IS_FOLDER: ("This is a folder, not a workspace file.", "Name the file in it, as in -w workspace.yaml."),
    Code.FILE_UNREADABLE: ("The file cannot be read: {reason}.", "Correct its permissions, or the path."),
    Code.FILE_TOO_LARGE: ("The file is larger than {megabytes} MB.", "Split it, and give each part with a -w."),
    Code.NOT_UTF8: _not_utf8,
    Code.EMPTY_FILE: ("The file is empty.", _EXAMPLE),
    Code.SEVERAL_DOCUMENTS: (
        "A second document begins here; a workspace file is one document.",
        "Remove the `---`, or move the rest into a file of its own and give both with -w.",
    ),
    Code.TOO_DEEP: ("The values are nested deeper than {deepest} levels.", "Flatten them."),
    Code.RECURSIVE_ANCHOR: (
        "The alias `*{name}` stands inside what it refers to, the anchor on line {line}.",
        "Write out the value in place of the alias.",
    ),
    Code.NOT_A_MAPPING: _not_a_mapping,
    Code.NO_LOAD_FROM: ("The key `load_from` is missing.", _EXAMPLE),
    Code.LOAD_FROM_NOT_A_LIST: _load_from_not_a_list,
    Code.DUPLICATE_LOAD_FROM: (
        "`load_from` is here twice: first on line {first}.",
        "Put all the entries into one list.",
    ),
    Code.YAML_TAB: ("A tab is used for indentation.", "Indent with spaces: YAML allows no tabs there."),
    Code.YAML_UNCLOSED_BRACKET: _unclosed_bracket,
    Code.YAML_UNCLOSED_QUOTE: ("The quotes that open here are not closed.", "Add the closing {quote}"),
    Code.YAML_UNKNOWN_ESCAPE: (
        "There is no such escape sequence.",
        "Write the backslash twice, or put the value in single quotes.",
    ),
    Code.YAML_MISPLACED_COLON: (
        "A key cannot stand here.",
        "Put the value in quotes if the colon belongs to it; otherwise correct the indentation.",
    ),
    Code.YAML_MISSING_COLON: ("The key has no colon.", "Write a colon and a space behind it."),
    Code.YAML_INDENTATION: (
        "This does not fit into the block that begins on line {began}.",
        "Indent it like the lines that it belongs with; items of a list begin with `- `.",
    ),
    Code.YAML_CHARACTER: ("A value cannot begin with `{character}`.", "Put the value in quotes."),
    Code.YAML_CONTROL_CHARACTER: _control_character,
    Code.YAML_ANCHOR_WITHOUT_NAME: ("No name follows the `{character}`.", "Put the value in quotes if it is text."),
    Code.YAML_BLOCK_HEADER: (
        "Nothing may follow the `{character}` on its line.",
        "Begin the text on the next line, or put the value in quotes.",
    ),
    Code.YAML_UNDEFINED_ALIAS: _undefined_alias,
    Code.YAML_DUPLICATE_ANCHOR: ("The anchor `&{name}` is also on line {line}.", "Give one of them another name."),
    Code.YAML_SYNTAX: ("The YAML cannot be understood: {detail}.", "Correct it here or just above."),
    Code.UNKNOWN_TOP_LEVEL_KEY: _unknown_key,
    Code.EMPTY_LOAD_FROM: ("`load_from` is empty: there is nothing to load.", "Add an entry."),
    Code.UNKNOWN_RUN_LAUNCHER: _unknown_run_launcher,
    Code.SEVERAL_RUN_LAUNCHERS: _several_run_launchers,
    Code.RUN_LAUNCHER_OVERRIDDEN: (
        "This overrides the `run_launcher` of {earlier}.",
        "Remove one of the two if that is not meant.",
    ),
    Code.DUPLICATE_KEY: _duplicate_key,
    Code.KEY_NOT_A_STRING: _key_not_a_string,
    Code.KEY_NOT_A_SCALAR: (
        "A list or mapping stands where a key should.",
        "A value that begins with `{{` or `[` wants quotes.",
    ),
    Code.NOT_JSON: ("`{written}` is {reading}, which no option takes.", "Put it in quotes if it is text."),
    Code.UNREADABLE_VALUE: ("`{written}` looks like {reading}, and is none.", "Put it in quotes if it is text."),
    Code.UNKNOWN_TAG: ("The tag `{tag}` means nothing in a workspace file.", "Remove it."),
    Code.MERGE_NOT_A_MAPPING: ("`<<` takes an alias of a mapping, or a list of them.", "Put an anchor on a mapping."),
    Code.ALIASES_TOO_LARGE: (
        "With its aliases followed, this is larger than a workspace may be.",
        "Write out what is needed in place of the aliases.",
    ),
    Code.ENTRY_NOT_A_MAPPING: _entry_not_a_mapping,
    Code.ENTRY_EMPTY: ("The entry is empty.", "Write, for example, `- python_file: hello_world_repository.py`."),
    Code.SEVERAL_TYPES: _several_types,
    Code.KEY_BESIDE_TYPE: _key_beside_type,
    Code.UNKNOWN_TYPE: _unknown_type,
    Code.DEPRECATED_TYPE: ("`{key}` is deprecated.", "Instead, {advice}."),
    Code.OPTIONS_MISSING: _options_missing,
    Code.OPTIONS_NOT_A_MAPPING: _options_not_a_mapping,
    Code.WRONG_TYPE: _wrong_type,
    Code.MISSING_KEY: _missing_key,
    Code.ONE_KEY_OF_SEVERAL: _one_key_of_several,
    Code.EXCLUSIVE_KEYS: _exclusive_keys,
    Code.UNKNOWN_KEY: _unknown_key,
    Code.NOT_A_CHOICE: _not_a_choice,
    Code.TOO_SHORT: _too_short,
    Code.TOO_LONG: _too_long,
    Code.OUT_OF_RANGE: _out_of_range,
    Code.WRONG_PATTERN: ("`{name}` cannot be `{found}`.", "It must match the pattern {pattern}"),
    Code.CONTROL_CHARACTER: ("`{name}` holds a line break or another control character.", "Write it on one line."),
    Code.AGAINST_SCHEMA: ("`{name}` is not as it should be: {detail}.", "Correct it."),
    Code.WRONG_KEY: ("`{key}` cannot be a key of `{name}`.", "Its keys keep to the rule `{rule}`."),
    Code.UNSET_VARIABLE: (
        "The environment variable `{name}` is not set.",
        "Set it before Skerry starts, or give a default: `${{{name}:-default}}`.",
    ),
    Code.UNSUITABLE_VARIABLE: _unsuitable_variable,
    Code.MALFORMED_REFERENCE: (
        "`{written}` holds a reference that cannot be understood.",
        "Write `${{NAME}}` or `${{NAME:-default}}`, with letters, digits and underscores; `$${{` is a literal `${{`.",
    ),
    Code.ENTRY_REFUSED: _entry_refused,
    Code.PLUGIN_INSTALLED_TWICE: ("{reason}", "{advice}"),
    Code.PLUGIN_BROKEN: ("{reason}", "{advice}"),
    Code.PLUGIN_FAILED: (
        "The {what} `{key}` ({distribution}) failed in its {asked}: {reason}.",
        "This is a defect of the plugin: report it to its authors.",
    ),
    Code.DUPLICATE_LOCATION_NAME: (
        "The location name {location!r} is taken by the entry {first}.",
        "Give one of the two another `location_name`.",
    ),
    Code.LOCATION_OVERRIDDEN: (
        "This overrides the location {location!r} of {earlier}.",
        "Give it another `location_name` if both are wanted.",
    ),
}

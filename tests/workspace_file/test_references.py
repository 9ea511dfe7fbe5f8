"""Values from the environment: what is read, what may be stored, and what a location is opened with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from skerry import LocationError
from skerry.model import Origin
from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry.workspace_file import Entry, read_workspace_files, resolve_origin

Read = Callable[[str], Entry]

SERVICE = """
from skerry.plugin import LocationType, hookimpl


class Service(LocationType):
    key = "service"
    summary = "A service with a password"
    schema = {
        "type": "object",
        "properties": {
            "host": {"type": "string"},
            "port": {"type": "integer", "minimum": 1},
            "mode": {"enum": ["fast", "safe"]},
            "verbose": {"type": "boolean"},
            "ratio": {"type": "number"},
            "folder": {"type": "string", "writeOnly": False},
            "password": {"type": "string", "writeOnly": True},
            "pins": {"type": "array", "items": {"type": "integer"}, "writeOnly": True},
        },
        "additionalProperties": False,
    }

    def normalize(self, options, context):
        folder = {"folder": str(context.path(options["folder"]))} if "folder" in options else {}
        return {**options, **folder}

    def default_name(self, options):
        return options.get("host", "service")

    def open(self, origin, runtime):
        raise AssertionError


@hookimpl
def skerry_location_types():
    return [Service()]
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    name = f"service_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(SERVICE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return Registry([EntryPoint("service", name, "skerry.plugins")])


@pytest.fixture
def read(write: Callable[[str, str], Path], registry: Registry) -> Read:
    def read_one(options: str) -> Entry:
        path = write("workspace.yaml", f"load_from:\n  - service: {options}\n")
        (entry,) = read_workspace_files([path], registry).entries
        return entry

    return read_one


def opened(entry: Entry, registry: Registry, **environment: str) -> tuple[Origin, frozenset[str]]:
    assert entry.origin, entry.problems
    service: LocationType = registry.get("service")
    stored = Origin.from_json(json.loads(json.dumps(entry.origin.to_json())))
    return resolve_origin(stored, service.schema, entry.written, environment)


@pytest.mark.parametrize("written", ["'${TOKEN}'", '"${TOKEN}"', "{env: TOKEN}"])
def test_a_secret_is_stored_as_its_reference_and_opened_as_its_value(
    read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret-of-then")

    entry = read(f"{{host: {written}}}")

    assert entry.origin
    assert entry.origin.options == {"host": "${TOKEN}"}
    origin, secrets = opened(entry, registry, TOKEN="s3cret-of-now")
    assert origin.options == {"host": "s3cret-of-now"}
    assert secrets == {"s3cret-of-now"}


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("port", "4266", 4266),
        ("ratio", "0.25", 0.25),
        ("ratio", "2", 2),
        ("verbose", "true", True),
        ("verbose", "False", False),
        ("host", "4266", "4266"),
        ("mode", "safe", "safe"),
    ],
)
def test_one_whole_reference_becomes_what_the_schema_wants(
    read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch, option: str, text: str, value: Any
) -> None:
    monkeypatch.setenv("VALUE", text)

    origin, _ = opened(read(f"{{{option}: '${{VALUE}}'}}"), registry, VALUE=text)

    assert origin.options == {option: value}
    assert type(origin.options[option]) is type(value)


@pytest.mark.parametrize("text", ["4266x", "4.5", "", "1e3", " 1", "true"])
def test_a_value_of_the_wrong_type_is_told_by_its_variable_and_not_shown(
    read: Read, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("VALUE", text)

    (problem,) = read("{port: '${VALUE}'}").problems

    assert problem.code == "UNSUITABLE_VARIABLE"
    assert problem.message == "`port` must be a whole number; the value of the variable `VALUE` is not."


def test_a_value_against_the_schema_is_shown_as_its_reference(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALUE", "xyz")

    (problem,) = read("{mode: '${VALUE}'}").problems

    assert problem.message == "`mode` cannot be `${VALUE}`."
    assert "xyz" not in str(problem)


def test_text_around_references_is_kept_and_defaults_fill_in(
    read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    entry = read("{host: 'https://${USER_NAME:-guest}@${EMPTY:-localhost}/$${literal}$x'}")

    origin, secrets = opened(entry, registry, EMPTY="")

    assert origin.options == {"host": "https://guest@localhost/${literal}$x"}
    assert secrets == set(), "a default stands in the file for all to see"


def test_a_value_is_never_taken_for_a_reference_itself(
    read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDER", "/data/${HOME}")

    entry = read("{folder: '${FOLDER}/in', host: '${FOLDER}'}")

    origin, secrets = opened(entry, registry, FOLDER="/data/${HOME}")
    assert origin.options == {"folder": "/data/${HOME}/in", "host": "/data/${HOME}"}
    assert secrets == {"/data/${HOME}"}


def test_what_the_schema_calls_no_secret_is_made_absolute_and_stored(
    read: Read, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDER", "inner")

    entry = read("{folder: '${FOLDER}/data'}")

    assert entry.origin
    assert entry.origin.options == {"folder": str(tmp_path / "inner" / "data")}
    assert opened(entry, registry)[1] == set()


@pytest.mark.parametrize(
    ("written", "value"),
    [("hunter2", "hunter2"), ("'a${TOKEN}$${b}'", "as3cret${b}"), ("'${TOKEN}'", "s3cret")],
)
def test_a_write_only_option_is_opened_and_never_stored(
    read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch, written: str, value: str
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")

    entry = read(f"{{password: {written}, pins: [1234, 5678]}}")

    assert entry.origin
    stored = json.dumps(entry.origin.to_json())
    assert not [one for one in ("hunter2", "s3cret", "1234", "5678") if one in stored + repr(entry)]
    origin, secrets = opened(entry, registry, TOKEN="s3cret")
    assert origin.options == {"password": value, "pins": [1234, 5678]}
    assert {value, "1234", "5678"} <= secrets


def test_a_write_only_option_that_is_wrong_is_not_shown(read: Read) -> None:
    entry = read("{password: 2021-11-30, pins: [hunter2]}")

    assert len(entry.problems) == 2
    assert "hunter2" not in str(entry.problems)
    assert "2021" not in str(entry.problems)


def test_env_is_text_as_it_is_written(read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    entry = read("{env: {A: 3.10, B: on, C: 0x10, D: '', E: '${TOKEN}', F: {env: TOKEN}, G: '$${x}', H: x}}")

    assert entry.origin
    assert "s3cret" not in json.dumps(entry.origin.to_json())
    origin, secrets = opened(entry, registry, TOKEN="s3cret")
    values = {"A": "3.10", "B": "on", "C": "0x10", "D": "", "E": "s3cret", "F": "s3cret", "G": "${x}", "H": "x"}
    assert origin.env == values
    assert secrets == {"s3cret"}


def test_a_variable_that_went_away_is_an_error_of_the_location(
    read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    entry = read("{host: '${TOKEN}'}")

    with pytest.raises(LocationError, match="`TOKEN` is not set any more"):
        opened(entry, registry)


def test_names_and_limits_may_come_from_the_environment(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", "sales")
    monkeypatch.setenv("LIMIT", "12.5")

    entry = read("{location_name: 'team-${TEAM}', startup_timeout: {env: LIMIT}}")

    assert entry.origin
    assert (entry.name, entry.origin.startup_timeout) == ("team-sales", 12.5)


def test_an_alias_to_a_reference_is_resolved_at_each_place(
    read: Read, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    entry = read("{env: &shared {A: '${TOKEN}'}, host: &host '${TOKEN}', mode: '${MODE:-safe}', folder: *host}")

    assert entry.origin
    assert entry.origin.options["folder"].endswith("/s3cret"), "public at one place"
    assert entry.origin.options["host"] == "${TOKEN}", "and secret at the other"


ENV_FILES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "plain": ("A=1\nB = two words \nC=\n", {"A": "1", "B": "two words", "C": ""}),
    "comments": ("# one\n\n  # two\nA=1 # three\nB=a#b\nC= # four\n", {"A": "1", "B": "a#b", "C": ""}),
    "export": ("export A=1\nexport\tB=2\nexported=3\n", {"A": "1", "B": "2", "exported": "3"}),
    "single quotes": ("A='$x \\n # \"q\"' # c\n", {"A": '$x \\n # "q"'}),
    "double quotes": ('A="a\\nb\\"c\\\\d\\$e # f" # c\n', {"A": 'a\nb"c\\d$e # f'}),
    "windows": ("\ufeffA=1\r\nB='2'\r\n", {"A": "1", "B": "2"}),
    "twice": ("A=1\nA=2\n", {"A": "2"}),
    "no references": ("A=${TOKEN}\n", {"A": "${TOKEN}"}),
}


@pytest.mark.parametrize("case", ENV_FILES)
def test_an_env_file_is_read_line_by_line(
    read: Read, registry: Registry, write: Callable[[str, str], Path], case: str
) -> None:
    text, expected = ENV_FILES[case]
    write("secrets.env", "").write_bytes(text.encode())

    origin, secrets = opened(read("{env_file: secrets.env}"), registry)

    assert origin.env == expected
    assert secrets == set(expected.values())


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"A=1\nhunter2\n", 2, "This line is not NAME=VALUE."),
        (b"A=1\n\n1A=hunter2\n", 3, "This line is not NAME=VALUE."),
        (b"A='hunter2\n", 1, "The quotes of `A` are not closed."),
        (b'A="hunter2" hunter2\n', 1, "The quotes of `A` are not closed."),
        (b"A=1\nB=\xff\n", 2, "This is not UTF-8."),
        (b"A=1\nB=\0\n", 2, "There is a zero byte"),
    ],
)
def test_a_wrong_env_file_is_told_by_its_line_and_shows_no_value(
    read: Read, registry: Registry, tmp_path: Path, data: bytes, line: int, what: str
) -> None:
    (tmp_path / "secrets.env").write_bytes(data)

    with pytest.raises(LocationError) as caught:
        opened(read("{env_file: secrets.env}"), registry)

    assert str(caught.value).startswith(f"{tmp_path}/secrets.env:{line}: {what}")
    assert "hunter2" not in str(caught.value)


def test_env_comes_before_env_files_and_a_later_file_before_an_earlier(
    read: Read, registry: Registry, write: Callable[[str, str], Path]
) -> None:
    write("one.env", "A=1\nB=1\nC=1\n")
    write("two.env", "B=2\nC=2\n")

    origin, _ = opened(read("{env_file: [one.env, two.env], env: {C: 3}}"), registry)

    assert origin.env == {"A": "1", "B": "2", "C": "3"}


def test_a_missing_env_file_is_an_error_of_the_location(read: Read, registry: Registry, tmp_path: Path) -> None:
    entry = read("{env_file: secrets.env}")

    with pytest.raises(LocationError, match=f"{tmp_path}/secrets.env cannot be read: No such file"):
        opened(entry, registry)


def test_an_option_that_a_type_spoils_is_that_types_fault(read: Read, registry: Registry) -> None:
    entry = read("{host: x}")
    assert entry.origin
    spoiled = replace(entry, origin=replace(entry.origin, options={"host": "${"}))

    with pytest.raises(LocationError, match="holds a malformed"):
        opened(spoiled, registry)

"""Any record goes out as JSON text and comes back the same, whatever a newer or older peer adds or leaves out."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.records import CLASSES, records

from skerry.model import PipelineSnapshot, Record

ANY_RECORD = st.one_of([records(one) for one in CLASSES])
#: What JSON numbers of other makers lose, and what is written in other alphabets.
AWKWARD = PipelineSnapshot(
    name="p",
    tags={"team": "\u202e\U0001f3dd", "": "\udcff"},
    file="/caf\udce9.py",
    config_schema={"enum": [9007199254740993, 3, 3.0, -0.0, 1e300, None, True], "\x00": "\u2028"},
)


def json_names(record: Record) -> dict[str, str]:
    """Give the fields that JSON knows, each with its name there."""
    fields = dataclasses.fields(record)  # type: ignore[arg-type]
    names = {field.name: field.metadata.get("json", field.name) for field in fields}
    return {field: name for field, name in names.items() if name is not None}


def defaults(record: Record) -> dict[str, Any]:
    """Give the fields that JSON knows and that may be absent there, each with what stands for it then."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        if field.default is not dataclasses.MISSING:
            found[field.name] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            found[field.name] = field.default_factory()
    return {name: value for name, value in found.items() if name in json_names(record)}


def test_every_class_of_the_model_is_tried() -> None:
    assert len(CLASSES) >= 15


@given(ANY_RECORD)
@example(AWKWARD)
def test_a_record_is_read_back_from_its_text(record: Record) -> None:
    read = type(record).from_json(json.loads(json.dumps(record.to_json())))
    assert read == record
    assert repr(read) == repr(record)  # which takes neither 3 for 3.0 nor "READY" for State.READY


@given(ANY_RECORD)
@example(AWKWARD)
def test_a_record_has_the_same_values_as_data_and_as_text(record: Record) -> None:
    assert type(record).from_json(record.to_json()) == record


@given(ANY_RECORD, st.text(min_size=1).map(lambda name: f"new {name}"), st.integers())
def test_keys_of_a_newer_version_are_ignored(record: Record, key: str, value: int) -> None:
    assert type(record).from_json({key: value, **record.to_json()}) == record


@given(ANY_RECORD, st.data())
def test_what_an_older_version_leaves_out_takes_its_default(record: Record, data: st.DataObject) -> None:
    names = json_names(record)
    with_default = defaults(record)
    absent = data.draw(st.sets(st.sampled_from(sorted(with_default)))) if with_default else set()
    written = record.to_json()
    for field in absent:
        del written[names[field]]
    expected = dataclasses.replace(record, **{field: with_default[field] for field in absent})  # type: ignore[type-var]
    assert type(record).from_json(written) == expected


@pytest.mark.parametrize("record", CLASSES, ids=lambda record: record.__name__)
@given(data=st.data())
def test_what_is_no_record_is_a_type_or_value_error(record: type[Record], data: st.DataObject) -> None:
    names = [field.metadata.get("json", field.name) or field.name for field in dataclasses.fields(record)]  # type: ignore[arg-type]
    leaf = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    wrong = data.draw(st.dictionaries(st.sampled_from(names), leaf))
    with contextlib.suppress(TypeError, ValueError):
        record.from_json(wrong)

"""A run config as it is shown is one that can be given again."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from skerry.workspace_file.run_config import read_run_config, write_run_config

#: Without control characters and line separators, of which YAML makes line breaks.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUES, max_size=3))
@example({"solids": {"a": {"config": {"day": "2026-11-29", "on": "no", "zero": "007", "time": "12:30:45"}}}})
def test_what_is_written_is_read_as_the_same(run_config: dict[str, Any]) -> None:
    assert read_run_config(write_run_config(run_config), "it") == run_config

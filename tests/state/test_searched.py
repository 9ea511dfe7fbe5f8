"""Any text can be searched for, and no two are taken for each other."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from skerry.state.searched import LONGEST, searched

TEXT = (
    st.text()
    | st.text(st.characters(categories=["Cs"]), max_size=3)
    | st.text(st.sampled_from("\0\\#0\udcff5c"))
    | st.text(min_size=250, max_size=400)
)


@given(TEXT, TEXT)
@example("\\", "\\005c")
@example("\0", "\\0000")
@example("x" * LONGEST, "x" * (LONGEST + 1))
@example("x" * 300, searched("x" * 300))
@example("\\" * 60, "\\" * 61)
def test_two_texts_have_two_forms(one: str, other: str) -> None:
    assert (searched(one) == searched(other)) is (one == other)


@given(TEXT)
def test_every_database_takes_it(text: str) -> None:
    form = searched(text)
    assert len(form) <= LONGEST
    assert "\0" not in form.encode().decode()


def test_what_is_usual_stays_as_it_is() -> None:
    for text in ("daily", "café/analytics.py", "20260504T063011-4f2a", "grpc:host:4266", ""):
        assert searched(text) == text

from __future__ import annotations

from pathlib import Path

import pytest

from skerry.console.render.layout import fold, middle
from skerry.console.text import duration, safe, short_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ü 名前", "plain ü 名前"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb\u2066", "a\\u202eb\\u2066"),
        ("a\rb\nc\x85", "a\\rb\\nc\\x85"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("tab\there", "tab    here"),
        ("no\xa0break", "no break"),
    ],
)
def test_what_could_disturb_a_terminal_is_shown_as_its_escape(text: str, expected: str) -> None:
    assert safe(text) == expected


def test_long_names_lose_their_middle() -> None:
    assert middle("abcdefghij", 10) == "abcdefghij"
    assert middle("abcdefghijk", 7) == "abc…ijk"
    assert middle("名前名前名前", 7) == "名…名前"


def test_folding_breaks_at_spaces_and_inside_long_words() -> None:
    assert fold("one two three", 8) == ["one two", "three"]
    assert fold("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert fold("  indented words", 12) == ["  indented", "  words"]
    assert fold("名前名前", 5) == ["名前", "名前"]


def test_paths_are_shown_from_here() -> None:
    assert short_path("/srv/workspace/a/b.py", Path("/srv/workspace")) == "a/b.py"
    assert short_path("/srv/workspace2/b.py", Path("/srv/workspace")) == "/srv/workspace2/b.py"


def test_durations_have_three_figures() -> None:
    assert [duration(seconds) for seconds in (0.0312, 1.2345, 12.3, 184.2)] == ["31 ms", "1.23 s", "12.30 s", "184 s"]

"""However a stream is cut into pieces, no part of a secret comes out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from skerry.user_process import masked_lines
from skerry.user_process.masked_lines import MaskedLines
from skerry.workspace_file import Masker

BLOCK = 64
SECRETS = [b"correct-horse", b"tr0ub4dor&3", "naïve".encode()]

pieces = some.sampled_from([*SECRETS, b"x" * 50, b"y", b"\n", b"\r", b"\xff\xc3", b"correct-hors"])


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masked_lines, "BLOCK", BLOCK)
        yield


@given(some.lists(pieces, max_size=30).map(b"".join), some.lists(some.integers(0, 500), max_size=10))
@example(b"x" * (3 * BLOCK - 5) + SECRETS[0], [])
def test_what_comes_out_is_what_came_in_with_its_secrets_masked(stream: bytes, cuts: list[int]) -> None:
    masker = Masker(secret.decode() for secret in SECRETS)
    lines = MaskedLines(lambda: masker)
    places = [0, *sorted(cuts), max([len(stream), *cuts])]
    chunks = [stream[start:end] for start, end in itertools.pairwise(places)]
    out = b"".join(block for chunk in chunks for block in lines.put(chunk)) + lines.end()
    assert out == masker.data(stream)
    assert not [secret for secret in SECRETS if secret in out]


@given(some.binary(max_size=300))
def test_without_secrets_nothing_is_kept_back(stream: bytes) -> None:
    lines = MaskedLines(Masker)
    assert b"".join(lines.put(stream)) == stream
    assert lines.end() == b""

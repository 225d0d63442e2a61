"""Lines that were built of their pieces are told from others, wherever these stand."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.lines import split_lines
from logstats.split_json import built
from logstats.split_json.built import compare_lines

LINES = st.lists(
    st.tuples(st.text("ab", max_size=6), st.one_of(st.none(), st.text("ab", max_size=6))),
    min_size=1,
    max_size=12,
)


@given(LINES, st.booleans(), st.integers(1, 5), st.integers(1, 9))
def test_a_row_is_trusted_if_its_line_is_as_built(
    pairs: list[tuple[str, str | None]], ended: bool, rows: int, size: int
) -> None:
    """However many rows are built and however many signs are compared at once."""
    lines = [text if other is None else other for text, other in pairs]
    data = "\n".join(lines).encode() + b"\n" * (ended or not lines[-1])
    pieces = pl.DataFrame({"p": [text for text, _ in pairs]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(built, "_ROWS", rows)
        patch.setattr(built, "_MOST", size)
        patch.setattr(built, "_LEAST", 1)
        found = compare_lines(pieces, pl.concat_str("p", pl.lit("\n")), data, most=len(pairs))

    assert found is not None
    assert found.ok.to_list() == [text == line for (text, _), line in zip(pairs, lines, strict=True)]
    assert found.lines_at(pl.int_range(len(lines), eager=True)) == split_lines(data)


def test_more_lines_than_may_differ_are_none_at_all() -> None:
    pieces = pl.DataFrame({"p": ["a\n", "b\n", "c\n"]})

    assert compare_lines(pieces, pl.col("p"), b"a\nx\ny\n", most=1) is None
    assert compare_lines(pieces, pl.col("p"), b"a\nx\ny\n", most=2) is not None


@pytest.mark.parametrize("data", [b"a\nb\n", b"a\nb\nc\nd\n", b"a\nb\nc\n\n"])
def test_rows_that_are_not_the_lines_are_not_relied_on(data: bytes) -> None:
    pieces = pl.DataFrame({"p": ["a\n", "b\n", "c\n"]})

    assert compare_lines(pieces, pl.col("p"), data, most=3) is None

"""A block cut at its quote marks: row i is line i, and its pieces make that line or it is not trusted."""

from __future__ import annotations

from itertools import product

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from logstats.lines import split_lines
from logstats.pieces import cut_at_quotes, find_ends, lengths_of

PIECES = 3
LINES = st.lists(
    st.one_of(
        st.text('"ab\\', max_size=8),
        st.sampled_from(["", 'x"y"z', 'x""z', '"""', '"""""', "\u00e9", "\ufeff", "\ufeffx", 'x"y"z\x1a', "\udcff", "x^", 'x\x01"', "\x1f\udc8b", "\r", 'x\r"y"\rz\r', 'x"y\r']),
    ),
    max_size=8,
)  # fmt: skip


def cut(data: bytes) -> tuple[pl.DataFrame, pl.Series]:
    """Return pieces, and which rows may be trusted."""
    pieces = cut_at_quotes(data, PIECES)
    ok = pieces.select(pl.col("p2").is_not_null() & pl.col("p3").is_null()).to_series()
    return pieces, ok.fill_null(value=False)


@example(lines=['x"y', "\r"], ended=False)
@example(lines=['x"y"z', 'x"y', 'x"y"z', "\r"], ended=False)
@given(lines=LINES, ended=st.booleans())
def test_a_row_is_its_line_and_a_trusted_one_is_made_of_its_pieces(lines: list[str], ended: bool) -> None:
    data = "\n".join(lines).encode(errors="surrogateescape") + b"\n" * ended
    pieces, ok = cut(data)
    found = find_ends(lengths_of(pieces), ok, data)
    rows = pl.int_range(pieces.height, eager=True)

    assert found.lines_at(rows) == split_lines(data)
    for line, trusted, texts in zip(split_lines(data), found.ok, pieces.rows(), strict=True):
        if trusted and b"\xff" not in line:
            made = '"'.join(text or "" for text in texts[:PIECES])
            # read_csv takes a carriage return off the end of a piece.
            assert made == line.decode().replace('\r"', '"').removesuffix("\r")


STARTS = [*product(range(128), b"\x01Z^"), *product(b"\x1f(x", range(128))]


def test_no_two_signs_at_the_start_of_a_block_make_it_anything_but_text() -> None:
    """polars unpacks what begins as gzip, zlib or zstd do; `x^` is such a beginning, and stands in a line."""
    for signs in STARTS:
        data = bytes(signs) + b'b"c"d\n192.0.2.1"e"f\n'
        pieces, _ = cut(data)

        assert pieces.height == len(split_lines(data)), signs
        assert pieces.row(-1)[:PIECES] == ("192.0.2.1", "e", "f"), signs


@example(["\ufeff", "b", ""])
@given(LINES)
def test_lines_that_hold_a_sign_are_found(lines: list[str]) -> None:
    data = "\n".join(lines).encode(errors="surrogateescape")
    pieces, ok = cut(data)
    found = find_ends(lengths_of(pieces), ok, data)

    for sign in (b"\\", b"b"):
        expected = [row for row, line in enumerate(split_lines(data)) if sign in line]
        assert found.rows_with(sign).to_list() == expected

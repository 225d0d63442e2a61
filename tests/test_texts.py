"""Texts of fields become columns as the exact readers read them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.formats import Field, Rejected
from logstats.formats.delimited import follow
from logstats.formats.exact import EMPTY, read_field
from logstats.formats.model import Escape
from logstats.request_line import cut_requests
from logstats.texts import Texts
from logstats.texts.numbers import read_number
from logstats.texts.plain import read_plain

TEXTS = st.lists(
    st.one_of(
        st.text(max_size=6), st.sampled_from(["-", "", "1e5", "a+b", "a%20b", "%ff", "\u200b", 'a""b'])
    ),
    min_size=1,
    max_size=6,
)


def exact(one: Field, text: str) -> object:
    hit = dict(EMPTY)
    return hit[one.column or ""] if read_field(hit, one, text) else Rejected("")


@given(TEXTS, st.sampled_from([Escape.NONE, Escape.PLUS, Escape.PERCENT, Escape.DOUBLED]))
def test_text_is_read_as_the_reader_of_its_field_reads_it(texts: list[str], escape: Escape) -> None:
    one = Field("cs(User-Agent)", "text", "agent", escape)
    texts = [text.encode("utf-8", "replace").decode() for text in texts]

    assert read_plain(one, pl.Series(texts), by_name=False).to_list() == [exact(one, text) for text in texts]


@pytest.mark.parametrize(
    "kind", ["integer", "seconds", "milliseconds", "microseconds", "nanoseconds", "seconds_list"]
)
@given(st.lists(st.from_regex(r"\A-?[0-9]{0,7}(\.[0-9]{0,10})?\Z"), min_size=1, max_size=6))
def test_a_number_that_is_trusted_is_the_exact_one(kind: str, texts: list[str]) -> None:
    one = Field("time-taken", kind, "duration_us")

    number, ok = read_number(one, pl.Series(texts, dtype=pl.String), by_name=False)

    for text, found, trusted in zip(texts, number.to_list(), ok.to_list(), strict=True):
        assert not trusted or found == exact(one, text)


@given(st.lists(st.none() | st.text(st.sampled_from("?a/ \u00e9\U00010400")), min_size=1), st.booleans())
def test_requests_are_cut_between_signs(texts: list[str | None], keep_query: bool) -> None:
    requests = pl.Series(texts, dtype=pl.String)
    heads, ends = cut_requests(requests, keep_query=keep_query)

    for text, end, head in zip(texts, ends.to_list(), heads.to_list(), strict=True):
        assert end == (None if text is None else text[-9:])
        if text is None:
            assert head is None
        elif "?" not in end:
            assert head == (text[:-9] if keep_query else text[:-9].partition("?")[0])


def test_a_row_without_its_time_is_not_trusted() -> None:
    format_ = follow("#Fields: date time c-ip sc-status")
    assert format_ is not None
    texts = Texts(format_, 2, by_name=False, keep_query=False)
    columns = (["2026-02-01"] * 2, ["10:00:59", "10:00"], ["192.0.2.1"] * 2, ["200"] * 2)
    for one, column in zip(format_.fields, columns, strict=True):
        texts.add(one, pl.Series(column))

    batch, ok = texts.read()

    assert ok.to_list() == [True, False]
    assert batch is not None
    assert batch.values["minute"]["time"].drop_nulls().dt.strftime("%F %T").to_list() == [
        "2026-02-01 10:00:00"
    ]

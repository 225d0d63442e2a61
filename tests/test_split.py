"""The fast plan: codes for texts, lines found again by their numbers, and no line lost."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import cast
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats, schema
from logstats.batches import MINUTE, Batch, encode, encode_runs
from logstats.lines import lines_at, split_lines
from logstats.plan import Plan, plan_of
from logstats.split import split_block
from tests.lines import combined_lines, plain_lines

PLAN = cast("Plan", plan_of(formats.preset("combined")))
texts = st.lists(st.one_of(st.none(), st.text(max_size=4)), max_size=20)
blocks = st.lists(
    st.one_of(plain_lines.map(str.encode), combined_lines.map(str.encode), st.binary(max_size=30)),
    max_size=20,
).map(lambda lines: b"\n".join(line.replace(b"\n", b"") for line in lines))


@given(texts)
def test_what_was_encoded_can_be_decoded(values: list[str | None]) -> None:
    codes, distinct = encode(pl.Series(values, dtype=pl.String))

    assert distinct.gather(codes).to_list() == values
    assert distinct.n_unique() == len(distinct)


@given(st.lists(st.sampled_from(["a", "b", "", None]), max_size=20))
def test_runs_of_equal_values_have_one_code_each(values: list[str | None]) -> None:
    codes, begun = encode_runs(pl.Series(values, dtype=pl.String))

    assert begun.gather(codes).to_list() == values
    assert begun.to_list() == [value for value, _ in groupby(values)]


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["+0000", "+0200", "x0200"])), max_size=12))
def test_times_are_read_in_any_order(times: list[tuple[int, str]]) -> None:
    lines = [
        f'192.0.2.7 - - [01/Feb/2026:10:0{minute}:00 {offset}] "GET / HTTP/1.1" 200 5 "-" "x"\n'
        for minute, offset in times
    ]
    split = split_block("".join(lines).encode(), PLAN, keep_query=False)
    read = split.values[MINUTE][schema.TIME].gather(split.codes[MINUTE])

    for time, is_read, (minute, offset) in zip(read, split.ok, times, strict=True):
        assert is_read == (offset != "x0200")
        if is_read:
            assert time == datetime(2026, 2, 1, 10 - int(offset[1:3]), minute, tzinfo=UTC)


answers = st.tuples(
    st.sampled_from(["200", "404", "000", "2000", "x", ""]), st.sampled_from(["5", "-", "", "007", "9" * 19])
)


@given(st.lists(answers, min_size=1, max_size=12))
def test_status_and_bytes_are_the_same_whether_they_come_again_or_not(values: list[tuple[str, str]]) -> None:
    lines = [
        f'192.0.2.7 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" {status} {sent} "-" "x"\n'
        for status, sent in values
    ]
    repeating = split_block("".join(lines).encode(), PLAN, keep_query=False)
    with mock.patch("logstats.split.numbers._MOST_DISTINCT", 0):
        differing = split_block("".join(lines).encode(), PLAN, keep_query=False)

    assert repeating.ok.to_list() == differing.ok.to_list()
    assert repeating.ok.to_list() == [
        len(status) == 3 and status.isdigit() and (sent == "-" or (sent.isdigit() and len(sent) < 19))
        for status, sent in values
    ]
    wanted = (schema.STATUS, schema.BYTES_SENT)
    assert repeating.batch().hits.select(wanted).equals(differing.batch().hits.select(wanted))


@settings(max_examples=40)
@given(blocks)
def test_a_block_has_one_row_a_line(data: bytes) -> None:
    split = split_block(data, PLAN, keep_query=False)

    assert split.height == len(split_lines(data))


@settings(max_examples=40)
@given(blocks)
def test_odd_lines_are_found_again_byte_for_byte(data: bytes) -> None:
    split = split_block(data, PLAN, keep_query=False)

    assert split.odd_lines == lines_at(data, split.odd_rows())


@given(st.binary(max_size=40))
def test_lines_joined_again_are_the_bytes(data: bytes) -> None:
    lines = split_lines(data)

    assert b"\n".join(lines) == data.removesuffix(b"\n")
    assert lines_at(data, range(len(lines))) == lines


@pytest.mark.parametrize("name", ["common", "combined", "vhost_combined", "nginx", "combined_duration_us"])
def test_a_plan_tells_where_the_request_and_the_client_stand(name: str) -> None:
    plan = plan_of(formats.preset(name))

    assert isinstance(plan, Plan)
    assert plan.request == 1
    assert [word.column for word in plan.head].count("host") == 1
    assert plan.is_known


@pytest.mark.parametrize("layout", ['%h %u %t %>s "%r"', "%h %t %r %>s", '%t "%r" %>s %b'])
def test_what_a_plan_cannot_read_is_left_to_the_exact_parser(layout: str) -> None:
    assert plan_of(formats.load(layout)) is None


def test_a_batch_gives_other_values_to_the_same_hits() -> None:
    batch = Batch(pl.DataFrame({"agent": [0]}), {"agent": pl.DataFrame({"agent": ["x"]})})
    other = batch.replace(agent=pl.DataFrame({"agent": ["y"]}))

    assert other.hits is batch.hits
    assert other.values["agent"].item() == "y"
    assert batch.values["agent"].item() == "x"


@pytest.mark.parametrize(
    ("unit", "times"),
    [("us", ("51229", "9", "203040", "-")), ("s", ("0.051", "9.123", "0.000", "-"))],
    ids=["microseconds", "seconds"],
)
def test_virtual_hosts_and_a_duration_are_found_and_no_line_is_odd(unit: str, times: tuple[str, ...]) -> None:
    line = '{}:443 {} - - [01/Feb/2026:10:00:00 +0000] "GET /a{} HTTP/2.0" 200 512 "-" "Mozilla/5.0 (X11)" {}'
    clients = ("203.0.113.9", "2001:db8::9")
    lines = [
        line.format(vhost, clients[number % 2], number, times[number % len(times)])
        for number, vhost in enumerate(["www.example.org", "shop.example.org", "198.51.100.2"] * 60)
    ]

    found = formats.detect_format(lines).format

    assert found is not None
    assert found.name == f"vhost_combined_duration_{unit}"
    assert (
        split_block("\n".join(lines).encode(), cast("Plan", plan_of(found)), keep_query=False).odd_lines == []
    )


def test_bytes_that_are_no_utf8_are_found_among_other_signs() -> None:
    """However many other signs a block has, only the line with such a byte is odd."""
    good = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 1 "-" "Zürich"\n'.encode()
    bad = good.replace("ü".encode(), b"\xfc")
    for before in (0, 10, 40_000):
        split = split_block(good * before + bad + good * 40_000, PLAN, keep_query=False)

        assert split.odd_rows() == [before]
        assert split.odd_lines == [bad.rstrip(b"\n")]


def test_a_block_of_bytes_that_are_no_utf8_is_mended_in_one_pass() -> None:
    data = b"\xfc\xe9\xf0\x9f" * 500_000 + b"\n"
    split = split_block(data, PLAN, keep_query=False)

    assert split.odd_lines == [data.rstrip(b"\n")]

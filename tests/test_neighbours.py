"""A line is read as it stands, whatever stands before and behind it, in every format with a fast plan."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats
from logstats.formats import LineReader, Rejected
from logstats.lines import split_lines
from logstats.parse import parse_block, read_odd_line
from tests.lines import comparable, rows_of

NGINX = (
    '{"time_iso8601":"2026-02-01T10:00:0%d+01:00","remote_addr":"192.0.2.%d","remote_user":"","request":"GET /a?b HTTP/1.1",'
    '"status":200,"body_bytes_sent":512,"request_time":0.023,"http_referrer":"","http_user_agent":"curl/8","http_host":"example.org"}'
)
# What breaks lines in one format or another.
SIGNS = st.sampled_from(
    [b'"', b'"" ', b"\\", b'\\"', b"\x00", b"\x1a", b"\r", b"\t", b" ", b"#", b"#Fields: x", b"{", b"}", b"\xff", b"\xef\xbb\xbf", b"0",
     b"x^", b"x\x01", b"\x1f\x8b", b"(\xb5/\xfd"]
)  # fmt: skip


def good_lines(name: str) -> list[str]:
    """Return lines of a format that its plan reads."""
    if name == "json":
        return [NGINX % (number, number) for number in range(1, 4)]
    return [sample.line for sample in formats.preset(name).samples[:3]]


@st.composite
def damaged(draw: st.DrawFn, line: bytes) -> bytes:
    """Return a line with something cut off or put in."""
    start, end = sorted((draw(st.integers(0, len(line))), draw(st.integers(0, len(line)))))
    change = draw(st.sampled_from(["cut", "out", "in", "twice"]))
    if change == "cut":
        return line[:end]
    if change == "out":
        return line[:start] + line[end:]
    if change == "in":
        return line[:start] + draw(SIGNS) + line[start:end] + draw(SIGNS) + line[end:]
    return line[:end] + line[start:]


@pytest.mark.parametrize("name", ["json", "caddy", "w3c", "ltsv", "combined", "vhost_combined"])
@settings(max_examples=50)
@given(st.data())
def test_no_line_takes_a_part_of_its_neighbour(name: str, data: st.DataObject) -> None:
    format_ = formats.preset(name)
    good = [line.encode() for line in good_lines(name)]
    noise = st.one_of(st.binary(max_size=60), SIGNS, st.sampled_from(good).flatmap(damaged))
    lines = data.draw(st.lists(st.sampled_from(good), min_size=1, max_size=30))
    hits = [read_odd_line(line, LineReader((format_,))) for line in lines]
    for bad in data.draw(st.lists(noise, max_size=3)):
        if not (name == "w3c" and bad.lstrip(b"\xef\xbb\xbf \t").startswith(b"#")):
            lines.insert(data.draw(st.integers(0, len(lines))), bad.replace(b"\n", b""))
    block = b"\n".join(lines)

    parsed = parse_block(block, (format_,))
    rows = rows_of(parsed.batch) if parsed.batch is not None else []
    rows += [comparable(hit) for hit in parsed.odd_hits]

    expected = Counter(
        repr(comparable(hit)) for hit in hits if hit is not None and not isinstance(hit, Rejected)
    )
    assert expected.total() == len(hits)
    assert expected <= Counter(map(repr, rows))
    assert parsed.tally.read == len(split_lines(block))
    assert parsed.tally.balances()


# A block of these is no archive to be unpacked, though polars would; a line may begin with what a client sent.
ARCHIVES = {
    "zlib": zlib.compress(b"203.0.113.9"),
    "zlib, printable": b"x^ - - ",
    "gzip": gzip.compress(b"203.0.113.9"),
    "zstd": b"(\xb5/\xfd" + bytes(9),
}


@pytest.mark.parametrize("name", ["json", "caddy", "w3c", "ltsv", "combined", "vhost_combined"])
@pytest.mark.parametrize("start", ARCHIVES.values(), ids=ARCHIVES)
def test_a_line_that_begins_like_an_archive_is_a_line(start: bytes, name: str) -> None:
    format_ = formats.preset(name)
    lines = [start.replace(b"\n", b""), *(line.encode() for line in good_lines(name))]

    parsed = parse_block(b"\n".join(lines), (format_,))

    assert parsed.tally.read == len(lines)
    assert parsed.tally.parsed == len(lines) - 1
    assert parsed.tally.rejected.total() == 1


@pytest.mark.parametrize("name", ["json", "combined", "gunicorn"])
def test_a_header_of_another_log_says_nothing_of_the_lines_behind_it(name: str) -> None:
    """A client may have sent it, where a line begins with a name of its own."""
    format_ = formats.preset(name)
    line = good_lines(name)[0] + "\n"
    header = "#Fields: c-ip cs-method\n#Fields: x\n#Date: 2020-01-01\n"
    odd = line.replace("/a", r"/a\u0001" if name == "json" else r"/a\x01")
    parsed = parse_block(f"{header}{odd}{line}".encode(), (format_,))

    assert parsed.tally.parsed == 2
    assert dict(parsed.tally.rejected) == {"no_format": 3}

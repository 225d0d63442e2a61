"""JSON in columns and the exact parser are one parser."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats
from logstats.batches import Batch
from logstats.formats import Kind, Rejected
from logstats.lines import split_lines
from logstats.parse import parse_block, parse_odd_line
from logstats.recognize import recognize
from logstats.split_json import split_json
from tests.lines import comparable, rows_of

JSON = formats.preset("json")


def told(row: dict[str, object]) -> dict[str, object]:
    """Return the columns that a batch keeps of a hit, and its duration."""
    return {**comparable(row), "duration_us": row.get("duration_us")}


def fast_rows(batch: Batch) -> list[dict[str, object]]:
    durations = batch.hits["duration_us"].to_list()
    return [{**row, "duration_us": us} for row, us in zip(rows_of(batch), durations, strict=True)]


def both(data: bytes, known: tuple[formats.Format, ...]) -> tuple[Counter[str], Counter[str], int]:
    parsed = parse_block(data, known)
    fast = fast_rows(parsed.batch) if parsed.batch is not None else []
    fast += [told(hit) for hit in parsed.odd_hits]
    hits = [parse_odd_line(line, known) for line in split_lines(data) if line.strip()]
    exact = [told(hit) for hit in hits if not isinstance(hit, Rejected)]
    assert parsed.tally.parsed == len(exact)
    assert parsed.tally.balances()
    return Counter(map(repr, fast)), Counter(map(repr, exact)), len(parsed.odd_hits)


TIMES = st.sampled_from(
    [
        "2026-02-01T10:00:00Z", "2026-02-01T23:59:59.123+01:30", "01/Feb/2026:10:00:00 +0100", 1769940000,
        1769940000.25, "1769940000.194", 1769940000123, "1769940000123456789", "2026-02-31T10:00:00Z", "x", "", None,
        "2026-02-01 10:00:00", 1e9, "[01/Feb/2026:10:00:00 +0000]",
    ]
)  # fmt: skip
HOSTS = st.sampled_from(
    ["192.0.2.1", "2001:db8::9", "192.0.2.1:80", "[2001:db8::9]:80", "-", "", "unix:", None, 5, ["192.0.2.2"]]
)
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["-", "", "1e5", "GET", "/a?b=1", "/a b?c", "é", "\x00", "\x1f", "[x", "{"]),
)
NUMBERS = st.sampled_from(
    [0, 5, "5", "-", "", -1, 1.5, "0.0570", 0.057, 2.5e-05, 1e300, True, None, "x", 10**20, "007", [7]]
)
STATUSES = st.sampled_from([200, "404", 200, 500, "-", 20, "x", None])
OBJECTS = st.fixed_dictionaries(
    {"time": TIMES, "remote_addr": HOSTS, "status": STATUSES},
    optional={
        "request": st.one_of(TEXTS, st.sampled_from(["GET /a?b HTTP/1.1", "GET /x y?z w HTTP/1.0", "POST *", "-"])),
        "method": TEXTS, "uri": TEXTS, "args": TEXTS, "http_referer": TEXTS, "http_user_agent": TEXTS,
        "body_bytes_sent": NUMBERS, "request_time": NUMBERS, "duration_ms": NUMBERS, "host": TEXTS,
        "upstream": st.dictionaries(TEXTS, TEXTS, max_size=2), "user-agent": TEXTS, "ts": TIMES, "remote_port": NUMBERS,
    },
)  # fmt: skip
BROKEN = st.sampled_from(
    [
        "",
        "{",
        "{}",
        "null",
        "[]",
        '{"a":1} {"b":2}',
        '{"time":NaN}',
        "x",
        '{"time":"\\ud800"}',
        "  {} ",
        '"',
        '{"',
        '{"}',
    ]
)
# A line of names and values as they stand in it: twice the same name, other spellings, no JSON at all.
NAMES = st.sampled_from(
    ["time", "remote_addr", "remoteAddr", "remote-addr", "status", "Status", r"st\u0061tus", "uri", "method", "x", "bytes_sent",
     "body_bytes_sent", "request", "args", "user_agent", r'user\"agent', "request_time", "user", "source", ""]
)  # fmt: skip
RAW = st.sampled_from(
    ['"2026-02-01T10:00:00Z"', '"192.0.2.1"', '"2001:db8::9"', "200", '"404"', "007", "-0", "1.5e3", "-", "NaN", "-Infinity",
     "true", "null", "[]", "[1,2]", '["a",1]', '{"name":"x","address":"192.0.2.7"}', '"/a?b"', '"GET /a HTTP/1.1"', r'"\u00e9"',
     r'"\\"', r'"a\"b"', r'"\x41"', r'"\ud800"', r'"\ud83d\ude00"', '"\x02\x02"', r'"\/"', '"a\tb"', '""', '"-"', "{", '"', "0.0570",
     '"GET /a HTTP/1.0?x HTTP/1.1"', '"GET - HTTP/1.1"', '"-?x"', '"\u200b"', '"1e3"', "5 5", '"x" "y"', ".5", "[[3]]", '"HTTP/1.1"']
)  # fmt: skip
BLANKS = st.sampled_from(["", "", "", " ", "\t", "  "])
RAW_LINES = st.lists(st.tuples(NAMES, RAW, BLANKS, BLANKS), max_size=8).map(
    lambda pairs: "{" + ",".join(f'"{name}"{a}:{b}{value}{a}' for name, value, a, b in pairs) + "}"
)
PLAIN = {
    "time": "2026-02-01T10:00:00Z",
    "remote_addr": "192.0.2.1",
    "status": 200,
    "uri": "/a?b",
    "request_time": 0.05,
}


@settings(max_examples=60)
@given(
    st.lists(st.one_of(OBJECTS.map(json.dumps), st.just(json.dumps(PLAIN)), BROKEN), max_size=12),
    st.booleans(),
)
def test_columns_and_exact_parser_read_the_same(lines: list[str], plain_first: bool) -> None:
    data = "\n".join([json.dumps(PLAIN)] * plain_first + lines).encode("utf-8", "surrogatepass")

    fast, exact, _ = both(data, (JSON,))

    assert fast == exact


@settings(max_examples=100)
@given(st.lists(st.one_of(RAW_LINES, st.just(json.dumps(PLAIN))), max_size=8), st.booleans())
def test_names_twice_spellings_and_escapes_are_read_the_same(lines: list[str], plain_time: bool) -> None:
    start = '{"time":"2026-02-01T10:00:00Z","remote_addr":"192.0.2.1",'
    lines = [start + line[1:] if plain_time and line[:2] == '{"' else line for line in lines]

    fast, exact, _ = both("\n".join(lines).encode(), (JSON,))

    assert fast == exact


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('{"status":200,"status":404,', id="twice"),
        pytest.param('{"Remote-Addr":"192.0.2.9","statusCode":404,', id="spellings"),
        pytest.param(r'{"status" : 200, "ua":"a \"b\" \u00e9 \\",', id="blanks and escapes"),
        pytest.param('{"status":[200,404],"user_agent":[1,2],', id="lists of numbers"),
        pytest.param('{"source":{"address":"192.0.2.8","port":5},"status":2e2,', id="nested"),
    ],
)
def test_an_odd_spelling_is_read_in_columns_as_the_exact_parser_reads_it(line: str) -> None:
    data = f'{line}"time":"2026-02-01T10:00:00Z","uri":"/a"}}\n'.encode() * 3

    fast, exact, odd = both(data, (JSON,))

    assert fast == exact
    assert exact
    assert odd == 0


@pytest.mark.parametrize(
    "preset", [p for p in formats.all_presets() if p.kind is Kind.JSON], ids=lambda p: p.name
)
def test_samples_of_each_preset_are_read_the_same(preset: formats.Format) -> None:
    data = "".join(sample.line + "\n" for sample in preset.samples).encode()

    fast, exact, _ = both(data, (preset,))

    assert fast == exact


def test_lines_alike_are_all_read_in_columns() -> None:
    fast, exact, odd = both((json.dumps(PLAIN) + "\n").encode() * 100, (JSON,))

    assert (fast, odd) == (exact, 0)


def test_one_broken_line_makes_only_itself_odd() -> None:
    line = json.dumps(PLAIN).encode()
    split = split_json(b"\n".join([line] * 500 + [b'{"time":}'] + [line] * 500), JSON, keep_query=False)

    assert split is not None
    assert split.odd_lines == [b'{"time":}']
    assert split.parsed == 1000


def test_a_rare_name_is_not_overlooked() -> None:
    line, rare = json.dumps(PLAIN), json.dumps({**PLAIN, "Http-Referer": "https://example.org/"})
    data = "\n".join([line] * 299 + [rare] + [line] * 300).encode()

    fast, exact, _ = both(data, (JSON,))

    assert fast == exact


@pytest.mark.parametrize("log", ["lnav", "advertools", "nginx-misc", "elastic-examples"])
def test_both_agree_on_real_json_logs(corpus: Path, log: str) -> None:
    for path in sorted((corpus / "real" / log).rglob("*")):
        data = path.read_bytes()[:2_000_000] if path.is_file() else b""
        known = recognize(path.name, data, ()) if data.lstrip()[:1] == b"{" else None
        if isinstance(known, tuple) and known[0].kind is Kind.JSON:
            fast, exact, _ = both(data, known)

            assert fast == exact

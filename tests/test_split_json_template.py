"""Lines of JSON that were written by a template, cut by it, and the exact parser are one parser."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats
from logstats.dictionary import Dictionaries
from logstats.formats import Rejected
from logstats.lines import split_lines
from logstats.parse import parse_block, parse_odd_line
from logstats.split_json import read_rows, split_by_shapes, split_json
from logstats.split_json.template import Template, cut_by_template, find_template, template_of
from tests.test_split_json import PLAIN, both, fast_rows, told

JSON = formats.preset("json")
NGINX = (
    '{"time_iso8601":"2026-02-01T10:00:00+01:00","remote_addr":"192.0.2.1","remote_user":"","request":"GET /a?b HTTP/1.1",'
    '"status":200,"body_bytes_sent":512,"request_time":0.023,"http_referrer":"","http_user_agent":"curl/8","http_host":"example.org"}'
)
# As servers write them by a template: names nobody asked for, an object, a list, blanks, words without quotes.
TEMPLATES = [
    NGINX,
    '{ "time": "2026-02-01T10:00:00Z", "remote_addr": "2001:db8::9", "status": 200, "uri": "/a" }',
    '{"time":"2026-02-01T10:00:00Z","source":{"address":"192.0.2.9","port":5},"tls":null,"ok":true,"status":404}',
    '{"x":[1,2,"a"],"":"","status":"200","ts":1769940000.25,"remote_addr":"192.0.2.1","remote_port":"80","uri":"/b"}',
    '{"status":[200,404],"status":500,"time":"01/Feb/2026:10:00:00 +0100","uri":"/a","user_agent":"\u00e9","é":"x"}',
]
VALUES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["", "-", "GET / HTTP/2.0", "GET /x y?z HTTP/1.0", "1e5", "007", "192.0.2.7", "192.0.2.7:80", "::1", "404", "x\x1a", "\x00",
         "2026-02-01T10:00:59.5Z", "2026-02-31T10:00:00Z", "-0", "1.5e3", "true", "a\tb", "\u200b", "\ufffd", "a\r", "0.1", "[x"]
    ),
)  # fmt: skip
# What may stand in the place of a text with its quote marks, or of a number, as bytes that need be no JSON.
RAW = st.sampled_from(
    ["null", "true", "007", "-0", "1.5e3", "2", ".5", "", "[1]", "{}", '"', '""', r'"a\"b"', r'"\\"', r'"a\\","b":"c"', r'"\x41"',
     r'"\u00e9"', r'"\ud800"', r'"\/"', '"a" ', ' "a"', '"\xff"', '"a","status":404', '"a","a":"b"', "1,2", "{", '{"a":"b"}', '"a\\"']
)  # fmt: skip
TAILS = st.sampled_from(["", "", "", "", " ", "\t", "\r", '"', '""', "}", '"}', ',"x":"y"}', "x", "\x00"])


def _values(line: str) -> list[tuple[int, int]]:
    """Return where the values of a line stand, texts with their quote marks."""
    return [
        (start - (line[start - 1] == '"'), end + (line[start - 1] == '"'))
        for _, start, end in formats.json_lines.scalar_spans(line)
    ]


@st.composite
def changed(draw: st.DrawFn, line: str) -> str:
    """Return a line of a template with other values, and maybe something that breaks it."""
    for start, end in reversed(_values(line)):
        change = draw(st.sampled_from(["", "", "", "text", "raw"]))
        if change == "text" and line[start] == '"':
            line = line[:start] + json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans())) + line[end:]
        elif change == "raw":
            line = line[:start] + draw(RAW) + line[end:]
    harm = draw(st.sampled_from(["", "", "", "", "cut", "drop", "double", "space"]))
    place = draw(st.integers(0, len(line)))
    match harm:
        case "cut":
            line = line[:place]
        case "drop":
            line = line[:place] + line[place + 1 :]
        case "double":
            line = line[:place] + line[place : place + 1] + line[place:]
        case "space":
            line = (
                line[:place] + draw(st.sampled_from([" ", "\t", "\r", '"', "\\", "0", "\x1a"])) + line[place:]
            )
    return (line + draw(TAILS)).replace("\n", "")


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Template, bytes]:
    """Return a template and lines that were written by it, more or less."""
    first = draw(st.sampled_from(TEMPLATES))
    others = st.one_of(changed(first), st.just(first), st.sampled_from(TEMPLATES), st.sampled_from(["", "x"]))
    lines = draw(st.lists(others, max_size=6))
    data = "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n" * draw(st.integers(0, 2))
    template = template_of(first.encode())
    assert template is not None
    return template, data.replace("\xff".encode(), b"\xff")


@settings(max_examples=300)
@given(blocks())
def test_each_row_is_its_line_and_what_is_trusted_is_read_as_the_exact_parser_reads_it(
    block: tuple[Template, bytes],
) -> None:
    template, data = block
    lines = split_lines(data)
    if not lines:
        return
    rows = cut_by_template(data, template, JSON, most=len(lines))
    assert rows is not None
    read = read_rows(rows, JSON, Dictionaries(), keep_query=True)
    fast = fast_rows(read.batch) if read.batch is not None else []
    odd = iter(read.odd_lines)
    following = next(odd, None)
    trusted = []
    for line in lines:
        if line == following:
            following = next(odd, None)
        else:
            trusted.append(line)
    hits = [parse_odd_line(line, (JSON,)) for line in trusted]

    assert following is None
    assert read.parsed == len(fast) == len(trusted)
    assert fast == [told(hit) for hit in hits if not isinstance(hit, Rejected)]


@settings(max_examples=60)
@given(blocks(), st.integers(0, 40))
def test_a_whole_block_is_read_as_the_exact_parser_reads_it(
    block: tuple[Template, bytes], repeated: int
) -> None:
    data = (NGINX + "\n").encode() * repeated + block[1]

    fast, exact, _ = both(data, (JSON,))

    assert fast == exact


@pytest.mark.parametrize("line", TEMPLATES)
def test_lines_alike_are_all_cut_by_their_template(line: str) -> None:
    data = (line + "\n").encode() * 3
    template = find_template(data)

    assert template == template_of(line.encode())
    assert template is not None
    rows = cut_by_template(data, template, JSON)
    assert rows is not None
    assert read_rows(rows, JSON, Dictionaries(), keep_query=False).parsed == 3


def _reordered(line: str) -> str:
    pairs = list(json.loads(line).items())
    return json.dumps(dict(random.Random(line).sample(pairs, len(pairs))))


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(_reordered(NGINX), id="reordered"),
        pytest.param(NGINX.replace('"status":200,', '"status":200,"x":1,'), id="a name more"),
        pytest.param(NGINX.replace('"status":200,', ""), id="a name less"),
        pytest.param(NGINX.replace("curl/8", r"a \"b\" c"), id="escaped quotes"),
        pytest.param(NGINX.replace("curl/8", r"a\\"), id="an escaped backslash at the end"),
        pytest.param(NGINX.replace("curl/8", r"a\",\"http_host\":\"x"), id="names in a value"),
        pytest.param(NGINX.replace('"remote_user":"",', r'"remote_user":"\"",'), id="a quote mark in a value nobody needs"),
        pytest.param(NGINX.replace('"remote_user":"",', r'"remote_user":"\x41",'), id="no escape in a value nobody needs"),
        pytest.param(NGINX.replace('"http_host"', '"status"'), id="a name twice"),
        pytest.param(NGINX.replace(":200,", ": 200,"), id="a blank"),
        pytest.param(NGINX.replace(":200,", ":null,"), id="null for a number"),
        pytest.param(NGINX.replace(":200,", ":0200,"), id="no number"),
        pytest.param(NGINX.replace(":200,", ':"200",'), id="a text for a number"),
        pytest.param(NGINX.replace(":200,", ":{},"), id="an object for a number"),
        pytest.param(NGINX[:-1], id="cut off before its end"),
        pytest.param(NGINX[:-2], id="cut off before its last quote mark"),
        pytest.param(NGINX + '"', id="a quote mark more"),
        pytest.param(NGINX + '""', id="two quote marks more"),
        pytest.param(NGINX + '","x":"y"}', id="more behind its end"),
        pytest.param(NGINX + NGINX, id="two in a line"),
        pytest.param("\ufeff" + NGINX, id="a byte order mark"),
        pytest.param("", id="blank"),
    ],
)  # fmt: skip
def test_a_line_that_differs_makes_only_itself_odd(odd: str) -> None:
    lines = [NGINX] * 20 + [odd] + [NGINX] * 20
    data = "\n".join(lines).encode()
    split = split_json(data, JSON, keep_query=False)

    assert split is not None
    assert split.odd_lines == [odd.encode()]
    assert split.parsed == 40
    fast, exact, _ = both(data, (JSON,))
    assert fast == exact


def test_a_line_with_bytes_that_are_no_utf8_makes_only_itself_odd() -> None:
    """Even in a value that nobody needs: the exact parser reads the whole line in another encoding."""
    odd = NGINX.replace('"remote_user":""', '"remote_user":"é"').encode("latin-1")
    good = NGINX.replace("/a?b", "/é").encode()
    split = split_json(b"\n".join([good] * 20 + [odd] + [good] * 20), JSON, keep_query=False)

    assert split is not None
    assert split.odd_lines == [odd]


def test_a_carriage_return_is_of_a_value_but_for_one_at_the_end_of_the_line() -> None:
    ends = (NGINX + "\r\n").encode() * 40
    inside = ends + NGINX.replace("curl/8", "curl/8\r").encode()
    split = split_json(ends, JSON, keep_query=False)

    assert split is not None
    assert split.odd_lines == []
    for data in (ends, inside):
        fast, exact, _ = both(data, (JSON,))
        assert fast == exact


def test_lines_of_several_shapes_have_no_template() -> None:
    lines = [NGINX, json.dumps(PLAIN)] * 20
    data = "\n".join(lines).encode()

    assert find_template(data) is None
    split = split_by_shapes(data, JSON, Dictionaries(), keep_query=False)
    assert split is not None
    assert split.parsed == 40


def test_a_block_whose_other_lines_differ_is_read_by_shapes() -> None:
    """The lines that are looked at are alike and most others are not: the exact parser would take long."""
    other = NGINX.replace("curl/8", r"a \"b\"")
    lines = [NGINX] * 20 + [other] * 100 + [NGINX] * 40 + [other] * 100

    assert find_template("\n".join(lines).encode()) is not None
    parsed = parse_block("\n".join(lines).encode(), (JSON,))
    assert parsed.odd_hits == []
    assert parsed.tally.parsed == 260

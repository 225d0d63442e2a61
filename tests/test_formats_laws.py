"""Laws of the exact parser: what a server writes reads back; nothing crashes it; it is linear."""

import re
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats
from logstats.formats import Escape
from logstats.formats.escapes import visible
from logstats.formats.model import Literal

# What may stand in a header: anything a line of HTTP can carry, without what we show as escapes.
TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=30
).filter(lambda text: visible(text) == text and text.strip() == text and text != "-")
WORD = TEXT.filter(lambda text: not re.search(r"\s", text))
TIMES = st.integers(86_400, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
METHODS = st.sampled_from(["GET", "POST", "PRI", "M-SEARCH"])
QUERIES = st.one_of(st.none(), WORD)
PATHS = WORD.map(lambda text: "/" + text.replace("?", ""))
STATUSES = st.integers(100, 599)
BYTES = st.integers(0, 2**40)

HITS = st.fixed_dictionaries(
    {
        "host": ADDRESSES,
        "user": TEXT,
        "time": TIMES,
        "method": METHODS,
        "path": PATHS,
        "query": QUERIES,
        "protocol": st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]),
        "status": STATUSES,
        "bytes_sent": BYTES,
        "referrer": TEXT,
        "agent": TEXT,
    }
)


def apache_escape(text):
    """As ap_escape_logitem does: backslash and quote with a backslash, bytes over 126 as \\xhh."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c < "\x7f" else "".join(f"\\x{b:02x}" for b in c.encode()) for c in plain)


def nginx_escape(text):
    """As ngx_http_log_escape does: quote, backslash and bytes over 126 as \\xHH."""
    return "".join(
        c if c < "\x7f" and c not in '"\\' else "".join(f"\\x{b:02X}" for b in c.encode()) for c in text
    )


def json_escape(text):
    """As ngx_escape_json does: quote and backslash with a backslash."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def request_of(hit):
    target = hit["path"] if hit["query"] is None else f"{hit['path']}?{hit['query']}"
    return f"{hit['method']} {target} {hit['protocol']}"


def write_combined(hit, escape):
    """A combined line as a server writes it."""
    clock = hit["time"].strftime("%d/%b/%Y:%H:%M:%S +0000")
    fields = [escape(text) for text in (request_of(hit), hit["referrer"], hit["agent"])]
    user = escape(hit["user"])
    return f'{hit["host"]} - {user} [{clock}] "{fields[0]}" {hit["status"]} {hit["bytes_sent"]} "{fields[1]}" "{fields[2]}"'


@pytest.mark.parametrize(("name", "escape"), [("combined", apache_escape), ("nginx", nginx_escape)])
@given(hit=HITS)
def test_what_a_server_writes_reads_back(name, escape, hit):
    read = formats.parse_line(formats.preset(name), write_combined(hit, escape))

    assert not isinstance(read, formats.Rejected)
    assert {column: read[column] for column in hit} == hit


JSON_LAYOUT = formats.compile_layout(
    """escape=json '{"t":"$time_iso8601","a":"$remote_addr","u":"$remote_user","r":"$request","s":$status,"""
    """"b":$body_bytes_sent,"f":"$http_referer","ua":"$http_user_agent"}'"""
)


@given(HITS)
def test_escape_json_reads_back(hit):
    line = (
        f'{{"t":"{hit["time"].isoformat()}","a":"{hit["host"]}","u":"{json_escape(hit["user"])}",'
        f'"r":"{json_escape(request_of(hit))}","s":{hit["status"]},"b":{hit["bytes_sent"]},'
        f'"f":"{json_escape(hit["referrer"])}","ua":"{json_escape(hit["agent"])}"}}'
    )
    read = formats.parse_line(JSON_LAYOUT, line)

    assert not isinstance(read, formats.Rejected)
    assert {column: read[column] for column in hit} == hit


@given(hit=HITS, wrap=st.sampled_from(["bare", "syslog", "docker", "quotes"]))
def test_a_span_holds_what_the_field_reads(hit, wrap):
    line = write_combined(hit, apache_escape)
    if wrap == "syslog":
        line = f"<134>Feb  1 10:00:00 lb nginx[7]: {line}"
    elif wrap == "docker":
        line = '{"log":"' + json_escape(line) + '\\n","stream":"stdout"}'
    elif wrap == "quotes":
        line = f'"{line}"'
    spans = formats.field_spans(formats.preset("combined"), line)

    assert spans is not None
    for column in ("host", "status", "method", "protocol"):
        start, end = spans[column]
        assert line[start:end] == str(hit[column])
    request, path = spans["request"], spans["path"]
    assert request[0] <= path[0] <= path[1] <= request[1]
    assert ("query" in spans) == (hit["query"] is not None)


@given(st.text(max_size=200))
def test_no_text_crashes_any_format(text):
    for preset in formats.all_presets():
        formats.parse_line(preset, text)
        formats.field_spans(preset, text)


@settings(max_examples=60)
@given(st.data())
def test_no_damaged_line_crashes_its_format(data):
    preset = data.draw(st.sampled_from(formats.all_presets()))
    line = data.draw(st.sampled_from(preset.samples)).line
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    damaged = line[:start] + data.draw(st.text(max_size=5)) + line[end:]
    spans = formats.field_spans(preset, damaged)

    assert (spans is None) == isinstance(formats.parse_line(preset, damaged), formats.Rejected)
    for begin, stop in (spans or {}).values():
        assert 0 <= begin <= stop <= len(damaged)


SIZE = 64 * 1024
HOSTILE = {
    "quotes": '"' * SIZE,
    "blanks": " " * SIZE,
    "backslashes": "\\" * SIZE,
    "escaped quotes": '\\"' * (SIZE // 2),
    "ends of requests": '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET /' + '" 200 5 ' * (SIZE // 8),
    "blanks in a request": '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET /'
    + " " * SIZE
    + 'x" 200 5 "-" "-',
    "blanks in a good request": '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET /'
    + " " * SIZE
    + 'x" 200 5 "-" "-"',
    "users": "203.0.113.9 - " + " [" * (SIZE // 2),
    "lists": "a, " * (SIZE // 3),
    "numbers": "1" * SIZE,
    "open objects": '{"a":' * (SIZE // 5),
    "open lists": "[" * SIZE,
    "labels": "a:1\t" * (SIZE // 4),
    "errors": "2026/02/01 10:00:00 [error] 5#0: " + ', request: "' * (SIZE // 12),
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_line_costs_no_more_than_its_length(line):
    started = time.process_time()
    for preset in formats.all_presets():
        formats.parse_line(preset, line)
        formats.field_spans(preset, line)

    # a quadratic step in one of 70 formats takes minutes here, a linear one some milliseconds
    assert time.process_time() - started < 20


PLAIN = st.text("abcXYZ019/._~", min_size=1, max_size=20).filter(lambda text: "a" in text)
WRITERS = {
    Escape.APACHE: apache_escape,
    Escape.NGINX: nginx_escape,
    Escape.JSON: json_escape,
    Escape.DOUBLED: lambda text: text.replace('"', '""'),
}


def written_columns(preset):
    """Columns that a client fills, with the values that their fields can carry and how these are written."""
    # Of two fields with but a blank between them nobody can say where the first ends if it holds blanks.
    unquoted = [one for one, behind in pairwise(preset.tokens) if behind == Literal(" ")]
    for field in preset.fields:
        if field.column in {"agent", "referrer"}:
            json = preset.kind is formats.Kind.JSON
            rich = json or (field.type == "text" and field.escape in WRITERS and field not in unquoted)
            escape = json_escape if json else WRITERS.get(field.escape, str)
            yield field.column, TEXT if rich else PLAIN, escape


TOLD = [preset for preset in formats.all_presets() if any(True for _ in written_columns(preset))]


@pytest.mark.parametrize("preset", TOLD, ids=lambda preset: preset.name)
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_written_into_a_line_of_a_format_reads_back(preset, data):
    line = data.draw(st.sampled_from(preset.samples)).line
    before = formats.parse_line(preset, line)
    spans = formats.field_spans(preset, line)
    assert spans is not None
    assert not isinstance(before, formats.Rejected)
    expected = dict(before)
    columns = {column: (values, escape) for column, values, escape in written_columns(preset)}
    for column in sorted(columns.keys() & spans.keys(), key=lambda name: spans[name], reverse=True):
        start, end = spans[column]
        if before[column] is None:
            continue
        values, escape = columns[column]
        expected[column] = data.draw(values)
        line = line[:start] + escape(expected[column]) + line[end:]

    assert formats.parse_line(preset, line) == expected

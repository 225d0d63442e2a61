"""Log lines for tests: made of parts that servers write, and of parts that break them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
from hypothesis import strategies as st

from logstats import schema
from logstats.batches import AGENT, CLIENT, MINUTE, NOTHING, PROTOCOL, REFERRER, REQUEST, VHOST, Batch

HOSTS = st.sampled_from(
    [
        "192.0.2.1",
        "203.0.113.77",
        "2001:db8::1",
        "::ffff:192.0.2.1",
        "host.example.net",
        "-",
        "",
        "unknown host",
    ]
)
USERS = st.sampled_from(["-", "anna", "anna b", '""', "a\\x20b"])
TIMES = st.sampled_from(
    [
        "[01/Feb/2026:10:00:00 +0000]",
        "[01/Feb/2026:10:00:59 +0130]",
        "[28/Feb/2026:23:59:60 -0800]",
        "[31/Feb/2026:10:00:00 +0000]",
        "[01/Feb/2026:10:00:61 +0000]",
        "[1/Feb/2026:10:00:00 +0000]",
        "[01/feb/2026:24:00:00 +0000]",
        "[01/Feb/2026 10:00:00 +0000]",
        "[01/Feb/2026:10:00:00]",
        "-",
    ]
)
REQUESTS = st.sampled_from(
    [
        "GET / HTTP/1.1",
        "GET /a?b=c HTTP/1.1",
        "GET /a?b=c d HTTP/2.0",
        "GET /a b HTTP/1.1",
        "GET /a",
        "GET /a?b",
        "GET  HTTP/1.1",
        "-",
        "",
        "quit",
        r"\x16\x03\x01",
        r"GET /\"x\" HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "get /é HTTP/1.1",
        "PRI * HTTP/2.0",
        "CONNECT 192.0.2.1:443 HTTP/1.1",
        "GET http://example.org/a?b HTTP/1.1",
        'GET /a"b HTTP/1.1',
        "GET /a HTTP/1.1 ",
        "1ET /a HTTP/1.1",
        "GET /a HTTP/10",
        "GET ?a=1 HTTP/1.1",
        "GET - HTTP/1.1",
        "GET /a HTTP/1.0?b HTTP/1.1",
    ]
)
NUMBERS = st.sampled_from(
    [
        "200 5",
        "304 -",
        "000 0",
        "999 1",
        "20 5",
        "2000 5",
        "200  5",
        "200 +5",
        "200 5 ",
        "- -",
        "200 1e3",
        "200 007",
    ]
)
QUOTED = st.sampled_from(
    ["-", "", "curl/8", "https://example.org/a?b=c", r"a\"b", r"a\\", "a\\", 'a"b', "é\x80\x1b", "\u200b"]
)
ENDS = st.sampled_from(["", " ", "\r", ' "more"', " 17", '"'])

combined_lines = st.builds(
    '{} - {} {} "{}" {} "{}" "{}"{}'.format, HOSTS, USERS, TIMES, REQUESTS, NUMBERS, QUOTED, QUOTED, ENDS
)
plain_lines = st.builds(
    '192.0.2.{} - - [0{}/Feb/2026:1{}:00:00 +0000] "GET /{} HTTP/1.1" {} {} "-" "Mozilla/5.0 Firefox/{}.0"'.format,
    st.integers(1, 40),
    st.integers(1, 3),
    st.integers(0, 9),
    st.sampled_from(["", "a", "b/c", "x.css"]),
    st.sampled_from([200, 304, 404, 500]),
    st.integers(0, 9999),
    st.integers(100, 105),
)
odd_lines = st.one_of(combined_lines, st.text(max_size=60), st.just(""), st.just(" "))


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """Return the hits of a batch as the exact parser would give them, times to the minute."""
    decoded = {
        name: values.select(pl.all().gather(batch.hits[name])) for name, values in batch.values.items()
    }
    frame = pl.concat(
        [
            decoded[MINUTE].select(schema.TIME),
            decoded[CLIENT].select(schema.HOST),
            decoded[REQUEST].select(schema.METHOD, schema.PATH),
            decoded[PROTOCOL].select(schema.PROTOCOL),
            decoded[REFERRER].select(schema.REFERRER),
            decoded[AGENT].select(schema.AGENT),
            decoded[VHOST].select(schema.VHOST),
            batch.hits.select(schema.STATUS, schema.BYTES_SENT),
        ],
        how="horizontal",
    )
    return [comparable(row) for row in frame.to_dicts()]


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that a batch keeps of a hit, the time to the minute."""
    time = row[schema.TIME]
    assert isinstance(time, datetime)
    said = {
        name: None if row.get(name) == NOTHING else row.get(name) for name in (schema.HOST, REFERRER, AGENT)
    }
    return {
        **{name: row.get(name) for name in (schema.METHOD, schema.PATH, schema.PROTOCOL, schema.VHOST)},
        **said,
        schema.TIME: time.strftime("%Y-%m-%d %H:%M"),
        schema.STATUS: row[schema.STATUS] or 0,
        schema.BYTES_SENT: row[schema.BYTES_SENT] or 0,
    }

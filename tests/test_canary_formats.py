"""A marked e-mail address and marked addresses in every field of every format: none comes out of any of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from logstats.batches import AGENT
from logstats.formats import Format, preset
from logstats.formats.presets import names
from logstats.formats.spans import field_spans
from logstats.parse import parse_block
from logstats.policy import load_policy
from logstats.redact import KEYED, TRUNCATE, LineMasks, Redactor
from logstats.rewrite import Rewriter
from logstats.seeds import Seeds

MARKS = {
    "e-mail": "zqxjo@example.org",
    "encoded e-mail": "zqxjo%40example.org",
    "IPv4": "198.51.100.177",
    "IPv6": "2001:db8:5ca1:ab1e::177",
    "mapped": "::ffff:198.51.100.177",
    "path": "/u/zqxjo@example.org/198.51.100.177?q=1",
    "URL": "https://198.51.100.177/zqxjo@example.org?q=1",
}
FORMS = ("zqxjo", "198.51.100.177", "5ca1:ab1e", "c633:64b1")
# A number without a blank behind it: an address there is cut in two by the format itself.
GLUED = {"queues", "captures", "server_port"}
POLICY = load_policy("internal")


def marked_lines(known: Format, mark: str) -> Iterator[tuple[str, str]]:
    """Each field of each sample in turn, and the sample with a mark in its place."""
    for sample in known.samples:
        for name, (start, end) in (field_spans(known, sample.line) or {}).items():
            if end > start and name not in GLUED:
                yield name, sample.line[:start] + mark + sample.line[end:]


def block(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def has_mark(data: bytes) -> bool:
    return any(form in data.decode().lower() for form in FORMS)


def key_of(_: date) -> bytes:
    return bytes(32)


@pytest.mark.parametrize("mode", [TRUNCATE, KEYED])
@pytest.mark.parametrize("name", names())
def test_no_field_of_any_format_is_written_with_an_address_in_it(name: str, mode: str) -> None:
    known = preset(name)
    rewriter = Rewriter(LineMasks(POLICY, mode, (16, 32), key_of))
    pairs = [pair for mark in MARKS.values() for pair in marked_lines(known, mark)]

    written = rewriter.rewrite_block(block([line for _, line in pairs]), (known,)).data

    assert written
    assert (
        not has_mark(written)
        or {field for field, line in pairs if has_mark(rewriter.rewrite_block(block([line]), (known,)).data)}
        == set()
    )


@pytest.mark.parametrize("name", names())
def test_no_field_of_any_format_is_counted_with_an_address_in_it(name: str) -> None:
    """Whatever the policy shows: it is gone before anything is counted."""
    known = preset(name)
    lines = [line for mark in MARKS.values() for _, line in marked_lines(known, mark)]
    parsed = parse_block(block(lines), (known,))
    if parsed.batch is None:
        return
    redacted = Redactor(POLICY, Seeds(), places=True, hosts=frozenset()).redact_batch(parsed.batch)

    values = {
        text
        for name, frame in redacted.values.items()
        # Values of rows that the plan does not trust are there too, but no hit points to them.
        for series in frame[redacted.hits[name].unique()]
        if series.dtype == pl.String and name != AGENT
        for text in series.drop_nulls()
    }
    assert not [text for text in values for form in FORMS if form in text.lower()]

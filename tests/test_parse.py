"""The fast plan and the exact parser are one parser."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats
from logstats.formats import Rejected
from logstats.lines import decode_line, split_lines
from logstats.parse import batch_of_hits, parse_block, parse_odd_line
from logstats.plan import plan_of
from tests.lines import combined_lines, comparable, odd_lines, plain_lines, rows_of

COMBINED = (formats.preset("combined"),)
FAST = [
    *("combined", "common", "nginx", "combined_duration_us", "combined_duration_s"),
    *("vhost_combined", "vhost_combined_duration_us", "vhost_combined_duration_s"),
]


def _exact(lines: list[bytes], known: tuple[formats.Format, ...]) -> list[dict[str, object]]:
    hits = [parse_odd_line(line, known) for line in lines if line.strip()]
    return [comparable(hit) for hit in hits if not isinstance(hit, Rejected)]


def _both(data: bytes, known: tuple[formats.Format, ...]) -> tuple[Counter[str], Counter[str]]:
    parsed = parse_block(data, known)
    fast = rows_of(parsed.batch) if parsed.batch is not None else []
    fast += [comparable(hit) for hit in parsed.odd_hits]
    return Counter(map(repr, fast)), Counter(map(repr, _exact(split_lines(data), known)))


@given(st.lists(st.one_of(plain_lines, combined_lines, odd_lines), max_size=30))
def test_fast_plan_and_exact_parser_read_the_same_columns(lines: list[str]) -> None:
    data = "\n".join(line.replace("\n", " ") for line in lines).encode("utf-8", "surrogatepass")

    fast, exact = _both(data, COMBINED)

    assert fast == exact


# What may stand behind the last field of a line, or be missing there.
ENDS = ("", '"', '""', '" "', ' "', " ", '""x', '"x', '" x', '"""x"', '"\r', "\r", "x", '\\"')


@pytest.mark.parametrize("name", [one.name for one in formats.all_presets() if plan_of(one) is not None])
@settings(max_examples=40)
@given(data=st.data())
def test_both_agree_however_the_ends_of_lines_are_torn(name: str, data: st.DataObject) -> None:
    known = (formats.preset(name), *map(formats.preset, formats.preset(name).siblings))
    samples = st.sampled_from([sample.line for sample in known[0].samples])
    cuts = st.builds(
        lambda line, cut, end: line[: len(line) - cut] + end,
        samples,
        st.integers(0, 3),
        st.sampled_from(ENDS),
    )
    lines = data.draw(st.lists(cuts, max_size=8))

    fast, exact = _both("\n".join(lines).encode(), known)

    assert fast == exact


@given(st.lists(st.binary(max_size=80), max_size=20), st.lists(plain_lines, min_size=1, max_size=5))
def test_no_bytes_swallow_a_neighbouring_line(noise: list[bytes], good: list[str]) -> None:
    lines = [line.encode() for line in good]
    for number, bad in enumerate(noise):
        lines.insert(2 * number % (len(lines) + 1), bad.replace(b"\n", b""))

    parsed = parse_block(b"\n".join(lines), COMBINED)

    assert parsed.tally.parsed >= len(good)
    assert parsed.tally.read == len(split_lines(b"\n".join(lines)))
    assert parsed.tally.balances()


@pytest.mark.parametrize("name", FAST)
def test_a_usual_format_has_a_plan(name: str) -> None:
    assert plan_of(formats.preset(name)) is not None


@pytest.mark.parametrize("name", FAST)
def test_plain_samples_of_a_format_are_read_by_its_plan(name: str) -> None:
    known = (formats.preset(name),)
    line = known[0].samples[0].line.encode()

    parsed = parse_block(line + b"\n", known)

    assert parsed.batch is not None
    assert rows_of(parsed.batch) == _exact([line], known)


def test_a_line_that_is_no_utf8_counts_as_latin1() -> None:
    line = b'192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET /caf\xe9 HTTP/1.1" 200 5 "-" "x"\n'

    parsed = parse_block(line * 2, COMBINED)

    assert [hit["path"] for hit in parsed.odd_hits] == ["/café"] * 2


@pytest.mark.parametrize(
    "request_line", ["GET - HTTP/1.1", "GET /a HTTP/1.0?b HTTP/1.1", "GET /a 12345678?b HTTP/1.1"]
)
def test_a_hyphen_and_a_blank_in_a_path_are_read_by_both_parsers_alike(request_line: str) -> None:
    line = f'192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "{request_line}" 200 5 "-" "x"\n'

    fast, exact = _both(line.encode() * 2, COMBINED)

    assert fast == exact


def test_a_byte_order_mark_hides_no_line() -> None:
    line = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"\n'

    parsed = parse_block(("\ufeff" + line + line).encode(), COMBINED)

    assert parsed.tally.read == 2
    assert parsed.tally.balances()


def test_a_sibling_format_in_the_same_log_is_read_too() -> None:
    combined = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'
    common = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5'

    parsed = parse_block(f"{combined}\n{common}\n".encode(), (*COMBINED, formats.preset("common")))

    assert parsed.tally.parsed == 2


def test_hits_of_the_exact_parser_become_the_same_batch() -> None:
    line = '2001:db8::1 - - [01/Feb/2026:10:00:00 +0100] "GET /a?b HTTP/1.1" 404 7 "-" ""'
    hit = parse_odd_line(line.encode(), COMBINED)
    assert not isinstance(hit, Rejected)

    assert rows_of(batch_of_hits([hit, hit], COMBINED[0])) == [comparable(hit)] * 2


@pytest.mark.parametrize(
    "log",
    [
        "elastic-examples/apache_logs",
        "heffalump/access.log",
        "nielsbasjes-hackers/hackers-access.log",
        "advertools/nginx_access.log",
        "lnav/logfile_shop_access_log.0",
        "attack-scanners-ocatak/w3af.txt",
    ],
)
def test_both_parsers_agree_on_real_logs(corpus: Path, log: str) -> None:
    data = (corpus / "real" / log).read_bytes()

    fast, exact = _both(data, (*COMBINED, formats.preset("common")))

    assert fast == exact


def test_decode_line_never_fails() -> None:
    assert decode_line(bytes(range(256)))

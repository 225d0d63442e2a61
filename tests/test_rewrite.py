"""What `anonymize` writes: nothing changed but what is personal."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats
from logstats.formats import Format, Rejected
from logstats.lines import split_lines
from logstats.parse import parse_odd_line
from logstats.policy import load_policy
from logstats.redact import DROP, KEYED, TRUNCATE, LineMasks
from logstats.rewrite import Rewriter, Rewritten
from tests.hits import COMBINED
from tests.lines import combined_lines, odd_lines, plain_lines

POLICY = load_policy("default")
LINE = '{} - {} [{:02}/Feb/2026:10:00:00 +0000] "GET {} HTTP/1.1" 200 5 "{}" "{}"'


@cache
def key_of(day: date) -> bytes:
    return day.isoformat().encode().ljust(32, b"\x00")


def masks(mode: str = TRUNCATE, bits: tuple[int, int] = (16, 32)) -> LineMasks:
    return LineMasks(POLICY, mode, bits, key_of)


def rewrite(
    data: bytes, known: tuple[Format, ...] = COMBINED, *, mode: str = TRUNCATE, **more: Any
) -> Rewritten:
    return Rewriter(masks(mode, **more)).rewrite_block(data, known)


def line(
    host: str = "192.0.2.1",
    user: str = "-",
    day: int = 1,
    path: str = "/a",
    referrer: str = "-",
    agent: str = "x",
) -> str:
    return LINE.format(host, user, day, path, referrer, agent)


def kept_fields(raw: bytes) -> dict[str, object] | None:
    """What must come out as it went in: all but host, user, target and referrer."""
    hit = parse_odd_line(raw, COMBINED)
    if isinstance(hit, Rejected):
        return None
    return {name: hit.get(name) for name in ("time", "method", "protocol", "status", "bytes_sent", "agent")}


noise = st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b""))
encoded = st.one_of(plain_lines, combined_lines, odd_lines).map(
    lambda text: text.replace("\n", " ").encode("utf-8", "surrogatepass")
)
logs = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(st.one_of(encoded, noise), max_size=20),
    st.sampled_from([b"", b"\n"]),
)


@settings(max_examples=50)
@given(logs, st.integers(1, 5), st.sampled_from([0, 1, 2, 32]))
def test_how_rows_are_made_into_bytes_changes_nothing(data: bytes, rows: int, many: int) -> None:
    at_once = rewrite(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logstats.rewrite._ROWS_AT_ONCE", rows)
        patch.setattr("logstats.rewrite._MANY_ODD", many)
        written = rewrite(data)
        assert written.data == at_once.data
        assert written.tally == at_once.tally


def test_what_is_made_into_bytes_at_once_is_not_the_whole_block() -> None:
    data = (line() + "\n").encode() * 20_000
    pieces = list(rewrite(data).pieces)

    assert len(pieces) > 1
    assert max(map(len, pieces)) < len(data) / 2


@settings(max_examples=50)
@given(logs)
def test_every_line_is_there_in_its_order_or_withheld_and_counted(data: bytes) -> None:
    before = split_lines(data)
    expected = [kept_fields(raw) if raw.strip() else raw for raw in before]
    written = rewrite(data)
    after = split_lines(written.data)

    assert written.tally.balances()
    assert written.tally.read == len(before)
    assert len(after) == len(before) - written.tally.rejected.total()
    assert [kept_fields(raw) if raw.strip() else raw for raw in after] == [
        fields for fields in expected if fields is not None
    ]


@settings(max_examples=50)
@given(logs)
def test_what_was_rewritten_is_not_changed_again(data: bytes) -> None:
    once = rewrite(data).data

    assert rewrite(once).data == once


@settings(max_examples=15)
@given(st.lists(st.one_of(plain_lines, combined_lines), max_size=12))
def test_each_line_is_rewritten_alike_alone_and_among_others(lines: list[str]) -> None:
    alone = b"".join(rewrite(text.encode() + b"\n").data for text in lines)

    assert rewrite("".join(text + "\n" for text in lines).encode()).data == alone


@settings(max_examples=50)
@given(st.lists(plain_lines, min_size=1, max_size=10))
def test_of_lines_without_personal_data_only_the_address_changes(lines: list[str]) -> None:
    data = "".join(text + "\n" for text in lines).encode()

    assert rewrite(data).data == re.sub(rb"^192\.0\.2\.\d+", b"192.0.0.0", data, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(line(), line("192.0.0.0"), id="address"),
        pytest.param(line("2001:db8:1:2::3"), line("2001:db8::"), id="IPv6 address"),
        pytest.param(line("::ffff:192.0.2.1"), line("192.0.0.0"), id="IPv4 address in an IPv6 one"),
        pytest.param(line("pool-192-0-2-1.isp.example.net"), line("example.net"), id="host name"),
        pytest.param(line("not an address"), line("unknown"), id="no address"),
        pytest.param(line(user="anna"), line("192.0.0.0"), id="user"),
        pytest.param(line(user="anna b"), line("192.0.0.0"), id="user of two words"),
        pytest.param(line(path="/a?b=c"), line("192.0.0.0"), id="query"),
        pytest.param(
            line(path="/u/jo@example.com/x"),
            line("192.0.0.0", path="/u/{email}/x"),
            id="e-mail address in the path",
        ),
        pytest.param(
            line(path="/a;jsessionid=F3/b"), line("192.0.0.0", path="/a/b"), id="parameter of a segment"
        ),
        pytest.param(
            line(path="https://jo:pw@example.org/a"),
            line("192.0.0.0", path="https://example.org/a"),
            id="user before a host",
        ),
        pytest.param(line(path="/a b c"), line("192.0.0.0", path="/a b c"), id="blanks in the path"),
        pytest.param(
            line(referrer="https://example.org/a/b?c=d"),
            line("192.0.0.0", referrer="https://example.org/"),
            id="referrer",
        ),
        pytest.param(line(agent=r"a \"b\" c"), line("192.0.0.0", agent=r"a \"b\" c"), id="escaped quotes"),
        pytest.param(line(agent=""), line("192.0.0.0", agent=""), id="empty agent"),
        pytest.param("said hello", None, id="no log line"),
        pytest.param("", "", id="blank line"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_line(before: str, after: str | None, end: str) -> None:
    written = rewrite((line("198.51.100.1") + "\n" + before + end).encode()).data.decode()

    assert written == line("198.51.0.0") + "\n" + ("" if after is None else after + end)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x00", id="NUL"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param("é\u200b".encode(), id="UTF-8"),
        pytest.param(b"\r", id="carriage return"),
        pytest.param(rb"\x22\\", id="escapes"),
        pytest.param(b"\x1b[31m", id="terminal control"),
    ],
)
def test_odd_bytes_of_an_agent_stay(raw: bytes) -> None:
    before = line(agent="A B").encode().replace(b"B", raw)

    assert rewrite(before + b"\n").data == before.replace(b"192.0.2.1", b"192.0.0.0") + b"\n"


def test_lines_that_end_in_cr_lf_are_rewritten_as_others_are() -> None:
    data = "".join(
        text + "\n"
        for text in [line(), "", line(agent="\r"), line(agent=r"\""), "hello", line("2001:db8::1")]
    ).encode()

    plain, windows = rewrite(data), rewrite(data.replace(b"\n", b"\r\n"))

    assert windows.data == plain.data.replace(b"\n", b"\r\n")
    assert windows.tally == plain.tally


@pytest.mark.parametrize("end", ['"-" "x', '"-" "x""', '"-" " ', '"-" ""'])
def test_a_last_quote_mark_is_neither_added_nor_lost(end: str) -> None:
    raw = line().removesuffix('"-" "x"') + end
    written = rewrite(f"{line()}\n{raw}\n".encode()).data.decode()

    assert written.removeprefix(line("192.0.0.0") + "\n") in {
        "",
        raw.replace("192.0.2.1", "192.0.0.0") + "\n",
    }


def test_what_is_withheld_is_counted_by_reason() -> None:
    tally = rewrite(
        b"hello\n\n" + line().encode() + b"\n" + line().replace("Feb", "Fex").encode() + b"\n"
    ).tally

    assert (tally.read, tally.parsed, tally.blank) == (4, 1, 1)
    assert tally.rejected.total() == 2


def test_a_last_line_without_newline_that_is_withheld_leaves_the_one_before_whole() -> None:
    assert rewrite(line().encode() + b"\nbroken").data == line("192.0.0.0").encode() + b"\n"


def test_a_log_of_nothing_but_withheld_lines_becomes_empty() -> None:
    assert rewrite(b"a\nb\nc").data == b""


@settings(max_examples=30)
@given(st.lists(logs, max_size=5), st.sampled_from([TRUNCATE, DROP, KEYED]))
def test_a_block_is_rewritten_alike_whatever_came_before_it(blocks: list[bytes], mode: str) -> None:
    """Also where more is to be remembered than there is room for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logstats.rewrite_line.slots._REMEMBERED", 3)
        patch.setattr("logstats.rewrite_line.slots._LONGEST", 12)
        rewriter = Rewriter(masks(mode))
        written = [rewriter.rewrite_block(block, COMBINED).data for block in blocks]

    assert written == [rewrite(block, mode=mode).data for block in blocks]


def hosts(written: Rewritten) -> list[str]:
    return [text.split(" ")[0] for text in written.data.decode().splitlines()]


def test_dropped_addresses_are_hyphens() -> None:
    data = "\n".join([line("192.0.2.1"), line("2001:db8::1"), line("host.example.net")]).encode()

    assert hosts(rewrite(data, mode=DROP)) == ["-", "-", "-"]


@pytest.mark.parametrize(
    ("bits", "cut"),
    [
        ((32, 64), "192.0.2.77"),
        ((24, 48), "192.0.2.0"),
        ((20, 44), "192.0.0.0"),
        ((16, 32), "192.0.0.0"),
        ((8, 16), "192.0.0.0"),
        ((0, 0), "0.0.0.0"),
    ],
)
def test_as_many_bits_are_kept_as_were_asked_for(bits: tuple[int, int], cut: str) -> None:
    assert hosts(rewrite(line("192.0.2.77").encode(), bits=bits)) == [cut]


def test_a_keyed_token_is_the_same_all_day_and_another_on_another_day() -> None:
    odd = line("192.0.2.1", agent=r"\"")  # which the exact parser reads
    lines = [line("192.0.2.1"), odd, line("::ffff:192.0.2.1"), line("192.0.2.2"), line("192.0.2.1", day=2)]
    first, by_exact, mapped, other, next_day = hosts(rewrite("\n".join(lines).encode(), mode=KEYED))

    assert first == by_exact == mapped
    assert len({first, other, next_day}) == 3


@settings(max_examples=30)
@given(st.ip_addresses().map(str))
def test_no_token_looks_like_an_address(address: str) -> None:
    (token,) = hosts(rewrite(line(address).encode(), mode=KEYED))

    with pytest.raises(ValueError, match="not appear"):
        ipaddress.ip_address(token)
    assert address not in token


@pytest.mark.parametrize(
    "name", ["common", "vhost_combined", "nginx", "combined_duration_us", "combined_duration_s"]
)
def test_samples_of_each_format_stay_but_for_what_is_personal(name: str) -> None:
    known = (formats.preset(name),)
    for sample in known[0].samples:
        before = parse_odd_line(sample.line.encode(), known)
        (after,) = [
            parse_odd_line(raw, known) for raw in split_lines(rewrite(sample.line.encode(), known).data)
        ]
        assert isinstance(before, dict)
        kept = set(before) - {"host", "user", "path", "query", "referrer"}

        assert {key: before[key] for key in kept} == {key: after[key] for key in kept}
        assert after.get("host") != before.get("host")
        assert not after.get("query")


def test_a_field_of_a_format_of_ones_own_is_not_passed_on_unread() -> None:
    known = (formats.load('%h %l %u %t "%r" %>s %b "%{X-Forwarded-For}i" "%{Cookie}i"'),)
    raw = b'192.0.2.1 - jo [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "198.51.100.7, 203.0.113.9" "id=secret"\n'

    assert rewrite(raw, known).data == (
        b'192.0.0.0 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "198.51.0.0, 203.0.0.0" "-"\n'
    )

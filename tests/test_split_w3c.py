"""W3C logs in columns and the exact parser are one parser."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats
from logstats.formats import Kind, LineReader, Rejected
from logstats.jobs import Logs
from logstats.lines import split_lines
from logstats.parse import parse_block, read_odd_line
from logstats.recognize import headers_in, recognize
from tests.lines import comparable, rows_of

IIS = (formats.preset("iis"),)
FRONT = (formats.preset("cloudfront"),)
LINE = "2026-02-01 10:00:00 192.0.2.1 GET /a+b q=1 443 - 203.0.113.9 Mozilla/5.0+(X11) - 200 0 0 18"


def both(data: bytes, known: tuple[formats.Format, ...]) -> tuple[Counter[str], Counter[str], int]:
    parsed = parse_block(data, known)
    fast = rows_of(parsed.batch) if parsed.batch is not None else []
    fast += [comparable(hit) for hit in parsed.odd_hits]
    reader = LineReader(known)
    read = [read_odd_line(line, reader) for line in split_lines(data)]
    exact = [comparable(hit) for hit in read if hit is not None and not isinstance(hit, Rejected)]
    assert parsed.tally.balances()
    assert parsed.tally.read == len(read)
    assert parsed.tally.blank == read.count(None)
    return Counter(map(repr, fast)), Counter(map(repr, exact)), len(parsed.odd_hits)


VALUES = [
    ["2026-02-01", "2026-02-31", "-", ""], ["10:00:00", "23:59:60", "10:00", "25:00:00"], ["192.0.2.1"], ["GET", "-", "get"],
    ["/", "/a+b", "/é", "-", '"/a b"', "/\u200b", "/a\x1fb", "1e5"], ["-", "a=1"], ["443", "x", "-"], ["-", "anna", r"EXAMPLE\anna"],
    ["203.0.113.9", "2001:db8::9", "fe80::1%4", "-", "203.0.113.9:80", "host"], ["-", "Mozilla/5.0+(X11)", "a%20b", '"x'],
    ["-", "https://example.org/a"], ["200", "404", "0", "x", "-"], ["0"], ["0"], ["18", "-", "1.5", "x", "9999999"],
]  # fmt: skip
LINES = st.one_of(
    st.tuples(*(st.one_of(st.just(some[0]), st.sampled_from(some)) for some in VALUES)).map(" ".join),
    st.tuples(*(st.sampled_from(some) for some in VALUES)).map("\t".join),
    st.just(LINE),
    st.sampled_from(
        ["", " ", LINE + " ", LINE + "\t", LINE + " x", LINE + "\r", "\ufeff" + LINE, "#Date: 2026-02-01", "|", LINE + " |",
         "#Fields: date time c-ip cs-uri-stem sc-status", "2026-02-01 10:00:00 192.0.2.1 /x 404", IIS[0].header, "#fields: date"]
    ),
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(LINES, max_size=10), st.sampled_from(["\n", "\r\n"]))
def test_columns_and_exact_parser_read_the_same(lines: list[str], end: str) -> None:
    fast, exact, _ = both(end.join(lines).encode(), IIS)

    assert fast == exact


@pytest.mark.parametrize(
    "preset", [p for p in formats.all_presets() if p.kind is Kind.W3C], ids=lambda p: p.name
)
def test_samples_of_each_preset_are_read_the_same(preset: formats.Format) -> None:
    data = "".join(sample.line + "\n" for sample in preset.samples).encode()

    fast, exact, _ = both(data, (preset,))

    assert fast == exact


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_under_headers_of_the_same_columns_are_all_read_in_columns(end: str) -> None:
    fast, exact, odd = both((f"{IIS[0].header}{end}{LINE}{end}" * 50).encode(), IIS)

    assert (fast, odd) == (exact, 0)
    assert fast.total() == 50


def test_lines_of_cloudfront_are_read_in_columns() -> None:
    fast, exact, odd = both((FRONT[0].samples[0].line + "\n").encode() * 3, FRONT)

    assert (fast, odd) == (exact, 0)


def test_lines_under_other_columns_are_read_by_these() -> None:
    other = "#Fields: date time c-ip sc-status\n2026-02-01 10:00:00 192.0.2.7 404\n"

    fast, exact, odd = both(f"{LINE}\n{LINE}\n{other}{IIS[0].header}\n{LINE}\n".encode(), IIS)

    assert fast == exact
    assert (fast.total(), odd) == (4, 3)


@pytest.mark.parametrize("log", ["lnav", "iis-brianary", "matomo"])
def test_both_agree_on_real_w3c_logs(corpus: Path, log: str) -> None:
    for path in sorted((corpus / "real" / log).iterdir()):
        data = path.read_bytes()
        known = recognize(path.name, data, ()) if b"#Fields:" in data[:2000] else None
        if isinstance(known, tuple) and known[0].kind is Kind.W3C:
            fast, exact, _ = both(data, known)

            assert fast == exact


UNDATED = "#Fields: time c-ip cs-method cs-uri-stem sc-status\n"


def times_of(data: str, known: tuple[formats.Format, ...] = (formats.preset("w3c"),)) -> list[str]:
    parsed = parse_block(data.encode(), known)
    assert parsed.batch is None
    assert parsed.tally.rejected.total() == 0
    return [f"{hit['time']:%m-%d %H:%M}" for hit in parsed.odd_hits]


def undated(*clocks: str) -> str:
    return "".join(f"{clock}:30 203.0.113.9 GET /a 200\n" for clock in clocks)


@pytest.mark.parametrize("date", ["2026-02-01 10:00:00", "2026-02-01", "1-Feb-2026 00:00:00"])
@pytest.mark.parametrize("is_before", [True, False], ids=["before the columns", "after them"])
def test_a_time_without_a_date_is_of_the_day_of_the_header(date: str, *, is_before: bool) -> None:
    header = f"#Date: {date}\n"
    head = header + UNDATED if is_before else UNDATED + header

    assert times_of(head + undated("10:00", "23:59")) == ["02-01 10:00", "02-01 23:59"]


def test_a_time_that_goes_back_by_hours_is_of_the_next_day() -> None:
    data = "#Date: 2026-02-27 08:00:00\n" + UNDATED + undated("23:00", "01:00", "22:00", "21:30", "05:00")

    assert times_of(data) == ["02-27 23:00", "02-28 01:00", "02-28 22:00", "02-28 21:30", "03-01 05:00"]


def test_a_line_that_is_late_at_midnight_is_of_the_day_before() -> None:
    data = "#Date: 2026-02-27 08:00:00\n" + UNDATED + undated("23:59", "00:01", "23:58", "00:02")

    assert times_of(data) == ["02-27 23:59", "02-28 00:01", "02-27 23:58", "02-28 00:02"]


def test_another_date_begins_anew() -> None:
    data = (
        "#Date: 2026-02-27\n" + UNDATED + undated("23:59", "00:01") + "#Date: 2026-03-05\n" + undated("00:02")
    )

    assert times_of(data) == ["02-27 23:59", "02-28 00:01", "03-05 00:02"]


def test_a_time_without_any_date_is_none() -> None:
    parsed = parse_block((UNDATED + undated("10:00")).encode(), (formats.preset("w3c"),))

    assert parsed.tally.rejected == {"bad_time": 1}


@given(st.lists(st.sampled_from(["23:00", "00:10", "12:00", "11:30", "x"]), max_size=8), st.integers(0, 8))
def test_days_go_on_from_block_to_block(clocks: list[str], cut: int) -> None:
    lines = ["#Date: 2026-02-27 08:00:00", UNDATED.strip(), *undated(*clocks).splitlines()]
    first, second = ("".join(line + "\n" for line in some) for some in (lines[:cut], lines[cut:]))
    known = (formats.preset("w3c"),)

    whole = parse_block((first + second).encode(), known).odd_hits
    parts = parse_block(first.encode(), known).odd_hits
    parts += parse_block(second.encode(), headers_in(first.encode(), known)).odd_hits

    assert parts == whole


def test_a_report_of_a_log_without_dates_has_its_days(tmp_path: Path) -> None:
    log = tmp_path / "extend1.log"
    log.write_text("#Date: 2026-02-27 08:00:00\n" + UNDATED + undated("23:00", "01:00"))

    logs = Logs((str(log),))
    counted = [hit for job in logs.jobs() for hit in parse_block(job.block.data, job.formats).odd_hits]

    assert [f"{hit['time']:%m-%d}" for hit in counted] == ["02-27", "02-28"]

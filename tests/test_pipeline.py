"""Whole runs inside the process: every line is accounted for, whatever a log holds."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.anonymize import anonymize_logs
from logstats.dictionary import MOST_VALUES
from logstats.jobs import Logs
from logstats.lines import split_lines
from logstats.pipeline import Rules, count_logs, report_logs
from logstats.policy import load_policy
from logstats.read import FIRST_BLOCK_BYTES, LATER_BLOCK_BYTES
from logstats.redact import TRUNCATE, LineMasks
from logstats.sanitize import Sanitizer, sanitize_logs
from logstats.tally import Tally
from tests.hits import Hit, block_of, count_rows
from tests.lines import combined_lines, plain_lines

POLICY = load_policy("default")
RULES = Rules(POLICY)


def key_of(_day: date) -> bytes:
    return bytes(32)


MASKS = LineMasks(POLICY, TRUNCATE, (16, 32), key_of)


def laid_out(directory: Path, *contents: bytes) -> tuple[str, ...]:
    names = []
    for number, content in enumerate(contents):
        path = directory / f"{number}.log"
        path.write_bytes(content)
        names.append(str(path))
    return tuple(names)


def anonymize(*names: str, flush_early: bool = False) -> tuple[bytes, Tally]:
    written: list[bytes] = []
    tally = anonymize_logs(Logs(names), MASKS, written.append, flush_early=flush_early)
    return b"".join(written), tally


logs = st.builds(
    lambda good, others: "\n".join([*good, *others]).encode() if good else b"",
    st.lists(plain_lines, max_size=8),
    st.lists(combined_lines, max_size=3),
)


@settings(max_examples=10)
@given(st.binary(max_size=300), logs)
def test_every_line_read_is_parsed_blank_or_rejected(noise: bytes, log: bytes) -> None:
    with TemporaryDirectory() as directory:
        names = laid_out(Path(directory), log + b"\n" + noise)
        read = Logs(names)
        counted = count_logs(read, RULES)

    assert counted.lines.balances()
    if not read.problems:
        assert counted.lines.read == len(split_lines(log + b"\n" + noise))


@settings(max_examples=10)
@given(st.lists(logs, min_size=1, max_size=4), st.booleans())
def test_lines_of_several_sources_stay_lines(contents: list[bytes], flush_early: bool) -> None:
    with TemporaryDirectory() as directory:
        names = laid_out(Path(directory), *contents)
        written, tally = anonymize(*names, flush_early=flush_early)

    assert tally.balances()
    assert len(split_lines(written)) == tally.read - tally.rejected.total()


def test_a_source_without_a_last_newline_is_parted_from_the_next(tmp_path: Path) -> None:
    line = block_of([Hit()]).removesuffix(b"\n")
    written, tally = anonymize(*laid_out(tmp_path, line, line + b"\nbroken", b"", line))

    assert written == b"\n".join([line.replace(b"192.0.2.1", b"192.0.0.0")] * 3)
    assert tally.rejected.total() == 1


def test_logs_of_different_formats_are_read_in_one_run(tmp_path: Path) -> None:
    combined = block_of([Hit(client=1), Hit(client=2)])
    common = b"".join(line.rsplit(b' "', 2)[0] + b"\n" for line in combined.splitlines())
    read = Logs(laid_out(tmp_path, combined, common, gzip.compress(combined)))
    counted = count_logs(read, RULES)

    assert counted.lines.parsed == 6
    assert [format_.name for format_ in read.found_formats] == ["combined", "common", "combined"]
    assert read.problems == []


def test_of_a_log_that_is_none_the_others_are_read(tmp_path: Path) -> None:
    read = Logs((*laid_out(tmp_path, b"hello\n", block_of([Hit()]), b"\0\1\2" * 50), "none.log"))
    counted = count_logs(read, RULES)

    assert counted.lines.parsed == 1
    assert len(read.problems) == 3
    assert read.sources_read == 1


def test_lines_too_long_are_rejected_by_that_reason(tmp_path: Path) -> None:
    good = block_of([Hit()])
    names = laid_out(tmp_path, good + b"x" * 70_000 + b"\n" + good, b"y" * 70_000)

    assert count_logs(Logs(names), RULES).lines.rejected == {"too_long": 2}
    assert anonymize(*names)[1].rejected == {"too_long": 2}
    sanitized = sanitize_logs(Logs(names), Sanitizer(date(2030, 1, 1)))
    assert sanitized.rejected == {"too_long": 2}
    assert sanitized.balances()


def test_odd_lines_count_as_the_others_do(tmp_path: Path) -> None:
    wanted = [Hit(client=client % 9 + 1, path="/a") for client in range(40)]
    plain = block_of(wanted)
    odd = plain.replace(b'"-" "', b'"a\\"b" "')

    one, other = (
        count_logs(Logs(laid_out(tmp_path, data)), RULES).days.close(()).days for data in (plain, odd)
    )

    assert one.equals(other)
    assert list(count_rows(wanted, lambda _hit: ()).values()) == [
        one.select("hits", "bot_hits", "visitors", "bytes_sent", "top_hits").row(0)
    ]


def test_a_report_shows_only_tables_that_the_log_can_tell(tmp_path: Path) -> None:
    common = b"".join(line.rsplit(b' "', 2)[0] + b"\n" for line in block_of([Hit()] * 3).splitlines())
    report = report_logs(Logs(laid_out(tmp_path, common)), RULES)

    assert not {"referrers", "browsers", "countries", "networks", "vhosts"} & set(report.tables)
    assert report.lines.parsed == 3


@pytest.mark.parametrize(("paths", "large"), [(MOST_VALUES // 2 + 1, False), (100, True)])
def test_blocks_of_requests_that_do_not_repeat_are_smaller(
    tmp_path: Path, paths: int, *, large: bool
) -> None:
    """What a larger block saves are values that come again; others would only take more memory."""
    line = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "curl/8.5.0"\n'
    content = "".join(line % (number % paths) for number in range(MOST_VALUES // 2 + 1))
    read = Logs(laid_out(tmp_path, content.encode()))

    counted = count_logs(read, RULES)

    assert counted.lines.parsed == MOST_VALUES // 2 + 1
    assert (read.block_size.wanted == FIRST_BLOCK_BYTES) is large


def test_blocks_of_long_lines_are_smaller(tmp_path: Path) -> None:
    """Each value takes room of its own when a line is cut; a binary file beside the log has none."""
    line = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "%s"\n'
    short = Logs(laid_out(tmp_path, (line % "x").encode() * 9, b"\0" * 4096))
    count_logs(short, RULES)
    long = Logs(laid_out(tmp_path, (line % ("y" * 700)).encode() * 9))
    count_logs(long, RULES)

    assert short.block_size.wanted == FIRST_BLOCK_BYTES
    assert long.block_size.wanted == LATER_BLOCK_BYTES

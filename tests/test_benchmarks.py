"""The log that benchmarks read is the same each time, and like a real one."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

import pytest

from benchmarks import make_log
from benchmarks.bench import log_name
from benchmarks.figures import BEGIN, END, GOALS, Goal, machine, render, replace_figures
from benchmarks.layouts import FORMATS
from benchmarks.make_log import CHUNK_LINES, ODD_LINE_EVERY, line_times, make_blocks
from benchmarks.measure import Case, Run, measure
from logstats import formats
from logstats.formats import Rejected
from logstats.parse import parse_odd_line
from tests.corpus import ROOT

# An independent reading of `combined`: fields in quotes may hold escaped quotes.
QUOTED = rb'"((?:[^"\\]|\\.)*)"'
COMBINED = re.compile(
    rb"([0-9a-f.:]+) - (\S+) \[([^]]+)\] " + QUOTED + rb" (\d{3}) (\d+) " + QUOTED + rb" " + QUOTED
)


def lines_of(
    *, lines: int = 3_000, seed: int = 1, layout: str = "combined", distinct: bool = False
) -> list[bytes]:
    blocks: Iterator[bytes] = make_blocks(lines=lines, days=3, seed=seed, layout=layout, distinct=distinct)
    return b"".join(blocks).removesuffix(b"\n").split(b"\n")


def fields(line: bytes) -> tuple[bytes, ...]:
    found = COMBINED.fullmatch(line)
    assert found is not None, line
    groups: tuple[bytes, ...] = found.groups()
    return groups


@pytest.fixture(scope="module")
def log() -> list[bytes]:
    return lines_of(lines=20_000)


def test_the_same_options_give_the_same_bytes(log):
    assert lines_of(lines=20_000) == log


def test_another_seed_gives_another_log():
    assert lines_of(seed=2) != lines_of(seed=1)


@pytest.mark.parametrize("count", [1, 2_000, CHUNK_LINES + 1])
@pytest.mark.parametrize("distinct", [False, True], ids=["like-a-real-one", "distinct"])
def test_a_log_has_the_lines_asked_for(count, distinct):
    assert len(lines_of(lines=count, distinct=distinct)) == count


def test_one_line_in_two_thousand_is_odd_and_all_others_are_combined(log):
    for number, line in enumerate(log):
        if number == 0 or number % ODD_LINE_EVERY:
            fields(line)


def test_odd_lines_are_of_many_kinds_and_keep_address_and_time(log):
    rng = Random(1)
    odd = [make_log._odd_line(rng, log[1]) for _ in range(400)]

    assert b"" in odd
    assert any(rb"\x16\x03" in line for line in odd)
    assert any(rb"\"" in line for line in odd)
    assert any(b"\xe9" in line for line in odd)
    assert sum(line.startswith(log[1].partition(b'"')[0]) for line in odd) > 300


def test_lines_are_in_order_of_time_over_the_days_asked_for(log):
    times = [
        datetime.strptime(fields(line)[2].decode(), "%d/%b/%Y:%H:%M:%S %z")
        for number, line in enumerate(log)
        if number == 0 or number % ODD_LINE_EVERY
    ]

    assert times == sorted(times)
    assert timedelta(days=2, hours=23) < times[-1] - times[0] < timedelta(days=3)


def test_times_do_not_depend_on_where_a_chunk_begins():
    whole = list(line_times(0, 500, 500, 2))

    assert whole[:137] + list(line_times(137, 500, 500, 2)) == whole


def test_shares_are_those_of_a_real_log(log):
    rows = [fields(line) for number, line in enumerate(log) if number == 0 or number % ODD_LINE_EVERY]

    def share(column: int, pattern: bytes) -> float:
        return sum(re.search(pattern, row[column]) is not None for row in rows) / len(rows)

    assert 0.10 < share(0, rb":") < 0.20
    assert 0.15 < share(3, rb"\?") < 0.25
    assert 0.80 < share(4, rb"^200$") < 0.90
    assert 0.40 < share(6, rb"^-$") < 0.50
    assert 0.10 < share(7, rb"(?i)bot|curl|wget|python-|go-http|external") < 0.20


def test_a_few_pages_and_clients_make_most_of_the_hits(log):
    counts: dict[bytes, int] = {}
    for number, line in enumerate(log):
        if number % ODD_LINE_EVERY:
            path = fields(line)[3].split(b" ")[1].partition(b"?")[0]
            counts[path] = counts.get(path, 0) + 1
    ranked = sorted(counts.values(), reverse=True)

    assert len(ranked) > 3_000
    assert sum(ranked[:200]) > 0.4 * sum(ranked)


def test_distinct_lines_differ_in_path_client_and_agent():
    rows = [fields(line) for line in lines_of(lines=CHUNK_LINES + 1, distinct=True)]

    assert len({row[0] for row in rows}) == len(rows)
    assert len({row[3].split(b" ")[1].partition(b"?")[0] for row in rows}) == len(rows)
    assert len({row[7] for row in rows}) == len(rows)


@pytest.mark.parametrize("layout", FORMATS)
def test_every_format_is_combined_with_less_or_more(layout):
    line = lines_of(lines=5, layout=layout)[1]
    combined = lines_of(lines=5)[1]

    match layout:
        case "common":
            assert combined.startswith(line + b' "')
        case "vhost_combined":
            assert re.fullmatch(rb"[a-z.]+:(?:443|80) " + re.escape(combined), line)
        case "combined_duration":
            assert re.fullmatch(re.escape(combined) + rb" \d+", line)
        case "vhost_duration":
            assert re.fullmatch(rb"[a-z.]+:(?:443|80) " + re.escape(combined) + rb" \d+", line)
        case "nginx_json" | "caddy":
            assert fields(combined)[0] in line
        case "w3c":
            assert line == b"#Version: 1.0"
        case _:
            assert line == combined


@pytest.mark.parametrize(
    ("layout", "name"), [("nginx_json", "json"), ("caddy", "caddy"), ("w3c", "iis")], ids=lambda text: text
)
def test_a_log_in_another_format_tells_the_same_hits(layout, name):
    combined = lines_of(lines=2_500)
    lines = lines_of(lines=2_500, layout=layout)
    known = (formats.preset(name),)
    rows = [
        (fields(old), parse_odd_line(new, known))
        for old, new in list(zip(combined, lines, strict=True))[4:2000]
    ]

    assert all(not isinstance(hit, Rejected) for _, hit in rows)
    assert all(hit["host"] == old[0].decode() for old, hit in rows)
    assert all(hit["status"] == int(old[4]) for old, hit in rows)


def test_a_name_ending_in_gz_is_packed(tmp_path):
    command = [sys.executable, "-m", "benchmarks.make_log", "--lines", "50", "-o"]
    for name in ("a.log", "a.log.gz"):
        subprocess.run([*command, str(tmp_path / name)], cwd=ROOT, check=True)

    assert gzip.decompress((tmp_path / "a.log.gz").read_bytes()) == (tmp_path / "a.log").read_bytes()


def test_names_of_logs_are_as_short_as_their_sizes():
    assert [log_name(n) for n in (10_000, 2_000_000, 1_500_000)] == ["10k", "2m", "1500k"]


def test_a_command_that_fails_is_left_out_of_the_figures(tmp_path, capsys):
    fails = Case("fails", [sys.executable, "-c", "raise SystemExit(3)"])
    works = Case("works", [sys.executable, "-c", "print(1)"], stdout=tmp_path / "out")

    runs = measure([fails, works], rounds=2, directory=tmp_path)

    assert list(runs) == ["works"]
    assert (tmp_path / "out").read_text() == "1\n"
    assert "fails: ended with 3" in capsys.readouterr().err


def test_a_log_is_read_right_before_each_run(tmp_path):
    log = tmp_path / "log"
    os.mkfifo(log)
    case = Case("works", [sys.executable, "-c", ""], log=log)

    with ThreadPoolExecutor(1) as written:
        for _ in range(2):
            reader_came = written.submit(log.write_bytes, b"line\n")
            measure([case], rounds=1, directory=tmp_path)
            assert reader_came.result() == 5


def test_processor_time_and_memory_are_those_of_the_command(tmp_path):
    greedy = Case("greedy", [sys.executable, "-c", "b = bytes(range(256)) * 800_000; sum(range(2_000_000))"])

    run = measure([greedy], rounds=1, directory=tmp_path)["greedy"]

    assert run.peak_mb > 200
    assert run.cpu_seconds > 0


RUNS = {
    "report": Run(wall_seconds=2.0, cpu_seconds=3.0, peak_mb=500.0),
    "GoAccess": Run(wall_seconds=36.0, cpu_seconds=36.0, peak_mb=100.0),
}


@pytest.mark.parametrize(
    ("goal", "value", "must", "aim"),
    [
        pytest.param(Goal("", "report", 15, 21, "GoAccess", "x"), 18.0, True, False, id="ratio"),
        pytest.param(Goal("", "report", 600, 450, unit="MB"), 500.0, True, False, id="memory"),
        pytest.param(Goal("", "report", 1.5, 1.0), 2.0, False, False, id="time"),
    ],
)
def test_a_ratio_is_held_from_below_and_a_time_or_peak_from_above(goal, value, must, aim):
    measured = goal.value(RUNS)

    assert measured == value
    assert (goal.holds(measured, goal.must), goal.holds(measured, goal.goal)) == (must, aim)


def test_what_was_not_measured_is_said():
    page = render(RUNS, lines=1_000, versions={"GoAccess": "1.7"})

    assert "| GoAccess 1.7 | 36.00 s |" in page
    assert page.count("not measured") == len(GOALS) - 2


def test_lines_a_second_and_time_a_line_are_told_where_lines_are_known():
    runs = {
        "report": Run(wall_seconds=2.0, cpu_seconds=3.0, peak_mb=500.0, lines=2_000),
        "report, nginx JSON": Run(wall_seconds=3.0, cpu_seconds=3.0, peak_mb=500.0, lines=1_000),
        "zcat": Run(wall_seconds=1.0, cpu_seconds=1.0, peak_mb=1.0),
    }

    page = render(runs, lines=2_000, versions={})

    assert "| `logstats report, nginx JSON` | 3.00 s | 3.00 s | 3.0x | 333 | 500 MB |" in page
    assert "| zcat | 1.00 s | 1.00 s | 0.5x |  | 1 MB |" in page


def test_the_machine_is_described_without_its_name():
    import socket

    assert "cores of" in machine()
    assert socket.gethostname() not in machine()


def test_only_what_is_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    replace_figures(page, "new")

    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    replace_figures(page, "newer")
    assert "new\n" not in page.read_text()


def test_a_page_without_marks_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("no marks")

    with pytest.raises(ValueError, match="figures: begin"):
        replace_figures(page, "new")
    assert page.read_text() == "no marks"


def test_the_page_about_performance_has_the_marks():
    text = (ROOT / "docs/explanation/performance.md").read_text()

    assert text.index(BEGIN) < text.index(END)

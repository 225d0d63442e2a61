"""Every format goes through the whole tool: reported, anonymized, every line accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from logstats import formats
from logstats.batches import REQUEST
from logstats.cli import cli
from logstats.errors import InputError
from logstats.parse import Parsed, parse_block
from logstats.recognize import headers_in
from tests.corpus import CORPUS

LATER = "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
W3C = (
    "#Software: x\n#Fields: date time cs-method cs-uri-stem c-ip sc-status\n"
    "2026-02-01 10:00:00 GET /first 192.0.2.1 200\n"
    + LATER
    + "2026-02-01 10:00:01 192.0.2.2 GET /second 404\n"
)


def run(*args: str, data: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, list(args), input=data)


def account(target: Path) -> dict[str, int]:
    lines = json.loads(target.read_text())["lines"]
    return {**lines, "rejected": sum(lines["rejected"].values())}


def report(tmp_path: Path, log: Path, *args: str) -> dict[str, int]:
    target = tmp_path / "report.json"
    ended = run("report", str(log), "-o", str(target), "--policy", "internal", *args)
    assert ended.exit_code == 0, ended.output
    return account(target)


def paths_of(parsed: Parsed) -> list[object]:
    """Return the paths of all hits, those of the plan first."""
    odd = [hit["path"] for hit in parsed.odd_hits]
    if parsed.batch is None:
        return odd
    return parsed.batch.values[REQUEST]["path"].gather(parsed.batch.hits[REQUEST]).to_list() + odd


def untimed(preset: formats.Format, line: str) -> bool:
    hit = formats.parse_line(preset, line)
    return isinstance(hit, formats.Rejected) or hit["time"] is None


OF_HITS = [name for name in formats.names() if not formats.preset(name).tells_messages]


@pytest.mark.parametrize("name", OF_HITS)
def test_samples_of_each_format_of_hits_are_reported(name: str, tmp_path: Path) -> None:
    preset = formats.preset(name)
    log = tmp_path / "access.log"
    header = preset.header + "\n" if preset.header else ""
    log.write_text(header + "".join(sample.line + "\n" for sample in preset.samples))

    lines = report(tmp_path, log, "--format", name)

    assert lines["read"] == lines["parsed"] + lines["blank"] + lines["rejected"]
    assert lines["blank"] == bool(header)
    # A few servers write lines without a time; nobody can say on which day such a hit was.
    assert lines["rejected"] == sum(untimed(preset, sample.line) for sample in preset.samples)


def test_a_header_within_a_w3c_log_changes_what_follows() -> None:
    known = (formats.preset("w3c"),)

    parsed = parse_block(W3C.encode(), known)

    assert set(paths_of(parsed)) == {"/first", "/second"}
    assert (parsed.tally.blank, parsed.tally.read, parsed.tally.balances()) == (3, 5, True)


def test_a_header_holds_in_the_next_block() -> None:
    known = headers_in(W3C.encode(), (formats.preset("w3c"),))

    parsed = parse_block(b"2026-02-01 10:00:02 192.0.2.3 GET /third 200\n", known)

    assert known[0].header == LATER.strip()
    assert paths_of(parsed) == ["/third"]


def test_a_header_in_a_path_is_no_header() -> None:
    known = (formats.preset("w3c"),)

    assert headers_in(b"2026-02-01 GET /#Fields: date\n", known) == known


def test_a_comment_in_a_log_without_comments_is_rejected() -> None:
    parsed = parse_block(b"# anna was here\n", (formats.preset("json"),))

    assert parsed.tally.rejected == {"no_format": 1}


def test_a_hit_without_a_time_is_rejected() -> None:
    parsed = parse_block(b'{"remote_addr": "192.0.2.1", "status": 200}\n', (formats.preset("json"),))

    assert parsed.tally.rejected == {"bad_time": 1}


LAYOUT = '%v %h %l %u %t "%r" %>s %O %D'


def test_a_layout_string_reads_a_log_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    line = 'www.example.org 192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 {}\n'
    log.write_text("".join(line.format(number) for number in range(40)))

    assert report(tmp_path, log, "--format", LAYOUT)["parsed"] == 40


def test_a_named_format_reads_lines_of_its_siblings_too(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    common = '192.0.2.1 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5'
    log.write_text(f'{common} "-" "x"\n{common}\n')

    assert report(tmp_path, log, "--format", "combined")["parsed"] == 2


LARGEST = 4_000_000
LOGS = sorted(
    path
    for path in ((CORPUS / "real").rglob("*") if CORPUS else ())
    if path.is_file() and path.stat().st_size < LARGEST
)


@pytest.mark.corpus
@pytest.mark.parametrize("log", LOGS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_line_of_a_real_log_is_accounted_for(log: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"

    ended = run("report", str(log), "-o", str(target), "--policy", "internal")

    if isinstance(ended.exception, InputError):
        pytest.skip("no log that is known")
    assert ended.exit_code == 0, ended.output
    lines = account(target)
    assert lines["read"] == lines["parsed"] + lines["blank"] + lines["rejected"] > 0

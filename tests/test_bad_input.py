"""What can be wrong with input and output: a clear sentence, the right exit code, nothing half-written."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Logstats
from tests.hits import Hit, block_of
from tests.waiting import PATIENCE_SECONDS, wait_until

LOG = block_of(Hit(client=client, day=day) for client in range(1, 31) for day in (1, 2))
COMMANDS = [("report", "-o", "out.json"), ("anonymize", "-o", "out.log")]
commands = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    return path


def files_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def lines_of(path: Path) -> dict[str, int]:
    lines: dict[str, int] = json.loads(path.read_bytes())["lines"]
    return lines


@commands
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("no.log", None, b"no such file", id="missing"),
        pytest.param("binary.log", bytes(range(256)) * 20, b"is no text", id="binary"),
        pytest.param("other.log", b"said hello there\n" * 5, b"--format", id="unknown format"),
        pytest.param("cut.log.gz", gzip.compress(b"")[:12], b"truncated", id="archive of nothing"),
        pytest.param("fake.log.gz", b"\x1f\x8b" + b"x" * 50, b"fake.log.gz", id="no archive"),
    ],
)
def test_a_log_that_cannot_be_read_ends_in_3_and_writes_nothing(
    command, name, content, says, logstats: Logstats, tmp_path: Path
):
    if content is not None:
        (tmp_path / name).write_bytes(content)

    done = logstats(*command, name)

    assert done.returncode == 3
    assert name.encode() in done.stderr
    assert says in done.stderr
    assert b"hello" not in done.stderr
    assert files_in(tmp_path) <= {name}


def test_a_directory_without_logs_ends_in_3(logstats: Logstats, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()

    done = logstats("report", "logs")

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"logs: no logs in this directory" in done.stderr


@commands
def test_a_line_that_begins_like_an_archive_ends_nothing(
    command: tuple[str, ...], logstats: Logstats, log: Path, tmp_path: Path
) -> None:
    """`x^` is how zlib begins, and a client may send it where a line begins with the name it asks for."""
    log.write_bytes(b'x^.example.org - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n' + LOG)

    done = logstats(*command, log.name)

    assert (done.returncode, done.stderr) == (0, b"")
    assert files_in(tmp_path) == {log.name, command[-1]}


@commands
@pytest.mark.parametrize("end", [b"\r", b"\r\r", b'"\r', b"\n\r"])
def test_a_log_may_end_in_a_carriage_return(
    end: bytes, command: tuple[str, ...], logstats: Logstats, log: Path
) -> None:
    """Behind a line without its last quote mark."""
    torn = LOG.splitlines(keepends=True)[0].rstrip()[:-1] + b"\n"
    log.write_bytes(LOG + torn + LOG + end)

    done = logstats(*command, log.name)

    assert done.returncode == 0
    assert b"bug" not in done.stderr


@commands
def test_an_empty_log_is_no_error(command: tuple[str, ...], logstats: Logstats, tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()

    done = logstats(*command, "empty.log")

    assert (done.returncode, done.stderr) == (0, b"")
    assert command[-1] in files_in(tmp_path)


def test_a_missing_log_keeps_no_other_from_being_read(logstats: Logstats, log: Path, tmp_path: Path) -> None:
    done = logstats("report", "no.log", log, "-o", "out.json")

    assert done.returncode == 3
    assert b"no.log: no such file" in done.stderr
    assert lines_of(tmp_path / "out.json")["parsed"] == 60


def test_of_a_truncated_archive_counts_what_can_be_read(logstats: Logstats, tmp_path: Path) -> None:
    packed = gzip.compress(LOG * 9, compresslevel=0)
    (tmp_path / "a.log.gz").write_bytes(packed[: len(packed) // 2])

    reported = logstats("report", "a.log.gz", "-o", "out.json", "--format", "combined")
    anonymized = logstats("anonymize", "a.log.gz", "-o", "out.log", "--format", "combined")

    lines = lines_of(tmp_path / "out.json")
    assert reported.returncode == anonymized.returncode == 3
    assert b"a.log.gz: the archive ends too early" in reported.stderr
    assert b"a.log.gz: the archive ends too early" in anonymized.stderr
    assert 200 < lines["parsed"] < 540
    assert (tmp_path / "out.log").read_bytes().count(b"192.0.0.0 ") == lines["parsed"]


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["--format", "nonsense"], 2, b"nonsense"),
        (["--policy", "nonsense"], 2, b"nonsense"),
        (["--tz", "Mars/Base"], 2, b"Mars/Base"),
        (["--since", "yesterday"], 2, b"yesterday"),
        (["--geo", "access.log"], 3, b"access.log"),
        (["--geo", "none.mmdb"], 3, b"none.mmdb"),
        (["--nonsense"], 2, b"--nonsense"),
        (["-o", "access.log/out.json"], 2, b"out.json"),
        (["-o", "out.docx"], 2, b"suffix"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_an_option_that_cannot_be_meant_is_named(
    args, code, says, logstats: Logstats, log: Path, tmp_path: Path
) -> None:
    done = logstats("report", *args, log)

    assert (done.returncode, done.stdout) == (code, b"")
    assert says in done.stderr
    assert b"bug" not in done.stderr
    assert files_in(tmp_path) == {"access.log"}


def test_lines_of_another_format_than_the_one_named_are_rejected_and_counted(
    logstats: Logstats, log: Path, tmp_path: Path
) -> None:
    done = logstats("report", log, "--format", "ltsv", "-o", "out.json", "--max-rejected", "10")

    assert done.returncode == 1
    assert b"60 of 60 lines rejected" in done.stderr


@pytest.mark.parametrize("database", ["cyclic-data-structure", "metadata-marker-only"])
def test_a_broken_database_is_named(
    database: str, corpus: Path, logstats: Logstats, log: Path, tmp_path: Path
) -> None:
    (found,) = (corpus / "mmdb").rglob(f"*{database}.mmdb")

    done = logstats("report", log, "--geo", found, "-o", "out.json")

    assert done.returncode == 3
    assert database.encode() in done.stderr
    assert files_in(tmp_path) == {"access.log"}


def test_an_output_that_cannot_be_written_is_named(logstats: Logstats, log: Path, tmp_path: Path) -> None:
    done = logstats("anonymize", log, "-o", "access.log/out")

    assert done.returncode == 2
    assert b"access.log/out: cannot be written" in done.stderr
    assert log.read_bytes() == LOG


FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no device that is always full here")


@needs_full
@pytest.mark.parametrize(
    "args", [("report",), ("anonymize",), ("anonymize", "-o", "/dev/full"), ("formats", "list"), ("--help",)]
)
def test_a_full_disk_is_said(args: tuple[str, ...], log: Path, environment: dict[str, str]) -> None:
    names = [log] if args[0] in {"report", "anonymize"} else []
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "logstats", *args, *names],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )

    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert b"bug" not in done.stderr


@pytest.mark.parametrize("output", ["out.log", "out.log.gz", "out.log.zst", "out.log.xz"])
def test_when_the_disk_is_full_nothing_half_written_is_left(
    output: str, log: Path, tmp_path: Path, environment: dict[str, str]
):
    before = b"what was there\n"
    (tmp_path / output).write_bytes(before)
    with log.open("ab") as file:  # what hardly can be packed
        file.writelines(
            block_of([Hit()]).replace(b"Firefox", os.urandom(40).hex().encode()) for _ in range(2000)
        )
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); from logstats.cli import main; main(sys.argv[1:])"
    )

    done = subprocess.run(
        [sys.executable, "-c", limited, "anonymize", log, "-o", output],
        cwd=tmp_path, env=environment, capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert f"{output}: cannot be written (File too large); nothing was left there".encode() in done.stderr
    assert (tmp_path / output).read_bytes() == before
    assert files_in(tmp_path) == {"access.log", output}


@commands
def test_a_reader_that_has_gone_is_no_error(
    command: tuple[str, ...], log: Path, environment: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "logstats", command[0], log],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, said) == (0, b"")


@commands
def test_an_interrupt_leaves_nothing_behind(
    command: tuple[str, ...], tmp_path: Path, environment: dict[str, str]
) -> None:
    os.mkfifo(tmp_path / "slow.log")
    process = subprocess.Popen(
        [sys.executable, "-m", "logstats", *command, "slow.log"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        env=environment,
    )
    with (tmp_path / "slow.log").open("wb") as pipe:  # opens when the reader does
        pipe.write(LOG * 20)
        pipe.flush()
        time.sleep(0.3)  # in which it gets somewhere, wherever that is
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)  # it waits for more while the pipe is open

    assert process.returncode == 130
    assert said.strip() == b"logstats: interrupted; no file is left half-written"
    assert files_in(tmp_path) == {"slow.log"}


@pytest.mark.parametrize("arg", ["-o", "plain"])
def test_a_piped_logger_that_is_told_to_end_writes_all_that_comes(
    arg: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "out.log").write_bytes(b"before\n")
    args = ["-o", "out.log"] if arg == "-o" else []
    process = subprocess.Popen(
        [sys.executable, "-m", "logstats", "anonymize", *args],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environment,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(LOG)
    process.stdin.flush()
    assert process.stdout is not None
    first = b"" if args else process.stdout.readline()
    if args:
        wait_until(lambda: (tmp_path / "out.log").stat().st_size > 100, "lines in out.log")
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)  # in which it would end
    out, _ = process.communicate(LOG, timeout=PATIENCE_SECONDS)
    written = (tmp_path / "out.log").read_bytes().removeprefix(b"before\n") if args else first + out

    assert process.returncode == 0
    assert written.count(b"192.0.0.0 - - ") == written.count(b"\n") == 120


def test_a_line_leaves_the_pipe_before_the_next_one_comes(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "logstats", "anonymize"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for hit in (Hit(client=1), Hit(client=2, path="/b")):
        process.stdin.write(hit.line.encode() + b"\n")
        process.stdin.flush()

        assert hit.path.encode() in process.stdout.readline()
    process.communicate()

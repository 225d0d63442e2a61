"""A run in a copy of a process that has imported all is as one in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Logstats
from tests.forking import Forks
from tests.hits import Hit, block_of

LOG = block_of(Hit(client=client, path=f"/{client % 7}") for client in range(1, 60))


@pytest.mark.parametrize(
    "words",
    [
        ("report", "-"),
        ("anonymize",),
        ("report", "none.log"),
        ("formats", "list"),
        ("--version",),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_it_says_and_returns_the_same(
    words: tuple[str, ...], logstats: Logstats, environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "logstats", *words]
    alone = subprocess.run(
        command, input=LOG, cwd=tmp_path, env=environment, capture_output=True, check=False
    )

    copied = logstats(*words, input=LOG)

    assert (copied.returncode, copied.stderr) == (alone.returncode, alone.stderr)
    assert copied.stdout.splitlines()[3:] == alone.stdout.splitlines()[3:]  # above stands the time


def test_more_than_a_pipe_holds_comes_in_and_goes_out(logstats: Logstats) -> None:
    done = logstats("anonymize", "-", input=LOG * 500)

    assert done.stdout.count(b"\n") == LOG.count(b"\n") * 500


def test_what_takes_too_long_is_killed(logstats: Logstats, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "silent.log")
    writer = os.open(tmp_path / "silent.log", os.O_RDWR)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            logstats("report", "silent.log", timeout=0.5)
    finally:
        os.close(writer)

    assert logstats("--version").returncode == 0


def test_a_run_leaves_nothing_to_the_next(forks: Forks, environment: dict[str, str], tmp_path: Path) -> None:
    """Neither variables nor the directory."""
    (tmp_path / "a.log").write_bytes(LOG)
    marked = environment | {"LOGSTATS_FORMAT": "nonsense"}

    first = forks.run(["report", "a.log"], b"", cwd=tmp_path, env=marked, timeout=120)
    second = forks.run(["report", str(tmp_path / "a.log")], b"", cwd=Path("/"), env=environment, timeout=120)
    third = forks.run(["report", "a.log"], b"", cwd=Path("/"), env=environment, timeout=120)

    assert [done.returncode for done in (first, second, third)] == [2, 0, 3]

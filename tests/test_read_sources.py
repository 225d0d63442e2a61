"""Which files the names on the command line stand for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logstats.read import Problem, Source, find_sources


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A log directory as Apache and logrotate leave it, with more than access logs."""
    for name in (
        "access.log", "access.log.1", "access.log.2.gz", "other_vhosts_access.log", "error.log",
        "error.log.1", "ssl_error_log", ".hidden.log", "report.html", "backup.zip", "geo.mmdb",
    ):  # fmt: skip
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "access.log").touch()
    return tmp_path


def names(*args: str | Path) -> list[str]:
    return [Path(source.name).name for source in find_sources([str(arg) for arg in args]).sources]


def test_a_directory_stands_for_its_access_logs(logs: Path) -> None:
    """Sorted, not into subdirectories, without hidden files and what is no access log by name."""
    assert names(logs) == ["access.log", "access.log.1", "access.log.2.gz", "other_vhosts_access.log"]


def test_a_file_that_is_named_is_always_read(logs: Path) -> None:
    """What a directory leaves out can be asked for."""
    assert names(logs / "error.log") == ["error.log"]


def test_a_pattern_is_expanded(logs: Path) -> None:
    """For a shell that did not, as in a quoted argument or a configuration file."""
    assert names(logs / "access.log.*") == ["access.log.1", "access.log.2.gz"]
    assert names(logs / "**" / "access.log") == ["access.log", "access.log"]


def test_a_name_that_looks_like_a_pattern_is_a_name_first(tmp_path: Path) -> None:
    """A file may be called [x].log."""
    (tmp_path / "[x].log").touch()
    (tmp_path / "x.log").touch()

    assert names(tmp_path / "[x].log") == ["[x].log"]


def test_a_file_is_read_once(logs: Path) -> None:
    """However many names lead to it, no line is counted twice."""
    (logs / "link.log").symlink_to(logs / "access.log")

    assert names(logs / "access.log", logs / "link.log", logs / "access.log").count("access.log") == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.log", "no such file or directory"),
        ("missing*", "no file fits this pattern"),
        ("empty", "no logs in this directory"),
        ("x" * 5000, "file name too long"),
    ],
    ids=["file", "pattern", "directory", "long"],
)
def test_what_leads_to_nothing_is_said(
    logs: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    """And what else was named is still found."""
    (logs / "empty").mkdir()
    monkeypatch.chdir(logs)
    found = find_sources([name, "access.log"])

    assert found.problems == (Problem(name, reason),)
    assert found.sources == (Source("access.log", 0),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every directory")
def test_a_directory_that_may_not_be_read_is_said(logs: Path) -> None:
    """Permission is a problem of that name alone."""
    (logs / "old").chmod(0)
    found = find_sources([str(logs / "old"), str(logs / "access.log")])
    (logs / "old").chmod(0o700)

    assert [problem.reason for problem in found.problems] == ["permission denied"]
    assert len(found.sources) == 1


def test_stdin_is_never_guessed(logs: Path) -> None:
    """Only `-` stands for it."""
    assert find_sources([]).sources == ()
    assert find_sources(["-"]).sources == (Source("-"),)


def test_sizes_are_known_for_files_only(tmp_path: Path) -> None:
    """A pipe has no end that could be known."""
    (tmp_path / "x.log").write_bytes(b"abc")
    os.mkfifo(tmp_path / "fifo")

    found = find_sources([str(tmp_path / "x.log"), str(tmp_path / "fifo")])

    assert [source.size for source in found.sources] == [3, None]

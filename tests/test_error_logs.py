"""Error logs: no command counts them, and `anonymize` leaves no address in them, however it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logstats import formats
from tests.conftest import Logstats

ERRORS = [
    "apache_error",
    "apache_error_old",
    "nginx_error",
    "php_fpm_error",
    "litespeed_error",
    "haproxy_error",
]
COUNTING = [
    ("report",),
    ("collect", "--store", "store", "--now", "2026-02-03T03:00"),
    ("anonymize", "--preset", "tor"),
]


def text_of(name: str) -> str:
    return "".join(sample.line + "\n" for sample in formats.preset(name).samples)


@pytest.mark.parametrize("command", COUNTING, ids=lambda command: command[0])
@pytest.mark.parametrize("name", ERRORS)
def test_no_command_counts_an_error_log(
    logstats: Logstats, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    (tmp_path / "error.log").write_text(text_of(name))

    done = logstats(command[0], "error.log", *command[1:])

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"error.log: is an error log, of which no statistics are made" in done.stderr


def test_a_format_that_is_named_does_not_make_hits_of_errors(logstats: Logstats, tmp_path: Path) -> None:
    (tmp_path / "error.log").write_text(text_of("nginx_error"))

    assert logstats("report", "error.log", "--format", "nginx_error").returncode == 3


@pytest.mark.parametrize("name", ERRORS)
def test_anonymize_keeps_an_error_log_but_for_its_addresses(logstats: Logstats, name: str) -> None:
    text = text_of(name)

    done = logstats("anonymize", "-", input=text.encode())

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(text.splitlines())
    assert not re.search(rb"203\.0\.113|2001:db8::9", done.stdout)

"""The command line: quick to help, exact exit codes, no connection, no text of a log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from logstats.cli import COMMANDS
from logstats.errors import (
    CheckFailed,
    InputError,
    LogstatsError,
    OutputError,
    StoreError,
    UnknownFormat,
    UsageError,
)
from tests.conftest import Logstats
from tests.hits import Hit, block_of

LOG = block_of(Hit(client=client) for client in range(1, 31))


def run_python(code: str, *args: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", code, *args], cwd=cwd, env=env, capture_output=True, check=False
    )


def test_help_imports_nothing_heavy(tmp_path: Path, environment: dict[str, str]) -> None:
    code = (
        "import sys\nfrom logstats.cli import main\ntry: main(['--help'])\n"
        "finally: print(sorted({'polars', 'rich', 'ua_parser', 'jinja2', 'maxminddb'} & set(sys.modules)))"
    )
    done = run_python(code, cwd=tmp_path, env=environment)

    assert done.returncode == 0
    assert done.stdout.endswith(b"\n[]\n")
    assert all(name.encode() in done.stdout for name in COMMANDS)


def test_a_report_of_combined_lines_imports_nothing_that_it_does_not_need(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "access.log").write_bytes(block_of([Hit()]))
    code = (
        "import sys\nfrom logstats.cli import main\n"
        "try: main(['report', '-q', '-o', 'r.json', 'access.log'])\n"
        "finally: print(sorted({'rich', 'maxminddb', 'logstats.rewrite', 'logstats.ledger', 'logstats.keys', "
        "'logstats.split_json', 'logstats.split_w3c', 'logstats.store'} & set(sys.modules)))"
    )
    done = run_python(code, cwd=tmp_path, env=environment)

    assert (done.returncode, done.stdout) == (0, b"[]\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, logstats: Logstats) -> None:
    done = logstats(name, "--help")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(f"Usage: logstats {name}".encode())


def test_an_unknown_command_is_named(logstats: Logstats) -> None:
    done = logstats("rapport")

    assert done.returncode == 2
    assert b"rapport" in done.stderr


def test_the_version_is_told(logstats: Logstats) -> None:
    from logstats import __version__

    assert logstats("--version").stdout.decode() == f"logstats {__version__}\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError, 2),
        (InputError, 3),
        (CheckFailed, 1),
        (StoreError, 4),
        (OutputError, 2),
        (LogstatsError, 2),
    ],
)
def test_an_error_has_the_documented_exit_code(error: type[LogstatsError], code: int) -> None:
    assert error.exit_code == code


def test_a_log_of_no_known_format_is_told_how_to_name_one() -> None:
    error = UnknownFormat("access.log", 7)

    assert error.exit_code == 3
    assert str(error).startswith("access.log: none of 7 formats fits")
    assert "--format" in str(error)


NO_SOCKETS = """
import socket, sys
def refuse(*args, **more): raise AssertionError("a connection")
socket.socket = socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse
from logstats.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "args",
    [
        ("report", "access.log"),
        ("report", "access.log", "-o", "out.html", "-o", "out.json"),
        ("anonymize", "access.log"),
        ("formats", "detect", "access.log"),
        ("policy", "show", "default"),
    ],
    ids=lambda args: " ".join(args[:2]),
)
def test_no_command_opens_a_connection(
    args: tuple[str, ...], tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "access.log").write_bytes(LOG)
    done = run_python(NO_SOCKETS, *args, cwd=tmp_path, env=environment)

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_bug_is_told_by_type_and_place_alone(tmp_path: Path, environment: dict[str, str]) -> None:
    code = (
        "import logstats.commands.policy as policy\n"
        "def fail(): raise KeyError('192.0.2.77 secret')\n"
        "policy.list_policies = fail\n"
        "from logstats.cli import main\nmain(['policy', 'list'])"
    )
    done = run_python(code, cwd=tmp_path, env=environment)

    assert done.returncode == 70
    assert done.stdout == b""
    assert b"bug: KeyError at logstats.commands.policy:" in done.stderr
    assert b"secret" not in done.stderr


def test_a_variable_is_named_as_the_option_is_typed(logstats) -> None:
    line = b'203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512\n'

    for name in ("LOGSTATS_ANONYMIZE_ADDRESS", "LOGSTATS_ADDRESS"):
        done = logstats("anonymize", "-", input=line, env={name: "drop"})

        assert done.stdout == line.replace(b"203.0.113.9", b"-")

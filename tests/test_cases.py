"""Whole commands, each told by one file in fixtures/cases that a user can read and send.

A case is a TOML file: `notes` says in a sentence what it shows, `args` is the command line. `input` is
standard input; `files` (name = text) lie in the directory the command runs in, and so does `policy`, as
`policy.toml`. Expected are `output`, `error`, `exit_code` (0 if not said) and `written` (name = text).
An `output` or `error` that is not told may be anything.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Logstats
from tests.corpus import ROOT

CASES = sorted((ROOT / "fixtures" / "cases").glob("*.toml"))
KNOWN = {"notes", "args", "input", "files", "policy", "output", "error", "exit_code", "written"}


def read_case(path: Path) -> dict[str, Any]:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = case.keys() - KNOWN
    if unknown or not {"notes", "args"} <= case.keys():
        pytest.fail(f"{path.name}: unknown {sorted(unknown)}, or no notes, or no args")
    return case


def lay_out(case: dict[str, Any], directory: Path) -> None:
    files = dict(case.get("files", {}))
    if "policy" in case:
        files["policy.toml"] = case["policy"]
    for name, text in files.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_command_does_what_its_case_says(path: Path, logstats: Logstats, tmp_path: Path) -> None:
    case = read_case(path)
    lay_out(case, tmp_path)

    done = logstats(*case["args"], input=case.get("input", "").encode())

    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert case.get("error", stderr) == stderr
    assert case.get("output", stdout) == stdout
    assert case.get("exit_code", 0) == done.returncode
    for name, text in case.get("written", {}).items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text, name


def test_a_case_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    case = tmp_path / "typo.toml"
    case.write_text('notes = "a typo"\nargs = []\nexit = 3\n')

    with pytest.raises(pytest.fail.Exception, match="exit"):
        read_case(case)

"""What the how-to offers to copy is understood by the programs it is for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from logstats.nightly import config
from logstats.nightly.alerts import MEASURES
from tests.corpus import ROOT
from tests.programs import find_program

HOW_TO = (ROOT / "docs" / "how-to" / "nightly.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "config.md").read_text("utf-8")


@pytest.mark.live
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    program = find_program("systemd-analyze")
    service, timer = re.findall(r"```ini\n(.*?)```", HOW_TO, re.DOTALL)
    (tmp_path / "logstats.service").write_text(service.replace("/usr/bin/logstats", "/bin/true"))
    (tmp_path / "logstats.timer").write_text(timer)

    command = [program, "verify", "--man=no", "./logstats.service", "./logstats.timer"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, "logstats" in done.stderr) == (0, False), done.stderr


@pytest.mark.live
def test_logrotate_understands_the_snippet(tmp_path: Path) -> None:
    program = find_program("logrotate")
    (snippet,) = re.findall(r"```\n(/var/log.*?)```", HOW_TO, re.DOTALL)
    (tmp_path / "conf").write_text(
        snippet.replace("/var/log/nginx", str(tmp_path)).replace("www-data adm", "")
    )
    (tmp_path / "conf").chmod(0o600)

    command = [program, "--debug", "--state", "state", "conf"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, "error:" in done.stderr) == (0, False), done.stderr


def test_every_key_and_measure_is_documented() -> None:
    keys = (config._TOP | config._SITE | config._REPORT) - {"site", "report"}

    assert not [key for key in sorted(keys) if f"| `{key}` |" not in REFERENCE]
    assert not [measure for measure in MEASURES if f"`{measure}`" not in REFERENCE]

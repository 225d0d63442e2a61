"""Where the value of an option comes from, and what of a configuration is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Logstats

LINES = "".join(
    f'198.51.100.{n} - - [01/Feb/2026:10:00:00 +0000] "GET /{n % 3} HTTP/1.1" 200 5 "-" "curl/8"\n'
    for n in range(60)
).encode()


def zone(logstats: Logstats, *args: str, **env: str) -> str:
    """Return the time zone that a report is made in."""
    done = logstats(*args, "report", "-", "-o", "r.json", *env.pop("after", "").split(), input=LINES, env=env)
    assert done.returncode == 0, done.stderr
    return str(json.loads(Path(str(env["HERE"]), "r.json").read_text())["period"]["timezone"])


def test_options_beat_the_environment_and_that_beats_files_from_near_to_far(
    logstats: Logstats, tmp_path: Path
) -> None:
    user = tmp_path / "xdg" / "logstats"
    user.mkdir(parents=True)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "HERE": str(tmp_path)}
    (user / "logstats.toml").write_text('tz = "Asia/Tokyo"\n')
    assert zone(logstats, **env) == "Asia/Tokyo"

    (tmp_path / "logstats.toml").write_text('[report]\ntz = "Europe/Berlin"\n')
    assert zone(logstats, **env) == "Europe/Berlin"

    (tmp_path / "named.toml").write_text('tz = "Europe/Paris"\n')
    assert zone(logstats, "--config", "named.toml", **env) == "Europe/Paris"
    assert (
        zone(logstats, "--config", "named.toml", **env, LOGSTATS_REPORT_TZ="Asia/Kolkata") == "Asia/Kolkata"
    )
    assert (
        zone(logstats, "--config", "named.toml", **env, LOGSTATS_REPORT_TZ="Asia/Kolkata", after="--tz UTC")
        == "UTC"
    )
    assert zone(logstats, "--no-config", **env) == "UTC"


def test_a_list_stands_for_an_option_that_may_be_given_several_times(
    logstats: Logstats, tmp_path: Path
) -> None:
    (tmp_path / "logstats.toml").write_text(
        '[report]\noutput = ["a.json", "b.md"]\nsite = ["www.example.org"]\n'
    )

    done = logstats("report", "-", input=LINES)

    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "a.json").read_text())["site"] == "www.example.org"
    assert (tmp_path / "b.md").exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("topp = 3", "topp"),
        ("[report]\ntopp = 3", "report.topp"),
        ("[reprot]\ntop = 3", "reprot"),
        ("[report]\nlogs = ['x']", "report.logs"),
        ("top = ", "no TOML"),
        ("[report]\ntop = 'many'", "--top"),
    ],
    ids=["unknown", "unknown of a command", "unknown command", "argument", "no TOML", "wrong value"],
)
def test_what_cannot_be_meant_is_named(content: str, named: str, logstats: Logstats, tmp_path: Path) -> None:
    (tmp_path / "logstats.toml").write_text(content)

    done = logstats("report", "-", input=LINES)

    assert done.returncode == 2
    assert named in done.stderr.decode()


def test_a_config_that_is_not_there_is_said(logstats: Logstats) -> None:
    done = logstats("--config", "missing.toml", "report", "-", input=LINES)

    assert done.returncode == 2
    assert b"missing.toml" in done.stderr


def test_what_one_command_has_not_the_others_may_have(logstats: Logstats, tmp_path: Path) -> None:
    (tmp_path / "logstats.toml").write_text('lang = "de"\n[report]\ntop = 5\n')

    assert logstats("anonymize", input=LINES).returncode == 0

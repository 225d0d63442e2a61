"""The package as users get it: a wheel with its data, in an empty environment, by pip and by pipx."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest

import logstats
from tests.corpus import IN_CI, ROOT

pytestmark = pytest.mark.slow

PACKAGE = ROOT / "logstats"
DATA = sorted(
    path.relative_to(ROOT).as_posix()
    for path in PACKAGE.rglob("*")
    if path.is_file() and path.suffix not in {".py", ".pyc"}
)
CLEAN = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def call(*args: str | Path, cwd: Path, **more: str) -> str:
    """Run a program away from the repository; return what it printed, or fail with what it said."""
    done = subprocess.run(args, cwd=cwd, env=CLEAN | more, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{args[0]} {args[1]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def need(module: str, home: Path) -> None:
    """Skip, visibly, where a tool of the `dev` extra is missing; CI goes on and fails."""
    found = subprocess.run([sys.executable, "-c", f"import {module}"], cwd=home, check=False)
    if found.returncode and not IN_CI:
        pytest.skip(f"{module} is not installed")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("wheel")
    need("hatchling", home)
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", home, cwd=ROOT)
    return next(home.glob("*.whl"))


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned versions without hashes: a wheel of our own making has none to be held against."""
    text = (ROOT / "constraints.txt").read_text()
    path = tmp_path_factory.mktemp("pins") / "pins.txt"
    path.write_text("".join(f"{pin}\n" for pin in re.findall(r"^\S+==\S+", text, re.MULTILINE)))
    return path


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, wheel: Path, pins: Path) -> Path:
    """The Python of an environment that holds the wheel and what it asks for, and no more."""
    home = tmp_path_factory.mktemp("empty")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    call(python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "-c", pins, wheel, cwd=home)
    return python


def test_the_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")}

    assert "logstats/py.typed" in DATA
    assert set(DATA) | modules <= names
    assert not {name for name in names if name.startswith(("tests", "fixtures", "benchmarks"))}


def test_the_wheel_carries_its_licence_and_asks_for_no_development_tool(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    licences = [name for name in archive.namelist() if "/licenses/" in name]

    assert {Path(name).name for name in licences} == {"LICENSE", "NOTICE"}
    assert all("pytest" not in line or "extra ==" in line for line in requires("logstats") or [])


def test_an_empty_environment_runs_it_as_a_module(python: Path, tmp_path: Path) -> None:
    assert logstats.__version__ in call(python, "-m", "logstats", "--version", cwd=tmp_path)


def test_an_empty_environment_runs_it_as_a_command(python: Path, tmp_path: Path) -> None:
    assert logstats.__version__ in call(python.with_name("logstats"), "--version", cwd=tmp_path)


def test_an_empty_environment_reports_on_the_demo_log(python: Path, tmp_path: Path) -> None:
    """Which reads formats, policies and rules, so all data files have come along."""
    log = ROOT / "fixtures" / "demo" / "access.log.gz"
    call(python.with_name("logstats"), "report", log, "-o", "report.json", cwd=tmp_path)

    assert '"logstats.report/1"' in (tmp_path / "report.json").read_text()


def test_the_environment_holds_no_more_than_the_wheel_asks_for(python: Path, tmp_path: Path) -> None:
    listed = call(python, "-m", "pip", "list", "--format=freeze", cwd=tmp_path)

    assert "pytest" not in listed
    assert call(python, "-m", "pip", "check", cwd=tmp_path).startswith("No broken requirements")


def test_pipx_installs_it_as_a_command(wheel: Path, pins: Path, tmp_path: Path) -> None:
    need("pipx", tmp_path)
    homes = {name: str(tmp_path / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR", "PIPX_MAN_DIR")}
    options = f"--pip-args=--quiet --only-binary :all: --constraint {pins}"
    call(
        sys.executable,
        "-m",
        "pipx",
        "install",
        "--python",
        sys.executable,
        options,
        wheel,
        cwd=tmp_path,
        **homes,
    )

    command = tmp_path / "PIPX_BIN_DIR" / "logstats"
    assert logstats.__version__ in call(command, "--version", cwd=tmp_path)

"""What all tests share: the real logs, the command line, hypothesis' profiles."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.corpus import CORPUS, IN_CI, ROOT, WHERE_FROM
from tests.forking import Forks, counts_early

Logstats = Callable[..., "subprocess.CompletedProcess[bytes]"]

# No deadline: the machine may be busy, and no test of ours is timed. In CI the examples are the same in
# every run, so that a red run can be repeated; at a desk they differ, so that something new is tried.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "dev"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, what reads real logs where there are none; CI goes on and fails."""
    for item in items:
        if "corpus" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.corpus)
        if CORPUS is None and not IN_CI and item.get_closest_marker("corpus"):
            item.add_marker(pytest.mark.skip(reason=WHERE_FROM))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The directory of the real logs: `corpus / "real" / ...`."""
    if CORPUS is None:
        pytest.fail(WHERE_FROM)
    return CORPUS


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The environment commands run in: no colour, no settings of whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LOGSTATS_")}
    paths = [str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"NO_COLOR": "1", "COLUMNS": "100", "PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture(scope="session")
def forks(environment: dict[str, str]) -> Iterator[Forks]:
    """One for each worker of the tests."""
    made = Forks(environment)
    yield made
    made.close()


@pytest.fixture
def logstats(tmp_path: Path, environment: dict[str, str], forks: Forks) -> Logstats:
    """Run `python -m logstats` as a process of its own, in an empty directory.

    Called as `logstats("report", "-", input=b"...", cwd=..., env={...})`; the result has
    `returncode`, `stdout` and `stderr`, the last two as bytes.
    """

    def run(
        *args: str | os.PathLike[str],
        input: bytes = b"",  # noqa: A002 - the name that subprocess.run gives it
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[bytes]:
        words = [os.fspath(arg) for arg in args]
        where, around = cwd or tmp_path, environment | (env or {})
        if not counts_early(set(env or {})):
            return forks.run(words, input, cwd=where, env=around, timeout=timeout)
        command = [sys.executable, "-m", "logstats", *words]
        return subprocess.run(
            command, input=input, cwd=where, env=around, capture_output=True, timeout=timeout, check=False
        )

    return run


@pytest.fixture
def interrupted_open(monkeypatch):
    """An interrupt as soon as a new file is there, before anybody has it in hand."""

    def interrupted(path, flags, *rest, **more):
        descriptor = system_open(path, flags, *rest, **more)
        if flags & os.O_EXCL:
            os.close(descriptor)
            raise KeyboardInterrupt
        return descriptor

    system_open = os.open
    monkeypatch.setattr(os, "open", interrupted)

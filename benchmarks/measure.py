"""Run commands side by side: wall time, processor time and peak memory of each."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

READ_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class Case:
    """A command to measure.

    `stdin` and `stdout` are files; without them, the null device. `lines` is how many
    lines of a log it reads, 0 where that says nothing. `log` is read right before each
    run, so that no program pays for the disk: what a system keeps in memory of a file
    may be gone after a minute in which nobody asked for it.
    """

    name: str
    command: Sequence[str]
    stdin: Path | None = None
    stdout: Path | None = None
    lines: int = 0
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took, or the median of several.

    `peak_mb` (10**6 bytes) is that of the largest process of the tree. It is
    never less than what this Python holds while it starts the command, some 20.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    lines: int = 0


class CommandFailed(Exception):
    """A measured command did not end with 0, so that its time means nothing."""


def run_once(case: Case, *, directory: Path) -> Run:
    """Return what one run took.

    Raises:
        CommandFailed: It ended with something other than 0.
    """
    # What the command before this one has written is not written to the disk beside this one.
    os.sync()
    if case.log is not None:
        _read_through(case.log)
    with (
        (case.stdin or Path(os.devnull)).open("rb") as stdin,
        (case.stdout or Path(os.devnull)).open("wb") as stdout,
        _messages(case, directory).open("wb") as stderr,
    ):
        started = time.perf_counter()
        process = subprocess.Popen(case.command, stdin=stdin, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CommandFailed(f"{case.name}: ended with {process.returncode}; see {_messages(case, directory)}")
    return Run(
        wall_seconds=wall_seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss * 1024 / 1e6,  # Linux counts KiB (getrusage(2))
        lines=case.lines,
    )


def _read_through(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(READ_BYTES):
            pass


def _messages(case: Case, directory: Path) -> Path:
    """Return where a case's stderr goes; it may quote lines of the log, so it is not shown."""
    return directory / f"{case.name.strip('-').replace(' ', '-')}.stderr"


def measure(cases: Sequence[Case], *, rounds: int, directory: Path) -> dict[str, Run]:
    """Return the median run of each case.

    The rounds are interleaved: a machine that is slower for a minute is slower
    for every case. A case that fails is said and left out.
    """
    runs: dict[str, list[Run]] = {case.name: [] for case in cases}
    failed: set[str] = set()
    for number in range(1, rounds + 1):
        for case in cases:
            if case.name in failed:
                continue
            try:
                run = run_once(case, directory=directory)
            except CommandFailed as error:
                print(error, file=sys.stderr)
                failed.add(case.name)
                continue
            runs[case.name].append(run)
            print(f"{number}/{rounds} {case.name}: {run.wall_seconds:.2f} s", file=sys.stderr)
    return {name: _median(some) for name, some in runs.items() if some and name not in failed}


def _median(runs: Sequence[Run]) -> Run:
    return Run(
        wall_seconds=median(run.wall_seconds for run in runs),
        cpu_seconds=median(run.cpu_seconds for run in runs),
        peak_mb=median(run.peak_mb for run in runs),
        lines=runs[0].lines,
    )

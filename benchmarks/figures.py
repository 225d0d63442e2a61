"""What was measured, as Markdown: a table of times, a table of goals, the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Run

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of two times, or one time or peak, and the bounds it is held to.

    `must` is the least that is accepted, `goal` what is aimed at.
    """

    text: str
    case: str
    must: float
    goal: float
    than: str | None = None
    unit: str = "s"

    def value(self, runs: Mapping[str, Run]) -> float | None:
        """Return times as fast as the peer, or seconds, or MB; None if not measured."""
        run = runs.get(self.case)
        other = runs.get(self.than) if self.than else run
        if run is None or other is None:
            return None
        if self.than:
            return other.wall_seconds / run.wall_seconds
        return run.peak_mb if self.unit == "MB" else run.wall_seconds

    def holds(self, value: float, bound: float) -> bool:
        """Ratios are to be at least the bound, times and peaks at most."""
        return value >= bound if self.than else value <= bound


GOALS = (
    # GoAccess 1.11 with two threads is 2.1 times as fast as 1.7 with its one.
    Goal("report, beside GoAccess 1.7", "report", 15, 21, "GoAccess", "x"),
    Goal("report, beside Webalizer", "report", 2, 2, "Webalizer", "x"),
    Goal("report of the .gz, beside zcat alone", "report .gz", 1 / 1.5, 1, "zcat", "x"),
    Goal("anonymize, beside Anonip", "anonymize", 12, 20, "Anonip", "x"),
    Goal("anonymize, beside sed", "anonymize", 0, 1, "sed", "x"),
    Goal("peak, report", "report", 600, 450, unit="MB"),
    Goal("peak, report of 20,000,000 lines", "report, 20,000,000 lines", 600, 450, unit="MB"),
    Goal("peak, all lines differ", "report, all lines differ", 600, 450, unit="MB"),
    Goal("`logstats --help`", "--help", 0.2, 0.15),
    Goal("report of 10,000 lines", "report, 10,000 lines", 0.8, 0.7),
)


def render(runs: Mapping[str, Run], *, lines: int, versions: Mapping[str, str]) -> str:
    """Return the figures of one day and machine as Markdown, without a name or path of it."""
    report = runs.get("report")
    rows = [
        f"| {_label(name, versions)} | {run.wall_seconds:.2f} s | {run.cpu_seconds:.2f} s "
        f"| {_times(run, report)} | {_rate(run)} | {run.peak_mb:,.0f} MB |"
        for name, run in runs.items()
    ]
    goals = [_goal_row(goal, runs) for goal in GOALS]
    return "\n".join(
        [
            f"Measured on {datetime.now(UTC):%Y-%m-%d}, {lines:,} lines, {machine()}.",
            "",
            "| what | wall | user + sys | of report's time a line | lines a second | peak memory |",
            "|---|--:|--:|--:|--:|--:|",
            *rows,
            "",
            "| goal | must | aim | measured | |",
            "|---|--:|--:|--:|---|",
            *goals,
        ]
    )


def _label(name: str, versions: Mapping[str, str]) -> str:
    """Return the name of a row: programs with their version, ours in full."""
    if name in versions:
        return f"{name} {versions[name]}"
    return f"`logstats {name}`" if name.startswith(("report", "anonymize", "--")) else name


def _times(run: Run, report: Run | None) -> str:
    """Return how long a run took beside the report, both for as many lines where that is known."""
    if report is None:
        return ""
    lines = report.lines / run.lines if report.lines and run.lines else 1
    return f"{run.wall_seconds * lines / report.wall_seconds:.1f}x"


def _rate(run: Run) -> str:
    return f"{run.lines / run.wall_seconds:,.0f}" if run.lines else ""


def _goal_row(goal: Goal, runs: Mapping[str, Run]) -> str:
    value, than = goal.value(runs), "at least" if goal.than else "at most"
    must = f"{than} {_number(goal.must, goal.unit)}" if goal.must else ""
    if value is None:
        measured, verdict = "", "not measured"
    else:
        measured = _number(value, goal.unit)
        verdict = "missed"
        if goal.holds(value, goal.must):
            verdict = "reached" if goal.holds(value, goal.goal) else "must reached, aim not"
    return f"| {goal.text} | {must} | {_number(goal.goal, goal.unit)} | {measured} | {verdict} |"


def _number(value: float, unit: str) -> str:
    """Return a figure with its unit, so many digits that none that misses its goal looks like it.

    >>> _number(1 / 1.5, "x"), _number(21, "x"), _number(11.77, "x"), _number(450, "MB"), _number(0.15, "s")
    ('0.67x', '21x', '11.8x', '450 MB', '0.15 s')
    """
    digits = f"{value:.0f}" if unit == "MB" else f"{value:.3g}" if value >= 10 else f"{value:.2g}"
    return f"{digits}x" if unit == "x" else f"{digits} {unit}"


def machine() -> str:
    """Return processor, cores, memory and versions; never a host name."""
    model = _first_value(Path("/proc/cpuinfo"), "model name") or platform.machine()
    kib = (_first_value(Path("/proc/meminfo"), "MemTotal") or "0 kB").split()[0]
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores of {model}, {int(kib) * 1024 / 1e9:.0f} GB of memory, "
        f"Python {platform.python_version()}, polars {version('polars')}"
    )


def _first_value(path: Path, key: str) -> str | None:
    """Return what follows the first `key :` of a file in /proc."""
    if not path.exists():
        return None
    pairs = (line.partition(":") for line in path.read_text().splitlines())
    return next((value.strip() for name, _, value in pairs if name.strip() == key), None)


def replace_figures(page: Path, figures: str) -> None:
    """Put the figures between the two marks of a page.

    Raises:
        ValueError: The page lacks a mark.
    """
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page.name}: no `{BEGIN}` followed by `{END}`")
    page.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", encoding="utf-8")

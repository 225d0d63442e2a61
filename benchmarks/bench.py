"""Measure logstats beside the programs it replaces: `make bench`.

Ratios are what counts: the same commands on the same files on the same machine,
in turns. Absolute times say as much about the machine as about the programs.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import peers
from benchmarks.figures import render, replace_figures
from benchmarks.measure import Case, Run, measure

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/explanation/performance.md"
# Room that a log of 20,000,000 lines needs beside what is there already.
LARGE_LOG_BYTES = 6_000_000_000
# What is measured beside combined, and how it is called in the table.
FORMAT_TITLES = {
    "vhost_combined": "virtual hosts",
    "vhost_duration": "virtual hosts and durations",
    "nginx_json": "nginx JSON",
    "caddy": "Caddy JSON",
    "w3c": "W3C of IIS",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which logs, how often."""

    lines: int
    many_lines: int | None
    format_lines: int
    rounds: int
    large_rounds: int


FULL = Plan(lines=2_000_000, many_lines=20_000_000, format_lines=1_000_000, rounds=5, large_rounds=2)
QUICK = Plan(lines=200_000, many_lines=None, format_lines=200_000, rounds=1, large_rounds=1)


def log_name(lines: int) -> str:
    """Return the name of a log of so many lines.

    >>> log_name(2_000_000), log_name(10_000)
    ('2m', '10k')
    """
    return f"{lines // 10**6}m" if lines % 10**6 == 0 else f"{lines // 1000}k"


def make_log(path: Path, *options: str) -> Path:
    """Return a generated log; it is written anew when the generator or the options differ."""
    sources = (ROOT / "benchmarks" / name for name in ("make_log.py", "layouts.py", "website.py"))
    text = b"".join(source.read_bytes() for source in sources) + repr(options).encode()
    stamp, digest = path.with_name(f"{path.name}.made-by"), hashlib.sha256(text).hexdigest()
    if path.exists() and stamp.exists() and stamp.read_text() == digest:
        return path
    print(f"writing {path.name}", file=sys.stderr)
    command = [sys.executable, "-m", "benchmarks.make_log", *options, "-o", str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    stamp.write_text(digest)
    path.with_name(f"{path.name}.gz").unlink(missing_ok=True)
    return path


def pack(log: Path) -> Path:
    """Return the log packed as logrotate packs it."""
    packed = log.with_name(f"{log.name}.gz")
    if not packed.exists():
        with packed.open("wb") as file:
            subprocess.run(["gzip", "-6", "-c", str(log)], stdout=file, check=True)
    return packed


def our_cases(logstats: list[str], logs: Path, out: Path, lines: int) -> list[Case]:
    """Return what logstats itself does in the interleaved rounds."""
    log = make_log(logs / f"{log_name(lines)}.log", "--lines", str(lines))
    short = make_log(logs / "10k.log", "--lines", "10000")
    packed = pack(log)
    report = [*logstats, "report", "-q", "-o", str(out / "report.json")]
    anonymize = [*logstats, "anonymize", "-q", str(log)]
    return [
        Case("report", [*report, str(log)], lines=lines, log=log),
        Case("report .gz", [*report, str(packed)], lines=lines, log=packed),
        Case("anonymize", anonymize, stdout=out / "anonymized.log", lines=lines, log=log),
        Case("report, 10,000 lines", [*report, str(short)], lines=10_000, log=short),
        Case("--help", [*logstats, "--help"]),
    ]


def format_cases(logstats: list[str], logs: Path, build: Path, lines: int) -> list[Case]:
    """Return reports on the same hits in other formats, each beside what can read that format too."""
    cases = []
    for layout, title in FORMAT_TITLES.items():
        name = f"{log_name(lines)}-{layout.replace('_', '-')}.log"
        log = make_log(logs / name, "--lines", str(lines), "--format", layout)
        report = [*logstats, "report", "-q", "-o", str(build / "out/report.json")]
        cases += [Case(f"report, {title}", [*report, str(log)], lines=lines, log=log)]
        cases += peers.format_cases(layout, title, log, build=build, lines=lines)
    return cases


def large_cases(logstats: list[str], logs: Path, out: Path, plan: Plan) -> list[Case]:
    """Return the two logs that tell whether memory stays bounded."""
    size = ("--lines", str(plan.lines))
    distinct = make_log(logs / f"{log_name(plan.lines)}-distinct.log", *size, "--distinct")
    report = [*logstats, "report", "-q", "-o", str(out / "report.json")]
    cases = [Case("report, all lines differ", [*report, str(distinct)], lines=plan.lines, log=distinct)]
    if plan.many_lines is None:
        return cases
    many = logs / f"{log_name(plan.many_lines)}.log"
    if not many.exists() and shutil.disk_usage(logs).free < LARGE_LOG_BYTES:
        print("too little room for 20,000,000 lines, left out", file=sys.stderr)
        return cases
    make_log(many, "--lines", str(plan.many_lines), "--days", "30")
    largest = Case("report, 20,000,000 lines", [*report, str(many)], lines=plan.many_lines, log=many)
    return [*cases, largest]


def run_plan(plan: Plan, logstats: list[str], build: Path, logs: Path) -> dict[str, Run]:
    """Return the median of each case of normal size, ours and the peers'."""
    peers.install(build)
    ours = our_cases(logstats, logs, build / "out", plan.lines)
    log = logs / f"{log_name(plan.lines)}.log"
    cases = [*ours, *peers.cases(log, pack(log), build=build, lines=plan.lines)]
    return measure(cases, rounds=plan.rounds, directory=build / "out")


def read_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").partition("\n")[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="200,000 lines, one round, no page")
    which.add_argument("--soak", action="store_true", help="only the large logs, no page")
    parser.add_argument("--rounds", type=int, help=f"interleaved rounds ({FULL.rounds})")
    parser.add_argument("--logstats", help="the command (this Python's `-m logstats`)")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="peers and output")
    parser.add_argument("--logs", type=Path, help="where generated logs are kept (build/bench)")
    parser.add_argument("--no-page", action="store_true", help="print only")
    return parser.parse_args()


def main() -> int:
    """Measure, print, and write the figures into the page; 1 if ours is not among them."""
    options = read_options()
    plan = QUICK if options.quick else FULL
    if options.rounds:
        plan = replace(plan, rounds=options.rounds)
    logstats = shlex.split(options.logstats or "") or [sys.executable, "-m", "logstats"]
    # As an installer does; else the first command, or every one, pays for it.
    compileall.compile_dir(ROOT / "logstats", quiet=1)
    build = options.build.resolve()
    logs = (options.logs or build / "bench").resolve()
    for directory in (build / "out", logs):
        directory.mkdir(parents=True, exist_ok=True)
    runs = {} if options.soak else run_plan(plan, logstats, build, logs)
    large = large_cases(logstats, logs, build / "out", plan)
    if not options.soak:
        large = format_cases(logstats, logs, build, plan.format_lines) + large
    runs |= measure(large, rounds=plan.large_rounds, directory=build / "out")
    figures = render(runs, lines=plan.lines, versions=peers.versions(build))
    print(figures)
    if not (options.quick or options.soak or options.no_page):
        replace_figures(PAGE, figures)
    return 0 if any(name.startswith("report") for name in runs) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Run the installed tool on a log in which every field is marked, and look for the marks in all it wrote.

The marks are made for each run, so that nothing in the tool can know them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import logstats
from logstats.audit.finding import Finding, Level
from logstats.audit.rules import Request, Rules
from logstats.audit.run import run_audit

_ID: Final = "self-test"
_VISITORS: Final = 40  # more than k of each policy, so that tables are shown
_OUTPUTS: Final = ("report.json", "report.csv", "report.html", "report.md", "report.parquet", "report.prom")
# arguments, exit codes that are right, and a file that must be there afterwards
_RUNS: Final[tuple[tuple[tuple[str, ...], tuple[int, ...], str], ...]] = (
    (("report", *(word for name in _OUTPUTS for word in ("-o", name)), "access.log"), (0, 1), _OUTPUTS[0]),
    (("report", "access.log"), (0, 1), ""),
    (("anonymize", "access.log", "-o", "anonymized.log"), (0, 1), "anonymized.log"),
    (("report", "missing.log"), (3,), ""),
    (("report", "damaged.log", "-o", "damaged.json"), (1, 3), ""),
)


def marked_lines(mark: str) -> list[str]:
    """Return lines of a combined log with a mark in every field that a client writes.

    Many visitors ask for the same pages, so that tables are shown; each brings its own marks.
    """
    lines = []
    for number in range(_VISITORS):
        four, six = f"198.51.100.{number + 1}", f"2001:db8:5:{number + 1:x}::{number + 1:x}"
        host = (four, six, f"::ffff:{four}", f"2002:c633:64{number + 1:02x}::1")[number % 4]
        own, browser = f"{mark}{number:03d}", f"{_browser(mark)}{number:03d}"
        when = f"[12/Mar/2026:{number % 24:02d}:00:00 +0000]"
        agent = f"Mozilla/5.0 (X11; Linux x86_64; {browser}) Chrome/121.0.0.0 Safari/537.36"
        referrer = f"https://example.org/{own}referrer?{own}=1"
        for target in (
            "/",
            "/a",
            f"/a?name={own}query&mail={own}@example.org",
            f"/u/{own}@example.org/{four}",
        ):
            request = f"GET {target} HTTP/1.1"
            lines.append(f'{host} {own}ident {own}user {when} "{request}" 200 512 "{referrer}" "{agent}"')
        lines.append(f"{own}garbage {host} \x1b[31m {own}")
    return lines


def _browser(mark: str) -> str:
    """The mark of agent strings, which `anonymize` keeps: it may stand in its output, and nowhere else."""
    return "y" + mark[::-1]


def run_self_test() -> list[Finding]:
    """Return what is found in the bytes that the tool writes about a marked log; nothing if all is well."""
    mark = "z" + secrets.token_hex(6)
    with tempfile.TemporaryDirectory(prefix="logstats-self-test-") as name:
        folder = Path(name)
        lines = marked_lines(mark)
        source = folder / "in" / "access.log"
        for part in ("in", "out", "said", "tmp"):
            (folder / part).mkdir(mode=0o700)
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "in" / "damaged.log").write_text("\n".join(line[::-1] for line in lines), encoding="utf-8")
        found = [finding for number, run in enumerate(_RUNS) for finding in _run(folder, number, *run)]
        return [*found, *_marks(folder, mark), *_audited(folder, source)]


def _run(
    folder: Path, number: int, words: tuple[str, ...], right: tuple[int, ...], made: str
) -> list[Finding]:
    inputs = folder / "in"
    read = [
        str(inputs / word) if word in ("access.log", "damaged.log", "missing.log") else word for word in words
    ]
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C.UTF-8",
    }
    environment["PYTHONPATH"] = str(Path(logstats.__file__).resolve().parents[1])
    command = [sys.executable, "-m", "logstats", *read]
    if strace := shutil.which("strace"):  # the second witness: what is written to any descriptor
        trace = folder / "said" / f"{number}.trace"
        calls = "trace=write,writev,pwrite64,sendto,connect"
        command = [strace, "-f", "-qq", "-s", "65536", "-e", calls, "-o", str(trace), *command]
    done = subprocess.run(  # noqa: S603 -- this installation, on files of this test
        command, cwd=folder / "out", env=environment, capture_output=True, check=False, timeout=300
    )
    (folder / "said" / f"{number}.out").write_bytes(done.stdout)
    (folder / "said" / f"{number}.err").write_bytes(done.stderr)
    if done.returncode not in right or (made and not (folder / "out" / made).exists()):
        kind = f"`logstats {words[0]}` ended with exit code {done.returncode}, or did not write its output"
        return [Finding("", f"run {number + 1}", _ID, kind, level=Level.INCONCLUSIVE)]
    return []


def _marks(folder: Path, mark: str) -> list[Finding]:
    """Look for the mark itself, in any spelling of letters, in every byte written and every name."""
    found = []
    for path in _written(folder):
        content = path.read_bytes().lower()
        if path.suffix == ".trace":
            content = b"\n".join(
                line for line in content.split(b"\n") if b"write" in line or b"sendto" in line
            )
        anonymized = path.name in ("anonymized.log", "2.trace")
        forbidden = (mark,) if anonymized else (mark, _browser(mark))
        if any(way in content for word in forbidden for way in _spellings(word)) or mark in path.name:
            found.append(Finding(f"self-test/{path.relative_to(folder)}", "", _ID, "holds a mark of the log"))
    return found


def _spellings(word: str) -> tuple[bytes, ...]:
    return word.encode(), word.encode("utf-16-le"), word.encode().hex().encode()


def _written(folder: Path) -> list[Path]:
    return sorted(
        path for part in ("out", "said", "tmp") for path in (folder / part).rglob("*") if path.is_file()
    )


def _audited(folder: Path, source: Path) -> list[Finding]:
    """Audit all that was written against the log; the traces are a witness of bytes, not an output."""
    paths = tuple(path for path in _written(folder) if path.suffix != ".trace")
    rules = Rules()
    result = run_audit(Request(paths, datetime.now(UTC), (source,), rules=rules, shared_places=()))
    kept = [finding for finding in result.findings if finding.level is not Level.NOTE]
    return [
        Finding(
            f.file.replace(str(folder), "self-test"),
            f.place,
            f.check,
            f"self-test: {f.kind}",
            f.masked,
            f.count,
            f.level,
        )
        for f in kept
    ]

"""Reports as bytes: the suffix of a target chooses what is written.

A renderer reads the numbers of a `Report` and formats them; it computes none.
Each lives in `to_KIND.py` and is imported only when its suffix is asked for.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from logstats.errors import UsageError
from logstats.frozen import frozen
from logstats.report.targets import check_writable, write_files
from logstats.tables import Report

__all__ = [
    "LANGUAGES",
    "OUTPUTS",
    "Output",
    "UnknownOutput",
    "check_target",
    "find_files",
    "output_of",
    "write_report",
    "write_reports",
]


@frozen
class Output:
    """A kind of file: the module that renders it, and what it is for."""

    kind: str
    description: str
    in_language: bool = False


DIRECTORY: Final = "/"
LANGUAGES: Final = ("en", "de", "fr", "es")  # of outputs `in_language`

# What `-o` understands, by the end of the target.
OUTPUTS: Final[dict[str, Output]] = {
    ".html": Output("html", "the page to look at, print and publish", in_language=True),
    ".json": Output("json", "every number, names of logstats.report/1, for programs"),
    ".csv": Output("csv", "one tidy table, for spreadsheets and data frames"),
    ".md": Output("markdown", "tables for a wiki or an issue"),
    ".parquet": Output("parquet", "the table of the CSV with types, for data frames and DuckDB"),
    ".xlsx": Output("xlsx", "a workbook with a sheet per table"),
    ".prom": Output("prometheus", "gauges for node_exporter's textfile collector"),
    DIRECTORY: Output("csv", "a directory with a CSV file per table, columns.csv and about.csv"),
}


class UnknownOutput(UsageError):
    """A target whose suffix names no kind of output."""

    def __init__(self, target: str | Path) -> None:
        suffixes = " ".join(suffix for suffix in OUTPUTS if suffix != DIRECTORY)
        super().__init__(
            f"{target}: no output has this suffix; use one of {suffixes}, or end the name with `/`"
        )


def output_of(target: str | Path) -> Output:
    """Return the kind of output that a target asks for.

    Raises:
        UnknownOutput: The suffix is not in `OUTPUTS`.

    >>> output_of("a/report.json").kind, output_of("tables/").kind
    ('json', 'csv')
    """
    if _is_directory(target):
        return OUTPUTS[DIRECTORY]
    try:
        return OUTPUTS[Path(target).suffix.lower()]
    except KeyError:
        raise UnknownOutput(target) from None


def check_target(target: str | Path) -> None:
    """Find out before the log is read what can be known of a target; makes nothing.

    Raises:
        UnknownOutput: A suffix that is not in `OUTPUTS`.
        UnwritableTarget: Its directory may not be written to, or is none.
    """
    output_of(target)
    check_writable(Path(target))


def write_report(report: Report, target: str | Path, *, lang: str = "en") -> None:
    """Write a report to one target; see `write_reports`."""
    write_reports(report, [target], lang=lang)


def write_reports(report: Report, targets: Iterable[str | Path], *, lang: str = "en") -> None:
    """Write a report to all targets, or to none of them.

    Args:
        report: What `disclose` let through.
        targets: Files, whose suffix chooses the kind; a directory, or a name
            that ends in `/`, gets a CSV file per table.
        lang: Language of the outputs that have texts.

    Raises:
        UnknownOutput: A suffix that is not in `OUTPUTS`.
        UnwritableTarget: Names the target; nothing is half-written.
    """
    files: dict[Path, bytes] = {}
    remove: list[Path] = []
    for target in targets:
        output = output_of(target)
        if _is_directory(target):
            written, stale = _directory(report, Path(target))
            files |= written
            remove += stale
        else:
            files[Path(target)] = _render(report, output, lang)
    write_files(files, remove=remove)


def find_files(targets: Iterable[str | Path]) -> tuple[Path, ...]:
    """Return the files that targets have, those of a directory by name; what is not there is left out."""
    paths = [Path(target) for target in targets]
    found = [sorted(path.glob("*.csv")) if path.is_dir() else [path] for path in paths]
    return tuple(path for group in found for path in group if path.is_file())


def _render(report: Report, output: Output, lang: str) -> bytes:
    module = importlib.import_module(f"logstats.report.to_{output.kind}")
    content: bytes = module.render(report, lang=lang) if output.in_language else module.render(report)
    return content


def _directory(report: Report, directory: Path) -> tuple[dict[Path, bytes], list[Path]]:
    """Return the files to write and those of a former report that this one has no table for."""
    from logstats.report import to_csv

    contents = to_csv.render_files(report)
    stale = [directory / name for name in sorted(to_csv.all_files() - contents.keys())]
    return {directory / name: content for name, content in contents.items()}, stale


def _is_directory(target: str | Path) -> bool:
    return str(target).endswith(("/", os.sep)) or Path(target).is_dir()

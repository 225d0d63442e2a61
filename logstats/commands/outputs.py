"""What `logstats report` writes, and how: targets, language, colour, and the options for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from logstats.frozen import frozen
from logstats.report import LANGUAGES, OUTPUTS, check_target, find_files, write_reports
from logstats.tables import Report
from logstats.write import printing

_F = TypeVar("_F", bound=Callable[..., Any])


@frozen
class Outputs:
    """Where a report goes: files, or the terminal if there are none."""

    targets: tuple[str, ...]
    lang: str = "en"
    no_color: bool = False
    top: int | None = None

    def check(self) -> None:
        """Find out before the log is read what can be known of each target."""
        for target in self.targets:
            check_target(target)

    def files(self) -> tuple[Path, ...]:
        """Return the files that were written, those of a directory by name."""
        return find_files(self.targets)


def _list_outputs(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    for suffix, output in OUTPUTS.items():
        languages = f" ({', '.join(LANGUAGES)})" if output.in_language else ""
        click.echo(f"{'dir/' if suffix == '/' else suffix:<9} {output.description}{languages}")
    ctx.exit()


def output_options(command: _F) -> _F:
    """Add what says where a report goes: -o, --list-outputs, --lang, --no-color."""
    for option in (
        click.option(
            "--no-color", is_flag=True, help="No colour on the terminal; so does NO_COLOR in the environment."
        ),
        click.option(
            "--lang",
            type=click.Choice(LANGUAGES),
            default=LANGUAGES[0],
            show_default=True,
            help="Language of the HTML page, its numbers and dates.",
        ),
        click.option(
            "--list-outputs",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_list_outputs,
            help="List the kinds of output, and exit.",
        ),
        click.option(
            "-o",
            "--output",
            "targets",
            multiple=True,
            metavar="FILE",
            help="Where to write; the suffix says what: .html .json .csv .md .parquet .xlsx .prom, or dir/ "
            "for a CSV a table. May be given several times. Without it the report goes to the terminal.",
        ),
    ):
        command = option(command)
    return command


def show_report(report: Report, outputs: Outputs) -> None:
    """Write a report to its targets, or to the terminal if there are none."""
    if outputs.targets:
        write_reports(report, outputs.targets, lang=outputs.lang)
        return
    from rich.console import Console

    from logstats.report.to_terminal import print_report

    # None leaves it to rich, which looks for NO_COLOR.
    console = Console(highlight=False, markup=False, no_color=outputs.no_color or None)
    with printing():
        print_report(report, console, top=outputs.top)

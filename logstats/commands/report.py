"""`logstats report`: statistics of logs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from logstats.commands.ending import end_run, refuse_nothing
from logstats.commands.options import input_options, scope_options
from logstats.commands.progress import watch_progress
from logstats.commands.stored import report_stored, show_report, store_options
from logstats.enrich import Scope
from logstats.geo import open_databases
from logstats.pipeline import Logs, Rules, report_logs
from logstats.policy import load_policy
from logstats.recognize import format_named
from logstats.report import check_target


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@store_options
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Where to write; the suffix says what: .html .json .csv .md .parquet .xlsx .prom, or dir/ for a CSV a table. "
    "May be given several times. Without it the report goes to the terminal.",
)
@scope_options
@click.option("--geo", "databases", multiple=True, metavar="MMDB", help="A MaxMind database of countries, cities or networks.")
@click.option("--top", type=click.IntRange(min=1), help="Rows of a table; the rest is in (other).")
@click.option("--max-rejected", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 if more lines fit no format.")
@input_options
def report(  # noqa: PLR0913 - one parameter for each option
    *,
    logs: tuple[str, ...],
    directory: Path | None,
    site: str | None,
    period: str | None,
    compare: bool,
    outputs: tuple[str, ...],
    since: date | None,
    until: date | None,
    tz: str,
    bots: str,
    databases: tuple[str, ...],
    top: int | None,
    max_rejected: float | None,
    format_name: str | None,
    policy: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Make statistics of LOGs: what is of most interest, technical design, performance and problem areas.

    A LOG is a file, a directory, a pattern, or - for standard input. No address stands in any output, and no
    group of few visitors.
    """
    for target in outputs:
        check_target(target)
    if directory is not None:
        span = since, until, period
        stored = report_stored(directory, site, logs, load_policy(policy), span, top=top, compare=compare)
        return show_report(stored, outputs, top=top)
    if not logs:
        raise click.UsageError("name a LOG, - for standard input, or a --store")
    rules = Rules(
        load_policy(policy),
        Scope(tz, since, until, bots),
        open_databases(databases) if databases else None,
    )
    with watch_progress(quiet=quiet) as watch:
        read = Logs(logs, format_named(format_name), watch)
        made = report_logs(read, rules, top=top)
    refuse_nothing(read)
    show_report(made, outputs, top=top)
    return end_run(read, made.lines, max_rejected=max_rejected, quiet=quiet, verbose=verbose)

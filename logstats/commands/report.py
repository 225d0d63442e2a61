"""`logstats report`: statistics of logs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from logstats.commands.ending import end_run, refuse_nothing
from logstats.commands.options import geo_option, input_options, proxy_option, read_host, scope_options
from logstats.commands.outputs import Outputs, output_options, show_report
from logstats.commands.progress import watch_progress
from logstats.commands.publishing import Publishing
from logstats.commands.recording import Recording
from logstats.commands.stored import report_stored, store_options
from logstats.enrich import Scope
from logstats.jobs import Logs
from logstats.pipeline import Rules, report_logs
from logstats.policy import Policy, load_policy
from logstats.proxies import Proxies
from logstats.recognize import format_named
from logstats.tables import Report

if TYPE_CHECKING:
    from logstats.geo import Geo


@click.command()
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@store_options
@output_options
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="NAME[,NAME]",
    help="Host names of the site itself: links from them count as (internal), and they may be named. May be "
    "given several times. With --store: whose days, if there are several sites.",
)
@click.option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Note the run in this ledger, and say in the report what its last line was; see `logstats audit`.",
)
@click.option(
    "--supersede",
    metavar="REASON",
    help="Under a policy that publishes a period once: publish this one though it shares days with one that "
    "was published. The ledger keeps the reason.",
)
@scope_options
@geo_option
@click.option("--top", type=click.IntRange(min=1), help="Rows of a table; the rest is in (other).")
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 if more lines fit no format.",
)
@proxy_option
@input_options
def report(
    *,
    logs: tuple[str, ...],
    directory: Path | None,
    period: str | None,
    compare: bool,
    targets: tuple[str, ...],
    lang: str,
    no_color: bool,
    sites: tuple[str, ...],
    ledger: Path | None,
    supersede: str | None,
    since: date | None,
    until: date | None,
    tz: str,
    bots: str,
    databases: tuple[str, ...],
    top: int | None,
    proxies: tuple[str, ...],
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
    outputs = Outputs(targets, lang, no_color, top)
    outputs.check()
    rules = load_policy(policy)
    publishing = Publishing.plan(rules, outputs, ledger, directory, supersede=supersede, compare=compare)
    recording = Recording.start(publishing.ledger or ledger)
    if directory is not None:
        span = since, until, period
        stored = report_stored(directory, sites, logs, rules, span, top=top, compare=compare)
        with publishing.note(stored, (), outputs):
            _write(stored, outputs, recording, rules, ())
        return 0
    if not logs:
        raise click.UsageError("name a LOG, - for standard input, or a --store")
    hosts = tuple(read_host(site) for named in sites for site in named.split(","))
    places = _open_places(databases)
    trusted = Proxies(proxies) if proxies else None
    counting = Rules(rules, Scope(tz, since, until, bots), places, hosts, trusted)
    with watch_progress(quiet=quiet) as watch:
        read = Logs(logs, format_named(format_name), watch, of_hits=True)
        made = report_logs(read, counting, top=top)
    refuse_nothing(read)
    with publishing.note(made, hosts, outputs):
        _write(made, outputs, recording, rules, logs)
    return end_run(read, made.lines, max_rejected=max_rejected, quiet=quiet, verbose=verbose)


def _open_places(databases: tuple[str, ...]) -> Geo | None:
    if not databases:
        return None
    from logstats.geo import open_databases

    return open_databases(databases)


def _write(
    made: Report, outputs: Outputs, recording: Recording | None, policy: Policy, logs: tuple[str, ...]
) -> None:
    """Write a report, and note the run when it is there."""
    if recording is None:
        show_report(made, outputs)
        return
    from logstats.publishing import stamp_report

    show_report(stamp_report(made, recording.ledger), outputs)
    told = {"run": "report", "timezone": made.period.timezone, "top": outputs.top, "site": made.site}
    ends = {"first": made.period.first, "last": made.period.last}
    recording.note(
        policy,
        made.lines,
        logs=logs,
        outputs=outputs.files(),
        configuration=told,
        period={name: day.isoformat() if day else None for name, day in ends.items()},
    )

"""`logstats collect`: new lines of logs into a store, each once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from logstats.collecting import COUNT, DROP, Collected, Task, collect_logs
from logstats.commands.clock import NOW, Moment
from logstats.commands.options import Zone, geo_option, input_options, proxy_option, store_option
from logstats.enrich import Scope
from logstats.errors import InputError, UsageError
from logstats.geo import open_databases
from logstats.pipeline import Rules
from logstats.policy import load_policy
from logstats.proxies import Proxies
from logstats.read import STDIN
from logstats.recognize import format_named
from logstats.store import lock_store, open_store
from logstats.store.days import add_site


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@store_option("Where days are kept; it is made if it is missing.")
@click.option(
    "--site", "site_name", default="default", show_default=True, metavar="NAME", help="Whose logs these are."
)
@click.option("--source", metavar="NAME", help="What standard input is called; needed for -.")
@click.option(
    "--late",
    type=click.Choice([COUNT, DROP]),
    default=COUNT,
    show_default=True,
    help="Lines that come when their day is stored: count their hits, or drop them.",
)
@click.option(
    "--partial", is_flag=True, help="Store days even if a log could not be read; its lines will be late."
)
@click.option("--tz", type=Zone(), default="UTC", show_default=True, help="Time zone of days and hours.")
@geo_option
@proxy_option
@click.option("--now", type=Moment(), default=NOW, hidden=True)
@input_options
def collect(
    *,
    logs: tuple[str, ...],
    directory: Path,
    site_name: str,
    source: str | None,
    late: str,
    partial: bool,
    tz: str,
    databases: tuple[str, ...],
    proxies: tuple[str, ...],
    now: datetime,
    format_name: str | None,
    policy: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Add the new lines of LOGs to a store, each once, however they are rotated, renamed or packed.

    Give all logs of a site in one call: live ones and rotated ones. A day is stored when it is over
    (one hour after midnight) and stays as integers; until then its lines stay in the logs.
    """
    if STDIN in logs and not source:
        raise UsageError("-: standard input has no name; give it one with --source NAME")
    rules = Rules(
        load_policy(policy),
        Scope(tz),
        open_databases(databases) if databases else None,
        proxies=Proxies(proxies) if proxies else None,
    )
    forced = format_named(format_name)
    with lock_store(directory, "collect"), open_store(directory, create=True) as store:
        site = add_site(store, site_name, tz)
        done = collect_logs(store, Task(site, logs, rules, now, forced, source, late, partial))
    if not quiet:
        _tell(done, verbose=verbose)
    return say_trouble(done, partial=partial)


def _tell(done: Collected, *, verbose: bool) -> None:
    days = f"{len(done.days)} days stored" if len(done.days) != 1 else f"{done.days[0]} stored"
    parts = [f"{days}, {done.lines.read:,} lines"]
    parts += [f"{done.late:,} late lines counted without visitors"] if done.late else []
    parts += [f"{done.dropped:,} late lines dropped"] if done.dropped else []
    parts += [f"{done.waiting:,} lines wait for their day to be over"] if done.waiting else []
    click.echo(f"logstats: {'; '.join(parts)}", err=True)
    for name in done.renewed:
        click.echo(f"logstats: {name}: starts anew (rotated or truncated)", err=True)
    if verbose and done.lines.rejected:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(done.lines.rejected.items()))
        click.echo(f"logstats: {done.lines.rejected.total():,} lines rejected ({reasons})", err=True)


def say_trouble(done: Collected, *, partial: bool) -> int:
    """Say what was not read, and return the exit code."""
    for name, lines in done.vanished.items():
        click.echo(f"logstats: {name}: {lines:,} lines seen before are in none of these logs now", err=True)
    for problem in done.problems:
        click.echo(f"logstats: {problem.source}: {problem.reason}", err=True)
    if done.problems and not partial:
        click.echo(
            "logstats: nothing was stored; leave that log out, or store days without it: --partial", err=True
        )
    return InputError.exit_code if done.problems or done.vanished else 0

"""`logstats store`, `forget`, `export` and `merge`: what is kept, for how long, and from where."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from logstats.commands.clock import NOW, Moment
from logstats.commands.options import Day, store_option
from logstats.errors import InputError, UsageError
from logstats.store import lock_store, open_store
from logstats.store.exchange import export_store, merge_dump
from logstats.store.retention import forget_days
from logstats.write import STDOUT, open_target


@click.command()
@store_option("The store.")
@click.option("--older-than", "days", required=True, metavar="400d", help="How many days stay.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--now", type=Moment(), default=NOW, hidden=True)
def forget(*, directory: Path, days: str, dry_run: bool, now: datetime) -> None:
    """Delete stored days that are older than that, and every text that only they had.

    What is deleted is overwritten in the file. Deleted days are not collected again.
    """
    before = now.astimezone(UTC).date() - timedelta(days=read_days(days))
    with lock_store(directory, "forget", create=False), open_store(directory) as store:
        gone = forget_days(store, before, dry_run=dry_run)
    would = "would be " if dry_run else ""
    click.echo(
        f"{gone.days} days before {before} {would}deleted, "
        f"with {gone.labels:,} texts and the marks of {gone.streams} logs"
    )


def read_days(text: str) -> int:
    """Return a number of days: 400d, or 400.

    Raises:
        UsageError: It is none, or none at all.
    """
    digits = text.removesuffix("d")
    if not digits.isascii() or not digits.isdigit() or not 0 < int(digits) < 100_000:
        raise UsageError(f"{text} is no number of days; write 400d")
    return int(digits)


@click.command()
@store_option("The store.")
@click.option(
    "-o",
    "--output",
    default=STDOUT,
    metavar="FILE",
    help="Where to; .gz, .bz2, .xz, .zst are packed. Default: standard output.",
)
@click.option("--since", type=Day(), help="First day: 2026-02-01, or 30d ago.")
@click.option("--until", type=Day(), help="Last day.")
def export(*, directory: Path, output: str, since: date | None, until: date | None) -> None:
    """Write all stored days as JSON lines, to read them or to merge them into another store."""
    with open_store(directory) as store, open_target(output, append=False) as target:
        for line in export_store(store, since, until):
            target.write(line)


@click.command()
@click.argument("dumps", nargs=-1, required=True, metavar="DUMP...")
@store_option("The store they go into.")
def merge(*, dumps: tuple[str, ...], directory: Path) -> None:
    """Take DUMPs of other machines' stores into a store; order does not matter, nothing counts twice."""
    from logstats.commands.dumps import read_lines

    with lock_store(directory, "merge"), open_store(directory, create=True) as store:
        for name in dumps:
            try:
                taken = merge_dump(store, read_lines(name), name)
            except OSError as error:
                raise InputError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from None
            click.echo(f"{name}: {taken} days taken")

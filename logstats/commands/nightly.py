"""`logstats nightly`: the line in crontab."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from pathlib import Path

import click

from logstats.commands.clock import NOW, Moment


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path), metavar="CONFIG.toml")
@click.option("--check", is_flag=True, help="Only check the configuration; no log is opened.")
@click.option("--example", is_flag=True, help="Print a configuration with comments.")
@click.option("--dry-run", is_flag=True, help="Only list the logs that would be deleted.")
@click.option("--now", type=Moment(), default=NOW, hidden=True)
def nightly(*, config: Path | None, check: bool, example: bool, dry_run: bool, now: datetime) -> int:
    """Collect, report, audit and forget as CONFIG.toml says, under one lock.

    Silent when all is well; else a line on stderr for each thing that is wrong, and an exit code.
    """
    if example:
        click.echo((files("logstats") / "nightly" / "example.toml").read_text("utf-8"), nl=False)
        return 0
    if config is None:
        raise click.UsageError("name a CONFIG.toml, or print one with --example")
    from logstats.nightly import load_config, run_nightly

    read = load_config(config)
    if check:
        reports = sum(len(site.reports) for site in read.sites)
        click.echo(
            f"{config}: sites {', '.join(site.name for site in read.sites)}; "
            f"{reports} reports; store {read.store}"
        )
        return 0
    outcome = run_nightly(read, now, dry_run=dry_run)
    for path in outcome.deletable:
        click.echo(path)
    for message in outcome.messages:
        click.echo(f"logstats: {message}", err=True)
    return outcome.exit_code

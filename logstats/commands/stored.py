"""What `logstats report --store` adds: options, and where the days come from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from logstats.policy import Policy
from logstats.tables import Report

_F = TypeVar("_F", bound=Callable[..., Any])


def store_options(command: _F) -> _F:
    """Add what a report of stored days needs: --store, --period, --compare."""
    for option in (
        click.option(
            "--compare", is_flag=True, help="With --store: beside each row what the period before had."
        ),
        click.option(
            "--period", metavar="PERIOD", help="With --store: 2026, 2026-02, 2026-W06 or 2026-02-01."
        ),
        click.option(
            "--store",
            "directory",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Report stored days instead of logs; see `logstats collect`.",
        ),
    ):
        command = option(command)
    return command


def report_stored(
    directory: Path,
    sites: tuple[str, ...],
    logs: tuple[str, ...],
    policy: Policy,
    days: tuple[date | None, date | None, str | None],
    *,
    top: int | None,
    compare: bool,
) -> Report:
    """Return the report of stored days."""
    from logstats.store import open_store
    from logstats.stored import Span, only_site, read_span, report_store

    since, until, period = days
    if logs:
        raise click.UsageError("name logs or a --store, not both")
    if len(sites) > 1:
        raise click.UsageError("--store reports one --site")
    if period and (since or until):
        raise click.UsageError("--period has both ends; leave --since and --until out")
    with open_store(directory) as store:
        span = read_span(period) if period else Span(since, until)
        return report_store(
            store, only_site(store, sites[0] if sites else None), policy, span, top=top, compare=compare
        )

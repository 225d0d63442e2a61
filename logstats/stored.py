"""Reports of stored days: any range of them, by itself or beside the one before."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import polars as pl

from logstats import schema
from logstats.disclose import disclose
from logstats.errors import UsageError
from logstats.frozen import frozen
from logstats.policy import Policy
from logstats.store.counts import Account, sum_accounts
from logstats.store.database import Store
from logstats.store.days import Site, Stored, get_site, list_sites, load_days, summarize
from logstats.store.lower_bounds import bound_union
from logstats.tables import OTHER, Column, Period, Report, Table

BEFORE: Final = "_before"
_SPAN: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})|-W(?P<week>[0-9]{2})|-(?P<date>[0-9]{2}-[0-9]{2}))?"
)


@frozen
class Span:
    """Days from first to last, both included; None is open."""

    first: date | None = None
    last: date | None = None

    def before(self) -> Span:
        """Return the span of as many days just before this one.

        Raises:
            UsageError: It is open.
        """
        if self.first is None or self.last is None:
            raise UsageError("--compare needs a first and a last day: --since and --until, or --period")
        days = (self.last - self.first).days + 1
        return Span(self.first - timedelta(days), self.first - timedelta(1))


def read_span(text: str) -> Span:
    """Return the days of a year, month, ISO week or day.

    Raises:
        UsageError: It is none of these.

    >>> read_span("2026-W06") == Span(date(2026, 2, 2), date(2026, 2, 8))
    True
    """
    found = _SPAN.fullmatch(text)
    try:
        if found and found["week"]:
            first = date.fromisocalendar(int(found["year"]), int(found["week"]), 1)
            return Span(first, first + timedelta(6))
        if found and found["month"]:
            first = date(int(found["year"]), int(found["month"]), 1)
            return Span(first, (first + timedelta(31)).replace(day=1) - timedelta(1))
        if found and found["date"]:
            return Span(date.fromisoformat(text), date.fromisoformat(text))
        if found:
            return Span(date(int(found["year"]), 1, 1), date(int(found["year"]), 12, 31))
    except ValueError:
        pass
    raise UsageError(f"{text} is no period; write 2026, 2026-02, 2026-W06 or 2026-02-01")


def only_site(store: Store, name: str | None) -> Site:
    """Return the site of this name, or the only one.

    Raises:
        UsageError: There is no such site, or several and none was named.
    """
    if name is not None:
        return get_site(store, name)
    sites = list_sites(store)
    if len(sites) == 1:
        return sites[0]
    if not sites:
        raise UsageError(f"{store.directory}: no site in this store yet; `logstats collect` adds one")
    raise UsageError(
        f"{store.directory}: name a site with --site; it has {', '.join(site.name for site in sites)}"
    )


def report_store(
    store: Store, site: Site, policy: Policy, span: Span, *, top: int | None = None, compare: bool = False
) -> Report:
    """Return the report of the stored days of a site.

    Args:
        store: Where they are.
        site: Whose.
        policy: What may be shown of them.
        span: Which days.
        top: Rows of a table, instead of the policy's number.
        compare: Add to each row what the span before had, as far as both may be shown.

    Raises:
        UsageError: To be compared, the span needs two ends.
    """
    report = _report_span(store, site, policy, span, top)
    if not compare:
        return report
    before = span.before()
    earlier = _report_span(store, site, policy, before, top)
    days = f"{before.first} to {before.last}"
    note = (
        f"Columns ending in {BEFORE} are of the period before: {days}, {earlier.period.days} days with hits"
    )
    tables = {name: _beside(table, earlier.tables.get(name)) for name, table in report.tables.items()}
    return replace(report, tables=tables, notes=(*report.notes, note))


def _report_span(store: Store, site: Site, policy: Policy, span: Span, top: int | None) -> Report:
    stored = load_days(store, site, span.first, span.last)
    account = sum_accounts(stored.accounts.values())
    days = sorted({day for day, _ in stored.accounts})
    period = (
        Period(days[0], days[-1], len(days), site.timezone) if days else Period(None, None, 0, site.timezone)
    )
    return disclose(
        summarize(stored),
        policy,
        lambda table, groups: bound_union(stored, table, groups),
        lines=account.lines,
        timezone=site.timezone,
        period=period,
        top=top,
        notes=_notes(stored, account),
        site=site.name,
    )


def _notes(stored: Stored, account: Account) -> tuple[str, ...]:
    """Return what a reader must know of how the days came about."""
    notes = []
    if account.late:
        notes.append(
            f"{account.late:,} lines came after their day was closed: they count as hits, without visitors"
        )
    if account.dropped:
        notes.append(f"{account.dropped:,} lines came after their day was closed and are not counted")
    if account.vanished:
        notes.append(f"{account.vanished:,} lines were gone before their day was closed and are not counted")
    if account.folded:
        most = max(account.folded.values())
        notes.append(f"Rare values of each day are in {OTHER}: a row may lack up to {most:,} hits")
    if account.sample_bits:
        notes.append(f"Visitors of some days are estimated from one in {2**account.sample_bits} of them")
    machines = len({origin for _, origin in stored.accounts})
    if len(stored.accounts) > len({day for day, _ in stored.accounts}):
        notes.append(
            f"Days are of {machines} machines: visitors are those of the machine with most, at least so many"
        )
    return tuple(notes)


def _beside(table: Table, earlier: Table | None) -> Table:
    """Return a table with the counts that the same rows had before; null where they are not shown."""
    if table.name == "days" or table.rows.is_empty() or earlier is None or earlier.rows.is_empty():
        return table
    counts = (schema.HITS, schema.VISITORS)
    keys = list(table.keys)
    # What is in (other) differs from period to period.
    texts = [key for key in keys if earlier.rows.schema[key] == pl.String]
    named = pl.all_horizontal(pl.col(key).ne_missing(OTHER) for key in texts) if texts else pl.lit(value=True)
    past = earlier.rows.filter(named).select(
        *keys, *(pl.col(name).alias(f"{name}{BEFORE}") for name in counts)
    )
    rows = table.rows.join(past, on=keys, how="left", nulls_equal=True, maintain_order="left")
    added = tuple(Column(f"{name}{BEFORE}", name, "integer") for name in counts)
    return replace(table, columns=(*table.columns, *added), rows=rows)

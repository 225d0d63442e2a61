"""What a nightly run should speak up about: a share or a count beyond a bound, or a silent log."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import polars as pl

from logstats import schema
from logstats.errors import UsageError
from logstats.frozen import frozen
from logstats.store.counts import sum_accounts
from logstats.store.database import Store
from logstats.store.days import Site, load_days, summarize
from logstats.summaries import CLIENT_ERROR, KINDS, SERVER_ERROR

SILENCE: Final = "no line since yesterday"
MEASURES: Final = ("error_rate", "server_error_rate", "rejected_share", "late_share", "hits", "bytes_sent")
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_RULE: Final = re.compile(r"\s*([a-z_]+)\s*(>=|<=|>|<)\s*([0-9]+(?:\.[0-9]+)?)\s*")


@frozen
class Alert:
    """A rule as it was written; without a measure it is the one about silence."""

    text: str
    measure: str | None = None
    compare: str = ">"
    bound: float = 0


def read_alert(text: str) -> Alert:
    """Return the rule that a text means.

    Raises:
        UsageError: It means none.

    >>> read_alert("error_rate > 0.05").bound
    0.05
    """
    if text.strip() == SILENCE:
        return Alert(text)
    found = _RULE.fullmatch(text)
    if not found or found[1] not in MEASURES:
        raise UsageError(
            f"`{text}` is no alert; write `{SILENCE}`, or a measure, > or <, and a number; "
            f"measures are {', '.join(MEASURES)}"
        )
    return Alert(text, found[1], found[2], float(found[3]))


def check_day(store: Store, site: Site, day: date, alerts: tuple[Alert, ...]) -> list[str]:
    """Return a sentence for each alert that holds on a stored day."""
    rules = [alert for alert in alerts if alert.measure]
    if not rules:
        return []
    measures = _measure(store, site, day)
    return [
        f"{site.name}: {alert.measure} was {measures[alert.measure]:.4g} on {day} (alert: {alert.text})"
        for alert in rules
        if alert.measure and _COMPARE[alert.compare](measures[alert.measure], alert.bound)
    ]


def check_silence(site: str, newest: date | None, today: date, alerts: tuple[Alert, ...]) -> list[str]:
    """Return a sentence if the logs have no line of yesterday or today, and somebody wants to know."""
    if all(alert.measure for alert in alerts) or (newest is not None and newest >= today - timedelta(days=1)):
        return []
    since = f"the newest line is of {newest}" if newest else "there is no line at all"
    return [f"{site}: no line since yesterday; {since}"]


def _measure(store: Store, site: Site, day: date) -> dict[str, float]:
    stored = load_days(store, site, day, day)
    summary = summarize(stored)
    account = sum_accounts(stored.accounts.values())
    hits = int(summary.days[schema.HITS].sum())
    kinds = summary.tables.get(KINDS, pl.DataFrame(schema={schema.KIND: pl.String, schema.HITS: pl.Int64}))
    by_kind = dict(kinds.select(schema.KIND, schema.HITS).iter_rows())
    server, client = by_kind.get(SERVER_ERROR, 0), by_kind.get(CLIENT_ERROR, 0)
    return {
        "error_rate": (server + client) / max(1, hits),
        "server_error_rate": server / max(1, hits),
        "rejected_share": account.lines.rejected.total() / max(1, account.lines.read),
        "late_share": account.late / max(1, account.lines.read),
        "hits": hits,
        "bytes_sent": int(summary.days[schema.BYTES_SENT].sum()),
    }

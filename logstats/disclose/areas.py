"""Pages, files and errors share one total: what is hidden in one must not follow from the others.

Every hit is a page, a static file, or an error of the client or the server. The sums of
the three tables are therefore a table of its own, to be disclosed before them.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

import polars as pl

from logstats import schema, summaries
from logstats.disclose.folding import Limits, fold_small
from logstats.disclose.groups import PEOPLE, Groups, gather_groups
from logstats.disclose.withholding import Share, is_dominated, withhold_dominated
from logstats.frozen import frozen
from logstats.summaries import CLIENT_ERROR, PAGE, SERVER_ERROR, STATIC_FILE, Summary, UnionCount

ERROR: Final = "error"
TABLE_OF: Final[dict[str, str]] = {PAGE: "pages", STATIC_FILE: "static_files", ERROR: "errors"}


@frozen
class Areas:
    """What the tables of the areas, and the totals, may tell.

    `open`: tables whose sum must stay unknown; `mute`: tables that show no hits at all;
    `errors_known`: the sum of errors follows from the report; `split`: that of errors of
    the client and of the server each.
    """

    totals: dict[str, int | None]
    open: frozenset[str] = field(default_factory=frozenset)
    mute: frozenset[str] = field(default_factory=frozenset)
    errors_known: bool = True
    split: bool = True


def judge_areas(summary: Summary, limits: Limits, union: UnionCount) -> Areas:
    """Return what may be told of the sums of pages, files and errors."""
    kinds = summary.tables.get(summaries.KINDS)
    if kinds is None:
        return Areas(
            dict.fromkeys(("pages", "client_errors", "server_errors")), split=False, errors_known=False
        )
    areas = _gather(kinds, summary.days, union)
    # Errors are no cover: the table of statuses tells their sum.
    folded = fold_small(areas, limits, keep=frozenset({ERROR}))
    hidden = set(folded.hidden[schema.KIND]) if folded.safe else set(TABLE_OF)
    muted = _dominated(areas.rows, hidden, limits, int(summary.days[schema.TOP_HITS].sum()))
    sums = dict(areas.rows.select(schema.KIND, schema.HITS).iter_rows())
    known = ERROR not in hidden | muted
    errors = _error_totals(kinds, limits) if known else None
    return Areas(
        totals={
            "pages": sums.get(PAGE, 0) if PAGE not in hidden | muted else None,
            "client_errors": errors[0] if errors else None,
            "server_errors": errors[1] if errors else None,
        },
        open=frozenset(TABLE_OF[area] for area in hidden),
        mute=frozenset(TABLE_OF[area] for area in muted),
        errors_known=known,
        split=errors is not None,
    )


def _gather(kinds: pl.DataFrame, days: pl.DataFrame, union: UnionCount) -> Groups:
    """The three areas as a table; visitors who met errors are counted once."""
    both = (CLIENT_ERROR, SERVER_ERROR)
    is_error = pl.col(schema.KIND).is_in(both)
    united = unite_kinds(kinds, union, both)
    errors = (
        kinds.filter(is_error)
        .group_by(schema.DAY)
        .agg(pl.col(schema.HITS, schema.BOT_HITS, schema.BYTES_SENT, schema.TOP_HITS).sum())
        .join(united, on=schema.DAY, how="left")
        .with_columns(pl.lit(ERROR).alias(schema.KIND), pl.col(schema.VISITORS).fill_null(0))
        .select(kinds.columns)
    )
    daily = pl.concat([kinds.filter(~is_error), errors])

    def unite(keys: pl.DataFrame) -> pl.DataFrame:
        names = [name for key in keys[schema.KIND] for name in (both if key == ERROR else (key,))]
        return unite_kinds(kinds, union, tuple(names))

    return gather_groups((schema.KIND,), daily, days, unite, (pl.col(schema.HITS),))


def unite_kinds(kinds: pl.DataFrame, union: UnionCount, names: tuple[str, ...]) -> pl.DataFrame:
    """Return day and visitors of some kinds of hits together."""
    found = kinds.filter(pl.col(schema.KIND).is_in(names))
    keys = found.select(schema.KIND).unique(maintain_order=True)
    if keys.height < 2:
        return found.select(schema.DAY, schema.VISITORS)
    return union(summaries.KINDS, keys).select(schema.DAY, schema.VISITORS)


def _dominated(rows: pl.DataFrame, hidden: set[str], limits: Limits, day_tops: int) -> set[str]:
    names = [name for name in rows[schema.KIND] if name not in hidden]
    shares = [
        Share(number, people, min(top, day_tops))
        for number, (name, people, top) in enumerate(
            rows.select(schema.KIND, PEOPLE, schema.TOP_HITS).iter_rows()
        )
        if name in names
    ]
    # Errors come last: the table of statuses tells their sum.
    last = frozenset(number for number, name in enumerate(rows[schema.KIND]) if name == ERROR)
    withheld = withhold_dominated(shares, limits.rule.dominance_percent, day_tops, last=last)
    return {rows[schema.KIND].item(number) for number in withheld}


def _error_totals(kinds: pl.DataFrame, limits: Limits) -> tuple[int, int] | None:
    """Hits of both kinds of errors, or None if one of them is small or one visitor's."""
    totals = []
    for name in (CLIENT_ERROR, SERVER_ERROR):
        rows = kinds.filter(pl.col(schema.KIND) == name)
        hits, bots, tops = rows.select(pl.col(schema.HITS, schema.BOT_HITS, schema.TOP_HITS).sum()).row(0)
        best = int(str(rows[schema.VISITORS].max() or 0))
        people = hits - bots
        under = best < limits.rule.k and (people > 0 if limits.rule.show_zeros else True)
        if under or is_dominated(people, tops, limits.rule.dominance_percent):
            return None
        totals.append(hits)
    return totals[0], totals[1]

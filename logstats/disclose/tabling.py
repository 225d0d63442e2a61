"""Groups and what may be told of them become a `Table`."""

from __future__ import annotations

import polars as pl

from logstats import schema
from logstats.disclose.catalogue import CATALOGUE, describe_columns
from logstats.disclose.folding import Folded
from logstats.disclose.groups import Groups, Merged
from logstats.policy import Disclosure
from logstats.tables import OTHER, Suppressed, Table

WITHHELD = "withheld"


def write_table(name: str, groups: Groups, folded: Folded, withheld: set[int], rule: Disclosure) -> Table:
    """Return the table to show: its rows, `(other)` last, and what was hidden.

    Args:
        name: Which table.
        groups: Its groups.
        folded: Which of them are shown.
        withheld: Numbers of rows whose hits are not shown; -1 is `(other)`.
        rule: k and the base of rounding.
    """
    rows = folded.shown.with_columns(pl.col("row").is_in(list(withheld)).alias(WITHHELD))
    if not CATALOGUE[name].by_time:
        # The place of a row among others would tell its hits.
        hidden_last = pl.when(WITHHELD).then(-pl.col(schema.VISITORS)).otherwise(None)
        rows = rows.sort(WITHHELD, hidden_last, "row", nulls_last=True)
    columns = [*groups.keys, *schema.COUNTS]
    rows = rows.with_columns(
        pl.when(~pl.col(WITHHELD)).then(pl.col(schema.HITS)).alias(schema.HITS),
        pl.when(~pl.col(WITHHELD)).then(pl.col(schema.BYTES_SENT)).alias(schema.BYTES_SENT),
    ).select(columns)
    if folded.hidden.height:
        # Counting a union is what costs most: of one block it is counted already.
        covers = [cover for cover in folded.covers.values() if cover.groups == folded.hidden.height]
        merged = covers[0] if covers else groups.merge(folded.hidden)
        rows = pl.concat([rows, _other_row(rows, groups.keys, merged, hide=-1 in withheld)])
    rows = rows.with_columns(round_visitors(pl.col(schema.VISITORS), rule.round_visitors))
    return _table(name, groups.keys, rows, _tell(folded, rule, partial=True))


def withhold_table(name: str, groups: Groups, small: int, reason: str, rule: Disclosure) -> Table:
    """Return a table without rows and the reason for it."""
    rows = groups.rows.select(*groups.keys, *schema.COUNTS).clear()
    return _table(name, groups.keys, rows, Suppressed(_round_up(small, rule.round_visitors), reason))


def round_visitors(visitors: pl.Expr, base: int) -> pl.Expr:
    """Round to the nearest multiple of a base, a half up."""
    return visitors if base == 1 else (visitors + base // 2) // base * base


def _round_up(groups: int, base: int) -> int:
    """A count of hidden groups moves by whole steps, as visitors do."""
    return -(-groups // base) * base


def _table(name: str, keys: tuple[str, ...], rows: pl.DataFrame, suppressed: Suppressed | None) -> Table:
    entry = CATALOGUE[name]
    return Table(name, entry.title, entry.section, keys, describe_columns(rows), rows, suppressed)


def _tell(folded: Folded, rule: Disclosure, *, partial: bool) -> Suppressed | None:
    if not partial or not folded.small:
        return None
    groups = _round_up(folded.small, rule.round_visitors)
    return Suppressed(groups, f"groups of under {rule.k} visitors are in {OTHER}, with others that hide them")


def _other_row(like: pl.DataFrame, keys: tuple[str, ...], merged: Merged, *, hide: bool) -> pl.DataFrame:
    texts = [key for key in keys if like.schema[key] == pl.String]
    row: dict[str, object] = dict.fromkeys(keys)
    row |= dict.fromkeys(texts[:1], OTHER)
    row |= {
        schema.HITS: None if hide else merged.hits,
        schema.BOT_HITS: None if hide else merged.bot_hits,
        schema.VISITORS: merged.visitors,
        schema.BYTES_SENT: None if hide else merged.bytes_sent,
    }
    return pl.DataFrame([row], schema=like.schema)

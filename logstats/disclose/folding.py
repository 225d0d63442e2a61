"""Groups under k go to `(other)`, and as many others as it takes that none can be computed.

`(other)` has two groups, k visitors together, and room: whoever knows k, this rule, and
every number shown must still think several counts possible for each group that was hidden.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from logstats import schema
from logstats.disclose.groups import BEST, BLOCK, PEOPLE, ROW, Groups, Merged
from logstats.frozen import frozen
from logstats.policy import Disclosure

SMALL: Final = "small"  # a group that must not be shown


@frozen
class Limits:
    """What a table's rows must keep to."""

    rule: Disclosure
    top: int | None  # None: no limit on rows
    days: int  # of the period; 1 where a group has one day only
    partition: bool  # visitors of groups add up
    of_bots: bool = False  # bots are not people: nothing is small


@frozen
class Folded:
    """A table's rows to show, those in `(other)`, and whether that hides what it must.

    `covers` has the folded rows of each block as one.
    """

    shown: pl.DataFrame
    hidden: pl.DataFrame
    covers: dict[str, Merged]
    small: int
    safe: bool


def fold_small(
    groups: Groups, limits: Limits, *, least: int = 0, keep: frozenset[str] = frozenset()
) -> Folded:
    """Return the rows that may be shown and those that go to `(other)`.

    Args:
        groups: A table; its blocks are sets of rows whose sum is known from elsewhere.
        limits: k, and what else holds for this table.
        least: Rows that `(other)` must have though none is small (its total must stay unknown).
        keep: Values of the last key that are no cover for others.

    Returns:
        `safe` is false where no choice of rows hides the small ones: show none then.
    """
    rows = groups.rows.with_columns(_is_small(limits).alias(SMALL))
    named = pl.any_horizontal(pl.col(key).is_not_null() for key in groups.keys)
    fit = rows.filter(~pl.col(SMALL) & named)
    shown = set(fit[ROW].to_list() if limits.top is None else fit[ROW].head(limits.top).to_list())
    small = rows.filter(SMALL).height
    covers: dict[str, Merged] = {}
    blocks = rows[BLOCK].unique(maintain_order=True).to_list()
    for block in blocks:
        inside = rows.filter(pl.col(BLOCK) == block)
        last = 1 if len(blocks) == 1 else 0  # a block's own sum is shown elsewhere, and may be all there is
        cover, safe = _cover(groups, limits, inside, shown, last=last, least=least, keep=keep)
        if not safe:
            return Folded(rows.clear(), rows, {}, small, safe=False)
        if cover is not None:
            covers[block] = cover
    is_shown = pl.col(ROW).is_in(list(shown))
    seen = rows.filter(is_shown)
    safe = not (small and seen.is_empty())
    return Folded(seen, rows.filter(~is_shown), covers, small, safe)


def _is_small(limits: Limits) -> pl.Expr:
    if limits.of_bots:
        return pl.lit(value=False)
    under = pl.col(BEST) < limits.rule.k
    return under & (pl.col(PEOPLE) > 0) if limits.rule.show_zeros else under


def _cover(
    groups: Groups,
    limits: Limits,
    inside: pl.DataFrame,
    shown: set[int],
    *,
    last: int,
    least: int,
    keep: frozenset[str],
) -> tuple[Merged | None, bool]:
    """Move the smallest shown rows of a block out of `shown` until the hidden ones are hidden."""
    known: Merged | None = None
    while True:
        is_shown = pl.col(ROW).is_in(list(shown))
        hidden = inside.filter(~is_shown)
        # Bots hide no person.
        seen = inside.filter(is_shown & (pl.col(PEOPLE) > 0)).sort(
            schema.VISITORS, PEOPLE, pl.col(ROW), descending=[False, False, True]
        )
        if hidden.height >= least:
            if hidden.is_empty():
                return None, True
            # Counting a union is what costs most.
            if known is None or _may_hide(limits, hidden, seen, known.visitors):
                known = groups.merge(hidden)
                if _hides(limits, hidden, seen, known, alone=last == 1):
                    return known, True
        spare = seen.filter(~pl.col(groups.keys[-1]).is_in(list(keep))) if keep else seen
        if spare.height <= last:
            return (groups.merge(hidden) if hidden.height else None), last == 0
        shown.discard(spare[ROW].item(0))


def _may_hide(limits: Limits, hidden: pl.DataFrame, seen: pl.DataFrame, visitors: int) -> bool:
    """Whether `(other)` can be found to hide these groups, which have at least so many visitors together.

    Where it is not so, those of fewer groups tell it, and the union need not be counted.
    """
    small = hidden.filter(SMALL).height
    people = int(hidden[PEOPLE].sum())
    unlinked = replace(limits, partition=False)  # what else it asks of a partition is asked with the union
    return not small or _leaves_room(unlinked, small, _count_large(hidden), seen, visitors, people)


def _hides(limits: Limits, hidden: pl.DataFrame, seen: pl.DataFrame, cover: Merged, *, alone: bool) -> bool:
    """Whether `(other)` may be shown with these groups in it."""
    rule = limits.rule
    small = hidden.filter(SMALL)
    if limits.of_bots or (rule.show_zeros and cover.people_hits == 0):
        return True
    if small.is_empty() and not alone:
        return True
    with_people = hidden.filter(pl.col(PEOPLE) > 0).height if rule.show_zeros else hidden.height
    if with_people < rule.other_min_groups or cover.best_day < rule.k:
        return False
    large = _count_large(hidden)
    return small.is_empty() or _leaves_room(
        limits, small.height, large, seen, cover.visitors, cover.people_hits
    )


def _count_large(hidden: pl.DataFrame) -> int:
    return hidden.filter(~pl.col(SMALL) & (pl.col(PEOPLE) > 0)).height


def _leaves_room(
    limits: Limits, small: int, large: int, seen: pl.DataFrame, visitors: int, people_hits: int
) -> bool:
    """Whether each small group could still have `room` different counts of visitors.

    Who reads the report knows that a small group has under k visitors a day, that one
    folded to cover it has at least k and no more than the smallest shown, and the sums.
    """
    k = limits.rule.k
    fewest = 1 if limits.rule.show_zeros else 0
    most = limits.days * (k - 1)
    largest = int(str(seen[schema.VISITORS].min())) if large and seen.height else None
    sum_high = min(small * most, people_hits - large * k)
    if limits.partition:
        sum_high = min(sum_high, visitors - large * k)
    sum_low = visitors - large * largest if largest is not None else (0 if large else visitors)
    low = max(fewest, sum_low - (small - 1) * most)
    high = min(k - 1, sum_high - (small - 1) * fewest)
    return high - low + 1 >= min(limits.rule.room, k - fewest)

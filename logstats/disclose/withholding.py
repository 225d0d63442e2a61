"""Hits that one visitor made are not shown, nor left to be computed from a total."""

from __future__ import annotations

from logstats.frozen import frozen


@frozen
class Share:
    """A row's hits of people, and how many of them one visitor made at most."""

    row: int
    people_hits: int
    top_hits: int


def is_dominated(people_hits: int, top_hits: int, percent: int) -> bool:
    """Whether one visitor made more than this share of the hits.

    >>> is_dominated(100, 91, 90), is_dominated(100, 90, 90), is_dominated(0, 0, 90)
    (True, False, False)
    """
    return top_hits * 100 > percent * people_hits


def withhold_dominated(
    shares: list[Share], percent: int, day_tops: int, *, last: frozenset[int] = frozenset()
) -> set[int]:
    """Return the rows of one block whose hits must not be shown.

    The sum of a block is known, so the withheld rows' sum is too: they are at least two,
    and no visitor made more than the share of that sum. Smallest rows are added until
    this holds; where it never does, no row of the block shows its hits.

    Args:
        shares: All rows of the block, `(other)` among them.
        percent: The share of hits that one visitor may make.
        day_tops: Hits of the visitor with most, added over the days: nobody made more.
        last: Rows to withhold after all others, as their hits can be known from elsewhere.
    """
    withheld = {share.row for share in shares if is_dominated(share.people_hits, share.top_hits, percent)}
    rest = sorted(
        (share for share in shares if share.row not in withheld), key=lambda s: (s.row in last, s.people_hits)
    )
    if not withheld:
        return withheld
    people = sum(share.people_hits for share in shares if share.row in withheld)
    tops = sum(share.top_hits for share in shares if share.row in withheld)
    for share in rest:
        if len(withheld) > 1 and not is_dominated(people, min(tops, day_tops), percent):
            break
        if share.people_hits == 0:  # bots hide no person
            continue
        withheld.add(share.row)
        people += share.people_hits
        tops += share.top_hits
    return withheld

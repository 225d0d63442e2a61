"""Tables of a summary, rolled up from the counted facets.

A visitor counts once in every row, so rows that merge several values of a facet
are counted again from the pairs, unless a visitor can only ever have one of
the values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import polars as pl

from logstats import schema
from logstats.facets import CELLS_SCHEMA, FAMILY, KEY, FacetCounts
from logstats.frozen import frozen
from logstats.pairs import CELL
from logstats.summaries import (
    ALL_KINDS,
    CLIENT_ERROR,
    DELIVERY_TABLES,
    KINDS,
    NOT_TOLD,
    PAGE,
    SERVER_ERROR,
    STATIC_FILE,
    Summary,
)
from logstats.unions import GROUP
from logstats.workers import share

REQUESTS: Final = "requests"
REFERRERS: Final = "referrers"
ANSWERS: Final = "answers"
HOURS: Final = "hours"
PROFILES: Final = "profiles"

FACET_LABELS: Final[dict[str, dict[str, pl.DataType]]] = {
    REQUESTS: {schema.STATUS: pl.Int64(), schema.PATH: pl.String()},
    REFERRERS: {schema.REFERRER: pl.String()},
    ANSWERS: {
        schema.STATUS: pl.Int64(),
        schema.METHOD: pl.String(),
        schema.PROTOCOL: pl.String(),
        schema.VHOST: pl.String(),
        **dict.fromkeys(schema.DELIVERY, pl.String()),
    },
    HOURS: {schema.HOUR: pl.Int64()},
    PROFILES: {
        schema.BROWSER: pl.String(),
        schema.BROWSER_VERSION: pl.String(),
        schema.SYSTEM: pl.String(),
        schema.SYSTEM_VERSION: pl.String(),
        schema.DEVICE: pl.String(),
        schema.BOT: pl.String(),
        schema.COUNTRY: pl.String(),
        schema.NETWORK: pl.String(),
    },
}
# The family of a request and of an answer is its kind, so that folded values still add up to it.
KIND_FAMILIES: Final = {kind: number for number, kind in enumerate(ALL_KINDS)}
SPANS: Final = (1, 3, 6)
WHOLE_DAY: Final = 24
# Tables that are rolled up at the same time.
CLOSING_THREADS: Final = 2

_SUMS: Final = (schema.HITS, schema.BOT_HITS, schema.BYTES_SENT)


@frozen
class Source:
    """Where the rows of a table come from.

    Attributes:
        facet: Which facet.
        keys: The columns that name a row, made of the facet's labels.
        kinds: Only requests of these kinds.
        alone: Whether no visitor has two values of the facet that are in one row.
    """

    facet: str
    keys: tuple[pl.Expr, ...]
    kinds: tuple[str, ...] = ()
    alone: bool = True

    def names(self, facet: FacetCounts) -> pl.DataFrame:
        """Return the keys of the facet's values with the key columns of the table."""
        names = facet.names[0]
        if self.kinds:
            names = names.filter(pl.col(FAMILY).is_in([KIND_FAMILIES[kind] for kind in self.kinds]))
        return names.select(KEY, *self.keys)


def _source(facet: str, *keys: str, kinds: tuple[str, ...] = (), alone: bool = True) -> Source:
    return Source(facet, tuple(pl.col(key) for key in keys), kinds, alone)


_KIND: Final = pl.col(FAMILY).replace_strict(
    {number: kind for kind, number in KIND_FAMILIES.items()}, return_dtype=pl.String
)

SOURCES: Final[dict[str, Source]] = {
    "pages": _source(REQUESTS, schema.PATH, kinds=(PAGE,)),
    "static_files": _source(REQUESTS, schema.PATH, kinds=(STATIC_FILE,)),
    "errors": _source(REQUESTS, schema.STATUS, schema.PATH, kinds=(CLIENT_ERROR, SERVER_ERROR)),
    KINDS: Source(ANSWERS, (_KIND.alias(schema.KIND),), alone=False),
    "referrers": _source(REFERRERS, schema.REFERRER),
    "statuses": _source(ANSWERS, schema.STATUS, alone=False),
    "methods": _source(ANSWERS, schema.METHOD, alone=False),
    "protocols": _source(ANSWERS, schema.PROTOCOL, alone=False),
    "vhosts": _source(ANSWERS, schema.VHOST, alone=False),
    "cache": _source(ANSWERS, schema.CACHE_STATUS, alone=False),
    "tls": _source(ANSWERS, schema.TLS_PROTOCOL, schema.TLS_CIPHER, alone=False),
    "browsers": _source(PROFILES, schema.BROWSER, schema.BROWSER_VERSION),
    "systems": _source(PROFILES, schema.SYSTEM, schema.SYSTEM_VERSION),
    "devices": _source(PROFILES, schema.DEVICE),
    "countries": _source(PROFILES, schema.COUNTRY),
    "networks": _source(PROFILES, schema.NETWORK),
}


def _hours(span: int) -> Source:
    first = (pl.col(schema.HOUR) // span * span).alias(schema.HOUR)
    return Source(HOURS, (first, pl.lit(span, pl.Int64).alias(schema.SPAN_HOURS)), alone=span == 1)


def roll_up(facet: FacetCounts, source: Source) -> pl.DataFrame:
    """Return day, keys and counts of a table, one row a day and key."""
    named = facet.cells[0].join(source.names(facet), on=KEY)
    keys = [schema.DAY, *(name for name in named.columns if name not in CELLS_SCHEMA)]
    rows = _count_alone(facet, named, keys) if source.alone else _count_shared(facet, named, keys)
    rows = rows.with_columns(facet.estimate(pl.col(schema.VISITORS)))
    # From a sample a row may have no visitor, or more than hits; where people hit there was one.
    people = pl.col(schema.HITS) - pl.col(schema.BOT_HITS)
    shown = [
        pl.col(name).fill_null(0).clip(people.clip(0, 1), people)
        for name in (schema.VISITORS, schema.TOP_HITS)
    ]
    return rows.select(*keys, schema.HITS, schema.BOT_HITS, shown[0], schema.BYTES_SENT, shown[1])


def _count_alone(facet: FacetCounts, named: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return the counts of rows in which visitors of several cells are different people."""
    rows = named.join(facet.visitors(), on=CELL, how="left").group_by(keys)
    return rows.agg(pl.col(*_SUMS, schema.VISITORS).sum(), pl.col(schema.TOP_HITS).max())


def _count_shared(facet: FacetCounts, named: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return the counts of rows in which a visitor may be in several cells."""
    groups = named.select(keys).unique().with_row_index(GROUP)
    cells = named.join(groups, on=keys, nulls_equal=True)
    counts = cells.group_by(GROUP).agg(pl.col(_SUMS).sum())
    return groups.join(counts, on=GROUP).join(facet.regroup_all(cells), on=GROUP, how="left")


def close_facets(
    facets: dict[str, FacetCounts],
    tables: tuple[str, ...],
    spans: tuple[int, ...] = SPANS,
    beside: Mapping[str, Callable[[], pl.DataFrame]] | None = None,
) -> Summary:
    """Return the integers of all days; the facets' parts must be merged.

    Args:
        facets: By name, all of `FACET_LABELS`.
        tables: Which of `SOURCES` to make beside `hours`, `weekday_hours` and `bots`.
        spans: In which spans of hours to count, beside whole days.
        beside: Further tables, by name, and what makes them.
    """
    # JSON may have a name for how an answer was delivered, and a log in JSON none of it.
    names = facets[ANSWERS].names[0]
    untold = [name for name in DELIVERY_TABLES if not _tells(names, schema.TABLE_KEYS[name])]
    tables = tuple(name for name in tables if name not in untold)
    beside = beside or {}
    rolled = _roll_up_all(facets, tables, spans, beside)
    days = rolled[_DAYS]
    made = {name: rolled[name] for name in (*tables, *beside)}
    whole = days.select(
        schema.DAY,
        pl.lit(0, pl.Int64).alias(schema.HOUR),
        pl.lit(WHOLE_DAY, pl.Int64).alias(schema.SPAN_HOURS),
        pl.exclude(schema.DAY, "all"),
    )
    made |= _tables_of_time(pl.concat([*(rolled[_span_name(span)] for span in spans), whole]))
    made["bots"] = rolled["bots"].filter(pl.col(schema.BOT_HITS) > 0)
    return Summary(days.drop("all").sort(schema.DAY), made)


def widen_hours(facets: dict[str, FacetCounts], hours: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the tables of time in all spans, from that of hours in one span and of whole days."""
    known = hours[schema.SPAN_HOURS].unique()
    wider = [roll_up(facets[HOURS], _hours(span)) for span in SPANS if span not in known]
    return _tables_of_time(pl.concat([hours, *wider]))


def _tables_of_time(hours: pl.DataFrame) -> dict[str, pl.DataFrame]:
    weekday = pl.col(schema.DAY).dt.weekday().cast(pl.Int64).alias(schema.WEEKDAY)
    return {"hours": hours, "weekday_hours": hours.select(schema.DAY, weekday, pl.exclude(schema.DAY))}


_DAYS: Final = "days"


def _span_name(span: int) -> str:
    return f"{HOURS} {span}"


def _roll_up_all(
    facets: dict[str, FacetCounts],
    tables: tuple[str, ...],
    spans: tuple[int, ...],
    beside: Mapping[str, Callable[[], pl.DataFrame]],
) -> dict[str, pl.DataFrame]:
    """Return the tables asked for, the whole days, the spans of hours, and the bots."""
    sources = {_span_name(span): _hours(span) for span in reversed(spans)}
    # Kinds sort the visitors of answers, for which other tables of answers would only wait: these come last.
    sources |= {name: SOURCES[name] for name in sorted(tables, key=_wait)}
    sources |= {"bots": _source(PROFILES, schema.BOT), _DAYS: Source(PROFILES, (pl.lit(0).alias("all"),))}
    wanted = dict(beside)
    wanted |= {name: partial(roll_up, facets[source.facet], source) for name, source in sources.items()}
    rolled = share(lambda make: make(), wanted.values(), threads=CLOSING_THREADS)
    return dict(zip(wanted, rolled, strict=True))


def _wait(table: str) -> int:
    """Return how late a table should be rolled up."""
    return 0 if table == KINDS else 1 + (not SOURCES[table].alone)


def _tells(names: pl.DataFrame, keys: tuple[str, ...]) -> bool:
    """Whether some row has a key that is a value."""
    return any(not (names[key].is_null() | (names[key] == NOT_TOLD)).all() for key in keys)


Named = dict[tuple[str, ...], pl.DataFrame]


def union_of_groups(
    facets: dict[str, FacetCounts], table: str, groups: pl.DataFrame, named: Named
) -> pl.DataFrame:
    """Return day, visitors and top_hits of the union of a table's groups, exactly.

    Args:
        facets: Merged facets.
        table: A table's name.
        groups: The key columns of the groups; a row of nulls is what was folded.
        named: Cells with the keys of their rows, kept from one call to the next while nothing is counted.
    """
    source, keys = _source_of(table, groups)
    facet = facets[source.facet]
    which = (source.facet, *source.kinds, *map(str, source.keys))
    if which not in named:
        weekday = pl.col(schema.DAY).dt.weekday().cast(pl.Int64).alias(schema.WEEKDAY)
        cells = facet.cells[0].select(CELL, schema.DAY, KEY, weekday)
        named[which] = cells.join(source.names(facet), on=KEY)
    wanted = named[which].join(groups.select(keys), on=keys, nulls_equal=True, how="semi")
    estimated = facet.estimate(pl.col(schema.VISITORS))
    if source.facet == PROFILES:
        # A visitor has one profile, so those of different ones are different people.
        alone = facet.visitors().join(wanted.select(CELL, schema.DAY), on=CELL).group_by(schema.DAY)
        sums = alone.agg(pl.col(schema.VISITORS).sum(), pl.col(schema.TOP_HITS).max())
        return sums.with_columns(estimated)
    days = wanted.select(schema.DAY).unique().with_row_index(GROUP)
    counted = facet.regroup(wanted.join(days, on=schema.DAY).select(CELL, GROUP))
    return counted.join(days, on=GROUP).select(schema.DAY, estimated, schema.TOP_HITS)


def _source_of(table: str, groups: pl.DataFrame) -> tuple[Source, list[str]]:
    if table in ("hours", "weekday_hours"):
        source = _hours(groups[schema.SPAN_HOURS].item(0))
        return source, list(schema.TABLE_KEYS[table])
    if table == "bots":
        return _source(PROFILES, schema.BOT), [schema.BOT]
    return SOURCES[table], list(schema.TABLE_KEYS.get(table, (schema.KIND,)))

"""All tables of a report, in the order that their links ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import polars as pl

from logstats import schema, summaries
from logstats.disclose.areas import Areas, judge_areas
from logstats.disclose.bins import choose_span
from logstats.disclose.catalogue import CATALOGUE
from logstats.disclose.folding import Folded, Limits, fold_small
from logstats.disclose.groups import BLOCK, PEOPLE, ROW, Groups, gather_groups
from logstats.disclose.periods import read_period
from logstats.disclose.tabling import round_visitors, withhold_table, write_table
from logstats.disclose.timing import time_pages
from logstats.disclose.withholding import Share, withhold_dominated
from logstats.frozen import frozen
from logstats.policy import Disclosure, Policy
from logstats.summaries import Summary, UnionCount
from logstats.tables import Period, Report, Table
from logstats.tally import Tally
from logstats.workers import share

TOTALS: Final = ("hits", "bot_hits", "visitors", "bytes_sent", "pages", "client_errors", "server_errors")
OTHER_ROW: Final = -1  # stands for (other) among numbers of rows
# Others look at what these show: bins of time, errors, networks.
FIRST: Final = ("days", "statuses", "countries")
# Tables that are made at the same time.
DISCLOSING_THREADS: Final = 2
# Bins of time come in spans of their own; a table of networks is a finer table of countries.
BINNED: Final = ("hours", "weekday_hours")


def disclose(  # noqa: PLR0913 - all that a report says
    summary: Summary,
    policy: Policy,
    union: UnionCount,
    *,
    lines: Tally,
    timezone: str = "UTC",
    period: Period | None = None,
    top: int | None = None,
    bots: str = "apart",
    generated: datetime | None = None,
    replaced: dict[str, int] | None = None,
    notes: tuple[str, ...] = (),
    site: str | None = None,
) -> Report:
    """Return the report of a summary: every table it has, fit to be shown.

    Args:
        summary: Closed days.
        policy: k and every other number.
        union: Counts distinct visitors of several groups together.
        lines: What became of the lines read.
        timezone: Of the days.
        period: The days meant, if not those of the summary.
        top: Rows of a table, instead of the policy's number.
        bots: `apart` ranks tables of interest by hits of people, anything else by all hits.
        generated: When; now, if not given.
        replaced: Personal values replaced, by class.
        notes: Sentences to show.
        site: Whose report it is.

    Raises:
        NotYourOwnPolicy: The policy is one to extend before a report is published.
    """
    policy.require_own()
    rule = policy.disclosure
    whole = Report(
        generated=generated or datetime.now(UTC),
        period=period or read_period(summary.days, timezone),
        policy=policy.stamp(),
        lines=lines,
        totals=dict.fromkeys(TOTALS, 0),
        tables={},
        site=site,
        replaced=replaced or {},
        notes=((policy.marking, *notes) if policy.marking else notes),
    )
    if summary.days.is_empty():
        return whole
    best = int(str(summary.days[schema.VISITORS].max()))
    if best < rule.k and rule.k > 1:
        sentence = f"Fewer than {rule.k} visitors on each day of the period: nothing of it is shown"
        return replace(whole, totals=dict.fromkeys(TOTALS), notes=(*whole.notes, sentence))
    limits = Limits(rule, top or rule.top, summary.days.height, partition=False)
    areas = judge_areas(summary, replace(limits, top=None), union)
    tables = _Tables(summary, union, limits, areas, by_people=bots == "apart").make_all()
    notes = (*whole.notes, *_notes(tables, rule))
    return replace(whole, totals=_totals(summary, areas, rule.round_visitors), tables=tables, notes=notes)


def _notes(tables: dict[str, Table], rule: Disclosure) -> tuple[str, ...]:
    """Return what must be known to read the tables."""
    if summaries.DURATIONS not in tables or tables[summaries.DURATIONS].rows.is_empty() or rule.k == 1:
        return ()
    ends = f"the longest shown (max) is one that at least {rule.k} visitors waited or longer"
    return (f"Of response times {ends}, and stands for all that are longer",)


def _totals(summary: Summary, areas: Areas, base: int) -> dict[str, int | None]:
    sums = summary.days.select(
        pl.col(schema.HITS, schema.BOT_HITS).sum(),
        round_visitors(pl.col(schema.VISITORS).sum(), base),
        pl.col(schema.BYTES_SENT).sum(),
    ).row(0)
    return dict(zip(TOTALS, sums, strict=False)) | areas.totals


@frozen
class _Tables:
    """The tables of one report; later ones look at what earlier ones show."""

    summary: Summary
    union: UnionCount
    limits: Limits
    areas: Areas
    by_people: bool

    def make_all(self) -> dict[str, Table]:
        made: dict[str, Table] = {}
        told = [name for name in CATALOGUE if name == "days" or name in self.summary.tables]
        others = [name for name in told if name not in (*FIRST, summaries.DURATIONS)]
        # Errors take longest: they come first, so that no thread is left with them alone.
        for names in (FIRST, sorted(others, key=lambda name: name != "errors")):
            made |= self._make_these([name for name in names if name in told], made)
        times = self.summary.tables.get(summaries.DURATIONS)
        if times is not None and times.height and "pages" in made:
            made[summaries.DURATIONS] = time_pages(made["pages"], self.summary, self.limits.rule)
        return {name: made[name] for name in CATALOGUE if name in made}

    def _make_these(self, names: list[str], made: dict[str, Table]) -> dict[str, Table]:
        tables = share(lambda name: self._make(name, made), names, threads=DISCLOSING_THREADS)
        return dict(zip(names, tables, strict=True))

    def _make(self, name: str, made: dict[str, Table]) -> Table:
        groups = self._gather(name, self.summary.tables.get(name))
        if name in BINNED:
            return self._bin(name, groups, made["days"])
        if name == "networks" and "countries" in made and self.limits.rule.k > 1:
            reason = "networks would tell the countries that are in (other)"
            return withhold_table(name, groups, 0, reason, self.limits.rule)
        if name == "statuses":
            groups = replace(groups, rows=self._class_blocks(groups.rows))
        if name == "errors":
            groups = replace(groups, rows=self._status_blocks(groups.rows, made.get("statuses")))
        return self._fold(name, groups)

    def _gather(self, name: str, daily: pl.DataFrame | None) -> Groups:
        if daily is None:
            days = self.summary.days
            return gather_groups((schema.DAY,), days, days, lambda keys: days.join(keys, on=schema.DAY), ())
        entry = CATALOGUE[name]
        keys = summaries.SUMMARY_KEYS[name]
        by_people = entry.by_people and self.by_people
        rank = (pl.col(PEOPLE if by_people else schema.HITS), pl.col(schema.VISITORS))
        return gather_groups(
            keys,
            daily,
            self.summary.days,
            lambda wanted: self.union(name, wanted),
            () if entry.by_time else rank,
        )

    def _fold(self, name: str, groups: Groups) -> Table:
        entry, rule = CATALOGUE[name], self.limits.rule
        limits = replace(
            self.limits,
            top=None if entry.by_time else self.limits.top,
            days=1 if name == "days" else self.limits.days,
            partition=entry.partition,
            of_bots=name == "bots" and not groups.rows[PEOPLE].sum(),
        )
        is_open = name in self.areas.open
        folded = fold_small(groups, limits, least=int(is_open and groups.rows.height > 0))
        if not folded.safe:
            reason = f"too few visitors to hide the groups of under {rule.k}"
            if is_open and not folded.small:
                reason = "its sum would tell that of another table, which is not shown"
            return withhold_table(name, groups, folded.small, reason, rule)
        withheld = self._withheld(groups, folded, of_bots=limits.of_bots)
        if is_open:
            withheld.add(OTHER_ROW)
        if name in self.areas.mute:
            withheld = {OTHER_ROW, *folded.shown[ROW]}
        return write_table(name, groups, folded, withheld, rule)

    def _withheld(self, groups: Groups, folded: Folded, *, of_bots: bool) -> set[int]:
        """Numbers of the rows whose hits are one visitor's, or would tell them."""
        withheld: set[int] = set()
        if of_bots:
            return withheld
        day_tops = int(self.summary.days[schema.TOP_HITS].sum())
        for (block,), rows in groups.rows.group_by(BLOCK, maintain_order=True):
            seen = rows.join(folded.shown.select(ROW), on=ROW, how="semi")
            shares = [Share(*row) for row in seen.select(ROW, PEOPLE, schema.TOP_HITS).iter_rows()]
            cover = folded.covers.get(str(block))
            if cover:
                shares.append(Share(OTHER_ROW, cover.people_hits, min(cover.top_hits, cover.people_hits)))
            withheld |= withhold_dominated(shares, self.limits.rule.dominance_percent, day_tops)
        return withheld

    def _class_blocks(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Statuses whose sum the totals tell: errors, of client and server, and the rest."""
        if not self.areas.errors_known:
            return rows
        return rows.with_columns(_status_class(split=self.areas.split).alias(BLOCK))

    def _status_blocks(self, rows: pl.DataFrame, statuses: Table | None) -> pl.DataFrame:
        """Errors of one status whose hits the table of statuses shows; all others by class."""
        rows = rows.with_columns(
            _status_class(split=self.areas.split and self.areas.errors_known).alias(BLOCK)
        )
        if statuses is None:
            return rows
        told = statuses.rows.filter(pl.col(schema.HITS).is_not_null())[schema.STATUS].drop_nulls()
        own = pl.concat_str(pl.lit("status "), pl.col(schema.STATUS).cast(pl.String))
        return rows.with_columns(
            pl.when(pl.col(schema.STATUS).is_in(told.to_list())).then(own).otherwise(BLOCK).alias(BLOCK)
        )

    def _bin(self, name: str, groups: Groups, days: Table) -> Table:
        rule = self.limits.rule
        per_day = 1 if name == "hours" else self.summary.days[schema.DAY].dt.weekday().n_unique()
        if self.summary.widen is None:
            rows = choose_span(groups, rule, per_day=per_day)
        else:
            finest = replace(rule, time_spans=tuple(span for span in rule.time_spans if span == 1))
            rows = choose_span(groups, finest, per_day=per_day)
            if rows is None:
                groups = self._gather(name, self.summary.widen()[name])
                rows = choose_span(groups, rule, per_day=per_day)
        days_hidden = days.rows.is_empty() or days.rows[schema.DAY].null_count() > 0
        if name == "weekday_hours" and (days_hidden or days.rows[schema.HITS].null_count()):
            reason = "weekdays would tell the days that are in (other)"
            return withhold_table(name, groups, 0, reason, rule)
        if rows is None:
            reason = f"no span of hours has {rule.k} visitors in each bin"
            return withhold_table(name, groups, 0, reason, rule)
        folded = Folded(rows, rows.clear(), {}, 0, safe=True)
        return write_table(name, groups, folded, set(), rule)


def _status_class(*, split: bool) -> pl.Expr:
    status = pl.col(schema.STATUS)
    server = "server" if split else "client"
    return (
        pl.when(status.is_null() | (status < 400))
        .then(pl.lit("fine"))
        .otherwise(pl.when(status < 500).then(pl.lit("client")).otherwise(pl.lit(server)))
    )

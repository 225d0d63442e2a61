"""New lines of logs into the store, each of them once.

    open -> identify -> survey -> late lines and offsets -> one group of days after another

A day is stored when it is over and all named logs were read; until then its lines stay in the
logs. What is stored and how far each log was used is written in one transaction, so a
run that is killed leaves a store as if it had ended before or after it.

For a line at some offset of a stream, `seen` and `pending` of the stream tell what it is:
behind `seen` it is new; before it, it was counted unless its day is pending there. New lines
of a day that is stored already are late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from logstats.collecting.carriers import Changed
from logstats.collecting.closing import close_days
from logstats.collecting.identify import Match, Opened, match_streams, open_logs
from logstats.collecting.survey import Survey, survey_match
from logstats.enrich import Scope
from logstats.formats import Format
from logstats.frozen import frozen
from logstats.jobs import Job, Logs
from logstats.pipeline import Rules, count_logs, told_tables
from logstats.read import STDIN, Block
from logstats.sources import Problem
from logstats.store.counts import ClosedDay
from logstats.store.database import Store
from logstats.store.days import Site, add_late, drop_late, put_day, stored_days
from logstats.store.streams import Stream, load_streams, save_streams
from logstats.tally import Tally

COUNT, DROP = "count", "drop"
# A server may write the lines of the last minutes of a day, and of long downloads, after midnight.
GRACE: Final = timedelta(hours=1)
# Days are counted together up to so many hits: little memory, and few blocks are read twice.
HITS_AT_ONCE: Final = 1_000_000
ATTEMPTS: Final = 3
# A log that vanished is reported for so long; a line of a day that never comes would be reported for ever.
REPORTED_FOR: Final = timedelta(days=7)


@frozen
class Task:
    """What to collect: the logs of a site, how they are counted, and what time it is."""

    site: Site
    names: tuple[str, ...]
    rules: Rules
    now: datetime
    forced: tuple[Format, ...] = ()
    source: str | None = None
    late: str = COUNT
    partial: bool = False


@dataclass(slots=True)
class Collected:
    """What a run did.

    Attributes:
        days: Stored by this run.
        late_days: Stored before, to which late lines were added.
        lines: The account of the lines counted.
        late: Late lines, counted as hits without visitors.
        dropped: Late lines that were not counted.
        waiting: Lines of days that are not over.
        vanished: Name -> lines that were seen before and are in none of the logs now.
        renewed: Names that hold another log than before.
        whole: Names of logs of which every line is counted.
        newest: The day of the newest line seen.
        problems: What could not be read.
    """

    days: list[date] = field(default_factory=list)
    late_days: list[date] = field(default_factory=list)
    lines: Tally = field(default_factory=Tally)
    late: int = 0
    dropped: int = 0
    waiting: int = 0
    vanished: dict[str, int] = field(default_factory=dict)
    renewed: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    newest: date | None = None
    problems: list[Problem] = field(default_factory=list)


def is_over(day: date, timezone: str, now: datetime) -> bool:
    """Whether a day ended an hour ago in a time zone.

    >>> is_over(date(2026, 3, 28), "Europe/Berlin", datetime(2026, 3, 29, 0, 0, tzinfo=UTC))
    True
    """
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)
    return now >= end + GRACE


def collect_logs(store: Store, task: Task) -> Collected:
    """Fold the new lines of the logs of a site into the store; its lock is held.

    Nothing is stored when a log could not be read, unless the task is `partial`: what is
    read later of a day that is stored has no visitors any more.

    Raises:
        Changed: A log was rewritten while it was read, again and again.
        StoreError: The store cannot be written; it is as it was.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _collect_once(store, task)
        except Changed:
            if STDIN in task.names:
                raise
    return _collect_once(store, task)


def _collect_once(store: Store, task: Task) -> Collected:
    streams = load_streams(store, task.site.id)
    opened = open_logs(task.names, store.key)
    try:
        return _Run(store, task, streams, opened).collect()
    finally:
        opened.close()


class _Run:
    """One run over the logs of a site."""

    def __init__(self, store: Store, task: Task, streams: list[Stream], opened: Opened) -> None:
        self._store = store
        self._task = task
        self._streams = streams
        self._opened = opened
        self._stored = stored_days(store, task.site)
        self._done = Collected(problems=list(opened.problems))
        self._surveys: list[Survey] = []

    def collect(self) -> Collected:
        matches = self._identify()
        for match in matches:
            self._survey(match)
        self._find_vanished(matches)
        self._done.renewed = self._find_renewed(matches)
        known = filter(None, (self._done.newest, *(day for one in self._surveys for day in one.days())))
        self._done.newest = max(known, default=None)
        if not self._done.problems or self._task.partial:
            self._commit_late()
            for days in self._groups():
                self._commit_days(days)
            self._done.whole += [one.carrier.name for one in self._surveys if one.stream.is_used_up]
        self._done.waiting = sum(one.waiting() for one in self._surveys)
        return self._done

    def _identify(self) -> list[Match]:
        """Match files and streams; a file that was used whole and not touched since needs no look inside."""
        task, key = self._task, self._store.key
        used = {
            stream.unchanged: stream for stream in self._streams if stream.unchanged and stream.is_used_up
        }
        fresh = []
        untouched: set[int] = set()
        for carrier in self._opened.carriers:
            carrier.name = task.source if carrier.name == STDIN and task.source else carrier.name
            if carrier.unchanged in used:
                stream = used[carrier.unchanged]
                untouched.add(id(stream))
                self._done.whole.append(carrier.name)
                stream.last_run = task.now.date()
                self._done.newest = max(filter(None, (self._done.newest, stream.day_before)), default=None)
            else:
                fresh.append(carrier)
        seen = [stream.seen for stream in self._streams]
        for carrier in fresh:
            carrier.scan(key, seen)
        matches = match_streams(fresh, self._streams, key)
        mains = {id(match.carrier) for match in matches}
        for carrier in fresh:
            if carrier.problem and (id(carrier) in mains or not carrier.length):
                self._done.problems.append(Problem(carrier.name, carrier.problem))
        return [m for m in matches if id(m.stream) not in untouched or m.carrier.length > m.stream.seen]

    def _survey(self, match: Match) -> None:
        survey = survey_match(match, self._task.forced, self._task.rules.scope.timezone)
        if isinstance(survey, Problem):
            self._done.problems.append(survey)
        elif survey is not None:
            survey.judge(self._is_stored, self._is_over)
            self._surveys.append(survey)

    def _is_stored(self, day: date) -> bool:
        return day in self._stored or self._is_forgotten(day)

    def _is_forgotten(self, day: date) -> bool:
        return self._task.site.forgotten is not None and day < self._task.site.forgotten

    def _is_over(self, day: date) -> bool:
        return is_over(day, self._task.site.timezone, self._task.now)

    def _find_vanished(self, matches: list[Match]) -> None:
        present = {id(match.stream) for match in matches}
        for stream in self._streams:
            lines = sum(n for day, n in stream.pending.items() if not self._is_stored(day))
            recent = self._task.now.date() - stream.last_run <= REPORTED_FOR
            if lines and recent and id(stream) not in present:
                self._done.vanished[stream.name] = self._done.vanished.get(stream.name, 0) + lines

    def _find_renewed(self, matches: list[Match]) -> list[str]:
        before = {stream.name for stream in self._streams}
        return sorted(
            match.carrier.name for match in matches if match.is_new and match.carrier.name in before
        )

    def _commit_late(self) -> None:
        """Write late lines, and for every stream what is behind and before the offset now."""
        late = self._late_days()
        counted = [self._count([day], late=True) for day in late if self._counts_late(day)]
        with self._store.transaction():
            for closed in counted:
                add_late(self._store, self._task.site, closed[0])
            for day in late:
                if not self._counts_late(day) and not self._is_forgotten(day):
                    drop_late(self._store, self._task.site, day, self._tally([day], late=True)[day].read)
            self._save(())
        for day in late:
            tally = self._tally([day], late=True)[day]
            if self._counts_late(day):
                self._done.late_days.append(day)
                self._done.late += tally.read
                self._done.lines.add(tally)
            else:
                self._done.dropped += tally.read

    def _counts_late(self, day: date) -> bool:
        return self._task.late == COUNT and not self._is_forgotten(day)

    def _late_days(self) -> list[date]:
        return sorted({day for one in self._surveys for day in one.late_days()})

    def _commit_days(self, days: list[date]) -> None:
        closed = self._count(days, late=False)
        gone = self._vanished_of(days)
        for one in closed:
            one.account.vanished = gone.get(one.day, 0)
        with self._store.transaction():
            for one in closed:
                put_day(self._store, self._task.site, one)
            self._save(days)
        for one in closed:
            self._done.days.append(one.day)
            self._done.lines.add(one.account.lines)

    def _vanished_of(self, days: list[date]) -> dict[date, int]:
        at_hand = {id(one.stream) for one in self._surveys}
        gone: dict[date, int] = {}
        for stream in self._streams:
            for day in days if id(stream) not in at_hand else ():
                gone[day] = gone.get(day, 0) + stream.pending.get(day, 0)
        return gone

    def _save(self, days: Iterable[date]) -> None:
        """Note how far each stream is used when these days are stored."""
        for one in self._surveys:
            one.advance(days, self._task.now.date())
        known = {id(one.stream) for one in self._surveys}
        rest = [
            stream
            for stream in self._streams
            if id(stream) not in known and stream.last_run == self._task.now.date()
        ]
        save_streams(self._store, self._task.site.id, [*(one.stream for one in self._surveys), *rest])

    def _groups(self) -> Iterator[list[date]]:
        """Yield the days to store, neighbours together while they have few hits."""
        present = sorted({day for one in self._surveys for day in one.days()})
        over = {day for one in self._surveys for day in one.closable_days()}
        hits = {day: tally.parsed for day, tally in self._tally(over, late=False).items()}
        group: list[date] = []
        for day in present:
            full = sum(hits[known] for known in group) + hits.get(day, 0) > HITS_AT_ONCE
            if group and (day not in over or full):
                yield group
                group = []
            if day in over:
                group.append(day)
        if group:
            yield group

    def _tally(self, days: Iterable[date], *, late: bool) -> dict[date, Tally]:
        tallies = {day: Tally() for day in days}
        for one in self._surveys:
            for day, tally in tallies.items():
                one.add_lines(day, tally, late=late)
        return tallies

    def _count(self, days: list[date], *, late: bool) -> list[ClosedDay]:
        """Count all lines of neighbouring days."""
        task = self._task
        scope = Scope(task.site.timezone, days[0], days[-1])
        formats = list(
            {format_.name: format_ for one in self._surveys for format_ in one.formats[:1]}.values()
        )
        logs = _Wanted((), found_formats=formats, surveys=self._surveys, days=frozenset(days), late=late)
        rules = replace(task.rules, scope=scope)
        counted = count_logs(logs, rules)
        lines = self._tally(days, late=late)
        if counted.lines.parsed - counted.lines.filtered != sum(tally.parsed for tally in lines.values()):
            raise RuntimeError("two looks at the same lines differ")
        closed = close_days(counted.days, told_tables(logs, rules), lines, policy=rules.policy.digest)
        for one in closed if late else ():
            one.account.late = one.account.lines.read
        return closed


@dataclass(slots=True)
class _Wanted(Logs):
    """The stretches that hold lines of some days, as the pipeline takes logs."""

    surveys: list[Survey] = field(default_factory=list)
    days: frozenset[date] = frozenset()
    late: bool = False

    def jobs(self, *, flush_early: bool = False) -> Iterator[Job]:
        """Read them again; what is not what it was raises `Changed`."""
        del flush_early
        for one in self.surveys:
            wanted = one.stretches_of(self.days, late=self.late)
            for data in one.carrier.read_again(wanted):
                yield Job(Block(one.carrier.name, data), one.formats)

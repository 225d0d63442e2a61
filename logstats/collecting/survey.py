"""What one log holds, stretch by stretch: lines by day, and which of them are still to be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from logstats.collecting.carriers import Carrier, Stretch
from logstats.collecting.identify import Match
from logstats.collecting.line_days import days_of_lines
from logstats.formats import Format, is_undated
from logstats.recognize import FIRST_BYTES, recognize
from logstats.sources import Problem
from logstats.store.streams import Stream, mark_offsets
from logstats.tally import Tally

_UNDATED: Final = "tells times without dates; `logstats report` reads it, a store needs the field `date`"


@dataclass(slots=True)
class Part:
    """A stretch with its lines by day.

    Attributes:
        stretch: From where to where.
        is_old: Whether a run before has read it.
        before: The day of the line before it.
        lines: What becomes of the lines of each day.
        late: Days of which the lines are late.
        closable: Days of which the lines are to be stored now.
        open: Days of which the lines have to wait.
    """

    stretch: Stretch
    is_old: bool
    before: date | None
    lines: dict[date, Tally]
    late: set[date] = field(default_factory=set)
    closable: set[date] = field(default_factory=set)
    open: set[date] = field(default_factory=set)


@dataclass(slots=True)
class Survey:
    """A log from the first line that may not be counted to its last whole line."""

    carrier: Carrier
    stream: Stream
    formats: tuple[Format, ...]
    parts: list[Part]
    last: date | None

    def judge(self, is_stored: Callable[[date], bool], is_over: Callable[[date], bool]) -> None:
        """Decide for the lines of every day whether they are counted, late, to be stored, or to wait."""
        pending = set(self.stream.pending)
        for part in self.parts:
            for day in part.lines:
                if part.is_old and day not in pending:
                    continue
                if is_stored(day):
                    part.late.add(day)
                elif is_over(day):
                    part.closable.add(day)
                else:
                    part.open.add(day)

    def days(self) -> set[date]:
        """Return all days that lines were read of."""
        return {day for part in self.parts for day in part.lines}

    def late_days(self) -> set[date]:
        """Return the days that are stored and have new lines."""
        return {day for part in self.parts for day in part.late}

    def closable_days(self) -> set[date]:
        """Return the days that can be stored."""
        return {day for part in self.parts for day in part.closable}

    def waiting(self) -> int:
        """Return how many lines have to wait for their day to be over."""
        return sum(part.lines[day].read for part in self.parts for day in part.open)

    def add_lines(self, day: date, tally: Tally, *, late: bool) -> None:
        """Add the lines of a day that are late, or to be stored."""
        for part in self.parts:
            if day in (part.late if late else part.closable):
                tally.add(part.lines[day])

    def stretches_of(self, days: frozenset[date], *, late: bool) -> Iterator[Stretch]:
        """Yield the stretches with hits of these days."""
        for part in self.parts:
            wanted = days & (part.late if late else part.closable)
            if any(part.lines[day].parsed for day in wanted):
                yield part.stretch

    def advance(self, stored: Iterable[date], today: date) -> None:
        """Bring the stream to where it is when late lines and these days are stored."""
        done = frozenset(stored)
        for part in self.parts:
            part.closable -= done
        pending: Counter[date] = Counter()
        for part in self.parts:
            for day in part.closable | part.open:
                pending[day] += part.lines[day].read
        first = next((part for part in self.parts if part.closable or part.open), None)
        stream, end = self.stream, self.carrier.length
        stream.name = self.carrier.name
        stream.used = first.stretch.start if first else end
        stream.day_before = first.before if first else self.last
        if stream.day_before is None:
            stream.used = 0  # lines before the first one with a time belong to its day
        stream.ledger = stream.ledger if stream.seen == end else None
        stream.seen = end
        stream.pending = dict(pending)
        stream.marks = {at: self.carrier.marks[at] for at in mark_offsets(end)}
        settled = first is None and not self.carrier.problem
        stream.unchanged = self.carrier.unchanged if settled else b""
        stream.last_run = today


def survey_match(match: Match, forced: tuple[Format, ...], timezone: str) -> Survey | Problem | None:
    """Return what a log holds behind what is used of it, or why it is no log.

    Returns:
        None while not one of its lines has a time: they have no day to be counted in.
    """
    carrier, stream = match.carrier, match.stream
    formats = recognize(carrier.name, carrier.head(FIRST_BYTES), forced, of_hits=True)
    if isinstance(formats, Problem):
        return formats
    if formats and is_undated(formats[0]):
        # Lines are read from where the last run ended; the header with their day stands before.
        return Problem(carrier.name, _UNDATED)
    parts: list[Part] = []
    undated: list[Tally] = []
    last = first = stream.day_before
    for start, stop, is_old in ((stream.used, stream.seen, True), (stream.seen, carrier.length, False)):
        for stretch, data in carrier.stretches(start, stop) if start < stop else ():
            before = last
            if stretch.too_long:
                tally = Tally(read=1, rejected=Counter(too_long=1))
                lines, rest = ({last: tally}, Tally()) if last else ({}, tally)
            else:
                found = days_of_lines(data, formats or forced, timezone, last)
                lines, rest, last = found.tallies, found.undated, found.last
                first = found.first
            undated += [rest] if rest.read else []
            if lines and first:
                for tally in undated:
                    lines[first].add(tally)
                undated = []
            parts.append(Part(stretch, is_old, before, lines))
    if parts and undated:
        return None
    return Survey(carrier, stream, formats or forced, parts, last)

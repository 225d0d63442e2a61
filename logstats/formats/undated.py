"""Times of day in a W3C log without a `date` field: their day is that of the `#Date:` line before them.

The lines of a log are in the order of their times, a little late at most. So a line that goes back by
more than an hour is of the next day, until another `#Date:` line comes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from logstats import schema
from logstats.formats.model import Format, Kind, Since
from logstats.formats.times import TIME_READERS

_DATE: Final = re.compile(
    r"\ufeff?#Date:[ \t]*(?P<day>\d{4}-\d\d-\d\d|\d{1,2}-[A-Za-z]{3}-\d{4})"
    r"(?:[ \tT]+(?P<clock>\d\d:\d\d:\d\d))?",
    re.IGNORECASE,
)


def read_date(comment: str) -> Since | None:
    """Return what a `#Date:` line says; None for another one.

    Source: https://www.w3.org/TR/WD-logfile.html, Directives; its example has `12-Jan-1996`.
    """
    match = _DATE.match(comment)
    if match is None:
        return None
    clock = match["clock"] or "00:00:00"
    text = f"{match['day']}T{clock}"
    if match["day"][:4].isdigit():
        found = TIME_READERS["iso"](text)
    else:
        found = TIME_READERS["clf"](f"{match['day'].replace('-', '/')}:{clock}")
    return None if found is None else Since(found)


def is_undated(format_: Format) -> bool:
    """Whether the lines of a W3C log tell times of day and no days."""
    times = [one.name.lower() for one in format_.fields if one.column == schema.TIME]
    return format_.kind is Kind.W3C and times == ["time"]


def dated(format_: Format, since: Since | None) -> Format:
    """Return a format of a W3C log whose times of day follow a moment; others as they are."""
    if format_.kind is not Kind.W3C or format_.since == since:
        return format_
    return replace(format_, since=since)

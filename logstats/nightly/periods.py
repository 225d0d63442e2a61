"""The periods of reports, and the names of files made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from logstats.errors import UsageError
from logstats.stored import Span, read_span

PERIODS: Final = ("day", "week", "month", "year")
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
FIELDS: Final = ("site", "day", "week", "month", "year")


def read_pattern(pattern: str) -> tuple[str, ...]:
    """Return the fields of a pattern for names of files.

    Raises:
        UsageError: It has a field that there is not.
    """
    fields = tuple(_FIELD.findall(pattern))
    for name in fields:
        if name not in FIELDS:
            raise UsageError(
                f"{{{name}}} stands for nothing; there are {', '.join(f'{{{one}}}' for one in FIELDS)}"
            )
    return fields


def spans_of(days: Iterable[date], period: str) -> list[Span]:
    """Return the periods that days are in, in order.

    >>> [span.first.isoformat() for span in spans_of([date(2026, 2, 3)], "week")]
    ['2026-02-02']
    """
    return list(dict.fromkeys(read_span(_name(day, period)) for day in sorted(days)))


def fill_pattern(pattern: str, site: str, span: Span) -> str:
    """Return the name of a file for a period of a site; dates are those of its first day.

    >>> fill_pattern("{site}-{month}.html", "www", read_span("2026-02"))
    'www-2026-02.html'
    """
    first = span.first or date.min
    values = {"site": site, **{period: _name(first, period) for period in PERIODS}}
    return _FIELD.sub(lambda found: values[found[1]], pattern)


def _name(day: date, period: str) -> str:
    match period:
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year:04}-W{week:02}"
        case "month":
            return f"{day:%Y-%m}"
        case "year":
            return f"{day:%Y}"
        case _:
            return day.isoformat()

"""Times as servers write them, in UTC.

Month and day names are English whatever the locale of this machine is: httpd
and nginx write them so (RFC 9110 section 5.6.7; httpd util_time.c).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}

_ZONE: Final = r"(?: ?(?:[+-]\d\d:?\d\d|Z|UTC|GMT))?"
CLF_PATTERN: Final = rf"\d{{1,2}}/[A-Za-z]{{3}}/\d{{4}}[: ]\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?{_ZONE}"
ISO_PATTERN: Final = (
    r"\d{4}-\d\d-\d\d[T_ ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:[+-]\d\d(?::?\d\d)?|Z|UTC|GMT))?"
)
EPOCH_PATTERN: Final = r"\d{1,20}(?:\.\d{1,9})?"

_CLF: Final = re.compile(
    r"(\d{1,2})/([A-Za-z]{3})/(\d{4})[: ](\d\d):(\d\d):(\d\d)"
    r"(?:[.,](\d{1,9}))?(?: ?([+-]\d\d:?\d\d|Z|UTC|GMT))?"
)
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T_ ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?([+-]\d\d(?::?\d\d)?|Z|UTC|GMT))?"
)
_MICROSECONDS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)
def offset(text: str | None) -> timezone | None:
    """Return the zone of `+0130`, `+01:30`, `+01` or `Z`, or None if there is no such zone.

    A time without an offset counts as UTC.
    """
    if text is None or text in {"Z", "UTC", "GMT"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        return None
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


Date = tuple[int, int, int]
Clock = tuple[int, int, int]
_LEAP_SECOND: Final = 60


def moment(day: Date, clock: Clock, us: int = 0, zone: timezone | None = UTC) -> datetime | None:
    """Return the moment in UTC, or None if the calendar has no such time.

    A leap second (60) counts as the last second of its minute, as POSIX has it.
    """
    if zone is None:
        return None
    hour, minute, second = clock
    second -= second == _LEAP_SECOND
    try:
        return datetime(*day, hour, minute, second, us, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def microseconds(fraction: str | None) -> int:
    """Return `5` as 500,000 microseconds; digits beyond six are cut off."""
    return int(fraction[:6].ljust(6, "0")) if fraction else 0


@lru_cache(maxsize=4096)
def read_clf(text: str) -> datetime | None:
    """Return the time of `01/Feb/2026:10:00:00 +0100` in UTC, or None if it is none.

    >>> read_clf("01/Feb/2026:10:00:00 +0100").isoformat()
    '2026-02-01T09:00:00+00:00'
    """
    match = _CLF.fullmatch(text)
    month = MONTHS.get(match[2].lower()) if match else None
    if match is None or month is None:
        return None
    day = int(match[3]), month, int(match[1])
    clock = int(match[4]), int(match[5]), int(match[6])
    return moment(day, clock, microseconds(match[7]), offset(match[8]))


@lru_cache(maxsize=4096)
def read_iso(text: str) -> datetime | None:
    """Return an ISO 8601 time with date, seconds and maybe an offset in UTC, or None.

    >>> read_iso("2026-02-01T10:00:00.25+01:00").isoformat()
    '2026-02-01T09:00:00.250000+00:00'
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    day = int(match[1]), int(match[2]), int(match[3])
    clock = int(match[4]), int(match[5]), int(match[6])
    return moment(day, clock, microseconds(match[7]), offset(match[8]))


def read_epoch(text: str, *, unit_us: int = _MICROSECONDS) -> datetime | None:
    """Return the time of seconds (or what `unit_us` says) since 1970, or None."""
    whole, _, fraction = text.partition(".")
    if not whole.isdecimal() or (fraction and not fraction.isdecimal()):
        return None
    part = microseconds(fraction) * unit_us // _MICROSECONDS
    return _since_epoch(int(whole) * unit_us + part)


def _since_epoch(us: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=us)
    except OverflowError:
        return None


def read_epoch_guessing(text: str) -> datetime | None:
    """Return the time of seconds, milliseconds, microseconds or nanoseconds since 1970, told by their size.

    Values up to 10^11 are seconds (the year 5138), up to 10^14 milliseconds, up to 10^17 microseconds.
    """
    whole = text.partition(".")[0]
    if not whole.isdecimal():
        return None
    size = int(whole)
    if size < 10**11:
        return read_epoch(text)
    if size < 10**14:
        return read_epoch(text, unit_us=1000)
    return _since_epoch(size if size < 10**17 else size // 1000)


def read_any(text: str) -> datetime | None:
    """Return a time in any of the forms above, or None."""
    text = text.strip("[]")
    return read_iso(text) or read_clf(text) or read_epoch_guessing(text)


TIME_READERS: Final[dict[str, Callable[[str], datetime | None]]] = {
    "clf": read_clf,
    "iso": read_iso,
    "epoch": read_epoch,
    "epoch_ms": lambda text: read_epoch(text, unit_us=1000),
    "epoch_us": lambda text: read_epoch(text, unit_us=1),
    "any_time": read_any,
}

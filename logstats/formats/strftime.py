"""Times in pieces: strftime formats and dates beside clocks.

Apache may write one time over several fields (`%{%d/%b/%Y}t %{%T}t.%{msec_frac}t`),
W3C logs write date and time apart. Each field adds its parts to the hit; when the line
has been read, the parts make one moment.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timezone
from functools import lru_cache
from typing import Final

from logstats.formats import times

Parts = dict[str, str]

# Conversion -> (pattern, part). Source: POSIX.1-2024 strftime; httpd passes the format to it
# (apr_strftime). Names are English in httpd, which runs in the C locale.
_CONVERSIONS: Final[dict[str, tuple[str, str | None]]] = {
    "Y": (r"\d{4}", "year"),
    "y": (r"\d\d", "short_year"),
    "m": (r"\d\d", "month"),
    "d": (r"\d\d", "day"),
    "e": (r"[ \d]?\d", "day"),
    "b": (r"[A-Za-z]{3}", "month_name"),
    "h": (r"[A-Za-z]{3}", "month_name"),
    "B": (r"[A-Za-z]{3,9}", "month_name"),
    "H": (r"\d\d", "hour"),
    "k": (r"[ \d]?\d", "hour"),
    "I": (r"\d\d", "hour12"),
    "l": (r"[ \d]?\d", "hour12"),
    # some locales have no word for it
    "p": (r"(?:[AaPp][Mm])?", "half"),
    "P": (r"(?:[AaPp][Mm])?", "half"),
    "M": (r"\d\d", "minute"),
    "S": (r"\d\d", "second"),
    "f": (r"\d{1,9}", "fraction"),
    "3": (r"\d{3}", "fraction"),
    "6": (r"\d{6}", "fraction"),
    "z": (r"(?:[+-]\d\d:?\d\d|Z)", "zone"),
    "Z": (r"[A-Za-z+\-0-9]{1,6}", "zone_name"),
    "s": (r"\d{1,12}", "epoch"),
    "j": (r"\d{3}", "day_of_year"),
    "a": (r"[A-Za-z]{2,4}", None),
    "A": (r"[A-Za-z]{3,9}", None),
    "u": (r"\d", None),
    "w": (r"\d", None),
    "U": (r"\d\d", None),
    "V": (r"\d\d", None),
    "W": (r"\d\d", None),
    "G": (r"\d{4}", None),
    "g": (r"\d\d", None),
    "C": (r"\d\d", None),
    "%": ("%", None),
    "n": (r"\s", None),
    "t": (r"\s", None),
}
_SHORTHANDS: Final = {
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
}
_UNPADDED: Final = {r"\d\d": r"\d{1,2}", r"\d{3}": r"\d{1,3}"}
# httpd's own words in place of a format (mod_log_config, "Custom Log Formats", %{format}t).
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "sec": (r"\d{1,12}", "epoch"),
    "msec": (r"\d{1,15}", "epoch_ms"),
    "usec": (r"\d{1,18}", "epoch_us"),
    "msec_frac": (r"\d{3}", "fraction"),
    "usec_frac": (r"\d{6}", "fraction"),
}


@lru_cache(maxsize=256)
def compile_strftime(text: str) -> tuple[str, tuple[str | None, ...]]:
    r"""Return the pattern of a strftime format (or of httpd's words) and the part each group tells.

    `begin:` and `end:` before the format are read over.

    >>> compile_strftime("%H:%M")
    ('(\\d\\d):(\\d\\d)', ('hour', 'minute'))
    """
    text = text.removeprefix("begin:").removeprefix("end:")
    if text in _WORDS:
        word = _WORDS[text]
        return f"({word[0]})", (word[1],)
    pieces: list[str] = []
    parts: list[str | None] = []
    for piece in re.findall(r"%[-_0^#EO:]?.|[^%]+|%", _expand(text), re.DOTALL):
        known = _CONVERSIONS.get(piece[-1]) if piece[0] == "%" else None
        if known is None:
            pieces.append(re.escape(piece))
            continue
        pattern, part = known
        pieces.append(f"({pattern})" if "-" not in piece[1:-1] else f"({_UNPADDED.get(pattern, pattern)})")
        parts.append(part)
    return "".join(pieces), tuple(parts)


def _expand(text: str) -> str:
    # httpd does not, but modules and operators do write fractions into a strftime format
    text = re.sub(r"%?msec_frac", "%3", re.sub(r"%?usec_frac", "%6", text))
    return re.sub(r"%([TRDFrcxX])", lambda m: _SHORTHANDS[m[1]], text)


@lru_cache(maxsize=256)
def _compiled(text: str) -> tuple[re.Pattern[str], tuple[str | None, ...]]:
    pattern, parts = compile_strftime(text)
    return re.compile(pattern), parts


def read_parts(text: str, layout: str, into: Parts) -> bool:
    """Add the parts of a written time to `into`; False if the text does not fit the layout."""
    pattern, names = _compiled(layout)
    match = pattern.fullmatch(text)
    if match is None:
        return False
    for name, value in zip(names, match.groups(), strict=True):
        if name is not None:
            into[name] = value.strip()
    return True


def assemble(parts: Parts) -> datetime | None:
    """Return the moment that the parts make in UTC; None if they are too few or no time.

    >>> assemble({"year": "2026", "month": "02", "day": "01", "hour": "10", "zone": "+0100"}).isoformat()
    '2026-02-01T09:00:00+00:00'
    """
    for unit, size in (("epoch_us", 1), ("epoch_ms", 1000), ("epoch", 1_000_000)):
        if unit in parts:
            since = times.read_epoch(parts[unit], unit_us=size)
            return _with_fraction(since, parts, unit)
    day = _date(parts)
    if day is None:
        return None
    clock = _hour(parts), int(parts.get("minute", 0)), int(parts.get("second", 0))
    fraction = times.microseconds(parts.get("fraction"))
    return times.moment(day, clock, fraction, _zone(parts))


# RFC 5322 section 4.3: names of zones that mean one offset; all others count as UTC, like a time without.
_ZONES: Final = {
    "EDT": "-0400",
    "EST": "-0500",
    "CDT": "-0500",
    "CST": "-0600",
    "MDT": "-0600",
    "MST": "-0700",
    "PDT": "-0700",
    "PST": "-0800",
}


def _zone(parts: Parts) -> timezone | None:
    return times.offset(parts.get("zone") or _ZONES.get(parts.get("zone_name", "")))


def _with_fraction(since: datetime | None, parts: Parts, unit: str) -> datetime | None:
    if since is None or unit != "epoch" or "fraction" not in parts:
        return since
    return since.replace(microsecond=times.microseconds(parts["fraction"]))


def _date(parts: Parts) -> times.Date | None:
    if "year" in parts:
        year = int(parts["year"])
    elif "short_year" in parts:
        # POSIX: 69-99 are 1969-1999, 00-68 are 2000-2068
        short = int(parts["short_year"])
        year = short + (1900 if short >= 69 else 2000)
    else:
        return None
    if "day_of_year" in parts and "day" not in parts:
        return _ordinal(year, int(parts["day_of_year"]))
    month = times.MONTHS.get(parts["month_name"][:3].lower()) if "month_name" in parts else None
    if month is None and "month" in parts:
        month = int(parts["month"])
    if month is None or "day" not in parts:
        return None
    return year, month, int(parts["day"])


def _ordinal(year: int, day: int) -> times.Date | None:
    try:
        found = datetime.strptime(f"{year:04} {day:03}", "%Y %j").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found.year, found.month, found.day


def _hour(parts: Parts) -> int:
    if "hour" in parts:
        return int(parts["hour"])
    hour = int(parts.get("hour12", 0)) % 12
    return hour + (12 if parts.get("half", "").lower() == "pm" else 0)

"""How a row and a number read in plain English text; locales are for the page."""

from __future__ import annotations

import re
from datetime import date
from http import HTTPStatus
from typing import Any, Final

from logstats.tables import OTHER, Report, Table

UNKNOWN: Final = "(unknown)"
KILO: Final = 1000
BYTE_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB")
US_PER_MS: Final = 1000
US_PER_S: Final = 1_000_000
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Row = dict[str, Any]
# C0, DEL, C1; soft hyphen, zero-width and bidi controls, line and paragraph separators, byte order mark,
# lone surrogates, tags: nothing that moves a cursor, hides text or turns its direction.
UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return text in which every control, bidi and zero-width character is spelled out.

    The parser has done this already; an output that a terminal obeys does it again.

    >>> visible("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return UNSAFE.sub(lambda match: _escape(ord(match[0])), text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def count_text(value: float | None, none: str = "–") -> str:
    """Return a count with commas between thousands.

    >>> count_text(1234567), count_text(None)
    ('1,234,567', '–')
    """
    return none if value is None else f"{value:,}"


def bytes_text(value: int | None, none: str = "–") -> str:
    """Return a size in decimal units, three digits of it.

    >>> bytes_text(999), bytes_text(1_234), bytes_text(51_234_567_890)
    ('999 B', '1.23 kB', '51.2 GB')
    """
    if value is None:
        return none
    if value < KILO:
        return f"{value} B"
    power = min(len(BYTE_UNITS), (len(str(value)) - 1) // 3)
    size = value / KILO**power
    if size >= 999.5 and power < len(BYTE_UNITS):
        power, size = power + 1, size / KILO
    digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{size:.{digits}f} {BYTE_UNITS[power - 1]}"


def time_text(us: float | None, none: str = "–") -> str:
    """Return a duration in milliseconds or seconds.

    >>> time_text(850), time_text(12_000), time_text(2_500_000)
    ('0.85 ms', '12 ms', '2.5 s')
    """
    if us is None:
        return none
    if us >= US_PER_S:
        return f"{us / US_PER_S:,.1f} s"
    ms = us / US_PER_MS
    return f"{ms:.2f} ms" if ms < 10 else f"{ms:.0f} ms"


def share_text(part: float | None, whole: float | None, none: str = "–") -> str:
    """Return a share in percent.

    >>> share_text(1, 8), share_text(1, 10_000_000), share_text(1, 0)
    ('12.5 %', '<0.1 %', '–')
    """
    if part is None or not whole:
        return none
    percent = 100 * part / whole
    return "<0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


def status_text(code: int) -> str:
    """Return a status with the words of the standard.

    >>> status_text(404), status_text(799)
    ('404 Not Found', '799')
    """
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def hours_text(hour: int, span: int | None) -> str:
    """Return a bin of hours.

    >>> hours_text(9, 3), hours_text(0, 24)
    ('09:00-12:00', 'whole day')
    """
    span = span or 1
    return "whole day" if span >= 24 else f"{hour:02}:00-{hour + span:02}:00"


def rows_of(table: Table) -> list[Row]:
    """Return the rows of a table, each with an entry `(other)` that tells whether it is that row.

    A table without a text among its keys has a row without any key for all that is not shown, and it is the
    last one; any other such row stands for hits of which the key is not known.
    """
    rows: list[Row] = table.rows.to_dicts()
    text = next((c.name for c in table.columns if c.name in table.keys and c.type == "string"), None)
    for i, row in enumerate(rows):
        is_last = i == len(rows) - 1
        nothing = is_last and all(row[key] is None for key in table.keys)
        row[OTHER] = nothing or (text is not None and row[text] == OTHER)
    return rows


def is_other(row: Row) -> bool:
    """Whether a row of `rows_of` stands for all groups that are not shown."""
    return bool(row[OTHER])


def row_label(table: Table, row: Row) -> str:
    """Return what a row is about, in one line without unsafe characters."""
    if is_other(row):
        return OTHER
    parts: list[str] = []
    for key in table.keys:
        value = row[key]
        if key == "hour" and value is not None:
            parts.append(hours_text(value, row.get("span_hours")))
        elif key == "span_hours" or value is None:
            continue
        elif key == "weekday":
            parts.append(WEEKDAYS[value - 1])
        elif key == "status" and len(table.keys) == 1:
            parts.append(status_text(value))
        else:
            parts.append(value.isoformat() if isinstance(value, date) else str(value))
    return visible(" ".join(parts)) if parts else UNKNOWN


def period_text(report: Report) -> str:
    """Return the days of a report in words.

    The time zone stands with it, because a day is a different one elsewhere.
    """
    period = report.period
    if period.first is None or period.last is None:
        return "no hits"
    if period.first == period.last:
        return f"{period.first.isoformat()}, {period.timezone}"
    return f"{period.first.isoformat()} to {period.last.isoformat()}, {period.days} days, {period.timezone}"


def lines_text(report: Report) -> str:
    """Return the account of lines as a sum that balances."""
    lines = report.lines
    rejected = lines.rejected.total()
    text = f"{lines.read:,} read = {lines.parsed:,} parsed + {lines.blank:,} blank + {rejected:,} rejected"
    if rejected:
        reasons = sorted(lines.rejected.items(), key=lambda item: (-item[1], item[0]))
        text += f" ({', '.join(f'{name} {n:,}' for name, n in reasons if n)})"
    return text + (f"; {lines.filtered:,} filtered out" if lines.filtered else "")


def policy_text(report: Report) -> str:
    """Return which policy was in force, so that it can be looked up."""
    policy = report.policy
    text = f"{policy.get('id')} {policy.get('version')}"
    if policy.get("effective"):
        text += f" in force since {policy['effective']}"
    return visible(text + f", digest {str(policy.get('digest') or '-')[:16]}")


def suppressed_text(table: Table) -> str | None:
    """Return one sentence on the groups of a table that are not shown, or None."""
    hidden = table.suppressed
    if hidden is None:
        return None
    reason = visible(hidden.reason)
    if not hidden.groups:
        return reason if not table.rows.is_empty() else f"not shown: {reason}"
    groups = "1 group" if hidden.groups == 1 else f"{hidden.groups:,} groups"
    if table.rows.is_empty():
        return f"not shown: {reason} ({groups})"
    if reason.startswith("groups "):
        return _counted(hidden.groups, reason)
    return f"{groups} in {OTHER}: {reason}"


def _counted(groups: int, reason: str) -> str:
    """Return a sentence about `groups ... are ...` with their number in front."""
    if groups != 1:
        return f"{groups:,} {reason}"
    return "1 group" + reason.removeprefix("groups").replace(" are ", " is ", 1).replace(
        "hide them", "hide it"
    )


def notes_of(report: Report) -> tuple[str, ...]:
    """Return the sentences to show, without the marking, which stands by itself."""
    return tuple(visible(note) for note in report.notes if note != report.policy.get("marking"))


def visitors_text(report: Report) -> str:
    """Return what `visitors` means here: over several days it is a sum of days."""
    return "visitors" if report.period.days <= 1 else "daily visitors"

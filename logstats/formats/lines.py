"""Any line by any format: the entry to the exact parser."""

from __future__ import annotations

from logstats.formats.exact import parse_text
from logstats.formats.model import Format, Hit, Kind, Rejected


def parse_line(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line, or why it is no line of this format.

    Args:
        format_: What the line should look like.
        line: One line, decoded as UTF-8 (or latin-1 where it is not UTF-8); its end may be on it.

    Returns:
        A hit with all of `model.COLUMNS` (None where the line does not tell) and those of
        `model.EXTRA_COLUMNS` that the format tells. Times are in UTC.
    """
    line = line.rstrip("\r\n")
    match format_.kind:
        case Kind.TEXT:
            return parse_text(format_, line)
        case _:
            raise NotImplementedError

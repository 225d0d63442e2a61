"""Any line by any format: the entry to the exact parser."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from logstats.formats.delimited import parse_ltsv, parse_w3c
from logstats.formats.envelopes import Inner, candidates
from logstats.formats.exact import parse_text
from logstats.formats.json_lines import parse_json
from logstats.formats.model import NO_FORMAT, Format, Hit, Kind, Rejected


def parse_line(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line, or why it is no line of this format.

    Args:
        format_: What the line should look like.
        line: One line, decoded as UTF-8 (or latin-1 where it is not UTF-8); its end may be on it.

    Returns:
        A hit with all of `model.COLUMNS` (None where the line does not tell) and those of
        `model.EXTRA_COLUMNS` that the line tells. Times are in UTC.
    """
    return parse_first(format_, candidates(line.rstrip("\r\n")))


def parse_first(format_: Format, inners: Iterable[Inner]) -> Hit | Rejected:
    """Return the columns of the first that fits of what may be the line, or why the last does not."""
    found: Hit | Rejected = Rejected(NO_FORMAT)
    for inner in inners:
        found = parse_bare(format_, inner.line)
        if not isinstance(found, Rejected):
            return found
    return found


# A value that holds the end of a quoted field and what follows is two fields, as is a user after a hyphen.
_SWALLOWED: Final = re.compile(r'" "|\S -$')


def swallowed(hit: Hit) -> int:
    """Return how many values of a hit look like several fields: its line has more than the format."""
    # Most values have neither: that is seen in a fifth of the time.
    texts = (text for text in hit.values() if isinstance(text, str) and ('" "' in text or " -" in text))
    return sum(_SWALLOWED.search(text) is not None for text in texts)


def parse_bare(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line that stands in no envelope."""
    match format_.kind:
        case Kind.TEXT:
            return parse_text(format_, line)
        case Kind.JSON:
            return parse_json(format_, line)
        case Kind.LTSV:
            return parse_ltsv(format_, line)
        case Kind.W3C:
            return parse_w3c(format_, line)

"""Any line by any format: the entry to the exact parser."""

from __future__ import annotations

from typing import Final

from logstats.formats.delimited import parse_ltsv, parse_w3c
from logstats.formats.envelopes import PREFIX_BEGINS, UNWRAP_BEGINS, unwrap, without_prefix
from logstats.formats.exact import parse_text
from logstats.formats.json_lines import parse_json
from logstats.formats.model import NO_FORMAT, Format, Hit, Kind, Rejected

# syslog around docker around a line in quotes
_ENVELOPES: Final = 3


def parse_line(format_: Format, line: str) -> Hit | Rejected:
    """Return the columns of a line, or why it is no line of this format.

    Args:
        format_: What the line should look like.
        line: One line, decoded as UTF-8 (or latin-1 where it is not UTF-8); its end may be on it.

    Returns:
        A hit with all of `model.COLUMNS` (None where the line does not tell) and those of
        `model.EXTRA_COLUMNS` that the line tells. Times are in UTC.
    """
    return _parse(format_, line.rstrip("\r\n"), _ENVELOPES)


def _parse(format_: Format, line: str, envelopes: int) -> Hit | Rejected:
    if not envelopes:
        return parse_bare(format_, line)
    # before all else: a prefix makes a tolerable host and user name
    prefixed = without_prefix(line) if line[:1] in PREFIX_BEGINS else None
    if prefixed is not None:
        hit = _parse(format_, prefixed.line, envelopes - 1)
        if not isinstance(hit, Rejected):
            return hit
    found = parse_bare(format_, line)
    if not isinstance(found, Rejected) or line[:1] not in UNWRAP_BEGINS:
        return found
    for inner in unwrap(line):
        hit = _parse(format_, inner.line, envelopes - 1)
        if not isinstance(hit, Rejected):
            return hit
    return found


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
    return Rejected(NO_FORMAT)

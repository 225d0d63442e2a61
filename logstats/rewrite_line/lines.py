"""A line of any format as pieces: its values are masked, all between them stays byte for byte.

What stands between values must be the format's own (literal text, names, labels). A line
of which that cannot be said is withheld.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from logstats import schema
from logstats.formats import Field, Format, Kind, Rejected
from logstats.formats.delimited import follow, is_comment
from logstats.formats.envelopes import Inner, decoded_positions
from logstats.formats.model import NO_FORMAT
from logstats.formats.spans import envelope_spans, unwrap_line, whole_fields
from logstats.pii.written_addresses import find_addresses
from logstats.rewrite_line.slots import Filler, Group, Piece, Planned
from logstats.rewrite_line.values import as_it_is, is_kept, is_plain, mask_text, mask_value
from logstats.tally import Tally

_KEY: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:', re.DOTALL)
# Names that programs give; any other may be made of what a client sent.
_PLAIN_NAME: Final = re.compile(r"[@$]?[\w.:$ /()-]{0,64}", re.ASCII)
_LABEL: Final = re.compile(r"[\w.@-]{1,64}", re.ASCII)
# Docker's JSON within the JSON of a shipper, and one more.
_DEEPEST: Final = 3

# Begin, end and what is written there.
Span = tuple[int, int, Piece]


def rewrite_lines(
    lines: Sequence[bytes], known: tuple[Format, ...], filler: Filler
) -> tuple[list[bytes | None], Tally]:
    """Return each line without personal data, None for one that is withheld, and the account of all.

    Args:
        lines: Lines of one source in their order, without newlines.
        known: Formats to try, the likeliest first; a `#Fields:` line changes that of a W3C log.
        filler: Writes what stands for personal values.
    """
    tally = Tally(read=len(lines))
    written: list[bytes | None] = [None] * len(lines)
    planned: list[tuple[int, str, bool, Planned]] = []
    for number, line in enumerate(lines):
        text, encoding = _decode(line)
        is_header = is_comment(text) and any(format_.kind is Kind.W3C for format_ in known)
        if not line.strip():
            tally.blank += 1
            written[number] = line
        elif is_header:
            announced = follow(text)
            known = (announced, *(one for one in known if not one.header)) if announced else known
            planned.append((number, encoding, True, Planned(tuple(mask_text(text)), None)))
        elif isinstance(plan := plan_line(text, known), str):
            tally.rejected[plan] += 1
        else:
            planned.append((number, encoding, False, plan))
    filled = filler.fill(plan for *_, plan in planned)
    for (number, encoding, is_header, _), text in zip(planned, filled, strict=True):
        made = text.encode(encoding, "replace")
        # A header that holds personal data is of no use without it.
        if is_header and made != lines[number]:
            tally.rejected[NO_FORMAT] += 1
            continue
        tally.blank += is_header
        tally.parsed += not is_header
        written[number] = made
    return written, tally


def _decode(line: bytes) -> tuple[str, str]:
    try:
        return line.decode(), "utf-8"
    except UnicodeDecodeError:
        return line.decode("latin-1"), "latin-1"


def plan_line(text: str, known: tuple[Format, ...]) -> Planned | str:
    """Return the pieces of a line by the first format that fits, or why it is withheld."""
    reason = NO_FORMAT
    bare = text.rstrip("\r\n")
    for number, format_ in enumerate(known):
        read = unwrap_line(format_, bare)
        if isinstance(read, Rejected):
            reason = read.reason if number == 0 else reason
            continue
        inner, hit = read
        levels = _json_levels(bare, inner)
        if levels is not None:
            time = hit[schema.TIME]
            pieces = (*_pieces_of_line(format_, bare, inner, levels), text[len(bare) :])
            return Planned(pieces, time.date() if isinstance(time, datetime) else None)
    return reason


def _pieces_of_line(format_: Format, bare: str, inner: Inner, levels: int) -> list[Piece]:
    found: list[Span] = []
    for start, end, piece in _masked_spans(format_, inner.line):
        first, last = inner.positions[start], inner.positions[end]
        found.append((first, last, _within_json(piece, inner.line[start:end], bare[first:last], levels)))
    for start, end in envelope_spans(bare, inner):
        around = _json_value("", None, bare, start, end) if levels else _group(mask_text(bare[start:end]))
        found.append((start, end, around))
    return _assemble(bare, sorted(found, key=lambda span: span[:2]))


def _json_levels(line: str, inner: Inner) -> int | None:
    """Return within how many JSON strings a line stands; None if it cannot be written back."""
    if isinstance(inner.positions, range):
        return 0
    text = line[inner.positions[0] : inner.positions[-1]]
    for level in range(_DEEPEST + 1):
        if text == inner.line:
            return level
        text = _decoded(text)
    return None


def _within_json(piece: Piece, text: str, raw: str, levels: int) -> Piece:
    """Return a piece as it stands within so many JSON strings."""
    if not levels:
        return piece

    def finish(masked: str) -> str:
        if masked == text:
            return raw
        for _ in range(levels):
            masked = _escaped(masked)
        return masked

    return Group((piece,), finish)


def _group(pieces: Iterator[Piece]) -> Piece:
    every = tuple(pieces)
    return every[0] if len(every) == 1 else Group(every, as_it_is)


def _assemble(line: str, spans: list[Span]) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for start, stop, piece in spans:
        pieces += [line[end:start], piece]
        end = stop
    return [*pieces, line[end:]]


def _masked_spans(format_: Format, line: str) -> Iterator[Span]:
    """Yield begin, end and piece of everything in a bare line that is not the format's own."""
    end = 0
    for name, start, stop, field in whole_fields(format_, line):
        if format_.kind is Kind.JSON:
            yield from _masked_keys(line, end, start)
            yield start, stop, _json_value(name, field, line, start, stop)
        else:
            if format_.kind is Kind.LTSV:
                yield from _masked_label(line, end, start)
            yield start, stop, _group(mask_value(field.name if field else name, field, line[start:stop]))
        end = stop
    if format_.kind is Kind.JSON:
        yield from _masked_keys(line, end, len(line))
    elif format_.kind is Kind.LTSV and line[end:].strip():
        yield end, len(line), _group(mask_text(line[end:]))


def _masked_label(line: str, start: int, end: int) -> Iterator[Span]:
    """Yield what stands before a value if it is more than a tab and a plain label with its colon."""
    if not _LABEL.fullmatch(line[start:end].removeprefix("\t").removesuffix(":")):
        yield start, end, _group(mask_text(line[start:end]))


def _masked_keys(line: str, start: int, end: int) -> Iterator[Span]:
    """Yield the names in a stretch of JSON between two values that may tell something of a client."""
    if _is_plain(line[start:end]):
        return
    for key in _KEY.finditer(line, start, end):
        if not _PLAIN_NAME.fullmatch(key[1]) or any(find_addresses(key[1])):
            yield key.start(1), key.end(1), _json_string(mask_text(_decoded(key[1])), key[1])


# The same few names stand between the values of every line.
@lru_cache(maxsize=1024)
def _is_plain(between: str) -> bool:
    """Whether a stretch of JSON between two values holds plain names only."""
    return all(
        _PLAIN_NAME.fullmatch(key[1]) and not any(find_addresses(key[1])) for key in _KEY.finditer(between)
    )


def _json_value(name: str, field: Field | None, line: str, start: int, end: int) -> Piece:
    raw = line[start:end]
    if is_kept(field) and is_plain(raw):
        return raw
    if line[start - 1 : start] == '"' == line[end : end + 1]:
        return _json_string(mask_value(name, field, _decoded(raw)), raw)
    # A number, true, false or null that is masked is a string.
    pieces = tuple(mask_value(name, field, raw))
    return Group(pieces, lambda masked: raw if masked == raw else f'"{_escaped(masked)}"')


def _json_string(pieces: Iterator[Piece], raw: str) -> Group:
    """Return pieces as they stand within a JSON string; what was not masked keeps its escapes."""
    if "\\" not in raw:
        return Group(tuple(pieces), lambda masked: raw if masked == raw else _escaped(masked))
    text = _decoded(raw)
    positions = decoded_positions(raw, 0, len(raw))

    def finish(masked: str) -> str:
        if len(positions) != len(text) + 1:
            return raw if masked == text else _escaped(masked)
        first = _same_start(text, masked)
        same = _same_start(text[first:][::-1], masked[first:][::-1])
        middle = _escaped(masked[first : len(masked) - same])
        return raw[: positions[first]] + middle + raw[positions[len(text) - same] :]

    return Group(tuple(pieces), finish)


def _same_start(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _decoded(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{raw}"', strict=False))
    except ValueError:
        return raw


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())[1:-1]

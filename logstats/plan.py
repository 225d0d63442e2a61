"""The fast way through a format: cut every line at its quote marks.

`read_csv` with a quote mark as separator and no quoting gives one row a line
whatever the line holds, so nothing can swallow its neighbour and row i is line i. The
pieces are then checked with cheap expressions, most of them once a distinct
value. A row that fails any check is odd: the exact parser decides about it.

A plan exists for layouts that put time, numbers and plain words outside of quotes
and everything a client wrote inside.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from logstats import schema
from logstats.formats import Field, Format, Kind, Literal
from logstats.formats.model import FORWARDED_FOR, Token
from logstats.frozen import frozen

QUOTE: Final = '"'
# What identd says of the client's user (%l); no column, for nobody reads it.
IDENT: Final = "ident"
NUMBERS: Final = frozenset({"integer", "digits", "status", "seconds", "milliseconds", "microseconds", "port"})
QUOTED_COLUMNS: Final = (schema.REFERRER, schema.AGENT)
# The time as servers write it has a fixed width: `01/Feb/2026:10:00:00 +0000] `.
TIME_WIDTH: Final = 28
MINUTE_WIDTH: Final = 17
# A word outside of quotes: what the exact parser reads without looking further.
_WORDS: Final = frozenset({"address", "word", "text", "optional_word", "port"})


@frozen
class Word:
    """A word before the time: a column, one with `:port` behind it, literal text, or read over."""

    column: str | None = None
    port: bool = False
    literal: str | None = None


@frozen
class Plan:
    """Where the values of a line stand between its quote marks.

    Attributes:
        pieces: How many pieces a line has: one more than quote marks.
        head: The words before the time.
        request: Which piece is the request.
        quoted: Which piece is the referrer, which the agent.
        forwarded: Which piece is the list of addresses that proxies passed on.
        ignored: Pieces in quotes that no column needs.
        between: The pieces outside of quotes after the first: literals, numbers, and words on delivery.
        delivery: Columns of `schema.DELIVERY` and the pieces in quotes that are these.
    """

    pieces: int
    head: tuple[Word, ...]
    request: int
    quoted: dict[str, int]
    ignored: tuple[int, ...]
    between: dict[int, tuple[Token, ...]]
    forwarded: int | None = None
    delivery: tuple[tuple[str, int], ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether every value that could be personal has a column of its own."""
        known = (IDENT, schema.HOST, schema.USER, schema.VHOST)
        words = (
            token.column for piece in self.between.values() for token in piece if isinstance(token, Field)
        )
        if not set(schema.DELIVERY).isdisjoint(words):
            return False
        if self.ignored or self.delivery:
            return False
        return all(word.literal is not None or word.column in known for word in self.head)


def plan_of(format_: Format) -> Plan | None:
    """Return the plan of a format, or None if only the exact parser can read it."""
    if format_.kind is not Kind.TEXT:
        return None
    pieces = _cut_at_quotes(format_.tokens)
    if len(pieces) < 3 or len(pieces) % 2 == 0:
        return None
    head = _head_words(pieces[0])
    inside = {number: piece for number, piece in enumerate(pieces) if number % 2}
    between = {number: piece for number, piece in enumerate(pieces) if number and number % 2 == 0}
    if head is None or not all(_is_one_field(piece) for piece in inside.values()):
        return None
    if not all(_is_numbers(piece) for piece in between.values()):
        return None
    return _place(head, {number: piece[0] for number, piece in inside.items()}, between, len(pieces))


def _place(
    head: tuple[Word, ...], inside: dict[int, Token], between: dict[int, tuple[Token, ...]], pieces: int
) -> Plan | None:
    places: dict[str, int] = {}
    for number, token in inside.items():
        if isinstance(token, Field) and token.column is not None:
            places[schema.PATH if token.type == "request" else token.column] = number
    request = places.pop(schema.PATH, None)
    numbers = {token.column for piece in between.values() for token in piece if isinstance(token, Field)}
    if request is None or schema.STATUS not in numbers:
        return None
    quoted: dict[str, int] = {name: places[name] for name in QUOTED_COLUMNS if name in places}
    ignored = tuple(number for number in inside if number != request and number not in quoted.values())
    delivery = tuple((name, places[name]) for name in schema.DELIVERY if name in places)
    return Plan(pieces, head, request, quoted, ignored, between, places.get(FORWARDED_FOR), delivery)


def _cut_at_quotes(tokens: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, Field):
            pieces[-1].append(token)
            continue
        first, *rest = token.text.split(QUOTE)
        if first:
            pieces[-1].append(Literal(first))
        pieces.extend([Literal(text)] if text else [] for text in rest)
    return [tuple(piece) for piece in pieces]


def _is_one_field(piece: tuple[Token, ...]) -> bool:
    return len(piece) == 1 and isinstance(piece[0], Field)


def _is_numbers(piece: tuple[Token, ...]) -> bool:
    """Whether a piece is numbers between single blanks; the last one may be empty."""
    for token in piece:
        if isinstance(token, Literal) and token.text != " ":
            return False
        if isinstance(token, Field) and token.type not in NUMBERS and not _is_delivery(token):
            return False
    return all(isinstance(a, Field) is not isinstance(b, Field) for a, b in pairwise(piece))


def _is_delivery(token: Field) -> bool:
    """Whether a field is a word of the server on how it delivered, such as HIT or TLSv1.3."""
    return token.column in schema.DELIVERY and token.type in {"word", "text"}


def _head_words(piece: tuple[Token, ...]) -> tuple[Word, ...] | None:
    """Return the words before the time, or None if the piece does not end in one."""
    match piece[-3:]:
        case (Literal(begin), Field(type="clf", column=schema.TIME), Literal("] ")) if begin.endswith(" ["):
            tokens = (*piece[:-3], Literal(begin.removesuffix(" [")))
        case _:
            return None
    words: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, Field):
            words[-1].append(token)
            continue
        first, *rest = token.text.split(" ")
        words[-1] += [Literal(first)] if first else []
        words += [[Literal(text)] if text else [] for text in rest]
    read = [_read_word(word) for word in words]
    known = [word for word in read if word is not None]
    hosts = [word for word in known if word.column == schema.HOST]
    return tuple(known) if len(known) == len(read) and len(hosts) == 1 else None


def _read_word(word: list[Token]) -> Word | None:
    match word:
        case [Literal(text)]:
            return Word(literal=text)
        case [Field(column=schema.HOST | schema.VHOST as column, type="address" | "word")]:
            return Word(column=column)
        case [Field(column=schema.VHOST, type="address" | "word"), Literal(":"), Field(type="port")]:
            return Word(column=schema.VHOST, port=True)
        case [Field(name="%l", type="text", column=None)]:
            return Word(column=IDENT)
        case [Field(type=kind, column=column)] if kind in _WORDS and column not in (
            schema.HOST,
            schema.VHOST,
        ):
            return Word(column=column)
        case _:
            return None

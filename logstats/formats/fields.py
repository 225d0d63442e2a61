"""The small algebra by which a name in a layout becomes a field.

A table maps a name to a `Meaning`: type, column and how well it tells that column.
Where a layout tells one column twice (`%D` and `%T`), the better one fills it and
the other is read over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from logstats import schema
from logstats.formats import model
from logstats.formats.model import Field, Literal, Token
from logstats.frozen import frozen


@frozen
class Meaning:
    """What a directive or a variable stands for, and where that is written."""

    type: str
    column: str | None = None
    rank: int = 1  # of several that tell one column, the highest counts
    evidence: str = ""


@frozen
class Ranked:
    """A field of a layout before it is settled which field fills which column."""

    field: Field
    rank: int


# Columns that several fields make up together.
_SHARED = frozenset({schema.TIME})


def settle(pieces: Sequence[Literal | Ranked]) -> tuple[Token, ...]:
    """Return the tokens: neighbouring literals joined, each column filled by one field."""
    best = _best(piece for piece in pieces if isinstance(piece, Ranked))
    tokens: list[Token] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, Ranked):
            tokens.append(_keep(piece, is_best=_is_best(pieces, index, best)))
        elif tokens and isinstance(tokens[-1], Literal):
            tokens[-1] = Literal(tokens[-1].text + piece.text)
        else:
            tokens.append(piece)
    return tuple(tokens)


def _best(pieces: Iterable[Ranked]) -> dict[str, Ranked]:
    best: dict[str, Ranked] = {}
    for piece in pieces:
        column = piece.field.column
        if column is not None and (column not in best or piece.rank > best[column].rank):
            best[column] = piece
    return best


def _is_best(pieces: Sequence[Literal | Ranked], index: int, best: dict[str, Ranked]) -> bool:
    piece = pieces[index]
    if not isinstance(piece, Ranked) or piece.field.column is None:
        return False
    column = piece.field.column
    if column in _SHARED and piece.field.type == "strftime":
        return True
    return best[column] is piece


def _keep(piece: Ranked, *, is_best: bool) -> Field:
    return piece.field if is_best or piece.field.column is None else replace(piece.field, column=None)


def with_client(pieces: Sequence[Literal | Ranked]) -> Sequence[Literal | Ranked]:
    """Let the peer, or what a proxy said, stand for the client where nothing else does."""
    columns = {piece.field.column for piece in pieces if isinstance(piece, Ranked)}
    if schema.HOST in columns:
        return pieces
    for substitute in (model.PEER, model.FORWARDED_FOR):
        if substitute in columns:
            return [_renamed(piece, substitute, schema.HOST) for piece in pieces]
    return pieces


def _renamed(piece: Literal | Ranked, old: str, new: str) -> Literal | Ranked:
    if isinstance(piece, Literal) or piece.field.column != old:
        return piece
    return Ranked(replace(piece.field, column=new), piece.rank)

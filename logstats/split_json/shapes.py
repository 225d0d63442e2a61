"""The shape of a JSON line: what is left of it without its values.

Lines with the same names and the same structure, numbers aside, are JSON or not together,
and have their values at the same places. So one line of each shape is read by the exact
parser, with the places written in the place of the values, and tells where the values of
all others are. Names that stand twice, in several spellings or nested are told apart as the
exact parser does, because it does it.

Lines are grouped by a sum of seeded 64-bit hashes, each times a power of a secret odd
number that tells its place: two shapes collide once in some 10^17 pairs, and nobody can
aim at it.
"""

from __future__ import annotations

import re
import secrets
from functools import lru_cache
from typing import Final

import polars as pl

from logstats.batches import encode
from logstats.formats import Format
from logstats.formats.json_lines import fold, read_object
from logstats.frozen import frozen
from logstats.split_json.cut import Cut, restore_escapes

# A number as JSON has it (RFC 8259 section 6). What is no number is not of one piece in this
# pattern, 007 is three, and stays none when each of its pieces has become a 0.
NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_NAME: Final = r"^[ \t\r]*:"
# Shorter structure holds no number: one stands between at least two other characters.
_SHORTEST_WITH_NUMBER: Final = 3
# Of more shapes than this in a block the rest is left to the exact parser, which costs no more then.
_MOST_SHAPES: Final = 512
_STEP: Final = secrets.randbits(64) | 1
_STEP_BACK: Final = pow(_STEP, -1, 2**64)
_SEEDS: Final = tuple(secrets.randbits(63) for _ in range(3))


@frozen
class Place:
    """Where a value stands in the lines of a shape: the piece of a line, or the same word in all of them.

    A number may be the first of several in its piece, as in a list.
    """

    piece: int
    is_number: bool = False
    has_neighbours: bool = False
    word: str | None = None


# For each field of the format, by its number, where its value stands.
Shape = dict[int, Place]


def find_shapes(cut: Cut, format_: Format) -> tuple[pl.Series, list[Shape | None]]:
    """Return the number of the shape of each line, and all shapes; None for what is no line of the format."""
    is_name = _is_name(cut)
    codes, sums = encode(_sums(cut, is_name))
    firsts = codes.arg_unique()
    ends = cut.starts.shift(-1).fill_null(len(cut.outside))
    found: list[Shape | None] = []
    for number, row in enumerate(firsts.to_list()):
        if number >= _MOST_SHAPES:
            break
        start, size = cut.starts[row], ends[row] - cut.starts[row]
        outside = cut.outside.slice(start, size).str.replace_all(NUMBER, "0")
        names = cut.inside.slice(start, size).zip_with(
            is_name.slice(start, size), pl.Series([None], dtype=pl.String)
        )
        found.append(read_shape(format_, tuple(outside.to_list()), tuple(names.to_list())))
    return codes, found + [None] * (len(sums) - len(found))


def _is_name(cut: Cut) -> pl.Series:
    """Whether each text is a name: a colon follows, rarely after a blank."""
    colons = cut.outside.str.contains(_NAME) if cut.has_blank_names else cut.outside.str.starts_with(":")
    return colons.shift(-1, fill_value=False)


def _sums(cut: Cut, is_name: pl.Series) -> pl.Series:
    """Return a number for each line that is the same for lines of the same shape."""
    hashes = cut.outside.hash(_SEEDS[0])
    long = (cut.outside.str.len_bytes() >= _SHORTEST_WITH_NUMBER).arg_true()
    if len(long):
        some, distinct = encode(cut.outside[long])
        plain = distinct.str.replace_all(NUMBER, "0").hash(_SEEDS[1])
        hashes = hashes.scatter(long, plain[some])
    steps, steps_back = _powers(1 << len(hashes).bit_length())
    names = cut.inside.hash(_SEEDS[2]).zip_with(is_name, pl.Series([0], dtype=pl.UInt64))
    sums = ((hashes + names) * steps.head(len(hashes))).cum_sum()
    ends = sums[cut.starts.shift(-1).fill_null(len(sums)) - 1]
    return (ends - ends.shift(1, fill_value=0)) * steps_back[cut.starts]


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[pl.Series, pl.Series]:
    """Return the powers of the step and of its inverse, from the 0th on, modulo 2^64."""
    one = pl.Series([1], dtype=pl.UInt64)
    return (
        one.append(pl.repeat(_STEP, size - 1, dtype=pl.UInt64, eager=True)).cum_prod(),
        one.clone().head(1).append(pl.repeat(_STEP_BACK, size - 1, dtype=pl.UInt64, eager=True)).cum_prod(),
    )


@lru_cache(maxsize=4096)
def read_shape(format_: Format, outside: tuple[str, ...], names: tuple[str | None, ...]) -> Shape | None:
    """Return where the values of a shape stand, or None if its lines are not of the format.

    Args:
        format_: Whose fields are looked for.
        outside: The structure, each number written as 0.
        names: The texts that are names, None for values; the last one is none of both.
    """
    pairs = list(zip(outside, map(_restored, names), strict=True))
    if read_object(_join([(structure, name or "") for structure, name in pairs])) is None:
        return None
    marked = [
        (structure.replace("0", str(piece)), f"s{piece}" if name is None else name)
        for piece, (structure, name) in enumerate(pairs)
    ]
    values = read_object(_join(marked))
    if values is None or not all(fold(name) in values for name in format_.requires):
        return None
    found = ((number, values.get(fold(field.name))) for number, field in enumerate(format_.fields))
    return {number: _place(mark, outside) for number, mark in found if mark is not None}


def _restored(name: str | None) -> str | None:
    return None if name is None else restore_escapes(name)


def _join(pairs: list[tuple[str, str]]) -> str:
    return "".join(f'{structure}"{text}"' for structure, text in pairs[:-1]) + pairs[-1][0]


_MARKED: Final = re.compile(r"(s?)([0-9]+)")


def _place(mark: str, outside: tuple[str, ...]) -> Place:
    match = _MARKED.fullmatch(mark)
    if match is None:
        return Place(0, word=mark)
    piece, is_number = int(match[2]), not match[1]
    return Place(piece, is_number=is_number, has_neighbours=is_number and outside[piece].count("0") > 1)

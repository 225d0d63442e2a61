"""What an output could mean as an address: every candidate, turned into the address it would stand for.

The outputs come first and are small; the source is then streamed past the
candidates, so memory is bounded by the outputs.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from logstats.frozen import frozen

WORD: Final = r"[0-9A-Za-z][0-9A-Za-z+/_.=-]{5,60}|-[0-9]{7,10}"
_LETTERS = re.compile(r"[0-9A-Za-z]{6,40}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6}(?:==)?|[A-Za-z0-9+/_-]{22}(?:==)?")
_SHORT = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{3,5})|(\d{1,3})\.(\d{5,8})")
_MOST: Final = 25  # places kept of one candidate


@frozen
class Claim:
    """A candidate: where it stands and how it is written."""

    file: str
    place: str
    notation: str
    count: int


@dataclass(slots=True)
class Claims:
    """Candidates by the address they would stand for, IPv4 and IPv6 apart."""

    four: dict[int, list[Claim]] = field(default_factory=dict)
    six: dict[int, list[Claim]] = field(default_factory=dict)
    guesses: int = 0  # candidates that could be any number: what chance is reckoned from

    def add(self, value: int, bits: int, claim: Claim, *, guess: bool = True) -> None:
        """Keep a candidate, in both byte orders."""
        if bits == 32 and not 1 << 24 <= value < 1 << 32:
            return
        self.guesses += guess
        kept = self.four if bits == 32 else self.six
        places = kept.setdefault(value, [])
        if len(places) < _MOST:
            places.append(claim)

    def add_both_orders(self, value: int, bits: int, claim: Claim) -> None:
        """Keep a candidate as it stands and with its bytes reversed."""
        size = bits // 8
        swapped = int.from_bytes(value.to_bytes(size, "big"), "little")
        self.add(value, bits, claim)
        if swapped != value:
            reverse = Claim(claim.file, claim.place, claim.notation + ", bytes reversed", claim.count)
            self.add(swapped, bits, reverse)


def numbers_in(word: str) -> Iterator[tuple[int, int, str]]:
    """Yield (value, bits, notation) for each way to read a word as an address that is no literal."""
    for text in dict.fromkeys((word, *_LETTERS.findall(word))):
        yield from _as_number(text)
        if _BASE64.fullmatch(text):
            yield from _as_base64(text)
    for match in _SHORT.finditer(word):
        parts = [int(part) for part in match.groups() if part is not None]
        if max(parts[:-1]) < 256 <= parts[-1] < 1 << (8 * (5 - len(parts))):
            yield sum(part << (24 - 8 * i) for i, part in enumerate(parts[:-1])) + parts[-1], 32, "short form"


def _as_number(text: str) -> Iterator[tuple[int, int, str]]:
    digits = text.removeprefix("-")
    if digits.isdecimal() and digits.isascii():
        value = int(text)
        if 8 <= len(digits) <= 10 and -(1 << 31) <= value < 1 << 32:
            yield value % (1 << 32), 32, "integer"
        elif 20 <= len(digits) <= 39 and value < 1 << 128:
            yield value, 128, "integer"
    bare = text.lower().removeprefix("0x")
    if len(bare) in (8, 32) and all(char in "0123456789abcdef" for char in bare):
        yield int(bare, 16), len(bare) * 4, "hex"


def _as_base64(text: str) -> Iterator[tuple[int, int, str]]:
    if not text.endswith("=") and (text.isalpha() and text[1:].islower()):
        return  # a word of a language
    packed = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(packed + "==", validate=True)
    except binascii.Error:
        return
    if base64.b64encode(raw).decode().rstrip("=") == packed:
        yield int.from_bytes(raw, "big"), len(raw) * 8, "base64"

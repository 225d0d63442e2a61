"""Undo the ways to write a text that hide an address in it.

Each step is linear, and three rounds of them are enough for what is encoded
twice inside something else.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

_ESCAPE = re.compile(r"\\(?:u00|U000000|x)([0-7][0-9a-fA-F])|\\(0[4-7][0-7]|1[0-7][0-7])")
_DEFANGED_DOT = re.compile(
    r"\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|(?<=\d)\sdot\s(?=\d)|(?<=\d)_dot_(?=\d)", re.IGNORECASE
)
_DEFANGED_COLON = re.compile(r"[\[({]:[\])}]")
_DOTS = str.maketrans(dict.fromkeys("。．｡․·•", "."))
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\u00ad\ufeff\u202a-\u202e\u2066-\u2069]")

# An address as text in base64: the first character of each four spells a digit, a dot, a colon or a
# hex letter, because the upper six bits of those bytes have few values.
BASE64_TEXT = r"(?:[LMNOQRYZ][A-Za-z0-9+/_-]{3}){2,13}[A-Za-z0-9+/_-]{0,3}={0,2}"
HEX_TEXT = r"(?:3[0-9aA]|2[eE]|6[1-6]|4[1-6]){7,45}"
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/])(?:{BASE64_TEXT})")
_HEX = re.compile(rf"(?<![0-9A-Fa-f])(?:{HEX_TEXT})(?![0-9A-Fa-f])")


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else chr(int(match[2], 8))


def _defang(text: str) -> str:
    return _DEFANGED_COLON.sub(":", _DEFANGED_DOT.sub(".", text))


def _plain_letters(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_DOTS)


_STEPS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("%", "percent-encoded", lambda text: unquote(text, errors="replace")),
    ("&", "as HTML entities", html.unescape),
    ("\\", "with escapes", lambda text: _ESCAPE.sub(_unescape, text)),
    ("", "defanged", _defang),
    ("", "in other letters", _plain_letters),
)


def decodings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text as it stands and each decoded form of it, with the name of the coding.

    >>> list(decodings("203%252E0"))[-1]
    ('percent-encoded twice', '203.0')
    """
    yield "", text
    done: list[str] = []
    for _ in range(3):
        before = text
        for mark, name, step in _STEPS:
            changed = step(text) if mark in text else text
            if changed != text:
                text = changed
                done.append(name)
        if text == before:
            return
        yield _name(done), text


def _name(steps: list[str]) -> str:
    names = list(dict.fromkeys(steps))
    if steps.count("percent-encoded") > 1:
        names[names.index("percent-encoded")] = "percent-encoded twice"
    return ", ".join(names)


def hidden_texts(text: str) -> Iterator[tuple[str, int, int, str]]:
    """Yield (coding, start, end, text) of what is text in base64 or in hex within a text."""
    for match in _BASE64.finditer(text):
        packed = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        packed = packed[: len(packed) - (len(packed) % 4 == 1)]
        try:
            found = base64.b64decode(packed + "=" * (-len(packed) % 4)).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            continue
        yield "in base64", match.start(), match.end(), found
    for match in _HEX.finditer(text):
        if len(match[0]) % 2 == 0:
            yield "in hex", match.start(), match.end(), bytes.fromhex(match[0]).decode("ascii")

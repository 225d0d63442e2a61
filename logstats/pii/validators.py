"""What makes a number a card, an account, a social security number or a date.

A validator says whether a candidate can be genuine; it never says whose it is.
"""

from __future__ import annotations

import base64
import json
import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

# Issuer prefixes as (first, last, lengths), ISO/IEC 7812 and the networks' own tables.
# Maestro is limited to the prefixes in use: all of 5 and 6 would take ordinary ids.
_ISSUERS: Final[tuple[tuple[str, str, frozenset[int]], ...]] = (
    ("4", "4", frozenset((13, 16, 19))),
    ("51", "55", frozenset((16,))),
    ("2221", "2720", frozenset((16,))),
    ("34", "34", frozenset((15,))),
    ("37", "37", frozenset((15,))),
    ("300", "305", frozenset((14, 16, 19))),
    ("3095", "3095", frozenset((14, 16, 19))),
    ("36", "36", frozenset((14, 16, 19))),
    ("38", "39", frozenset((14, 16, 19))),
    ("6011", "6011", frozenset((16, 17, 18, 19))),
    ("644", "659", frozenset((16, 17, 18, 19))),
    ("62", "62", frozenset((16, 17, 18, 19))),
    ("3528", "3589", frozenset((16, 17, 18, 19))),
    ("2200", "2204", frozenset((16, 17, 18, 19))),
    ("5018", "5018", frozenset(range(12, 20))),
    ("5020", "5020", frozenset(range(12, 20))),
    ("5038", "5038", frozenset(range(12, 20))),
    ("5893", "5893", frozenset(range(12, 20))),
    ("6304", "6304", frozenset(range(12, 20))),
    ("6759", "6763", frozenset(range(12, 20))),
)
_MONTHS: Final = 12
_LONGEST_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NO_SSN_AREAS: Final = frozenset(("000", "666"))


@cache
def lists() -> dict[str, Any]:
    """Return the lists of `rules/pii.toml`."""
    text = resources.files("logstats").joinpath("rules/pii.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def alternatives(key: str) -> str:
    """Return a list of `rules/pii.toml` as alternatives of a pattern, the longest first."""
    return "|".join(sorted(map(re.escape, lists()[key]), key=len, reverse=True))


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether digits without separators are a payment card: issuer, length and Luhn.

    >>> is_card("4111111111111111"), is_card("4111111111111112"), is_card("9111111111111111")
    (True, False, False)
    """
    length = len(digits)
    issued = any(
        length in lengths and first <= digits[: len(first)] <= last for first, last, lengths in _ISSUERS
    )
    return issued and is_luhn(digits)


def iban_lengths(country: str) -> tuple[int, ...]:
    """Return the lengths that a country's account numbers have, the longest first; none if it has none."""
    lengths: int | list[int] = lists()["iban_length"].get(country.upper(), [])
    return (lengths,) if isinstance(lengths, int) else tuple(sorted(lengths, reverse=True))


def is_iban(compact: str) -> bool:
    """Whether letters and digits without separators are an IBAN (ISO 13616, mod 97).

    >>> is_iban("DE89370400440532013000"), is_iban("DE89370400440532013001")
    (True, False)
    """
    upper = compact.upper()
    if not (upper.isascii() and upper.isalnum()) or len(upper) not in iban_lengths(upper[:2]):
        return False
    turned = upper[4:] + upper[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def is_ssn(area: str, group: str, serial: str) -> bool:
    """Whether a social security number may have been issued (SSA, RM 10201.035).

    >>> is_ssn("078", "05", "1120"), is_ssn("666", "05", "1120")
    (True, False)
    """
    return area not in _NO_SSN_AREAS and area[0] != "9" and group != "00" and serial != "0000"


def is_jwt(token: str) -> bool:
    """Whether the first part of a token decodes to a JSON object (RFC 7515 section 7.1)."""
    header = token.split(".", 1)[0]
    try:
        decoded = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(decoded, dict)


def is_day(digits: str) -> bool:
    """Whether digits begin with a day of 1900 to 2099, or are a month of them, YYYYMM[DD[hhmm[ss]]].

    >>> is_day("20260201"), is_day("20261301"), is_day("202602"), is_day("20260201235959")
    (True, False, True, True)
    """
    if len(digits) not in {6, 8, 10, 12, 14} or digits[:2] not in {"19", "20"}:
        return False
    month = int(digits[4:6])
    if not 1 <= month <= _MONTHS:
        return False
    if len(digits) == 6:
        return True
    hour, minute, second = digits[8:10] or "0", digits[10:12] or "0", digits[12:14] or "0"
    return (
        1 <= int(digits[6:8]) <= _LONGEST_DAYS[month - 1]
        and int(hour) < 24
        and int(minute) < 60
        and int(second) < 60
    )


def is_position(latitude: str, longitude: str) -> bool:
    """Whether two numbers are a place on earth."""
    return abs(float(latitude)) <= 90 and abs(float(longitude)) <= 180


def looks_random(word: str) -> bool:
    """Whether a word changes between digits, small and capital letters as no language does.

    Counted are changes between digit and letter and from small to capital
    letter, each as a share of the length: random base64 has 0.45, random
    lower-case base36 0.40, CamelCase 0.17, slugs under 0.1 (measured).

    >>> looks_random("YTkYTnGaf5QQxT7cm9uJgKS2rl8"), looks_random("SomeCustomInjectedHeader")
    (True, False)
    """
    changes = digits = 0
    before = ""
    for sign in word:
        kind = "d" if sign.isdigit() else "u" if sign.isupper() else "l" if sign.islower() else ""
        digits += kind == "d"
        changes += before + kind in {"dl", "du", "ld", "ud", "lu"}
        before = kind
    return changes >= (0.22 if digits else 0.24) * len(word)

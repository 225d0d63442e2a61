"""Numbers that name a person or an account: cards, accounts, telephones, places."""

from __future__ import annotations

import re
from typing import Final

from logstats.pii import validators
from logstats.pii.detector import FOUR_DIGITS, Detector

_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,31}")
_CARD: Final = re.compile(r"(?<![0-9])(?<![0-9][.-])[0-9](?:[ +_.-]?[0-9]){11,18}(?![0-9])(?![.-][0-9])")
_SSN: Final = re.compile(
    r"(?<![0-9])(?<![0-9][-. _])([0-9]{3})([-. _])([0-9]{2})\2([0-9]{4})(?![0-9])(?![-. _][0-9])"
)
_PHONE: Final = re.compile(
    r"\+[0-9(](?:[ ().-]{0,2}[0-9]){7,14}(?![0-9])"
    r"|(?<![0-9A-Za-z])(?<![0-9][-. _])(?:1[-. ])?(?:\([2-9][0-9]{2}\)[-. ]?|[2-9][0-9]{2}[-. _])"
    r"[2-9][0-9]{2}[-. _][0-9]{4}(?![0-9A-Za-z])(?![-. _][0-9])"
)
# Numbers within a country: 09-7625400, 090-1234-5678, 532 123 45 67.
_NATIONAL: Final = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][-. _])"
    r"(?:0[1-9][0-9]{0,3}(?:[- ][0-9]{2,4}){2,3}|0[1-9][0-9]{0,2}[- ][0-9]{6,8}"
    r"|[2-9][0-9]{2}([ .-])[0-9]{3}\1[0-9]{2}\1[0-9]{2})(?![0-9A-Za-z])(?![-. _][0-9])"
)
_YEAR: Final = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_GEO: Final = re.compile(
    r"(?<![0-9.])([+-]?[0-9]{1,2}\.[0-9]{4,20})(?:, ?|[;/_ :])([+-]?[0-9]{1,3}\.[0-9]{4,20})(?![0-9.])"
)
# Before an ending a number of up to six digits is the number of a page or a picture.
_NUMBER: Final = re.compile(
    r"(?:^|/)[0-9]{5,8}(?=/|$)|(?:^|/)[0-9]{7,8}(?=\.)|(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{9,}(?![0-9A-Za-z])"
)


def _iban(found: re.Match[str]) -> str:
    """The text may go on after the account number, by a blank or a hyphen."""
    text = found[0]
    places = [place for place, sign in enumerate(text, start=1) if sign.isalnum()]
    for length in validators.iban_lengths(text[:2]):
        if length > len(places):
            continue
        end = places[length - 1]
        compact = "".join(filter(str.isalnum, text[:end]))
        if not text[end : end + 1].isalnum() and validators.is_iban(compact):
            return "{iban}" + text[end:]
    return text


def _card(found: re.Match[str]) -> str:
    digits = "".join(filter(str.isdigit, found[0]))
    return "{card}" if validators.is_card(digits) else found[0]


def _ssn(found: re.Match[str]) -> str:
    return "{ssn}" if validators.is_ssn(found[1], found[3], found[4]) else found[0]


def _national(found: re.Match[str]) -> str:
    """Nine to eleven digits, no group of them a year."""
    digits = sum(map(str.isdigit, found[0]))
    return "{phone}" if 9 <= digits <= 11 and not _YEAR.search(found[0]) else found[0]


def _geo(found: re.Match[str]) -> str:
    return "{geo}" if validators.is_position(found[1], found[2]) else found[0]


def _number(found: re.Match[str]) -> str:
    digits = found[0].lstrip("/")
    if validators.is_day(digits):
        return found[0]
    return "/{n}" if found[0][0] == "/" else "{n}"


def detectors() -> tuple[Detector, ...]:
    """Return the detectors of numbers, the most exact first."""
    return (
        Detector("iban", r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11}", lambda text: _IBAN.sub(_iban, text)),
        Detector("card", r"[0-9](?:[ +_.-]?[0-9]){11}", lambda text: _CARD.sub(_card, text), FOUR_DIGITS),
        Detector(
            "ssn", r"[0-9]{3}[-. _][0-9]{2}[-. _][0-9]{4}", lambda text: _SSN.sub(_ssn, text), FOUR_DIGITS
        ),
        Detector(
            "phone",
            r"\+[0-9(]|[0-9]{3}\)?[-. _]?[0-9]{3}[-. _][0-9]{4}",
            lambda text: _PHONE.sub("{phone}", text),
        ),
        Detector(
            "national phone",
            r"0[1-9][0-9]{0,3}[- ][0-9]{2,4}[- ][0-9]{2}|0[1-9][0-9]{0,2}[- ][0-9]{6}"
            r"|[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{2}",
            lambda text: _NATIONAL.sub(_national, text),
            FOUR_DIGITS,
        ),
        Detector(
            "geo",
            # With anything between the two, Python would try each place for either: 1.3 s for 65,000 signs.
            r"\.[0-9]{4}[0-9]*(?:, ?|[;/_ :])[+-]?[0-9]{1,3}\.[0-9]{4}",
            lambda text: _GEO.sub(_geo, text),
            FOUR_DIGITS,
        ),
        Detector("n", r"(?:^|/)[0-9]{5}|[0-9]{9}", lambda text: _NUMBER.sub(_number, text), FOUR_DIGITS),
    )

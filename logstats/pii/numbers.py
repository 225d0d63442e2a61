"""Numbers that name a person or an account: cards, accounts, telephones, places."""

from __future__ import annotations

import re
from typing import Final

from logstats.pii import validators
from logstats.pii.detector import Detector

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
_GEO: Final = re.compile(
    r"(?<![0-9.])([+-]?[0-9]{1,2}\.[0-9]{4,})(?:, ?|[;/_ :])([+-]?[0-9]{1,3}\.[0-9]{4,})(?![0-9.])"
)
_NUMBER: Final = re.compile(
    r"((?:^|/)[0-9]{5,8}(?=[/.]|$))|(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{9,}(?![0-9A-Za-z])"
)


def _iban(found: re.Match[str]) -> str:
    """The text may go on after the account number, by a blank or a hyphen."""
    wanted, text = validators.iban_length(found[0][:2]), found[0]
    end = signs = 0
    while end < len(text) and signs < wanted:
        signs += text[end].isalnum()
        end += 1
    compact = "".join(filter(str.isalnum, text[:end]))
    if end < len(text) and text[end].isalnum():
        return text
    return "{iban}" + text[end:] if validators.is_iban(compact) else text


def _card(found: re.Match[str]) -> str:
    digits = "".join(filter(str.isdigit, found[0]))
    return "{card}" if validators.is_card(digits) else found[0]


def _ssn(found: re.Match[str]) -> str:
    return "{ssn}" if validators.is_ssn(found[1], found[3], found[4]) else found[0]


def _geo(found: re.Match[str]) -> str:
    return "{geo}" if validators.is_position(found[1], found[2]) else found[0]


def _number(found: re.Match[str]) -> str:
    digits = found[0].lstrip("/")
    if validators.is_day(digits):
        return found[0]
    if found.string[found.end() : found.end() + 1] == "." and validators.is_short_day(digits):
        return found[0]
    return "/{n}" if found[0][0] == "/" else "{n}"


def detectors() -> tuple[Detector, ...]:
    """Return the detectors of numbers, the most exact first."""
    return (
        Detector("iban", r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11}", lambda text: _IBAN.sub(_iban, text)),
        Detector("card", r"[0-9](?:[ +_.-]?[0-9]){11}", lambda text: _CARD.sub(_card, text)),
        Detector("ssn", r"[0-9]{3}[-. _][0-9]{2}[-. _][0-9]{4}", lambda text: _SSN.sub(_ssn, text)),
        Detector(
            "phone",
            r"\+[0-9(]|[0-9]{3}\)?[-. _]?[0-9]{3}[-. _][0-9]{4}",
            lambda text: _PHONE.sub("{phone}", text),
        ),
        Detector("geo", r"\.[0-9]{4}[^/]*.[^/]*\.[0-9]{4}", lambda text: _GEO.sub(_geo, text)),
        Detector("n", r"(?:^|/)[0-9]{5}|[0-9]{9}", lambda text: _NUMBER.sub(_number, text)),
    )

"""What lets its holder in, or follows one person about: tokens, sessions, identifiers."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from logstats.pii import validators
from logstats.pii.detector import LONG_WORD, MARK, Detector
from logstats.pii.validators import alternatives

# A header is short; an unbounded one would make a long row of `eyJ` slow to search.
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{5,1000}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){0,3}")
# Prefixes that vendors give their keys so that scanners find them.
_VENDOR: Final = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])|gh[opsu]_[A-Za-z0-9]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|glpat-[A-Za-z0-9_-]{16,}"
)
_UUID: Final = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])", re.IGNORECASE
)
_HEX: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16,}(?![0-9A-Za-z])")
_ID: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{20,}")
_SHORTEST_TOKEN: Final = 6


@cache
def _parameter_pattern() -> re.Pattern[str]:
    names = alternatives("secret_parameters")
    return re.compile(rf"(?<![A-Za-z0-9_-])({names})=[^/&;{{}}]+", re.IGNORECASE)


@cache
def _segment_pattern() -> re.Pattern[str]:
    return re.compile(rf"((?:^|/)(?:{alternatives('token_segments')})/)([^/{{}}]+)", re.IGNORECASE)


def _jwt(found: re.Match[str]) -> str:
    return "{jwt}" if validators.is_jwt(found[0]) else found[0]


def _hex(found: re.Match[str]) -> str:
    digits = sum(map(str.isdigit, found[0]))
    return "{hex}" if 0 < digits < len(found[0]) else found[0]


def _id(found: re.Match[str]) -> str:
    return "{id}" if validators.looks_random(found[0]) else found[0]


def _segment(found: re.Match[str]) -> str:
    value = found[2]
    is_token = len(value) >= _SHORTEST_TOKEN and any(map(str.isdigit, value)) and value.isascii()
    return found[1] + "{token}" if is_token else found[0]


def detectors() -> tuple[Detector, ...]:
    """Return the detectors of secrets."""
    vendor = r"AKIA|ASIA|gh[opsu]_|[srp]k_(?:live|test)_|xox[abprs]-|AIza|glpat-"
    change = "(?:[0-9][A-Za-z]|[A-Za-z][0-9]|[a-z][A-Z])"
    segment = rf"(?i:(?:^|/)(?:{alternatives('token_segments')})/[^/])"
    return (
        Detector("jwt", "eyJ", lambda text: _JWT.sub(_jwt, text)),
        Detector("parameter", "=", lambda text: _parameter_pattern().sub(r"\1={token}", text), MARK),
        Detector("vendor", vendor, lambda text: _VENDOR.sub("{token}", text), LONG_WORD),
        Detector("token", segment, lambda text: _segment_pattern().sub(_segment, text)),
        Detector("uuid", "(?i:[0-9a-f]{8}-[0-9a-f]{4}-)", lambda text: _UUID.sub("{uuid}", text), LONG_WORD),
        Detector("hex", "[0-9A-Fa-f]{16}", lambda text: _HEX.sub(_hex, text), LONG_WORD),
        Detector("id", rf"(?:{change}[A-Za-z0-9_-]*){{3}}", lambda text: _ID.sub(_id, text), LONG_WORD),
    )

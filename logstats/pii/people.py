"""What names a person: e-mail addresses, user names, telling combinations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from logstats.pii.detector import MARK, Detector
from logstats.pii.validators import alternatives, lists

_EMAIL: Final = re.compile(
    r"[\w.%+!#$&'*^`|~\"-]{1,64}@((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))(?![\w])",
    re.IGNORECASE,
)
_TILDE: Final = re.compile(r"(?:^|(?<=/))~[^/~{}]+")
_HANDLE: Final = re.compile(r"(?:^|(?<=/))@([A-Za-z0-9_.-]{2,})(?=/|$)")
_BEFORE_VERSION: Final = re.compile(r"[A-Za-z][-_ /]?v?$", re.IGNORECASE)
_ADDRESS_WORD: Final = re.compile(
    r"(?:ip|ipv4|host|addr|address|client|server|from|node|remote|user|peer|pool|dial|dsl|by|for)[-_ /]?$",
    re.IGNORECASE,
)
_HIGHEST_VERSION: Final = 40
_SHORT_NUMBER: Final = 9


@cache
def _words(key: str) -> frozenset[str]:
    return frozenset(lists()[key])


@cache
def _segment_pattern() -> re.Pattern[str]:
    return re.compile(rf"((?:^|/)(?:{alternatives('user_segments')})/)([^/{{}}]+)", re.IGNORECASE)


@cache
def _combined_names() -> dict[str, str]:
    return {name: kind for kind, names in lists()["combination"].items() for name in names}


@cache
def _combined_pattern() -> re.Pattern[str]:
    written = "|".join(sorted(map(re.escape, _combined_names()), key=len, reverse=True))
    return re.compile(
        rf"(?<![A-Za-z0-9_-])(?P<name>{written})(?P<sign>[=:/])(?P<value>[^/&;]+)", re.IGNORECASE
    )


def _email(found: re.Match[str]) -> str:
    """Leave `logo@2x.png` alone, and the `.html` after an address."""
    labels = found[1].split(".")
    endings = 0
    while labels and labels[-1].lower() in _words("file_extensions"):
        endings += len(labels.pop()) + 1
    if len(labels) < 2 or not labels[-1].replace("-", "").isalnum() or labels[-1].isdigit():
        return found[0]
    if endings and (len(labels[-1]) < 2 or not labels[-1].isalpha()):
        return found[0]
    return "{email}" + found[0][len(found[0]) - endings :]


def _handle(found: re.Match[str]) -> str:
    return found[0] if found[1].lower() in _words("not_handles") else "{user}"


def _segment(found: re.Match[str]) -> str:
    is_page = found[2].lower().split(".")[0] in _words("not_users")
    return found[0] if is_page else found[1] + "{user}"


def combined_kinds(names: Iterable[str]) -> frozenset[str]:
    """Return the names that together single out a person, in lower case; none below two kinds.

    >>> sorted(combined_kinds(["page", "ZIP", "dob"]))
    ['dob', 'zip']
    """
    known = _combined_names()
    found = {name for name in map(str.lower, names) if name in known}
    return frozenset(found) if len({known[name] for name in found}) > 1 else frozenset()


def _combined(text: str) -> str:
    """Take the values of birth date, zip code and gender away where two of them meet."""
    pattern = _combined_pattern()
    if not combined_kinds(match["name"] for match in pattern.finditer(text)):
        return text
    return pattern.sub(r"\g<name>\g<sign>{combination}", text)


def detectors() -> tuple[Detector, ...]:
    """Return the detectors of people."""
    mixed = "|".join(map(re.escape, _combined_names()))
    segment = rf"(?i:(?:^|/)(?:{alternatives('user_segments')})/[^/])"
    return (
        Detector("email", "@", lambda text: _EMAIL.sub(_email, text), MARK),
        Detector("handle", "(?:^|/)@", lambda text: _HANDLE.sub(_handle, text), MARK),
        Detector("combination", rf"(?i:(?:^|[^A-Za-z0-9_-])(?:{mixed})[=:/])", _combined),
        Detector("user", segment, lambda text: _segment_pattern().sub(_segment, text)),
        Detector("home", "(?:^|/)~", lambda text: _TILDE.sub("{user}", text), MARK),
    )

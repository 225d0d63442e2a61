"""Find personal data in a text and put the name of its class in its place.

`scrub_text` is exact and costs some microseconds; `SUSPECT` is one automaton that
runs over all values first. A value it passes over has nothing to scrub: a test
holds the two together.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from functools import cache
from typing import Final

from logstats.pii import validators
from logstats.pii.validators import lists

CLASSES: Final = (
    "email", "card", "ssn", "iban", "phone", "jwt", "uuid", "hex", "id", "n", "ip", "geo", "user", "token",
    "combination",
)  # fmt: skip
TOKEN: Final = re.compile(r"\{(?:" + "|".join(CLASSES) + r")\}")

# Cheap and wide, in the dialect of polars (no look-around).
SUSPECT: Final = (
    r"[@~=%]"
    r"|eyJ"
    r"|[0-9]{9}"
    r"|(?:^|[/{}])[0-9]{5}"
    r"|\+[0-9(]|\([0-9]{3}\)"
    r"|[0-9][-. _][0-9]{2,4}[-. _][0-9]{3}"
    r"|[0-9](?:[-._][0-9]{1,3}){3}"
    r"|[0-9](?:[ +_.-]?[0-9]){11}"
    r"|:[0-9A-Fa-f]*:"
    r"|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{16}"
    r"|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-"
    r"|\.[0-9]{4}"
    r"|[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11}"
    r"|AKIA|ASIA|gh[opsu]_|[srp]k_(?:live|test)_|xox[abprs]-|AIza|glpat-"
)

_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){0,3}")
# Prefixes that vendors give their keys so that scanners find them.
_VENDOR: Final = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])|gh[opsu]_[A-Za-z0-9]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|glpat-[A-Za-z0-9_-]{16,}"
)
_EMAIL: Final = re.compile(
    r"[\w.%+!#$&'*^`|~-]{1,64}@((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))(?![\w])",
    re.IGNORECASE,
)
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
_UUID: Final = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])", re.IGNORECASE
)
_MAC: Final = re.compile(
    r"(?<![0-9A-Za-z:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![0-9A-Za-z:-])", re.IGNORECASE
)
_IPV6: Final = re.compile(
    r"(?<![0-9A-Za-z:.])[0-9a-f:]*:[0-9a-f]*:[0-9a-f:.]*(?![0-9A-Za-z:])", re.IGNORECASE
)
_IPV4: Final = re.compile(r"(?<![0-9])(?<![0-9]\.)([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?![0-9])(?!\.[0-9])")
# Four octets with dashes are what providers put into host names.
_DASHED: Final = re.compile(
    r"(?<![0-9])(?<![0-9][-_])([0-9]{1,3}(?:([-_])[0-9]{1,3})(?:\2[0-9]{1,3}){2})(?![0-9])(?![-_][0-9])"
)
_GEO: Final = re.compile(
    r"(?<![0-9.])([+-]?[0-9]{1,2}\.[0-9]{4,})(?:, ?|[;/_ :])([+-]?[0-9]{1,3}\.[0-9]{4,})(?![0-9.])"
)
_HEX: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16,}(?![0-9A-Za-z])")
_ID: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{20,}")
_NUMBER: Final = re.compile(
    r"((?:^|/)[0-9]{5,8}(?=[/.]|$))|(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]{9,}(?![0-9A-Za-z])"
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
def suspect_pattern() -> str:
    """Return the pattern for polars that finds every value worth a closer look."""
    mixed = "|".join(map(re.escape, _combined_names()))
    change = "(?:[0-9][A-Za-z]|[A-Za-z][0-9]|[a-z][A-Z])"
    random = rf"(?:{change}[A-Za-z0-9_-]*){{3}}"
    return rf"{SUSPECT}|{named_segment_pattern()}|(?i:{mixed})[:/]|(?:^|/)[~@]|{random}"


@cache
def named_segment_pattern() -> str:
    """Return the pattern for polars of a segment that says what the next one is."""
    names = "|".join(map(re.escape, (*lists()["user_segments"], *lists()["token_segments"])))
    return rf"(?i:(?:^|/)(?:{names})/[^/])"


@cache
def _segment_pattern() -> re.Pattern[str]:
    users, tokens = ("|".join(map(re.escape, lists()[key])) for key in ("user_segments", "token_segments"))
    return re.compile(
        rf"(?:^|(?<=/))(?:(?P<u>(?:{users})/)(?P<user>[^/{{}}]+)|(?P<t>(?:{tokens})/)(?P<token>[^/{{}}]+))",
        re.IGNORECASE,
    )


@cache
def _words(key: str) -> frozenset[str]:
    return frozenset(lists()[key])


@cache
def _parameter_pattern() -> re.Pattern[str]:
    names = [*lists()["secret_parameters"], *_combined_names()]
    written = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9_-])(?P<name>{written})=(?P<value>[^/&;{{}}]+)", re.IGNORECASE)


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
    if len(labels) < 2 or not labels[-1].replace("-", "").isalnum() or labels[-1].isdigit():  # noqa: PLR2004
        return found[0]
    if endings and (len(labels[-1]) < 2 or not labels[-1].isalpha()):  # noqa: PLR2004 - shortest top level
        return found[0]
    return "{email}" + found[0][len(found[0]) - endings :]


def _jwt(found: re.Match[str]) -> str:
    return "{jwt}" if validators.is_jwt(found[0]) else found[0]


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


def _ipv6(found: re.Match[str]) -> str:
    text = found[0].rstrip(".")
    groups = [group for group in text.split(":") if group]
    if len(groups) < 2 or not (any(map(str.isdigit, text)) or len(groups) > 3):  # noqa: PLR2004
        return found[0]
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return found[0]
    return "{ip}" + found[0][len(text) :]


def _is_quad(octets: list[str]) -> bool:
    return all(int(octet) < 256 and (octet == "0" or octet[0] != "0") for octet in octets)  # noqa: PLR2004


def _ipv4(found: re.Match[str]) -> str:
    """A dotted quad is an address unless a name stands before it and its numbers are a version's."""
    octets = found[1].split(".")
    if not _is_quad(octets):
        return found[0]
    before = found.string[max(0, found.start() - 12) : found.start()]
    if _BEFORE_VERSION.search(before) and before[-1:] != "/" and not _ADDRESS_WORD.search(before):
        numbers = [int(octet) for octet in octets]
        if max(numbers) <= _HIGHEST_VERSION or numbers[2:] == [0, 0]:
            return found[0]
    return found[0] if octets[1:] == ["0", "0", "0"] else "{ip}"  # Chrome/121.0.0.0


def _dashed(found: re.Match[str]) -> str:
    """Four octets with dashes; a day and an hour with dashes are none."""
    octets = re.split("[-_]", found[1])
    return "{ip}" if _is_quad(octets) and max(map(int, octets)) > _HIGHEST_VERSION else found[0]


def _geo(found: re.Match[str]) -> str:
    return "{geo}" if validators.is_position(found[1], found[2]) else found[0]


def _hex(found: re.Match[str]) -> str:
    digits = sum(map(str.isdigit, found[0]))
    return "{hex}" if 0 < digits < len(found[0]) else found[0]


def _id(found: re.Match[str]) -> str:
    return "{id}" if validators.looks_random(found[0]) else found[0]


def _number(found: re.Match[str]) -> str:
    digits = found[0].lstrip("/")
    if validators.is_day(digits):
        return found[0]
    if found.string[found.end() : found.end() + 1] == "." and validators.is_short_day(digits):
        return found[0]
    return "/{n}" if found[0][0] == "/" else "{n}"


def _segment(found: re.Match[str]) -> str:
    if found["u"]:
        value = found["user"]
        is_page = value.lower().split(".")[0] in _words("not_users") or value.startswith("index.")
        return found[0] if is_page else found["u"] + "{user}"
    value = found["token"]
    is_token = len(value) >= 6 and any(map(str.isdigit, value)) and value.isascii()  # noqa: PLR2004 - signs
    return found["t"] + "{token}" if is_token else found[0]


def _handle(found: re.Match[str]) -> str:
    return found[0] if found[1].lower() in _words("not_handles") else "{user}"


def _parameter(found: re.Match[str]) -> str:
    return found["name"] + "={token}" if found["name"].lower() not in _combined_names() else found[0]


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


def scrub_text(text: str) -> str:
    """Return a text with `{class}` in the place of what looks personal.

    Args:
        text: A path or another value, percent-decoded where it should be.

    Returns:
        The same text where nothing is found. Scrubbing again changes nothing.

    >>> scrub_text("/mail/jane@example.com/2026/logo@2x.png")
    '/mail/{email}/2026/logo@2x.png'
    """
    for _ in range(4):  # a replaced span may set another one free; two rounds do in practice
        before, text = text, _scrub(text)
        if text == before:
            break
    return text


def _scrub(text: str) -> str:
    if "eyJ" in text:
        text = _JWT.sub(_jwt, text)
    if "@" in text:
        text = _EMAIL.sub(_email, text)
        text = _HANDLE.sub(_handle, text)
    if "=" in text:
        text = _parameter_pattern().sub(_parameter, text)
    text = _VENDOR.sub("{token}", text)
    text = _combined(text)
    text = _segment_pattern().sub(_segment, text)
    if any(map(str.isdigit, text)):
        text = _scrub_numbers(text)
    if "~" in text:
        text = _TILDE.sub("{user}", text)
    return _ID.sub(_id, text)


def _scrub_numbers(text: str) -> str:
    text = _UUID.sub("{uuid}", text)
    text = _IBAN.sub(_iban, text)
    text = _CARD.sub(_card, text)
    text = _SSN.sub(_ssn, text)
    text = _PHONE.sub("{phone}", text)
    if ":" in text:
        text = _MAC.sub("{id}", text)
        text = _IPV6.sub(_ipv6, text)
    if "." in text:
        text = _GEO.sub(_geo, text)
        text = _IPV4.sub(_ipv4, text)
    text = _MAC.sub("{id}", text)
    text = _DASHED.sub(_dashed, text)
    text = _HEX.sub(_hex, text)
    return _NUMBER.sub(_number, text)

"""Reduce a host name to the domain somebody registered.

Only the ICANN part of the public suffix list counts: under its private part
`janedoe.github.io` would survive, and it names a person.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from publicsuffixlist import PSLFILE, PublicSuffixList

# RFC 1123 section 2.1, and the underscore that real resolvers return.
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
    r"(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*"
)
# A last label that is a number makes the whole an IPv4 address (WHATWG URL,
# "ends in a number"); here it is one that did not parse.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Four octets, eight hex digits or ten decimal ones in the registered label
# itself may be the visitor's address.
_SPELLS_ADDRESS: Final = re.compile(
    r"(?:[0-9]{1,3}[-_]){3}[0-9]{1,3}|(?<![a-z])[0-9a-f]{8}(?![a-z])|[0-9]{8,}"
)
_LABEL_LIMIT: Final = 63
# What stands in front of a label that is not ASCII (RFC 5890 section 2.3.2.1).
_ENCODED: Final = "xn--"
_END_OF_ICANN: Final = "// ===END ICANN DOMAINS==="


@cache
def _rules() -> dict[bool, dict[str, list[str]]]:
    """Return the rules of the list by their last label: those of ICANN under True, private ones under False.

    Raises:
        ValueError: Nobody can tell the parts apart; private suffixes would be taken for ICANN's.
    """
    of_icann, private = Path(PSLFILE).read_text(encoding="utf-8").split(_END_OF_ICANN)
    return {True: _by_last_label(of_icann), False: _by_last_label(private)}


def _by_last_label(part: str) -> dict[str, list[str]]:
    rules: dict[str, list[str]] = {}
    for line in part.splitlines():
        if line and not line.startswith("//"):
            rules.setdefault(line.rpartition(".")[2], []).append(line)
    return rules


@cache
def _suffixes(last_label: str | None, *, icann: bool) -> PublicSuffixList:
    """Return the suffixes of one part of the list that end in a label, or all with their encoded names.

    The package takes long to read all its rules, most of all to encode names; a log needs few of them.
    """
    rules = _rules()[icann]
    if last_label is None:
        return PublicSuffixList([rule for same in rules.values() for rule in same], accept_unknown=False)
    return PublicSuffixList(rules.get(last_label, []), accept_unknown=False, accept_encoded_idn=False)


def _suffixes_for(name: str, *, icann: bool) -> PublicSuffixList:
    last_label = name.rpartition(".")[2]
    if _ENCODED in name:
        return _suffixes(None, icann=icann)
    # Labels that clients invent are not remembered each.
    return _suffixes(last_label if last_label in _rules()[icann] else "", icann=icann)


def read_host_name(text: str) -> str | None:
    """Return a host name in lower case and ASCII, or None if it is none.

    >>> read_host_name("Dial-7.ISP.Example.")
    'dial-7.isp.example'
    >>> read_host_name("10.x.x.300") is None
    True
    """
    name = text.lower().removesuffix(".")
    if not name.isascii():
        name = _to_ascii(name)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]) or max(map(len, labels)) > _LABEL_LIMIT:
        return None
    return name if _NAME.fullmatch(name) else None


def _to_ascii(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def registrable_domain(name: str) -> str | None:
    """Return the registered domain of a host name, or None if it has none.

    Args:
        name: A host name as `read_host_name` returns it, never an address.

    Returns:
        The public suffix and one label; None for a single label, an unknown
        or reverse-lookup suffix, and a label that spells an address.

    Source: publicsuffix.org, ICANN section only.

    >>> registrable_domain("pool-71-1-2-3.bb.isp.co.uk")
    'isp.co.uk'
    >>> registrable_domain("janedoe.github.io")
    'github.io'
    """
    domain: str | None = _suffixes_for(name, icann=True).privatesuffix(name)
    if domain is None or domain.endswith(".arpa"):
        return None
    return None if _SPELLS_ADDRESS.search(domain.split(".", 1)[0]) else domain


def is_hosted_name(name: str) -> bool:
    """Whether a name stands below a provider's domain where everybody gets one of their own.

    >>> is_hosted_name("janedoe.github.io"), is_hosted_name("www.example.com")
    (True, False)
    """
    lengths = (len(_suffixes_for(name, icann=icann).publicsuffix(name) or "") for icann in (True, False))
    return next(lengths) < next(lengths)

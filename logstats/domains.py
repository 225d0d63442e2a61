"""Reduce a host name to the domain somebody registered.

Only the ICANN part of the public suffix list counts: under its private part
`janedoe.github.io` would survive, and it names a person.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

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
# A rule goes up to the first blank, a comment is no rule (publicsuffix.org/list, "Format").
_RULE: Final = re.compile(r"^(?!//)\S+", re.MULTILINE)
_END_OF_ICANN: Final = "// ===END ICANN DOMAINS==="


@cache
def _rules(*, only_icann: bool, encoded: bool) -> frozenset[str]:
    """Return the rules of the list as they are written, and also in ASCII if wanted.

    publicsuffixlist ships the list, and encodes every rule when it reads it, which takes 25 ms. To find the
    rules takes 2 ms, and only a log with encoded names needs encoded rules.
    """
    text = resources.files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8").lower()
    end = text.index(_END_OF_ICANN.lower()) if only_icann else len(text)
    rules = _RULE.findall(text, 0, end)
    return frozenset((*rules, *map(_encode_rule, rules)) if encoded else rules)


def _encode_rule(rule: str) -> str:
    mark = rule[: rule.startswith("!")]
    return mark + rule.removeprefix(mark).encode("idna").decode("ascii")


def _suffix_length(labels: list[str], rules: frozenset[str]) -> int:
    """Return how many labels at the end of a name are a public suffix; 0 if no rule fits."""
    for start in range(len(labels)):
        rest, length = ".".join(labels[start:]), len(labels) - start
        if f"!{rest}" in rules:
            return length - 1
        if f"*.{rest}" in rules:
            # Without a label for its star the rule stands for the rest itself.
            return min(length + 1, len(labels))
        if rest in rules:
            return length
    return 0


def _suffix(labels: list[str], *, only_icann: bool) -> int:
    encoded = any(label.startswith(_ENCODED) for label in labels)
    return _suffix_length(labels, _rules(only_icann=only_icann, encoded=encoded))


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
    labels = name.split(".")
    length = _suffix(labels, only_icann=True)
    if not length or length == len(labels) or labels[-1] == "arpa":
        return None
    registered = labels[-length - 1 :]
    return None if _SPELLS_ADDRESS.search(registered[0]) else ".".join(registered)


def is_hosted_name(name: str) -> bool:
    """Whether a name stands below a provider's domain where everybody gets one of their own.

    >>> is_hosted_name("janedoe.github.io"), is_hosted_name("www.example.com")
    (True, False)
    """
    labels = name.split(".")
    return _suffix(labels, only_icann=False) != _suffix(labels, only_icann=True)

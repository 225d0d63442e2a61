"""Tell an address from a version, a section number or an object identifier.

A dotted quad is an address unless its surroundings say otherwise. Some
surroundings are strong (`Chrome/121.0.0.0`), others count only when the number
itself looks like a version (`libfoo_1.2.3.4_amd64`).
"""

from __future__ import annotations

import re

_PRODUCT = re.compile(r"(?:^|[\s\"'(;,\[|=+>])(\d{0,3}[A-Za-z][\w.+ -]{0,38}?)(?:/\d[\w.]*)?[/ ]?/[vV]?$")
_SECOND_PRODUCT = re.compile(r"[A-Za-z]\w*/(?:[\d.]+/)?[A-Za-z]\w*/$")
_NAMED = re.compile(r"(?:^|[;(,] ?)[A-Z]\w+ $")
_ADDRESS_WORD = re.compile(
    r"(?:ip|ipv4|addr|address|client|host|remote|visitor|peer|from|src|source|user|by|"
    r"http|https|net|forwarded[-_ ]?for)$",
    re.IGNORECASE,
)
_KEYWORD = re.compile(
    r"(?:^|[^a-z])(?:versions?|ver|rel(?:ease)?[sd]?|rev(?:ision)?s?|build|firmware|kernel|tag(?:ged)?|patch|update[sd]?|"
    r"upgrade[sd]?|since|until|before|after|bump(?:ed|s)?|requires?|sections?|sect?|chapter|clause|paragraph|figure|fig|"
    r"tables?|appendix|annex|part|article|items?|oid|rfc|asn\.?1|x\.\d{3}|draft|step|rv|nmu|policy|§+)"
    r"[\s:.=\"'(#,\[]*(?:to |in |from |of |and )?$",
    re.IGNORECASE,
)
_BUMP = re.compile(
    r"\b(?:bump|upgrade|update|downgrade|version)\w*\s+\S+\s+(?:from|to|was|is|now)\s+$|\bfrom\s+v?\d[\w.]*\s+to\s+$",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"(?:[=<>!~]=|>>|<<|[<>~^])\s?$")
_LETTER_V = re.compile(r"(?:^|[^A-Za-z])[vVr][.]?$")
_EPOCH = re.compile(r"(?:^|[^0-9A-Za-z:.])\d:$")
_LIBRARY = re.compile(r"\.(?:so|dylib|dll|jar)\.$")
_ARCHIVE = re.compile(
    r"(?:[-+~._]?(?:[a-z]+\d*)?)?\.(?:tar|t[gbx]z|zip|whl|deb|udeb|rpm|jar|dll|so|exe|msi|dmg|egg|gem|apk|orig|dsc|patch|diff|"
    r"dist-info|min|js|css|pkg|nupkg|crate|el\d|fc\d+)\b",
    re.IGNORECASE,
)
_REVISION = re.compile(r"(?:[-+~](?!\d{1,3}\.\d{1,3}\.\d)[0-9A-Za-z]|[A-Za-z_])")
_LISTED = re.compile(r"^(?:[a-z]{2}\s+)?[\s*+-]*[A-Za-z][\w.+:-]*[\s=@(:,|\"']{1,40}$")
_HEADING = re.compile(r"^[#=*\-\s\[§]*$")
_AFTER_HEADING = re.compile(
    r"^(?:[.:]?$|[.)\]:,]*\s+(?:/\s|\(|[A-Z][a-z]|\d{4}-\d\d|\.{3})|\s*[-–(/:]+\s*[(\d]|[.):]\s)"
)


def looks_like_version(octets: tuple[int, ...]) -> bool:
    """Whether four numbers could well be a version: small at the front, few digits in all.

    >>> looks_like_version((1, 12, 34, 2)), looks_like_version((203, 0, 113, 77))
    (True, False)
    """
    return octets[0] < 60 and sum(len(str(octet)) for octet in octets) <= 8


def is_small(octets: tuple[int, ...]) -> bool:
    """Whether all four numbers are small and not the same: one address in 1,700, most versions of four parts.

    >>> is_small((1, 8, 4, 3)), is_small((8, 8, 8, 8))
    (True, False)
    """
    return octets[0] < 10 and max(octets) < 64 and len(set(octets)) > 1


def is_version(before: str, octets: tuple[int, ...], after: str) -> bool:
    """Whether a dotted quad is a version or a number of a section, by what stands around it.

    Args:
        before: Up to 40 characters before it on the same line.
        octets: The four numbers.
        after: What follows it on the same line; a few characters are enough.
    """
    if octets[0] >= 192 and octets[3] != 0:  # no product has come that far
        return False
    if product := _PRODUCT.search(before):
        return not _ADDRESS_WORD.search(product[1])
    if _strong(before, after):
        return octets[0] < 150 or octets[3] == 0
    return looks_like_version(octets) and _weak(before, octets, after)


def _strong(before: str, after: str) -> bool:
    if _LETTER_V.search(before) or _COMPARED.search(before) or _LIBRARY.search(before):
        return True
    return bool(_KEYWORD.search(before) or _BUMP.search(before) or _ARCHIVE.match(after))


def _weak(before: str, octets: tuple[int, ...], after: str) -> bool:
    if (
        is_small(octets)
        and before.strip(" \t\"'[(")
        and not _ADDRESS_WORD.search(before.rstrip(" =@(:,|\"'\t["))
    ):
        return True
    if _SECOND_PRODUCT.search(before) or (_NAMED.search(before) and after[:1] in ("", ";", ")", ",")):
        return True
    last = before[-1:]
    if last.isalpha() or _EPOCH.search(before) or _REVISION.match(after):
        return True
    if last in ("_", "-", "@") and before[-2:-1].isalnum() and not _hostlike(after):
        return True
    if octets[0] < 3 and octets[1] < 40 and _HEADING.match(before) is None and "oid" in before.lower():
        return True
    if _LISTED.match(before) and not _ADDRESS_WORD.search(before.rstrip(" =@(:,|\"'\t")):
        return after[:1] in ("", " ", "\t", ")", ",", ";", "]", '"', "'", "|")
    return bool(
        _HEADING.match(before)
        and _AFTER_HEADING.match(after)
        and (before.strip() not in ("", "[") or after.strip())
    )


def _hostlike(after: str) -> bool:
    return bool(re.match(r"[-.][A-Za-z]", after))

"""Personal data that gives itself away by its shape: e-mail, card, IBAN, SSN, phone, token, place, secret.

Numbers have to pass the test that their kind has, so that an identifier or a
time is not taken for a card.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import unquote

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding, mask_value
from logstats.audit.pieces import Text

_ID: Final = "personal-data"
_NOT_DOMAINS: Final = {
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "avif",
    "ico",
    "css",
    "js",
    "map",
    "html",
    "htm",
    "php",
    "mp4",
    "woff",
    "woff2",
    "service",
    "x",
}
# digits of an IBAN by country (ISO 13616), the larger part of the registry
_IBAN_LENGTHS: Final = dict(
    part.split(":")
    for part in (
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 "
        "DE:22 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 "
        "HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 "
        "LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 "
        "QA:29 RO:24 RS:22 SA:24 SC:31 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 "
        "VA:22 VG:24 XK:20 "
    ).split()
)


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of a card number (ISO/IEC 7812-1 annex B)."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    issued = re.match(r"4|5[1-5]|2[2-7]|3[47]|3[0689]|6(?:011|4[4-9]|5)|35|62", digits)
    return bool(issued) and len(digits) in (13, 14, 15, 16, 19) and len(set(digits)) > 1 and is_luhn(digits)


def _is_iban(text: str) -> bool:
    plain = re.sub(r"[ -]", "", text).upper()
    if _IBAN_LENGTHS.get(plain[:2]) != str(len(plain)):
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def _is_ssn(text: str) -> bool:
    area, group, serial = re.split(r"\D", text)
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _is_mail(text: str) -> bool:
    return text.rsplit(".", 1)[1].lower() not in _NOT_DOMAINS and not re.search(r"@\d+x?\.", text)


def _is_jwt(text: str) -> bool:
    head = text.split(".", maxsplit=1)[0]
    try:
        return isinstance(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))), dict)
    except (binascii.Error, ValueError):
        return False


def _is_place(text: str) -> bool:
    latitude, longitude = re.split(r"[,;]|%2[cC]", text)
    return abs(float(latitude)) <= 90 and abs(float(longitude)) <= 180


def _always(text: str) -> bool:
    return bool(text)


def _is_secret(text: str) -> bool:
    value = text.split("=", 1)[1]
    return not re.fullmatch(r"[*x.-]+|\{\w+\}|(?i:redacted|true|false|null|none|removed)", value)


# kind, pattern for polars (linear, no look-around), what a match must pass
_KINDS: Final[tuple[tuple[str, str, Callable[[str], bool]], ...]] = (
    (
        "e-mail address",
        r"[A-Za-z0-9._+-]{1,64}(?:@|%40|&#64;|&commat;)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}\b",
        lambda t: _is_mail(re.sub("%40|&#64;|&commat;", "@", t)),
    ),
    ("card number", r"\b[2-6][0-9]{3}(?:[ -]?[0-9]){9,15}\b", _is_card),
    ("IBAN", r"\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}\b", _is_iban),
    ("social security number", r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", _is_ssn),
    ("social security number", r"(?i)\b(?:ssn|social)[a-z_-]{0,12}[=: ]{1,2}[0-9]{9}\b", _always),
    (
        "phone number",
        r"\+[1-9][0-9]{0,2}[ .-]?\(?[0-9]{2,4}\)?(?:[ .-]?[0-9]{2,4}){2,4}\b",
        lambda t: 9 <= len(re.sub(r"\D", "", t)) <= 15,
    ),
    ("phone number", r"(?:\(|\b)[2-9][0-9]{2}(?:\) ?|[.-])[2-9][0-9]{2}[.-][0-9]{4}\b", _always),
    ("web token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", _is_jwt),
    ("coordinates", r"[-+]?[0-9]{1,2}\.[0-9]{4,}(?:,|;|%2[cC])[-+]?[0-9]{1,3}\.[0-9]{4,}", _is_place),
    (
        "secret",
        r"(?i)(?:^|[?&;])(?:pass(?:wd|word)?|pwd|token|secret|api[_-]?key|access[_-]?token|session(?:id)?|sid|auth|otp)=[^&\s\"'<>;]{3,}",
        _is_secret,
    ),
    (
        "birth date with zip code or gender",
        r"(?i)[?&](?:[a-z_]*(?:dob|birth)[a-z_]*=[^&\s]+.*[?&](?:zip|postcode|plz|gender|sex)[a-z_]*=[^&\s]+|(?:zip|postcode|plz|gender|sex)[a-z_]*=[^&\s]+.*[?&][a-z_]*(?:dob|birth)[a-z_]*=[^&\s]+)",
        _always,
    ),
)
_ENCODED: Final = r"[^\s\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*"


class _Personal(Examiner):
    """Every kind over every text, as it stands and percent-decoded."""

    def text(self, text: Text) -> Iterable[Finding]:
        """Look for each kind among the distinct matches of its pattern."""
        for kind, pattern, passes in _KINDS:
            for found, index, count in text.distinct(pattern).iter_rows():
                if passes(found):
                    yield Finding(text.file, text.place(index), _ID, kind, mask_value(found), count)
        for word, index, count in text.distinct(_ENCODED).iter_rows():
            plain = unquote(unquote(word))
            for kind, pattern, passes in _KINDS:
                for match in re.finditer(pattern, plain):
                    if passes(match[0]) and match[0] not in word:
                        yield Finding(
                            text.file,
                            text.place(index),
                            _ID,
                            f"{kind}, percent-encoded",
                            mask_value(match[0]),
                            count,
                        )


CHECK = Check(
    _ID,
    "No e-mail address, card, bank account, social security or phone number or secret stands in an output",
    _Personal,
)

"""What the audit says: a file, a place, a kind and a masked value, never the value.

The audit's own output must pass the audit, so a finding is built only from
masked values, and a file name goes through `notations.mask_text` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address


class Level(StrEnum):
    """How much a finding weighs: a leak, something that could not be checked, a remark."""

    FINDING = "finding"
    INCONCLUSIVE = "inconclusive"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is not as promised.

    `place` is a line, a row with its column, a byte or a field. `masked` never
    holds the value; it tells enough to find it again at the place.
    """

    file: str
    place: str
    check: str
    kind: str
    masked: str = ""
    count: int = 1
    level: Level = Level.FINDING


def mask_address(address: Address) -> str:
    """Return the first 16 bits (IPv4) or 32 bits (IPv6) of an address, the rest as x.

    >>> mask_address(IPv4Address("203.0.113.77"))
    '203.0.x.x'
    >>> mask_address(IPv6Address("2001:db8::77"))
    '2001:db8:x:x'
    """
    parts = address.exploded.split("." if address.version == 4 else ":")
    if address.version == 4:
        return f"{parts[0]}.{parts[1]}.x.x"
    return f"{int(parts[0], 16):x}:{int(parts[1], 16):x}:x:x"


def mask_value(value: str) -> str:
    """Return how long a value is and nothing else of it.

    >>> mask_value("hunter2")
    '(7 characters)'
    """
    return f"({len(value)} characters)"

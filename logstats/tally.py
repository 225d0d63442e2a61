"""The account of lines: read = parsed + blank + rejected; parsed = hits + filtered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

# Why a line is no hit, in words.
REASONS: Final[dict[str, str]] = {
    "no_format": "fits no format",
    "bad_time": "its time is none",
    "too_long": "longer than 64 KiB",
}


@dataclass(slots=True)
class Tally:
    """How many lines were read and what became of them.

    >>> a = Tally(read=3, parsed=2, rejected=Counter(no_format=1))
    >>> a.add(Tally(read=1, blank=1))
    >>> a.read, a.balances()
    (4, True)
    """

    read: int = 0
    parsed: int = 0
    blank: int = 0
    filtered: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count the lines of another tally too."""
        self.read += other.read
        self.parsed += other.parsed
        self.blank += other.blank
        self.filtered += other.filtered
        self.rejected.update(other.rejected)

    def balances(self) -> bool:
        """Whether every line read is accounted for."""
        return self.read == self.parsed + self.blank + self.rejected.total()

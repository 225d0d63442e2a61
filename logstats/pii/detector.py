"""What a detector is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from logstats.frozen import frozen

# What several detectors need.
MARK: Final = "[@=~:]"
FOUR_DIGITS: Final = "[0-9](?:[ +._-]?[0-9]){3}"
LONG_WORD: Final = "[A-Za-z0-9_-]{15}"


@frozen
class Detector:
    """One kind of personal data: a cheap gate and an exact replacement.

    `gate` is a pattern in the dialect of polars (no look-around); `scrub` changes no
    text that the gate does not match, nor one that `needs` does not match: a pattern
    that several detectors share, looked for once for all of them. A test holds them together.
    """

    name: str
    gate: str
    scrub: Callable[[str], str]
    needs: str = ""

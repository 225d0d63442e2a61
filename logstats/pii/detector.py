"""What a detector is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of personal data: a cheap gate and an exact replacement.

    `gate` is a pattern in the dialect of polars (no look-around); `scrub` changes no
    text that the gate does not match. A test holds the two together.
    """

    name: str
    gate: str
    scrub: Callable[[str], str]

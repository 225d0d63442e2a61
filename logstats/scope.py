"""Which hits count: days, people and bots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

# What `--bots` may say about hits of known bots.
BOTS_APART: Final = "apart"
BOTS_LEFT_OUT: Final = "exclude"
BOTS_ONLY: Final = "only"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which hits count: days from first to last (both included), people and bots."""

    timezone: str = "UTC"
    since: date | None = None
    until: date | None = None
    bots: str = BOTS_APART

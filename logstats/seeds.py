"""The random numbers of one run, which turn values into keys and visitors into tokens.

They come from the system's source of randomness, never leave the process, and
differ in every run: what a client writes cannot be aimed at a collision, and no
token of one run says anything to another.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import field

import polars as pl

from logstats.frozen import frozen


@frozen
class Seeds:
    """One secret a run, and the numbers made of it."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def number(self, *labels: str | int) -> int:
        """Return a 63-bit number of its own for labels, always the same within the run."""
        text = "\x1f".join(str(label) for label in labels).encode()
        return int.from_bytes(hashlib.blake2b(text, key=self.secret, digest_size=8).digest()) >> 1

    def hash_text(self, texts: pl.Series, purpose: str) -> pl.Series:
        """Return a 64-bit key of each text (or struct); equal texts of one purpose have equal keys.

        A seeded hash that is not cryptographic is enough: the keys never leave the process.
        """
        return texts.hash(self.number(purpose))

    def hash_values(self, values: pl.DataFrame, labels: pl.Expr, purpose: str) -> pl.Series:
        """Return a key of each row of a table; see `hash_text`."""
        return values.select(labels.hash(self.number(purpose))).to_series()

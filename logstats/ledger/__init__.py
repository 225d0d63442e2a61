"""The account of all runs: one line a run, each with the digest of the one before it.

A line's head depends on everything before it, so that an edit, a deletion or
another order is found. Lines cut off at the end are found by a head that was
published, as in every report's footer.

The line is canonical JSON: keys sorted, no blanks, ASCII, no fractions
(this subset is the same in RFC 8785).
"""

from __future__ import annotations

from logstats.ledger.chain import (
    STORE_LEDGER,
    LedgerEntry,
    LedgerEvent,
    LedgerProblem,
    head_of,
    record_event,
    record_event_after,
    record_run,
    verify_ledger,
)
from logstats.ledger.manifest import InputRecord, Manifest, canonical, commit_input, make_nonce
from logstats.ledger.nonces import keep_nonce, nonces_of, verify_inputs
from logstats.ledger.signing import sign_ledger, verify_signature

__all__ = [
    "STORE_LEDGER",
    "InputRecord",
    "LedgerEntry",
    "LedgerEvent",
    "LedgerProblem",
    "Manifest",
    "canonical",
    "commit_input",
    "head_of",
    "keep_nonce",
    "make_nonce",
    "nonces_of",
    "record_event",
    "record_event_after",
    "record_run",
    "sign_ledger",
    "verify_inputs",
    "verify_ledger",
    "verify_signature",
]

"""The secrets behind the commitments to inputs, in a file beside the ledger that is for the auditor alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from logstats.errors import OutputError
from logstats.ledger.chain import LedgerEntry, LedgerProblem
from logstats.ledger.manifest import canonical, commit_input


def nonces_of(ledger: Path) -> Path:
    """Return the file that holds the nonces of a ledger's runs."""
    return ledger.with_name(ledger.name + ".nonces")


def keep_nonce(ledger: Path, entry: LedgerEntry, nonce: bytes) -> None:
    """Append the nonce of a run to the file beside the ledger (mode 0600).

    Raises:
        OutputError: It cannot be written.
    """
    path = nonces_of(ledger)
    line = canonical({"seq": entry.seq, "nonce": nonce.hex()}) + b"\n"
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None


def verify_inputs(ledger: Path, logs: Iterable[Path]) -> list[LedgerProblem]:
    """Return which logs are not what a run of the ledger read under their name; nothing if all is well.

    A log that no run names, or whose nonce is gone, is a problem too: nothing is known of it.
    """
    nonces = {entry.get("seq"): entry.get("nonce") for entry in _entries(nonces_of(ledger))}
    known: dict[str, list[tuple[str, str]]] = {}
    for entry in _entries(ledger):
        nonce = nonces.get(entry.get("seq"))
        inputs = entry.get("statement", {}).get("predicate", {}).get("inputs", [])
        for one in inputs if nonce else ():
            known.setdefault(one["name"], []).append((str(nonce), one["commitment"]))
    return [problem for log in logs for problem in _verify(log, known.get(log.name, []))]


def _verify(log: Path, known: list[tuple[str, str]]) -> list[LedgerProblem]:
    if not known:
        return [LedgerProblem(0, f"{log.name}: no run of the ledger can be shown to have read it")]
    try:
        same = any(commit_input(log, bytes.fromhex(nonce)).commitment == told for nonce, told in known)
    except OSError:
        return [LedgerProblem(0, f"{log.name}: cannot be read")]
    return [] if same else [LedgerProblem(0, f"{log.name}: not what the run read that the ledger tells of")]


def _entries(path: Path) -> list[dict[str, Any]]:
    """Return the lines that can be read; the chain says which are broken."""
    found = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found

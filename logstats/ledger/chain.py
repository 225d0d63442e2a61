"""The chain: a line is appended under a lock, and a chain that was touched is told from one that was not."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from logstats.errors import OutputError, StoreError
from logstats.frozen import frozen
from logstats.ledger.manifest import (
    STATEMENT,
    Manifest,
    canonical,
    file_digest,
    statement_of,
    text_of_now,
    without_secrets,
)

EVENT: Final = "urn:logstats:event:1"
START: Final = "0" * 64  # the digest before the first line
STORE_LEDGER: Final = "ledger.jsonl"  # in the directory of a store


@frozen
class LedgerEntry:
    """A line's place in the ledger: its number from 1, and the digest of it and all before it."""

    seq: int
    head: str


@frozen
class LedgerEvent:
    """An event that is no run: the line's number, what happened, when, and further facts."""

    seq: int
    what: str
    at: str
    details: Mapping[str, Any]


@frozen
class LedgerProblem:
    """What is wrong with a ledger: the line's number (0 for the whole) and a sentence."""

    seq: int
    kind: str


def record_run(ledger_path: Path, manifest: Manifest) -> LedgerEntry:
    """Append a run to the ledger and return its place.

    The line is written in one piece, flushed to disk, under a lock.

    Raises:
        StoreError: The ledger is no regular file, or its last line is broken.
        OutputError: It cannot be written.
    """
    return _append(ledger_path, lambda _: statement_of(manifest))


def record_event(
    ledger_path: Path, what: str, subject: str, details: Mapping[str, Any] | None = None
) -> LedgerEntry:
    """Append an event that is no run: a raw log was deleted, a key destroyed.

    Args:
        ledger_path: The ledger.
        what: `log-deleted`, `key-destroyed` or the like.
        subject: A file's name or a period; never a value of a log.
        details: Further facts, without secrets.
    """
    return record_event_after(ledger_path, what, subject, lambda _: details or {})


def record_event_after(
    ledger_path: Path,
    what: str,
    subject: str,
    judge: Callable[[list[LedgerEvent]], Mapping[str, Any]],
) -> LedgerEntry:
    """Append an event whose details depend on all events before it.

    Nobody can append between what `judge` sees and the line that is written; if it raises,
    nothing is written.

    Raises:
        StoreError: The ledger is no regular file, or a line of it is broken.
        OutputError: It cannot be written.
    """

    def state(content: bytes) -> dict[str, Any]:
        details = dict(judge(_events(ledger_path, content)))
        return {
            "_type": STATEMENT,
            "subject": [{"name": subject}],
            "predicateType": EVENT,
            "predicate": {"what": what, "at": text_of_now(), "details": without_secrets(details)},
        }

    return _append(ledger_path, state)


def _events(path: Path, content: bytes) -> list[LedgerEvent]:
    """Return the events of a ledger in their order."""
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = json.loads(line)
            if entry["statement"]["predicateType"] == EVENT:
                told = entry["statement"]["predicate"]
                found.append(LedgerEvent(entry["seq"], told["what"], told["at"], dict(told["details"])))
        except (ValueError, KeyError, TypeError):
            raise StoreError(
                f"{path}: line {number} of the ledger is broken; see `logstats audit --ledger`"
            ) from None
    return found


def _append(path: Path, statement: Callable[[bytes], dict[str, Any]]) -> LedgerEntry:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise OutputError(f"{path}: the ledger cannot be opened ({error.strerror})") from None
    with os.fdopen(descriptor, "r+b") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise StoreError(f"{path}: the ledger is no regular file")
        fcntl.flock(stream, fcntl.LOCK_EX)
        content = stream.read()
        seq, before = _last(path, content)
        line = canonical({"seq": seq + 1, "before": before, "statement": statement(content)}) + b"\n"
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())
    return LedgerEntry(seq + 1, hashlib.sha256(line).hexdigest())


def _last(path: Path, content: bytes) -> tuple[int, str]:
    if not content:
        return 0, START
    if not content.endswith(b"\n"):
        raise StoreError(f"{path}: the last line of the ledger is cut off; see `logstats audit --ledger`")
    last = content[:-1].rsplit(b"\n", 1)[-1] + b"\n"
    try:
        return int(json.loads(last)["seq"]), hashlib.sha256(last).hexdigest()
    except (ValueError, KeyError, TypeError):
        raise StoreError(
            f"{path}: the last line of the ledger is broken; see `logstats audit --ledger`"
        ) from None


def head_of(path: Path) -> LedgerEntry | None:
    """Return the place of the ledger's last line, or None if there is no line."""
    content = path.read_bytes() if path.exists() else b""
    seq, head = _last(path, content)
    return LedgerEntry(seq, head) if content else None


def verify_ledger(
    path: Path, outputs: Iterable[Path] = (), *, expect_head: str | None = None
) -> list[LedgerProblem]:
    """Return what is wrong with a ledger and with the outputs that it names; nothing if all is well.

    Args:
        path: The ledger.
        outputs: Files to be held against the digests in the ledger, by name; the last run that made
            a name counts.
        expect_head: The head, or its first 16 or more digits, that somebody saw published. It
            must be in the chain: what was cut off after it is found.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return [LedgerProblem(0, "the ledger cannot be read")]
    problems: list[LedgerProblem] = []
    if lines.pop() != b"":
        problems.append(LedgerProblem(len(lines) + 1, "the last line is cut off"))
    heads, made = [], {}
    for entry in _chain(lines, problems):
        heads.append(entry[0])
        made.update({one["name"]: one.get("digest", {}).get("sha256") for one in entry[1] if "digest" in one})
    if expect_head and not any(head.startswith(expect_head.lower()) for head in heads):
        problems.append(
            LedgerProblem(0, "the expected head is not in the chain: lines were cut off or changed")
        )
    return problems + list(_changed(outputs, made))


def _chain(lines: list[bytes], problems: list[LedgerProblem]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield (head, subjects) of each line; note where the chain does not hold."""
    before = START
    for number, line in enumerate(lines, start=1):
        head = hashlib.sha256(line + b"\n").hexdigest()
        try:
            entry = json.loads(line)
            fits = canonical(entry) == line
            found = (entry["seq"], entry["before"], entry["statement"]["subject"])
        except (ValueError, KeyError, TypeError, OutputError):
            problems.append(LedgerProblem(number, "the line is no entry of a ledger"))
            before = head
            continue
        if not fits:
            problems.append(LedgerProblem(number, "the line is not in canonical form"))
        if found[0] != number:
            problems.append(
                LedgerProblem(number, "the line has another number: lines are missing or in another order")
            )
        if found[1] != before:
            problems.append(
                LedgerProblem(number, "the line does not follow the one before it: something was changed")
            )
        yield head, found[2]
        before = head


def _changed(outputs: Iterable[Path], made: dict[str, str | None]) -> Iterator[LedgerProblem]:
    for path in outputs:
        if path.name not in made:
            yield LedgerProblem(0, f"{path.name}: no run of the ledger made it")
        elif file_digest(path) != made[path.name]:
            yield LedgerProblem(0, f"{path.name}: changed since the run that made it")

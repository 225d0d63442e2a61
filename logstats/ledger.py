"""The account of all runs: one line a run, each with the digest of the one before it.

A line's head depends on everything before it, so that an edit, a deletion or
another order is found. Lines cut off at the end are found by a head that was
published, as in every report's footer.

The line is canonical JSON: keys sorted, no blanks, ASCII, no fractions
(this subset is the same in RFC 8785).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import stat
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from logstats import __version__
from logstats.errors import OutputError, StoreError

STATEMENT: Final = "https://in-toto.io/Statement/v1"
RUN: Final = "urn:logstats:run:1"
EVENT: Final = "urn:logstats:event:1"
START: Final = "0" * 64  # the digest before the first line
_SECRET_NAMES: Final = ("key", "secret", "password", "token", "nonce", "salt")
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A line's place in the ledger: its number from 1, and the digest of it and all before it."""

    seq: int
    head: str


@dataclass(frozen=True, slots=True)
class LedgerProblem:
    """What is wrong with a ledger: the line's number (0 for the whole) and a sentence."""

    seq: int
    kind: str


@dataclass(frozen=True, slots=True)
class InputRecord:
    """An input by its commitment: nobody can guess a tiny log's content from it without the nonce."""

    name: str
    bytes: int
    commitment: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is told of a run. No secret and no text of a log stands in it.

    `configuration` may hold strings, whole numbers, booleans, lists and tables;
    `counts` are lines by what became of them; `keys` says when keys were made and destroyed.
    """

    inputs: tuple[InputRecord, ...]
    outputs: tuple[Path, ...]
    policy: Mapping[str, Any]
    counts: Mapping[str, int]
    configuration: Mapping[str, Any] = field(default_factory=dict)
    period: Mapping[str, str | None] = field(default_factory=dict)
    keys: tuple[Mapping[str, str], ...] = ()
    started: datetime | None = None


def canonical(content: object) -> bytes:
    """Return JSON of which there is one form only: sorted keys, no blanks, ASCII.

    Raises:
        OutputError: A fraction is in it; two programs may write it differently.

    >>> canonical({"b": 1, "a": "é"})
    b'{"a":"\\\\u00e9","b":1}'
    """
    _refuse_fractions(content)
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _refuse_fractions(content: object) -> None:
    match content:
        case float():
            raise OutputError("a ledger holds whole numbers only")
        case dict():
            for value in content.values():
                _refuse_fractions(value)
        case list() | tuple():
            for value in content:
                _refuse_fractions(value)
        case _:
            pass


def commit_input(path: Path, nonce: bytes) -> InputRecord:
    """Return the record of an input: name, size, and sha256(nonce, content). The file is read once."""
    digest, size = hashlib.sha256(nonce), 0
    with path.open("rb") as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
            size += len(block)
    return InputRecord(path.name, size, digest.hexdigest())


def make_nonce() -> bytes:
    """Return the secret of a run's commitments; keep it for the auditor in a file of mode 0600."""
    return secrets.token_bytes(32)


def record_run(ledger_path: Path, manifest: Manifest) -> LedgerEntry:
    """Append a run to the ledger and return its place.

    The line is written in one piece, flushed to disk, under a lock.

    Raises:
        StoreError: The ledger is no regular file, or its last line is broken.
        OutputError: It cannot be written.
    """
    return _append(ledger_path, lambda: _statement(manifest))


def record_event(
    ledger_path: Path, what: str, subject: str, details: Mapping[str, Any] | None = None
) -> LedgerEntry:
    """Append an event that is no run: a raw log or a key was deleted, a period superseded.

    Args:
        ledger_path: The ledger.
        what: `log-deleted`, `key-destroyed`, `superseded` or the like.
        subject: A file's name or a period; never a value of a log.
        details: Further facts, without secrets.
    """
    predicate = {"what": what, "at": _now(), "details": _without_secrets(dict(details or {}))}
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": subject}],
        "predicateType": EVENT,
        "predicate": predicate,
    }
    return _append(ledger_path, lambda: statement)


def _statement(manifest: Manifest) -> dict[str, Any]:
    subject = [{"name": path.name, "digest": {"sha256": _file_digest(path)}} for path in manifest.outputs]
    inputs = [{"name": one.name, "bytes": one.bytes, "commitment": one.commitment} for one in manifest.inputs]
    predicate = {
        "tool": {"name": "logstats", "version": __version__},
        "policy": _plain(manifest.policy),
        "period": dict(manifest.period),
        "inputs": inputs,
        "counts": dict(manifest.counts),
        "configuration": _without_secrets(_plain(manifest.configuration)),
        "keys": [dict(key) for key in manifest.keys],
        "environment": environment_facts(),
        "started": _now() if manifest.started is None else _text_of(manifest.started),
        "ended": _now(),
    }
    return {"_type": STATEMENT, "subject": subject, "predicateType": RUN, "predicate": predicate}


def environment_facts() -> dict[str, Any]:
    """Return what the system says of this process: core limit, spilling, kind of temporary directory, umask."""
    import resource

    temporary = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 -- named, not used
    return {
        "core_limit_bytes": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "spill_budget_mb": os.environ.get("POLARS_OOC_DISK_BUDGET_MB", "unset"),
        "temporary_directory": _file_system(temporary),
        "system": os.uname().sysname,
    }


def _file_system(path: Path) -> str:
    """Return the type of the file system that a path is on, by the longest mount point above it."""
    found, longest = "unknown", -1
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return found
    for line in mounts.splitlines():
        point, kind = line.split(" ")[1:3]
        if path.is_relative_to(point) and len(point) > longest:
            found, longest = kind, len(point)
    return found


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON knows them; fractions become text."""
    found: dict[str, Any] = json.loads(json.dumps(dict(values), default=str), parse_float=str)
    return found


def _without_secrets(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: "(secret)"
        if any(word in name.lower() for word in _SECRET_NAMES) and isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _now() -> str:
    return _text_of(datetime.now(UTC))


def _text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _append(path: Path, statement: Any) -> LedgerEntry:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise OutputError(f"{path}: the ledger cannot be opened ({error.strerror})") from None
    with os.fdopen(descriptor, "r+b") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise StoreError(f"{path}: the ledger is no regular file")
        fcntl.flock(stream, fcntl.LOCK_EX)
        seq, before = _last(path, stream.read())
        line = canonical({"seq": seq + 1, "before": before, "statement": statement()}) + b"\n"
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
        elif _file_digest(path) != made[path.name]:
            yield LedgerProblem(0, f"{path.name}: changed since the run that made it")


def sign_ledger(path: Path, key: Path) -> Path:
    """Sign the ledger with `ssh-keygen -Y sign` and return the signature's path.

    Raises:
        OutputError: ssh-keygen is missing or refuses the key.
    """
    signature = path.with_name(path.name + ".sig")
    signature.unlink(missing_ok=True)
    command = ["ssh-keygen", "-Y", "sign", "-n", "logstats", "-f", str(key), str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 -- fixed words and two paths
    except (OSError, subprocess.CalledProcessError):
        raise OutputError(f"{path}: ssh-keygen cannot sign with this key") from None
    return signature


def verify_signature(path: Path, allowed_signers: Path, identity: str) -> bool:
    """Whether the signature beside a ledger is by one of the allowed signers (ssh-keygen(1))."""
    command = ["ssh-keygen", "-Y", "verify", "-n", "logstats", "-f", str(allowed_signers), "-I", identity]
    try:
        with path.open("rb") as content:
            done = subprocess.run(  # noqa: S603 -- the same
                [*command, "-s", f"{path}.sig"], stdin=content, capture_output=True, check=False
            )
    except OSError:
        return False
    return done.returncode == 0

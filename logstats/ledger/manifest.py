"""What is told of a run: inputs by commitment, outputs by digest, the policy, counts and settings.

Canonical JSON without fractions, so that a digest names one content only. No
secret and no text of a log stands in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from logstats import __version__
from logstats.errors import OutputError
from logstats.frozen import frozen

STATEMENT: Final = "https://in-toto.io/Statement/v1"
RUN: Final = "urn:logstats:run:1"
_SECRET_NAMES: Final = ("key", "secret", "password", "token", "nonce", "salt")
_READ_BYTES: Final = 1 << 20


@frozen
class InputRecord:
    """An input by its commitment: nobody can guess a tiny log's content from it without the nonce."""

    name: str
    bytes: int
    commitment: str


@frozen
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
    r"""Return JSON of which there is one form only: sorted keys, no blanks, ASCII.

    Raises:
        OutputError: A fraction is in it; two programs may write it differently.

    >>> canonical({"b": 1, "a": "é"})
    b'{"a":"\\u00e9","b":1}'
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


def statement_of(manifest: Manifest) -> dict[str, Any]:
    """Return a run as an in-toto Statement: outputs by digest, all else in the predicate."""
    subject = [{"name": path.name, "digest": {"sha256": file_digest(path)}} for path in manifest.outputs]
    inputs = [{"name": one.name, "bytes": one.bytes, "commitment": one.commitment} for one in manifest.inputs]
    predicate = {
        "tool": {"name": "logstats", "version": __version__},
        "policy": _plain(manifest.policy),
        "period": dict(manifest.period),
        "inputs": inputs,
        "counts": dict(manifest.counts),
        "configuration": without_secrets(_plain(manifest.configuration)),
        "keys": [dict(key) for key in manifest.keys],
        "environment": environment_facts(),
        "started": text_of_now() if manifest.started is None else text_of(manifest.started),
        "ended": text_of_now(),
    }
    return {"_type": STATEMENT, "subject": subject, "predicateType": RUN, "predicate": predicate}


def environment_facts() -> dict[str, Any]:
    """Return what the system says of this process: core limit, spilling, file system for temporary files."""
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


def without_secrets(values: dict[str, Any]) -> dict[str, Any]:
    """Return settings without the values of those that are named like a secret."""
    return {
        name: "(secret)"
        if any(word in name.lower() for word in _SECRET_NAMES) and isinstance(value, str)
        else value
        for name, value in values.items()
    }


def text_of_now() -> str:
    """Return the time now, in UTC, to the second."""
    return text_of(datetime.now(UTC))


def text_of(moment: datetime) -> str:
    """Return a time in UTC, to the second, as ISO 8601."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

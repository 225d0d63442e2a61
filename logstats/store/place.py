"""The store's directory: who may read it, the key of its fingerprints, and who works in it now."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from logstats.errors import StoreError

DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600
KEY_NAME: Final = "fingerprint.key"
LOCK_NAME: Final = "lock"
KEY_BYTES: Final = 32


class LockHeld(StoreError):
    """Another run works in this store."""

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(
            f"{directory}: another run works in this store ({holder}); try again when it is done"
        )


def make_directory(directory: Path, *, create: bool) -> None:
    """Make the directory of a store, or check that nobody else can read it.

    Raises:
        StoreError: It is missing, is no directory, belongs to somebody else, or others may read it.
    """
    if create and not directory.exists():
        try:
            directory.mkdir(mode=DIRECTORY_MODE, parents=True)
        except OSError as error:
            raise StoreError(f"{directory}: cannot be made ({_reason(error)})") from None
    try:
        status = directory.stat()
    except OSError as error:
        raise StoreError(
            f"{directory}: no store here ({_reason(error)}); `logstats collect` makes one"
        ) from None
    if not stat.S_ISDIR(status.st_mode):
        raise StoreError(f"{directory}: a store is a directory, this is none")
    if status.st_uid != os.geteuid():
        raise StoreError(f"{directory}: belongs to another user; run as that user")
    if status.st_mode & 0o077:
        raise StoreError(f"{directory}: others may read it; run `chmod 700 {directory}`")


def read_key(directory: Path) -> bytes:
    """Return the key of the store's fingerprints; it is made when there is none yet.

    Raises:
        StoreError: It cannot be read or made, or is no key.
    """
    path = directory / KEY_NAME
    try:
        if not path.exists():
            _make_key(directory, path)
        key = bytes.fromhex(path.read_text("ascii"))
    except OSError as error:
        raise StoreError(f"{path}: cannot be used ({_reason(error)})") from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(f"{path}: is no key of {KEY_BYTES} bytes; restore it from a backup of the store")
    return key


def _make_key(directory: Path, path: Path) -> None:
    """Write a new key whole or not at all: a run may be killed in between."""
    made = directory / f".{KEY_NAME}.{os.getpid()}"
    made.unlink(missing_ok=True)
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{secrets.token_hex(KEY_BYTES)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        made.rename(path)
        sync_directory(directory)
    finally:
        made.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Let a rename in a directory outlive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def lock_store(directory: Path, purpose: str, *, create: bool = True) -> Iterator[None]:
    """Keep others out of a store while working in it.

    The system lets go of the lock when its holder ends, however it ends; so what a
    dead run left is taken over, and nobody has to delete a file.

    Raises:
        LockHeld: Says who holds it, and since when.
        StoreError: There is no store, or its directory cannot be written.
    """
    make_directory(directory, create=create)
    path = directory / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened ({_reason(error)})") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LockHeld(directory, _holder(descriptor)) from None
        _sign(descriptor, path, purpose)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _sign(descriptor: int, path: Path, purpose: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    text = json.dumps({"pid": os.getpid(), "host": os.uname().nodename, "run": purpose, "since": since})
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({_reason(error)})") from None


def _holder(descriptor: int) -> str:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return f"{told['run']}, process {told['pid']} on {told['host']} since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it has just begun"


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()

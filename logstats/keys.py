"""The key that turns addresses into tokens: one site, one UTC day, then destroyed.

A key lives in memory. It may live in a file only for several runs over one day,
and a file that others could have read is refused. No key comes from an option or
the environment.
"""

from __future__ import annotations

import base64
import glob
import hashlib
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import polars as pl

from logstats.errors import UsageError
from logstats.frozen import frozen

KEY_BYTES: Final = 32
# The UTC day the key belongs to, and the morning after for a late nightly run.
OLDEST_HOURS: Final = 36
_PERSON: Final = b"logstats-address"
_DIGEST_BYTES: Final = 8
_TOKEN_SIGNS: Final = 13  # 64 bits in base32
_DAY_SECONDS: Final = 86_400
# A key file is empty for a moment while another run makes it.
_WRITING_TRIES: Final = 20
_WRITING_SECONDS: Final = 0.02
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class KeyRefused(UsageError):
    """A key file that cannot be trusted, or that is not to be used any more."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}; remove it and let a new key be made")


@frozen
class DayKey:
    """A key of one UTC day; its bytes are never shown."""

    day: date
    secret: bytes = field(repr=False)


def new_key(day: date) -> DayKey:
    """Return a fresh key that nobody else knows."""
    return DayKey(day, secrets.token_bytes(KEY_BYTES))


def _site_salt(site: str) -> bytes:
    return hashlib.blake2b(site.encode(), digest_size=16).digest()


def _hasher(secret: bytes, site: str) -> hashlib.blake2b:
    return hashlib.blake2b(key=secret, digest_size=_DIGEST_BYTES, salt=_site_salt(site), person=_PERSON)


def keyed_token(address: str, key: bytes, site: str) -> str:
    """Return the token that stands in for an address on one site while the key lives.

    Args:
        address: The unwrapped, canonical address or host name.
        key: 32 secret bytes.
        site: The site's name; two sites share no token.

    Returns:
        `tok_` and 13 signs of base32: 64 bits of keyed BLAKE2b.

    >>> len(keyed_token("203.0.113.7", bytes(32), "www"))
    17
    """
    hasher = _hasher(key, site)
    hasher.update(address.encode())
    return "tok_" + base64.b32encode(hasher.digest())[:_TOKEN_SIGNS].decode().lower()


def keyed_tokens(addresses: pl.Series, key: bytes, site: str) -> pl.Series:
    """Return the token of each address, in the same order; nulls stay.

    Args:
        addresses: Distinct canonical addresses and host names, as `read_hosts` gives them.
        key: 32 secret bytes.
        site: The site's name.
    """
    start = _hasher(key, site)
    digests: list[bytes] = []
    for address in addresses.fill_null("").to_list():
        hasher = start.copy()
        hasher.update(address.encode())
        digests.append(hasher.digest() + b"\0\0")  # 80 bits are 16 signs: all are encoded at once
    signs = base64.b32encode(b"".join(digests)).decode().lower()
    tokens = ["tok_" + signs[place : place + _TOKEN_SIGNS] for place in range(0, len(signs), 16)]
    known = addresses.is_not_null()
    return pl.Series(addresses.name, tokens, dtype=pl.String).zip_with(
        known, pl.repeat(None, len(addresses), dtype=pl.String, eager=True)
    )


def _check_directory(path: Path) -> None:
    status = path.parent.stat()
    if status.st_mode & _OTHERS_WRITE or status.st_uid not in {0, os.geteuid()}:
        raise KeyRefused(path, "others can write to its directory")


def create_key_file(path: Path, day: date) -> DayKey:
    """Write a new key to a file that does not exist yet.

    Raises:
        KeyRefused: The file exists, or others can write to its directory.
    """
    key = new_key(day)
    try:
        _check_directory(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyRefused(path, "a key file is there already") from None
    except OSError as error:
        raise KeyRefused(path, f"cannot be made ({error.strerror})") from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(key.secret)
        file.flush()
        os.fsync(descriptor)
        # A run after midnight may make the key of the day before.
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()
        os.utime(descriptor, (noon, noon))
    _sync_directory(path)
    return key


def _why_refused(status: os.stat_result, day: date, now: float) -> str | None:
    """Return why a key file is refused, or None."""
    made = datetime.fromtimestamp(status.st_mtime, tz=UTC).date()
    checks = (
        (not stat.S_ISREG(status.st_mode), "no regular file"),
        (status.st_uid != os.geteuid(), "belongs to another user"),
        (bool(status.st_mode & _OTHERS), "others can read or write it (mode must be 0600)"),
        (status.st_nlink != 1, "has a second name (hard link)"),
        (status.st_size != KEY_BYTES, f"does not hold {KEY_BYTES} bytes"),
        (made != day, "is the key of another day"),
        (now >= _day_end(day) + (OLDEST_HOURS * 3600 - _DAY_SECONDS), "its day is over"),
    )
    return next((why for is_bad, why in checks if is_bad), None)


def _day_end(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + _DAY_SECONDS


def read_key_file(path: Path, day: date, *, now: float | None = None) -> DayKey:
    """Read the key of a day.

    Args:
        path: A file that `create_key_file` wrote.
        day: The UTC day of the lines to be written.
        now: Seconds since 1970, by default the present.

    Raises:
        KeyRefused: The file is missing, a link, another's, open to others, of a wrong
            size, older than 36 hours, or the key of another day; or others can write
            to its directory.
    """
    now = time.time() if now is None else now
    try:
        _check_directory(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyRefused(path, f"cannot be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        why = _why_refused(os.fstat(descriptor), day, now)
        if why:
            raise KeyRefused(path, why)
        return DayKey(day, file.read(KEY_BYTES))


def read_credential(name: str, day: date) -> DayKey:
    """Read a key that systemd hands over (`LoadCredential=NAME:PATH`), bound to a day.

    Raises:
        KeyRefused: There is no such credential, or it does not hold 32 bytes.
    """
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory or "$CREDENTIALS_DIRECTORY") / Path(name).name
    secret = b""
    if directory:
        with suppress(OSError):
            secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise KeyRefused(path, f"does not hold {KEY_BYTES} bytes")
    bound = hashlib.blake2b(
        day.isoformat().encode(), key=secret, digest_size=KEY_BYTES, person=b"logstats-day"
    )
    return DayKey(day, bound.digest())


def destroy_key_file(path: Path) -> datetime:
    """Overwrite and remove a key file; return when, for the ledger.

    Overwriting proves nothing on flash, on copy-on-write file systems, in snapshots
    and backups: keep key files on tmpfs.

    Raises:
        KeyRefused: The file cannot be opened for writing.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyRefused(path, f"cannot be destroyed ({error.strerror})") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(max(KEY_BYTES, os.fstat(descriptor).st_size)))
        file.flush()
        os.fsync(descriptor)
        os.ftruncate(descriptor, 0)
        os.fsync(descriptor)
    path.unlink()
    _sync_directory(path)
    return datetime.now(UTC)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@frozen
class KeyPlace:
    """Where keys come from: memory alone, files named after `path`, or systemd's `credential`."""

    path: Path | None = None
    credential: str | None = None
    hours: int = OLDEST_HOURS


class DayKeys:
    """The keys of a run, one for each UTC day, made when they are asked for.

    A key file belongs to one day: `address.key` stands for `address-2026-02-01.key` and so on. A day that is
    over gets no file any more: its key lives in this process alone, and another run writes other tokens.

    Attributes:
        made: For each day where its key came from: `memory`, `file` or `credential`.
        destroyed: Key files that this run destroyed: the day, the file, and when.
    """

    def __init__(self, place: KeyPlace, *, clock: Callable[[], float] = time.time) -> None:
        """Take where keys come from, and what tells the time."""
        self._place = place
        self._clock = clock
        self._keys: dict[date, bytes] = {}
        # Days of which lines may still come; the keys of a log's past live as long as the run.
        self._live: set[date] = set()
        self._lock = threading.Lock()
        self.made: dict[date, str] = {}
        self.destroyed: list[tuple[date, Path, datetime]] = []

    def __call__(self, day: date) -> bytes:
        """Return the key of a day.

        Raises:
            KeyRefused: The day's key file or the credential cannot be trusted.
        """
        with self._lock:
            if day not in self._keys:
                self.destroy_old()
                kind, key = self._find(day)
                self._keys[day], self.made[day] = key.secret, kind
                if self._may_have_file(day):
                    self._live.add(day)
            return self._keys[day]

    def _find(self, day: date) -> tuple[str, DayKey]:
        if self._place.credential is not None:
            return "credential", read_credential(self._place.credential, day)
        if self._place.path is None or not self._may_have_file(day):
            return "memory", new_key(day)
        path = self.file_of(day)
        with suppress(KeyRefused):
            return "file", create_key_file(path, day)
        return "file", _read_shared(path, day, self._clock())

    def file_of(self, day: date) -> Path:
        """Return the key file of a day."""
        path = self._place.path or Path("address.key")
        return path.with_name(f"{path.stem}-{day}{path.suffix or '.key'}")

    def _may_have_file(self, day: date) -> bool:
        # An hour for clocks that differ.
        return -3600 <= self._clock() - (_day_end(day) - _DAY_SECONDS) < self._place.hours * 3600

    def destroy_old(self) -> None:
        """Forget the keys of days that went by in this run, and destroy the files of days that are over.

        What is not a key file in every respect (owner, mode, size, day) is left alone.
        """
        for day in [day for day in self._live if not self._may_have_file(day)]:
            self._live.discard(day)
            self._keys.pop(day, None)
        if self._place.path is None:
            return
        name = self._place.path
        for path in sorted(name.parent.glob(f"{glob.escape(name.stem)}-????-??-??{name.suffix or '.key'}")):
            past = _day_of(path, name.stem)
            if past is None or self._may_have_file(past) or self._clock() < _day_end(past):
                continue
            with suppress(KeyRefused):  # another run destroys it at this moment
                self.destroyed.append((past, path, destroy_key_file(path)))


def _read_shared(path: Path, day: date, now: float) -> DayKey:
    """Read a key file that another run may be writing at this moment."""
    for _ in range(_WRITING_TRIES):
        with suppress(OSError):
            if path.lstat().st_size == KEY_BYTES:
                break
        time.sleep(_WRITING_SECONDS)
    return read_key_file(path, day, now=now)


def _day_of(path: Path, stem: str) -> date | None:
    """Return the day of a key file, or None if it is none."""
    try:
        day = date.fromisoformat(path.name[len(stem) + 1 : len(stem) + 11])
        status = path.lstat()
    except (OSError, ValueError):
        return None
    # Its age alone may be against it.
    return None if _why_refused(status, day, now=0) else day

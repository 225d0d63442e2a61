"""The SQLite file of a store: its layout, its versions, and transactions that happen whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from logstats.errors import StoreError
from logstats.store.place import FILE_MODE, make_directory, read_key

FILE_NAME: Final = "logstats.db"
# How long a report waits for a run that is just writing, and the other way round.
WAIT_SECONDS: Final = 60

LAYOUT: Final = (
    # what there is one of: `origin`, the random name of this store among those it may be merged with
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # `forgotten`: days before this one were deleted and do not come back
    """CREATE TABLE site(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, timezone TEXT NOT NULL,
       forgotten TEXT NOT NULL DEFAULT '')""",
    # cleaned texts of tables (paths, referring sites, browsers); days point to them
    "CREATE TABLE label(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    # one closed day as one machine saw it; `counts` are integers, `account` says what became of its lines
    """CREATE TABLE day(site INTEGER NOT NULL, day TEXT NOT NULL, origin TEXT NOT NULL,
       lines INTEGER NOT NULL, account TEXT NOT NULL, counts BLOB NOT NULL, checksum INTEGER NOT NULL,
       PRIMARY KEY(site, day, origin))""",
    # a log by its content, and how far it was used; offsets are unpacked bytes, `marks`
    # begin with what tells that its file was not touched since
    """CREATE TABLE stream(id INTEGER PRIMARY KEY, site INTEGER NOT NULL, name TEXT NOT NULL,
       used INTEGER NOT NULL, seen INTEGER NOT NULL, day_before TEXT, marks BLOB NOT NULL,
       last_run TEXT NOT NULL, ledger INTEGER)""",
    # days of which a log holds lines, behind `used`, that are not counted yet
    """CREATE TABLE pending(stream INTEGER NOT NULL, day TEXT NOT NULL, lines INTEGER NOT NULL,
       PRIMARY KEY(stream, day)) WITHOUT ROWID""",
)
Migration = Callable[[sqlite3.Connection], None]
# version -> what makes a file of the version before into one of this
MIGRATIONS: Final[dict[int, Migration]] = {}
FIRST_VERSION: Final = 1


class StoreDamaged(StoreError):
    """The file of a store cannot be read as one."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}; nothing was changed. Move the store's directory away and collect again "
            "from the logs that are left, or put a backup in its place"
        )


class StoreTooNew(StoreError):
    """The file of a store was written by a later version."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(f"{path}: has version {version}, this program knows {known}; use a newer logstats")


@dataclass(slots=True)
class Store:
    """An open store; every question to the database goes through `ask`."""

    directory: Path
    connection: sqlite3.Connection
    key: bytes

    @property
    def path(self) -> Path:
        """The database's file."""
        return self.directory / FILE_NAME

    @property
    def origin(self) -> str:
        """The store's random name among those it may be merged with."""
        return str(self.ask("SELECT value FROM meta WHERE name = 'origin'")[0][0])

    def ask(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return the rows of a statement.

        Raises:
            StoreError: The disk is full, or the file is damaged or locked.
        """
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _translated(self.path, error) from None

    def put(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row of values.

        Raises:
            StoreError: The disk is full, or the file is damaged or locked.
        """
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise _translated(self.path, error) from None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of what is asked for inside, or nothing of it."""
        self.ask("BEGIN IMMEDIATE")
        try:
            yield
            self.ask("COMMIT")
        except BaseException:
            with contextlib.suppress(StoreError):
                if self.connection.in_transaction:
                    self.ask("ROLLBACK")
            raise


@contextlib.contextmanager
def open_store(directory: Path, *, create: bool = False) -> Iterator[Store]:
    """Open the store in a directory; hold the lock of `place` while writing to it.

    Raises:
        StoreError: There is none, others may read it, or it cannot be read or written.
    """
    make_directory(directory, create=create)
    path = directory / FILE_NAME
    if not create and not path.exists():
        raise StoreError(f"{directory}: no store here; `logstats collect` makes one")
    if create:
        _make_file(path)
    store = Store(directory, _connect(path), read_key(directory))
    try:
        _prepare(store, create=create)
        yield store
    finally:
        store.connection.close()


def _make_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE))
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({(error.strerror or '').lower()})") from None
    if path.stat().st_mode & 0o077:
        raise StoreError(f"{path}: others may read it; run `chmod 600 {path}`")


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        # Deleted content is overwritten; the journal goes with its transaction, so no other file is left;
        # EXTRA also waits until the journal's deletion is on disk (sqlite.org/pragma.html).
        for setting in (
            "secure_delete = ON",
            "journal_mode = DELETE",
            "synchronous = EXTRA",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error as error:
        raise _translated(path, error) from None
    return connection


def _prepare(store: Store, *, create: bool) -> None:
    version = store.ask("PRAGMA user_version")[0][0]
    newest = max((FIRST_VERSION, *MIGRATIONS))
    if version == 0 and create and not store.ask("SELECT 1 FROM sqlite_master"):
        with store.transaction():
            for statement in LAYOUT:
                store.ask(statement)
            store.ask("INSERT INTO meta VALUES ('origin', ?)", (secrets.token_hex(8),))
            store.ask(f"PRAGMA user_version = {FIRST_VERSION}")
        version = FIRST_VERSION
    if not version >= FIRST_VERSION:
        raise StoreDamaged(store.path, "is no store of logstats")
    if version > newest:
        raise StoreTooNew(store.path, version, newest)
    if version < newest:
        _migrate(store, version, newest)


def _migrate(store: Store, version: int, newest: int) -> None:
    """Bring an older file to the newest version, in one transaction, after a backup that was read back."""
    copy = back_up(store, f"{FILE_NAME}.version-{version}")
    try:
        with store.transaction():
            for number in range(version + 1, newest + 1):
                MIGRATIONS[number](store.connection)
            store.ask(f"PRAGMA user_version = {newest}")
    except sqlite3.Error as error:
        raise StoreError(
            f"{store.path}: cannot be brought to version {newest} ({type(error).__name__}); it is as it was, "
            f"and {copy.name} is a copy of it"
        ) from None


def back_up(store: Store, name: str) -> Path:
    """Write a copy of the database beside it, check it, and return its path.

    Raises:
        StoreError: It cannot be written, or does not hold the same.
    """
    target, partial = store.directory / name, store.directory / f".{name}.partial"
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE))
        with contextlib.closing(sqlite3.connect(partial)) as copy:
            store.connection.backup(copy)
            sound = copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            same = _sizes(copy) == _sizes(store.connection)
        if not (sound and same):
            raise StoreDamaged(store.path, "a copy of it is not sound")
        partial.rename(target)
    except sqlite3.Error as error:
        raise _translated(store.path, error) from None
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({(error.strerror or '').lower()})") from None
    finally:
        partial.unlink(missing_ok=True)
    return target


def check_integrity(store: Store) -> None:
    """Read the whole file.

    Raises:
        StoreDamaged: It does not hold together.
    """
    if store.ask("PRAGMA quick_check(1)") != [("ok",)]:
        raise StoreDamaged(store.path, "is damaged")


def _sizes(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]
    return [(name, connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in names]  # noqa: S608 - our own names


def _translated(path: Path, error: sqlite3.Error) -> StoreError:
    """Return what SQLite says as an error of ours; its own text may quote values."""
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_FULL":
            return StoreError(f"{path}: the disk is full; nothing was changed. Make room and run it again")
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return StoreError(f"{path}: another program is writing to it; try again")
        case name if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return StoreError(
                f"{path}: cannot be written; check the owner and mode of the directory and the file"
            )
        case name if name.startswith("SQLITE_IOERR"):
            return StoreError(f"{path}: the disk refused to read or write ({name}); nothing was changed")
        case "SQLITE_CORRUPT" | "SQLITE_NOTADB" | "SQLITE_FORMAT":
            return StoreDamaged(path, "is damaged")
        case name:
            return StoreDamaged(path, f"cannot be used ({name or type(error).__name__})")

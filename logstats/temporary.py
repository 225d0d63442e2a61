"""Files that are written beside their target, and never stay behind."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import IO


def name_beside(target: Path) -> Path:
    """Return a name that nobody can guess for a file in the directory of a target; nothing is made yet.

    Whoever knows the name before the file is there can remove it whenever an interrupt comes.
    """
    return target.parent / f".logstats-{secrets.token_hex(8)}.tmp"


def open_new(path: Path) -> IO[bytes]:
    """Open a file that only its owner may read.

    Raises:
        OSError: The system refuses, or something is there, be it a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def open_to(path: Path, mode: int) -> None:
    """Give a file the mode it shall have under its own name.

    Raises:
        OSError: The system refuses, or somebody put a link there.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Remove a file if it is there.

    Where its directory cannot even be looked into it was never made; the error of making it says so.
    """
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)

"""Walk the paths to audit: each file once, links not followed, nothing left out in silence."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from logstats.audit.check import Entry
from logstats.audit.notations import mask_text
from logstats.audit.pieces import Trouble
from logstats.audit.rules import Request


def walk(path: Path, group: str) -> Iterator[Entry | Trouble]:
    """Yield a path and all below it in order of names; what cannot be entered is a `Trouble`."""
    name = mask_text(str(path))
    try:
        status = path.lstat() if group != "argument" else path.stat()
    except OSError:
        yield Trouble(name, "cannot be read")
        return
    yield Entry(path, name, status, group)
    if stat.S_ISLNK(status.st_mode):
        yield Trouble(name, "a symbolic link, not followed")
    elif stat.S_ISDIR(status.st_mode):
        yield from _below(path, name, group)
    elif not stat.S_ISREG(status.st_mode):
        yield Trouble(name, "no regular file")


def _below(path: Path, name: str, group: str) -> Iterator[Entry | Trouble]:
    try:
        children = sorted(path.iterdir())
    except OSError:
        yield Trouble(name, "cannot be listed")
        return
    for child in children:
        yield from walk(child, group)


def in_store(name: str, request: Request) -> bool:
    """Whether a file is of the store: what is kept there is not published, so it needs no k."""
    return any(name.startswith(mask_text(str(store))) for store in request.stores)

"""Files that appear whole or not at all.

All outputs of a run are written beside their targets first and renamed only
when every one of them is complete, so a full disk leaves yesterday's report
as it was.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from logstats.errors import OutputError
from logstats.frozen import frozen
from logstats.temporary import discard, name_beside, open_new, open_to

READ_WRITE_ALL = 0o666


class UnwritableTarget(OutputError):
    """A target that the system refuses; what was there before is still there."""

    def __init__(self, target: str | Path, cause: OSError) -> None:
        super().__init__(f"{target}: cannot be written ({cause.strerror or type(cause).__name__})")


@frozen
class Staged:
    """A file on its way to its target.

    Attributes:
        target: What the user named.
        real: Where that is, links followed.
        temporary: Beside it, where the content stands first; None for a device or a pipe.
    """

    target: Path
    real: Path
    temporary: Path | None
    content: bytes


def write_files(files: Mapping[Path, bytes], *, remove: Iterable[Path] = ()) -> None:
    """Write all files or none; parents that are missing are made.

    Args:
        files: Target and content. A target that is a link is followed; a
            device or a named pipe is written to directly, after all others are staged.
        remove: Files that a former run wrote and that have no place any more.

    Raises:
        UnwritableTarget: Names the target; no temporary file stays behind.
    """
    # All names are known before the first file is made, so that an interrupt at any time leaves none.
    staged = [_plan(target, content) for target, content in files.items()]
    try:
        for one in staged:
            _stage(one)
        for one in staged:
            _commit(one)
        for path in remove:
            _remove(path)
    finally:
        for one in staged:
            if one.temporary is not None:
                discard(one.temporary)


def check_writable(target: Path) -> None:
    """Raise `UnwritableTarget` if the nearest directory that exists cannot take the target."""
    real = Path(os.path.realpath(target))
    if real.exists() and not real.is_dir() and not os.access(real, os.W_OK):
        raise UnwritableTarget(target, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    nearest = next(place for place in (real, *real.parents) if place.exists())
    if real != nearest and not nearest.is_dir():
        raise UnwritableTarget(target, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if nearest.is_dir() and not os.access(nearest, os.W_OK):
        raise UnwritableTarget(target, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def _plan(target: Path, content: bytes) -> Staged:
    try:
        real = Path(os.path.realpath(target))
        is_special = real.exists() and not real.is_dir() and not stat.S_ISREG(real.stat().st_mode)
    except OSError as error:
        raise UnwritableTarget(target, error) from None
    return Staged(target, real, None if is_special else name_beside(real), content)


def _stage(staged: Staged) -> None:
    if staged.temporary is None:
        return
    try:
        staged.real.parent.mkdir(parents=True, exist_ok=True)
        with open_new(staged.temporary) as file:
            file.write(staged.content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UnwritableTarget(staged.target, error) from None


def _commit(staged: Staged) -> None:
    try:
        if staged.temporary is None:
            with staged.real.open("wb") as file:
                file.write(staged.content)
        else:
            # Not before all are there: until then a run that is killed leaves what only its owner reads.
            open_to(staged.temporary, READ_WRITE_ALL & ~_umask())
            staged.temporary.replace(staged.real)
    except OSError as error:
        raise UnwritableTarget(staged.target, error) from None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableTarget(path, error) from None


def _umask() -> int:
    # The umask can only be read by setting it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

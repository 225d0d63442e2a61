"""Everything that can go wrong, with the exit code it ends in.

A message says where, what, and what to do. It names a file, a line number or a
rule. It never quotes a log line: a log line in a traceback is a leak.
"""

from __future__ import annotations

from typing import ClassVar, Final

EXIT_INTERRUPTED: Final = 130
INTERRUPTED: Final = "interrupted; no file is left half-written"


class LogstatsError(Exception):
    """A failure that the user can do something about."""

    exit_code: ClassVar[int] = 2


class UsageError(LogstatsError):
    """An option, an argument or a setting that cannot be meant."""


class InputError(LogstatsError):
    """Input that is missing, unreadable or of no known format."""

    exit_code: ClassVar[int] = 3


class CheckFailed(LogstatsError):
    """A check that the user asked for did not pass."""

    exit_code: ClassVar[int] = 1


class StoreError(LogstatsError):
    """A store that is locked or broken."""

    exit_code: ClassVar[int] = 4


class OutputError(LogstatsError):
    """A target that cannot be written; nothing is left half-written."""

    exit_code: ClassVar[int] = 2


class UnknownFormat(InputError):
    """No known format fits the first lines of a file."""

    def __init__(self, source: str, tried: int) -> None:
        super().__init__(
            f"{source}: none of {tried} formats fits its first lines; "
            "name one with --format, or see `logstats formats list`"
        )

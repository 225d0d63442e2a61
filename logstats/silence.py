"""What Python and libraries say by themselves when something breaks: where it was, never what.

A panic of polars quotes values, and so does the traceback of a thread, of a destructor or of a
warning; none of them passes the handler that `cli` has.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import warnings
from types import TracebackType
from typing import Final, TextIO, TypeAlias

_STDERR: Final = 2
_Raised: TypeAlias = BaseException | None


def silence_process() -> None:
    """Let only ourselves write to standard error; called before anything else is imported."""
    _keep_stderr()
    sys.excepthook = lambda _kind, error, _trace: _tell(error)
    sys.unraisablehook = lambda told: _tell(told.exc_value)
    threading.excepthook = lambda told: _tell(told.exc_value)
    warnings.showwarning = _drop_warning


def place_of(error: BaseException) -> str:
    """Return the type of an error and where our code raised it; never its message, which may quote a line."""
    trace: TracebackType | None = error.__traceback__
    place = "?"
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "?")
        if str(name).startswith("logstats"):
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"


def _keep_stderr() -> None:
    """Give Python a standard error of its own: the one that compiled code writes to leads nowhere.

    A panic in Rust prints its message before Python hears of it.
    """
    try:
        own = os.dup(_STDERR)
    except OSError:
        return  # there is none
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    binary = os.fdopen(own, "wb")
    sys.stderr = io.TextIOWrapper(binary, encoding=encoding, errors="backslashreplace", line_buffering=True)


def _tell(error: _Raised) -> None:
    if error is not None and sys.stderr is not None:
        sys.stderr.write(f"logstats: bug: {place_of(error)}; please report this line\n")


def _drop_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say nothing: a warning is for who writes the program, and may quote what it warns of."""

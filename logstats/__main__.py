"""Where the command `logstats` and `python -m logstats` begin.

A server that is told to reload stops its piped loggers at once. So a run that
anonymizes a pipe stops heeding SIGTERM here, before anything is imported.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import stat
import sys
from typing import Final, NoReturn

# Containers that may come before Python looks for garbage among them; 700 by default. Importing and running
# make 80,000 and hardly any garbage in cycles: to look at 50,000 once takes 13 ms.
_GARBAGE: Final = (200_000, 20, 20)
# Commands that read what agent strings tell.
_COUNTING: Final = frozenset({"report", "collect", "nightly"})


def main() -> NoReturn:
    """Run the command line."""
    if "anonymize" in sys.argv[1:] and _is_stdin_pipe():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gc.set_threshold(*_GARBAGE)
    from logstats.silence import silence_process

    silence_process()
    try:
        if not _COUNTING.isdisjoint(sys.argv[1:]):
            from logstats.agent_reader import begin_process

            begin_process()
        from logstats.cli import main as run

        run()
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else 0)
    except KeyboardInterrupt:
        # So early that nothing is imported yet that could say it.
        from logstats.errors import EXIT_INTERRUPTED, INTERRUPTED

        if sys.stderr is not None:
            sys.stderr.write(f"logstats: {INTERRUPTED}\n")
        _leave(EXIT_INTERRUPTED)


def _leave(code: int) -> NoReturn:
    """End the process at once: to take all libraries down in order takes 60 ms, and nobody waits for it."""
    atexit._run_exitfuncs()  # noqa: SLF001 - the only way to end what libraries have begun
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
    os._exit(code)


def _is_stdin_pipe() -> bool:
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


if __name__ == "__main__":
    main()

"""Agent strings are read by a process of their own, where there may be one.

To compile the rules and read the agents of a log takes 0.1 s under Python's lock, for which all threads
wait. So a command that counts copies itself before it imports anything: the copy compiles the rules
meanwhile, and reads agents while the threads go on. Elsewhere, and when it is gone, they are read here.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import signal
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

# Nothing else here: what this process imports first, the other begins later.
if TYPE_CHECKING:
    from collections.abc import Sequence

    from logstats.agent_rules import Agent, AgentRules

# Agents asked for at once: some hundred kilobytes.
AT_ONCE: Final = 4_000
_SIZE_BYTES: Final = 8
# Who ends all processes of a terminal or a unit ends the one that asks, and with it the pipe.
_NOT_HEEDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def read_agents(texts: Sequence[str | None]) -> list[Agent]:
    """Return what each agent string tells; see `AgentRules.read`."""
    starts = range(0, len(texts), AT_ONCE)
    return [agent for start in starts for agent in Question(texts[start : start + AT_ONCE]).answer()]


class Question:
    """Agents that are read from now on, while who asks does something else.

    The answer must be taken before the next question is put.

    Args:
        texts: At most `AT_ONCE` agent strings.
    """

    def __init__(self, texts: Sequence[str | None]) -> None:
        self._texts = texts
        self._process = _running[0] if _running else None
        if self._process is not None:
            try:
                self._process.ask(texts)
            except OSError:
                self._give_up()

    def answer(self) -> list[Agent]:
        """Return what each agent string tells."""
        if self._process is not None:
            try:
                return self._process.answer()
            except (OSError, EOFError):
                self._give_up()
        rules = own_rules()
        return [rules.read(text) for text in self._texts]

    def _give_up(self) -> None:
        self._process = None
        end_process()


@cache
def own_rules() -> AgentRules:
    """Return the rules, compiled in this process."""
    from logstats.agent_rules import AgentRules

    return AgentRules()


def begin_process() -> None:
    """Begin the process that reads agents, where the system lets us.

    Does nothing where polars or anybody else has begun threads: their locks would stay locked in a copy.
    """
    if sys.platform != "linux" or "polars" in sys.modules or threading.active_count() > 1:
        return
    with contextlib.suppress(OSError):
        _running.append(_Process())
        atexit.register(end_process)


def end_process() -> None:
    """End the process; agents are read here from then on."""
    with contextlib.suppress(IndexError):
        _running.pop().end()


class _Process:
    """The process as the one that counts sees it."""

    def __init__(self) -> None:
        asked, ask = _open_pipe()
        answer, told = _open_pipe()
        # What the copy does not heed is not heeded from the start, or it might go on as if it were the other.
        heeded = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_HEEDED)
        try:
            self._pid = os.fork()
            if not self._pid:
                os.close(ask)
                os.close(answer)
                _serve(asked, told)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heeded)
        os.close(asked)
        os.close(told)
        self._ask = os.fdopen(ask, "wb")
        self._answer = os.fdopen(answer, "rb")

    def ask(self, texts: Sequence[str | None]) -> None:
        """Send agent strings; the process takes them as soon as it has the rules.

        Raises:
            OSError: The process is gone.
        """
        _send(self._ask, texts)

    def answer(self) -> list[Agent]:
        """Return what each agent string tells.

        Raises:
            OSError, EOFError: The process is gone.
        """
        from logstats.agent_rules import Agent

        told, numbers = _receive(self._answer)
        agents = [Agent(*one) for one in told]
        return [agents[number] for number in numbers]

    def end(self) -> None:
        """Let the process end, and wait for it: what it reads takes some hundredths of a second."""
        with contextlib.suppress(BrokenPipeError):
            self._ask.close()
        # Whoever began us may have asked the system to forget such processes by itself.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        self._answer.close()


_running: Final[list[_Process]] = []


def _open_pipe() -> tuple[int, int]:
    """Return where to read and where to write; neither is a standard stream, though one may be closed."""
    ends = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in ends)
    for end in ends:
        os.close(end)
    return read, write


def _serve(asked: int, told: int) -> NoReturn:
    """Read agents until nobody is there who asks.

    Whatever breaks ends the process, without a word: who asks is told by the end of the pipe.
    """
    try:
        from logstats.process import forbid_dumps

        forbid_dumps()
        _leave_streams()
        rules = own_rules()
        with os.fdopen(asked, "rb") as questions, os.fdopen(told, "wb") as answers:
            while True:
                numbers: dict[Agent, int] = {}
                codes = [numbers.setdefault(rules.read(text), len(numbers)) for text in _receive(questions)]
                _send(answers, (list(numbers), codes))
    finally:
        os._exit(0)


def _leave_streams() -> None:
    """Hold no standard stream open: who reads our output waits for its end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)


def _send(stream: BinaryIO, what: object) -> None:
    import json

    data = json.dumps(what).encode()
    stream.write(len(data).to_bytes(_SIZE_BYTES, "little") + data)
    stream.flush()


def _receive(stream: BinaryIO) -> list[Any]:
    """Return what was sent.

    Raises:
        EOFError: There is nothing, or not all of it.
    """
    import json

    size = int.from_bytes(stream.read(_SIZE_BYTES), "little")
    data = stream.read(size)
    if not size or len(data) < size:
        raise EOFError
    return list(json.loads(data))

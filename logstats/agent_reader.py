"""Agent strings are read by a process of their own, where there may be one.

To compile the rules and read the agents of a log takes 0.1 s under Python's lock, for which all threads
wait. So a command that counts copies itself before it imports anything: the copy compiles the rules
meanwhile, and reads agents while the threads go on. Elsewhere, and when it is gone, they are read here.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import mmap
import os
import signal
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

# Nothing else here: what this process imports first, the other begins later.
if TYPE_CHECKING:
    from collections.abc import Sequence

    from logstats.agent_rules import Agent, AgentRules

# Agents asked for at once.
AT_ONCE: Final = 4_000
# More than these may have, each with 1,024 signs that JSON writes as six; what nobody uses takes no memory.
ROOM: Final = 32 * 1024 * 1024
_SIZE_BYTES: Final = 8
# An answer takes some hundredths of a second: one that is not there by now will not come.
ANSWER_SECONDS: Final = 60
_END_SECONDS: Final = 1.0
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
            except OverflowError:
                self._process = None
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

    Does nothing where somebody has begun threads: what one of them has locked would stay locked in a copy.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        if _count_threads() == 1:
            _running.append(_Process())
            atexit.register(end_process)


def _count_threads() -> int:
    """Return how many threads this process has, those of compiled code among them."""
    with os.scandir("/proc/self/task") as threads:
        return len(list(threads))


def end_process() -> None:
    """End the process; agents are read here from then on."""
    with contextlib.suppress(IndexError):
        _running.pop().end()


class _Process:
    """The process as the one that counts sees it."""

    def __init__(self) -> None:
        memory = mmap.mmap(-1, ROOM)
        asked, ask = _open_pipe()
        answer, told = _open_pipe()
        self._line, theirs = _Line(memory, answer, ask), _Line(memory, asked, told)
        # What the copy does not heed is not heeded from the start, or it might go on as if it were the other.
        heeded = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_HEEDED)
        try:
            self._pid = os.fork()
            if not self._pid:
                _serve(theirs, self._line)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heeded)
        theirs.hang_up()

    def ask(self, texts: Sequence[str | None]) -> None:
        """Send agent strings; the process takes them as soon as it has the rules.

        Raises:
            OSError: The process is gone.
            OverflowError: They are too long.
        """
        self._line.send(texts)

    def answer(self) -> list[Agent]:
        """Return what each agent string tells.

        Raises:
            OSError, EOFError: The process is gone.
        """
        from logstats.agent_rules import Agent

        told, numbers = self._line.receive(ANSWER_SECONDS)
        agents = [Agent(*one) for one in told]
        return [agents[number] for number in numbers]

    def end(self) -> None:
        """Let the process end, and wait for it; one that is stopped ends when it may go on."""
        self._line.hang_up()
        last = time.monotonic() + _END_SECONDS
        # Whoever began us may have asked the system to forget such processes by itself.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(self._pid, os.WNOHANG)[0] == 0 and time.monotonic() < last:
                time.sleep(0.001)


_running: Final[list[_Process]] = []


class _Line:
    """One end of what connects both: what is said stands in memory they share, its size comes by a pipe.

    So no text of a log is written to a descriptor, as whoever traces the run can see. One speaks at a time.
    """

    def __init__(self, memory: mmap.mmap, incoming: int, outgoing: int) -> None:
        self._memory = memory
        self._incoming = incoming
        self._outgoing = outgoing

    def send(self, what: object) -> None:
        """Say something.

        Raises:
            OSError: Nobody is there.
            OverflowError: It is too long.
        """
        import json

        data = json.dumps(what).encode()
        if len(data) > len(self._memory):
            raise OverflowError
        self._memory[: len(data)] = data
        os.write(self._outgoing, len(data).to_bytes(_SIZE_BYTES, "little"))

    def receive(self, seconds: float | None = None) -> list[Any]:
        """Return what was said; it stands nowhere any more.

        Raises:
            EOFError: Nobody is there, or nothing is said for so many seconds.
        """
        import json
        import select

        waiting = select.poll()
        waiting.register(self._incoming, select.POLLIN)
        if not waiting.poll(None if seconds is None else seconds * 1000):
            raise EOFError
        told = os.read(self._incoming, _SIZE_BYTES)
        if len(told) < _SIZE_BYTES:
            raise EOFError
        size = int.from_bytes(told, "little")
        data = self._memory[:size]
        self._memory[:size] = bytes(size)
        return list(json.loads(data))

    def hang_up(self) -> None:
        """Close this end, so that the other one hears that nobody is there."""
        os.close(self._outgoing)
        os.close(self._incoming)


def _open_pipe() -> tuple[int, int]:
    """Return where to read and where to write; neither is a standard stream, though one may be closed."""
    ends = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in ends)
    for end in ends:
        os.close(end)
    return read, write


def _serve(line: _Line, other_end: _Line) -> NoReturn:
    """Read agents until nobody is there who asks.

    Whatever breaks ends the process, without a word: who asks is told by the end of the pipe.
    """
    try:
        other_end.hang_up()
        _leave_streams()
        from logstats.process import forbid_dumps

        forbid_dumps()
        rules = own_rules()
        while True:
            numbers: dict[Agent, int] = {}
            codes = [numbers.setdefault(rules.read(text), len(numbers)) for text in line.receive()]
            line.send((list(numbers), codes))
    finally:
        os._exit(0)


def _leave_streams() -> None:
    """Hold no standard stream open: who reads our output waits for its end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)

"""Runs of logstats that begin where its imports end.

To import polars and all modules takes longer than most of what tests run. So one process imports
them, and makes a copy of itself for every run, with arguments, environment, directory and pipes of
its own; from the first line of `logstats.__main__` on, all is as in a process that was just started.
That start itself is tested where tests call `sys.executable`, and by tests/test_install.py.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import logstats

_MESSAGE_BYTES = 1 << 17
# A variable that counts before or while modules are imported needs a process that imports them.
_COUNTS_EARLY = ("PYTHON", "POLARS_", "_RJEM_", "LC_", "LANG")


def counts_early(names: set[str]) -> bool:
    """Whether one of these variables must be there before a process begins."""
    return any(name.startswith(_COUNTS_EARLY) for name in names)


class Forks:
    """The process that has imported all, as the tests see it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the process; it ends when nobody is there to ask it."""
        self._channel.close()
        self._process.wait()

    def run(
        self, args: list[str], given: bytes, *, cwd: Path, env: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `logstats` with these arguments, as `subprocess.run` would.

        Raises:
            subprocess.TimeoutExpired: It did not end in time, and was killed.
        """
        told = json.dumps({"args": args, "cwd": os.fspath(cwd), "env": env}).encode()
        ours, theirs = _open_pipes()
        with self._lock, ThreadPoolExecutor(3) as pool:
            socket.send_fds(self._channel, [told], theirs)
            for end in theirs:
                os.close(end)
            pid = int(self._channel.recv(_MESSAGE_BYTES))
            pool.submit(_feed, ours[0], given)
            said = [pool.submit(_read_all, end) for end in ours[1:]]
            overdue = threading.Event()
            clock = threading.Timer(timeout, _kill, (pid, overdue))
            clock.start()
            code = os.waitstatus_to_exitcode(int(self._channel.recv(_MESSAGE_BYTES)))
            clock.cancel()
            output, errors = (future.result() for future in said)
        if overdue.is_set():
            raise subprocess.TimeoutExpired(args, timeout, output, errors)
        return subprocess.CompletedProcess(args, code, output, errors)


def _open_pipes() -> tuple[list[int], list[int]]:
    """Return our ends and theirs of three pipes: input, output, errors."""
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = (os.pipe() for _ in range(3))
    return [in_write, out_read, err_read], [in_read, out_write, err_write]


def _kill(pid: int, overdue: threading.Event) -> None:
    overdue.set()
    os.kill(pid, signal.SIGKILL)


def _feed(end: int, data: bytes) -> None:
    """Write it all, as far as there is somebody who reads it."""
    try:
        with open(end, "wb", buffering=0) as stream:
            rest = memoryview(data)
            while rest:
                rest = rest[stream.write(rest) :]
    except BrokenPipeError:
        return


def _read_all(end: int) -> bytes:
    with open(end, "rb") as stream:
        return stream.read()


def _serve(channel: socket.socket) -> None:  # noqa: TID251 - to the tests beside it
    """Run what is asked for, one after the other, each in a copy of this process."""
    while told := socket.recv_fds(channel, _MESSAGE_BYTES, 3):
        message, pipes = told[:2]
        if not message:
            return
        with warnings.catch_warnings():
            # Python 3.12 and newer warn of a copy that has lost threads; polars starts its own when it is asked.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            channel.close()
            _become(json.loads(message), pipes)
            runpy.run_module("logstats", run_name="__main__", alter_sys=True)
        for end in pipes:
            os.close(end)
        channel.send(str(pid).encode())
        channel.send(str(os.waitpid(pid, 0)[1]).encode())


def _become(asked: dict[str, Any], pipes: list[int]) -> None:
    """Take the place of a process that was started as asked."""
    for number, end in enumerate(pipes):
        os.dup2(end, number)
        os.close(end)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    sys.argv = ["logstats", *asked["args"]]


def _import_all() -> None:
    """Import as `logstats.cli` does: after what must be set before polars is imported."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", importlib.import_module("logstats.process")._ALLOCATOR)
    for module in pkgutil.walk_packages(logstats.__path__, "logstats."):
        if module.name != "logstats.__main__":
            importlib.import_module(module.name)
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    _serve(socket.socket(fileno=int(sys.argv[1])))  # noqa: TID251 - to the tests beside it

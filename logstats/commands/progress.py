"""How far reading has come, on a terminal only: bytes, lines a second, time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from logstats.read import Block


@contextmanager
def watch_progress(*, quiet: bool, total: int | None = None) -> Iterator[Callable[[Block], None] | None]:
    """Give a function that is told of every block; None where nobody looks (cron, a pipe, -q)."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("reading"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=total, speed="")
        done, lines = _Done(), 0

        def watch(block: Block) -> None:
            nonlocal lines
            lines += block.data.count(b"\n")
            elapsed = progress.tasks[0].elapsed or 0
            speed = f"{lines / elapsed:,.0f} lines/s" if elapsed else ""
            progress.update(task, completed=done.add(block), speed=speed)

        yield watch


class _Done:
    """Raw bytes read of all sources so far."""

    def __init__(self) -> None:
        self._before = 0
        self._source = ""
        self._offset = 0

    def add(self, block: Block) -> int:
        if block.source != self._source:
            self._before += self._offset
            self._source = block.source
        self._offset = block.raw_offset
        return self._before + self._offset

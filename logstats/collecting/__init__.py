"""Logs into the store, each line once; read `run` first, then `carriers`, `identify`, `survey`, `closing`."""

from __future__ import annotations

from logstats.collecting.run import COUNT, DROP, Collected, Task, collect_logs, is_over

__all__ = ["COUNT", "DROP", "Collected", "Task", "collect_logs", "is_over"]

"""What the process may leave behind: no core dump, nothing spilled to disk."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # prctl(2)


def protect_process() -> None:
    """Forbid core dumps and let polars write nothing to disk; called before polars is imported.

    With a budget of 0 a query that does not fit in memory ends instead of writing
    rows of the log into a temporary directory.
    """
    os.environ["POLARS_OOC_DISK_BUDGET_MB"] = "0"
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

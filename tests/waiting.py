"""Waiting for what happens in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import pytest

# How long a thing may take that normally takes a fraction of a second: it only
# says when to give up, so a busy machine fails no test.
PATIENCE_SECONDS: Final = 120.0


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Return as soon as something is so; fail the test when it never is."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        if time.monotonic() > give_up:
            pytest.fail(f"waited {PATIENCE_SECONDS:.0f} s in vain: {what}")
        time.sleep(0.01)

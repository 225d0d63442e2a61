"""Programs of the system that tests drive; `.ci/debian-packages` lists where they come from."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

from tests.corpus import IN_CI


def find_program(*names: str) -> str:
    """Return the first of these programs; where none is there, skip the test, in CI fail it."""
    where = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = next(filter(None, (shutil.which(name, path=where) for name in names)), None)
    return found or missing(names[0])


def missing(what: str) -> NoReturn:
    """Skip, visibly; CI installs all of it and fails instead."""
    if IN_CI:
        pytest.fail(f"{what} is missing: see .ci/debian-packages")
    pytest.skip(f"no {what} here: see .ci/debian-packages")

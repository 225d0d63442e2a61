"""What the process promises before it reads a line: no core dump, nothing spilled to disk."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ASK = """
import ctypes, json, os, resource, sys
from logstats.process import keep_memory, protect_process
protect_process()
keep_memory()
print(json.dumps({
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "spilled_mb": os.environ["POLARS_OOC_DISK_BUDGET_MB"],
    "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
    "polars": "polars" in sys.modules,
}))
"""


@pytest.fixture(scope="module")
def told(environment: dict[str, str]) -> dict[str, object]:
    """What a process of its own says of itself."""
    found = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, check=True)
    answer: dict[str, object] = json.loads(found.stdout)
    return answer


def test_no_core_dump_can_be_written(told: dict[str, object]) -> None:
    assert told["core"] == [0, 0]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is of Linux")
def test_no_other_process_of_the_user_may_read_its_memory(told: dict[str, object]) -> None:
    assert told["dumpable"] == 0


def test_polars_may_spill_nothing_to_disk(told: dict[str, object]) -> None:
    """Which must be settled before polars is imported."""
    assert told["spilled_mb"] == "0"
    assert told["polars"] is False

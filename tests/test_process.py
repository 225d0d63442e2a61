"""What a process may leave behind, and the account of lines."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.tally import REASONS, Tally

tallies = st.builds(
    Tally,
    st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9),
    st.dictionaries(st.sampled_from(sorted(REASONS)), st.integers(1, 9)).map(Counter),
)  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is of Linux")
def test_no_core_is_dumped_and_polars_spills_nothing(environment: dict[str, str]) -> None:
    code = (
        "import ctypes, os, resource; from logstats.process import keep_memory, protect_process\n"
        "protect_process(); keep_memory()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3), os.environ['POLARS_OOC_DISK_BUDGET_MB'])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)

    assert done.stdout == b"(0, 0) 0 0\n"


def test_an_interrupt_before_all_is_imported_is_no_bug(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Interrupter:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupter())\n"
    )
    around = environment | {"PYTHONPATH": f"{tmp_path}:{environment['PYTHONPATH']}"}
    words = [sys.executable, "-m", "logstats", "report", "a.log"]
    done = subprocess.run(words, env=around, cwd=tmp_path, capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr == b"logstats: interrupted; no file is left half-written\n"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_what_is_held_for_the_next_block_can_be_given_back() -> None:
    code = (
        "import resource; from logstats.process import Memory, give_memory_back, keep_memory\n"
        "keep_memory(Memory(kept_ms=0, free_bytes=2**30))\n"
        "def held():\n"
        "    return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() >> 20\n"
        "blocks = [bytes(range(256)) * 2**16 for _ in range(4)]\n"
        "del blocks\n"
        "before = held()\n"
        "give_memory_back()\n"
        "print(before - held())\n"
    )
    given_back = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert int(given_back.stdout) > 40


def total(*parts: Tally) -> Tally:
    whole = Tally()
    for part in parts:
        whole.add(part)
    return whole


@given(tallies, tallies, tallies)
def test_tallies_add_up_in_any_order(a: Tally, b: Tally, c: Tally) -> None:
    assert total(a, b, c) == total(c, a, b) == total(total(a, b), c)
    assert total(a, Tally()) == a


@given(tallies, tallies)
def test_what_balances_still_does_when_added(a: Tally, b: Tally) -> None:
    for part in (a, b):
        part.read = part.parsed + part.blank + part.rejected.total()

    assert total(a, b).balances()
    assert not total(a, b, Tally(read=1)).balances()

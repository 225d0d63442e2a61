"""Agents are read by a process of their own, which tells what the rules tell here and ends with who asks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats import agent_reader
from logstats.agent_reader import own_rules, read_agents
from tests.conftest import Logstats

TEXTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:122.0) Gecko/20100101 Firefox/122.0",
    "curl/8.5.0",
    "-",
    "Zx9Qv7Marker/1.0 \x00\x85 é 龍",
    None,
    "curl/8.5.0",
]
# What a process that was just started does; {} is what follows.
BEGUN = """
import json, os, signal, sys
from logstats import agent_reader
agent_reader.begin_process()
texts = json.load(sys.stdin)
children = open("/proc/self/task/%d/children" % os.getpid()).read().split()
{then}
told = agent_reader.read_agents(texts)
left = open("/proc/self/task/%d/children" % os.getpid()).read().split()
was_here = agent_reader.own_rules.cache_info().misses
print(json.dumps([children, left, was_here, told]))
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the process is begun on Linux alone")


def run(then: str, environment: dict[str, str], texts: list[str | None] = TEXTS) -> Any:
    """Return who was there before and after, whether rules were compiled here, and what was told."""
    return run_code(BEGUN.format(then=then), environment, texts)


def run_code(code: str, environment: dict[str, str], texts: list[str | None]) -> Any:
    words = [sys.executable, "-c", code]
    given_texts = json.dumps(texts).encode()
    done = subprocess.run(words, env=environment, input=given_texts, capture_output=True, check=True)
    assert done.stderr == b""
    return json.loads(done.stdout)


def expected(texts: list[str | None] = TEXTS) -> list[list[str | None]]:
    return [list(own_rules().read(text)) for text in texts]


def test_the_process_tells_what_the_rules_tell(environment: dict[str, str]) -> None:
    before, after, compiled_here, told = run("", environment)

    assert told == expected()
    assert len(before) == 1
    assert after == before
    assert not compiled_here


def test_more_agents_than_are_asked_for_at_once(environment: dict[str, str]) -> None:
    texts: list[str | None] = [f"Mozilla/5.0 (X11; Linux) Firefox/{n % 200}.0 {n}" for n in range(9000)]

    assert len(texts) > 2 * agent_reader.AT_ONCE
    assert run("", environment, texts)[3] == expected(texts)


def test_no_agents_are_no_question(environment: dict[str, str]) -> None:
    assert run("", environment, [])[3] == []


@pytest.mark.parametrize(
    "then",
    [
        "os.kill(int(children[0]), signal.SIGKILL)",
        "os.kill(int(children[0]), signal.SIGKILL); os.waitpid(int(children[0]), 0)",
        "agent_reader.read_agents(texts[:2]); os.kill(int(children[0]), signal.SIGKILL)",
        "agent_reader.end_process(); agent_reader.end_process()",
        (
            "os.kill(int(children[0]), signal.SIGSTOP); question = agent_reader.Question(texts)\n"
            "os.kill(int(children[0]), signal.SIGKILL); assert len(question.answer()) == len(texts)"
        ),
        # It ends when it may go on.
        (
            "agent_reader.ANSWER_SECONDS = 0.1; os.kill(int(children[0]), signal.SIGSTOP)\n"
            "agent_reader.read_agents(texts)\n"
            "os.kill(int(children[0]), signal.SIGCONT); os.waitpid(int(children[0]), 0)"
        ),
    ],
    ids=[
        "killed",
        "killed and forgotten",
        "killed between questions",
        "ended",
        "killed when asked",
        "silent",
    ],
)
def test_when_it_is_gone_or_silent_agents_are_read_here(then: str, environment: dict[str, str]) -> None:
    _, after, compiled_here, told = run(then, environment)

    assert told == expected()
    assert after == []
    assert compiled_here


def test_where_no_process_may_be_begun_agents_are_read_here(environment: dict[str, str]) -> None:
    refuse = "def refuse():\n    raise BlockingIOError\nos.fork = refuse\nagent_reader.begin_process()"
    code = BEGUN.format(then="").replace("agent_reader.begin_process()", refuse)

    assert run_code(code, environment, TEXTS) == [[], [], 1, expected()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_all_processes_does_not_end_it_before_the_one_that_asks(
    number: int, environment: dict[str, str]
) -> None:
    then = f"os.kill(int(children[0]), {int(number)})"

    before, after, compiled_here, told = run(then, environment)

    assert [told, after, compiled_here] == [expected(), before, 0]


def test_it_ends_with_the_one_that_asks(environment: dict[str, str]) -> None:
    code = BEGUN.format(then="print(children[0], flush=True); signal.pause()")
    words, pipe = [sys.executable, "-c", code], subprocess.PIPE
    with subprocess.Popen(words, env=environment, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"[]")
        process.stdin.close()
        child = int(process.stdout.readline())
        process.kill()
        # Whoever reads the output of the killed one comes to its end.
        assert process.stdout.read() == b""

    assert wait_for_end(child)


def wait_for_end(pid: int) -> bool:
    """Whether a process of somebody else ends; one that nobody waited for has no memory any more."""
    for _ in range(600):
        try:
            if not Path(f"/proc/{pid}/statm").read_text().split()[0].strip("0"):
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False


def test_it_leaves_no_core_and_holds_no_stream_of_ours(environment: dict[str, str]) -> None:
    # Both are done before it answers.
    then = (
        "agent_reader.read_agents(texts[:1])\n"
        "at = '/proc/' + children[0]\n"
        "limits = [line.split() for line in open(at + '/limits') if 'core' in line]\n"
        "streams = [os.readlink(at + '/fd/%d' % number) for number in range(3)]\n"
        "texts = []\n"
        "children = [limits[0][4:6], streams]\n"
    )
    facts = run(then, environment)[0]

    assert facts == [["0", "0"], ["/dev/null"] * 3]


def test_closed_standard_streams_are_not_taken_for_its_pipes(environment: dict[str, str]) -> None:
    then = "os.close(0); agent_reader.end_process(); agent_reader.begin_process(); place = os.dup(1); assert place == 0"

    assert run(then, environment)[3] == expected()


@pytest.mark.parametrize("thread", ["import threading", "import polars, threading"])
def test_none_is_begun_where_threads_may_hold_locks(thread: str, environment: dict[str, str]) -> None:
    """A copy of such a process could wait for ever."""
    begun = (
        f"{thread}\nend = threading.Event()\n"
        "other = threading.Thread(target=end.wait); other.start()\n"
        "agent_reader.begin_process()\nend.set()\nother.join()"
    )
    code = BEGUN.format(then="").replace("agent_reader.begin_process()", begun)

    assert run_code(code, environment, TEXTS) == [[], [], 1, expected()]


def test_what_is_too_long_for_the_memory_they_share_is_read_here(environment: dict[str, str]) -> None:
    then = "long = 'x' * agent_reader.ROOM; agent_reader.read_agents([long]); agent_reader.own_rules.cache_clear()"

    before, after, compiled_here, told = run(then, environment)

    assert [told, after, compiled_here] == [expected(), before, 0]


def test_what_was_asked_stands_in_no_shared_memory_any_more(environment: dict[str, str]) -> None:
    then = (
        "agent_reader.read_agents(['Zx9Qv7Marker/1.0'] * 3000)\n"
        "shared = agent_reader._running[0]._line._memory\n"
        "children = [shared.find(b'Zx9Qv7'), len(bytes(shared).strip(bytes(1)))]\n"
    )

    assert run(then, environment)[0] == [-1, 0]


@given(st.lists(st.text(max_size=40)))
def test_agents_are_told_in_the_order_of_their_texts(texts: list[str]) -> None:
    assert read_agents(texts) == [own_rules().read(text) for text in texts]


LINE = '203.0.113.{} - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "{}"\n'


def test_a_report_is_the_same_and_leaves_no_process(
    environment: dict[str, str], logstats: Logstats, tmp_path: Path
) -> None:
    """`logstats` runs in a copy of a process that has threads: there agents are read by itself."""
    agents = [text for text in TEXTS if text and text.isascii() and text.isprintable()]
    lines = [LINE.format(n % 250, agents[n % len(agents)]) for n in range(600)]
    (tmp_path / "a.log").write_text("".join(lines))
    # Who is left over becomes a child of the one that began all.
    code = (
        "import ctypes, os, subprocess, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
        "words = [sys.executable, '-m', 'logstats', 'report', 'a.log', '-q', '-o', 'apart.json']\n"
        "subprocess.run(words, check=True)\n"
        "sys.exit(open('/proc/self/task/%d/children' % os.getpid()).read().strip() or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")

    logstats("report", "a.log", "-q", "-o", "here.json")
    reports = [json.loads((tmp_path / name).read_text()) for name in ("apart.json", "here.json")]

    assert reports[0]["tables"] == reports[1]["tables"]
    assert reports[0]["tables"]["browsers"]["rows"]

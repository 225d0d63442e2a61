"""Nothing of a log stands anywhere but in the outputs: not on stderr, in a core, a spill, or a file left behind."""

from __future__ import annotations

import csv
import ipaddress
import json
import re
import sqlite3
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import click
import maxminddb
import polars as pl
import pytest

from logstats import cli
from tests.conftest import Logstats

MARK = "zq7marker4x"

_WITNESS = """
import ctypes, json, os, resource, sys
class Witness:
    def find_spec(self, name, path=None, target=None):
        if name == "polars":
            facts = {
                "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
                "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
                "spill": os.environ.get("POLARS_OOC_DISK_BUDGET_MB"),
            }
            with open(os.environ["WITNESS"], "w") as file:
                json.dump(facts, file)
            sys.meta_path.remove(self)
        return None
sys.meta_path.insert(0, Witness())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize("command", ["report", "anonymize", "collect"])
def test_before_polars_is_imported_nothing_can_be_dumped_or_spilled(
    command: str, logstats: Logstats, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_WITNESS)
    around = {
        "PYTHONPATH": f"{tmp_path}:{environment['PYTHONPATH']}",
        "WITNESS": str(tmp_path / "seen.json"),
        "POLARS_OOC_DISK_BUDGET_MB": "1000",
    }

    logstats(command, "missing.log", *(("--store", "s") if command == "collect" else ()), env=around)

    assert json.loads((tmp_path / "seen.json").read_text()) == {"core": 0, "dumpable": 0, "spill": "0"}


def _cast() -> object:
    return pl.Series([MARK]).cast(pl.Int64)


def _to_datetime() -> object:
    return pl.Series([MARK]).str.to_datetime("%Y")


def _read_csv() -> object:
    return pl.read_csv(f"a,b\n{MARK},{MARK},{MARK}\n".encode(), schema={"a": pl.Int64, "b": pl.Int64})


def _missing_column() -> object:
    return pl.DataFrame({"a": [1]}).select(MARK)


def _sql() -> object:
    return pl.DataFrame({"a": [1]}).sql(f"select {MARK} from self")  # noqa: S608 - fails, and is meant to


def _shape() -> object:
    return pl.DataFrame({MARK: [1]}).hstack([pl.Series(MARK, [1])])


def _address() -> object:
    return ipaddress.ip_address(MARK)


def _network() -> object:
    return ipaddress.ip_network(MARK)


def _integer() -> object:
    return int(MARK)


def _json() -> object:
    try:
        return json.loads(f'{{"a": "{MARK}')
    except json.JSONDecodeError as error:
        raise ValueError(error.doc) from error


def _sqlite() -> object:
    return sqlite3.connect(":memory:").execute(f"select {MARK}")


def _encoding() -> object:
    return (MARK + "\ud800").encode()


def _mmdb() -> object:
    raise maxminddb.InvalidDatabaseError(MARK)


def _key() -> object:
    known: dict[str, object] = {}
    return known[MARK]


def _chained() -> object:
    try:
        return int(MARK)
    except ValueError as error:
        raise RuntimeError(MARK) from error


def _noted() -> object:
    error = RuntimeError("x")
    error.add_note(MARK)
    raise error


PROVOKED = (
    _cast, _to_datetime, _read_csv, _missing_column, _sql, _shape, _address, _network, _integer, _json, _sqlite,
    _encoding, _mmdb, _key, _chained, _noted,
)  # fmt: skip


@pytest.mark.parametrize("provoke", PROVOKED, ids=lambda provoke: provoke.__name__.strip("_"))
def test_an_error_that_quotes_the_log_is_said_without_it(
    provoke: Callable[[], object], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only its type, and the line of ours that it passed."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - of any type
        provoke()
    told = f"{raised.value} {getattr(raised.value, '__notes__', '')} {raised.value.args} {raised.value!r}"
    assert MARK in told, "the test proves nothing if the error does not quote"

    module = types.ModuleType("fails")
    module.fails = click.command()(provoke)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fails", module)
    monkeypatch.setitem(cli.COMMANDS, "fails", ("fails:fails", ""))
    monkeypatch.setattr(cli, "protect_process", lambda _memory: None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["fails"])

    said = capfd.readouterr()
    assert ended.value.code == 70
    assert type(raised.value).__name__ in said.err
    assert MARK not in said.err + said.out


# What no handler of ours sees: each says the mark by itself, if nobody keeps it from that.
BEHIND_OUR_BACK = {
    "a panic of polars": "raise polars.exceptions.PanicException(MARK)",
    "a panic of a thread of polars": "os.write(2, MARK.encode()); raise polars.exceptions.PanicException(MARK)",
    "a thread": "t = threading.Thread(target=int, args=(MARK,)); t.start(); t.join()",
    "a destructor": "type('A', (), {'__del__': lambda self: int(MARK)})()",
    "a warning": "warnings.warn(MARK)",
    "the end of the process": "atexit.register(int, MARK)",
    "a group": "raise BaseExceptionGroup(MARK, [KeyboardInterrupt(MARK)])",
    "a generator": "raise GeneratorExit(MARK)",
}
_RUN = """
import atexit, os, sys, threading, types, warnings
import click, polars
MARK = sys.argv[1]
def fails():
    {}
if sys.argv[2] == "ours":
    from logstats import cli
    sys.modules["fails"] = types.SimpleNamespace(fails=click.command()(fails))
    cli.COMMANDS["fails"] = ("fails:fails", "")
    sys.argv = ["logstats", "fails"]
    from logstats.__main__ import main
    main()
fails()
"""


@pytest.mark.parametrize("says", BEHIND_OUR_BACK.values(), ids=BEHIND_OUR_BACK)
def test_nothing_is_said_behind_our_back(says: str, environment: dict[str, str]) -> None:
    def run(whose: str) -> bytes:
        command = [sys.executable, "-c", _RUN.format(says), MARK, whose]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        return done.stderr + done.stdout

    assert MARK.encode() in run("python's"), "the test proves nothing if nothing is said"
    assert MARK.encode() not in run("ours")


AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def hit(number: int, target: str = "/", referrer: str = "-", when: str = "01/Feb/2026:10:00:00 +0000") -> str:
    return f'198.51.100.{number} - - [{when}] "GET {target} HTTP/1.1" 200 5 "{referrer}" "{AGENT}"\n'


ODD_LINES = (
    f"{MARK}\n",
    hit(1, when=f"{MARK}/Feb/2026:10:00:00 +0000"),
    hit(1, when="99/Feb/2026:99:00:00 +0000").replace("GET", MARK),
    hit(1).replace(" 200 5 ", f" 2{MARK} 5{MARK} "),
    hit(1).replace("198.51.100.1", MARK * 40),
    f'{{"time": "{MARK}", "status": {MARK}}}\n',
    hit(1, target=f"/{MARK}@example.org?{MARK}={MARK}", referrer=f"https://{MARK}:x@[::{MARK}/"),
    hit(1).replace(" - - ", f" {MARK} {MARK} "),
    f"\x00\xff{MARK}\x1b[31m\n",
)
COMMANDS = (
    ("report", "a.log", "-v"),
    ("report", "a.log", "-v", "-o", "r.json", "-o", "r.html", "-o", "r.csv", "-o", "r.xlsx"),
    ("report", "a.log", "--format", "combined", "--max-rejected", "0"),
    ("report", "a.log", "--format", "json"),
    ("report", "a.log", "--geo", "a.log"),
    ("report", "a.log", "--policy", "a.log"),
    ("report", "--store", "a.log"),
    ("anonymize", "a.log", "-v", "-o", "o.log"),
    ("anonymize", "a.log", "--preset", "tor", "-o", "o.log"),
    ("collect", "a.log", "--store", "s", "-v"),
    ("merge", "a.log", "--store", "s"),
    ("nightly", "a.log"),
    ("formats", "detect", "a.log"),
    ("policy", "check", "a.log"),
    ("policy", "notice", "--check", "a.log"),
    ("audit", "a.log", "--ledger", "a.log", "--format", "json"),
)
# What each may leave in its directory, beside the log.
_MADE = {"r.json", "r.html", "r.csv", "r.xlsx", "o.log", "s"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("sound", [20, 0], ids=["some lines are sound", "no line is sound"])
def test_no_command_says_a_word_of_the_log_or_leaves_a_file(
    words: tuple[str, ...], sound: int, logstats: Logstats, tmp_path: Path
) -> None:
    """Whatever is wrong with the log, and wherever it is given by mistake."""
    text = "".join(hit(number + 2) for number in range(sound)) + "".join(ODD_LINES)
    for name in ("home", "temporary", "here"):
        (tmp_path / name).mkdir()
    (tmp_path / "here" / "a.log").write_text(text, errors="surrogateescape")
    around = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}

    done = logstats(*words, cwd=tmp_path / "here", env=around)

    assert done.returncode in (0, 1, 2, 3, 4), done.stderr
    assert MARK.encode() not in done.stderr.lower()
    assert MARK.encode() not in done.stdout.lower()
    assert {path.name for path in (tmp_path / "here").iterdir()} <= {"a.log", *_MADE}
    assert list((tmp_path / "home").iterdir()) == list((tmp_path / "temporary").iterdir()) == []


HOSTILE = (
    "/[red]x[/red]",
    "/<script>alert(1)</script>",
    "/\x1b]0;title\x07\x1b[2J",
    "/\u202egnp.exe",
    "=cmd|'/C calc'!A0",
    "@SUM(1)",
    "/x&lt;img src=x onerror=alert(1)&gt;",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """Outputs of a log in which 20 visitors ask for each hostile path."""
    place = tmp_path_factory.mktemp("hostile")
    lines = (hit(number, target=target) for target in HOSTILE for number in range(20))
    (place / "a.log").write_text("".join(lines), encoding="utf-8")
    for words in (("-o", "r.html", "-o", "r.csv", "-o", "r.md", "-o", "t/"), ()):
        command = [sys.executable, "-m", "logstats", "report", "a.log", *words]
        done = subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
        (place / "terminal.txt").write_bytes(done.stdout)
    return place


def test_hostile_paths_are_shown_so_that_the_next_tests_prove_something(hostile: Path) -> None:
    shown = (hostile / "terminal.txt").read_text()

    assert "[red]x[/red]" in shown
    assert "alert(1)" in shown


@pytest.mark.parametrize("name", ["terminal.txt", "r.html", "r.csv", "r.md"])
def test_no_control_or_direction_sign_reaches_an_output(name: str, hostile: Path) -> None:
    text = (hostile / name).read_text(encoding="utf-8")

    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)


def test_no_cell_of_a_csv_is_a_formula(hostile: Path) -> None:
    files = [hostile / "r.csv", *(hostile / "t").glob("*.csv")]
    cells = [cell for path in files for row in csv.reader(path.read_text().splitlines()) for cell in row]

    assert any("SUM(1)" in cell or "calc" in cell for cell in cells)
    assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-\D", cell)]


def test_no_tag_of_a_client_stands_in_the_page(hostile: Path) -> None:
    page = (hostile / "r.html").read_text()

    assert "&lt;script&gt;" in page
    assert not re.search(r"<(?:script|img|iframe|object|link)|onerror=(?!alert)", page)

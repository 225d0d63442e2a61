"""PRIVACY.md section 6: what stands in a log stands nowhere else.

Every field of a log holds a text of its own, in each notation a server or a client may use. Both commands
read it, with good and with broken input; then every byte that was written anywhere is searched.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import Logstats

MARK = "zqxcanary"


def mark(name: str) -> str:
    return f"{MARK}{name}"


def encodings(name: str) -> Iterator[str]:
    """A marked value as clients and servers write it."""
    text = mark(name)
    yield text
    yield quote(text[0]) + text[1:]
    yield "".join(f"%{ord(sign):02X}" for sign in text)
    yield base64.b64encode(text.encode()).decode()
    yield f"{text}%40example.com"
    yield f"{text}@example.com"


TIME = "[01/Feb/2026:10:00:00 +0000]"
END = '"-" "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"'


def request(
    target: str, *, host: str = "192.0.2.1", user: str = "-", ident: str = "-", method: str = "GET"
) -> str:
    return f'{host} {ident} {user} {TIME} "{method} {target} HTTP/1.1" 200 512 {END}'


def readable_lines() -> Iterator[str]:
    """Lines that are log lines, with a mark in every field but the agent."""
    yield request("/", host=f"{mark('host')}.isp.example.net")
    yield request("/", host=mark("hostword"))
    yield request("/", host="198.51.100.177")
    yield request("/", host="2001:db8:5ca1:ab1e::177")
    yield request("/", host="::ffff:203.0.113.177")
    yield request("/", user=mark("user"))
    yield request("/", user=f"{mark('user')} {mark('surname')}")
    yield request("/", ident=mark("ident"))
    for value in encodings("query"):
        yield request(f"/search?q={value}&{value}=1#{value}")
        yield request(f"/search;{value}?{value}")
    yield request(f"/users/{mark('mail')}@example.com/edit")
    yield request(f"/users/{mark('mail')}%40example.com/edit")
    yield request("/users/550e8400-e29b-41d4-a716-4466554400fa")
    yield request(f"https://{mark('login')}:{mark('password')}@example.com/")
    for value in encodings("referrer"):
        yield request("/").replace('"-"', f'"https://example.org/{value}?q={value}#{value}"')
    yield request("/").replace('"-"', f'"https://{mark("login")}:{mark("password")}@example.org/"')
    yield request("/").replace('"-"', f'"{mark("noreferrer")}"')


def reported_lines() -> Iterator[str]:
    """Marks that only a report must not show: one visitor's words, and agents."""
    yield request("/", method=mark("method").upper())
    yield request("/").replace("HTTP/1.1", f"{mark('protocol')}/1.1")
    yield request(f"/{mark('page')}")
    yield request(f"/{mark('file')}.css")
    yield request("/").replace("Firefox/120.0", mark("agent"))
    yield f'192.0.2.9 - - {TIME} "{mark("hello")}" 400 0 {END}'
    yield f'192.0.2.9 - - {TIME} "GET /{mark("missing")} HTTP/1.1" 404 0 {END}'
    yield f'192.0.2.9 - - {TIME} "GET /{mark("escaped")}\\"\\x16 HTTP/1.1" 404 0 {END}'


def broken_lines() -> Iterator[str]:
    """Lines that fit no format, or whose values are impossible."""
    yield mark("broken")
    yield f"{mark('broken')} " * 40
    yield f'192.0.2.9 - {mark("user")} [41/Feb/2026:10:00:00 +0000] "GET /{mark("day")} HTTP/1.1" 200 1 {END}'
    yield f'192.0.2.9 - - [{mark("time")}] "GET / HTTP/1.1" 200 1 {END}'
    yield f'192.0.2.9 - - {TIME} "GET / HTTP/1.1" {mark("status")} {mark("bytes")} {END}'
    yield f'192.0.2.9 - - {TIME} "GET /{mark("long")}{"x" * 70_000} HTTP/1.1" 200 1 {END}'
    yield f"\0{mark('nul')}\0"
    yield f'192.0.2.9 - {mark("user")} {TIME} "GET /{mark("cut")}'


FORMS = [
    mark("").encode(),
    MARK.upper().encode(),
    base64.b64encode(MARK.encode())[:11],
    mark("").encode().hex().encode(),
]
# What tells whose address it was, in any notation that a tool may write.
FORMS += [b"198.51.100.177", b"203.0.113.177", b"192.0.2.1", b"192.0.2.9", b"5ca1:ab1e", b"550e8400"]
FORMS += ["".join(f"%{ord(sign):02X}" for sign in MARK).encode()]


def unpacked(data: bytes) -> Iterator[bytes]:
    """The bytes as they are, and what is packed in them."""
    yield data
    for unpack in (gzip.decompress, bz2.decompress, lzma.decompress):
        try:
            yield unpack(data)
        except (OSError, EOFError, lzma.LZMAError, ValueError):
            continue
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from map(archive.read, archive.namelist())


def written_in(directory: Path, sources: set[Path]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all files, in all directories, that were not there before."""
    for path in directory.rglob("*"):
        yield "a file's name", path.name.encode()
        if path.is_file() and path not in sources:
            for part in unpacked(path.read_bytes()):
                yield path.name, part


def found_in(where: str, data: bytes) -> set[str]:
    return {f"{form.decode()} in {where}" for form in FORMS if form in data}


@pytest.fixture
def private(tmp_path: Path) -> dict[str, str]:
    """An environment in which everything a program leaves behind lies in one directory."""
    for name in ("home", "tmp", "cache"):
        (tmp_path / name).mkdir()
    return {
        "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1", "POLARS_TEMP_DIR": str(tmp_path / "tmp"),
    }  # fmt: skip


def log_of(*parts: Iterator[str], crowd: int = 40) -> bytes:
    """A log that many people visited, so that the report shows tables, and one who left marks."""
    people = [
        request(f"/page/{page}", host=f"192.0.2.{client}")
        for client in range(100, 100 + crowd)
        for page in ("one", "two", "three")
    ]
    marked = [line for part in parts for line in part]
    return "\n".join([*people[:60], *marked, *people[60:]]).encode() + b"\n"


REPORTS = ("out.html", "out.json", "out.csv", "out.md", "out.parquet", "out.xlsx", "out.prom", "out/")
KINDS = {
    "good input": (readable_lines, reported_lines),
    "broken input": (readable_lines, reported_lines, broken_lines),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "args",
    [
        ("report", "-v"),
        ("report", *(word for name in REPORTS for word in ("-o", name))),
        ("report", "-v", "--format", "common"),
        ("report", "--max-rejected", "0", "missing.log"),
        ("report", "-v", "--since", "2026-02-02"),
        ("report", "-o", "nowhere.docx"),
    ],
    ids=["terminal", "all outputs", "wrong format", "errors", "nothing in the period", "no such output"],
)
def test_no_mark_is_in_anything_a_report_writes(
    kind, args, logstats: Logstats, tmp_path: Path, private
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(log_of(*(lines() for lines in KINDS[kind])))

    done = logstats(*args, log, env=private)

    everything = [("stdout", done.stdout), ("stderr", done.stderr), *written_in(tmp_path, {log})]
    assert set().union(*(found_in(where, data) for where, data in everything)) == set()
    assert done.returncode != 70


def anonymized_broken_lines() -> Iterator[str]:
    """The broken lines; each is withheld, whatever else it holds."""
    yield from broken_lines()


@pytest.mark.parametrize(
    "lines",
    [(readable_lines,), (readable_lines, anonymized_broken_lines)],
    ids=["good input", "broken input"],
)
@pytest.mark.parametrize(
    "args",
    [
        ("anonymize", "-v"),
        ("anonymize", "-o", "out.log"),
        ("anonymize", "-o", "out.log.gz", "--address", "keyed"),
        ("anonymize", "--address", "drop", "missing.log"),
        ("anonymize", "-v", "--format", "common"),
    ],
    ids=["stdout", "file", "packed, keyed", "dropped, errors", "wrong format"],
)
def test_no_mark_is_in_anything_that_anonymize_writes(
    lines, args, logstats: Logstats, tmp_path: Path, private
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(log_of(*(part() for part in lines)))

    done = logstats(*args, log, env=private)

    everything = [("stdout", done.stdout), ("stderr", done.stderr), *written_in(tmp_path, {log})]
    assert set().union(*(found_in(where, data) for where, data in everything)) == set()
    assert done.returncode != 70


@pytest.mark.parametrize("command", ["report", "anonymize"])
@pytest.mark.parametrize("kind", ["virtual hosts", "of ones own", "JSON", "durations", "unknown"])
def test_no_mark_of_another_format_is_written(
    command, kind, logstats: Logstats, tmp_path: Path, private
) -> None:
    first = {
        "virtual hosts": lambda line: (
            f"{mark('vhost') if command == 'report' else 'www.example.org'}:443 {line}"
        ),
        "of ones own": lambda line: (
            f'{line} "{mark("forwarded")}@example.com" "{mark("cookie")}={mark("session")}"'
        ),
        "JSON": lambda line: '{"user": "%s", "line": "%s"}' % (mark("user"), mark("line")),  # noqa: UP031
        "durations": lambda line: f"{line} 1234",
        "unknown": lambda line: f"{mark('prefix')} {line}",
    }[kind]
    layout = {
        "of ones own": [
            "--format",
            '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Real}i" "%{Cookie}i"',
        ]
    }
    log = tmp_path / "access.log"
    log.write_bytes("".join(first(line) + "\n" for line in [*readable_lines()] * 8).encode())

    done = logstats(command, *layout.get(kind, []), "-v", log, env=private)

    everything = [("stdout", done.stdout), ("stderr", done.stderr), *written_in(tmp_path, {log})]
    assert set().union(*(found_in(where, data) for where, data in everything)) == set()
    assert done.returncode in {0, 3}


def test_the_search_would_find_a_mark(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(mark("x").encode()))
    (tmp_path / "b").write_bytes(base64.b64encode(mark("x").encode()))
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w") as archive:
        archive.writestr("sheet", "192.0.2.1")
    sqlite3.connect(tmp_path / mark("name")).close()

    found = set().union(*(found_in(where, data) for where, data in written_in(tmp_path, set())))

    assert len({text.split(" in ")[1] for text in found}) == 4


@pytest.mark.parametrize(
    "stage",
    [
        "parse.parse_block",
        "redact.Redactor.redact_batch",
        "rewrite.Rewriter.rewrite_block",
        "disclose.disclose",
    ],
)
def test_an_error_of_a_stage_is_told_by_its_place_alone(
    stage: str, tmp_path: Path, environment, private
) -> None:
    import subprocess
    import sys

    command = "anonymize" if stage.startswith("rewrite") else "report"
    log = tmp_path / "access.log"
    log.write_bytes(log_of(readable_lines()))
    name = stage.partition(".")[2]
    broken = (
        "import sys; import logstats.pipeline, logstats.redact, logstats.rewrite\n"
        "def fail(*args, **more): raise ValueError(open(sys.argv[-1]).read())\n"
        f"owner = logstats.{stage.rpartition('.')[0] if name.count('.') else 'pipeline'}\n"
        f"setattr(owner, {name.rpartition('.')[2]!r}, fail)\n"
        "from logstats.cli import main\nmain(sys.argv[1:])"
    )

    done = subprocess.run(
        [sys.executable, "-c", broken, command, "-v", log],
        cwd=tmp_path, env=environment | private, capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 70
    assert done.stderr.startswith(b"logstats: bug: ValueError at logstats.")
    assert done.stderr.count(b"\n") == 1
    assert found_in("stderr", done.stderr) == set()

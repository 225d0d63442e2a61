"""The audit finds an address in any notation, in any container, and nothing else."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import zstandard

from logstats.audit.finding import Finding, Level
from logstats.audit.rules import Limits, Request, Rules
from logstats.audit.run import Result, run_audit

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def audit(*paths: Path, sources: tuple[Path, ...] = (), limits: Limits | None = None) -> Result:
    return run_audit(Request(paths, NOW, sources, rules=Rules(), limits=limits or Limits(), shared_places=()))


def literal_findings(result: Result) -> list[Finding]:
    return [finding for finding in result.findings if finding.check == "address-literal"]


ESCAPED_DOT = "\\u002e"
V4_NOTATIONS = {
    "dotted": "203.0.113.77",
    "with a port": "203.0.113.77:8080",
    "in brackets": "[203.0.113.77]",
    "in a URL": "https://203.0.113.77/a",
    "in a path": "/admin/203.0.113.77",
    "in a query": "/a?from=203.0.113.77&x=1",
    "like a product": "Visitor/203.0.113.77",
    "zero-padded": "203.000.113.077",
    "percent-encoded": "203%2E0%2E113%2E77",
    "percent-encoded in small letters": "203%2e0%2e113%2e77",
    "percent-encoded twice": "203%252E0%252E113%252E77",
    "percent-encoded throughout": "%32%30%33%2e%30%2e%31%31%33%2e%37%37",
    "decimal entities": "203&#46;0&#46;113&#46;77",
    "hexadecimal entities": "203&#x2e;0&#x2E;113&#x2e;77",
    "named entities": "203&period;0&period;113&period;77",
    "unicode escapes": ESCAPED_DOT.join(("203", "0", "113", "77")),
    "byte escapes": "203\\x2e0\\x2e113\\x2e77",
    "defanged with brackets": "203[.]0[.]113[.]77",
    "defanged with parentheses": "203(.)0(.)113(.)77",
    "defanged in words": "203(dot)0(dot)113(dot)77",
    "defanged with blanks": "203 dot 0 dot 113 dot 77",
    "wide digits": "２０３．０．１１３．７７",
    "hexadecimal octets": "0xcb.0x00.0x71.0x4d",
    "octal octets": "0313.0000.0161.0115",
    "one hexadecimal number": "0xcb00714d",
    "decimal host of a URL": "http://3405803853/",
    "decimal with a name": "client_ip=3405803853",
    "dashed": "203-0-113-77",
    "dashed host name": "ip-203-0-113-77.isp.example.net",
    "dotted host name": "203.0.113.77.dyn.example.net",
    "padded host name": "203000113077.dyn.example.net",
    "underscores": "203_0_113_77",
    "reversed": "77.113.0.203.in-addr.arpa",
    "network too long": "203.0.113.0/24",
    "host of a network": "203.0.113.77/16",
    "base64 text": base64.b64encode(b"203.0.113.77").decode(),
    "hex text": b"203.0.113.77".hex(),
}
V6_NOTATIONS = {
    "short": "2001:db8::77",
    "full": "2001:0db8:0000:0000:0000:0000:0000:0077",
    "upper case": "2001:DB8::77",
    "brackets and port": "[2001:db8::77]:443",
    "zone id": "fe80::77%eth0",
    "mapped": "::ffff:203.0.113.77",
    "mapped in hex": "::ffff:cb00:714d",
    "mapped in full": "0:0:0:0:0:ffff:203.0.113.77",
    "compatible": "::203.0.113.77",
    "NAT64": "64:ff9b::203.0.113.77",
    "6to4": "2002:cb00:714d::1",
    "6to4 network": "2002:cb00:714d::/48",
    "Teredo": "2001:0:4136:e378:8000:63bf:34ff:8eb2",
    "percent-encoded IPv6": "2001%3Adb8%3A%3A77",
    "percent-encoded twice IPv6": "2001%253Adb8%253A%253A77",
    "entities IPv6": "2001&#58;db8&#58;&#58;77",
    "escapes IPv6": "2001\\u003adb8\\u003a\\u003a77",
    "defanged IPv6": "2001[:]db8[:][:]77",
    "ip6.arpa": ".".join(reversed("20010db8" + "0" * 22 + "77")) + ".ip6.arpa",
    "literal host name": "2001-db8--77.ipv6-literal.net",
    "32 hex digits": "20010db8000000000000000000000077",
    "network too long IPv6": "2001:db8:1::/48",
    "base64 text IPv6": base64.b64encode(b"2001:db8::77").decode(),
}
NOTATIONS = V4_NOTATIONS | V6_NOTATIONS
SURROUNDINGS = {
    "alone": "{}",
    "in a CSV cell": 'name,"{}",12',
    "in JSON": '{{"a": "{}", "b": 1}}',
    "in an attribute": '<td title="{}">x</td>',
    "between words": "seen {} today",
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
def test_an_address_is_found_in_any_notation_at_its_line(
    notation: str, surroundings: str, tmp_path: Path
) -> None:
    target = tmp_path / "out.txt"
    target.write_text("first\nsecond\n" + surroundings.format(notation) + "\nlast\n", encoding="utf-8")

    found = literal_findings(audit(target))

    assert [finding.place for finding in found[:1]] == ["line 3"]


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
def test_the_audit_s_own_output_passes_the_audit(notation: str, tmp_path: Path) -> None:
    target, said = tmp_path / "out.txt", tmp_path / "said.txt"
    target.write_text(f"seen {notation} today\n", encoding="utf-8")
    said.write_text("\n".join(str(finding) for finding in audit(target).findings), encoding="utf-8")

    assert literal_findings(audit(said)) == []


CLEAN = """
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36 Edg/121.0.0.0
Mozilla/5.0 (X11; Linux x86_64) Chrome/49.0.2623.112 YaBrowser/24.1.0.0 Safari/537.36
Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; .NET CLR 1.1.4322; Foo/1.2.3.4)
[12/Mar/2026:10:00:00 +0000] 2020:06:49:01 2026-03-12T10:00:00.000Z 12:34:56:789
1.3.6.1.4.1.311 and OID 2.5.29.17
Section 1.2.3.4 describes; see section 4.3.2.1 and RFC 9110
1.2.3.4 Scope of this document
mask 255.255.255.0 and 0.0.0.0 and 127.0.0.1 and ::1 and ::
203.0.0.0/16 2001:db8::/32 203.0.0.0
std::vector<int> Foo::Bar a::before { content: "" } dd::cafe face::bad B1::C2
00:1a:2b:3c:4d:5e aa:bb:cc:dd:ee:ff:00:11
v1.2.3.4 foo-1.2.3.4.tar.gz libfoo_1.2.3.4_amd64.deb libfoo.so.1.2.3.4
Depends: libfoo (>= 1.2.3.4), libbar (= 1:2.3.4.5-1ubuntu1)
ii  libx 1.2.3.4-1 amd64 a library
typing_extensions 4.15.0.1
foo==1.2.3.4
## 1.2.3.4 (2020-01-01)
Bump foo from 1.2.3.4 to 1.2.3.5
203.0.x.x 2001:db8:x:x
2026-01-02-03-04 1-800-555-1212 2026.03.12.1
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
d41d8cd98f00b204e9800998ecf8427e 550e8400-e29b-41d4-a716-446655440000
"""


@pytest.mark.parametrize("line", CLEAN.strip().splitlines())
def test_versions_dates_scopes_and_networks_are_no_addresses(line: str, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text(line + "\n", encoding="utf-8")

    assert literal_findings(audit(target)) == []


LINE = b"nothing here\nvisitor 203.0.113.77 was here\n"


def _tar(name: str, data: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def _zip(name: str, data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return target.getvalue()


def _frame() -> pl.DataFrame:
    return pl.DataFrame({"seen": ["nothing", "203.0.113.77"], "hits": [1, 2]})


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    target = io.BytesIO()
    write(target)
    return target.getvalue()


def _pdf() -> bytes:
    stream = zlib.compress(b"BT /F1 12 Tf [(visitor 203.0)-20(.113.77)] TJ ET")
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n" + stream + b"\nendstream\nendobj\n%%EOF\n"
    )


def _html(data: bytes) -> bytes:
    packed = base64.b64encode(data).decode()
    return f"<!doctype html><p>hello</p>\n<img src='data:text/plain;base64,{packed}'>\n".encode()


CONTAINERS = {
    "gz": (gzip.compress(LINE), "line 2"),
    "bz2": (bz2.compress(LINE), "line 2"),
    "xz": (lzma.compress(LINE), "line 2"),
    "zst": (zstandard.ZstdCompressor().compress(LINE), "line 2"),
    "zip": (_zip("a.txt", LINE), "line 2"),
    "tar": (_tar("a.txt", LINE), "line 2"),
    "tar in gz in zip": (_zip("a.tgz", gzip.compress(_tar("a.txt", LINE))), "line 2"),
    "utf-16 with mark": (LINE.decode().encode("utf-16"), "line 2"),
    "utf-16 without mark": (LINE.decode().encode("utf-16-le"), "line 2"),
    "parquet": (_written(_frame().write_parquet), "column seen, row 2"),
    "arrow": (_written(_frame().write_ipc), "column seen, row 2"),
    "pdf": (_pdf(), "object 11"),
    "data uri": (_html(LINE), "line 2"),
    "zipped member's name": (_zip("log-203.0.113.77.txt", b"x"), "name 1"),
    "binary": (bytes(range(32)) * 9 + b"203.0.113.77" + bytes(range(32)), "byte 288"),
    "tags between": (b"<!doctype html>\n<p>203.<b>0</b>.113.<i>77</i></p>\n", "line 2"),
    "latin-1": ("é visitor\n203.0.113.77\n".encode("latin-1"), "line 2"),
}


@pytest.mark.parametrize(("data", "place"), CONTAINERS.values(), ids=CONTAINERS)
def test_an_address_is_found_inside_a_container(data: bytes, place: str, tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(data)

    result = audit(target)

    assert place in [finding.place for finding in literal_findings(result)]


def test_a_deleted_row_of_a_database_is_found_in_its_free_space(tmp_path: Path) -> None:
    target = tmp_path / "out.db"
    connection = sqlite3.connect(target)
    connection.execute("pragma secure_delete = off")
    connection.execute("create table seen (note text)")
    connection.execute("insert into seen values ('long enough: 203.0.113.77')")
    connection.commit()
    connection.execute("delete from seen")
    connection.commit()
    connection.close()

    assert [f.place.split()[0] for f in literal_findings(audit(target))] == ["byte"]


def test_a_journal_beside_a_database_is_read(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "out.db")
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table seen (note text)")
    connection.execute("insert into seen values ('visitor 203.0.113.77')")
    connection.commit()

    files = {Path(finding.file).name for finding in literal_findings(audit(tmp_path))}
    connection.close()

    assert "out.db-wal" in files


def _bomb() -> bytes:
    return gzip.compress(b"a" * (64 << 20))


def _nested() -> bytes:
    data = b"203.0.113.77"
    for _ in range(9):
        data = gzip.compress(data)
    return data


INCONCLUSIVE = {
    "a bomb": _bomb(),
    "nested too deep": _nested(),
    "cut short": gzip.compress(LINE * 999)[:-20],
    "damaged zip": _zip("a.txt", LINE)[:-10],
    "damaged parquet": b"PAR1" + b"\x00" * 64,
    "damaged database": b"SQLite format 3\x00" + b"\x01" * 200,
}


@pytest.mark.parametrize("data", INCONCLUSIVE.values(), ids=INCONCLUSIVE)
def test_what_cannot_be_read_to_its_end_has_not_passed(data: bytes, tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(data)

    result = audit(target, limits=Limits(ratio=50))

    assert Level.INCONCLUSIVE in {finding.level for finding in result.findings}
    assert result.exit_code in (1, 3)


def test_a_missing_path_is_inconclusive(tmp_path: Path) -> None:
    assert audit(tmp_path / "no").exit_code == 3


def test_an_address_in_a_file_name_is_found_and_the_name_is_masked(tmp_path: Path) -> None:
    (tmp_path / "log-203.0.113.77.txt").write_text("x\n")

    found = literal_findings(audit(tmp_path))

    assert [(Path(f.file).name, f.place) for f in found] == [("log-203.0.x.x.txt", "file name")]


@pytest.mark.corpus
def test_agent_strings_of_the_world_hold_no_address(corpus: Path) -> None:
    files = sorted((corpus / "ua" / "uap-core").rglob("*"))

    found = literal_findings(audit(*[path for path in files if path.is_file()]))

    # two crawlers name their own address in their agent string
    assert {finding.masked for finding in found} == {"92.51.x.x", "217.20.x.x"}

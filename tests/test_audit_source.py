"""What stood in the source is found in an output, in whatever form it was put there."""

from __future__ import annotations

import base64
import hashlib
import io
import sqlite3
import zlib
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import polars as pl
import pytest

from logstats.audit.digests import murmur3_32, xxh32, xxh64
from logstats.audit.finding import Finding
from tests.test_audit_literals import audit

FOUR, SIX = IPv4Address("203.0.113.77"), IPv6Address("2001:db8::77")
AGENT = "Mozilla/5.0 (X11) Chrome/121.0.0.0"
LINES = f"""\
{FOUR} - fran.miller [12/Mar/2026:10:00:00 +0000] "GET /a?q=orange+marmalade HTTP/1.1" 200 512 "https://example.org/inbox/letter-to-fran" "{AGENT}"
{SIX} - - [12/Mar/2026:10:00:01 +0000] "GET /b?email=fran%40example.org HTTP/1.1" 200 512 "-" "curl/8.5.0"
::ffff:198.51.100.9 - - [12/Mar/2026:10:00:02 +0000] "GET /c HTTP/1.1" 200 512 "-" "curl/8.5.0"
pool-7-alpha.isp.example.net - - [12/Mar/2026:10:00:03 +0000] "GET /c HTTP/1.1" 200 512 "-" "curl/8.5.0"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "access.log"
    path.write_text(LINES)
    return path


def found(check: str, content: str | bytes, source: Path, name: str = "out.txt") -> list[Finding]:
    target = source.parents[1] / name
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    return [
        finding
        for finding in audit(target, sources=(source,)).findings
        if finding.check == check and finding.file
    ]


NUMBERS = {
    "integer": str(int(FOUR)),
    "signed integer": str(int(FOUR) - (1 << 32)),
    "integer, bytes reversed": str(int.from_bytes(FOUR.packed, "little")),
    "hex": FOUR.packed.hex(),
    "hex in capitals": FOUR.packed.hex().upper(),
    "hex with prefix": "0x" + FOUR.packed.hex(),
    "hex, bytes reversed": FOUR.packed[::-1].hex(),
    "hex in a host name": f"host-{FOUR.packed.hex()}.isp",
    "base64": base64.b64encode(FOUR.packed).decode(),
    "base64 without padding": base64.b64encode(FOUR.packed).decode().rstrip("="),
    "base64 of IPv6": base64.b64encode(SIX.packed).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SIX.packed).decode().rstrip("="),
    "integer of IPv6": str(int(SIX)),
    "hex of IPv6": SIX.packed.hex(),
    "hex of IPv6, bytes reversed": SIX.packed[::-1].hex(),
    "three parts": "203.0.29005",
    "two parts": "203.29005",
    "dotted": str(FOUR),
    "reversed": "77.113.0.203",
    "like a version": f"Chrome/{FOUR}",
    "mapped in the source": "198.51.100.9",
    "inside 6to4": "2002:cb00:714d::1",
}


@pytest.mark.parametrize("form", NUMBERS.values(), ids=NUMBERS)
def test_an_address_of_the_source_is_found_in_every_form(form: str, source: Path) -> None:
    findings = found("source-address", f"one\ntwo {form} three\n", source)

    assert {finding.place for finding in findings} == {"line 2"}


def _hex(make: Callable[[bytes], object], message: bytes) -> str:
    return make(message).hexdigest()  # type: ignore[attr-defined, no-any-return]


TEXT, PAIR = str(FOUR).encode(), f"{FOUR}|{AGENT}".encode()
HASHES = {
    **{
        name: hashlib.new(name, TEXT).hexdigest()
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    },
    **{name: hashlib.new(name, TEXT).hexdigest() for name in ("sha3_256", "sha3_512", "blake2b", "blake2s")},
    "blake2b of 8 bytes": hashlib.blake2b(TEXT, digest_size=8).hexdigest(),
    "in capitals": hashlib.md5(TEXT).hexdigest().upper(),  # noqa: S324 -- the leak to be found
    "with newline": hashlib.md5(TEXT + b"\n").hexdigest(),  # noqa: S324 -- the leak to be found
    "of packed bytes": hashlib.sha1(FOUR.packed).hexdigest(),  # noqa: S324 -- the leak to be found
    "of the integer": hashlib.sha256(str(int(FOUR)).encode()).hexdigest(),
    "of the mapped form": hashlib.sha256(b"::ffff:" + TEXT).hexdigest(),
    "of IPv6": hashlib.sha256(str(SIX).encode()).hexdigest(),
    "of IPv6 in full": hashlib.md5(SIX.exploded.encode()).hexdigest(),  # noqa: S324 -- the leak to be found
    "cut to 16": hashlib.sha256(TEXT).hexdigest()[:16],
    "cut to 10": hashlib.sha1(TEXT).hexdigest()[:10],  # noqa: S324 -- the leak to be found
    "cut to 8": hashlib.md5(TEXT).hexdigest()[:8],  # noqa: S324 -- the leak to be found
    "base64": base64.b64encode(hashlib.sha256(TEXT).digest()).decode(),
    "base64 cut": base64.urlsafe_b64encode(hashlib.sha256(TEXT).digest()).decode()[:12],
    "with agent": hashlib.sha256(PAIR).hexdigest(),
    "with agent, cut": hashlib.md5(PAIR).hexdigest()[:12],  # noqa: S324 -- the leak to be found
    "agent first": hashlib.sha1(f"{AGENT}{FOUR}".encode()).hexdigest(),  # noqa: S324 -- the leak to be found
    "crc32": f"{zlib.crc32(TEXT):08x}",
    "crc32 as number": str(zlib.crc32(TEXT)),
    "murmur3": f"{murmur3_32(TEXT):08x}",
    "xxh32": f"{xxh32(TEXT):08x}",
    "xxh64": f"{xxh64(TEXT):016x}",
}


@pytest.mark.parametrize("code", HASHES.values(), ids=HASHES)
def test_a_hash_of_an_address_of_the_source_is_found(code: str, source: Path) -> None:
    findings = found("address-hash", f"visitor\nid {code} x\n", source)

    assert {finding.place for finding in findings} == {"line 2"}


@pytest.mark.parametrize(
    ("message", "digest32", "digest64"),
    [
        (b"", 0x02CC5D05, 0xEF46DB3751D8E999),
        (b"Nobody inspects the spammish repetition", 0xE2293B2F, 0xFBCEA83C8A378BF1),
    ],
    ids=["empty", "a sentence"],
)
def test_xxhash_gives_the_known_values(message: bytes, digest32: int, digest64: int) -> None:
    assert (xxh32(message), xxh64(message)) == (digest32, digest64)


def test_murmur_gives_the_known_value() -> None:
    assert murmur3_32(b"Hello, world!") == 0xC0363E43


TEXTS = {
    "user name": "seen fran.miller today",
    "query value": "searched: orange+marmalade",
    "query value decoded": '"orange marmalade"'.replace(" ", "+"),
    "query value percent-decoded": "fran@example.org",
    "path of a referrer": "/inbox/letter-to-fran",
    "host name": "pool-7-alpha.isp.example.net",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_private_text_of_the_source_is_found_and_not_quoted(text: str, source: Path) -> None:
    findings = found("source-text", f"one\n{text}\n", source)

    assert {finding.place for finding in findings} == {"line 2"}
    assert "fran" not in str(findings).replace("out.txt", "")


def test_what_the_site_itself_names_is_no_private_text(source: Path) -> None:
    assert found("source-text", "/a\n/b\nChrome 121\ncurl\nexample.org\n", source) == []


def _parquet(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


COLUMNS = {
    "unsigned": pl.Series("x", [1, int(FOUR)], dtype=pl.UInt32),
    "signed": pl.Series("x", [1, int(FOUR) - (1 << 32)], dtype=pl.Int32),
    "wide": pl.Series("x", [1, int(FOUR)], dtype=pl.Int64),
    "packed": pl.Series("x", [b"abcd", FOUR.packed], dtype=pl.Binary),
    "packed IPv6": pl.Series("x", [b"abcd", SIX.packed], dtype=pl.Binary),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_an_address_is_found_in_a_typed_column(column: pl.Series, source: Path) -> None:
    findings = found("source-address", _parquet(column.to_frame()), source, "out.parquet")

    assert "column x, row 2" in {finding.place for finding in findings}


def test_a_table_and_a_source_that_begin_like_an_archive_are_read(source: Path) -> None:
    """`x^` is how zlib begins, too."""
    source.write_text(f"x^\n{LINES}")

    findings = [found("source-address", f"{name},who\n1,{FOUR}\n", source, "out.csv") for name in ("x^", "a")]

    assert findings[0] == findings[1] != []


def test_an_address_is_found_in_an_integer_of_a_database(source: Path) -> None:
    target = source.parents[1] / "out.db"
    with sqlite3.connect(target) as connection:
        connection.execute("create table seen (who integer)")
        connection.execute("insert into seen values (?)", (int(FOUR),))
    connection.close()

    findings = [
        f for f in audit(target, sources=(source,)).findings if f.check == "source-address" and f.file
    ]

    assert [finding.place for finding in findings] == ["table seen, column who, row 1"]


def test_a_clean_output_passes_against_its_source(source: Path) -> None:
    target = source.parents[1] / "out.csv"
    target.write_text("path,hits,visitors\n/c,1200,40\n(other),77,20\n")

    assert audit(target, sources=(source,)).exit_code == 0


def test_the_version_of_a_browser_in_the_source_is_no_address(source: Path) -> None:
    source.write_text(LINES.replace("121.0.0.0", "121.0.7.19").replace("/c HTTP", "/Edg/121.0.7.19 HTTP"))

    assert found("source-address", "Chrome/121.0.7.19\n", source) == []


def test_a_source_cut_short_is_inconclusive(source: Path) -> None:
    import gzip

    packed = source.with_suffix(".gz")
    packed.write_bytes(gzip.compress(LINES.encode() * 99)[:-12])
    target = source.parents[1] / "out.txt"
    target.write_text("nothing\n")

    assert audit(target, sources=(packed,)).exit_code == 3

"""How answers were delivered: from which cache, over which TLS, in words that are known."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats import formats, schema
from logstats.delivery import clean_delivery
from logstats.formats import parse_line
from logstats.parse import parse_block
from logstats.plan import plan_of
from logstats.store import open_store
from logstats.store.days import get_site, load_days, summarize
from logstats.summaries import validate_summary
from tests.conftest import Logstats
from tests.hits import FIREFOX
from tests.nights import Nights

CACHE, PROTOCOL, CIPHER = schema.DELIVERY


@pytest.mark.parametrize(
    ("column", "said", "kept"),
    [
        (CACHE, "HIT", "HIT"),
        (CACHE, "RefreshHit", "REFRESHHIT"),
        (CACHE, "revalidated", "REVALIDATED"),
        (CACHE, "TCP_REFRESH_UNMODIFIED", "TCP_REFRESH_UNMODIFIED"),
        (CACHE, "HIT-STALE", "HIT-STALE"),
        (CACHE, "N/A", "(none)"),
        (CACHE, "-", "(none)"),
        (CACHE, "HIT from anna.example.org", "(other)"),
        (PROTOCOL, "TLSv1.3", "TLSv1.3"),
        (PROTOCOL, "TLS 1.2", "TLSv1.2"),
        (PROTOCOL, "1.3", "TLSv1.3"),
        (PROTOCOL, "TLSv1", "TLSv1"),
        (PROTOCOL, "SSLv3", "SSLv3"),
        (PROTOCOL, "", "(none)"),
        (PROTOCOL, "TLSv1.9", "(other)"),
        (CIPHER, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
        (CIPHER, "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        (CIPHER, "DES-CBC3-SHA", "DES-CBC3-SHA"),
        (CIPHER, "(NONE)", "(none)"),
        (CIPHER, "anna@example.org", "(other)"),
        (CIPHER, "198.51.100.7", "(other)"),
    ],
)
def test_words_of_servers_are_kept_and_others_are_not(column: str, said: str, kept: str) -> None:
    assert clean_delivery(column, pl.Series([said])).to_list() == [kept]


@given(st.sampled_from(schema.DELIVERY), st.lists(st.one_of(st.none(), st.text(max_size=30)), min_size=1))
def test_no_text_but_a_known_word_stays(column: str, said: list[str | None]) -> None:
    for kept in clean_delivery(column, pl.Series(said, dtype=pl.String)):
        assert (
            kept in ("(none)", "(other)") or kept.replace("_", "").replace("-", "").replace(".", "").isalnum()
        )
        assert "@" not in kept


LAYOUTS = {
    "plain": '$remote_addr - - [$time_local] "$request" $status $bytes_sent "$http_referer" '
    '"$http_user_agent" $upstream_cache_status $ssl_protocol $ssl_cipher',
    "quoted": '$remote_addr - - [$time_local] "$request" $status $bytes_sent "$http_referer" '
    '"$http_user_agent" "$upstream_cache_status" "$ssl_protocol" "$ssl_cipher"',
    "apache": '%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" '
    "%{Varnish:hitmiss}x %{SSL_PROTOCOL}x %{SSL_CIPHER}x",
}
JSON = "json"
WORDS = (
    ("HIT", "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ("MISS", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
    ("-", "-", "-"),
)


def line(client: int, words: tuple[str, ...], *, kind: str = "plain", day: int = 1) -> str:
    if kind == JSON:
        told = {
            "time": f"2026-02-{day:02}T10:00:00+00:00", "remote_addr": f"192.0.2.{client}",
            "request": "GET / HTTP/1.1", "status": 200, "http_user_agent": FIREFOX,
            "upstream_cache_status": words[0], "ssl_protocol": words[1], "ssl_cipher": words[2],
        }  # fmt: skip
        return json.dumps(told) + "\n"
    end = " ".join(f'"{word}"' if kind == "quoted" else word for word in words)
    return (
        f"192.0.2.{client} - - [{day:02}/Feb/2026:10:00:00 +0000] "
        f'"GET / HTTP/1.1" 200 5 "-" "{FIREFOX}" {end}'.rstrip()
        + "\n"
    )


def log(kind: str, *, day: int = 1, size: int = 90) -> bytes:
    return "".join(line(n % 60, WORDS[n % 3], kind=kind, day=day) for n in range(size)).encode()


def tables(path: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: table["rows"] for name, table in json.loads(path.read_text())["tables"].items()}


@pytest.mark.parametrize("kind", [*LAYOUTS, JSON])
def test_every_layout_tells_the_same_tables(kind: str, tmp_path: Path, logstats: Logstats) -> None:
    (tmp_path / "access.log").write_bytes(log(kind))
    form = ["--format", LAYOUTS[kind]] if kind in LAYOUTS else []
    done = logstats("report", "access.log", *form, "-o", "report.json")
    assert done.returncode == 0, done.stderr

    found = tables(tmp_path / "report.json")
    assert {row[CACHE]: row["hits"] for row in found["cache"]} == {"HIT": 30, "MISS": 30, "(none)": 30}
    assert {(row[PROTOCOL], row[CIPHER]): row["visitors"] for row in found["tls"]} == {
        ("TLSv1.3", "TLS_AES_256_GCM_SHA384"): 20,
        ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"): 20,
        ("(none)", "(none)"): 20,
    }


@pytest.mark.parametrize("kind", ["plain", "quoted", "apache"])
@settings(max_examples=25)
@given(
    words=st.lists(
        st.sampled_from(["HIT", "-", "", "a b", "x\\x22y", "TLSv1.3", "\t", "anna"]), min_size=3, max_size=3
    )
)
def test_the_fast_plan_reads_what_the_exact_parser_reads(kind: str, words: list[str]) -> None:
    format_ = formats.load(LAYOUTS[kind])
    assert plan_of(format_) is not None
    text = line(1, tuple(words), kind=kind)
    parsed = parse_block(text.encode(), (format_,))
    exact = parse_line(format_, text.rstrip("\n"))

    if parsed.batch is not None:
        for column in schema.DELIVERY:
            batch = parsed.batch
            word = batch.values[column][column].gather(batch.hits[column]).item()
            assert isinstance(exact, dict)
            assert (None if word == "-" else word) == exact[column]


def test_a_log_without_these_words_has_neither_column_nor_table(tmp_path: Path, logstats: Logstats) -> None:
    """JSON has names for them in general; here nobody uses them."""
    plain = b"".join(one.rpartition(b'"')[0] + b'"\n' for one in log("plain").splitlines())
    batch = parse_block(plain, (formats.preset("combined"),)).batch
    assert batch is not None
    assert not set(schema.DELIVERY) & {*batch.values, *batch.hits.columns}
    lines = [
        json.dumps({k: v for k, v in json.loads(one).items() if "ssl" not in k and "cache" not in k})
        for one in log(JSON).splitlines()
    ]
    (tmp_path / "access.log").write_text("\n".join(lines))
    logstats("report", "access.log", "-o", "report.json")

    assert not {"cache", "tls"} & tables(tmp_path / "report.json").keys()


def test_hits_of_a_log_without_these_words_count_as_none(tmp_path: Path, logstats: Logstats) -> None:
    (tmp_path / "one.log").write_bytes(log(JSON))
    plain = b"".join(one.rpartition(b'"')[0] + b'"\n' for one in log("plain").splitlines())
    (tmp_path / "two.log").write_bytes(plain)
    logstats("report", "one.log", "two.log", "-o", "report.json")

    found = tables(tmp_path / "report.json")
    assert {row[CACHE]: row["hits"] for row in found["cache"]} == {"HIT": 30, "MISS": 30, "(none)": 120}
    assert logstats("audit", "report.json").returncode == 0


def test_days_of_another_format_and_late_lines_still_add_up(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.write(log(JSON))
    nights.collect("2026-02-02T03:00")
    silent = b"".join(
        json.dumps({k: v for k, v in json.loads(one).items() if "ssl" not in k and "cache" not in k}).encode()
        + b"\n"
        for day in (1, 2)
        for one in log(JSON, day=day, size=30).splitlines()
    )
    nights.write(silent)
    nights.collect("2026-02-03T03:00")
    with open_store(nights.store) as store:
        stored = load_days(store, get_site(store, "www"))
    summary = summarize(stored)

    found = summary.tables["cache"].group_by("day").agg(pl.col("hits").sum()).sort("day").rows()
    assert found == [(date(2026, 2, 1), 120), (date(2026, 2, 2), 30)]
    validate_summary(summary)


def test_what_few_visitors_got_is_hidden(tmp_path: Path, logstats: Logstats) -> None:
    rare = "".join(line(n, ("STALE", "TLSv1", "RC4-SHA")) for n in range(9))
    (tmp_path / "access.log").write_bytes(log("plain") + rare.encode())
    logstats("report", "access.log", "--format", LAYOUTS["plain"], "-o", "report.json")

    text = (tmp_path / "report.json").read_text()
    assert "STALE" not in text
    assert "RC4-SHA" not in text
    assert sum(row["hits"] for row in tables(tmp_path / "report.json")["cache"]) == 99


SQUID = "1769940000.327   2864 203.0.113.9 TCP_MEM_HIT/200 10182 GET http://www.example.org/a?b anna HIER_NONE/- text/html"
CADDY = {
    "level": "info", "ts": 1769940000.1, "logger": "http.log.access", "msg": "handled request",
    "request": {"remote_ip": "203.0.113.9", "remote_port": "1", "proto": "HTTP/2.0", "method": "GET",
                "host": "www.example.org", "uri": "/", "headers": {}, "tls": {"version": 772, "cipher_suite": 4865}},
    "duration": 0.1, "size": 1, "status": 200,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("squid", SQUID, {CACHE: "TCP_MEM_HIT", "status": 200}),
        ("caddy", json.dumps(CADDY), {PROTOCOL: "TLSv1.3", CIPHER: "TLS_AES_128_GCM_SHA256"}),
    ],
    ids=["squid", "caddy"],
)
def test_formats_that_write_it_in_their_own_way(name: str, text: str, told: dict[str, object]) -> None:
    hit = parse_line(formats.preset(name), text)

    assert isinstance(hit, dict)
    assert {key: hit.get(key) for key in told} == told


def test_anonymize_keeps_words_of_servers_and_masks_what_stands_in_their_place(logstats: Logstats) -> None:
    known = line(7, WORDS[0])
    strange = line(7, ("anna@example.org", "198.51.100.77", "MISS"))
    done = logstats("anonymize", "-", "--format", LAYOUTS["plain"], input=(known + strange).encode())

    first, second = done.stdout.decode().splitlines()
    assert first.endswith(" ".join(WORDS[0]))
    assert "anna" not in second
    assert "198.51.100.77" not in second

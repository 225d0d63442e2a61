"""Country and network of cut addresses; a database from outside can do no harm."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from logstats.errors import LogstatsError
from logstats.geo import GeoDatabaseError, open_databases
from tests.corpus import CORPUS

BAD = sorted((CORPUS / "mmdb/bad-data").glob("*.mmdb")) if CORPUS else []
NO_GEO = sorted((CORPUS / "mmdb/test-data").glob("MaxMind-DB-test-*.mmdb")) if CORPUS else []


def rows(path: Path, *networks: str | None) -> list[tuple[str, str]]:
    return open_databases([str(path)]).look_up(pl.Series(networks, dtype=pl.String)).rows()


@pytest.mark.parametrize("name", ["GeoIP2-Country", "GeoIP2-City", "GeoLite2-Country", "GeoLite2-City"])
def test_a_country_or_city_database_tells_countries(corpus: Path, name: str) -> None:
    """What kind it is, its own metadata say; the file's name does not matter."""
    path = corpus / f"mmdb/test-data/{name}-Test.mmdb"
    geo = open_databases([str(path)])

    assert (geo.tells_country, geo.tells_network) == (True, False)
    assert rows(path, "2a02:cf40::/32", "203.0.0.0/16") == [("NO", "(unknown)"), ("(unknown)", "(unknown)")]


def test_a_database_agrees_with_the_json_it_was_made_from(corpus: Path) -> None:
    """Every IPv6 network of at most 32 bits in the source has the country that the source says."""
    source = json.loads((corpus / "mmdb/source-data/GeoLite2-Country-Test.json").read_text("utf-8"))
    expected = {
        network: record["country"]["iso_code"]
        for entry in source
        for network, record in entry.items()
        if ":" in network and "country" in record and int(network.split("/")[1]) <= 32
    }
    told = rows(corpus / "mmdb/test-data/GeoLite2-Country-Test.mmdb", *expected)

    assert len(expected) > 20
    assert [country for country, _ in told] == list(expected.values())


def test_an_asn_database_tells_networks(corpus: Path) -> None:
    """Number and name of the autonomous system."""
    path = corpus / "mmdb/test-data/GeoLite2-ASN-Test.mmdb"

    assert rows(path, "1.128.0.0/16") == [("(unknown)", "AS1221 Telstra Pty Ltd")]


def test_two_databases_tell_both(corpus: Path) -> None:
    """One knows the country, the other the network."""
    folder = corpus / "mmdb/test-data"
    geo = open_databases([str(folder / "GeoLite2-ASN-Test.mmdb"), str(folder / "GeoLite2-Country-Test.mmdb")])

    assert geo.tells_country
    assert geo.tells_network
    assert geo.look_up(pl.Series(["2a02:cf40::/32", "1.128.0.0/16"])).columns == ["country", "network"]


def test_what_is_no_address_is_unknown(corpus: Path) -> None:
    """A host name, null and nonsense; rows stay in their order, the same ones twice."""
    told = rows(
        corpus / "mmdb/test-data/GeoLite2-Country-Test.mmdb",
        "example.org", None, "", "2a02:cf40::/32", "999.0.0.0/16", "2a02:cf40::/32",
    )  # fmt: skip

    assert [country for country, _ in told] == ["(unknown)"] * 3 + ["NO", "(unknown)", "NO"]


def test_no_addresses_give_no_rows(corpus: Path) -> None:
    """And still the columns."""
    path = corpus / "mmdb/test-data/GeoLite2-Country-Test.mmdb"

    assert rows(path) == []


@pytest.mark.corpus
@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_malicious_database_is_refused_or_tells_nothing(path: Path, tmp_path: Path) -> None:
    """Also when it claims to be a city database, it ends in an error of ours or in `(unknown)`."""
    with pytest.raises(GeoDatabaseError) as refused:
        open_databases([str(path)])
    # The same length as the type that these files give, so that they get past the check of the type.
    claimed = tmp_path / "claimed.mmdb"
    claimed.write_bytes(path.read_bytes().replace(b"DTest", b"DCity"))
    try:
        told = rows(claimed, "1.1.0.0/16", "2001:db8::/32", "203.0.0.0/16")
    except GeoDatabaseError:
        told = []

    assert refused.value.exit_code == 3
    assert set(told) <= {("(unknown)", "(unknown)")}


@pytest.mark.corpus
@pytest.mark.parametrize("path", NO_GEO, ids=lambda path: path.stem)
def test_a_database_of_another_type_is_said(path: Path) -> None:
    """With its type, and what would do."""
    with pytest.raises(GeoDatabaseError, match=r"its type is .*; give a country, a city or an ASN database"):
        open_databases([str(path)])


def test_a_damaged_record_is_one_error(corpus: Path) -> None:
    """Wherever the damage is, no traceback of the reader is seen."""
    path = corpus / "mmdb/test-data/GeoIP2-City-Test-Broken-Double-Format.mmdb"

    with pytest.raises(GeoDatabaseError, match="the database is damaged") as error:
        rows(path, "2001:220::/32", "2a02:cf40::/32")
    assert error.value.__cause__ is None


@pytest.mark.parametrize("keep", [0.99, 0.5, 0.1], ids=str)
def test_a_truncated_database_is_one_error(corpus: Path, tmp_path: Path, keep: float) -> None:
    """A download that broke off."""
    whole = (corpus / "mmdb/test-data/GeoLite2-Country-Test.mmdb").read_bytes()
    path = tmp_path / "x.mmdb"
    path.write_bytes(whole[: int(len(whole) * keep)])

    with pytest.raises(GeoDatabaseError):
        rows(path, "2a02:cf40::/32")


def test_random_damage_never_ends_in_another_error(corpus: Path, tmp_path: Path) -> None:
    """Some bytes of a good database are changed; it works, or the error is ours."""
    whole = (corpus / "mmdb/test-data/GeoLite2-ASN-Test.mmdb").read_bytes()
    path = tmp_path / "x.mmdb"
    refused = 0
    for at in range(0, len(whole) - 40, 211):
        path.write_bytes(whole[:at] + b"\xff\x05\xe0" + whole[at + 3 :])
        try:
            rows(path, "1.128.0.0/16", "2a02:cf40::/32")
        except GeoDatabaseError:
            refused += 1

    assert refused > 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no such file"), (b"", "no MaxMind database"), (b"192.0.2.1 - - text", "no MaxMind database")],
    ids=["missing", "empty", "text"],
)
def test_what_is_no_database_is_said(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """The message names the file and never what stands in it."""
    path = tmp_path / "x.mmdb"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(LogstatsError, match=reason) as error:
        open_databases([str(path)])
    assert str(error.value).startswith(f"{path}: ")
    assert "192.0.2.1" not in str(error.value)

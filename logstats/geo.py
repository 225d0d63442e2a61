"""Country and network of an address that is already cut, from databases of the user's own.

A database is a file from outside: it is read by maxminddb's reader in Python,
which cannot corrupt memory, and whatever goes wrong in it is one error of ours.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import maxminddb
import polars as pl

from logstats import schema
from logstats.errors import LogstatsError
from logstats.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNKNOWN: Final = "(unknown)"
COLUMNS: Final = {schema.COUNTRY: pl.String, schema.NETWORK: pl.String}

# The marker stands in the last 128 KiB (MaxMind DB file format 2.0, "Database Metadata").
_MARKER: Final = b"\xab\xcd\xefMaxMind.com"
_METADATA_BYTES: Final = 128 * 1024
# Organisations have long names; a table needs the beginning.
_NAME_CHARACTERS: Final = 60
# Cut addresses remembered: a /16 of every IPv4 address, and as many of IPv6.
_CACHE_SIZE: Final = 131_072

_TELLS_COUNTRY: Final = re.compile(r"country|city|enterprise|insights|location", re.IGNORECASE)
_TELLS_NETWORK: Final = re.compile(r"asn|isp\b", re.IGNORECASE)
_ISO_CODE: Final = re.compile(r"[A-Z]{2}")
_LARGEST_AS: Final = 2**32 - 1


class GeoDatabaseError(LogstatsError):
    """A database for countries or networks that cannot be read or is of no such type."""

    exit_code: ClassVar[int] = 3

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


@frozen
class _Database:
    path: str
    reader: maxminddb.Reader
    ip_version: int
    tells_country: bool
    tells_network: bool

    def find(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> dict[str, Any]:
        """Return the record of an address, or an empty one.

        Raises:
            GeoDatabaseError: The database is damaged at this place.
        """
        if address.version > self.ip_version:
            return {}
        try:
            record = self.reader.get(address)
        # The reader trusts what it decodes: a damaged file ends in any error.
        except Exception:  # noqa: BLE001
            raise GeoDatabaseError(self.path, "the database is damaged") from None
        return record if isinstance(record, dict) else {}


@dataclass(slots=True)
class Geo:
    """The databases of a run."""

    databases: tuple[_Database, ...]
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def tells_country(self) -> bool:
        """Whether some database knows countries."""
        return any(database.tells_country for database in self.databases)

    @property
    def tells_network(self) -> bool:
        """Whether some database knows networks (autonomous systems)."""
        return any(database.tells_network for database in self.databases)

    def look_up(self, networks: pl.Series) -> pl.DataFrame:
        """Return country (ISO 3166 code) and network ("AS64500 Name") of cut addresses.

        Args:
            networks: Cut addresses as text, with or without prefix length
                ("203.0.0.0/16", "2001:db8::"); anything else, such as a host name or null, is unknown.

        Returns:
            Columns `country` and `network`, the same rows in the same order; `(unknown)` where
            no database tells.

        Raises:
            GeoDatabaseError: A database is damaged.
        """
        told = [self._tell(text) for text in networks.to_list()]
        return pl.DataFrame(told, schema=COLUMNS, orient="row")

    def _tell(self, text: str | None) -> tuple[str, str]:
        if text is None:
            return UNKNOWN, UNKNOWN
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
            known = self._known[text] = self._find(text.partition("/")[0])
        return known

    def _find(self, text: str) -> tuple[str, str]:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return UNKNOWN, UNKNOWN
        country = network = None
        for database in self.databases:
            record = database.find(address)
            if database.tells_country:
                country = country or _country(record)
            if database.tells_network:
                network = network or _network(record)
        return country or UNKNOWN, network or UNKNOWN


def open_databases(paths: Iterable[str]) -> Geo:
    """Return the databases at these paths; where two tell the same, the first is asked first.

    Raises:
        GeoDatabaseError: A file is missing, is no MaxMind database, is damaged, or is neither a country,
            city nor ASN database by its own type.
    """
    return Geo(tuple(_open(path) for path in paths))


def _open(path: str) -> _Database:
    _check_file(path)
    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
        metadata = reader.metadata()
        kind, ip_version = str(metadata.database_type), metadata.ip_version
    # As above: a damaged file ends in any error.
    except Exception:  # noqa: BLE001
        raise GeoDatabaseError(path, "the database is damaged") from None
    if ip_version not in {4, 6}:
        raise GeoDatabaseError(path, "the database is damaged")
    country, network = bool(_TELLS_COUNTRY.search(kind)), bool(_TELLS_NETWORK.search(kind))
    if not (country or network):
        name = _clean(kind)
        raise GeoDatabaseError(path, f'its type is "{name}"; give a country, a city or an ASN database')
    database = _Database(path, reader, ip_version, country, network)
    _try_out(database)
    return database


def _check_file(path: str) -> None:
    """Raise unless the file ends as a MaxMind database does, before it is read into memory."""
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _METADATA_BYTES))
            end = file.read(_METADATA_BYTES)
    except OSError as error:
        raise GeoDatabaseError(path, (error.strerror or "cannot be read").lower()) from None
    if _MARKER not in end:
        raise GeoDatabaseError(path, "this is no MaxMind database (.mmdb)")


def _try_out(database: _Database) -> None:
    """Look up addresses from all over, so that most damage shows before a log is read."""
    for first in range(256):
        for second in (0, 128):
            database.find(ipaddress.IPv4Address(bytes((first, second, 0, 0))))
    # 2000::/3 is all that is given out of IPv6 (RFC 4291 section 2.4).
    for first in range(0x20, 0x40):
        for second in range(0, 256, 32):
            database.find(ipaddress.IPv6Address(bytes((first, second)) + bytes(14)))


def _country(record: dict[str, Any]) -> str | None:
    """Return the code of the country an address is used in, else of its registration."""
    codes: Sequence[object] = (
        _inside(record, "country", "iso_code"),
        _inside(record, "registered_country", "iso_code"),
        record.get("country_code"),
        record.get("country"),
    )
    return next((code for code in codes if isinstance(code, str) and _ISO_CODE.fullmatch(code)), None)


def _network(record: dict[str, Any]) -> str | None:
    """Return number and name of the autonomous system."""
    number = record.get("autonomous_system_number")
    if not isinstance(number, int) or not 0 < number <= _LARGEST_AS:
        return None
    name = record.get("autonomous_system_organization")
    return f"AS{number} {_clean(name)}".rstrip() if isinstance(name, str) else f"AS{number}"


def _inside(record: dict[str, Any], outer: str, inner: str) -> object:
    value = record.get(outer)
    return value.get(inner) if isinstance(value, dict) else None


def _clean(text: str) -> str:
    """Return the beginning of a text, without what does not print (controls, bidi, zero width)."""
    shown = "".join(character for character in text if character.isprintable())
    return " ".join(shown.split())[:_NAME_CHARACTERS]

"""The lines of other projects' tests, one reader for each shape of file, in the terms of one vocabulary.

A `Vector` is some lines and what the last of them tells. Nothing expected is edited: a reader only
gives a source's names the names of `unified.jsonl`, and leaves out what is no column of ours.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import vector_names as names
from tests.corpus import CORPUS
from tests.vector_yaml import read_yaml

VECTORS = CORPUS / "vectors" if CORPUS else None


@dataclass(frozen=True)
class Vector:
    """Lines of one log; `expected` is None where the source says that they are no such log."""

    id: str
    lines: tuple[str, ...]
    expected: dict[str, Any] | None
    layout: str | None = None


def _named(known: dict[str, str], told: dict[str, Any]) -> dict[str, Any]:
    """What a source tells by the names that are columns of ours; absent where it tells nothing."""
    found: dict[str, Any] = {}
    for name, value in told.items():
        if name in known and value is not None and known[name] not in found:
            found[known[name]] = _number(value) if known[name] in _NUMBERS else value
    return found


# Where a source expects no value of ours, but a line that is read.
_IS_READ: dict[str, Any] = {"tells": ("time", "host")}
_NUMBERS = {"status", "bytes", "client_port"}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in path.read_text("utf-8").splitlines():
        yield json.loads(text)


# --- vrl -----------------------------------------------------------------------------------------


def read_vrl(path: Path) -> Iterator[Vector]:
    for record in _json_lines(path):
        key = record["fn"], record.get("format")
        told = record.get("expect", {})
        if "expect_raw" in record and "BTreeMap::new" not in record["expect_raw"]:
            # Rust that the converter left as it was: JSON with signs in parentheses
            told = json.loads(re.sub(r"\((-[\d.]+)\)", r"\1", record["expect_raw"]))
        expected = None if told is None else _named(names.VRL, told)
        if expected is not None and "request" not in record["fn"] and key[1] in {"common", "combined", None}:
            expected.pop("message", None)  # the request line once more
        # in `unified.jsonl` the same ids stand for other expectations
        case = record["id"].replace("/", ":", 1)
        yield Vector(case, (record["line"],), expected, names.VRL_FORMATS.get(key, record.get("format")))


# --- logstash ------------------------------------------------------------------------------------

_PAIR = re.compile(
    r"""(['"])(\w+)\1\s*=>\s*(?:(['"])((?:[^'"\\]|\\.|(?!\3)['"])*)\3|(-?[\d.]+)(?=[\s,}]|$))"""
)


def read_logstash(path: Path) -> Iterator[Vector]:
    """Of core_spec the lines are patterns' own, of which none is a line of a log."""
    for number, record in enumerate(_json_lines(path)):
        case = f"{record['id']}-{number}"
        if record["id"].startswith("logstash/core_spec"):
            yield Vector(case, (record["line"],), None)
            continue
        told: dict[str, Any] = {}
        for text in record["expect_ruby"]:
            if "describe_pattern" in text:
                continue  # the converter took the tests behind it along
            told |= {pair[2]: pair[4] if pair[5] is None else pair[5] for pair in _PAIR.finditer(text)}
        yield Vector(case, (record["line"],), _named(names.LOGSTASH, told) or _IS_READ)


# --- fluentd, traefik ----------------------------------------------------------------------------

_FLUENTD_TIME = re.compile(r"event_time\('([^']+)'")
_FLUENTD_PATH = re.compile(r"'path' => '([^']+)'")


def read_fluentd(path: Path) -> Iterator[Vector]:
    for record in _json_lines(path):
        told = dict(record["expect"] or {})
        raw = record["expect_raw"] or ""
        if found := _FLUENTD_PATH.search(raw):
            told["path"] = found[1]
        expected = _named(names.FLUENTD, told)
        if found := _FLUENTD_TIME.search(raw):
            expected["time"] = _clf(found[1])
        yield Vector(record["id"], (record["line"],), expected or _IS_READ)


def _clf(text: str) -> str:
    for layout in ("%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %Y"):
        try:
            moment = datetime.strptime(text, layout)  # noqa: DTZ007 - a time without a zone counts as UTC
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    raise AssertionError(text)


def read_traefik(path: Path) -> Iterator[Vector]:
    for record in _json_lines(path):
        yield Vector(record["id"], (record["line"],), _named(names.TRAEFIK, record["expect"]) or None)


# --- crowdsec, wild issues -----------------------------------------------------------------------

# Parsers whose lines are no log of a server's requests or errors.
_NO_SERVERS_LOG = (
    "corvese/apache-guacamole-logs",
    "crowdsecurity/aws-cloudtrail",
    "barnoux/caddy-coraza",
    "hitech95/nginx-mail-logs",
    "cyrille37/sympa_ww-logs",
    "aidalinfo/tcpudp-flood-traefik",
    "baudneo/zoneminder-logs",
    "crowdsecurity/modsecurity",
)


def read_crowdsec(path: Path) -> Iterator[Vector]:
    """Of an error log the source keeps a line's message only, which is no line of any log."""
    for number, record in enumerate(_json_lines(path)):
        told = record["parsed"]
        parts = {"loglevel", "cid"} & told.keys() or record["parser"] in _NO_SERVERS_LOG
        expected = {} if parts else _named(names.CROWDSEC, told)
        yield Vector(f"{record['id']}-{number}", (record["line"],), expected)


def read_wild(path: Path) -> Iterator[Vector]:
    """The same records as in `unified.jsonl`, by the same ids there."""
    for record in _json_lines(path):
        for number, told in enumerate(record["expect"]):
            layout = record["server_format"] or ""
            expected = {name: value for name, value in told.items() if value is not None}
            lines = ([layout.replace("\\t", "\t")] if layout.startswith("#Fields") else []) + [
                record["lines"][number]
            ]
            yield Vector(f"wild/{record['id']}#{number}", tuple(lines), expected, layout)


# --- datadog -------------------------------------------------------------------------------------


# What the source writes for a line without a time.
_NO_TIME = 1


def read_datadog(path: Path) -> Iterator[Vector]:
    for number, test in enumerate(read_yaml(path.read_text("utf-8"))["tests"]):
        told = dict(_flat(test["result"], ""))
        # without a request and a client it is no web server's line; all have a time
        is_web = any(key.startswith(("custom.http.", "custom.network.client")) for key in told)
        expected = _named(names.DATADOG, told) if is_web and "weave" not in path.stem else {}
        if expected.get("time_ms") == _NO_TIME:
            del expected["time_ms"]
        yield Vector(f"datadog/{path.stem}#{number}", (test["sample"],), expected)


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value


# --- files without expectations ------------------------------------------------------------------

# What the lines of a file tell; those of the other files are of no web server's log.
_TELLS = {
    "aws_elb_access.log": ("time", "host"),
    "iis__iis7_owa.log": ("time", "host", "method", "path", "status", "agent"),
    "iis__iis_without_date.log": ("host", "method", "path", "status"),
    "jira_access.log": ("time", "host", "method", "path", "status", "agent"),
    "jira_access_months.log": ("time", "host", "method", "path", "status", "agent"),
}


def read_plain(path: Path) -> Iterator[Vector]:
    """Every line by itself, behind the headers before it."""
    headers: list[str] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.startswith("#"):
            headers.append(line)
            continue
        tells = _TELLS.get(path.name)
        expected = None if tells is None else {"tells": tells}
        yield Vector(f"{path.parent.name}/{path.name}:{number}", (*headers, line), expected)


# --- apachelogs ----------------------------------------------------------------------------------

_ZONES = {
    "w4": "-04:00",
    "w5": "-05:00",
    "w8": "-08:00",
    "e5": "+05:00",
    "e7": "+07:00",
    "e8": "+08:00",
    "utc": "+00:00",
}
_MOMENT = re.compile(r"datetime\(([\d, ]+), tzinfo=(?:(\w+)|mktz\((-?\d+), (-?\d+)\))\)")


def read_apachelogs(path: Path) -> Iterator[Vector]:
    """Of the tests of its parts those that are lines or times as a server writes them."""
    for number, record in enumerate(_json_lines(path)):
        args, case = record["args"], f"apachelogs:{record['src'].removeprefix('test/')}-{number}"
        if "ts" in args:
            stamp = args["ts"].strip("[]")
            expected = {"time": _moment(args["dt"])} if "dt" in args else None
            yield Vector(case, (f"[{stamp}]",), expected, "%t")
        elif "entry" in args:
            told = dict(args["fields"])
            headers = told.get("headers_in", {})
            expected = _named(names.APACHELOGS, {key: _moment(value) for key, value in told.items()})
            expected |= _named({"Referer": "referrer", "User-Agent": "user_agent"}, headers)
            yield Vector(case, (args["entry"],), expected, args["fmt"])
        elif "fmt" in args:
            yield Vector(case, (), None, args["fmt"])


def _moment(value: Any) -> Any:
    if not isinstance(value, dict) or "$expr" not in value:
        return value
    found = _MOMENT.fullmatch(value["$expr"])
    assert found is not None, value
    year, month, day, hour, minute, second = ast.literal_eval(f"({found[1]})")
    zone = (
        _ZONES[found[2]]
        if found[2]
        else f"{'-' if int(found[3]) < 0 or int(found[4]) < 0 else '+'}{abs(int(found[3])):02}:{abs(int(found[4])):02}"
    )
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"


READERS: dict[str, Callable[[Path], Iterator[Vector]]] = {
    "vrl": read_vrl,
    "logstash": read_logstash,
    "fluentd": read_fluentd,
    "traefik": read_traefik,
    "crowdsec-jsonl": read_crowdsec,
    "wild-issues": read_wild,
    "datadog": read_datadog,
    "apachelogs": read_apachelogs,
    "plaso": read_plain,
    "angle-grinder": read_plain,
}


def vectors() -> list[Vector]:
    """All vectors, in the order of files and lines; none where there is no corpus."""
    if VECTORS is None:
        return []
    files = [path for name in READERS for path in sorted((VECTORS / name).iterdir())]
    return [vector for path in files for vector in READERS[path.parent.name](path)]

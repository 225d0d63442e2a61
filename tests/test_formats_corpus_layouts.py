"""Lines with the layouts of other projects' tests read as they expect.

Their names for values are many; those that mean a column of ours are in `COLUMNS`.
"""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logstats import formats
from logstats.errors import UsageError
from tests.corpus import CORPUS

FILES = {
    "amandasaurus/apache-log-parser.jsonl": "format",
    "kassner/kassner-log-parser.jsonl": "format",
    "nielsbasjes/nielsbasjes-logparser.jsonl": "log_format",
    "tailpipe-nginx/tailpipe-nginx-log_format.jsonl": "log_format",
}
DIFFERENCES = tomllib.loads((Path(__file__).parent / "vectors/differences.toml").read_text("utf-8"))
COLUMNS = {
    "remote_host": "host",
    "remote_ip": "host",
    "remote_addr": "host",
    "remoteIp": "host",
    "host": "host",
    "IP:connection.client.host": "host",
    "user": "user",
    "remote_user": "user",
    "STRING:connection.client.user": "user",
    "request_method": "method",
    "HTTP.METHOD:method": "method",
    "request_url": "target",
    "request_uri": "target",
    "URL": "path",
    "server_protocol": "protocol",
    "status": "status",
    "STRING:request.status.last": "status",
    "body_bytes_sent": "bytes_sent",
    "sentBytes": "bytes_sent",
    "response_bytes_clf": "bytes_sent",
    "BYTES:response.body.bytes": "bytes_sent",
    "request_header_referer": "referrer",
    "HeaderReferer": "referrer",
    "HTTP.URI:request.referer": "referrer",
    "request_header_user_agent": "agent",
    "HeaderUserAgent": "agent",
    "HeaderUseragent": "agent",
    "HTTP.USERAGENT:request.user-agent": "agent",
    "server_name": "vhost",
    "serverName": "vhost",
    "http_host": "vhost",
    "time_us": "duration_us",
    "MICROSECONDS:server.process.time": "duration_us",
    "extension_ssl_protocol": "tls_protocol",
    "TIME.EPOCH:request.receive.time.epoch": "time_ms",
    "TIME.EPOCH:epoch": "time_ms",
    "time_iso8601": "time_iso",
    "time_received_utc_isoformat": "time_iso",
}


def cases():
    """One case a line: id, layout, line and expected values."""
    found: list[Any] = []
    if CORPUS is None:
        return found
    for name, layout in FILES.items():
        for number, text in enumerate((CORPUS / "vectors" / name).read_text("utf-8").splitlines()):
            record = json.loads(text)
            layouts = record[layout] if isinstance(record[layout], list) else [record[layout]]
            lines = record.get("lines") or [record["line"]]
            expected = {} if record.get("want_err") else record.get("expect") or {}
            if layouts:
                case = f"{record['id']}-{number}"
                found.append(pytest.param(case, layouts, lines[0], expected, id=case))
    return found


def told(hit, column):
    """A value of a hit as text, in the terms of the sources."""
    match column:
        case "target":
            return hit["path"] if hit["query"] is None else f"{hit['path']}?{hit['query']}"
        case "time_ms":
            return str(round(hit["time"].timestamp() * 1000))
        case "time_iso":
            return hit["time"].isoformat()
        case _:
            value = hit.get(column)
            return "" if value is None else str(value)


def as_told(column, expected):
    if column == "time_iso":
        moment = datetime.fromisoformat(expected)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return "" if expected in {None, "-", ""} else str(expected)


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "layouts", "line", "expected"), cases())
def test_a_line_reads_by_its_layout_as_its_source_expects(name, layouts, line, expected):
    known = DIFFERENCES.get(name, {}).get("fields", [])
    if "layout" in known:
        with pytest.raises(UsageError):
            formats.load(layouts[0])
        return
    # some tests give several layouts, of which one fits
    hits = [formats.parse_line(formats.load(layout), line) for layout in layouts]
    hit = next((found for found in hits if not isinstance(found, formats.Rejected)), hits[0])
    wanted = {key: COLUMNS[key] for key in expected if key in COLUMNS}
    if isinstance(hit, formats.Rejected):
        assert known == ["line"]
        return

    assert (
        sorted(key for key, column in wanted.items() if told(hit, column) != as_told(column, expected[key]))
        == known
    )

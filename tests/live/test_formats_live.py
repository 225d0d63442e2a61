"""What nginx and Apache log of odd requests reads back as what was sent, in a dozen formats each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from logstats import formats
from tests.live.servers import APACHE_MODULES, Server, apache, free_port, nginx
from tests.waiting import wait_until

pytestmark = pytest.mark.live


@dataclass(frozen=True)
class Sent:
    """A request as it went over the wire, and what every format must read of it (None: not compared)."""

    request: bytes
    agent: bytes = b"curl/8.5.0"
    referrer: bytes = b""
    method: str | None = "GET"
    path: str | None = "/ok"
    query: str | None = None

    def wire(self) -> bytes:
        referrer = b"Referer: " + self.referrer + b"\r\n" if self.referrer else b""
        agent = b"User-Agent: " + self.agent + b"\r\n" if self.agent else b""
        return self.request + b"\r\nHost: a.example.org\r\nConnection: close\r\n" + agent + referrer + b"\r\n"


SENT = [
    Sent(b"GET /ok HTTP/1.1"),
    Sent(b"GET /ok?a=b&c=%20d HTTP/1.1", query="a=b&c=%20d"),
    Sent(b"GET /ok? HTTP/1.1", query=""),
    Sent(b"HEAD /ok HTTP/1.1", method="HEAD"),
    Sent(b"GET /ok HTTP/1.1", agent=b'a "quoted" \\ agent\\'),
    Sent(b"GET /ok HTTP/1.1", agent=b'" 200 5 "', referrer=b'https://example.org/?q="x" "y"'),
    Sent(b"GET /ok HTTP/1.1", agent="Grüße \U0001f600".encode(), referrer=b"-"),
    Sent(b"GET /ok HTTP/1.1", agent=b""),
    Sent(b"GET /ok HTTP/1.1", agent=b"\\x41\\n [01/Feb/2026:10:00:00 +0000]"),
    Sent(b'GET /"quoted" HTTP/1.1', path='/"quoted"'),
    Sent("GET /grün?ü HTTP/1.1".encode(), path="/grün", query="ü"),
    Sent(b"PRI /ok HTTP/1.1", method="PRI"),
    # damaged: the line must be read, whatever the request becomes
    Sent(b"\x16\x03\x01\x02\x00\x01", method=None, path=None),
    Sent(b"GET /\xff\xfe HTTP/1.1", path=None, agent=b"\xff\xe9\x01"),
    Sent(b"GET /two words HTTP/1.1", method=None, path=None),
    Sent(b"quit", method=None, path=None),
]

NGINX = {
    "combined": '\'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"\'',
    "forwarded": '\'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" "$http_x_forwarded_for" $request_time\'',
    "json": 'escape=json \'{"time":"$time_iso8601","remote_addr":"$remote_addr","request":"$request",'
    '"status":$status,"http_referer":"$http_referer","http_user_agent":"$http_user_agent"}\'',
    "json_text": 'escape=json \'$msec $remote_addr "$request" $status "$http_referer" "$http_user_agent"\'',
    "none": 'escape=none \'$time_iso8601 $remote_addr "$request" $status $request_time "$http_user_agent"\'',
    "pipes": "'$time_iso8601|$remote_addr|$request|$status|$body_bytes_sent|$http_referer|$http_user_agent'",
    "tabs": '"$time_iso8601\\t$remote_addr\\t$request\\t$status\\t$http_referer\\t$http_user_agent"',
    "iso": '\'$remote_addr [$time_iso8601] "$request" $status "$http_user_agent"\'',
    "host_first": '\'$host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"\'',
    "ltsv": "'time:$time_local\\thost:$remote_addr\\treq:$request\\tstatus:$status\\tsize:$body_bytes_sent\\t"
    "referer:$http_referer\\tua:$http_user_agent\\treqtime:$request_time'",
    "upstream": '\'$remote_addr "$request" $status $upstream_addr $upstream_response_time $upstream_cache_status '
    '[$time_local] "$http_user_agent"\'',
    "braces": '\'${remote_addr}:${remote_port} [$time_local] "${request}" ${status} "${http_user_agent}"\'',
}
APACHE = {
    "combined": '%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\"',
    "common": '%h %l %u %t \\"%r\\" %>s %b',
    "vhost": '%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"',
    "duration": '%a %t \\"%r\\" %>s %B %D %{ms}T %T \\"%{User-Agent}i\\"',
    "pieces": '%h [%{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t %{%z}t] \\"%r\\" %>s \\"%{User-Agent}i\\"',
    "epoch": '%{sec}t %h \\"%r\\" %>s \\"%{User-Agent}i\\"',
    "usec": '%{usec}t %h \\"%r\\" %>s \\"%{User-Agent}i\\"',
    "tabs": "%t\\t%h\\t%r\\t%>s\\t%I\\t%O\\t%{User-Agent}i",
    "io": '%h %X %k %P %{tid}P %I %O %S %L %R %f %t \\"%r\\" %>s \\"%{User-Agent}i\\"',
    "client": '%{c}a %{remote}p %{local}p %V %A %t \\"%r\\" %<s %!200,204r \\"%{User-Agent}i\\"',
    "cookie": '%h %t \\"%r\\" %>s \\"%{sid}C\\" \\"%{Set-Cookie}o\\" \\"%{note}n\\" \\"%{ENV}e\\" \\"%{User-Agent}i\\"',
    "csv": '\\"%t\\",\\"%r\\",\\"%b\\",\\"%T\\",\\"%>s\\",\\"%{Referer}i\\",\\"%{User-Agent}i\\",\\"%h\\",\\"%l\\"',
}


def lines_of(log: Path) -> list[str]:
    """The lines of a log as text, as logstats decodes them."""
    return [_decode(line) for line in log.read_bytes().splitlines()] if log.exists() else []


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def has_lines(log: Path, least: int) -> bool:
    return len(lines_of(log)) >= least


def read_log(log: Path, layout: str | None, answered: int) -> list[formats.Hit | None]:
    wait_until(partial(has_lines, log, answered), f"{answered} lines in {log.name}")
    return formats.read_fields(lines_of(log), layout)


def shown(raw: bytes, *, hyphen: bool = True) -> str | None:
    """What a hit shows of a header: nothing for none, and for a hyphen."""
    return None if raw == b"" or (hyphen and raw == b"-") else raw.decode()


def check(sent: Sent, hit: formats.Hit | None, *, has_agent: bool = True) -> None:
    assert hit is not None
    assert hit["time"] is not None
    assert hit["host"] == "127.0.0.1"
    assert isinstance(hit["status"], int)
    if sent.path is None:
        return
    assert (hit["method"], hit["path"], hit["query"]) == (sent.method, sent.path, sent.query)
    if has_agent:
        assert hit["agent"] == shown(sent.agent)


def send_all(server: Server) -> None:
    for sent in SENT:
        server.exchange(sent.wire())


@pytest.fixture(scope="module")
def nginx_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("nginx")
    port = free_port()
    formats_ = "".join(
        f"    log_format {name} {layout};\n" for name, layout in NGINX.items() if name != "combined"
    )
    logs = "".join(f"        access_log {directory}/{name}.log {name};\n" for name in NGINX)
    second = f"    }}\n{formats_}    server {{\n        listen 127.0.0.1:{port};\n{logs}"
    with nginx(
        directory, second + "        location = /ok { return 204; }\n        location / { return 404; }"
    ) as server:
        send_all(Server(port, directory, server.process, server.control))
        for name in NGINX:
            wait_until(partial(has_lines, directory / f"{name}.log", len(SENT) - 1), name)
    return directory


@pytest.fixture(scope="module")
def apache_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("apache")
    logio = APACHE_MODULES / "mod_logio.so"  # Debian has it built in
    load = f"LoadModule logio_module {logio}\n" if logio.exists() else ""
    logs = "".join(f'CustomLog {directory}/{name}.log "{layout}"\n' for name, layout in APACHE.items())
    with apache(directory, load + logs, {}) as server:
        send_all(server)
        for name in APACHE:
            wait_until(partial(has_lines, directory / f"{name}.log", len(SENT)), name)
    return directory


@pytest.mark.parametrize("name", NGINX)
def test_nginx_lines_read_as_what_was_sent(name: str, nginx_logs: Path) -> None:
    layout = None if name in {"ltsv", "json"} else NGINX[name]
    hits = read_log(nginx_logs / f"{name}.log", layout, len(SENT))

    for sent, hit in zip(SENT, hits, strict=True):
        check(sent, hit)


@pytest.mark.parametrize("name", APACHE)
def test_apache_lines_read_as_what_was_sent(name: str, apache_logs: Path) -> None:
    hits = read_log(apache_logs / f"{name}.log", f'"{APACHE[name]}"', len(SENT))

    for sent, hit in zip(SENT, hits, strict=True):
        check(sent, hit, has_agent="User-Agent" in APACHE[name])

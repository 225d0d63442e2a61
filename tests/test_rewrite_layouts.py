"""`anonymize` by a layout of one's own: what holds an address or a person goes, every other byte stays."""

from __future__ import annotations

import pytest

from logstats import formats
from tests.conftest import Logstats
from tests.test_rewrite_formats import rewrite

TAIL = '[01/Feb/2026:10:00:00 +0000] "GET /caf\\xc3\\xa9{} HTTP/1.1" 200 5'
APACHE = '%t "%r" %>s %b'
NGINX = '[$time_local] "$request" $status $body_bytes_sent'
JSON = (
    """escape=json '{"t":"$time_iso8601","ip":"$remote_addr","xff":"$http_x_forwarded_for","u":"$remote_user","""
    """"r":"$request","s":$status,"ua":"$http_user_agent"}'"""
)
# Layout, what stands before and behind TAIL (or a whole line), and the same without persons.
CASES = {
    "a header with an address": (f"%h %{{X-Real-IP}}i {APACHE}", "203.0.113.9 198.51.100.77", "203.0.0.0 198.51.0.0"),
    "a header nobody knows": (
        f"%h %{{Fastly-Client-IP}}i {APACHE}",
        "203.0.113.9 pool-198-51-100-77.example.net",
        "203.0.0.0 example.net",
    ),
    "an address in a header of another name": (f"%h %{{X-Foo}}i {APACHE}", "203.0.113.9 198.51.100.77", "203.0.0.0 198.51.0.0"),
    "an environment variable": (f"%h %{{GEO}}e %u {APACHE}", "203.0.113.9 198.51.100.77 anna", "203.0.0.0 198.51.0.0 -"),
    "a cookie": (f"%h %{{sid}}C {APACHE}", "203.0.113.9 s3cr3t", "203.0.0.0 -"),
    "the peer": (f"%a %{{c}}a {APACHE}", "2001:db8::9 198.51.100.77", "2001:db8:: 198.51.0.0"),
    "of nginx": (
        f"$remote_addr - $http_x_foo $remote_user {NGINX}",
        "203.0.113.9 - 198.51.100.77 anna",
        "203.0.0.0 - 198.51.0.0 -",
    ),
    "the address in bytes": (f"$binary_remote_addr {NGINX}", r"\xC6\x33\x64\x4F", "-"),
    "a map of nginx": (f"$my_client_ip {NGINX}", "host-7.isp.example.org", "example.org"),
}  # fmt: skip
BEHIND = {
    "a list": ('"%{X-Forwarded-For}i"', '"198.51.100.77, 192.0.2.5"', '"198.51.0.0, 192.0.0.0"'),
    "of proxies": ('"%{Via}i"', '"1.1 198.51.100.77:80 (squid)"', '"1.1 198.51.0.0:80 (squid)"'),
    "a CDN's": ('"%{CF-Connecting-IP}i" "%{True-Client-IP}i"', '"2001:db8::9" "-"', '"2001:db8::" "-"'),
    "a session": ('"%{X-Session-Id}i" %D', '"s3cr3t" 17', '"-" 17'),
    "a user": ('"%{X-User}i"', '"anna \\"a\\" b"', '"-"'),
}


@pytest.mark.parametrize(("layout", "before", "after"), CASES.values(), ids=CASES.keys())
def test_what_stands_before_the_time_is_masked(layout: str, before: str, after: str) -> None:
    lines = rewrite(f"{before} {TAIL.format('?q=1')}\r\n" * 3, formats.load(layout))

    assert lines == f"{after} {TAIL.format('')}\r\n" * 3


@pytest.mark.parametrize(("layout", "before", "after"), BEHIND.values(), ids=BEHIND.keys())
def test_what_stands_behind_the_bytes_is_masked(layout: str, before: str, after: str) -> None:
    line = f"203.0.113.9 - - {TAIL.format('?q=1')} {before}\n"

    assert (
        rewrite(line, formats.load(f"%h %l %u {APACHE} {layout}"))
        == f"203.0.0.0 - - {TAIL.format('')} {after}\n"
    )


@pytest.mark.parametrize(("layout", "before", "after"), [CASES["a header nobody knows"], CASES["of nginx"]])
def test_the_command_takes_a_layout(logstats: Logstats, layout: str, before: str, after: str) -> None:
    done = logstats("anonymize", "-", "--format", layout, input=f"{before} {TAIL.format('?q=1')}\n".encode())

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"{after} {TAIL.format('')}\n"


def test_json_keeps_its_keys_their_order_and_its_escapes() -> None:
    line = (
        r'{"t":"2026-02-01T10:00:00+00:00","ip":"203.0.113.9","xff":"198.51.100.77, 192.0.2.1","u":"anna",'
        r'"r":"GET \/caf\u00e9?x=1 HTTP\/1.1","s":200,"ua":"a\/b \"x\" \u00e9"}'
    )
    expected = (
        line.replace("203.0.113.9", "203.0.0.0")
        .replace("198.51.100.77, 192.0.2.1", "198.51.0.0, 192.0.0.0")
        .replace("anna", "-")
        .replace("?x=1", "")
    )

    # nginx escapes no slash
    assert rewrite(line.replace(r"\/", "/"), formats.load(JSON)) == expected.replace(r"\/", "/")
    line, expected = (text.replace('"r"', '"request"').replace('"u"', '"user"') for text in (line, expected))
    assert rewrite(line, formats.preset("json")) == expected

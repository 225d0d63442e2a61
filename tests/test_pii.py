"""What is found in a URL, what is put in its place, and what is left alone."""

from __future__ import annotations

import polars as pl
import pytest

from logstats.pii import clean_paths, clean_query, referrer_domains, referrer_origins, rewrite_paths

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2ln"

PERSONAL = {
    "email": ("jane.doe@example.com", "{email}"),
    "email before an ending": ("jane.doe@example.com.html", "{email}.html"),
    "card": ("4111111111111111", "{card}"),
    "card with hyphens": ("4111-1111-1111-1111", "{card}"),
    "card, 15 digits": ("378282246310005", "{card}"),
    "ssn": ("078-05-1120", "{ssn}"),
    "iban": ("DE89370400440532013000", "{iban}"),
    "iban with hyphens": ("GB82-WEST-1234-5698-7654-32", "{iban}"),
    "phone": ("+12125550123", "{phone}"),
    "phone with dots": ("212.555.0123", "{phone}"),
    "phone with brackets": ("(212)555-0123", "{phone}"),
    "jwt": (JWT, "{jwt}"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "{uuid}"),
    "hex": ("5d41402abc4b2a76b9719d911017c592", "{hex}"),
    "id": ("YTkYTnGaf5QQxT7cm9uJgKS2rl8", "{id}"),
    "number": ("1234567", "{n}"),
    "ipv4": ("203.0.113.7", "{ip}"),
    "ipv4 with dashes": ("203-0-113-7", "{ip}"),
    "ipv6": ("2001:db8::7", "{ip}"),
    "place": ("40.7128,-74.0060", "{geo}"),
    "home": ("~jane", "{user}"),
    "handle": ("@jane", "{user}"),
    "vendor key": ("ghp_0123456789abcdefghij0123456789abcdef", "{token}"),
    "session": ("s=1;jsessionid=0123", "s=1"),
}
SAFE = [
    "/", "/2026/02/01/", "/20260201/", "/2026-02-01", "/202602", "/img/logo@2x.png", "/jquery-3.6.0.min.js",
    "/Chrome/121.0.0.0", "/phpMyAdmin-2.11.11.1/", "/npm/react@16.14.0/umd/react.min.js", "/app.9f8e7d6c.js",
    "/the-ten-best-things-to-do-in-1999-with-your-friends", "/SomeCustomInjectedHeader", "/@babel/core",
    "/apple-touch-icon-72x72-precomposed.png", "/users/login", "/images/690700.GIF", "/7561-001-05-1062.gif",
    "/wp-content/uploads/2024/05/IMG_20240501_123456.jpg", "/a/b.html", "/v1.2.3", "/~", "/+1", "/Foo::Bar",
]  # fmt: skip


def clean(path):
    return clean_paths(pl.Series([path])).values.item()


@pytest.mark.parametrize(("value", "token"), PERSONAL.values(), ids=PERSONAL)
def test_what_looks_personal_is_replaced(value, token):
    assert clean(f"/a/{value}/b") == f"/a/{token}/b"


@pytest.mark.parametrize("path", SAFE)
def test_what_is_not_personal_stays(path):
    assert clean(path) == path
    assert rewrite_paths(pl.Series([path])).item() == path


def test_a_null_stays_null():
    assert clean_paths(pl.Series([None, "/a"], dtype=pl.String)).values.to_list() == [None, "/a"]


def test_classes_are_counted_in_each_value():
    cleaned = clean_paths(pl.Series(["/a", "/jane@example.com/joe@example.com", "/12345/{n}"]))

    assert cleaned.classes["email"].to_list() == [0, 2, 0]
    assert cleaned.classes["n"].to_list() == [0, 0, 1]
    assert cleaned.totals() == {"email": 2, "n": 1}


def test_only_listed_parameters_with_plain_values_stay():
    queries = pl.Series(["x=1&page=2", "page=a%20b", "page=jane@example.com", None, "apage=1"])

    assert clean_query(queries, ["page"]).to_list() == ["page=2", "", "", "", ""]
    assert clean_query(queries, []).to_list() == [""] * 5


def test_birth_date_zip_and_gender_do_not_stand_together():
    queries = pl.Series(["zip=90210&page=1", "zip=90210&DOB=1990-01-01"])

    assert clean_query(queries, ["zip"]).to_list() == ["zip={n}", "zip={combination}"]
    assert clean("/find/zip/90210/gender/f") == "/find/zip/{combination}/gender/{combination}"


@pytest.mark.parametrize(
    ("referrer", "domain", "origin"),
    [
        ("-", "(none)", "-"),
        ("", "(none)", ""),
        (None, "(none)", None),
        ("https://u:p@host.isp.co.uk:443/x?y#z", "isp.co.uk", "https://host.isp.co.uk/"),
        ("HTTP://JaneDoe.GitHub.io/", "github.io", "http://github.io/"),
        ("http://203.0.113.7:8080/", "(ip address)", "http://address.invalid/"),
        ("http://[2001:db8::1]/", "(ip address)", "http://address.invalid/"),
        ("http://3405803783/", "(ip address)", "http://address.invalid/"),
        ("http://0xcb007107/", "(ip address)", "http://address.invalid/"),
        ("http://%32%30%33.0.113.7/", "(ip address)", "http://address.invalid/"),
        ("http://a@b@isp.com\\@x/", "isp.com", "http://isp.com/"),
        ("http://intranet/", "(internal)", "http://internal.invalid/"),
        ("https://shop.own.org/a", "(internal)", "https://shop.own.org/"),
        ("https://münchen.de/", "xn--mnchen-3ya.de", "https://xn--mnchen-3ya.de/"),
        ("android-app://com.google.android.gm/", "(app)", "-"),
        ("javascript:alert(1)", "(invalid)", "-"),
        ("www.isp.com/x", "(invalid)", "-"),
        ("http://203-0-113-7.com/", "(invalid)", "-"),
    ],
)
def test_a_referrer_is_reduced_to_a_domain(referrer, domain, origin):
    raw = pl.Series([referrer], dtype=pl.String)

    assert referrer_domains(raw, frozenset({"www.own.org"})).item() == domain
    assert referrer_origins(raw).item() == origin

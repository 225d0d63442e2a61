"""What is left of a hit names nobody, and every hit is still there."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstats.batches import (
    AGENT,
    CIDR,
    CLIENT,
    CUT,
    PROTOCOL,
    REFERRER,
    REQUEST,
    VHOST,
    Batch,
    ParsedBatch,
    RedactedBatch,
)
from logstats.policy import load_policy
from logstats.redact import METHODS, PROTOCOLS, Redactor
from logstats.seeds import Seeds
from tests.hits import Hit, block_of, hits, parsed_batch

POLICY = load_policy("default")
SEEDS = Seeds()


def redact(parsed: ParsedBatch, *, places: bool = False, seeds: Seeds = SEEDS) -> RedactedBatch:
    return Redactor(POLICY, seeds, places=places).redact_batch(parsed)


def column(batch: Batch, code: str, name: str) -> list[object]:
    """The values of a column, one a hit."""
    return batch.values[code][name].gather(batch.hits[code]).to_list()


def line(
    target: str = "/", host: str = "192.0.2.1", user: str = "-", referrer: str = "-", agent: str = "x"
) -> str:
    return (
        f'{host} - {user} [01/Feb/2026:10:00:00 +0000] "GET {target} HTTP/1.1" 200 5 "{referrer}" "{agent}"\n'
    )


@settings(max_examples=20)
@given(st.lists(hits, min_size=1, max_size=20))
def test_hits_and_their_order_stay(wanted: list[Hit]) -> None:
    parsed = parsed_batch(block_of(wanted))
    redacted = redact(parsed)

    assert redacted.hits.equals(parsed.hits)
    assert column(redacted, REQUEST, "path") == [hit.path for hit in wanted]
    for name, values in redacted.values.items():
        assert values.height == parsed.values[name].height


def test_no_address_query_or_user_is_in_any_value() -> None:
    secrets = ["192.0.2.177", "jo@example.com", "s3cret", "janedoe", "550e8400-e29b-41d4-a716-446655440000"]
    data = line(
        f"/a/{secrets[1]}/{secrets[4]}?k={secrets[2]}",
        secrets[0],
        secrets[3],
        f"https://example.org/{secrets[2]}?k={secrets[3]}",
    )
    redacted = redact(parsed_batch(data.encode(), keep_query=True))
    values = [
        text
        for name, frame in redacted.values.items()
        for series in frame
        if series.dtype == pl.String and name != AGENT
        for text in series.drop_nulls()
    ]

    assert not [text for text in values for secret in secrets if secret in text]
    assert "host" not in redacted.values[CLIENT].columns
    assert column(redacted, REQUEST, "path") == ["/a/{email}/{uuid}"]
    assert column(redacted, REFERRER, REFERRER) == ["example.org"]


def test_where_places_are_wanted_only_the_cut_address_is_kept() -> None:
    data = line(host="192.0.2.177") + line(host="2001:db8:1:2::3") + line(host="-")
    clients = redact(parsed_batch(data.encode()), places=True)

    assert column(clients, CLIENT, CUT) == ["192.0.0.0", "2001:db8::", None]
    assert column(clients, CLIENT, CIDR) == ["192.0.0.0/16", "2001:db8::/32", None]


def test_a_client_has_one_token_however_its_address_is_written() -> None:
    data = line() + line(host="::ffff:192.0.2.1") + line(host="192.0.2.2")
    first, mapped, other = column(redact(parsed_batch(data.encode())), CLIENT, "token")

    assert first == mapped != other


def test_the_tokens_of_two_runs_have_nothing_in_common() -> None:
    parsed = parsed_batch(line().encode())

    assert column(redact(parsed), CLIENT, "token") != column(redact(parsed, seeds=Seeds()), CLIENT, "token")


@pytest.mark.parametrize(
    ("request_line", "method", "protocol"),
    [
        ("GET / HTTP/1.1", "GET", "HTTP/1.1"),
        ("PROPFIND / HTTP/2.0", "PROPFIND", "HTTP/2.0"),
        ("JANEDOE / HTTP/1.1", "(other)", "HTTP/1.1"),
        ("GET / SPDY/3.1", "GET", "(other)"),
    ],
)
def test_words_of_a_client_that_are_no_words_of_http_are_not_shown(request_line, method, protocol) -> None:
    redacted = redact(parsed_batch(line().replace("GET / HTTP/1.1", request_line).encode()))

    assert column(redacted, REQUEST, "method") == [method]
    assert column(redacted, PROTOCOL, PROTOCOL) == [protocol]
    assert redacted.values[VHOST][VHOST].to_list() == ["(none)"]


def test_what_is_replaced_is_counted_in_hits() -> None:
    data = line("/u/jo@example.com") * 3 + line("/u/ann@example.com") + line("/a") + line(host="-")
    redactor = Redactor(POLICY, SEEDS, places=False)
    redactor.redact_batch(parsed_batch(data.encode()))
    redactor.redact_batch(parsed_batch(data.encode()))

    assert redactor.replaced["email"] == 8
    assert redactor.replaced["no_address"] == 2
    assert set(redactor.replaced) == {"email", "no_address"}


def test_redacting_what_is_redacted_changes_nothing() -> None:
    targets = ["/u/jo@example.com/1234567", "/a;b=c/550e8400-e29b-41d4-a716-446655440000", "/%7Euser/x"]
    once = column(redact(parsed_batch("".join(map(line, targets)).encode())), REQUEST, "path")
    twice = column(redact(parsed_batch("".join(line(str(path)) for path in once).encode())), REQUEST, "path")

    assert twice == once


def test_known_words_are_words_alone() -> None:
    assert all(method.replace("-", "").isalpha() for method in METHODS)
    assert all(protocol.startswith("HTTP/") for protocol in PROTOCOLS)

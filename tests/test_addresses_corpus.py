"""Strings that other projects know to be addresses, or know not to be."""

from __future__ import annotations

import ipaddress
import json

import polars as pl

from logstats.addresses import read_address
from logstats.hosts import cut_hosts, networks, read_hosts

# Verdicts that hold for a server's host field: a bare prefix, mask or range is no host.
VERDICTS: dict[str, set[int | None]] = {"ipv4": {4}, "ipv6": {6, 4}, "not-ip": {None}}


def version(text):
    address = read_address(text)
    return None if address is None else address.version


def known_strings(corpus):
    lines = (corpus / "ipdetect/ip-strings.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def strictly(text):
    """What the standard library makes of a text without brackets, port and zone."""
    try:
        return ipaddress.ip_address(text).version
    except ValueError:
        return None


def test_known_addresses_are_read(corpus):
    missed = [
        each["string"]
        for each in known_strings(corpus)
        if each["verdict"] in {"ipv4", "ipv6"}
        and strictly(each["string"]) is not None
        and version(each["string"]) not in VERDICTS[each["verdict"]]
    ]

    assert missed == []


def test_what_is_known_to_be_none_is_read_only_with_a_port_a_zone_or_blanks(corpus):
    wrong = [
        each["string"]
        for each in known_strings(corpus)
        if each["verdict"] == "not-ip" and not each.get("conflict") and version(each["string"]) is not None
    ]

    assert [text for text in wrong if not set("[]%: ") & set(text)] == []


def test_every_string_is_read_alike_by_both_ways(corpus):
    texts = [each["string"] for each in known_strings(corpus)]
    for line in (corpus / "ipdetect/cpython/test_ipaddress-strings.jsonl").read_text("utf-8").splitlines():
        texts += json.loads(line)["strings"]
    texts += [
        case["input"]
        for case in json.loads((corpus / "ipdetect/whatwg/urltestdata.json").read_text("utf-8"))
        if isinstance(case, dict)
    ]
    read = read_hosts(pl.Series(texts))

    for text, kind, canonical in zip(texts, read["kind"].to_list(), read["canonical"].to_list(), strict=True):
        expected = read_address(text)
        is_address = kind in {"ipv4", "ipv6"}
        assert is_address == (expected is not None)
        assert not is_address or canonical == str(expected)
    assert (cut_hosts(read).is_null() == networks(read).is_null()).all()


def test_what_cpython_reads_we_read_and_no_more(corpus):
    """Except brackets, ports and zones, which are trimmed first."""
    for line in (corpus / "ipdetect/cpython/test_ipaddress-strings.jsonl").read_text("utf-8").splitlines():
        for text in json.loads(line)["strings"]:
            if not set("[]%") & set(text):
                assert (version(text) is None) == (strictly(text) is None), text


def test_a_url_with_an_address_as_host_is_cut_or_dropped(corpus):
    """The host of each WHATWG case, as the URL wrote it, is never kept whole if it is an address."""
    for case in json.loads((corpus / "ipdetect/whatwg/urltestdata.json").read_text("utf-8")):
        host = case.get("hostname") if isinstance(case, dict) else None
        if not host or strictly(host.strip("[]")) is None:
            continue
        kept = cut_hosts(read_hosts(pl.Series([host]))).item()
        assert kept != host.strip("[]") or kept.endswith((".0.0", "::"))

"""Addresses in free text that are numbers, versions or times elsewhere: found where something says so."""

from __future__ import annotations

import ipaddress
import random
import re
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.pii.text import decode_fully
from logstats.pii.written_addresses import find_addresses
from logstats.policy import load_policy
from logstats.redact import TRUNCATE, LineMasks
from logstats.rewrite_line.slots import Filler, Planned
from logstats.rewrite_line.values import mask_text
from tests.conftest import Logstats

FORMS = {
    "decimal": lambda octets: str(number(octets)),
    "hexadecimal": lambda octets: f"0x{number(octets):08X}",
    "octal": lambda octets: f"0{number(octets):o}",
    "hexadecimal parts": lambda octets: ".".join(map(hex, octets)),
    "octal parts": lambda octets: ".".join(f"0{octet:03o}" for octet in octets),
    "one part hexadecimal": lambda octets: f"{octets[0]}.{octets[1]}.{octets[2]:#x}.{octets[3]}",
    "three parts": lambda octets: f"{octets[0]}.{octets[1]}.{octets[2] * 256 + octets[3]}",
    "percent signs": lambda octets: "".join(f"%{ord(sign):02X}" for sign in ".".join(map(str, octets))),
}
PLACES = (
    "see http://{}/a",
    "http://{}:8080",
    "[client {}] x",
    "failed, client: {}, server: _",
    "user=7 ip={} ok",
    'x "client_ip":"{}", y',
    "X-Forwarded-For: {} z",
    "Failed password from {} port 22",
    "addr='{}'",
)
MASKS = LineMasks(load_policy("default"), TRUNCATE, (16, 32), lambda _: b"k" * 32)
octets = st.tuples(st.integers(1, 255), *[st.integers(0, 255)] * 3)


def number(parts: tuple[int, ...]) -> int:
    return int.from_bytes(bytes(parts))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
@given(parts=octets)
def test_an_address_is_found_in_every_form_where_something_says_that_it_is_one(
    form: str, place: str, parts: tuple[int, ...]
) -> None:
    address = FORMS[form](parts)
    text = place.format(address)
    found = [text[one.start : one.end] for one in find_addresses(text)]

    # Behind escapes the port goes, too.
    assert [one.removesuffix(":8080") for one in found] == [address]


@pytest.mark.parametrize(
    "form", ["hexadecimal", "hexadecimal parts", "octal parts", "one part hexadecimal", "percent signs"]
)
@given(parts=octets)
def test_a_form_that_is_nothing_else_is_found_anywhere(form: str, parts: tuple[int, ...]) -> None:
    address = FORMS[form](parts)
    text = f"took {address} then"

    assert [text[found.start : found.end] for found in find_addresses(text)] == [address]


@pytest.mark.parametrize(
    "text",
    [
        "upgraded from 2.4.10 to 2.4.12",
        "took 3221225985 us, sent 12345678 bytes from 20260201 on",
        "host: 8080, client=5, ip: 12.5, addr=0x1F",
        "http://localhost:8080/ http://example.org/3221225985",
        "port 22 from 10:00:00 to 2026-02-01",
        "PHP/8.2.1 nginx/1.27.3 (kernel 6.1.0-18) 100%31 of %41%42%43%44%45%46%47%48",
        "session 0300, mode 0644, umask 0022",
    ],
)
def test_numbers_versions_and_times_are_no_addresses(text: str) -> None:
    assert list(find_addresses(text)) == []


@pytest.mark.parametrize("zone", ["%eth0", "%25eth0", "%0", "%12", "%25" + "12"])
def test_a_zone_goes_with_its_address(logstats: Logstats, zone: str) -> None:
    """IIS writes a number."""
    done = logstats("anonymize", "--format", "text", "-", input=f"a [2001:db8::9{zone}]:80 b".encode())

    assert done.stdout == b"a [2001:db8::]:80 b"


@given(st.sampled_from(["203.0.113.77", "2001:db8:aa:bb::1:77", "::ffff:203.0.113.77"]), st.randoms())
def test_no_part_of_an_address_is_left_whichever_of_its_signs_are_escaped(
    address: str, random_: random.Random
) -> None:
    """In free text, and in the path of a request."""
    share = random_.random()
    written = "".join(f"%{ord(sign):02X}" if random_.random() < share else sign for sign in address)
    text = f"x {written} y"
    (free,) = Filler(MASKS).fill([Planned(tuple(mask_text(text)), None)])

    for left in (free, MASKS.mask_targets(pl.Series([f"/a/{written}/b"]), None).item()):
        assert not re.search(r"113|77|aa|bb", decode_fully(left)), (written, left)


@given(st.text(alphabet="0123456789xX.:/=[%ipclientfromport ", max_size=60))
def test_what_is_found_stands_in_order_and_apart(text: str) -> None:
    spans = [(found.start, found.end) for found in find_addresses(text)]

    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_the_forms_are_those_of_one_address() -> None:
    assert number((192, 0, 2, 1)) == int(ipaddress.ip_address("192.0.2.1")) == 3221225985


@pytest.mark.parametrize("piece", ["%31", "1%3A", "192.0.2.1%31", "%2531", "&#58;1", "from 1", "=1.", "0x1."])
def test_a_long_text_is_looked_at_once(piece: str) -> None:
    assert list(find_addresses(piece * 100_000)) is not None

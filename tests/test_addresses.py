"""What is read as an address, how it is unwrapped, and how it is cut."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats import addresses
from logstats.addresses import read_address, truncate_address
from logstats.errors import UsageError
from logstats.hosts import HostCutter, cut_hosts, networks, read_hosts

NAT64 = ("2001:db8::/32", "2001:db8:a000::/40", "2001:db8:aa::/48", "2001:db8:aa:b000::/56",
         "2001:db8:aa:bb::/64", "2001:db8:aa:bb:0:cc::/96")  # fmt: skip


def v6(number: int) -> str:
    return str(IPv6Address(number))


def low(prefix: str, address: IPv4Address) -> str:
    return v6(int(IPv6Address(prefix)) | int(address))


FORMS = {
    "plain": str,
    "port": lambda a: f"{a}:51234",
    "blanks": lambda a: f" {a}\t",
    "mapped": lambda a: low("::ffff:0:0", a),
    "mapped, dotted": lambda a: f"::ffff:{a}",
    "mapped, long": lambda a: IPv6Address(f"::ffff:{a}").exploded.upper(),
    "mapped, bracketed": lambda a: f"[::ffff:{a}]:443",
    "mapped, port": lambda a: f"::ffff:{a}:443",
    "mapped, zone": lambda a: f"::ffff:{a}%eth0",
    "siit": lambda a: low("::ffff:0:0:0", a),
    "nat64": lambda a: low("64:ff9b::", a),
    "6to4": lambda a: v6(0x2002 << 112 | int(a) << 80 | 0x1234),
    "teredo": lambda a: v6(0x20010000 << 96 | 0xCB007101 << 64 | 0x8000F000 << 32 | int(a) ^ 0xFFFFFFFF),
}

ipv4 = st.ip_addresses(v=4)
ipv6 = st.ip_addresses(v=6)
bits4 = st.integers(0, 32)
bits6 = st.integers(0, 128)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(address=ipv4, bits=bits4)
def test_every_way_to_write_an_ipv4_address_is_cut_alike(form, address, bits):
    kept = cut_hosts(read_hosts(pl.Series([form(address)])), ipv4_bits=bits).item()

    assert kept == addresses.cut_address(str(address), ipv4_bits=bits)


@given(address=ipv4.filter(lambda a: int(a) > 1))
def test_a_compatible_address_is_ipv4(address):
    assert read_address(low("::", address)) == address


@pytest.mark.parametrize("prefix", NAT64)
@given(address=ipv4, tail=st.integers(0, 255))
def test_a_configured_nat64_prefix_is_unwrapped(prefix, address, tail):
    """RFC 6052 section 2.2: the octets go round bits 64 to 71."""
    start, places = addresses.nat64_layout(prefix)
    packed = bytearray(16)
    packed[: len(start)] = start
    for place, octet in zip(places, address.packed, strict=True):
        packed[place] = octet
    if places[-1] < 15:
        packed[15] = tail
    text = str(IPv6Address(bytes(packed)))

    assert read_address(text, nat64_prefixes=[prefix]) == address
    assert read_hosts(pl.Series([text]), nat64_prefixes=[prefix])["canonical"].item() == str(address)


@pytest.mark.parametrize(
    ("prefix", "text"),
    [
        ("2001:db8::/32", "2001:db8:c000:221::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ],
)
def test_the_examples_of_rfc_6052_are_read(prefix, text):
    assert read_address(text, nat64_prefixes=[prefix]) == IPv4Address("192.0.2.33")


@pytest.mark.parametrize("prefix", ["2001:db8::/33", "203.0.113.0/24", "2001:db8::1/96", "zzz"])
def test_what_is_no_nat64_prefix_is_refused_without_quoting_it(prefix):
    with pytest.raises(UsageError, match="NAT64") as caught:
        addresses.nat64_layout(prefix)

    assert prefix not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["203.0.113.07", "0313.0.113.7", "203.0.113", "203.0.113.256", "3405803783", "0xcb007107",
     "203.0.113.7/24", "2001:db8::g", "2001:db8", "::1::", "1:2:3:4:5:6:7:8:9", "٢٠٣.٠.١١٣.٧",
     "[203.0.113.7", "", "-", "::1\0", "203.0.113.7\0", "203.0.113.7, 192.0.2.1"],
)  # fmt: skip
def test_what_is_no_address_is_not_read_as_one(text):
    kind = read_hosts(pl.Series([text]))["kind"].item()

    assert read_address(text) is None
    assert kind in {"host", "none"}


@pytest.mark.parametrize("text", ["::", "::1"])
def test_loopback_and_unspecified_are_no_compatible_addresses(text):
    assert read_address(text) == IPv6Address(text)


groups = st.sampled_from(
    ["", "", "0", "00", "1", "20", "2001", "2002", "64", "ff9b", "db8", "0db8", "ffff", "FFFF", "g", "12345"]
)
hosts_with_colons = st.builds(
    lambda parts, end: ":".join(parts) + end,
    st.lists(groups, min_size=2, max_size=9),
    st.sampled_from(["", "", "", ":192.0.2.1", "%eth0", "\n", " "]),
)


@given(
    hosts=st.lists(ipv4.map(str) | ipv6.map(str) | hosts_with_colons, min_size=1),
    kept4=bits4,
    kept6=st.sampled_from([0, 16, 32, 44, 48, 64, 96, 112, 128]),
    nat64=st.sampled_from([(), ("2001:db8::/32",)]),
)
def test_hosts_that_are_cut_in_their_text_are_cut_as_addresses(hosts, kept4, kept6, nat64):
    texts = pl.Series(hosts)
    cutter = HostCutter(ipv4_bits=kept4, ipv6_bits=kept6, nat64_prefixes=nat64)
    expected = cut_hosts(read_hosts(texts, nat64_prefixes=nat64), ipv4_bits=kept4, ipv6_bits=kept6)

    assert cutter.cut(texts).to_list() == expected.to_list()
    assert cutter.cut(texts, texts.is_null()).to_list() == expected.to_list()


@given(
    hosts=st.lists(ipv4.map(str) | ipv6.map(str) | hosts_with_colons, min_size=1),
    nat64=st.sampled_from([(), ("2001:db8::/32",)]),
)
def test_addresses_known_by_their_text_are_read_as_all_others(hosts, nat64):
    read = read_hosts(pl.Series(hosts), nat64_prefixes=nat64)

    for host, kind, canonical in zip(hosts, read["kind"], read["canonical"], strict=True):
        address = read_address(host, nat64_prefixes=nat64)
        # `ff9b:0` is a name with its port.
        assert address is None if kind in {"host", "none"} else canonical == str(address)
        assert kind in ({"host", "none"} if address is None else {f"ipv{address.version}"})


def test_plain_ipv6_addresses_are_not_read_one_by_one(monkeypatch):
    monkeypatch.setattr("logstats.hosts._read_odd", None)
    plain = ["2001:db8::7", "2001:db8:1:2:3:4:5:6", "2001:db8::", "2001:db8:1:2:3:4::", "2001:db8:1::2:3:4"]

    assert read_hosts(pl.Series(plain)).rows() == [("ipv6", host) for host in plain]


@pytest.mark.parametrize(
    ("text", "bits", "kept"),
    [
        ("2001:db8::7", 32, "2001:db8::"),
        ("2001:db8:1:2:3:4:5:6", 32, "2001:db8::"),
        ("2001:db8::", 32, "2001:db8::"),
        ("2001:db8:1:2:3:4:5::", 32, "2001:db8::"),
        ("2001:db8:1::2:3", 32, "2001:db8::"),
        ("2001:db8:1::2:3", 48, "2001:db8:1::"),
        ("2001:db8:0:1::2:3", 48, "2001:db8::"),
    ],
)
def test_usual_ipv6_addresses_are_cut_in_their_text(text, bits, kept, monkeypatch):
    monkeypatch.setattr("logstats.hosts._read_odd", None)

    assert HostCutter(ipv4_bits=16, ipv6_bits=bits).cut(pl.Series([text])).to_list() == [kept]


@given(address=ipv4 | ipv6, kept4=bits4, kept6=bits6)
def test_the_fast_path_agrees_with_the_reference(address, kept4, kept6):
    read = read_hosts(pl.Series([str(address), "x"]))
    expected = read_address(str(address))

    assert read["canonical"][0] == str(expected)
    assert cut_hosts(read, ipv4_bits=kept4, ipv6_bits=kept6)[0] == addresses.cut_address(
        str(address), ipv4_bits=kept4, ipv6_bits=kept6
    )
    assert networks(read, ipv4_bits=kept4, ipv6_bits=kept6)[0] == truncate_address(
        str(address), ipv4_bits=kept4, ipv6_bits=kept6
    )


@given(address=ipv4 | ipv6, kept4=bits4, kept6=bits6)
def test_cutting_keeps_the_leading_bits_and_no_other(address, kept4, kept6):
    before = read_address(str(address))
    assert before is not None
    after = IPv4Address if before.version == 4 else IPv6Address
    kept = kept4 if before.version == 4 else kept6
    width = before.max_prefixlen
    cut = int(after(addresses.cut_address(str(address), ipv4_bits=kept4, ipv6_bits=kept6)))

    assert cut >> (width - kept) == int(before) >> (width - kept)
    assert cut & ((1 << (width - kept)) - 1) == 0


@given(texts=st.lists(st.none() | st.text() | ipv4.map(str) | ipv6.map(str)))
def test_any_text_gives_a_row_and_no_error(texts):
    hosts = pl.Series(texts, dtype=pl.String)
    read = read_hosts(hosts)

    assert read.height == len(texts)
    assert (read["canonical"].is_null() == (read["kind"] == "none")).all()
    assert (cut_hosts(read).is_null() == (read["kind"] == "none")).all()
    assert len(networks(read)) == len(texts)


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("pool-71-1-2-3.bb.isp.co.uk", "isp.co.uk"),
        ("JaneDoe.github.io.", "github.io"),
        ("localhost", "unknown"),
        ("co.uk", "unknown"),
        ("host.corp.internal", "unknown"),
        ("7.113.0.203.in-addr.arpa", "unknown"),
        ("203-0-113-7.com", "unknown"),
        ("cb007107.com", "unknown"),
        ("10.x.x.x", "unknown"),
        ("www.isp.com:8080", "isp.com"),
        ("a..b.com", None),
        ("some words.com", None),
        ("-", None),
        ("203.0.113.300", None),
        ("<b>.com", None),
        (None, None),
    ],
)
def test_a_host_name_is_reduced_to_the_domain_somebody_registered(host, kept):
    assert cut_hosts(read_hosts(pl.Series([host], dtype=pl.String))).item() == kept


def test_where_no_bit_is_kept_no_name_is_kept():
    read = read_hosts(pl.Series(["203.0.113.7", "2001:db8::1", "www.isp.com", "-"]))

    assert cut_hosts(read, ipv4_bits=0, ipv6_bits=0).to_list() == ["0.0.0.0", "::", "unknown", None]


@pytest.mark.parametrize("preset", addresses.PRESETS.values(), ids=addresses.PRESETS)
def test_no_preset_keeps_a_whole_6to4_address(preset):
    """Tools that keep /48 keep all 32 bits of the IPv4 address in 2002::/16."""
    read = read_hosts(pl.Series(["2002:cb00:714d::1"]))
    kept = cut_hosts(read, ipv4_bits=preset[0], ipv6_bits=preset[1]).item()

    assert ":" not in kept
    assert not kept.endswith(".77")


def test_networks_are_written_with_their_length():
    read = read_hosts(pl.Series(["203.0.113.77", "2001:db8:1::1", "www.isp.com", "x y"]))

    assert networks(read).to_list() == ["203.0.0.0/16", "2001:db8::/32", "isp.com", None]

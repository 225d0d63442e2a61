"""`anonymize` in every format: nobody is left in a line, and no other byte changes."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats import formats
from logstats.addresses import cut_address
from logstats.formats import Kind
from logstats.pii.written_addresses import find_addresses
from logstats.policy import load_policy
from logstats.recognize import recognize
from logstats.redact import DROP, KEYED, TRUNCATE, LineMasks
from logstats.rewrite import Rewriter, Rewritten
from tests.corpus import CORPUS

MASKS = LineMasks(load_policy("default"), TRUNCATE, (16, 32), lambda _: b"k" * 32)
FAIL2BAN = (
    sorted(path for path in (CORPUS / "vectors/fail2ban").rglob("*") if path.is_file()) if CORPUS else []
)
TEXT = (formats.preset("text"),)


def rewrite(text: str, *known: formats.Format, masks: LineMasks = MASKS) -> str:
    return Rewriter(masks).rewrite_block(text.encode(), known).data.decode()


def read_by(preset: formats.Format, line: str) -> formats.Hit:
    hit = formats.parse_line(preset, line)
    assert not isinstance(hit, formats.Rejected)
    return hit


HIDDEN = {
    "percent": "203%2e0%2E113%2e77",
    "percent twice": "2001%253Adb8%253A%253A9",
    "escapes of Apache and nginx": r"203\x2e0\x2E113\x2e77",
    "all escaped": "".join(f"\\x{ord(sign):02x}" for sign in "203.0.113.77"),
    "escapes of JSON": r"2001\u003adb8\u003A\u003a9",
    "HTML": "203&#46;0&#x2e;113&#X2E;77",
    "defanged": "203[.]0[.]113[.]77",
    "full width": "２０３．０．１１３．７７",
    "other digits": "٢٠٣.٠.١١٣.٧٧",
    "unseen signs": "203\u200b.0\u00ad.113.\ufeff77",
    "name of a host": "ec2-203-0-113-77.compute.example.com",
    "name of an IPv6 host": "2001-db8--9.ipv6-literal.net",
    "hexadecimal": "0xcb00714d",
    "octal": "0313.0.0161.0115",
    "reversed": "77.113.0.203.in-addr.arpa",
    "octet too high": "203.0.113.777",
    "too many colons": "2001:db8:::9",
    "port without brackets": "::ffff:203.0.113.77:443",
}
MESSAGES = {
    "text": "x {} y",
    "nginx_error": "2026/02/01 10:00:00 [error] 5#0: *3 x {} y, server: s",
    "apache_error": "[Sun Feb 01 10:00:00.1 2026] [core:error] [pid 7:tid 8] [client 192.0.2.1:5] x {} y",
    "apache_error_old": "[Sun Feb 01 10:00:00 2026] [error] [client 192.0.2.1] x {} y",
    "php_fpm_error": "[01-Feb-2026 10:00:00] WARNING: x {} y",
}


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_looks_like_an_address_is_not_passed_on(name: str, hidden: str) -> None:
    written = rewrite(MESSAGES[name].format(hidden) + "\n", formats.preset(name))

    assert hidden not in written
    assert re.search(r"\bx .* y", written)
    assert not {"77", "113", "9"} & set(re.split(r"[^0-9A-Za-z]+", written))


@pytest.mark.parametrize("text", ["backup-2026-02-01-10-00.tar", "a-1-2-3", "1.2.3", "10:00:00", "DBI::db"])
def test_what_is_no_address_stays(text: str) -> None:
    assert rewrite(f"x {text} y\n", *TEXT) == f"x {text} y\n"


@pytest.mark.parametrize(
    "text", ["a", "1", "1.", "1-", ":", "%3A", "[:]", "a\u200b", "1-1-1-", r"\x31", "&#"]
)
def test_a_long_text_is_looked_at_once(text: str) -> None:
    assert list(find_addresses(text * 100_000)) is not None


@pytest.mark.parametrize("name", formats.names())
def test_a_line_of_each_format_stays_one_without_its_address_and_user(name: str) -> None:
    preset = formats.preset(name)
    kept = ("time", "method", "status", "bytes_sent", "duration_us", "agent", "level")
    for sample in preset.samples:
        written = rewrite(sample.line + "\n", preset)

        before, after = read_by(preset, sample.line), read_by(preset, written)
        assert [after[column] for column in kept if column in before] == [
            before[c] for c in kept if c in before
        ]
        assert (
            not {"203.0.113.9", "2001:db8::9", "198.51.100.1", "anna"} & set(re.findall(r"[\w.:]+", written))
            or name == "text"
        )
        assert "?" not in str(after["path"])
        assert after["query"] in (None, "", "-")


@pytest.mark.parametrize(
    "preset", [p for p in formats.all_presets() if p.kind is Kind.JSON], ids=lambda p: p.name
)
def test_json_stays_json_with_the_same_names_in_the_same_order(preset: formats.Format) -> None:
    for sample in preset.samples:
        before, after = json.loads(sample.line), json.loads(rewrite(sample.line, preset))

        assert names_of(after) == names_of(before)


def names_of(value: object) -> object:
    if isinstance(value, dict):
        return [(name, names_of(inner)) for name, inner in value.items()]
    return [names_of(inner) for inner in value] if isinstance(value, list) else None


JSON = formats.preset("json")


def json_line(**values: object) -> str:
    return json.dumps({"time": "2026-02-01T10:00:00Z", "remote_addr": "192.0.2.1", "status": 200, **values})


def test_escapes_of_what_is_kept_stay_as_they_are() -> None:
    line = r'{"time": "2026-02-01T10:00:00Z",  "remote_addr":"192.0.2.1", "uri":"\/a\u0026b\"?q=1", "status":200, "x":"\u00e9"}'

    assert rewrite(line, JSON) == line.replace("192.0.2.1", "192.0.0.0").replace("?q=1", "")


def test_a_value_hidden_by_escapes_is_found() -> None:
    line = r'{"time":"2026-02-01T10:00:00Z","remote_addr":"192\u002e0.2.1","note":"anna\u0040example.com","status":200}'

    written = rewrite(line, JSON)

    assert json.loads(written)["note"] == "{email}"
    assert json.loads(written)["remote_addr"] == "192.0.0.0"


def test_a_bare_number_that_is_masked_becomes_a_string() -> None:
    written = rewrite(json_line(user_id=4711, depth=3, ok=True, nothing=None), JSON)

    assert json.loads(written) == {
        **json.loads(json_line(depth=3, ok=True, nothing=None)),
        "remote_addr": "192.0.0.0",
        "user_id": "-",
    }


def test_an_address_in_a_name_is_cut() -> None:
    written = rewrite(json_line(**{"203.0.113.9": 1, "anna <a@example.com>": 2}), JSON)

    assert list(json.loads(written))[3:] == ["203.0.0.0", "anna <{email}>"]


def test_every_address_of_a_list_is_cut() -> None:
    line = json_line(
        http_x_forwarded_for="203.0.113.9, 2001:db8::9, unknown", upstream_addr="198.51.100.7:80"
    )

    written = json.loads(rewrite(line, JSON))

    assert written["http_x_forwarded_for"] == "203.0.0.0, 2001:db8::, unknown"
    assert written["upstream_addr"] == "198.51.0.0:80"


def test_a_line_within_the_json_of_docker_is_written_back_with_its_escapes() -> None:
    line = r'{"log":"203.0.113.9 - anna [01/Feb/2026:10:00:00 +0000] \"GET /a?b HTTP/1.1\" 200 5 \"-\" \"x\"\n","stream":"stdout"}'

    written = rewrite(line, formats.preset("combined"))

    assert written == line.replace("203.0.113.9", "203.0.0.0").replace("anna", "-").replace("?b", "")


@given(
    st.dictionaries(
        st.text(max_size=12), st.one_of(st.text(), st.integers(), st.lists(st.text(), max_size=3)), max_size=5
    )
)
def test_whatever_json_holds_it_stays_json_and_loses_its_addresses(extra: dict[str, object]) -> None:
    line = json_line(**{**extra, "note": f"{extra} 203.0.113.77 2001:db8::77"})
    block = Rewriter(MASKS).rewrite_block(line.encode("utf-8", "replace"), (JSON,))

    for written in block.data.splitlines():
        assert isinstance(json.loads(written, strict=False), dict)
        assert not {b"203.0.113.77", b"2001:db8::77"} & {
            written[i : i + n] for n in (12, 13) for i in range(len(written))
        }


W3C = "#Software: x\n#Fields: time c-ip date cs-username\n10:00:00 203.0.113.9 2026-02-01 anna\n#Fields: date time cs-username c-ip\n2026-02-01 10:00:00 anna 203.0.113.9\n"


def test_headers_of_a_w3c_log_stay_and_change_what_is_a_user() -> None:
    block = Rewriter(MASKS).rewrite_block(W3C.encode(), (formats.preset("w3c"),))

    assert block.data.decode() == W3C.replace("203.0.113.9", "203.0.0.0").replace("anna", "-")
    assert (block.tally.blank, block.tally.parsed, block.tally.balances()) == (3, 2, True)


def test_a_header_with_a_name_in_it_is_withheld() -> None:
    block = Rewriter(MASKS).rewrite_block(
        b"#Remark: anna@example.com at 203.0.113.9\n#Date: 2026-02-01 10:00:00\n", (formats.preset("w3c"),)
    )

    assert block.data == b"#Date: 2026-02-01 10:00:00\n"
    assert block.tally.rejected == {"no_format": 1}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("from 203.0.113.9:80, [2001:db8::9]:443.", "from 203.0.0.0:80, [2001:db8::]:443."),
        ("::ffff:203.0.113.9 2002:cb00:7109::1", "203.0.0.0 203.0.0.0"),
        ("fe80::1:2%eth0 x", "fe80:: x"),
        ("client=2001:DB8:0:0:0:0:0:9|", "client=2001:db8::|"),
        ("2001:db8:1:2:3:4:5:6:443", "2001:db8:::443"),
        ("x203.0.113.9y", "x203.0.0.0y"),
        ("203.0.113.009 203.0.113.999 1.2.3.4.5", "- - -"),
        ("0xcb007109 0xcb.0x0.0x71.0x9 http://3405803785/", "- - http://-/"),
        ("2001:db8:::9 2001:db8::9::1", "- -"),
        ("9.113.0.203.in-addr.arpa", "-.in-addr.arpa"),
        ("2001%3Adb8%3A%3A9 203%2E0%2E113%2E9", "- -"),
        ("to anna@example.com", "to {email}"),
        ("10:00:00 [01/Feb/2026:10:00:00 +0000] 2026-02-01T10:00:00.123", None),
        ("std::string Foo::bar DBI::db Chrome/126.0.6478.127 10:20", None),
        ("#0 /var/www/a.php(12): {main}", None),
    ],
    ids=lambda value: str(value)[:24],
)
def test_addresses_in_text(text: str, written: str | None) -> None:
    assert rewrite(text, *TEXT) == (text if written is None else written)


ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=6).map(lambda a: a.exploded),
).filter(
    lambda text: text != "::"  # stands for no machine, but between names of programs
)


@given(
    ADDRESSES,
    st.sampled_from(["{}", "[{}]", "[{}]:80", "<{}>", "={};", "({})", "'{}'", "{}, ", "a {} b", "{}/64"]),
)
def test_an_address_between_any_signs_is_found_whole(address: str, around: str) -> None:
    text = around.format(address)

    found = [text[span.start : span.end] for span in find_addresses(text)]

    assert found == [address]


@given(st.text(alphabet="0123456789abcdefg:.%[] x/-", max_size=200))
def test_what_is_cut_once_holds_no_other_address(text: str) -> None:
    once = rewrite(text, *TEXT, masks=LineMasks(load_policy("default"), DROP, (0, 0), lambda _: b""))

    assert not any(
        span.is_address and text[span.start : span.end] in once.split() for span in find_addresses(text)
    )


def test_a_text_is_read_in_linear_time() -> None:
    """A hundred times the text in one run; a quadratic scanner would take minutes."""
    assert list(find_addresses("1:" * 200_000 + "." * 200_000 + "1." * 100_000 + "%3a" * 100_000)) != [None]


def test_a_line_without_a_time_gets_no_token() -> None:
    days: list[date] = []

    def key_of(day: date) -> bytes:
        days.append(day)
        return b"k" * 32

    masks = LineMasks(load_policy("default"), KEYED, (16, 32), key_of)

    assert rewrite("from 203.0.113.9", *TEXT, masks=masks) == "from -"
    assert days == []


@pytest.mark.corpus
@pytest.mark.parametrize("path", FAIL2BAN, ids=lambda path: path.name)
def test_no_address_that_fail2ban_knows_of_is_left(path: Path) -> None:
    data = path.read_bytes()
    told = re.findall(
        r'"host"\s*:\s*"([0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)"', data.decode("utf-8", "replace")
    )

    block = Rewriter(MASKS).rewrite_block(data, TEXT)

    left = set(re.findall(r"[0-9a-fA-F:.]+", block.data.decode("utf-8", "replace")))
    assert not {host for host in told if cut_address(host) != host} & left
    assert block.tally.balances()
    assert not block.tally.rejected


@pytest.mark.parametrize(
    "log", ["netnea-apache-labor/labor-07-example-error.log-step-9", "advertools/nginx_error.log"]
)
@pytest.mark.parametrize("known", [TEXT, ()], ids=["text", "found"])
def test_no_address_of_a_real_error_log_is_left(
    corpus: Path, log: str, known: tuple[formats.Format, ...]
) -> None:
    data = (corpus / "real" / log).read_bytes()
    found = recognize(log, data, known)
    if not isinstance(found, tuple):
        pytest.skip("no format fits it; --format text reads it")

    block: Rewritten = Rewriter(MASKS).rewrite_block(data, found)

    clients = set(re.findall(rb"client:? ([0-9.]+)", data))
    written = set(re.findall(rb"[0-9.]+", block.data))
    assert not {client for client in clients if not client.endswith(b".0.0")} & written
    assert block.tally.balances()

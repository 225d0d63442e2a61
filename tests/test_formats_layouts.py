"""Layouts become formats: every directive of httpd, every variable of nginx, quotes and escapes."""

from datetime import UTC, datetime

import pytest

from logstats import formats
from logstats.errors import UsageError
from logstats.formats.directives import ARGUED, DIRECTIVES, GENERIC
from logstats.formats.variables import VARIABLES


def reads(layout, line):
    """The columns that a line tells by a layout."""
    hit = formats.parse_line(formats.load(layout), line)
    assert not isinstance(hit, formats.Rejected), hit
    return {column: value for column, value in hit.items() if value is not None}


@pytest.mark.parametrize("letter", DIRECTIVES)
def test_a_directive_reads_a_hyphen_or_a_time(letter):
    line = "[01/Feb/2026:10:00:00 +0000]" if letter == "t" else "" if letter == "q" else "-"

    assert not isinstance(formats.parse_line(formats.load(f"%{letter}"), line), formats.Rejected)


@pytest.mark.parametrize(("letter", "argument"), ARGUED)
def test_a_directive_with_an_argument_compiles(letter, argument):
    assert formats.load(f"%{{{argument}}}{letter}").fields[0].name == f"%{{{argument}}}{letter}"


@pytest.mark.parametrize("letter", GENERIC)
def test_a_header_cookie_or_note_of_any_name_is_text(letter):
    layout = formats.load(f'%h "%{{Any-Name_1}}{letter}"')

    assert layout.fields[1].type == "text"


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_of_nginx_has_evidence_and_compiles(name):
    assert VARIABLES[name].evidence
    assert formats.load(f"${name} ${{{name}}}").fields[0].name == f"${name}"


@pytest.mark.parametrize("entry", [*DIRECTIVES.values(), *ARGUED.values()])
def test_a_directive_has_evidence(entry):
    assert entry.evidence


@pytest.mark.parametrize(
    ("layout", "line", "expected"),
    [
        ("%>s %<s", "200 302", {"status": 200}),
        ("%!200,304s", "-", {}),
        ("%400,501{User-agent}i", "curl/8", {"agent": "curl/8"}),
        ("%D %T", "1500 0", {"duration_us": 1500}),
        ("%T", "2", {"duration_us": 2_000_000}),
        ("%{ms}T", "3", {"duration_us": 3000}),
        ("%{us}T", "4", {"duration_us": 4}),
        (
            "%h %a %{c}a",
            "a.example.org 203.0.113.9 198.51.100.1",
            {"host": "203.0.113.9", "peer": "198.51.100.1"},
        ),
        ("%{c}a %s", "198.51.100.1 200", {"host": "198.51.100.1", "status": 200}),
        ("%b %B %O %I", "1 1 9 5", {"bytes_sent": 1, "bytes_received": 5}),
        ("%V %v", "www.example.org canonical.example.org", {"vhost": "www.example.org"}),
        (
            "%m %U%q %H",
            "GET /a?b=1 HTTP/1.1",
            {"method": "GET", "path": "/a", "query": "b=1", "protocol": "HTTP/1.1"},
        ),
        ("%X%s", "+200", {"status": 200}),
        ("%{SSL_PROTOCOL}x %{SSL_CIPHER}x", "TLSv1.3 X", {"tls_protocol": "TLSv1.3", "tls_cipher": "X"}),
        ("100%% %s", "100% 200", {"status": 200}),
    ],
)
def test_modifiers_and_second_best_directives(layout, line, expected):
    assert reads(layout, line).items() >= expected.items()
    assert reads(layout, line).keys() <= expected.keys() | {"client_port"}


NOON = datetime(2026, 2, 1, 12, 0, 0, 250_000, UTC)


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        ("%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t", "01/Feb/2026:13:00:00.250 +0100"),
        ("%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t", "2026-02-01T11:00:00.250000-0100"),
        ("%{msec}t", "1769947200250"),
        ("%{usec}t", "1769947200250000"),
        ("%{sec}t.%{msec_frac}t", "1769947200.250"),
        ("%{begin:%F %T}t.%{end:msec_frac}t", "2026-02-01 12:00:00.250"),
        ("%{%a %b %e %I:%M:%S %p %Y}t.%{msec_frac}t", "Sun Feb  1 12:00:00 PM 2026.250"),
        ("%{%j %y %T}t.%{msec_frac}t", "032 26 12:00:00.250"),
        ("$msec", "1769947200.250"),
        ("$time_iso8601", "2026-02-01T13:00:00.25+01:00"),
        ("[$time_local]", "[01/Feb/2026:12:00:00.25 +0000]"),
        ("{time:epoch_ms}", "1769947200250"),
    ],
)
def test_a_time_in_any_form_is_the_same_moment(layout, line):
    assert reads(layout, line)["time"] == NOON


@pytest.mark.parametrize(
    "line",
    [
        "[31/Feb/2026:10:00:00 +0000]",
        "[01/Foo/2026:10:00:00 +0000]",
        "[01/Feb/2026:25:00:00 +0000]",
        "[01/Feb/2026:10:00:00 +2500]",
    ],
)
def test_a_time_that_no_calendar_has_is_rejected_as_such(line):
    assert formats.parse_line(formats.load("%t"), line) == formats.Rejected("bad_time", "%t")


@pytest.mark.parametrize(
    "written",
    [
        r'"%h \"%r\" %>s"',
        r'LogFormat "%h \"%r\" %>s"',
        '%h "%r" %>s',
        "'$remote_addr \"$request\" $status'",
        "log_format main '$remote_addr '\n '\"$request\" $status';",
        "escape=none '$remote_addr \"$request\" $status'",
        '{host:address} "{request:request}" {status:status}',
    ],
)
def test_a_layout_may_come_with_the_quotes_of_its_file(written):
    found = reads(written, '203.0.113.9 "GET / HTTP/1.1" 200')

    assert (found["host"], found["path"], found["status"]) == ("203.0.113.9", "/", 200)


@pytest.mark.parametrize(
    "written", ["", "hello", "%", "%y", "{host:nothing}", "escape=xml '$status'", "no such preset"]
)
def test_a_layout_without_fields_or_with_unknown_ones_is_refused(written):
    with pytest.raises(UsageError):
        formats.load(written)


def test_nginx_escapes_are_undone_as_the_layout_says():
    quoted = '"$http_user_agent" $status'

    assert reads(quoted, r'"\x22\x5C\xC3\xA9" 200')["agent"] == '"\\é'
    assert reads(f"escape=json {quoted}", r'"\"\\\u00e9\n" 200')["agent"] == '"\\é\\x0a'
    assert reads(f"escape=none {quoted}", '"a\\x22"b" 200')["agent"] == 'a\\x22"b'


def test_an_empty_value_of_escape_json_is_nothing():
    layout = """escape=json '{"a":"$remote_addr","x":"$http_x_forwarded_for","u":"$upstream_response_time","s":$status}'"""
    found = reads(layout, '{"a":"203.0.113.9","x":"","u":"","s":200}')

    assert found == {"host": "203.0.113.9", "status": 200}


def test_a_line_that_fits_no_layout_may_fit_what_the_server_writes_beside_it():
    layout = '%h %l %u %t %P "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D'
    beside = '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "-" 408 -'

    assert formats.read_fields([beside], layout)[0]["status"] == 408


def test_a_header_in_the_middle_of_a_file_changes_the_columns():
    rows = formats.read_fields(
        [
            "#Version: 1.0",
            "#Fields: date time c-ip sc-status",
            "2026-02-01 10:00:00 203.0.113.9 200",
            "#Fields: c-ip date time sc-status cs-uri-stem",
            "203.0.113.9 2026-02-01 10:00:00 404 /a",
            "2026-02-01 10:00:00 203.0.113.9 200",
        ]
    )

    assert [row and row["status"] for row in rows] == [None, None, 200, None, 404, None]
    assert rows[4]["path"] == "/a"


HEAD = '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" '


@pytest.mark.parametrize(
    ("end", "agent"),
    [
        pytest.param('"curl/8.5.0', "curl/8.5.0", id="cut off within the agent"),
        pytest.param('"curl \\"8', 'curl "8', id="cut off behind an escaped quote"),
        pytest.param('"curl/8.5.0" "198.51.100.2"', "curl/8.5.0", id="one field more"),
        pytest.param('"curl/8.5.0" 1904 [a]', "curl/8.5.0", id="fields without quotes more"),
    ],
)
def test_an_agent_ends_at_its_own_quote(end, agent):
    [hit] = formats.read_fields([HEAD + end], "combined")

    assert hit is not None
    assert hit["agent"] == agent


def test_a_user_without_a_name_is_nobody():
    [hit] = formats.read_fields(['203.0.113.9 ""'], "%h %u")

    assert hit is not None
    assert hit["user"] is None


@pytest.mark.parametrize(("zone", "hour"), [("EST", 15), ("PDT", 17), ("GMT", 10), ("XYZ", 10)])
def test_the_name_of_a_zone_is_its_offset_where_it_has_but_one(zone, hour):
    [hit] = formats.read_fields([f"2026-02-01T10:00:00 {zone}"], "%{%FT%T %Z}t")

    assert hit is not None
    assert hit["time"] == datetime(2026, 2, 1, hour, tzinfo=UTC)


def test_the_client_of_an_old_error_line_stands_behind_its_process():
    line = "[Sun Feb 01 10:00:00 2026] [error] [pid 1000] [client 203.0.113.9] client denied"
    [hit] = formats.read_fields([line])

    assert hit is not None
    assert (hit["host"], hit["message"]) == ("203.0.113.9", "client denied")


@pytest.mark.parametrize(
    "line",
    ['LogFormat "%h %>s" short', "LogFormat '%h %>s'", "log_format x '$remote_addr $status';"],
)
def test_a_whole_line_of_a_configuration_is_a_layout(line):
    assert reads(line, "203.0.113.9 200") == {"host": "203.0.113.9", "status": 200}

"""`logstats formats` on the command line."""

import pytest

from logstats import formats

LINE = '203.0.113.9 - - [01/Feb/2026:10:00:00 +0000] "GET /secret-word HTTP/1.1" 200 5 "-" "curl/8"\n'


def test_list_names_every_preset(logstats):
    done = logstats("formats", "list")

    assert done.returncode == 0
    assert b"combined " in done.stdout
    assert b"cloudfront" in done.stdout


def test_show_tells_fields_and_columns(logstats):
    assert b"%{User-Agent}i" in logstats("formats", "show", "combined").stdout
    assert b"duration_us" in logstats("formats", "show", "%h %D").stdout
    assert logstats("formats", "show", "nothing").returncode == 2


def test_detect_says_what_fits(logstats, tmp_path):
    log = tmp_path / "access.log"
    log.write_text(LINE * 3)

    done = logstats("formats", "detect", str(log))

    assert done.returncode == 0
    assert b"combined: fits 3 of 3 lines" in done.stdout


def test_detect_ends_with_3_where_nothing_fits_and_shows_no_content(logstats, tmp_path):
    log = tmp_path / "access.log"
    log.write_text("secret 203.0.113.9\n")

    done = logstats("formats", "detect", str(log))

    assert done.returncode == 3
    assert b"aaaaaa 999.9.999.9" in done.stdout
    assert b"secret" not in done.stdout + done.stderr
    assert b"203.0" not in done.stdout + done.stderr


def test_detect_of_a_missing_file_ends_with_3(logstats, tmp_path):
    assert logstats("formats", "detect", str(tmp_path / "missing.log")).returncode == 3


def test_from_prints_the_layout_ready_for_use(logstats, tmp_path):
    config = tmp_path / "httpd.conf"
    config.write_text('LogFormat "%h \\"%r\\" %>s" short\n')

    assert logstats("formats", "from", str(config), "short").stdout == b'%h "%r" %>s\n'
    assert logstats("formats", "from", str(config)).stdout == b'short: %h "%r" %>s\n'
    assert logstats("formats", "from", str(config), "other").returncode == 2


def test_a_format_taken_from_a_configuration_keeps_its_escape(logstats, tmp_path):
    (tmp_path / "nginx.conf").write_text(
        """log_format j escape=json '{"a":"$remote_addr","ua":"$http_user_agent"}';"""
    )

    taken = logstats("formats", "from", "nginx.conf", "j").stdout.decode().strip()

    assert taken == """escape=json {"a":"$remote_addr","ua":"$http_user_agent"}"""
    [hit] = formats.read_fields([r'{"a":"203.0.113.9","ua":"x \"y\""}'], taken)
    assert hit is not None
    assert hit["agent"] == 'x "y"'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", b"a.log: has no lines yet"),
        (b"\n\n", b"a.log: has no lines yet"),
        (b"\x00\x01" * 99, b"a.log: is no text"),
    ],
    ids=["empty", "blank", "binary"],
)
def test_what_is_no_log_yet_is_said_so(logstats, tmp_path, data, said):
    (tmp_path / "a.log").write_bytes(data)

    done = logstats("formats", "detect", "a.log")

    assert (done.returncode, done.stdout) == (3, b"")
    assert said in done.stderr

"""A server's own configuration names its formats."""

import pytest

from logstats import formats
from logstats.errors import InputError, UsageError

NGINX = r"""
http { # the main block; with ' a quote
    log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" '
                    '"$http_user_agent" "$http_x_forwarded_for"';
    log_format json escape=json '{"time":"$time_iso8601","addr":"$remote_addr",'
                                '"status":$status,"agent":"$http_user_agent"}';
    log_format tabs "$remote_addr\t$status";
    include conf.d/*.conf;
}
"""
APACHE = r"""
# LogFormat "%h commented out" no
LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost_combined
logformat "%h %l %u %t \"%r\" \
%>s %O" common
LogFormat '%h "%r"'
CustomLog ${APACHE_LOG_DIR}/access.log "%h\t%>s" env=!dontlog
CustomLog logs/access_log common
IncludeOptional mods/*.conf
"""


def test_nginx_formats_are_found_over_several_lines():
    found = formats.formats_of(NGINX)

    assert list(found) == ["main", "json", "tabs"]
    assert found["main"].layout.endswith('"$http_user_agent" "$http_x_forwarded_for"')
    assert formats.parse_line(found["tabs"], "203.0.113.9\t200")["status"] == 200


def test_nginx_escape_is_heeded():
    line = r'{"time":"2026-02-01T10:00:00+00:00","addr":"203.0.113.9","status":200,"agent":"a \"b\""}'

    assert formats.parse_line(formats.formats_of(NGINX)["json"], line)["agent"] == 'a "b"'


def test_apache_formats_and_custom_logs_are_found():
    found = formats.formats_of(APACHE)

    assert list(found) == ["vhost_combined", "common", "default", "customlog-1"]
    assert found["common"].layout == '%h %l %u %t "%r" %>s %O'
    assert found["customlog-1"].layout == "%h\t%>s"


def test_included_files_are_read_too(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.conf").write_text("log_format a '$status'; include ../nginx.conf;")
    (tmp_path / "nginx.conf").write_text(NGINX)

    assert "a" in formats.read_config(tmp_path / "nginx.conf")


def test_a_file_that_is_missing_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        formats.read_config(tmp_path / "nginx.conf")


def test_a_format_that_cannot_be_understood_is_named():
    with pytest.raises(UsageError, match=r"format odd: .*%y"):
        formats.formats_of('LogFormat "%h %y" odd')

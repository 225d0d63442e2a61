"""Real logs are recognised, and only what is no log line of theirs is left out."""

import pytest

from logstats import formats
from logstats.lines import decode_line, split_lines

FIRST = 3000
# file -> format, and how many of its first lines are no lines of a log
REAL = {
    "advertools/dreamhost_apache_access.log": ("combined", 0),
    "advertools/nginx_access.log": ("combined", 0),
    "ats-ltsv/nginx-ltsv-access.log": ("ltsv", 0),
    "attack-scanners-ocatak/acunetix.txt": ("combined", 0),
    "attack-scanners-ocatak/w3af.txt": ("combined", 0),
    "elastic-examples/apache_logs": ("combined", 0),
    "express-morgan/access.log": ("combined", 0),
    "haproxy-big/haproxy.log": ("haproxy", 0),
    "heffalump/NASA_access_log.txt": ("common", 0),
    "iis-brianary/ex010320.log": ("iis_native", 0),
    "iis-brianary/ex960101.log": ("w3c", 0),
    "iis-brianary/u_ex160110.log": ("iis", 0),
    "lnav/logfile_caddy_log.0": ("caddy", 35),
    "lnav/logfile_haproxy.0": ("haproxy", 4),
    "lnav/logfile_regexp_access_log.0": ("vhost_combined_duration_us", 0),
    "lnav/logfile_shop_access_log.0": ("combined_forwarded", 0),
    "lnav/logfile_w3c.2": ("w3c", 0),
    "loghub/Apache_2k.log": ("apache_error_old", 0),
    "logstalgia/example.log": ("combined_forwarded", 0),
    "matomo/caddy_json.log": ("caddy", 0),
    "matomo/common_complete.log": ("host_combined", 0),
    "matomo/elb.log": ("aws_elb", 0),
    "matomo/gandi.log": ("gandi", 0),
    "matomo/iis.log": ("iis_full", 0),
    "matomo/nginx_json.log": ("json", 0),
    "matomo/s3.log": ("aws_s3_old", 0),
    "nekrassov/sample_ltsv_all_match.log": ("ltsv", 0),
    "netnea-apache-labor/labor-06_access_10000.log": ("combined_more", 0),
    "nielsbasjes-hackers/hackers-access.log": ("combined", 0),
    "request-log-analyzer/apache_common.log": ("common", 0),
}


@pytest.mark.corpus
@pytest.mark.parametrize("name", REAL)
def test_a_real_log_is_recognised_and_read(corpus, name):
    data = (corpus / "real" / name).read_bytes()
    lines = [decode_line(line) for line in split_lines(data)[:FIRST]]
    verdict = formats.detect_format(lines)
    expected, rejected = REAL[name]

    assert verdict.format is not None
    assert verdict.format.name == expected
    reader = formats.LineReader((verdict.format, *verdict.siblings))
    assert sum(isinstance(reader.read(line), formats.Rejected) for line in lines) == rejected


@pytest.mark.corpus
def test_json_that_is_no_access_log_has_no_format(corpus):
    lines = (corpus / "real/elastic-examples/nginxplus_json_logs").read_text().splitlines()[:50]

    assert formats.detect_format(lines).format is None

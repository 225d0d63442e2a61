"""`logstats formats` on the command line."""

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

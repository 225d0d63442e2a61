"""Outputs appear whole, at once, or not at all."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from logstats.errors import OutputError, UsageError
from logstats.report import OUTPUTS, check_target, output_of, write_report, write_reports
from tests.reports import big_report, small_report


def everything_in(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_the_suffix_chooses_the_output(tmp_path):
    write_reports(small_report(), [tmp_path / "r.JSON", tmp_path / "r.csv"])

    assert json.loads((tmp_path / "r.JSON").read_bytes())["schema"] == "logstats.report/1"
    assert (tmp_path / "r.csv").read_bytes().startswith(b"table,day,")


def test_every_suffix_is_described_and_found():
    for suffix, output in OUTPUTS.items():
        assert output.description
        assert output_of(f"report{suffix}") == output


@pytest.mark.parametrize("target", ["report", "report.doc", ".json", "-"], ids=repr)
def test_an_unknown_suffix_is_a_usage_error_that_names_the_known_ones(target):
    with pytest.raises(UsageError, match=r"no output has this suffix; use one of .*\.json"):
        output_of(target)


def test_a_name_that_ends_in_a_slash_is_a_directory_of_tables(tmp_path):
    write_report(small_report(), f"{tmp_path}/new/tables/")

    assert {"pages.csv", "about.csv", "columns.csv"} <= everything_in(tmp_path / "new/tables")


def test_an_existing_directory_needs_no_slash(tmp_path):
    write_report(small_report(), tmp_path)

    assert "pages.csv" in everything_in(tmp_path)


def test_a_table_of_a_former_report_does_not_stay_in_the_directory(tmp_path):
    (tmp_path / "notes.csv").write_text("mine")
    write_report(big_report(3), tmp_path)
    write_report(small_report(), tmp_path)

    assert "countries.csv" not in everything_in(tmp_path)
    assert "notes.csv" in everything_in(tmp_path)


def test_the_umask_decides_who_may_read(tmp_path):
    former = os.umask(0o027)
    try:
        write_report(small_report(), tmp_path / "r.json")
    finally:
        os.umask(former)

    assert stat.S_IMODE((tmp_path / "r.json").stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    write_report(small_report(), tmp_path / "link.json")

    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_bytes())


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    (tmp_path / "null.json").symlink_to("/dev/null")
    write_report(small_report(), tmp_path / "null.json")

    assert not stat.S_ISREG(Path("/dev/null").stat().st_mode)


def test_one_bad_target_leaves_all_others_as_they_were(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "file" / "bad.csv"
    good.write_text("yesterday")
    (tmp_path / "file").write_text("no directory")

    with pytest.raises(OutputError, match=r"bad\.csv: cannot be written"):
        write_reports(small_report(), [good, bad])
    assert good.read_text() == "yesterday"
    assert everything_in(tmp_path) == {"good.json", "file"}


def test_an_unknown_suffix_is_found_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError):
        write_reports(small_report(), [tmp_path / "good.json", tmp_path / "bad.doc"])
    assert everything_in(tmp_path) == set()


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    (tmp_path / "r.json").write_text("yesterday")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OutputError, match=r"r\.json: cannot be written \(No space left on device\)"):
        write_report(small_report(), tmp_path / "r.json")
    assert (tmp_path / "r.json").read_text() == "yesterday"
    assert everything_in(tmp_path) == {"r.json"}


@pytest.mark.live
def test_a_disk_that_is_full_for_real_keeps_what_was_there(tmp_path):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        (tmp_path / "r.json").write_text("yesterday")

        with pytest.raises(OutputError, match=r"r\.csv: cannot be written \(No space left on device\)"):
            write_reports(big_report(), [tmp_path / "r.json", tmp_path / "r.csv"])
        assert (tmp_path / "r.json").read_text() == "yesterday"
        assert everything_in(tmp_path) == {"r.json"}
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_target_below_a_file_is_refused_before_the_log_is_read(tmp_path):
    (tmp_path / "file").write_text("no directory")

    with pytest.raises(OutputError, match=r"r\.json: cannot be written \(Not a directory\)"):
        check_target(tmp_path / "file" / "sub" / "r.json")


def test_a_directory_that_may_not_be_written_to_is_refused_before_the_log_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)

    with pytest.raises(OutputError, match=r"r\.json: cannot be written \(Permission denied\)"):
        check_target(tmp_path / "r.json")


@pytest.mark.parametrize("name", ["r.json", "new/deep/r.csv", "tables/"])
def test_checking_a_target_makes_nothing(tmp_path, name):
    check_target(f"{tmp_path}/{name}")

    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupted(_handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)

    with pytest.raises(KeyboardInterrupt):
        write_reports(small_report(), [tmp_path / "a.json", tmp_path / "b.csv"])
    assert everything_in(tmp_path) == set()


def test_an_interrupt_as_soon_as_a_file_is_there_leaves_none(tmp_path, interrupted_open):
    with pytest.raises(KeyboardInterrupt):
        write_reports(small_report(), [tmp_path / "a.json", tmp_path / "b.csv"])
    assert everything_in(tmp_path) == set()

"""Outputs of `anonymize`: whole or not at all from files, appended from a pipe."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import zstandard

from logstats import temporary
from logstats.write import Unwritable, open_target

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read(),
}
suffixes = pytest.mark.parametrize("suffix", UNPACK)


def write(path: Path, blocks: Iterable[bytes], *, append: bool = False) -> None:
    with open_target(str(path), append=append) as target:
        for block in blocks:
            target.write(block)


@suffixes
def test_what_is_written_can_be_read_again(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.log{suffix}"
    write(path, [b"a\n", b"b\n" * 1000])

    assert UNPACK[suffix](path.read_bytes()) == b"a\n" + b"b\n" * 1000
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@suffixes
def test_what_is_appended_stands_behind_what_was_there(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.log{suffix}"
    write(path, [b"a\n"], append=True)
    write(path, [b"b\n"], append=True)

    assert UNPACK[suffix](path.read_bytes()) == b"a\nb\n"


def test_until_all_is_written_the_target_is_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_bytes(b"before")
    path.chmod(0o600)
    with open_target(str(path), append=False) as target:
        target.write(b"after")

        assert path.read_bytes() == b"before"

    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o600


@suffixes
def test_an_error_on_the_way_leaves_the_target_and_no_other_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.log{suffix}"
    path.write_bytes(b"before")

    def blocks() -> Iterator[bytes]:
        yield b"after"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(path, blocks())

    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("append", [True, False])
def test_a_target_in_no_directory_is_named(append: bool, tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match=r"none/out\.log: cannot be written"):
        write(tmp_path / "none" / "out.log", [b"a\n"], append=append)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.log").write_bytes(b"before")
    (tmp_path / "link.log").symlink_to("real.log")
    write(tmp_path / "link.log", [b"after"])

    assert (tmp_path / "link.log").is_symlink()
    assert (tmp_path / "real.log").read_bytes() == b"after"


def test_an_interrupt_as_soon_as_the_file_is_there_leaves_none(tmp_path: Path, interrupted_open) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "out.log", [b"a\n"])

    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_is_read_by_its_owner_alone_and_follows_no_link(tmp_path: Path) -> None:
    path = temporary.name_beside(tmp_path / "out.log")
    with temporary.open_new(path):
        assert path.stat().st_mode & 0o777 == 0o600
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        temporary.open_new(link)

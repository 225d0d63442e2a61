"""A key belongs to one day; a key file that others could have read is refused."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats import keys
from logstats.keys import KeyRefused, create_key_file, destroy_key_file, keyed_token, read_key_file

DAY = date(2026, 2, 1)
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC).timestamp()
KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path / "day.key"


def test_a_key_is_read_back_on_its_day(path):
    made = create_key_file(path, DAY)

    assert read_key_file(path, DAY, now=NOON) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(made.secret) == 32


def test_two_keys_differ(path):
    assert keys.new_key(DAY).secret != keys.new_key(DAY).secret


def test_a_key_is_not_shown():
    assert "secret" not in repr(keys.new_key(DAY))


def test_a_key_file_is_private_whatever_the_umask(path):
    before = os.umask(0)
    try:
        create_key_file(path, DAY)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600


def symlink(path):
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def fifo(path):
    path.unlink()
    os.mkfifo(path, 0o600)


def longer(path):
    with path.open("ab") as file:
        file.write(b"x")
    os.utime(path, (NOON, NOON))


def shorter(path):
    os.truncate(path, 31)
    os.utime(path, (NOON, NOON))


SPOILED = {
    "group may read": lambda path: path.chmod(0o640),
    "others may write": lambda path: path.chmod(0o602),
    "symbolic link": symlink,
    "second name": lambda path: os.link(path, path.with_suffix(".2")),
    "one byte more": longer,
    "one byte less": shorter,
    "no regular file": fifo,
    "missing": lambda path: path.unlink(),
    "key of the day before": lambda path: os.utime(path, (NOON - 86_400, NOON - 86_400)),
    "directory others can write to": lambda path: path.parent.chmod(0o777),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_key_file_is_refused(path, spoil):
    create_key_file(path, DAY)
    spoil(path)

    with pytest.raises(KeyRefused):
        read_key_file(path, DAY, now=NOON)


def test_a_key_of_another_user_is_refused(path, monkeypatch):
    create_key_file(path, DAY)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)

    with pytest.raises(KeyRefused, match=r"directory|another user"):
        read_key_file(path, DAY, now=NOON)


@pytest.mark.parametrize(("hours", "is_read"), [(0, True), (35, True), (36, False), (100, False)])
def test_a_key_is_read_for_36_hours_from_the_start_of_its_day(path, hours, is_read):
    create_key_file(path, DAY)
    now = datetime(2026, 2, 1, tzinfo=UTC).timestamp() + hours * 3600

    if is_read:
        assert read_key_file(path, DAY, now=now).day == DAY
    else:
        with pytest.raises(KeyRefused, match="day is over"):
            read_key_file(path, DAY, now=now)


@pytest.mark.parametrize(
    "plant", [lambda p: p.write_bytes(b""), lambda p: p.symlink_to("x")], ids=["file", "link"]
)
def test_a_key_is_not_written_over_what_is_there(path, plant):
    plant(path)

    with pytest.raises(KeyRefused, match="there already"):
        create_key_file(path, DAY)


def test_a_key_is_not_made_where_others_can_write(path):
    path.parent.chmod(0o777)

    with pytest.raises(KeyRefused, match="directory"):
        create_key_file(path, DAY)
    assert not path.exists()


def test_a_destroyed_key_is_overwritten_and_gone(path):
    secret = create_key_file(path, DAY).secret
    still_open = path.open("rb")
    destroyed = destroy_key_file(path)

    assert not path.exists()
    assert still_open.read() == b""
    assert secret not in b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert destroyed.tzinfo is UTC
    still_open.close()


def test_what_is_behind_a_link_is_not_destroyed(path):
    target = path.with_suffix(".txt")
    target.write_text("precious")
    path.symlink_to(target)

    with pytest.raises(KeyRefused):
        destroy_key_file(path)
    assert target.read_text() == "precious"


def test_a_credential_gives_each_day_its_own_key(tmp_path, monkeypatch):
    (tmp_path / "address-key").write_bytes(KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    first, again, second = (keys.read_credential("address-key", day) for day in (DAY, DAY, date(2026, 2, 2)))

    assert first == again
    assert len({first.secret, second.secret, KEY}) == 3


@pytest.mark.parametrize("name", ["missing", "short", "../outside"])
def test_a_bad_credential_is_refused(tmp_path, monkeypatch, name):
    directory = tmp_path / "credentials"
    directory.mkdir()
    (directory / "short").write_bytes(b"x")
    (tmp_path / "outside").write_bytes(KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))

    with pytest.raises(KeyRefused):
        keys.read_credential(name, DAY)


def test_without_a_credentials_directory_there_is_no_credential(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    with pytest.raises(KeyRefused):
        keys.read_credential("address-key", DAY)


def test_a_token_is_keyed_blake2b():
    """RFC 7693; the site is the salt, so that two sites share no token."""
    salt = hashlib.blake2b(b"www", digest_size=16).digest()
    digest = hashlib.blake2b(
        b"203.0.113.7", key=KEY, digest_size=8, salt=salt, person=b"logstats-address"
    ).digest()
    number = int.from_bytes(digest, "big") << 1
    signs = "abcdefghijklmnopqrstuvwxyz234567"
    written = "".join(signs[number >> 5 * place & 31] for place in reversed(range(13)))

    assert keyed_token("203.0.113.7", KEY, "www") == f"tok_{written}"


@given(st.lists(st.none() | st.text(max_size=20)), st.binary(min_size=32, max_size=32), st.text(max_size=40))
def test_many_tokens_are_those_of_each(addresses, key, site):
    expected = [None if each is None else keyed_token(each, key, site) for each in addresses]

    assert keys.keyed_tokens(pl.Series(addresses, dtype=pl.String), key, site).to_list() == expected


def test_sites_and_days_share_no_token():
    hosts = pl.Series([f"203.0.{number >> 8}.{number & 255}" for number in range(2000)])
    tokens = [
        keys.keyed_tokens(hosts, key, site) for key in (KEY, bytes(32)) for site in ("www", "shop", "s" * 40)
    ]

    assert len({token for each in tokens for token in each}) == 6 * len(hosts)

"""The real logrotate, in every way it rotates, with runs at any moment: each line counts once."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from logstats.collecting.carriers import Changed
from tests.nights import Nights, at, line, totals, truth
from tests.programs import find_program

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROUNDS = int(os.environ.get("LOGSTATS_ROTATIONS", "12"))
MODES = {
    "create": "create 0640",
    "nocreate": "nocreate",
    "copytruncate": "copytruncate",
    "compress": "create 0640\n  compress",
    "delaycompress": "create 0640\n  compress\n  delaycompress",
    "copytruncate and compress": "copytruncate\n  compress",
    "dateext": "create 0640\n  dateext\n  dateformat -%Y%m%d-%s\n  compress\n  delaycompress",
    "olddir": "create 0640\n  olddir old\n  compress",
    "xz": "create 0640\n  compress\n  compresscmd /usr/bin/xz\n  compressext .xz",
}


class Rotation:
    """A log, a server that writes to it, and logrotate."""

    def __init__(self, home: Path, mode: str) -> None:
        self.nights = Nights(home)
        self.written = b""
        self.keeps_old = "delaycompress" in MODES[mode]
        self.program = find_program("logrotate")
        self.config = home / "logrotate.conf"
        (home / "old").mkdir()
        text = f"{self.nights.log} {{\n  rotate 99\n  missingok\n  notifempty\n  {MODES[mode]}\n}}\n"
        self.config.write_text(text)
        self.config.chmod(0o600)
        self.file = self.nights.log.open("ab")

    def write(self, data: bytes) -> None:
        self.written += data
        self.file.write(data)
        self.file.flush()

    def rotate(self) -> subprocess.Popen[bytes]:
        state = self.nights.home / "state"
        return subprocess.Popen(
            [self.program, "--force", "--state", state, self.config], stderr=subprocess.PIPE
        )

    def reopen(self) -> None:
        self.file.close()
        self.file = self.nights.log.open("ab")

    def close(self) -> None:
        self.file.close()

    def collect(self, now: datetime) -> None:
        """Collect all there is; a run that met a rewrite in three attempts stores nothing and says so."""
        with contextlib.suppress(Changed):
            self.nights.collect(
                now, "access.log*", *(("old/*",) if any((self.nights.home / "old").iterdir()) else ())
            )


@pytest.mark.parametrize("mode", MODES)
def test_each_line_counts_once_however_logs_are_rotated(tmp_path: Path, mode: str) -> None:
    if "xz" in mode:
        find_program("xz")
    dice = random.Random(mode)
    rotation = Rotation(tmp_path, mode)
    with contextlib.closing(rotation):
        _live(rotation, dice)

    found = {day["day"]: totals(day)["hits"] for day in rotation.nights.days()}
    assert found == {day: hits for day, (hits, _) in truth(rotation.written).items()}
    assert sum(found.values()) == rotation.written.count(b"\n")


def _live(rotation: Rotation, dice: random.Random) -> None:
    """Serve, rotate and collect, the last two at the same time too; then collect what is left."""
    now = at("2026-02-01T00:00")
    for _ in range(ROUNDS):
        now = _serve(rotation, dice, now)
        running = rotation.rotate() if dice.random() < 0.6 else None
        if dice.random() < 0.6:
            rotation.collect(now)
        if running is not None:
            said = running.communicate()[1]
            # Two rotations of one second would have one name.
            assert not said or b"skipping rotation" in said
            if rotation.keeps_old:
                # A server goes on writing to the renamed file until it is told to reopen.
                now = _serve(rotation, dice, now)
            rotation.reopen()
    now = _serve(rotation, dice, now)
    rotation.collect(now + timedelta(days=3))


def _serve(rotation: Rotation, dice: random.Random, now: datetime) -> datetime:
    for _ in range(dice.randrange(1, 120)):
        now += timedelta(minutes=dice.randrange(12))
        rotation.write(line(now, dice.randrange(300), f"/{dice.randrange(20)}", size=dice.randrange(9999)))
    return now

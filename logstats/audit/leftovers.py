"""What a run leaves around: modes, owners, old keys, temporary files, spills, core dumps, backups."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from logstats.audit.check import Check, Entry, Examiner
from logstats.audit.finding import Finding, Level
from logstats.audit.notations import mask_text

_ID: Final = "leftovers"
_KEY_BYTES: Final = 32
_NAMES: Final = (
    (
        "an editor's backup or swap file",
        re.compile(r"(?:~|\.(?:swp|swo|swn|bak|orig|old|save|rej|un~))$|^#.*#$|^\.#|^\.~lock"),
    ),
    (
        "a temporary file",
        re.compile(r"\.(?:tmp|temp|part|partial|crdownload|filepart)$|^(?:tmp|\.tmp|\.nfs)[\w.-]*$"),
    ),
    ("a core dump", re.compile(r"^(?:core|core\.\d+|vgcore\.\d+|.*\.core|.*\.dmp)$")),
    ("a journal left behind", re.compile(r"-(?:wal|journal|shm)$")),
    ("rows that polars spilled", re.compile(r"^polars-|\.spill$")),
)
_SECRET: Final = re.compile(r"\.(?:key|nonce|nonces|master)$|^key[-_.]|nonce")
_ELF_CORE: Final = 4  # e_type ET_CORE (ELF specification, figure 1-3)


class _Leftovers(Examiner):
    """File names, modes, owners and ages, and the places that temporary files go to."""

    def entry(self, entry: Entry) -> Iterable[Finding]:
        """Judge one file or directory."""
        mode, name = entry.status.st_mode, entry.path.name
        if stat.S_ISLNK(mode):
            return
        for kind, pattern in _NAMES:
            if pattern.search(name) and not (stat.S_ISDIR(mode) and kind != "rows that polars spilled"):
                yield self._say(entry, kind)
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            yield self._say(entry, "writable by everybody")
        private = entry.group == "store" or bool(_SECRET.search(name))
        if private and mode & 0o077:
            yield self._say(entry, f"mode {stat.S_IMODE(mode):04o}: others may read what is kept private")
        if stat.S_ISREG(mode):
            yield from self._regular(entry)

    def _regular(self, entry: Entry) -> Iterator[Finding]:
        age_hours = (self.request.now.timestamp() - entry.status.st_mtime) / 3600
        is_key = entry.status.st_size == _KEY_BYTES and bool(_SECRET.search(entry.path.name))
        if is_key and age_hours > self.rules.key_hours:
            yield self._say(
                entry, f"a key of {age_hours:.0f} hours; the policy destroys it after {self.rules.key_hours}"
            )
        if is_key and entry.status.st_nlink > 1:
            yield self._say(entry, "a key with more than one name")
        if _is_core(entry.path):
            yield self._say(entry, "a core dump")
        top = self.request.paths[0] if self.request.paths else entry.path
        if entry.group == "store" and entry.status.st_uid != _owner(self.request.stores, top):
            yield self._say(entry, "another owner than its directory")

    def outputs_done(self) -> Iterator[Finding]:
        """Look where programs leave temporary files; others' files there are remarks, not findings."""
        for place in self.request.shared_places:
            for pattern, kind in (
                ("polars-*", "rows that polars spilled"),
                (".logstats-*.tmp", "a temporary file"),
            ):
                for path in sorted(place.glob(pattern)):
                    found = any(child.is_file() for child in path.rglob("*")) if path.is_dir() else True
                    level = Level.FINDING if found else Level.NOTE
                    yield Finding(mask_text(str(path)), "", _ID, kind, level=level)

    def _say(self, entry: Entry, kind: str) -> Finding:
        return Finding(entry.name, "mode and name", _ID, kind)


def _owner(stores: tuple[Path, ...], other: Path) -> int:
    return (stores[0] if stores else other).stat().st_uid


def _is_core(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(18)
    except OSError:
        return False
    return head[:4] == b"\x7fELF" and head[16:18] in (
        _ELF_CORE.to_bytes(2, "little"),
        _ELF_CORE.to_bytes(2, "big"),
    )


CHECK = Check(
    _ID,
    "No temporary files, spills, core dumps, backups or old keys lie around, and what is private is closed",
    _Leftovers,
)

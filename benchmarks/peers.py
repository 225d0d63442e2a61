"""The programs that logstats is measured beside, installed where they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.measure import Case

DEBIAN_PACKAGES = ("goaccess", "webalizer", "gzip", "sed")
# One regular expression is what people write by hand: it sees no IPv6, no host
# name, and leaves the query and the user as they are.
SED_IPV4 = r"s/^([0-9]+\.[0-9]+)\.[0-9]+\.[0-9]+/\1.0.0/"


def install(build: Path) -> None:
    """Install what is missing: Debian's packages, and Anonip in an environment of its own."""
    missing = [name for name in DEBIAN_PACKAGES if shutil.which(name) is None]
    if missing:
        # -n: sudo asks for no password; without the right it fails at once.
        become_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        _try([*apt, "update"])
        _try([*apt, "install", "--no-install-recommends", "-y", *missing])
    if not _anonip(build).exists():
        venv.create(build / "anonip", with_pip=True)
        _try([str(build / "anonip/bin/pip"), "-q", "install", "anonip"])


def _try(command: list[str]) -> None:
    """Run a command; a peer that cannot be had is said and left out."""
    if shutil.which(command[0]) is None:
        print(f"no `{command[0]}`, cannot run `{' '.join(command)}`", file=sys.stderr)
        return
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        print(f"`{' '.join(command)}` ended with {done.returncode}", file=sys.stderr)


def _anonip(build: Path) -> Path:
    return build / "anonip/bin/anonip"


def cases(log: Path, packed: Path, *, build: Path, lines: int) -> list[Case]:
    """Return the commands of the peers that are there, each in its cheapest fair form."""
    out = build / "out"
    (out / "webalizer").mkdir(parents=True, exist_ok=True)
    goaccess = ["goaccess", str(log), "--log-format=COMBINED", "--no-global-config"]
    webalizer = ["webalizer", "-Q", "-i", "-N", "0", "-n", "example", "-o", str(out / "webalizer")]
    every = [
        Case(
            "GoAccess", [*goaccess, "--no-progress", "-o", str(out / "goaccess.json")], lines=lines, log=log
        ),
        Case("Webalizer", [*webalizer, str(log)], lines=lines, log=log),
        Case("Anonip", [str(_anonip(build))], stdin=log, stdout=out / "anonip.log", lines=lines, log=log),
        Case("zcat", ["zcat", str(packed)], lines=lines, log=packed),
        Case("sed", ["sed", "-E", SED_IPV4, str(log)], stdout=out / "sed.log", lines=lines, log=log),
    ]
    return [case for case in every if shutil.which(case.command[0])]


# The formats of `layouts.FORMATS` as GoAccess is told them; the header of W3C it reads itself.
GOACCESS_FORMATS = {
    "vhost_combined": ("--log-format=VCOMBINED",),
    "vhost_duration": (
        '--log-format=%v:%^ %h %^[%d:%t %^] "%r" %s %b "%R" "%u" %D',
        "--date-format=%d/%b/%Y",
        "--time-format=%T",
    ),
    "nginx_json": (
        (
            '--log-format={"time_iso8601":"%dT%t+%^","remote_addr":"%h","request":"%r","status":"%s",'
            '"body_bytes_sent":"%b","request_time":"%T","http_referrer":"%R","http_user_agent":"%u","http_host":"%v"}'
        ),
        "--date-format=%Y-%m-%d",
        "--time-format=%T",
    ),
    "caddy": ("--log-format=CADDY",),
    "w3c": ("--log-format=W3C",),
}


def format_cases(layout: str, title: str, log: Path, *, build: Path, lines: int) -> list[Case]:
    """Return what the peers that can read a format do with a log in it."""
    if shutil.which("goaccess") is None or layout not in GOACCESS_FORMATS:
        return []
    options = ["--no-global-config", "--no-progress", "-o", str(build / "out/goaccess.json")]
    command = ["goaccess", str(log), *GOACCESS_FORMATS[layout], *options]
    return [Case(f"GoAccess, {title}", command, lines=lines, log=log)]


def versions(build: Path) -> dict[str, str]:
    """Return the version of each peer that tells one."""
    asked = {
        "GoAccess": ["goaccess", "--version"],
        "Webalizer": ["webalizer", "-V"],
        "Anonip": [str(build / "anonip/bin/python"), "-c", _ANONIP_VERSION],
        "gzip": ["gzip", "--version"],
        "sed": ["sed", "--version"],
    }
    return {name: _version(command) for name, command in asked.items() if shutil.which(command[0])}


_ANONIP_VERSION = "from importlib.metadata import version; print(version('anonip'))"


def _version(command: list[str]) -> str:
    """Return the first word with a digit that the program says about itself."""
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    found = next((word for word in said if any(map(str.isdigit, word))), "unknown")
    return found.strip("V.-,")

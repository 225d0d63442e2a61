"""Sign the ledger with a key that an organisation has anyway: OpenSSH, offline."""

from __future__ import annotations

import subprocess
from pathlib import Path

from logstats.errors import OutputError


def sign_ledger(path: Path, key: Path) -> Path:
    """Sign the ledger with `ssh-keygen -Y sign` and return the signature's path.

    Raises:
        OutputError: ssh-keygen is missing or refuses the key.
    """
    signature = path.with_name(path.name + ".sig")
    signature.unlink(missing_ok=True)
    command = ["ssh-keygen", "-Y", "sign", "-n", "logstats", "-f", str(key), str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 -- fixed words and two paths
    except (OSError, subprocess.CalledProcessError):
        raise OutputError(f"{path}: ssh-keygen cannot sign with this key") from None
    return signature


def verify_signature(path: Path, allowed_signers: Path, identity: str) -> bool:
    """Whether the signature beside a ledger is by one of the allowed signers (ssh-keygen(1))."""
    command = ["ssh-keygen", "-Y", "verify", "-n", "logstats", "-f", str(allowed_signers), "-I", identity]
    try:
        with path.open("rb") as content:
            done = subprocess.run(  # noqa: S603 -- the same
                [*command, "-s", f"{path}.sig"], stdin=content, capture_output=True, check=False
            )
    except OSError:
        return False
    return done.returncode == 0

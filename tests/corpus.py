"""Where the real logs lie that tests read; none of them is copied into the project.

They lie in `../shared/data`, beside the repository, or where LOGSTATS_CORPUS says.
`CORPUS` is None where there are none: then tests marked `corpus` are skipped and
say so, and under CI=true they fail instead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
IN_CI: Final = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def find_corpus(environ: dict[str, str], root: Path) -> Path | None:
    """Return the directory of the real logs, or None where there is none."""
    named = environ.get("LOGSTATS_CORPUS")
    path = Path(named) if named else root.parent / "shared" / "data"
    return path.resolve() if path.is_dir() else None


CORPUS: Final[Path | None] = find_corpus(dict(os.environ), ROOT)
WHERE_FROM: Final = "no real logs: neither LOGSTATS_CORPUS nor ../shared/data is a directory"

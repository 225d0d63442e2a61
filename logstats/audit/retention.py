"""Raw logs are not kept longer than the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding
from logstats.audit.notations import mask_text

_ID: Final = "retention"


class _Retention(Examiner):
    """The age of each source against the policy."""

    def finish(self) -> Iterator[Finding]:
        """Report sources older than the policy keeps raw logs."""
        if self.rules.raw_log_days is None:
            return
        for path in self.request.sources:
            if path.exists():
                days = (self.request.now.timestamp() - path.stat().st_mtime) / 86400
                if days > self.rules.raw_log_days:
                    kind = f"a raw log of {days:.0f} days; the policy keeps it for {self.rules.raw_log_days}"
                    yield Finding(mask_text(str(path)), "", _ID, kind)


CHECK = Check(_ID, "No raw log given as a source is older than the policy keeps raw logs", _Retention)

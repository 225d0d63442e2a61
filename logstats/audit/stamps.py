"""Every report says under which policy it was made, and it is the policy in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from logstats.audit.check import Check, Examiner
from logstats.audit.finding import Finding
from logstats.audit.pieces import Document, Rows, Text
from logstats.audit.reports import published
from logstats.audit.rules import Request

_ID: Final = "policy-stamp"
_FIELDS: Final = ("id", "version", "effective", "digest")


class _Stamps(Examiner):
    """The stamp of each report against the policy file, and of each format against the JSON."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._digests: set[str] = set()
        self._pages: dict[str, str] = {}

    def document(self, document: Document) -> Iterable[Finding]:
        """Compare the stamp of a JSON report with the policy in force."""
        if (report := published(document)) is None:
            return
        stamp = report.part("policy")
        for name in _FIELDS:
            if stamp.get(name) in (None, ""):
                yield Finding(report.file, f"policy.{name}", _ID, "the report does not say it")
        wanted = self.rules.stamp
        for name in _FIELDS if wanted else ():
            if str(stamp.get(name)) != str((wanted or {}).get(name)):
                yield Finding(report.file, f"policy.{name}", _ID, "not that of the policy in force")
        k = stamp.get("k", _nested(stamp, "disclosure", "k"))
        if wanted and isinstance(k, int) and k != self.rules.k:
            yield Finding(report.file, "policy.k", _ID, "not that of the policy in force")
        self._digests.add(str(stamp.get("digest")))

    def text(self, text: Text) -> Iterable[Finding]:
        """Keep the pages that say they are reports."""
        if (
            text.kind in ("html", "markdown")
            and text.lines.str.contains("Aggregate statistics|logstats").any()
        ):
            self._pages.setdefault(text.file, "")
            self._pages[text.file] += "\n".join(text.lines.drop_nulls())
        return ()

    def rows(self, rows: Rows) -> Iterator[Finding]:
        """Compare the stamp columns of a tidy table with the policy in force."""
        wanted = self.rules.stamp or {}
        for name in _FIELDS:
            column = f"policy_{name}"
            if wanted and column in rows.frame.columns:
                values = {str(value) for value in rows.frame[column].drop_nulls().unique()}
                if values - {str(wanted.get(name))}:
                    yield Finding(rows.file, f"column {column}", _ID, "not that of the policy in force")

    def outputs_done(self) -> Iterator[Finding]:
        """Say which pages do not name the policy digest of the reports beside them."""
        wanted = {str((self.rules.stamp or {}).get("digest") or ""), *self._digests} - {"", "None"}
        for file, page in self._pages.items():
            if wanted and not any(digest[:12] in page for digest in wanted):
                yield Finding(file, "", _ID, "the page does not name the policy it was made under")


def _nested(stamp: dict[str, Any], group: str, name: str) -> object:
    inner = stamp.get(group)
    return inner.get(name) if isinstance(inner, dict) else None


CHECK = Check(_ID, "Every report names the id, version, date and digest of the policy in force", _Stamps)

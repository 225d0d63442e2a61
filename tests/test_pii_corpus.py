"""How well personal data is told from the rest: on other projects' test data and on real paths.

`python -m tests.test_pii_corpus` writes the measured table into docs/explanation/scrubbing.md.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl

from logstats.pii import CLASSES, clean_paths
from tests.corpus import CORPUS, ROOT

PAGE = ROOT / "docs/explanation/scrubbing.md"
MARKS = ("<!-- measured -->\n", "<!-- end of measured -->\n")
# validator.js names its sets so; options that change what is valid are left out.
VALIDATORS = {
    "isEmail": "email", "isCreditCard": "card", "isIBAN": "iban", "isJWT": "jwt", "isUUID": "uuid",
    "isMACAddress": "id", "isMobilePhone": "phone", "isHash": "hex", "isBtcAddress": "id",
}  # fmt: skip
RECOGNIZERS = {
    "credit_card": "card", "email": "email", "iban": "iban", "ip": "ip", "mac": "id", "phone": "phone",
    "tr_phone_number": "phone", "us_ssn": "ssn",
}  # fmt: skip
REQUEST = re.compile(rb'"(?:GET|POST|HEAD|PUT|DELETE|OPTIONS) ([^ "?]+)')


@dataclass(frozen=True)
class Row:
    """Counts of one set: genuine values, and values that are none of their class."""

    name: str
    cls: str
    genuine: int
    found: int
    hidden: int
    others: int
    wrong: int

    def cells(self) -> str:
        """Return the row as Markdown."""
        recall = f"{self.hidden / self.genuine:.0%}" if self.genuine else "-"
        replaced = self.found + self.wrong
        precision = f"{self.found / replaced:.0%}" if replaced else "-"
        counts = f"{self.genuine} | {self.found} | {self.hidden} | {self.others} | {self.wrong}"
        return f"| {self.name} | `{{{self.cls}}}` | {counts} | {recall} | {precision} |\n"


def measure_set(name: str, cls: str, genuine: list[str], others: list[str]) -> Row:
    cleaned = [clean_paths(wrap(values)).values.to_list() for values in (genuine, others)]
    token = "{" + cls + "}"
    hidden = [text for text in cleaned[0] if any("{" + each + "}" in text for each in CLASSES)]
    found, wrong = (sum(token in text for text in texts) for texts in cleaned)
    return Row(name, cls, len(genuine), found, len(hidden), len(others), wrong)


def wrap(values: list[str]) -> pl.Series:
    return pl.Series([f"/a/{quote(value, safe='')}/b" for value in values], dtype=pl.String)


def validator_sets(corpus: Path) -> list[Row]:
    sets = json.loads((corpus / "pii/validator.js/pii-validators.json").read_text("utf-8"))
    rows = []
    for name, cls in VALIDATORS.items():
        plain = [each for each in sets if each["validator"] == name]
        plain = [each for each in plain if each.get("args") in (None, [])] or plain
        valid = {text for each in plain for text in each["valid"] if isinstance(text, str)}
        invalid = {text for each in plain for text in each.get("invalid", []) if isinstance(text, str)}
        rows.append(measure_set(f"validator.js {name}", cls, sorted(valid), sorted(invalid - valid - {""})))
    return rows


def recognizer_sets(corpus: Path) -> list[Row]:
    lines = (corpus / "pii/presidio/presidio-recognizers.jsonl").read_text("utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    rows = []
    for name, cls in RECOGNIZERS.items():
        of_set = [each["args"] for each in cases if each["src"].endswith(f"test_{name}_recognizer.py")]
        texts: dict[bool, list[str]] = {True: [], False: []}
        for each in of_set:
            text, count = each.get("text", each.get("iban")), each.get("expected_len", 0)
            if isinstance(text, str) and text and isinstance(count, int):
                texts[count > 0].append(text)
        rows.append(measure_set(f"presidio {name}", cls, texts[True], texts[False]))
    return rows


def registry_set(corpus: Path) -> Row:
    lines = (corpus / "pii/iban/iban-registry.txt").read_text("utf-8").splitlines()[1:]
    genuine = [line.split("|")[7] for line in lines]
    broken = [text[:-1] + ("1" if text[-1] != "1" else "2") for text in genuine]
    return measure_set("IBAN registry; last sign changed", "iban", genuine, broken)


def real_paths(corpus: Path) -> pl.Series:
    """Return the distinct paths of the real logs that are plain text."""
    found: set[str] = set()
    for path in sorted((corpus / "real").rglob("*")):
        if path.is_file() and path.suffix not in {".gz", ".bz2", ".zip"}:
            found.update(each.decode("utf-8", "replace") for each in REQUEST.findall(path.read_bytes()))
    return pl.Series(sorted(found))


def measure(corpus: Path) -> str:
    """Return the tables as Markdown."""
    head = "| set | class | genuine | found as such | hidden | others | replaced as such | recall | precision |\n"
    rows = [*validator_sets(corpus), registry_set(corpus), *recognizer_sets(corpus)]
    first = head + "|---|---|---|---|---|---|---|---|---|\n" + "".join(row.cells() for row in rows)
    paths = real_paths(corpus)
    totals = clean_paths(paths).classes.select((pl.all() > 0).sum()).row(0, named=True)
    second = f"\nOf {len(paths):,} distinct paths in real logs:\n\n| class | paths changed |\n|---|---|\n"
    return (
        first + second + "".join(f"| `{{{name}}}` | {count} |\n" for name, count in totals.items() if count)
    )


def page_with(measured: str) -> str:
    before, rest = PAGE.read_text("utf-8").split(MARKS[0])
    return before + MARKS[0] + measured + MARKS[1] + rest.split(MARKS[1])[1]


def test_the_published_table_is_what_is_measured(corpus):
    assert PAGE.read_text("utf-8") == page_with(measure(corpus))


def test_every_genuine_account_number_of_the_registry_is_found(corpus):
    row = registry_set(corpus)

    assert (row.found, row.wrong) == (row.genuine, 0)


def test_no_genuine_card_social_security_number_or_token_stays(corpus):
    rows = validator_sets(corpus) + recognizer_sets(corpus)
    strict = [row for row in rows if row.cls in {"card", "ssn", "jwt", "iban", "uuid", "hex", "email"}]

    assert [row for row in strict if row.hidden < row.genuine] == []


def test_real_paths_of_words_stay_as_they_are(corpus):
    paths = real_paths(corpus)
    words = paths.filter(paths.str.contains(r"^(?:/[a-z-]{1,19})+/?(?:\.[a-z]{1,4})?$"))
    named = r"/(?:users?|u|profiles?|members?|people|authors?|token|verify|session)/"
    words = words.filter(~words.str.contains(named))

    assert len(words) > 500
    assert clean_paths(words).values.to_list() == words.to_list()


if __name__ == "__main__":
    assert CORPUS is not None
    PAGE.write_text(page_with(measure(CORPUS)), "utf-8")

"""The texts of the page in every language, with its numbers and dates.

One TOML file a language; English is complete, and every other has the same entries.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from logstats.errors import UsageError
from logstats.frozen import frozen
from logstats.report import LANGUAGES

KILO: Final = 1000
US_PER_MS: Final = 1000
US_PER_S: Final = 1_000_000
NONE: Final = "–"


class UnknownLanguage(UsageError):
    """A language that has no catalogue."""

    def __init__(self, lang: str) -> None:
        super().__init__(f"--lang {lang}: no such language; there are {', '.join(LANGUAGES)}")


@frozen
class Catalogue:
    """The texts, numbers and dates of one language."""

    lang: str
    locale: Locale
    texts: dict[str, Any]

    def text(self, name: str, **values: object) -> str:
        """Return a text by its dotted name, with `{values}` filled in."""
        entry: Any = self.texts
        for part in name.split("."):
            entry = entry[part]
        return str(entry).format(**values) if values else str(entry)

    def plural(self, name: str, n: int) -> str:
        """Return the form of a text that fits a number."""
        form = "one" if self.locale.plural_form(n) == "one" and n == 1 else "other"
        return self.text(f"{name}.{form}", n=self.number(n))

    def word(self, group: str, name: str, default: str | None = None) -> str:
        """Return a word of the catalogue, or what was asked for where there is none."""
        found: str = self.texts[group].get(name, name if default is None else default)
        return found

    def why(self, sentence: str, k: int) -> str:
        """Return a sentence of `disclose` in this language; English where there is none."""
        for english, translated in self.texts["why"].items():
            if sentence == english.replace("{k}", str(k)):
                return str(translated).replace("{k}", self.number(k))
        return sentence

    def number(self, value: float | None) -> str:
        """Return a number as this language writes it; a dash for what is not shown."""
        return NONE if value is None else _number(value, self.locale)

    def share(self, part: float | None, whole: float | None) -> str:
        """Return a share in percent."""
        if part is None or not whole:
            return NONE
        share = part / whole
        if 0 < share < 0.0005:
            return f"<{_percent(0.001, self.locale)}"
        return _percent(round(share, 3), self.locale)

    def bytes(self, value: int | None) -> str:
        """Return a size in decimal units, three digits of it."""
        if value is None:
            return NONE
        units = self.texts["bytes"]["units"]
        power = min(len(units) - 1, (len(str(value)) - 1) // 3)
        size = value / KILO**power
        if size >= 999.5 and power < len(units) - 1:
            power, size = power + 1, size / KILO
        digits = 0 if not power or size >= 99.95 else 1 if size >= 9.995 else 2
        return f"{_decimal(size, digits, self.locale)}\u00a0{units[power]}"

    def duration(self, us: float | None) -> str:
        """Return a duration in milliseconds or seconds."""
        if us is None:
            return NONE
        if us >= US_PER_S:
            return f"{_decimal(us / US_PER_S, 1, self.locale)}\u00a0s"
        ms = us / US_PER_MS
        return f"{_decimal(ms, 0 if ms >= 10 else 2, self.locale)}\u00a0ms"

    def day(self, value: date, style: str = "long") -> str:
        """Return a date."""
        return format_date(value, style, locale=self.locale)

    def day_short(self, value: date) -> str:
        """Return a date without its year, such as 14 Oct."""
        from babel.dates import format_skeleton

        return format_skeleton("MMMd", value, locale=self.locale)

    def moment(self, value: datetime) -> str:
        """Return a date and time in UTC."""
        return format_datetime(value, "long", locale=self.locale)

    def weekday(self, weekday: int) -> str:
        """Return the short name of a weekday, 1 = Monday."""
        return str(self.locale.days["stand-alone"]["abbreviated"][weekday - 1])

    def country(self, code: str) -> str:
        """Return the name of a country by its code, or the code."""
        return str(self.locale.territories.get(code, code))


@lru_cache(maxsize=8)
def load_catalogue(lang: str) -> Catalogue:
    """Return the catalogue of a language.

    Raises:
        UnknownLanguage: There is none.
    """
    if lang not in LANGUAGES:
        raise UnknownLanguage(lang)
    return Catalogue(lang, Locale.parse(lang), read_texts(lang))


def read_texts(lang: str) -> dict[str, Any]:
    """Return the texts of a language as they stand in its file."""
    return tomllib.loads(resources.files(__name__).joinpath(f"{lang}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=20_000)
def _number(value: float, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(maxsize=2_000)
def _percent(value: float, locale: Locale) -> str:
    return format_percent(value, format=_percent_pattern(locale), locale=locale)


@lru_cache(maxsize=8)
def _percent_pattern(locale: Locale) -> str:
    """Return the locale's pattern with one decimal, such as `#,##0.0 %`."""
    return str(locale.percent_formats[None].pattern).replace("0", "0.0", 1)


@lru_cache(maxsize=20_000)
def _decimal(value: float, digits: int, locale: Locale) -> str:
    pattern = "#,##0" + (f".{'0' * digits}" if digits else "")
    return format_decimal(value, format=pattern, locale=locale)

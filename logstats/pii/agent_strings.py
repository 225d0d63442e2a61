"""What of an agent string an anonymized log does not keep: addresses and e-mail addresses.

Everything else stays byte for byte. A version may look like an address
(`Chrome/121.0.0.0`, `rv:1.9.0.1`): four numbers behind a slash, `rv:`, a letter or a word are
a version if they are small: they begin below 50, the second or third is 10 or less, and only one
behind the first is over 31. Or if they begin below 150 and the second is 0, or end in three
zeros. In doubt they are an address.
"""

from __future__ import annotations

import re
import socket
from typing import Final

import polars as pl

from logstats.pii.text import map_rows

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9._+-]{1,64}(?:@|%40| ?[\[(]at[\])] ?)"
    r"(?:[A-Za-z0-9-]{1,63}(?:\.| ?[\[(]dot[\])] ?)){1,8}[A-Za-z]{2,24}"
)
# Without one of these there is none.
_AT: Final = ("@", "%40", "at]", "at)")
_DOTTED: Final = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.]*[0-9])")
_COLONS: Final = re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![0-9A-Za-z:])")
# What stands before a version.
_PRODUCT: Final = re.compile(r"(?:/|rv:|[A-Za-z]|[A-Za-z][ _-])\Z")
# Of 172 products with four numbers in the agents of uap-core, crawler-user-agents and real logs
# this takes 3 for addresses; of random public addresses it takes 0.62 % for versions. Without the bound
# of 31, and 99 instead of 49, it took 5, and 3.7 %; 20 instead of 31 takes 8, and 0.48 %.
_HIGHEST_VERSION: Final = 49
_HIGHEST_PART: Final = 10
_HIGHEST_SMALL: Final = 31
# Browsers count up their first number alone, `Chrome/118.0.0.0`.
_HIGHEST_BROWSER: Final = 149
# One look at each agent: an e-mail address, four numbers that do not end in zeros, or colons.
_SUSPECT: Final = (
    r"@|%40|[\[(]at[\])]|:[0-9A-Fa-f]{0,4}:"
    r"|(?:^|[^0-9.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.(?:[1-9][0-9]{0,2}|0[0-9])"
    r"|(?:^|[^0-9.])[0-9]{1,3}\.(?:[1-9][0-9]{0,2}\.[0-9]{1,3}|[0-9]{1,3}\.[1-9][0-9]{0,2})\.0"
)


def mask_agents(agents: pl.Series) -> pl.Series:
    """Return agent strings with `{ip}` and `{email}` in place of addresses; nulls stay."""
    suspect = agents.str.contains(_SUSPECT).fill_null(value=False).arg_true()
    return map_rows(agents, suspect, mask_agent)


def mask_agent(agent: str) -> str:
    """Return one agent string without addresses and e-mail addresses.

    >>> mask_agent("Mozilla/5.0 (203.0.113.9; bot@example.org) Chrome/121.0.0.0")
    'Mozilla/5.0 ({ip}; {email}) Chrome/121.0.0.0'
    """
    # The expression begins anew at each sign: where there is no "at" it takes longer than all else.
    if any(sign in agent for sign in _AT):
        agent = _EMAIL.sub("{email}", agent)
    return _DOTTED.sub(_mask_dotted, _COLONS.sub(_mask_colons, agent))


def _mask_dotted(found: re.Match[str]) -> str:
    numbers = [int(number) for number in found[0].split(".")]
    if max(numbers) > 0xFF or numbers[0] == 0:
        return found[0]
    is_product = _PRODUCT.search(found.string, max(0, found.start() - 3), found.start())
    return found[0] if is_product and _looks_like_version(numbers) else "{ip}"


def _looks_like_version(numbers: list[int]) -> bool:
    """Whether four numbers behind a name are its version.

    >>> _looks_like_version([2, 0, 0, 6]), _looks_like_version([92, 14, 88, 7])
    (True, False)
    """
    first, second, third, _ = numbers
    if not any(numbers[1:]) or (second == 0 and first <= _HIGHEST_BROWSER):
        return True
    is_small = sum(number > _HIGHEST_SMALL for number in numbers[1:]) <= 1
    return is_small and first <= _HIGHEST_VERSION and min(second, third) <= _HIGHEST_PART


def _mask_colons(found: re.Match[str]) -> str:
    try:
        socket.inet_pton(socket.AF_INET6, found[0].rstrip("."))
    except OSError:
        return found[0]
    return "{ip}"

"""`--address`, `--preset` and the keys: what `logstats anonymize` writes instead of an address."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from logstats.addresses import PRESETS
from logstats.errors import UsageError
from logstats.frozen import frozen
from logstats.keys import DayKeys, KeyPlace
from logstats.policy import Policy
from logstats.policy.rules import ADDRESS_MODES
from logstats.redact import DROP, KEYED, TRUNCATE, LineMasks

_F = TypeVar("_F", bound=Callable[..., Any])
TOR: Final = "tor"
_HASH: Final = re.compile(
    r"(?i)(?:un)?(?:salted|keyed)?[-_]?hash(?:ed)?|md5|sha[-_]?\d.*|blake.*|crc32|hmac.*"
)
# More than this singles out a small network, or one household (RIPE-690).
_MOST_BITS: Final = (16, 32)


class AddressMode(click.Choice[str]):
    """What becomes of an address; a hash without a key is refused with its reason."""

    def __init__(self) -> None:
        super().__init__([TRUNCATE, DROP, KEYED])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Return the mode."""
        if isinstance(value, str) and _HASH.fullmatch(value):
            self.fail(
                f"{value} is not offered: all 4,294,967,296 IPv4 addresses are hashed in under an hour, so a "
                f"hash without a secret key hides none; use {KEYED}, whose key is destroyed after its day",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


class WeakerThanPolicy(UsageError):
    """An option that keeps more of an address than the policy, which forbids that; names the key."""

    def __init__(self, policy: Policy, key: str, option: str) -> None:
        own = getattr(policy.addresses, key)
        super().__init__(
            f"policy {policy.id}: addresses.{key}: {option} keeps more than {own}, and "
            "addresses.weaker_options is false"
        )


@frozen
class AddressOptions:
    """What was asked for."""

    mode: str | None
    preset: str | None
    key_file: Path | None
    credential: str | None
    site: str

    def check(self, policy: Policy) -> None:
        """Refuse what cannot be meant together.

        Raises:
            UsageError: Says which options.
        """
        if self.preset == TOR and self.mode:
            raise UsageError("--preset tor has an address of its own; leave --address out")
        if self.key_file and self.credential:
            raise UsageError("give --key-file or --credential, not both")
        if (self.key_file or self.credential or self.site) and self.mode_of(policy) != KEYED:
            raise UsageError("--key-file, --credential and --site are for --address keyed")
        if not policy.addresses.weaker_options:
            self._refuse_weaker(policy)

    def _refuse_weaker(self, policy: Policy) -> None:
        own, mode = policy.addresses, self.mode_of(policy)
        if self.preset == TOR:
            return
        if ADDRESS_MODES.index(mode) > ADDRESS_MODES.index(own.anonymize_mode):
            raise WeakerThanPolicy(policy, "anonymize_mode", f"--address {mode}")
        four, six = self.bits(policy) if mode == TRUNCATE else (0, 0)
        if four > own.ipv4_bits:
            raise WeakerThanPolicy(policy, "ipv4_bits", f"--preset {self.preset} ({four})")
        if six > own.ipv6_bits:
            raise WeakerThanPolicy(policy, "ipv6_bits", f"--preset {self.preset} ({six})")

    def mode_of(self, policy: Policy) -> str:
        """Return what becomes of an address."""
        return self.mode or policy.addresses.anonymize_mode

    def keys(self, policy: Policy) -> DayKeys:
        """Return the keys of the run; none is made before it is needed."""
        return DayKeys(KeyPlace(self.key_file, self.credential, policy.retention.key_hours))

    def masks(self, policy: Policy, keys: DayKeys) -> LineMasks:
        """Return what is written instead of personal values."""
        return LineMasks(policy, self.mode_of(policy), self.bits(policy), keys, self.site)

    def bits(self, policy: Policy) -> tuple[int, int]:
        """Return the leading bits that are kept of IPv4 and IPv6."""
        own = policy.addresses.ipv4_bits, policy.addresses.ipv6_bits
        return PRESETS[self.preset] if self.preset and self.preset != TOR else own

    def warning(self, policy: Policy) -> str | None:
        """Return what has to be said of the bits that are kept, or None."""
        four, six = self.bits(policy)
        is_cut = self.mode_of(policy) == TRUNCATE and self.preset != TOR
        if not is_cut or (four <= _MOST_BITS[0] and six <= _MOST_BITS[1]):
            return None
        return (
            f"warning: {four} bits of IPv4 and {six} of IPv6 addresses are kept; "
            f"more than {_MOST_BITS[0]} and {_MOST_BITS[1]} can single out a household"
        )


def address_options(command: _F) -> _F:
    """Add --address, --preset, --key-file, --credential and --site."""
    for option in (
        click.option(
            "--site",
            default="",
            metavar="NAME",
            help="With --address keyed: whose tokens these are; two sites share none.",
        ),
        click.option(
            "--credential",
            metavar="NAME",
            help="With --address keyed: the 32 bytes that systemd hands over "
            "(LoadCredential=NAME:PATH); each day has a key made of them. The tokens are "
            "personal data as long as they exist.",
        ),
        click.option(
            "--key-file",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="PATH",
            help="With --address keyed: keep each day's key in PATH-DAY for further runs on that "
            "day, best on a tmpfs; it is destroyed when its day is over. Without it a key "
            "lives as long as the run.",
        ),
        click.option(
            "--preset",
            type=click.Choice([*sorted(PRESETS), TOR]),
            help="Bits that are kept of IPv4/IPv6: default 16/32, ga 24/48, matomo2 16/48, anonip "
            "20/44, zero 0/0. Or tor, the form that the Tor Project publishes: 0.0.0.0, the "
            "date only, no query, referrer or agent, GET and HEAD only, neither 400 nor 404, "
            "the lines of a day that is over sorted.",
        ),
        click.option(
            "--address",
            "mode",
            type=AddressMode(),
            help="Cut addresses, drop them, or write a token that is the same for a day. Default: "
            "the policy's.",
        ),
    ):
        command = option(command)
    return command

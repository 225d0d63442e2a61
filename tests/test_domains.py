"""Public suffixes: what is read from the list is what the package that ships it reads."""

from __future__ import annotations

import pytest
from publicsuffixlist import PublicSuffixList

from logstats.domains import _rules, _suffixes, is_hosted_name, registrable_domain

ICANN = PublicSuffixList(only_icann=True, accept_unknown=False)
EVERY = PublicSuffixList(accept_unknown=False)


def names():
    """Names under, at and above each rule."""
    bare = {name.removeprefix("!").removeprefix("*.") for name in EVERY._publicsuffix}
    return [before + name for name in sorted(bare) if name.isascii() for before in ("", "city.", "www.city.")]


def test_every_rule_is_heeded():
    told = {name: registrable_domain(name) for name in names()}

    expected = {name: None if name.endswith("arpa") else ICANN.privatesuffix(name) for name in told}
    assert told == expected


def test_every_provider_is_known():
    told = {name: is_hosted_name(name) for name in names()}

    assert told == {name: EVERY.publicsuffix(name) != ICANN.publicsuffix(name) for name in told}


def test_a_list_whose_parts_cannot_be_told_apart_is_not_used(tmp_path, monkeypatch):
    """All of it taken for ICANN's part, a private suffix would let a person's name stay."""
    path = tmp_path / "list.dat"
    path.write_text("// ===BEGIN ICANN DOMAINS===\nio\ngithub.io\n", encoding="utf-8")
    monkeypatch.setattr("logstats.domains.PSLFILE", str(path))
    _rules.cache_clear()
    _suffixes.cache_clear()

    with pytest.raises(ValueError, match="not enough values"):
        registrable_domain("janedoe.github.io")


@pytest.mark.parametrize(
    ("name", "domain"),
    {
        "wildcard": ("a.b.ck", "a.b.ck"),
        "below a wildcard": ("x.a.b.ck", "a.b.ck"),
        "a wildcard's own name": ("b.ck", None),
        "exception of a wildcard": ("www.ck", "www.ck"),
        "below an exception": ("a.www.ck", "www.ck"),
        "suffix that is not ASCII": ("a.b.xn--p1ai", "b.xn--p1ai"),
        "suffix of two labels, not ASCII": ("a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn"),
        "name that is not ASCII": ("a.xn--bcher-kva.example.org", "example.org"),
        "no suffix": ("a.b.example", None),
    }.values(),
)
def test_a_registered_domain_is_a_suffix_and_one_label(name, domain):
    assert registrable_domain(name) == domain


def test_what_clients_invent_is_not_remembered():
    registrable_domain("www.example.org")
    before = _suffixes.cache_info().currsize

    assert not any(registrable_domain(f"www.example.invented{number}") for number in range(100))
    assert _suffixes.cache_info().currsize <= before + 1

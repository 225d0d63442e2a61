"""Policies are data, checked; what extends `public` is never weaker."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from logstats.commands.policy import policy as command
from logstats.policy import (
    BUILT_IN,
    INTERNAL,
    BadPolicy,
    NotYourOwnPolicy,
    UnknownPolicy,
    WeakerThanPublic,
    load_policy,
)
from logstats.policy.rules import RULES
from tests.conftest import Logstats

HEAD = 'id = "ours"\nversion = "3"\neffective = 2026-03-01\n'


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "ours.toml") -> str:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return str(path)

    return write


def test_default_numbers():
    found = load_policy("default")

    assert (found.disclosure.k, found.disclosure.top, found.disclosure.dominance_percent) == (10, 100, 90)
    assert (found.addresses.ipv4_bits, found.addresses.ipv6_bits) == (16, 32)
    assert found.marking is None


def test_internal_marks_every_output():
    found = load_policy("internal")

    assert found.marking == INTERNAL == "INTERNAL - not disclosure controlled"
    assert found.stamp()["marking"] == INTERNAL
    assert found.addresses.networks_table


def test_public_is_default_made_stricter():
    base, public = load_policy("default").numbers(), load_policy("public").numbers()
    changed = {key for key in base if base[key] != public[key]}

    assert changed == {"room", "round_visitors", "show_zeros", "publish_once", "own_policy", "weaker_options"}


def test_numbers_have_all_rules_by_name():
    assert set(load_policy("default").numbers()) == {key.partition(".")[2] for key in RULES}
    json.dumps(load_policy("us-state-notice").stamp())


def test_notice_policy_has_its_promises():
    assert len(load_policy("us-state-notice").promises) == 7


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_number_has_its_reason_above_it(name):
    text = (files("logstats") / "policies" / f"{name}.toml").read_text("utf-8")
    numbers = text[text.find("\n[disclosure]") :] if "\n[disclosure]" in text else ""
    lines = numbers.splitlines()
    bare = [line for above, line in pairwise(lines) if re.match(r"[a-z0-9_]+ = ", line) and above[:1] != "#"]

    assert not bare


def test_own_policy_takes_what_it_does_not_say_from_its_base(write):
    found = load_policy(write(HEAD + 'extends = "public"\nsites = ["example.org"]\n[disclosure]\nk = 20\n'))

    assert (found.id, found.version, found.effective) == ("ours", "3", date(2026, 3, 1))
    assert (found.disclosure.k, found.disclosure.round_visitors) == (20, 5)
    assert found.sites == ("example.org",)
    found.require_own()


def test_digest_names_values_not_files(write):
    plain = load_policy(write(HEAD + 'extends = "default"\n', "a.toml"))
    said = load_policy(write(HEAD + 'extends = "default"\n[disclosure]\nk = 10 # as before\n', "b.toml"))
    other = load_policy(write(HEAD + 'extends = "default"\n[disclosure]\nk = 11\n', "c.toml"))

    assert plain.digest == said.digest != other.digest
    assert re.fullmatch("[0-9a-f]{64}", plain.digest)


def test_a_base_may_be_a_file_beside_it(write):
    write(HEAD + 'extends = "public"\n[disclosure]\nk = 20\n', "base.toml")
    child = write(
        'id = "child"\nversion = "1"\neffective = 2026-03-01\nextends = "base.toml"\n', "child.toml"
    )

    assert load_policy(child).disclosure.k == 20


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("disclosure.k", "9"),
        ("disclosure.dominance_percent", "95"),
        ("disclosure.room", "5"),
        ("disclosure.round_visitors", "7"),
        ("disclosure.show_zeros", "true"),
        ("disclosure.publish_once", "false"),
        ("disclosure.own_policy", "false"),
        ("addresses.report_modes", '["drop", "truncate"]'),
        ("addresses.anonymize_mode", '"keyed"'),
        ("addresses.weaker_options", "true"),
        ("addresses.ipv4_bits", "24"),
        ("addresses.ipv6_bits", "48"),
        ("paths.max_length", "256"),
        ("paths.keep_params", '["page"]'),
        ("paths.param_pattern", '".*"'),
        ("retention.raw_log_days", "31"),
        ("retention.store_days", "401"),
    ],
)
def test_weaker_than_public_is_refused_by_its_key(write, key, value):
    group, name = key.split(".")
    path = write(HEAD + f'extends = "public"\n[{group}]\n{name} = {value}\n')

    with pytest.raises(WeakerThanPublic, match=re.escape(key)) as caught:
        load_policy(path)

    assert caught.value.exit_code == 2


def test_a_grandchild_may_not_weaken_what_its_parent_promised(write):
    write(HEAD + 'extends = "public"\n[disclosure]\nk = 20\n', "base.toml")
    child = write(
        'id = "child"\nversion = "1"\neffective = 2026-03-01\nextends = "base.toml"\n[disclosure]\nk = 15\n',
        "child.toml",
    )

    with pytest.raises(WeakerThanPublic):
        load_policy(child)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[disclosure]\nkk = 3\n", "disclosure.kk"),
        ("[secrets]\nkey = 3\n", "secrets"),
        ("[disclosure]\nk = 0\n", "disclosure.k"),
        ("[disclosure]\nk = true\n", "disclosure.k"),
        ("[disclosure]\nk = 10.0\n", "disclosure.k"),
        ('[disclosure]\nk = "10"\n', "disclosure.k"),
        ("[disclosure]\ntime_spans = [2]\n", "disclosure.time_spans"),
        ("[disclosure]\nother_min_groups = 1\n", "disclosure.other_min_groups"),
        ("[addresses]\nipv4_bits = 33\n", "addresses.ipv4_bits"),
        ("[addresses]\nnetworks_table = true\n", "addresses.networks_table"),
        ('[addresses]\nnat64_prefixes = ["2001:db8::/33"]\n', "addresses.nat64_prefixes"),
        ('[paths]\nparam_pattern = "["\n', "paths.param_pattern"),
        ('sites = ["Example.ORG/x"]\n', "sites"),
        ("[retention]\nkey_hours = 37\n", "retention.key_hours"),
        ("[disclosure\n", "TOML"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_the_key(write, text, key):
    with pytest.raises(BadPolicy, match=re.escape(key)) as caught:
        load_policy(write(HEAD + 'extends = "default"\n' + text))

    assert caught.value.exit_code == 2


@pytest.mark.parametrize("missing", ["id", "version", "effective"])
def test_every_policy_names_itself(write, missing):
    head = "".join(line + "\n" for line in HEAD.splitlines() if not line.startswith(missing))

    with pytest.raises(BadPolicy, match=missing):
        load_policy(write(head + 'extends = "public"\n'))


def test_a_policy_without_a_base_must_say_everything(write):
    with pytest.raises(BadPolicy, match="is missing"):
        load_policy(write(HEAD))


def test_a_circle_of_bases_is_refused(write):
    with pytest.raises(BadPolicy, match="extends"):
        load_policy(write(HEAD + 'extends = "ours.toml"\n'))


def test_no_file_may_pose_as_a_built_in_policy(write):
    with pytest.raises(BadPolicy, match="id"):
        load_policy(write(HEAD.replace("ours", "public") + 'extends = "public"\n'))


def test_an_unknown_policy_is_said():
    with pytest.raises(UnknownPolicy, match="default, internal, public"):
        load_policy("nowhere.toml")


@pytest.mark.parametrize("name", ["public", "us-state-notice"])
def test_nothing_is_published_under_a_built_in_policy(name):
    with pytest.raises(NotYourOwnPolicy):
        load_policy(name).require_own()


def test_the_commands_list_show_and_check(write):
    runner = CliRunner()
    listed = runner.invoke(command, ["list"])
    shown = json.loads(runner.invoke(command, ["show", "internal"]).stdout)
    checked = runner.invoke(command, ["check", write(HEAD + 'extends = "public"\n')])

    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(BUILT_IN)
    assert (shown["k"], shown["marking"]) == (1, INTERNAL)
    assert "ours 3 of 2026-03-01" in checked.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "id: "),
        (b"\0", "TOML: "),
        (b"\xef\xbb\xbf" + HEAD.encode(), "TOML: "),
        (b"203.0.113.9 - - [x] zq7\n", "TOML: "),
        (HEAD.encode() + b'extends = "odd.toml"\n', "extends: "),
        (HEAD.encode() + b"extends = 3\n", "extends: "),
        (HEAD.encode() + b'extends = "default"\ndisclosure = 3\n', "disclosure: "),
        (HEAD.encode() + b'extends = "default"\n[disclosure]\nk = true\n', "disclosure.k: "),
        (HEAD.encode() + b'extends = "default"\n[paths]\nparam_pattern = "("\n', "paths.param_pattern: "),
    ],
    ids=[
        "empty",
        "NUL",
        "BOM",
        "a log",
        "itself",
        "a number",
        "no table",
        "a flag for a number",
        "no pattern",
    ],
)
def test_an_odd_file_is_refused_with_the_key(
    content: bytes, said: str, logstats: Logstats, tmp_path: Path
) -> None:
    (tmp_path / "odd.toml").write_bytes(content)

    done = logstats("policy", "check", "odd.toml")

    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"logstats: odd.toml: {said}")
    assert b"zq7" not in done.stderr

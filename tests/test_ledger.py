"""The ledger tells of every run, and tells when somebody changed it."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstats.errors import OutputError, StoreError
from logstats.ledger import (
    LedgerEntry,
    Manifest,
    canonical,
    commit_input,
    head_of,
    make_nonce,
    record_event,
    record_run,
    sign_ledger,
    verify_ledger,
    verify_signature,
)
from tests.programs import find_program

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def manifest(*outputs: Path) -> Manifest:
    return Manifest((), outputs, {"id": "default", "k": 10}, {"read": 3}, {"api_key": "hunter2", "top": 5})


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.jsonl"
    for number in range(4):
        output = tmp_path / f"report-{number}.json"
        output.write_text(f'{{"n": {number}}}\n')
        record_run(path, manifest(output))
    return path


def test_a_ledger_left_alone_verifies(ledger: Path, tmp_path: Path) -> None:
    assert verify_ledger(ledger, tmp_path.glob("report-*.json")) == []


def test_a_run_gets_the_next_number_and_the_digest_of_its_line(ledger: Path) -> None:
    last = ledger.read_bytes().splitlines(keepends=True)[-1]

    assert head_of(ledger) == LedgerEntry(4, hashlib.sha256(last).hexdigest())


def test_a_line_is_an_in_toto_statement_with_the_digest_of_the_output(ledger: Path, tmp_path: Path) -> None:
    entry = json.loads(ledger.read_bytes().splitlines()[0])
    wanted = hashlib.sha256((tmp_path / "report-0.json").read_bytes()).hexdigest()

    assert entry["statement"]["_type"] == "https://in-toto.io/Statement/v1"
    assert entry["statement"]["subject"] == [{"name": "report-0.json", "digest": {"sha256": wanted}}]


def test_no_secret_stands_in_the_ledger(ledger: Path) -> None:
    assert b"hunter2" not in ledger.read_bytes()


def test_the_ledger_is_for_its_owner_alone(ledger: Path) -> None:
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o600


def edited(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"read":3', b'"read":4'), *lines[2:]]


def renumbered(lines: list[bytes]) -> list[bytes]:
    return [
        lines[0],
        *(line.replace(b'"seq":%d' % (n + 3), b'"seq":%d' % (n + 2)) for n, line in enumerate(lines[2:])),
    ]


CHANGES = {
    "a line edited": edited,
    "a line deleted": lambda lines: [lines[0], *lines[2:]],
    "the first line deleted": lambda lines: lines[1:],
    "a line deleted and the rest renumbered": renumbered,
    "two lines in another order": lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    "a line repeated": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "a line of another ledger": lambda lines: [*lines[:2], b'{"seq":3}\n', *lines[2:]],
    "blanks put in": lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]],
    "the last line cut": lambda lines: [*lines[:-1], lines[-1][:-9]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_found(change, ledger: Path) -> None:
    ledger.write_bytes(b"".join(change(ledger.read_bytes().splitlines(keepends=True))))

    assert verify_ledger(ledger) != []


def test_lines_cut_off_at_the_end_are_found_by_a_published_head(ledger: Path) -> None:
    entry = head_of(ledger)
    assert entry is not None
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))

    assert verify_ledger(ledger) == []
    assert verify_ledger(ledger, expect_head=entry.head[:16]) != []


def test_an_older_head_stays_in_the_chain(ledger: Path) -> None:
    entry = head_of(ledger)
    record_event(ledger, "log-deleted", "access.log.1")

    assert entry is not None
    assert verify_ledger(ledger, expect_head=entry.head) == []


def test_one_digit_edited_in_an_output_is_found(ledger: Path, tmp_path: Path) -> None:
    output = tmp_path / "report-2.json"
    output.write_text(output.read_text().replace("2", "3"))

    assert [problem.kind for problem in verify_ledger(ledger, [output])] == [
        "report-2.json: changed since the run that made it"
    ]


def test_an_output_that_no_run_made_is_found(ledger: Path, tmp_path: Path) -> None:
    output = tmp_path / "other.json"
    output.write_text("{}")

    assert len(verify_ledger(ledger, [output])) == 1


def test_runs_at_the_same_time_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda _: record_event(path, "log-deleted", "access.log"), range(40)))

    assert sorted(place.seq for place in places) == list(range(1, 41))
    assert verify_ledger(path) == []


def test_nothing_is_appended_to_a_broken_ledger(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes()[:-4])

    with pytest.raises(StoreError):
        record_event(ledger, "log-deleted", "access.log")


def test_a_symbolic_link_is_no_ledger(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ledger)

    with pytest.raises(OutputError):
        record_event(tmp_path / "link", "log-deleted", "access.log")


def test_a_commitment_names_an_input_only_to_who_has_the_nonce(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"tiny\n")
    nonce = make_nonce()

    record = commit_input(log, nonce)

    assert record.commitment == hashlib.sha256(nonce + b"tiny\n").hexdigest()
    assert record.commitment != hashlib.sha256(b"tiny\n").hexdigest()


@given(JSON)
def test_canonical_json_reads_back_and_has_one_form(content) -> None:
    written = canonical(content)

    assert json.loads(written) == content
    assert canonical(json.loads(written)) == written


def test_fractions_are_refused() -> None:
    with pytest.raises(OutputError):
        canonical({"a": [1, 0.5]})


@pytest.mark.live
def test_a_signature_holds_until_the_ledger_changes(ledger: Path, tmp_path: Path) -> None:
    key, signers = tmp_path / "id", tmp_path / "signers"
    subprocess.run([find_program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    signers.write_text("ops@example.org " + (tmp_path / "id.pub").read_text())
    sign_ledger(ledger, key)

    held = verify_signature(ledger, signers, "ops@example.org")
    with ledger.open("ab") as stream:
        stream.write(b"x")

    assert held
    assert not verify_signature(ledger, signers, "ops@example.org")
    assert os.access(ledger.with_name("ledger.jsonl.sig"), os.R_OK)

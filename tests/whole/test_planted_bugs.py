"""Bugs of the kind that these tests are for, each planted in a copy of the tree: a test must fail.

Nothing is changed at run time: the copy is a tree like any, with one text replaced by another.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.whole.system import ROOT

COPIED = ("ussd_app", "menus", "tests", "pyproject.toml")
OURS_ALONE = ("PYTEST_", "COV", "PYTHONPATH")  # variables that are about the tests around
RUN_SECONDS = 170


@dataclass(frozen=True)
class Plant:
    """A bug: in `file`, `after` stands in the place of `before`; `test` must notice."""

    name: str
    file: str
    before: str
    after: str
    test: str


QUICK = (  # their tests need no stores
    Plant(
        "a cut call goes on behind a consent",
        file="ussd_app/dialog/session.py",
        before="return not state.confirm",
        after="return True",
        test="tests/dialog/test_machine.py::test_r_a15_a_cut_call_goes_on_from_its_last_safe_screen",
    ),
    Plant(
        "what is done after a cut is done under the old key",
        file="ussd_app/dialog/turn.py",
        before="            frame.ref = new_ref()\n",
        after="",
        test="tests/dialog/test_machine.py::test_r_a15_what_is_done_after_a_cut_is_done_under_another_ref",
    ),
)
SLOW = (
    Plant(
        "an equal transcript is heard again",
        file="ussd_app/dialog/switchboard.py",
        before="        if len(text) <= heard or self._mark(text[:heard]) != session.mark:\n",
        after=(
            "        if text and len(text) == heard:\n"
            '            return text.rpartition("*")[2]\n'
            "        if len(text) <= heard or self._mark(text[:heard]) != session.mark:\n"
        ),
        test="tests/dialog/test_transcripts.py::test_the_same_transcript_gets_the_same_answer_and_does_nothing",
    ),
    Plant(
        "nobody waits for a line that is held",
        file="ussd_app/dialog/line_scripts.py",
        before="if f[1] and tonumber(f[1]) > now then",
        after="if false then",
        test="tests/dialog/test_transcripts.py::test_twenty_copies_of_a_wrong_pin_at_once_are_one_try",
    ),
    Plant(
        "a PIN is checked before the try is charged",
        file="ussd_app/members/pins.py",
        before=(
            "            member, verifier, failures, locked_until = self._charge(phone)\n"
            "            right = self._vault.proves(verifier, member, pin)\n"
        ),
        after=(
            "            with self._db.reading() as one:\n"
            "                member, *sealed = one.the_row(\n"
            '                    "SELECT p.member, pepper, verifier FROM pin p "\n'
            '                    "JOIN member m ON m.id = p.member WHERE m.phone = %s", phone\n'
            "                )\n"
            "            right = self._vault.proves(Verifier(*sealed), member, pin)\n"
            "            member, verifier, failures, locked_until = self._charge(phone)\n"
        ),
        test="tests/members/test_checking_pins.py::test_r_a03_a_try_is_charged_before_it_is_evaluated",
    ),
    Plant(
        "a payment's key may be used twice",
        file="ussd_app/db/migrations/versions/0001_the_main_job.py",
        before='        sa.PrimaryKeyConstraint("key", name=op.f("pk_transfer")),\n',
        after="",
        test="tests/transfers/test_sending.py::test_r_a07_two_payers_with_one_key_at_once_make_one_payment",
    ),
    Plant(
        "a payment's key is not looked for",
        file="ussd_app/db/migrations/versions/0002_people_one_trusts.py",
        before="FROM transfer t WHERE t.key = p_key;",
        after="FROM transfer t WHERE t.key = p_key AND t.posting IS NULL;",
        test="tests/transfers/test_sending.py::test_r_a07_fifty_at_once_with_one_key_are_one_payment",
    ),
    Plant(
        "what a payer has sent is summed without their lock",
        file="ussd_app/db/migrations/versions/0002_people_one_trusts.py",
        before="IF pg_advisory_xact_lock(p_payer) IS NULL\n",
        after="IF false\n",
        test="tests/transfers/test_limits.py::test_r_a07_of_many_that_fit_alone_as_many_go_as_fit_together",
    ),
    Plant(
        "an errand handed over again is claimed by the earlier copy too",
        file="ussd_app/db/outbox.py",
        before="WHERE id = %s AND fence = %s AND state = 'queued'",
        after="WHERE id = %s AND fence >= %s AND state = 'queued'",
        test="tests/jobs/test_outbox.py::test_a_claim_of_an_earlier_handing_over_is_too_late",
    ),
    Plant(
        "an SMS whose answer is lost is sent again at once",
        file="ussd_app/gateways/asking.py",
        before='            raise Unclear(f"HTTP {status}")\n',
        after='            raise Unreachable(f"HTTP {status}")\n',
        test="tests/messages/test_faults.py::test_an_sms_that_is_reported_is_not_sent_again",
    ),
    Plant(
        "what was typed in a call is kept with its end",
        file="ussd_app/web/callbacks.py",
        before='path=form.get("hopsMetadata", "")',
        after='path=form.get("input", "")',
        test="tests/whole/test_canary.py::test_r_a03_a_pin_a_number_and_the_keys_stand_nowhere_they_should_not",
    ),
)
NAMED_POINTS = "tests/whole/test_named_points.py::"
CARRIED = f"{NAMED_POINTS}test_whoever_carries_an_sms_may_be_killed_anywhere_and_it_arrives_once"
IN_FAULTS = (  # the fault suite notices them
    Plant(
        "a payment is told before it is durable",
        file="ussd_app/db/migrations/versions/0002_people_one_trusts.py",
        before="        v_moved := ledger_move('transfer', p_now,",
        after=(
            "        PERFORM set_config('synchronous_commit', 'off', true);\n"
            "        v_moved := ledger_move('transfer', p_now,"
        ),
        test=f"{NAMED_POINTS}test_what_was_told_as_sent_outlives_postgres_killed_the_moment_after",
    ),
    Plant(
        "the key of a payment told as not sent stays free",
        file="ussd_app/transfers/payments.py",
        before="VALUES (%s, %s, %s, %s, 0, %s)",
        after="VALUES ('free ' || %s, %s, %s, %s, 0, %s)",
        test=f"{NAMED_POINTS}test_a_web_process_killed_at_any_point_of_a_payment_loses_and_doubles_nothing",
    ),
    Plant(
        "an answer that may not have been given counts as told",
        file="ussd_app/dialog/switchboard.py",
        before="hold.save(session, risky=turn.risky, trace=trace)",
        after="hold.save(session, risky=False, trace=trace)",
        test=f"{NAMED_POINTS}test_redis_that_hangs_after_the_commit_leaves_the_caller_with_the_truth",
    ),
    Plant(
        "an errand is done before its SMS is sent",
        file="ussd_app/jobs/carrier.py",
        before="            until = self.handlers[errand.kind](errand.subject)\n",
        after=(
            "            with self.db.work() as work:\n"
            "                outbox.done(work, errand)\n"
            "            until = self.handlers[errand.kind](errand.subject)\n"
        ),
        test=CARRIED,
    ),
    Plant(
        "receipts have another key each time",
        file="ussd_app/transfers/receipts.py",
        before="            key=key,\n",
        after='            key=key + str(__import__("time").monotonic_ns()),\n',
        test=CARRIED,
    ),
    Plant(
        "an SMS under way is sent again without asking what became of it",
        file="ussd_app/messages/delivery.py",
        before='if due.state != "waiting" and (wait :=',
        after='if due.state == "unclear" and (wait :=',
        test=CARRIED,
    ),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree, to be changed at will."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy2(source, tmp_path / name)
    return tmp_path


def outcome(copy: Path, *tests: str) -> tuple[set[str], str]:
    """How these tests of the copy end (`passed`, `failed`, `error`), and all that is said of it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS_ALONE)}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            *tests,
        ],
        cwd=copy,
        env={**environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS * len(tests),
        check=False,
    )
    last_line = done.stdout.rstrip().rpartition("\n")[2]
    return {*re.findall(r"\d+ (passed|failed|error)", last_line)}, done.stdout[-6000:] + done.stderr


def plant(bug: Plant, copy: Path) -> None:
    """Put the bug into the copy; a place that is no longer found is an error of the list above."""
    path = copy / bug.file
    source = path.read_text()
    assert source.count(bug.before) == 1, f"{bug.name}: {bug.file} has changed"
    path.write_text(source.replace(bug.before, bug.after))


def test_every_bug_still_has_its_place_and_its_test() -> None:
    for bug in (*QUICK, *SLOW, *IN_FAULTS):
        assert (ROOT / bug.file).read_text().count(bug.before) == 1, bug.name
        file, _colons, test = bug.test.partition("::")
        assert f"\ndef {test}(" in (ROOT / file).read_text(), bug.name


@pytest.mark.parametrize(
    "bug",
    [
        *(pytest.param(bug, id=bug.name) for bug in QUICK),
        *(pytest.param(bug, id=bug.name, marks=pytest.mark.soak) for bug in (*SLOW, *IN_FAULTS)),
    ],
)
def test_a_planted_bug_is_noticed(bug: Plant, copy: Path) -> None:
    plant(bug, copy)

    ended, said = outcome(copy, bug.test)

    assert "failed" in ended, said
    assert "error" not in ended, said


@pytest.mark.parametrize(
    "bugs",
    [
        pytest.param(QUICK, id="quick"),
        pytest.param(
            SLOW, id="slow", marks=[pytest.mark.soak, pytest.mark.timeout(RUN_SECONDS * 3)]
        ),
        pytest.param(
            IN_FAULTS,
            id="in faults",
            marks=[pytest.mark.soak, pytest.mark.timeout(RUN_SECONDS * 3)],
        ),
    ],
)
def test_without_a_bug_nothing_is_noticed(bugs: tuple[Plant, ...], copy: Path) -> None:
    ended, said = outcome(copy, *sorted({bug.test for bug in bugs}))

    assert ended == {"passed"}, said

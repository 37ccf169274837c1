"""
A harness that lets a defect pass proves nothing by passing: each of the zoo's defects is noticed by one of them.

For each defect a seed of the simulation is written down that finds it soon; should the story of that seed change, the
next ones are tried.
"""

import pytest

from rak_billing.exactly_once import ExactlyOnce
from support.simulation import (
    defects_of_callbacks,
    defects_of_deliveries,
    defects_of_moving,
    defects_of_recovery,
    defects_of_staff,
)
from support.simulation.conformance import conform
from support.simulation.drama import STAFFED_STEPS, play
from support.simulation.invariants import Violation
from support.simulation.zoo import DEFECTS

#: Defect to the seed that finds it, and whether that shop asks the gateway.
FOUND_BY = {
    "repeats_are_processed_again": (True, 0),
    "the_answer_is_not_kept": (True, 0),
    "the_first_callback_wins": (False, 0),
    "a_late_decline_undoes_an_approval": (True, 10),
    "a_decline_is_the_end": (True, 31),
    "a_superseded_attempt_cannot_pay": (True, 11),
    "the_answer_leaves_before_the_commit": (True, 43),
    "a_form_leaves_before_the_commit": (False, 5),
    "trouble_is_answered_with_a_capture": (False, 2),
    "a_second_approval_is_captured_too": (True, 10),
    "nobody_looks_who_else_paid": (True, 13),
    "an_order_can_be_paid_twice": (True, 3),
    "a_mail_is_marked_before_it_leaves": (False, 0),
    "a_mail_tells_of_another_payment": (False, 0),
    "a_refused_mail_is_taken_for_sent": (False, 0),
    "a_mail_is_written_after_the_commit": (True, 2),
    "a_lease_holds_nobody_off": (False, 12),
    "a_stale_worker_has_its_say": (False, 3),
    "a_receipt_is_issued_for_every_approval": (True, 1),
    "a_move_is_not_written_down": (True, 1),
    "history_is_rewritten": (True, 2),
    "the_amount_is_not_compared": (False, 3),
    "an_open_payment_locks_the_invoices": (True, 1),
    "a_failure_frees_the_invoices": (True, 10),
    "a_doubtful_failure_is_a_payment": (True, 13),
    "nobody_is_told_of_a_second_payment": (False, 6),
    "asked_for_is_taken_for_captured": (True, 0),
    "a_callback_alone_is_paid": (True, 1),
    "not_found_is_final_at_once": (True, 4),
    "silence_is_not_asked_about": (True, 0),
    "a_second_payment_is_kept": (True, 2),
    "a_posting_is_repeated_blindly": (False, 31),
    "a_posting_has_a_new_key_each_time": (False, 9),
    "a_posting_is_written_at_acceptance": (True, 1),
    "the_fee_is_posted_too": (True, 0),
    "money_is_a_float": (False, 1),
    "an_unknown_capture_is_taken_for_done": (True, 45),
    "an_unknown_operation_is_taken_for_not_done": (True, 58),
    "an_operation_is_sent_before_it_is_written_down": (True, 0),
    "an_operation_is_never_looked_for": (True, 13),
    "machines_sweep_without_a_lease": (True, 0),
    "the_sweep_forgets_the_fence": (True, 26),
    "a_lease_begins_before_it_is_taken": (True, 33),
    "a_relieved_worker_posts_all_the_same": (False, 51),
    "a_search_without_result_is_final_at_once": (True, 49),
    "a_posting_without_an_answer_is_taken_for_posted": (False, 9),
    "a_refused_posting_is_taken_for_posted": (False, 3),
    "what_was_begun_is_forgotten": (True, 40),
    "a_clock_that_stood_ahead_strands_what_it_wrote": (True, 5),
}
#: Mistakes that harm one kind of billing are looked for there.
WAYS = {
    "a_relieved_worker_posts_all_the_same": ExactlyOnce.SAME_TRANSACTION,
    "a_search_without_result_is_final_at_once": ExactlyOnce.SEARCH,
    "what_was_begun_is_forgotten": ExactlyOnce.SEARCH,
    "a_posting_has_a_new_key_each_time": ExactlyOnce.SEARCH,
    "a_posting_is_repeated_blindly": ExactlyOnce.PARK,
}
#: Defect to the seed that finds it where people act and the gateway wavers.
FOUND_BY_STAFFED = {
    "a_payment_that_fell_keeps_its_instant": 3,
    "a_pending_attempt_is_dropped_after_a_day": 0,
    "what_staff_called_gone_is_asked_about_once": 18,
    "staff_count_money_without_looking_who_else_paid": 40,
    "the_word_of_staff_leaves_an_operation_open": 23,
    "the_sweep_moves_what_a_person_ended": 35,
    "not_found_closes_a_duplicate": 72,
    "the_purge_takes_what_is_asked_about": 1,
    "nobody_checks_what_staff_said": 18,
    "a_contradiction_is_told_to_nobody": 2,
    "a_payment_called_gone_stays_gone": 1,
    "seen_takes_a_doubt_off_the_list": 18,
    "a_disproved_order_keeps_its_invoices": 1,
}
#: Importing them fills the zoo.
HOUSES = (
    defects_of_callbacks,
    defects_of_deliveries,
    defects_of_recovery,
    defects_of_moving,
    defects_of_staff,
)
#: This needs one that dies at a certain statement: the journal's conformance tests see to it.
FOUND_BY_CONFORMANCE = {"numbers_come_from_a_sequence"}
_MORE = 60
pytestmark = pytest.mark.timeout(1_200)


@pytest.mark.parametrize("name", sorted(FOUND_BY))
def test_the_simulation_notices(name, monkeypatch):
    """With the defect in it a seed breaks a promise."""
    asks_gateway, first = FOUND_BY[name]
    DEFECTS[name](monkeypatch)
    how = {"asks_gateway": asks_gateway, "way": WAYS.get(name)}
    assert any(breaks(seed, **how) for seed in range(first, first + _MORE))


@pytest.mark.parametrize("name", sorted(FOUND_BY_STAFFED))
def test_the_staffed_simulation_notices(name, monkeypatch):
    """With the defect in it a story of people and of a gateway that wavers breaks a promise."""
    first = FOUND_BY_STAFFED[name]
    DEFECTS[name](monkeypatch)
    how = {"steps": STAFFED_STEPS, "is_staffed": True}
    assert any(breaks(seed, **how) for seed in range(first, first + _MORE))


def breaks(seed, **how):
    """Tell whether a seed breaks a promise."""
    try:
        play(seed, **how)
    except Violation:
        return True
    return False


@pytest.mark.parametrize("name", sorted(FOUND_BY_CONFORMANCE))
def test_the_conformance_tests_notice(name, monkeypatch):
    """With the defect in it a conformance test fails; without, all pass."""
    conform()
    DEFECTS[name](monkeypatch)
    with pytest.raises(Violation):
        conform()


@pytest.mark.parametrize(
    "index",
    [
        "uq_orders_open",
        "uq_invoice_locks_held",
        "uq_callbacks_processed",
        "uq_operations_open",
        "uq_gateway_transactions_approved",
    ],
)
def test_the_conformance_tests_notice_a_dropped_key(index):
    """Each unique key that carries a promise is missed when it is gone."""
    with pytest.raises(Violation):
        conform(f"DROP INDEX {index}")


def test_the_zoo_is_whole():
    """At least thirty defects, and each has a harness that notices it."""
    assert len(HOUSES) == 5
    assert set(DEFECTS) == {*FOUND_BY, *FOUND_BY_STAFFED, *FOUND_BY_CONFORMANCE}
    assert len(DEFECTS) >= 45

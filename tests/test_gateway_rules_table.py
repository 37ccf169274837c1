"""What sources leave open about the gateway, and its checklists, each with the tests of the safest behaviour."""

import pytest

from support.proof_table import missing_tests

CORE = "cmi_gateway"
SIGN, CALLBACK, FIELDS = (f"{CORE}/test_{name}.py" for name in ("payment", "callback", "request_fields"))
HASH, OUTCOME, POLICY = (f"{CORE}/test_{name}.py" for name in ("signature", "outcome", "callback_policy"))
PAGES, STATE, WIRE = (f"{CORE}/test_simulator_{name}.py" for name in ("pages", "gateway", "wire"))
ADAPTERS, RETURN = f"{CORE}/test_integrations_callback.py", f"{CORE}/test_integrations_pages.py"
SETTLE, ANSWER, RETURNS = (
    f"rak_billing/test_{n}.py" for n in ("checkout_settle", "portal_callback", "portal_returns")
)
JOURNEY = "test_journey.py"

#: Open question → the tests that show what is done until it is answered.
OPEN_QUESTIONS = {
    "1 plain or natural order": (
        f"{SIGN}::test_ambiguous_order_of_names_is_refused",
        f"{CALLBACK}::test_natural_order_reading",
    ),
    "2 the document rule": (
        f"{SIGN}::test_values_that_would_change_on_the_way",
        f"{CALLBACK}::test_document_reading",
    ),
    "3 how long a callback may take": (f"{ANSWER}::test_the_mail_leaves_after_the_answer",),
    "4 number of repeats": (f"{SETTLE}::test_a_repeat_gets_the_first_answer_and_changes_nothing",),
    "5 white space round the answer": (
        f"{ANSWER}::test_the_answer_is_the_bare_word",
        f"{ADAPTERS}::test_an_honest_callback_gets_its_word",
    ),
    "6 the answer to a decline": (f"{CALLBACK}::test_outcome_and_reply",),
    "7 the answer to a bad hash": (
        f"{ADAPTERS}::test_what_is_no_callback_is_a_failure",
        f"{JOURNEY}::test_a_forged_callback_is_not_believed",
    ),
    "8 asking for the callback": (f"{SIGN}::test_core_fields",),
    "9 the random text": (f"{SIGN}::test_rnd_is_fresh_letters_and_digits",),
    "10 a code of one zero": (f"{OUTCOME}::test_only_one_combination_is_success",),
    "11 a fresh order id for each attempt": (f"{JOURNEY}::test_a_decline_then_a_new_attempt",),
    "12 a return before the callback": (f"{JOURNEY}::test_a_return_before_the_callback_is_pending",),
    "13 cancel and error returns": (
        f"{RETURNS}::test_before_the_callback_each_door_has_its_words",
        f"{RETURNS}::test_a_return_never_decides",
    ),
    "14 another charset": (f"{CALLBACK}::test_malformed_bodies",),
    "15 fields left out of the hash": (
        f"{CALLBACK}::test_fields_sometimes_left_out",
        f"{SIGN}::test_custom_fields_must_not_mean_anything_else",
    ),
    "16 source addresses": (f"{ADAPTERS}::test_an_honest_callback_gets_its_word",),
    "17 fields that come only sometimes": (
        f"{CALLBACK}::test_real_callback_verifies",
        f"{POLICY}::test_unknown_fields_are_told_apart",
    ),
    "18 how the amount is written": (f"{CALLBACK}::test_amounts_compare_as_money",),
    "19 the effect of refreshtime": (f"{SIGN}::test_core_fields",),
    "20 lines on the gateway's page": (
        f"{SIGN}::test_order_lines",
        f"{CALLBACK}::test_shown_only_fields_are_listed",
    ),
    "21 codes of the result page": (f"{RETURNS}::test_a_return_never_decides",),
    "22 entities in returned values": (f"{CALLBACK}::test_quotes_match_under_either_reading",),
    "23 line breaks and outer spaces": (f"{SIGN}::test_values_that_would_change_on_the_way",),
    "24 accents": (f"{SIGN}::test_names_of_people_are_kept",),
    "25 whether the capture was done": (f"{SETTLE}::test_confirmed_later_it_is_accepted_first",),
    "26 pre-authorization or sale": (f"{SIGN}::test_core_fields",),
}

#: Step of a checklist → the tests that show it.
CHECKLISTS = {
    "signing: unfit values are refused": (f"{SIGN}::test_values_that_would_change_on_the_way",),
    "signing: what is posted is what was hashed": (f"{CORE}/test_form_page.py::test_posts_exactly_the_signed_fields",),
    "signing: no other named input": (f"{CORE}/test_form_page.py::test_works_without_javascript",),
    "signing: kept before the payer leaves": ("rak_billing/test_checkout_pay.py::test_the_order_is_kept_before_the_form_is_handed_out",),
    "verifying: size, names, encoding": (f"{CALLBACK}::test_malformed_bodies",),
    "verifying: the final line feed": (f"{CALLBACK}::test_real_callback_verifies",),
    "verifying: only ver3": (f"{CALLBACK}::test_malformed_bodies",),
    "verifying: every reading, and no other": (f"{POLICY}::test_readings_can_be_pinned",),
    "verifying: constant time on bytes": (f"{HASH}::test_comparison_never_raises",),
    "verifying: client id": (f"{CALLBACK}::test_another_merchant_with_the_same_key",),
    "verifying: order": (f"{CALLBACK}::test_another_order",),
    "verifying: amount": (f"{CALLBACK}::test_another_amount",),
    "verifying: currency": (f"{CALLBACK}::test_another_currency",),
    "verifying: code and response": (f"{OUTCOME}::test_only_one_combination_is_success",),
    "verifying: recorded once": (f"{SETTLE}::test_a_transaction_is_settled_once",),
    "simulator: names in any case": (f"{STATE}::test_names_are_read_in_any_case",),
    "simulator: both orders": (f"{STATE}::test_either_order_of_names_is_accepted",),
    "simulator: 3D-1004": (f"{PAGES}::test_a_wrong_hash_shows_3d_1004_and_leads_to_fail_url",),
    "simulator: approved without 3-D Secure": (f"{STATE}::test_an_approval_without_3d_secure_verifies_and_has_no_md_status",),
    "simulator: 3-D Secure refused": (f"{STATE}::test_a_3d_secure_refusal_has_no_code",),
    "simulator: cancelled": (f"{PAGES}::test_cancelling_goes_to_the_shop_without_fields",),
    "simulator: callback before return": (f"{PAGES}::test_a_payment_goes_back_signed_and_the_callback_went_before",),
    "simulator: line feed and shuffled fields": (f"{WIRE}::test_the_body_ends_in_one_line_feed_and_shuffles",),
    "simulator: three answers": (f"{WIRE}::test_three_words_are_understood_and_nothing_else",),
    "simulator: AutoRedirect as spelt": (f"{PAGES}::test_the_result_posts_itself_only_when_asked_in_the_exact_spelling",),
    "return: a post, then a page of ours": (f"{RETURN}::test_the_return_leads_to_a_page_of_ours",),
}  # fmt: skip


def test_every_open_question_has_its_answer():
    """All 26 questions that no public source settles are in the table, in order."""
    assert list(range(1, 27)) == [int(question.split()[0]) for question in OPEN_QUESTIONS]


@pytest.mark.parametrize("entry", [*OPEN_QUESTIONS, *CHECKLISTS])
def test_the_tests_of_this_entry_exist(entry):
    """Each question and each step of a checklist is shown by tests that exist."""
    named = (OPEN_QUESTIONS | CHECKLISTS)[entry]
    assert named
    assert [] == missing_tests(named)

"""Every rule of the guide has a test that shows it: the table that says which."""

import pytest

from support.proof_table import missing_tests

JOURNEY, BROWSER, WHOLE = "test_journey.py", "test_browser.py", "test_guide_rules.py"
ENTRY, ENTRIES = "rak_billing/test_portal_identification.py", "rak_billing/test_portal_entries.py"
ADMISSION, HUMAN = "rak_billing/test_portal_admission.py", "rak_billing/test_portal_human_check.py"
LIST, RECAP, TEXTS = (f"rak_billing/test_portal_{name}.py" for name in ("selection", "recap", "texts"))
RETURNS, CALLBACK = "rak_billing/test_portal_returns.py", "rak_billing/test_portal_callback.py"
ALL_PAGES, TENANT = "rak_billing/test_portal_accessibility.py", "rak_billing/test_tenant.py"
INVOICES, SELECT, QUOTE = (f"rak_billing/test_{name}.py" for name in ("invoices", "selection", "quote"))
TARIFF, DAY = "rak_billing/test_fee_schedule.py", "rak_billing/test_business_day.py"
PAY, SETTLE = "rak_billing/test_checkout_pay.py", "rak_billing/test_checkout_settle.py"
RECEIPT, SNAPSHOT = "rak_billing/test_receipt_page.py", "rak_billing/test_receipt.py"
GATEWAY, MAIL = "cmi_gateway/test_simulator_pages.py", "rak_billing/test_confirmation_mail.py"

_CARD_PAGE = f"{GATEWAY}::test_the_payment_page_has_every_text_of_the_guide_in_order"
_FACTS = (f"{RECEIPT}::test_the_text_states_every_fact", f"{RECEIPT}::test_the_page_states_every_fact")

#: Rule of the guide → the tests that show it, as file::function.
RULES = {
    # Step 1: the way in
    "R01": (
        f"{ENTRY}::test_the_entry_page_leads_to_the_form_without_an_account",
        f"{WHOLE}::test_no_account_and_no_card_on_our_pages",
    ),
    "R02": (
        f"{ENTRY}::test_the_guide_has_its_six_steps",
        f"{ENTRY}::test_the_guide_is_the_guide_itself",
    ),
    "R03": (f"{ENTRY}::test_the_entry_page_leads_to_the_form_without_an_account",),
    "R04": (
        f"{ENTRY}::test_the_entry_page_leads_to_the_form_without_an_account",
        f"{TEXTS}::test_the_guides_words_are_kept_to_the_letter",
    ),
    # Step 2: identification
    "R05": (
        f"{ENTRY}::test_the_form_says_what_the_guide_says",
        f"{ENTRY}::test_the_form_shows_where_the_number_is_printed",
    ),
    "R06": (
        f"{ENTRY}::test_the_form_says_what_the_guide_says",
        f"{ENTRY}::test_the_form_asks_what_the_guide_asks",
        f"{ENTRY}::test_wrong_entries_come_back_with_what_was_typed",
        f"{ENTRIES}::test_every_problem_is_named_at_once",
    ),
    "R07": (
        f"{ENTRIES}::test_separators_and_kinds_of_digits_do_not_count",
        f"{ENTRIES}::test_leading_zeros_are_kept",
        f"{ENTRY}::test_a_known_customer_goes_on_to_the_list",
    ),
    "R08": (
        f"{ENTRIES}::test_both_emails_must_be_the_same",
        f"{ENTRIES}::test_the_domain_of_an_email_has_no_case",
        f"{ENTRY}::test_pasting_and_filling_in_are_allowed",
    ),
    "R09": (
        f"{ADMISSION}::test_no_look_up_without_the_human_check",
        f"{ADMISSION}::test_no_header_switches_the_check_off",
        f"{HUMAN}::test_either_answer_lets_a_person_in",
        f"{HUMAN}::test_an_answer_serves_once",
    ),
    "R10": (
        f"{ENTRY}::test_the_guide_opens_beside_the_entries",
        f"{BROWSER}::test_the_guide_opens_beside_the_entries",
    ),
    "R11": (
        f"{ENTRY}::test_the_form_asks_what_the_guide_asks",
        f"{ENTRIES}::test_a_card_type_is_one_of_two",
        f"{WHOLE}::test_the_card_type_is_kept_with_the_order",
    ),
    "R12": (
        f"{ALL_PAGES}::test_the_way_out_is_on_every_step",
        f"{ENTRY}::test_leaving_forgets_the_draft_and_goes_to_the_operator",
    ),
    "R13": (
        f"{ENTRY}::test_the_banner_is_the_operators_on_every_page",
        f"{TENANT}::test_the_preset_is_the_guides_operator",
    ),
    "R14": (
        f"{ENTRY}::test_the_form_asks_what_the_guide_asks",
        f"{TEXTS}::test_the_guides_words_are_kept_to_the_letter",
    ),
    # Step 3: the invoices
    "R15": (
        f"{ENTRY}::test_unknown_and_nothing_to_pay_are_one_answer",
        f"{ENTRY}::test_both_take_the_same_time",
        f"{ENTRY}::test_an_outage_is_another_page",
        f"{JOURNEY}::test_nothing_to_pay_and_unknown_read_alike",
    ),
    "R16": (
        f"{LIST}::test_the_list_has_the_guides_four_columns",
        f"{PAY}::test_paid_invoices_are_left_out",
        f"{JOURNEY}::test_paid_invoices_are_not_offered_again",
    ),
    "R17": (
        f"{LIST}::test_name_and_address_are_masked_and_the_email_is_the_typed_one",
        f"{LIST}::test_an_operator_may_show_them_in_full",
    ),
    "R18": (
        f"{LIST}::test_the_list_has_the_guides_four_columns",
        f"{BROWSER}::test_the_header_box_ticks_and_unticks_all",
    ),
    "R19": (
        f"{INVOICES}::test_the_description_is_the_guides",
        f"{LIST}::test_the_list_has_the_guides_four_columns",
    ),
    "R20": (
        "rak_billing/test_display.py::test_amounts_are_french",
        f"{LIST}::test_the_list_has_the_guides_four_columns",
    ),
    "R21": (
        f"{TEXTS}::test_the_three_totals_are_worded_as_in_the_guide",
        f"{LIST}::test_recalculate_shows_the_totals_of_what_is_ticked",
        f"{QUOTE}::test_the_guides_totals",
    ),
    "R22": (
        f"{LIST}::test_nothing_is_ticked_at_first_but_what_is_mandatory",
        f"{SELECT}::test_at_least_one_invoice",
        f"{JOURNEY}::test_one_invoice_is_paid",
        f"{JOURNEY}::test_two_invoices_are_paid",
    ),
    "R23": (
        f"{LIST}::test_a_mandatory_line_is_locked_and_says_so",
        f"{LIST}::test_leaving_a_mandatory_invoice_out_is_refused_by_name",
        f"{BROWSER}::test_a_mandatory_line_stays_ticked",
        f"{JOURNEY}::test_a_mandatory_invoice_cannot_be_left_out",
    ),
    "R24": (
        f"{BROWSER}::test_the_header_box_ticks_and_unticks_all",
        f"{LIST}::test_what_the_script_shows_is_what_the_server_charges",
        f"{JOURNEY}::test_a_tampered_total_reaches_no_gateway",
    ),
    "R25": (
        f"{TARIFF}::test_the_guides_tariff",
        f"{TARIFF}::test_a_fee_is_the_exact_rate_rounded_once",
        f"{QUOTE}::test_the_guides_totals",
    ),
    # Step 4: the recap
    "R26": (f"{RECAP}::test_the_recap_shows_what_will_be_paid_and_nothing_else",),
    "R27": (
        f"{RECAP}::test_the_recap_shows_what_will_be_paid_and_nothing_else",
        f"{WHOLE}::test_the_recap_names_the_customer",
    ),
    "R28": (
        f"{QUOTE}::test_the_fee_is_the_last_line",
        f"{INVOICES}::test_a_field_that_does_not_hold_is_named",
        f"{RECAP}::test_the_recap_shows_what_will_be_paid_and_nothing_else",
    ),
    "R29": (
        f"{RECAP}::test_the_recap_shows_what_will_be_paid_and_nothing_else",
        f"{QUOTE}::test_the_lines_are_the_total",
    ),
    "R30": (
        f"{RECAP}::test_the_terms_box_is_not_ticked_and_links_to_the_terms",
        f"{RECAP}::test_nobody_pays_without_the_terms",
        f"{RECAP}::test_the_order_is_written_before_the_customer_leaves",
    ),
    "R31": (
        f"{RECAP}::test_payer_hands_over_to_the_gateway",
        f"{WHOLE}::test_no_account_and_no_card_on_our_pages",
        f"{BROWSER}::test_a_customer_pays_with_script",
    ),
    # Step 5: the gateway's page
    "R32": (f"{ENTRY}::test_the_guide_has_its_six_steps",),
    "R33": (_CARD_PAGE,),
    "R34": (
        _CARD_PAGE,
        f"{WHOLE}::test_the_card_form_asks_what_the_guide_shows",
        f"{GATEWAY}::test_the_terms_box_is_mandatory",
    ),
    "R35": (_CARD_PAGE,),
    "R36": (_CARD_PAGE, f"{JOURNEY}::test_the_gateway_shows_what_was_accepted"),
    "R37": (_CARD_PAGE, f"{JOURNEY}::test_the_gateway_shows_what_was_accepted"),
    "R38": (_CARD_PAGE, f"{JOURNEY}::test_the_gateway_shows_what_was_accepted"),
    "R39": (
        _CARD_PAGE,
        f"{JOURNEY}::test_the_gateway_shows_what_was_accepted",
        f"{JOURNEY}::test_twelve_invoices_are_seven_lines_and_a_rest",
    ),
    # Step 6: the receipt
    "R40": (
        f"{RETURNS}::test_a_return_never_decides",
        f"{RETURNS}::test_once_paid_every_door_leads_to_the_receipt",
        f"{JOURNEY}::test_a_return_alone_pays_nothing",
    ),
    "R41": (
        f"{JOURNEY}::test_a_customer_who_never_returns_has_paid",
        f"{JOURNEY}::test_a_repeated_callback_changes_nothing",
        f"{CALLBACK}::test_a_repeat_gets_the_same_answer_and_no_second_mail",
        f"{MAIL}::test_text_and_html_say_the_same",
    ),
    "R42": (
        f"{DAY}::test_the_guides_payment_is_posted_the_next_day",
        f"{DAY}::test_the_very_second_of_closing_belongs_to_the_next_day",
        f"{SETTLE}::test_the_gateways_time_decides_the_posting_date",
        f"{WHOLE}::test_the_mail_repeats_the_receipt",
    ),
    "R43": (
        f"{CALLBACK}::test_the_receipt_shows_what_was_paid",
        f"{RECEIPT}::test_the_page_prints_and_fits_a_phone",
        f"{BROWSER}::test_the_receipt_prints",
    ),
    "R44": (
        f"{RECEIPT}::test_text_and_page_use_the_guides_words",
        f"{RECEIPT}::test_the_way_back_is_offered",
    ),
    "R45": (*_FACTS, "rak_billing/test_display.py::test_instants_are_shown_in_legal_time"),
    "R46": _FACTS,
    "R47": _FACTS,
    "R48": _FACTS,
    "R49": (*_FACTS, f"{SNAPSHOT}::test_facts_that_do_not_hold_make_no_receipt"),
    "R50": (*_FACTS, f"{SETTLE}::test_the_receipt_tells_what_was_paid"),
    "R51": _FACTS,
    "R52": (*_FACTS, f"{SETTLE}::test_receipt_numbers_have_no_gap"),
    "R53": (
        f"{RECEIPT}::test_the_lines_are_those_of_the_order",
        f"{CALLBACK}::test_the_receipt_repeats_the_order_and_not_the_bill",
    ),
}


def test_every_rule_is_in_the_table():
    """R01 to R53, all of them and in order."""
    assert [f"R{number:02d}" for number in range(1, 54)] == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_the_named_tests_exist(rule):
    """A test that is renamed or removed takes its rule's proof with it, and is missed here."""
    assert RULES[rule]
    assert [] == missing_tests(RULES[rule])

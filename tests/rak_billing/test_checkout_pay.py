"""Starting a payment: what is checked, what is written before the customer leaves."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest

import cmi_gateway as cmi
from cmi_gateway import moroccan_time
from cmi_gateway.errors import ConfigurationError
from rak_billing.checkout import Checkout
from rak_billing.errors import (
    BillingUnavailableError,
    EmailError,
    FeeError,
    InvoicesAlreadyPaidError,
    LanguageError,
    NothingToPayError,
    NotPayableOnlineError,
    QuoteChangedError,
    QuoteError,
    QuoteExpiredError,
    QuoteSealError,
    TenantError,
    TermsNotAcceptedError,
)
from rak_billing.invoices import Account, Statement
from rak_billing.mandatory_pattern import MandatoryPattern
from rak_billing.payments import schema
from rak_billing.payments.states import PublicState
from rak_billing.selection.rules import GUIDE_RULES, AtMostInvoices, SelectionRules
from rak_billing.selection.suggesting import NoSuggestion
from rak_billing.tenant import Tenant
from support.callbacks import approved, declined
from support.checkout_kit import CUSTOMER, EMAIL, A, B, Till, till, token_of


@pytest.fixture
def shop(place):
    with till(place) as opened:
        yield opened


def test_the_form_asks_for_what_was_accepted(shop):
    """Invoice A of the guide costs 114,26 with its fee."""
    form = shop.pay(A)
    assert "114.26" == dict(form.fields)["amount"]


def test_the_order_is_kept_before_the_form_is_handed_out(shop):
    """Lines, amount, fee, signed fields and accepted terms stand in the journal."""
    form = shop.pay(A)
    (order,), (attempt,) = shop.rows("orders"), shop.rows("attempts")
    assert (11426, "open") == (order["total_centimes"], order["state"])
    assert {"schedule": "rak-2018", "version": "1", "gross": 124}.items() <= json.loads(order["quote"])[
        "fee"
    ].items()
    lines = sorted(shop.rows("order_lines"), key=lambda row: row["position"])
    assert [A.description, "Frais du service en ligne"] == [row["description"] for row in lines]
    assert [list(pair) for pair in form.fields] == json.loads(attempt["form_fields"])
    assert ("2018-09", "2018-09-10T09:48:58.000000Z") == (
        attempt["terms_version"],
        attempt["terms_accepted_at"],
    )


def test_the_order_id_is_random_and_prefixed(shop):
    """RAK- and at least 80 random bits."""
    prefix, _, rest = shop.pay(A).order_id.partition("-")
    assert ("RAK", 16) == (prefix, len(rest))


def test_the_token_is_not_in_the_journal(shop):
    """Whoever reads the database cannot make a return link from its keys."""
    form = shop.pay(A)
    assert token_of(form) not in {row["token_hash"] for row in shop.rows("attempts")}


def test_personal_data_is_signed_masked(shop):
    """Name and address leave the house masked; the journal keeps billing's own."""
    fields = dict(shop.pay(A).fields)
    assert ("M. A… B…", "12 RUE … KENITRA") == (fields["BillToName"], fields["BillToStreet1"])
    assert "M. Ahmed BENNANI" == shop.rows("orders")[0]["customer_name"]


def test_another_total_is_refused_with_the_new_quote(shop):
    """A changed amount goes back to the customer, with what it would cost now."""
    before = shop.total(A)
    shop.bills.invoices = [attrs.evolve(A, amount=cmi.Money.parse("120.00")), B]
    with pytest.raises(QuoteChangedError) as caught:
        shop.pay(A, accepted=before)
    assert cmi.Money.parse("121.32") == caught.value.quote.total
    assert [] == shop.rows("orders")


def test_an_invoice_that_is_gone_is_refused_with_the_rest(shop):
    """Of two chosen invoices one was paid at the agency: the other is quoted."""
    before = shop.total(A, B)
    shop.bills.invoices = [B]
    with pytest.raises(QuoteChangedError) as caught:
        shop.pay(A, B, accepted=before)
    assert cmi.Money.parse("106.97") == caught.value.quote.total


def test_a_new_mandatory_invoice_is_refused_without_a_quote(shop):
    """The choice is no longer possible: there is nothing to quote."""
    before = shop.total(A)
    shop.bills.invoices = [A, attrs.evolve(B, is_mandatory=True)]
    with pytest.raises(QuoteChangedError) as caught:
        shop.pay(A, accepted=before)
    assert (None, 2) == (caught.value.quote, len(caught.value.statement.invoices))


def test_terms_must_be_accepted(shop):
    """Nothing but True accepts the terms."""
    with pytest.raises(TermsNotAcceptedError):
        shop.pay(A, terms="on")


def test_the_email_must_be_one(shop):
    """A receipt must be able to arrive."""
    with pytest.raises(EmailError):
        shop.pay(A, email="nobody")


def test_no_email_is_no_address(shop):
    """A form without the field is told apart from a fault of the program."""
    with pytest.raises(EmailError):
        shop.pay(A, email=None)


@pytest.mark.parametrize("language", ["xx", "", None, ["fr"]])
def test_the_gateways_page_speaks_three_languages(shop, language):
    """Another language is refused before billing is asked, by an error of its own."""
    with pytest.raises(LanguageError):
        shop.pay(A, language=language)


def test_an_invoice_that_cannot_be_signed_is_not_payable_online(shop):
    """Its reference is one HTML entity, of which nothing is left: nothing is written, and the error says what is wrong."""
    odd = attrs.evolve(A, reference="&nbsp;")
    shop.bills.invoices = [odd]
    with pytest.raises(NotPayableOnlineError) as caught:
        shop.pay(odd)
    assert ("ItemNumber1", []) == (caught.value.field, shop.rows("orders"))


@pytest.mark.parametrize("reference", ["00", "504", "MAD", "Approved", "600000099", "114.26"])
def test_an_invoice_may_be_called_like_a_result(shop, reference):
    """Billing's numbers are not typed by the payer: such an invoice is paid like any other."""
    named = attrs.evolve(A, reference=reference)
    shop.bills.invoices = [named]
    assert "ACTION=POSTAUTH" == shop.settle(approved(shop.pay(named)))


@pytest.mark.parametrize(
    "reference", ["00", "504", "MAD", "Approved", "error", "600000099", "114.26", "114,26"]
)
def test_a_customer_may_be_called_like_a_result(reference):
    """The gateway gets the reference behind the field's name, the receipt shows it as it is."""
    tenant = attrs.evolve(Tenant.preset("rak"), mask_personal_data=False)
    with till(tenant=tenant) as shop:
        shop.bills.account = Account(reference, reference, reference)
        form = shop.pay(A)
        fields = dict(form.fields)
        assert (f"NUM_CONTRAT {reference}", f"Client {reference}", f"Adresse {reference}") == (
            fields["NUM_CONTRAT"],
            fields["BillToName"],
            fields["BillToStreet1"],
        )
        assert "ACTION=POSTAUTH" == shop.settle(approved(form))
        assert reference == shop.receipt(form).contract


def test_an_unknown_card_is_refused(shop):
    """The tariff prices the cards that it names."""
    with pytest.raises(FeeError):
        shop.pay(A, card="wooden")


def test_an_unknown_customer_has_nothing_to_pay(shop):
    """Unknown and nothing to pay are one case."""
    with pytest.raises(NothingToPayError):
        shop.checkout.pay(
            "999", chosen={"1"}, accepted=cmi.Money(1), email=EMAIL, card="moroccan", terms=True
        )
    assert shop.checkout.look_up("999") is None


def test_an_outage_is_not_nothing_to_pay(shop):
    """When billing is down, look-up and payment say so."""
    shop.bills.is_down = True
    with pytest.raises(BillingUnavailableError):
        shop.checkout.look_up(CUSTOMER)


def test_paid_invoices_are_left_out(shop):
    """Billing still lists what was paid here a minute ago; the customer does not see it."""
    shop.settle(approved(shop.pay(A)))
    assert (B,) == shop.checkout.look_up(CUSTOMER).invoices


def test_nothing_is_left_when_all_is_paid(shop):
    """A customer who paid everything sees what an unknown customer sees."""
    shop.settle(approved(shop.pay(A, B)))
    assert shop.checkout.look_up(CUSTOMER) is None


def test_paid_invoices_cannot_be_paid_again(shop):
    """All chosen invoices are paid here: said with their references."""
    total = shop.total(A)
    shop.settle(approved(shop.pay(A)))
    with pytest.raises(InvoicesAlreadyPaidError) as caught:
        shop.pay(A, accepted=total)
    assert (A.reference,) == caught.value.references


def test_a_selection_that_is_paid_in_part_is_quoted_anew(shop):
    """One of two chosen invoices is paid here: the other is quoted."""
    total = shop.total(A, B)
    shop.settle(approved(shop.pay(A)))
    with pytest.raises(QuoteChangedError) as caught:
        shop.pay(A, B, accepted=total)
    assert cmi.Money.parse("106.97") == caught.value.quote.total


def test_the_same_selection_is_the_same_order(shop):
    """A second start makes a second attempt, with an order id of its own, and supersedes the first."""
    first, second = shop.pay(A), shop.pay(A)
    assert first.order_id != second.order_id
    assert 1 == len(shop.rows("orders"))
    assert (PublicState.SUPERSEDED, PublicState.PENDING) == (shop.seen(first).state, shop.seen(second).state)


def test_another_selection_is_another_order(shop):
    """Sharing an invoice supersedes; the order is a new one."""
    first, second = shop.pay(A), shop.pay(A, B)
    assert shop.seen(first).order_reference != shop.seen(second).order_reference
    assert PublicState.SUPERSEDED is shop.seen(first).state


def test_another_price_is_another_order(shop):
    """The same invoice with another amount is never paid under the old order."""
    shop.pay(A)
    shop.bills.invoices = [attrs.evolve(A, amount=cmi.Money.parse("120.00"))]
    shop.pay(shop.bills.invoices[0])
    assert [11426, 12132] == sorted(row["total_centimes"] for row in shop.rows("orders"))


def test_selections_that_share_nothing_leave_each_other_alone(shop):
    """Two tabs for two invoices may both be paid."""
    first, second = shop.pay(A), shop.pay(B)
    assert {PublicState.PENDING} == {shop.seen(first).state, shop.seen(second).state}


def test_open_payments_are_shown_before_they_are_superseded(shop):
    """The undecided payment of a shared invoice is listed; a declined one is not."""
    first = shop.pay(A)
    reference = shop.seen(first).order_reference
    assert [reference] == [p.order_reference for p in shop.checkout.open_payments(CUSTOMER, {A.reference})]
    shop.settle(declined(first))
    assert () == shop.checkout.open_payments(CUSTOMER, {A.reference})


@pytest.mark.parametrize("chosen", [{B.reference}, set()])
def test_open_payments_of_other_invoices_are_not_shown(shop, chosen):
    """Only what a new start would supersede is listed."""
    shop.pay(A)
    assert () == shop.checkout.open_payments(CUSTOMER, chosen)


def test_open_payments_are_forgotten_after_an_hour(shop):
    """A form that the gateway no longer serves is not worth a question."""
    shop.pay(A)
    shop.now += timedelta(minutes=61)
    assert () == shop.checkout.open_payments(CUSTOMER, {A.reference})


def test_an_unknown_token_shows_nothing(shop):
    """A guessed return link is no link."""
    assert shop.checkout.payment("0" * 32) is None


def test_four_parts_make_a_checkout():
    """Operator, bills, journal and merchant are enough to take a payment and show its receipt."""
    with till() as shop:
        parts = {name: getattr(shop.checkout, name) for name in ("tenant", "billing", "journal", "merchant")}
        shop.checkout = Checkout(**parts)
        form = shop.pay(A)
        shop.settle(approved(form))
        assert shop.total(A) == shop.receipt(form).total


def test_links_follow_the_newest_store_key_unless_a_key_is_given():
    """Every process shows the same link; a new store key changes it, and a key of one's own keeps it."""

    def secret(store_key, **settings):
        with till() as shop:
            parts = {name: getattr(shop.checkout, name) for name in ("tenant", "billing", "journal")}
            merchant = cmi.Merchant("600000099", store_key, cmi.TEST)
            return Checkout(**parts, merchant=merchant, **settings).secrets.of("7F3K")

    rotated = ["NEWKEY99", "TEST1234"]
    assert secret("TEST1234") == secret("TEST1234") != secret(rotated)
    assert secret("TEST1234", secret_key="0123456789abcdef") == secret(rotated, secret_key="0123456789abcdef")


@pytest.mark.parametrize(
    "settings", [{"secret_key": "short"}, {"confirm": "never"}, {"secret_key": 20}, {"secret_key": None}]
)
def test_unfit_settings_are_refused_at_once(place, settings):
    """A guessable key or an unknown way to confirm fails at start-up."""
    with pytest.raises(TenantError), till(place, **settings):
        pass


def test_stale_zone_data_is_refused_at_once(place, monkeypatch):
    """A zone file from before the reform of 2026 would date every payment of the evening wrong."""
    monkeypatch.setattr(moroccan_time, "casablanca", lambda: ZoneInfo("Etc/GMT-1"))
    with pytest.raises(ConfigurationError, match="tzdata"), till(place):
        pass


def test_one_text_is_no_choice_of_invoices(shop):
    """It would be read letter by letter, and look like a changed bill."""
    with pytest.raises(TypeError, match="references"):
        shop.pay(A, chosen=A.reference)


@pytest.mark.parametrize("accepted", [114.26, 11426, None, b"cq1.AAAA"])
def test_what_was_accepted_is_a_sealed_quote_or_money(shop, accepted):
    """A total of another kind equals none, and would look like a changed bill for ever."""
    with pytest.raises(TypeError, match="Money"):
        shop.pay(A, accepted=accepted)


def test_the_checkout_hides_its_key(shop):
    """Neither the key nor what is derived from it shows in the repr."""
    assert "secret" not in repr(shop.checkout).lower()


def test_in_memory_it_works_alike():
    """A journal in memory serves a whole payment."""
    with till() as shop:
        assert isinstance(shop, Till)
        assert "ACTION=POSTAUTH" == shop.settle(approved(shop.pay(A)))


def sealed(shop, *chosen):
    statement = Statement(shop.bills.account, shop.bills.invoices)
    quote = shop.checkout.quote(statement, {invoice.reference for invoice in chosen}, "moroccan")
    return shop.checkout.seal(CUSTOMER, quote)


def test_what_was_accepted_is_what_is_paid_and_printed(shop):
    """The order keeps the very text that the customer accepted, and the receipt is proved against it."""
    accepted = sealed(shop, A, B)
    form = shop.pay(A, B, accepted=accepted)
    assert accepted == json.loads(shop.rows("orders")[0]["quote"])["seal"]
    shop.settle(approved(form))
    secret = shop.seen(form).receipt_url.rsplit("/", 1)[1]
    proof = shop.checkout.proof(secret)
    assert (accepted, shop.receipt(form).total) == (proof.text, proof.total)


def test_a_receipt_that_was_altered_is_not_proved(shop):
    """Whoever writes to the database cannot write the seal."""
    form = shop.pay(A, accepted=sealed(shop, A))
    shop.settle(approved(form))
    secret = shop.seen(form).receipt_url.rsplit("/", 1)[1]
    receipt_line, fee_line = shop.receipt(form).lines
    forged = attrs.evolve(
        shop.receipt(form),
        lines=(attrs.evolve(receipt_line, amount=cmi.Money(11301)), fee_line),
        total=cmi.Money(11425),
    )
    with shop.journal.engine.begin() as connection:
        connection.execute(schema.receipts.update().values(snapshot=forged.to_dict()))
    with pytest.raises(QuoteSealError):
        shop.checkout.proof(secret)


def test_an_order_that_was_altered_is_not_proved(shop):
    """What is posted comes from the order: its lines are held against the seal too."""
    form = shop.pay(A, accepted=sealed(shop, A))
    shop.settle(approved(form))
    secret = shop.seen(form).receipt_url.rsplit("/", 1)[1]
    with shop.journal.engine.begin() as connection:
        is_invoice = schema.order_lines.c.reference == A.reference
        connection.execute(schema.order_lines.update().where(is_invoice).values(amount_centimes=11301))
    with pytest.raises(QuoteSealError):
        shop.checkout.proof(secret)


def test_an_order_that_was_altered_is_not_signed_again(shop):
    """Tried again, it would ask the gateway for another sum than the customer accepted: no form, and nothing written."""
    shop.pay(A)
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE order_lines SET amount_centimes = 1130 WHERE position = 0")
        connection.exec_driver_sql("UPDATE orders SET total_centimes = 1254")
    with pytest.raises(QuoteSealError):
        shop.pay(A)
    assert 1 == len(shop.rows("attempts"))


def test_a_receipt_is_proved_however_billing_writes_the_number(shop):
    """The customer typed one form of it, billing answers with another."""
    shop.bills.account = attrs.evolve(shop.bills.account, customer_ref="100-200-300")
    form = shop.pay(A, accepted=sealed(shop, A))
    shop.settle(approved(form))
    assert shop.checkout.proof(shop.seen(form).receipt_url.rsplit("/", 1)[1]) is not None


def test_a_seal_of_another_order_proves_nothing(shop):
    """Whoever exchanges the texts in the database is found out."""
    first, second = shop.pay(A, accepted=sealed(shop, A)), shop.pay(B, accepted=sealed(shop, B))
    for form in (first, second):
        shop.settle(approved(form))
    quote = json.loads(shop.rows("orders")[1]["quote"])
    with shop.journal.engine.begin() as connection:
        connection.execute(schema.orders.update().values(quote=quote))
    secrets = [shop.seen(form).receipt_url.rsplit("/", 1)[1] for form in (first, second)]
    outcomes = []
    for secret in secrets:
        try:
            outcomes.append(shop.checkout.proof(secret).text)
        except QuoteSealError:
            outcomes.append(None)
    assert {None, quote["seal"]} == set(outcomes)


def test_a_change_of_keys_loses_no_proof_and_no_accepted_quote(shop):
    """The older key is named: what was sealed with it is proved and paid; without it, it is refused."""
    form, accepted = shop.pay(A, accepted=sealed(shop, A)), sealed(shop, B)
    shop.settle(approved(form))
    secret = shop.seen(form).receipt_url.rsplit("/", 1)[1]
    keys = {"secret_key": "a new key of its own", "earlier_secret_keys": ["0123456789abcdef"]}
    renewed = attrs.evolve(shop.checkout, **keys)
    assert renewed.proof(secret) is not None
    terms = {"chosen": [B.reference], "accepted": accepted, "email": EMAIL, "card": "moroccan", "terms": True}
    assert renewed.pay(CUSTOMER, **terms).fields
    forgetful = attrs.evolve(shop.checkout, **(keys | {"earlier_secret_keys": []}))
    for use in (lambda: forgetful.proof(secret), lambda: forgetful.pay(CUSTOMER, **terms)):
        with pytest.raises(QuoteSealError, match="another key"):
            use()


def test_a_rotated_store_key_loses_no_proof(shop):
    """Where the secret is derived from the store key, the merchant's older ones open what they sealed."""
    old, new = "oldoldoldold1", "newnewnewnew1"
    parts = {
        "tenant": shop.checkout.tenant,
        "billing": shop.bills,
        "journal": shop.journal,
        "clock": shop.checkout.clock,
    }

    def till_with(*keys, **more):
        return Checkout(**parts, merchant=attrs.evolve(shop.checkout.merchant, store_key=keys), **more)

    before, rotated = till_with(old), till_with(new, old)
    others = till_with(new), till_with(new, old, secret_key="a key of its own")
    accepted = before.seal(CUSTOMER, before.quote(before.look_up(CUSTOMER), [A.reference], "moroccan"))
    terms = {"chosen": [A.reference], "accepted": accepted, "email": EMAIL, "card": "moroccan", "terms": True}
    assert rotated.pay(CUSTOMER, **terms).fields
    for other in others:
        with pytest.raises(QuoteSealError, match="another key"):
            other.pay(CUSTOMER, **terms)


def test_a_secret_of_no_receipt_proves_nothing(shop):
    """Nor does it say that there is none."""
    assert shop.checkout.proof("x") is None


def test_a_bare_total_is_sealed_when_it_is_accepted(shop):
    """A program that passes Money gets an order with a proof too."""
    form = shop.pay(A)
    shop.settle(approved(form))
    proof = shop.checkout.proof(shop.seen(form).receipt_url.rsplit("/", 1)[1])
    assert cmi.Money.parse("114.26") == proof.total


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"amount": cmi.Money.parse("113.03")}, f"balance of {A.reference}"),
        ({"is_mandatory": True}, f"invoice {A.reference}"),
        ({"version": "2"}, f"version of {A.reference}"),
    ],
)
def test_a_changed_bill_breaks_the_seal_and_says_what_changed(shop, change, fact):
    """Also where the total is the same."""
    accepted = sealed(shop, A)
    shop.bills.invoices = [attrs.evolve(A, **change), B]
    with pytest.raises(QuoteChangedError) as caught:
        shop.pay(A, accepted=accepted)
    assert fact in [str(change) for change in caught.value.changes]
    assert [] == shop.rows("orders")


def test_changed_rules_or_tariff_break_the_seal(shop):
    """Even when nothing costs more: the customer accepted the older ones."""
    accepted = sealed(shop, A)
    for field, value, fact in (
        ("selection", attrs.evolve(GUIDE_RULES, version="2"), "rules version"),
        ("fee_schedule", attrs.evolve(shop.checkout.tenant.fee_schedule, version="2"), "schedule version"),
    ):
        tenant = attrs.evolve(shop.checkout.tenant, **{field: value})
        with pytest.raises(QuoteChangedError, match=fact):
            attrs.evolve(shop.checkout, tenant=tenant, secret_key="0123456789abcdef").pay(
                CUSTOMER, chosen=[A.reference], accepted=accepted, email=EMAIL, card="moroccan", terms=True
            )


def test_another_card_breaks_the_seal(shop):
    """The fee may depend on it."""
    with pytest.raises(QuoteChangedError, match="card"):
        shop.pay(A, accepted=sealed(shop, A), card="international")


def test_another_choice_breaks_the_seal(shop):
    """What is chosen is what was sealed."""
    with pytest.raises(QuoteChangedError, match=B.reference):
        shop.pay(A, B, accepted=sealed(shop, A))


def test_a_quote_is_accepted_within_the_hour(shop):
    """Later it is shown again."""
    accepted = sealed(shop, A)
    shop.wait(minutes=60)
    shop.pay(A, accepted=accepted)
    shop.wait(seconds=1)
    with pytest.raises(QuoteExpiredError):
        shop.pay(A, accepted=accepted)


@pytest.mark.parametrize("accepted", ["", "114.26", "cq1.", "cq1.AAAA"])
def test_a_forged_seal_is_refused(shop, accepted):
    """Before anything is read or written."""
    shop.bills.is_down = True
    with pytest.raises(QuoteSealError):
        shop.pay(A, accepted=accepted)


def test_a_preview_is_not_to_be_accepted(shop):
    """It ignores the operator's rules, so it is never sealed."""
    statement = Statement(shop.bills.account, shop.bills.invoices)
    preview = shop.checkout.preview(statement, [A.reference], "moroccan")
    assert cmi.Money.parse("114.26") == preview.total
    with pytest.raises(QuoteError):
        shop.checkout.seal(CUSTOMER, preview)


def test_the_operators_rules_hold_at_the_checkout():
    """In the quote, in the suggestion and once more when paying."""
    rules = SelectionRules("one", "1", (AtMostInvoices(1),))
    with till(tenant=attrs.evolve(Tenant.preset("rak"), selection=rules)) as shop:
        statement = Statement(shop.bills.account, shop.bills.invoices)
        advice = shop.checkout.suggest(statement, [A.reference, B.reference])
        assert (B.reference,) == advice.remove
        assert isinstance(shop.checkout.suggest(Statement(shop.bills.account, []), []), NoSuggestion)
        with pytest.raises(QuoteChangedError) as caught:
            shop.pay(A, B, accepted=sealed(shop, A))
        assert caught.value.quote is None


def test_a_text_only_back_end_marks_its_mandatory_invoices():
    """By the operator's pattern, on the list and when paying."""
    pattern = MandatoryPattern("EXIGIBLE", marked="EAU EXIGIBLE", plain="EAU")
    with till(tenant=attrs.evolve(Tenant.preset("rak"), mandatory_pattern=pattern)) as shop:
        shop.bills.invoices = [A, attrs.evolve(B, text="ELECTRICITE EXIGIBLE")]
        assert [False, True] == [i.is_mandatory for i in shop.checkout.look_up(CUSTOMER).invoices]
        with pytest.raises(QuoteChangedError):
            shop.pay(A, accepted=cmi.Money.parse("114.26"))

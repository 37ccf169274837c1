"""The seal on a quote: any change breaks it and is named, nothing is forged, and hostile text ends in typed errors."""

import base64
import zlib
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import InstantError, QuoteError, QuoteExpiredError, QuoteSealError
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.quote import Quote
from rak_billing.quote_facts import canonical, changes_between, facts_of, parse_canonical
from rak_billing.quote_seal import QuoteSeal
from rak_billing.selection import select
from rak_billing.selection.rules import GUIDE_RULES, SelectionRules
from rak_billing.testing.invoices import bills
from support.bills import INVOICE_A, INVOICE_B, PAYMENT_DAY, PAYMENT_INSTANT, guide_fee

SEAL = QuoteSeal(b"k" * 32)
OWNER = {"tenant": "RAK", "customer_ref": "123456789"}
EXPIRY = PAYMENT_INSTANT + timedelta(minutes=30)
RULES = SelectionRules("open", "1", ())


def quote(*invoices, rules=RULES, **changes):
    selection = select(invoices, [i.reference for i in invoices], on=PAYMENT_DAY, rules=rules)
    fee = guide_fee(str(selection.total), list(selection.amounts))
    return attrs.evolve(Quote.of(selection, fee, expires_at=EXPIRY), **changes)


BOTH = quote(INVOICE_A, INVOICE_B)
TEXT = SEAL.seal(BOTH, **OWNER)


def test_a_sealed_quote_comes_back_whole():
    """Its total, its expiry, and every fact."""
    opened = SEAL.open(TEXT, **OWNER)
    assert (Money(22124), EXPIRY) == (opened.total, opened.expires_at)
    assert facts_of(BOTH, **OWNER) == opened.facts
    assert () == opened.changes_to(BOTH)


def test_the_text_is_fit_for_a_form_and_an_address():
    """Letters, digits, « - », « _ » and one point."""
    assert TEXT.startswith("cq1.")
    assert TEXT.replace("-", "").replace("_", "").replace(".", "", 1).isalnum()


def dearer(invoice):
    return attrs.evolve(invoice, amount=Money(invoice.amount.centimes + 1))


@pytest.mark.parametrize(
    ("now", "facts"),
    [
        (quote(INVOICE_A), ["invoices", "invoice 987654321", "total"]),
        (
            quote(INVOICE_A, dearer(INVOICE_B)),
            ["balance of 987654321", "paid of 987654321", "fee base", "total"],
        ),
        (quote(INVOICE_A, attrs.evolve(INVOICE_B, version="2")), ["version of 987654321"]),
        (quote(INVOICE_A, attrs.evolve(INVOICE_B, is_mandatory=True)), ["invoice 987654321"]),
        (quote(INVOICE_A, INVOICE_B, rules=GUIDE_RULES), ["rules", "rules fingerprint"]),
        (
            quote(INVOICE_A, INVOICE_B, rules=attrs.evolve(RULES, version="2")),
            ["rules version"],
        ),
        (
            attrs.evolve(BOTH, fee=attrs.evolve(BOTH.fee, net=Money(220), vat=Money(21))),
            ["fee net", "fee vat"],
        ),
        (
            attrs.evolve(
                BOTH,
                fee=attrs.evolve(
                    BOTH.fee, schedule=attrs.evolve(FeeSchedule.preset("rak-2018"), version="9")
                ),
            ),
            ["schedule version"],
        ),
        (
            attrs.evolve(
                BOTH,
                fee=attrs.evolve(
                    BOTH.fee, circumstances=attrs.evolve(BOTH.fee.circumstances, card="international")
                ),
            ),
            ["card"],
        ),
        (attrs.evolve(BOTH, total=Money(22125)), ["total"]),
    ],
)
def test_what_changed_is_named(now, facts):
    """With what was accepted and what it is now."""
    changes = SEAL.open(TEXT, **OWNER).changes_to(now)
    named = [str(change) for change in changes]
    assert [name for name in named if name in facts] == facts
    assert all(change.accepted != change.now for change in changes)


def test_the_same_bill_quoted_later_is_the_same():
    """Day and expiry move on; a customer who accepts a minute before midnight may pay a minute after."""
    later = select([INVOICE_A, INVOICE_B], [INVOICE_A.reference, INVOICE_B.reference], PAYMENT_DAY + timedelta(1), rules=RULES)  # fmt: skip
    now = Quote.of(later, BOTH.fee, expires_at=EXPIRY + timedelta(1))
    assert () == SEAL.open(TEXT, **OWNER).changes_to(now)


@given(st.data())
def test_a_change_of_any_fact_breaks_the_seal_and_is_named(data):
    """Whichever fact is altered: the digest no longer holds, and a comparison names exactly that fact."""
    facts = facts_of(BOTH, **OWNER)
    place = data.draw(st.integers(0, len(facts) - 1))
    name, value = facts[place]
    other = data.draw(st.text(max_size=12).filter(lambda text: text != value and text.isprintable()))
    altered = [*facts[:place], (name, other), *facts[place + 1 :]]
    assert canonical(facts) != canonical(altered)
    expected = [] if name in {"on", "expires_at"} else [name]
    assert expected == [change.fact for change in changes_between(facts, altered)]


@given(st.data())
def test_no_fact_is_changed_under_its_seal(data):
    """Whichever fact somebody alters, adds or drops: the digest of the true ones does not hold for the false ones."""
    facts = list(facts_of(BOTH, **OWNER))
    place = data.draw(st.integers(0, len(facts) - 1))
    name, value = facts[place]
    false = data.draw(
        st.sampled_from([[(name, f"{value}1")], [(f"{name}1", value)], [], [(name, value)] * 2])
    )
    digest = base64.urlsafe_b64decode(TEXT[4:] + "=" * (-len(TEXT[4:]) % 4))[:32]
    forged = digest + zlib.compress(canonical([*facts[:place], *false, *facts[place + 1 :]]), 9)
    with pytest.raises(QuoteSealError, match="does not hold"):
        SEAL.read("cq1." + base64.urlsafe_b64encode(forged).rstrip(b"=").decode())


def test_what_could_not_be_opened_again_is_not_sealed():
    """Two thousand invoices in one payment: said at once, not when the customer comes back with it."""
    many = [attrs.evolve(INVOICE_A, reference=f"{n * 7919 % 999983:012}", amount=Money(n * 7919 % 9973 + 1)) for n in range(3000)]  # fmt: skip
    with pytest.raises(QuoteError, match="3000 invoices"):
        SEAL.seal(quote(*many), **OWNER)


_FACTS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5).map(tuple)


@given(_FACTS, _FACTS)
def test_two_lists_of_facts_never_share_a_text(first, second):
    """The canonical form tells them apart, and is read back as it was."""
    assert (first == second) == (canonical(first) == canonical(second))
    assert first == parse_canonical(canonical(first))


@given(st.data())
def test_two_different_quotes_never_share_a_text(data):
    """References, descriptions and amounts of any kind cannot be shifted into each other."""
    some = st.just(False)
    drawn = bills(1, 3, kind=st.just("invoice"), status=st.just("unpaid"), is_disputed=some, amount=st.integers(1, 99).map(Money))  # fmt: skip
    first, second = data.draw(drawn), data.draw(drawn)
    texts = [canonical(facts_of(quote(*bill), **OWNER)) for bill in (first, second)]
    seen = [[(i.reference, i.description, i.amount, i.version) for i in bill] for bill in (first, second)]
    assert (seen[0] == seen[1]) == (texts[0] == texts[1])


@pytest.mark.parametrize("place", range(4, len(TEXT), 7))
def test_a_changed_letter_breaks_the_seal(place):
    """Wherever it stands."""
    other = "A" if TEXT[place] != "A" else "B"
    with pytest.raises(QuoteSealError):
        SEAL.open(TEXT[:place] + other + TEXT[place + 1 :], **OWNER)


@pytest.mark.parametrize(
    "owner", [OWNER | {"customer_ref": "2"}, OWNER | {"tenant": "X"}], ids=["customer", "tenant"]
)
def test_a_seal_is_good_for_its_customer_only(owner):
    """What one customer was shown, another cannot accept."""
    with pytest.raises(QuoteSealError, match="another customer"):
        SEAL.open(TEXT, **owner)


def test_another_key_opens_nothing():
    """Nobody makes a seal without the key."""
    with pytest.raises(QuoteSealError, match="does not hold"):
        QuoteSeal(b"x" * 32).open(TEXT, **OWNER)


def test_a_key_that_was_replaced_opens_what_it_sealed_and_seals_nothing():
    """What customers hold stays good through a change of keys, as long as the older key is named."""
    renewed = QuoteSeal(b"n" * 32, (b"o" * 32, b"k" * 32))
    assert TEXT == renewed.open(TEXT, **OWNER).text
    again = renewed.seal(BOTH, **OWNER)
    assert again == QuoteSeal(b"n" * 32).open(again, **OWNER).text
    with pytest.raises(QuoteSealError, match="another key"):
        SEAL.open(again, **OWNER)


def test_the_version_is_sealed_too():
    """A text of another version is not read as this one."""
    with pytest.raises(QuoteSealError, match="cq1"):
        SEAL.open("cq2" + TEXT[3:], **OWNER)


def test_one_quote_has_one_spelling():
    """Spare bits of the last letter, padding and line ends are refused."""
    for odd in (TEXT + "=", TEXT + "\n", TEXT + "A", " " + TEXT):
        with pytest.raises(QuoteSealError):
            SEAL.open(odd, **OWNER)
    last = base64.urlsafe_b64encode(b"ab").rstrip(b"=").decode()
    with pytest.raises(QuoteSealError, match="spelling"):
        SEAL.read(f"cq1.{last[:-1]}J")


@given(
    st.text(max_size=80)
    | st.binary(max_size=90).map(lambda raw: "cq1." + base64.urlsafe_b64encode(raw).decode())
)
def test_a_hostile_text_ends_in_one_typed_error(text):
    """Whatever a browser sends."""
    with pytest.raises(QuoteSealError):
        SEAL.open(text, **OWNER)


@pytest.mark.parametrize("text", [None, 7, b"cq1.AA", "cq1." + "A" * 60_000, "cq1.é"])
def test_what_is_no_text_of_ours_is_not_decoded(text):
    """Another kind, too long, another alphabet."""
    with pytest.raises(QuoteSealError):
        SEAL.read(text)


@given(st.binary(max_size=40) | st.text("0123456789:ab", max_size=20).map(str.encode))
def test_a_canonical_form_is_read_exactly_or_refused(content):
    """Should a key ever leak, what is read is still only what we write."""
    try:
        facts = parse_canonical(content)
    except QuoteSealError:
        return
    assert content == canonical(facts)


@pytest.mark.parametrize(
    "content", [b"x", b"01:a", b"9:a", b"3:1:a", b"6:1:\xff1:b", b"1234567:a", b":", b"-1:"]
)
def test_what_is_not_canonical_is_refused(content):
    """Lengths in plain digits, two parts to a fact, UTF-8."""
    with pytest.raises(QuoteSealError):
        parse_canonical(content)


def test_a_quote_may_be_accepted_until_it_expires():
    """The instant itself still counts; without an expiry nobody has to hurry."""
    opened = SEAL.open(TEXT, **OWNER)
    opened.require_live(EXPIRY)
    with pytest.raises(QuoteExpiredError) as caught:
        opened.require_live(EXPIRY + timedelta(seconds=1))
    assert EXPIRY == caught.value.expired_at
    endless = SEAL.seal(quote(INVOICE_A, expires_at=None), **OWNER)
    SEAL.open(endless, **OWNER).require_live(datetime(2999, 1, 1, tzinfo=UTC))


def test_an_expiry_has_an_offset():
    """Else it would be a guess."""
    with pytest.raises(InstantError):
        quote(INVOICE_A, expires_at=datetime(2018, 9, 10))  # noqa: DTZ001


def test_what_was_written_down_is_proved():
    """The lines of order and receipt, in any order; one centime, word or line more is refused."""
    opened = SEAL.open(TEXT, **OWNER)
    opened.require_lines(reversed(BOTH.lines), BOTH.total)
    first, *rest = BOTH.lines
    for lines, total in (
        (rest, BOTH.total),
        ([attrs.evolve(first, amount=Money(1)), *rest], BOTH.total),
        ([attrs.evolve(first, description="autre"), *rest], BOTH.total),
        ([first, first, *rest], BOTH.total),
        (BOTH.lines, Money(1)),
    ):
        with pytest.raises(QuoteSealError):
            opened.require_lines(lines, total)


def test_a_fact_that_is_not_there_is_said():
    """Rather than taken for empty."""
    with pytest.raises(QuoteSealError, match="no colour"):
        SEAL.read(TEXT).fact("colour")


def test_the_seal_hides_its_key():
    """In no log."""
    assert "kkk" not in repr(SEAL)

"""The fee as a column of DuckDB, against the evaluation."""

from datetime import date, timedelta
from fractions import Fraction

import attrs
import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cmi_gateway.money import MAX_CENTIMES, Money
from rak_billing.errors import NotCompilableError
from rak_billing.fees.compiled.expressions import Bounds, Constant, Variable, least, times
from rak_billing.fees.compiled.payments_query import payments_query, read_tariff
from rak_billing.fees.compiled.rule_numbers import Refusal
from rak_billing.fees.compiled.sql import DUCKDB, sql_column
from rak_billing.fees.tariff import Tariff
from rak_billing.fees.tiers import Tier, Tiers
from rak_billing.testing.fees import tariffs
from support.bulk import NULL_FEE, Payment, answers, fee_query, payments, truth
from support.counts import count
from support.fees import DAY, rule, schedule

COLUMNS = "payment VARCHAR, amount BIGINT, day DATE, card VARCHAR, brand VARCHAR, channel VARCHAR, customer_class VARCHAR"
RAK_2018 = Tariff.preset("rak-2018")


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE drawn ({COLUMNS})")
        yield connection


def price(connection, tariff, rows, *, is_grouped=True):
    """Give the answers of DuckDB by payment."""
    connection.execute("DELETE FROM drawn")
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(rows))
    connection.execute(f"INSERT INTO drawn VALUES {marks}", [value for row in rows for value in row])
    cursor = connection.execute(fee_query(tariff, "drawn", DUCKDB, is_grouped=is_grouped))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def refusals(rows):
    return {row["payment"]: row["rule"] for row in rows}


WIDE = Tariff.of(schedule(rule(percent=Fraction(123456789012345, 10**16), rounding={"mode": "half-even"})))


@given(tariff=tariffs(), drawn=st.lists(payments(), min_size=1, max_size=8))
@example(tariff=WIDE, drawn=[Payment((MAX_CENTIMES,), DAY, "moroccan"), Payment((5, 10), DAY, "moroccan")])
def test_grouped_rows_cost_what_the_evaluation_says(connection, tariff, drawn):
    """For any tariff and any payments, dates and cards included: gross, net and who pays, to the centime."""
    rows = [row for number, payment in enumerate(drawn) for row in payment.rows(str(number))]
    expected = {str(number): truth(tariff, payment) for number, payment in enumerate(drawn)}
    assert expected == answers(price(connection, tariff, rows))


@settings(max_examples=count(25, 150))
@given(tariff=tariffs(), drawn=st.lists(payments(most_invoices=1), min_size=1, max_size=8))
def test_single_rows_cost_what_the_evaluation_says(connection, tariff, drawn):
    """Each row a payment of its own."""
    rows = [row for number, payment in enumerate(drawn) for row in payment.rows(str(number))]
    expected = {str(number): truth(tariff, payment) for number, payment in enumerate(drawn)}
    assert expected == answers(price(connection, tariff, rows, is_grouped=False))


@pytest.mark.parametrize(
    ("amounts", "changes", "expected"),
    [
        ([-1], {}, Refusal.AMOUNT),
        ([None], {}, Refusal.AMOUNT),
        ([100, None], {}, Refusal.AMOUNT),
        ([2**63 - 1], {}, Refusal.AMOUNT),
        ([MAX_CENTIMES, 1], {}, Refusal.SIZE),
        ([100], {"day": date(2017, 12, 31)}, Refusal.DAY),
        ([100], {"day": None}, Refusal.DAY),
        ([100], {"card": "unknown"}, Refusal.RULE),
        ([100], {"card": None}, Refusal.RULE),
    ],
)
def test_what_the_evaluation_refuses_has_a_reason_and_no_figures(connection, amounts, changes, expected):
    """Beside it, others are priced as ever: one bad row spoils no run."""
    odd = attrs.evolve(Payment(tuple(amounts), DAY, "moroccan"), **changes)
    fine = Payment((21883,), DAY, "moroccan")
    rows = price(connection, RAK_2018, [*odd.rows("odd"), *fine.rows("fine")])
    assert {"odd": expected, "fine": 1} == refusals(rows)
    assert {"odd": NULL_FEE, "fine": (241, 219, 0, 0)} == answers(rows)


def test_a_row_without_its_payment_is_refused(connection):
    """Else all of them would be paid together."""
    rows = price(connection, RAK_2018, Payment((100, 200), DAY, "moroccan").rows(None))
    assert {None: Refusal.PAYMENT} == refusals(rows)


def test_invoices_of_one_payment_must_follow_one_rule(connection):
    """A payment on two days of two schedules is none."""
    first = schedule(rule(percent=Fraction(1)), valid_until=DAY)
    tariff = Tariff.of(first, schedule(rule(percent=Fraction(2)), valid_from=DAY + timedelta(days=1)))
    rows = [
        *Payment((100,), DAY, "moroccan").rows("a"),
        *Payment((100,), DAY + timedelta(days=1), "moroccan").rows("a"),
    ]
    assert {"a": Refusal.MIXED} == refusals(price(connection, tariff, rows))


def test_a_fee_larger_than_an_amount_may_be_is_refused(connection):
    """As the evaluation does."""
    tariff = Tariff.of(schedule(rule(per_invoice=Money(MAX_CENTIMES), bearer="utility")))
    rows = [*Payment((1, 1), DAY, "moroccan").rows("two"), *Payment((1,), DAY, "moroccan").rows("one")]
    found = price(connection, tariff, rows)
    assert {"two": Refusal.SIZE, "one": 1} == refusals(found)
    assert NULL_FEE == answers(found)["two"]


def test_a_step_that_fits_is_a_plain_column_again(connection):
    """Whatever was computed on the way: a minimum of a wide number and a small one has 64 bits."""
    wide = least(times(Variable("x"), 2**40), Constant(5))
    text = sql_column(wide, DUCKDB, {"x": Bounds(0, 2**40)}, {"x": "1099511627776"})
    assert [(5, "BIGINT")] == connection.execute(f"SELECT {text}, typeof({text})").fetchall()


@pytest.mark.parametrize(
    "facts",
    [
        {"fixed": Money(MAX_CENTIMES)},
        {
            "tiers": Tiers(
                "marginal", [Tier(up_to=Money(1)), Tier(percent=Fraction(1, 7000), fixed=Money(341_000))]
            )
        },
        {"per_invoice": Money(5), "minimum": Money(MAX_CENTIMES)},
    ],
)
def test_numbers_of_the_rule_alone_have_64_bits_too(connection, facts):
    """An engine takes a small number for one of 32 bits, and refuses their product."""
    tariff = Tariff.of(schedule(rule(**facts)))
    payment = Payment((10,), DAY, "moroccan")
    for is_grouped in (True, False):
        found = answers(price(connection, tariff, payment.rows("a"), is_grouped=is_grouped))
        assert {"a": truth(tariff, payment)} == found


HUGE = rule(percent=Fraction(10**40 + 1, 10**41))


@pytest.mark.parametrize(
    ("tariff", "reason"),
    [
        (Tariff.of(schedule(HUGE)), "needs whole numbers of 50 digits"),
        (
            Tariff.of(
                schedule(rule(percent=Fraction(1)), valid_until=DAY),
                schedule(rule(percent=Fraction(1)), valid_from=DAY + timedelta(days=1), currency="EUR"),
            ),
            "has schedules in EUR and MAD",
        ),
    ],
)
def test_what_cannot_be_exact_is_refused_by_name(tariff, reason):
    """These are all: numbers beyond the engine's widest, and currencies that one column cannot mix."""
    with pytest.raises(NotCompilableError, match=reason) as caught:
        payments_query("drawn", [read_tariff(tariff, DUCKDB)], DUCKDB, is_grouped=True)
    assert "DuckDB" == caught.value.engine

"""Optional fields are typed and spelt exactly; payer's text is kept out of the vocabulary of results."""

import re
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmi_gateway as cmi
from support.gateway_kit import MERCHANT, payment_request, signed_form


def line(reference, description):
    return cmi.OrderLine(reference=reference, description=description, amount=cmi.Money(11426))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"description": "Facture 3"}, {"description": "Facture 3"}),
        ({"display_amount": cmi.Money(1050, "EUR")}, {"amountCur": "10.50", "symbolCur": "EUR"}),
        ({"show_currencies": True}, {"currenciesList": "TRUE"}),
        ({"criteria": ["guichet", "B"]}, {"DIMCRITERIA1": "guichet", "DIMCRITERIA2": "B"}),
        ({"criteria": "guichet"}, {"DIMCRITERIA1": "guichet"}),
        (
            {"ship_to": cmi.ShipTo(name="Ali", city="Kénitra", email="a@b.example", phone="0537 12 34 56")},
            {
                "ShipToName": "Ali",
                "ShipToCity": "Kénitra",
                "ShipToEmail": "a@b.example",
                "ShipToTelVoice": "+212537123456",
            },
        ),
        (
            {"recurring": cmi.Recurring(payments=12, every=1, unit="M")},
            {"RecurringPaymentNumber": "12", "RecurringFrequency": "1", "RecurringFrequencyUnit": "M"},
        ),
    ],
)
def test_optional_fields(changes, expected):
    """Each optional part of a request becomes the gateway's fields, and is absent otherwise."""
    fields, plain = dict(signed_form(**changes).fields), dict(signed_form().fields)
    assert expected == {name: value for name, value in fields.items() if name in expected}
    assert not expected.keys() & plain.keys()


def everything():
    """Name the fields of a request that uses every part of every part, and of a sealed one."""
    words = attrs.fields_dict(cmi.ShipTo).keys() - {"email", "phone", "fax", "country"}
    person = {word: f"Ali {word}" for word in words} | {"country": "MA", "phone": "+212612345678"}
    whole = MERCHANT.sign(
        payment_request(
            bill_to=cmi.BillTo(**person),
            ship_to=cmi.ShipTo(**person, email="a@b.example", fax="+212612345678"),
            description="Tapis",
            display_amount=cmi.Money(1050, "EUR"),
            show_currencies=True,
            criteria=["guichet"],
            recurring=cmi.Recurring(payments=12, every=1, unit="M"),
            custom={},
        )
    )
    return {name for name, _ in (*whole.fields, *MERCHANT.sign(payment_request(), seal=True).fields)} - {
        "NUM_CONTRAT"
    }


def test_every_field_is_documented_as_it_is_spelt():
    """The page on signing names every field that can be sent, letter for letter, and every part of a request."""
    page = (Path(__file__).parents[2] / "docs" / "sign-a-payment.md").read_text(encoding="utf-8")
    written = set(re.findall(r"`([\w.]+)`", page))
    sent = {
        name if name in written else re.sub(r"[0-9]$", "N", name)
        for name in everything()
        if not name.endswith("Street2")  # between the first and the third
    }
    assert set() == sent - written
    assert set() == attrs.fields_dict(cmi.PaymentRequest).keys() - written


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"description": "x" * 256}, "description"),
        ({"description": None}, "description"),
        ({"display_amount": cmi.Money(0, "EUR")}, "amountCur"),
        ({"display_amount": 10.5}, "amountCur"),
        ({"display_amount": cmi.Money(1050)}, "amountCur"),
        ({"criteria": ["x"] * 10}, "DIMCRITERIA10"),
        ({"criteria": ["x" * 65]}, "DIMCRITERIA1"),
        ({"auto_redirect": "false"}, "AutoRedirect"),
        ({"show_currencies": "no"}, "currenciesList"),
        ({"ship_to": "here"}, "ShipToName"),
        ({"ship_to": cmi.ShipTo(email="nobody")}, "ShipToEmail"),
        ({"ship_to": cmi.ShipTo(fax="x")}, "ShipToFax"),
        ({"recurring": "monthly"}, "RecurringFrequencyUnit"),
        ({"recurring": cmi.Recurring(payments=12, every=1, unit="H")}, "RecurringFrequencyUnit"),
        ({"recurring": cmi.Recurring(payments=1, every=1, unit="M")}, "RecurringPaymentNumber"),
        ({"recurring": cmi.Recurring(payments=2, every=0, unit="M")}, "RecurringFrequency"),
    ],
)
def test_optional_fields_are_checked(changes, field):
    """A wrong optional value is refused by the gateway's name of its field."""
    with pytest.raises(cmi.FieldError) as caught:
        signed_form(**changes)
    assert field == caught.value.field


@pytest.mark.parametrize(
    "value", ["Approved", "APPROVED", "declined", "504", "00", "MAD", "600000099", "114.26", "114,26"]
)
@pytest.mark.parametrize(
    "where",
    [
        "BillToCompany",
        "BillToStreet1",
        "note",
        "ShipToName",
        "ItemNumber1",
        "Desc1",
        "description",
        "DIMCRITERIA2",
    ],
)
def test_payers_text_never_equals_a_result(where, value):
    """Codes, currencies, the client id and this payment's amount are kept free for the gateway."""
    changes = {
        "BillToCompany": {"bill_to": cmi.BillTo(name="Ali", company=value)},
        "BillToStreet1": {"bill_to": cmi.BillTo(name="Ali", street1=value)},
        "note": {"custom": {"note": value}},
        "ShipToName": {"ship_to": cmi.ShipTo(name=value)},
        "ItemNumber1": {"lines": [line(value, "Tapis")]},
        "Desc1": {"lines": [line("A-1", f":{value}")]},
        "description": {"description": value},
        "DIMCRITERIA2": {"criteria": ["guichet", value]},
    }[where]
    with pytest.raises(cmi.FieldError) as caught:
        signed_form(**changes)
    assert where == caught.value.field
    assert value not in str(caught.value) or value in ("Approved", "504", "00", "MAD")


BINDING = {
    "another order": ("SHOP-7f3kq9z2mb4wx1t8", "SHOP-1"),
    "another order in lower case": ("SHOP-7f3kq9z2mb4wx1t8", "shop-7f3kq9z2mb4wx1t9"),
    "an id without a prefix": ("7f3kq9z2mb4wx1t8", "8f3kq9z2mb4wx1t8"),
    "a UUID": ("0b5e9c5e-8a3f-4d58-9d2b-6a4c7f1b2d3e", "1c5e9c5e-8a3f-4d58-9d2b-6a4c7f1b2d3e"),
    "an address of return": ("SHOP-1", "HTTPS://shop.example/order/7/back"),
    "a seal": ("SHOP-1", f"v1.oid,amount.{'x' * 43}"),
}


@pytest.mark.parametrize("name", BINDING)
def test_payers_text_never_binds_an_answer_to_an_order(name):
    """Order ids, addresses and seals are what an answer is told by, so no payer's text may look like one."""
    order_id, text = BINDING[name]
    with pytest.raises(cmi.FieldError, match="note"):
        signed_form(order_id=order_id, custom={"note": text})
    assert signed_form(order_id=order_id, custom={"note": f"voir {text}"})


@pytest.mark.parametrize(
    ("order_id", "text"),
    [
        ("SHOP-7f3kq9z2mb4wx1t8", "SHOP-"),
        ("SHOP-7f3kq9z2mb4wx1t8", "shop"),
        ("SHOP-7f3kq9z2mb4wx1t8", "Shop-Ecke am Markt 3"),
        ("7f3kq9z2mb4wx1t8", "Benabdellaouiyya"),
        ("7f3kq9z2mb4wx1t8", "12, rue Al Massi"),
        ("A7", "B8"),
        ("SHOP-1", "v1.2"),
        ("SHOP-1", "httpbin"),
    ],
)
def test_honest_text_binds_nothing(order_id, text):
    """Words, addresses with spaces and short figures are signed, whatever the order is called."""
    assert text == dict(signed_form(order_id=order_id, custom={"note": text}).fields)["note"]


OWN_WORDS = {
    "lines": ({"lines": [line("00", "504")]}, {"ItemNumber1": "00", "Id1": "00", "Desc1": "504"}),
    "description": ({"description": "Approved"}, {"description": "Approved"}),
    "criteria": ({"criteria": ["00"]}, {"DIMCRITERIA1": "00"}),
}


@pytest.mark.parametrize("part", OWN_WORDS)
def test_own_words_may_read_as_a_result(part):
    """What a merchant states to be nobody's but its own is signed as it is, and the other parts stay checked."""
    changes, expected = OWN_WORDS[part]
    fields = dict(signed_form(own_words=[part], **changes).fields)
    assert expected == {name: value for name, value in fields.items() if name in expected}
    with pytest.raises(cmi.FieldError):
        signed_form(own_words=OWN_WORDS.keys() - {part}, **changes)


def test_own_words_do_not_vouch_for_the_payers_own():
    """Name, address and own fields are checked whatever is stated, since payers type them."""
    with pytest.raises(cmi.FieldError, match="BillToCity"):
        signed_form(own_words=OWN_WORDS, bill_to=cmi.BillTo(name="Ali", city="MAD"))
    with pytest.raises(cmi.FieldError, match="note"):
        signed_form(own_words=OWN_WORDS, custom={"note": "00"})


@pytest.mark.parametrize("stated", ["custom", ["lines", "bill_to"], [None], [["lines"]], [{}], None, 1])
def test_nothing_else_can_be_stated(stated):
    """Own words are those of lines, description and criteria; a misspelt name is refused, one text is one name."""
    with pytest.raises(cmi.FieldError, match="own_words"):
        signed_form(own_words=stated)
    assert signed_form(own_words="lines", lines=[line("00", "x")])


@pytest.mark.parametrize("written", ["0.50", ".50", "00.5", "0,5", "000.50"])
def test_the_amount_in_any_spelling(written):
    """An amount under one dirham is recognised in each way that the gateway could read it."""
    is_amount = written != ".50"
    try:
        signed_form(amount=cmi.Money(50), lines=[], custom={"note": written})
    except cmi.FieldError:
        assert is_amount
    else:
        assert not is_amount


@pytest.mark.parametrize("name", ["123", "00", "…", "!!", "٣"])
def test_a_name_holds_a_letter(name):
    """A name of figures or marks alone could be read as a result."""
    with pytest.raises(cmi.FieldError, match="letter"):
        signed_form(bill_to=cmi.BillTo(name=name))
    with pytest.raises(cmi.FieldError, match=r"ShipToName.*letter"):
        signed_form(ship_to=cmi.ShipTo(name=name))


@pytest.mark.parametrize(
    ("dialled", "sent"),
    [("06 12 34 56 78", "+212612345678"), ("0612345678", "+212612345678"), ("00212 6.12-34-56-78", "+212612345678"),
     ("+33 (6) 12 34 56 78", "+33612345678"), ("+212 (0)6 12 34 56 78", "+212612345678"), ("00212 (0) 612345678", "+212612345678"), ("+212612345678", "+212612345678")],
)  # fmt: skip
def test_telephones_become_international(dialled, sent):
    """A number is sent in the one form that cannot be taken for a result."""
    assert sent == dict(signed_form(bill_to=cmi.BillTo(name="Ali", phone=dialled)).fields)["tel"]


@pytest.mark.parametrize(
    "phone", ["00", "504", "612345678", "06123456789", "+0612345678", "call me", "+" + "1" * 16, "٠٦١٢٣٤٥٦٧٨"]
)
def test_other_telephones_are_refused(phone):
    """What is no telephone number, or could be another country's, is refused."""
    with pytest.raises(cmi.FieldError, match="tel"):
        signed_form(bill_to=cmi.BillTo(name="Ali", phone=phone))


@given(st.text("0123456789+ .-()x", max_size=20))
def test_any_telephone_is_sent_in_one_form_or_refused(phone):
    """Whatever is typed, only the international form is signed."""
    try:
        fields = dict(signed_form(bill_to=cmi.BillTo(name="Ali", phone=phone)).fields)
    except cmi.FieldError:
        return
    assert "tel" not in fields or (fields["tel"][0] == "+" and fields["tel"][1:].isdigit())

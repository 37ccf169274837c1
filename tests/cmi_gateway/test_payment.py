"""What is signed is exactly what the gateway will hash; anything else is refused before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import BillTo, ConfigurationError, FieldError, Money, NameOrder, OrderLine
from cmi_gateway.signature import hash_ver3
from support.gateway_kit import MERCHANT, STORE_KEY, payment_request, signed_form


def line(reference="A", description="x", amount="114.26"):
    return OrderLine(reference=reference, description=description, amount=Money.parse(amount))


def test_core_fields():
    """Every field that the gateway asks for is there, in its exact spelling."""
    fields = dict(signed_form().fields)
    expected = {
        "clientid": "600000099",
        "storetype": "3D_PAY_HOSTING",
        "TranType": "PreAuth",
        "amount": "114.26",
        "currency": "504",
        "oid": "RAK-7f3kq9z2mb4wx1t8",
        "okUrl": "https://portal.example/retour",
        "failUrl": "https://portal.example/retour",
        "shopurl": "https://portal.example/",
        "callbackUrl": "https://portal.example/cmi/callback",
        "CallbackResponse": "true",
        "AutoRedirect": "true",
        "refreshtime": "5",
        "SessionTimeout": "1800",
        "lang": "fr",
        "email": "client@example.com",
        "BillToName": "Amina Aït Ben",
        "NUM_CONTRAT": "123456789",
        "hashAlgorithm": "ver3",
        "encoding": "UTF-8",
    }
    assert expected == {name: fields[name] for name in expected}
    assert "total" not in fields


def test_order_lines():
    """A line shows its reference under three names, quantity 1, and its amount as price and total."""
    fields = dict(signed_form(lines=[line("383", "GERANCE:ELECTRICITE, PERIODE:01/02/2018:")]).fields)
    expected = {
        "ItemNumber1": "383",
        "ProductCode1": "383",
        "Id1": "383",
        "Desc1": "GERANCE ELECTRICITE, PERIODE 01/02/2018",
        "Qty1": "1",
        "Price1": "114.26",
        "Total1": "114.26",
    }
    assert expected == {name: fields[name] for name in expected}


@pytest.mark.parametrize(
    ("written", "sent"), [(":A:B:", "A B"), ("A\u00a0:", "A"), (":", ""), ("A : B", "A   B")]
)
def test_colons_at_the_ends_leave_no_white_space(written, sent):
    """A colon becomes a space, and none that a gateway could trim is left at either end."""
    assert sent == dict(signed_form(lines=[line(description=written)]).fields)["Desc1"]


def test_hash_is_the_hash_of_the_fields():
    """The form's hash is the one function's, under both orders of names."""
    form = signed_form()
    assert form.hash == hash_ver3(form.fields, STORE_KEY, NameOrder.PLAIN)
    assert form.hash == hash_ver3(form.fields, STORE_KEY, NameOrder.NATURAL)
    assert "RAK-7f3kq9z2mb4wx1t8" == form.order_id


def test_rnd_is_fresh_letters_and_digits():
    """Each signing draws 20 other letters and digits."""
    first, second = (dict(signed_form().fields)["rnd"] for _ in range(2))
    assert first != second
    assert 20 == len(first)
    assert first.isascii()
    assert first.isalnum()


def test_randomness_is_an_argument():
    """With the same randomness the same request gives the same form."""
    fixed = [MERCHANT.sign(payment_request(), random=lambda: "Zx81Qp0Lk92mNb7VcX3s") for _ in range(2)]
    assert fixed[0] == fixed[1]


@pytest.mark.parametrize(
    "name", ["M'Hamed", "Amélie d'Aït | Ben\\Ali", "أمينة", "A & B", 'dit "Momo"', "<b>Ali</b>"]
)
def test_names_of_people_are_kept(name):
    """Accents, apostrophes, Arabic and mark-up characters are signed as they are."""
    assert name == dict(signed_form(bill_to=BillTo(name=name)).fields)["BillToName"]


BAD_VALUES = ["a\nb", "a\rb", "a\x00b", "a\tb", " a", "a ", "\u00a0a", "a\u2028b", "my Document x", "a&amp;b", "a&#39;b", "\ud800",
              "x" * 256]  # fmt: skip


@pytest.mark.parametrize("value", [*BAD_VALUES, "", None, 7])
def test_values_that_would_change_on_the_way(value):
    """A value that would be altered before it is hashed is refused by field name, without showing it."""
    with pytest.raises(FieldError) as caught:
        signed_form(bill_to=BillTo(name=value))
    assert "BillToName" == caught.value.field
    assert "BillToName" in str(caught.value)
    assert isinstance(caught.value, ConfigurationError)


@pytest.mark.parametrize("value", BAD_VALUES)
@pytest.mark.parametrize(
    "attribute", ["company", "street1", "street3", "city", "state", "postal_code", "country", "phone"]
)
def test_every_address_field_is_checked(attribute, value):
    """Each optional field of the payer is checked like the name."""
    with pytest.raises(FieldError):
        signed_form(bill_to=BillTo(name="Ali", **{attribute: value}))


URLS = ["", "/retour", "retour", "//x.example/", "ftp://x.example/", "javascript:alert(1)", "https://", "https:///x",
        "https://x.example/a b", "https://x.example/\n", "https://x.example/document/1", "https://x.example/?a=1&copy;=2",
        "https://x.example:99999/", "https://x..example/", "https://x.example/\u202e", f"https://{'x' * 64}.example/", 'https://x.example/"', "https://x.example/" + "a" * 1024, "https://[::1", None]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("attribute", ["ok_url", "fail_url", "shop_url", "callback_url"])
def test_urls_must_be_absolute(attribute, url):
    """Only absolute http(s) URLs that no rule rewrites are signed."""
    with pytest.raises(FieldError):
        signed_form(**{attribute: url})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_id": ""}, "oid"),
        ({"order_id": "a b"}, "oid"),
        ({"order_id": "n°1"}, "oid"),
        ({"order_id": "x" * 65}, "oid"),
        ({"order_id": "document-1"}, "oid"),
        ({"order_id": 12}, "oid"),
        ({"amount": Money(0), "lines": []}, "amount"),
        ({"amount": Money(-1), "lines": []}, "amount"),
        ({"amount": "114.26"}, "amount"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "a b@c.example"}, "email"),
        ({"email": f"{'x' * 60}@c.example"}, "email"),
        ({"language": "de"}, "lang"),
        ({"session_timeout": 29}, "SessionTimeout"),
        ({"session_timeout": 2701}, "SessionTimeout"),
        ({"session_timeout": True}, "SessionTimeout"),
        ({"refresh_time": "5"}, "refreshtime"),
        ({"lines": [line(amount="114.25")]}, "lines"),
        ({"lines": [OrderLine(reference="A", description="x", amount=Money(-1))]}, "lines"),
        ({"lines": [OrderLine(reference="A", description="x", amount=Money(11426, "EUR"))]}, "lines"),
        ({"amount": Money(11426, "EUR"), "lines": []}, "currency"),
        ({"amount": Money(10), "lines": [line(amount="0.01")] * 10}, "lines"),
        ({"lines": [line(reference="")]}, "ItemNumber1"),
        ({"lines": [line(reference="x" * 65)]}, "ItemNumber1"),
        ({"lines": [line(description="x" * 129)]}, "Desc1"),
        ({"lines": [OrderLine(reference="A", description=None, amount=Money(11426))]}, "Desc1"),
        ({"lines": [OrderLine(reference="A", description="x", amount=114.26)]}, "lines"),
        ({"lines": [line(amount="9999999.99")] * 9}, "lines"),
        ({"lines": [None]}, "lines"),
        ({"lines": None}, "lines"),
        ({"amount": 114.26}, "amount"),
        ({"bill_to": "Amina"}, "BillToName"),
        ({"bill_to": None}, "BillToName"),
        ({"custom": None}, "custom"),
        ({"custom": [("a", "1"), ("a", "2")]}, "custom"),
    ],
)
def test_each_rule_names_its_field(changes, field):
    """A request that breaks one rule is refused with the field that breaks it."""
    with pytest.raises(FieldError) as caught:
        signed_form(**changes)
    assert field == caught.value.field


@pytest.mark.parametrize(
    "custom",
    [{"OID": "x"}, {"hash": "x"}, {"total": "1"}, {"ProcReturnCode": "00"}, {"extra.trxdate": "x"}, {"EXTRA_TRXDATE": "x"},
     {"Desc1": "x"}, {"BillToX": "x"}, {"_charset_": "x"}, {"a b": "x"}, {"": "x"}, {"é": "x"}, {"a[0]": "x"},
     {"Instalment": "3"}, {"TAKSIT": "3"}, {"CustomerSurcharge": "1"}, {"HASHPARAMS": "oid:"}, {"storeKey": "x"},
     {"Note": "x", "NOTE": "y"}, {"note": "a\nb"}, {"countdown": "1"}, {7: "x"}, {"x" * 65: "x"}],
)  # fmt: skip
def test_custom_fields_must_not_mean_anything_else(custom):
    """Names of the gateway's own, repeated, or that a server would rename are refused."""
    with pytest.raises(FieldError):
        signed_form(custom=custom)


def test_ambiguous_order_of_names_is_refused():
    """Names that CMI's own kits sort differently are not signed."""
    with pytest.raises(FieldError, match="sort differently"):
        signed_form(custom={"X2": "a", "X10": "b"})


def test_a_request_does_not_change_after_it_is_made():
    """Changing the caller's list or mapping later changes nothing."""
    custom, lines = {"a": "1"}, [line()]
    request = payment_request(custom=custom, lines=lines)
    custom["a"] = "2"
    lines.clear()
    assert ("1", 1) == (request.custom["a"], len(request.lines))


def test_nine_lines_agree_under_both_orders():
    """The most lines that can be shown still hash alike everywhere."""
    form = signed_form(amount=Money(9), lines=[line(f"R{n}", amount="0.01") for n in range(9)])
    assert hash_ver3(form.fields, STORE_KEY, NameOrder.PLAIN) == hash_ver3(
        form.fields, STORE_KEY, NameOrder.NATURAL
    )


def test_lines_are_optional():
    """A request without order lines is signed without any."""
    assert "ItemNumber1" not in dict(signed_form(lines=[]).fields)


def test_without_redirect():
    """Where the payer shall see the gateway's receipt, no `AutoRedirect` is sent."""
    assert "AutoRedirect" not in dict(signed_form(auto_redirect=False).fields)


@given(st.text(max_size=300))
def test_any_name_is_signed_or_refused(name):
    """Any text as a name is signed unchanged or refused with a `FieldError`."""
    try:
        form = signed_form(bill_to=BillTo(name=name))
    except FieldError:
        return
    assert name == dict(form.fields)["BillToName"]

"""The requests, byte by byte."""

from urllib.parse import parse_qs

import pytest

import cmi_gateway as cmi
from cmi_gateway.api.documents import (
    ApiRequest,
    Credentials,
    RequestKind,
    body_in,
    build_request,
    content_type_of,
)
from cmi_gateway.api.safe_xml import parse_xml
from cmi_gateway.secret import Secret

WHO = Credentials("API_USER", Secret("p&<\"é'>"), "600000000")
ORDER = "FAC-2026-000123-1"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<CC5Request><Name>API_USER</Name>'
    "<Password>p&amp;&lt;&quot;&#233;&#x27;&gt;</Password><ClientId>600000000</ClientId>"
)


def request(kind, **more):
    return ApiRequest(kind=RequestKind(kind), order_id=ORDER, **more)


@pytest.mark.parametrize(
    ("asked", "tail"),
    [
        (request("status"), f"<OrderId>{ORDER}</OrderId><Extra><ORDERSTATUS>QUERY</ORDERSTATUS></Extra>"),
        (request("history"), f"<OrderId>{ORDER}</OrderId><Extra><ORDERHISTORY>QUERY</ORDERHISTORY></Extra>"),
        (
            request("capture", amount=cmi.Money(41235)),
            f"<Type>PostAuth</Type><OrderId>{ORDER}</OrderId><Total>412.35</Total><Currency>504</Currency>",
        ),
        (request("void"), f"<Type>Void</Type><OrderId>{ORDER}</OrderId>"),
        (
            request("void", transaction_id="24003VxrB15662"),
            f"<Type>Void</Type><OrderId>{ORDER}</OrderId><TransId>24003VxrB15662</TransId>",
        ),
        (
            request("refund", amount=cmi.Money(10000)),
            f"<Type>Credit</Type><OrderId>{ORDER}</OrderId><Total>100.00</Total><Currency>504</Currency>",
        ),
    ],
    ids=["R1", "R2", "R3", "R4", "R5", "R6"],
)
def test_each_request_is_written_so(asked, tail):
    """R1 to R6, in the manual's order of elements; captures and refunds always carry amount and currency."""
    assert f"{HEAD}{tail}</CC5Request>".encode("ascii") == build_request(asked, WHO)


def test_what_is_written_is_read_back():
    """Marks and letters of a password arrive as they are, and inject nothing."""
    root = parse_xml(build_request(request("status"), WHO), root="CC5Request")
    assert "p&<\"é'>" == root.findtext("Password")
    assert ["Name", "Password", "ClientId", "OrderId", "Extra"] == [child.tag for child in root]


def test_the_document_may_travel_in_a_form_field():
    """With ``data_field`` the body is the one field DATA."""
    document = build_request(request("status"), WHO)
    assert {b"DATA": [document]} == parse_qs(body_in("data_field", document))
    assert document == body_in("raw", document)
    assert "application/xml; charset=UTF-8" == content_type_of("raw")
    assert "application/x-www-form-urlencoded" == content_type_of("data_field")


@pytest.mark.parametrize(
    "build",
    [
        lambda: request("capture"),
        lambda: request("refund"),
        lambda: request("refund", amount=cmi.Money(0)),
        lambda: request("refund", amount=cmi.Money(-1)),
        lambda: request("void", amount=cmi.Money(1)),
        lambda: request("status", amount=cmi.Money(1)),
        lambda: request("refund", amount=cmi.Money(1), transaction_id="T1"),
        lambda: request("void", transaction_id="T1<"),
        lambda: request("void", transaction_id=""),
        lambda: request("void", transaction_id=7),
        lambda: ApiRequest(kind=RequestKind.STATUS, order_id="a<b"),
        lambda: ApiRequest(kind=RequestKind.STATUS, order_id=""),
    ],
)
def test_what_cannot_be_right_is_refused(build):
    """Nothing is built from a request that lacks its amount, has one too many, or names no order."""
    with pytest.raises(cmi.ConfigurationError):
        build()


def test_credentials_show_no_password():
    """What is printed by mistake holds none."""
    assert "Credentials(user='API_USER', client_id='600000000')" == repr(WHO)

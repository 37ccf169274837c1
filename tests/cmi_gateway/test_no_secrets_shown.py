"""Nothing that is secret or personal is shown, whatever public function is driven, with whatever input."""

import logging
import pickle
import traceback
from functools import partial

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway import doctor
from cmi_gateway.api.http_transport import HttpTransport
from cmi_gateway.api.transport import RawAnswer
from cmi_gateway.form_page import render
from cmi_gateway.signature import hash_ver3
from support.api_kit import ORDER, SETTLED, client, history
from support.counts import count
from support.gateway_kit import APPROVED, answer_fields, payment_request, signed_body

KEY = "S3cretKeyThatMustNotShow"
EMAIL = "private.person@example.com"
CARD = "4532015112830366"
CVV = "cvv-973"
MERCHANT = cmi.Merchant("600000099", KEY, cmi.TEST)
FORM = MERCHANT.sign(payment_request(email=EMAIL))
HONEST = answer_fields(FORM, APPROVED | {"pan": CARD, "cv2": CVV})
EXPECTED_HASH = hash_ver3(HONEST.items(), KEY)

HOSTILE = st.one_of(
    st.binary(max_size=60), st.text(max_size=30), st.none(), st.integers(), st.floats(), st.just(())
)
TEXT = st.one_of(
    st.text(max_size=30), st.sampled_from(["", "a\nb", "x" * 300, "document", "&amp;", EMAIL, CARD])
)


def bent(changes):
    """Give the honest callback with some fields changed but its hash left."""
    return signed_body(HONEST | changes, store_key=KEY).replace(b"HASH=", b"HASH=x")


def doors(text, hostile):
    """Give every public way in, fed with the input."""
    matched = MERCHANT.verify(signed_body(HONEST, KEY))
    return [
        lambda: MERCHANT.sign(payment_request(email=EMAIL, bill_to=cmi.BillTo(name=text))),
        lambda: MERCHANT.sign(payment_request(email=text), seal=True),
        lambda: MERCHANT.sign(payment_request(email=EMAIL, custom={"note": text})),
        lambda: MERCHANT.sign(payment_request(email=EMAIL, ok_url=text)),
        lambda: MERCHANT.verify(hostile),
        lambda: MERCHANT.verify(bent({"BillToName": text})),
        lambda: MERCHANT.verify(signed_body(HONEST, "OtherKey")),
        lambda: matched.must_match(order_id=text, amount=cmi.Money(11426), sent=FORM.fields),
        lambda: matched.must_match(order_id=FORM.order_id, amount=cmi.Money(11426), sent=hostile),
        lambda: matched.must_match(order_id=FORM.order_id, amount=hostile, sent=FORM.fields),
        lambda: matched.outcome,
        lambda: matched.must_match(order_id=FORM.order_id, amount=cmi.Money(11426), sent=FORM.fields),
        lambda: hash_ver3([("a", text), ("b", hostile)], KEY),
        lambda: cmi.Merchant(text, KEY, cmi.TEST),
        lambda: cmi.Merchant("600000099", (KEY, text), cmi.TEST),
        lambda: cmi.Merchant("600000099", KEY, hostile),
        lambda: attrs.evolve(MERCHANT, gateway=hostile),
        lambda: cmi.Gateway(text, text),
        lambda: cmi.Money.parse(text),
        lambda: cmi.AccountBook([MERCHANT, MERCHANT]),
        lambda: pickle.dumps(MERCHANT),
        lambda: render(FORM.action, (), language="fr", nonce=text),
    ]


def frames_of_ours(error):
    """Render every frame of the library, with its local variables, and those of what caused it."""
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown = []
    while summary is not None:
        shown += [
            f"{frame.locals}"
            for frame in summary.stack
            if "/cmi_gateway/" in frame.filename and "/tests/" not in frame.filename
        ]
        summary = summary.__cause__ or (None if summary.__suppress_context__ else summary.__context__)
    return "".join(shown)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=TEXT, hostile=HOSTILE)
def test_no_door_shows_a_secret(caplog, text, hostile):
    """No log line, error, repr or frame holds the key, a hash, a card, its code or an e-mail address."""
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    told, frames = [], []
    for door in doors(text, hostile):
        try:
            told.append(repr(door()))
        except Exception as error:  # noqa: BLE001 - whatever is raised is looked at
            told.append(f"{error!r} {error}")
            frames.append(frames_of_ours(error))
    told += [f"{record.getMessage()} {record.__dict__} {record.exc_text}" for record in caplog.records]
    for secret in (KEY, EXPECTED_HASH, CARD, CVV, EMAIL):
        # What was typed into a client id, an URL or an amount is the merchant's own, and may be quoted to them.
        if secret != text:
            assert not [line for line in [*told, *frames] if secret in line]


def broken_random():
    raise OSError("no entropy")


@pytest.mark.parametrize(
    "door",
    [
        lambda: MERCHANT.sign(payment_request(email=EMAIL), random=broken_random),
        lambda: MERCHANT.sign(payment_request(email=EMAIL), random=lambda: 5),
        lambda: MERCHANT.sign(payment_request(email=EMAIL, language=EMAIL)),
        lambda: FORM.html(nonce=5),
        lambda: doctor.diagnose(HONEST, ""),
        lambda: doctor.diagnose(signed_body(HONEST, KEY), ""),
        lambda: doctor.diagnose(HONEST, KEY, sent=5),
        lambda: doctor.diagnose(HONEST, KEY, sent=[("email", EMAIL), 5]),
    ],
)
def test_a_slip_of_the_caller_shows_no_customer(door):
    """An argument that cannot be right is refused, and no frame of the library holds the payer's address."""
    with pytest.raises((cmi.CmiError, OSError)) as caught:
        door()
    shown = f"{frames_of_ours(caught.value)} {caught.value!r} {caught.value}"
    assert not [
        secret for secret in (EMAIL, EMAIL.replace("@", "%40"), KEY, EXPECTED_HASH) if secret in shown
    ]


@pytest.mark.parametrize(
    "body", [bent({"BillToName": "x"}), signed_body(HONEST, KEY), signed_body(HONEST, "OtherKey"), b"junk"]
)
def test_the_doctor_shows_no_secret(body):
    """A diagnosis names causes and fields, never the key, a computed hash or what a person typed."""
    told = repr(doctor.diagnose(body, KEY))
    assert not [secret for secret in (KEY, EXPECTED_HASH, CARD, CVV, EMAIL) if secret in told]


def test_the_page_holds_the_form_and_no_key():
    """The page that leaves for the gateway holds what is posted, and neither the key nor a card."""
    page = FORM.html()
    assert EMAIL in page
    assert KEY not in page
    assert CARD not in page


@pytest.mark.parametrize(
    "thing", [MERCHANT, MERCHANT.store_keys, FORM, payment_request(email=EMAIL).bill_to], ids=type
)
def test_representations(thing):
    """What is printed by mistake holds no key, and a form holds no values."""
    assert KEY not in f"{thing!r} {thing}"
    assert EMAIL not in repr(cmi.OrderLine(reference="1", description=EMAIL, amount=cmi.Money(1)))
    assert EMAIL not in f"{FORM!r} {payment_request(email=EMAIL)!r}"


@pytest.mark.parametrize(
    "door",
    [
        lambda merchant: merchant.sign(payment_request(email=f"{EMAIL} and more")),
        lambda merchant: merchant.verify(bent({"BillToName": "x"})),
        lambda merchant: merchant.verify(signed_body(HONEST, KEY)).must_match(
            order_id="OTHER", amount=cmi.Money(11426), sent=FORM.fields
        ),
    ],
    ids=["sign", "verify", "must_match"],
)
def test_a_broken_observer_does_not_bring_the_refusals_frames_into_the_log(caplog, door):
    """What an observer raises while a refusal is told is logged without the values that were refused."""

    def broken(event):
        if event.name.endswith("refused"):
            raise RuntimeError("metrics are down")

    with pytest.raises(cmi.CmiError):
        door(attrs.evolve(MERCHANT, observer=broken))
    shown = [frames_of_ours(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert 1 == len(shown)
    assert EMAIL not in shown[0]


PASSWORD = "Api-P4ssw0rd-That-Must-Not-Show"


def api_doors(text, hostile):
    """Give every way into the XML API, fed with the input as argument, answer and failure."""
    answers = [
        text.encode("utf-8", "replace"),
        hostile,
        RawAnswer(500, b"x"),
        OSError(text),
        cmi.OutcomeUnknownError("lost"),
    ]

    return [
        *(partial(client(answer)[0].status, ORDER) for answer in answers),
        *(partial(client(answer)[0].history, ORDER) for answer in answers),
        *(partial(client(history(SETTLED), answer)[0].refund, ORDER, cmi.Money(1)) for answer in answers),
        lambda: client()[0].status(text),
        lambda: client()[0].void(ORDER, text),
        lambda: client()[0].capture(ORDER, hostile),
        lambda: cmi.ApiClient(MERCHANT, user=text, password=PASSWORD),
        lambda: cmi.ApiClient(MERCHANT, user="u", password=f"{PASSWORD} {text}"),
        lambda: cmi.ApiClient(hostile, user="u", password=PASSWORD),
        lambda: cmi.ApiClient(MERCHANT, user="u", password=PASSWORD, operations=hostile),
        lambda: cmi.ApiClient(MERCHANT, user="u", password=PASSWORD, body_mode=hostile),
        lambda: cmi.ApiClient(MERCHANT, user="u", password=PASSWORD, currency=text),
        lambda: cmi.Operation.from_text(text),
    ]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=count(20, 200),
)
@given(text=TEXT, hostile=HOSTILE)
def test_no_door_of_the_api_shows_the_password(caplog, text, hostile):
    """No log line, error, repr or frame of a client holds the API password; whatever is raised is an error of ours."""
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    told = []
    for door in api_doors(text, hostile):
        try:
            told.append(repr(door()))
        except cmi.CmiError as error:
            told += [f"{error!r} {error}", frames_of_ours(error)]
    told += [f"{record.getMessage()} {record.__dict__} {record.exc_text}" for record in caplog.records]
    assert not [line for line in told if PASSWORD in line]


def test_a_failed_connection_leaves_no_password_in_its_frames():
    """What the network library raises holds the request; none of it goes on."""
    api = cmi.ApiClient(MERCHANT, user="u", password=PASSWORD, transport=HttpTransport("http://127.0.0.1:1/"))
    with pytest.raises(cmi.RequestNotSentError) as caught:
        api.status(ORDER)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert PASSWORD not in shown.replace(f"PASSWORD = {PASSWORD!r}", "")
    assert PASSWORD not in f"{api!r} {vars(api)}"

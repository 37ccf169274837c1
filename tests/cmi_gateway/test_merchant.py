"""A merchant's account is checked where it is made, and its key shows nowhere."""

import copy
import io
import logging
import pickle
import traceback

import attrs
import pytest

import cmi_gateway as cmi
from cmi_gateway.secret import Secret
from cmi_gateway.signature import hash_ver3
from support.gateway_kit import APPROVED, MERCHANT, answer, payment_request, signed_form

KEY = "S3cretKeyThatMustNotShow"


def merchant(**changes):
    return cmi.Merchant(
        **({"client_id": "600000099", "store_key": KEY, "gateway": cmi.TEST, "name": "RAK"} | changes)
    )


def shown(error):
    """Render a traceback with every local variable, but those of this test file, whose source holds the key."""
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(f"{frame.locals}" for frame in summary.stack if __file__ not in frame.filename) + str(
        error
    )


def test_key_is_hidden_in_text_and_logs():
    """No repr, str, format, log record or attrs dictionary shows the key."""
    account = merchant()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = logging.getLogger("merchant-test")
    log.addHandler(handler)
    log.warning("%s %r", account, account)
    log.removeHandler(handler)
    texts = [
        repr(account),
        str(account),
        f"{account}",
        f"{account.store_keys[0]:>40}",
        str(attrs.asdict(account)),
    ]
    assert KEY not in "".join([*texts, stream.getvalue()])


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "6 0"}, {"client_id": 7}, {"client_id": "1" * 16}, {"client_id": ""}, {"gateway": None}, {"gateway": "https://x"}, {"name": None},
     {"store_key": (KEY, "")}, {"store_key": (KEY, "short")}, {"store_key": (KEY, " padded-key")}],
)  # fmt: skip
def test_key_is_hidden_in_errors_of_construction(changes):
    """A wrong account raises a typed error whose traceback, locals included, does not hold the key."""
    with pytest.raises(cmi.ConfigurationError) as caught:
        merchant(**changes)
    assert KEY not in shown(caught.value)


@pytest.mark.parametrize("key", [f"{KEY} with space", f"{KEY}\n", f" {KEY}", f"{KEY}\u00a0x"])
def test_a_bad_key_is_refused_without_being_shown(key):
    """The key itself is wrong, and still the error does not show it."""
    for attempt in (lambda: merchant(store_key=key), lambda: hash_ver3([("a", "1")], key)):
        with pytest.raises(cmi.ConfigurationError) as caught:
            attempt()
        assert KEY not in shown(caught.value)


def test_key_is_hidden_when_signing_or_verifying_fails():
    """Errors from within signing and verifying carry no key in any frame."""
    account = merchant()
    for attempt in (
        lambda: account.sign(payment_request(email="none")),
        lambda: account.verify(answer(signed_form())),
        lambda: hash_ver3([("a", 1)], KEY),
    ):
        with pytest.raises(cmi.CmiError) as caught:
            attempt()
        assert KEY not in shown(caught.value)


def test_key_cannot_be_pickled_or_copied_away():
    """Pickling a merchant or a secret raises, so that no queue or cache stores the key."""
    for thing in (merchant(), Secret(KEY)):
        with pytest.raises(TypeError):
            pickle.dumps(thing)
        with pytest.raises(TypeError):
            copy.deepcopy(thing)


def test_secrets_compare_by_identity_only():
    """Two secrets of the same text are not equal, so that comparing cannot be used to guess."""
    assert Secret(KEY) != Secret(KEY)
    assert Secret(KEY) != KEY


@pytest.mark.parametrize("key", ["", "abc", None, 5, b"TEST1234", [], [b"TEST1234"], [None]])
def test_keys_must_be_text_of_some_length(key):
    """Empty, short and non-text keys are refused at construction."""
    with pytest.raises(cmi.ConfigurationError):
        merchant(store_key=key)


def test_key_rotation():
    """The newest key signs; callbacks under any listed key verify; under a dropped key they do not."""
    form = signed_form()
    rotated = merchant(store_key=["NEWKEY99", "TEST1234"])
    assert "RAK-7f3kq9z2mb4wx1t8" == rotated.verify(answer(form)).order_id
    assert rotated.sign(payment_request(), random=lambda: "x" * 20) == merchant(store_key="NEWKEY99").sign(
        payment_request(), random=lambda: "x" * 20
    )
    with pytest.raises(cmi.InvalidSignatureError):
        merchant(store_key="NEWKEY99").verify(answer(form))


def test_keys_for_other_purposes_are_derived():
    """Each purpose has a key of 32 bytes, the same in every process and unlike that of any other, or of our own seal."""
    account = merchant()
    keys = {purpose: account.derive_key(purpose) for purpose in ("links", "cookies", "seal v1")}
    assert keys == {purpose: merchant(name="SRM").derive_key(purpose) for purpose in keys}
    assert {32} == {len(key) for key in keys.values()}
    assert 4 == len({*keys.values(), account.store_keys[0].derive("seal v1")})


def test_derived_keys_follow_the_newest_store_key():
    """After a rotation they are others: the docstring says what that means."""
    rotated = merchant(store_key=["NEWKEY99", KEY])
    assert merchant(store_key="NEWKEY99").derive_key("links") == rotated.derive_key("links")
    assert merchant().derive_key("links") != rotated.derive_key("links")


@pytest.mark.parametrize("purpose", ["", None, b"links"])
def test_a_derived_key_has_a_purpose(purpose):
    """A key for nothing in particular would be used for everything."""
    with pytest.raises(cmi.ConfigurationError):
        merchant().derive_key(purpose)


def test_evolve_keeps_the_keys():
    """`attrs.evolve` gives the same account with one change."""
    evolved = attrs.evolve(MERCHANT, name="SRM")
    assert "SRM" == evolved.name
    assert evolved.verify(answer(signed_form(), APPROVED)).order_id


@pytest.mark.parametrize("url", ["http://pay.example/fim", "http://10.0.0.1/", "ftp://x.example/", "", "/fim", None, "https://", "https://u:p@x/", "https://x/?q=1",
                                 "http://localhost.evil.example/", "https://x:0/", "https://x:999999/", "https://exa mple/", "http://local\nhost/", "https://x;script-src/", "https://x.example\\evil/",
                                 "https://é.example/", "https://x'/", "https://@x.example/"])  # fmt: skip
def test_plain_http_gateways_are_refused(url):
    """Money travels over https only."""
    for wrong in ({"url": url, "api_url": cmi.TEST.api_url}, {"url": cmi.TEST.url, "api_url": url}):
        with pytest.raises(cmi.ConfigurationError):
            cmi.Gateway(**wrong)


@pytest.mark.parametrize("host", ["127.0.0.1:8101", "localhost:8101", "[::1]:8101", "127.8.9.1"])
def test_loopback_may_be_plain(host):
    """A simulator on this machine needs no certificate."""
    assert f"http://{host}" == cmi.Gateway(f"http://{host}/fim/est3Dgate", f"http://{host}/fim/api").origin


def test_dates_of_a_contract_are_in_order():
    """A contract cannot end before it begins."""
    from datetime import date

    assert merchant(valid_from=date(2024, 1, 1), valid_until=date(2024, 12, 31)).valid_until
    with pytest.raises(cmi.ConfigurationError):
        merchant(valid_from=date(2025, 1, 1), valid_until=date(2024, 12, 31))
    with pytest.raises(cmi.ConfigurationError):
        merchant(valid_from="2025-01-01")


@pytest.mark.parametrize("wrong", [{"callback_policy": {}}, {"observer": 5}])
def test_a_policy_or_observer_of_another_type(wrong):
    """What would fail at the first callback only is refused where the merchant is made."""
    with pytest.raises(cmi.ConfigurationError, match=next(iter(wrong))):
        cmi.Merchant("600000099", "TEST1234", cmi.TEST, **wrong)


def test_only_a_payment_request_is_signed():
    """Anything else is refused by name."""
    with pytest.raises(cmi.FieldError, match="PaymentRequest"):
        cmi.Merchant("600000099", "TEST1234", cmi.TEST).sign({"amount": "114.26"})

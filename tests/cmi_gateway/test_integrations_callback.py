"""The callback's view in every framework: honest and hostile bodies through the framework's own test client."""

import logging

import pytest

import cmi_gateway as cmi
from cmi_gateway.callback_body import MAX_BODY
from cmi_gateway.integrations import django as for_django
from cmi_gateway.integrations import fastapi as for_fastapi
from cmi_gateway.integrations import flask as for_flask
from support.adapter_kit import CALLBACK, SITES, DjangoSite
from support.gateway_kit import APPROVED, DECLINED, MERCHANT, answer, answer_fields, signed_body, signed_form

pytestmark = pytest.mark.parametrize("site", SITES.values(), ids=SITES)
FORM = signed_form()
EMAIL = "client@example.com"


def matched(callback):
    callback.must_match(order_id=FORM.order_id, amount=cmi.Money.parse("114.26"), sent=FORM.fields)
    return callback.reply


def word(site, body, handler=matched, **request):
    """Post *body*; give the word that came back, once everything else about the answer is right."""
    got = site(handler, FORM).send("POST", CALLBACK, body, **request)
    assert (200, "text/plain; charset=utf-8") == (got.status, got.headers["content-type"])
    assert "no-store" in got.headers["cache-control"]
    return got.body


@pytest.mark.parametrize(
    ("results", "expected"),
    [(APPROVED, b"ACTION=POSTAUTH"), (DECLINED, b"APPROVED")],
    ids=["approved", "declined"],
)
def test_an_honest_callback_gets_its_word(site, results, expected):
    """An approval and a decline are answered with the bare word and no line end."""
    assert expected == word(site, answer(FORM, results))


def test_the_view_gets_the_bytes_as_they_came(site):
    """Spaces around values, empty values, odd names and the final line feed reach `verify` untouched."""
    seen = []

    def verify(body):
        seen.append(body)
        return MERCHANT.verify(answer(FORM))

    body = b"a=+x+&b=&EXTRA.TRXDATE=1&c=%C3%A9%0A\n"
    got = site(matched, FORM, verify).send("POST", CALLBACK, body)
    assert (b"ACTION=POSTAUTH", [body]) == (got.body, seen)


def test_a_value_with_spaces_verifies(site):
    """A callback whose values a trimming form parser would change is verified all the same."""
    body = signed_body(answer_fields(FORM) | {"shopNote": "  two spaces  ", "empty": ""})
    assert b"ACTION=POSTAUTH" == word(site, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\x00\xff\xfe",
        b"HASH=x",
        b"a=1&a=2",
        b"&".join(b"f%d=1" % number for number in range(5000)),
        b"x" * MAX_BODY,
    ],
    ids=["empty", "line", "bytes", "hash", "repeated", "fields", "long"],
)
def test_what_is_no_callback_is_a_failure(site, body):
    """Whatever a stranger posts is answered FAILURE with status 200, and the handler never hears of it."""
    assert b"FAILURE" == word(site, body, handler=pytest.fail)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"oid": "RAK-7f3kq9z2mb4wx1t8", "ProcReturnCode": "00"}'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="HASH"\r\n\r\nx\r\n--b--\r\n',
        ),
        ("multipart/form-data", b"no boundary"),
        ("text/xml; charset=nonsense", b"<a/>"),
        ("", b"oid=1"),
    ],
    ids=["json", "multipart", "no boundary", "xml", "no type"],
)
def test_other_kinds_of_bodies_are_a_failure(site, content_type, body):
    """JSON, multipart and nonsense are answered FAILURE: nothing but the signed form counts."""
    assert b"FAILURE" == word(site, body, handler=pytest.fail, content_type=content_type)


def test_the_kind_that_is_announced_does_not_matter(site):
    """A signed form is taken whatever its header says: the hash decides."""
    assert b"ACTION=POSTAUTH" == word(site, answer(FORM), content_type="text/plain")


def test_a_long_body_is_refused(site):
    """A body of 2 MB is refused, announced or chunked."""
    body = answer(FORM) + b"&x=" + b"y" * 2_000_000
    assert b"FAILURE" == word(site, body, handler=pytest.fail)
    assert b"FAILURE" == site(pytest.fail, FORM).send_chunked(CALLBACK, body).body


def test_a_chunked_callback_is_taken(site):
    """A callback that comes in chunks is whole when they all are there."""
    assert b"ACTION=POSTAUTH" == site(matched, FORM).send_chunked(CALLBACK, answer(FORM)).body


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_answered(site, method):
    """Any other method is answered 405 and reaches nobody."""
    got = site(pytest.fail, FORM).send(method, CALLBACK)
    assert 405 == got.status
    assert got.body not in {b"ACTION=POSTAUTH", b"APPROVED", b"FAILURE"}


def test_a_forgotten_match_is_a_failure(site, caplog):
    """A handler that forgets `must_match` gets nothing captured, and a log that says why."""
    assert b"FAILURE" == word(site, answer(FORM), handler=lambda callback: callback.reply)
    assert "UncheckedCallbackError" in caplog.text


@pytest.mark.parametrize("value", [None, True, "APPROVED", "ACTION=POSTAUTH\n", b"APPROVED"])
def test_what_is_no_reply_is_a_failure(site, value):
    """A handler that gives anything but a Reply is answered FAILURE."""
    assert b"FAILURE" == word(site, answer(FORM), handler=lambda _: value)


def test_an_exception_is_a_failure_and_its_log_has_no_body(site, caplog):
    """A handler that raises is answered FAILURE; the log has its traceback and nothing of the callback."""

    def broken(callback):
        raise LookupError("no such table")

    with caplog.at_level(logging.DEBUG):
        assert b"FAILURE" == word(site, answer(FORM), handler=broken)
    assert "no such table" in caplog.text
    assert EMAIL not in caplog.text
    assert FORM.hash not in caplog.text


def test_a_refusal_is_logged_in_one_line(site, caplog):
    """A forged callback leaves a line with a fixed name, without a traceback."""
    with caplog.at_level(logging.DEBUG):
        assert b"FAILURE" == word(site, answer(FORM, store_key="OTHER123"), handler=pytest.fail)
    (record,) = [found for found in caplog.records if found.name == "cmi_gateway.integrations"]
    assert ("InvalidSignatureError", None) == (record.cmi["reason"], record.exc_info)


def test_no_frame_of_ours_holds_the_body(site, caplog):
    """A traceback rendered with the variables of its frames shows nothing of the callback in ours."""

    def broken(callback):
        raise LookupError

    with caplog.at_level(logging.DEBUG):
        word(site, answer(FORM), handler=broken)
    (record,) = [found for found in caplog.records if found.name == "cmi_gateway.integrations"]
    trace, seen = record.exc_info[2], []
    while trace:
        seen.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    assert len(seen) >= 2
    assert not [text for text in seen if EMAIL in text or FORM.hash in text]


def test_async_handlers(site):
    """FastAPI awaits an async handler; the others refuse one where it is written, not at the first payment."""

    async def handler(callback):
        return matched(callback)

    if site is SITES["fastapi"]:
        assert b"ACTION=POSTAUTH" == word(site, answer(FORM), handler=handler)
    else:
        with pytest.raises(cmi.ConfigurationError, match="async"):
            site(handler, FORM)


def test_every_adapter_has_the_same_verbs(site):
    """Who knows one adapter knows all."""
    assert for_flask.__all__ == for_django.__all__ == for_fastapi.__all__
    assert {"reply", "callback_view"} <= set(for_flask.__all__)
    assert DjangoSite in SITES.values()

"""The callback's door and the receipt's."""

import pytest

from rak_billing.errors import JournalError
from support.gateway_kit import DECLINED
from support.portal_kit import FORM, A, gateway_answer, open_desk, return_path, sent_fields, soup, words


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def sent(desk):
    """A customer who is at the gateway."""
    return desk.pay(desk.draft(chosen=[A]))


def receipt_path(desk, sent):
    desk.callback(sent)
    return desk.client.get(return_path(sent)).location.removeprefix("http://127.0.0.1:5000")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, "ACTION=POSTAUTH"),
        (DECLINED, "APPROVED"),
        (b"oid=1&HASH=x", "FAILURE"),
        (b"", "FAILURE"),
        (b"a=" + b"x" * 1_000_000, "FAILURE"),
    ],
)
def test_the_answer_is_the_bare_word(desk, sent, body, expected):
    """Plain text, status 200, no white space, no session."""
    raw = body if isinstance(body, bytes) else gateway_answer(sent, *([body] if body else []))
    answer = desk.app.test_client().post("/cmi/callback", data=raw, content_type=FORM)
    assert (200, expected) == (answer.status_code, answer.text)
    assert "text/plain; charset=utf-8" == answer.content_type
    assert "Set-Cookie" not in answer.headers


def test_a_repeat_gets_the_same_answer_and_no_second_mail(desk, sent):
    """The gateway may post twice; the customer hears once (rule R41)."""
    answers = [desk.callback(sent) for _ in range(2)]
    for answer in answers:
        answer.close()
    assert ["ACTION=POSTAUTH"] * 2 == [answer.text for answer in answers]
    assert ["client@example.com"] == [message["To"] for message in desk.mailbox.messages]


def test_the_mail_leaves_after_the_answer(desk, sent):
    """The gateway does not wait for a mail server."""
    answer = desk.callback(sent)
    assert [] == desk.mailbox.messages
    answer.close()
    assert 1 == len(desk.mailbox.messages)


def test_a_failing_delivery_is_logged_and_not_shown(desk, sent, monkeypatch, caplog):
    """The answer has left; the outbox keeps the mail."""
    monkeypatch.setattr(type(desk.checkout), "deliver", lambda self: 1 / 0)
    answer = desk.callback(sent)
    answer.close()
    assert "ACTION=POSTAUTH" == answer.text
    assert "the outbox could not be delivered" in caplog.text


def test_a_failing_settlement_is_answered_failure(desk, sent, monkeypatch, caplog):
    """The gateway reads one of three words, whatever happens here; a person looks."""

    def fail(self, raw_body):
        raise JournalError("down for the test")

    monkeypatch.setattr(type(desk.checkout), "settle", fail)
    answer = desk.callback(sent)
    assert (200, "FAILURE") == (answer.status_code, answer.text)
    assert "a callback could not be settled" in caplog.text
    assert "client@example.com" not in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_settles(desk, method):
    """A browser that opens the address learns nothing."""
    answer = desk.client.open("/cmi/callback", method=method)
    assert (405, "OPTIONS, POST") == (answer.status_code, answer.headers["Allow"])


def test_the_receipt_shows_what_was_paid(desk, sent):
    """Rules R43 to R53 on the secret link, with the day of posting."""
    page = desk.app.test_client().get(receipt_path(desk, sent))
    text = words(page)
    for part in (
        "REÇU DE PAIEMENT",
        "032437",
        "448788",
        "18253Kw4H12730",
        "10000000001",
        "114,26",
        "11/09/2018",
    ):
        assert part in text
    assert (
        "https://www.rak.ma"
        == soup(page).find("a", string="Cliquez ici pour retourner au site marchand")["href"]
    )


def test_the_receipt_prints_by_a_script_of_the_portal(desk, sent):
    """« Imprimer » is hidden until the script is there, and the policy allows that script and no other."""
    page = desk.client.get(receipt_path(desk, sent))
    (script,) = soup(page).select("script")
    assert f"script-src 'nonce-{script['nonce']}';" in page.headers["Content-Security-Policy"]
    assert soup(page).style["nonce"] in page.headers["Content-Security-Policy"]
    assert "window.print" in desk.static(script["src"])[0]


@pytest.mark.parametrize("secret", ["x", "x" * 32, "%00", "..", "é"])
def test_an_unknown_receipt_is_an_unknown_page(desk, secret):
    """404, like any other address that does not exist."""
    assert 404 == desk.client.get(f"/recu/{secret}").status_code


def test_the_receipt_repeats_the_order_and_not_the_bill(desk, sent):
    """Rule R53: what billing says later changes nothing."""
    path = receipt_path(desk, sent)
    before = words(desk.client.get(path))
    desk.billing.statements.clear()
    assert before == words(desk.client.get(path))
    assert sent_fields(sent)["amount"] == "114.26"

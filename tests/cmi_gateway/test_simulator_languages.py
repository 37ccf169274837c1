"""The payment page in French, Arabic and English."""

import re
from html import unescape
from string import Formatter

import html5lib
import pytest

from cmi_gateway.simulator.cards import CARDS
from cmi_gateway.simulator.orders import OrderState
from cmi_gateway.simulator.texts import Texts, texts_in
from cmi_gateway.simulator.wording import card_outcome, long_date, state_text
from support.gateway_kit import signed_form
from support.simulator_kit import (
    DECLINED_51,
    MASTERCARD,
    PAID_AT,
    REFUSED_3DS,
    Clock,
    Sender,
    card_form,
    client,
    forms,
    gateway,
    open_page,
    press,
)

LANGUAGES = ("fr", "ar", "en")


def flat(t: Texts):
    """Give every text by its key; lists by their length."""
    return {
        f"{section}.{name}": value for section, table in t._sections.items() for name, value in table.items()
    }


def places(text):
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_language_has_every_text_with_the_same_places(language):
    """No key is missing or left over, no list is shorter, and no text forgets or invents a place."""
    french, other = flat(texts_in("fr")), flat(texts_in(language))
    assert french.keys() == other.keys()
    for key, text in french.items():
        if isinstance(text, str):
            assert (places(text), key) == (places(other[key]), key)
        else:
            assert (len(text), key) == (len(other[key]), key)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_no_text_was_left_in_french(language):
    """Every sentence differs from the French one, save words that are the same."""
    french, other = flat(texts_in("fr")), flat(texts_in(language))
    same = {key for key in french if french[key] == other[key]} - {"page.direction"}
    assert same <= {"order.total", "order.description", "page.date"}


@pytest.mark.parametrize("language", ["de", "", "FR", "../fr", "fr\x00"])
def test_an_unknown_language_reads_french(language):
    """Nothing but the three tags opens a file."""
    assert texts_in("fr") is texts_in(language)


def test_a_missing_text_is_a_mistake_of_ours():
    """A key that is not there is an error, not an empty text."""
    with pytest.raises(KeyError):
        texts_in("fr")("card.nothing_of_the_kind")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_card_has_its_words(language):
    """No state of an order and no test card is without a sentence."""
    t = texts_in(language)
    assert all(state_text(t, state) for state in OrderState)
    assert len({card_outcome(t, card) for card in CARDS}) >= 5


def test_dates_in_three_languages():
    """Moroccan time, the guide's odd order in French and English, the usual one in Arabic."""
    told = [long_date(texts_in(language), PAID_AT) for language in LANGUAGES]
    assert [
        "lundi, septembre 10, 2018 10:48:56",
        "الاثنين 10 شتنبر 2018، 10:48:56",
        "Monday, September 10, 2018 10:48:56",
    ] == told


@pytest.mark.parametrize(("language", "direction"), [("fr", "ltr"), ("ar", "rtl"), ("en", "ltr")])
def test_a_whole_visit_in_each_language(language, direction):
    """Form, its errors, refusal, 3-D Secure, receipt: all in the customer's language, sound HTML, banner on each."""
    t = texts_in(language)
    browser = client(send=Sender(["APPROVED", "ACTION=POSTAUTH"]))
    opened = open_page(browser, signed_form(language=language).fields)
    pay = t("card.pay")
    faulty = press(browser, opened, pay, pan="1")
    refused = press(browser, opened, pay, **card_form(DECLINED_51))
    challenge = press(browser, refused, pay, **card_form(MASTERCARD))
    result = press(browser, challenge, t("challenge.confirm"), code="123")
    for page in (opened, faulty, refused, challenge, result):
        html5lib.HTMLParser(strict=True).parse(page.text)
        assert f'<html lang="{language}" dir="{direction}">' in page.text
        assert language == page.headers["Content-Language"]
        assert t("page.simulator") in unescape(page.text)
    assert t("problem.pan") in unescape(faulty.text)
    assert "(51)" in refused.text
    assert t("result.accepted") in result.text
    assert [t("page.back")] == list(map(unescape, forms(result.text)))


def test_a_refusal_by_3d_secure_is_told_in_arabic():
    """Where the gateway's own message is French, the page has the customer's words."""
    t = texts_in("ar")
    browser = client()
    opened = open_page(browser, signed_form(language="ar").fields)
    challenge = press(browser, opened, t("card.pay"), **card_form(REFUSED_3DS))
    refused = press(browser, challenge, t("challenge.confirm"), code="123")
    assert "لم تكتمل عملية التحقق" in refused.text
    assert "refusée" not in refused.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_notices_and_refusals_in_each_language(language):
    """Cancelled, expired and refused requests speak the language of the request."""
    t, clock = texts_in(language), Clock()
    browser = client(gateway(clock))
    form = signed_form(language=language)
    opened = open_page(browser, form.fields)
    clock.advance(hours=1)
    expired = press(browser, opened, t("card.pay"), **card_form())
    refused = open_page(browser, [*form.fields, ("added", "later")])
    assert re.search(f"<h1>{t('notice.expired_title')}</h1>", expired.text)
    assert re.search(f"<h1>{t('refusal.title')}</h1>", refused.text)
    # The gateway's own message stays what the merchant gets.
    assert "Code de sécurité erronné" in refused.text


def test_an_order_without_lines_has_no_empty_table():
    """As on the real page, the table is left out; the total is not."""
    page = open_page(client(), signed_form(lines=[]).fields).text
    assert 1 == page.count("<table")
    assert "114.26 MAD" in page

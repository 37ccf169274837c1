"""The simulator's pages in Chromium, on a phone: the Arabic card page and the inspection page, without JavaScript too."""

import pytest

from cmi_gateway import Merchant
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.delivery import CallbackAnswer
from cmi_gateway.simulator.faults import CallbackLate, FaultPlan, Next
from cmi_gateway.simulator.server import running_simulator
from cmi_gateway.simulator.texts import inspection_texts, texts_in
from support.browser_kit import PHONE, chromium, visit
from support.gateway_kit import STORE_KEY, payment_request
from support.simulator_api_kit import account
from support.simulator_kit import DECLINED_51, MASTERCARD, PAID_AT

pytestmark = pytest.mark.browser
#: Whether the first group of every card number stands to the left of its last group.
READS_ONWARDS = """() => [...document.querySelectorAll(".number")].every((element) => {
  const place = (from, to) => {
    const range = document.createRange();
    range.setStart(element.firstChild, from);
    range.setEnd(element.firstChild, to);
    return range.getBoundingClientRect().left;
  };
  return place(0, 4) < place(element.textContent.length - 4, element.textContent.length);
})"""
AR, INSPECT = texts_in("ar"), inspection_texts()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def simulator():
    clock = VirtualClock(PAID_AT)
    answer = CallbackAnswer(200, "ACTION=POSTAUTH")
    with running_simulator(
        [account()], clock=clock, inspect=True, send_callback=lambda url, body: answer
    ) as served:
        yield served


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def phone(browser, tmp_path, request):
    """Open a phone's window; at the end the browser must not have complained of anything."""
    with visit(browser, tmp_path, size=PHONE, script=request.param) as opened:
        yield opened
    assert [] == opened.complaints


def send_form(window, simulator, language):
    """Go to the payment page as a customer sent by a merchant's page."""
    request = payment_request(language=language)
    form = Merchant("600000099", STORE_KEY, simulator.gateway, "RAK").sign(request)
    window.page.goto("about:blank")
    window.page.set_content(form.html())
    button = window.page.locator("form#cmi button")
    if button.count():
        button.click()


def fill(window, number):
    """Type a card into the Arabic page."""
    page = window.page
    page.get_by_label(AR("card.holder")).fill("Amina Ait Ben")
    page.get_by_label(AR("card.number")).fill(number)
    page.locator("#Ecom_Payment_Card_ExpDate_Month").select_option("12")
    page.locator("#Ecom_Payment_Card_ExpDate_Year").select_option(index=5)
    page.get_by_label(AR("card.code")).fill("987")
    page.get_by_label(AR("card.terms")).check()
    window.press(AR("card.pay"))


def test_a_card_is_paid_in_arabic_on_a_phone(phone, simulator, request):
    """Right to left, nothing wider than the window, every control named and focusable, on each page of the visit."""
    script = request.node.callspec.params["phone"]
    # The shop is nowhere on the network: its return page is answered here.
    phone.page.route("https://portal.example/**", lambda route: route.fulfill(body="<h1>Boutique</h1>"))
    send_form(phone, simulator, "ar")
    phone.arrive(AR("card.title"))
    assert "rtl" == phone.page.locator("html").get_attribute("dir")
    assert [] == phone.debts() + phone.hidden_focus()
    box = phone.page.get_by_label(AR("card.holder")).bounding_box()
    label = phone.page.get_by_text(AR("card.holder"), exact=True).bounding_box()
    assert box["x"] + box["width"] == pytest.approx(label["x"] + label["width"], abs=2)
    assert phone.page.evaluate(READS_ONWARDS)
    phone.press(AR("card.pay"))
    phone.page.get_by_text(AR("card.correct")).wait_for()
    assert [] == phone.debts()
    fill(phone, DECLINED_51)
    phone.page.get_by_text(AR("card.refused")).wait_for()
    fill(phone, MASTERCARD)
    phone.arrive(AR("challenge.title"))
    assert [] == phone.debts()
    phone.page.get_by_label(AR("challenge.code")).fill("123")
    phone.press(AR("challenge.confirm"))
    if script:  # AutoRedirect: the receipt is never seen
        phone.arrive("Boutique")
        return
    phone.arrive(AR("result.accepted_title"))
    assert [] == phone.debts() + phone.hidden_focus()
    phone.press(AR("page.back"))
    phone.arrive("Boutique")


def test_the_inspection_page_works_on_a_phone(phone, simulator):
    """Set a fault, see it, see the waiting callback, move the clock, see it sent, resend it, close the batch."""
    page = phone.page
    page.goto(f"{simulator.url}/simulateur/")
    assert [] == phone.debts() + phone.hidden_focus()
    page.get_by_label(INSPECT("faults.kind"), exact=True).select_option("callback-late")
    phone.press(INSPECT("faults.add"))
    page.get_by_text("callback-late, seconds 30.0").wait_for()
    assert FaultPlan.of(CallbackLate(), when=Next(1)) == simulator.courier.faults.plan
    send_form(phone, simulator, "ar")
    fill(phone, "4000000000000010")
    phone.arrive(AR("notice.waiting_title"))
    page.goto(f"{simulator.url}/simulateur/")
    page.get_by_label(INSPECT("clock.unit")).select_option("hours")
    phone.press(INSPECT("clock.move"))
    summary = page.locator("details summary").filter(has_text="ACTION=POSTAUTH")
    summary.click()
    phone.press(INSPECT("callbacks.resend", number=1))
    page.locator("details summary").nth(1).wait_for()
    for details in page.locator("details summary").all():
        details.click()
    phone.press(INSPECT("batches.close"))
    page.get_by_text("lot 2, ouvert").wait_for()
    assert [] == phone.debts() + phone.hidden_focus()
    page.get_by_label(INSPECT("faults.plan")).fill("[[fault")
    phone.press(INSPECT("faults.set"))
    page.get_by_role("alert").wait_for()
    assert [] == phone.debts()

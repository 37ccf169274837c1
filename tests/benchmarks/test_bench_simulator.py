"""How many payments the simulated gateway carries in one process, and what its XML API costs."""

from itertools import count

from cmi_gateway import Money, Reply
from cmi_gateway.testing.samples import sample_request
from support.simulator_api_kit import desk, form, request
from support.simulator_kit import VISA, card_form


def test_a_journey_in_process(benchmark, measured):
    """Open, pay, answer the callback with a capture: signatures both ways, no socket."""
    books = desk()
    numbers = count()
    # Signed beforehand: the merchant's share is measured elsewhere.
    forms = [form(f"RAK-{number}").fields for number in range(2_100)]

    def journey():
        token = books.state.open(forms[next(numbers) % len(forms)]).token
        books.state.pay(token, card_form(VISA))
        books.state.record_reply(token, Reply.CAPTURE)

    benchmark.pedantic(journey, rounds=2_000, warmup_rounds=50)
    measured("journeys per second", 1 / benchmark.stats["median"], aim="1,000 or more")


def test_the_status_of_an_order_among_many(benchmark, measured):
    """A query looks its order up: it does not read the books through."""
    books = desk()
    for number in range(1_000):
        books.pay(f"RAK-{number}")
    query = request("RAK-500", extra="ORDERSTATUS")
    answer = benchmark(books.state.answer_api, query)
    assert b"<TRANS_STAT>A</TRANS_STAT>" in answer
    measured("status queries per second", 1 / benchmark.stats["median"], aim="2,000 or more")


def test_a_whole_journey_between_shop_and_gateway(benchmark, measured, cmi_simulator):
    """Sign, pay, verify the callback, match, reply, capture: both sides in one process."""
    numbers, merchant, amount = count(), cmi_simulator.merchant, Money(10000)

    def journey():
        form = merchant.sign(sample_request(order_id=f"TEST-{next(numbers):016d}", amount=amount))

        def settle(body):
            callback = merchant.verify(body)
            callback.must_match(order_id=form.order_id, amount=amount, sent=form.fields)
            return callback.reply.value

        return cmi_simulator.pay(form, settle)

    visit = benchmark.pedantic(journey, rounds=1_000, warmup_rounds=50)
    assert Reply.CAPTURE is visit.attempt.reply
    measured("whole journeys per second", 1 / benchmark.stats["median"], aim="500 or more")


def test_a_capture_by_the_client(benchmark, measured, cmi_simulator):
    """The history before and the capture, each a document out and one back."""
    api, numbers, amount = cmi_simulator.api(), count(), Money(10000)
    for number in range(550):
        form = cmi_simulator.merchant.sign(sample_request(order_id=f"TEST-{number:016d}", amount=amount))
        cmi_simulator.pay(form, lambda _body: Reply.ACKNOWLEDGE.value)

    benchmark.pedantic(
        lambda: api.capture(f"TEST-{next(numbers):016d}", amount), rounds=500, warmup_rounds=50
    )
    measured("captures per second", 1 / benchmark.stats["median"], aim="500 or more")

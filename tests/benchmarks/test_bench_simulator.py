"""How many payments the simulated gateway carries in one process, and what its XML API costs."""

from itertools import count

from cmi_gateway import Reply
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

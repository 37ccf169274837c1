"""What reading the XML API's answers costs."""

from xml.etree.ElementTree import fromstring

from cmi_gateway.api.answers import read_history
from cmi_gateway.api.order import order_history
from support.api_kit import ORDER, history, line

LINES = [line("C", "S", 100, f"24001RefG{number:05d}") for number in range(19)] + [
    line("S", "S", 10000, "24001WPbH16694")
]
DOCUMENT = history(*LINES)


def test_read_a_history_of_twenty_lines(benchmark, ratio, measured):
    """Bytes into lines and totals; the yardstick is the bare, unguarded parser. Aim: under 2 ms."""

    def ours():
        return order_history(read_history(DOCUMENT), ORDER).totals

    assert (10000, 1900) == (benchmark(ours).captured.centimes, ours().refunded.centimes)
    if benchmark.enabled:
        measured("a history of 20 lines, in ms", benchmark.stats.stats.min * 1e3, aim="under 2")
    ratio(
        "a history of 20 lines / ElementTree.fromstring of the same bytes",
        ours,
        lambda: fromstring(DOCUMENT),
        aim="-",
    )

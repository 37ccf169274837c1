"""The score sheet: stable for programs, readable for everybody, and without secrets."""

import json

import pytest
from html5lib import HTMLParser

from cmi_gateway.certify.answers import CLOSED, Answer
from cmi_gateway.certify.cases import ROWS
from cmi_gateway.certify.certifying import certify
from cmi_gateway.certify.sheet import as_table, as_text
from cmi_gateway.certify.sheet_page import as_html
from support.adapter_kit import EXAMPLES
from support.browser_kit import DESKTOP, PHONE, chromium, visit
from support.certify_kit import Endpoint, Shop, play, stage
from support.gateway_kit import STORE_KEY

TOP = {"version", "url", "full_marks", "all_advice", "state_probed", "counts", "rows"}
ROW = {"id", "rule", "source", "mandatory", "sent", "expected", "why", "mend", "verdict", "came", "note"}
VERDICTS = {"passed", "failed", "could not be judged", "not applicable"}


def sheets():
    shop = Shop()
    partly = certify(stage(Endpoint(shop), shop.new_order), ["replay", "own-form"])
    return [play(), play("naive"), play("csrf"), partly]


def test_the_json_keeps_its_names():
    """What the documentation promises to programs, for sheets of every kind."""
    for sheet in sheets():
        table = json.loads(json.dumps(as_table(sheet)))
        assert TOP == table.keys()
        assert 1 == table["version"]
        assert list(ROWS) == [row["id"] for row in table["rows"]]
        assert {frozenset(ROW)} == {frozenset(row) for row in table["rows"]}
        assert {"mandatory", "advisory"} == table["counts"].keys()
        assert {frozenset(VERDICTS)} == {frozenset(tally) for tally in table["counts"].values()}
        assert 60 == sum(sum(tally.values()) for tally in table["counts"].values())
        assert {"CMI's rule", "safest behaviour"} == {row["source"] for row in table["rows"]}


def test_the_documentation_names_what_the_json_has():
    """No name is missing from the page."""
    page = (EXAMPLES.parent / "certify-your-endpoint.md").read_text(encoding="utf-8")
    assert [] == [name for name in TOP | ROW | VERDICTS if f"`{name}`" not in page]
    assert "fifty-two are used in all" in page
    assert 52 == sum(1 for row in ROWS.values() if row.steps)


def test_the_text_says_what_to_do():
    """A failed row brings everything that is needed to mend it; one that passed its line."""
    text = as_text(play("any amount"))
    row = ROWS["wrong-amount"]
    for part in (row.why, row.mend, row.sent, row.source, "expected FAILURE, got ACTION=POSTAUTH"):
        assert part in text
    assert ROWS["replay"].why not in text
    assert "Not full marks: 45 of 47 mandatory rows passed, 13 of 13 advisory ones." in text


def test_the_text_says_why_a_row_is_open():
    """One line under it."""
    assert "not played: the honest approval got none of the three words" in as_text(play("csrf"))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, "text/plain", b"APPROVED"), "APPROVED (status 200, text/plain)"),
        (Answer(200, "text/plain", b"APPROVED\r\n"), "APPROVED and a line end (status 200, text/plain)"),
        (Answer(200, "text/plain", b" APPROVED\t"), "APPROVED in white space (status 200, text/plain)"),
        (
            Answer(200, "", b"\xef\xbb\xbfAPPROVED"),
            "APPROVED after a byte order mark (status 200, no content type)",
        ),
        (
            Answer(200, "x<y", b'{"a": "APPROVED"}'),
            "APPROVED within other text (status 200, no content type)",
        ),
        (
            Answer(200, "text/html", b"APPROVED FAILURE"),
            "a text without one of the three words (status 200, text/html)",
        ),
        (
            Answer(500, "text/html", b"<h1>SECRET_KEY"),
            "an HTML page without one of the three words (status 500, text/html)",
        ),
        (Answer(204, "", b""), "an empty body (status 204, no content type)"),
        (Answer(302, "text/html", b"APPROVED"), "a redirect (status 302, text/html)"),
        (Answer(problem=CLOSED), CLOSED),
        (
            Answer(200, "text/plain", b"NOT_APPROVED"),
            "a text without one of the three words (status 200, text/plain)",
        ),
    ],
)
def test_an_answer_is_described_and_not_quoted(answer, said):
    """Error pages hold settings, and settings hold keys."""
    assert said == str(answer)


def test_no_secret_is_in_any_output():
    """Neither the store key nor what an endpoint babbles."""
    shop = Shop()
    babbling = Answer(500, f"text/{STORE_KEY} <b>", f"<h1>{STORE_KEY} FAILURE</h1>".encode(), 0.01)
    for sheet in (certify(stage(lambda _: babbling, shop.new_order)), *sheets()):
        for shown in (as_text(sheet), json.dumps(as_table(sheet)), as_html(sheet), repr(sheet)):
            assert STORE_KEY not in shown
            assert "client@example.com" not in shown
    assert STORE_KEY not in repr(stage(Endpoint(shop), shop.new_order))


def test_the_page_is_valid_and_quotes_nothing_raw():
    """A page that anybody's browser reads, whatever the address was."""
    shop = Shop()
    sheet = certify(stage(Endpoint(shop, "naive"), shop.new_order, url="http://127.0.0.1/<script>"))
    page = as_html(sheet)
    HTMLParser(strict=True).parse(page)
    assert "<script" not in page


def test_the_page_begins_with_what_to_mend():
    """Each failed row is linked before the first group, with what to do; a page of full marks has no such list."""
    page = as_html(play("any amount"))
    first = page.index("Callbacks of the gateway")
    assert -1 < page.find('<a href="#row-wrong-amount">') < first
    assert '<a href="#row-approval">' not in page
    assert "What to mend" not in as_html(play())


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_accessible(tmp_path, size):
    """For ears, keyboards and small screens, with passes, failures and open rows on it; it prints too."""
    with chromium() as browser:
        for number, sheet in enumerate(sheets()):
            page = tmp_path / f"sheet-{number}.html"
            page.write_text(as_html(sheet), encoding="utf-8")
            with visit(browser, tmp_path, size=size, script=True) as window:
                window.page.goto(page.as_uri())
                assert [] == window.debts()
                assert [] == window.complaints
                if size is DESKTOP:
                    assert window.page.pdf().startswith(b"%PDF")

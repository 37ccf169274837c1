"""Bills and postings in the shape of Fatourati, against a server of our own on this machine."""

import json
import socket
import time
from contextlib import suppress
from datetime import date

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.money import Money
from rak_billing.billing_posting import AlreadyPosted, Posted, Refused, RefusedReason
from rak_billing.billing_systems.fatourati import FatouratiBilling
from rak_billing.billing_systems.fatourati_documents import Biller, read_confirmation, read_unpaid
from rak_billing.billing_systems.fatourati_references import KeptRequest, KeptRequests
from rak_billing.errors import (
    BillingAnswerError,
    BillingError,
    BillingTimeoutError,
    BillingUnavailableError,
    PostingNotSentError,
    PostingUnknownError,
)
from rak_billing.exactly_once import ExactlyOnce
from support.billing_kit import (
    ARTICLES,
    CUSTOMER,
    POSTING,
    FakeFatourati,
    FatouratiServer,
    article,
    losing,
    unpaid,
    whole,
)
from support.loopback import LoopbackServer, ok, reset

BILLER = Biller("1001", "01", "NUM_CONTRAT", "EAU")


@pytest.fixture
def kept(tmp_path):
    return KeptRequests(tmp_path / "kept.db")


@pytest.fixture
def billing_at(kept):
    def make(look_up, confirm=None, **options):
        settings = {"unknown_client_codes": {"105"}, "seconds": 5.0} | options
        return FatouratiBilling(
            biller=BILLER, look_up=look_up, confirm=confirm or look_up, kept=kept, **settings
        )

    return make


@pytest.fixture
def hub(billing_at):
    fake = FakeFatourati()
    with FatouratiServer(fake) as server:
        root = server.url.removesuffix("/fim/api")
        yield fake, billing_at(f"{root}/impayes", f"{root}/confirm", is_repeat_safe=True)


def posting_of(billing, **changes):
    invoices = billing.statement(CUSTOMER).invoices
    paid = [
        attrs.evolve(old, reference=new.reference)
        for old, new in zip(POSTING.invoices, invoices, strict=True)
    ]
    return attrs.evolve(POSTING, **({"invoices": paid} | changes))


def test_what_is_owed_is_read(hub):
    """Amount, day and the demand to be paid come from the article; name and address are not told."""
    _, billing = hub
    statement = billing.statement(CUSTOMER)
    first, second = statement.invoices
    assert (CUSTOMER, "", "") == attrs.astuple(statement.account)
    assert (Money(11302), date(2018, 4, 14), "EAU", False) == (
        first.amount,
        first.due_date,
        first.service,
        first.is_mandatory,
    )
    assert (Money(10581), True) == (second.amount, second.is_mandatory)


def test_an_unknown_client_is_none_and_nothing_to_pay_is_a_statement(hub, billing_at):
    """Both are answers, and neither is an error."""
    _, billing = hub
    assert billing.statement("7") is None
    with LoopbackServer([whole(unpaid())]) as server:
        assert () == billing_at(server.url).statement(CUSTOMER).invoices


def test_a_payment_is_confirmed_once(hub):
    """The second time it is known, by the reference that was kept before the first."""
    fake, billing = hub
    posting = posting_of(billing)
    first, second = billing.post(posting), billing.post(posting)
    assert Posted(second.billing_reference) == first
    assert isinstance(second, AlreadyPosted)
    assert {posting.key: 1} == fake.books


def test_what_is_confirmed_is_what_came(hub):
    """Reference, articles and technical parameters go back unchanged, with our key and the sum of the articles."""
    fake, billing = hub
    billing.post(posting_of(billing))
    assert {
        "creancierID": "1001",
        "creanceID": "01",
        "refTxFatourati": str(fake.opened),
        "refTxSysPmt": POSTING.key,
        "codeDevise": "504",
        "montantTotalTTC": "218.83",
        "globalParams": [{"libelle": "", "nomChamp": "contrPaiement", "valeurChamp": "3"}],
        "ListeArticleSelectionnes": list(ARTICLES),
    } == fake.confirmed[0]


def test_a_lost_answer_is_unknown_and_a_repeat_books_nothing(hub):
    """What the hub has done is not done again."""
    fake, billing = hub
    posting = posting_of(billing)
    with losing(fake), pytest.raises(PostingUnknownError, match="no whole answer came"):
        billing.post(posting)
    assert isinstance(billing.post(posting), AlreadyPosted)
    assert 1 == fake.books[posting.key]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"customer_ref": "7"}, RefusedReason.UNKNOWN_CUSTOMER),
        ({"invoices": POSTING.invoices}, RefusedReason.UNKNOWN_INVOICE),
        ({"invoices": None}, RefusedReason.AMOUNT_DIFFERS),
    ],
)
def test_what_the_hub_does_not_owe_is_refused(hub, change, reason):
    """Nothing is confirmed that is not among the articles, at its amount."""
    fake, billing = hub
    posting = posting_of(billing)
    if change == {"invoices": None}:
        change = {"invoices": [attrs.evolve(posting.invoices[0], amount=Money(1))]}
    assert reason is billing.post(attrs.evolve(posting, **change)).reason
    assert not fake.books


def test_another_payment_under_a_kept_key_is_refused(hub):
    """A key names one payment for ever."""
    _, billing = hub
    posting = posting_of(billing)
    billing.post(posting)
    other = attrs.evolve(posting, receipt_number="10000764161")
    assert RefusedReason.KEY_REUSED is billing.post(other).reason


def test_the_way_is_park_until_the_operator_knows_better(billing_at):
    """That 301 makes repeats harmless is said by third parties only."""
    assert ExactlyOnce.PARK is billing_at("https://hub.example/impayes").exactly_once
    assert ExactlyOnce.KEY is billing_at("https://hub.example/impayes", is_repeat_safe=True).exactly_once


def test_requests_can_be_completed(hub):
    """A seal that the contract asks for is added to both documents."""
    fake, billing = hub
    seen = []
    sealed = attrs.evolve(billing, complete=lambda request: seen.append(request) or request | {"MAC": "x"})
    sealed.post(posting_of(sealed))
    assert 3 == len(seen)
    assert 1 == fake.books[POSTING.key]


HTML = b"<html><body>Service indisponible</body></html>"


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (ok(b"", status="500 Internal Server Error"), BillingUnavailableError),
        (ok(HTML, status="503 Service Unavailable"), BillingUnavailableError),
        (ok(HTML), BillingAnswerError),
        (ok(b""), BillingAnswerError),
        (ok(b"[" * 100_000), BillingAnswerError),
        (ok(b"{" + b" " * 400_000 + b"}"), BillingUnavailableError),
        (ok(b"", "Location: http://169.254.169.254/", status="302 Found"), BillingUnavailableError),
        (lambda connection: reset(connection) or b"", BillingUnavailableError),
        (whole(unpaid(*ARTICLES))[:-20], BillingUnavailableError),
        (whole(unpaid(codeRetour="902")), BillingUnavailableError),
        (whole(unpaid(codeRetour="106")), BillingAnswerError),
        (whole(unpaid(*ARTICLES, codeDevise="978")), BillingAnswerError),
        (whole(unpaid(*ARTICLES, nbreCreances=3)), BillingAnswerError),
        (whole(unpaid(ARTICLES[0], ARTICLES[0])), BillingAnswerError),
        (whole(unpaid(article("1"), article("2"))), BillingAnswerError),
        (whole(unpaid(article(day=None))), BillingAnswerError),
        (whole(unpaid(article(description="half a character \ud800"))), BillingAnswerError),
        (whole(unpaid(article("FRAIS", "x" * 70, day="31/02/2018"))), BillingAnswerError),
    ],
    ids=lambda value: None if callable(value) else getattr(value, "__name__", None),
)
def test_trouble_is_never_nothing_to_pay(billing_at, play, error):
    """An outage, an answer that is none, and one that cannot be true are errors; the portal has a page for them."""
    with LoopbackServer([play]) as server, pytest.raises(error):
        billing_at(server.url).statement(CUSTOMER)


def test_nobody_there_is_an_outage(billing_at):
    """Neither looking up nor posting takes a closed door for an answer; and nothing was sent."""
    # Held, and not listened on: nobody else gets the port meanwhile.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        billing = billing_at(f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(BillingUnavailableError, match="no connection"):
            billing.statement(CUSTOMER)
        with pytest.raises(PostingNotSentError, match="before it was sent"):
            billing.post(POSTING)


def drip(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(40):
        connection.sendall(b" ")
        time.sleep(0.05)
    return b""


def test_a_slow_answer_ends_in_time(billing_at):
    """A byte now and then does not keep a customer waiting."""
    with LoopbackServer([drip]) as server, pytest.raises(BillingTimeoutError, match=r"longer than 0\.3 s"):
        billing_at(server.url, seconds=0.3).statement(CUSTOMER)


@pytest.mark.parametrize(
    "price",
    [
        "1,234.56",
        "113,02",
        "1.234",
        "1e3",
        "-5",
        "",
        "0",
        "0.00",
        "١٢٣",
        "NaN",
        " 1",
        "99999999999",
        None,
        True,
    ],
)
def test_an_amount_in_another_form_is_no_amount(price):
    """What could be read in two ways is not read."""
    with pytest.raises(BillingAnswerError, match="prixTTC"):
        read_unpaid(json.dumps(unpaid(article(price=price))).encode())


@pytest.mark.parametrize(
    ("price", "centimes"), [("20", 2000), ("120.16", 12016), ("120.1", 12010), (120.16, 12016)]
)
def test_amounts_are_exact_however_they_come(price, centimes):
    """Text or number, centimes are read from the figures as written."""
    found = read_unpaid(json.dumps(unpaid(article(price=price))).encode())
    assert centimes == found.articles[0].amount.centimes


@pytest.mark.parametrize(
    "change",
    [
        {"typeArticle": 4},
        {"typeArticle": None},
        {"idArticle": "../x y"},
        {"description": None},
        {"dateFacture": "2018-04-14"},
        {"dateFacture": 7},
        {"dateFacture": []},
        {"dateFacture": {}},
    ],
)
def test_an_article_that_is_not_understood_refuses_the_answer(change):
    """A bill is shown whole, or not at all."""
    with pytest.raises(BillingAnswerError):
        read_unpaid(json.dumps(unpaid(article() | change)).encode())


@pytest.mark.parametrize(
    "body",
    [
        b'{"codeRetour":"000","codeRetour":"105"}',
        b'{"codeRetour":NaN}',
        b'{"codeRetour":1e400}',
        b'{"codeRetour":' + b"9" * 5000 + b"}",
        b"[]",
        b"null",
        b"\xff",
        b'{"codeRetour":"000","impayesParams":{}}',
        b'{"codeRetour":"000","impayesParams":[7]}',
        b'{"codeRetour":["000"]}',
    ],
)
def test_a_document_that_says_two_things_says_none(body):
    """Repeated names, strange numbers and other shapes are refused."""
    with pytest.raises(BillingAnswerError):
        read_unpaid(body, unknown_client_codes=frozenset({"105"}))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"codeRetour": "000", "refReglement": "XH4195"}, Posted("XH4195")),
        ({"codeRetour": "000"}, Posted(None)),
        ({"codeRetour": "301", "refReglement": "XH4195"}, AlreadyPosted("XH4195")),
        ({"codeRetour": "404"}, Refused(RefusedReason.OTHER, "code 404")),
        *(({"codeRetour": code}, None) for code in ("902", "908", "909", "910", "911")),
    ],
)
def test_codes_of_a_confirmation(answer, expected):
    """000 and 301 are in the books, technical codes are open, and all others are refusals."""
    assert expected == read_confirmation(json.dumps(answer).encode())


@pytest.mark.parametrize(
    "play",
    [
        ok(HTML),
        ok(HTML, status="500 Internal Server Error"),
        whole({"codeRetour": "908"}),
        whole({"codeRetour": "000", "refReglement": ["x"]}),
        lambda connection: reset(connection) or b"",
    ],
    ids=["html", "500", "908", "list", "reset"],
)
def test_a_confirmation_without_a_clear_answer_is_unknown(billing_at, play):
    """Whatever came after it was sent, it may be in the books; and it was sent once."""
    with LoopbackServer([whole(unpaid(*ARTICLES))]) as bills, LoopbackServer([play]) as server:
        billing = billing_at(bills.url, server.url)
        with pytest.raises(PostingUnknownError):
            billing.post(posting_of(billing))
        assert 1 == len(server.requests)


def test_a_confirmation_that_never_left_was_not_sent(billing_at):
    """A closed door after the look-up proves that nothing was booked."""
    with LoopbackServer([b""]) as closed:
        url = closed.url
    with LoopbackServer([whole(unpaid(*ARTICLES))]) as bills:
        billing = billing_at(bills.url, url)
        with pytest.raises(PostingNotSentError, match="no connection"):
            billing.post(posting_of(billing))


def test_the_guides_words_are_read(billing_at):
    """A biller that words its articles as the guide does has its periods and due dates shown."""
    words = "GERANCE:ELECTRICITE, PERIODE:01/02/2018, DATE ECHEANCE:14/04/2018"
    with LoopbackServer([whole(unpaid(article(description=words, day=None)))]) as server:
        (invoice,) = billing_at(server.url).statement(CUSTOMER).invoices
    assert words == invoice.description


@pytest.mark.parametrize(
    "url", ["http://hub.example/x", "ftp://hub.example", "https://hub.example/?a=b", "hub"]
)
def test_only_https_is_spoken_to_others(billing_at, url):
    """Plain http is for this machine only."""
    with pytest.raises(ConfigurationError, match="https"):
        billing_at(url)


def test_the_first_request_is_kept(kept, tmp_path):
    """Of two workers that look up at once, both send what the first one kept."""
    assert kept.of("k") is None
    first, second = KeptRequest("d1", "one"), KeptRequest("d2", "two")
    assert [first, first, first] == [kept.keep("k", first), kept.keep("k", second), kept.of("k")]
    (tmp_path / "folder").mkdir()
    with pytest.raises(BillingUnavailableError, match="kept requests cannot be used"):
        KeptRequests(tmp_path / "folder")


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: (
            st.lists(c)
            | st.dictionaries(
                st.sampled_from(["codeRetour", "impayesParams", "refReglement", "idArticle"]), c
            )
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_an_answer_or_an_error_of_ours(body):
    """A stranger's document never brings another error."""
    for read in (read_unpaid, read_confirmation):
        with suppress(BillingError):
            read(body)

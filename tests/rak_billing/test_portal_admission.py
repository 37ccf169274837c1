"""Who may look bills up: people, and not too often."""

import pytest

from rak_billing.portal.limits import Allowance
from support.portal_kit import Anybody, open_desk, soup, words


class Nobody(Anybody):
    """A human check that lets nobody in."""

    def passed(self, answers, *, binding):
        return False


def test_no_look_up_without_the_human_check(tmp_path):
    """Rule R09: the check comes first, and its failure is shown at its field."""
    with open_desk(tmp_path, human_check=Nobody()) as desk:
        answer = desk.identify()
        assert (422, []) == (answer.status_code, desk.billing.asked)
        assert ["#check"] == [link["href"] for link in soup(answer).select(".summary a")]


NUMBERS = [
    "zéro",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
]


def test_the_portals_own_check_is_solved_without_script(tmp_path):
    """The sum in words, typed in figures, with the token of the form."""
    with open_desk(tmp_path, human_check=None) as desk:
        page = soup(desk.client.get("/identification"))
        question = page.find("label", attrs={"for": "check_answer"}).get_text().replace("\u00a0?", "").split()
        answer = NUMBERS.index(question[2]) + NUMBERS.index(question[4])
        fields = {field["name"]: field["value"] for field in page.select("form input[type=hidden]")}
        email = {"email": "a@x.ma", "email_again": "a@x.ma", "card": "moroccan", "customer_ref": "123456789"}
        sent = desk.client.post("/identification", data=fields | email | {"check_answer": str(answer)})
        assert 303 == sent.status_code


@pytest.mark.parametrize("disguise", [{"X-Human": "1"}, {"X-Test": "true"}, {"Cookie": "human=1"}])
def test_no_header_switches_the_check_off(tmp_path, disguise):
    """There is no door for tests."""
    with open_desk(tmp_path, human_check=None) as desk:
        fields = {
            "csrf_token": desk.csrf(),
            "customer_ref": "123456789",
            "email": "a@x.ma",
            "email_again": "a@x.ma",
        }
        desk.app.testing = True
        answer = desk.client.post(
            "/identification?human=1", data=fields | {"card": "moroccan"}, headers=disguise
        )
        assert answer.status_code in {400, 422}
        assert [] == desk.billing.asked


@pytest.mark.parametrize(
    "limit",
    [{"per_address": Allowance(2, 600)}, {"per_customer": Allowance(2, 600)}],
    ids=["address", "customer"],
)
def test_too_many_look_ups_have_to_wait(tmp_path, limit):
    """Codes cannot be tried in bulk, nor one customer be watched; the answer says how long to wait."""
    with open_desk(tmp_path, **limit) as desk:
        answers = [desk.identify() for _ in range(3)]
        assert [303, 303, 429] == [answer.status_code for answer in answers]
        assert 0 < int(answers[2].headers["Retry-After"]) <= 600
        assert "Réessayez dans" in words(answers[2])


def test_a_forwarded_address_is_not_believed(tmp_path):
    """Without a proxy, the header is a stranger's claim."""
    with open_desk(tmp_path, per_address=Allowance(1, 600)) as desk:
        desk.identify()
        desk.client.environ_base["HTTP_X_FORWARDED_FOR"] = "10.1.1.1"
        assert 429 == desk.identify().status_code


def test_a_proxys_address_is_believed_where_one_is_configured(tmp_path):
    """Behind one proxy, each customer has an allowance of their own."""
    with open_desk(tmp_path, per_address=Allowance(1, 600), trusted_proxies=1) as desk:
        desk.identify()
        desk.client.environ_base["HTTP_X_FORWARDED_FOR"] = "10.1.1.1"
        assert 303 == desk.identify().status_code

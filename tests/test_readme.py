"""README and tutorial are true: commands, links, numbers and examples are those of the code."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest

import cmi_gateway as cmi
import rak_billing as rak
from cmi_gateway.simulator.cards import CARDS
from rak_billing.demo.bills import demo_clients
from support.gateway_kit import APPROVED, DECLINED, STORE_KEY, answer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
LINKS = sorted(set(re.findall(r"\]\(([^)#:]+)\)", README)))
PICTURE = "docs/images/portal.png"
PNG = b"\x89PNG\r\n\x1a\n"


class Form(HTMLParser):
    """Read the one form of a page as a browser would post it."""

    def __init__(self, page):
        super().__init__()
        self.fields = []
        self.action = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "form":
            self.action = named["action"]
        elif tag == "input" and "name" in named:
            self.fields.append((named["name"], named["value"]))


def example():
    """Give the source of the example."""
    return re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]


@pytest.fixture
def shop(monkeypatch):
    """Run the example and give its names."""
    monkeypatch.setenv("CMI_STORE_KEY", STORE_KEY)
    names = {"__name__": "shop"}
    exec(compile(example(), "README.md", "exec"), names)
    return names


@pytest.fixture
def browser(shop):
    return shop["app"].test_client()


def start(browser):
    """Press « pay » and give the form that the browser is to post."""
    page = Form(browser.post("/pay", data={"email": "client@example.com", "name": "Amina Aït Ben"}).text)
    return cmi.SignedForm(page.action, tuple(page.fields))


def call_back(browser, body):
    """Post a callback as the gateway does and give the whole answer."""
    kind = "application/x-www-form-urlencoded"
    answered = browser.post("/cmi/callback", data=body, content_type=kind)
    assert (200, "text/plain") == (answered.status_code, answered.mimetype)
    return answered.text


def test_the_example_is_short():
    """A web application that takes payments fits on half a screen."""
    assert 25 >= len([line for line in example().splitlines() if line.strip()])


def test_an_approved_payment_is_captured_once(shop, browser):
    """The example pays its order on an approval, and answers a repeat alike."""
    form = start(browser)
    assert not shop["orders"][form.order_id]["paid"]
    body = answer(form, APPROVED)
    assert ["ACTION=POSTAUTH"] * 2 == [call_back(browser, body), call_back(browser, body)]
    assert shop["orders"][form.order_id]["paid"]
    assert 1 == len(shop["replies"])


def test_a_decline_leaves_the_order_payable(shop, browser):
    """A decline is acknowledged; another try under the same order id is paid."""
    form = start(browser)
    assert "APPROVED" == call_back(browser, answer(form, DECLINED))
    assert not shop["orders"][form.order_id]["paid"]
    assert "ACTION=POSTAUTH" == call_back(browser, answer(form, APPROVED))
    assert shop["orders"][form.order_id]["paid"]


def test_nothing_is_believed_without_reason(shop, browser):
    """Nonsense, a forged hash, an unknown order and our own form sent back are answered FAILURE."""
    form = start(browser)
    unknown = start(browser)
    del shop["orders"][unknown.order_id]
    reflected = urlencode(form.fields).encode()
    bodies = [b"", b"oid=1", answer(form, store_key="another-key"), answer(unknown), reflected]
    assert ["FAILURE"] * len(bodies) == [call_back(browser, body) for body in bodies]
    assert not shop["orders"][form.order_id]["paid"]


@pytest.mark.parametrize("extra", ["demo", "test"])
def test_its_commands_stand_whole(extra):
    """Each of the two commands is one line that a newcomer can paste."""
    tail = {"demo": "rak-billing demo", "test": "pytest"}[extra]
    command = f"python3 -m venv .venv && .venv/bin/pip install -q -e '.[{extra}]' && .venv/bin/{tail}"
    assert command in README.splitlines()


def test_continuous_integration_runs_its_test_command():
    """What CI runs is what a newcomer runs, to the letter."""
    command = next(line for line in README.splitlines() if line.endswith(".venv/bin/pytest"))
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("link", LINKS)
def test_its_links_lead_somewhere(link):
    """No page, picture or file that it names is missing."""
    assert (ROOT / link).is_file()


def test_its_picture_is_a_picture():
    """The portal is shown by a PNG that a browser test took."""
    assert PICTURE in LINKS
    assert PNG == (ROOT / PICTURE).read_bytes()[: len(PNG)]


def test_the_tutorial_names_cards_and_clients_that_exist():
    """Who follows the tutorial types numbers that the demo knows."""
    cards = set(re.findall(r"`((?:\d{4} ){3}\d{4})`", TUTORIAL))
    clients = set(re.findall(r"`(\d{9})`", TUTORIAL))
    assert cards
    assert cards <= {card.grouped_number for card in CARDS}
    assert {client.customer_ref for client in demo_clients()} == clients


def test_the_tutorials_look_into_the_journal_works(tmp_path):
    """Tables and columns that the tutorial reads are those of the journal."""
    code = re.search(r"<<'EOF'\n(.*?)EOF", TUTORIAL, re.DOTALL)[1]
    (tmp_path / "rak-demo").mkdir()
    rak.Journal.open(f"sqlite:///{tmp_path}/rak-demo/journal.db").close()
    seen = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ["orders 0", "attempts 0", "callbacks 0", "receipts 0"] == seen.stdout.splitlines()

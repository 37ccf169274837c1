"""The command line: what the operator reads, and how it ends."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from cmi_gateway.simulator.cards import CARDS
from cmi_gateway.simulator.delivery import CallbackAnswer
from rak_billing.cli.demo import DemoParts
from rak_billing.cli.root import rak_billing as main
from rak_billing.demo.bills import demo_clients
from rak_billing.demo.servers import running_demo
from rak_billing.errors import JournalError

COMMAND = Path(sysconfig.get_path("scripts")) / "rak-billing"


def run(*arguments, **parts):
    return CliRunner().invoke(main, ["demo", *arguments], obj=DemoParts(**parts))


def serving(**changes):
    return lambda folder, port: running_demo(folder, port=port, **changes)


@contextmanager
def failing(error):
    raise error
    yield


def test_headless_pays_invoice_a_and_prints_the_receipt():
    """The headless demo walks the journey, prints receipt and posting date, says of when its tariff is, and succeeds."""
    result = run("--headless")
    assert (0, "") == (result.exit_code, result.stderr)
    assert "114,26 DH à payer" in result.output
    assert re.search(r"Numéro de reçu de paiement\s+: 10000000001", result.output)
    assert re.search(r"Date de constatation en agence : \d\d/\d\d/20\d\d", result.output)
    assert "ceux du guide de la RAK, de 2018" in result.output


def test_headless_fails_when_the_callback_is_lost():
    """A payment that is never confirmed ends with a reason and a status that scripts see."""
    lost = serving(send_callback=lambda url, body: CallbackAnswer(problem="lost"))
    result = run("--headless", serve=lost, patience=0.3)
    assert 1 == result.exit_code
    assert "le parcours s'est arrêté : page « REÇU DE PAIEMENT » attendue" in result.stderr


def test_headless_fails_when_bills_cannot_be_read():
    """A step that fails early is named too."""

    class NoBills:
        def statement(self, customer_ref):
            return None

    result = run("--headless", serve=serving(billing=NoBills()))
    assert 1 == result.exit_code
    assert "Aucune Facture à payer ou identifiants client inexistant" in result.stderr


def test_headless_fails_when_a_server_is_gone():
    """A server that does not answer is a failed step, not a traceback."""

    @contextmanager
    def gone(folder, port):
        with running_demo(folder, port=port) as demo:
            pass
        yield demo

    result = run("--headless", serve=gone)
    assert (1, SystemExit) == (result.exit_code, type(result.exception))
    assert "pas de réponse de http://127.0.0.1:" in result.stderr


def test_demo_prints_where_to_go_and_how_to_pay():
    """The demo prints its address, every client number, every test card, and the mail folder."""
    seen = []
    result = run("--port", "0", stoppable=lambda: nullcontext(lambda: seen.append(True)))
    assert (0, [True]) == (result.exit_code, seen)
    assert re.search(r"Portail de paiement : http://127\.0\.0\.1:\d+/", result.output)
    expected = [*(client.customer_ref for client in demo_clients()), *(card.grouped_number for card in CARDS)]
    assert [] == [words for words in expected if words not in result.output]
    assert "2018" in result.output


def test_demo_leaves_no_folder_behind():
    """Without --keep, journal, key and mails are gone when the demo ends."""
    result = run("--port", "0", stoppable=lambda: nullcontext(lambda: None))
    folder = re.search(r"Mails de confirmation : (\S+)", result.output)[1]
    assert not Path(folder).parent.exists()


def test_demo_goes_on_where_it_was(tmp_path):
    """With --keep, a second run knows that the invoice is paid; the folder's key is its owner's alone."""
    first, second = (run("--headless", "--keep", str(tmp_path)) for _ in range(2))
    assert (0, 1) == (first.exit_code, second.exit_code)
    assert "La facture 123456789 ne figure plus parmi vos factures à payer" in second.stderr
    assert 0o600 == (tmp_path / "portal.key").stat().st_mode & 0o777
    assert 1 == len(list((tmp_path / "mails").glob("*.eml")))


def test_a_port_that_is_taken_is_named():
    """A busy port is a sentence with a way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("--port", port)
    assert 1 == result.exit_code
    assert f"le port {port} est déjà pris" in result.stderr


def test_a_port_that_does_not_exist_is_refused():
    """Ports end at 65535."""
    assert 2 == run("--port", "65536").exit_code


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("no", name="bs4"), "il manque le module bs4 : installez « cmi-gateway[demo] »"),
        (PermissionError(errno.EACCES, "denied"), "le port 80 est réservé au système"),
        (PermissionError(errno.EACCES, "denied", "/x"), "ne convient pas : denied"),
        (JournalError("not a journal"), "ne convient pas : not a journal"),
    ],
)
def test_what_keeps_the_demo_from_starting_is_said(error, words):
    """Whatever is missing or in the way is one sentence, not a traceback."""
    result = run("--port", "80", serve=lambda folder, port: failing(error))
    assert (1, SystemExit) == (result.exit_code, type(result.exception))
    assert words in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_wish_to_stop_ends_the_wait(number):
    """A signal that comes before the wait begins is heard as well, and the handlers are put back."""
    before = signal.getsignal(number)
    with DemoParts().stoppable() as wait:
        signal.raise_signal(number)
        wait()
    assert before == signal.getsignal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_command(number):
    """The installed command serves until Ctrl-C or SIGTERM, then ends well, without a traceback."""
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [sys.executable, COMMAND, "demo", "--port", "0"], env=environment, **quiet
    ) as process:
        try:
            assert any("Ctrl-C" in line for line in process.stdout)
            process.send_signal(number)
            rest, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (0, "") == (process.returncode, errors)
    assert "Arrêt de la démonstration." in rest

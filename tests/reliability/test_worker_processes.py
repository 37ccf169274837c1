"""Two `rak-billing worker` processes, the gateway over HTTP, a kill, and neighbours that fail at first: every payment ends right."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from random import Random

from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import ApiHtmlError, CallbackLost, FaultPlan, Next, ReplyLost
from cmi_gateway.simulator.in_process import InProcessCustomer
from cmi_gateway.simulator.server import running_simulator
from support.gateway_kit import STORE_KEY
from support.recovery_kit import API_PASSWORD, API_USER, VISA
from support.worker_portal import CUSTOMERS, bills, clock_of, portal

WORKER = "from rak_billing.cli.root import rak_billing; rak_billing()"
SECONDS = 90


@contextmanager
def workers(folder, environment, number):
    """Give running workers; whatever happens none outlives the block."""
    running = []

    def start():
        with (folder / "workers.log").open("a") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-c", WORKER, "worker"], env=environment, stdout=log, stderr=log
                )
            )
        return running[-1]

    try:
        yield [start() for _ in range(number)], start
    finally:
        for process in running:
            process.kill()
            process.wait()


def start_payment(shop, customer):
    statement = shop.look_up(customer)
    quote = shop.quote(statement, {f"F{customer}"}, "moroccan")
    return shop.pay(
        customer,
        chosen={f"F{customer}"},
        accepted=quote.total,
        email="client@example.com",
        card="moroccan",
        terms=True,
    )


def states(shop):
    with shop.journal.engine.connect() as connection:
        attempts = connection.exec_driver_sql("SELECT state, count(*) FROM attempts GROUP BY state")
        unsent = connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        return dict(map(tuple, attempts)), unsent.scalar_one()


def test_two_workers_bring_every_payment_to_its_end(place, tmp_path):
    """
    A payment whose callback came, one whose answer was lost, one whose callback was lost, and one that nobody paid; the gateway
    answers with pages of HTML for a while, one worker is killed, mail and books fail at each first try: three are paid, posted and
    mailed once each, the fourth expires, and SIGTERM ends both workers with status 0.
    """
    (tmp_path / "minutes").write_text("0")
    account = MerchantAccount("600000099", STORE_KEY, "RAK", api_user=API_USER, api_password=API_PASSWORD)
    with running_simulator([account], clock=clock_of(tmp_path), random=Random(1)) as simulator:
        shop = portal(tmp_path, place.url, simulator.url)
        shop.billing.load(bills())
        book = FaultBook()
        customer = InProcessCustomer(simulator.state, lambda raw: shop.settle(raw).value, faults=book)
        forms = [start_payment(shop, customer_ref) for customer_ref in CUSTOMERS]
        for form, faults in zip(forms, ([], [ReplyLost()], [CallbackLost()]), strict=False):
            book.set(FaultPlan.of(*faults))
            customer.pay(form, VISA)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "RAK_BILLING_CHECKOUT": "support.worker_portal:checkout",
            "SHOP": str(tmp_path),
            "SHOP_JOURNAL": place.url,
            "SHOP_SIMULATOR": simulator.url,
        }
        simulator.courier.faults.set(FaultPlan.of(ApiHtmlError(), when=Next(2)))
        with workers(tmp_path, environment, 2) as (running, start):
            deadline, minutes = time.monotonic() + SECONDS, 0
            while states(shop) != ({"captured": 3, "expired": 1}, 0):
                assert time.monotonic() < deadline, (states(shop), (tmp_path / "workers.log").read_text())
                time.sleep(0.5)
                minutes += 15
                (tmp_path / "later").write_text(str(minutes))
                (tmp_path / "later").replace(tmp_path / "minutes")
                if minutes == 30:
                    running[0].send_signal(signal.SIGKILL)
                    running[0] = start()
            for process in running:
                process.send_signal(signal.SIGTERM)
            assert [0, 0] == [process.wait(timeout=30) for process in running]
        shop.journal.close()
        charged = [simulator.state.order("600000099", form.order_id) for form in forms]
        assert [form_total(order) for order in charged] == [11426, 11426, 11426, 0]
        assert (
            3
            == len({known["customer_ref"] for known in shop.billing.postings()})
            == len(shop.billing.postings())
        )
        assert 3 == len(list((tmp_path / "mails").glob("*.eml")))


def form_total(order):
    """Give what the customer was charged, in centimes."""
    return 0 if order is None else order.totals.net.centimes

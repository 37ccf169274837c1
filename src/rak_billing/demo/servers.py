"""The demo's two servers on this machine: the portal on SQLite with a mail folder, and the simulated gateway."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import attrs

from cmi_gateway.api.client import ApiClient
from cmi_gateway.merchant import Merchant
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.delivery import CallbackSender
from cmi_gateway.simulator.server import LoopbackServer, RunningSimulator, running_simulator, utc_now
from rak_billing.checkout import Checkout
from rak_billing.demo.bills import demo_billing
from rak_billing.mailers import FolderMailer
from rak_billing.payments.journal import Journal
from rak_billing.portal.app import create_app
from rak_billing.ports import BillingSystem
from rak_billing.tenant import Tenant
from rak_billing.worker import Worker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["RunningDemo", "running_demo"]

_CLIENT_ID: Final = "600000099"
#: Of the simulator's account only: it protects nothing, and nothing else accepts it.
_STORE_KEY: Final = "TEST1234"
#: Of the simulator's account too.
_API_USER: Final = "demo-api"
_API_PASSWORD: Final = "demo-api-password"  # noqa: S105 - as the store key: it opens nothing else
_KEY_BYTES: Final = 32
#: Seconds between two rounds of the worker: a customer waits.
_REST: Final = 0.2


@attrs.frozen(kw_only=True)
class RunningDemo:
    """
    A portal and a gateway that are being served.

    Attributes:
        portal_url: The portal's address, without a slash at the end.
        simulator: The gateway, with its orders.
        checkout: What the portal works with: tenant, journal, merchant.
        mail_folder: Where confirmation mails are written, one ``.eml`` file each.
    """

    portal_url: str
    simulator: RunningSimulator
    checkout: Checkout
    mail_folder: Path


@contextmanager
def running_demo(
    folder: Path,
    *,
    port: int = 0,
    billing: BillingSystem | None = None,
    clock: Callable[[], datetime] = utc_now,
    send_callback: CallbackSender | None = None,
    confirm: Literal["gateway", "callback"] = "gateway",
    tenant: Tenant | None = None,
) -> Iterator[RunningDemo]:
    """
    Serve portal and gateway on this machine for as long as the block lasts.

    Args:
        folder: Holds journal, mails and the portal's key; one that was used before goes on where it was.

        port: The portal's; 0 takes a free one. The gateway always takes a free one.

        billing: Where invoices come from; the demo's own clients by default.

        clock: Gives the present instant to both, aware and in UTC.

        send_callback: Posts the gateway's callbacks; by default over HTTP, to this machine only.

        confirm: What makes a payment paid, as `rak_billing.Checkout` takes it. The gateway is asked a second after its
            callback, so that needs a clock that goes.

        tenant: The operator, whose portal is at the address that is served here; the packaged one by default.

    Raises:
        OSError: The port is taken, or *folder* cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mail_folder = folder / "mails"
    mail_folder.mkdir(exist_ok=True)
    key = _secret_key(folder / "portal.key")
    account = MerchantAccount(
        client_id=_CLIENT_ID,
        store_keys=_STORE_KEY,
        name="RAK",
        api_user=_API_USER,
        api_password=_API_PASSWORD,
    )
    # The portal's address is part of its configuration, and known once its port is.
    later = _Later()
    with (
        Journal.open(f"sqlite:///{folder / 'journal.db'}") as journal,
        running_simulator([account], clock=clock, send_callback=send_callback) as simulator,
        _bound(later, port) as server,
    ):
        merchant = Merchant(_CLIENT_ID, _STORE_KEY, simulator.gateway, name="RAK")
        checkout = Checkout(
            tenant=attrs.evolve(tenant or Tenant.preset("rak"), portal_url=server.url),
            billing=billing or demo_billing(folder),
            journal=journal,
            merchant=merchant,
            api=ApiClient(
                merchant,
                user=_API_USER,
                password=_API_PASSWORD,
                operations=("capture", "void", "refund"),
                clock=clock,
            ),
            mailer=FolderMailer(mail_folder),
            secret_key=key,
            clock=clock,
            confirm=confirm,
        )
        later.app = create_app(checkout, secret_key=key, clock=clock)
        with server, _working(checkout):
            yield RunningDemo(
                portal_url=server.url, simulator=simulator, checkout=checkout, mail_folder=mail_folder
            )


@contextmanager
def _working(checkout: Checkout) -> Iterator[None]:
    """Let a worker ask the gateway and send mails, as ``rak-billing worker`` does beside a real portal."""
    stop = threading.Event()
    thread = threading.Thread(target=Worker(checkout, stop.wait, rest=_REST).run, name="demo-worker")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Later:
    """A WSGI application that is filled in after its server has a port, and before it answers."""

    app: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


@contextmanager
def _bound(app: WSGIApplication, port: int) -> Iterator[LoopbackServer]:
    """Take the port, and free it again even when nothing is ever served."""
    server = LoopbackServer(app, port)
    try:
        yield server
    finally:
        server.close()


def _secret_key(path: Path) -> bytes:
    """Read the portal's key, or make one that only its owner can read: it makes links to receipts work again."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(_KEY_BYTES)
        file.write(key)
    return key

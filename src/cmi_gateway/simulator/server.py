"""Serving a WSGI application, on this machine only unless told so loudly, and the simulator as one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address
from random import SystemRandom
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import attrs
from waitress import wasyncore
from waitress.server import create_server

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.merchant import Gateway
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.app import API_PATH, PAYMENT_PATH, create_app
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.delivery import CallbackSender, LoopbackSender
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import FaultPlan
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.transaction import RandomSource
from cmi_gateway.simulator.worker import DueWorker

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOPBACK: Final = "127.0.0.1"
#: A callback holds a thread for as long as its merchant takes, and browsers open several connections.
_THREADS: Final = 8


def utc_now() -> datetime:
    """Give the current instant: the clock of everything that is not a test."""
    return datetime.now(UTC)


class LoopbackServer:
    """
    Serves a WSGI application from a thread, to this machine only.

    ::

        with LoopbackServer(app) as server:
            requests.get(server.url)

    Args:
        app: Any WSGI application.

        port: The port; 0 takes a free one.

        host: A loopback address, ``127.`` something, unless *exposed*.

        exposed: Whether other machines may reach the server. Nothing that it serves was made for strangers, so this
            is for a test network that you own, behind a wall that you know.

    Raises:
        ConfigurationError: *host* is not a loopback address and *exposed* was not said, or it is no IPv4 address.
        OSError: the port is taken.
    """

    def __init__(
        self, app: WSGIApplication, port: int = 0, *, host: str = LOOPBACK, exposed: bool = False
    ) -> None:
        if not (is_loopback_address(host) or (exposed and _is_address(host))):
            raise ConfigurationError("this server is for one machine: host must be a loopback address")
        # Bound here, so that a port in use is known before the server has started its threads.
        listening = socket.create_server((host, port))
        self._port = int(listening.getsockname()[1])
        self._host = host
        self._dispatchers: dict[int, Any] = {}
        self._server: Any = create_server(
            app, map=self._dispatchers, sockets=[listening], threads=_THREADS, ident=None
        )
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, from construction to `close`."""
        return self._port

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end: ``http://127.0.0.1:49152``."""
        return f"http://{self._host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.run, name=f"loopback:{self.port}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serve_forever(self) -> None:
        """Serve from the calling thread until it is interrupted, then close."""
        try:
            self._server.run()
        finally:
            self.close()

    def close(self) -> None:
        """Stop listening, let the requests under way end, and free every socket; again is harmless."""
        self._server.task_dispatcher.shutdown()
        thread, self._thread = self._thread, None
        if thread is None:
            self._close_sockets()
            return
        # Sockets belong to the serving thread: closed under its feet, their numbers could be another file's already.
        # The trigger is one of them, so the thread lets go of it only when this one has done with it.
        pulled = threading.Event()

        def close_in_turn() -> None:
            pulled.wait()
            self._close_sockets()

        self._server.trigger.pull_trigger(close_in_turn)
        pulled.set()
        thread.join()

    def _close_sockets(self) -> None:
        wasyncore.close_all(self._dispatchers, ignore_all=True)


@attrs.frozen
class RunningSimulator:
    """
    A simulator that is being served.

    Attributes:
        url: Its address, without a slash at the end.
        state: The gateway behind the pages: its orders and attempts.
        courier: What takes its callbacks out, with the fault plan in force.
    """

    url: str
    state: SimulatedGateway
    courier: Courier

    @property
    def gateway(self) -> Gateway:
        """What a `cmi_gateway.Merchant` takes as its gateway."""
        return gateway_at(self.url)


def gateway_at(url: str) -> Gateway:
    """Give the gateway of a simulator that is served at *url*."""
    return Gateway(url=url + PAYMENT_PATH, api_url=url + API_PATH)


@contextmanager
def running_simulator(
    merchants: Iterable[MerchantAccount],
    *,
    port: int = 0,
    clock: Callable[[], datetime] = utc_now,
    random: RandomSource | None = None,
    send_callback: CallbackSender | None = None,
    faults: FaultPlan | None = None,
    inspect: bool = False,
) -> Iterator[RunningSimulator]:
    """
    Serve a simulator on this machine for as long as the block lasts.

    ::

        account = MerchantAccount(client_id="600000099", store_keys="TEST1234", name="RAK")
        with running_simulator([account]) as simulator:
            merchant = cmi.Merchant("600000099", "TEST1234", simulator.gateway, "RAK")

    Args:
        merchants: The accounts whose requests are accepted.

        port: The port; 0 takes a free one.

        clock: Gives the current instant, aware.

        random: The source of chance; a seeded one makes a run repeatable.

        send_callback: Posts the callbacks; by default over HTTP, to this machine only.

        faults: What goes wrong; nothing by default, and ``courier.faults.set()`` changes it at any time.

        inspect: Whether there is an inspection page, at ``/simulateur/``; it moves *clock* when that is virtual.
    """
    chance = random or SystemRandom()
    state = SimulatedGateway(merchants, clock=clock, random=chance)
    courier = Courier(state, send_callback or LoopbackSender(), FaultBook(faults), chance)
    movable = clock if isinstance(clock, VirtualClock) else None
    app = create_app(state, courier=courier, inspect=inspect, clock=movable)
    with LoopbackServer(app, port) as server, DueWorker(courier):
        yield RunningSimulator(server.url, state, courier)


def is_loopback_address(host: str) -> bool:
    """Tell whether *host* is an IPv4 address of this machine's own, such as ``127.0.0.1``."""
    return _is_address(host) and IPv4Address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True

"""The shops of the documentation behind real sockets of this machine, to be certified as a stranger would."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import uvicorn
from django.core.wsgi import get_wsgi_application

from cmi_gateway.certify.order_sources import hidden_fields
from cmi_gateway.certify.orders import order_from_form
from cmi_gateway.simulator.server import LoopbackServer
from support.adapter_kit import SITE, configured_django, example
from support.gateway_kit import MERCHANT

ENTRIES = {"name": "Amina Aït Ben", "email": "client@example.com"}


@contextmanager
def flask_shop() -> Iterator[str]:
    """Serve the Flask shop by waitress; give its address."""
    with LoopbackServer(example("flask_shop").create_app(MERCHANT, SITE)) as server:
        yield server.url


@contextmanager
def django_shop() -> Iterator[str]:
    """Serve the Django shop by waitress."""
    configured_django()
    with LoopbackServer(get_wsgi_application()) as server:
        yield server.url


@contextmanager
def fastapi_shop() -> Iterator[str]:
    """Serve the FastAPI shop by uvicorn, in a thread."""
    app = example("fastapi_shop").create_app(MERCHANT, SITE)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


SHOPS = {"flask": flask_shop, "django": django_shop, "fastapi": fastapi_shop}


def orders_of(url: str):
    """Give a function that buys the carpet as a customer does, token and cookie included."""

    def buy():
        with requests.Session() as session:
            token = re.search('name="csrfmiddlewaretoken" value="(.+?)"', session.get(f"{url}/").text)
            extra = {"csrfmiddlewaretoken": token[1]} if token else {}
            return order_from_form(hidden_fields(session.post(f"{url}/pay", data=ENTRIES | extra).text))

    return buy


def state_of(url: str):
    """Give a function that reads an order's page as a customer does."""

    def read(order_id):
        return requests.get(f"{url}/order/{order_id}").text

    return read


@contextmanager
def raw_server(answer) -> Iterator[str]:
    """Serve one connection: read the request's first part, let *answer* do with the socket what it likes, close."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                try:
                    answer(connection)
                except OSError:
                    return  # the client had enough

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(5)

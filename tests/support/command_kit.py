"""The cmi command as a user runs it, with a configuration, a request and a key of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cmi_gateway.cli.root import Surroundings, cmi
from support.gateway_kit import signed_body

KEY = "Zq7Geheim9kw2"
CONFIG = {
    "client_id": "600000099",
    "name": "RAK",
    "gateway": "production",
    "ok_url": "https://paiement.rak.ma/retour",
    "fail_url": "https://paiement.rak.ma/retour/echec",
    "shop_url": "https://paiement.rak.ma/",
    "callback_url": "https://paiement.rak.ma/cmi/callback",
}
REQUEST = {
    "order_id": "RAK-7f3kq9z2mb4wx1t8",
    "amount": "114.26",
    "email": "client@example.com",
    "bill_to": {"name": "Amina Aït Ben"},
    "lines": [{"reference": "383180218210", "description": "GERANCE", "amount": "114.26"}],
    "custom": {"NUM_CONTRAT": "123456789"},
}
REQUEST_IN_TOML = """
order_id = "RAK-7f3kq9z2mb4wx1t8"
amount = "114.26"
email = "client@example.com"
[bill_to]
name = "Amina Aït Ben"
"""


def run(
    *arguments: object, body: str | bytes | None = None, key: str | None = KEY, now: datetime | None = None
) -> Result:
    """Run ``cmi`` with *arguments*, *body* on standard input and *key* in the environment."""
    surroundings = Surroundings(now=lambda: now) if now else Surroundings()
    environment: dict[str, str | None] = dict.fromkeys(("CMI_CONFIG", "CMI_CLIENT_ID", "CMI_GATEWAY"))
    return CliRunner().invoke(
        cmi, [*map(str, arguments)], input=body, obj=surroundings, env=environment | {"CMI_STORE_KEY": key}
    )


def run_json(*arguments: object, **options: Any) -> Any:
    """Run ``cmi`` with ``--json`` and read what it prints."""
    result = run(*arguments, "--json", **options)
    assert result.stderr == ""
    return json.loads(result.stdout)


def write_config(folder: Path) -> Path:
    """Write a sound configuration."""
    path = folder / "merchant.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    return path


def write_form(folder: Path) -> Path:
    """Sign `REQUEST` and keep what ``cmi sign --json`` prints."""
    path = folder / "form.json"
    signed = run("sign", "--json", "--config", write_config(folder), body=json.dumps(REQUEST))
    path.write_text(signed.stdout, encoding="utf-8")
    return path


def answer(form: Path, results: Mapping[str, str], key: str = KEY) -> bytes:
    """Give the raw callback that answers a form."""
    fields = json.loads(form.read_text(encoding="utf-8"))["fields"]
    echoed = {name: value for name, value in fields.items() if name not in ("hash", "rnd")}
    return signed_body(echoed | dict(results), key)

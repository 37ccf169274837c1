"""A service of an operator's own: one checkout for the web server, the worker and staff."""

import os
from pathlib import Path

import attrs
from flask import Flask

import cmi_gateway as cmi
import rak_billing as rak
from rak_billing.billing_systems.csv_files import read_bills
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.mailers import FolderMailer
from rak_billing.portal.app import create_app


def checkout() -> rak.Checkout:
    """Make the checkout; every process makes its own, with connections of its own."""
    env, folder = os.environ, Path(os.environ["RAK_FOLDER"])
    billing = SqliteBilling(folder / "billing.db")
    # The export of the night is all that is owed; what was paid here since stays paid.
    billing.replace(read_bills(folder / "customers.csv", folder / "invoices.csv"))
    merchant = cmi.Merchant(
        client_id=env["CMI_CLIENT_ID"],
        store_key=env["CMI_STORE_KEY"],
        gateway=cmi.Gateway(env["CMI_URL"], env["CMI_API_URL"]),
        name="RAK",
    )
    # Each operation is switched on once CMI has confirmed that this account may do it.
    api = cmi.ApiClient(
        merchant, user=env["CMI_API_USER"], password=env["CMI_API_PASSWORD"], operations={"capture", "void"}
    )
    return rak.Checkout(
        tenant=attrs.evolve(rak.Tenant.preset("rak"), portal_url=env["RAK_PORTAL_URL"]),
        billing=billing,
        journal=rak.Journal.open(env["RAK_BILLING_DATABASE"]),
        merchant=merchant,
        api=api,
        mailer=FolderMailer(folder / "mails"),
        secret_key=env["RAK_SECRET_KEY"],
    )


def portal() -> Flask:
    """Make the ready-made portal."""
    return create_app(checkout(), metrics_token=os.environ["RAK_METRICS_TOKEN"])

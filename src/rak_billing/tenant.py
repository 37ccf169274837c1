"""
One operator's configuration: who it is, where its portal lives, what it charges and what it shows.

A tenant is a value. It is read from TOML once, at start-up, and passed to what needs it; a key that is unknown,
missing or of the wrong kind is an error there and then, never a surprise on a customer's page.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import attrs
from attrs.validators import instance_of, optional

from cmi_gateway.errors import FieldError
from cmi_gateway.field_checks import check_name, check_order_id, check_url
from rak_billing.email_address import checked_email
from rak_billing.errors import (
    EmailError,
    FeeError,
    MandatoryPatternError,
    SelectionRulesError,
    TenantError,
)
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.tariff import Tariff
from rak_billing.mandatory_pattern import MandatoryPattern
from rak_billing.selection.reading import read_rules
from rak_billing.selection.rules import GUIDE_RULES, PartialMode, SelectionRules
from rak_billing.toml_file import parse_toml

_RECEIPT_NUMBERS: Final = range(10**10, 10**11)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ID_LENGTH: Final = 16
#: Of the longest return link: a token is shorter.
_LONGEST_TOKEN: Final = "x" * 64


def _refused(field: "attrs.Attribute[Any]", reason: str) -> TenantError:
    return TenantError("tenant", field.name, reason)


def _is_text(_tenant: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise _refused(field, "expected a text that is not empty")


def _is_line(tenant: object, field: "attrs.Attribute[Any]", value: str) -> None:
    """Accept text on one line: a line break would end the header of a mail, which then never leaves."""
    _is_text(tenant, field, value)
    if len(value.splitlines()) != 1:
        raise _refused(field, "expected a text on one line")


def _is_id(_tenant: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if not (isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= _ID_LENGTH):
        raise _refused(field, f"expected 1 to {_ID_LENGTH} letters and digits, such as 'RAK'")
    _fits_gateway(field, check_order_id, f"{value}-1")


def _is_field_name(_tenant: object, field: "attrs.Attribute[Any]", value: object) -> None:
    _fits_gateway(field, check_name, value)


def _fits_gateway(field: "attrs.Attribute[Any]", check: Callable[[Any], object], value: object) -> None:
    """Refuse at start-up what the gateway would refuse of every payment."""
    try:
        check(value)
    except FieldError as error:
        raise _refused(field, f"the gateway refuses it: {error.reason}") from None


def _is_flag(_tenant: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if not isinstance(value, bool):
        raise _refused(field, "expected true or false")


def _is_site(_tenant: object, field: "attrs.Attribute[Any]", value: object) -> None:
    """Accept an https URL without query; plain http only on this machine (rule I30)."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise _refused(field, "expected an address such as https://paiement.example")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise _refused(field, "expected https; plain http is for this machine only")


def _is_receipt_number(_tenant: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value not in _RECEIPT_NUMBERS:
        raise _refused(field, "expected a whole number of 11 digits")


def _is_sender(_tenant: object, field: "attrs.Attribute[Any]", value: object) -> None:
    try:
        checked_email(value if isinstance(value, str) else "")
    except EmailError:
        raise _refused(field, "expected an e-mail address") from None


def _without_slash(value: Any) -> Any:
    return value.rstrip("/") if isinstance(value, str) else value


@attrs.frozen(kw_only=True)
class Tenant:
    """
    One operator.

    Attributes:
        id: Short and stable: it keys the journal's rows and begins every gateway order id. Letters and digits.
        name: The full name, for the banner of every page (rule R13).
        short_name: For mails and receipts.
        operator_url: The operator's own site, where "Retour au site" leads.
        portal_url: Where customers and the gateway reach this portal; every link is built on it.
        customer_ref_label: What customers call their number (rule I02).
        contract_field: The name under which the gateway shows that number.
        mask_personal_data: Whether names and addresses are masked on pages and in what is signed.
        terms_version: Of the general terms; stored with every acceptance.
        fee_schedule: What paying online costs: one schedule, or a tariff of several dated ones.
        selection: Which invoices may and must be paid together; the guide's rules unless given.
        mandatory_pattern: Finds mandatory invoices in the text of a back end that has no flag for them.
        support_contact: Whom a customer in trouble turns to.
        legal_footer: At the foot of receipts and mails.
        mail_from: The sender of confirmation mails.
        first_receipt_number: Where the unbroken series of 11-digit receipt numbers begins.

    Raises:
        TenantError: A value is not what it must be; names it.
    """

    id: str = attrs.field(validator=_is_id)
    name: str = attrs.field(validator=_is_line)
    short_name: str = attrs.field(validator=_is_line)
    operator_url: str = attrs.field(validator=_is_site)
    portal_url: str = attrs.field(validator=_is_site, converter=_without_slash)
    customer_ref_label: str = attrs.field(validator=_is_line)
    contract_field: str = attrs.field(default="NUM_CONTRAT", validator=_is_field_name)
    mask_personal_data: bool = attrs.field(default=True, validator=_is_flag)
    terms_version: str = attrs.field(validator=_is_text)
    fee_schedule: FeeSchedule | Tariff = attrs.field()
    selection: SelectionRules = attrs.field(default=GUIDE_RULES)
    mandatory_pattern: MandatoryPattern | None = attrs.field(
        default=None, validator=optional(instance_of(MandatoryPattern))
    )
    support_contact: str = attrs.field(validator=_is_line)
    legal_footer: str = attrs.field(validator=_is_text)
    mail_from: str = attrs.field(validator=_is_sender)
    first_receipt_number: int = attrs.field(default=10_000_000_001, validator=_is_receipt_number)

    @portal_url.validator
    def _links_fit_the_gateway(self, field: "attrs.Attribute[Any]", value: object) -> None:
        for link in (self.shop_url(_LONGEST_TOKEN), self.callback_url):
            _fits_gateway(field, partial(check_url, "portal_url"), link)

    @fee_schedule.validator
    def _is_schedule(self, field: "attrs.Attribute[Any]", value: object) -> None:
        if not isinstance(value, FeeSchedule | Tariff):
            raise _refused(field, "expected a FeeSchedule or a Tariff")

    @selection.validator
    def _whole_invoices(self, field: "attrs.Attribute[Any]", value: object) -> None:
        if not isinstance(value, SelectionRules):
            raise _refused(field, "expected SelectionRules")
        if value.partial.mode is not PartialMode.EXACT:
            # The journal knows an invoice as paid or not paid: a second part would look like a second payment.
            raise _refused(field, "the checkout pays whole invoices: partial.mode must be 'exact'")

    @classmethod
    def preset(cls, name: str) -> Self:
        """
        Return a packaged operator: ``rak``.

        Raises:
            TenantError: There is no such preset.
        """
        folder = resources.files("rak_billing.tenants")
        known = sorted(
            file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")
        )
        if name not in known:
            raise TenantError(f"preset {name!r:.40}", "id", f"expected one of {', '.join(known)}")
        return cls._read(folder.joinpath(f"{name}.toml").read_bytes(), f"preset {name}", FeeSchedule.preset)

    @classmethod
    def from_toml(cls, path: str | PathLike[str]) -> Self:
        """
        Read an operator from a file; the packaged ``tenants/rak.toml`` is the pattern.

        Its ``fee_schedule`` is the name of a packaged schedule, or the path of a schedule or tariff that ends in
        ``.toml``, relative to the file.

        Raises:
            TenantError: Not TOML, or a key is unknown, missing or of the wrong kind; names it.
            OSError: The file cannot be read.
        """
        file = Path(path)

        def schedule(name: str) -> FeeSchedule | Tariff:
            if not name.endswith(".toml"):
                return FeeSchedule.preset(name)
            tariff = Tariff.from_toml(file.parent / name)
            return tariff if len(tariff.schedules) > 1 else tariff.schedules[0]

        return cls._read(file.read_bytes(), str(file), schedule)

    @classmethod
    def _read(cls, text: bytes, source: str, schedule: Callable[[str], FeeSchedule | Tariff]) -> Self:
        table = _table(text, source)
        known = {field.name: field for field in attrs.fields(cls)}
        for key in table.keys() - known.keys():
            raise TenantError(source, key, f"unknown; expected one of {', '.join(known)}")
        for key, field in known.items():
            if field.default is attrs.NOTHING and key not in table:
                raise TenantError(source, key, "missing")
        parts = {"fee_schedule": lambda value: schedule(str(value)), **_tables(source)}
        try:
            return cls(**{key: parts.get(key, _same)(value) for key, value in table.items()})
        except TenantError as error:
            raise TenantError(source, error.key, error.reason) from None
        except (SelectionRulesError, MandatoryPatternError) as error:
            raise TenantError(source, error.key, error.reason) from error
        except (FeeError, OSError) as error:
            raise TenantError(source, "fee_schedule", str(error)) from error

    @property
    def callback_url(self) -> str:
        """Where the gateway's server posts the outcome."""
        return f"{self.portal_url}/cmi/callback"

    def return_url(self, token: str) -> str:
        """Where the customer's browser comes back to; *token* finds the attempt."""
        return f"{self.portal_url}/retour/{token}"

    def fail_url(self, token: str) -> str:
        """As `return_url`, after a payment that did not succeed."""
        return f"{self.return_url(token)}/echec"

    def shop_url(self, token: str) -> str:
        """As `return_url`, when the customer gave up on the gateway's page."""
        return f"{self.return_url(token)}/annulation"

    def receipt_url(self, secret: str) -> str:
        """Where the receipt with this secret can be seen, for whoever holds the link."""
        return f"{self.portal_url}/recu/{secret}"


def _tables(source: str) -> dict[str, Callable[[Any], Any]]:
    """Give the readers of the tables in the file."""
    return {
        "selection": lambda table: read_rules(table, source),
        "mandatory_pattern": lambda table: MandatoryPattern.from_table(table, source),
    }


def _same(value: Any) -> Any:
    return value


def _table(text: bytes, source: str) -> Mapping[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise TenantError(source, "(file)", str(error)) from error

"""An operator's configuration: read once, refused at once."""

import attrs
import pytest

from rak_billing.errors import TenantError
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.tenant import Tenant

RAK = Tenant.preset("rak")


def toml(**changes):
    values = {
        "id": "X", "name": "Opérateur", "short_name": "OP", "operator_url": "https://op.example",
        "portal_url": "https://pay.op.example/", "customer_ref_label": "Contrat", "terms_version": "1",
        "fee_schedule": "rak-2018", "support_contact": "agence", "legal_footer": "OP", "mail_from": "no@op.example",
    } | changes  # fmt: skip
    return "\n".join(
        f"{key} = {value!r}".replace("'", '"') for key, value in values.items() if value is not None
    )


def test_the_preset_is_the_guides_operator():
    """The banner is the guide's own text (rule R13)."""
    assert RAK.name.startswith(
        "Régie Autonome de Distribution d'Eau d'Electricité et d'Assainissement liquide"
    )
    assert ("NUM_CONTRAT", "Code Client (numéro de Police)", True) == (
        RAK.contract_field, RAK.customer_ref_label, RAK.mask_personal_data,
    )  # fmt: skip


def test_links_are_built_on_the_portals_address():
    """One token, three returns; a slash too many does no harm."""
    tenant = attrs.evolve(RAK, portal_url="http://127.0.0.1:8000/")
    assert [
        "http://127.0.0.1:8000/retour/t",
        "http://127.0.0.1:8000/retour/t/echec",
        "http://127.0.0.1:8000/retour/t/annulation",
        "http://127.0.0.1:8000/cmi/callback",
        "http://127.0.0.1:8000/recu/s",
    ] == [
        tenant.return_url("t"),
        tenant.fail_url("t"),
        tenant.shop_url("t"),
        tenant.callback_url,
        tenant.receipt_url("s"),
    ]


def test_an_operator_is_read_from_a_file(tmp_path):
    """Optional keys have defaults."""
    file = tmp_path / "op.toml"
    file.write_text(toml(), "utf-8")
    tenant = Tenant.from_toml(file)
    assert ("Opérateur", 10000000001, "rak-2018") == (
        tenant.name,
        tenant.first_receipt_number,
        tenant.fee_schedule.id,
    )


def test_a_schedule_of_ones_own_lies_beside_the_file(tmp_path):
    """A path that ends in .toml is relative to the operator's file."""
    packaged = FeeSchedule.preset("rak-2018")
    (tmp_path / "mine.toml").write_text(
        'id = "mine"\nversion = "2"\nfollows = "us"\nvalid_from = 2020-01-01\n'
        '[[rules]]\nbearer = "customer"\npercent = "1.1"\nvat = { mode = "included", rate = "10" }\n'
    )
    (tmp_path / "op.toml").write_text(toml(fee_schedule="mine.toml"), "utf-8")
    schedule = Tenant.from_toml(tmp_path / "op.toml").fee_schedule
    assert ("mine", packaged.rules[0].percent) == (schedule.id, schedule.rules[0].percent)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("extra", {"extra": "x"}),
        ("name", {"name": None}),
        ("id", {"id": "a b"}),
        ("id", {"id": "document"}),
        ("contract_field", {"contract_field": "N° de contrat"}),
        ("contract_field", {"contract_field": "email"}),
        ("portal_url", {"portal_url": "https://documents.example"}),
        ("portal_url", {"portal_url": "https://op.example:99999"}),
        ("portal_url", {"portal_url": "https://op.example/" + "a" * 1000}),
        ("short_name", {"short_name": " "}),
        ("portal_url", {"portal_url": "http://pay.op.example"}),
        ("portal_url", {"portal_url": 5}),
        ("operator_url", {"operator_url": "https://["}),
        ("operator_url", {"operator_url": "www.rak.ma"}),
        ("mail_from", {"mail_from": "nobody"}),
        ("mail_from", {"mail_from": 5}),
        ("mask_personal_data", {"mask_personal_data": 1}),
        ("first_receipt_number", {"first_receipt_number": 7}),
        ("fee_schedule", {"fee_schedule": "rak-1918"}),
        ("fee_schedule", {"fee_schedule": "missing.toml"}),
    ],
)
def test_what_does_not_hold_is_named(tmp_path, key, change):
    """The error says which file, which key and why."""
    file = tmp_path / "op.toml"
    file.write_text(toml(**change), "utf-8")
    with pytest.raises(TenantError) as caught:
        Tenant.from_toml(file)
    assert (str(file), key) == (caught.value.source, caught.value.key)


@pytest.mark.parametrize("field", ["name", "short_name", "customer_ref_label", "support_contact"])
def test_what_stands_on_one_line_holds_no_line_break(field):
    """A mail header takes none, and the mail would never leave."""
    with pytest.raises(TenantError) as caught:
        attrs.evolve(RAK, **{field: "RAK\nBcc: x@op.example"})
    assert field == caught.value.key


def test_a_file_that_is_no_toml_is_named(tmp_path):
    """Not a traceback of the parser's."""
    (tmp_path / "op.toml").write_bytes(b"\xff")
    with pytest.raises(TenantError):
        Tenant.from_toml(tmp_path / "op.toml")


@pytest.mark.parametrize("name", ["nobody", "../rak", ""])
def test_an_unknown_preset_names_the_known_ones(name):
    """And leads nowhere out of the package."""
    with pytest.raises(TenantError, match="rak"):
        Tenant.preset(name)


def test_a_schedule_must_be_one():
    """A name is not a schedule."""
    with pytest.raises(TenantError):
        attrs.evolve(RAK, fee_schedule="rak-2018")


SELECTION = """
[selection]
id = "regie"
version = "2"
rules = ["mandatory-included", { rule = "at-most-invoices", count = 4 }]
[mandatory_pattern]
pattern = 'EXIGIBLE'
marked = "EAU EXIGIBLE"
plain = "EAU"
"""


def test_an_operator_has_rules_of_its_own(tmp_path):
    """Tables of the file; without them the guide's rules hold, and no text is read."""
    file = tmp_path / "op.toml"
    file.write_text(toml() + SELECTION, "utf-8")
    tenant = Tenant.from_toml(file)
    assert ("regie", "EXIGIBLE") == (tenant.selection.id, tenant.mandatory_pattern.pattern)
    assert ("guide", None) == (RAK.selection.id, RAK.mandatory_pattern)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[selection]\nid = "a"\nversion = "1"\nrules = ["newest-first"]', "rules"),
        ('[selection]\nid = "a"\nversion = "1"\nrules = []\npartial = { mode = "free" }', "selection"),
        ("[mandatory_pattern]\npattern = 'x+'\nmarked = 'x'\nplain = 'y'", "mandatory_pattern.pattern"),
        ("[mandatory_pattern]\npattern = 'x'", "mandatory_pattern"),
    ],
)
def test_rules_that_are_wrong_stop_the_start(tmp_path, table, key):
    """With the file and the key; parts of invoices are not paid by the checkout, which says so here."""
    file = tmp_path / "op.toml"
    file.write_text(f"{toml()}\n{table}", "utf-8")
    with pytest.raises(TenantError) as caught:
        Tenant.from_toml(file)
    assert (str(file), key) == (caught.value.source, caught.value.key)


def test_rules_are_rules():
    """Not their name."""
    with pytest.raises(TenantError):
        attrs.evolve(RAK, selection="guide")

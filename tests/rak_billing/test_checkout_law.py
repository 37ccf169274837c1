"""Starting on a tariff that the law speaks against."""

import attrs

from rak_billing.fees.schedule import FeeSchedule
from rak_billing.payments.journal import Journal
from rak_billing.tenant import Tenant
from support.checkout_kit import Till


def start(folder, tenant):
    with Journal.open(f"sqlite:///{folder / 'j.db'}") as journal:
        Till(journal, tenant=tenant)


def test_a_start_logs_the_finding_once(tmp_path, caplog):
    """One record with the texts for whoever reads the log; no Python warning, and the start goes on."""
    start(tmp_path, Tenant.preset("rak"))
    (record,) = [record for record in caplog.records if record.name == "rak_billing.law"]
    assert "WARNING" == record.levelname
    assert "16263/2/15" in record.getMessage()


def test_a_lawful_tariff_is_not_spoken_of(tmp_path, caplog):
    """The schedule of 2024 starts in silence."""
    start(tmp_path, attrs.evolve(Tenant.preset("rak"), fee_schedule=FeeSchedule.preset("ma-2024")))
    assert [] == [record for record in caplog.records if record.name == "rak_billing.law"]

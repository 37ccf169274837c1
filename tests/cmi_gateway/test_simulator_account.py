"""Merchant accounts of the simulator: credentials, and what the bank lets them do."""

import pytest

from cmi_gateway import ConfigurationError
from cmi_gateway.secret import Secret
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.account_rules import AccountRules, Operation
from support.gateway_kit import STORE_KEY
from support.simulator_api_kit import API_PASSWORD, API_USER, account


def test_the_password_is_known_and_never_shown():
    """Only user and password together are accepted; the repr has neither password nor key."""
    assert account().knows(API_USER, Secret(API_PASSWORD))
    assert not account().knows(API_USER, Secret(STORE_KEY))
    assert API_PASSWORD not in repr(account())


def test_without_an_api_user_nobody_is_known():
    """An account without one does not let the empty name and password in."""
    closed = MerchantAccount("600000099", STORE_KEY, "RAK")
    assert not closed.knows("", Secret(""))


@pytest.mark.parametrize("password", ["", "two words"])
def test_an_api_user_needs_a_usable_password(password):
    """The mistake shows when the account is made, without the password."""
    with pytest.raises(ConfigurationError, match="API password"):
        MerchantAccount("600000099", STORE_KEY, "RAK", api_user="rakapi", api_password=password)


def test_operations_are_named_in_words():
    """The words of the command line switch operations on; another word is refused."""
    assert AccountRules(operations=["capture"]).operations == {Operation.CAPTURE}
    with pytest.raises(ValueError, match="sale"):
        AccountRules(operations=["sale"])

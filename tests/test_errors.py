"""Each package has one complete tree of errors, drawn in its docstring, that survives a queue."""

import inspect
import pickle

import pytest

import cmi_gateway.errors
import rak_billing.errors
from rak_billing.selection import Refusal

TREES = {cmi_gateway.errors: cmi_gateway.errors.CmiError, rak_billing.errors: rak_billing.errors.BillingError}

REFUSAL = Refusal(rule="R23", reference="123456789", message="obligatoire")


def classes(module):
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, BaseException) and member.__module__ == module.__name__
    ]


@pytest.mark.parametrize("module", TREES, ids=lambda module: module.__name__)
def test_every_error_descends_from_the_base(module):
    """One `except` catches all that a package raises of its own."""
    assert all(issubclass(error, TREES[module]) for error in classes(module))


@pytest.mark.parametrize("module", TREES, ids=lambda module: module.__name__)
def test_every_error_is_drawn(module):
    """The tree in the docstring names every class."""
    assert not [error.__name__ for error in classes(module) if error.__name__ not in (module.__doc__ or "")]


@pytest.mark.parametrize(
    "error", [error for module in TREES for error in classes(module)], ids=lambda error: error.__name__
)
def test_every_error_pickles(error):
    """An error comes out of a queue with its text and attributes."""
    own = (
        inspect.getfullargspec(error.__init__).args[1:] if inspect.isfunction(error.__init__) else ["message"]
    )
    raised = error(*(["text"] * len(own))) if error is not rak_billing.SelectionError else error([REFUSAL])
    again = pickle.loads(pickle.dumps(raised))
    assert (type(raised), raised.args, str(raised), vars(raised)) == (
        type(again),
        again.args,
        str(again),
        vars(again),
    )


def test_nothing_is_safe_to_retry_unless_said():
    """Retrying is declared by a class, never assumed."""
    assert not cmi_gateway.errors.CmiError.safe_to_retry

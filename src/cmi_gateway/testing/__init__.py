"""
Test a shop without CMI: a simulated gateway as pytest fixtures, signed callbacks, captured bodies, strategies.

With the extra ``testing``. pytest finds the fixtures by itself, see `cmi_gateway.testing.pytest_plugin`; everything
else is imported where it is needed::

    from cmi_gateway.testing import CallbackKind, signed_callback

    body = signed_callback(form, CallbackKind.DECLINED_LIMIT)

`cmi_gateway.testing.strategies` and `cmi_gateway.testing.fault_strategies` need Hypothesis.

The kit signs with this package's own hash function, as the simulator does: it shows what a shop makes of a callback,
and not that CMI agrees. Only the captured bodies come from outside.

pytest and Hypothesis load two files of this folder in every project of the environment that it is installed in. So
neither those nor this one import anything of the package when they are loaded.
"""

from importlib import import_module

# As in `cmi_gateway`: type checkers read this name as true.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from cmi_gateway.testing.callback_kinds import CallbackKind as CallbackKind
    from cmi_gateway.testing.callbacks import signed_callback as signed_callback
    from cmi_gateway.testing.captured import CapturedAnswer as CapturedAnswer
    from cmi_gateway.testing.captured import CapturedCallback as CapturedCallback
    from cmi_gateway.testing.captured import captured_answers as captured_answers
    from cmi_gateway.testing.captured import captured_callbacks as captured_callbacks
    from cmi_gateway.testing.in_process import InProcessSimulator as InProcessSimulator
    from cmi_gateway.testing.samples import sample_merchant as sample_merchant
    from cmi_gateway.testing.samples import sample_request as sample_request
    from cmi_gateway.testing.served import ServedSimulator as ServedSimulator

_HOMES = {
    "CallbackKind": "callback_kinds",
    "CapturedAnswer": "captured",
    "CapturedCallback": "captured",
    "InProcessSimulator": "in_process",
    "ServedSimulator": "served",
    "captured_answers": "captured",
    "captured_callbacks": "captured",
    "sample_merchant": "samples",
    "sample_request": "samples",
    "signed_callback": "callbacks",
}

__all__ = [
    "CallbackKind",
    "CapturedAnswer",
    "CapturedCallback",
    "InProcessSimulator",
    "ServedSimulator",
    "captured_answers",
    "captured_callbacks",
    "sample_merchant",
    "sample_request",
    "signed_callback",
]


if not TYPE_CHECKING:  # else a checker would take any misspelt name for a public one

    def __getattr__(name: str) -> object:
        """Load a name when it is first asked for (PEP 562)."""
        try:
            home = _HOMES[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
        value = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

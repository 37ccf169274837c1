"""
What every callback view does alike, whatever the framework: no failure leaves it but as the word FAILURE.

A page with status 500, a redirect or a sign-in form would be a syntax error to the gateway.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Final

from cmi_gateway.callback import Callback, Reply
from cmi_gateway.errors import CallbackError, ConfigurationError

__all__ = ["Handler", "Verify", "refuse_coroutine", "word_for_failure"]

#: From the raw body to a verified callback: `cmi_gateway.Merchant.verify`, or a function that finds the merchant.
Verify = Callable[[bytes], Callback]
#: What the user writes: match the callback with the order, keep what it says, give the answer.
Handler = Callable[[Callback], Reply]

_log: Final = logging.getLogger("cmi_gateway.integrations")


def word_for_failure(error: Exception) -> Reply:
    """Log that a callback ended in *error*, and give the answer to it; the callback's own text is not logged."""
    facts = {"cmi": {"name": "callback_failed", "reason": type(error).__name__}}
    if isinstance(error, CallbackError):
        # A stranger's doing, most likely: a line, no traceback. Its messages hold no text of the callback.
        _log.warning("callback_failed: %s", error, extra=facts)
    else:
        _log.error("callback_failed", extra=facts, exc_info=error)
    return Reply.FAILURE


def refuse_coroutine(handler: Handler) -> None:
    """
    Make sure that *handler* answers when it is called.

    Raises:
        ConfigurationError: it is a coroutine function, whose result would be no answer.
    """
    if inspect.iscoroutinefunction(handler):
        raise ConfigurationError("the function under callback_view must be a plain one here, not async")

"""Billing systems that come with the package; `rak_billing.ports` says what yours must be able to do."""

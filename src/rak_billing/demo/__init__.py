"""
The whole journey on one machine: the guide's bills, a portal, a simulated gateway, and a customer without a browser.

``rak-billing demo`` serves it; `rak_billing.demo.servers.running_demo` does so inside a test. Nothing here is for
production: the bills are made up, and the gateway is `cmi_gateway.simulator`.
"""

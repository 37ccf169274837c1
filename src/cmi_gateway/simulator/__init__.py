"""
A CMI on your own machine: the hosted payment page, its test cards, callbacks and returns.

``cmi simulator`` (or ``python -m cmi_gateway.simulator``) serves it; `cmi_gateway.simulator.server.running_simulator`
does so inside a test. `cmi_gateway.simulator.gateway.SimulatedGateway` is the same thing without pages or sockets, and
`cmi_gateway.simulator.in_process` pays at it and asks its XML API so. What goes wrong on the way is a
`cmi_gateway.simulator.faults.FaultPlan`.

The simulator proves the flow of a payment, not the hash: it signs with this package's own hash function.
It is not the bank, and none of its codes beyond the documented ones says anything about the real gateway.
"""

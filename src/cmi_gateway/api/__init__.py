"""
The gateway's XML API: ask what became of an order, capture, void and refund.

`cmi_gateway.ApiClient` is the door. Below it, what is written and read (`documents`, `answers`, `history`, `order`,
`operation`, `resolving`) is pure; `http_transport` alone opens connections.
"""

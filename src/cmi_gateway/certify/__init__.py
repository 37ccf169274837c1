"""
Certify a callback endpoint, in any language: play legal and hostile callbacks to it and keep the score.

`cmi_gateway.certify.certifying.certify` runs the whole play; ``cmi certify`` is its command.
`cmi_gateway.certify.cases.ROWS` is the table of what is played, each row with its rule and where the rule comes from.
Callbacks are signed with the one hash function of this package; nothing here knows the simulator.
"""

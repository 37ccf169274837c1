"""
Adapters to web frameworks: import the one you use by its name, such as ``cmi_gateway.integrations.flask``.

Each only translates: the raw body out of a request, a call of the client, a response of the framework.
They share their verbs, so that who knows one knows all: ``payment_page``, ``callback_view``, ``callback_body``,
``reply``, ``return_fields``, ``see_other`` and ``check``.
"""

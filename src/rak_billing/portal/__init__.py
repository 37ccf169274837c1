"""The ready-made web portal: the guide's six steps as a WSGI application; see `rak_billing.portal.app.create_app`."""

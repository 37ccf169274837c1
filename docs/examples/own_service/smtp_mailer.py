"""Hands confirmation mails to the mail relay of the house."""

import smtplib
import ssl
from email.message import EmailMessage

import attrs

import rak_billing as rak


@attrs.frozen(kw_only=True)
class SmtpMailer:
    """A `rak_billing.ports.Mailer`; with a *user*, over TLS that is checked against *tls*."""

    host: str
    port: int = 587
    user: str | None = None
    password: str = attrs.field(default="", repr=False)
    tls: ssl.SSLContext = attrs.field(factory=ssl.create_default_context, repr=False)
    # A worker holds a mail for five minutes; a relay that hangs must not take longer.
    seconds: float = 20

    def send(self, message: EmailMessage) -> None:
        """Hand one mail over, or say that it was not taken: it is then tried again later."""
        try:
            with smtplib.SMTP(self.host, self.port, timeout=self.seconds) as relay:
                if self.user is not None:
                    relay.starttls(context=self.tls)
                    relay.login(self.user, self.password)
                relay.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            # The text of the error may hold the customer's address.
            raise rak.MailError(f"the mail relay did not take it: {type(error).__name__}") from error

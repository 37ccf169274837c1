"""Where e-mails go: a folder, for the demo and for mail systems that pick files up."""

import hashlib
import re
from email.message import EmailMessage
from email.policy import SMTP
from os import PathLike
from pathlib import Path
from typing import Final

from rak_billing.durable_file import write_whole
from rak_billing.errors import MailError

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9@._-]+")
_NAME_LENGTH: Final = 80


class FolderMailer:
    """
    Writes each message to a folder as one ``.eml`` file.

    A message that is handed over twice, with the same ``Message-ID``, makes one file. A file appears whole or
    not at all: it is written under another name, flushed to the disk, and renamed.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)

    def send(self, message: EmailMessage) -> None:
        """
        Write *message* to the folder, which is made if it is missing.

        Raises:
            MailError: The message has no ``Message-ID``, or the file could not be written.
        """
        message_id = message["Message-ID"]
        if not message_id:
            raise MailError("expected a message with a Message-ID: a repeat could not be recognised")
        target = self.folder / _file_name(str(message_id))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                write_whole(target, message.as_bytes(policy=SMTP))
        except OSError as error:
            raise MailError(f"could not write to the mail folder: {error.strerror}") from error

    def __repr__(self) -> str:
        return f"FolderMailer({str(self.folder)!r})"


def _file_name(message_id: str) -> str:
    """Make a name that people can read and that two message ids never share."""
    readable = _UNSAFE.sub("_", message_id.strip().strip("<>"))[:_NAME_LENGTH]
    return f"{readable}-{hashlib.sha256(message_id.encode()).hexdigest()[:12]}.eml"

"""The folder mailer: one whole file for each message."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from rak_billing.errors import MailError
from rak_billing.mailers import FolderMailer


def mail(message_id="<1@rak.example>"):
    message = EmailMessage()
    message["To"] = "client@example.com"
    if message_id:
        message["Message-ID"] = message_id
    message.set_content("Reçu")
    return message


def test_a_message_becomes_a_file_that_reads_back(tmp_path):
    """One .eml, whole, with nothing unfinished beside it."""
    FolderMailer(tmp_path / "mails").send(mail())
    (file,) = (tmp_path / "mails").iterdir()
    read = message_from_bytes(file.read_bytes(), policy=default)
    assert (".eml", "Reçu\r\n") == (file.suffix, read.get_content())


def test_a_repeat_makes_one_file(tmp_path):
    """The same Message-ID is the same mail."""
    mailer = FolderMailer(tmp_path)
    mailer.send(mail())
    (first,) = tmp_path.iterdir()
    written = first.stat()
    mailer.send(mail())
    assert [written] == [file.stat() for file in tmp_path.iterdir()]


def test_ids_that_look_alike_make_two_files(tmp_path):
    """What is not fit for a file name is not lost."""
    mailer = FolderMailer(tmp_path)
    for message_id in ("<a/b@x>", "<a:b@x>", "<../../a@x>"):
        mailer.send(mail(message_id))
    assert 3 == len(list(tmp_path.iterdir()))


def test_a_message_without_an_id_is_refused(tmp_path):
    """A repeat of it could not be recognised."""
    with pytest.raises(MailError):
        FolderMailer(tmp_path).send(mail(None))


def test_a_folder_that_cannot_be_written_is_a_mail_error(tmp_path):
    """The message stays in the outbox."""
    (tmp_path / "file").write_text("")
    with pytest.raises(MailError):
        FolderMailer(tmp_path / "file").send(mail())


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    """The disk fills up in the middle: no file, not even an unfinished one."""

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rak_billing.durable_file.os.fsync", full)
    with pytest.raises(MailError, match="No space"):
        FolderMailer(tmp_path).send(mail())
    assert [] == list(tmp_path.iterdir())


def test_the_mailer_says_where_it_writes(tmp_path):
    """For the person who looks for the mails."""
    assert str(tmp_path) in repr(FolderMailer(tmp_path))

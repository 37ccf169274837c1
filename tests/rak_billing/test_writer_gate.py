"""Writers of one SQLite file queue, in this process and in others."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest

from rak_billing.errors import JournalError
from rak_billing.payments.journal import Journal
from rak_billing.payments.local_disk import check_local, file_system_of
from rak_billing.payments.writer_gate import WriterGate
from support.checkout_kit import NOON

MOUNTS = """\
overlay / overlay rw 0 0
/dev/vda1 /srv ext4 rw 0 0
server:/export /srv/shared nfs4 rw 0 0
//host/share /mnt/my\\040share cifs rw 0 0
broken
"""


def count(journal):
    with journal.writing() as tx:
        tx.rejections.add("test", b"", at=NOON)


def test_a_second_writer_waits(tmp_path):
    """While the gate is held nobody else gets in, by whatever door; given back, the next one does."""
    first, second = (WriterGate(str(tmp_path / "gate"), seconds=0.02) for _ in range(2))
    first.take()
    with pytest.raises(JournalError, match=r"other writers held it for 0\.02 seconds"):
        second.take()
    first.give()
    second.take()
    second.give()


def test_another_thread_waits(tmp_path):
    """Within one process as between two; who holds it already is told at once that waiting would never end."""
    gate = WriterGate(str(tmp_path / "gate"), seconds=0.02)
    gate.take()
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(JournalError, match="other writers held it"):
            pool.submit(gate.take).result()
        with pytest.raises(JournalError, match="this thread has a transaction open"):
            gate.take()
        gate.give()
        pool.submit(gate.take).result()
        pool.submit(gate.give).result()


def test_a_transaction_within_a_transaction_is_refused_at_once(tmp_path):
    """It would wait for itself; the first is undone, and the journal goes on."""
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}") as journal:
        with pytest.raises(JournalError, match="this thread has a transaction open"), journal.writing():
            count(journal)
        count(journal)


def test_whoever_gave_up_does_not_keep_the_others_out(tmp_path):
    """Its turn comes all the same, later, and is passed on."""
    path = str(tmp_path / "gate")
    holder, patient = WriterGate(path), WriterGate(path)
    holder.take()
    for _ in range(3):
        with pytest.raises(JournalError):
            WriterGate(path, seconds=0.02).take()
    holder.give()
    patient.take()
    with pytest.raises(JournalError):
        WriterGate(path, seconds=0.02).take()
    patient.give()
    holder.take()
    holder.give()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody promises an order")
def test_who_came_first_is_let_in_first(tmp_path):
    """No newcomer overtakes those that wait."""
    path, order = str(tmp_path / "gate"), []
    holder = WriterGate(path)
    holder.take()

    def pass_through(number):
        gate = WriterGate(path)
        gate.take()
        order.append(number)
        gate.give()

    threads = [Thread(target=pass_through, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    holder.give()
    for thread in threads:
        thread.join()
    assert [0, 1, 2, 3, 4] == order


def test_giving_what_was_not_taken_changes_nothing(tmp_path):
    """Twice given is given."""
    gate, other = (WriterGate(str(tmp_path / "gate"), seconds=0.02) for _ in range(2))
    gate.give()
    gate.take()
    with pytest.raises(JournalError):
        other.take()
    gate.give()
    gate.give()
    other.take()
    with pytest.raises(JournalError):
        gate.take()
    other.give()


def test_a_gate_that_cannot_be_made_is_an_error(tmp_path):
    """Its folder is gone."""
    with pytest.raises(JournalError, match="FileNotFoundError"):
        WriterGate(str(tmp_path / "none" / "gate")).take()


def test_a_transaction_holds_the_gate(tmp_path):
    """From its beginning to its end, however it ends; a reader passes by."""
    gate = WriterGate(str(tmp_path / "rak.db-gate"), seconds=0.02)
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}") as journal:
        with journal.reading():
            gate.take()
            gate.give()
        with journal.writing(), pytest.raises(JournalError):
            gate.take()
        with pytest.raises(ZeroDivisionError), journal.writing():
            raise ZeroDivisionError
        gate.take()
        gate.give()


def test_the_gate_can_be_left_out(tmp_path):
    """Switched off, there is no file."""
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}", writer_gate=False) as journal:
        count(journal)
    assert not (tmp_path / "rak.db-gate").exists()


def test_threads_pass_one_by_one(tmp_path):
    """Sixteen writers lose nothing and never see a locked database."""
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}") as journal:
        threads = [Thread(target=lambda: [count(journal) for _ in range(10)]) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with journal.reading() as tx:
            assert {"test": 160} == tx.rejections.counts()


#: Takes the gate, forks a child that lives on, says so, and waits to be killed.
_HOLDER = """
import os, sys, time
from rak_billing.payments.writer_gate import WriterGate
gate = WriterGate(sys.argv[1])
gate.take()
if os.fork() == 0:
    os.close(1)
    time.sleep(5)
    os._exit(0)
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="forks are POSIX")
def test_a_killed_holder_leaves_the_gate(tmp_path):
    """Nobody waits for the dead, nor for a child of theirs."""
    path = str(tmp_path / "gate")
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, path], stdout=subprocess.PIPE)
    try:
        assert b"held\n" == holder.stdout.readline()
        gate = WriterGate(path, seconds=0.02)
        with pytest.raises(JournalError):
            gate.take()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        gate.take()
        gate.give()
    finally:
        holder.kill()
        holder.wait(10)
        holder.stdout.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/rak.db", "ext4"),
        ("/srv/shared/rak.db", "nfs4"),
        ("/srv/sharedish/rak.db", "ext4"),
        ("/mnt/my share/rak.db", "cifs"),
        ("/rak.db", "overlay"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(path, kind):
    """The longest folder that holds the file, blanks included."""
    assert kind == file_system_of(Path(path), MOUNTS)


def test_a_network_disk_is_refused(tmp_path):
    """SQLite's locks do not hold there."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/export {tmp_path} nfs rw 0 0\n")
    with pytest.raises(JournalError, match="not on nfs"):
        check_local(str(tmp_path / "rak.db"), mounts=mounts)
    mounts.write_text(f"/dev/sda1 {tmp_path} ext4 rw 0 0\n")
    assert "ext4" == check_local(str(tmp_path / "rak.db"), mounts=mounts)


def test_a_machine_that_does_not_tell_is_believed(tmp_path):
    """Without a list of mounts nothing is refused."""
    assert check_local("rak.db", mounts=tmp_path / "none") is None
    assert file_system_of(Path("/rak.db"), "") is None

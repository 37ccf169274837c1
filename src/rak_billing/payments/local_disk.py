"""Whether a file lies on a disk of this machine: SQLite's locks do not hold over a network."""

from pathlib import Path
from typing import Final

from rak_billing.errors import JournalSettingError

#: Kinds of file systems whose files another machine may have open.
NETWORK_KINDS: Final = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs",
        "fuse.sshfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs",
    }
)  # fmt: skip
_MOUNTS: Final = Path("/proc/self/mounts")


def file_system_of(path: Path, mounts: str) -> str | None:
    """Return the kind of the file system that holds *path*, by the lines of ``/proc/self/mounts``, or None."""
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) < 3:  # noqa: PLR2004 - device, folder, kind
            continue
        folder = Path(parts[1].replace("\\040", " "))
        # A later mount of the same folder hides the earlier one.
        if path.is_relative_to(folder) and (best is None or len(folder.parts) >= best[0]):
            best = len(folder.parts), parts[2]
    return None if best is None else best[1]


def check_local(database: str, *, mounts: Path = _MOUNTS) -> str | None:
    """
    Return the kind of the file system that *database* lies on; None where this machine does not tell.

    Raises:
        JournalSettingError: It is a network's.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    kind = file_system_of(Path(database).absolute().resolve(), lines)
    if kind in NETWORK_KINDS:
        raise JournalSettingError(
            "network_disk",
            f"expected a file on a local disk, not on {kind}: SQLite's locks do not hold there",
        )
    return kind

"""Writes a file so that it is there whole after a crash, or not at all."""

import os
from pathlib import Path


def write_whole(target: Path, content: bytes) -> None:
    """
    Write *content* to *target*: under another name, flushed to the disk, renamed, and the folder flushed too.

    Raises:
        OSError: The disk is full, the folder is missing or may not be written to.
    """
    # Process id and chance keep writers apart; whoever looks for files by their ending does not see this name.
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        _flush_folder(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    # Without it the new name may be lost when the power goes, although the content is on the disk.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

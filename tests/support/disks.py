"""Disks that are too small, full, broken or read-only, and a journal's file on them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from support.checkout_kit import Till


def _run(*command: str) -> bool:
    return not subprocess.run(command, check=False, capture_output=True).returncode


@contextmanager
def small_disk(folder: Path, *, megabytes: int = 3) -> Iterator[bool]:
    """Make *folder* a disk of its own, of so many megabytes; tell whether one could be mounted here."""
    folder.mkdir()
    command = shutil.which("mount")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    mounted = bool(is_root and command) and _run(
        "mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def fill_up(folder: Path) -> None:
    """Write until the disk takes no more."""
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        for size in (65536, 4096, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue


@contextmanager
def no_room(folder: Path, shop: Till, *, is_mounted: bool) -> Iterator[None]:
    """Leave no room: on the disk, or by SQLite's own limit of pages."""
    if is_mounted:
        shop.journal.engine.dispose()
        fill_up(folder)
        yield
        (folder / "ballast").unlink()
        return
    with _connecting(shop, lambda pages: f"PRAGMA max_page_count = {pages}"):
        yield


@contextmanager
def read_only(folder: Path, shop: Till, *, is_mounted: bool) -> Iterator[None]:
    """Let nothing be written: to the disk, or by SQLite's own word."""
    shop.journal.engine.dispose()
    if is_mounted:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        try:
            yield
        finally:
            shop.journal.engine.dispose()
            subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        return
    with _connecting(shop, lambda _pages: "PRAGMA query_only = ON"):
        yield


@contextmanager
def _connecting(shop: Till, pragma) -> Iterator[None]:
    def limit(connection, _record) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(pragma(pages))

    shop.journal.engine.dispose()
    event.listen(shop.journal.engine, "connect", limit)
    yield
    event.remove(shop.journal.engine, "connect", limit)
    shop.journal.engine.dispose()


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Have the system refuse whatever this process writes beyond *size* bytes of a file, as a broken disk does."""
    import resource  # is POSIX only

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

"""Disks of our own: ext4 in a file on a loop device, a small tmpfs; for root, gone at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROGRAMS = ("mount", "umount", "mkfs.ext4", "cp")


@dataclass(frozen=True, slots=True)
class Image:
    """A file system in a file, and where it is mounted."""

    file: Path
    folder: Path

    def copied(self, to: Path) -> None:
        """Copy what has reached the device; what is only in the memory of the machine is not."""
        _run("cp", "--sparse=always", str(self.file), str(to))


def why_not_mount() -> str:
    """Why no volume can be made here; empty where it can."""
    missing = [program for program in _PROGRAMS if shutil.which(program, path=_PATH) is None]
    if missing:
        return f"no {missing[0]} on this machine"
    if os.geteuid() != 0:
        return "mounting is for root"
    with tempfile.TemporaryDirectory(prefix="crossdock-volume-") as folder:
        try:
            with image(Path(folder), 16):
                return ""
        except subprocess.CalledProcessError as error:
            return f"mounting is not permitted: {error.stderr.strip()[-200:]}"


@contextmanager
def image(folder: Path, mib: int, file: Path | None = None) -> Iterator[Image]:
    """Mount an ext4 image below `folder`: the given file, or a fresh one of this size, sparse."""
    if file is None:
        file = folder / "disk.img"
        with file.open("wb") as made:
            made.truncate(mib * 2**20)
        _run("mkfs.ext4", "-q", "-F", str(file))
    place = folder / f"{file.stem}.mounted"
    with _mounted(place, "-o", "loop", str(file)):
        yield Image(file, place)


@contextmanager
def small_tmpfs(place: Path, mib: int) -> Iterator[Path]:
    """Mount a tmpfs of so many MiB; `resize` changes it."""
    with _mounted(place, "-t", "tmpfs", "-o", f"size={mib}m", "none"):
        yield place


def resize(place: Path, mib: float) -> None:
    """Change the size of a mounted tmpfs; not below what is used of it."""
    _run("mount", "-o", f"remount,size={int(mib * 1024)}k", str(place))


@contextmanager
def _mounted(place: Path, *arguments: str) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    _run("mount", *arguments, str(place))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(place))  # a killed server may still be letting go of it


_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def _run(*command: str) -> None:
    """Run a program. Raises `subprocess.CalledProcessError` with what it said."""
    program = shutil.which(command[0], path=_PATH) or command[0]
    subprocess.run(  # noqa: S603 - every word of the command is ours
        [program, *command[1:]], check=True, capture_output=True, text=True
    )

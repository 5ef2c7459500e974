"""The disk cache of object code, by content: any damage is a miss, never an error."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import stat
import sys
import tempfile
from pathlib import Path

from theon.options import config

__all__ = ["folder", "generator", "key_of", "load", "store"]

_FORMAT = b"theon-object-1\n"


def folder() -> Path | None:
    """Return the cache's folder, made private to the user; None where there can be none."""
    if not getattr(config, "cache", True):
        return None
    given = os.environ.get("THEON_CACHE") or config.base_compiledir
    if given:
        path = Path(given).expanduser() / "objects"
    elif sys.platform == "win32":
        path = Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "theon"
    else:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "theon"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            found = path.stat()
            # Code is mapped from here: nobody else may have written it.
            if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o022:
                return None
    except OSError:
        return None
    return path


def key_of(*parts: str) -> str:
    """Return the name under which object code for these texts is kept."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


@functools.cache
def generator() -> str | None:
    """Return a text that differs where the modules that write code do; None where they are not plain files."""
    package = Path(__file__).parents[1]
    try:
        found = [entry for name in ("codegen", "kernel") for entry in os.scandir(package / name)]
        told = [(entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in found if entry.is_file()]
    except OSError:
        return None
    return repr(sorted(told))


def load(key: str) -> bytes | None:
    """Return the object code kept under ``key``, if it is there and whole."""
    place = folder()
    if place is None:
        return None
    try:
        content = (place / key).read_bytes()
    except OSError:
        return None
    head, body = content[: len(_FORMAT) + 32], content[len(_FORMAT) + 32 :]
    if head != _FORMAT + hashlib.sha256(body).digest():
        return None
    return body


def store(key: str, body: bytes) -> None:
    """Keep object code, unless the disk refuses; another process sees all of it or nothing."""
    place = folder()
    if place is None:
        return
    try:
        handle, name = tempfile.mkstemp(dir=place, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(_FORMAT + hashlib.sha256(body).digest() + body)
            os.replace(name, place / key)
        except OSError:
            os.unlink(name)  # a full disk is not filled further
            raise
        _trim(place)
    except OSError:
        return


_WRITES = itertools.count(os.getpid())  # short programs begin elsewhere each time


def _trim(place: Path) -> None:
    """Drop the oldest files where the cache has grown past its cap; looked at after one write in 64 only."""
    if next(_WRITES) % 64:
        return
    with os.scandir(place) as entries:
        files = sorted((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in entries)
    total = sum(size for _, size, _ in files)
    cap = int(getattr(config, "cache_size_mb", 512)) * 1_000_000
    for _, size, path in files:
        if total <= cap:
            break
        os.unlink(path)
        total -= size

"""Wheels: packages of others, unpacked at build so that they import as if their files had been uploaded."""

from __future__ import annotations

import io
import zipfile

from .failures import Failed

_BYTES_MAX = 256 * 1024 * 1024
_FILES_MAX = 20_000
_COMPILED = (".so", ".pyd", ".dylib", ".dll")


def is_wheel(path: str) -> bool:
    """Whether a file of the source is a wheel."""
    return path.endswith(".whl")


def unpack(path: str, content: bytes) -> tuple[str, dict[str, bytes]]:
    """The folder that stands for a wheel, and the files in it."""
    root = path.removesuffix(".whl") + "/"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return root, _files(path, root, archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise Failed(f"{path} is not a wheel that can be read: {error}") from error


def _files(path: str, root: str, archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > _FILES_MAX or sum(entry.file_size for entry in entries) > _BYTES_MAX:
        raise Failed(f"{path} is too large: at most {_FILES_MAX} files and {_BYTES_MAX} bytes")
    files = {}
    for entry in entries:
        if entry.filename.endswith(_COMPILED):
            raise Failed(
                f"{path} holds compiled code ({entry.filename}), which cannot run here: only wheels of pure Python can"
            )
        if not entry.filename.startswith("/") and ".." not in entry.filename.split("/"):
            files[root + entry.filename] = archive.read(entry)
    return files

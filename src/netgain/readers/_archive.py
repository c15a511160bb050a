"""What goes wrong with zip archives."""

from __future__ import annotations

import struct
import zipfile
import zlib

DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    UnicodeDecodeError,
    struct.error,
    zlib.error,
)
"""What Python's zipfile raises on damaged, encrypted or oddly packed archives."""

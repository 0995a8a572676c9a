"""How much may still be written where the record is kept."""

from __future__ import annotations

import shutil
from pathlib import Path


def has_free(folder: Path, size: int) -> bool:
    """Whether so many bytes are free there, or nobody can say."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return True  # it is gone, which others tell better
    # Some file systems in user space say nothing of their size.
    return usage.total == 0 or usage.free >= size

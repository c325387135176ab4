"""A simulated chest as a DICOM series: something to practise reading on.

No real multi-slice chest CT can be bundled, so the lesson on CT data writes this phantom to a
temporary folder: an elliptic body, two lungs, a spine, a vessel that climbs from slice to slice and
one round nodule. Its files carry the tags that a scanner writes, and names in no useful order.
"""

from pathlib import Path

import numpy as np

# Typical HU values: Hounsfield, Br J Radiol 46:1016 (1973); fat and lung vary between people.
AIR, LUNG, FAT, MUSCLE, BONE = -1000, -850, -100, 50, 500
NODULE_MM = 12.0  # diameter of the nodule


def chest(slices: int = 24, size: int = 128, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw the phantom."""
    spacing = np.array([5.0, 358.4 / size, 358.4 / size])
    shape = (slices, size, size)
    axes = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    shrink = 1 - 0.7 * (z / 60) ** 2  # lungs are narrower at both ends
    hu = np.full(z.shape, float(AIR))
    hu[(x / 165) ** 2 + (y / 115) ** 2 < 1] = FAT
    hu[(x / 155) ** 2 + (y / 105) ** 2 < 1] = MUSCLE
    for side in (-1, 1):
        hu[((x - side * 75) / 62) ** 2 + (y / 80) ** 2 < shrink] = LUNG
    hu[x**2 + (y - 78) ** 2 < 18**2] = BONE
    hu[(x + 75 + 0.3 * z) ** 2 + (y - 0.5 * z) ** 2 < 5**2] = MUSCLE
    hu[(x - 80) ** 2 + (y + 15) ** 2 + (z - 10) ** 2 < (NODULE_MM / 2) ** 2] = MUSCLE
    noise = np.random.default_rng(seed).normal(0, 15, hu.shape)
    return np.round(hu + noise).astype(np.int16), spacing


def write_series(
    folder: str | Path, slices: int = 24, size: int = 128, seed: int = 0
) -> list[Path]:
    """Write the phantom as a DICOM CT series."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    hu, spacing = chest(slices, size, seed)
    root = "1.2.826.0.1.3680043.8.498.20"  # the prefix that pydicom uses for made-up images
    names = np.random.default_rng(seed).permutation(slices)
    written = []
    for k, image in enumerate(hu):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = f"{root}.3.{k + 1}"
        slice_ = Dataset()
        slice_.file_meta = meta
        slice_.SOPClassUID, slice_.SOPInstanceUID = CTImageStorage, f"{root}.3.{k + 1}"
        slice_.StudyInstanceUID, slice_.SeriesInstanceUID = f"{root}.1", f"{root}.2"
        slice_.Modality, slice_.PatientID, slice_.PatientName = "CT", "PHANTOM", "Simulated^Chest"
        slice_.SeriesDescription, slice_.InstanceNumber = "Simulated chest", int(names[k]) + 1
        slice_.Rows, slice_.Columns = image.shape
        slice_.PixelSpacing = [float(spacing[1]), float(spacing[2])]
        slice_.SliceThickness = float(spacing[0])
        slice_.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        slice_.ImagePositionPatient = [-179.2, -179.2, float(spacing[0] * k)]
        slice_.RescaleSlope, slice_.RescaleIntercept = 1, -1024
        slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
        slice_.BitsAllocated, slice_.BitsStored, slice_.HighBit = 16, 16, 15
        slice_.PixelRepresentation = 0
        slice_.PixelData = (image.astype(np.int32) + 1024).clip(0).astype("<u2").tobytes()
        path = Path(folder) / f"IM{names[k]:04d}.dcm"
        slice_.save_as(path, enforce_file_format=True)
        written.append(path)
    return written

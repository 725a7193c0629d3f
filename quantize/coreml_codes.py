"""The rounded weights of a graph by name, in files, so memory holds one and functions share them."""

from pathlib import Path

import numpy as np


class Codes:
    """Codes [N, K] of weights, and what they stand for.

    int4: codes i8 and scales f32 [N, K / block]. Palettes: indices u8 and palettes f32 [groups, 2^bits].
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __contains__(self, name: str) -> bool:
        return self.path(name).exists()

    def save(self, name: str, codes: np.ndarray, values: np.ndarray) -> None:
        self.folder.mkdir(exist_ok=True)
        np.savez(self.path(name), codes=codes, values=values)

    def load(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        with np.load(self.path(name)) as file:
            return file["codes"], file["values"]

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"

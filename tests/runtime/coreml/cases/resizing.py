"""Images made larger or smaller."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.runtime.coreml.cases.case import case, real
from tests.runtime.coreml.packages import mb

RESIZING = [
    case(
        "upsample_nearest_neighbor",
        lambda x: mb.upsample_nearest_neighbor(x=x, scale_factor_height=2, scale_factor_width=3),
        lambda x: x.repeat_interleave(2, -2).repeat_interleave(3, -1),
        x=real(1, 2, 3, 4),
    ),
    case(
        "resize_nearest_neighbor",
        lambda x: mb.resize_nearest_neighbor(x=x, target_size_height=5, target_size_width=2),
        lambda x: F.interpolate(x, (5, 2), mode="nearest"),
        x=real(1, 2, 3, 4),
    ),
    *(
        case(
            "upsample_bilinear",
            lambda x, align=align: mb.upsample_bilinear(
                x=x, scale_factor_height=2, scale_factor_width=2, align_corners=align
            ),
            lambda x, align=align: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=align),
            x=real(1, 2, 3, 4),
        )
        for align in (False, True)
    ),
    *(
        case(
            "resize_bilinear",
            lambda x, mode=mode, values=values: mb.resize_bilinear(
                x=x, target_size_height=1, target_size_width=len(values), sampling_mode=mode
            ),
            lambda x, values=values: torch.tensor([[values]]),
            x=np.array([[[0, 1]]], np.float32),
        )
        # The figures of MIL's documentation, where it gives some.
        for mode, values in {
            "UNALIGN_CORNERS": [0.0, 0.1, 0.5, 0.9, 1.0],
            "STRICT_ALIGN_CORNERS": [0.0, 0.25, 0.5, 0.75, 1.0],
            "ALIGN_CORNERS": [0.5],
            "DEFAULT": [0.0, 0.4, 0.8, 1.0, 1.0],
            "OFFSET_CORNERS": [0.1, 0.3, 0.5, 0.7, 0.9],
        }.items()
    ),
]

"""Writes packages/safetensors/test/fixtures/python.safetensors with the reference implementation.

Needs numpy and safetensors. Run from the repository root:
    python tools/reference/safetensors/make_fixtures.py
"""

import numpy as np
from safetensors.numpy import save_file

# One metadata key only: the reference implementation writes several in no fixed order.
save_file(
    {
        "weight": np.array([[1.5, -2.25, 3.0], [0.1, -0.0, 1e-30]], dtype=np.float32),
        "scalar": np.array(0.1, dtype=np.float64),
        "ids": np.array([-1, 0, 2147483647], dtype=np.int32),
        "bytes": np.array([0, 127, 255], dtype=np.uint8),
        "signed": np.array([-128, 127], dtype=np.int8),
        "long": np.array([-(2**63), 2**63 - 1], dtype=np.int64),
        "unsigned": np.array([2**64 - 1], dtype=np.uint64),
        "mask": np.array([[True, False, True]], dtype=np.bool_),
        "half": np.array([1.0, -2.0], dtype=np.float16),
        "short": np.array([-32768, 5], dtype=np.int16),
        "empty": np.zeros((0, 4), dtype=np.float32),
        "tensör/0": np.array([7], dtype=np.uint32),
    },
    "packages/safetensors/test/fixtures/python.safetensors",
    metadata={"format": "np"},
)

"""Reads a file that @steepest/safetensors wrote with the reference implementation and prints it as JSON.

Needs numpy and safetensors:
    python tools/reference/safetensors/check_reader.py FILE
"""

import json
import sys

from safetensors import safe_open

with safe_open(sys.argv[1], framework="np") as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    print(
        json.dumps(
            {
                "metadata": file.metadata(),
                "tensors": {
                    name: {"dtype": str(value.dtype), "shape": list(value.shape), "data": value.ravel().tolist()}
                    for name, value in sorted(tensors.items())
                },
            }
        )
    )

"""Derivatives of activations to 30 digits, for packages/lm-models/test/fixtures/activations.json.

    python tools/reference/lm-models/activations.py packages/lm-models/test/fixtures/activations.json

Needs mpmath. The formulas are those of the papers; mpmath differentiates them numerically.
"""

import json
import sys

import mpmath
from mpmath import mp, mpf

INPUTS = [-3, -1.5, -0.25, 0, 0.75, 2]
FUNCTIONS = {
    "gelu": lambda x: x * mpmath.ncdf(x),
    "geluTanh": lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
}


def main(path):
    mp.dps = 30
    derivatives = {
        name: [[float(mpmath.chop(mpmath.diff(f, x, order), 1e-20)) for x in INPUTS] for order in (1, 2, 3)]
        for name, f in FUNCTIONS.items()
    }
    fixture = {
        "made by": f"tools/reference/lm-models/activations.py, mpmath {mpmath.__version__}",
        "inputs": INPUTS,
        "derivatives": derivatives,
    }
    with open(path, "w") as file:
        json.dump(fixture, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])

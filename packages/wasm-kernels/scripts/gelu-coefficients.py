"""Prints the coefficients of assembly/gelu.ts, highest power first, and the error of Phi with them in float32.

Needs numpy. The fit is weighted least squares at Chebyshev nodes, with weights raised where the error is largest
(Lawson's iteration) until it is nearly even.
"""
from math import cos, erfc, exp, pi, sqrt

import numpy as np

SCALE, FARTHEST, DEGREE = 0.22, 13.2, 7


def scaled_tail(x):
    return erfc(x / sqrt(2)) * exp(x * x / 2) / 2


most = SCALE * FARTHEST / (1 + SCALE * FARTHEST)
u = np.array([most / 2 * (1 + cos(pi * (i + 0.5) / 400)) for i in range(400)])
x = u / (1 - u) / SCALE
exact = (0.5 - np.array([scaled_tail(v) for v in x])) / u
# The error of the tail counts with its decay, but not without end: small results keep a few digits.
weight = u * np.exp(-x * x / 8) + 0.02 * u
lawson = np.ones_like(u)
powers = np.vander(u, DEGREE + 1)
best = (np.inf, None)
for _ in range(40):
    scaled = weight * np.sqrt(lawson)
    coefficients = np.linalg.lstsq(powers * scaled[:, None], exact * scaled, rcond=None)[0]
    errors = np.abs(powers @ coefficients - exact) * weight
    best = min(best, (errors.max(), coefficients), key=lambda pair: pair[0])
    lawson *= errors
    lawson /= lawson.sum()
coefficients = best[1].astype(np.float32)
print(", ".join(str(float(c)) for c in coefficients))

points = np.linspace(0, 13, 200001).astype(np.float32)
scaled = np.float32(SCALE) * points
u = scaled / (np.float32(1) + scaled)
total = np.full_like(u, coefficients[0])
for c in coefficients[1:]:
    total = total * u + c
tail = np.float32(0.5) - u * total
bell = np.exp((points * np.float32(-0.5) * points).astype(float)).astype(np.float32)
truth = np.array([erfc(v / sqrt(2)) / 2 for v in points.astype(float)])
print(f"largest error of Phi {np.max(np.abs((np.float32(1) - bell * tail) - (1 - truth))):.2e}")

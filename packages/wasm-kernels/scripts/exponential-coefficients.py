"""Prints the coefficients of assembly/exponential.ts, highest power first, and their relative error in float64.

Needs numpy. e^r = 1 + r + r^2 P(r) for |r| <= ln 2 / 2 and a little; least squares at Chebyshev nodes, with weights
raised where the error is largest (Lawson's iteration) until it is nearly even.
"""
from math import cos, pi

import numpy as np

r = np.array([0.3475 * cos(pi * (i + 0.5) / 600) for i in range(600)])
exact = (np.expm1(r) - r) / r**2
weight = r**2 / np.exp(r)
lawson = np.ones_like(r)
powers = np.vander(r, 5)
best = (np.inf, None)
for _ in range(60):
    scaled = weight * np.sqrt(lawson)
    coefficients = np.linalg.lstsq(powers * scaled[:, None], exact * scaled, rcond=None)[0]
    errors = np.abs(powers @ coefficients - exact) * weight
    best = min(best, (errors.max(), coefficients), key=lambda pair: pair[0])
    lawson *= errors
    lawson /= lawson.sum()
print(", ".join(str(float(c)) for c in best[1].astype(np.float32)), f"largest error {best[0]:.2e}")

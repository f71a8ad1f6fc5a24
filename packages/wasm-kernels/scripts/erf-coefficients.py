"""Prints the coefficients of assembly/elementary.ts for erf, highest power first, and their error in float64.

Needs numpy. Fits are least squares at Chebyshev nodes, which is within a small factor of the best polynomial.
"""
from math import cos, erf, erfc, log, pi

import numpy as np


def nodes(low, high, count=400):
    return np.array([(low + high) / 2 + (high - low) / 2 * cos(pi * (i + 0.5) / count) for i in range(count)])


def report(name, coefficients, error):
    print(name, ", ".join(f"{c:.9e}" for c in coefficients), f"largest error {error:.2e}")


# erf(x) = x P(x^2) on [0, 1], weighted for relative error.
t = nodes(1e-8, 1.0)
exact = np.array([erf(v**0.5) / v**0.5 for v in t])
small = np.polyfit(t, exact, 6, w=1 / exact)
report("near", small, np.max(np.abs(np.polyval(small, t) / exact - 1)))

# erf(x) = 1 - exp(Q(x - 2.5)) on [1, 4], weighted by erfc for absolute error of erf. Centred to keep powers small.
x = nodes(1.0, 4.0)
tail = np.array([erfc(v) for v in x])
logs = np.log(tail)
large = np.polyfit(x - 2.5, logs, 8, w=tail)
report("far", large, np.max(np.abs(np.exp(np.polyval(large, x - 2.5)) - tail)))

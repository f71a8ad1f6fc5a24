"""Writes packages/scaling-laws/test/fixtures/fitting.json: minima and power laws computed by NumPy and SciPy.

Run: pip install numpy scipy; python tools/reference/scaling-laws/make_fitting.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy.interpolate import Akima1DInterpolator
from scipy.optimize import minimize, root, rosen, rosen_der

target = Path(__file__).parents[3] / "packages/scaling-laws/test/fixtures/fitting.json"
random = np.random.default_rng(7)


def numbers(values):
    return [float(value) for value in np.ravel(values)]


def beale(p):
    x, y = p
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def powell(p):
    a, b, c, d = p
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


def minima():
    problems = {
        "rosenbrock2": (rosen, rosen_der, [-1.2, 1.0]),
        "rosenbrock10": (rosen, rosen_der, [1.3, 0.7, 0.8, 1.9, 1.2] * 2),
        "beale": (beale, None, [1.0, 1.0]),
        "powell": (powell, None, [3.0, -1.0, 0.0, 1.0]),
    }
    found = {}
    for name, (function, gradient, start) in problems.items():
        result = minimize(function, start, jac=gradient, method="BFGS", options={"gtol": 1e-9 if gradient else 1e-6})
        found[name] = {
            "start": start,
            "value": float(result.fun),
            "point": numbers(result.x),
            "iterations": int(result.nit),
        }
    return found


def logistic():
    """Loss of a logistic regression with a small ridge: a minimum that has no closed form."""
    x = random.normal(size=(40, 3))
    y = np.where(x @ np.array([1.0, -2.0, 0.5]) + random.normal(size=40) > 0, 1.0, -1.0)

    def value(w):
        return np.sum(np.log1p(np.exp(-y * (x @ w)))) + 0.05 * w @ w

    def gradient(w):
        return x.T @ (-y / (1 + np.exp(y * (x @ w)))) + 0.1 * w

    # BFGS stops short of the last digits when the value no longer changes, so a root finder ends the search.
    result = minimize(value, np.zeros(3), jac=gradient, method="BFGS", options={"gtol": 1e-10})
    result.x = root(gradient, result.x, tol=1e-14).x
    return {"x": [numbers(row) for row in x], "y": numbers(y), "value": float(result.fun), "point": numbers(result.x)}


def power_law():
    """Weighted least squares on logarithms by the normal equations, and the interval of the line at one point."""
    n = 10 ** random.uniform(7, 10, size=14)
    d = 10 ** random.uniform(8, 11, size=14)
    spread = random.uniform(0.01, 0.1, size=14)
    y = 3.7 * n**-0.36 * d**0.21 * np.exp(random.normal(size=14) * spread)
    w = 1 / spread**2
    cases = []
    for weights in (np.ones(14), w):
        design = np.stack([np.ones(14), np.log(n), np.log(d)], axis=1)
        root = np.sqrt(weights)[:, None]
        solution, *_ = np.linalg.lstsq(design * root, np.log(y) * root[:, 0], rcond=None)
        residual = np.log(y) - design @ solution
        variance = np.sum(weights * residual**2) / (14 - 3)
        covariance = variance * np.linalg.inv((design * root).T @ (design * root))
        at = np.array([1, np.log(3e10), np.log(1e12)])
        half = student.ppf(0.975, 14 - 3) * np.sqrt(at @ covariance @ at)
        middle = at @ solution
        mean = np.sum(weights * np.log(y)) / np.sum(weights)
        cases.append(
            {
                "weights": numbers(weights),
                "logCoefficient": float(solution[0]),
                "exponents": numbers(solution[1:]),
                "covariance": [numbers(row) for row in covariance],
                "r2": float(1 - np.sum(weights * residual**2) / np.sum(weights * (np.log(y) - mean) ** 2)),
                "prediction": numbers(np.exp([middle, middle - half, middle + half])),
            }
        )
    return {"n": numbers(n), "d": numbers(d), "y": numbers(y), "cases": cases}


def akima():
    """Akima's interpolation (1970) of uneven points, one of them on a straight stretch."""
    cases = []
    for count in (5, 6, 9):
        x = np.cumsum(random.uniform(0.2, 1.5, size=count))
        y = random.normal(size=count)
        if count == 9:
            y[3:7] = y[3] + 0.5 * (x[3:7] - x[3])
        at = np.linspace(x[0], x[-1], 23)
        cases.append({"x": numbers(x), "y": numbers(y), "at": numbers(at), "values": numbers(Akima1DInterpolator(x, y)(at))})
    return cases


content = {
    "madeWith": f"NumPy {np.__version__}, SciPy {scipy.__version__}",
    "minima": minima(),
    "logistic": logistic(),
    "powerLaw": power_law(),
    "akima": akima(),
}
target.write_text(json.dumps(content, indent=1) + "\n")

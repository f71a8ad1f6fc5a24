"""Writes packages/scaling-laws/test/fixtures/adaptive-shapes.json: where laws of shapes cross in slope, and what the best
traversal between them costs, computed by SciPy without the closed form of an inverse or of its derivative.

Run: pip install numpy scipy; python tools/reference/scaling-laws/make_adaptive_shapes.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy.integrate import quad
from scipy.optimize import brentq, minimize

target = Path(__file__).parents[3] / "packages/scaling-laws/test/fixtures/adaptive-shapes.json"


def loss(law, log_flops):
    return law["a"] * (np.exp(log_flops) + law["d"]) ** -law["b"] + law["c"]


def inverse(law, value):
    """FLOPs at which the law has a loss, by a root search; infinite below what 1e40 FLOPs reach."""
    if value <= loss(law, np.log(1e40)):
        return np.inf
    return float(np.exp(brentq(lambda x: loss(law, x) - value, np.log(1e-3), np.log(1e40), xtol=1e-15, rtol=1e-15)))


def steepness(law, value):
    """-d inverse / d loss: the reciprocal of the slope of the law itself, by a central difference in log C."""
    flops = inverse(law, value)
    if not np.isfinite(flops):
        return np.inf
    x, h = np.log(flops), 1e-4
    # Richardson's extrapolation of two differences: an error of h^4.
    slope = lambda h: (loss(law, x + h) - loss(law, x - h)) / (2 * h)
    return -flops / ((4 * slope(h / 2) - slope(h)) / 3)


def crossings(first, second, low, high):
    ratio = lambda value: np.log(steepness(first, value) / steepness(second, value))
    grid = np.linspace(max(low, first["c"] + 1e-6, second["c"] + 1e-6), high, 2000)
    values = [ratio(value) for value in grid]
    return [
        brentq(ratio, grid[i], grid[i + 1], xtol=1e-14)
        for i in range(len(grid) - 1)
        if np.isfinite(values[i]) and np.isfinite(values[i + 1]) and values[i] * values[i + 1] < 0
    ]


def traversal(laws, start, end):
    """Segments from the pointwise largest d f^-1 / dE, and their cost by quadrature of its negative."""
    cuts = sorted({root for i, p in enumerate(laws) for q in laws[i + 1 :] for root in crossings(p, q, end, start)})
    edges = [start, *[cut for cut in reversed(cuts)], end]
    segments = []
    for top, bottom in zip(edges, edges[1:]):
        law = min(laws, key=lambda law: steepness(law, (top + bottom) / 2))
        if segments and segments[-1]["shape"] == law["shape"]:
            top = segments.pop()["fromLoss"]
        segments.append({"shape": law["shape"], "fromLoss": top, "toLoss": bottom})
    by_shape = {law["shape"]: law for law in laws}
    for i, segment in enumerate(segments):
        law = by_shape[segment["shape"]]
        # In the log of the distance from the floor, over which the integrand is smooth.
        f = lambda y: steepness(law, law["c"] + np.exp(y)) * np.exp(y)
        cost, _ = quad(f, np.log(segment["toLoss"] - law["c"]), np.log(segment["fromLoss"] - law["c"]), epsrel=1e-11)
        segment["flops"] = cost + (inverse(law, start) if i == 0 else 0)
    return segments


def best_switches(laws, order, start, end):
    """The switching losses of least total cost for shapes in an order, by a direct search over them."""
    by_shape = {law["shape"]: law for law in laws}

    def cost(switches):
        edges = [*switches, end]
        if any(a <= b for a, b in zip([start, *edges], edges)):
            return np.inf
        total, above = 0.0, None
        for shape, below in zip(order, edges):
            total += inverse(by_shape[shape], below) - (0 if above is None else inverse(by_shape[shape], above))
            above = below
        return total

    count = len(order) - 1
    guess = [start - (start - end) * (i + 1) / (count + 1) for i in range(count)]
    best = minimize(cost, guess, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 0, "maxiter": 5000})
    best = minimize(cost, best.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 0, "maxiter": 5000})
    return {"order": order, "losses": best.x.tolist(), "flops": float(best.fun)}


cases = {
    # Like context lengths: the shorter, the steeper at first and the higher the floor.
    "three shapes": (
        [
            {"shape": 16, "a": 9e3, "b": 0.35, "c": 4.2, "d": 4e9},
            {"shape": 64, "a": 1.5e4, "b": 0.345, "c": 3.6, "d": 2e10},
            {"shape": 256, "a": 2.4e4, "b": 0.342, "c": 3.1, "d": 7e10},
        ],
        7.5,
        4.0,
    ),
    "two shapes with one floor": (
        [
            {"shape": 1, "a": 50.0, "b": 0.12, "c": 2.0, "d": 1e8},
            {"shape": 2, "a": 400.0, "b": 0.2, "c": 2.0, "d": 1e8},
        ],
        5.5,
        2.4,
    ),
    "a shape that is left and taken again": (
        [
            {"shape": 1, "a": 1000.0, "b": 0.25, "c": 2.0, "d": 1e8},
            {"shape": 2, "a": 3.2e6, "b": 0.6, "c": 2.6, "d": 1e8},
        ],
        9.0,
        2.2,
    ),
    "a shape that is best throughout": (
        [
            {"shape": 1, "a": 1000.0, "b": 0.25, "c": 2.0, "d": 1e8},
            {"shape": 2, "a": 2000.0, "b": 0.25, "c": 2.1, "d": 1e8},
        ],
        6.0,
        2.5,
    ),
}

fixture = {"scipy": scipy.__version__, "cases": {}}
for name, (laws, start, end) in cases.items():
    segments = traversal(laws, start, end)
    case = {"laws": laws, "from": start, "to": end, "segments": segments}
    case["fixed"] = [inverse(law, end) if np.isfinite(inverse(law, end)) else None for law in laws]
    if len(segments) > 1:
        case["search"] = best_switches(laws, [segment["shape"] for segment in segments], start, end)
    fixture["cases"][name] = case
    print(name, json.dumps(case, indent=1))
target.write_text(json.dumps(fixture, indent=1) + "\n")

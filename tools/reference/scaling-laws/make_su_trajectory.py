"""Losses of the implicit trajectory of Su et al. 2024 (arXiv 2403.06563), to 30 digits with mpmath's bracketing solver.

Writes packages/scaling-laws/test/fixtures/su-trajectory.json. Run: python tools/reference/scaling-laws/make_su_trajectory.py
"""
import json
from pathlib import Path

import mpmath

mpmath.mp.dps = 30

kaplan = dict(Nc=6.5e13, alphaN=0.077, Sc=2.1e3, alphaS=0.76, Bstar=2e8, alphaB=0.21)
small = dict(Nc=2e9, alphaN=0.12, Sc=120, alphaS=0.6, Bstar=3e8, alphaB=0.15)
steep = dict(Nc=1e7, alphaN=0.4, Sc=5e3, alphaS=1.5, Bstar=1e4, alphaB=0.9)


def loss(c, parameters, steps, batch):
    model = (mpmath.mpf(c["Nc"]) / parameters) ** mpmath.mpf(c["alphaN"])

    def excess(x):
        critical = mpmath.mpf(c["Bstar"]) / x ** (1 / mpmath.mpf(c["alphaB"]))
        least_steps = steps / (1 + critical / batch)
        return x - model - (c["Sc"] / least_steps) ** mpmath.mpf(c["alphaS"])

    high = model
    while excess(high) < 0:
        high *= 2
    # Anderson-Bjorck keeps the bracket, so the root cannot be missed.
    return mpmath.findroot(excess, (model, high), solver="anderson", tol=1e-40, maxsteps=500)


points = []
for constants in (kaplan, small, steep):
    for parameters in (1e4, 3e6, 1.5e9):
        for steps, batch in ((30, 64), (1000, 64), (3000, 2**19), (250000, 512), (250000, 2**24)):
            points.append(
                dict(
                    constants=constants,
                    parameters=parameters,
                    steps=steps,
                    batchTokens=batch,
                    loss=float(loss(constants, parameters, steps, batch)),
                )
            )
root = Path(__file__).resolve().parents[3]
path = root / "packages/scaling-laws/test/fixtures/su-trajectory.json"
path.write_text(json.dumps(points, indent=1) + "\n")

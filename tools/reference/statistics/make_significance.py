"""Writes packages/statistics/test/fixtures/significance.json: what SciPy computes.

Student's t tail probabilities and quantiles, the paired t-test on samples as seeds give them, and Holm's correction (computed
here from its definition, with SciPy's ranks). Needs scipy. Run from the repository root:
    python tools/reference/statistics/make_significance.py
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy import stats

tails = [
    {"t": t, "degreesOfFreedom": v, "p": float(2 * stats.t.sf(abs(t), v))}
    for t in (0.0, 0.02, 0.1, -0.7, 1.0, 2.5, -6.0, 40.0, 1e4)
    for v in (0.3, 1, 1.37, 2, 3.9, 7.5, 28, 120.25, 5000)
]

generator = np.random.default_rng(20260701)
paired = []
for size in (2, 3, 5, 30):
    for spread in (1e-6, 0.01, 0.3):
        shared = generator.normal(0, spread, size)
        a = 5.0 + shared + generator.normal(0, spread / 3, size)
        b = 5.0 + spread + shared + generator.normal(0, spread / 2, size)
        test = stats.ttest_rel(a, b)
        paired.append(
            {
                "a": a.tolist(),
                "b": b.tolist(),
                "t": float(test.statistic),
                "degreesOfFreedom": float(test.df),
                "p": float(test.pvalue),
                "deviationOfA": float(np.std(a, ddof=1)),
            }
        )

holm = []
for count in (1, 3, 15):
    p = generator.uniform(0, 0.12, count)
    ranks = stats.rankdata(p, method="ordinal").astype(int)
    scaled = np.minimum(1, p * (count - ranks + 1))
    corrected = [float(max(scaled[ranks <= rank])) for rank in ranks]
    holm.append({"p": p.tolist(), "corrected": corrected})

quantiles = [
    {"confidence": c, "degreesOfFreedom": v, "t": float(stats.t.ppf((1 + c) / 2, v))}
    for c in (0.5, 0.9, 0.95, 0.999)
    for v in (1, 2, 3, 4, 7, 30, 101, 1000)
]

out = Path("packages/statistics/test/fixtures/significance.json")
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(
    json.dumps(
        {"scipy": scipy.__version__, "tails": tails, "paired": paired, "holm": holm, "quantiles": quantiles},
        indent=1,
    )
    + "\n"
)

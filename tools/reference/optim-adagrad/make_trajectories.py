"""Records packages/optim-adagrad/test/fixtures/torch-*.json.

Needs torch. Run from the repository root:
    python tools/reference/optim-adagrad/make_trajectories.py
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
sys.path.append(str(REPOSITORY / "packages" / "optimizer-testing" / "python"))

import torch
from torch_trajectories import cosine, record

FIXTURES = REPOSITORY / "packages" / "optim-adagrad" / "test" / "fixtures"

SLOTS = {"sumOfSquares": "sum"}


def hyper(**changes):
    return {
        "learningRate": 0.01,
        "learningRateDecay": 0.0,
        "epsilon": 1e-10,
        "initialAccumulator": 0.0,
        "weightDecay": 0.0,
        "weightDecayConvention": "l2",
        **changes,
    }


record(
    FIXTURES,
    "defaults",
    lambda parameters: torch.optim.Adagrad(parameters),
    hyper(),
    SLOTS,
    seed=11,
    notes="constructed without options",
)
record(
    FIXTURES,
    "learning-rate-decay-cosine",
    lambda parameters: torch.optim.Adagrad(parameters, lr_decay=0.3),
    hyper(learningRate=0.1, learningRateDecay=0.3),
    SLOTS,
    seed=12,
    rates=cosine(0.1),
)
record(
    FIXTURES,
    "accumulator-l2",
    lambda parameters: torch.optim.Adagrad(parameters, initial_accumulator_value=0.5, weight_decay=0.2),
    hyper(learningRate=0.05, initialAccumulator=0.5, weightDecay=0.2),
    SLOTS,
    seed=13,
)

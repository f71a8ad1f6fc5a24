"""Records packages/optim-adagrad/test/fixtures/torch-*.json.

Needs torch. Run from the repository root:
    python tools/reference/optim-adagrad/make_trajectories.py
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import torch
from torch_trajectories import cosine, record

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
    "optim-adagrad",
    "defaults",
    lambda parameters: torch.optim.Adagrad(parameters),
    hyper(),
    SLOTS,
    seed=11,
    notes="constructed without options",
)
record(
    "optim-adagrad",
    "learning-rate-decay-cosine",
    lambda parameters: torch.optim.Adagrad(parameters, lr_decay=0.3),
    hyper(learningRate=0.1, learningRateDecay=0.3),
    SLOTS,
    seed=12,
    rates=cosine(0.1),
)
record(
    "optim-adagrad",
    "accumulator-l2",
    lambda parameters: torch.optim.Adagrad(parameters, initial_accumulator_value=0.5, weight_decay=0.2),
    hyper(learningRate=0.05, initialAccumulator=0.5, weightDecay=0.2),
    SLOTS,
    seed=13,
)

"""Writes packages/optim-adafactor/test/fixtures/adafactor-original/*.json: runs of the Adafactor of Shazeer and Stern.

PyTorch's torch.optim.Adafactor and Hugging Face's transformers.optimization.Adafactor each take 20 steps in float64 on
parameters of zero to four axes, under the same gradients; what they make of the parameters and of their state is
recorded. In both, scalars and vectors keep one second moment an element, and every other tensor is factored over its
last two axes, each matrix of the leading axes on its own.

Needs torch and transformers. Run from the repository root:
    python tools/reference/optim-adafactor/record_original_runs.py
"""

import json
from pathlib import Path

import numpy
import torch
import transformers
from transformers.optimization import Adafactor as HuggingFaceAdafactor

STEPS = 20
RECORDED_STEPS = [1, 2, 3, 7, 20]
FOLDER = Path("packages/optim-adafactor/test/fixtures/adafactor-original")
SHAPES = {
    "scale": ([], "norm"),
    "bias": ([7], "bias"),
    "tiny": ([4], "bias"),
    "weight": ([5, 3], "matrix"),
    "column": ([6, 1], "matrix"),
    "heads": ([2, 4, 3], "matrix"),
    "kernel": ([2, 2, 3, 2], "matrix"),
}
PYTORCH_SLOTS = {"secondMomentRows": "row_var", "secondMomentColumns": "col_var", "secondMoment": "variance"}
HUGGING_FACE_SLOTS = {
    "momentum": "exp_avg",
    "secondMomentRows": "exp_avg_sq_row",
    "secondMomentColumns": "exp_avg_sq_col",
    "secondMoment": "exp_avg_sq",
}


def float32_exact(values):
    return values.astype(numpy.float32).astype(numpy.float64)


def inputs():
    """Initial values and gradients that float32 holds exactly."""
    random = numpy.random.default_rng(20180411)
    # "tiny" is so small that epsilon2 takes the place of its root mean square.
    spread = {"tiny": 1e-4}
    initial = {
        name: float32_exact(random.normal(0, spread.get(name, 0.5), shape)) for name, (shape, _) in SHAPES.items()
    }
    gradients = []
    for step in range(STEPS):
        # Gradients that grow are clipped, gradients that shrink are not.
        size = [0.03, 0.3, 3.0, 0.1][step % 4]
        gradients.append({name: float32_exact(random.normal(0, size, shape)) for name, (shape, _) in SHAPES.items()})
    gradients[4]["weight"][2] = 0  # a row, and a whole tensor, without a gradient for one step
    gradients[5]["heads"][:] = 0
    return initial, gradients


def missing(step, name):
    return (name == "weight" and step == 3) or (name == "bias" and step in (0, 8)) or (name == "kernel" and step == 8)


def record(case, source, hyper, make, slots, rate_of, skips_gradients=True, notes=""):
    initial, gradients = inputs()
    parameters = {name: torch.nn.Parameter(torch.tensor(value)) for name, value in initial.items()}
    optimizer = make(list(parameters.values()), rate_of(1))
    recorded, recorded_gradients = [], []
    for step in range(STEPS):
        given = []
        for name, parameter in parameters.items():
            absent = skips_gradients and missing(step, name)
            parameter.grad = None if absent else torch.tensor(gradients[step][name])
            given.append(None if absent else gradients[step][name].reshape(-1).tolist())
        recorded_gradients.append(given)
        if optimizer.param_groups[0]["lr"] is not None:
            optimizer.param_groups[0]["lr"] = rate_of(step + 1)
        optimizer.step()
        if step + 1 in RECORDED_STEPS:
            recorded.append([p.detach().numpy().reshape(-1).tolist() for p in parameters.values()])

    def state_of(key):
        values = [optimizer.state[p].get(key) for p in parameters.values()]
        return [None if value is None else value.numpy().reshape(-1).tolist() for value in values]

    trajectory = {
        "optimizer": "adafactor-original",
        "case": case,
        "source": source,
        "hyper": hyper,
        "notes": notes,
        "params": [
            {"name": name, "shape": shape, "role": role, "init": initial[name].reshape(-1).tolist()}
            for name, (shape, role) in SHAPES.items()
        ],
        "learningRates": [rate_of(step + 1) for step in range(STEPS)],
        "grads": recorded_gradients,
        "expected": {
            "steps": RECORDED_STEPS,
            "params": recorded,
            "state": {slot: state_of(key) for slot, key in slots.items()},
        },
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{case}.json").write_text(json.dumps(trajectory) + "\n")


def pytorch(case, *, rate=0.01, rate_of=None, epsilon2=1e-3, clip=1.0, exponent=-0.8, decay=0.0):
    hyper = {
        "learningRate": rate,
        "beta1": 0,
        "beta2Decay": exponent,
        "epsilon1": 1e-30,
        "epsilon2": epsilon2,
        "clipThreshold": clip,
        "relativeStep": True,
        "scaleParameter": True,
        "weightDecay": decay,
        "weightDecayConvention": "decoupled",
    }
    record(
        case,
        f"torch.optim.Adafactor {torch.__version__.split('+')[0]}",
        hyper,
        lambda parameters, lr: torch.optim.Adafactor(
            parameters, lr=lr, beta2_decay=exponent, eps=(None, epsilon2), d=clip, weight_decay=decay
        ),
        PYTORCH_SLOTS,
        rate_of or (lambda step: rate),
        notes="PyTorch adds no epsilon1 to the squares: it bounds the second moment from below, which never binds here.",
    )


def hugging_face(
    case,
    *,
    rate=None,
    rate_of=None,
    beta1=None,
    epsilons=(1e-30, 1e-3),
    clip=1.0,
    exponent=-0.8,
    scale=True,
    warmup=False,
):
    relative = rate is None
    ceiling = (lambda step: 1e-6 * step) if warmup else (lambda step: 0.01)
    hyper = {
        "learningRate": 0.01 if relative else rate,
        "beta1": beta1 or 0,
        "beta2Decay": exponent,
        "epsilon1": epsilons[0],
        "epsilon2": epsilons[1],
        "clipThreshold": clip,
        "relativeStep": relative,
        "scaleParameter": scale,
        "weightDecay": 0,
    }
    record(
        case,
        f"transformers.optimization.Adafactor {transformers.__version__}",
        hyper,
        lambda parameters, lr: HuggingFaceAdafactor(
            parameters,
            lr=rate,
            eps=epsilons,
            clip_threshold=clip,
            decay_rate=exponent,
            beta1=beta1,
            scale_parameter=scale,
            relative_step=relative,
            warmup_init=warmup,
        ),
        HUGGING_FACE_SLOTS,
        ceiling if relative else (rate_of or (lambda step: rate)),
        # The warm-up counts the steps of each parameter, a schedule those of the optimizer.
        skips_gradients=not warmup,
        notes="warmup_init: learningRates holds the ceiling of the relative step, 1e-6 t." if warmup else "",
    )


pytorch("pytorch-default")
# The ceiling is above 1 / sqrt(t) from the fifth step on.
pytorch("pytorch-relative-step", rate=0.5, clip=2.0, exponent=-0.6, epsilon2=1e-2)
pytorch("pytorch-decay-schedule", rate=0.04, rate_of=lambda step: 0.04 / step, decay=0.1)
hugging_face("huggingface-default")
hugging_face("huggingface-momentum", beta1=0.9)
hugging_face("huggingface-warmup-init", warmup=True)
hugging_face("huggingface-learning-rate", rate=1e-3, scale=False)
hugging_face(
    "huggingface-epsilons", rate=0.02, rate_of=lambda step: 0.02 / step, epsilons=(1e-3, 0.1), clip=1.5, beta1=0.5
)

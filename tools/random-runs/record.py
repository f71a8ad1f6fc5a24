"""Records runs of optimizers with random options, in float64, as JSON lines on standard output.

Usage: record.py <seed> <runs> [optimizer ...]. Each line is one run: `optimizer` and `options` as the packages here name them,
`source`, `shapes`, `initial`, and per step `learningRates`, `gradients` (null for a parameter that got none) and `expected`, the
parameters after it; `average` is the average to evaluate after the last step, where there is one. All tensors are flat.

The optimizers are those of PyTorch, and of the packages of their authors where these are installed: schedulefree, prodigyopt,
dadaptation, adabelief-pytorch.
"""

import contextlib
import io
import json
import random
import sys

import torch

torch.set_default_dtype(torch.float64)
# Muon orthogonalizes in bfloat16, whose rounding would hide everything else.
torch.bfloat16 = torch.float64

steps = 20
vectors = [[1], [5]]
matrices = [[7, 3], [3, 8], [1, 6], [4, 1]]
shapes_of_all = [*vectors, *matrices, [2, 3, 4]]


class Draw:
    """Draws options of an optimizer from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, *values):
        return self.random.choice(values)

    def log(self, low, high):
        return 10 ** self.random.uniform(low, high)

    def rate(self):
        return self.log(-4, -1)

    def decay(self):
        return self.of(0.0, self.log(-3, -1))

    def betas(self):
        return self.of(0.0, 0.5, 0.9, 0.95), self.of(0.5, 0.9, 0.99, 0.999)

    def epsilon(self):
        return self.of(1e-8, 1e-3, 0.1)


def mode(is_decoupled):
    return "decoupled" if is_decoupled else "l2"


def torch_run(name, shapes=shapes_of_all, **options):
    """PyTorch's optimizer of this name: what makes it from parameters."""
    more = {} if name == "Muon" else {"foreach": False}
    return f"torch.optim.{name} {torch.__version__}", shapes, lambda p: getattr(torch.optim, name)(p, **options, **more)


def adam(draw, name):
    betas, eps, wd, amsgrad = draw.betas(), draw.epsilon(), draw.decay(), draw.of(False, True)
    run = torch_run(name, lr=draw.rate(), betas=betas, eps=eps, weight_decay=wd, amsgrad=amsgrad)
    options = {"beta1": betas[0], "beta2": betas[1], "epsilon": eps, "weightDecay": wd, "amsgrad": amsgrad}
    return run, {**options, "weightDecayMode": mode(name == "AdamW")}


def sgd(draw):
    momentum, wd = draw.of(0.0, 0.5, 0.9), draw.decay()
    form = draw.of("heavyBall", "nesterov") if momentum > 0 else "heavyBall"
    dampening = draw.of(0.0, 0.3, 0.9) if momentum > 0 and form == "heavyBall" else 0.0
    run = torch_run(
        "SGD", lr=draw.rate(), momentum=momentum, dampening=dampening, nesterov=form == "nesterov", weight_decay=wd
    )
    return run, {"momentum": momentum, "dampening": dampening, "momentumForm": form, "weightDecay": wd, "weightDecayMode": "l2"}


def rmsprop(draw):
    beta2, eps, momentum, centered, wd = draw.betas()[1], draw.epsilon(), draw.of(0.0, 0.9), draw.of(False, True), draw.decay()
    run = torch_run("RMSprop", lr=draw.rate(), alpha=beta2, eps=eps, momentum=momentum, centered=centered, weight_decay=wd)
    options = {"beta2": beta2, "epsilon": eps, "momentum": momentum, "centered": centered}
    return run, {**options, "weightDecay": wd, "weightDecayMode": "l2"}


def adagrad(draw):
    lr_decay, initial, eps, wd = draw.of(0.0, 0.1), draw.of(0.0, 0.5), draw.of(1e-10, 1e-3), draw.decay()
    run = torch_run(
        "Adagrad", lr=draw.rate(), lr_decay=lr_decay, initial_accumulator_value=initial, eps=eps, weight_decay=wd
    )
    options = {"learningRateDecay": lr_decay, "initialAccumulator": initial, "epsilon": eps}
    return run, {**options, "weightDecay": wd, "weightDecayMode": "l2"}


def nadam(draw):
    betas, eps, wd, decoupled, momentum_decay = draw.betas(), draw.epsilon(), draw.decay(), draw.of(False, True), draw.of(4e-3, 0.05)
    run = torch_run(
        "NAdam", lr=draw.rate(), betas=betas, eps=eps, weight_decay=wd, momentum_decay=momentum_decay,
        decoupled_weight_decay=decoupled,
    )
    options = {"beta1": betas[0], "beta2": betas[1], "epsilon": eps, "momentumDecay": momentum_decay}
    return run, {**options, "weightDecay": wd, "weightDecayMode": mode(decoupled)}


def radam(draw):
    betas, eps, wd, decoupled = draw.betas(), draw.epsilon(), draw.decay(), draw.of(False, True)
    run = torch_run("RAdam", lr=draw.rate(), betas=betas, eps=eps, weight_decay=wd, decoupled_weight_decay=decoupled)
    options = {"beta1": betas[0], "beta2": betas[1], "epsilon": eps}
    return run, {**options, "weightDecay": wd, "weightDecayMode": mode(decoupled)}


def adadelta(draw):
    rho, eps, wd = draw.of(0.5, 0.9, 0.99), draw.of(1e-6, 1e-3, 0.1), draw.decay()
    run = torch_run("Adadelta", lr=draw.of(1.0, 10 * draw.rate()), rho=rho, eps=eps, weight_decay=wd)
    return run, {"rho": rho, "epsilon": eps, "weightDecay": wd, "weightDecayMode": "l2"}


def adamax(draw):
    betas, eps, wd = draw.betas(), draw.epsilon(), draw.decay()
    run = torch_run("Adamax", lr=draw.rate(), betas=betas, eps=eps, weight_decay=wd)
    options = {"beta1": betas[0], "beta2": betas[1], "epsilon": eps}
    return run, {**options, "weightDecay": wd, "weightDecayMode": "l2"}


def asgd(draw):
    lambd, alpha, start, wd = draw.of(1e-4, 0.1), draw.of(0.5, 0.75), draw.of(5, 10, 1e6), draw.decay()
    run = torch_run("ASGD", lr=draw.rate(), lambd=lambd, alpha=alpha, t0=start, weight_decay=wd)
    options = {"lambda": lambd, "alpha": alpha, "averageStart": start}
    return run, {**options, "weightDecay": wd, "weightDecayMode": "l2"}


def rprop(draw):
    etas, sizes = (draw.of(0.5, 0.7), draw.of(1.2, 1.5)), (draw.of(1e-6, 1e-3), draw.of(0.02, 50))
    run = torch_run("Rprop", lr=draw.rate(), etas=etas, step_sizes=sizes)
    return run, {
        "decreaseFactor": etas[0], "increaseFactor": etas[1], "minimumStep": sizes[0], "maximumStep": sizes[1]
    }


def adabelief(draw):
    import adabelief_pytorch

    betas, eps, wd, decoupled, rectify = draw.betas(), draw.of(1e-16, 1e-8, 1e-3), draw.decay(), draw.of(False, True), draw.of(False, True)
    amsgrad = not rectify and draw.of(False, True)
    theirs = {"lr": draw.rate(), "betas": betas, "eps": eps, "weight_decay": wd, "weight_decouple": decoupled, "rectify": rectify}
    make = lambda p: adabelief_pytorch.AdaBelief(p, amsgrad=amsgrad, print_change_log=False, **theirs)
    options = {"beta1": betas[0], "beta2": betas[1], "epsilon": eps, "rectify": rectify, "amsgrad": amsgrad}
    return ("adabelief-pytorch", shapes_of_all, make), {**options, "weightDecay": wd, "weightDecayMode": mode(decoupled)}


def muon(draw):
    scales = {"original": "rows", "match_rms_adamw": "rms", "spectral_unclamped": "spectral"}
    momentum, nesterov, ns_steps, scale, wd = draw.of(0.0, 0.9, 0.95), draw.of(False, True), draw.of(3, 5), draw.of(*scales), draw.decay()
    run = torch_run(
        "Muon", matrices, lr=draw.rate(), momentum=momentum, nesterov=nesterov, ns_steps=ns_steps, adjust_lr_fn=scale,
        weight_decay=wd, eps=1e-7,
    )
    options = {"momentum": momentum, "nesterov": nesterov, "newtonSchulzSteps": ns_steps, "updateScale": scales[scale]}
    return run, {**options, "epsilon": 1e-7, "epsilonMode": "floor", "weightDecay": wd, "weightDecayMode": "decoupled"}


def schedule_free(draw, base):
    import schedulefree

    betas, eps, wd = (draw.of(0.5, 0.9, 0.95), draw.of(0.9, 0.99, 0.999)), draw.epsilon(), draw.decay()
    power, lr_power, warmup, silent = draw.of(0.0, 1.0, 2.0), draw.of(0.0, 1.0, 2.0), draw.of(0, 5), draw.of(False, True)
    theirs = {"lr": draw.rate(), "weight_decay": wd, "r": power, "weight_lr_power": lr_power}
    options = {"weightDecay": wd, "polynomialPower": power, "weightLrPower": lr_power}
    if base != "RAdam":
        theirs["warmup_steps"] = options["warmupSteps"] = warmup
    if base == "SGD":
        theirs["momentum"] = options["momentum"] = betas[0]
    else:
        theirs |= {"betas": betas, "eps": eps}
        options |= {"beta1": betas[0], "beta2": betas[1], "epsilon": eps}
    if base == "RAdam":
        theirs["silent_sgd_phase"] = options["silentSgdPhase"] = silent
    make = getattr(schedulefree, f"{base}ScheduleFree")
    return ("schedulefree", shapes_of_all, lambda p: make(p, foreach=False, **theirs)), options


def prodigy(draw):
    import prodigyopt

    # With a beta1 of 0 their code multiplies the gradient by the new d, unlike with any other and unlike the paper.
    betas = draw.of(0.5, 0.9, 0.95), draw.of(0.5, 0.9, 0.99, 0.999)
    beta3, eps, wd, decoupled = draw.of(None, 0.5, 0.9), draw.epsilon(), draw.decay(), draw.of(False, True)
    d0, d_coef, growth, stride = draw.of(1e-6, 1e-2, 0.5), draw.of(0.5, 1.0, 100.0), draw.of(None, 1.02, 2.0), draw.of(1, 1, 3)
    correction, safeguard = draw.of(False, True), draw.of(False, True)
    theirs = {"lr": draw.of(1.0, 0.3), "betas": betas, "beta3": beta3, "eps": eps, "weight_decay": wd, "decouple": decoupled}
    theirs |= {"use_bias_correction": correction, "safeguard_warmup": safeguard, "d0": d0, "d_coef": d_coef, "slice_p": stride}
    make = lambda p: prodigyopt.Prodigy(p, growth_rate=growth or float("inf"), **theirs)
    options = {"beta1": betas[0], "beta2": betas[1], "beta3": beta3, "epsilon": eps, "dCoefficient": d_coef, "initialD": d0}
    options |= {"growthRate": growth, "safeguardWarmup": safeguard, "biasCorrection": correction, "sliceStride": stride}
    return ("prodigyopt", shapes_of_all, make), {**options, "weightDecay": wd, "weightDecayMode": mode(decoupled)}


def d_adaptation(draw):
    import dadaptation

    betas, eps, wd, decoupled = draw.betas(), draw.epsilon(), draw.decay(), draw.of(False, True)
    d0, growth, correction = draw.of(1e-6, 1e-2, 0.5), draw.of(None, 1.02, 2.0), draw.of(False, True)
    theirs = {"lr": draw.of(1.0, 0.3), "betas": betas, "eps": eps, "weight_decay": wd, "decouple": decoupled, "d0": d0}
    make = lambda p: dadaptation.DAdaptAdam(p, use_bias_correction=correction, growth_rate=growth or float("inf"), **theirs)
    options = {"beta1": betas[0], "beta2": betas[1], "epsilon": eps, "initialD": d0, "growthRate": growth}
    return ("dadaptation", shapes_of_all, make), {
        **options, "biasCorrection": correction, "weightDecay": wd, "weightDecayMode": mode(decoupled)
    }


subjects = {
    "adam": lambda draw: adam(draw, "Adam"),
    "adamw": lambda draw: adam(draw, "AdamW"),
    "sgd": sgd,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "nadam": nadam,
    "radam": radam,
    "adadelta": adadelta,
    "adamax": adamax,
    "asgd": asgd,
    "rprop": rprop,
    "adabelief": adabelief,
    "muon": muon,
    "prodigy": prodigy,
    "d-adaptation": d_adaptation,
    "schedule-free-adamw": lambda draw: schedule_free(draw, "AdamW"),
    "schedule-free-sgd": lambda draw: schedule_free(draw, "SGD"),
    "schedule-free-radam": lambda draw: schedule_free(draw, "RAdam"),
}


def gradient(draw, size, scale):
    kind = draw.random.random()
    if kind < 0.15:
        return None
    if kind < 0.22:
        return [0.0] * size
    return [0.0 if draw.random.random() < 0.05 else draw.random.gauss(0, scale) for _ in range(size)]


def record(name, seed):
    draw = Draw(f"{name} {seed}")
    (source, shapes, make), options = subjects[name](draw)
    sizes = [torch.Size(shape).numel() for shape in shapes]
    initial = [[draw.random.uniform(-1, 1) for _ in range(size)] for size in sizes]
    parameters = [torch.nn.Parameter(torch.tensor(i).reshape(s)) for i, s in zip(initial, shapes)]
    with contextlib.redirect_stdout(io.StringIO()):
        optimizer = make(parameters)
    maximize = draw.of(False, False, True) and "maximize" in optimizer.defaults
    optimizer.param_groups[0]["maximize"] = maximize
    averages = hasattr(optimizer, "eval")
    if averages:
        optimizer.train()
    peak, falls, scale = optimizer.param_groups[0]["lr"], draw.of(False, True), draw.log(-3, 1)
    run = {"optimizer": name, "options": options, "maximize": maximize, "source": source, "shapes": shapes, "initial": initial}
    run |= {"learningRates": [], "gradients": [], "expected": []}
    for step in range(steps):
        rate = peak * (1 - step / (steps + 5)) if falls else peak
        optimizer.param_groups[0]["lr"] = rate
        gradients = [gradient(draw, size, scale) for size in sizes]
        for p, g in zip(parameters, gradients):
            p.grad = None if g is None else torch.tensor(g).reshape(p.shape)
        optimizer.step()
        run["learningRates"].append(rate)
        run["gradients"].append(gradients)
        run["expected"].append([p.detach().flatten().tolist() for p in parameters])
    if averages:
        optimizer.eval()
        run["average"] = [p.detach().flatten().tolist() for p in parameters]
    return run


def main():
    seed, runs, names = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or list(subjects)
    for name in names:
        for number in range(runs):
            try:
                print(json.dumps(record(name, seed + number)), flush=True)
            except (ImportError, AttributeError) as error:
                print(json.dumps({"optimizer": name, "absent": str(error)}), flush=True)
                break


main()

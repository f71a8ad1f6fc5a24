"""Loss, gradients and a product with the Hessian of a small decoder in PyTorch, for packages/lm-models/test/fixtures/decoder.json.

    python tools/reference/lm-models/decoder.py packages/lm-models/test/fixtures/decoder.json

The weights are float32, the computation float64. Attention, layer norm, GELU and cross-entropy are PyTorch's
own functions; rotary embeddings are complex products, another form than the one under test.
"""

import json
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

WIDTH, HEADS, LAYERS, VOCABULARY, MLP, SEQUENCES, POSITIONS = 8, 2, 2, 11, 32, 2, 5
VARIANTS = {
    "qk-norm and z-loss": {"qkNorm": True, "zLoss": 0.01, "tieEmbeddings": False, "activation": "gelu"},
    "neither": {"qkNorm": False, "zLoss": 0, "tieEmbeddings": False, "activation": "gelu"},
    "tied, silu": {"qkNorm": True, "zLoss": 0.0001, "tieEmbeddings": True, "activation": "silu"},
}


def make_weights():
    torch.manual_seed(1)
    weights = {"embedding/weight": torch.randn(VOCABULARY, WIDTH)}
    for block in range(LAYERS):
        path = f"blocks/{block}"
        weights[f"{path}/attention/norm/weight"] = 1 + 0.3 * torch.randn(WIDTH)
        weights[f"{path}/attention/qkv/weight"] = torch.randn(3 * WIDTH, WIDTH) / WIDTH**0.5
        weights[f"{path}/attention/qNorm/weight"] = 1 + 0.3 * torch.randn(WIDTH)
        weights[f"{path}/attention/kNorm/weight"] = 1 + 0.3 * torch.randn(WIDTH)
        weights[f"{path}/attention/out/weight"] = torch.randn(WIDTH, WIDTH) / WIDTH**0.5
        weights[f"{path}/mlp/norm/weight"] = 1 + 0.3 * torch.randn(WIDTH)
        weights[f"{path}/mlp/up/weight"] = torch.randn(MLP, WIDTH) / WIDTH**0.5
        weights[f"{path}/mlp/down/weight"] = torch.randn(WIDTH, MLP) / MLP**0.5
    weights["norm/weight"] = 1 + 0.3 * torch.randn(WIDTH)
    weights["head/weight"] = torch.randn(VOCABULARY, WIDTH) / WIDTH**0.5
    # Few digits keep the fixture small; the numbers are exact in both programs all the same.
    return {path: weight.mul(1024).round().div(1024) for path, weight in weights.items()}


def rotate(x):
    """x: [sequences, heads, positions, head_width]"""
    half = x.shape[-1] // 2
    frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * frequencies
    turned = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([turned.real, turned.imag], -1)


def forward(tokens, weights, variant):
    def norm(x, path):
        return F.layer_norm(x, (WIDTH,), weights[path], None, 1e-5)

    def heads(x):
        return x.view(*x.shape[:2], HEADS, WIDTH // HEADS).transpose(1, 2)

    x = F.embedding(tokens, weights["embedding/weight"])
    for block in range(LAYERS):
        attention, mlp = f"blocks/{block}/attention", f"blocks/{block}/mlp"
        q, k, v = F.linear(norm(x, f"{attention}/norm/weight"), weights[f"{attention}/qkv/weight"]).chunk(3, -1)
        if variant["qkNorm"]:
            q, k = norm(q, f"{attention}/qNorm/weight"), norm(k, f"{attention}/kNorm/weight")
        mixed = F.scaled_dot_product_attention(rotate(heads(q)), rotate(heads(k)), heads(v), is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(x.shape)
        x = x + F.linear(mixed, weights[f"{attention}/out/weight"])
        hidden = F.linear(norm(x, f"{mlp}/norm/weight"), weights[f"{mlp}/up/weight"])
        hidden = {"gelu": F.gelu, "silu": F.silu}[variant["activation"]](hidden)
        x = x + F.linear(hidden, weights[f"{mlp}/down/weight"])
    head = weights["embedding/weight" if variant["tieEmbeddings"] else "head/weight"]
    return F.linear(norm(x, "norm/weight"), head)


def run(tokens, all_weights, variant):
    weights = {
        path: weight.double().requires_grad_()
        for path, weight in all_weights.items()
        if not (path == "head/weight" and variant["tieEmbeddings"])
        and not (("qNorm" in path or "kNorm" in path) and not variant["qkNorm"])
    }
    # The other forms of attention have no second derivative.
    with sdpa_kernel(SDPBackend.MATH):
        logits = forward(tokens[:, :-1], weights, variant)
    cross_entropy = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    total = cross_entropy + variant["zLoss"] * logits.logsumexp(-1).square().mean()
    gradients, products = gradients_and_products(total, list(weights.values()))
    return {
        "toggles": variant,
        "crossEntropy": cross_entropy.item(),
        "total": total.item(),
        "logits": rounded(logits),
        "gradients": {path: rounded(gradient) for path, gradient in zip(weights, gradients)},
        "hessianTimesGradient": {path: rounded(product) for path, product in zip(weights, products)},
    }


def gradients_and_products(loss, weights):
    """The gradient g of each weight, and H g: half the gradient of the sum of all g^2."""
    gradients = torch.autograd.grad(loss, weights, create_graph=True)
    return gradients, torch.autograd.grad(sum(g.square().sum() for g in gradients) / 2, weights)


def rounded(tensor):
    return [float(f"{value:.7g}") for value in tensor.detach().flatten().tolist()]


def main(path):
    weights = make_weights()
    tokens = torch.tensor([[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 0]])
    fixture = {
        "made by": f"tools/reference/lm-models/decoder.py, torch {torch.__version__.split('+')[0]}",
        "shape": {
            "modelWidth": WIDTH, "heads": HEADS, "layers": LAYERS, "vocabularySize": VOCABULARY,
            "mlpWidth": MLP, "contextLength": POSITIONS + 1,
        },
        "tokens": tokens.tolist(),
        "weights": {path: weight.flatten().tolist() for path, weight in weights.items()},
        "variants": {name: run(tokens, weights, variant) for name, variant in VARIANTS.items()},
    }
    with open(path, "w") as file:
        json.dump(fixture, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])

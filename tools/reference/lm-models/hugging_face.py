"""Loss, gradients and a product with the Hessian of small LLaMA and GPT-2 models of Hugging Face's transformers, for
packages/lm-models/test/fixtures/hugging-face.json.

    python tools/reference/lm-models/hugging_face.py packages/lm-models/test/fixtures/hugging-face.json

The weights are float32, the computation float64. Weights and gradients get the names and layouts of this project:
matrices [outputs, inputs], queries, keys and values one matrix.
"""

import json
import sys

import torch
import transformers
from decoder import gradients_and_products, rounded
from torch.nn.attention import SDPBackend, sdpa_kernel

WIDTH, HEADS, LAYERS, VOCABULARY, POSITIONS = 8, 2, 2, 11, 5
TOKENS = [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 0]]


def llama():
    config = transformers.LlamaConfig(
        hidden_size=WIDTH, num_attention_heads=HEADS, num_key_value_heads=1, num_hidden_layers=LAYERS,
        intermediate_size=12, vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, rms_norm_eps=1e-5,
        tie_word_embeddings=False, attention_bias=False, mlp_bias=False, hidden_act="silu",
    )
    model = transformers.LlamaForCausalLM(config)
    names = {"embedding/weight": ["model.embed_tokens.weight"]}
    for block in range(LAYERS):
        theirs, ours = f"model.layers.{block}", f"blocks/{block}"
        names[f"{ours}/attention/norm/weight"] = [f"{theirs}.input_layernorm.weight"]
        names[f"{ours}/attention/qkv/weight"] = [f"{theirs}.self_attn.{part}_proj.weight" for part in "qkv"]
        names[f"{ours}/attention/out/weight"] = [f"{theirs}.self_attn.o_proj.weight"]
        names[f"{ours}/mlp/norm/weight"] = [f"{theirs}.post_attention_layernorm.weight"]
        for part in ("gate", "up", "down"):
            names[f"{ours}/mlp/{part}/weight"] = [f"{theirs}.mlp.{part}_proj.weight"]
    names["norm/weight"] = ["model.norm.weight"]
    names["head/weight"] = ["lm_head.weight"]
    return model, names, {"architecture": "llama", "keyValueHeads": 1, "mlpWidth": 12}


def gpt2():
    config = transformers.GPT2Config(
        n_embd=WIDTH, n_head=HEADS, n_layer=LAYERS, vocab_size=VOCABULARY, n_positions=POSITIONS,
        embd_pdrop=0, attn_pdrop=0, resid_pdrop=0, tie_word_embeddings=True,
    )
    model = transformers.GPT2LMHeadModel(config)
    names = {"embedding/weight": ["transformer.wte.weight"], "positions/weight": ["transformer.wpe.weight"]}
    parts = {
        "attention/norm": "ln_1", "attention/qkv": "attn.c_attn", "attention/out": "attn.c_proj",
        "mlp/norm": "ln_2", "mlp/up": "mlp.c_fc", "mlp/down": "mlp.c_proj",
    }
    for block in range(LAYERS):
        for ours, theirs in parts.items():
            for kind in ("weight", "bias"):
                names[f"blocks/{block}/{ours}/{kind}"] = [f"transformer.h.{block}.{theirs}.{kind}"]
    names["norm/weight"] = ["transformer.ln_f.weight"]
    names["norm/bias"] = ["transformer.ln_f.bias"]
    return model, names, {"architecture": "gpt2", "mlpWidth": 4 * WIDTH}


def ours(path, tensors):
    # Linear layers of GPT-2 are stored [inputs, outputs].
    tensors = [t.T if ".c_" in name and t.dim() == 2 else t for name, t in tensors]
    return torch.cat(tensors) if len(tensors) > 1 else tensors[0]


def run(make):
    model, names, options = make()
    model = model.double().eval()
    parameters = dict(model.named_parameters())
    assert sorted(parameters) == sorted(name for own in names.values() for name in own)
    with torch.no_grad():
        for name, parameter in parameters.items():
            one = 1.0 if ("norm" in name or "ln_" in name) and name.endswith("weight") else 0.0
            scale = 0.3 if parameter.dim() == 1 else parameter.shape[-1] ** -0.5
            # Few digits keep the fixture small; the numbers are exact in both programs all the same.
            parameter.copy_((one + scale * torch.randn(parameter.shape)).mul(1024).round().div(1024))
    tokens = torch.tensor(TOKENS)
    # The other forms of attention have no second derivative.
    with sdpa_kernel(SDPBackend.MATH):
        logits = model(tokens[:, :-1], use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    gradients, products = (dict(zip(parameters, t)) for t in gradients_and_products(loss, list(parameters.values())))
    return {
        "options": {
            "modelWidth": WIDTH, "heads": HEADS, "layers": LAYERS, "vocabularySize": VOCABULARY,
            "contextLength": POSITIONS, **options,
        },
        "weights": {p: ours(p, [(n, parameters[n]) for n in own]).flatten().tolist() for p, own in names.items()},
        "crossEntropy": loss.item(),
        "logits": rounded(logits),
        "gradients": {p: rounded(ours(p, [(n, gradients[n]) for n in own])) for p, own in names.items()},
        "hessianTimesGradient": {p: rounded(ours(p, [(n, products[n]) for n in own])) for p, own in names.items()},
    }


def main(path):
    torch.manual_seed(1)
    versions = f"torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}"
    fixture = {
        "made by": f"tools/reference/lm-models/hugging_face.py, {versions}",
        "tokens": TOKENS,
        "models": {"LLaMA": run(llama), "GPT-2": run(gpt2)},
    }
    with open(path, "w") as file:
        json.dump(fixture, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])

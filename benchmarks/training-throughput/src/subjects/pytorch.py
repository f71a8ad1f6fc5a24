"""The same training step in PyTorch, for benchmarks/training-throughput.

    python pytorch.py THREADS DEVICE FOLDER        (cpu or cuda; a folder that writeTask of src/task.ts wrote)

Answers lines of standard input: a number of steps, or "end". The first line it prints is PyTorch's version.
"""

import json
import resource
import struct
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print(json.dumps({"missing": "this Python has no torch"}), flush=True)
    sys.exit(0)


def read_weights(path, device):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            weights[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"]).to(device, copy=True)
    return weights


def read_batches(path, task, device):
    with open(path, "rb") as file:
        tokens = torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long().to(device)
    return tokens.reshape(task["batches"], task["sequences"], task["positions"] + 1)


class Decoder:
    def __init__(self, task, weights):
        self.task, self.weights = task, weights
        half = task["width"] // task["heads"] // 2
        frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = torch.arange(task["positions"], dtype=torch.float64)[:, None] * frequencies
        device = weights["embedding/weight"].device
        self.cosine, self.sine = angles.cos().float().to(device), angles.sin().float().to(device)

    def norm(self, x, path):
        return F.layer_norm(x, (self.task["width"],), self.weights[f"{path}/weight"], None, 1e-5)

    def heads(self, x):
        return x.view(*x.shape[:2], self.task["heads"], -1).transpose(1, 2)

    def rotate(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat([a * self.cosine - b * self.sine, b * self.cosine + a * self.sine], -1)

    def loss(self, batch):
        weights = self.weights
        x = F.embedding(batch[:, :-1], weights["embedding/weight"])
        for block in range(self.task["layers"]):
            attention, mlp = f"blocks/{block}/attention", f"blocks/{block}/mlp"
            q, k, v = F.linear(self.norm(x, f"{attention}/norm"), weights[f"{attention}/qkv/weight"]).chunk(3, -1)
            q, k = self.norm(q, f"{attention}/qNorm"), self.norm(k, f"{attention}/kNorm")
            q, k, v = self.rotate(self.heads(q)), self.rotate(self.heads(k)), self.heads(v)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(x.shape)
            x = x + F.linear(mixed, weights[f"{attention}/out/weight"])
            hidden = F.gelu(F.linear(self.norm(x, f"{mlp}/norm"), weights[f"{mlp}/up/weight"]))
            x = x + F.linear(hidden, weights[f"{mlp}/down/weight"])
        logits = F.linear(self.norm(x, "norm"), weights["head/weight"]).flatten(0, 1)
        cross_entropy = F.cross_entropy(logits, batch[:, 1:].flatten())
        return cross_entropy + self.task["zLoss"] * logits.logsumexp(-1).square().mean()


def peak_bytes():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(threads, device, folder):
    if device == "cuda" and not torch.cuda.is_available():
        print(json.dumps({"missing": "this Python's torch sees no GPU"}), flush=True)
        return
    torch.set_num_threads(threads)
    with open(f"{folder}/task.json") as file:
        task = json.load(file)
    stored = read_weights(f"{folder}/weights.safetensors", device)
    weights = {path: weight.requires_grad_() for path, weight in stored.items()}
    batches = read_batches(f"{folder}/tokens.bin", task, device)
    decoder = Decoder(task, weights)
    optimizer = torch.optim.AdamW(
        weights.values(), lr=task["learningRate"], betas=(task["beta1"], task["beta2"]), eps=task["epsilon"],
        weight_decay=task["weightDecay"],
    )
    print(json.dumps({"version": f"PyTorch {torch.__version__.split('+')[0]}"}), flush=True)
    step = 0
    for line in sys.stdin:
        if line.strip() == "end":
            print(json.dumps({"peakBytes": peak_bytes()}), flush=True)
            return
        steps = []
        for _ in range(int(line)):
            start, processor = time.perf_counter(), time.process_time()
            optimizer.zero_grad(set_to_none=True)
            loss = decoder.loss(batches[step % task["batches"]])
            loss.backward()
            optimizer.step()
            value = loss.item()
            steps.append({
                "loss": value,
                "milliseconds": 1000 * (time.perf_counter() - start),
                "processorMilliseconds": 1000 * (time.process_time() - processor),
            })
            step += 1
        print(json.dumps({"steps": steps}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])

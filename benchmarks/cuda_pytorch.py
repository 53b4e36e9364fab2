#!/usr/bin/env python3
"""Times PyTorch's equivalents of this library's layers on a GPU, at the sizes at which benchmarks_cuda times ours.

Runs benchmarks_cuda, or takes what it has written (--ours), and prints a row for each benchmark that both sides have.
PyTorch's time is the median of nine rounds by the GPU's clock, each of ten calls, or of a backward pass alone; ours is
the mean that benchmarks_cuda reports. Of several ways the fastest counts, and the last column names it. The work is not
always the same:

- In fp32 neither has TF32. In 16 bits PyTorch keeps everything in bf16 or fp16 (a GRU in bf16 may be without cuDNN);
  ours rounds to bf16 only what it multiplies.
- PyTorch is called from Python, without CUDA graphs: small rows show what the host needs to ask, if less so in a
  backward pass, which it asks for while the forward pass still runs. Its gradients are assigned; ours of outputs and
  weights are added. Its clipping writes all gradients.
- gru: ours begins with the inputs' part of the gates and ends with their gradients; nn.GRU has products with inputs of
  8 columns besides. "a launch a step" has the gradients of recurrent weights and biases; PyTorch then those of the
  inputs' weights, too.
- embedding: rows of 4H, as the first layer wants them. Backward, ours begins with sorted tokens, PyTorch does not.
- attention: over earlier outputs alone, without the first context, which is zero. PyTorch has the order (B, T, H), and
  does not add the gradients of an output in its two roles. In bf16 ours multiplies two bf16 numbers for each factor.
- head: PyTorch puts output and context together. loss: forward and backward, on both sides.
- muon: torch.optim.Muon multiplies in bf16, ours in fp32.
- decode: a token for each song comes from the host, and its logits go back.
"""

import argparse
import functools
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit("cuda_pytorch.py: this Python has no torch")

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build-benchmarks" / "benchmarks" / "benchmarks_cuda"
T, V, E, L, WINDOW = 256, 405, 32, 3, 1024  # as in cuda_measure.hpp, cuda_layers.cu, cuda_decode.cu
DTYPES = {"fp32": {"fp32": torch.float32}, "bf16": {"bf16": torch.bfloat16, "fp16": torch.float16}}


def numbers(device, dtype, *shape):
    """Within 0.1 of 0, as ours are."""
    return (torch.rand(shape, device=device) * 0.2 - 0.1).to(dtype)


# A rival makes its tensors and returns a call, and those tensors whose gradients its backward pass computes.


def embedding(device, dtype, B, H):
    table, tokens = numbers(device, dtype, V, 4 * H).requires_grad_(), torch.randint(V, (T * B,), device=device)
    return lambda: F.embedding(tokens, table), [table]


def gru(device, dtype, B, H, weights=False):
    layer = torch.nn.GRU(8, H).to(device, dtype).requires_grad_(weights)
    x = numbers(device, dtype, T, B, 8).requires_grad_()
    return lambda: layer(x)[0], [x, *layer.parameters()] if weights else [x]


def attention(device, dtype, B, H, fused=False):
    """Queries begin one output later than keys, so that what is causal sees earlier outputs alone."""
    outputs = numbers(device, dtype, B, T, H)
    h, earlier = outputs[:, 1:].requires_grad_(), outputs[:, :-1].requires_grad_()
    later = torch.full((T - 1, T - 1), -math.inf, device=device, dtype=dtype).triu(1).expand(B, T - 1, T - 1)

    def products():
        return torch.bmm(torch.softmax(torch.baddbmm(later, h, earlier.transpose(1, 2)), -1), earlier)

    def sdpa():
        q, k = h.unsqueeze(1), earlier.unsqueeze(1)
        return F.scaled_dot_product_attention(q, k, k, is_causal=True, scale=1.0).squeeze(1)

    return sdpa if fused else products, [h, earlier]


def logits(h, c, w1, b1, w2, b2):
    return F.linear(torch.tanh(F.linear(torch.cat([h, c], -1), w1, b1)), w2, b2)


def head(device, dtype, B, H):
    shapes = (T * B, H), (T * B, H), (H, 2 * H), (H,), (V, H), (V,)
    tensors = [numbers(device, dtype, *shape).requires_grad_() for shape in shapes]
    return lambda: logits(*tensors), tensors


def loss(device, dtype, B, _):
    x, targets = numbers(device, dtype, T * B, V).requires_grad_(), torch.randint(V, (T * B,), device=device)
    return lambda: torch.autograd.grad(F.cross_entropy(x, targets), x)[0], []


def learned(device, dtype, shapes):
    weights = [numbers(device, dtype, *shape).requires_grad_() for shape in shapes]
    for w in weights:
        w.grad = numbers(device, dtype, *w.shape)
    return weights


def adam(device, dtype, _, H):
    layers = [s for i in range(L) for s in ((3 * H, H if i else E), (3 * H, H), (3 * H,), (3 * H,))]
    weights = learned(device, dtype, [(V, E), *layers, (H, 2 * H), (H,), (V, H), (V,)])
    optimizer = torch.optim.Adam(weights, 0.0, fused=device == "cuda")
    return lambda: (torch.nn.utils.clip_grad_norm_(weights, 1.0), optimizer.step()), weights


def muon(device, dtype, _, H):
    weights = learned(device, dtype, [(H, E)] * 3 + [(H, H)] * (6 * L - 3) + [(H, 2 * H)])
    optimizer = torch.optim.Muon(weights, 0.0, weight_decay=0.0, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    return optimizer.step, weights


def decode(device, dtype, B, H):
    table, layers = numbers(device, dtype, V, E), torch.nn.GRU(E, H, L).to(device, dtype)
    weights = [numbers(device, dtype, *shape) for shape in ((H, 2 * H), (H,), (V, H), (V,))]
    tokens, state, ring = torch.full((1, B), 7), numbers(device, dtype, L, B, H), numbers(device, dtype, B, WINDOW, H)
    steps = 0

    @torch.no_grad()
    def step():
        nonlocal state, steps
        h, state = layers(F.embedding(tokens.to(device), table), state)
        h = h.transpose(0, 1)
        c = torch.bmm(torch.softmax(torch.bmm(h, ring.transpose(1, 2)), -1), ring)
        ring[:, steps % WINDOW] = h[:, 0]
        steps += 1
        return logits(h[:, 0], c[:, 0], *weights).cpu()

    return step, []


ATTENTION = {"products": attention}
if hasattr(F, "scaled_dot_product_attention"):
    ATTENTION["sdpa"] = functools.partial(attention, fused=True)
# Our benchmarks, without the precision in their names: PyTorch's ways.
RIVALS = {
    "embedding/gather": {"": embedding},
    "embedding/sum_by_token": {"": embedding},
    "gru/forward": {"": gru},
    "gru/backward": {"": gru},
    "gru/a launch a step/forward": {"": gru},
    "gru/a launch a step/backward": {"": functools.partial(gru, weights=True)},
    "attention/forward": ATTENTION,
    "attention/backward": ATTENTION,
    "head/forward": {"": head},
    "head/backward": {"": head},
    "loss": {"": loss},
    "adam, norm included": {"": adam},
    "muon": {"with products in bf16": muon} if hasattr(torch.optim, "Muon") else {},
    "decode/step": {"": decode},
    "decode/step/plain kernels": {"": decode},
}


@functools.lru_cache(maxsize=None)
def microseconds(rival, backward, dtype, B, H):
    """A call's, after two rounds to warm up. A backward pass never takes a graph twice: cuDNN would
    have to copy what it keeps."""
    call, wanted = rival("cuda", dtype, B, H)
    dy = numbers("cuda", dtype, *call().shape) if backward else None
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    times = []
    for _ in range(11):
        y = call() if backward else None
        begin.record()
        for _ in range(1 if backward else 10):
            torch.autograd.grad(y, wanted, dy) if backward else call()
        end.record()
        end.synchronize()
        times.append(1e3 * begin.elapsed_time(end) / (1 if backward else 10))
    return statistics.median(times[2:])


def fastest(layer, precision, B, H):
    """PyTorch's time and way; None if nothing that it has runs."""
    backward = "backward" in layer or "sum_by_token" in layer
    times = []
    for way, rival in RIVALS[layer].items():
        for name, dtype in DTYPES[precision].items():
            way_name = f"{name} {way}".strip()
            try:
                times.append((microseconds(rival, backward, dtype, B, H), way_name))
            except (RuntimeError, TypeError) as e:  # too little memory, or a version that has not got all of it
                reason = str(e).strip().split("\n")[0]
                print(f"cuda_pytorch.py: {layer}, B {B}, H {H}, {way_name}: {reason}", file=sys.stderr)
    return min(times, default=None)


def our_benchmarks(options):
    """What benchmarks_cuda writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = options.ours or pathlib.Path(folder) / "ours.json"
        if not options.ours:
            if not options.program.is_file():
                sys.exit(f"cuda_pytorch.py: there is no {options.program}: build musicgen_benchmarks_cuda")
            command = [options.program.resolve(), f"--benchmark_filter={options.filter}", f"--benchmark_out={file}"]
            if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
                sys.exit(f"cuda_pytorch.py: {options.program} failed")
        try:
            return json.loads(file.read_text())["benchmarks"]
        except (OSError, ValueError, KeyError) as e:
            sys.exit(f"cuda_pytorch.py: {file} is not what benchmarks_cuda writes: {e}")


def rows(benchmarks, pattern):
    """(layer, precision, B, H, our time) of what has run and has a rival."""
    for b in benchmarks:
        match = re.match(r"(.+)/B:(\d+)/H:(\d+)/", b["name"])
        if match and re.search(pattern, b["name"]) and not b.get("error_occurred"):
            parts = match[1].split("/")
            layer = "/".join(part for part in parts if part not in DTYPES)
            if RIVALS.get(layer):
                yield layer, "bf16" if "bf16" in parts else "fp32", int(match[2]), int(match[3]), b["real_time"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", type=pathlib.Path, help="what benchmarks_cuda --benchmark_out=FILE has written")
    parser.add_argument("--program", type=pathlib.Path, default=PROGRAM, help="to run where --ours is missing")
    parser.add_argument("--filter", default="", help="regular expression: those of benchmarks_cuda to compare")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("cuda_pytorch.py: PyTorch finds no GPU, or was built without CUDA")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    compared = list(rows(our_benchmarks(options), options.filter))
    if not compared:
        sys.exit("cuda_pytorch.py: none of our benchmarks that PyTorch has an equivalent of has run")

    if not options.json:
        print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}; microseconds a call")
        print(f"{'layer':28} {'shape':12} {'precision':9} {'ours':>10} {'PyTorch':>10} {'ratio':>7}  PyTorch in")
    results = []
    for layer, precision, B, H, ours in compared:
        found = fastest(layer, precision, B, H)
        if not found:
            continue
        shape = " ".join(f"{name} {n}" for name, n in (("B", B), ("H", H)) if n)
        row = {"layer": layer, "shape": shape, "precision": precision, "ours_us": ours, "pytorch_us": found[0]}
        results.append({**row, "ratio": found[0] / ours, "way": found[1], "pytorch_version": torch.__version__})
        if not options.json:
            times = f"{ours:10.1f} {found[0]:10.1f} {found[0] / ours:6.1f}x"
            print(f"{layer:28} {shape:12} {precision:9} {times}  {found[1]}", flush=True)
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Races this library against PyTorch: a training step and the sampling of tokens, turn by turn in one run.

On the CPU, or with --device cuda the training step on a GPU, where PyTorch has cuDNN's GRU (with TF32 even in fp32, its
default).

Two rivals: "original" is the formulation of the project that the model comes from, which unrolls the targets and
concatenates at every step; "best" is PyTorch used as well as it can be, nn.GRU over the whole sequence and the causal
attention in one batch. Both compute the same function as this library, always in fp32, whatever our precision; but
the rival of "train bf16", which is raced where the device has products of bf16, may choose them as well
(torch.autocast), and the better of the two counts.

Runs with whatever PyTorch the interpreter that starts it has (Debian: python3-torch, and libopenblas0-pthread, without
which its products are fifty times slower). Builds what it needs of this
library in build-benchmarks/. Prints a table, or with --json a list of objects.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

# Threads that wait by spinning get in the way of those of the BLAS: without this PyTorch is several times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
try:
    import torch
except ImportError:
    sys.exit("compare_pytorch.py: this Python has no torch: apt-get install python3-torch libopenblas0-pthread")

ROOT = pathlib.Path(__file__).resolve().parent.parent
V, E, BATCH = 405, 32, 32
# Input and target lengths of the original's stages, the fourth at its longest.
STAGES = {1: (32, 1), 2: (50, 12), 3: (100, 50), 4: (1000, 50)}


class Network(torch.nn.Module):
    """The model in PyTorch: embedding, GRU layers, dot attention over earlier outputs, two linear layers."""

    def __init__(self, H, L):
        super().__init__()
        self.embed = torch.nn.Embedding(V, E)
        self.gru = torch.nn.GRU(E, H, L, batch_first=True)
        self.combine = torch.nn.Linear(2 * H, H)
        self.head = torch.nn.Linear(H, V)

    def logits(self, h, c):
        return self.head(torch.tanh(self.combine(torch.cat([h, c], -1))))


def original(network, inputs, Q):
    """Logits (B, Q, V): one output after the other, each attending to all before it, kept by concatenation."""
    B, T = inputs.shape
    first = T - Q + 1
    outputs, state = network.gru(network.embed(inputs[:, :first]))
    logits = []
    for t in range(first, T + 1):
        h, earlier = outputs[:, -1:], outputs[:, :-1]
        a = torch.softmax(torch.bmm(h, earlier.transpose(1, 2)), -1)
        logits.append(network.logits(h, torch.bmm(a, earlier)))
        if t < T:
            output, state = network.gru(network.embed(inputs[:, t : t + 1]), state)
            outputs = torch.cat([outputs, output], 1)
    return torch.cat(logits, 1)


def best(network, inputs, Q):
    """The same, everything at once."""
    T = inputs.shape[1]
    outputs, _ = network.gru(network.embed(inputs))
    h = outputs[:, T - Q :]
    later = torch.ones(Q, T, dtype=torch.bool).triu(T - Q)
    scores = torch.bmm(h, outputs.transpose(1, 2)).masked_fill(later, -1e30)
    return network.logits(h, torch.bmm(torch.softmax(scores, -1), outputs))


class Training:
    """A training step: forward, backward, clipping, Adam."""

    def __init__(self, formulation, H, L, stage, device, bf16=False):
        input_length, self.Q = STAGES[stage]
        self.device, self.autocast = device, bf16
        self.formulation, self.network = formulation, Network(H, L).to(device)
        self.inputs = torch.randint(V, (BATCH, input_length + self.Q - 1), device=device)
        self.targets = torch.randint(V, (BATCH, self.Q), device=device)
        try:
            self.optimizer = torch.optim.Adam(self.network.parameters(), 1e-4, foreach=True)
        except TypeError:
            self.optimizer = torch.optim.Adam(self.network.parameters(), 1e-4)

    def run(self):
        start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.autocast):
            logits = self.formulation(self.network, self.inputs, self.Q)
        torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), self.targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start


class BetterTraining:
    """A training step in fp32 or under autocast, whichever took less time when it was tried."""

    def __init__(self, formulation, H, L, stage, device):
        candidates = [Training(formulation, H, L, stage, device, bf16) for bf16 in (False, True)]
        for candidate in candidates:
            candidate.run()
        self.run = min(candidates, key=lambda candidate: candidate.run()).run


class Sampling:
    """Tokens drawn one by one, the window of earlier outputs being full."""

    def __init__(self, formulation, H, L, window, tokens):
        self.network, self.tokens, self.concatenate = Network(H, L).eval(), tokens, formulation is original
        self.token, self.state = torch.zeros(1, 1, dtype=torch.long), torch.zeros(L, 1, H)
        self.outputs = torch.rand(1, window, H) * 0.1

    @torch.no_grad()
    def run(self):
        start = time.perf_counter()
        network, window = self.network, self.outputs.shape[1]
        for i in range(self.tokens):
            h, self.state = network.gru(network.embed(self.token), self.state)
            a = torch.softmax(torch.bmm(h, self.outputs.transpose(1, 2)), -1)
            p = torch.softmax(network.logits(h, torch.bmm(a, self.outputs))[0, 0], -1)
            self.token = torch.multinomial(p, 1).view(1, 1)
            if self.concatenate:
                self.outputs = torch.cat([self.outputs[:, 1:], h], 1)
            else:
                self.outputs[:, i % window] = h[:, 0]
        return time.perf_counter() - start


class Racer:
    """This library's side: a program that does a piece of work whenever a line asks for it."""

    def __init__(self, threads, device):
        build = ROOT / "build-benchmarks"
        if not (build / "CMakeCache.txt").exists():
            self.make("cmake", "--preset", "benchmarks")
        self.make("cmake", "--build", str(build), "--target", "musicgen_benchmark_racer")
        self.program = subprocess.Popen(
            [build / "benchmarks" / "racer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.tell(f"threads {threads}")
        self.tell(f"device {device}")

    def tell(self, line):
        self.program.stdin.write(line + "\n")

    @staticmethod
    def make(*command):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(f"{done.stdout}\ncompare_pytorch.py: {' '.join(command)} failed")

    def __call__(self, line):
        self.tell(line)
        answer = self.program.stdout.readline()
        if not answer:
            sys.exit(f"compare_pytorch.py: the racer gave up on: {line}")
        return float(answer)


def race(racer, line, rival, rounds, ceiling):
    """Medians of ours, the rival's and the ceiling (if there is one), each having its turn in every round. The first
    round warms up; on a GPU, which has no ceiling here, the first three: it records our second or third step."""
    ours, theirs, ceilings = [], [], []
    warm = 1 if ceiling else 3
    for n in range(rounds + warm):
        results = racer(line), rival.run()
        time.sleep(0.3)  # until the rival's threads have stopped spinning
        top = racer(ceiling) if ceiling else 0
        if n >= warm:
            ours.append(results[0]), theirs.append(results[1]), ceilings.append(top)
    return statistics.median(ours), statistics.median(theirs), statistics.median(ceilings)


def works(quick, device, has_bf16):
    """(work, shape, line for the racer, rival's name, how to make the rival, rounds, what one turn is divided by)"""
    for H, L in ((256, 2), (1028, 3)):
        for stage, (input_length, Q) in STAGES.items():
            if quick and stage > (3 if H == 256 else 1):
                continue
            T = input_length + Q - 1
            rounds = 5 if H == 256 else {1: 5, 2: 5, 3: 3, 4: 1}[stage]
            for formulation in (best, original):
                if formulation is original and (stage == 4 or (quick and stage == 3)):
                    continue  # stage four unrolled takes minutes and tells nothing new
                for precision in ("fp32", "bf16") if has_bf16 else ("fp32",):
                    line = f"train {precision} {H} {L} {BATCH} {T} {Q}"
                    make = Training if precision == "fp32" else BetterTraining
                    yield "train" if precision == "fp32" else "train bf16", f"{H}x{L} stage {stage}", line, formulation, (
                        lambda make=make, f=formulation, H=H, L=L, s=stage: make(f, H, L, s, device)
                    ), (2 if quick else rounds if formulation is best else min(rounds, 3)), 1
    if device == "cuda":
        return
    for H, L, window in ((256, 2, 500), (1028, 3, 1000)):
        tokens = {256: 200, 1028: 20}[H]
        for precision in ("fp32", "bf16", "int8"):
            for formulation in (best, original):
                line = f"sample {precision} {H} {L} {window} 1 {tokens}"
                yield f"sample {precision}", f"{H}x{L} window {window}", line, formulation, (
                    lambda f=formulation, H=H, L=L, w=window, n=tokens: Sampling(f, H, L, w, n)
                ), (3 if quick else 9), tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="fewer shapes and rounds")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="for both sides")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="for both sides")
    parser.add_argument("--only", default="", help="works whose name and shape contain this, as in 'train 1028'")
    options = parser.parse_args()
    on_gpu = options.device == "cuda"
    if on_gpu and not torch.cuda.is_available():
        sys.exit("compare_pytorch.py: --device cuda: PyTorch finds no GPU, or was built without CUDA")
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    tiny, tokens = Network(8, 2), torch.randint(V, (3, 9))
    assert torch.allclose(original(tiny, tokens, 4), best(tiny, tokens, 4), atol=1e-5)
    racer = Racer(options.threads, options.device)

    if not options.json:
        place = torch.cuda.get_device_name() if on_gpu else f"{options.threads} threads"
        print(f"PyTorch {torch.__version__}, {place}; seconds a step or a token, medians")
        last = "TFLOP/s" if on_gpu else "of the ceiling"
        print(f"{'work':12} {'shape':17} {'rival':9} {'ours':>10} {'rival':>10} {'ratio':>7}  {last}")
    results = []
    for work, shape, line, formulation, make, rounds, parts in works(
        options.quick, options.device, on_gpu or racer("has bf16") == 1
    ):
        if options.only not in f"{work} {shape}":
            continue
        racer.tell("forget")
        ceiling = f"product {line.split()[1]} 2048" if work.startswith("train") else "read 268435456"
        if on_gpu:
            ceiling = None
        ours, theirs, top = race(racer, line, make(), rounds, ceiling)
        result = {
            "work": work,
            "shape": shape,
            "rival": formulation.__name__,
            "ours_seconds": ours / parts,
            "rival_seconds": theirs / parts,
            "ratio": theirs / ours,
            "rival_version": torch.__version__,
            "threads": options.threads,
            "device": options.device,
        }
        results.append(result)
        if not options.json:
            rate = racer("cost " + line) / ours  # operations or bytes a second
            used = f"{rate * 1e-12:.1f}" if on_gpu else f"{100 * rate / top:.0f} %"
            print(
                f"{work:12} {shape:17} {result['rival']:9} {result['ours_seconds']:10.6f} "
                f"{result['rival_seconds']:10.6f} {result['ratio']:6.1f}x  {used}",
                flush=True,
            )
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes the reference models in this folder with PyTorch, in float64: weights, a batch, logits, loss, every gradient, and
the weights after three Adam steps. Needs torch; nothing else in the project does. Run it as  make.py [FOLDER]."""
import json
import struct
import sys
from pathlib import Path

import torch
from torch import nn

torch.set_default_dtype(torch.float64)


class Network(nn.Module):
    def __init__(self, V, E, H, L):
        super().__init__()
        self.embed = nn.Embedding(V, E)
        self.gru = nn.GRU(E, H, L, batch_first=True)
        self.combine_ctx = nn.Linear(2 * H, H)
        self.hidden2vocab = nn.Linear(H, V)

    def logits(self, outputs):
        """After the last of the outputs (B, T, H), which attends over those before it."""
        h, earlier = outputs[:, -1], outputs[:, :-1]
        weights = torch.softmax(torch.einsum("bh,bsh->bs", h, earlier), dim=1)
        context = torch.einsum("bs,bsh->bh", weights, earlier)
        return self.hidden2vocab(torch.tanh(self.combine_ctx(torch.cat([h, context], dim=1))))

    def forward(self, given, target, forcing):
        """Logits (B, Q, V): the next input is the true token (forcing 1) or the best guess (forcing 0)."""
        outputs, state = self.gru(self.embed(given))
        all_logits = [self.logits(outputs)]
        for q in range(target.shape[1] - 1):
            token = target[:, q] if forcing == 1 else all_logits[-1].argmax(dim=1)
            output, state = self.gru(self.embed(token[:, None]), state)
            outputs = torch.cat([outputs, output], dim=1)
            all_logits.append(self.logits(outputs))
        return torch.stack(all_logits, dim=1)


def make(file, V, E, H, L, B, given_length, target_length, forcing, clip, seed):
    torch.manual_seed(seed)
    network = Network(V, E, H, L)
    given, target = torch.randint(V, (B, given_length)), torch.randint(V, (B, target_length))
    tensors = {"input": given, "target": target}
    tensors |= {"weight." + name: p.detach().clone() for name, p in network.named_parameters()}
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for step in range(3):
        optimizer.zero_grad()
        logits = network(given, target, forcing)
        loss = nn.functional.cross_entropy(logits.reshape(-1, V), target.reshape(-1))
        loss.backward()
        if step == 0:
            tensors |= {"logits": logits.detach(), "loss": loss.detach()}
            tensors |= {"grad." + name: p.grad.clone() for name, p in network.named_parameters()}
        norm = nn.utils.clip_grad_norm_(network.parameters(), clip)
        if step == 0:
            tensors["grad_norm"] = norm.detach()
        optimizer.step()
    tensors |= {"adam3." + name: p.detach().clone() for name, p in network.named_parameters()}
    save(file, tensors, {"layers": str(L), "forcing": str(forcing), "lr": "0.01", "clip": str(clip)})


def save(file, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        integers = tensor.dtype == torch.int64
        values = tensor.reshape(-1).tolist()
        part = struct.pack(f"<{len(values)}{'q' if integers else 'd'}", *values)
        header[name] = {"dtype": "I64" if integers else "F64", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent
    make(folder / "model_teacher_forced.safetensors", 11, 4, 6, 2, 3, 4, 5, 1, 1.0, seed=1)
    make(folder / "model_free_running.safetensors", 13, 3, 5, 1, 2, 3, 6, 0, 1.0, seed=2)
    make(folder / "model_clipped.safetensors", 9, 5, 7, 3, 2, 1, 8, 1, 0.05, seed=3)

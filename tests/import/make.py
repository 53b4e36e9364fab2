"""Writes training.pt, a small checkpoint as training programs in PyTorch leave them (any version from 1.6):

    python3 tests/import/make.py

A network of V 5, E 2, H 3, L 2 in half precision under DataParallel, with its optimizer beside it. The weights count
up from -60/64 in steps of 1/64, over all tensors in the order of the state dict.
"""
import os

import torch
from torch import nn

V, E, H, L = 5, 2, 3, 2


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(V, E)
        self.gru = nn.GRU(E, H, L, batch_first=True)
        self.combine_ctx = nn.Linear(2 * H, H)
        self.hidden2vocab = nn.Linear(H, V)


network = Network()
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
count = -60
for parameter in network.parameters():
    n = parameter.numel()
    parameter.data = (torch.arange(count, count + n) / 64).view(parameter.shape)
    count += n
network.half()
torch.save({"epoch": 3, "loss": 1.25, "rng": torch.get_rng_state()[:8].clone(),
            "model_state_dict": nn.DataParallel(network).state_dict(), "optimizer": optimizer.state_dict()},
           os.path.join(os.path.dirname(__file__), "training.pt"))

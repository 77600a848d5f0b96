"""Golden values for Tests/NeuralNetworkTests, by PyTorch: writes tools/oracles/network.safetensors.

Run: python3 tools/oracles/network.py      (torch 2.x, numpy, safetensors)

Inputs and weights are `wave`s, which the Swift tests make too, so that only results are stored.
"""
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "exchange.d"))
from network import Network

torch.use_deterministic_algorithms(True)
gold = {}


def wave(shape, number, scale=1.0):
    i = np.arange(int(np.prod(shape)), dtype=np.float64)
    values = scale * np.sin(1.0 + 0.7 * number + 0.9 * i + 0.013 * i * (i % 101))
    return torch.tensor(values.astype(np.float32).reshape(shape))


def nhwc(t):
    return t.detach().permute(0, 2, 3, 1).contiguous()


def images(shape, number):
    """NHWC waves as the NCHW that PyTorch wants."""
    return wave(shape, number).permute(0, 3, 1, 2).contiguous()


def fill(module):
    """Weights by number of parameter; γ around 1."""
    for number, (_, p) in enumerate(module.named_parameters()):
        if p.dim() > 1:
            p.data = wave(p.shape, number, (2 / np.prod(p.shape[1:])) ** 0.5)
        else:
            p.data = wave(p.shape, number, 0.3)
    for m in module.modules():
        if isinstance(m, (torch.nn.BatchNorm2d, torch.nn.BatchNorm1d)):
            m.weight.data += 1


# Convolutions: batch 2, maps 7 x 9, all that the network uses and odd sizes of it.
for kernel, stride in [(3, 1), (3, 2), (1, 1), (1, 2)]:
    x = images((2, 7, 9, 3), 1).requires_grad_()
    w = wave((5, 3, kernel, kernel), 2).requires_grad_()
    y = F.conv2d(x, w, stride=stride, padding=kernel // 2)
    (y * images(tuple(nhwc(y).shape), 3)).sum().backward()
    name = f"conv{kernel}{stride}."
    gold[name + "y"], gold[name + "dx"], gold[name + "dw"] = nhwc(y), nhwc(x.grad), w.grad

# Encoders.
for name, stride in [("encoder.", 1), ("strided.", 2)]:
    encoder = Network({"architecture": {"width": 16, "blocks": [1, 1], "stemStride": stride}})
    fill(encoder)
    x = images((6, 12, 12, 1), 4)
    embedding, = encoder(x)
    (embedding * wave(tuple(embedding.shape), 5)).sum().backward()
    gold[name + "embedding"] = embedding.detach()
    for key, p in encoder.named_parameters():
        if stride == 1 or p.dim() == 1:
            gold[name + "gradient." + key] = p.grad
    for key, b in encoder.named_buffers():
        if "running" in key:
            gold[name + key] = b
    encoder.eval()
    gold[name + "inference"] = encoder(x)[0].detach()

# A projector.
head = torch.nn.Sequential(
    torch.nn.Linear(6, 5), torch.nn.BatchNorm1d(5), torch.nn.ReLU(), torch.nn.Linear(5, 4))
fill(head)
x = wave((7, 6), 6).requires_grad_()
y = head(x)
(y * wave((7, 4), 7)).sum().backward()
gold["head.y"], gold["head.dx"] = y.detach(), x.grad
for key, p in head.named_parameters():
    gold["head.gradient." + key] = p.grad
head.eval()
gold["head.inference"] = head(x).detach()

# Losses.
logits = wave((6, 4), 8, 2.0).requires_grad_()
classes = torch.tensor([0, 1, 2, 3, 1, 0])
for name, weights, smoothing in [("plain.", None, 0.0), ("smooth.", None, 0.2),
                                 ("weighted.", torch.tensor([0.5, 1.0, 2.0, 1.5]), 0.1)]:
    logits.grad = None
    loss = F.cross_entropy(logits, classes, weight=weights, label_smoothing=smoothing)
    loss.backward()
    gold[name + "loss"], gold[name + "gradient"] = loss.detach()[None], logits.grad.clone()

z = wave((8, 5), 9).requires_grad_()
u = F.normalize(z)
similarity = (u @ u.T / 0.2).masked_fill(torch.eye(8, dtype=torch.bool), -torch.inf)
loss = F.cross_entropy(similarity, torch.arange(8).roll(4))
loss.backward()
gold["ntxent.loss"], gold["ntxent.gradient"] = loss.detach()[None], z.grad

# Optimisers: four steps of a matrix that decays and a bias that does not.


def lars(groups, rate, momentum, trust, decay):
    for p, velocity, decays in groups:
        local = rate
        step = p.grad
        if decays:
            local *= float(trust * p.data.norm() / (p.grad.norm() + decay * p.data.norm()))
            step = step + decay * p.data
        velocity.mul_(momentum).add_(step, alpha=local)
        p.data.sub_(velocity)


for name in ["sgd.", "lars.", "adam."]:
    w, b = torch.nn.Parameter(wave((3, 4), 10)), torch.nn.Parameter(wave((3,), 11))
    decay = [{"params": [w], "weight_decay": 0.1}, {"params": [b], "weight_decay": 0.0}]
    moments = [(w, torch.zeros(3, 4), True), (b, torch.zeros(3), False)]
    if name == "sgd.":
        optimiser = torch.optim.SGD(decay, lr=0.1, momentum=0.9)
    elif name == "adam.":
        optimiser = torch.optim.AdamW(decay, lr=0.1)
    for step in range(4):
        w.grad, b.grad = wave((3, 4), 20 + step), wave((3,), 30 + step)
        if name == "lars.":
            lars(moments, 0.1 * (step + 1), 0.9, 0.02, 0.1)
        else:
            for group in optimiser.param_groups:
                group["lr"] = 0.1 * (step + 1)
            optimiser.step()
    gold[name + "w"], gold[name + "b"] = w.detach(), b.detach()

path = pathlib.Path(__file__).with_suffix(".safetensors")
save_file({k: v.float().contiguous().clone() for k, v in gold.items()}, path, {"by": "PyTorch"})
print(path.stat().st_size, "bytes,", len(gold), "tensors")

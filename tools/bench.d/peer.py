"""Reber's network and optimiser in PyTorch, for benchmarks against it."""
import torch
import torch.nn.functional as F


class Block(torch.nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outputs)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs)
        self.shortcut = torch.nn.Identity() if stride == 1 and inputs == outputs else (
            torch.nn.Sequential(torch.nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                torch.nn.BatchNorm2d(outputs)))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x), inplace=True)


def encoder(width, stride):
    layers = [torch.nn.Conv2d(1, width, 3, stride, 1, bias=False), torch.nn.BatchNorm2d(width),
              torch.nn.ReLU(inplace=True)]
    inputs = width
    for stage in range(4):
        for index in range(2):
            layers.append(Block(inputs, width << stage, 2 if stage and not index else 1))
            inputs = width << stage
    layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers).to(memory_format=torch.channels_last)


class Lars(torch.optim.SGD):
    """LARS as Reber has it, by PyTorch's multi-tensor operations."""

    def step(self):
        with torch.no_grad():
            for group in self.param_groups:
                values = group["params"]
                gradients = [p.grad for p in values]
                if group["weight_decay"]:
                    norms = torch._foreach_norm(values)
                    others = torch._foreach_norm(gradients)
                    local = [0.02 * w / (g + 1e-4 * w) for w, g in zip(norms, others)]
                    gradients = torch._foreach_add(gradients, values, alpha=1e-4)
                    torch._foreach_mul_(gradients, local)
                velocities = [self.state[p].setdefault("v", torch.zeros_like(p)) for p in values]
                torch._foreach_mul_(velocities, 0.9)
                torch._foreach_add_(velocities, gradients, alpha=0.1)
                torch._foreach_sub_(values, velocities)


def parameter_groups(model):
    """Weights, which decay, and the rest, which does not."""
    return [{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 1e-4},
            {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0}]

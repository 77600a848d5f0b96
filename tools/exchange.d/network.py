"""Reber's networks in PyTorch, of any width, by torchvision's names."""
import torch
import torch.nn.functional as F


class Block(torch.nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outputs)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                torch.nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class Network(torch.nn.Module):
    """The network of a model whose model.json is `card`: embeddings and, of a classifier, probabilities."""

    def __init__(self, card, channels=1):
        super().__init__()
        shape, self.classifier = card["architecture"], card.get("classifier")
        inputs = shape["width"]
        self.pools = shape.get("stem") == "photograph"
        kernel = 7 if self.pools else 3
        self.conv1 = torch.nn.Conv2d(
            channels, inputs, kernel, shape["stemStride"], kernel // 2, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(inputs)
        self.stages = len(shape["blocks"])
        for stage, count in enumerate(shape["blocks"]):
            outputs = shape["width"] << stage
            strides = [2 if stage else 1] + [1] * (count - 1)
            blocks = [
                Block(outputs if index else inputs, outputs, stride)
                for index, stride in enumerate(strides)]
            setattr(self, f"layer{stage + 1}", torch.nn.Sequential(*blocks))
            inputs = outputs
        self.has_largest = shape.get("pooling") == "mean-largest"
        inputs *= 2 if self.has_largest else 1
        if self.classifier:
            self.fc = torch.nn.Linear(inputs, len(self.classifier["classes"]))

    def forward(self, views):
        x = F.relu(self.bn1(self.conv1(views)))
        if self.pools:
            x = F.max_pool2d(x, 3, 2, 1)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        embedding = x.mean((2, 3))
        if self.has_largest:
            embedding = torch.cat([embedding, x.amax((2, 3))], 1)
        if not self.classifier:
            return (embedding,)
        logits = self.fc(embedding) / self.classifier["temperature"]
        return embedding, logits.sigmoid() if self.classifier["areTags"] else logits.softmax(1)

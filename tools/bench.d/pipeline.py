"""Pre-training from rows to steps: its parts, and the whole against lightly.

Usage: pipeline.py PROGRAMS [--json] [--quick]

PROGRAMS is the folder of reber and engine-bench; REBER_HOME has a server with the survey `measured`.
Times are processor time, of Reber with its server's and of lightly with its workers', PyTorch on one
thread: so a machine that others use as well hardly matters, and waiting for each other counts for
nobody. Every round runs each way once; figures are medians over rounds of ratios within a round.

lightly has the same network, batch, loss and optimiser, and views by torchvision: turns, mirrors,
crops, blur and noise, from a folder of 8-bit PNG files of the same images. Reber is measured
without random structural views, as lightly has none, and with them.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import lightly
import numpy
import torch
import torchvision.transforms as T
from lightly.data import LightlyDataset
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms.gaussian_blur import GaussianBlur
from lightly.transforms.multi_view_transform import MultiViewTransform
from lightly.transforms.rotation import random_rotation_transform
from PIL import Image

from peer import Lars, encoder, parameter_groups

parser = argparse.ArgumentParser()
parser.add_argument("programs")
parser.add_argument("--json", action="store_true")
parser.add_argument("--quick", action="store_true", help="fewer rounds")
options = parser.parse_args()
rounds = 1 if options.quick else 3
width, side, stride, batch, epochs = 32, 64, 2, 128, 2
torch.set_num_threads(1)

environment = dict(os.environ)
with open("/proc/cpuinfo") as file:
    cpu = file.read(8192)
if "AuthenticAMD" in cpu and "avx512f" in cpu:
    environment["OPENBLAS_CORETYPE"] = "SkylakeX"


def reber(*arguments):
    outcome = subprocess.run([options.programs + "/reber", *arguments], env=environment,
                             stdout=subprocess.PIPE, text=True)
    if outcome.returncode:
        sys.exit(f"reber {' '.join(arguments)} ended with {outcome.returncode}")
    return outcome.stdout


def query(sql):
    return reber("db", "psql", "--", "-qAt", "-F", " ", "-c", sql)


with open(query("SHOW data_directory").strip() + "/postmaster.pid") as file:
    postmaster = int(file.readline())


def server():
    """Seconds of processor time of the server and of all connections that have ended."""
    with open(f"/proc/{postmaster}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(fields[n]) for n in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def pretraining(*more):
    """Processor and wall-clock seconds of a step."""
    before = server()
    report = json.loads(reber(
        "pretrain", "--survey", "measured", "--again", "--json", "--quiet",
        "--epochs", str(epochs), "--batch-size", str(batch), "--size", str(side),
        "--width", str(width), "--stem-stride", str(stride), *more))["metrics"]
    # The server's part in the first reading, which is the same for all ways, counts as well.
    used = report["processorSeconds"] + server() - before
    return used / report["steps"], report["seconds"] / report["steps"]


def trial(line, runs=3):
    """Median seconds of processor time of a line that engine-bench runs."""
    outcome = subprocess.run([options.programs + "/engine-bench"], input=f"{line}\n" * (runs + 1),
                             env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return statistics.median(float(answer.split()[1]) for answer in outcome.stdout.splitlines()[1:])


def write_images(folder):
    """The survey's images as 8-bit PNG, as Reber shows them: 3 sigma is black, the peak is white."""
    rows = query("SELECT width, height, encode(pixels, 'hex') FROM reber.cutout JOIN "
                 "reber.cutout_pixels USING (survey_id, cutout_id) WHERE is_current AND bitpix = -32")
    for number, row in enumerate(rows.splitlines()):
        columns, lines, pixels = row.split()
        image = numpy.frombuffer(bytes.fromhex(pixels), "<f4").reshape(int(lines), int(columns))
        image = numpy.nan_to_num(image, posinf=0, neginf=0)
        sigma = 1.4826 * numpy.median(numpy.abs(image - numpy.median(image)))
        image = numpy.where(image < 3 * sigma, 0, image) / max(image.max(), 1e-30)
        shown = (255 * numpy.sqrt(image.clip(0, 1))).round().astype("u1")
        Image.fromarray(shown).save(f"{folder}/{number:06}.png")


class Noise:
    def __call__(self, image):
        return (image + torch.randn_like(image) * 0.02 * torch.rand(())).clamp_(0, 1)


def loader(folder, workers):
    view = T.Compose([
        T.Grayscale(), T.RandomResizedCrop(side, scale=(0.6, 1.0), ratio=(1, 1)),
        T.RandomHorizontalFlip(), T.RandomVerticalFlip(),
        random_rotation_transform(rr_prob=1, rr_degrees=180),
        GaussianBlur(sigmas=(0.1, 1), prob=1), T.ToTensor(), Noise()])
    data = LightlyDataset(folder, transform=MultiViewTransform([view, view]))
    return torch.utils.data.DataLoader(
        data, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers)


class Peer:
    """SimCLR as lightly's own example has it."""

    def __init__(self, folder, workers):
        self.loader = loader(folder, workers)
        self.model = torch.nn.Sequential(
            encoder(width, stride), SimCLRProjectionHead(8 * width, 8 * width, 128))
        self.criterion = NTXentLoss(temperature=0.2)
        self.optimiser = Lars(parameter_groups(self.model), lr=0.1)

    def epoch(self):
        steps = 0
        for (first, second), _, _ in self.loader:
            views = torch.cat([first, second]).to(memory_format=torch.channels_last)
            one, other = self.model(views).chunk(2)
            loss = self.criterion(one, other)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            steps += 1
        return steps

    def seconds_a_step(self):
        before, wall = used(), time.perf_counter()
        steps = self.epoch()
        return (used() - before) / steps, (time.perf_counter() - wall) / steps


def used():
    """Seconds of processor time of this process and of workers that have ended."""
    return sum(part.ru_utime + part.ru_stime for part in (
        resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


def report(name, value, unit, target=None, most=None):
    ok = (target is None or value >= target) and (most is None or value <= most)
    if options.json:
        print(json.dumps({"bench": f"pipeline {name}", "value": round(value, 4), "unit": unit,
                          "target": target if most is None else most, "ok": ok}), flush=True)
    else:
        aim = f", {target} is aimed at" if target else f", at most {most} is aimed at" if most else ""
        print(f"{name}: {value:.3f} {unit}{aim}{'' if ok else ': MISSED'}", flush=True)


def note(text):
    print(text, file=sys.stderr, flush=True)


views, plain, step = [], [], []
for number in range(rounds):
    note(f"views and steps, round {number + 1} of {rounds}")
    views.append(trial(f"views {side} {2 * batch} 1"))
    plain.append(trial(f"views {side} {2 * batch} 0"))
    step.append(trial(f"train {width} {side} {stride} {2 * batch}"))
shares = [statistics.median(v / s for v, s in zip(values, step)) for values in (plain, views)]
report("views without RSV, share of the step", shares[0], "ratio", most=0.1)
report("views with RSV, share of the step", shares[1], "ratio", most=0.1)

without = ("--without", "rsv", "--image-memory", "0")
with tempfile.TemporaryDirectory() as folder:
    write_images(folder)
    peers = {workers: Peer(folder, workers) for workers in (0, 2)}
    for peer in peers.values():
        peer.epoch()
    figures = []
    for number in range(rounds):
        ways = {
            "memory": pretraining, "rows": lambda: pretraining("--image-memory", "0"),
            "plain": lambda: pretraining(*without), 0: peers[0].seconds_a_step,
            2: peers[2].seconds_a_step}
        # In turn from either end, so that none always comes first.
        order = list(ways) if number % 2 == 0 else list(reversed(ways))
        figures.append({way: ways[way]() for way in order})
        note(f"round {number + 1} of {rounds}, s a step: " + ", ".join(
            f"{way} {used:.3f}" for way, (used, _) in figures[-1].items()))


def ratio(one, other, column=0):
    return statistics.median(one(f)[column] / other(f)[column] for f in figures)


report("training from rows, pace of that from memory", ratio(
    lambda f: f["memory"], lambda f: f["rows"]), "ratio", 0.97)
report("the same by the clock", ratio(lambda f: f["memory"], lambda f: f["rows"], 1), "ratio")
better = lambda f: min(f[0], f[2])
report("against lightly, without RSV", ratio(better, lambda f: f["plain"]), "ratio", 2.0)
report("against lightly, with RSV", ratio(better, lambda f: f["rows"]), "ratio", 2.0)
for workers in (0, 2):
    report(f"lightly, {workers} workers", statistics.median(f[workers][0] for f in figures),
           "s a step")
report("Reber from rows", statistics.median(f["rows"][0] for f in figures), "s a step")

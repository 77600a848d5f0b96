"""The engine against PyTorch: the same networks, batches and layers, run in turn.

Usage: engine.py ENGINE_BENCH [--json] [--quick] [--processor-time] [NAME ...]

ENGINE_BENCH is the Swift program, which times one run for each line that it is given. Every round
runs Reber, each way of PyTorch and a matrix product once; figures are medians over rounds of times
and of ratios within a round, so that what else the machine does hits all alike. On a machine that is
shared, --processor-time is fairer still: it counts the processor time of all threads of Reber
against that of PyTorch on one thread, which cannot wait for others.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

from peer import Lars, encoder, parameter_groups

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--json", action="store_true")
parser.add_argument("--quick", action="store_true", help="fewer rounds, no torch.compile")
parser.add_argument("--processor-time", action="store_true")
parser.add_argument("names", nargs="*", help="only benches whose name contains one of these")
options = parser.parse_intermixed_args()
rounds = 3 if options.quick else 5
threads = 1 if options.processor_time else len(os.sched_getaffinity(0))
clock = time.process_time if options.processor_time else time.perf_counter
torch.set_num_threads(threads)

environment = dict(os.environ)
with open("/proc/cpuinfo") as file:
    cpu = file.read(8192)
if "AuthenticAMD" in cpu and "avx512f" in cpu:
    environment["OPENBLAS_CORETYPE"] = "SkylakeX"


def start():
    return subprocess.Popen([options.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True, env=environment)


# A program keeps what its last line needs, and lines in bfloat16 take turns with others.
engine, rounding = start(), start()


def parts(line):
    """The name and the numbers of a line, and whether it is one in bfloat16."""
    name, *words = line.split()
    return name, [int(word) for word in words if word.isdigit()], "bfloat16" in words


def reber(line, engine=engine):
    engine.stdin.write(line + "\n")
    engine.stdin.flush()
    answer = engine.stdout.readline().split()
    if len(answer) != 2:
        sys.exit(f"{options.program} does not answer {line}: {' '.join(answer)}")
    wall, processor = answer
    return float(processor if options.processor_time else wall)


def training(width, side, stride, count, way):
    model = torch.nn.Sequential(
        encoder(width, stride), torch.nn.Linear(8 * width, 8 * width),
        torch.nn.BatchNorm1d(8 * width), torch.nn.ReLU(inplace=True),
        torch.nn.Linear(8 * width, 128))
    optimiser = Lars(parameter_groups(model), lr=0.1)
    x = torch.rand(count, 1, side, side).to(memory_format=torch.channels_last)
    pairs = torch.arange(count).roll(count // 2)
    eye = torch.eye(count, dtype=torch.bool)
    compiled = torch.compile(model) if way == "compile" else model

    def step():
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=way == "bf16"):
            z = compiled(x)
        u = F.normalize(z.float())
        F.cross_entropy((u @ u.T / 0.2).masked_fill(eye, -torch.inf), pairs).backward()
        optimiser.step()

    return step


def embedding(width, side, stride, count, way):
    model = encoder(width, stride).eval()
    x = torch.rand(count, 1, side, side).to(memory_format=torch.channels_last)
    compiled = torch.compile(model) if way == "compile" else model

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=way == "bf16"):
            compiled(x)

    return run


def layer(direction, inputs, outputs, kernel, stride, side, count, way):
    conv = torch.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    conv = conv.to(memory_format=torch.channels_last)
    x = torch.rand(count, inputs, side, side).to(memory_format=torch.channels_last)

    def forward():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=way == "bf16"):
            conv(x)

    if direction == "forward":
        return forward
    x.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=way == "bf16"):
        y = conv(x)
    g = torch.full_like(y, 0.01)
    return lambda: torch.autograd.grad(y, [x, conv.weight], g, retain_graph=True)


def measure(run):
    start = clock()
    run()
    return clock() - start


left, right, product = (torch.rand(1536, 1536) for _ in range(3))


def sgemm():
    """Floating-point operations a second of PyTorch's own matrix product, now."""
    return 2 * 1536**3 / measure(lambda: torch.mm(left, right, out=product))


def operations(line):
    """Multiplications and additions of direct convolution."""
    name, numbers, _ = parts(line)
    if name in ("forward", "backward"):
        inputs, outputs, kernel, stride, side, count = numbers
        return (2 if name == "forward" else 4) * count * (side // stride)**2 * (
            inputs * outputs * kernel**2)
    width, side, stride, count = numbers
    side //= stride
    total = 2 * side**2 * 9 * width
    for stage in range(4):
        outputs, size = width << stage, side >> stage
        inputs = outputs if stage == 0 else outputs // 2
        total += 2 * size**2 * outputs * (9 * (inputs + 3 * outputs) + (stage > 0) * inputs)
    return total * count * (3 if name == "train" else 1)


benches = []
targets = {"train": {"eager": 1.5, "bf16": 1.0}, "embed": {"eager": 2.0, "compile": 1.2}}
# With Reber in bfloat16 as well; its own float32 is no target.
reduced = {"bf16": 1.0}
has_bfloat16 = "avx512_bf16" in cpu
for width in (32, 64):
    for stride in (2, 1):
        count = 256 * 32 // width // (2 if stride == 1 else 1)
        benches.append((f"train {width} 64 {stride} {count}", training))
        benches.append((f"embed {width} 64 {stride} {count}", embedding))
        if has_bfloat16:
            benches.append((f"train {width} 64 {stride} {count} bfloat16", training))
            benches.append((f"embed {width} 64 {stride} {count} bfloat16", embedding))
for inputs, outputs, kernel, stride, side, count in [
        (1, 32, 3, 1, 64, 128), (32, 32, 3, 1, 64, 64), (32, 32, 3, 1, 32, 256),
        (64, 64, 3, 1, 64, 32), (64, 64, 3, 1, 32, 128), (64, 64, 3, 1, 16, 256),
        (128, 128, 3, 1, 16, 128), (128, 128, 3, 1, 8, 256), (256, 256, 3, 1, 8, 128),
        (256, 256, 3, 1, 4, 256), (512, 512, 3, 1, 8, 64), (512, 512, 3, 1, 4, 128),
        (32, 64, 3, 2, 64, 64), (64, 128, 3, 2, 32, 64), (128, 256, 3, 2, 16, 64),
        (256, 512, 3, 2, 8, 64), (32, 64, 1, 2, 64, 64), (128, 256, 1, 2, 16, 64)]:
    for direction in ("forward", "backward"):
        if direction == "backward" and inputs == 1:
            continue
        benches.append((f"{direction} {inputs} {outputs} {kernel} {stride} {side} {count}", layer))

sgemm()
if not options.json:
    print(f"PyTorch {torch.__version__} on {threads} threads; medians of {rounds} rounds of "
          f"{'processor' if options.processor_time else 'wall-clock'} time; load "
          f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':36}{'Reber':>9} {'GFLOP/s':>8} {'of sgemm':>8}   times as fast as PyTorch")
missed = []


def report(name, value, unit, target=None):
    ok = target is None or value >= target
    if not ok:
        missed.append(f"{name}: {value:.2f} where {target} is aimed at")
    if options.json:
        print(json.dumps({"bench": f"engine {name}", "value": round(value, 4), "unit": unit,
                          "target": target, "ok": ok}), flush=True)


for line, make in benches:
    if options.names and not any(n in line for n in options.names):
        continue
    name, arguments, rounds_off = parts(line)
    own, program = line.removesuffix(" bfloat16"), rounding if rounds_off else engine
    if make is layer:
        arguments.insert(0, name)
    ways = ["eager", "bf16"]
    if make is not layer and not options.quick:
        ways.insert(1, "compile")
    if rounds_off:
        ways = ["bf16"]
    peers = {}
    for way in ways:
        try:
            peers[way] = make(*arguments, way)
            peers[way]()
        except Exception as error:
            print(f"PyTorch's {way} does not run {line}: {str(error)[:200]}", file=sys.stderr)
            peers.pop(way, None)
    if rounds_off:
        reber(own)
        peers["own float32"] = None
    reber(line, program)
    times, shares, ratios = [], [], {way: [] for way in peers}
    for _ in range(rounds):
        times.append(reber(line, program))
        shares.append(operations(line) / times[-1] / sgemm())
        for way, run in peers.items():
            ratios[way].append((measure(run) if run else reber(own)) / times[-1])
    median = statistics.median(times)
    speed = operations(line) / median
    report(f"{line}: time", median, "s")
    share = statistics.median(shares)
    report(f"{line}: share of sgemm", share, "ratio")
    results = {way: statistics.median(values) for way, values in ratios.items()}
    aims = reduced if rounds_off else targets.get(name, {})
    for way, value in results.items():
        report(f"{line}: {way}", value, "ratio", aims.get(way))
    if not options.json:
        print(f"{line:36}{median * 1e3:7.1f}ms {speed / 1e9:8.0f} {share:8.2f}   " +
              "  ".join(f"{way} {value:.2f}" for way, value in results.items()), flush=True)

for width in (32, 64):
    for stride in (2, 1):
        for again in ("", " 1"):
            line = f"memory {width} 64 {stride} 256{again}"
            if options.names and not any(n in line for n in options.names):
                continue
            engine.stdin.write(line + "\n")
            engine.stdin.flush()
            size = int(engine.stdout.readline().split()[0]) / 1e9
            how = ", computed again" if again else ""
            report(f"memory {width} 64 {stride} 256{how}", size, "GB")
            if not options.json:
                print(f"{line:36}{size:7.2f} GB for the maps of a training step{how}")

if missed and not options.json:
    print("missed:", *missed, sep="\n  ")
engine.stdin.close()
rounding.stdin.close()

"""The engine against PyTorch, OpenVINO and ONNX Runtime: the same networks, batches and layers, run in turn.

Usage: engine.py ENGINE_BENCH [--json] [--quick] [--processor-time] [NAME ...]

ENGINE_BENCH is the Swift program, which times one run for each line that it is given. Every round runs each
way of Reber, each way of its peers and a matrix product once; figures are medians over rounds of times and of
ratios within a round, so that what else the machine does hits all alike. On a machine that is shared,
--processor-time is fairer still: it counts the processor time of all threads of Reber against that of the
peers on one thread, which cannot wait for others. The table at the end is what docs/results.md has.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
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
    pairs = [line.partition(":") for line in file.read(16384).split("\n\n")[0].splitlines()]
cpu = {name.strip(): value.strip() for name, _, value in pairs}
flags = set(cpu["flags"].split())
features = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
has_bfloat16, has_matrices = "avx512_bf16" in flags, "amx_bf16" in flags
if cpu["vendor_id"] == "AuthenticAMD" and "avx512f" in flags:
    environment["OPENBLAS_CORETYPE"] = "SkylakeX"
chosen = subprocess.run([options.program, "chosen"], check=True, capture_output=True, text=True,
                        env=environment).stdout.strip()


class Reber:
    """One way of Reber: a process, since it keeps what its last line needs."""

    def __init__(self, *words):
        self.words = words
        self.process = subprocess.Popen([options.program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)

    def ask(self, line):
        """The numbers that it answers; None where it has no such way."""
        self.process.stdin.write(" ".join([line, *self.words]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        return [float(word) for word in answer] if answer[0] != "unknown:" else None

    def run(self, line):
        return self.ask(line)[1 if options.processor_time else 0]


# The first of these ways is what lines that name a layer are computed by.
reber = {"float32": Reber()}
if has_bfloat16:
    reber["bfloat16"] = Reber("bfloat16")
reber["float32, oneDNN"] = Reber("onednn")
if has_bfloat16:
    reber["bfloat16, oneDNN"] = Reber("bfloat16", "onednn")


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


def openvino_embedding(width, side, stride, count, way):
    import openvino

    core = openvino.Core()
    with tempfile.TemporaryDirectory() as folder:
        file = folder + "/encoder.onnx"
        subprocess.run([options.program, "network", str(width), str(side), str(stride), file], check=True)
        model = core.read_model(file)
    model.reshape([count, 1, side, side])
    precision = "bf16" if way.endswith("bf16") else "f32"
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": str(threads),
        "INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(torch.rand(count, 1, side, side).numpy()))
    return request.infer


def onnx_embedding(width, side, stride, count, way):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        file = folder + "/encoder.onnx"
        subprocess.run([options.program, "network", str(width), str(side), str(stride), file], check=True)
        session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
    x = torch.rand(count, 1, side, side).numpy()
    return lambda: session.run(["embedding"], {"images": x})


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
    name, *numbers = line.split()
    numbers = [int(number) for number in numbers]
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


def peers_of(name):
    """How each peer makes a run of a kind of line."""
    ways = {"eager": globals()[{"train": "training", "embed": "embedding"}.get(name, "layer")]}
    if name in ("train", "embed") and not options.quick:
        ways["compile"] = ways["eager"]
    if has_bfloat16:
        ways["bf16"] = ways["eager"]
    if name == "embed":
        ways |= {"openvino": openvino_embedding, "onnxruntime": onnx_embedding}
        if has_bfloat16:
            ways["openvino bf16"] = openvino_embedding
    return ways


# What is aimed at, as a ratio to a peer, of the way of Reber that is chosen where nothing is said, and of float32.
aims = {"train": {"bf16": 2.0}, "embed": {"openvino bf16": 0.9}} if has_matrices else {}
float32_aims = {"train": {"eager": 1.5},
                "embed": {"eager": 2.0, "compile": 1.2, "openvino": 1.5, "onnxruntime": 1.5}}

lines = []
for width in (32, 64):
    for stride in (2, 1):
        count = 256 * 32 // width // (2 if stride == 1 else 1)
        lines += [f"train {width} 64 {stride} {count}", f"embed {width} 64 {stride} {count}"]
for shape in [
        (1, 32, 3, 1, 64, 128), (32, 32, 3, 1, 64, 64), (32, 32, 3, 1, 32, 256),
        (64, 64, 3, 1, 64, 32), (64, 64, 3, 1, 32, 128), (64, 64, 3, 1, 16, 256),
        (128, 128, 3, 1, 16, 128), (128, 128, 3, 1, 8, 256), (256, 256, 3, 1, 8, 128),
        (256, 256, 3, 1, 4, 256), (512, 512, 3, 1, 8, 64), (512, 512, 3, 1, 4, 128),
        (32, 64, 3, 2, 64, 64), (64, 128, 3, 2, 32, 64), (128, 256, 3, 2, 16, 64),
        (256, 512, 3, 2, 8, 64), (32, 64, 1, 2, 64, 64), (128, 256, 1, 2, 16, 64)]:
    for direction in ("forward", "backward")[:1 if shape[0] == 1 else 2]:
        lines.append(" ".join(map(str, (direction, *shape))))
lines = [line for line in lines if not options.names or any(n in line for n in options.names)]

sgemm()
if not options.json:
    print(f"{cpu['model name']} ({', '.join(features)}), {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
          f"Reber chooses {chosen}; PyTorch {torch.__version__} and others on {threads} threads; medians of "
          f"{rounds} rounds of {'processor' if options.processor_time else 'wall-clock'} time\n"
          f"{'':36}{'':17}{'time':>9} {'GFLOP/s':>8} {'of sgemm':>8}   times as fast as peers")
missed, rows = [], []


def report(name, value, unit, target=None):
    ok = target is None or value >= target
    if not ok:
        missed.append(f"{name}: {value:.2f} where {target} is aimed at")
    if options.json:
        print(json.dumps({"bench": f"engine {name}", "value": round(value, 4), "unit": unit,
                          "target": target, "ok": ok}), flush=True)


def is_chosen(way):
    return chosen.startswith(way.split(",")[0]) and ("oneDNN" in chosen) == ("oneDNN" in way)


for line in lines:
    name, *numbers = line.split()
    arguments = [int(number) for number in numbers]
    is_layer = name in ("forward", "backward")
    peers = {}
    for way, make in peers_of(name).items():
        try:
            peers[way] = make(*([name] if is_layer else []), *arguments, way)
            peers[way]()
        except Exception as error:
            print(f"{way} does not run {line}: {str(error)[:200]}", file=sys.stderr)
            peers.pop(way, None)
    # What the program was not built with it does not answer.
    ways = [way for way, program in reber.items()
            if not (is_layer and "oneDNN" in way) and program.ask(line)]
    times = {way: [] for way in [*ways, *peers]}
    products = []
    for _ in range(rounds):
        products.append(sgemm())
        for way in ways:
            times[way].append(reber[way].run(line))
        for way, run in peers.items():
            times[way].append(measure(run))
    for way in ways:
        label = line if way == "float32" else f"{line} {way}"
        median = statistics.median(times[way])
        share = statistics.median(operations(line) / t / p for t, p in zip(times[way], products))
        report(f"{label}: time", median, "s")
        report(f"{label}: share of sgemm", share, "ratio")
        others = [*peers] + [other for other in ways if other == "float32" != way]
        ratios = {other: statistics.median(a / b for a, b in zip(times[other], times[way]))
                  for other in others}
        own_aims = (float32_aims if way == "float32" else {}).get(name, {})
        if is_chosen(way):
            own_aims = own_aims | aims.get(name, {})
        for other, value in ratios.items():
            report(f"{label}: {other}", value, "ratio", own_aims.get(other))
        rows.append((line, way, median, ratios))
        if not options.json:
            print(f"{line if way == ways[0] else '':36}{way:17}{median * 1e3:7.1f}ms "
                  f"{operations(line) / median / 1e9:8.0f} {share:8.2f}   " +
                  "  ".join(f"{other} {value:.2f}" for other, value in ratios.items()), flush=True)

for width in (32, 64):
    for stride in (2, 1):
        for again in ("", " 1"):
            line = f"memory {width} 64 {stride} 256{again}"
            if options.names and not any(n in line for n in options.names):
                continue
            size = reber["float32"].ask(line)[0] / 1e9
            how = ", computed again" if again else ""
            report(f"memory {width} 64 {stride} 256{how}", size, "GB")
            if not options.json:
                print(f"{line:36}{size:7.2f} GB for the maps of a training step{how}")

if missed and not options.json:
    print("missed:", *missed, sep="\n  ")
if rows and not options.json:
    columns = list(dict.fromkeys(other for *_, ratios in rows for other in ratios))
    unit = "processor time" if options.processor_time else "by the clock"
    print(f"\n{cpu['model name']}, {', '.join(features)}; {unit}; chosen: {chosen}\n")
    print(f"| line | Reber | ms | {' | '.join(columns)} |\n|{'---|' * (3 + len(columns))}")
    for line, way, median, ratios in rows:
        cells = [f"{ratios[other]:.2f}" if other in ratios else "" for other in columns]
        mark = "**" if is_chosen(way) and not line.startswith(("forward", "backward")) else ""
        print(f"| {line} | {mark}{way}{mark} | {median * 1e3:.1f} | {' | '.join(cells)} |")
for program in reber.values():
    program.process.stdin.close()

"""Holds models that Reber wrote against PyTorch and onnxruntime: see tools/exchange."""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import onnxruntime
import pyarrow.parquet
import torch
from safetensors.torch import load_file, save_file

import network
from views import views

BOUND = 1e-5

# Eight views at a time are fastest on one core.
torch.set_num_threads(1)
SINGLE = onnxruntime.SessionOptions()
SINGLE.intra_op_num_threads = 1


class Survey:
    """A simulated survey in a private server, with an encoder and a classifier."""

    def __init__(self, program, folder, sources):
        self.program, self.folder = program, pathlib.Path(folder)
        repository = pathlib.Path(__file__).resolve().parents[2]
        self.environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith("PG") and key != "DATABASE_URL"}
        self.environment |= {
            "REBER_HOME": str(self.folder / "home"), "REBER_SQL": str(repository / "sql")}
        self.reber("simulate", "--sources", str(sources), "--seed", "3", "--output", "sim")
        self.reber("ingest", "sim/simulated-catalogue.fits", "--survey", "sim", "--images", "sim/images")
        self.reber("pretrain", "--survey", "sim", "--epochs", "2", "--batch-size", "32")
        self.reber("embed", "--survey", "sim")
        self.reber("label", "import", self.labels(), "--survey", "sim", "--annotator", "truth")
        self.reber("finetune", "--survey", "sim", "--epochs", "1", "--folds", "0")
        self.reber("classify", "--survey", "sim")
        self.reber("publish", "--survey", "sim", "--anyway")
        self.reber("release", "sim", "--output", "release", "--only", "csv", "--with", "embeddings,cutouts")

    def labels(self):
        return next(str(path) for path in sorted((self.folder / "sim").glob("*truth*")))

    def reber(self, *arguments):
        done = subprocess.run(
            [self.program, *arguments], cwd=self.folder, env=self.environment, capture_output=True,
            text=True)
        if done.returncode != 0:
            raise SystemExit(f"exchange: reber {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def query(self, statement):
        return [json.loads(line) for line in self.reber("query", "--json", "-q", statement).splitlines()]

    def table(self, name):
        rows = pyarrow.parquet.read_table(self.folder / f"release/sim.{name}.parquet").to_pylist()
        return {row["name"]: row for row in rows}

    def probabilities(self):
        with open(self.folder / "release/sim.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = [name for name in rows[0] if name.startswith("p_")]
        return columns, {row["name"]: [float(row[column]) for column in columns] for row in rows}

    def export(self, model):
        self.reber("model", "export", model, "--output", f"model-{model}")
        folder = self.folder / f"model-{model}"
        return folder, json.loads((folder / "model.json").read_text())

    def embeddings(self, model):
        rows = self.query(
            f"SELECT name, vector FROM reber.embedding JOIN reber.source USING (survey_id, source_id) "
            f"WHERE model_id = {model}")
        return {row["name"]: numbers(row["vector"]) for row in rows}


def numbers(value):
    """An array of PostgreSQL's, which `query` may give as text."""
    return json.loads(value.replace("{", "[").replace("}", "]")) if isinstance(value, str) else value


def error(found, expected):
    """The largest difference in a source's vector, in the largest number of that vector."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    scale = np.abs(expected).max(axis=1)
    return float((np.abs(found - expected).max(axis=1) / np.where(scale > 0, scale, 1)).max())


class Check:
    """A model and the views of all sources."""

    def __init__(self, survey, model, names):
        self.folder, self.card = survey.export(model)
        cutouts = survey.table("cutouts")
        extents = {
            row["name"]: row["source_extent"] for row in survey.query(
                "SELECT name, source_extent FROM reber.cutout JOIN reber.source USING (survey_id, source_id) "
                "WHERE is_current")}
        self.views = [self.made(cutouts[name], extents[name]) for name in names]

    def made(self, row, extent):
        pixels = [np.nan if value is None else value for value in row["pixels"]]
        shape = (row["height"], row["width"])
        return views(np.array(pixels, np.float32).reshape(shape), self.card, row["pixel_scale"], extent)

    def means(self, run):
        """The means over the views of each source, of every output of `run`."""
        outputs = [[part.mean(axis=0) for part in run(own[:, None])] for own in self.views]
        return [np.stack(part) for part in zip(*outputs)]

    def torch(self):
        net = network.Network(self.card)
        net.load_state_dict(load_file(self.folder / "weights.safetensors"))
        net.eval()
        return self.means(lambda own: [part.numpy() for part in net(torch.from_numpy(own))])

    def onnx(self):
        session = onnxruntime.InferenceSession(
            self.folder / "model.onnx", SINGLE, providers=["CPUExecutionProvider"])
        return self.means(lambda own: session.run(None, {"images": own}))


@torch.no_grad()
def checks(survey):
    """Names of checks with their errors, as they are done."""
    embedded = survey.table("embeddings")
    columns, given = survey.probabilities()
    names = sorted(set(embedded) & set(given))
    encoder, classifier = Check(survey, "1", names), Check(survey, "2", names)
    expected = [embedded[name]["embedding"] for name in names]
    order = [columns.index(name) for name in probability_columns(survey, classifier.card)]
    probable = np.array([given[name] for name in names])[:, order]
    for kind in ["torch", "onnx"]:
        yield f"{kind}: embedding of {len(names)} sources", error(getattr(encoder, kind)()[0], expected)
        yield f"{kind}: probabilities of {len(names)} sources", error(
            getattr(classifier, kind)()[1], probable)
    yield "import: embedding, bit by bit", imported(survey)
    for stem, words in [(None, "3 × 3"), ("photograph", "7 × 7 and pooling")]:
        yield f"foreign: embedding of PyTorch's, {words}", foreign(survey, encoder, names, stem)


def probability_columns(survey, card):
    """The published columns of a classifier's probabilities, in their order."""
    return [
        survey.query("SELECT 'p_' || reber.column_name('{}') AS name".format(
            item["name"].replace("'", "''")))[0]["name"] for item in card["classifier"]["classes"]]


def taken(survey, name, file, *options):
    """Imports a model and embeds the survey by it; its embeddings by the sources' names."""
    told = survey.reber("model", "import", file, "--name", name, "--views", "model-1/model.json", "--json", *options)
    survey.reber("embed", "--survey", "sim", "--model", name)
    return survey.embeddings(json.loads(told)["metrics"]["model"])


def imported(survey):
    """Reads the exported encoder back; 0 where it embeds as the first does, to the bit, else the error."""
    first, again = survey.embeddings(1), taken(survey, "again", "model-1/weights.safetensors")
    return 0.0 if first == again else error([again[name] for name in first], list(first.values()))


def foreign(survey, encoder, names, stem):
    """Imports a network of three channels; the error of what Reber embeds against PyTorch's grey images."""
    torch.manual_seed(1)
    shape = encoder.card["architecture"] | {"stem": stem, "width": 64}
    net = network.Network({"architecture": shape}, channels=3)
    net.fc = torch.nn.Linear(512, 10)
    some = torch.from_numpy(np.concatenate(encoder.views)[::25, None])
    for _ in range(5):
        net(some.expand(-1, 3, -1, -1))
    net.eval()
    save_file(net.state_dict(), survey.folder / "foreign.safetensors")
    name = f"foreign_{stem or 'small'}"
    found = taken(survey, name, "foreign.safetensors", "--source", "tools/exchange")
    expected = encoder.means(
        lambda own: [net(torch.from_numpy(own).expand(-1, 3, -1, -1))[0].numpy()])[0]
    return error([found[name] for name in names], expected)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sources", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reber-exchange-") as folder:
        survey = Survey(options.program, folder, options.sources)
        try:
            results = list(checks(survey))
        finally:
            survey.reber("db", "stop")
    for name, value in results:
        if options.json:
            print(json.dumps({"check": name, "error": value, "bound": BOUND}))
        else:
            print(f"{'ok ' if value <= BOUND else 'NOT'} {value:8.1e}  {name}")
    raise SystemExit(0 if all(value <= BOUND for _, value in results) else 1)


if __name__ == "__main__":
    main()

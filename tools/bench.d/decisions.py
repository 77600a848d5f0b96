"""How good a classifier is after so many decisions of one person, who is shown what helps most and what is like it.

A third of the sources is a survey of its own, which nothing learns from and which alone is judged. The person knows the
classes, is asked as the page 'One by one' asks (`reber label suggest --json`), and gives a source and its company one
class where all of them have it, or labels the source alone: either is one decision.
"""
import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path


class Reber:
    """The program with a private database."""

    def __init__(self, program, home):
        self.program, self.environment = program, dict(os.environ, REBER_HOME=home)

    def __call__(self, *words):
        result = subprocess.run(
            [self.program, *map(str, words)], env=self.environment, text=True, stdout=subprocess.PIPE)
        if result.returncode:
            sys.exit(f"reber {' '.join(map(str, words))}: exit status {result.returncode}")
        return result.stdout

    def json(self, *words):
        return json.loads(self(*words, "--json", "--quiet"))


class Sample:
    """A table of sources with classes, in two parts."""

    def __init__(self, table, images, class_column, folder, seed):
        self.images, self.folder = images, Path(folder)
        with open(table, newline="") as file:
            rows = list(csv.DictReader(file))
        self.truth = {row["name"]: row[class_column] for row in rows}
        held = {row["name"] for row in rows if self.lot(row["name"], seed) % 3 == 0}
        for part, keeps in (("learned", lambda name: name not in held), ("judged", lambda name: name in held)):
            self.write(part, rows[0].keys(), [row for row in rows if keeps(row["name"])])

    @staticmethod
    def lot(name, seed):
        return int(hashlib.sha256(f"{seed} {name}".encode()).hexdigest()[:8], 16)

    def write(self, name, columns, rows):
        path = self.folder / f"{name}.csv"
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def labels(self, name, classes):
        """A file of labels."""
        return self.write(name, ["name", "class"], [{"name": s, "class": c} for s, c in classes.items()])


class Annotator:
    """One who knows the classes and counts decisions."""

    def __init__(self, reber, sample, scheme, batch):
        self.reber, self.sample, self.scheme, self.batch = reber, sample, scheme, batch
        self.decisions, self.labelled = 0, {}

    def decide(self, until):
        """Goes on to so many decisions."""
        while self.decisions < until:
            asked = self.reber.json(
                "label", "suggest", "--survey", "learned", "--scheme", self.scheme,
                "--count", min(self.batch, until - self.decisions))
            if not asked:
                return
            fresh = {}
            for source in asked:
                fresh |= self.answer(source, fresh)
            self.labelled |= fresh
            path = self.sample.labels("fresh", fresh)
            self.reber("label", "import", path, "--survey", "learned", "--scheme", self.scheme, "--class-column",
                       "class", "--annotator", "person", "--quiet")

    def answer(self, asked, fresh):
        """The labels that one decision gives."""
        truth, name = self.sample.truth, asked["source"]
        if name in fresh:
            return {}
        self.decisions += 1
        company = [other for other in asked["company"] if other not in fresh]
        together = company if all(truth[other] == truth[name] for other in company) else []
        return {source: truth[source] for source in [name, *together]}


def judge(reber, scheme, truth, class_column):
    """Macro F1 and calibration error on the part that is judged, of a classifier of a scheme's labels."""
    model = reber.json("finetune", "--survey", "learned", "--scheme", scheme)["metrics"]["model"]
    reber("classify", "--survey", "judged", "--model", model, "--quiet")
    found = reber.json("evaluate", "--survey", "judged", "--scheme", scheme, "--truth", truth,
                       "--class-column", class_column)
    return found["metrics"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--table", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--class-column", required=True)
    parser.add_argument("--pixel-scale")
    parser.add_argument("--home", required=True)
    parser.add_argument("--decisions", default="100,250,500")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--epochs", default="60")
    parser.add_argument("--width", default="16")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.home, exist_ok=True)
    reber = Reber(options.program, options.home)
    sample = Sample(options.table, options.images, options.class_column, options.home, options.seed)
    scale = ["--pixel-scale", options.pixel_scale] if options.pixel_scale else []
    for part in ("learned", "judged"):
        reber("ingest", sample.folder / f"{part}.csv", "--survey", part, "--images", options.images, *scale, "--quiet")
    reber("pretrain", "--survey", "learned", "--epochs", options.epochs, "--width", options.width, "--seed", options.seed)
    reber("embed", "--survey", "learned", "--quiet")
    for scheme in ("all", "decided"):
        words = [word for name in sorted(set(sample.truth.values())) for word in ("--class", name)]
        reber("scheme", "create", "--name", scheme, *words, "--quiet")
    tell(options, reber, sample)


def tell(options, reber, sample):
    """Says what all labels give, and then what so many decisions do."""
    def line(what, decisions, labels, metrics):
        figure = {"what": what, "decisions": decisions, "labels": labels, "macroF1": metrics["macroF1"],
                  "accuracy": metrics["accuracy"], "calibrationError": metrics.get("calibrationError")}
        print(json.dumps(figure) if options.json else figure, flush=True)

    truth = sample.folder / "judged.csv"
    annotator = Annotator(reber, sample, "decided", options.batch)
    for count in map(int, options.decisions.split(",")):
        annotator.decide(count)
        line("decided", annotator.decisions, len(annotator.labelled),
             judge(reber, "decided", truth, options.class_column))
    everything = sample.folder / "learned.csv"
    reber("label", "import", everything, "--survey", "learned", "--scheme", "all", "--class-column",
          options.class_column, "--annotator", "person", "--quiet")
    line("all", None, sum(1 for _ in open(everything)) - 1, judge(reber, "all", truth, options.class_column))


main()

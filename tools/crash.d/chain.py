"""The stages that are tried, in order, on a small simulated survey."""
import csv
import io
import os
import struct
import time

import digest

SMALL = ["--size", "24", "--width", "4", "--stem-stride", "2"]

# A name and a call each. Paths are relative to the place's folder; what is written there goes to `out`, which
# is empty when a stage begins.
STAGES = {
    "simulate": ["simulate", "--sources", "48", "--seed", "5", "--output", "out/sim"],
    "ingest": ["ingest", "sim/simulated-catalogue.fits", "--survey", "sim", "--images", "sim/images"],
    "ingest again": ["ingest", "later.csv", "--survey", "sim"],
    "ingest images": ["ingest", "--survey", "loose", "--images", "loose"],
    "pretrain": [
        "pretrain", "--survey", "sim", "--epochs", "2", "--batch-size", "40", *SMALL,
        "--checkpoint-every", "0.1"],
    "embed": ["embed", "--survey", "sim"],
    "cluster": ["cluster", "--survey", "sim", "--clusters", "12"],
    "label import": [
        "label", "import", "sim/simulated-truth.fits", "--survey", "sim", "--fraction", "0.06"],
    "finetune": [
        "finetune", "--survey", "sim", "--epochs", "1", "--folds", "2", "--batch-size", "24",
        "--checkpoint-every", "0"],
    "crossvalidate": [
        "crossvalidate", "--task", "sim:morphology-12", "--folds", "3", "--epochs", "2", "--method", "neighbours",
        "--method", "probe", "--share", "1", "--batch-size", "40", *SMALL, "--checkpoint-every", "0"],
    "classify": ["classify", "--survey", "sim"],
    "evaluate": [
        "evaluate", "--survey", "sim", "--truth", "sim/simulated-truth.fits", "--report", "out"],
    "publish": ["publish", "--survey", "sim", "--anyway"],
    "publish again": ["publish", "--survey", "sim", "--anyway", "--columns", "Total_flux"],
    "export FITS": ["export", "sim", "--output", "out/sim.fits"],
    "export VOTable": ["export", "sim", "--output", "out/sim.vot"],
    "export CSV": ["export", "sim", "--output", "out/sim.csv"],
    "release": ["release", "sim", "--output", "out/release"],
    "ingest second": ["ingest", "later.csv", "--survey", "second"],
    "match": ["match", "--survey", "sim", "--survey", "second", "--error", "second=0.5"],
    "ingest release": ["ingest", "release.csv", "--survey", "sim", "--release", "dr2"],
    "classify new": ["classify", "--survey", "sim", "--new"],
}


class Undisturbed:
    """The chain, run once: the database before each stage, how long it took, and what came of it."""

    def __init__(self, place, sources, tell, until=None):
        self.place = place
        self.seconds = {}
        self.digests = {}
        place.reber("simulate", "--sources", str(sources), "--seed", "3", "--output", "sim")
        make_images(place.folder + "/loose", 40)
        place.sql("CREATE DATABASE chain", "reber")
        place.environment["DATABASE_URL"] = place.url("chain")
        place.reber("db", "migrate")
        del place.environment["DATABASE_URL"]
        for name, arguments in STAGES.items():
            if name == "ingest again":
                self.change_catalogue()
            place.copy("chain", before(name))
            began = time.monotonic()
            outcome = place.call(arguments, "chain")
            self.seconds[name] = time.monotonic() - began
            if outcome.status != 0:
                raise RuntimeError(f"{name}: {outcome.said}")
            self.digests[name] = self.digest("chain")
            empty(place.folder + "/out")
            tell(f"{name}: {self.seconds[name]:.2f} s undisturbed")
            if name == until:
                break

    def measure(self, name):
        """How long a stage takes undisturbed now, the middle of three times: machines are busy at times."""
        seconds = []
        for _ in range(3):
            empty(self.place.folder + "/out")
            self.place.copy(before(name), "trial")
            began = time.monotonic()
            self.place.call(STAGES[name], "trial")
            seconds.append(time.monotonic() - began)
        self.seconds[name] = sorted(seconds)[1]
        return self.seconds[name]

    def digest(self, database):
        """What the database and the folder of files hold."""
        return digest.of_database(self.place, database) | digest.of_folder(self.place.folder + "/out")

    def differences(self, name, database):
        """How what a stage left differs from what it leaves undisturbed, a text each."""
        return self.against(self.digests[name], database)

    def against(self, expected, database):
        """How what is there differs from what is expected."""
        return digest.differences(self.digest(database), expected)

    def change_catalogue(self):
        """A later version of the survey's catalogue: rows that changed, are new, or are gone."""
        text = self.place.sql(
            "COPY (SELECT * FROM survey.sim ORDER BY source_id) TO STDOUT (FORMAT csv, HEADER)", "chain")
        header, *rows = csv.reader(io.StringIO(text))
        flux = next(i for i, name in enumerate(header) if "flux" in name.lower())
        name = next(i for i, name in enumerate(header) if "name" in name.lower())
        for number, row in enumerate(rows):
            if number % 3 == 0 and row[flux]:
                row[flux] = str(float(row[flux]) * 1.5)
            if number % 7 == 0:
                row[name] += "_new"
        self.write("later.csv", header, rows)
        ra = next(i for i, name in enumerate(header) if name.lower() == "ra")
        for row in rows[::2]:
            row[ra] = str(float(row[ra]) + 0.0001)
        self.write("release.csv", header, [row for number, row in enumerate(rows) if number % 11])

    def write(self, name, header, rows):
        """Writes rows that have a key in front, without it."""
        with open(f"{self.place.folder}/{name}", "w", newline="") as file:
            csv.writer(file).writerows(row[1:] for row in [header, *rows])


def before(name):
    """The database that is kept of the time before a stage."""
    return "before_" + name.replace(" ", "_").lower()


def empty(folder):
    """Removes all files of a folder."""
    for directory, _, files in os.walk(folder, topdown=False):
        for file in files:
            os.remove(os.path.join(directory, file))
        if directory != folder:
            os.rmdir(directory)


def make_images(folder, count):
    """FITS images of 32 × 32 pixels with a source in the middle of each."""
    os.makedirs(folder, exist_ok=True)
    for number in range(count):
        cards = ["SIMPLE  =                    T", "BITPIX  =                  -32",
                 "NAXIS   =                    2", "NAXIS1  =                   32",
                 "NAXIS2  =                   32", "SIMULATE=                    T", "END"]
        header = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
        pixels = [
            (number + 1) / (1 + (x - 16) ** 2 + (1 + number % 4) * (y - 16) ** 2)
            + ((x * 7 + y * 13 + number * 31) % 17) / 100
            for y in range(32) for x in range(32)]
        data = struct.pack(">1024f", *pixels)
        with open(f"{folder}/image{number:02d}.fits", "wb") as file:
            file.write(header + data.ljust(-len(data) // 2880 * -2880, b"\0"))

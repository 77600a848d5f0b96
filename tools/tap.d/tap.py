"""Serves a catalogue by DaCHS and looks at what others see; tools/tap --help says how."""
import argparse
import collections
import csv
import grp
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))

# Sources of these names, and what else could be taken for something else than text.
NAMES = ["<b>&amp;'\"", "a/b?c=d#e", "50% off", "\\getConfig{db}{feed} \\x", "Ω Cen", "x y", "';--"]
ODD_COLUMN = 'odd "name" \\x <b> %'
TITLE = "Sources & <others> \\rdId 100% ]]> `rst`_ \"quoted\""
FACILITY = "O'Brien \\x & <Sons> 5%"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Stand:
    """A server with a published catalogue, the pages before it, and a DaCHS beside them."""

    def __init__(self, program, serve, folder):
        self.program, self.serve, self.folder = program, serve, folder
        self.processes = []
        self.environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith(("PG", "GAVO")) and key not in ("DATABASE_URL", "REBER_WEB_PASSWORD")}
        self.environment |= {
            "REBER_HOME": folder + "/home", "REBER_SQL": REPOSITORY + "/sql", "HOME": folder,
            "GAVOSETTINGS": folder + "/gavo.rc", "GAVOCUSTOM": folder + "/none",
            # DaCHS and pyvo would ask for vocabularies of the IVOA: nobody answers there.
            "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1,localhost"}

    def call(self, *command, **options):
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment | options.pop("env", {}), capture_output=True,
            text=True, **options)
        if done.returncode != 0:
            raise SystemExit(
                f"tap: {' '.join(command)[:200]}: {(done.stdout + done.stderr).strip()[-3000:]}")
        return done.stdout.strip()

    def reber(self, *arguments, **options):
        return self.call(self.program, *arguments, **options)

    def psql(self, *arguments):
        return self.call("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.address, *arguments)

    def sql(self, statement):
        return json.loads(self.psql("-c", f"SELECT coalesce(json_agg(r), '[]') FROM ({statement}) AS r"))

    # -- The catalogue ----------------------------------------------------------------------------

    def publish(self):
        self.reber("simulate", "--sources", "80", "--seed", "3", "--output", "sim")
        self.reber("ingest", "sim/simulated-catalogue.fits", "--survey", "plain")
        self.address = self.reber("db", "url")
        rows = csv.DictReader(io.StringIO(self.reber(
            "query", "--format", "csv",
            "SELECT name, ra, dec, total_flux FROM reber.source ORDER BY source_id")))
        with open(self.folder + "/odd.csv", "w", newline="") as table, open(
                self.folder + "/labels.csv", "w", newline="") as labels:
            table, labels = csv.writer(table), csv.writer(labels)
            table.writerow(["name", "ra", "dec", "total_flux", "value", "level", ODD_COLUMN])
            labels.writerow(["name", "class"])
            for number, row in enumerate(rows):
                name = NAMES[number] if number < len(NAMES) else row["name"]
                odd = NAMES[number % len(NAMES)]
                table.writerow([
                    name, row["ra"], row["dec"], row["total_flux"], number / 7 if number % 5 else "",
                    number if number % 3 else "", odd])
                if number % 2 == 0:
                    labels.writerow([name, ["head-tail", "bright core"][number // 2 % 2]])
        self.reber("ingest", "odd.csv", "--survey", "odd", "--images", "sim/images")
        self.reber(
            "survey", "describe", "odd", "--facility", FACILITY, "--epoch", "2017.5", "--beam-major", "6",
            "--frequency", "144e6")
        small = ["--size", "24", "--width", "4", "--stem-stride", "2"]
        self.reber("pretrain", "--survey", "odd", "--epochs", "1", "--batch-size", "40", *small)
        self.reber("label", "import", "labels.csv", "--survey", "odd", "--annotator", "A. N. Other")
        self.reber("finetune", "--survey", "odd", "--epochs", "1", "--folds", "2", "--batch-size", "24")
        self.reber("classify", "--survey", "odd")
        self.reber("publish", "--survey", "odd", "--name", "first", "--anyway")
        self.reber(
            "catalogue", "describe", "first", "--title", TITLE, "--authors", "Reber, G.; Bell, J.",
            "--licence", "CC-BY-4.0", "--reference", "10.1234/toy.5")

    def open_pages(self):
        self.start("serve", [
            self.serve, "--host", "127.0.0.1", "--port", "0", "--scheme", "morphology-12", "--quiet"],
            {"DATABASE_URL": self.address})
        while not (found := re.search(r"http://\S+:(\d+)/", self.said("serve"))):
            self.check_alive("serve")
            time.sleep(0.1)
        self.cutouts = f"http://127.0.0.1:{found[1]}/cutout"

    def release(self):
        """Writes the folder among DaCHS's inputs, and a second one, which has to be the same."""
        command = ["release", "tap", "first", "--cutouts", self.cutouts, "--quiet", "--output"]
        inputs = self.folder + "/gavo/inputs"
        os.makedirs(inputs)
        self.reber(*command, inputs + "/any_folder")
        self.reber(*command, self.folder + "/second")
        self.call("diff", "-r", inputs + "/any_folder", self.folder + "/second")

    # -- DaCHS ------------------------------------------------------------------------------------

    def install(self):
        port = free_port()
        self.vo = f"http://127.0.0.1:{port}"
        group = grp.getgrgid(os.getgid()).gr_name
        with open(self.folder + "/gavo.rc", "w") as file:
            file.write(f"""[general]
rootDir: {self.folder}/gavo
group: {group}
gavoGroup: {group}
[web]
serverURL: {self.vo}
serverPort: {port}
bindAddress: 127.0.0.1
user:
[ivoa]
authority: org.example.reber
""")
        grants = ["--single-transaction", "-f", "gavo/inputs/any_folder/grants.sql"]
        self.psql(*grants)
        user, base, host = re.fullmatch(r"postgresql://(\w*)@/(\w+)\?host=(.*)", self.address).groups()
        host = urllib.request.unquote(host)
        self.call("dachs", "init", "-d", f"host={host} dbname={base} user={user}")
        self.call("dachs", "imp", "//obscore")
        self.psql(*grants)
        self.call("dachs", "imp", "any_folder/q")
        self.call("dachs", "pub", "any_folder/q")

    def open_dachs(self):
        self.start("dachs", ["dachs", "serve", "debug"])
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            self.check_alive("dachs")
            try:
                return opener.open(self.vo + "/tap/availability").read()
            except OSError:
                time.sleep(0.2)

    # -- Judges -----------------------------------------------------------------------------------

    def taplint(self):
        """What stilts says of the service: errors and failures, and warnings of ours."""
        lint = json.loads(self.call(
            "stilts", "taplint", f"tapurl={self.vo}/tap", "format=json", "report=EFW", "stages=-LOC -EXA"))
        faults, warnings = [], collections.Counter()
        for section in lint["sections"]:
            for report in section["reports"]:
                what = f"{section['code']} {report['level']} {report['code']}: {report.get('text', '')}"
                if report["level"] != "WARNING" or "reber_first" in what:
                    faults.append(what)
                else:
                    warnings[f"{section['code']} {report['code']}"] += 1
        stages = " ".join(section["code"] for section in lint["sections"])
        print(f"taplint {stages}: {lint['totals']}; warnings {dict(warnings)}", flush=True)
        return faults

    def clients(self):
        """What pyvo finds wrong."""
        with open(self.folder + "/expected.json", "w") as file:
            json.dump({
                "vo": self.vo, "names": NAMES, "odd": ODD_COLUMN, "title": TITLE, "facility": FACILITY,
                "rows": self.sql("SELECT * FROM catalogue.first")}, file)
        done = subprocess.run(
            [os.environ.get("REBER_WHEELS", "python3"), "-B", "-W", "ignore",
             os.path.dirname(__file__) + "/clients.py", self.folder + "/expected.json"],
            env=self.environment, capture_output=True, text=True)
        print(done.stdout, end="", flush=True)
        return [] if done.returncode == 0 else [done.stderr.strip()[-3000:]]

    def publish_again(self):
        """Publishes by somebody who may no more than publish; gives what is wrong then."""
        self.psql("-c", "CREATE ROLE ada LOGIN; GRANT reber_pipeline TO ada")
        query = "SELECT 'catalogue.first'::regclass::oid::bigint AS table, count(*) AS rows FROM reber_first.sources"
        before = self.sql(query)[0]
        self.reber(
            "publish", "--survey", "odd", "--name", "first", "--anyway", "--again",
            env={"DATABASE_URL": re.sub(r"//\w*@", "//ada@", self.address)})
        after = self.sql(query)[0]
        faults = [] if before["table"] != after["table"] else ["the catalogue was not replaced"]
        return faults + ([] if before["rows"] == after["rows"] > 0 else ["the view was lost"])

    # -- Processes --------------------------------------------------------------------------------

    def start(self, name, command, more={}):
        with open(f"{self.folder}/{name}.log", "w") as log:
            self.processes.append((name, subprocess.Popen(
                command, cwd=self.folder, env=self.environment | more, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)))

    def said(self, name):
        with open(f"{self.folder}/{name}.log", errors="replace") as log:
            return log.read()

    def check_alive(self, name):
        process = next(process for called, process in self.processes if called == name)
        if process.poll() is not None:
            raise SystemExit(f"tap: {name} ended: {self.said(name)[-3000:]}")

    def close(self):
        for _, process in self.processes:
            # With the jobs that DaCHS began.
            try:
                os.killpg(process.pid, 15)
                process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
        subprocess.run([self.program, "db", "stop"], env=self.environment, capture_output=True)


def missing(stand):
    """What this machine lacks, in words."""
    for program in ("dachs", "stilts"):
        if not shutil.which(program):
            return program
    wheels = os.environ.get("REBER_WHEELS", "python3")
    if not shutil.which(wheels) or subprocess.run([wheels, "-c", "import pyvo"], capture_output=True).returncode:
        return "pyvo"
    stand.reber("db", "start")
    stand.address = stand.reber("db", "url")
    if not stand.sql("SELECT FROM pg_available_extensions WHERE name = 'pg_sphere'"):
        return "pg_sphere for this PostgreSQL"
    return None


def main():
    parser = argparse.ArgumentParser(prog="tools/tap")
    parser.add_argument("program")
    parser.add_argument("serve")
    parser.add_argument("--keep", help="leave what was made in this folder")
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="reber-tap-")
    os.makedirs(folder, exist_ok=True)
    stand = Stand(options.program, options.serve, folder)
    began, faults = time.monotonic(), []
    try:
        if lack := missing(stand):
            print(f"tap: skipped: {lack} is not there")
            return 0
        steps = ["publish", "open_pages", "release", "install", "open_dachs", "taplint", "clients", "publish_again",
                 "clients"]
        for step in steps:
            found = getattr(stand, step)()
            if isinstance(found, list):
                faults += found
            print(f"tap: {step} [{time.monotonic() - began:.0f} s]", flush=True)
    finally:
        stand.close()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for fault in faults:
        print(f"tap: {fault}", file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())

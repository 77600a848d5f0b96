"""What is besieged: a survey whose every text is hostile, and the pages that show it."""
import csv
import io
import os
import re
import subprocess

MARK = "siege7357"
MARKUP = f"<script>{MARK}</script>"
ATTRIBUTE = f"\" onerror={MARK} x='"
SQL = "'; DROP TABLE reber.label; --"
TEMPLATE = "{{#surveys}}{{{" + MARK + "}}}{{/surveys}}"

# As markup they would work; escaped they are text.
SIGNS = [f"<script>{MARK}".encode(), f"\" onerror={MARK}".encode(), f"' onerror={MARK}".encode()]

NAMES = [MARKUP, ATTRIBUTE, SQL, TEMPLATE, "../../etc/passwd", "%00", "a/b?c=d#e", "\u202eevil", "S&amp;T"]


class Ground:
    """A private server with the survey, and `reber-serve` in front of it."""

    def __init__(self, program, serve, folder, sources):
        self.program = program
        self.serve = serve
        self.folder = folder
        repository = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
        self.environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith("PG") and key not in ("DATABASE_URL", "REBER_WEB_PASSWORD")}
        self.environment |= {"REBER_HOME": folder + "/home", "REBER_SQL": repository + "/sql"}
        self.prepare(sources)

    def reber(self, *arguments):
        done = subprocess.run(
            [self.program, *arguments], cwd=self.folder, env=self.environment, capture_output=True,
            text=True)
        if done.returncode != 0:
            raise SystemExit(f"siege: reber {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def sql(self, statement):
        return subprocess.run(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.address, "-f", "-"], input=statement,
            capture_output=True, text=True, check=True).stdout.strip()

    def prepare(self, sources):
        """Simulates, renames each source to something hostile, and takes it through the chain."""
        self.reber("simulate", "--sources", str(sources), "--seed", "3", "--output", "sim")
        self.reber("ingest", "sim/simulated-catalogue.fits", "--survey", "plain")
        self.address = self.reber("db", "url")
        rows = csv.DictReader(io.StringIO(self.reber(
            "query", "--format", "csv",
            "SELECT name, ra, dec, total_flux FROM reber.source ORDER BY source_id")))
        texts, truth = [], self.truth()
        with open(self.folder + "/hostile.csv", "w", newline="") as file, open(
                self.folder + "/labels.csv", "w", newline="") as labels:
            table, label = csv.writer(file), csv.writer(labels)
            table.writerow(["name", "ra", "dec", "total_flux", "remark", MARKUP])
            label.writerow(["name", "class"])
            for number, row in enumerate(rows):
                text = NAMES[number % len(NAMES)]
                name = text if number < len(NAMES) else f"{text} {number}"
                table.writerow([name, row["ra"], row["dec"], row["total_flux"], MARKUP + SQL, ATTRIBUTE])
                if number % 3 == 0:
                    label.writerow([name, truth[number % len(truth)]])
                texts.append(name)
        os.rename(self.folder + "/sim/images", f"{self.folder}/sim/<img src=x onerror={MARK}>")
        self.reber(
            "ingest", "hostile.csv", "--survey", "siege", "--images",
            f"sim/<img src=x onerror={MARK}>")
        small = ["--size", "24", "--width", "4", "--stem-stride", "2"]
        self.reber("pretrain", "--survey", "siege", "--epochs", "1", "--batch-size", "40", *small)
        self.reber("embed", "--survey", "siege")
        self.reber("cluster", "--survey", "siege", "--clusters", "8")
        self.reber("label", "import", "labels.csv", "--survey", "siege", "--annotator", MARKUP)
        self.reber(
            "finetune", "--survey", "siege", "--epochs", "1", "--folds", "2", "--batch-size", "24")
        self.reber("classify", "--survey", "siege")
        self.names = texts

    def truth(self):
        """The first two classes of the scheme: what they are matters to nobody here."""
        return self.sql(
            "SELECT class.name FROM reber.class JOIN reber.class_scheme USING (class_scheme_id) "
            "WHERE class_scheme.name = 'morphology-12' ORDER BY class.class_id LIMIT 2").splitlines()

    def piece(self):
        """The address of a piece of an image, with all that such an address takes."""
        place = self.sql(
            "SELECT concat(ra, ',', dec) FROM reber.cutout JOIN reber.source USING (survey_id, source_id) "
            "WHERE wcs IS NOT NULL AND ra IS NOT NULL LIMIT 1")
        return f"/cutout?survey=siege&pos={place}&size=0.005&format=png&stretch=sqrt&colours=heat"

    def open(self):
        """Starts the pages; gives their port."""
        self.process = subprocess.Popen(
            [self.serve, "--host", "127.0.0.1", "--port", "0", "--scheme", "morphology-12", "--quiet"],
            env=self.environment | {"DATABASE_URL": self.address}, stdout=subprocess.PIPE,
            stderr=open(self.folder + "/serve.log", "w"), text=True)
        found = re.search(r":(\d+)/", self.process.stdout.readline())
        if not found:
            raise SystemExit("siege: the pages did not open: " + self.last_words())
        return int(found[1])

    def memory(self):
        """What the pages' server holds, MiB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    def last_words(self):
        with open(self.folder + "/serve.log") as file:
            return file.read()[-2000:]

    def kept(self):
        """What must not change: rows of each table but those of visits, and of clusters that are handed out."""
        return self.sql("""
            SELECT format('SELECT %L, count(*) FROM %s', oid::regclass, oid::regclass)
            FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
              AND relnamespace::regnamespace::text IN ('reber', 'survey', 'catalogue')
              AND relname NOT LIKE '%visit%' AND relname <> 'cluster_lease'
            ORDER BY oid::regclass::text \\gexec""").replace("|", " ")

    def close(self):
        if process := getattr(self, "process", None):
            process.terminate()
            process.wait(10)
        subprocess.run([self.program, "db", "stop"], env=self.environment, capture_output=True)

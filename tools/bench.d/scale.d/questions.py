"""Times what people ask of a filled database: the queries of the README, the pages, 'reber show'.

Usage: questions.py PROGRAMS SURVEY N [--json] [--rounds N] [--crowd N] [--meanwhile COMMAND]

PROGRAMS is the folder of reber and reber-serve, SURVEY was filled by rows.sql with N sources, and
DATABASE_URL is the database's address. Each question is asked once unmeasured, so that what it reads
is in memory, and then in rounds; the figure is the median. A page's time is all of it, from the
request to the last byte of HTML. At the end a crowd of N asks for the pages all at once, each reader for one; while
COMMAND runs, where one is given.
"""
import argparse
import http.client
import itertools
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("programs")
parser.add_argument("survey")
parser.add_argument("n", type=int)
parser.add_argument("--json", action="store_true")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--crowd", type=int, default=0)
parser.add_argument("--meanwhile", default="")
parser.add_argument("--only", default="", help="questions whose name holds this text")
options = parser.parse_args()
survey, target = options.survey, 50


class Asker:
    """A psql that stays connected, which tells how long a query took."""

    def __init__(self):
        self.psql = subprocess.Popen(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", os.environ["DATABASE_URL"]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, query):
        start = time.perf_counter()
        self.psql.stdin.write(query + ";\n\\echo done.\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line == "done.\n":
                return (time.perf_counter() - start) * 1000, lines
            lines.append(line.rstrip("\n"))
        sys.exit(f"the server refused: {query}")


class Visitor:
    """Somebody who has signed in to the pages."""

    def __init__(self):
        self.server = subprocess.Popen(
            [options.programs + "/reber-serve", "--host", "127.0.0.1", "--port", "0", "--scheme",
             "morphology-12", "--quiet"], stdout=subprocess.PIPE, text=True)
        self.host = urllib.parse.urlsplit(self.server.stdout.readline().strip()).netloc
        self.connection = http.client.HTTPConnection(self.host)
        self.headers = {}
        _, _, headers = self.request("POST", "/login", "annotator=annotator 0&next=/", {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": "http://" + self.host})
        self.headers = {"Cookie": headers["Set-Cookie"].split(";")[0]}

    def request(self, method, path, body=None, headers={}, connection=None):
        start = time.perf_counter()
        connection = connection or self.connection
        connection.request(method, path, body, {**self.headers, **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            sys.exit(f"{path}: {answer.status}\n{text[:2000]}")
        return (time.perf_counter() - start) * 1000, text, answer.headers

    def ask(self, path):
        milliseconds, text, headers = self.request("GET", path)
        return milliseconds, text.splitlines()

    def ask_all(self, paths):
        """Asks for every path at once, each over a connection of its own; milliseconds until each was answered."""
        connections = [http.client.HTTPConnection(self.host, timeout=600) for _ in paths]
        with ThreadPoolExecutor(len(paths)) as readers:
            return [found[0] for found in readers.map(
                lambda path, connection: self.request("GET", path, connection=connection), paths, connections)]


def report(name, asked):
    if options.only not in name:
        return
    asked()
    value = statistics.median(asked()[0] for _ in range(options.rounds))
    if options.json:
        print(json.dumps({
            "bench": f"scale {options.n} {name}", "value": round(value, 2), "unit": "ms",
            "target": target, "ok": value <= target}), flush=True)
    else:
        print(f"{name:<44} {value:10.1f} ms{'' if value <= target else '   over ' + str(target)}",
              flush=True)


database = Asker()
number = database.ask(f"SELECT survey_id FROM reber.survey WHERE name = '{survey}'")[1][0]
source = database.ask(
    f"SELECT min(source_id) FROM reber.source WHERE survey_id = {number}")[1][0]
name = database.ask(
    f"SELECT name FROM reber.source WHERE survey_id = {number} AND source_id = {source}")[1][0]
readme = {
    "who labelled this": f"""
        SELECT annotator, class.name, method, confidence, labelled_at FROM reber.current_label
        JOIN reber.class USING (class_scheme_id, class_id) JOIN reber.source USING (survey_id, source_id)
        WHERE source.name = '{name}'""",
    "from which image": f"""
        SELECT image.file, image.epoch, image.frequency_hz, cutout.at_edge, cutout.non_finite
        FROM reber.cutout JOIN reber.source USING (survey_id, source_id)
        JOIN reber.image ON image.survey_id = cutout.survey_id AND image.sha256 = cutout.image_sha256
        WHERE source.name = '{name}' AND cutout.is_current""",
    "neighbours": f"SELECT * FROM reber.neighbours('{survey}', '{name}', 10)",
    "sources without image": f"SELECT * FROM reber.source_without_image WHERE survey = '{survey}' LIMIT 10",
    "lineage": f"SELECT * FROM reber.source_lineage('{survey}', '{name}')",
}
for title, query in readme.items():
    report("SQL: " + title, lambda: database.ask(query))

pages = {
    "home": "/",
    "browse": f"/{survey}/sources",
    "browse by flux": f"/{survey}/sources?order=flux",
    "browse by size": f"/{survey}/sources?order=size",
    "browse surest": f"/{survey}/sources?order=sure",
    "browse doubtful": f"/{survey}/sources?order=doubtful",
    "browse outliers": f"/{survey}/sources?order=outliers",
    "browse behind a source": f"/{survey}/sources?order=flux&page=9&after={int(source) + 1000}",
    "browse class and p > 0.9": f"/{survey}/sources?class=3&p_min=0.9",
    "browse class and p > 0.9, surest": f"/{survey}/sources?class=3&p_min=0.9&order=sure",
    "browse class and flux, outliers": f"/{survey}/sources?class=3&flux_min=5&order=outliers",
    "browse flux and size": f"/{survey}/sources?flux_min=100&size_min=20",
    "browse cone of 30'": f"/{survey}/sources?ra=185&dec=-65&radius=30",
    "browse cone of 30' over 0 h": f"/{survey}/sources?ra=0.1&dec=-65&radius=30",
    "browse name contains": f"/{survey}/sources?name=" + name[4:14],
    "browse labelled as": f"/{survey}/sources?label=3",
    "browse labelled as, by flux": f"/{survey}/sources?label=3&order=flux",
    "browse cluster": f"/{survey}/sources?cluster=7",
    "browse union of clusters": f"/{survey}/sources?cluster=180&order=doubtful",
    "source": f"/{survey}/sources/{urllib.parse.quote(name)}",
    "list of clusters": f"/{survey}/clusters",
    "next cluster": f"/{survey}/label",
    "cluster": f"/{survey}/label/7",
    "union of clusters": f"/{survey}/label/180",
    "union of clusters, page 20": f"/{survey}/label/180?page=20",
    "one by one: doubtful": f"/{survey}/single?order=doubtful",
    "one by one: outliers": f"/{survey}/single?order=outliers",
    "one by one: spread": f"/{survey}/single?order=spread",
    "one by one: shared": f"/{survey}/single?order=shared",
    "grow a class": f"/{survey}/grow",
    "agreement": f"/{survey}/agreement",
    "progress": f"/{survey}/progress",
    "map": f"/{survey}/map",
}


def crowd(readers):
    """Tells when the last of as many readers, who all ask at once, has its page."""
    paths = list(itertools.islice(itertools.cycle(pages.values()), readers))
    work = subprocess.Popen(shlex.split(options.meanwhile), stdout=subprocess.DEVNULL) if options.meanwhile else None
    if work:
        time.sleep(3)
    answered = sorted(visitor.ask_all(paths))
    was_at_work = work is not None and work.poll() is None
    if work and work.wait():
        sys.exit(f"{options.meanwhile} ended with {work.returncode}")
    title = f"{readers} readers at once" + (", while others work" if was_at_work else "")
    figures = {"the last": (answered[-1], 10_000), "the middle one": (statistics.median(answered), None)}
    for which, (value, aim) in figures.items():
        if options.json:
            print(json.dumps({
                "bench": f"scale {options.n} {title}: {which}", "value": round(value, 1), "unit": "ms", "target": aim,
                "ok": aim is None or value <= aim}), flush=True)
        else:
            print(f"{title + ': ' + which:<44} {value:10.1f} ms", flush=True)


visitor = Visitor()
try:
    for title, path in pages.items():
        report("page: " + title, lambda: visitor.ask(path))
    if options.crowd:
        crowd(options.crowd)
finally:
    visitor.server.terminate()


def show(*arguments):
    start = time.perf_counter()
    subprocess.run([options.programs + "/reber", "show", *arguments], check=True,
                   stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000, []


report("show runs", lambda: show("runs"))
report("show lineage", lambda: show("lineage", "--survey", survey, "--source", name))
report("show progress", lambda: show("progress"))
report("show clusters", lambda: show("clusters", "--survey", survey, "--unions"))
report("show labels", lambda: show("labels", "--survey", survey))

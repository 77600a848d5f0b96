"""tools/failover: see there."""
import argparse
import collections
import http.client
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import digest
from chain import STAGES, Undisturbed, before, empty
from pair import Pair, Pattern
from place import Place
from trials import Tally

TRIED = ("ingest", "embed", "classify")
parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--json", action="store_true")
parser.add_argument("--times", type=int, default=10)
parser.add_argument("--sources", type=int, default=560)
parser.add_argument("--seed", type=int, default=random.randrange(10**6))
parser.add_argument("--only", action="append", choices=[*TRIED, "labelling", "reading"])
options = parser.parse_args()
waits = []


def tell(text):
    print(text, file=sys.stderr, flush=True)


class Stages:
    """The primary is lost while a stage works: it goes on at the standby, to the undisturbed end."""

    def __init__(self, place, chain):
        self.place, self.chain = place, chain

    def tally(self, stage, pattern):
        tally = Tally("failover", stage)
        chance = random.Random(f"{options.seed} {stage}")
        for number in range(options.times):
            share = chance.uniform(0, 1)
            for attempt in range(4):
                empty(self.place.folder + "/out")
                pair = Pair(pattern)
                moment = share * 0.7 ** attempt * self.chain.seconds[stage]
                was_hit, problems = self.trial(stage, pair, number, moment)
                pair.remove()
                if was_hit or problems:
                    break
            tally.count(was_hit, problems, f"after {moment:.3f} s")
        return tally

    def trial(self, stage, pair, number, moment):
        # Both forms of an address with several hosts.
        address = pair.url("trial") if number % 2 else pair.keywords("trial")
        process = subprocess.Popen(
            [self.place.program, *STAGES[stage]], cwd=self.place.folder, text=True,
            env=self.place.environment | {"DATABASE_URL": address}, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        time.sleep(moment)
        waits.append(pair.fail_over())
        outcome = self.place.end(process)
        was_hit = "connected again" in outcome.said
        if outcome.status == 69 and not was_hit:
            # The connection was being made: nothing had begun. It is called again, as a person would.
            outcome = self.place.end(subprocess.Popen(
                [self.place.program, *STAGES[stage]], cwd=self.place.folder, text=True,
                env=self.place.environment | {"DATABASE_URL": address}, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE))
        if outcome.status != 0:
            return True, [f"it ended with {outcome.status}: {outcome.said.strip()}"]
        made = digest.of_database(pair, "trial") | digest.of_folder(self.place.folder + "/out")
        return was_hit, digest.differences(made, self.chain.digests[stage])


class Visitor:
    """Somebody who labels one source after another, and keeps what was acknowledged."""

    def __init__(self, place, address, name):
        self.acknowledged, self.refused, self.name = [], 0, name
        self.server = subprocess.Popen(
            [os.environ.get("REBER_SERVE") or os.path.dirname(place.program) + "/reber-serve", "--host", "127.0.0.1",
             "--port", "0", "--scheme", "morphology-12", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=place.environment | {"DATABASE_URL": address})
        self.host = urllib.parse.urlsplit(self.server.stdout.readline().strip()).netloc
        self.headers = {"Origin": "http://" + self.host}
        answer, _ = self.post("/login", {"annotator": name, "next": "/"})
        self.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
        self.token = re.search(r'name="csrf" value="([^"]*)"', self.get("/sim/single")[1]).group(1)

    def ask(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request(method, path, body, self.headers | headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, form):
        return self.ask(
            "POST", path, urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})

    def label(self, sources, until):
        """Labels sources until an event; what was not acknowledged is given once more."""
        for number in itertools.count():
            source = sources[number % len(sources)]
            if until.is_set():
                return
            while not until.is_set():
                answer, _ = self.post(
                    "/sim/single", {"source": source, "class": number % 12, "csrf": self.token})
                if answer.status in (200, 302, 303) and "login" not in answer.headers.get("Location", ""):
                    self.acknowledged.append((source, number % 12))
                    break
                self.refused += 1
                time.sleep(0.1)

    def end(self):
        self.server.terminate()
        self.server.wait()


def labelling(place, pattern):
    """The primary is lost while somebody labels: each label that was acknowledged is there, once."""
    tally = Tally("failover", "labelling")
    chance = random.Random(f"{options.seed} labelling")
    for _ in range(options.times):
        pair, problems, done = Pair(pattern), [], threading.Event()
        sources = [int(line) for line in pair.primary.sql(
            "SELECT source_id FROM reber.source JOIN reber.survey USING (survey_id) WHERE survey.name = 'sim' ORDER BY 1",
            "trial").split()]
        visitor = Visitor(place, pair.url("trial"), "ada")
        work = threading.Thread(target=visitor.label, args=(sources, done))
        work.start()
        moment = chance.uniform(0.2, 2)
        time.sleep(moment)
        before_loss = len(visitor.acknowledged)
        waits.append(pair.fail_over())
        deadline, first = time.monotonic() + 30, None
        while len(visitor.acknowledged) < before_loss + 50 and time.monotonic() < deadline:
            if first is None and len(visitor.acknowledged) > before_loss + 1:
                first = time.monotonic() - deadline + 30
            time.sleep(0.01)
        done.set()
        work.join()
        visitor.end()
        there = collections.Counter(tuple(map(int, line.split("|"))) for line in pair.sql(
            "SELECT source_id, class_id FROM reber.label WHERE annotator = 'ada'", "trial").split())
        lost = collections.Counter(visitor.acknowledged) - there
        if lost:
            problems.append(f"{lost.total()} of {len(visitor.acknowledged)} acknowledged labels are gone")
        if len(visitor.acknowledged) <= before_loss:
            problems.append("no label was taken after the failover")
        tally.count(True, problems, f"after {moment:.3f} s, {before_loss} labels")
        tell(f"labelling: {before_loss} labels before, {len(visitor.acknowledged)} in all, {visitor.refused} refused, "
             f"taken again {first or 0:.2f} s after the promotion")
        pair.remove()
    return tally


def reading(place, pattern):
    """The standby is read, says how old it is, and takes nothing."""
    tally = Tally("standby", "reading")
    pair = Pair(pattern)
    address = {"DATABASE_URL": pair.standby.url("trial")}

    def call(*arguments):
        return subprocess.run(
            [place.program, *arguments], cwd=place.folder, text=True, capture_output=True,
            env=place.environment | address)

    def expect(what, holds, said):
        tally.count(True, [] if holds else [f"{what}: {said.strip()}"], what)

    asked = call("query", "SELECT count(*) FROM reber.source")
    expect("query", asked.returncode == 0 and "this is a standby, 0.0 s behind" in asked.stderr, asked.stderr)
    asked = call("show", "runs", "--json")
    told = json.loads(asked.stderr or "{}").get("standby", {})
    expect("show --json", asked.returncode == 0 and told.get("is_fed") and told["lag_seconds"] == 0, asked.stderr)
    asked = call("export", "sim", "--output", "out/standby.csv")
    expect("export", asked.returncode == 0 or "no catalogue" in asked.stderr, asked.stderr)
    asked = call("embed", "--survey", "sim", "--again")
    expect("embed", asked.returncode == 69 and "is a standby" in asked.stderr, asked.stderr)
    visitor = Visitor(place, pair.standby.url("trial"), "ada")
    status, page = visitor.get("/sim/sources")
    expect("pages", status.status == 200 and "this is a standby" in page, page)
    status, page = visitor.post("/sim/single", {"source": 1, "class": 1, "csrf": visitor.token})
    expect("label", status.status == 409 and "is a standby" in page, page)
    pair.primary.kill()
    time.sleep(2)
    asked = call("query", "SELECT 1")
    expect("without a primary", "no primary feeds" in asked.stderr, asked.stderr)
    visitor.end()
    pair.remove()
    return tally


def tallies(place, chain):
    wanted = options.only or [*TRIED, "labelling", "reading"]

    def pattern(stage):
        folder = f"{place.folder}/{stage}"
        shutil.rmtree(folder, ignore_errors=True)
        return Pattern(folder, place.url(before(stage)), "trial")

    for stage in TRIED:
        if stage in wanted:
            yield Stages(place, chain).tally(stage, pattern(stage))
    for name, trial in (("labelling", labelling), ("reading", reading)):
        if name in wanted:
            yield trial(place, pattern("classify"))


def main():
    folder = tempfile.mkdtemp(prefix="reber-failover-")
    os.chmod(folder, 0o755)
    tell(f"tools/failover --seed {options.seed}")
    place = Place(options.program, folder)
    try:
        place.start()
        chain = Undisturbed(place, options.sources, tell, until="classify")
        ok = all([tally.show(options.json) for tally in tallies(place, chain)])
        if waits:
            tell(f"the standby was the primary after {min(waits):.1f} to {max(waits):.1f} s")
    finally:
        place.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if ok else 1)


main()

"""How many sources an hour one person labels by the pages' clusters, and how many of the labels are right.

Usage: pages.py PROGRAMS SURVEY TRUTH --class-column C [--scheme NAME] [--json]

PROGRAMS is the folder of reber and reber-serve, SURVEY has clusters, and TRUTH is a table of names and classes. The person
knows the classes, works as the page 'Label clusters' asks, over HTTP, and takes 1.5 s to look at a page of tiles (as the
annotators of MorphoCluster did; Schröder et al. 2020) and a second to click a tile:

- a page whose tiles are all of one class: that class for all of the cluster, also for what the page does not show; with
  --grow the class is grown from it, page by page of what is like it, as far as at most one tile of ten is of another class,
  which is taken out;
- one with few others: these are taken out, on each page of the cluster, and the rest gets the class;
- else the cluster is split; where it cannot be, the others are taken out, if most are of one class, or it is left.
"""
import argparse
import csv
import html
import http.client
import os
import re
import subprocess
import urllib.parse
from collections import Counter

from figure import tell

LOOK, CLICK = 1.5, 1.0
FEW, FEWEST = 0.15, 0.1


class Pages:
    """The pages, as one who has signed in sees them."""

    def __init__(self, programs, scheme):
        self.server = subprocess.Popen(
            [programs + "/reber-serve", "--host", "127.0.0.1", "--port", "0", "--scheme", scheme, "--quiet"],
            stdout=subprocess.PIPE, text=True)
        self.host = urllib.parse.urlsplit(self.server.stdout.readline().strip()).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=600)
        self.headers = {}
        cookie = self.ask("POST", "/login", {"annotator": "script", "next": "/"})[2]["Set-Cookie"]
        self.headers = {"Cookie": cookie.split(";")[0]}

    def ask(self, method, path, fields=None):
        body = urllib.parse.urlencode(fields, doseq=True) if fields else None
        headers = {**self.headers, "Origin": "http://" + self.host}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status}\n{text[-700:]}")
        return answer.status, text, answer.headers

    def follow(self, path):
        """A page, and the address that led to it at last."""
        while True:
            status, text, headers = self.ask("GET", path)
            if not 300 <= status < 400:
                return path, text
            path = headers["Location"]


class Page:
    """A page of a cluster."""

    def __init__(self, text):
        self.tiles = [(html.unescape(name), value) for name, value in re.findall(
            r'<label title="([^"]*)"><input type="checkbox" name="out" value="(\d+)"', text)]
        self.hidden = dict(re.findall(r'<input type="hidden" name="(csrf|shown)" value="([^"]*)"', text))
        self.action = html.unescape(re.search(r'<form class="work" method="post" action="([^"]*)"', text)[1])
        self.classes = {html.unescape(name).strip(): number for number, name in re.findall(
            r'<button name="class" value="(\d+)".*?</i> ([^<]*)</button>', text)}
        self.splits = 'name="split"' in text
        later = re.search(r'<a href="([^"]*)" data-key="pagedown"', text)
        self.later = later and html.unescape(later[1])


class Person:
    """One who knows the classes; counts what it takes."""

    def __init__(self, pages, survey, truth, grows):
        self.pages, self.survey, self.truth, self.grows = pages, survey, truth, grows
        self.looked = self.clicked = 0
        self.grown = set()

    @property
    def seconds(self):
        return LOOK * self.looked + CLICK * self.clicked

    def look(self, path):
        path, text = self.pages.follow(path)
        if "/label/" not in path:
            return None
        self.looked += 1
        return Page(text)

    def work(self):
        """Goes through the clusters; ends where none is left but what was left aside."""
        aside = []
        while page := self.look(f"/{self.survey}/label" + ("?after=" + ",".join(aside) if aside else "")):
            if not page.tiles or not self.decide(page):
                aside.append(re.search(r"/label/(\d+)", page.action)[1])

    def decide(self, page):
        """Whether something was said of the cluster."""
        (best, count), = Counter(self.truth[name] for name, _ in page.tiles).most_common(1)
        share = count / len(page.tiles)
        if share < 1 - FEW and page.splits:
            self.pages.ask("POST", page.action, {**page.hidden, "split": 1})
            return True
        if share <= 0.5:
            return False
        cluster = re.search(r"/label/(\d+)", page.action)[1]
        if self.grows and share == 1 and cluster not in self.grown:
            self.grown.add(cluster)
            return self.grow(cluster, page, best)
        self.accept(page, best, goes_on=share < 1)
        return True

    def grow(self, cluster, page, best):
        """Grows a class from a cluster, as far as pages of what is like it match."""
        self.looked += 1
        begin = {"csrf": page.hidden["csrf"], "class": page.classes[best], "cluster": cluster}
        path = self.pages.ask("POST", f"/{self.survey}/grow", begin)[2]["Location"]
        while True:
            text = self.pages.follow(path)[1]
            fields = dict(re.findall(r'<input type="hidden" name="(csrf|path)" value="([^"]*)"', text))
            action = html.unescape(re.search(r'<form class="work" method="post" action="([^"]*)"', text)[1])
            if 'value="match"' not in text:
                self.pages.ask("POST", action, {**fields, "finish": 1})
                return True
            self.looked += 1
            tiles = re.findall(r'<label title="([^"]*)"><input type="checkbox" name="out" value="(\d+)"', text)
            misfits = [value for name, value in tiles if self.truth[html.unescape(name)] != best]
            if len(misfits) <= FEWEST * len(tiles):
                self.clicked += len(misfits)
                fields |= {"answer": "match", "out": misfits}
            else:
                fields["answer"] = "mismatch"
            path = self.pages.ask("POST", action, fields)[2]["Location"]

    def accept(self, page, best, goes_on):
        out, first = [], page
        while page:
            misfits = [value for name, value in page.tiles if self.truth[name] != best]
            self.clicked += len(misfits)
            out += misfits
            page = self.look(page.later) if goes_on and page.later else None
        self.pages.ask("POST", first.action, {**first.hidden, "class": first.classes[best], "out": out})


def labels(programs, survey, scheme):
    """What the script has said, by source."""
    path = os.path.join(os.environ["REBER_HOME"], "said.csv")
    subprocess.run([programs + "/reber", "label", "export", "--output", path, "--survey", survey, "--scheme",
                    scheme, "--quiet"], check=True)
    with open(path, newline="") as file:
        return {row["name"]: row["class"] for row in csv.DictReader(file) if row.get("annotator", "script") == "script"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("survey")
    parser.add_argument("truth")
    parser.add_argument("--class-column", required=True)
    parser.add_argument("--scheme", required=True)
    parser.add_argument("--grow", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with open(options.truth, newline="") as file:
        truth = {row["name"]: row[options.class_column] for row in csv.DictReader(file)}
    pages = Pages(options.programs, options.scheme)
    try:
        person = Person(pages, options.survey, truth, options.grow)
        person.work()
    finally:
        pages.server.terminate()
    said = labels(options.programs, options.survey, options.scheme)
    right = sum(truth[name] == given for name, given in said.items())

    way = " grown" if options.grow else ""

    def figure(name, value, unit, target=None):
        tell(f"pages {options.survey}{way}: {name}", value, unit, target, as_json=options.json)

    figure("labelled", len(said), f"of {len(truth)}")
    figure("right", right / max(1, len(said)), "of the labels", 0.95)
    figure("pages looked at", person.looked, "")
    figure("tiles clicked", person.clicked, "")
    figure("labels an hour", 3600 * len(said) / person.seconds, "/h", 16000)


main()

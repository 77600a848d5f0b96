"""Besieges the pages of 'reber serve'; tools/siege --help says how."""
import argparse
import asyncio
import html
import json
import random
import re
import shutil
import sys
import tempfile
import time
import urllib.parse

from ground import ATTRIBUTE, MARK, MARKUP, SIGNS, SQL, TEMPLATE, Ground
from pages import FORM, Server

# What stands in for every parameter, field and part of an address.
STONES = [
    MARKUP, ATTRIBUTE, SQL, TEMPLATE, "' OR '1'='1", "1; SELECT pg_sleep(20)", "-1", "0",
    "99999999999999999999", "9223372036854775807", "1e308", "-1e999", "nan", "", " ", "a" * 5000, "\udcff\udcfe",
    "\x00", "%s%n", "../../../etc/passwd", "🔭" * 300, "\u0301" * 500, "true", "NULL", "{1,2}", "[]", "1,2,3"]


class Siege:
    """The attacks, and what they found."""

    def __init__(self, ground, options):
        self.ground = ground
        self.options = options
        self.server = Server(ground.open())
        self.faults = []
        self.random = random.Random(7)

    def tell(self, what, value, unit, target, ok):
        if self.options.json:
            print(json.dumps({
                "bench": f"siege {what}", "value": value, "unit": unit, "target": str(target), "ok": ok}))
        else:
            print(f"{what:30} {value:>10} {unit} (wanted: {target}){'' if ok else '  FAILED'}", flush=True)
        if not ok:
            self.faults.append(what)

    def fault(self, text):
        self.faults.append(text)
        print(f"siege: {text[:400]}", file=sys.stderr, flush=True)

    async def ask(self, payload, what):
        """Sends a request; an error of the server, a hang, or markup that came through is a fault."""
        try:
            answer = await self.server.send(payload, self.options.patience)
        except asyncio.TimeoutError:
            self.fault(f"no answer in {self.options.patience} s: {what}")
            return None
        except ConnectionRefusedError:
            raise SystemExit(f"siege: the server is gone: {what}\n{self.ground.last_words()}") from None
        if answer.status >= 500 or answer.status == 0:
            self.fault(f"{answer.status}: {what}: {answer.body[:200]!r}")
        is_page = "html" in answer.header("content-type")
        if is_page and any(sign in answer.body for sign in SIGNS):
            self.fault(f"markup comes through: {what}")
        if is_page and "default-src 'none'" not in answer.header("content-security-policy"):
            self.fault(f"a page without a policy: {what}")
        return answer

    # -- Texts --------------------------------------------------------------------------------------

    async def texts(self):
        visit = await self.server.visit("eve")
        pages = await self.crawl(visit)
        self.tell("pages by links", len(pages), "pages", "> 40", len(pages) > 40)
        shown = sum(MARK.encode() in body for _, body in pages.values())
        self.tell("pages that show such a text", shown, "pages", "> 10", shown > 10)
        before = self.ground.kept()
        asked = await self.throw(pages, visit)
        self.tell("questions with such texts", asked, "requests", "> 100", asked > 100)
        posted = await self.post_forms(pages, visit)
        self.tell("forms with such texts", posted, "requests", "> 40", posted > 40)
        growing = (
            "label", "labelling_action", "growth", "source_join", "queued_command", "source_remark",
            "saved_question", "second_look")
        self.compare(before, "a form of such texts", growing)

    async def crawl(self, visit):
        """Reads a piece of an image, and every page that links lead to; of the many alike, a few each."""
        # Only the script leads to a part of the map.
        part = "/siege/map/selection?polygon=-9999,-9999,9999,-9999,9999,9999"
        waiting, seen, shapes, pages = [self.ground.piece(), part, "/"], set(), {}, {}
        while waiting and len(pages) < self.options.pages:
            path = waiting.pop(0)
            answer = await self.ask(self.server.request("GET", path, visit), f"GET {path}")
            if answer is None:
                continue
            if answer.status == 303:
                waiting.append(answer.header("location"))
                continue
            # A survey without images has no clusters, and says what to do.
            if answer.status != 200 and not (answer.status == 404 and path.startswith("/plain/")):
                self.fault(f"a link leads to {answer.status}: {path}")
            pages[path] = (answer.status, answer.body)
            for link in re.findall(rb'(?:href|src)="(/[^"]*)"', answer.body):
                link = html.unescape(link.decode()).split("#")[0]
                shape = re.sub(r"\d+", "N", re.sub(r"/(sources|cutouts)/[^?]*", r"/\1/X", link))
                shapes[shape] = shapes.get(shape, 0) + 1
                if link not in seen and shapes[shape] <= 12:
                    seen.add(link)
                    waiting.append(link)
        return pages

    async def throw(self, pages, visit):
        """Replaces each parameter and each part of each kind of address."""
        addresses = {}
        for path in pages:
            parts = urllib.parse.urlsplit(path)
            fields = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
            key = (re.sub(r"\d+|(?<=sources/).*", "N", parts.path), tuple(sorted(k for k, _ in fields)))
            addresses.setdefault(key, (parts.path, fields))
        questions = []
        for path, fields in addresses.values():
            for stone in self.some_stones():
                for index in range(len(fields)):
                    changed = [
                        (k, stone if i == index else v) for i, (k, v) in enumerate(fields)]
                    questions.append(path + "?" + encoded(changed))
                words = path.split("/")
                for index in range(1, len(words)):
                    changed = words[:]
                    changed[index] = urllib.parse.quote(stone, safe="", errors="surrogateescape")
                    questions.append("/".join(changed))
        for field in field_names(pages):
            for stone in self.some_stones():
                questions.append("/siege/sources?" + encoded([(field, stone)]))
        await self.all_of([
            (self.server.request("GET", question, visit), f"GET {question}") for question in questions])
        return len(questions)

    async def post_forms(self, pages, visit):
        """Sends every kind of form with one field hostile, the token right."""
        forms = {}
        for path, (_, body) in pages.items():
            for action, inside in re.findall(
                    r'<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>',
                    body.decode("utf-8", "replace"), re.S):
                action = html.unescape(action) or path
                fields = [
                    (html.unescape(name), html.unescape(value)) for name, value in re.findall(
                        r'name="([^"]*)"(?:[^>]*?value="([^"]*)")?', inside)]
                key = (re.sub(r"\d+", "N", action), tuple(sorted({k for k, _ in fields})))
                if "logout" not in action:
                    forms.setdefault(key, (action, fields))
        payloads = []
        for action, fields in forms.values():
            for index, (name, _) in enumerate(fields):
                if name == "csrf":
                    continue
                for stone in self.some_stones():
                    changed = [(k, stone if i == index else v) for i, (k, v) in enumerate(fields)]
                    body = encoded(changed).encode()
                    payloads.append(
                        (self.server.request("POST", action, {**visit, **FORM}, body),
                         f"POST {action} {name}={stone[:40]!r}"))
        self.forms = forms
        await self.all_of(payloads)
        return len(payloads)

    def some_stones(self):
        return self.random.sample(STONES, 4) if self.options.quick else STONES

    async def all_of(self, requests):
        """Asks everything, eight at a time."""
        waiting = list(reversed(requests))

        async def work():
            while waiting:
                await self.ask(*waiting.pop())

        await asyncio.gather(*(work() for _ in range(8)))

    def compare(self, before, what, growing=()):
        """Tables hold what they held; those of what a person decides and asks for may hold more."""
        held = dict(line.rsplit(" ", 1) for line in before.splitlines())
        now = dict(line.rsplit(" ", 1) for line in self.ground.kept().splitlines())
        for table in held.keys() | now.keys():
            old, new = int(held.get(table, -1)), int(now.get(table, -1))
            may_grow = table.removeprefix("reber.").startswith(tuple(growing)) if growing else False
            if new < old or (new > old and not (may_grow or "label_count" in table or "agreed" in table)):
                self.fault(f"{table} had {old} rows, and has {new} after {what}")

    # -- Forgery ------------------------------------------------------------------------------------

    async def forgery(self):
        visit = await self.server.visit("eve")
        other = await self.server.visit("mallory")
        page = await self.server.get("/siege/single", other)
        foreign = re.search(rb'name="csrf" value="([^"]*)"', page.body)
        foreign = foreign[1].decode() if foreign else ""
        single = "/siege/single"
        form = {"class": "1", "csrf": ""}
        request, host = self.server.request, {"Host": "evil.example"}
        big = b"annotator=" + b"a" * (20 << 20)

        def posted(fields, headers=None, path=single):
            return request(
                "POST", path, {**visit, **FORM, **(headers or {})}, urllib.parse.urlencode(fields).encode())

        cases = {
            "foreign host": (request("GET", "/", {**visit, **host}), {421}),
            "no host": (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", {400, 421}),
            "foreign origin": (posted(form, {"Origin": "https://evil.example"}), {403}),
            "origin null": (posted(form, {"Origin": "null"}), {403}),
            "no token": (posted({"class": "1"}), {403}),
            "forged token": (posted({**form, "csrf": "0" * 64}), {403}),
            "another visitor's token": (posted({**form, "csrf": foreign}), {403}),
            "sign out from elsewhere": (posted({}, {}, "/logout"), {403}),
            "a form as JSON": (
                request("POST", single, {**visit, "Content-Type": "application/json"}, b'{"class": 1}'),
                {400, 403, 415}),
            "no session": (request("GET", single), {303}),
            "no session, a form": (request("POST", single, FORM, b"class=1"), {401}),
            "a chosen session": (request("GET", single, {"Cookie": "reber=" + "0" * 64}), {303}),
            "an injected session": (request("GET", single, {"Cookie": "reber=' OR true --"}), {303}),
            "PUT": (request("PUT", single, visit, b"x"), {404, 405}),
            "DELETE": (request("DELETE", "/siege/label/0", visit), {404, 405}),
            "a path out": (request("GET", "/assets/../../etc/passwd", visit), {400, 404}),
            "a path out, encoded": (request("GET", "/assets/%2e%2e%2fetc%2fpasswd", visit), {400, 404}),
            "leads elsewhere": (
                request("POST", "/login", FORM, b"annotator=eve&next=//evil.example/"), {303}),
            "a negative length": (
                request("POST", "/login", {**FORM, "Content-Length": "-5"}, b""), {400, 0}),
            "two lengths": (
                request("POST", "/login", {**FORM, "Content-Length": "5, 6"}, b"a=b&c"), {400, 0}),
            "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, {400, 0}),
            "a header of 1 MB": (request("GET", "/", {**visit, "X-Long": "a" * (1 << 20)}), {400, 413, 431, 0}),
            "an address of 1 MB": (request("GET", "/?" + "a" * (1 << 20), visit), {400, 413, 414, 0}),
            "20 MB to sign in": (request("POST", "/login", FORM, big), {413, 0}),
            "20 MB as a form": (request("POST", single, {**visit, **FORM}, big), {413, 0}),
            "20 MB without a length": (
                request("POST", "/login", {**FORM, "Transfer-Encoding": "chunked"}, length=False,
                        body=b"%x\r\n" % len(big) + big + b"\r\n0\r\n\r\n"), {413, 0}),
            "promised 1 TB": (
                request("POST", "/login", {**FORM, "Content-Length": str(1 << 40)}, b"a" * (4 << 20)), {413, 0}),
        }
        before, refused = self.ground.kept(), 0
        for name, (payload, wanted) in cases.items():
            try:
                answer = await self.server.send(payload, self.options.patience)
            except asyncio.TimeoutError:
                self.fault(f"{name}: no answer in {self.options.patience} s")
                continue
            if answer.status not in wanted or "evil" in answer.header("location"):
                self.fault(f"{name}: {answer.status}, wanted {sorted(wanted)}: {answer.body[:120]!r}")
            else:
                refused += 1
        self.compare(before, "forged requests")
        self.tell("forged requests refused", refused, f"of {len(cases)}", len(cases), refused == len(cases))

    # -- Load ---------------------------------------------------------------------------------------

    async def load(self):
        visit = await self.server.visit("eve")
        pages = [
            "/siege/progress", "/siege/sources", "/siege/sources?view=table", "/siege/clusters", "/siege/map",
            "/siege/agreement", "/siege/single", "/siege/grow", "/siege/map.bin",
            "/siege/overview", "/siege/unlike"]
        alone = await self.time_alone(pages, visit)
        memory = self.ground.memory()
        slow = [
            asyncio.create_task(self.server.send(
                self.server.request("GET", pages[0], visit), self.options.seconds + 60, pace=1))
            for _ in range(self.options.slow)]
        times, statuses = [], {}
        end = time.monotonic() + self.options.seconds

        async def client(number):
            choose = random.Random(number)
            while time.monotonic() < end:
                began = time.monotonic()
                try:
                    status = (await self.server.get(choose.choice(pages), visit, 60)).status
                except (asyncio.TimeoutError, OSError) as error:
                    status = type(error).__name__
                times.append(time.monotonic() - began)
                statuses[status] = statuses.get(status, 0) + 1

        await asyncio.gather(*(client(number) for number in range(self.options.clients)))
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        times.sort()
        good = statuses.get(200, 0)
        self.tell("answers under load", good, f"of {len(times)}", "all", good == len(times))
        if good != len(times):
            self.fault(f"under load: {statuses}")
        self.tell("longest answer", round(times[-1], 2), "s", "< 30", times[-1] < 30)
        grown = self.ground.memory() - memory
        self.tell("memory grown by", round(grown), "MiB", "< 200", grown < 200)
        after = await self.time_alone(pages, visit)
        self.tell(
            "a page afterwards", round(after * 1000), "ms", f"< 1 s; before {round(alone * 1000)}", after < 1)

    async def time_alone(self, pages, visit):
        """The median time of a page, seconds."""
        times = []
        for page in pages:
            began = time.monotonic()
            answer = await self.server.get(page, visit, 60)
            if answer.status != 200:
                self.fault(f"{page}: {answer.status}")
            times.append(time.monotonic() - began)
        return sorted(times)[len(times) // 2]


def encoded(fields):
    return urllib.parse.urlencode(fields, errors="surrogateescape")


def field_names(pages):
    """Every name that a field has on any page."""
    return sorted({
        html.unescape(name) for _, body in pages.values()
        for name in re.findall(r'name="([^"]*)"', body.decode("utf-8", "replace")) if name != "csrf"})


def main():
    parser = argparse.ArgumentParser(prog="tools/siege")
    parser.add_argument("program")
    parser.add_argument("serve")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--only", action="append", choices=["texts", "forgery", "load"])
    options = parser.parse_args()
    options.seconds = options.seconds or (3 if options.quick else 60)
    # The tests share the processor with others, and the server of theirs is not optimised.
    options.patience = 60 if options.quick else 10
    options.slow = 20 if options.quick else 100
    options.pages = 120 if options.quick else 400
    folder = tempfile.mkdtemp(prefix="reber-siege-")
    ground = None
    try:
        ground = Ground(options.program, options.serve, folder, 160)
        siege = Siege(ground, options)
        for attack in options.only or ["texts", "forgery", "load"]:
            asyncio.run(getattr(siege, attack)())
    finally:
        if ground:
            ground.close()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if siege.faults else 0)


main()

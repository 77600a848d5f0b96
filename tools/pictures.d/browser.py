"""Makes pictures of pages in a headless browser, signed in: called by tools/pictures with the server's address.

Each line of the standard input is a file, a path below the address, and the height of the window in pixels.
"""
import base64
import json
import subprocess
import sys
import urllib.request

ADDRESS = sys.argv[1]
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"]


class Browser:
    """Chromium, driven over the W3C WebDriver protocol."""

    def __init__(self):
        self.process = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        line = next(line for line in self.process.stdout if "successfully on port" in line)
        port = line.split("on port ")[1].strip(" .\n")
        self.driver = f"http://127.0.0.1:{port}/session"
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": ARGUMENTS}}}}
        self.driver += "/" + self.ask("POST", "", wanted)["sessionId"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.driver + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def go(self, path):
        self.ask("POST", "/url", {"url": ADDRESS + path})

    def sign_in(self, name):
        self.go("/login")
        script = "const f = document.querySelector('form'); f.annotator.value = arguments[0]; f.submit()"
        self.ask("POST", "/execute/sync", {"script": script, "args": [name]})

    def picture(self, path, height):
        self.ask("POST", "/window/rect", {"width": 1280, "height": int(height)})
        self.go(path)
        return base64.b64decode(self.ask("GET", "/screenshot"))

    def end(self):
        self.ask("DELETE", "")
        self.process.terminate()


browser = Browser()
try:
    browser.sign_in("A. Person")
    for line in sys.stdin:
        file, path, height = line.split()
        with open(file, "wb") as picture:
            picture.write(browser.picture(path, height))
        print(file, flush=True)
finally:
    browser.end()

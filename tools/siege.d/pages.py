"""Requests as an attacker sends them: any bytes, at any pace."""
import asyncio
import urllib.parse

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer:
    """What came back: status 0 where the server closed without one."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        self.status = int(words[1]) if lines[0].startswith("HTTP/") and len(words) > 1 else 0
        self.headers = [line.partition(": ")[::2] for line in lines[1:]]

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), "")


class Server:
    """The pages at a port of this machine."""

    def __init__(self, port):
        self.port = port
        self.host = f"127.0.0.1:{port}"

    def request(self, method, path, headers=None, body=b"", length=True):
        """The bytes of a request; without `length` the body's length is left out."""
        fields = {"Host": self.host, "Connection": "close", **(headers or {})}
        if length and (body or method == "POST"):
            fields.setdefault("Content-Length", str(len(body)))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
        return head.encode("latin-1", "replace") + b"\r\n" + body

    async def send(self, payload, seconds=10, pace=None):
        """Sends bytes, all at once or one each `pace` seconds, and reads until the server closes.

        It goes on reading while it writes: a server that refuses a body answers before it has all of it.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writing = asyncio.create_task(self._write(writer, payload, pace))
        try:
            return Answer(await asyncio.wait_for(self._read(reader), seconds))
        finally:
            writing.cancel()
            writer.transport.abort()

    @staticmethod
    async def _write(writer, payload, pace):
        try:
            if pace is None:
                writer.write(payload)
                await writer.drain()
                return
            for byte in payload:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(pace)
        except ConnectionError:
            pass

    @staticmethod
    async def _read(reader):
        data = b""
        try:
            while part := await reader.read(65536):
                data += part
        except ConnectionError:
            pass
        return data

    async def get(self, path, headers=None, seconds=10):
        return await self.send(self.request("GET", path, headers), seconds)

    async def post(self, path, fields, headers=None, seconds=10):
        body = urllib.parse.urlencode(fields, errors="surrogateescape").encode()
        return await self.send(self.request("POST", path, {**FORM, **(headers or {})}, body), seconds)

    async def visit(self, name):
        """Signs in; gives the headers of a visit."""
        answer = await self.post("/login", {"annotator": name, "next": "/"})
        cookie = answer.header("set-cookie").split(";")[0]
        if answer.status != 303 or not cookie:
            raise SystemExit(f"siege: nobody may sign in: {answer.status}")
        return {"Cookie": cookie}

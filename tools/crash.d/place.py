"""A PostgreSQL server of one's own, its databases, and the program that works on them."""
import ctypes
import os
import re
import signal
import subprocess
import time


class Outcome:
    """What a call of the program left: its status, what it said, and whether it was killed."""

    def __init__(self, status, said):
        self.status = status
        self.said = said
        self.killed = status == -signal.SIGKILL

    @property
    def last_line(self):
        lines = self.said.strip().splitlines()
        return lines[-1] if lines else ""

    @property
    def is_a_sentence(self):
        """Whether the error is said in Reber's own words, in one line."""
        return self.last_line.startswith("reber: ") and not re.search(
            r"SQLSTATE|statement:|deadlock|PANIC|Fatal error", self.said)


def kill_server(data):
    """Kills the postmaster of a folder of data, which is a child of this process, with all its children at once."""
    with open(data + "/postmaster.pid") as file:
        postmaster = int(file.readline())
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True).stdout.split()
    for process in [postmaster, *map(int, children)]:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        # Who began a process has to ask for it once it is gone.
        os.waitpid(postmaster, 0)
    except ChildProcessError:
        pass


class Place:
    """A folder with a server, reached through the program under test."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.repository = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
        self.environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith("PG") and key != "DATABASE_URL"}
        self.environment |= {"REBER_HOME": folder + "/home", "REBER_SQL": self.repository + "/sql"}
        for name in ("home", "out"):
            os.makedirs(f"{folder}/{name}", exist_ok=True)
        # Servers become children of this process, which asks for those that were killed.
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)

    # -- The server -------------------------------------------------------------------------------

    def mount(self, name, size):
        """Puts a folder on a disk in memory of so many bytes; gives whether that may be done."""
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", f"{self.folder}/{name}"],
            capture_output=True).returncode == 0

    def unmount(self, name):
        subprocess.run(["umount", f"{self.folder}/{name}"], capture_output=True)

    def free(self, name):
        """Bytes that are free on a folder's disk."""
        status = os.statvfs(f"{self.folder}/{name}")
        return status.f_bavail * status.f_frsize

    def start(self):
        self.reber("db", "start")
        self.address = self.reber("db", "url")
        # What is tried here kills processes, not the machine: the system keeps what was written.
        for setting in ("fsync = off", "autovacuum = off", "max_wal_size = '128MB'"):
            self.sql(f"ALTER SYSTEM SET {setting}", "reber")
        self.stop()
        self.reber("db", "start")

    def restart(self):
        """Starts the server after it was killed."""
        self.reber("db", "start")

    def stop(self):
        self.reber("db", "stop")

    @property
    def data(self):
        pointer = self.folder + "/home/location"
        root = open(pointer).read().strip() if os.path.exists(pointer) else (
            self.folder + "/home/postgres")
        return root + "/data"

    def server_seconds(self):
        """Seconds of processor time of the server and of all its processes that have ended."""
        with open(self.data + "/postmaster.pid") as file:
            postmaster = int(file.readline())
        with open(f"/proc/{postmaster}/stat") as file:
            times = file.read().rsplit(")", 1)[1].split()[11:15]
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    def kill_server(self):
        """Kills the postmaster with all its children at once."""
        kill_server(self.data)

    # -- Databases --------------------------------------------------------------------------------

    def url(self, database):
        return re.sub(r"/reber\?", f"/{database}?", self.address)

    def sql(self, statement, database):
        return subprocess.run(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url(database), "-f", "-"],
            input=statement, capture_output=True, text=True, check=True).stdout

    def copy(self, database, name):
        """Copies a database that nobody is connected to."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "reber")
        for attempt in range(100):
            try:
                # PostgreSQL takes the sequences of a copied database for logged, and forgets in a crash how far
                # they went, unless there was a checkpoint since.
                return self.sql(f"CREATE DATABASE {name} TEMPLATE {database};\nCHECKPOINT;", "reber")
            except subprocess.CalledProcessError as error:
                if attempt == 99 or "being accessed" not in error.stderr:
                    raise RuntimeError(error.stderr) from error
                time.sleep(0.05)

    def drop(self, name):
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "reber")

    # -- The program ------------------------------------------------------------------------------

    def reber(self, *arguments):
        """Runs the program to its end, which has to be a good one; gives what it prints."""
        process = subprocess.run(
            [self.program, *arguments], capture_output=True, text=True, cwd=self.folder,
            env=self.environment)
        if process.returncode != 0:
            raise RuntimeError(f"reber {' '.join(arguments)}: {process.stderr}")
        return process.stdout.strip()

    def begin(self, arguments, database, sql=None):
        """Starts the program, with the migrations of a folder; `end` waits for it."""
        more = {"DATABASE_URL": self.url(database)} | ({"REBER_SQL": sql} if sql else {})
        return subprocess.Popen(
            [self.program, *arguments], cwd=self.folder, text=True, env=self.environment | more,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def end(self, process, timeout=300):
        try:
            _, said = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
            return Outcome(124, said + f"\nnot ended after {timeout} s")
        return Outcome(process.returncode, said)

    def call(self, arguments, database, sql=None):
        return self.end(self.begin(arguments, database, sql))

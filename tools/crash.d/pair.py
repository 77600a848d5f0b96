"""A primary and a hot standby that it waits for at each commit, made of a copy of a database."""
import os
import pwd
import shutil
import subprocess
import time

from place import kill_server

SETTINGS = """
listen_addresses = ''
shared_buffers = 128MB
fsync = off
autovacuum = off
wal_level = replica
hot_standby = on
synchronous_commit = on
wal_receiver_status_interval = 1
wal_retrieve_retry_interval = 200
jit = off
"""


def programs():
    """The folder of PostgreSQL's programs: REBER_POSTGRES, or the newest that is installed."""
    named = os.environ.get("REBER_POSTGRES")
    found = sorted(
        (version for version in os.listdir("/usr/lib/postgresql") if version.isdigit()), key=int) if not named else []
    return named or f"/usr/lib/postgresql/{found[-1]}/bin"


class Server:
    """One of the two: its data and its port, which names its socket."""

    def __init__(self, folder, name, port):
        self.folder, self.port = folder, port
        self.data = f"{folder}/{name}"
        self.log = f"{folder}/{name}.log"

    def run(self, program, *arguments):
        # PostgreSQL does not run as root.
        user = "postgres" if os.geteuid() == 0 else None
        done = subprocess.run(
            [f"{programs()}/{program}", *arguments], capture_output=True, text=True, cwd=self.folder, user=user,
            group=user, extra_groups=[] if user else None)
        if done.returncode != 0:
            log = open(self.log).read()[-500:] if os.path.exists(self.log) else ""
            raise RuntimeError(f"{program}: {done.stderr.strip()} {log}")

    def control(self, what, *arguments):
        self.run("pg_ctl", "-D", self.data, "-l", self.log, "-w", "-s", what, *arguments)

    def start(self):
        self.control("start", "-o", f"-k {self.folder} -p {self.port}")

    def kill(self):
        """Kills the postmaster, and its children with it."""
        kill_server(self.data)

    def stop(self):
        if os.path.exists(self.data + "/postmaster.pid"):
            try:
                self.control("stop", "-m", "immediate")
            except RuntimeError:
                pass

    def url(self, database):
        return f"postgresql:///{database}?host={self.folder}&port={self.port}&user=reber"

    def sql(self, statement, database="postgres"):
        return subprocess.run(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url(database), "-f", "-"],
            input=statement, capture_output=True, text=True, check=True).stdout


class Pattern:
    """A server at rest that holds a database, of which pairs are made."""

    def __init__(self, folder, source, database):
        """`source` is the address of the database that is copied, under the name `trial`."""
        os.makedirs(folder)
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        self.server = Server(folder, "pattern", 5600)
        self.server.run(
            "initdb", "-D", self.server.data, "-U", "reber", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
            "--no-instructions")
        with open(self.server.data + "/postgresql.conf", "a") as file:
            file.write(SETTINGS)
        self.server.start()
        roles = subprocess.run(
            [programs() + "/pg_dumpall", "--roles-only", "-d", source], capture_output=True, text=True, check=True)
        subprocess.run(
            ["psql", "-qX", self.server.url("postgres")], input=roles.stdout, capture_output=True, text=True)
        self.server.sql("CREATE DATABASE trial")
        dumped = subprocess.run(
            [programs() + "/pg_dump", "-d", source], capture_output=True, text=True, check=True)
        self.server.sql(dumped.stdout, "trial")
        self.server.sql("ANALYZE", "trial")
        self.server.control("stop", "-m", "fast")


class Pair:
    """A primary that waits for its standby at each commit."""

    def __init__(self, pattern):
        folder = pattern.server.folder
        self.primary, self.standby = Server(folder, "primary", 5601), Server(folder, "standby", 5602)
        self.remove()
        subprocess.run(["cp", "-a", pattern.server.data, self.primary.data], check=True)
        self.primary.start()
        self.primary.run(
            "pg_basebackup", "-D", self.standby.data, "-R", "-X", "stream", "-c", "fast", "-h", folder, "-p", "5601",
            "-U", "reber")
        self.standby.start()
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.sql("SELECT pg_reload_conf()")
        while self.primary.sql("SELECT sync_state FROM pg_stat_replication").strip() != "sync":
            time.sleep(0.05)

    def url(self, database, writes=True):
        """The address of both, as libpq takes it."""
        folder = self.primary.folder
        attributes = "&target_session_attrs=read-write" if writes else ""
        return f"postgresql:///{database}?host={folder},{folder}&port=5601,5602&user=reber{attributes}"

    def keywords(self, database):
        """The same in libpq's other form."""
        folder = self.primary.folder
        return f"host={folder},{folder} port=5601,5602 user=reber dbname={database} target_session_attrs=read-write"

    def fail_over(self):
        """Kills the primary; the standby takes its place. Gives how long that took, in seconds."""
        began = time.monotonic()
        self.primary.kill()
        self.standby.control("promote")
        return time.monotonic() - began

    def sql(self, statement, database):
        """Asks the server that took the other's place."""
        return self.standby.sql(statement, database)

    def remove(self):
        for server in (self.primary, self.standby):
            server.stop()
            shutil.rmtree(server.data, ignore_errors=True)

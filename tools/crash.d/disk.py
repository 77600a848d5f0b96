"""Trials in which a disk is full: the server's, or that of the folder of an export."""
import os

from chain import STAGES, before, empty
from trials import Tally, Trials

ROOM = 2 << 30


class DiskTrials(Trials):
    """Trials in a place whose folders are disks of their own, so that they can be full."""

    def of_server(self, stage, count):
        """Leaves the server less room than a stage takes, then calls the stage again with more."""
        needed = self.needed(stage)
        for tally, moment in self.each("disk", stage, count):
            room = int(needed * moment / self.chain.seconds[stage])
            self.fill(room)
            outcome = self.place.call(STAGES[stage], "trial")
            self.empty_disk()
            self.place.restart()
            problems = self.refused(outcome, 73, 69) + self.again(stage)
            tally.count(outcome.status != 0, problems, f"with {room >> 10} KiB")
        return tally

    def needed(self, stage):
        """Bytes that a stage takes of the server's disk, and some."""
        self.place.copy(before(stage), "trial")
        free = self.place.free("home")
        self.place.call(STAGES[stage], "trial")
        empty(self.place.folder + "/out")
        return max(free - self.place.free("home"), 1 << 20)

    def fill(self, room):
        with open(self.place.folder + "/home/ballast", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(self.place.free("home") - room, 1))

    def empty_disk(self):
        os.remove(self.place.folder + "/home/ballast")

    def of_export(self, stage, count):
        """Leaves an export less room than its file needs, then exports again with more."""
        needed = self.size_of_export(stage)
        for tally, moment in self.each("disk", stage, count):
            room = int(needed * moment / self.chain.seconds[stage]) // 4096 * 4096 + 4096
            self.place.mount("out", room)
            outcome = self.place.call(STAGES[stage], "trial")
            left = os.listdir(self.place.folder + "/out") if outcome.status else []
            self.place.unmount("out")
            problems = self.refused(outcome, 73) + [f"it left {name}" for name in left]
            tally.count(outcome.status != 0, problems + self.again(stage), f"with {room >> 10} KiB")
        return tally

    def size_of_export(self, stage):
        self.place.call(STAGES[stage], before(stage))
        folder = self.place.folder + "/out"
        size = sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder))
        empty(folder)
        return size


def skipped(stage):
    """The tally of what could not be tried."""
    tally = Tally("disk", stage)
    tally.found.append("skipped: there is no right to mount a small disk")
    return tally

"""What tests of a disk that fills up share: a small disk of its own for a node's
directory, in a mount namespace, where the machine lets one be made."""

import atexit
import os
import shutil
import subprocess
import sys


def in_a_namespace():
    """Runs this program where a disk can be mounted, if it does not yet."""
    if sys.argv[-1] == "inside":
        return
    inside = ["unshare", "--mount", "--map-root-user"]
    probe = ["sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]
    if subprocess.run([*inside, *probe], check=False, capture_output=True).returncode:
        print("SKIPPED: no small disk can be made here")
        sys.exit(77)
    sys.exit(subprocess.run([*inside, sys.executable, "-B", *sys.argv, "inside"],
                            check=False).returncode)


def move_to_small_disk(nodes, i, size):
    """Node I's directory becomes a disk of SIZE bytes. For the node that is another
    machine: it begins a new log."""
    directory = nodes.path(str(i))
    shutil.copytree(directory, f"{directory}.kept")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs",
                    directory], check=True)
    atexit.register(subprocess.run, ["umount", directory], check=True)
    shutil.copytree(f"{directory}.kept", directory, dirs_exist_ok=True)


def fill(nodes, i, left):
    """Writes to node I's disk until LEFT bytes are free."""
    with open(nodes.path(f"{i}/ballast"), "ab") as file:
        while True:
            there = os.statvfs(nodes.path(str(i)))
            free = there.f_bavail * there.f_frsize
            if free <= left:
                return
            try:
                os.write(file.fileno(), bytes(min(free - left, 1 << 20)))
            except OSError:
                return

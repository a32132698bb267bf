"""Looks for secrets in the memory of processes, as root does."""
import os
import pathlib
import platform
import re
import time

import story

CALLS = {"x86_64": {"exit_group": 231, "fsync": 74}, "aarch64": {"exit_group": 94, "fsync": 82}}
REGION = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ")
CHUNK = 1 << 22
LARGEST = 1 << 34  # the shadow of a sanitizer is larger, and holds nothing


def need():
    if os.geteuid() != 0:
        story.missing("only root may look into another process")


def children(pid):
    """Of any thread: numbers of the processes that it started."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(path.parent.name))
    return found


def maps_of(pid, library):
    """Has the process this library in its memory?"""
    return library in pathlib.Path(f"/proc/{pid}/maps").read_text()


def regions(pid):
    """(begin, end, flags) of what can be read; flags: 'lo' locked, 'dd' kept out of dumps."""
    begin = end = None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        match = REGION.match(line)
        if match:
            begin, end = int(match[1], 16), int(match[2], 16)
            readable = (match[3][0] == "r" and end - begin < LARGEST
                        and not line.endswith(("[vvar]", "[vsyscall]")))
        elif line.startswith("VmFlags:") and readable:
            yield begin, end, set(line.split()[1:])


def copies(pid, secret):
    """The flags of the region of each copy of these bytes in a process."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end, flags in regions(pid):
            kept = b""
            while begin < end:
                try:
                    memory.seek(begin)
                    data = memory.read(min(CHUNK, end - begin))
                except (OSError, ValueError, OverflowError):
                    break
                if not data:
                    break
                begin += len(data)
                data = kept + data
                found += [flags] * data.count(secret)
                kept = data[len(data) - len(secret) + 1:]
    return found


def in_secret_heap(flags):
    return {"lo", "dd"} <= flags


def held_before(call, tracer, seconds=60):
    """The traced process, once it stands before a system call; its tracer holds it there."""
    number = CALLS.get(platform.machine(), {}).get(call)
    if number is None:
        story.missing(f"the number of {call} is not known here")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pid in children(tracer):
            try:
                called = pathlib.Path(f"/proc/{pid}/syscall").read_text()
            except OSError:
                continue
            if called.startswith(f"{number} "):
                return pid
        time.sleep(0.01)
    raise AssertionError(f"it does not come to {call}")

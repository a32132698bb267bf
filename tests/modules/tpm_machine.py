"""A TPM in software behind its resource manager, in a network of its own: tpm_machine.py FOLDER.

swtpm listens on a loopback that nobody else has; tpm2-abrmd is reached over a bus at FOLDER/bus. All
of it ends when stdin does.
"""
import ctypes
import ctypes.util
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

PORT = 2321
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP, PR_SET_PDEATHSIG = 0x8913, 0x8914, 1, 1
PATIENCE = 20
NAME = "com.intel.tss2.Tabrmd"


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags, = struct.unpack_from("h", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def die_with_parent():
    ctypes.CDLL(ctypes.util.find_library("c")).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start(folder, *words):
    with open(folder / f"{words[0]}.log", "wb") as log:
        return subprocess.Popen(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                preexec_fn=die_with_parent)


def until(true):
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            sys.exit("the TPM does not start")
        time.sleep(0.05)


def listens():
    try:
        socket.create_connection(("127.0.0.1", PORT + 1), 1).close()
        return True
    except OSError:
        return False


def is_owned():
    """Somebody on the bus is the resource manager."""
    done = subprocess.run(["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus",
                           "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                           f"string:{NAME}"], capture_output=True, check=False)
    return b"boolean true" in done.stdout


def main(folder):
    (folder / "tpm").mkdir()
    loopback_up()
    bus = f"unix:path={folder / 'bus'}"
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = bus
    running = [start(folder, "dbus-daemon", "--session", "--nofork", f"--address={bus}"),
               start(folder, "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder / 'tpm'}",
                     "--ctrl", f"type=tcp,port={PORT + 1},bindaddr=127.0.0.1",
                     "--server", f"type=tcp,port={PORT},bindaddr=127.0.0.1",
                     "--flags", "not-need-init,startup-clear")]
    until(listens)
    until((folder / "bus").exists)
    running.append(start(folder, "tpm2-abrmd", "--session", "--allow-root",
                         f"--tcti=swtpm:host=127.0.0.1,port={PORT}"))
    until(is_owned)
    print("started", flush=True)
    sys.stdin.read()
    for process in reversed(running):
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main(pathlib.Path(os.path.abspath(sys.argv[1])))

"""Readers with cards behind a pcscd of their own: machine.py FOLDER, in namespaces of its own.

FOLDER/machine.json says which cards. pcscd's socket is FOLDER/run/pcscd.comm. Mounts and network
are this process's: pcscd finds neither the machine's readers nor its own other instances, and
vpcd, which listens on every interface, has only a loopback that is nobody else's. All of it ends
when stdin does.
"""
import ctypes
import ctypes.util
import fcntl
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.dont_write_bytecode = True

import attestation  # noqa: E402
from card import Card  # noqa: E402

PCSCD = "/usr/sbin/pcscd"
DRIVERS = pathlib.Path("/usr/lib/pcsc/drivers")
DRIVER = DRIVERS / "serial" / "libifdvpcd.so"
READER = "Yubico YubiKey OTP+FIDO+CCID"
FIRST_PORT = 0x8c7b
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP, PR_SET_PDEATHSIG, SIGTERM = 0x8913, 0x8914, 1, 1, 15


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags, = struct.unpack_from("h", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)


def own_places(folder):
    """Our /run, our readers, and no drivers of USB readers."""
    for name in ("run", "readers", "none"):
        (folder / name).mkdir(mode=0o755, exist_ok=True)
    shutil.copy(DRIVER, folder / "vpcd.so")
    mount("-t", "tmpfs", "none", "/run")
    pathlib.Path("/run/pcscd").mkdir()
    mount("--bind", folder / "run", "/run/pcscd")
    mount("--bind", folder / "none", DRIVERS)


def readers(folder, number, port):
    """Two at once, as vpcd has them: NAME 00 00 and NAME 00 01. It has room for just two: the next
    ones have a driver of their own."""
    name = READER if number == 0 else f"{READER} {number + 1}"
    driver = folder / f"vpcd{number}.so"
    shutil.copy(folder / "vpcd.so", driver)
    (folder / "readers" / f"reader{number}").write_text(
        f'FRIENDLYNAME "{name}"\nDEVICENAME   /dev/null:0x{port:x}\n'
        f"LIBPATH      {driver}\nCHANNELID    0x{port:x}\n")


def die_with_parent():
    ctypes.CDLL(ctypes.util.find_library("c")).prctl(PR_SET_PDEATHSIG, SIGTERM)


def main(folder):
    settings = json.loads((folder / "machine.json").read_text())
    loopback_up()
    own_places(folder)
    maker = attestation.Maker(**settings.get("maker", {}))
    maker.write(folder)
    for number, facts in enumerate(settings["cards"]):
        port = FIRST_PORT + number
        card = Card(folder / f"card{number}", port, maker, facts)
        for work in (card.serve, card.obey):
            threading.Thread(target=work, daemon=True).start()
        if number % 2 == 0:
            readers(folder, number, port)
    with open(folder / "pcscd.log", "wb") as log:
        daemon = subprocess.Popen([PCSCD, "-f", "-c", folder / "readers", *settings.get("pcscd", [])],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  preexec_fn=die_with_parent)
    print("started", flush=True)
    sys.stdin.read()
    daemon.terminate()
    try:
        daemon.wait(5)
    except subprocess.TimeoutExpired:
        daemon.kill()


if __name__ == "__main__":
    main(pathlib.Path(os.path.abspath(sys.argv[1])))

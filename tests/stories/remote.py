"""A token in another place: `p11-kit server` beside it, p11-kit's client module here."""
import contextlib
import glob
import subprocess
import time

import story

PATIENCE = 15
IDLE = 2  # seconds after its last connection at which the server ends by itself


def client():
    """The module that speaks to a server; a skip where it is not."""
    found = sorted(glob.glob("/usr/lib/*/pkcs11/p11-kit-client.so") + glob.glob("/usr/lib64/pkcs11/p11-kit-client.so"))
    if not found:
        story.missing("no p11-kit-client.so on this machine (package p11-kit-modules)")
    return found[0]


def apart(folder, label, env):
    """Moves a SoftHSM token of a story to a folder of its own, so that only a server shows it; gives
    that server's environment."""
    there = folder / "there"
    there.mkdir(mode=0o700)
    for path in list((folder / "tokens").rglob("token.object")):
        if label.encode() in path.read_bytes():
            path.parent.rename(there / path.parent.name)
    conf = there / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {there}\nobjectstore.backend = file\n")
    return {**env, "SOFTHSM2_CONF": str(conf)}


class Server:
    """Serves the tokens that `uri` means, of `module`, on a socket in `folder`."""

    def __init__(self, folder, uri, module, env):
        story.need("p11-kit")
        self.socket = folder / "p11-kit"
        self.words = ["p11-kit", "server", "--foreground", "--timeout", str(IDLE), "--provider", module,
                      "--name", str(self.socket), uri]
        self.server_env, self.process, self.said = env, None, ""
        # What the machine without the token has in its environment.
        self.env = {"P11_KIT_SERVER_ADDRESS": f"unix:path={self.socket}", "SOFTHSM2_CONF": "/nonexistent"}

    def __enter__(self):
        self.process = subprocess.Popen(self.words, env=self.server_env, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        end = time.monotonic() + PATIENCE
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise AssertionError(f"the server does not start: {self.said}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.said += self.process.communicate(timeout=PATIENCE)[0]
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def ends_by_itself(self):
        """Its exit status, once nobody has talked to it for a while."""
        self.said += self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode

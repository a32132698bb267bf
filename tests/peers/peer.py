"""What the peers' tests share: the right python, a web server, a client's folder."""
import contextlib
import functools
import http.server
import importlib.util
import os
import pathlib
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "stories"))

import story  # noqa: E402


def enter_environment():
    """Go on in the environment that install.sh makes; without one the test is skipped."""
    if importlib.util.find_spec("tuf") and os.environ.get("RK_PEERS"):
        return
    made = subprocess.run([HERE / "install.sh"], capture_output=True, text=True, check=False)
    if made.returncode:
        print(made.stderr)
        print("SKIP: the peers' environment cannot be made (see above)")
        sys.exit(1 if story.IN_CI else 77)
    python = made.stdout.split()[-1]
    os.environ["RK_PEERS"] = python
    os.execv(python, [python, "-B", *sys.argv])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    """A folder on a port of 127.0.0.1 that was free; gives its URL."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()

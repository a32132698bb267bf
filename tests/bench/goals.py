"""The goals, one function each: it sets its scene, measures, and gives rows of the table."""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import measure
import scene
import story
from measure import NOT_THERE, Row, alone, faster, judged, pairs, ratio

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import notary_lab  # noqa: E402

KEY_ID = "ab" * 32
MIB = 1024
GOALS = {}


@dataclasses.dataclass
class Sizes:
    """How much is measured: the goals' own sizes, or small ones to see that all of it runs."""
    many: int = 1_000_000  # targets where the goals say a million
    some: int = 10_000
    repositories: int = 1_000
    device: int = 200  # repositories that a device signs for
    small_runs: int = 20
    large_runs: int = 5
    peer_runs: int = 2

    @classmethod
    def quick(cls):
        return cls(many=20_000, some=1_000, repositories=50, device=20, small_runs=5, large_runs=3)


def goal(name, title):
    def note(function):
        GOALS[name] = (title, function)
        return function
    return note


def one_file(bench, key_type="ecdsa-p256"):
    """Keys, and the options that sign a file with one of them."""
    token = bench.keys(key_type)
    return ("--key", token.key_uri("targets"), "--keyid", KEY_ID)


def fresh(path, name="signed.json"):
    """(a copy's path, what makes the copy anew)"""
    copy = path.parent / name
    return copy, lambda: shutil.copyfile(path, copy)


def oneshot(bench, path):
    token = bench.tokens[0]
    return bench.cost(scene.program("oneshot"), story.MODULE, token.label, token.pin_file,
                      "targets", path, bench.folder / "signature")


def passes(bench, path, *what):
    return bench.cost(scene.program("passes"), path, *what)


def peers_python():
    made = subprocess.run([HERE.parent / "peers" / "install.sh"], capture_output=True, text=True,
                          check=False)
    return made.stdout.split()[-1] if made.returncode == 0 else None


def without_peers(name, what):
    return Row(name, what, "skipped: the peers' environment cannot be made", "", None, "")


@goal("G1", "one small file signed, whole process")
def g1(bench, sizes):
    options = one_file(bench)
    path = bench.made(10)
    ours, floor = pairs(sizes.small_runs, lambda: bench.rk_cost("sign", path, *options),
                        lambda: oneshot(bench, path))
    series = {"rootkeep": ours, "oneshot": floor}
    command = "sign FILE --key URI : oneshot"
    return [judged("G1", f"{what} of signing one small file", ratio(ours, floor, of), 1.4, command,
                   series) for what, of in (("CPU", "cpu"), ("wall", "wall"))]


@goal("G2", "the same against HSMSigner")
def g2(bench, sizes):
    python = peers_python()
    if not python:
        return [without_peers("G2", "HSMSigner")]
    token = bench.token("bench")
    bench.pkcs11(token, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "targets",
                 "--id", "02")
    note, theirs_file = bench.folder / "key.json", bench.folder / "theirs.json"
    theirs_file.write_bytes(bench.made(10).read_bytes())
    peer = (python, "-B", HERE / "peer_sign.py")
    env = {"PYKCS11LIB": story.MODULE}
    bench.cost(*peer, "import", note, "2", token.label, token.pin_file, env=env)
    ours, theirs = pairs(
        sizes.small_runs,
        lambda: bench.rk_cost("sign", bench.made(10), "--key", token.key_uri("targets"), "--keyid",
                              KEY_ID),
        lambda: bench.cost(*peer, "sign", note, theirs_file, token.pin_file, env=env))
    return [faster("G2", f"{what} of signing one small file", ratio(ours, theirs, of), 10,
                   "sign FILE --key URI : HSMSigner", {"rootkeep": ours, "HSMSigner": theirs})
            for what, of in (("CPU", "cpu"), ("wall", "wall"))]


def gate(test):
    """A gate that ctest runs too, by its own words and in a folder of its own choice."""
    env = {name: value for name, value in os.environ.items() if name != "RK_TEST_DIR"}
    done = subprocess.run([sys.executable, "-B", HERE / test], capture_output=True, text=True,
                          env=env, check=False)
    return done, re.search(r"^suite: (.*)$", done.stdout, re.M)[1]


@goal("G3", "calls counted")
def g3(_bench, _sizes):
    done, counts = gate("test_calls.py")
    return [Row("G3", "calls to a token, counted", counts, "as the goal says", done.returncode == 0,
                "tests/bench/test_calls.py")]


@goal("G4", "a device of 2 ms is kept busy")
def g4(bench, sizes):
    bench.keys()
    for number in range(sizes.device):
        bench.repository(f"repo-{number}")
    bench.forwarded("C_Sign:*=device2000")
    bench.good("sign", "--all")
    count, busy = scene.device_use(bench.calls())
    return [Row("G4", f"a device of 2 ms, {count} signatures for {sizes.device} repositories",
                f"{100 * busy:.1f} % busy", "≥ 95 %", busy >= 0.95, "sign --all, forward.so")]


def loop(bench, count, size, threads):
    """Signatures a second of the bare loop."""
    token = bench.tokens[0]
    folder = bench.folder / "loop"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    cost = bench.cost(scene.program("loop"), story.MODULE, token.label, token.pin_file, "targets",
                      count, size, threads, folder)
    return cost, count / float(bench.said())


@goal("G5", "a batch against the bare loop")
def g5(bench, sizes):
    bench.keys()
    bench.repositories(sizes.repositories)
    files = [path for path in bench.keep.rglob("metadata/*.json")]
    size = sum(path.stat().st_size for path in files) // len(files)
    rates, costs = [], []
    for _ in range(2):
        bench.good("renew", "--all", "--role", "targets")
        costs.append((bench.rk_cost("sign", "--all"),
                      loop(bench, 3 * sizes.repositories, size, 1)))
    count = 3 * sizes.repositories
    ours = max(count / cost.wall for cost, _ in costs)
    rates = max(rate for _, (_, rate) in costs)
    figures = {"size": size, "rootkeep": [dataclasses.asdict(cost) for cost, _ in costs],
               "loop": [dataclasses.asdict(cost) for _, (cost, _) in costs]}
    share = ours / rates
    return [Row("G5", f"{count} files of {sizes.repositories} repositories, signatures a second, "
                "whole process : loop", f"{ours:.0f} : {rates:.0f}, {100 * share:.1f} %", "≥ 70 %",
                share >= 0.7, f"sign --all : loop {count} {size} 1", figures)]


@goal("G6", "hash bins")
def g6(_bench, _sizes):
    return [Row("G6", "16,384 hash bins", NOT_THERE, "≤ 2.5 ×", None, "no command makes hash bins")]


@goal("G7", "a million sorted targets signed")
def g7(bench, sizes):
    """G10 is about the same runs."""
    rows = []
    path = bench.made(sizes.many)
    for key_type in ("ecdsa-p256", "rsa2048"):
        bench.doCleanups()
        bench.setUp()
        path = bench.made(sizes.many)
        rows += sorted_rows(bench, sizes, path, key_type)
    return rows


def sorted_rows(bench, sizes, path, key_type):
    options = one_file(bench, key_type)
    copy, prepare = fresh(path)
    ours, floor = pairs(sizes.large_runs, lambda: bench.rk_cost("sign", copy, *options),
                        lambda: passes(bench, copy, "1"), prepare)
    series = {"rootkeep": ours, "passes": floor}
    about = f"{sizes.many:,} sorted targets, {key_type}"
    command = "sign FILE --key URI : passes FILE 1"
    return [judged("G7", f"CPU, {about}", ratio(ours, floor, "cpu"), 2.5, command, series),
            judged("G7", f"wall, {about}", ratio(ours, floor, "wall"), 1.5, command, series),
            Row("G10", f"peak memory, {about}", f"{ours.rss / MIB:.1f} MiB", "≤ 16 MiB",
                ours.rss <= 16 * MIB, "sign FILE --key URI")]


@goal("G8", "a million targets: what was there verified")
def g8(bench, sizes):
    bench.keys()
    bench.filled("demo", sizes.many)
    root, targets = bench.newest("root"), bench.newest("targets")
    rows = resigned(bench, sizes, root, targets)
    return rows + edited(bench, sizes, "G8", sizes.many, 2, 15)


def resigned(bench, sizes, root, targets):
    """A file that has a good signature is signed, and that signature verified."""
    copy = bench.folder / "again.json"

    def prepare():
        shutil.copyfile(targets, copy)
    key = bench.tokens[0].key_uri("targets")
    ours, floor = pairs(sizes.large_runs,
                        lambda: bench.rk_cost("sign", copy, "--key", key, "--root", root),
                        lambda: passes(bench, targets, f"2:{bench.folder / 'floor'}"), prepare)
    return [judged("G8", f"CPU, {sizes.many:,} targets, signed again under a root",
                   ratio(ours, floor, "cpu"), 2, "sign FILE --key URI --root ROOT : passes FILE 2:OUT",
                   {"rootkeep": ours, "passes": floor})]


def edit(bench, number, name="demo"):
    """Add one target, sign: both processes."""
    return (bench.rk_cost("target", "add", name, *bench.one_more(f"new/{number}"))
            + bench.rk_cost("sign", name))


def edited(bench, sizes, name, count, most, least):
    numbers = iter(range(1000))
    floor_files = [f"1:{bench.folder / 'floor-1'}", f"2:{bench.folder / 'floor-2'}"]
    runs = sizes.large_runs if count > 100_000 else sizes.small_runs
    ours, floor = pairs(runs, lambda: edit(bench, next(numbers)),
                        lambda: passes(bench, bench.newest("targets"), "1", *floor_files))
    rows = [judged(name, f"CPU, {count:,} targets, target add + sign", ratio(ours, floor, "cpu"), most,
                   "target add, sign : passes FILE 1 1:OUT 2:OUT",
                   {"rootkeep": ours, "passes": floor})]
    return rows + against_tuf(bench, sizes, name, f"{count:,} targets, target add + sign", ours, least)


def against_tuf(bench, sizes, name, about, ours, least):
    python = peers_python()
    if not python:
        return [without_peers(name, "python-tuf")]
    words = (python, "-B", HERE / "peer_edit.py", bench.newest("root"), bench.newest("targets"),
             bench.folder / "theirs.json")
    theirs = alone(sizes.peer_runs, lambda: bench.cost(*words))
    return [faster(name, f"{what}, {about}", ratio(ours, theirs, of), least,
                   "target add, sign : python-tuf", {"rootkeep": ours, "python-tuf": theirs})
            for what, of in (("CPU", "cpu"), ("wall", "wall"))]


@goal("G9", "a million unsorted targets signed")
def g9(bench, sizes):
    options = one_file(bench)
    path = bench.made(sizes.many, "shuffled")
    copy, prepare = fresh(path)
    ours, floor = pairs(sizes.large_runs, lambda: bench.rk_cost("sign", copy, *options),
                        lambda: passes(bench, copy, "1"), prepare)
    limit = 1.2 * path.stat().st_size / 1024 + 32 * sizes.many / 1024
    about = f"{sizes.many:,} unsorted targets"
    return [judged("G9", f"CPU, {about}", ratio(ours, floor, "cpu"), 5,
                   "sign FILE --key URI : passes FILE 1", {"rootkeep": ours, "passes": floor}),
            Row("G9", f"peak memory, {about}", f"{ours.rss / MIB:.1f} MiB",
                f"≤ {limit / MIB:.0f} MiB", ours.rss <= limit, "sign FILE --key URI")]


@goal("G11", "ten thousand targets: one more, signed")
def g11(bench, sizes):
    bench.keys()
    bench.filled("demo", sizes.some)
    numbers = iter(range(1000, 2000))
    ours = alone(sizes.small_runs, lambda: edit(bench, next(numbers)))
    about = f"{sizes.some:,} targets, target add + sign"
    rows = [Row("G11", f"wall, {about}, both processes",
                f"{1000 * ours.least('wall'):.1f} ms ({1000 * ours.median('wall'):.1f})", "≤ 40 ms",
                ours.least("wall") <= 0.04, "target add, sign", {"rootkeep": ours.figures()})]
    rows += against_tuf(bench, sizes, "G11", about, ours, 10)
    return rows + against_notary(bench, sizes)


GUN = "example.com/bench"


def against_notary(bench, sizes):
    """Both in Notary's dialect; what the client gives to its server on this machine is in its time."""
    if not os.access(notary_lab.CLIENT, os.X_OK):
        return [Row("G11", "the same against notary", "skipped: no notary client on this machine", "",
                    None, "")]
    with notary_lab.Lab(bench.folder / "lab") as lab:
        client = notary_lab.Client(lab, bench.folder / "client")
        publish_many(client, sizes.some)
        words = [word for role in ("snapshot", "timestamp") for word in
                 (f"--{role}", bench.write(f"{role}.json", lab.key("example.com/ours", role)))]
        bench.good("init", GUN, "--dialect", "notary", "--root", "root", "--targets", "targets", *words)
        bench.good("target", "add", GUN, "--from", bench.made(sizes.some, form="list"))
        bench.good("sign", GUN)
        numbers = iter(range(1000))
        ours, theirs = pairs(sizes.large_runs, lambda: edit(bench, next(numbers), GUN),
                             lambda: notary_edit(bench, client, next(numbers)))
    return [faster("G11", f"{what}, {sizes.some:,} targets in Notary's dialect", ratio(ours, theirs, of),
                   10, "target add, sign : notary addhash, publish",
                   {"rootkeep": ours, "notary": theirs}) for what, of in (("CPU", "cpu"), ("wall", "wall"))]


def publish_many(client, count):
    """One by one the client would need minutes: its list of changes is written for it."""
    client.good("init", GUN)
    client.good("addhash", GUN, "first", "5", "--sha256", "5a" * 32)
    changes = client.folder / "tuf" / GUN / "changelist"
    first = next(changes.iterdir())
    change = json.loads(first.read_text())
    for number in range(1, count):
        change["path"] = f"file-{number:06}"
        (changes / f"{first.name.split('_')[0]}_{number:06}.change").write_text(json.dumps(change))
    client.good("publish", GUN)


def notary_edit(bench, client, number):
    words = ("addhash", GUN, f"new/{number}", "5", "--sha256", "5a" * 32), ("publish", GUN)
    costs = [bench.cost(*client.command(list(one)), env=client.env) for one in words]
    return costs[0] + costs[1]


@goal("G12", "growth")
def g12(_bench, _sizes):
    done, counts = gate("test_growth.py")
    lines = re.findall(r"^(?:test_.* \.\.\. )?(.*): ([\d.]+) s and ([\d.]+) s, ([\d.]+) times",
                       done.stdout, re.M)
    rows = [Row("G12", what, f"{times} ×", "≤ 12 ×", float(times) <= 12, "tests/bench/test_growth.py",
                {"small": float(small), "large": float(large)}) for what, small, large, times in lines]
    if done.returncode:
        rows.append(Row("G12", "the gate itself", counts, "all pass", False, "tests/bench/test_growth.py"))
    return rows


@goal("G13", "a root key across a thousand repositories")
def g13(_bench, _sizes):
    return [Row("G13", "a root key rotated across 1,000 repositories", NOT_THERE, "≥ 90 % busy", None,
                "no command rotates a key across repositories")]


def run(name, sizes):
    """The rows of a goal, in a scene of its own."""
    bench = scene.Scene()
    bench.setUp()
    try:
        return GOALS[name][1](bench, sizes)
    finally:
        bench.doCleanups()


def as_json(rows):
    return json.dumps([dataclasses.asdict(row) for row in rows], indent=1, ensure_ascii=False)

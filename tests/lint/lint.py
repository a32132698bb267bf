#!/usr/bin/env python3
"""The laws of the house that a compiler does not know.

    lint.py [FOLDER]     judge a source tree (default: the one this file is in); exit 1 on findings
    lint.py --self-test  show that each rule can fail, and that a clean tree passes
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from shown import unshown  # noqa: E402
from source import Source  # noqa: E402

# The one table of floors: the name before the slash of an include, its folder, its height.
FLOORS = {
    "base": ("src/base", 0),
    "world": ("src/world", 1),
    "json": ("src/json", 2),
    "tuf": ("src/tuf", 3),
    "x509": ("src/x509", 3),
    "pkcs11": ("pkcs11", 3),
    "backup": ("backup", 3),
    "keep": ("src/keep", 4),
    "flow": ("src/flow", 5),
    "term": ("src/term", 6),
    "cli": ("src/cli", 7),
    "remote": ("src/remote", 7),
}
NOT_FOR_REMOTE = {"pkcs11", "backup", "flow"}
JOINS_PKCS11 = "src/cli/main.c"
PRODUCT = tuple(folder + "/" for folder, _ in FLOORS.values())
# term asks, and what stands on it may know the time; nobody below.
KNOWS_TIME = ("src/term/", "src/cli/", "src/remote/")
SOCKETS = ("src/remote/", "pkcs11/launcher.c", "pkcs11/channel.c", "pkcs11/desk.c",
    "pkcs11/cell.c", "src/term/confine.c")
LARGEST_FILE = 500
LARGEST_TEST = 600  # a test's scenes stand beside it
LARGEST_FUNCTION = 60

TIME = (r"(?<![\w.>])(time|clock_gettime|gettimeofday|ftime|timespec_get|clock|rand|srand|rand_r|random"
    r"|srandom|drand48|getrandom|getentropy|arc4random\w*|RAND_\w*bytes\w*)\s*\(")
PRINT = (r"\b(v?f?printf|v?dprintf|f?puts|fput[cs]|putc|putchar|perror|psignal|v?warnx|v?errx"
    r"|write(?=\(\s*(?:STDOUT_FILENO|STDERR_FILENO|[12])\s*,)|fwrite(?=\([^;]*\bstd(?:out|err)\b))\s*\(")
# Words of the lowest floors that everybody uses, shorter than their room.
ALPHABET = {
    "error": {"fail", "wrap", "advise", "recode", "join", "out"},
    "buf": {"hex", "unhex", "unbase64", "strdup", "strndup", "strdupf"},
    "datetime": {"time"},
    "show": {"utf8"},
    "env": {"sayf", "say"},
    "signature": {"sha256", "ecdsa"},
}


class Tree:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.sources = [Source(path, (self.folder / path).read_text(encoding="utf-8"))
            for path in sorted(self.paths())]
        self.product = [source for source in self.sources if source.path.startswith(PRODUCT)]
        self.headers = [source for source in self.sources if source.path.endswith(".h")]

    def paths(self):
        for top in ("src", "pkcs11", "backup", "tests"):
            for path in (self.folder / top).rglob("*.[ch]"):
                yield path.relative_to(self.folder).as_posix()


def floor_of(path):
    return next((name for name, (folder, _) in FLOORS.items() if path.startswith(folder + "/")), "")


def the_build_agrees(tree):
    """What CMakeLists.txt gives a floor to include lies below it by the table here."""
    path = tree.folder / "CMakeLists.txt"
    build = Source("CMakeLists.txt", path.read_text(encoding="utf-8") if path.exists() else "")
    for match in re.finditer(r"^rk_floor\((\w+) (\S+)(?: BELOW ([a-z0-9 ]+))?", build.text, re.M):
        name, folder, below = match.groups()
        if FLOORS.get(name, ("", 0))[0] != folder:
            yield build, match.start(), f"{name} in {folder} is not in the table of floors"
            continue
        for lower in (below or "").split():
            if lower not in FLOORS or FLOORS[lower][1] >= FLOORS[name][1]:
                yield build, match.start(), f"{lower} does not lie below {name}"


def includes(source):
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', source.code, re.M):
        yield match.start(), match.group(1), match.group(2)


def includes_point_down(tree):
    """An include points down, never up or sideways; src/cli/main.c alone joins pkcs11."""
    for source in tree.product:
        here = floor_of(source.path)
        for at, kind, name in includes(source):
            there = name.split("/")[0] if "/" in name else ""
            if kind == "<":
                continue
            if there not in FLOORS:
                yield source, at, f"{name} is not on a floor (write floor/room.h)"
            elif there == "pkcs11" and here != "pkcs11" and source.path != JOINS_PKCS11:
                yield source, at, f"{name}: only {JOINS_PKCS11} joins pkcs11"
            elif here == "remote" and there in NOT_FOR_REMOTE:
                yield source, at, f"{name} is not for src/remote"
            elif there != here and FLOORS[there][1] >= FLOORS[here][1]:
                yield source, at, f"{name} does not lie below {here}"


def libraries_stay_home(tree):
    """p11-kit in pkcs11/, cJSON in src/json, curl in src/remote, sockets where they are allowed."""
    homes = (
        (r"^p11-kit/|^pkcs11\.h", r"\b(p11_kit_\w+|P11Kit\w+|CK_[A-Z]\w*|CK[RAOKMFU]_\w+)\b", ("pkcs11/",)),
        (r"^cjson/|^cJSON", r"\bcJSON\w*\b", ("src/json/",)),
        (r"^curl/", r"\b(curl_\w+|CURL\w*)\b", ("src/remote/",)),
        (r"^(sys/socket|netdb|arpa/|netinet/|sys/un)", r"\b(socket|socketpair|connect|getaddrinfo)\s*\(",
            SOCKETS),
    )
    for source in tree.product:
        code = re.sub(r"^[ \t]*#[ \t]*include.*", lambda line: " " * len(line.group()), source.bare,
            flags=re.M)
        for header, words, allowed in homes:
            if source.path.startswith(allowed):
                continue
            for at, _, name in includes(source):
                if re.search(header, name):
                    yield source, at, f"<{name}> belongs in {allowed[0]}"
            for match in re.finditer(words, code):
                yield source, match.start(), f"{match.group().strip('( ')} belongs in {allowed[0]}"


def the_outside_is_injected(tree):
    """The clock and randomness of the system are taken at the top and handed down."""
    for source in tree.product:
        if source.path.startswith(KNOWS_TIME):
            continue
        for match in re.finditer(TIME, source.bare):
            yield source, match.start(), f"{match.group(1)}() below src/term: ask rk_env"
        for match in re.finditer(r"/dev/u?random", source.code):
            yield source, match.start(), "randomness below src/term: ask rk_env"


def sizes_are_small(tree):
    """Files to 500 lines (tests: 600), functions to 60."""
    for source in tree.sources:
        lines = source.text.count("\n")
        largest = LARGEST_TEST if source.path.startswith("tests/") else LARGEST_FILE
        if lines > largest and source.functions + [1][: source.path.endswith(".h")]:
            yield source, 0, f"{lines} lines, more than {largest}"
        for function in source.functions:
            if function.length > LARGEST_FUNCTION:
                yield (source, function.begin,
                    f"{function.name} has {function.length} lines, more than {LARGEST_FUNCTION}")


def nouns_of(header):
    """What the names of a header may begin with: its own noun, and those of its types."""
    stem = pathlib.PurePosixPath(header.path).stem.replace("_private", "")
    nouns = {stem, stem.rstrip("s"), stem + "s"} | ALPHABET.get(stem, set())
    nouns |= set(re.findall(r"\b(?:struct|enum|union) rk_(\w+)", header.bare))
    return nouns | set(re.findall(r"\brk_(\w+);", header.bare))


def headers_of(source, tree):
    """room_part.c belongs to room_part.h, room.h and their _private.h."""
    folder, name = source.path.rsplit("/", 1)
    parts = name.rsplit(".", 1)[0].split("_")
    stems = {"_".join(parts[:count]) for count in range(1, len(parts) + 1)}
    wanted = {f"{folder}/{stem}{end}.h" for stem in stems for end in ("", "_private")}
    return [header for header in tree.headers if header.path in wanted]


def begins_with(name, nouns):
    return any(name == "rk_" + noun or name.startswith(f"rk_{noun}_") for noun in nouns if noun)


def names_have_a_noun(tree):
    """What a file exports begins with rk_ and its own noun, and stands in its own header."""
    for source in tree.product:
        if not source.path.endswith(".c"):
            continue
        parts = pathlib.PurePosixPath(source.path).stem.split("_")
        nouns = {"_".join(parts[:count]) for count in range(1, len(parts) + 1)}
        homes = headers_of(source, tree)
        nouns |= {"cmd"} if floor_of(source.path) in ("cli", "remote") else set()
        nouns = nouns.union(*(nouns_of(header) for header in homes))
        for function in source.functions:
            if not function.static and function.name != "main" and not begins_with(function.name, nouns):
                yield source, function.begin, f"{function.name} does not begin with the room's noun"
        for match in re.finditer(r"^(?!static|typedef|extern)[a-z][\w \t*]*?\b(\w+)(\[[^\]]*\])* = ",
                source.bare, re.M):
            if not match.group(1).startswith("rk_"):
                yield source, match.start(), f"{match.group(1)} is exported without rk_"


def only_term_prints(tree):
    """Nothing below or beside src/term writes to the terminal."""
    for source in tree.product:
        if source.path.startswith("src/term/"):
            continue
        for match in re.finditer(PRINT, source.bare):
            yield source, match.start(), f"{match.group(1)}() outside src/term"


def foreign_text_is_shown(tree):
    """A %s in a message is a word of ours or goes through RK_SHOW."""
    headers = [header for header in tree.headers if header in tree.product]
    for source, at, argument in unshown(tree.product, headers):
        yield source, at, f"{' '.join(argument.split())} in a message without RK_SHOW"


def no_code_knows_of_tests(tree):
    """No #ifdef TEST, and nothing left to do later."""
    for source in tree.product:
        for match in re.finditer(r"^[ \t]*#[ \t]*(?:el)?if.*\w*(?:(?<!AT)TEST|FUZZ)\w*.*$", source.code, re.M):
            yield source, match.start(), f"{match.group().strip()}: product code knows about tests"
        for match in re.finditer(r"\b(TODO|FIXME|XXX|HACK)\b", source.text):
            yield source, match.start(), f"{match.group()} is left in the code"


def headers_introduce_themselves(tree):
    """A header opens with what it is: name.h - and its paragraph."""
    for header in tree.headers:
        name = header.path.rsplit("/", 1)[-1]
        if not header.text.startswith(f"/*\n * {name} - ") and header in tree.product:
            yield header, 0, f"it does not open with '{name} - what it is'"


def headers_compile_alone(tree):
    """A header includes what it uses."""
    compiler = shutil.which(os.environ.get("CC", "gcc")) or shutil.which("cc")
    if not compiler or not tree.headers:
        return
    flags = subprocess.run(["pkg-config", "--cflags", "p11-kit-1"], capture_output=True, text=True,
        check=False).stdout.split()
    roots = [f"-I{tree.folder / root}" for root in ("src", ".", "tests")]

    def compile_one(header):
        command = [compiler, "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-x", "c",
            *roots, *flags, str(tree.folder / header.path)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        first = next((line for line in result.stderr.splitlines() if ": error:" in line), "")
        return header, result.returncode, first.split(": error: ")[-1]

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for header, status, first in pool.map(compile_one, tree.headers):
            if status != 0:
                yield header, 0, f"it does not compile alone: {first}"


RULES = (
    the_build_agrees,
    includes_point_down,
    libraries_stay_home,
    the_outside_is_injected,
    sizes_are_small,
    names_have_a_noun,
    only_term_prints,
    foreign_text_is_shown,
    no_code_knows_of_tests,
    headers_introduce_themselves,
    headers_compile_alone,
)


def judge(folder):
    """Every finding as (rule, path, line, sentence)."""
    tree = Tree(folder)
    return [(rule.__name__, source.path, source.line(at), sentence)
        for rule in RULES for source, at, sentence in rule(tree)]


def self_test():
    from samples import CLEAN, SAMPLES

    failures = []
    for sample in ({"rule": None, "says": "", "files": {}}, *SAMPLES):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**CLEAN, **sample["files"]}.items():
                target = pathlib.Path(folder, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            found = judge(folder)
        wanted = [one for one in found if one[0] == sample["rule"] and sample["says"] in one[3]]
        if len(found) != len(wanted) or bool(wanted) != bool(sample["rule"]):
            failures.append(f"{sample['rule'] or 'clean'} / {sample['says']}: {found}")
    untried = {rule.__name__ for rule in RULES} - {sample["rule"] for sample in SAMPLES}
    failures += [f"{name} has no sample that breaks it" for name in sorted(untried)]
    print("\n".join(failures) or f"{len(SAMPLES)} broken trees found, one clean tree passed")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    folder = arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[2]
    found = judge(folder)
    for rule, path, line, sentence in found:
        print(f"{path}:{line}: {sentence} [{rule}]")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Small trees for lint.py --self-test: a clean one, and one broken thing at a time."""

BASE = """/*
 * error.h - what went wrong
 */
#ifndef E_H
#define E_H
#define RK_PRINTF(f, a) __attribute__((format(printf, f, a)))
typedef struct rk_error rk_error;
rk_error *rk_fail(int code, const char *remedy, const char *fmt, ...) RK_PRINTF(3, 4);
#endif
"""

ROOM = """/*
 * room.h - a room
 */
#ifndef R_H
#define R_H
#include "base/error.h"
struct rk_thing {
	const char *label;
};
enum rk_kind { RK_KIND_A };
const char *rk_kind_name(enum rk_kind kind);
rk_error *rk_room_open(const char *label);
#endif
"""

CODE = """#include "tuf/room.h"

#include "base/error.h"

/* printf("%s", time(NULL)) in a comment is no call; neither is the word cJSON. */
static const char *const words[] = {"time(", "rand("};

static rk_error *
refuse(const char *what, const char *label)
{
	return rk_fail(1, "say printf( or cJSON", "%s %s of %d%%: %s", what, RK_SHOW(label), 1, words[0]);
}

const char *
rk_kind_name(enum rk_kind kind)
{
	return kind == RK_KIND_A ? "a" : "b";
}

rk_error *
rk_room_open(const char *label)
{
	const char *verb = label ? "open" : rk_kind_name(RK_KIND_A);

	if (!label)
		return rk_fail(1, 0, "cannot %s it", verb);
	return refuse("cannot open", label);
}
"""

MAIN = """#include "pkcs11/client.h"
#include "tuf/room.h"

#include <time.h>

int
main(void)
{
	return time(NULL) == 0;
}
"""

CLEAN = {
    "CMakeLists.txt": "rk_floor(base src/base LIBS a)\nrk_floor(tuf src/tuf BELOW base world LIBS b)\n",
    "src/base/error.h": BASE,
    "src/tuf/room.h": ROOM,
    "src/tuf/room.c": CODE,
    "src/cli/main.c": MAIN,
    "src/term/render.c": "#include <stdio.h>\n\nvoid\nrk_render_line(void)\n{\n\tputs(\"\");\n}\n",
    "pkcs11/client.h": "/*\n * client.h - a client\n */\n#include \"base/error.h\"\n",
    "tests/unit/test_room.c": "#include \"tuf/room.h\"\n",
}


def broken(rule, says, path, text):
    return {"rule": rule, "says": says, "files": {path: text}}


def added(rule, says, path, line):
    """The clean file with a line more at its end."""
    return broken(rule, says, path, CLEAN.get(path, "") + line + "\n")


def function(body, name="rk_room_more", head="void"):
    return f"{head}\n{name}(void)\n{{\n{body}\n}}"


ROOM_C = "src/tuf/room.c"
ALLOWED_PRINT = function('\tprintf("x");')

SAMPLES = (
    added("the_build_agrees", "flow does not lie below keep", "CMakeLists.txt",
        "rk_floor(keep src/keep BELOW base flow)"),
    added("the_build_agrees", "not in the table", "CMakeLists.txt", "rk_floor(attic src/attic)"),
    added("includes_point_down", "does not lie below tuf", ROOM_C, '#include "flow/plan.h"'),
    added("includes_point_down", "does not lie below tuf", ROOM_C, '#include "x509/rootcert.h"'),
    added("includes_point_down", "does not lie below base", "src/base/error.h", '#  include "json/scan.h"')
    | {"files": {"src/base/more.c": '#  include "json/scan.h"\n'}},
    added("includes_point_down", "joins pkcs11", ROOM_C, '#include "pkcs11/client.h"'),
    added("includes_point_down", "joins pkcs11", "src/cli/cmd_key.c", '#include "pkcs11/client.h"'),
    added("includes_point_down", "not on a floor", ROOM_C, '#include "room.h"'),
    added("includes_point_down", "not for src/remote", "src/remote/main.c", '#include "flow/plan.h"'),
    added("includes_point_down", "does not lie below cli", "src/cli/cmd_key.c", '#include "remote/http.h"'),
    added("libraries_stay_home", "p11-kit", "src/world/token.c", "#include <p11-kit/uri.h>"),
    added("libraries_stay_home", "CK_RV", "src/world/token.c", "static CK_RV last;"),
    added("libraries_stay_home", "cJSON", ROOM_C, "static cJSON *document;"),
    added("libraries_stay_home", "cjson/cJSON.h", ROOM_C, "#include <cjson/cJSON.h>"),
    added("libraries_stay_home", "curl/curl.h", "src/flow/fetch.c", "#include <curl/curl.h>"),
    added("libraries_stay_home", "sys/socket.h", "pkcs11/sign.c", "#include <sys/socket.h>"),
    added("libraries_stay_home", "connect", "src/cli/spawn.c", "static int a = connect(1, 2, 3);"),
    added("the_outside_is_injected", "time()", ROOM_C, function("\ttime(NULL);")),
    added("the_outside_is_injected", "clock_gettime()", "pkcs11/jobs.c",
        function("\tclock_gettime(0, 0);", "rk_jobs_wait")),
    added("the_outside_is_injected", "RAND_bytes()", "src/flow/sign.c",
        function("\tRAND_bytes(0, 0);", "rk_sign_all")),
    added("the_outside_is_injected", "randomness", ROOM_C, 'static const char p[] = "/dev/urandom";'),
    added("sizes_are_small", "lines, more than 500", ROOM_C, "\n" * 500),
    added("sizes_are_small", "61 lines", ROOM_C, function("\n".join(["\t;"] * 61))),
    added("names_have_a_noun", "rk_other_thing", ROOM_C, function("", "rk_other_thing")),
    added("names_have_a_noun", "helper", ROOM_C, function("", "helper")),
    added("names_have_a_noun", "shared is exported", ROOM_C, "int shared = 1;"),
    added("only_term_prints", "printf()", ROOM_C, ALLOWED_PRINT),
    added("only_term_prints", "fputs()", "src/cli/cmd_key.c", function("\tfputs(a, stderr);", "rk_cmd_key")),
    added("only_term_prints", "write()", ROOM_C, function("\twrite(2, a, 3);")),
    added("only_term_prints", "fwrite()", ROOM_C, function("\tfwrite(a, 1, 2, stdout);")),
    added("foreign_text_is_shown", "thing->label", ROOM_C,
        "rk_error *\nrk_room_shut(const struct rk_thing *thing)\n{\n"
        '\treturn rk_fail(1, 0, "cannot shut %s", thing->label);\n}'),
    added("foreign_text_is_shown", "what", ROOM_C,
        "void\nrk_room_all(const struct rk_thing *thing)\n{\n\trefuse(thing->label, 0);\n}"),
    added("foreign_text_is_shown", "name", ROOM_C,
        "rk_error *\nrk_room_find(const struct rk_thing *thing)\n{\n\tconst char *name = thing->label;\n\n"
        '\treturn rk_fail(1, 0, "%-*s %zu", 7, name, 1);\n}'),
    added("foreign_text_is_shown", "thing->label", ROOM_C,
        "rk_error *\nrk_room_pass(const struct rk_thing *thing)\n{\n"
        "\treturn rk_fail(1, 0, thing->label);\n}"),
    added("no_code_knows_of_tests", "#ifdef TEST", ROOM_C, "#ifdef TEST\n#endif"),
    added("no_code_knows_of_tests", "RK_UNIT_TESTS", ROOM_C, "#if defined(RK_UNIT_TESTS)\n#endif"),
    added("no_code_knows_of_tests", "is left in the code", ROOM_C, "/* TODO: the rest */"),
    broken("headers_introduce_themselves", "does not open with", "src/tuf/bare.h", "int a;\n"),
    broken("headers_compile_alone", "does not compile alone", "src/tuf/alone.h",
        "/*\n * alone.h - needs a friend\n */\nuint8_t a;\n"),
)

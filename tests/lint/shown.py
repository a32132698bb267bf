"""Does a %s in a message come from us, or from outside and not through RK_SHOW?"""

import re

from source import split, without

SAFE_CALL = re.compile(
    r"(RK_SHOW\w*|RK_TIME|rk_show_\w+|rk_time_\w+|rk_\w+_hex|rk_refusal_name|strsignal|rk_error_message|rk_error_remedy"
    r"|p11_kit_uri_message)\s*\(")
# Members that hold our own or already shown words, and where that is said.
OURS = re.compile(
    r"(?:\w+->)*(?:"
    r"(?:token|target|opened|channel|jobs)->(?:token_)?name"  # world/token.h: "already safe to print"
    r"|key->why"  # tuf/key.h: "a sentence, safe to print"
    r"|plan->title|steps\[\w+\]\.text"  # made by rk_plan_new and rk_plan_add, which are judged
    r"|(?:program|option|nearest|next|options\[\w+\]|run|line|kind)(?:->|\.)"
    r"(?:name|metavar|version|topic|option)"  # term/command.h: the command table
    r"|scheme->name|rk_pubkey_curve_by_bits\([^()]*\)->ssh"  # world's own tables
    r"|request(?:->|\.)(?:kind|question)"  # world/env.h: ours or shown
    r"|(?:\w+->)*(?:known|key)->(?:name|fingerprint)"  # keep/keep.h: a name of [A-Za-z0-9._-], hex
    r"|pending->why|pending->missing\[\w+\]"  # flow/signing.h: "safe to print"
    r"|outcome->(?:signatures|absent)\[\w+\]\.(?:key|token|reason)"  # likewise
    r"|(?:\w+->)*dialect->title"  # tuf/dialect.h: a table
    r"|(?:\w+->)*(?:sigs|keys)\[\w+\](?:->|\.)why"  # tuf/verify.h, key.h: "safe to print"
    r"|finding->(?:sentence|remedy)|line->sentence|sig->why"  # chain.h, check.h, compare.h: likewise
    r"|(?:\w+->)*rule->(?:id|sentence|remedy)"  # tuf/lint.h: tables
    r"|made->(?:key|token)|sign->what|rk_filesign_what\(sign\)"  # flow/filesign.h: likewise
    r"|\w+(?:->|\.)judges?\[\w+\]\.under|judge->under"  # flow/repo.h: a phrase of ours
    r")$")
# In root metadata the four roles have the house's names.
OURS_IN = {
    "src/tuf/root.c": re.compile(r"role->name$"),
    "src/tuf/verify.c": re.compile(r"under$"),  # verify.h: a phrase of ours
    "src/tuf/chain.c": re.compile(r"rk_buf_str\(&text\)$"),  # of functions with RK_PRINTF
    "src/tuf/lint_header.c": re.compile(r"name$"),  # a table of members
    "src/tuf/lint_roles.c": re.compile(r"panel->name$"),  # lint_private.h: "safe to print"
    "src/flow/hands.c": re.compile(r"purpose$"),  # hands.h: what the caller is about to do
    "src/flow/edit_role.c": re.compile(r"edit->role$"),
    "src/flow/signing_derive.c": re.compile(r"doc->role$"),
    "src/flow/custody_record.c": re.compile(r"rule->(?:unknown|wrong)$"),  # a table
    "src/cli/cmd_rehearse.c": re.compile(r"(?:command|act)$"),  # of flow/rehearse.c's table
    "src/cli/cmd_renew.c": re.compile(r"rk_buf_str\(&line\)$"),  # certwatch.h
    "src/cli/cmd_status.c": re.compile(  # keys' names; certwatch.h; attestview.h
        r"(?:rk_buf_str\(&(?:who|line|sworn)\)|amiss->names\[i\])$"),
    "src/cli/verifyview.c": re.compile(r"(?:under|judge->(?:warnings|amiss)->names\[i\])$"),  # judge.h
    "src/cli/attestview.c": re.compile(  # tables and hex of x509/attestation.h
        r"(?:rk_attestation_(?:pin|touch)_name\(attestation->\w+\)|attestation->root_sha256"
        r"|advisory->(?:name|text))$"),
    "src/cli/cmd_key_attest.c": re.compile(r"bench->unmet->names\[i\]$"),  # attestation_require.h
    "src/flow/attest_policy.c": re.compile(r"rk_buf_str\(&names\)$"),  # keys' names
    "src/flow/keyimport.c": re.compile(r"rk_buf_str\(&place\)$"),  # keyplace.h
    "src/flow/custody_generate.c": re.compile(r"rk_buf_str\(&place\)$"),  # likewise
    "src/flow/hands_login.c": re.compile(r"want->token$"),  # pins.h: "safe to print"
    "src/flow/pins.c": re.compile(r"want->(?:token|purpose)$"),  # pins.h: "safe to print", "shown"
    "src/flow/factory.c": re.compile(r"rk_buf_str\(&(?:words|commands)\)$"),  # a table; a URI, shown
    "src/flow/tokens_probe.c": re.compile(r"(?:question->name|why)$"),  # tokens.h; keep/probes.h
    "src/flow/audit.c": re.compile(r"audit->absent\[\w+\]\.why$"),  # audit.h: "safe to print"
    "src/cli/cmd_token_audit.c": re.compile(r"(?:audit->absent\[\w+\]\.why|row->what)$"),  # likewise
    "src/keep/journal.c": re.compile(r"torn_note\(&walk\.head\)$"),
    "src/keep/keep_key_find.c": re.compile(r"rk_buf_str\(&search->names\)$"),  # keys' names
    "src/cli/cmd_target.c": re.compile(r"what->action$"),  # two commands' names
}
# Functions with RK_PRINTF that make data, not messages.
DATA = re.compile(r"rk_(buf|strdup)")
LITERAL = re.compile(r'(?:L?"(?:\\.|[^"\\])*"|[A-Z][A-Z0-9_]*|\s)+$')
CONVERSION = re.compile(r"%%|%[-+ #0]*(\*|\d+)?(?:\.(\*|\d+))?(?:hh|h|ll|l|z|j|t)?([a-zA-Z])")
BUILDERS = {"rk_buf_text", "rk_buf_printf", "rk_buf_hex", "rk_buf_byte", "rk_show_append",
    "rk_show_bare", "rk_hashwords_append", "rk_hashwords_line"}
FILLERS = r"(?:rk_show_\w+|rk_time_\w+|rk_hex|strerror_r|rk_\w*fingerprint\w*)"


def sinks(headers):
    """name -> place of its format, for every message function of the headers."""
    found = {}
    for header in headers:
        for match in re.finditer(r"\b(\w+)\(([^;{}]*?)\)\s*RK_PRINTF\((\d+),\s*(\d+)\)", header.bare):
            if int(match.group(4)) > 0 and not DATA.match(match.group(1)):
                found[match.group(1)] = int(match.group(3)) - 1
    return found


def own_words(headers):
    """Functions from an enum to a word: the words are ours."""
    return {
        match.group(1)
        for header in headers
        for match in re.finditer(r"const char \*\s*(\w+)\(enum \w+ \w+\)", header.bare)
    }


def conversions(literal):
    """The conversion letters of a format, one for each argument."""
    letters = []
    for match in CONVERSION.finditer(literal):
        if match.group() != "%%":
            letters += ["*" for part in match.groups()[:2] if part == "*"] + [match.group(3)]
    return letters


class Judge:
    def __init__(self, sources, headers):
        self.sources = sources
        self.own = own_words(headers)
        self.seen = {}
        self.table_kinds = {kind for source in sources
            for kind in re.findall(r"^(?:static )?const struct (\w+) \w+\[", source.bare, re.M)}

    def is_safe(self, source, function, text):
        text = text.strip()
        while text.startswith("(") and text.endswith(")"):
            text = text[1:-1].strip()
        bare = without(text, strings=True)
        parts = split(text, bare, "?")
        if len(parts) > 1:
            branches = split(text[len(parts[0]) :].lstrip(" \n\t?"), bare[len(parts[0]) :].lstrip(" \n\t?"), ":")
            return all(self.is_safe(source, function, branch) for branch in branches)
        if LITERAL.match(text) or SAFE_CALL.match(text) or OURS.match(text):
            return True
        if re.match(r"rk_buf_str\(&sightings->failures\)$", text):
            return True  # pkcs11/locate.c: sentences of errors
        if source.path in OURS_IN and OURS_IN[source.path].match(text):
            return True
        built = re.match(r"rk_buf_str\(&?(\w+)\)$", text) or re.match(r"(\w+)\.data$", text)
        if built:
            return self.is_built_ours(source, function, built.group(1))
        call = re.match(r"(?!RK_)(\w+)\s*\(", text)
        if call:
            return call.group(1) in self.own or self.returns_ours(call.group(1))
        member = re.match(r"(\w+)(?:\[[^\]]*\])?(?:->|\.)\w+$", text)
        if member:
            return self.is_table(source, function, member.group(1))
        taken = re.match(r"RK_TAKE\((\w+)\)$", text)
        name = taken or re.match(r"(\w+)(\[[^\]]*\])*$", text)
        return bool(name) and self.is_ours(source, function, name.group(1))

    def is_ours(self, source, function, name):
        """A variable or a parameter that is only ever given our own words."""
        key = (source.path, function.name if function else "", name)
        if key not in self.seen:
            self.seen[key] = True  # of a circle, what comes from outside it decides
            self.seen[key] = self.find_out(source, function, name)
        return self.seen[key]

    def find_out(self, source, function, name):
        if not function:
            return False
        if name in function.parameters:
            return self.is_given_ours(source, function, function.parameters.index(name))
        body = source.code[function.begin : function.end]
        bare = source.bare[function.begin : function.end]
        given = [split(body[m.end() :], bare[m.end() :].replace(";", ","), ",")[0]
            for m in re.finditer(rf"(?<![\w.>]){name}(?:\[\w*\])*\s*=(?!=)", bare)]
        filled = re.search(rf"\b{FILLERS}\({name}\b", bare)
        table = re.search(rf"^static const char \*?(?:const )?\*?(?:const )?{name}\[.*?\]", source.bare, re.M)
        if table or filled:
            return True
        given = [part for part in given if part not in ("NULL", '""')]
        made = list(self.makers(source, function, name))
        return bool(given or made) and all(made) and all(
            self.is_safe(source, function, part) for part in given)

    def makers(self, source, function, name):
        """For each call that may fill `name`: does it fill it with our own words?"""
        for call in source.calls({r"rk_\w+", r"[a-z]\w*"}):
            if not function.begin < call.at < function.end or "&" + name not in call.arguments:
                continue
            if call.name == "rk_strdupf":
                yield self.formats_ours(source, function, call.arguments[1:])
                continue
            for other, maker in self.homes(call.name):
                yield self.outputs_ours(other, maker, call.arguments.index("&" + name))

    def homes(self, name):
        return [(source, function) for source in self.sources for function in source.functions
            if function.name == name]

    def outputs_ours(self, source, function, place):
        output = function.parameters[place] if place < len(function.parameters) else ""
        body = source.code[function.begin : function.end]
        given = re.findall(rf"\*{output} = ([^;]*);", body)
        made = [self.formats_ours(source, function, call.arguments[1:])
            for call in source.calls({"rk_strdupf"})
            if function.begin < call.at < function.end and call.arguments[0] == output]
        return bool(given or made) and all(made) and all(
            self.is_safe(source, function, part) for part in given)

    def is_table(self, source, function, name):
        """A row of a constant table of the same file."""
        array = re.search(
            rf"^(?:static )?const \w+ (?:\w+ )?\*?(?:const )?{name}\[|^}} {name}\[", source.bare, re.M)
        if array or not function:
            return bool(array)
        head = source.bare[: function.end].rsplit("\n}\n", 1)[-1]
        kinds = re.findall(rf"const struct (\w+) \*{name}\b", head)
        return bool(kinds) and all(kind in self.table_kinds for kind in kinds)

    def formats_ours(self, source, function, arguments):
        literal = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', arguments[0]))
        return all(
            letter not in "sS" or self.is_safe(source, function, argument)
            for letter, argument in zip(conversions(literal), arguments[1:]))

    def is_built_ours(self, source, function, name):
        """A buffer of this function into which only our own or shown words go."""
        into = [call for call in source.calls(BUILDERS)
            if function.begin < call.at < function.end
            and re.fullmatch(rf"&?{name}", call.arguments[0])]
        passed = [self.is_built_ours(other, builder, builder.parameters[place])
            for call in source.calls({r"[a-z]\w*"})
            if function.begin < call.at < function.end and call.name not in BUILDERS
            for place, argument in enumerate(call.arguments)
            if argument == "&" + name or (argument == name and call.name != "rk_buf_str")
            for other, builder in self.homes(call.name)
            if not call.name.startswith("rk_buf_") and place < len(builder.parameters)]
        return bool(into or passed) and all(passed) and all(
            self.formats_ours(source, function, call.arguments[1:])
            if call.name == "rk_buf_printf"
            else call.name != "rk_buf_text" or self.is_safe(source, function, call.arguments[1])
            for call in into)

    def is_given_ours(self, source, function, place):
        among = [source] if function.static else self.sources
        calls = [(other, call) for other in among for call in other.calls({function.name})
            if other.function_at(call.at)]
        return all(
            len(call.arguments) > place
            and self.is_safe(other, other.function_at(call.at), call.arguments[place])
            for other, call in calls)

    def returns_ours(self, name):
        returned = [(source, function, part)
            for source, function in self.homes(name)
            for part in re.findall(r"\breturn\b([^;]*);", source.code[function.begin : function.end])]
        key = ("", "", name)
        if key not in self.seen:
            self.seen[key] = True
            self.seen[key] = bool(returned) and all(
                self.is_safe(source, function, part) for source, function, part in returned)
        return self.seen[key]


def unshown(sources, headers):
    """(source, position, argument) of each %s that may be foreign."""
    places = sinks(headers)
    judge = Judge(sources, headers)
    if not places:
        return
    for source in sources:
        for call in source.calls(places):
            place = places[call.name]
            function = source.function_at(call.at)
            if not function or len(call.arguments) <= place:
                continue
            literal = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', call.arguments[place]))
            if not literal:
                if not judge.is_safe(source, function, call.arguments[place]):
                    yield source, call.at, call.arguments[place]
                continue
            for letter, argument in zip(conversions(literal), call.arguments[place + 1 :]):
                if letter in "sS" and not judge.is_safe(source, function, argument):
                    yield source, call.at, argument

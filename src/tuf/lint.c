#include "tuf/lint_private.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 20 /* listed for each kind of finding in a file */

static const char *const client_names[RK_LINT_CLIENT_COUNT] = {
    [RK_LINT_PYTHON_TUF] = "python-tuf",
    [RK_LINT_GO_TUF] = "go-tuf",
    [RK_LINT_TOUGH] = "tough",
    [RK_LINT_TUF_JS] = "tuf-js",
    [RK_LINT_NOTARY] = "notary",
    [RK_LINT_DOCKER] = "docker",
};

static const struct rk_lint_table *const tables[] = {
    &rk_lint_text_table,
    &rk_lint_header_table,
    &rk_lint_keys_table,
    &rk_lint_roles_table,
    &rk_lint_delegations_table,
    &rk_lint_files_table,
    &rk_lint_size_table,
    &rk_lint_notary_table,
    &rk_lint_docker_table,
};
static const size_t table_count = sizeof(tables) / sizeof(tables[0]);

static rk_error *examine_tuf(struct rk_lint_at *at);

static rk_error *examine_notary(struct rk_lint_at *at);

static const struct rk_lint_reading readings[] = {
    {&rk_dialect_tuf, RK_LINT_TUF, true, examine_tuf},
    {&rk_dialect_notary, RK_LINT_DCT, false, examine_notary},
};
static const size_t reading_count = sizeof(readings) / sizeof(readings[0]);

const char *
rk_lint_client_name(enum rk_lint_client client)
{
	return client_names[client];
}

rk_error *
rk_lint_client_by_name(const char *name, enum rk_lint_client *ret_client)
{
	RK_AUTO_BUF(known);

	for (int i = 0; i < RK_LINT_CLIENT_COUNT; i++) {
		if (strcmp(client_names[i], name) == 0) {
			*ret_client = (enum rk_lint_client)i;
			return NULL;
		}
		rk_buf_printf(&known, "%s%s", i ? ", " : "", client_names[i]);
	}
	return rk_advise(
	    rk_fail(RK_E_NOT_FOUND, NULL, "%s is no client that lint knows", RK_SHOW(name)),
	    "use some of: %s", rk_buf_str(&known));
}

static const struct rk_lint_reading *
reading_of(const rk_dialect *dialect)
{
	for (size_t i = 0; i < reading_count; i++)
		if (readings[i].dialect == dialect)
			return &readings[i];
	return &readings[0];
}

unsigned
rk_lint_clients_of(const rk_dialect *dialect)
{
	unsigned all = 0;

	for (size_t i = 0; i < reading_count; i++)
		if (!dialect || readings[i].dialect == dialect)
			all |= readings[i].clients;
	return all;
}

size_t
rk_lint_rule_count(void)
{
	size_t count = 0;

	for (size_t i = 0; i < table_count; i++)
		count += tables[i]->count;
	return count;
}

const rk_lint_rule *
rk_lint_rule_at(size_t index)
{
	for (size_t i = 0; i < table_count; i++) {
		if (index < tables[i]->count)
			return &tables[i]->rules[index];
		index -= tables[i]->count;
	}
	return NULL;
}

rk_error *
rk_lint_new(rk_lint **ret_lint)
{
	rk_lint *lint = calloc(1, sizeof(*lint));

	if (!lint)
		return rk_out_of_memory();
	*ret_lint = lint;
	return NULL;
}

void
rk_lint_free(rk_lint *lint)
{
	if (!lint)
		return;
	for (size_t i = 0; i < lint->count; i++) {
		free(lint->findings[i].file);
		free(lint->findings[i].role);
		free(lint->findings[i].sentence);
	}
	free(lint->findings);
	free(lint);
}

bool
rk_lint_has_error(const rk_lint *lint, unsigned clients)
{
	for (size_t i = 0; i < lint->count; i++)
		if (lint->findings[i].errors & clients)
			return true;
	return false;
}

/* NULL: more kinds than are counted, which no file has. `one` is of the dialect's clients. */
static struct rk_lint_tally *
tally_of(struct rk_lint_at *at, const struct rk_lint_case *one)
{
	struct rk_lint_tally *tally = at->tallies;

	for (size_t i = 0; i < at->tally_count; i++, tally++)
		if (tally->rule == one->rule && tally->errors == one->errors &&
		    tally->warnings == one->warnings)
			return tally;
	if (at->tally_count == RK_LINT_KINDS)
		return NULL;
	*tally = (struct rk_lint_tally){one->rule, one->errors, one->warnings, 0, 0};
	at->tally_count++;
	return tally;
}

static rk_error *
make_room(rk_lint *lint)
{
	size_t cap = lint->cap ? 2 * lint->cap : 16;
	rk_lint_finding *grown;

	if (lint->count < lint->cap)
		return NULL;
	grown = realloc(lint->findings, cap * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	lint->findings = grown;
	lint->cap = cap;
	return NULL;
}

/* `sentence` is taken over, also on failure. */
static rk_error *
add(struct rk_lint_at *at, const struct rk_lint_case *one, char *sentence)
{
	rk_lint_finding finding = {.rule = one->rule,
	    .errors = one->errors,
	    .warnings = one->warnings,
	    .sentence = sentence};
	rk_error *err = make_room(at->lint);

	if (!err)
		err = rk_strdup(at->wish->name, &finding.file);
	if (!err)
		err = rk_strdup(at->role, &finding.role);
	if (err) {
		free(finding.file);
		free(sentence);
		return err;
	}
	/* Only clients that start before it meet it, and nobody can change it any more. */
	if (at->wish->superseded) {
		finding.warnings |= finding.errors;
		finding.errors = 0;
	}
	if (one->place)
		rk_json_position(at->wish->text->data, one->place, &finding.line, &finding.column);
	at->lint->findings[at->lint->count++] = finding;
	return NULL;
}

static rk_error *tell(struct rk_lint_at *at, const struct rk_lint_case *told, const char *fmt,
    va_list args) RK_PRINTF(3, 0);

static rk_error *
tell(struct rk_lint_at *at, const struct rk_lint_case *told, const char *fmt, va_list args)
{
	unsigned clients = at->reading->clients;
	const struct rk_lint_case one = {
	    told->rule, told->errors & clients, told->warnings & clients, told->place};
	struct rk_lint_tally *tally;
	RK_AUTO_BUF(sentence);
	char *text = NULL;
	rk_error *err;

	if (!one.errors && !one.warnings)
		return NULL;
	tally = tally_of(at, &one);
	if (tally && tally->told == PLACES_MAX) {
		at->lint->findings[tally->last].more++;
		return NULL;
	}
	rk_buf_vprintf(&sentence, fmt, args);
	err = rk_buf_take(&sentence, &text);
	if (!err)
		err = add(at, &one, text);
	if (!err && tally) {
		tally->told++;
		tally->last = at->lint->count - 1;
	}
	return err;
}

rk_error *
rk_lint_tell_case(struct rk_lint_at *at, const struct rk_lint_case *one, const char *fmt, ...)
{
	va_list args;
	rk_error *err;

	va_start(args, fmt);
	err = tell(at, one, fmt, args);
	va_end(args);
	return err;
}

rk_error *
rk_lint_tell(
    struct rk_lint_at *at, const rk_lint_rule *rule, const char *place, const char *fmt, ...)
{
	const struct rk_lint_case one = {rule, rule->errors, rule->warnings, place};
	va_list args;
	rk_error *err;

	va_start(args, fmt);
	err = tell(at, &one, fmt, args);
	va_end(args);
	return err;
}

/* One pass over the members: `targets` may be large. */
static void
find_parts(struct rk_lint_at *at)
{
	const struct {
		const char *name;
		rk_json *span;
	} parts[] = {
	    {"_type", &at->type},
	    {"spec_version", &at->spec_version},
	    {"version", &at->version},
	    {"expires", &at->expires},
	    {"consistent_snapshot", &at->consistent},
	    {"keys", &at->keys},
	    {"roles", &at->roles},
	    {"targets", &at->targets},
	    {"delegations", &at->delegations},
	    {"meta", &at->meta},
	};
	rk_json_iter iter = rk_json_each(&at->file);
	rk_json key, value;

	while (rk_json_next(&iter, &key, &value)) {
		if (rk_json_is(&key, "signed"))
			at->payload = value;
		else if (rk_json_is(&key, "signatures"))
			at->signatures = value;
	}
	if (at->payload.len == 0)
		return;
	iter = rk_json_each(&at->payload);
	while (rk_json_next(&iter, &key, &value))
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (rk_json_is(&key, parts[i].name))
				*parts[i].span = value;
}

static void
find_kind(struct rk_lint_at *at)
{
	at->kind = RK_ROLE_KIND_COUNT;
	for (int kind = 0; kind < RK_ROLE_TOP_COUNT; kind++)
		if (at->type.len > 0 && rk_json_is(&at->type, at->dialect->type_name[kind]))
			at->kind = (enum rk_role_kind)kind;
	if (at->wish->role)
		at->delegated = rk_role_kind_of(at->wish->role) == RK_ROLE_DELEGATED;
	else if (at->kind < RK_ROLE_TOP_COUNT)
		at->role = rk_role_kind_name(at->kind);
}

static rk_error *
examine_tuf(struct rk_lint_at *at)
{
	rk_error *err = rk_lint_header(at);

	if (!err && at->payload.len > 0)
		err = rk_lint_text_canonical(at);
	if (!err)
		err = rk_lint_size(at);
	if (err || at->kind >= RK_ROLE_TOP_COUNT)
		return err;
	switch (at->kind) {
	case RK_ROLE_ROOT:
		return rk_lint_roles_root(at);
	case RK_ROLE_TARGETS:
		err = rk_lint_files_targets(at);
		return err ? err : rk_lint_delegations(at);
	default:
		return rk_lint_files_meta(at);
	}
}

static rk_error *
examine_notary(struct rk_lint_at *at)
{
	rk_error *err = rk_lint_header(at);

	if (!err)
		err = rk_lint_size(at);
	if (!err && at->kind < RK_ROLE_TOP_COUNT)
		err = rk_lint_notary(at);
	if (!err && at->kind == RK_ROLE_TARGETS)
		err = rk_lint_docker(at);
	return err;
}

static rk_error *
choose_dialect(struct rk_lint_at *at)
{
	rk_error *err;

	if (at->wish->dialect)
		return NULL;
	err = rk_dialect_detect(&at->file, at->wish->name, &at->dialect);
	if (rk_error_code(err) != RK_E_MALFORMED)
		return err;
	rk_error_free(err);
	return NULL;
}

rk_error *
rk_lint_file(rk_lint *lint, const struct rk_lint_wish *wish)
{
	struct rk_lint_at at = {
	    .lint = lint,
	    .wish = wish,
	    .dialect = wish->dialect ? wish->dialect : &rk_dialect_tuf,
	    .role = wish->role ? wish->role : "",
	};
	rk_error *err = rk_scan(wish->text, wish->name, &at.file);

	lint->files++;
	at.reading = reading_of(at.dialect);
	if (rk_error_code(err) == RK_E_MALFORMED || rk_error_code(err) == RK_E_LIMIT)
		return rk_lint_text_refused(&at, err);
	if (!err)
		err = choose_dialect(&at);
	if (err)
		return err;
	if (at.file.kind == RK_JSON_OBJECT)
		find_parts(&at);
	find_kind(&at);
	at.reading = reading_of(at.dialect);
	return at.reading->examine(&at);
}

rk_error *
rk_lint_chain(rk_lint *lint, const rk_dialect *dialect, const char *name, int64_t roots)
{
	const struct rk_lint_wish wish = {.dialect = dialect, .name = name, .role = "root"};
	struct rk_lint_at at = {.lint = lint,
	    .wish = &wish,
	    .dialect = dialect,
	    .reading = reading_of(dialect),
	    .role = "root"};

	return rk_lint_size_chain(&at, roots);
}

#include "flow/audit_private.h"

#include "base/show.h"
#include "flow/keyuri.h"

#include <stdlib.h>
#include <string.h>

#define PURPOSE "compare what is on it with the keep"

const char *
rk_audit_word(enum rk_audit_result result)
{
	switch (result) {
	case RK_AUDIT_OK:
		return "ok";
	case RK_AUDIT_MISSING:
		return "missing";
	case RK_AUDIT_UNKNOWN:
		return "unknown";
	case RK_AUDIT_CHANGED:
		return "changed";
	case RK_AUDIT_UNJUDGED:
		break;
	}
	return "unjudged";
}

/* A token in the making, with what the keep says to be on it. */
struct place {
	rk_token *token;
	rk_token_info *info;
	struct rk_audit_entry *entries;
	size_t count;
};

struct walk {
	const struct rk_custody *custody;
	const char *only; /* the URI of the only token looked at; NULL: all */
	struct place *places;
	size_t count;
	rk_audit *audit;
};

static void
walk_clear(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		rk_token_info_free(walk->places[i].info);
		free(walk->places[i].entries);
	}
	free(walk->places);
}

/* Does what the URI says of its token hold for this one? At least one thing has to be said. */
static rk_error *
means(const char *uri, const rk_token_info *info, bool *ret_means)
{
	const char *const parts[][2] = {{"serial", info->serial}, {"token", info->label},
	    {"model", info->model}, {"manufacturer", info->manufacturer}};
	bool said = false, fits = rk_keyuri_fits(info->uri, uri);

	for (size_t i = 0; !fits && i < sizeof(parts) / sizeof(parts[0]); i++) {
		RK_AUTO_BUF(value);
		bool found = false;
		rk_error *err = rk_keyuri_attribute(uri, parts[i][0], &value, &found);

		if (err)
			return err;
		if (found && strcmp(rk_buf_str(&value), parts[i][1] ? parts[i][1] : "") != 0) {
			*ret_means = false;
			return NULL;
		}
		said = said || found;
	}
	*ret_means = fits || said;
	return NULL;
}

static rk_error *
add_place(struct walk *walk, const char *uri, struct place **ret_place)
{
	rk_token *token = NULL;
	RK_AUTO(rk_token_info) info = NULL;
	struct place *places;
	rk_error *err = rk_hands_token(walk->custody->hands, uri, &token);

	if (!err)
		err = token->ops->info(token, &info);
	if (err)
		return err;
	for (size_t i = 0; i < walk->count; i++) {
		if (walk->places[i].token == token) {
			*ret_place = &walk->places[i];
			return NULL;
		}
	}
	places = reallocarray(walk->places, walk->count + 1, sizeof(*places));
	if (!places)
		return rk_out_of_memory();
	walk->places = places;
	*ret_place = &places[walk->count++];
	**ret_place = (struct place){.token = token, .info = RK_TAKE(info)};
	return NULL;
}

static rk_error *
add_entry(struct place *place, const rk_keep_key *known, const char *uri)
{
	struct rk_audit_entry *entries =
	    reallocarray(place->entries, place->count + 1, sizeof(*entries));

	if (!entries)
		return rk_out_of_memory();
	place->entries = entries;
	entries[place->count++] = (struct rk_audit_entry){known, uri, false};
	return NULL;
}

static bool
is_absence(const rk_error *err)
{
	enum rk_code code = rk_error_code(err);

	return code == RK_E_TOKEN_NONE || code == RK_E_TOKEN_GONE || code == RK_E_TOKEN ||
	       code == RK_E_TOKEN_MANY;
}

static rk_error *
add_absent(rk_audit *audit, const rk_keep_key *known, const char *uri, const rk_error *why)
{
	rk_audit_absent *absent =
	    reallocarray(audit->absent, audit->absent_count + 1, sizeof(*absent));
	rk_error *err;

	if (!absent)
		return rk_out_of_memory();
	audit->absent = absent;
	absent[audit->absent_count] = (rk_audit_absent){known, uri, NULL};
	err = rk_strdup(rk_error_message(why), &absent[audit->absent_count].why);
	if (!err)
		audit->absent_count++;
	return err;
}

static rk_error *
place_entry(struct walk *walk, const rk_keep_key *known, const char *uri)
{
	struct place *place = NULL;
	rk_error *err = NULL;

	for (size_t i = 0; !err && !place && i < walk->count; i++) {
		bool is = false;

		err = means(uri, walk->places[i].info, &is);
		if (is)
			place = &walk->places[i];
	}
	if (!err && !place && walk->only)
		return NULL;
	if (!err && !place)
		err = add_place(walk, uri, &place);
	if (is_absence(err)) {
		RK_AUTO(rk_error) why = err;

		return add_absent(walk->audit, known, uri, why);
	}
	return err ? err : add_entry(place, known, uri);
}

static rk_error *
place_entries(struct walk *walk)
{
	const rk_keep *keep = walk->custody->keep;
	rk_error *err = NULL;

	for (size_t i = 0; !err && i < rk_keep_key_count(keep); i++) {
		const rk_keep_key *key = rk_keep_key_at(keep, i);

		for (size_t j = 0; !err && j < key->token_count; j++)
			err = place_entry(walk, key, key->tokens[j]);
	}
	return err;
}

static rk_error *
list_token(const struct rk_custody *custody, rk_audit_token *token)
{
	rk_error *err = rk_hands_login(custody->hands, token->token, PURPOSE);

	if (!err)
		err = token->token->ops->keys(token->token, &token->keys);
	if (!err)
		err = token->token->ops->certificates(token->token, &token->certificates);
	return err;
}

/* One that cannot be opened up does not keep the others from being looked at. */
static bool
is_its_own(const rk_error *err)
{
	switch (rk_error_code(err)) {
	case RK_E_NO_INPUT:
	case RK_E_PIN_NEEDED:
	case RK_E_PIN_WRONG:
	case RK_E_PIN_LAST:
	case RK_E_PIN_LOCKED:
	case RK_E_TOKEN:
	case RK_E_TOKEN_GONE:
		return true;
	default:
		return false;
	}
}

static rk_error *
look_at(struct walk *walk, struct place *place)
{
	rk_audit_token *token = &walk->audit->tokens[walk->audit->count++];
	rk_error *err;

	token->token = place->token;
	token->info = RK_TAKE(place->info);
	err = list_token(walk->custody, token);
	if (!err)
		err = rk_audit_compare(walk->custody->keep, place->entries, place->count, token);
	if (!walk->only && is_its_own(err)) {
		token->err = err;
		walk->audit->unseen++;
		return NULL;
	}
	return err;
}

static void
count_findings(rk_audit *audit)
{
	for (size_t i = 0; i < audit->count; i++) {
		const rk_audit_token *token = &audit->tokens[i];

		for (size_t j = 0; j < token->row_count; j++)
			audit->findings += token->rows[j].result != RK_AUDIT_OK &&
					   token->rows[j].result != RK_AUDIT_UNJUDGED;
		for (size_t j = 0; j < token->certificate_count; j++)
			audit->findings += token->certificate_rows[j].result == RK_AUDIT_CHANGED;
	}
}

static rk_error *
nothing_here(const rk_audit *audit)
{
	if (audit->absent_count == 0)
		return rk_fail(RK_E_TOKEN_NONE,
		    "name a token, or enrol a key with 'rootkeep key enrol'",
		    "the keep names no token");
	return rk_fail(RK_E_TOKEN_NONE, "insert one, and run it again",
	    "none of the tokens that the keep names is here; of the first: %s",
	    audit->absent[0].why);
}

rk_error *
rk_audit_run(const struct rk_custody *custody, const char *uri, rk_audit **ret_audit)
{
	RK_AUTO(rk_audit) audit = calloc(1, sizeof(*audit));
	__attribute__((cleanup(walk_clear))) struct walk walk = {
	    .custody = custody, .only = uri, .audit = audit};
	struct place *place = NULL;
	rk_error *err = audit ? NULL : rk_out_of_memory();

	if (!err && uri)
		err = add_place(&walk, uri, &place);
	if (!err)
		err = place_entries(&walk);
	if (!err && walk.count == 0)
		err = nothing_here(audit);
	if (!err)
		audit->tokens = calloc(walk.count, sizeof(*audit->tokens));
	if (!err && !audit->tokens)
		err = rk_out_of_memory();
	for (size_t i = 0; i < walk.count && !err; i++)
		err = look_at(&walk, &walk.places[i]);
	if (err)
		return err;
	count_findings(audit);
	*ret_audit = RK_TAKE(audit);
	return NULL;
}

static void
token_clear(rk_audit_token *token)
{
	for (size_t i = 0; i < token->row_count; i++)
		free(token->rows[i].what);
	for (size_t i = 0; i < token->certificate_count; i++) {
		rk_certificate_free(token->certificate_rows[i].read);
		free(token->certificate_rows[i].what);
	}
	free(token->rows);
	free(token->certificate_rows);
	rk_token_info_free(token->info);
	rk_token_keys_free(token->keys);
	rk_token_certificates_free(token->certificates);
	rk_error_free(token->err);
}

void
rk_audit_free(rk_audit *audit)
{
	if (!audit)
		return;
	for (size_t i = 0; i < audit->count; i++)
		token_clear(&audit->tokens[i]);
	for (size_t i = 0; i < audit->absent_count; i++)
		free(audit->absent[i].why);
	free(audit->tokens);
	free(audit->absent);
	free(audit);
}

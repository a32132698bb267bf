#include "tuf/dialect_notary.h"
#include "tuf/gojson.h"

/* strings that are more than that */

static rk_error *
read_time(rk_gojson *walk)
{
	const char *start = walk->at;
	rk_json span;
	int64_t time;
	rk_error *err = rk_gojson_span(walk, &span);

	if (err)
		return err;
	err = rk_time_parse(span.text + 1, span.len - 2, &time);
	if (!err && rk_dialect_notary_time_is_exact(span.text + 1, span.len - 2))
		return NULL;
	rk_error_free(err);
	return rk_gojson_differs(
	    walk, start, "Notary writes times with no 0 at the end of a fraction, and UTC as Z");
}

static rk_error *
read_method(rk_gojson *walk)
{
	const char *start = walk->at;
	rk_json span;
	rk_error *err = rk_gojson_span(walk, &span);

	for (size_t i = 0; !err && i < span.len; i++)
		if (span.text[i] >= 'A' && span.text[i] <= 'Z')
			err = rk_gojson_differs(
			    walk, start, "Notary writes methods in small letters");
	return err;
}

static rk_error *
read_type(rk_gojson *walk)
{
	const rk_envelope *file = walk->file;
	const char *start = walk->at;
	rk_json span;
	rk_error *err = rk_gojson_span(walk, &span);

	if (!err && !rk_json_is(&span, file->dialect->type_name[file->kind]))
		err = rk_gojson_differs(walk, start, "this is another type");
	return err;
}

/* Notary's structs */

static rk_error *
read_custom(rk_gojson *walk)
{
	if (rk_gojson_looks_at(walk, "null"))
		return rk_gojson_differs(
		    walk, walk->at, "Notary leaves custom out where it is null");
	return rk_gojson_any(walk);
}

static rk_error *
read_hashes(rk_gojson *walk)
{
	return rk_gojson_map(walk, rk_gojson_bytes);
}

static rk_error *
read_file_meta(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"custom", read_custom, true},
	    {"hashes", read_hashes, false},
	    {"length", rk_gojson_number, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

static rk_error *
read_files(rk_gojson *walk)
{
	return rk_gojson_map(walk, read_file_meta);
}

static rk_error *
read_keyval(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"private", rk_gojson_null, false},
	    {"public", rk_gojson_bytes, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

static rk_error *
read_key(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"keytype", rk_gojson_text, false},
	    {"keyval", read_keyval, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

static rk_error *
read_keys(rk_gojson *walk)
{
	return rk_gojson_map(walk, read_key);
}

/* null is what is left where the last id was taken out. */
static rk_error *
read_keyids(rk_gojson *walk)
{
	return rk_gojson_take(walk, "null") ? NULL : rk_gojson_array(walk, rk_gojson_text);
}

static rk_error *
read_role(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"keyids", read_keyids, false},
	    {"threshold", rk_gojson_number, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

static rk_error *
read_roles(rk_gojson *walk)
{
	return rk_gojson_map(walk, read_role);
}

static rk_error *
read_paths(rk_gojson *walk)
{
	if (rk_gojson_looks_at(walk, "[]") || rk_gojson_looks_at(walk, "null"))
		return rk_gojson_differs(
		    walk, walk->at, "Notary leaves paths out where there are none");
	return rk_gojson_array(walk, rk_gojson_text);
}

static rk_error *
read_delegation(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"keyids", read_keyids, false},
	    {"name", rk_gojson_text, false},
	    {"paths", read_paths, true},
	    {"threshold", rk_gojson_number, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

static rk_error *
read_delegation_list(rk_gojson *walk)
{
	return rk_gojson_array(walk, read_delegation);
}

static rk_error *
read_delegations(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"keys", read_keys, false},
	    {"roles", read_delegation_list, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

static rk_error *
read_signed(rk_gojson *walk)
{
	static const struct rk_gojson_member root[] = {
	    {"_type", read_type, false},
	    {"consistent_snapshot", rk_gojson_bool, false},
	    {"expires", read_time, false},
	    {"keys", read_keys, false},
	    {"roles", read_roles, false},
	    {"version", rk_gojson_number, false},
	};
	static const struct rk_gojson_member targets[] = {
	    {"_type", read_type, false},
	    {"delegations", read_delegations, false},
	    {"expires", read_time, false},
	    {"targets", read_files, false},
	    {"version", rk_gojson_number, false},
	};
	static const struct rk_gojson_member list[] = {
	    {"_type", read_type, false},
	    {"expires", read_time, false},
	    {"meta", read_files, false},
	    {"version", rk_gojson_number, false},
	};

	switch (walk->file->kind) {
	case RK_ROLE_ROOT:
		return RK_GOJSON_STRUCT(walk, root);
	case RK_ROLE_SNAPSHOT:
	case RK_ROLE_TIMESTAMP:
		return RK_GOJSON_STRUCT(walk, list);
	default:
		return RK_GOJSON_STRUCT(walk, targets);
	}
}

static rk_error *
read_signature(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"keyid", rk_gojson_text, false},
	    {"method", read_method, false},
	    {"sig", rk_gojson_bytes, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

static rk_error *
read_signatures(rk_gojson *walk)
{
	return rk_gojson_array(walk, read_signature);
}

static rk_error *
read_file(rk_gojson *walk)
{
	static const struct rk_gojson_member members[] = {
	    {"signed", read_signed, false},
	    {"signatures", read_signatures, false},
	};

	return RK_GOJSON_STRUCT(walk, members);
}

rk_error *
rk_dialect_notary_exact(const rk_envelope *file)
{
	return rk_gojson_file(file, read_file);
}

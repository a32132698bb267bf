#include "pkcs11/config.h"

#include "base/file.h"
#include "base/show.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define PROGRAM "rootkeep"
#define FILE_MAX 65536
#define MODULES_MAX 256

/* One module's lines while the folders are read. */
struct draft {
	char *name;
	char *values[6];
};

enum key { KEY_MODULE, KEY_ENABLE, KEY_DISABLE, KEY_PRIORITY, KEY_TRUST, KEY_RESERVED, KEY_COUNT };

static const char *const key_names[KEY_COUNT] = {
    "module", "enable-in", "disable-in", "priority", "trust-policy", "x-init-reserved"};

struct drafts {
	struct draft *drafts;
	size_t count;
	rk_env *env;
};

static rk_error *
find_draft(struct drafts *drafts, const char *name, struct draft **ret_draft)
{
	struct draft *grown;
	rk_error *err;

	for (size_t i = 0; i < drafts->count; i++) {
		if (strcmp(drafts->drafts[i].name, name) == 0) {
			*ret_draft = &drafts->drafts[i];
			return NULL;
		}
	}
	grown = realloc(drafts->drafts, (drafts->count + 1) * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	drafts->drafts = grown;
	grown[drafts->count] = (struct draft){0};
	err = rk_strdup(name, &grown[drafts->count].name);
	if (!err)
		*ret_draft = &grown[drafts->count++];
	return err;
}

static void
drop_drafts(struct drafts *drafts)
{
	for (size_t i = 0; i < drafts->count; i++) {
		free(drafts->drafts[i].name);
		for (size_t key = 0; key < KEY_COUNT; key++)
			free(drafts->drafts[i].values[key]);
	}
	free(drafts->drafts);
}

struct line {
	const char *key, *value;
	size_t key_len, value_len;
};

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

/* The next "key: value" after *at; false at the end. What has no colon is no setting. */
static bool
next_line(const char **at, const char *end, struct line *ret_line)
{
	while (*at < end) {
		const char *start = *at;
		const char *stop = memchr(start, '\n', (size_t)(end - start));
		size_t len = (size_t)((stop ? stop : end) - start);
		const char *colon;

		*at = stop ? stop + 1 : end;
		trim(&start, &len);
		colon = len > 0 && *start != '#' ? memchr(start, ':', len) : NULL;
		if (!colon)
			continue;
		ret_line->key = start;
		ret_line->key_len = (size_t)(colon - start);
		ret_line->value = colon + 1;
		ret_line->value_len = len - ret_line->key_len - 1;
		trim(&ret_line->key, &ret_line->key_len);
		trim(&ret_line->value, &ret_line->value_len);
		return true;
	}
	return false;
}

static bool
key_is(const struct line *line, const char *name)
{
	return line->key_len == strlen(name) && memcmp(line->key, name, line->key_len) == 0;
}

static rk_error *
read_lines(const rk_text *text, struct draft *draft)
{
	const char *at = text->data;
	struct line line;
	rk_error *err = NULL;

	while (!err && next_line(&at, text->data + text->len, &line)) {
		for (size_t key = 0; key < KEY_COUNT; key++) {
			char *value = NULL;

			if (!key_is(&line, key_names[key]))
				continue;
			err = rk_strndup(line.value, line.value_len, &value);
			if (err)
				break;
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the caller has made it */
			free(draft->values[key]);
			draft->values[key] = value;
		}
	}
	return err;
}

/* A file that cannot be read costs a line of warning, not the others. */
static rk_error *
pass_over(rk_env *env, rk_error *err)
{
	if (rk_error_code(err) == RK_E_NOMEM)
		return err;
	if (env)
		rk_sayf(env, RK_SAY_WARNING, "%s", rk_error_message(err));
	rk_error_free(err);
	return NULL;
}

static int
is_module_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 7 &&
	       strcmp(entry->d_name + len - 7, ".module") == 0;
}

static rk_error *
read_file(struct drafts *drafts, const rk_dir *trusted, const char *folder, const char *file)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_str) path = NULL;
	RK_AUTO(rk_str) name = NULL;
	struct draft *draft = NULL;
	rk_error *err = rk_strdupf(&path, "%s/%s", folder, file);

	if (!err)
		err = rk_strndup(file, strlen(file) - strlen(".module"), &name);
	if (err)
		return err;
	err = trusted ? rk_text_read(trusted, file, FILE_MAX, &text)
		      : rk_text_read_path(path, FILE_MAX, &text);
	if (err)
		return pass_over(drafts->env, err);
	err = find_draft(drafts, name, &draft);
	return err ? err : read_lines(text, draft);
}

static rk_error *
read_folder(struct drafts *drafts, const rk_dir *trusted, const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_module_file, alphasort);
	rk_error *err = NULL;

	for (int i = 0; i < count; i++) {
		if (!err && drafts->count < MODULES_MAX)
			err = read_file(drafts, trusted, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* What the user's folder names is loaded in the user's name: only the user may have written it. */
static rk_error *
read_user_folder(struct drafts *drafts, const char *folder)
{
	RK_AUTO(rk_dir) dir = NULL;
	rk_error *err = rk_dir_open(folder, RK_DIR_OURS, &dir);

	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		return NULL;
	}
	return err ? pass_over(drafts->env, err) : read_folder(drafts, dir, folder);
}

enum user_mode { USER_MERGE, USER_NONE, USER_ONLY };

static enum user_mode
user_mode(const char *settings)
{
	RK_AUTO(rk_text) text = NULL;
	enum user_mode mode = USER_MERGE;
	struct line line;
	const char *at;

	if (!settings)
		return mode;
	rk_error_free(rk_text_read_path(settings, FILE_MAX, &text));
	at = text ? text->data : NULL;
	while (text && next_line(&at, text->data + text->len, &line)) {
		if (!key_is(&line, "user-config"))
			continue;
		if (line.value_len == 4 && memcmp(line.value, "none", 4) == 0)
			mode = USER_NONE;
		else if (line.value_len == 4 && memcmp(line.value, "only", 4) == 0)
			mode = USER_ONLY;
	}
	return mode;
}

/* Is our program among the names, which stand apart by commas or blanks? */
static bool
names_us(const char *list)
{
	size_t len = strlen(PROGRAM);

	for (const char *at = list; (at = strstr(at, PROGRAM)) != NULL; at += len) {
		bool starts = at == list || strchr(", \t", at[-1]);
		bool ends = strchr(", \t", at[len]) != NULL; /* the final zero too */

		if (starts && ends)
			return true;
	}
	return false;
}

static bool
is_for_us(const struct draft *draft)
{
	const char *enable = draft->values[KEY_ENABLE], *disable = draft->values[KEY_DISABLE];
	const char *trust = draft->values[KEY_TRUST];

	if (!draft->values[KEY_MODULE] || draft->values[KEY_MODULE][0] == '\0')
		return false;
	/* Certificates that the system trusts: no token for anybody's key. */
	if (trust && strcmp(trust, "yes") == 0)
		return false;
	if (enable && *enable)
		return names_us(enable);
	return !(disable && names_us(disable));
}

static rk_error *
finish(const struct rk_config_places *places, struct draft *draft, rk_module_config *ret_module)
{
	const char *path = draft->values[KEY_MODULE];
	rk_module_config module = {0};
	rk_error *err;

	if (path[0] != '/' && places->libraries)
		err = rk_strdupf(&module.path, "%s/%s", places->libraries, path);
	else
		err = rk_strdup(path, &module.path);
	if (err)
		return err;
	if (draft->values[KEY_PRIORITY])
		module.priority = strtol(draft->values[KEY_PRIORITY], NULL, 10);
	if (draft->values[KEY_RESERVED] && draft->values[KEY_RESERVED][0])
		module.reserved = RK_TAKE(draft->values[KEY_RESERVED]);
	module.name = RK_TAKE(draft->name);
	*ret_module = module;
	return NULL;
}

static int
by_priority(const void *a, const void *b)
{
	const rk_module_config *left = a, *right = b;

	if (left->priority != right->priority)
		return left->priority < right->priority ? 1 : -1;
	return strcmp(left->name, right->name);
}

static rk_error *
finish_all(const struct rk_config_places *places, struct drafts *drafts, rk_config *config)
{
	config->modules = calloc(drafts->count + 1, sizeof(*config->modules));
	if (!config->modules)
		return rk_out_of_memory();
	for (size_t i = 0; i < drafts->count; i++) {
		rk_error *err;

		if (!is_for_us(&drafts->drafts[i]))
			continue;
		err = finish(places, &drafts->drafts[i], &config->modules[config->count]);
		if (err)
			return err;
		config->count++;
	}
	qsort(config->modules, config->count, sizeof(*config->modules), by_priority);
	return NULL;
}

rk_error *
rk_config_load(const struct rk_config_places *places, rk_env *env, rk_config **ret_config)
{
	RK_AUTO(rk_config) config = calloc(1, sizeof(*config));
	struct drafts drafts = {.env = env};
	enum user_mode mode = user_mode(places->settings);
	rk_error *err = config ? NULL : rk_out_of_memory();

	if (!err && places->packages && mode != USER_ONLY)
		err = read_folder(&drafts, NULL, places->packages);
	if (!err && places->system && mode != USER_ONLY)
		err = read_folder(&drafts, NULL, places->system);
	if (!err && places->user && mode != USER_NONE)
		err = read_user_folder(&drafts, places->user);
	if (!err)
		err = finish_all(places, &drafts, config);
	drop_drafts(&drafts);
	if (!err)
		*ret_config = RK_TAKE(config);
	return err;
}

rk_error *
rk_config_places(struct rk_config_places *ret_places, char **user_folder)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	rk_error *err = NULL;

	*ret_places = (struct rk_config_places){
	    .packages = RK_P11_PACKAGES,
	    .system = RK_P11_SYSTEM "/modules",
	    .settings = RK_P11_SYSTEM "/pkcs11.conf",
	    .libraries = RK_P11_LIBRARIES,
	};
	if (getauxval(AT_SECURE) != 0)
		return NULL;
	if (config && config[0] == '/')
		err = rk_strdupf(user_folder, "%s/pkcs11/modules", config);
	else if (home && home[0] == '/')
		err = rk_strdupf(user_folder, "%s/.config/pkcs11/modules", home);
	if (!err)
		ret_places->user = *user_folder;
	return err;
}

/* Is `name` the library's own: without folder, "lib" and ".so…"? */
static bool
library_is(const char *path, const char *name)
{
	const char *base = strrchr(path, '/');
	size_t len = strlen(name);

	base = base ? base + 1 : path;
	if (strncmp(base, "lib", 3) == 0 && strncmp(base + 3, name, len) == 0 &&
	    strncmp(base + 3 + len, ".so", 3) == 0)
		return true;
	return strncmp(base, name, len) == 0 && strncmp(base + len, ".so", 3) == 0;
}

const rk_module_config *
rk_config_by_name(const rk_config *config, const char *name)
{
	for (size_t i = 0; i < config->count; i++)
		if (strcmp(config->modules[i].name, name) == 0)
			return &config->modules[i];
	for (size_t i = 0; i < config->count; i++)
		if (*name && library_is(config->modules[i].path, name))
			return &config->modules[i];
	return NULL;
}

const rk_module_config *
rk_config_by_path(const rk_config *config, const char *path)
{
	RK_AUTO(rk_str) wanted = realpath(path, NULL);

	for (size_t i = 0; i < config->count && wanted; i++) {
		RK_AUTO(rk_str) real = realpath(config->modules[i].path, NULL);

		if (real && strcmp(real, wanted) == 0)
			return &config->modules[i];
	}
	return NULL;
}

void
rk_config_free(rk_config *config)
{
	for (size_t i = 0; config && i < config->count; i++) {
		free(config->modules[i].name);
		free(config->modules[i].path);
		free(config->modules[i].reserved);
	}
	if (config)
		free(config->modules);
	free(config);
}

#include "pkcs11/providers.h"

#include "base/show.h"

#include <stdlib.h>
#include <string.h>

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static rk_error *
new_provider(rk_providers *providers, const char *path, const rk_module_config *known,
    rk_provider **ret_provider)
{
	RK_AUTO(rk_provider) provider = calloc(1, sizeof(*provider));
	rk_error *err;

	if (!provider)
		return rk_out_of_memory();
	provider->launcher = providers->launcher;
	provider->network = providers->network;
	provider->env = providers->env;
	provider->patience = providers->patience;
	err = rk_strdup(path, &provider->path);
	if (!err)
		err = rk_strdup(known ? known->name : base_name(path), &provider->name);
	if (!err && known)
		err = rk_strdup(known->name, &provider->uri_name);
	if (!err && known && known->reserved)
		err = rk_strdup(known->reserved, &provider->reserved);
	if (!err)
		*ret_provider = RK_TAKE(provider);
	return err;
}

/* Do two settings start a module alike? One library may stand for several: NSS's databases. */
static bool
starts_alike(const rk_provider *provider, const rk_module_config *known)
{
	const char *reserved = known ? known->reserved : NULL;

	if (!provider->reserved || !reserved)
		return !provider->reserved && !reserved;
	return strcmp(provider->reserved, reserved) == 0;
}

/* The module at `path`, the same one however it is named. */
static rk_error *
provider_at(rk_providers *providers, const char *path, const rk_module_config *known,
    rk_provider **ret_provider)
{
	RK_AUTO(rk_str) real = realpath(path, NULL);
	const char *at = real ? real : path;
	rk_provider **grown;
	rk_error *err;

	for (size_t i = 0; i < providers->count; i++) {
		if (strcmp(providers->all[i]->path, at) == 0 &&
		    starts_alike(providers->all[i], known)) {
			*ret_provider = providers->all[i];
			return NULL;
		}
	}
	grown = realloc(providers->all, (providers->count + 1) * sizeof(*grown));
	if (!grown)
		return rk_out_of_memory();
	providers->all = grown;
	err = new_provider(providers, at, known, &grown[providers->count]);
	if (!err)
		*ret_provider = grown[providers->count++];
	return err;
}

static rk_error *
provider_by_path(rk_providers *providers, const char *path, rk_provider **ret_provider)
{
	return provider_at(
	    providers, path, rk_config_by_path(providers->config, path), ret_provider);
}

static rk_error *
provider_by_name(rk_providers *providers, const char *name, rk_provider **ret_provider)
{
	const rk_module_config *known = rk_config_by_name(providers->config, name);
	RK_AUTO_BUF(list);

	if (known)
		return provider_at(providers, known->path, known, ret_provider);
	for (size_t i = 0; i < providers->config->count; i++)
		rk_buf_printf(&list, "%s%s", i > 0 ? ", " : "",
		    RK_SHOW_BARE(providers->config->modules[i].name));
	return rk_fail(RK_E_TOKEN_NONE,
	    "install the module, or name its file with --module /path/to/module.so",
	    "this machine's p11-kit configuration knows no module %s (it knows: %s)", RK_SHOW(name),
	    list.len > 0 ? rk_buf_str(&list) : "none");
}

rk_error *
rk_providers_name(rk_providers *providers, const char *const *modules, size_t count)
{
	rk_error *err = NULL;

	if (count == 0)
		return NULL;
	providers->named = calloc(count, sizeof(*providers->named));
	if (!providers->named)
		return rk_out_of_memory();
	for (size_t i = 0; i < count && !err; i++) {
		const char *module = modules[i];
		rk_provider *provider = NULL;
		bool again = false;

		err = strchr(module, '/') ? provider_by_path(providers, module, &provider)
					  : provider_by_name(providers, module, &provider);
		for (size_t j = 0; j < providers->named_count; j++)
			again |= providers->named[j] == provider;
		if (!err && !again)
			providers->named[providers->named_count++] = provider;
	}
	return err;
}

void
rk_providers_choice_clear(rk_providers_choice *choice)
{
	free(choice->providers);
}

static rk_error *
choose_all(rk_providers *providers, rk_providers_choice *choice)
{
	rk_error *err = NULL;

	choice->providers = calloc(providers->config->count + 1, sizeof(rk_provider *));
	if (!choice->providers)
		return rk_out_of_memory();
	for (size_t i = 0; i < providers->config->count && !err; i++) {
		const rk_module_config *known = &providers->config->modules[i];
		rk_provider *provider = NULL;
		bool again = false;

		err = provider_at(providers, known->path, known, &provider);
		for (size_t j = 0; j < choice->count; j++)
			again |= choice->providers[j] == provider;
		if (!err && !again)
			choice->providers[choice->count++] = provider;
	}
	return err;
}

rk_error *
rk_providers_choose(rk_providers *providers, const rk_uri *uri, rk_providers_choice *choice)
{
	const char *path = uri ? rk_uri_module_path(uri) : NULL;
	const char *name = uri ? rk_uri_module_name(uri) : NULL;

	if (providers->named_count == 0 && !path && !name)
		return choose_all(providers, choice);
	choice->providers = calloc(providers->named_count + 1, sizeof(rk_provider *));
	if (!choice->providers)
		return rk_out_of_memory();
	choice->count = providers->named_count > 0 ? providers->named_count : 1;
	choice->alone = choice->count == 1;
	if (providers->named_count > 0) {
		memcpy(choice->providers, providers->named,
		    providers->named_count * sizeof(rk_provider *));
		return NULL;
	}
	return path ? provider_by_path(providers, path, &choice->providers[0])
		    : provider_by_name(providers, name, &choice->providers[0]);
}

rk_error *
rk_providers_configure(rk_providers *providers, rk_env *env)
{
	struct rk_config_places places;
	RK_AUTO(rk_str) user = NULL;
	rk_error *err = rk_config_places(&places, &user);

	providers->env = env;
	return err ? err : rk_config_load(&places, env, &providers->config);
}

void
rk_providers_orphan(rk_providers *providers)
{
	for (size_t i = 0; i < providers->count; i++)
		if (providers->all[i]->channel)
			rk_channel_orphan(providers->all[i]->channel);
}

void
rk_providers_clear(rk_providers *providers)
{
	for (size_t i = 0; i < providers->count; i++)
		rk_provider_free(providers->all[i]);
	free(providers->all);
	free(providers->named);
	rk_config_free(providers->config);
	*providers = (rk_providers){0};
}

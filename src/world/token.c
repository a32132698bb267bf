#include "world/token.h"

#include <stdlib.h>

static void
info_clear(rk_token_info *info)
{
	free(info->label);
	free(info->serial);
	free(info->model);
	free(info->manufacturer);
	free(info->firmware);
	free(info->module);
	free(info->module_path);
	free(info->module_version);
	free(info->uri);
	free(info->pin_source);
	free(info->slot_name);
}

void
rk_token_info_free(rk_token_info *info)
{
	if (!info)
		return;
	info_clear(info);
	free(info);
}

void
rk_token_list_free(rk_token_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; list->tokens && i < list->count; i++)
		info_clear(&list->tokens[i]);
	free(list->tokens);
	free(list);
}

static void
key_clear(rk_token_key *key)
{
	free(key->id);
	free(key->label);
	free(key->what);
	free(key->uri);
	rk_pubkey_free(key->pubkey);
}

void
rk_token_key_free(rk_token_key *key)
{
	if (!key)
		return;
	key_clear(key);
	free(key);
}

void
rk_token_keys_free(rk_token_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; keys->keys && i < keys->count; i++)
		key_clear(&keys->keys[i]);
	free(keys->keys);
	free(keys);
}

void
rk_token_certificates_free(rk_token_certificates *certificates)
{
	if (!certificates)
		return;
	for (size_t i = 0; certificates->certificates && i < certificates->count; i++) {
		free(certificates->certificates[i].id);
		free(certificates->certificates[i].label);
		free(certificates->certificates[i].der);
	}
	free(certificates->certificates);
	free(certificates);
}

void
rk_token_abilities_free(rk_token_abilities *abilities)
{
	if (!abilities)
		return;
	for (size_t i = 0; abilities->mechanisms && i < abilities->mechanism_count; i++)
		free(abilities->mechanisms[i]);
	free(abilities->mechanisms);
	free(abilities);
}

void
rk_wrapped_clear(rk_wrapped *wrapped)
{
	rk_buf_clear(&wrapped->kek);
	rk_buf_clear(&wrapped->key);
}

void
rk_token_free(rk_token *token)
{
	if (token)
		token->ops->close(token);
}

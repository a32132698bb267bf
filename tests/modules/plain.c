#include "plain.h"

#include <string.h>

void
rk_plain_pad(unsigned char *field, CK_ULONG size, const char *text)
{
	CK_ULONG len = strnlen(text, size);

	memset(field, ' ', size);
	memcpy(field, text, len);
}

static CK_RV
do_nothing(void *reserved)
{
	(void)reserved;
	return CKR_OK;
}

static CK_RV
get_info(CK_INFO *info)
{
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion.major = 2;
	info->cryptokiVersion.minor = 40;
	rk_plain_pad(info->manufacturerID, sizeof(info->manufacturerID), "tests");
	rk_plain_pad(
	    info->libraryDescription, sizeof(info->libraryDescription), "misbehaving module");
	return CKR_OK;
}

static CK_RV
no_slots(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	(void)present;
	(void)ids;
	*count = 0;
	return CKR_OK;
}

CK_FUNCTION_LIST rk_plain_list = {
    .version = {2, 40},
    .C_Initialize = do_nothing,
    .C_Finalize = do_nothing,
    .C_GetInfo = get_info,
    .C_GetSlotList = no_slots,
};

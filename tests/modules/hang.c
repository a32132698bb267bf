/* A module that never answers when it is asked for its slots, and never lets itself be ended. */
#include "plain.h"

#include <unistd.h>

static CK_RV
hang(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	(void)present;
	(void)ids;
	(void)count;
	while (pause() != 0)
		;
	return CKR_FUNCTION_FAILED;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	rk_plain_list.C_GetSlotList = hang;
	*list = &rk_plain_list;
	return CKR_OK;
}

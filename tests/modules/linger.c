/* A module without fault, but for a C_Finalize that never comes back. */
#include "plain.h"

#include <unistd.h>

static CK_RV
linger(void *reserved)
{
	(void)reserved;
	while (pause() != 0)
		;
	return CKR_FUNCTION_FAILED;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	rk_plain_list.C_Finalize = linger;
	*list = &rk_plain_list;
	return CKR_OK;
}

/*
 * A module that leaves a file, whose name is in RK_CANARY, when it is loaded. Nothing that a keep
 * names may load it.
 */
#include "plain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void
sing(void)
{
	const char *path = getenv("RK_CANARY");
	int fd = path ? open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		close(fd);
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	*list = &rk_plain_list;
	return CKR_OK;
}

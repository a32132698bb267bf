/*
 * folder.h - a folder of its own for a test, gone afterwards
 *
 * Ownership  rk_folder_new makes it below $TMPDIR or /tmp; rk_folder_remove removes it and all in it.
 */
#ifndef RK_SUPPORT_FOLDER_H
#define RK_SUPPORT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* cmocka's setup and teardown: *state is the path, a string. */
int rk_folder_new(void **state);
int rk_folder_remove(void **state);

/* "folder/name", good until the eighth call after. */
const char *rk_folder_path(const char *folder, const char *name);
/* Plain libc, so that the code under test is not its own witness. Failures fail the test. */
void rk_folder_write(const char *folder, const char *name, const char *text);
/* True where the file is there and holds just `text`. */
bool rk_folder_holds(const char *folder, const char *name, const char *text);
/* The number of names in a folder, hidden ones too. */
size_t rk_folder_count(const char *folder, const char *name);

#endif

/*
 * edit_private.h - what the rooms of editing share
 */
#ifndef RK_FLOW_EDIT_PRIVATE_H
#define RK_FLOW_EDIT_PRIVATE_H

#include "flow/edit.h"

/* rk_edit_renew of a root whose keys are certified. */
RK_CHECKED rk_error *rk_edit_renew_root(rk_repo *repo, rk_change *change, int64_t *ret_version);

#endif

/*
 * spec.h - what every unit test needs: cmocka, and assertions that know an rk_error
 *
 * Ownership  the assertions take the error over and free it.
 */
#ifndef RK_SUPPORT_SPEC_H
#define RK_SUPPORT_SPEC_H

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Needs the four above to come first. */
#include <cmocka.h>

/* A row of the table of tests. */
#define spec(function) cmocka_unit_test(function)

/* The code of an error, which is freed; anything but `want` is printed first. */
enum rk_code rk_spec_code(rk_error *err, enum rk_code want);

#define assert_ok(err) assert_string_equal(rk_code_name(rk_spec_code((err), RK_OK)), "ok")
#define assert_error(err, want) \
	assert_string_equal(rk_code_name(rk_spec_code((err), (want))), rk_code_name(want))

#endif

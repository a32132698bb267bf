#include "support/spec.h"

enum rk_code
rk_spec_code(rk_error *err, enum rk_code want)
{
	enum rk_code code = rk_error_code(err);

	if (code != want) {
		for (const rk_error *at = err; at; at = rk_error_cause(at))
			print_error(
			    "  %s: %s\n", rk_code_name(rk_error_code(at)), rk_error_message(at));
	}
	rk_error_free(err);
	return code;
}

/*
 * tidy: what clang-tidy can't see while it looks at one file: these always return false, so that
 * behind `return err_set(...)` nobody reads what was not set. Included first by tests/lint/lint.
 */
#include "base/banned.h"
#include "base/err.h"
#include "conf/problems.h"

#define err_set(...)      (err_set(__VA_ARGS__), false)
#define err_sys(...)      (err_sys(__VA_ARGS__), false)
#define err_hint(...)     (err_hint(__VA_ARGS__), false)
#define err_prefix(...)   (err_prefix(__VA_ARGS__), false)
#define err_move(...)     (err_move(__VA_ARGS__), false)
#define problems_err(...) (problems_err(__VA_ARGS__), false)

#include "base/banned.h"
#include "audit/audit.h"
#include "base/file.h"
#include "base/path.h"
#include "base/readonly.h"

const char *
audit_path(struct arena *a, const char *state)
{
	return path_join(a, state, "audit/audit.log");
}

bool
audit_open(const char *state, const char *actor, struct chain **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *path = audit_path(&a, state);

	if (!readonly_check(err))
		return false;
	if (!file_mkdirs_durable(path_dir(&a, path), 0750, err)) {
		err->code = ERR_AUDIT;
		return err_hint(err, "Nothing runs without a record of it.");
	}
	return chain_open(path, CHAIN_SHARED, "audit", NULL, actor, ret, err);
}

bool
audit_note(const char *state, const struct record *r, struct err *err)
{
	struct chain *c;
	bool good;

	if (!audit_open(state, r->actor, &c, err))
		return false;
	good = chain_append(c, r, err);
	chain_free(c);
	return good;
}

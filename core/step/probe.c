/*
 * probe: asks a target who it is, from its live connection, before anything touches it.
 */
#include "base/banned.h"
#include "step/child.h"
#include "net/pg_identity.h"

static const char *
part(const struct node *n, const char *key)
{
	const struct node *v = node_get(n, key);

	return v != NULL && v->type == NODE_SCALAR && !node_is_null(v) ? v->text : NULL;
}

bool
step_probe(struct step_child *c, const struct node *target, struct err *err)
{
	struct pg_options o = {.conninfo = part(target, "conninfo"), .read_only = true};
	struct target_expect expect = {.database = part(target, "database"),
		.system_identifier = part(target, "system_identifier")};
	struct target t = {.item = {.key = part(target, "name")}, .postgresql = o.conninfo};
	struct pg_identity id;
	struct pg *pg;
	bool good;

	if (expect.database != NULL || expect.system_identifier != NULL)
		t.expect = &expect;
	if (!pg_connect(&o, &pg, err))
		return err_prefix(err, "The target %s", t.item.key);
	good = pg_identify(pg, c->arena, &id, err) && pg_expect_match(&t, &id, err);
	if (good)
		str_add(&c->value, pg_identity_text(c->arena, &id));
	pg_free(pg);
	return good;
}

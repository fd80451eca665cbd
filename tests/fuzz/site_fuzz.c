/* site: a site file of any content is a site whose every reference holds, or problems. */
#include "fuzz/fuzz.h"

#include "conf/expect.h"
#include "conf/site.h"

static void
walk_set(const struct site *s, const struct set *set)
{
	FUZZ_HOLDS(set->type >= 0 && set_type_names[set->type] != NULL);
	FUZZ_HOLDS(set->rpo_s >= 1);
	FUZZ_HOLDS(site_location(s, set->location) != NULL);
	for (size_t i = 0; i < set->copies.n; i++)
		FUZZ_HOLDS(site_location(s, item_at(&set->copies, struct copy, i)->location));
	for (size_t i = 0; i < set->checks.n; i++) {
		const struct check *c = item_at(&set->checks, struct check, i);

		FUZZ_HOLDS((c->table != NULL) + (c->migration != NULL) + (c->sql != NULL) +
				   (c->amcheck == 1) ==
			   1);
		if (c->expect != NULL)
			expect_met(c->expect, "1");
	}
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct problems p;
	const struct node *root;
	const struct site *s;

	problems_init(&p, &a, "fuzz.yaml");
	root = node_parse(data, len, &p);
	s = root != NULL ? site_read(root, &p) : NULL;
	FUZZ_HOLDS((s != NULL) == (p.errors == 0));
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->targets.n; i++)
		FUZZ_HOLDS(target_kind(item_at(&s->targets, struct target, i)) != NULL);
	for (size_t i = 0; i < s->assets.n; i++) {
		const struct asset *asset = item_at(&s->assets, struct asset, i);

		for (size_t k = 0; k < asset->sets.n; k++)
			walk_set(s, item_at(&asset->sets, struct set, k));
	}
}

#include "base/banned.h"
#include "catalog/backup.h"

const char *const time_from_names[] = {"inside", "name", "mtime", NULL};
const char *const backup_state_names[] = {"complete", "writing", "failed", NULL};

void
backup_copy(struct arena *a, struct backup *to, const struct backup *b)
{
	*to = *b;
	to->name = arena_strdup(a, b->name);
	to->path = arena_strdup(a, b->path);
	to->etag = arena_strdup(a, b->etag);
	to->note = arena_strdup(a, b->note);
	to->detail = arena_strdup(a, b->detail);
}

bool
backup_same(const struct backup *a, const struct backup *b)
{
	return a->size == b->size && a->mtime == b->mtime && strcmp(a->etag, b->etag) == 0 &&
	       strcmp(a->path, b->path) == 0;
}

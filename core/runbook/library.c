/*
 * library: where runbooks are, and which one a name means.
 */
#include "base/banned.h"
#include "runbook/runbook.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <dirent.h>

static size_t
directories(struct arena *a, const char *ret[3])
{
	ret[0] = path_join(a, path_share(a), "runbooks");
	ret[1] = "/etc/lifeboat/runbooks";
	ret[2] = path_expand(a, "~/.config/lifeboat/runbooks");
	return 3;
}

typedef VEC(const char *) names;

static const char *const suffixes[] = {".yaml", ".yml"};

static bool
is_file_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (util_ends(name, suffixes[i]))
			return true;
	return false;
}

static void
add_name(struct arena *a, names *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i], name) == 0)
			return;
	*vec_push(a, all) = name;
}

/* One level of folders: postgres/restore-dump. */
static void
scan(struct arena *a, const char *dir, const char *folder, names *all)
{
	DIR *d = opendir(folder[0] != '\0' ? path_join(a, dir, folder) : dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		const char *name = folder[0] != '\0' ? path_join(a, folder, e->d_name)
						     : arena_strdup(a, e->d_name);
		const char *suffix = strrchr(name, '.');

		if (e->d_name[0] == '.')
			continue;
		if (suffix != NULL && is_file_name(name))
			add_name(a, all, arena_strndup(a, name, (size_t)(suffix - name)));
		else if (folder[0] == '\0' && file_is_dir(path_join(a, dir, name)))
			scan(a, dir, name, all);
	}
	if (d != NULL)
		closedir(d);
}

static int
by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void
runbook_list(struct arena *a, struct texts *ret)
{
	const char *dirs[3];
	names all = {0};

	for (size_t i = directories(a, dirs); i > 0; i--)
		scan(a, dirs[i - 1], "", &all);
	if (all.n > 0)
		qsort(all.v, all.n, sizeof(*all.v), by_name);
	*ret = (struct texts){all.v, all.n};
}

/* ../ would leave the directories of runbooks. */
static bool
leads_out(const char *name)
{
	return util_starts(name, "../") || strstr(name, "/../") != NULL;
}

static bool
not_found(struct arena *a, const char *name, struct err *err)
{
	const char *near = NULL;
	struct texts all;
	size_t best = 8;

	err_set(err, ERR_NOT_FOUND, "There is no runbook \"%s\".", name);
	runbook_list(a, &all);
	for (size_t i = 0; i < all.n; i++) {
		size_t d = MIN(text_distance(name, all.v[i], 8),
			text_distance(name, path_base(all.v[i]), 4));

		if (d < best) {
			best = d;
			near = all.v[i];
		}
	}
	if (near != NULL)
		return err_hint(err, "Did you mean %s? `lifeboat runbooks` lists them.", near);
	return err_hint(err, "`lifeboat runbooks` lists them; a path works too.");
}

bool
runbook_find(struct arena *a, const char *name, const char **ret, struct err *err)
{
	const char *dirs[3];

	if (name[0] == '/' || name[0] == '.' || is_file_name(name) || util_ends(name, ".json")) {
		if (!file_exists(name))
			return not_found(a, name, err);
		*ret = path_absolute(a, name);
		return true;
	}
	for (size_t i = directories(a, dirs); i > 0; i--) {
		for (size_t k = 0; k < ARRAY_LEN(suffixes) && !leads_out(name); k++) {
			const char *path =
				path_join(a, dirs[i - 1], arena_fmt(a, "%s%s", name, suffixes[k]));

			if (file_exists(path)) {
				*ret = path;
				return true;
			}
		}
	}
	return not_found(a, name, err);
}

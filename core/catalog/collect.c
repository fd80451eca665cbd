#include "base/banned.h"
#include "catalog/collect.h"
#include "catalog/copies.h"
#include "catalog/place.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/readonly.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

extern char **environ;

#define PROMISES_S  3600 /* how long what a bucket promises is believed */
#define PROOFS_KEPT 32   /* so many of the newest go into the summary */

/* A reader that could not be killed, of this process: its place is not asked again meanwhile. */
struct lost {
	pid_t pid;
	uint64_t start;
	char *id;
	int copy;
	struct lost *next;
};
static struct lost *lost_list;

struct collect {
	struct arena *arena;
	const struct site *site;
	const char *state, *directory;
	const struct collect_options *options;
	struct catalog *before;
	struct summary now;
	struct proc_env env;
	VEC(struct place_task) tasks;
};

static bool
lock(struct collect *c, int *ret_fd, struct err *err)
{
	const char *path = path_join(c->arena, c->directory, ".lock");
	pid_t holder;

	*ret_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (*ret_fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot open %s", path);
	if (!file_share(*ret_fd, path, err))
		return false;
	if (filelock_take(*ret_fd, c->options->wait_ms))
		return true;
	if (errno != EWOULDBLOCK)
		return err_sys(err, ERR_IO, errno, "Cannot lock %s", path);
	holder = filelock_holder(*ret_fd);
	err_set(err, ERR_LOCK_HELD, "Another collector is at work (pid %d).", (int)holder);
	return err_hint(err, "It will finish by itself; its result is for everybody.");
}

/*
 * The allow-list of proc_env, and all that says who we are to S3 and to pgBackRest: the reader is
 * this program itself and has no other way to it.
 */
static void
make_env(struct collect *c)
{
	proc_env_init(&c->env, c->arena);
	for (char **e = environ; *e != NULL; e++) {
		size_t n = strcspn(*e, "=");
		bool ours = util_starts(*e, "AWS_") || util_starts(*e, "PGBACKREST_");

		for (size_t i = 0; i < c->site->locations.n && !ours; i++) {
			const struct location *l = item_at(&c->site->locations, struct location, i);
			const char *from = l->s3 != NULL ? l->s3->credentials : NULL;

			ours = from != NULL && util_starts(from, "env ") &&
			       util_starts(*e, from + 4) && (*e)[strlen(from + 4)] == '_';
		}
		if (ours && (*e)[n] == '=')
			proc_env_set(&c->env, c->arena, arena_strndup(c->arena, *e, n), *e + n + 1);
	}
}

static bool
is_lost(const char *id, int copy)
{
	for (struct lost **l = &lost_list; *l != NULL;) {
		struct lost *one = *l;

		if (!proc_alive(one->pid, one->start)) {
			*l = one->next;
			free(one->id);
			free(one);
		} else if (strcmp(one->id, id) == 0 && one->copy == copy) {
			return true;
		} else {
			l = &one->next;
		}
	}
	return false;
}

static void
note_lost(const struct place_task *t)
{
	struct lost *one = util_alloc(sizeof(*one));

	*one = (struct lost){.pid = t->pid,
		.start = proc_start_time(t->pid),
		.id = util_strdup(t->id),
		.copy = t->copy,
		.next = lost_list};
	lost_list = one;
}

static void
add_task(struct collect *c, struct set_facts *f, struct place *place, int copy)
{
	const struct location *l = site_location(c->site, place->location);
	const char *id = arena_fmt(c->arena, "%s/%s", f->asset, f->set), *list;
	struct place_task *t;

	if (c->options->only != NULL && strcmp(c->options->only, id) != 0)
		return;
	if (is_lost(id, copy)) {
		place->tried_at = clock_now();
		place->error = "The last look at it still hangs in the kernel.";
		place->hint = "`umount -f -l` frees a file system that hangs.";
		return;
	}
	list = arena_fmt(c->arena, "%s+%s+%d.%llx.list", f->asset, f->set, copy + 1,
		(unsigned long long)clock_now_ms());
	t = vec_push(c->arena, &c->tasks);
	*t = (struct place_task){.site_file = c->site->file,
		.id = id,
		.copy = copy,
		.list = path_join(c->arena, c->directory, list),
		.timeout_s = l->timeout_s,
		.place = place,
		.out = -1,
		.errors = -1};
	t->promises =
		place->seen.promises == NULL || clock_now() - place->seen.promises_at > PROMISES_S;
	if (place->seen.list != NULL)
		t->before = path_join(c->arena, c->directory, place->seen.list);
}

static void
fill(struct collect *c)
{
	const struct catalog_conf *conf = c->site->catalog;
	const struct summary *old = catalog_summary(c->before);
	struct ident self;

	ident_self(c->arena, &self);
	c->now = (struct summary){.site = c->site->name,
		.title = c->site->title,
		.host = self.host,
		.nsets = old->nsets};
	if (conf != NULL && conf->refresh_s != FIELD_ABSENT)
		c->now.refresh_s = conf->refresh_s;
	else if (c->options->watch)
		c->now.refresh_s = COLLECT_REFRESH_S;
	c->now.stale_s = conf != NULL && conf->stale_s != FIELD_ABSENT
				 ? conf->stale_s
				 : MAX(3 * c->now.refresh_s, COLLECT_STALE_S);
	c->now.sets = arena_array(c->arena, old->nsets + 1, sizeof(*c->now.sets));
	for (size_t i = 0; i < old->nsets; i++) {
		struct set_facts *f = &c->now.sets[i];

		*f = old->sets[i];
		f->copies = arena_array(c->arena, f->ncopies + 1, sizeof(*f->copies));
		for (size_t k = 0; k < f->ncopies; k++)
			f->copies[k] = old->sets[i].copies[k];
		add_task(c, f, &f->place, -1);
		for (size_t k = 0; k < f->ncopies; k++)
			add_task(c, f, &f->copies[k].place, (int)k);
	}
}

static void
begin(struct collect *c, struct place_task *t)
{
	struct err err = ERR_INIT;

	t->envp = proc_env_list(&c->env, c->arena);
	if (place_start(t, &err))
		return;
	t->place->tried_at = clock_now();
	t->place->error = arena_strdup(c->arena, err.msg);
	t->place->hint = arena_strdup(c->arena, err.hint);
	err_done(&err);
}

/* At most COLLECT_PARALLEL at a time, until all are over. */
static void
run_tasks(struct collect *c)
{
	struct place_task *running[COLLECT_PARALLEL];
	struct pollfd fds[2 * COLLECT_PARALLEL];
	size_t n = 0, next = 0;

	while (n > 0 || next < c->tasks.n) {
		int64_t wait = 1000, now;

		while (n < COLLECT_PARALLEL && next < c->tasks.n) {
			begin(c, &c->tasks.v[next]);
			if (!c->tasks.v[next].over)
				running[n++] = &c->tasks.v[next];
			next++;
		}
		now = clock_mono_ms();
		for (size_t i = 0; i < n; i++) {
			place_poll(running[i], &fds[2 * i]);
			wait = MAX(MIN(wait, running[i]->deadline - now), 0);
		}
		if (poll(fds, 2 * n, (int)wait) < 0 && errno != EINTR)
			BUG("poll: %s", strerror(errno));
		for (size_t i = 0; i < n; i++)
			place_step(running[i], c->arena, &fds[2 * i]);
		for (size_t i = 0; i < n;) {
			if (running[i]->abandoned)
				note_lost(running[i]);
			if (running[i]->over)
				running[i] = running[--n];
			else
				i++;
		}
	}
}

static void
match_copies(struct collect *c)
{
	for (size_t i = 0; i < c->now.nsets; i++)
		for (size_t k = 0; k < c->now.sets[i].ncopies; k++)
			copies_match(
				c->arena, c->directory, &c->now.sets[i], &c->now.sets[i].copies[k]);
}

/* For those who may read the catalog and not the proofs. */
static void
embed_proofs(struct collect *c)
{
	for (size_t i = 0; i < c->now.nsets; i++) {
		struct set_facts *f = &c->now.sets[i];
		const struct proofs *all = catalog_proofs(c->before, catalog_set(c->before, i));

		proofs_init(&f->proofs, c->arena, f->asset, f->set);
		for (size_t k = 0; k < all->list.n && k < PROOFS_KEPT; k++)
			*vec_push(c->arena, &f->proofs.list) = all->list.v[k];
		if (all->restores.n > 0)
			*vec_push(c->arena, &f->proofs.restores) = all->restores.v[0];
	}
}

static bool
refers(const struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->nsets; i++) {
		if (util_streq(s->sets[i].place.seen.list, name))
			return true;
		for (size_t k = 0; k < s->sets[i].ncopies; k++)
			if (util_streq(s->sets[i].copies[k].place.seen.list, name))
				return true;
	}
	return false;
}

/* Those of the summary before stay one round longer, for who has just read that one. */
static void
remove_old_lists(struct collect *c)
{
	const struct summary *before = catalog_summary(c->before);
	struct dirent *entry;
	DIR *dir = opendir(c->directory);

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (util_ends(entry->d_name, ".list") && !refers(&c->now, entry->d_name) &&
			!refers(before, entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
}

static bool
write_summary(struct collect *c, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(SUMMARY_MAX + KIB);

	c->now.written_at = clock_now();
	summary_format(&text, &c->now);
	if (text.full)
		return err_set(err, ERR_LIMIT, "The summary of the catalog is larger than 64 MiB.");
	return file_replace(
		path_join(c->arena, c->directory, "summary"), text.buf, text.len, 0644, err);
}

static bool
collect(struct collect *c, struct collect_report *ret, struct err *err)
{
	struct place_task *t;

	make_env(c);
	fill(c);
	run_tasks(c);
	match_copies(c);
	embed_proofs(c);
	if (!write_summary(c, err))
		return false;
	remove_old_lists(c);
	ret->places = c->tasks.n;
	vec_each (&c->tasks, t)
		ret->failed += t->place->error != NULL;
	return true;
}

bool
collect_run(struct arena *a, const struct site *site, const char *state,
	const struct collect_options *o, struct collect_report *ret, struct err *err)
{
	struct collect c = {.arena = a, .site = site, .state = state, .options = o};
	CLEANUP(err_done) struct err why = ERR_INIT;
	CLEANUP(util_close) int fd = -1;
	bool good;

	*ret = (struct collect_report){.places = 0};
	c.directory = path_join(a, state, "catalog");
	if (!readonly_check(err) || !file_mkdirs(c.directory, 0750, err) || !lock(&c, &fd, err))
		return false;
	if (!catalog_open(state, site, &c.before, &why)) {
		if (why.code != ERR_NOT_FOUND)
			ret->thrown_away = arena_strdup(a, why.msg);
		c.before = catalog_empty(state, site);
	}
	good = collect(&c, ret, err);
	catalog_free(c.before);
	return good;
}

pid_t
collect_running(const char *state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close)
	int fd = open(catalog_path(&a, state, ".lock"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? 0 : filelock_holder(fd);
}

bool
collect_open(struct arena *a, const struct site *site, const char *state, bool refresh,
	struct catalog **ret, const char **ret_notice, struct err *err)
{
	struct collect_options o = {.wait_ms = 120000};
	struct collect_report report;
	CLEANUP(err_done) struct err why = ERR_INIT;

	*ret_notice = NULL;
	if (!refresh && catalog_open(state, site, ret, &why))
		return true;
	/* Without a site file nobody knows where to look. */
	if (site == NULL) {
		if (!refresh)
			return err_move(err, &why);
		err_set(err, ERR_CONFIG, "Without a site file nothing can be collected.");
		return err_hint(err, "Give one with --site FILE or $LIFEBOAT_SITE.");
	}
	if (why.code != ERR_NONE && why.code != ERR_NOT_FOUND && why.code != ERR_DAMAGED)
		return err_move(err, &why);
	if (!collect_run(a, site, state, &o, &report, err))
		return false;
	*ret_notice = report.thrown_away;
	return catalog_open(state, site, ret, err);
}

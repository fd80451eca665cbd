#include "base/banned.h"
#include "cli/follow_output.h"
#include "base/file.h"
#include "base/text.h"
#include "run/dir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define CHUNK (64 * KIB)
#define SLICE (1 * MIB) /* shown at a time */

/* The first line has a prefix of its own. */
static void
print(struct cli *cli, const char *first, const char *prefix, const char *text, size_t len)
{
	CLEANUP(str_done) struct str out = STR_INIT(512 * KIB);

	text_visible(&out, text, len, TEXT_LINES);
	for (const char *p = str_text(&out); *p != '\0'; first = prefix) {
		size_t n = strcspn(p, "\n");

		cli_print(cli, "%s%.*s\n", first, (int)n, p);
		p += n + (p[n] == '\n');
	}
}

void
follow_print(struct cli *cli, const char *prefix, const char *text, size_t len)
{
	print(cli, prefix, prefix, text, len);
}

static bool
signal_waits(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

/* What has become too much to be read is left out. */
static void
skip(struct follow_output *o, struct cli *cli, int fd, const char *path)
{
	struct stat st;
	off_t to;

	if (!o->person || fstat(fd, &st) < 0 || st.st_size - o->at <= SLICE)
		return;
	to = st.st_size - CHUNK;
	cli_print(cli, "      [... %lld bytes are not shown here; they are in %s]\n",
		(long long)(to - o->at), text_safe(cli->arena, path));
	o->at = to;
	o->cut = true;
}

void
follow_output_print(struct follow_output *o, struct cli *cli, const struct step_state *st)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close) int fd = -1;
	const char *path = run_dir_output(&a, o->dir, st->id, st->attempt);
	static char chunk[CHUNK];
	off_t from;
	ssize_t n;

	if (!util_streq(st->id, o->step) || st->attempt != o->attempt) {
		snprintf(o->step, sizeof(o->step), "%s", st->id);
		o->attempt = st->attempt;
		o->at = 0;
		o->cut = false;
	}
	o->behind = false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		skip(o, cli, fd, path);
	from = o->at;
	while (fd >= 0 && !o->behind && (n = file_pread(fd, chunk, CHUNK, o->at)) > 0) {
		/* Whole lines while more may come. */
		const char *last = memrchr(chunk, '\n', (size_t)n);

		if (last != NULL)
			n = last + 1 - chunk;
		else if (st->status == STEP_RUNNING && (size_t)n < sizeof(chunk))
			return;
		/* What only looks like a line of its own must not pass for one. */
		print(cli, o->cut ? "      < " : "      > ", "      > ", chunk, (size_t)n);
		o->cut = last == NULL;
		o->at += n;
		o->behind = st->status == STEP_RUNNING ? o->at - from >= SLICE : signal_waits();
	}
}

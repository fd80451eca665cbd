#include "base/banned.h"
#include "run/replay.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "run/dir.h"
#include "run/report.h"

#include <errno.h>
#include <fcntl.h>

#define CHUNK   (64 * KIB)
#define COLUMNS 80
#define ROWS    24

struct player {
	const struct replay_options *o;
	int fd;
	double at;       /* seconds of the recording, pauses cut */
	int64_t last_ms; /* wall clock of the run */
	bool good;
};

static void
emit(struct player *p, const char *text, size_t len)
{
	CLEANUP(str_done) struct str out = STR_INIT(CHUNK * 8), crlf = STR_INIT(CHUNK * 2);

	if (!p->o->asciicast) {
		p->good = p->good && file_write_all(p->fd, text, len);
		return;
	}
	/* A terminal in raw mode wants the carriage return. */
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			str_addc(&crlf, '\r');
		str_addc(&crlf, text[i]);
	}
	str_fmt(&out, "[%.3f, \"o\", ", p->at);
	json_quote(&out, str_text(&crlf), crlf.len);
	str_add(&out, "]\n");
	p->good = p->good && file_write_all(p->fd, out.buf, out.len);
}

/* Goes on to this moment of the run. */
static void
advance(struct player *p, int64_t ms)
{
	double pause = (double)(ms - p->last_ms) / 1000;
	struct timespec nap;

	if (pause <= 0)
		return;
	p->last_ms = ms;
	pause = MIN(pause, (double)p->o->idle_s) / p->o->speed;
	p->at += pause;
	if (p->o->asciicast)
		return;
	nap.tv_sec = (time_t)pause;
	nap.tv_nsec = (long)((pause - (double)nap.tv_sec) * 1e9);
	nanosleep(&nap, NULL);
}

static void
say(struct player *p, const char *text)
{
	CLEANUP(str_done) struct str line = STR_INIT(16 * KIB);

	text_visible(&line, text, strlen(text), TEXT_LINES);
	str_addc(&line, '\n');
	emit(p, line.buf, line.len);
}

static void
play_bytes(struct player *p, int fd, int64_t from, int64_t to)
{
	static char chunk[CHUNK];

	while (from < to && p->good) {
		CLEANUP(str_done) struct str shown = STR_INIT(CHUNK * 8);
		ssize_t n = file_pread(fd, chunk, (size_t)MIN(to - from, (int64_t)CHUNK), from);

		if (n <= 0)
			return;
		text_visible(&shown, chunk, (size_t)n, TEXT_LINES);
		emit(p, shown.buf, shown.len);
		from += n;
	}
}

static void
play_output(struct player *p, struct arena *a, const char *dir, const struct report_try *t,
	int64_t started_ms)
{
	const char *path = run_dir_output(a, dir, t->step, t->attempt);
	const char *times = arena_fmt(a, "%.*s.times", (int)strlen(path) - 4, path);
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	FILE *f = fopen(times, "re");
	long long ms, bytes, shown = 0;
	char line[64];

	while (fd >= 0 && f != NULL && p->good && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%18lld %18lld", &ms, &bytes) != 2 || bytes < shown)
			break;
		advance(p, started_ms + ms);
		play_bytes(p, fd, shown, bytes);
		shown = bytes;
	}
	if (f != NULL)
		fclose(f);
	if (fd >= 0)
		play_bytes(p, fd, shown, t->output_bytes);
}

static const struct report_try *
next_try(const struct run_report *r, size_t *next)
{
	return *next < r->tries.n ? &r->tries.v[(*next)++] : NULL;
}

bool
replay_run(
	struct arena *a, const char *dir, const struct replay_options *o, int fd, struct err *err)
{
	struct player p = {.o = o, .fd = fd, .good = true};
	const struct report_event *e;
	struct run_report r;
	size_t next = 0;

	if (!run_report_load(a, dir, &r, err))
		return false;
	p.last_ms = r.state.started_ms;
	if (o->asciicast) {
		const char *head = arena_fmt(a,
			"{\"version\": 2, \"width\": %d, \"height\": %d, "
			"\"timestamp\": %lld}\n",
			COLUMNS, ROWS, (long long)(r.state.started_ms / 1000));

		p.good = file_write_all(fd, head, strlen(head));
	}
	vec_each (&r.events, e) {
		const struct report_try *t;

		advance(&p, e->at_ms);
		say(&p, arena_fmt(a, "-- %s%s%s: %s", e->actor, e->step != NULL ? ", " : "",
				e->step != NULL ? e->step : "", e->text));
		/* The event that began a try is followed by what it printed. */
		if (util_starts(e->text, "started") && (t = next_try(&r, &next)) != NULL)
			play_output(&p, a, dir, t, e->at_ms);
		if (!p.good)
			return errno == EPIPE ||
			       err_sys(err, ERR_IO, errno, "Cannot write the replay");
	}
	return true;
}

/*
 * state: a run's state around the folding of its records (state_fold.c): made, read out of a
 * journal, and asked how far its clock is.
 */
#include "base/banned.h"
#include "run/state.h"
#include "audit/record.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>

#define LOAD_CHUNK (2 * RECORD_MAX)

static const struct {
	const char *name;
	bool final;
} statuses[] = {
#define STATUS(name, text, final) {text, final},
	STEP_STATUSES(STATUS)
#undef STATUS
};

bool
run_state_at_once(const struct run_state *s, size_t i)
{
	return i > 0 && s->steps[i].group != NULL &&
	       util_streq(s->steps[i].group, s->steps[i - 1].group);
}

size_t
run_state_running(const struct run_state *s, struct str *ret_ids)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nsteps; i++) {
		if (s->steps[i].status != STEP_RUNNING)
			continue;
		if (ret_ids != NULL)
			str_fmt(ret_ids, "%s%s", n > 0 ? ", " : "", s->steps[i].id);
		n++;
	}
	return n;
}

const char *
step_status_name(enum step_status status)
{
	return statuses[status].name;
}

bool
step_status_final(enum step_status status)
{
	return statuses[status].final;
}

void
run_state_init(struct run_state *s, struct arena *a)
{
	/* A journal whose first records are lost still says what is left of it. */
	*s = (struct run_state){.arena = a,
		.runbook = "?",
		.title = "",
		.operator= "?",
		.started_by = "?",
		.rto_s = -1,
		.rpo_s = -1,
		.started_ms = -1,
		.ended_ms = -1,
		.recovered_ms = -1,
		.incident_ms = -1,
		.halted_since_ms = -1,
		.forecast_s = -1,
		.forecast_ms = -1,
		.operator_uid = -1,
		.operator_login_uid = -1,
		.exit = -1};
}

struct step_state *
run_state_step(const struct run_state *s, const char *id)
{
	for (size_t i = 0; id != NULL && i < s->nsteps; i++)
		if (strcmp(s->steps[i].id, id) == 0)
			return &s->steps[i];
	return NULL;
}

bool
run_state_line(struct run_state *s, const char *line, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = len <= RECORD_MAX ? json_parse(line, len, &err) : NULL;

	return j != NULL && run_state_apply(s, j);
}

/* Folds the whole lines of the buffer; returns how many bytes they were, -1 at a bad one. */
static ssize_t
fold_lines(struct run_state *s, const char *buf, size_t len)
{
	const char *at = buf, *end;

	while ((end = memchr(at, '\n', (size_t)(buf + len - at))) != NULL) {
		if (!run_state_line(s, at, (size_t)(end - at)))
			return -1;
		at = end + 1;
	}
	return at - buf;
}

bool
run_state_load(struct run_state *s, const char *journal, struct err *err)
{
	CLEANUP(util_close)
	int fd = open(journal, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP(util_free) char *buf = NULL;
	size_t have = 0;
	off_t at = 0;
	ssize_t n, used;

	if (fd < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open the journal %s", journal);
	buf = util_alloc(LOAD_CHUNK);
	while ((n = file_pread(fd, buf + have, LOAD_CHUNK - have, at)) > 0) {
		at += n;
		have += (size_t)n;
		used = fold_lines(s, buf, have);
		if (used < 0 || (used == 0 && have == LOAD_CHUNK))
			return err_set(err, ERR_DAMAGED,
				"The journal %s is damaged behind record %llu.", journal,
				(unsigned long long)s->seq);
		memmove(buf, buf + used, have - (size_t)used);
		have -= (size_t)used;
	}
	/* Half a journal is another run: a step that it does not show would be run again. */
	if (n < 0)
		return err_sys(err, ERR_IO, errno, "Cannot read the journal %s", journal);
	return true;
}

int64_t
run_elapsed_s(const struct run_state *s, int64_t now_ms)
{
	return run_elapsed_ms(s, now_ms) / 1000;
}

int64_t
run_elapsed_ms(const struct run_state *s, int64_t now_ms)
{
	int64_t end = s->recovered_ms >= 0 ? s->recovered_ms
		      : s->ended_ms >= 0   ? s->ended_ms
					   : now_ms;

	int64_t start = s->incident_ms >= 0 ? s->incident_ms : s->started_ms;
	int64_t halted = s->halted_ms;

	if (s->halted_since_ms >= 0)
		halted += MAX(end - s->halted_since_ms, 0);
	return s->started_ms < 0 ? 0 : MAX(end - start - halted, 0);
}

int64_t
run_rest_s(const struct run_state *s, int64_t now_ms)
{
	if (s->forecast_s < 0)
		return -1;
	return MAX(s->forecast_elapsed_s + s->forecast_s - run_elapsed_s(s, now_ms), 0);
}

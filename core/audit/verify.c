#include "base/banned.h"
#include "audit/verify_private.h"
#include "base/file.h"
#include "base/filelock.h"
#include "conf/json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>

#define CHUNK     (4 * RECORD_MAX)
#define READ      (256 * KIB) /* at a time: what the processor's cache holds */
#define PARTS_MAX 999999

/* How long a record that is being written right now may take to be whole. */
#define SETTLE_MS 2000

static const struct {
	const char *name;
	int status;
} verdicts[] = {
#define VERDICT(name, status, text) {text, status},
	AUDIT_VERDICTS(VERDICT)
#undef VERDICT
};

const char *
audit_verdict_name(enum audit_verdict v)
{
	return verdicts[v].name;
}

int
audit_verdict_status(enum audit_verdict v)
{
	return verdicts[v].status;
}

void
audit_report_done(struct audit_report *r)
{
	free(r->why);
	r->why = NULL;
}

void
verify_conclude(struct verifier *v, enum audit_verdict verdict, uint64_t seq, const char *fmt, ...)
{
	CLEANUP(str_done) struct str why = STR_INIT(4 * KIB);
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&why, fmt, ap);
	va_end(ap);
	free(v->report->why);
	v->report->why = str_take(&why);
	v->report->verdict = verdict;
	v->report->at_seq = seq;
	v->done = true;
}

bool
audit_anchor_parse(struct arena *a, const char *text, struct audit_anchor *ret, struct err *err)
{
	char *copy = arena_strdup(a, text), *hash = strrchr(copy, ':'), *seq = NULL;
	unsigned char sum[DIGEST_SIZE];

	*ret = (struct audit_anchor){.from = "the expected head"};
	if (hash != NULL) {
		*hash++ = '\0';
		seq = strrchr(copy, ':');
		if (seq != NULL)
			*seq++ = '\0';
	}
	if (seq != NULL)
		ret->file_id = copy;
	else if (hash != NULL)
		seq = copy;
	if (hash == NULL)
		hash = copy;
	if (strlen(hash) != 64 || !digest_unhex(hash, DIGEST_SIZE, sum) ||
		(seq != NULL && !util_parse_u64(seq, &ret->seq))) {
		err_set(err, ERR_USAGE, "\"%s\" is not the head of a log.", text);
		return err_hint(
			err, "A head is written SEQ:HASH, as `lifeboat audit verify` prints it.");
	}
	digest_hex(sum, DIGEST_SIZE, ret->hash);
	return true;
}

static int
by_seq(const void *left, const void *right)
{
	uint64_t l = ((const struct audit_anchor *)left)->seq;
	uint64_t r = ((const struct audit_anchor *)right)->seq;

	return l < r ? -1 : l > r;
}

/* Now that the log's id is known: which anchors are about it. */
static void
take_anchors(struct verifier *v)
{
	const struct audit_trust *t = v->trust;

	v->anchors = arena_array(&v->arena, t->nanchors + 1, sizeof(*v->anchors));
	for (size_t i = 0; i < t->nanchors; i++)
		if (t->anchors[i].file_id == NULL ||
			strcmp(t->anchors[i].file_id, v->report->file_id) == 0)
			v->anchors[v->nanchors++] = t->anchors[i];
	if (t->anchors_given && v->nanchors == 0)
		verify_conclude(v, AUDIT_BROKEN, 1,
			"None of the %zu anchors given is of this log (file id %s): it is another "
			"one.",
			t->nanchors, v->report->file_id);
}

/* The expected head may name another log; then this is not the one. */
static void
take_expected(struct verifier *v, const struct audit_anchor *expected)
{
	if (expected->file_id != NULL && strcmp(expected->file_id, v->report->file_id) != 0) {
		verify_conclude(v, AUDIT_BROKEN, 1,
			"The expected head is of the log %s, and this is the log %s.",
			expected->file_id, v->report->file_id);
		return;
	}
	if (expected->seq > 0) {
		v->anchors[v->nanchors++] = *expected;
		return;
	}
	memcpy(v->wanted_hash, expected->hash, DIGEST_HEX);
	v->wanted = v->wanted_hash;
}

/* The first record of each file says what it is, and which part of which log. */
static void
take_opening(struct verifier *v, const char *line, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(line, len, &err);
	const cJSON *data = j != NULL ? json_get(j, "data") : NULL;
	const char *id = data != NULL ? json_get_text(data, "file_id") : NULL;
	struct audit_report *r = v->report;
	const char *event = r->parts == 1 ? "chain.opened" : "chain.continued";
	struct audit_anchor expected;

	if (j == NULL || !util_streq(json_get_text(j, "event"), event) || id == NULL) {
		verify_conclude(v, AUDIT_BROKEN, r->head.seq,
			"The first record of a file does not %s a log.",
			r->parts == 1 ? "open" : "continue");
		return;
	}
	if (json_get_int(data, "format", 0) != 1) {
		verify_conclude(v, AUDIT_UNSUPPORTED, r->head.seq,
			"The log has format %lld, which this version does not know.",
			(long long)json_get_int(data, "format", 0));
		return;
	}
	if (r->parts > 1) {
		if (strcmp(id, r->file_id) != 0 ||
			json_get_int(data, "part", 1) != (int64_t)r->parts)
			verify_conclude(v, AUDIT_BROKEN, r->head.seq,
				"Part %llu of the log is a part of another one.",
				(unsigned long long)r->parts);
		return;
	}
	snprintf(r->file_id, sizeof(r->file_id), "%s", id);
	take_anchors(v);
	if (!v->done && v->trust->expect != NULL &&
		audit_anchor_parse(&v->arena, v->trust->expect, &expected, &err))
		take_expected(v, &expected);
	if (v->nanchors > 1)
		qsort(v->anchors, v->nanchors, sizeof(*v->anchors), by_seq);
}

static void
check_anchors(struct verifier *v, const struct record_link *link)
{
	if (v->wanted != NULL && memcmp(v->wanted, link->hash, 64) == 0) {
		v->report->anchored_seq = link->seq;
		v->wanted = NULL;
	}
	for (; v->next_anchor < v->nanchors && v->anchors[v->next_anchor].seq <= link->seq;
		v->next_anchor++) {
		if (memcmp(v->anchors[v->next_anchor].hash, link->hash, 64) != 0) {
			verify_conclude(v, AUDIT_BROKEN, link->seq,
				"Record %llu is not the one that %s holds: the log was rewritten.",
				(unsigned long long)link->seq, v->anchors[v->next_anchor].from);
			return;
		}
		v->report->anchored_seq = link->seq;
	}
}

static bool
is(const char *event, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(event, name, len) == 0;
}

/* Records that say something about the log itself. */
static void
take_event(struct verifier *v, const char *line, size_t len, const struct record_link *link)
{
	size_t n = 0;
	const char *event = record_event_name(line, len, &n);

	if (event == NULL || n < 6 || strchr("acr", event[0]) == NULL)
		return;
	if (is(event, n, "audit.sealed"))
		verify_seal(v, line, len, link);
	else if (is(event, n, "audit.key"))
		verify_key(v, line, len, link);
	else if (is(event, n, "chain.recovered"))
		v->report->recoveries++;
	else if (is(event, n, "chain.rotated"))
		v->closed = true;
	else if (is(event, n, "run.started") || is(event, n, "run.resumed"))
		verify_boot(v, line, len);
}

static void
take_line(struct verifier *v, const char *line, size_t len)
{
	struct audit_report *r = v->report;
	struct record_link link;
	uint64_t next = r->head.seq + 1;

	if (!record_check_with(v->digest, line, len, &link)) {
		verify_conclude(v, AUDIT_BROKEN, next, "Record %llu is not what was written.",
			(unsigned long long)next);
		return;
	}
	if (memcmp(link.prev, r->head.hash, 64) != 0 || link.seq != next) {
		verify_conclude(v, link.seq > next ? AUDIT_GAP : AUDIT_BROKEN, next,
			"Behind record %llu comes record %llu, which does not follow from it.",
			(unsigned long long)r->head.seq, (unsigned long long)link.seq);
		return;
	}
	r->head.seq = link.seq;
	memcpy(r->head.hash, link.hash, 64);
	r->records++;
	v->closed = false;
	verify_clock(v, line, len);
	if (v->first) {
		v->first = false;
		take_opening(v, line, len);
		verify_boot(v, line, len);
	} else
		take_event(v, line, len, &link);
	if (!v->done && (v->wanted != NULL || v->next_anchor < v->nanchors))
		check_anchors(v, &link);
}

/* Whole lines of the buffer; returns how many bytes they were. */
static size_t
take_lines(struct verifier *v, const char *buf, size_t len)
{
	size_t done = 0;

	while (!v->done && done < len) {
		const char *end = memchr(buf + done, '\n', len - done);

		if (end == NULL)
			break;
		if (v->closed && !v->first) {
			verify_conclude(v, AUDIT_BROKEN, v->report->head.seq + 1,
				"There are records behind the one that closes the file.");
			break;
		}
		take_line(v, buf + done, (size_t)(end - buf) - done);
		done = (size_t)(end - buf) + 1;
	}
	return done;
}

/* A record may be half written this very moment: whoever appends has the lock, a runner that of its
 * journal for as long as it lives. */
static bool
was_being_written(int fd, off_t end)
{
	struct stat st;

	if (filelock_take(fd, SETTLE_MS))
		filelock_release(fd);
	return fstat(fd, &st) == 0 && st.st_size > end;
}

static bool
read_part(struct verifier *v, int fd, const char *path, struct err *err)
{
	CLEANUP(util_free) char *buf = util_alloc(CHUNK);
	struct audit_report *r = v->report;
	size_t have = 0;
	off_t at = 0;
	ssize_t n;

	r->parts++;
	v->first = true;
	for (;;) {
		size_t used;

		n = file_pread(fd, buf + have, MIN(CHUNK - have, (size_t)READ), at);
		if (n < 0)
			return err_sys(err, ERR_IO, errno, "Cannot read the log %s", path);
		if (n == 0 && (have == 0 || !was_being_written(fd, at)))
			break;
		at += n;
		r->bytes += n;
		have += (size_t)n;
		used = take_lines(v, buf, have);
		memmove(buf, buf + used, have - used);
		have -= used;
		if (v->done)
			return true;
		if (have == CHUNK) {
			verify_conclude(v, AUDIT_BROKEN, r->head.seq + 1,
				"A line has no end within %lld bytes.", (long long)CHUNK);
			return true;
		}
	}
	if (have > 0)
		verify_conclude(v, AUDIT_TORN, r->head.seq + 1,
			"The file ends in the middle of a record (%zu bytes).", have);
	else if (v->first)
		verify_conclude(v, AUDIT_BROKEN, r->head.seq + 1, "The log is empty.");
	return true;
}

/* -1 with success: there is no such file. */
static bool
open_part(const char *path, int *ret, struct err *err)
{
	struct stat st;

	*ret = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (*ret < 0 && errno == ENOENT)
		return true;
	if (*ret < 0 || fstat(*ret, &st) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot open the log %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "%s is not a regular file.", path);
	return true;
}

/* Which part of a log a file is: 1 for one that was never rotated, or is no log at all. */
static uint64_t
part_of(int fd)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *j = NULL;
	char head[4 * KIB];
	ssize_t n = file_pread(fd, head, sizeof(head), 0);
	const char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	int64_t part;

	if (end == NULL)
		return 1;
	j = json_parse(head, (size_t)(end - head), &ignored);
	part = json_get_int(json_get(j, "data"), "part", 1);
	return part > 1 && part <= PARTS_MAX ? (uint64_t)part : 1;
}

/* How many closed files there are at least, when the newest is not there to tell. */
static uint64_t
parts_left(struct arena *a, const char *path)
{
	uint64_t n = 0;

	while (n < PARTS_MAX && file_exists(chain_part_path(a, path, n + 1)))
		n++;
	return n;
}

/* The closed files, oldest first. */
static bool
read_closed(struct verifier *v, const char *path, uint64_t count, struct err *err)
{
	for (uint64_t part = 1; part <= count && !v->done; part++) {
		CLEANUP(util_close) int fd = -1;
		const char *name = chain_part_path(&v->arena, path, part);

		if (!open_part(name, &fd, err))
			return false;
		/* A rotation that stopped before its last step has not numbered it yet. */
		if (fd < 0 && part == count &&
			!open_part(arena_fmt(&v->arena, "%s.next", path), &fd, err))
			return false;
		if (fd < 0) {
			verify_conclude(v, part == 1 ? AUDIT_MISSING : AUDIT_GAP,
				v->report->head.seq + 1, "The file %s of the log is missing.",
				name);
			return true;
		}
		if (!read_part(v, fd, name, err))
			return false;
		if (!v->done && !v->closed)
			verify_conclude(v, AUDIT_GAP, v->report->head.seq + 1,
				"%s ends before the record that closes it.", name);
	}
	return true;
}

static bool
no_log(struct verifier *v, const char *path, struct err *err)
{
	const struct audit_trust *t = v->trust;

	if (v->report->parts == 0 && t->expect == NULL && t->nanchors == 0 && !t->key_given)
		return err_sys(err, ERR_NOT_FOUND, ENOENT, "Cannot open the log %s", path);
	verify_conclude(v, AUDIT_MISSING, v->report->head.seq + 1,
		"%s, the newest file of the log, is missing.", path);
	return true;
}

/* The newest file; and the one that takes its place when the log is rotated meanwhile. */
static bool
read_newest(struct verifier *v, const char *path, int *fd, struct err *err)
{
	while (!v->done) {
		struct stat was, now;

		if (fstat(*fd, &was) < 0 || !read_part(v, *fd, path, err))
			return false;
		if (v->done || !v->closed)
			return true;
		if (lstat(path, &now) < 0 || now.st_ino == was.st_ino) {
			verify_conclude(v, AUDIT_MISSING, v->report->head.seq + 1,
				"The log goes on in another file, which is not here.");
			return true;
		}
		util_close(fd);
		if (!open_part(path, fd, err))
			return false;
		if (*fd < 0)
			return no_log(v, path, err);
	}
	return true;
}

/* What is known to have been there weighs more than how the file ends. */
static void
judge_unmet_anchors(struct verifier *v)
{
	struct audit_report *r = v->report;

	if (v->done && r->verdict != AUDIT_TORN)
		return;
	if (v->wanted != NULL)
		verify_conclude(v, AUDIT_BROKEN, r->head.seq,
			"The expected head is not in this log: records were cut off or rewritten.");
	else if (v->next_anchor < v->nanchors)
		verify_conclude(v, AUDIT_BROKEN, r->head.seq,
			"Record %llu, which %s holds, is not in this log: records were cut off.",
			(unsigned long long)v->anchors[v->nanchors - 1].seq,
			v->anchors[v->nanchors - 1].from);
}

static void
finish(struct verifier *v)
{
	struct audit_report *r = v->report;

	judge_unmet_anchors(v);
	if (v->done)
		return;
	if (v->trust->key_given && r->epoch == 0) {
		verify_conclude(v, AUDIT_BROKEN, 1,
			"No record of the log is sealed, and a key was given that it is to be "
			"believed by.");
		return;
	}
	if (r->anchored_seq > 0) {
		verify_conclude(v, AUDIT_ANCHORED, 0,
			"Every record up to %llu is as it was anchored.",
			(unsigned long long)r->anchored_seq);
		return;
	}
	if (r->key_trusted)
		verify_conclude(v, AUDIT_UNANCHORED, 0,
			"The chain is whole, and its seals are good up to record %llu. Without an "
			"anchor nobody can tell whether records were cut off its end.",
			(unsigned long long)r->sealed_seq);
	else
		verify_conclude(v, AUDIT_UNANCHORED, 0,
			"The chain is whole.%s Without an anchor nobody can tell whether records "
			"were cut off its end or all of it was rewritten.",
			r->epoch == 0 ? " None of its records is sealed." : "");
}

bool
audit_verify(const char *path, const struct audit_trust *trust, struct audit_report *ret,
	struct err *err)
{
	CLEANUP(util_close) int fd = -1;
	static const struct audit_trust nothing;
	struct verifier v = {.report = ret, .trust = trust != NULL ? trust : &nothing};
	struct audit_anchor expected;
	uint64_t closed;
	bool good;

	*ret = (struct audit_report){.verdict = AUDIT_BROKEN};
	v.digest = digest_new();
	verify_clock_init(&v);
	memcpy(ret->head.hash, CHAIN_ZERO, DIGEST_HEX);
	good = (v.trust->expect == NULL ||
		       audit_anchor_parse(&v.arena, v.trust->expect, &expected, err)) &&
	       open_part(path, &fd, err);
	if (good) {
		closed = fd >= 0 ? part_of(fd) - 1 : parts_left(&v.arena, path);
		good = read_closed(&v, path, closed, err);
	}
	if (good && !v.done)
		good = fd >= 0 ? read_newest(&v, path, &fd, err) : no_log(&v, path, err);
	if (good)
		finish(&v);
	arena_done(&v.arena);
	digest_free(v.digest);
	if (!good)
		audit_report_done(ret);
	return good;
}

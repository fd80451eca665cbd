#include "base/banned.h"
#include "audit/verify.h"
#include "base/file.h"
#include "conf/json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#define CHUNK (4 * RECORD_MAX)

static const struct {
	const char *name;
	int status;
} verdicts[] = {
#define VERDICT(name, status, text) {text, status},
	AUDIT_VERDICTS(VERDICT)
#undef VERDICT
};

struct verifier {
	struct audit_report *report;
	uint64_t want_seq; /* 0: any record with the hash */
	char want_hash[DIGEST_HEX];
	bool wanted, done;
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

PRINTF(4, 5)
static void
conclude(struct verifier *v, enum audit_verdict verdict, uint64_t seq, const char *fmt, ...)
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

/* The first record says what the file is. */
static void
take_opening(struct verifier *v, const char *line, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(line, len, &err);
	const cJSON *data = j != NULL ? json_get(j, "data") : NULL;
	const char *id = data != NULL ? json_get_text(data, "file_id") : NULL;

	if (j == NULL || !util_streq(json_get_text(j, "event"), "chain.opened") || id == NULL) {
		conclude(v, AUDIT_BROKEN, 1, "The first record does not open a log.");
		return;
	}
	if (json_get_int(data, "format", 0) != 1) {
		conclude(v, AUDIT_UNSUPPORTED, 1,
			"The log has format %lld, which this version does not know.",
			(long long)json_get_int(data, "format", 0));
		return;
	}
	snprintf(v->report->file_id, sizeof(v->report->file_id), "%s", id);
}

static void
take_line(struct verifier *v, const char *line, size_t len)
{
	struct audit_report *r = v->report;
	struct record_link link;
	uint64_t next = r->head.seq + 1;

	if (!record_check(line, len, &link)) {
		conclude(v, AUDIT_BROKEN, next, "Record %llu is not what was written.",
			(unsigned long long)next);
		return;
	}
	if (memcmp(link.prev, r->head.hash, 64) != 0 || link.seq != next) {
		conclude(v, link.seq > next ? AUDIT_GAP : AUDIT_BROKEN, next,
			"Behind record %llu comes record %llu, which does not follow from it.",
			(unsigned long long)r->head.seq, (unsigned long long)link.seq);
		return;
	}
	r->head.seq = link.seq;
	memcpy(r->head.hash, link.hash, 64);
	r->records++;
	if (link.seq == 1)
		take_opening(v, line, len);
	else if (memmem(line, MIN(len, 300), "\"event\":\"chain.recovered\"", 25) != NULL)
		r->recoveries++;
	if (v->wanted && memcmp(link.hash, v->want_hash, 64) == 0 &&
		(v->want_seq == 0 || v->want_seq == link.seq))
		r->anchored_seq = link.seq;
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
		take_line(v, buf + done, (size_t)(end - buf) - done);
		done = (size_t)(end - buf) + 1;
	}
	return done;
}

static bool
parse_expect(struct verifier *v, const char *expect, struct err *err)
{
	CLEANUP(util_free) char *copy = util_strdup(expect);
	char *colon = strchr(copy, ':');
	unsigned char sum[DIGEST_SIZE];
	const char *hash = colon != NULL ? colon + 1 : copy;

	if (colon != NULL)
		*colon = '\0';
	if (strlen(hash) != 64 || !digest_unhex(hash, DIGEST_SIZE, sum) ||
		(colon != NULL && !util_parse_u64(copy, &v->want_seq))) {
		err_set(err, ERR_USAGE, "\"%s\" is not the head of a log.", expect);
		return err_hint(
			err, "A head is written SEQ:HASH, as `lifeboat audit verify` prints it.");
	}
	digest_hex(sum, DIGEST_SIZE, v->want_hash);
	v->wanted = true;
	return true;
}

static void
finish(struct verifier *v, size_t left)
{
	struct audit_report *r = v->report;

	if (v->done)
		return;
	if (left > 0) {
		conclude(v, AUDIT_TORN, r->head.seq + 1,
			"The file ends in the middle of a record (%zu bytes).", left);
		return;
	}
	if (r->records == 0) {
		conclude(v, AUDIT_BROKEN, 1, "The log is empty.");
		return;
	}
	if (v->wanted && r->anchored_seq == 0) {
		conclude(v, AUDIT_BROKEN, r->head.seq,
			"The expected head is not in this log: records were cut off or rewritten.");
		return;
	}
	if (v->wanted)
		conclude(v, AUDIT_ANCHORED, 0, "Every record up to %llu is as it was anchored.",
			(unsigned long long)r->anchored_seq);
	else
		conclude(v, AUDIT_UNANCHORED, 0,
			"The chain is whole. Without an anchor nobody can tell whether records "
			"were "
			"cut off its end or all of it was rewritten.");
}

bool
audit_verify(const char *path, const char *expect, struct audit_report *ret, struct err *err)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP(util_free) char *buf = NULL;
	struct verifier v = {.report = ret};
	size_t have = 0;
	struct stat st;
	ssize_t n;

	*ret = (struct audit_report){.verdict = AUDIT_BROKEN};
	memcpy(ret->head.hash, CHAIN_ZERO, DIGEST_HEX);
	if (expect != NULL && !parse_expect(&v, expect, err))
		return false;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open the log %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "%s is not a regular file.", path);
	buf = util_alloc(CHUNK);
	while (!v.done && (n = file_pread(fd, buf + have, CHUNK - have, ret->bytes)) != 0) {
		size_t used;

		if (n < 0)
			return err_sys(err, ERR_IO, errno, "Cannot read the log %s", path);
		ret->bytes += n;
		have += (size_t)n;
		used = take_lines(&v, buf, have);
		memmove(buf, buf + used, have - used);
		have -= used;
		if (!v.done && have == CHUNK)
			conclude(&v, AUDIT_BROKEN, ret->head.seq + 1,
				"A line has no end within %lld bytes.", (long long)CHUNK);
	}
	finish(&v, have);
	return true;
}

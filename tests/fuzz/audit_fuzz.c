/*
 * audit: whatever a log holds, a wrong anchor is never met (F29), what counts as intact is a
 * chain of records that are each as they were written, and opening it for writing either refuses
 * or leaves an intact log behind.
 */
#include "fuzz/fuzz.h"

#include "audit/chain.h"
#include "audit/verify.h"
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

static char dir[64], path[80];

static void
remove_all(void)
{
	struct err err = ERR_INIT;

	FUZZ_HOLDS(file_remove_tree(dir, &err));
}

static void
put(const char *data, size_t len)
{
	int fd;

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "/tmp/lifeboat-test-%d-fuzz", (int)getpid());
		snprintf(path, sizeof(path), "%s/log", dir);
		atexit(remove_all);
	} else {
		remove_all(); /* a torn end was saved beside it */
	}
	FUZZ_HOLDS(mkdir(dir, 0700) == 0);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FUZZ_HOLDS(fd >= 0 && file_write_all(fd, data, len));
	close(fd);
}

static uint64_t
good_records(const char *data, size_t len)
{
	uint64_t n = 0;

	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		struct record_link link;

		if (end == NULL || !record_check(data, (size_t)(end - data), &link) ||
			link.seq != n + 1)
			return n;
		n++;
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	return n;
}

static enum audit_verdict
verify(const char *expect, uint64_t *ret_records)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct audit_report r;

	FUZZ_HOLDS(audit_verify(path, &(struct audit_trust){.expect = expect}, &r, &err));
	FUZZ_HOLDS(r.why != NULL && strlen(r.file_id) <= 32);
	*ret_records = r.records;
	audit_report_done(&r);
	return r.verdict;
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	uint64_t records, good = good_records(data, len);
	struct chain *c;

	put(data, len);
	FUZZ_HOLDS(verify("5:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
			   &records) > AUDIT_UNANCHORED);
	if (verify(NULL, &records) <= AUDIT_UNANCHORED)
		FUZZ_HOLDS(records == good && records > 0);
	FUZZ_HOLDS(records <= good);
	if (chain_open(path, CHAIN_OWNED, "journal", NULL, "fuzz", &c, &err)) {
		struct record r = {.event = "test.event", .actor = "fuzz"};

		FUZZ_HOLDS(chain_append(c, &r, &err));
		chain_free(c);
	}
}

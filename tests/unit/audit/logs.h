/*
 * logs: what the tests of chained files share: writing one, taking it apart, verifying it.
 */
#ifndef UNIT_AUDIT_LOGS_H
#define UNIT_AUDIT_LOGS_H

#include "unit/testing.h"

#include "audit/chain.h"
#include "audit/verify.h"

/* A log of the opening record and `count` more, in the test directory. Returns its path. */
UNUSED static const char *
log_new(const char *name, size_t count)
{
	const char *path = test_path(name);
	struct err err = ERR_INIT;
	struct chain *c;

	unlink(path);
	if (!chain_open(path, CHAIN_OWNED, "journal", NULL, "tester@here", &c, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < count; i++) {
		struct record r = {
			.run = "r1", .event = "test.event", .actor = "tester", .data = "{\"a\":1}"};

		if (!chain_append(c, &r, &err))
			fail_msg("%s", err.msg);
	}
	chain_free(c);
	return path;
}

/* Its bytes, in memory that the caller frees. */
UNUSED static char *
log_bytes(const char *path, size_t *ret_len)
{
	struct str text = STR_INIT(64 * MIB);
	struct err err = ERR_INIT;

	if (!file_read(path, 64 * MIB, &text, &err))
		fail_msg("%s", err.msg);
	*ret_len = text.len;
	return str_take(&text);
}

/* Verifies and frees the sentence; `expect` as audit_verify takes it. */
UNUSED static struct audit_report
log_verify(const char *path, const char *expect)
{
	struct audit_report r;
	struct err err = ERR_INIT;

	if (!audit_verify(path, &(struct audit_trust){.expect = expect}, &r, &err))
		fail_msg("%s", err.msg);
	assert_non_null(r.why);
	audit_report_done(&r);
	return r;
}

UNUSED static struct audit_report
log_verify_bytes(const char *name, const void *bytes, size_t len, const char *expect)
{
	return log_verify(test_file(name, bytes, len, 0600), expect);
}

#define assert_verdict(report, want) \
	assert_string_equal(audit_verdict_name((report).verdict), audit_verdict_name(want))

#endif

/*
 * audit_driver: core/audit behind a command line, for the fault tests, which kill it.
 *
 *   audit_driver append PATH owned|shared COUNT [SIZE]
 *       opens the log and appends COUNT records, with so many bytes of data each. Prints
 *       "opened SEQ HASH [torn]", "intent N" before and "ack SEQ HASH" after every record, or
 *       "error CODE message" (exit status 3).
 *   audit_driver hold PATH
 *       owns the log and prints "opened", then waits for the end of standard input
 *   audit_driver verify PATH [EXPECT]
 *       prints "VERDICT RECORDS AT_SEQ RECOVERIES ANCHORED_SEQ HEAD"; the verdict's exit status
 */
#include "base/banned.h"
#include "audit/chain.h"
#include "audit/verify.h"

#include <signal.h>

static int
fail(struct err *err)
{
	printf("error %s %s\n", err_name(err->code), err->msg);
	err_done(err);
	return 3;
}

static bool
open_log(const char *path, enum chain_mode mode, struct chain **ret, struct err *err)
{
	if (!chain_open(path, mode, "journal", "r1", "driver@test", ret, err))
		return false;
	printf("opened %llu %s%s\n", (unsigned long long)chain_head(*ret)->seq,
		chain_head(*ret)->hash, chain_was_torn(*ret) ? " torn" : "");
	fflush(stdout);
	return true;
}

static int
append(const char *path, const char *mode, uint64_t count, uint64_t size)
{
	CLEANUP(str_done) struct str data = STR_INIT(2 * MIB);
	struct err err = ERR_INIT;
	struct chain *c = NULL;

	str_add(&data, "{\"x\":\"");
	str_pad(&data, size);
	str_add(&data, "\"}");
	if (!open_log(path, strcmp(mode, "shared") == 0 ? CHAIN_SHARED : CHAIN_OWNED, &c, &err))
		return fail(&err);
	for (uint64_t i = 1; i <= count; i++) {
		struct record r = {.step = "s1",
			.event = "test.event",
			.actor = "driver@test",
			.data = str_text(&data)};

		printf("intent %llu\n", (unsigned long long)i);
		fflush(stdout);
		if (!chain_append(c, &r, &err)) {
			chain_free(c);
			return fail(&err);
		}
		printf("ack %llu %s\n", (unsigned long long)chain_head(c)->seq,
			chain_head(c)->hash);
		fflush(stdout);
	}
	chain_free(c);
	return 0;
}

static int
hold(const char *path)
{
	struct err err = ERR_INIT;
	struct chain *c = NULL;

	if (!open_log(path, CHAIN_OWNED, &c, &err))
		return fail(&err);
	while (getchar() != EOF)
		;
	chain_free(c);
	return 0;
}

static int
verify(const char *path, const char *expect)
{
	struct audit_report r;
	struct err err = ERR_INIT;
	int status;

	if (!audit_verify(path, &(struct audit_trust){.expect = expect}, &r, &err))
		return fail(&err);
	printf("%s %llu %llu %llu %llu %llu:%s\n", audit_verdict_name(r.verdict),
		(unsigned long long)r.records, (unsigned long long)r.at_seq,
		(unsigned long long)r.recoveries, (unsigned long long)r.anchored_seq,
		(unsigned long long)r.head.seq, r.head.hash);
	status = audit_verdict_status(r.verdict);
	audit_report_done(&r);
	return status;
}

int
main(int argc, char **argv)
{
	uint64_t count = 0, size = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (argc >= 5 && strcmp(argv[1], "append") == 0 && util_parse_u64(argv[4], &count) &&
		(argc < 6 || util_parse_u64(argv[5], &size)))
		return append(argv[2], argv[3], count, size);
	if (argc == 3 && strcmp(argv[1], "hold") == 0)
		return hold(argv[2]);
	if (argc >= 3 && strcmp(argv[1], "verify") == 0)
		return verify(argv[2], argc > 3 ? argv[3] : NULL);
	fprintf(stderr, "usage: see the source\n");
	return 2;
}

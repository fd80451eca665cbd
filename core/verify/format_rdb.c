/*
 * Redis RDB: structure and CRC-64 in one pass. A CRC of zero means that it was switched off
 * (rdbchecksum no): redis-check-rdb then says OK to anything that parses, this says unverifiable.
 */
#include "base/banned.h"
#include "verify/aof.h"
#include "verify/format.h"
#include "verify/rdb.h"
#include "base/clock.h"

static bool
rdb_detect(const unsigned char *p, size_t len)
{
	return rdb_is(p, len);
}

static const char *
time_text(const struct rdb *r, char *text)
{
	int64_t t;

	return util_parse_i64(r->ctime, &t) ? clock_format(t, text) : "an unknown time";
}

static bool
check_sum(struct proving *p, const struct rdb *r)
{
	if (r->stored_crc == 0) {
		p->unsealed_because = "its CRC is zero, which means that none was computed";
		return true;
	}
	if (r->stored_crc != r->crc) {
		report_add(p->report, PROOF_FAIL, "crc",
			"Its CRC-64 is %016llx, and its bytes give %016llx: they were changed.",
			(unsigned long long)r->stored_crc, (unsigned long long)r->crc);
		return false;
	}
	report_add(p->report, PROOF_PASS, "crc", "%016llx", (unsigned long long)r->crc);
	p->sealed = true;
	return true;
}

/*
 * The structure was not understood. Where the CRC at the end is right all the same, the file is
 * as Redis wrote it: fine when it says itself that it is newer than what is known here, a riddle
 * when it does not.
 */
static bool
not_understood(struct proving *p, struct rdb *r, struct err *err)
{
	struct err why = ERR_INIT;
	bool right = false;

	err_move(&why, err);
	if (why.code != ERR_DAMAGED && why.code != ERR_UNSUPPORTED)
		return err_move(err, &why);
	if (!rdb_only_sum(r, &right, err) || !right) {
		if (err->code == ERR_NONE && r->stored_crc != 0)
			why.code = ERR_DAMAGED; /* nor is the CRC right */
		err_done(err);
		return report_err(p->report, "structure", &why);
	}
	report_add(p->report, why.code == ERR_UNSUPPORTED ? PROOF_PASS : PROOF_UNKNOWN, "structure",
		"not looked at to its end, but the CRC over all of it is right: %s", why.msg);
	err_done(&why);
	return check_sum(p, r);
}

/* The older form of an append-only file: commands behind the RDB that it was rewritten to. */
static bool
check_commands(struct proving *p, struct rdb *r, struct err *err)
{
	const unsigned char *bytes;
	ssize_t n = scan_view(&r->scan, &bytes, err);
	struct aof a;

	if (n <= 0 || !aof_is(bytes, (size_t)n))
		return n >= 0;
	p->report->format = "redis_aof";
	p->found.keys_known = false;
	p->sealed = false;
	p->unsealed_because = "the commands of an AOF carry no checksum";
	if (!aof_read(&r->scan, &a, err))
		return report_err(p->report, "commands", err);
	report_add(p->report, PROOF_PASS, "commands", "%llu behind the RDB",
		(unsigned long long)a.commands);
	return true;
}

static bool
rdb_verify(struct proving *p, struct err *err)
{
	char text[CLOCK_TEXT];
	struct rdb r;

	rdb_init(&r, p->scan);
	if (!rdb_read(&r, err))
		return not_understood(p, &r, err);
	report_add(p->report, PROOF_PASS, "structure",
		"version %d, Redis %s, saved %s: %llu keys in %llu databases", r.version,
		r.redis_version[0] != '\0' ? r.redis_version : "of an unknown version",
		time_text(&r, text), (unsigned long long)r.keys, (unsigned long long)r.databases);
	p->found.keys = r.keys;
	p->found.volatile_keys = r.volatile_keys;
	p->found.keys_known = true;
	return check_sum(p, &r) && check_commands(p, &r, err) && scan_at_end(&r.scan, err);
}

const struct format format_rdb = {
	.name = "redis_rdb",
	.detect = rdb_detect,
	.verify = rdb_verify,
};

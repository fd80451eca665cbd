/*
 * audit_verify: `lifeboat audit verify`: the verdict, and what it rests on.
 */
#include "base/banned.h"
#include "cli/audit_cmd.h"
#include "audit/audit.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <unistd.h>

/* The id that a log's first line gives, from whichever of its files is there; NULL when none. */
static const char *
file_id_of(struct arena *a, const char *path)
{
	const char *const names[] = {path, chain_part_path(a, path, 1)};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char id[CHAIN_ID];

		if (chain_read_id(names[i], id))
			return arena_strdup(a, id);
	}
	return NULL;
}

static bool
measure_keys(struct cli *cli, const char *path, struct audit_trust *t, struct err *err)
{
	const char *given = cli_value(cli, "key"), *state, *id;

	t->key_given = given != NULL;
	if (given != NULL)
		return public_keys_load(cli->arena, given, &t->keys, err);
	/* What the state directory knows speaks only of logs that were sealed here. */
	id = file_id_of(cli->arena, path);
	return id == NULL || (path_state(cli->arena, false, &state, err) &&
				     seal_known_keys(cli->arena, state, id, &t->keys, err));
}

static bool
measure_anchors(struct cli *cli, const char *path, struct audit_measure *m, struct err *err)
{
	const char *given = cli_value(cli, "anchors"), *id = file_id_of(cli->arena, path);
	const struct site *site = NULL;
	const struct audit_anchor *it;
	const char *state;
	anchor_list all = {0};

	if (given != NULL && !anchor_read_file(cli->arena, given, given, &all, err))
		return false;
	if (given != NULL && all.n == 0)
		return err_set(err, ERR_CONFIG, "There is no anchor in %s.", given);
	m->trust.anchors_given = given != NULL;
	if (cli_value(cli, "file") == NULL && !cli_flag(cli, "offline")) {
		if (!cli_site(cli, false, &site, err))
			return false;
		/* Where all of the log is gone, the anchors are asked for the one they had. */
		if (id == NULL && !file_exists(path) && site != NULL) {
			if (!path_state(cli->arena, false, &state, err))
				return false;
			id = trust_last_log(cli->arena, site, state);
		}
		if (id != NULL)
			trust_fetch(cli->arena, site, id, &m->places);
	}
	for (size_t i = 0; i < m->places.n; i++)
		vec_each (&m->places.v[i].anchors, it)
			*vec_push(cli->arena, &all) = *it;
	m->trust.anchors = all.v;
	m->trust.nanchors = all.n;
	return true;
}

bool
audit_cmd_measure(struct cli *cli, const char *path, struct audit_measure *ret, struct err *err)
{
	*ret = (struct audit_measure){.trust.expect = cli_value(cli, "expect-head")};
	return measure_keys(cli, path, &ret->trust, err) && measure_anchors(cli, path, ret, err);
}

void
audit_measure_done(struct audit_measure *m)
{
	trust_places_done(&m->places);
}

static uint64_t
newest(const struct trust_place *p)
{
	const struct audit_anchor *it;
	uint64_t seq = 0;

	vec_each (&p->anchors, it)
		seq = MAX(seq, it->seq);
	return seq;
}

static void
places_json(struct json *j, const struct audit_measure *m)
{
	json_array(j, "anchors");
	for (size_t i = 0; i < m->places.n; i++) {
		const struct trust_place *p = &m->places.v[i];

		json_object(j, NULL);
		json_string(j, "name", p->conf->item.key);
		json_string(j, "kind", anchor_kind(p->conf));
		json_bool(j, "readable", p->good);
		json_int(j, "count", (int64_t)p->anchors.n);
		json_count(j, "newest_seq", p->anchors.n > 0 ? (int64_t)newest(p) : -1);
		json_string(j, "message", p->err.msg);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
verify_json(struct cli *cli, const char *path, const struct audit_report *r,
	const struct audit_measure *m, int status)
{
	struct json j = json_new_pretty(&cli->out);

	json_object(&j, NULL);
	json_string(&j, "file", path);
	json_string(&j, "file_id", r->file_id);
	json_string(&j, "verdict", audit_verdict_name(r->verdict));
	json_string(&j, "why", r->why);
	json_int(&j, "records", (int64_t)r->records);
	json_count(&j, "at_seq", r->at_seq > 0 ? (int64_t)r->at_seq : -1);
	json_count(&j, "anchored_seq", r->anchored_seq > 0 ? (int64_t)r->anchored_seq : -1);
	json_int(&j, "recoveries", (int64_t)r->recoveries);
	json_int(&j, "clock_jumps", (int64_t)r->clock_jumps);
	json_count(&j, "clock_seq", r->clock_jumps > 0 ? (int64_t)r->clock_seq : -1);
	json_int(&j, "bytes", r->bytes);
	json_fmt(&j, "head", "%llu:%s", (unsigned long long)r->head.seq, r->head.hash);
	json_int(&j, "parts", (int64_t)r->parts);
	json_int(&j, "seals", (int64_t)r->seals);
	json_count(&j, "sealed_seq", r->sealed_seq > 0 ? (int64_t)r->sealed_seq : -1);
	json_count(&j, "epoch", r->epoch > 0 ? (int64_t)r->epoch : -1);
	json_string(&j, "key", r->epoch > 0 ? r->key_id : NULL);
	json_bool(&j, "key_trusted", r->key_trusted);
	places_json(&j, m);
	json_int(&j, "exit", status);
	json_object_end(&j);
	cli_print(cli, "\n");
}

static void
seals_text(struct cli *cli, const struct audit_report *r)
{
	if (r->epoch == 0) {
		cli_print(cli, "  not sealed\n");
		return;
	}
	cli_print(cli, "  sealed up to record %llu, %llu seals, key %s (epoch %llu)%s\n",
		(unsigned long long)r->sealed_seq, (unsigned long long)r->seals, r->key_id,
		(unsigned long long)r->epoch,
		r->key_trusted ? "" : "; nobody here vouches for its first key: give --key");
}

static void
places_text(struct cli *cli, const struct audit_measure *m)
{
	for (size_t i = 0; i < m->places.n; i++) {
		const struct trust_place *p = &m->places.v[i];
		CLEANUP(str_done) struct str seen = STR_INIT(4 * KIB);

		cli_print(cli, "  anchor %s (%s): ", p->conf->item.key, anchor_kind(p->conf));
		if (!p->good) {
			text_visible(&seen, p->err.msg, strlen(p->err.msg), 0);
			cli_print(cli, "%s\n", str_text(&seen));
		} else if (p->anchors.n == 0)
			cli_print(cli, "has nothing of this log\n");
		else
			cli_print(cli, "%zu heads, the newest of record %llu\n", p->anchors.n,
				(unsigned long long)newest(p));
	}
}

static void
verify_text(struct cli *cli, const char *path, const struct audit_report *r,
	const struct audit_measure *m)
{
	cli_print(cli, "%s: %s\n  %s\n", path, audit_verdict_name(r->verdict), r->why);
	cli_print(cli, "  %llu records", (unsigned long long)r->records);
	if (r->parts > 1)
		cli_print(cli, " in %llu files", (unsigned long long)r->parts);
	cli_print(cli, ", head %llu:%s\n", (unsigned long long)r->head.seq, r->head.hash);
	if (r->at_seq > 0)
		cli_print(cli, "  first wrong at record %llu\n", (unsigned long long)r->at_seq);
	if (r->recoveries > 0)
		cli_print(cli, "  %llu torn record%s saved aside after a crash\n",
			(unsigned long long)r->recoveries, r->recoveries == 1 ? " was" : "s were");
	if (r->clock_jumps > 0)
		cli_print(cli,
			"  warning: the clock jumped %llu time%s, first at record %llu; the "
			"numbers "
			"tell the order\n",
			(unsigned long long)r->clock_jumps, r->clock_jumps == 1 ? "" : "s",
			(unsigned long long)r->clock_seq);
	seals_text(cli, r);
	places_text(cli, m);
}

int
audit_cmd_verify(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct audit_measure m = {0};
	struct audit_report r;
	const char *format, *path = NULL;
	int status;

	if (!cli_format(cli, "text json", &format, &err) ||
		(path = audit_cmd_path(cli, &err)) == NULL ||
		!audit_cmd_measure(cli, path, &m, &err) ||
		!audit_verify(path, &m.trust, &r, &err)) {
		audit_measure_done(&m);
		return cli_fail(cli, &err);
	}
	status = audit_verdict_status(r.verdict);
	if (r.verdict == AUDIT_UNANCHORED && cli_flag(cli, "require-anchor"))
		status = 2;
	if (util_streq(format, "json"))
		verify_json(cli, path, &r, &m, status);
	else
		verify_text(cli, path, &r, &m);
	audit_report_done(&r);
	audit_measure_done(&m);
	return status;
}

int
audit_cmd_read(struct cli *cli, const char *path)
{
	struct err err = ERR_INIT;
	struct audit_report r;
	int status;

	if (!audit_verify(path, NULL, &r, &err))
		return cli_fail(cli, &err);
	status = audit_verdict_status(r.verdict);
	if (status != 0) {
		err_set(&err, status == 1 ? ERR_DAMAGED : ERR_UNSUPPORTED,
			"%s is %s: %s Nothing behind record %llu can be relied on.", path,
			audit_verdict_name(r.verdict), r.why, (unsigned long long)r.head.seq);
		err_hint(&err, "`lifeboat audit verify` tells more.");
		status = cli_fail(cli, &err);
	}
	audit_report_done(&r);
	return status;
}

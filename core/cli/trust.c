#include "base/banned.h"
#include "cli/trust.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/text.h"
#include "conf/json_read.h"

#include <unistd.h>

/* Beyond the place's own time-out: for starting a process. */
#define GRACE_MS   5000
#define ANSWER_MAX (64 * MIB)

void
trust_places_done(struct trust_places *p)
{
	for (size_t i = 0; i < p->n; i++)
		err_done(&p->v[i].err);
}

static void
places_of(struct arena *a, const struct site *site, struct trust_places *ret)
{
	size_t n = site != NULL && site->audit != NULL ? site->audit->anchors.n : 0;

	*ret = (struct trust_places){arena_array(a, n + 1, sizeof(*ret->v)), n};
	for (size_t i = 0; i < n; i++)
		ret->v[i].conf = item_at(&site->audit->anchors, struct anchor_conf, i);
}

/* What the process said on its way out, as our own error. */
static bool
its_error(struct proc_result *r, struct err *err)
{
	CLEANUP(str_done) struct str seen = STR_INIT(4 * KIB);
	const char *text = str_text(&r->errors);
	size_t n;

	if (util_starts(text, "lifeboat: "))
		text += strlen("lifeboat: ");
	n = strcspn(text, "\n");
	text_visible(&seen, text, n, 0);
	err_set(err, ERR_UNREACHABLE, "%s",
		seen.len > 0 ? str_text(&seen) : "It ended without a word.");
	if (text[n] == '\n' && text[n + 1] != '\0') {
		text += n + 1;
		text += strspn(text, " ");
		str_cut(&seen, 0);
		text_visible(&seen, text, strcspn(text, "\n"), 0);
		err_hint(err, "%s", str_text(&seen));
	}
	return false;
}

static bool
ask(struct arena *a, const struct site *site, const struct anchor_conf *c, const char *role,
	const char *input, struct str *answer, struct err *err)
{
	char *argv[] = {(char[]){"lifeboat"}, (char[]){"__anchor"}, arena_strdup(a, role),
		arena_strdup(a, c->item.key), (char[]){"--site"}, arena_strdup(a, site->file),
		NULL};
	/* A role of our own: it needs what we would need, credentials included. */
	struct proc_spec spec = {.path = PATH_SELF, .argv = argv, .envp = environ, .group = true};
	struct proc_result r = PROC_RESULT_INIT(ANSWER_MAX);
	bool good;

	good = proc_run(&spec, input, c->timeout_s * 1000 + GRACE_MS, &r, err);
	if (!good && err->code == ERR_TIMEOUT)
		err_set(err, ERR_TIMEOUT, "It did not answer within %lld s.",
			(long long)(c->timeout_s + GRACE_MS / 1000));
	if (good && !(r.exit.exited && r.exit.status == 0))
		good = its_error(&r, err);
	if (good)
		str_addn(answer, str_text(&r.out), r.out.len);
	proc_result_done(&r);
	return good;
}

static const char *
state_path(struct arena *a, const char *state, const struct anchor_conf *c)
{
	return arena_fmt(a, "%s/audit/anchors/%s.json", state, c->item.key);
}

static cJSON *
remembered(struct arena *a, const char *state, const struct anchor_conf *c)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;

	return json_load(state_path(a, state, c), 64 * KIB, &ignored);
}

static bool
has_it(const cJSON *was, const struct seal_head *head)
{
	return json_get_bool(was, "good", false) &&
	       util_streq(json_get_text(was, "file_id"), head->file_id) &&
	       util_streq(json_get_text(was, "hash"), head->head.hash);
}

/* Only for what comes next: without it the head is carried once more. */
static void
remember(struct arena *a, const char *state, const struct trust_place *p,
	const struct seal_head *head, const cJSON *was)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct json j = json_new_pretty(&text);
	const char *path = state_path(a, state, p->conf);

	json_object(&j, NULL);
	json_bool(&j, "good", p->good);
	json_time(&j, "at", clock_now());
	json_string(&j, "error", p->err.msg);
	/* What it has: of this time, or still of the last that went well. */
	json_string(&j, "file_id", p->good ? head->file_id : json_get_text(was, "file_id"));
	json_int(&j, "seq", p->good ? (int64_t)head->head.seq : json_get_int(was, "seq", 0));
	json_string(&j, "hash", p->good ? head->head.hash : json_get_text(was, "hash"));
	json_object_end(&j);
	str_addc(&text, '\n');
	if (!file_mkdirs(path_dir(a, path), 0770, &err) ||
		!file_replace(path, text.buf, text.len, 0640, &err))
		log_debug("%s", err.msg);
}

/* F07: that a place fails, and that it works again, is in the log: once each. */
static bool
record_change(struct arena *a, const char *state, const char *actor, const struct trust_place *p,
	const cJSON *was, struct err *err)
{
	CLEANUP(str_done) struct str data = STR_INIT(64 * KIB);
	struct record r = {.event = p->good ? "anchor.recovered" : "anchor.failed", .actor = actor};
	struct json j = json_new(&data);

	if (p->good == json_get_bool(was, "good", true))
		return true;
	json_object(&j, NULL);
	json_string(&j, "anchor", p->conf->item.key);
	json_string(&j, "kind", anchor_kind(p->conf));
	json_string(&j, "message", p->err.msg);
	json_object_end(&j);
	r.data = str_text(&data);
	return audit_note(state, &r, err);
}

static bool
carry(struct arena *a, const struct site *site, const char *state, const char *actor,
	const struct seal_head *head, struct trust_place *p, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(ANCHOR_LINE_MAX), answer = STR_INIT(KIB);
	CLEANUP(json_free) cJSON *was = remembered(a, state, p->conf);
	struct ident who;
	struct anchor anchor;

	p->good = has_it(was, head);
	if (p->good)
		return true;
	ident_self(a, &who);
	anchor = (struct anchor){.site = site->name,
		.host = who.host,
		.file_id = head->file_id,
		.seq = head->head.seq,
		.hash = head->head.hash,
		.at = clock_now()};
	anchor_format(&line, &anchor);
	str_addc(&line, '\n');
	p->good = ask(a, site, p->conf, "push", str_text(&line), &answer, &p->err);
	remember(a, state, p, head, was);
	return record_change(a, state, actor, p, was, err);
}

bool
trust_seal(struct arena *a, const struct site *site, const char *state, struct seal_head *ret_head,
	struct trust_places *ret, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct ident who;
	const char *actor;

	places_of(a, site, ret);
	ident_self(a, &who);
	actor = ident_text(a, &who);
	/* On a host that a group shares one of them has the key. The others' heads are anchored all
	 * the same; the next seal covers what they wrote. */
	if (!audit_seal(state, actor, ret_head, &why) &&
		(why.code != ERR_PERMISSION || ret->n == 0 ||
			!audit_head(state, actor, ret_head, err)))
		return err->code == ERR_NONE ? err_move(err, &why) : false;
	for (size_t i = 0; site != NULL && i < ret->n; i++)
		if (!carry(a, site, state, actor, ret_head, &ret->v[i], err))
			return false;
	if (site != NULL && site->audit != NULL && site->audit->rotate_at != FIELD_ABSENT &&
		ret_head->bytes > site->audit->rotate_at && why.code == ERR_NONE)
		return audit_rotate(state, actor, ret_head, err);
	return true;
}

static bool
gate(struct arena *a, const struct site *site, const char *state, struct err *err)
{
	struct trust_places places;
	struct seal_head head;
	bool good = true;

	if (!trust_seal(a, site, state, &head, &places, err)) {
		err->code = ERR_AUDIT;
		return err_prefix(err, "The audit log can't be sealed");
	}
	for (size_t i = 0; good && i < places.n; i++) {
		const struct trust_place *p = &places.v[i];

		if (p->good || p->conf->required != 1)
			continue;
		good = err_set(err, ERR_AUDIT, "The anchor \"%s\" is required and fails: %s",
			p->conf->item.key, p->err.msg);
		err_hint(err, "%s",
			p->err.hint != NULL ? p->err.hint
					    : "Nothing runs without it. `lifeboat audit seal` "
					      "tries again.");
	}
	trust_places_done(&places);
	return good;
}

bool
trust_gate(struct cli *cli, const char *state, struct err *err)
{
	const struct site *site;
	bool wanted = false;

	if (!cli_site(cli, false, &site, err))
		return false;
	for (size_t i = 0; site != NULL && site->audit != NULL && i < site->audit->anchors.n; i++)
		wanted = wanted ||
			 item_at(&site->audit->anchors, struct anchor_conf, i)->required == 1;
	return !wanted || gate(cli->arena, site, state, err);
}

void
trust_after_run(struct cli *cli, const char *run_dir)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *pinned = path_join(cli->arena, run_dir, "site.yaml"), *state;
	struct trust_places places = {0};
	const struct site *site = NULL;
	struct problems problems;
	struct seal_head head;

	problems_init(&problems, cli->arena, pinned);
	if (file_exists(pinned))
		site = site_load(pinned, &problems);
	if (!path_state(cli->arena, false, &state, &err) ||
		!trust_seal(cli->arena, site, state, &head, &places, &err))
		log_debug("The audit log was not sealed: %s", err.msg);
	trust_places_done(&places);
}

const char *
trust_last_log(struct arena *a, const struct site *site, const char *state)
{
	const char *id = NULL;
	int64_t newest = INT64_MIN;

	for (size_t i = 0; site != NULL && site->audit != NULL && i < site->audit->anchors.n; i++) {
		CLEANUP(json_free)
		cJSON *was =
			remembered(a, state, item_at(&site->audit->anchors, struct anchor_conf, i));
		int64_t at = json_get_time(was, "at");

		if (json_get_text(was, "file_id") == NULL || at <= newest)
			continue;
		newest = at;
		id = arena_strdup(a, json_get_text(was, "file_id"));
	}
	return id;
}

void
trust_fetch(struct arena *a, const struct site *site, const char *file_id, struct trust_places *ret)
{
	places_of(a, site, ret);
	for (size_t i = 0; i < ret->n; i++) {
		CLEANUP(str_done) struct str answer = STR_INIT(ANSWER_MAX);
		struct trust_place *p = &ret->v[i];
		const char *line, *end;

		if (anchor_place(p->conf)->fetch == NULL) {
			err_set(&p->err, ERR_UNSUPPORTED, "can't be read back from here");
			continue;
		}
		p->good = ask(
			a, site, p->conf, "fetch", arena_fmt(a, "%s\n", file_id), &answer, &p->err);
		if (!p->good)
			continue;
		for (line = str_text(&answer); (end = strchr(line, '\n')) != NULL; line = end + 1) {
			struct audit_anchor one;

			if (!anchor_parse(a, line, (size_t)(end - line), &one))
				continue;
			one.from = arena_fmt(a, "the anchor \"%s\"", p->conf->item.key);
			*vec_push(a, &p->anchors) = one;
		}
	}
}

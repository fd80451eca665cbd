/*
 * audit_keep: `lifeboat audit seal|rotate|keys`.
 */
#include "base/banned.h"
#include "cli/audit_cmd.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/text.h"

static void
head_json(struct json *j, const struct seal_head *h)
{
	json_string(j, "file_id", h->file_id);
	json_fmt(j, "head", "%llu:%s", (unsigned long long)h->head.seq, h->head.hash);
	json_int(j, "part", (int64_t)h->part);
	json_string(j, "key", h->epoch > 0 ? h->key_id : NULL);
	json_count(j, "epoch", h->epoch > 0 ? (int64_t)h->epoch : -1);
}

static void
seal_json(struct cli *cli, const struct seal_head *h, const struct trust_places *places)
{
	struct json j = json_new_pretty(&cli->out);

	json_object(&j, NULL);
	head_json(&j, h);
	json_array(&j, "anchors");
	for (size_t i = 0; i < places->n; i++) {
		json_object(&j, NULL);
		json_string(&j, "name", places->v[i].conf->item.key);
		json_string(&j, "kind", anchor_kind(places->v[i].conf));
		json_bool(&j, "good", places->v[i].good);
		json_string(&j, "message", places->v[i].err.msg);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	cli_print(cli, "\n");
}

static void
seal_text_out(struct cli *cli, const struct seal_head *h, const struct trust_places *places)
{
	cli_print(cli, "%s  %s:%llu:%s\n",
		h->epoch > 0 ? "sealed" : "not sealed (the key is another user's)", h->file_id,
		(unsigned long long)h->head.seq, h->head.hash);
	for (size_t i = 0; i < places->n; i++) {
		const struct trust_place *p = &places->v[i];
		CLEANUP(str_done) struct str seen = STR_INIT(4 * KIB);

		if (p->err.msg != NULL)
			text_visible(&seen, p->err.msg, strlen(p->err.msg), 0);
		cli_print(cli, "%s  %s (%s)%s%s\n", p->good ? "anchored" : "FAILED  ",
			p->conf->item.key, anchor_kind(p->conf), p->good ? "" : ": ",
			str_text(&seen));
		if (p->err.hint != NULL)
			cli_print(cli, "          %s\n", p->err.hint);
	}
}

/* 0 when all anchors have the head, 1 when one does not. */
int
audit_cmd_seal(struct cli *cli)
{
	struct err err = ERR_INIT;
	const struct site *site;
	struct trust_places places = {0};
	struct seal_head head;
	const char *format, *state;
	int status = 0;

	if (!cli_format(cli, "text json", &format, &err) || !cli_site(cli, false, &site, &err) ||
		!path_state(cli->arena, true, &state, &err) ||
		!trust_seal(cli->arena, site, state, &head, &places, &err)) {
		trust_places_done(&places);
		return cli_fail(cli, &err);
	}
	for (size_t i = 0; i < places.n; i++)
		status = places.v[i].good ? status : 1;
	if (util_streq(format, "json"))
		seal_json(cli, &head, &places);
	else
		seal_text_out(cli, &head, &places);
	trust_places_done(&places);
	return status;
}

static const char *
actor_of(struct cli *cli)
{
	struct ident who;

	ident_self(cli->arena, &who);
	return ident_text(cli->arena, &who);
}

int
audit_cmd_rotate(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct seal_head head;
	const char *state;

	if (!path_state(cli->arena, true, &state, &err) ||
		!audit_rotate(state, actor_of(cli), &head, &err))
		return cli_fail(cli, &err);
	cli_print(cli, "The log goes on in part %llu, from record %llu.\n",
		(unsigned long long)head.part, (unsigned long long)head.head.seq);
	return 0;
}

/* --rotate: a new key. Otherwise the keys of the log, as PEM with what they are in front. */
int
audit_cmd_keys(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct public_keys known;
	struct seal_head head;
	const char *state, *path;
	char id[CHAIN_ID];

	if (!path_state(cli->arena, true, &state, &err))
		return cli_fail(cli, &err);
	if (cli_flag(cli, "rotate") && !audit_rotate_key(state, actor_of(cli), &head, &err))
		return cli_fail(cli, &err);
	path = audit_cmd_path(cli, &err);
	if (path == NULL)
		return cli_fail(cli, &err);
	if (!chain_read_id(path, id)) {
		err_set(&err, ERR_NOT_FOUND, "%s is no log.", path);
		err_hint(&err, "`lifeboat audit seal` makes the log and its key.");
		return cli_fail(cli, &err);
	}
	if (!seal_known_keys(cli->arena, state, id, &known, &err))
		return cli_fail(cli, &err);
	if (known.n == 0) {
		err_set(&err, ERR_NOT_FOUND, "The log %s was not sealed here.", id);
		err_hint(&err, "`lifeboat audit seal` makes its key.");
		return cli_fail(cli, &err);
	}
	for (size_t i = 0; i < known.n; i++) {
		char hex[DIGEST_HEX];

		public_key_fingerprint(&known.v[i], hex);
		cli_print(cli, "# log %s, epoch %zu, SHA-256 of the key %s\n", id, i + 1, hex);
		public_key_pem(&known.v[i], &cli->out);
	}
	return 0;
}

#include "base/banned.h"
#include "audit/seal.h"
#include "audit/audit.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/json.h"
#include "base/path.h"
#include "base/readonly.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct sealer {
	struct arena *a;
	const char *state, *keys, *actor;
	struct chain *log;
	struct key *key, *next; /* next: while it takes the key's place */
	uint64_t epoch;         /* 0: the log has no key yet */
	struct str data;
	int lock;
};

void
seal_text(struct str *out, enum seal_kind kind, const struct seal_claim *c)
{
	static const char *const names[] = {
		"lifeboat-key-1", "lifeboat-seal-1", "lifeboat-endorse-1"};
	char hex[2 * KEY_SIZE + 1];

	str_fmt(out, "%s\n%s\n%llu\n", names[kind], c->file_id, (unsigned long long)c->epoch);
	if (kind != SEAL_CHECKPOINT)
		str_fmt(out, "%s\n", digest_hex(c->public->raw, KEY_SIZE, hex));
	str_fmt(out, "%llu\n%.64s\n", (unsigned long long)c->seq, c->hash);
}

const char *
seal_public_path(struct arena *a, const char *state, const char *file_id, uint64_t epoch)
{
	return arena_fmt(
		a, "%s/keys/audit-%s-%06llu.pub", state, file_id, (unsigned long long)epoch);
}

static const char *
key_path(struct sealer *s, const char *suffix)
{
	return arena_fmt(s->a, "%s/audit.key%s", s->keys, suffix);
}

bool
seal_known_keys(struct arena *a, const char *state, const char *file_id, struct public_keys *ret,
	struct err *err)
{
	*ret = (struct public_keys){.v = arena_alloc(a, KEYS_MAX * sizeof(*ret->v))};
	while (ret->n < KEYS_MAX) {
		const char *path = seal_public_path(a, state, file_id, ret->n + 1);
		struct public_keys one;

		if (!file_exists(path))
			return true;
		if (!public_keys_load(a, path, &one, err))
			return false;
		ret->v[ret->n++] = one.v[0];
	}
	err_set(err, ERR_LIMIT, "There are more than %d keys for one log.", KEYS_MAX);
	return err_hint(err, "Move the log aside, and a new one begins.");
}

static bool
save_public(struct sealer *s, const struct key *k, uint64_t epoch, struct err *err)
{
	CLEANUP(str_done) struct str pem = STR_INIT(4 * KIB);

	public_key_pem(key_public(k), &pem);
	return file_replace(seal_public_path(s->a, s->state, chain_file_id(s->log), epoch), pem.buf,
		pem.len, 0644, err);
}

static void
add_signature(struct json *j, const char *name, const struct key *k, enum seal_kind kind,
	const struct seal_claim *claim)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	unsigned char raw[KEY_SIGNATURE];
	char hex[2 * KEY_SIGNATURE + 1];

	seal_text(&text, kind, claim);
	key_sign(k, text.buf, text.len, raw);
	json_string(j, name, digest_hex(raw, sizeof(raw), hex));
}

static struct seal_claim
claim_of(const struct sealer *s, const struct chain *c, uint64_t epoch)
{
	return (struct seal_claim){.file_id = chain_file_id(c),
		.epoch = epoch,
		.seq = chain_head(c)->seq,
		.hash = chain_head(c)->hash,
		.public = key_public(s->next != NULL ? s->next : s->key)};
}

static void
begin_data(struct sealer *s, struct json *j, const struct seal_claim *claim, const struct key *k)
{
	str_cut(&s->data, 0);
	*j = json_new(&s->data);
	json_object(j, NULL);
	json_string(j, "file_id", claim->file_id);
	json_int(j, "epoch", (int64_t)claim->epoch);
	json_string(j, "key", key_public(k)->id);
	json_int(j, "seq", (int64_t)claim->seq);
	json_string(j, "hash", claim->hash);
}

/* The record that begins an epoch; with s->next, signed by the key that it takes over from. */
static bool
make_key_record(const struct chain *c, struct record *ret, void *arg, struct err *err)
{
	struct sealer *s = arg;
	const struct key *k = s->next != NULL ? s->next : s->key;
	struct seal_claim claim = claim_of(s, c, s->epoch + 1);
	char hex[2 * KEY_SIZE + 1];
	struct json j;

	begin_data(s, &j, &claim, k);
	json_string(&j, "public", digest_hex(key_public(k)->raw, KEY_SIZE, hex));
	add_signature(&j, "signature", k, SEAL_KEY, &claim);
	if (s->next != NULL) {
		json_string(&j, "endorsed_by", key_public(s->key)->id);
		add_signature(&j, "endorsement", s->key, SEAL_ENDORSEMENT, &claim);
	}
	json_object_end(&j);
	*ret = (struct record){.event = "audit.key", .actor = s->actor, .data = str_text(&s->data)};
	return true;
}

static bool
make_seal(const struct chain *c, struct record *ret, void *arg, struct err *err)
{
	struct sealer *s = arg;
	struct seal_claim claim = claim_of(s, c, s->epoch);
	struct json j;

	begin_data(s, &j, &claim, s->key);
	add_signature(&j, "signature", s->key, SEAL_CHECKPOINT, &claim);
	json_object_end(&j);
	*ret = (struct record){
		.event = "audit.sealed", .actor = s->actor, .data = str_text(&s->data)};
	return true;
}

/* One sealer at a time: the keys belong together. */
static bool
take_keys(struct sealer *s, struct err *err)
{
	const char *path = arena_fmt(s->a, "%s/lock", s->keys);

	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (s->lock < 0)
		return err_sys(err, errno == EACCES ? ERR_PERMISSION : ERR_IO, errno,
			"Cannot open %s", path);
	if (filelock_take(s->lock, CHAIN_LOCK_MS))
		return true;
	return err_set(err, ERR_LOCK_HELD, "The keys are in use by another process (pid %d).",
		(int)filelock_holder(s->lock));
}

/*
 * A rotation that was interrupted left the new key behind. Whether the log has its record decides
 * which of the two is the log's.
 */
static bool
finish_key_rotation(struct sealer *s, struct err *err)
{
	const char *path = key_path(s, ".new");
	struct audit_report r;
	struct key *next;
	bool good, begun;

	if (!file_exists(path))
		return true;
	if (!key_load(path, &next, err))
		return false;
	good = audit_verify(chain_path(s->log), &(struct audit_trust){0}, &r, err);
	begun = good && strcmp(r.key_id, key_public(next)->id) == 0;
	if (good)
		audit_report_done(&r);
	if (good && begun)
		good = (save_public(s, next, r.epoch, err) &&
			(rename(path, key_path(s, "")) == 0 ||
				err_sys(err, ERR_IO, errno, "Cannot rename %s", path)));
	else if (good && unlink(path) < 0)
		good = err_sys(err, ERR_IO, errno, "Cannot remove %s", path);
	key_free(next);
	return good && file_sync_dir(s->keys, err);
}

static bool
load_key(struct sealer *s, struct err *err)
{
	const char *path = key_path(s, "");

	if (file_exists(path))
		return key_load(path, &s->key, err);
	s->key = key_new();
	return key_save(s->key, path, err);
}

/* The key must be the one that the log knows as its newest; a log without one gets it. */
static bool
settle_epoch(struct sealer *s, struct err *err)
{
	struct public_keys known;

	if (!seal_known_keys(s->a, s->state, chain_file_id(s->log), &known, err))
		return false;
	/* A rotation writes the public key before the record, and may have stopped there. */
	for (s->epoch = known.n; s->epoch > 0; s->epoch--)
		if (public_key_same(&known.v[s->epoch - 1], key_public(s->key)))
			return true;
	if (known.n > 0) {
		err_set(err, ERR_UNSAFE,
			"The key %s is none of those that this log was sealed with.",
			key_path(s, ""));
		return err_hint(err, "Put the right key back; or move the log aside, and a new one "
				     "begins with this key.");
	}
	if (!chain_append_made(s->log, make_key_record, s, err))
		return false;
	s->epoch = 1;
	return save_public(s, s->key, 1, err);
}

static void
sealer_done(struct sealer *s)
{
	key_free(s->key);
	key_free(s->next);
	chain_free(s->log);
	str_done(&s->data);
	util_close(&s->lock);
}

static bool
sealer_open(
	struct sealer *s, struct arena *a, const char *state, const char *actor, struct err *err)
{
	*s = (struct sealer){.a = a,
		.state = state,
		.actor = actor,
		.keys = path_join(a, state, "keys"),
		.data = STR_INIT(4 * KIB),
		.lock = -1};
	return readonly_check(err) && file_mkdirs_durable(s->keys, 0750, err) &&
	       take_keys(s, err) && audit_open(state, actor, &s->log, err) &&
	       finish_key_rotation(s, err) && load_key(s, err) && settle_epoch(s, err);
}

static void
tell_log(const struct chain *log, struct seal_head *ret)
{
	*ret = (struct seal_head){
		.head = *chain_head(log), .part = chain_part(log), .bytes = chain_bytes(log)};
	snprintf(ret->file_id, sizeof(ret->file_id), "%s", chain_file_id(log));
}

static void
tell(const struct sealer *s, struct seal_head *ret)
{
	tell_log(s->log, ret);
	ret->epoch = s->epoch;
	snprintf(ret->key_id, sizeof(ret->key_id), "%s", key_public(s->key)->id);
}

bool
audit_head(const char *state, const char *actor, struct seal_head *ret, struct err *err)
{
	struct chain *log;

	if (!audit_open(state, actor, &log, err))
		return false;
	tell_log(log, ret);
	chain_free(log);
	return true;
}

static bool
seal(struct sealer *s, struct err *err)
{
	return chain_is_sealed(s->log) || chain_append_made(s->log, make_seal, s, err);
}

bool
audit_seal(const char *state, const char *actor, struct seal_head *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sealer s;
	bool good = sealer_open(&s, &a, state, actor, err) && seal(&s, err);

	if (good)
		tell(&s, ret);
	sealer_done(&s);
	return good;
}

static bool
replace_key(struct sealer *s, struct err *err)
{
	const char *path = key_path(s, ".new");

	s->next = key_new();
	if (!key_save(s->next, path, err) || !save_public(s, s->next, s->epoch + 1, err) ||
		!chain_append_made(s->log, make_key_record, s, err))
		return false;
	s->epoch++;
	if (rename(path, key_path(s, "")) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot rename %s", path);
	key_free(s->key);
	s->key = s->next;
	s->next = NULL;
	return file_sync_dir(s->keys, err);
}

bool
audit_rotate_key(const char *state, const char *actor, struct seal_head *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sealer s;
	bool good = sealer_open(&s, &a, state, actor, err) && replace_key(&s, err) && seal(&s, err);

	if (good)
		tell(&s, ret);
	sealer_done(&s);
	return good;
}

bool
audit_rotate(const char *state, const char *actor, struct seal_head *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sealer s;
	bool good =
		sealer_open(&s, &a, state, actor, err) && seal(&s, err) && chain_rotate(s.log, err);

	if (good)
		tell(&s, ret);
	sealer_done(&s);
	return good;
}

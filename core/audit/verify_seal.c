/*
 * verify_seal: the signatures inside a log (seal.h), and whether each key may speak where it does.
 */
#include "base/banned.h"
#include "audit/seal.h"
#include "audit/verify_private.h"
#include "conf/json_read.h"

struct signed_record {
	cJSON *json;
	const cJSON *data;
	struct seal_claim claim;
};

static void
broken(struct verifier *v, uint64_t seq, const char *why)
{
	verify_conclude(v, AUDIT_BROKEN, seq, "Record %llu: %s", (unsigned long long)seq, why);
}

/* Takes the claim apart; it must speak of the record before, in this very log. */
static bool
read_claim(struct verifier *v, const char *line, size_t len, const struct record_link *link,
	struct signed_record *ret)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct seal_claim *c = &ret->claim;
	int64_t epoch, seq;

	ret->json = json_parse(line, len, &err);
	ret->data = json_get(ret->json, "data");
	epoch = json_get_int(ret->data, "epoch", 0);
	seq = json_get_int(ret->data, "seq", 0);
	c->file_id = json_get_text(ret->data, "file_id");
	c->hash = json_get_text(ret->data, "hash");
	c->epoch = (uint64_t)epoch;
	c->seq = (uint64_t)seq;
	if (epoch < 1 || seq < 1 || c->file_id == NULL || c->hash == NULL ||
		strlen(c->hash) != 64) {
		broken(v, link->seq, "a seal without what a seal needs.");
		return false;
	}
	if (strcmp(c->file_id, v->report->file_id) == 0 && c->seq + 1 == link->seq &&
		memcmp(c->hash, link->prev, 64) == 0)
		return true;
	broken(v, link->seq, "the seal was made for another place, or another log.");
	return false;
}

static bool
signature_good(const struct signed_record *r, const char *name, const struct public_key *k,
	enum seal_kind kind)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	const char *hex = json_get_text(r->data, name);
	unsigned char raw[KEY_SIGNATURE];

	if (hex == NULL || strlen(hex) != 2 * KEY_SIGNATURE ||
		!digest_unhex(hex, KEY_SIGNATURE, raw))
		return false;
	seal_text(&text, kind, &r->claim);
	return public_key_check(k, text.buf, text.len, raw);
}

static bool
read_public(const struct signed_record *r, struct public_key *ret)
{
	const char *hex = json_get_text(r->data, "public");
	unsigned char raw[KEY_SIZE];

	if (hex == NULL || strlen(hex) != 2 * KEY_SIZE || !digest_unhex(hex, KEY_SIZE, raw))
		return false;
	public_key_init(ret, raw);
	return true;
}

/* The first key of a log is believed because somebody outside of it knows it. */
static bool
begin_trust(
	struct verifier *v, const struct signed_record *r, const struct public_key *k, uint64_t seq)
{
	const struct public_keys *known = &v->trust->keys;

	if (known->n > 0 && !public_key_same(&known->v[0], k)) {
		verify_conclude(v, AUDIT_UNSUPPORTED, seq,
			"The log's first key is %s, and the one that it is to be believed by is "
			"%s.",
			k->id, known->v[0].id);
		return false;
	}
	if (r->claim.epoch != 1) {
		broken(v, seq, "the first key of a log begins epoch 1.");
		return false;
	}
	v->report->key_trusted = known->n > 0;
	return true;
}

static bool
take_over(struct verifier *v, struct signed_record *r, const struct public_key *k, uint64_t seq)
{
	/* A crash between the record and the file of the key repeats the record. */
	if (r->claim.epoch == v->report->epoch && public_key_same(k, &v->key))
		return true;
	if (r->claim.epoch == v->report->epoch + 1 &&
		signature_good(r, "endorsement", &v->key, SEAL_ENDORSEMENT))
		return true;
	broken(v, seq, "a key takes over that the key before it did not endorse.");
	return false;
}

static void
vouched(struct verifier *v, const struct signed_record *r)
{
	v->report->epoch = r->claim.epoch;
	v->report->sealed_seq = r->claim.seq;
	v->report->seals++;
}

void
verify_key(struct verifier *v, const char *line, size_t len, const struct record_link *link)
{
	struct signed_record r = {0};
	struct public_key k;

	if (!read_claim(v, line, len, link, &r)) {
		json_free(&r.json);
		return;
	}
	r.claim.public = &k;
	if (!read_public(&r, &k) || !signature_good(&r, "signature", &k, SEAL_KEY))
		broken(v, link->seq, "a key that its own signature does not fit.");
	else if (v->report->epoch == 0 ? begin_trust(v, &r, &k, link->seq)
				       : take_over(v, &r, &k, link->seq)) {
		v->key = k;
		memcpy(v->report->key_id, k.id, sizeof(k.id));
		vouched(v, &r);
	}
	json_free(&r.json);
}

void
verify_seal(struct verifier *v, const char *line, size_t len, const struct record_link *link)
{
	struct signed_record r = {0};

	if (!read_claim(v, line, len, link, &r)) {
		json_free(&r.json);
		return;
	}
	if (v->report->epoch == 0)
		broken(v, link->seq, "a seal, and no key before it.");
	else if (r.claim.epoch != v->report->epoch ||
		 !util_streq(json_get_text(r.data, "key"), v->key.id))
		broken(v, link->seq, "sealed with a key that does not hold here.");
	else if (!signature_good(&r, "signature", &v->key, SEAL_CHECKPOINT))
		broken(v, link->seq, "the signature of the seal is wrong.");
	else
		vouched(v, &r);
	json_free(&r.json);
}

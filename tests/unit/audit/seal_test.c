#include "unit/audit/logs.h"

#include "audit/audit.h"
#include "audit/seal.h"
#include "base/path.h"

#include "fault/shim.c"

static struct arena arena;

static const char *
state_new(const char *name)
{
	const char *state = test_path(name);

	assert_int_equal(mkdir(state, 0700), 0);
	return arena_strdup(&arena, state);
}

static void
note(const char *state, int count)
{
	struct record r = {.event = "test.event", .actor = "tester@here", .data = "{\"a\":1}"};
	struct err err = ERR_INIT;

	for (int i = 0; i < count; i++)
		if (!audit_note(state, &r, &err))
			fail_msg("%s", err.msg);
}

static struct seal_head
seal(const char *state)
{
	struct seal_head head;
	struct err err = ERR_INIT;

	if (!audit_seal(state, "tester@here", &head, &err))
		fail_msg("%s", err.msg);
	return head;
}

static struct seal_head
rotate_key(const char *state)
{
	struct seal_head head;
	struct err err = ERR_INIT;

	if (!audit_rotate_key(state, "tester@here", &head, &err))
		fail_msg("%s", err.msg);
	return head;
}

/* By the keys that the state directory of `by` has for the log of `state`. */
static struct audit_report
believed(const char *state, const char *by)
{
	struct audit_report r = log_verify(audit_path(&arena, state), NULL);
	struct audit_trust trust = {.key_given = true};
	struct err err = ERR_INIT;

	if (!seal_known_keys(&arena, by, r.file_id, &trust.keys, &err) ||
		!audit_verify(audit_path(&arena, state), &trust, &r, &err))
		fail_msg("%s", err.msg);
	audit_report_done(&r);
	return r;
}

static void
test_sealed(void **state)
{
	const char *s = state_new("sealed");
	struct seal_head first, again;
	struct audit_report r;
	struct stat st;

	note(s, 3);
	first = seal(s);
	assert_int_equal(first.epoch, 1);
	again = seal(s);
	assert_int_equal(again.head.seq, first.head.seq); /* nothing new: no record */
	note(s, 2);
	assert_int_equal(believed(s, s).sealed_seq, first.head.seq - 1);
	again = seal(s);
	assert_int_equal(again.head.seq, first.head.seq + 3);
	r = believed(s, s);
	assert_verdict(r, AUDIT_UNANCHORED);
	assert_true(r.key_trusted);
	assert_int_equal(r.sealed_seq, again.head.seq - 1);
	assert_int_equal(r.seals, 3);
	assert_string_equal(r.key_id, first.key_id);
	assert_int_equal(stat(path_join(&arena, s, "keys/audit.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* F27: the old key endorses the new one, and is gone then. */
static void
test_f27_rotation(void **state)
{
	const char *s = state_new("f27");
	struct seal_head one, two;
	struct audit_report r;

	note(s, 1);
	one = seal(s);
	note(s, 1);
	two = rotate_key(s);
	assert_int_equal(two.epoch, 2);
	assert_string_not_equal(one.key_id, two.key_id);
	note(s, 1);
	seal(s);
	(void)rotate_key(s);
	r = believed(s, s);
	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.epoch, 3);
	assert_true(r.key_trusted);
	assert_false(file_exists(path_join(&arena, s, "keys/audit.key.new")));
}

/* F27: a key that nobody here knows is no proof. */
static void
test_f27_unknown_key(void **state)
{
	const char *s = state_new("mine"), *t = state_new("theirs");
	struct audit_trust trust = {.key_given = true};
	struct audit_report r;
	struct err err = ERR_INIT;

	note(s, 1);
	note(t, 1);
	seal(s);
	seal(t);
	r = log_verify(audit_path(&arena, t), NULL);
	assert_true(seal_known_keys(&arena, t, r.file_id, &trust.keys, &err));
	assert_true(audit_verify(audit_path(&arena, s), &trust, &r, &err));
	assert_verdict(r, AUDIT_UNSUPPORTED);
	audit_report_done(&r);
}

/* F25: all of it rewritten with a good chain and no seal, or seals by another key. */
static void
test_f25_rewritten(void **state)
{
	const char *s = state_new("f25"), *t = state_new("f25b");
	const char *log = audit_path(&arena, s), *other = audit_path(&arena, t);
	struct audit_trust trust = {.key_given = true};
	struct audit_report r = {0};
	struct err err = ERR_INIT;

	note(s, 2);
	seal(s);
	r = log_verify(log, NULL);
	assert_true(seal_known_keys(&arena, s, r.file_id, &trust.keys, &err));
	note(t, 2);
	assert_true(audit_verify(other, &trust, &r, &err));
	assert_verdict(r, AUDIT_BROKEN);
	audit_report_done(&r);
	seal(t);
	assert_true(audit_verify(other, &trust, &r, &err));
	assert_verdict(r, AUDIT_UNSUPPORTED);
	audit_report_done(&r);
}

/* Writes the log anew, with records that `edit` has changed, the chain repaired behind them. */
static void
rechain(const char *path, void (*edit)(struct str *line, uint64_t seq, void *arg), void *arg)
{
	size_t len;
	char *bytes = log_bytes(path, &len), *line = bytes;
	struct str out = STR_INIT(MIB), one = STR_INIT(64 * KIB);
	char prev[DIGEST_HEX] = CHAIN_ZERO;
	struct err err = ERR_INIT;

	for (uint64_t seq = 1; line < bytes + len; seq++) {
		char *end = memchr(line, '\n', (size_t)(bytes + len - line));
		unsigned char sum[DIGEST_SIZE];

		str_cut(&one, 0);
		/* Up to the value of prev. */
		str_addn(&one, line, (size_t)(end - line) - 2 - 64 - 9 - 1 - 64);
		edit(&one, seq, arg);
		str_fmt(&one, "%s\"", prev);
		digest_of(one.buf, one.len, sum);
		digest_hex(sum, DIGEST_SIZE, prev);
		str_addn(&out, one.buf, one.len);
		str_fmt(&out, ",\"hash\":\"%s\"}\n", prev);
		line = end + 1;
	}
	if (!file_replace(path, out.buf, out.len, 0640, &err))
		fail_msg("%s", err.msg);
	free(bytes);
	str_done(&out);
	str_done(&one);
}

static void
edit_first_event(struct str *line, uint64_t seq, void *arg)
{
	char *a = seq == *(uint64_t *)arg ? strstr(line->buf, "{\"a\":1}") : NULL;

	if (a != NULL)
		a[5] = '2';
}

/* F27: whoever has the key of today can't change what was sealed with the one before. */
static void
test_f27_earlier_epoch_altered(void **state)
{
	const char *s = state_new("altered"), *log = audit_path(&arena, s);
	uint64_t seq = 2;

	note(s, 1);
	seal(s);
	rotate_key(s);
	note(s, 1);
	seal(s);
	assert_verdict(believed(s, s), AUDIT_UNANCHORED);
	rechain(log, edit_first_event, &seq);
	assert_verdict(believed(s, s), AUDIT_BROKEN);
	/* Unsealed records at the end can be: that is what anchors are for. */
	assert_int_equal(believed(s, s).at_seq, 3);
}

static void
edit_endorsement(struct str *line, uint64_t seq, void *arg)
{
	char *at = strstr(line->buf, "\"endorsement\":\"");

	if (at == NULL)
		return;
	at += strlen("\"endorsement\":\"");
	*at = *at == '0' ? '1' : '0';
	*(uint64_t *)arg = seq;
}

/* F27: a key that the old one has not endorsed takes nothing over. */
static void
test_f27_not_endorsed(void **state)
{
	const char *s = state_new("stolen"), *log = audit_path(&arena, s);
	uint64_t at = 0;

	note(s, 1);
	seal(s);
	rotate_key(s);
	rechain(log, edit_endorsement, &at);
	assert_true(at > 0);
	assert_verdict(believed(s, s), AUDIT_BROKEN);
	assert_int_equal(believed(s, s).at_seq, at);
}

/* Both chain forwards: without the edit the same bytes come out. */
static void
test_rechain_is_honest(void **state)
{
	const char *s = state_new("honest"), *log = audit_path(&arena, s);
	size_t before, after;
	uint64_t none = 0;
	char *was, *is;

	note(s, 2);
	seal(s);
	was = log_bytes(log, &before);
	rechain(log, edit_first_event, &none);
	is = log_bytes(log, &after);
	assert_int_equal(before, after);
	assert_memory_equal(was, is, before);
	free(was);
	free(is);
}

/* F26: the log cut back to before its key, and sealed anew with the key of today. */
static void
test_f26_resealed_with_newer_key(void **state)
{
	const char *s = state_new("f26"), *log = audit_path(&arena, s);
	struct err err = ERR_INIT;
	size_t len;
	char *bytes;
	struct audit_report r;
	char id[CHAIN_ID];

	note(s, 2);
	seal(s);
	rotate_key(s);
	r = log_verify(log, NULL);
	snprintf(id, sizeof(id), "%s", r.file_id);
	bytes = log_bytes(log, &len);
	/* The thief keeps the opening and the events, and takes the public keys out of the way. */
	for (int i = 0; i < 3; i++)
		len = i == 0 ? (size_t)((char *)memchr(bytes, '\n', len) - bytes) + 1
			     : len + (size_t)(strchr(bytes + len, '\n') - (bytes + len)) + 1;
	assert_true(file_replace(log, bytes, len, 0640, &err));
	free(bytes);
	for (uint64_t epoch = 1; epoch <= 2; epoch++)
		assert_int_equal(rename(seal_public_path(&arena, s, id, epoch),
					 arena_fmt(&arena, "%s/pub%d", s, (int)epoch)),
			0);
	assert_int_equal(seal(s).epoch, 1);
	assert_int_equal(
		rename(arena_fmt(&arena, "%s/pub1", s), seal_public_path(&arena, s, id, 1)), 0);
	r = believed(s, s);
	assert_verdict(r, AUDIT_UNSUPPORTED);
}

/* A seal for the record before it, made with this key, in the name of that one. */
struct forgery {
	const struct key *key;
	const char *file_id, *key_id, *before;
	uint64_t epoch;
};

static void
edit_seal(struct str *line, uint64_t seq, void *arg)
{
	const struct forgery *f = arg;
	struct seal_claim claim = {
		.file_id = f->file_id, .epoch = f->epoch, .seq = seq - 1, .hash = f->before};
	struct str text = STR_INIT(KIB);
	unsigned char raw[KEY_SIGNATURE];
	char hex[2 * KEY_SIGNATURE + 1];

	if (seq != 5)
		return;
	seal_text(&text, SEAL_CHECKPOINT, &claim);
	key_sign(f->key, text.buf, text.len, raw);
	str_cut(line, (size_t)(strstr(line->buf, "\"data\":") - line->buf));
	str_fmt(line,
		"\"data\":{\"file_id\":\"%s\",\"epoch\":%llu,\"key\":\"%s\",\"seq\":%llu,"
		"\"hash\":\"%s\",\"signature\":\"%s\"},\"prev\":\"",
		f->file_id, (unsigned long long)f->epoch, f->key_id, (unsigned long long)claim.seq,
		f->before, digest_hex(raw, sizeof(raw), hex));
	str_done(&text);
}

static struct key *
key_of(const char *state)
{
	struct err err = ERR_INIT;
	struct key *k;

	if (!key_load(path_join(&arena, state, "keys/audit.key"), &k, &err))
		fail_msg("%s", err.msg);
	return k;
}

/*
 * F26: a record of the first epoch is changed, and the seal behind it made again with the key of
 * today, in its own name or in that of the old one. Only the old key itself could have done it.
 */
static void
test_f26_sealed_again_with_newer_key(void **state)
{
	const char *s = state_new("again"), *log = audit_path(&arena, s);
	char *bytes, before[DIGEST_HEX], id[CHAIN_ID];
	struct key *old, *new;
	uint64_t changed = 4;
	struct err err = ERR_INIT;
	const char *fifth;
	size_t len;

	seal(s); /* 1 opens it, 2 is the key, 3 the seal */
	note(s, 1);
	seal(s);
	bytes = log_bytes(log, &len);
	old = key_of(s);
	rotate_key(s);
	new = key_of(s);
	assert_true(file_replace(log, bytes, len, 0640, &err));
	assert_true(chain_read_id(log, id));
	free(bytes);
	assert_verdict(believed(s, s), AUDIT_UNANCHORED);
	rechain(log, edit_first_event, &changed);
	assert_int_equal(believed(s, s).at_seq, 5);
	bytes = log_bytes(log, &len);
	fifth = strstr(bytes, "{\"seq\":5,");
	assert_non_null(fifth);
	snprintf(before, sizeof(before), "%.64s", fifth - 3 - 64);
	free(bytes);
	{
		const struct forgery cases[] = {
			{new, id, key_public(new)->id, before, 2},
			{new, id, key_public(new)->id, before, 1},
			{new, id, key_public(old)->id, before, 1},
			{old, id, key_public(old)->id, before, 1},
		};

		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			struct audit_report r;

			rechain(log, edit_seal, (void *)&cases[i]);
			r = believed(s, s);
			assert_verdict(r, cases[i].key == old ? AUDIT_UNANCHORED : AUDIT_BROKEN);
			assert_int_equal(r.at_seq, cases[i].key == old ? 0 : 5);
		}
	}
	key_free(old);
	key_free(new);
}

/* A seal copied to another place, or into another log, is none there. */
static void
edit_replay(struct str *line, uint64_t seq, void *arg)
{
	struct str *kept = arg;

	if (strstr(line->buf, "audit.sealed") == NULL)
		return;
	if (kept->len == 0) {
		str_add(kept, strstr(line->buf, "\"data\":"));
		return;
	}
	str_cut(line, (size_t)(strstr(line->buf, "\"data\":") - line->buf));
	str_add(line, kept->buf);
}

static void
test_f29_seal_replayed(void **state)
{
	const char *s = state_new("replay");
	struct str kept = STR_INIT(4 * KIB);

	note(s, 1);
	seal(s);
	note(s, 1);
	seal(s);
	rechain(audit_path(&arena, s), edit_replay, &kept);
	assert_verdict(believed(s, s), AUDIT_BROKEN);
	assert_int_equal(believed(s, s).at_seq, 6);
	str_done(&kept);
}

/* F29: a signature of zeros, an empty one, a short one. */
static void
edit_signature(struct str *line, uint64_t seq, void *arg)
{
	char *at = strstr(line->buf, "\"signature\":\"");
	size_t n = *(size_t *)arg;

	if (at == NULL || strstr(line->buf, "audit.sealed") == NULL)
		return;
	str_cut(line, (size_t)(at - line->buf));
	str_add(line, "\"signature\":\"");
	while (n-- > 0)
		str_addc(line, '0');
	str_add(line, "\"},\"prev\":\"");
}

static void
test_f29_forged_signatures(void **state)
{
	static const size_t lengths[] = {0, 2, 64, 126, 128, 130, 256};
	const char *s = state_new("forged"), *log = audit_path(&arena, s);
	struct err err = ERR_INIT;
	size_t len;
	char *bytes;

	note(s, 1);
	seal(s);
	bytes = log_bytes(log, &len);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		size_t n = lengths[i];

		assert_true(file_replace(log, bytes, len, 0640, &err));
		assert_verdict(believed(s, s), AUDIT_UNANCHORED);
		rechain(log, edit_signature, &n);
		assert_verdict(believed(s, s), AUDIT_BROKEN);
	}
	free(bytes);
}

static void
edit_behind_signature(struct str *line, uint64_t seq, void *arg)
{
	const char *at = strstr(line->buf, "\"signature\":\"");
	CLEANUP(str_done) struct str rest = STR_INIT(4 * KIB);

	if (at == NULL || strstr(line->buf, "audit.sealed") == NULL)
		return;
	at += strlen("\"signature\":\"") + 2 * KEY_SIGNATURE;
	str_add(&rest, at);
	str_cut(line, (size_t)(at - line->buf));
	str_fmt(line, "%s%s", (const char *)arg, rest.buf);
}

/* F29: a good signature, and something behind it. */
static void
test_f29_signature_with_more(void **state)
{
	static const char *const more[] = {"", "00", "x"};
	const char *s = state_new("more"), *log = audit_path(&arena, s);

	note(s, 1);
	seal(s);
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		rechain(log, edit_behind_signature, (void *)more[i]);
		assert_verdict(believed(s, s), i == 0 ? AUDIT_UNANCHORED : AUDIT_BROKEN);
	}
}

static void
test_f20_every_bit_of_a_sealed_log(void **state)
{
	const char *s = state_new("f20"), *log = audit_path(&arena, s);
	size_t len, step = TEST_ROUNDS(3, 1601); /* 3: every byte is met */
	char *bytes;

	note(s, 1);
	seal(s);
	rotate_key(s);
	bytes = log_bytes(log, &len);
	for (size_t bit = 0; bit < 8 * len; bit += step) {
		struct audit_report r;

		bytes[bit / 8] ^= (char)(1 << bit % 8);
		r = log_verify_bytes("flipped", bytes, len, NULL);
		assert_true(audit_verdict_status(r.verdict) != 0);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(bytes);
}

static void
rotate_and_die(void *s)
{
	struct seal_head head;
	struct err err = ERR_INIT;

	_exit(audit_rotate_key(s, "tester@here", &head, &err) ? 0 : 1);
}

/* F27: a rotation of the key that was killed anywhere; the log can be sealed and believed. */
static void
test_f27_killed_anywhere(void **state)
{
	char said[1000];

	for (int nth = 1;; nth++) {
		char name[40];
		const char *s;
		struct audit_report r;
		int status;

		snprintf(name, sizeof(name), "killed%d", nth);
		s = state_new(name);
		note(s, 1);
		seal(s);
		fault_set("all", "*", nth, "kill-before", false);
		status = test_in_child(rotate_and_die, (void *)s, said, sizeof(said));
		fault_set(NULL, NULL, 0, NULL, false);
		note(s, 1);
		seal(s);
		r = believed(s, s);
		assert_verdict(r, AUDIT_UNANCHORED);
		assert_int_equal(r.sealed_seq, r.head.seq - 1);
		assert_false(file_exists(path_join(&arena, s, "keys/audit.key.new")));
		rotate_key(s);
		assert_verdict(believed(s, s), AUDIT_UNANCHORED);
		if (status == 0)
			break;
		assert_int_equal(status, 128 + SIGKILL);
		assert_true(nth < 100);
	}
}

static void
test_keys_guarded(void **state)
{
	const char *s = state_new("guarded"), *key = path_join(&arena, s, "keys/audit.key");
	struct seal_head head;
	struct err err = ERR_INIT;

	note(s, 1);
	seal(s);
	note(s, 1);
	assert_int_equal(chmod(key, 0640), 0);
	assert_false(audit_seal(s, "x", &head, &err));
	assert_hint(&err, "chmod 600");
	assert_err(&err, ERR_UNSAFE, "can be read by others");
	assert_int_equal(chmod(key, 0600), 0);
	assert_true(file_replace(key, "rubbish", 7, 0600, &err));
	assert_false(audit_seal(s, "x", &head, &err));
	assert_err(&err, ERR_DAMAGED, "is not an Ed25519 key");
	/* A key that is not the log's does not seal it. */
	assert_int_equal(unlink(key), 0);
	assert_false(audit_seal(s, "x", &head, &err));
	assert_err(&err, ERR_UNSAFE, "none of those");
}

static void
test_rotated_and_sealed(void **state)
{
	const char *s = state_new("both");
	struct seal_head head;
	struct err err = ERR_INIT;
	struct audit_report r;

	note(s, 2);
	assert_true(audit_rotate(s, "x", &head, &err));
	assert_int_equal(head.part, 2);
	note(s, 2);
	seal(s);
	rotate_key(s);
	assert_true(audit_rotate(s, "x", &head, &err));
	r = believed(s, s);
	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.parts, 3);
	assert_int_equal(r.epoch, 2);
}

TESTS(T(test_sealed), T(test_f27_rotation), T(test_f27_unknown_key), T(test_f25_rewritten),
	T(test_rechain_is_honest), T(test_f27_earlier_epoch_altered), T(test_f27_not_endorsed),
	T(test_f26_resealed_with_newer_key), T(test_f26_sealed_again_with_newer_key),
	T(test_f29_signature_with_more), T(test_f29_seal_replayed), T(test_f29_forged_signatures),
	T(test_f20_every_bit_of_a_sealed_log), T(test_f27_killed_anywhere), T(test_keys_guarded),
	T(test_rotated_and_sealed))

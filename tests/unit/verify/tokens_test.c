#include "unit/testing.h"

#include "base/digest.h"
#include "verify/manifest.h"
#include "verify/tokens.h"

/* The tokens of a text as letters, "!" where it stops being JSON. */
static const char *
letters(const char *text, size_t len)
{
	static const char names[] = ".{}[]ksntf0";
	static char out[200];
	struct scan s = scan_memory(text, len);
	struct err err = ERR_INIT;
	struct tokens t;
	enum token token = TOKEN_NULL;
	size_t n = 0;

	tokens_init(&t, &s);
	do {
		if (!tokens_next(&t, &token, &err)) {
			out[n++] = '!';
			assert_int_equal(err.code, ERR_DAMAGED);
			err_done(&err);
			break;
		}
		out[n++] = names[token];
	} while (token != TOKEN_END && n < sizeof(out) - 1);
	out[n] = '\0';
	tokens_done(&t);
	return out;
}

static void
documents(void **state)
{
	static const char *const rows[][2] = {
		{"{}", "{}."},
		{" [ ] \n", "[]."},
		{"{\"a\":1,\"b\":[true,false,null,\"x\"]}", "{kntfs"},
		{"[1,2.5,-0,1e9,-1.5E-3]", "[nnnnn]."},
		{"\"x\"", "s."},
		{"0", "n."},
		{"[[[]]]", "[[[]]]."},
		/* and what is none */
		{"", "!"},
		{" ", "!"},
		{"{", "{!"},
		{"[1", "[n!"},
		{"[1,]", "[n!"},
		{"[,1]", "[!"},
		{"[1 2]", "[n!"},
		{"{\"a\"}", "{!"},
		{"{\"a\":}", "{k!"},
		{"{\"a\":1,}", "{kn!"},
		{"{1:2}", "{!"},
		{"{\"a\":1 \"b\":2}", "{kn!"},
		{"[1]x", "[n]!"},
		{"[1}", "[n!"},
		{"{]", "{!"},
		{"01", "!"},
		{"1.", "!"},
		{".5", "!"},
		{"-", "!"},
		{"1e", "!"},
		{"tru", "!"},
		{"nulll", "!"},
		{"\"\\x\"", "!"},
		{"\"\n\"", "!"},
		{"\"abc", "!"},
		{"\"\\u12\"", "!"},
		{"\"\\ud800\"", "!"},
		{"\"\\ud800\\u0041\"", "!"},
		{"\"\\udc00\"", "!"},
		{"'x'", "!"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = letters(rows[i][0], strlen(rows[i][0]));

		if (i == 2)
			assert_string_equal(got, "{knk[tf0s]}.");
		else if (strcmp(got, rows[i][1]) != 0)
			fail_msg("%s: %s, not %s", rows[i][0], got, rows[i][1]);
	}
}

static void
texts(void **state)
{
	static const char text[] =
		"[\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\", \"\xc3\xa9\"]";
	struct scan s = scan_memory(text, sizeof(text) - 1);
	struct err err = ERR_INIT;
	enum token token;
	struct tokens t;

	tokens_init(&t, &s);
	assert_true(tokens_next(&t, &token, &err) && token == TOKEN_ARRAY);
	assert_true(tokens_next(&t, &token, &err) && token == TOKEN_STRING);
	assert_string_equal(t.text.buf, "a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80");
	assert_true(tokens_next(&t, &token, &err) && token == TOKEN_STRING);
	assert_string_equal(t.text.buf, "\xc3\xa9");
	tokens_done(&t);
}

static void
depth_is_bounded(void **state)
{
	char text[200];

	memset(text, '[', sizeof(text));
	assert_int_equal(strlen(letters(text, sizeof(text))), TOKENS_DEPTH + 1);
	assert_int_equal(letters(text, sizeof(text))[TOKENS_DEPTH], '!');
}

static void
skipping(void **state)
{
	static const char text[] = "[{\"a\":[1,{}]},\"x\",2]";
	struct scan s = scan_memory(text, sizeof(text) - 1);
	struct err err = ERR_INIT;
	enum token token;
	struct tokens t;

	tokens_init(&t, &s);
	assert_true(tokens_next(&t, &token, &err)); /* [ */
	for (int i = 0; i < 3; i++)
		assert_true(tokens_next(&t, &token, &err) && tokens_skip(&t, token, &err));
	assert_true(tokens_next(&t, &token, &err) && token == TOKEN_ARRAY_END);
	tokens_done(&t);
}

#define FILE1                                                               \
	"{ \"Path\": \"base/1/1\", \"Size\": 3, \"Last-Modified\": \"x\", " \
	"\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"8a744722\" }"
#define FILE2                                                 \
	"{ \"Encoded-Path\": \"626173652fff\", \"Size\": 0, " \
	"\"Last-Modified\": \"x\" }"
#define RANGE "{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000100\" }"

/* With its own checksum behind it, as the server writes it. */
static const char *
with_sum(const char *body)
{
	static char text[4096];
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	size_t n = strlen(body);

	digest_of(body, n, sum);
	snprintf(text, sizeof(text), "%s\"Manifest-Checksum\": \"%s\"}\n", body,
		digest_hex(sum, DIGEST_SIZE, hex));
	return text;
}

static bool
read_manifest(const char *text, size_t len, struct arena *a, struct manifest *m, struct err *err)
{
	struct scan s = scan_memory(text, len);

	return manifest_read(&s, a, m, err);
}

static void
a_manifest(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct manifest_file *f;
	struct manifest m;
	const char *text =
		with_sum("{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
			 "\"System-Identifier\": 7710505478551116433,\n\"Files\": [\n" FILE1
			 ",\n" FILE2 "\n],\n\"WAL-Ranges\": [\n" RANGE "\n],\n");

	assert_true(read_manifest(text, strlen(text), &a, &m, &err));
	assert_true(m.version == 2 && m.system_identifier == 7710505478551116433ULL);
	assert_true(m.files.n == 2 && m.bytes == 3 && m.has_unsummed && !m.incremental);
	f = manifest_find(&m, "base/1/1");
	assert_true(f != NULL && f->size == 3 && f->kind == SUM_CRC32C);
	assert_memory_equal(f->sum, "\x8a\x74\x47\x22", 4);
	assert_non_null(manifest_find(&m, "base/\xff"));
	assert_null(manifest_find(&m, "base/1/2"));
	assert_true(m.ranges.n == 1 && m.ranges.v[0].timeline == 1);
	assert_true(m.ranges.v[0].start == 0x2000028 && m.ranges.v[0].end == 0x2000100);
	/* no byte of it may change or be missing */
	for (size_t i = 0; i < strlen(text); i++) {
		char changed[4096];

		memcpy(changed, text, strlen(text));
		assert_false(read_manifest(changed, i, &a, &m, &err));
		err_done(&err);
		changed[i] ^= 1;
		if (read_manifest(changed, strlen(text), &a, &m, &err))
			fail_msg("byte %zu passes", i);
		err_done(&err);
	}
}

static void
bad_manifests(void **state)
{
	static const char *const bodies[] = {
		"{ \"PostgreSQL-Backup-Manifest-Version\": 3,\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 0,\n",
		"{ \"Files\": [],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ " FILE1 ", " FILE1
		" ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ {\"Path\": \"../x\", "
		"\"Size\": 1} ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ {\"Path\": \"/x\", "
		"\"Size\": 1} ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ {\"Path\": \"x\"} ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ {\"Path\": \"x\", "
		"\"Size\": -1} ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ {\"Path\": \"x\", "
		"\"Size\": 1, \"Checksum-Algorithm\": \"SHA256\", \"Checksum\": \"00\"} ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ {\"Path\": \"x\", "
		"\"Size\": 1, \"Checksum-Algorithm\": \"ROT13\"} ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"WAL-Ranges\": [ {\"Timeline\": 1, "
		"\"Start-LSN\": \"0/2\", \"End-LSN\": \"0/1\"} ],\n",
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"WAL-Ranges\": [ {\"Timeline\": 1, "
		"\"Start-LSN\": \"x\", \"End-LSN\": \"0/1\"} ],\n",
		"[ 1 ]\n",
	};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct manifest m;
	const char *text;

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		text = with_sum(bodies[i]);
		if (read_manifest(text, strlen(text), &a, &m, &err))
			fail_msg("body %zu passes", i);
		err_done(&err);
	}
}

TESTS(T(documents), T(texts), T(depth_is_bounded), T(skipping), T(a_manifest), T(bad_manifests))

#include "unit/testing.h"

#include "base/clock.h"
#include "run/mask.h"

static struct mask *
mask_of(const char *const *secrets)
{
	struct mask *m = mask_new();

	for (; *secrets != NULL; secrets++)
		assert_true(mask_add(m, *secrets, strlen(*secrets)));
	return m;
}

#define SECRETS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
stream(const struct mask *m, const char *bytes, size_t len, const size_t *cuts, size_t ncuts,
	struct str *out)
{
	struct mask_state st = {.covered = 0};
	size_t at = 0;

	str_cut(out, 0);
	for (size_t i = 0; i <= ncuts; i++) {
		size_t to = i < ncuts ? MIN(cuts[i], len) : len;

		mask_stream(m, &st, bytes + at, to - at, out);
		at = to;
	}
	mask_end(m, &st, out);
	str_text(out);
}

/* The same whole, in two pieces cut anywhere, in three, and byte by byte. */
static void
assert_masked(const char *const *secrets, const char *text, const char *want)
{
	struct mask *m = mask_of(secrets);
	struct str out = STR_INIT(MIB);
	size_t len = strlen(text), every[4096];

	mask_text(m, text, len, &out);
	assert_string_equal(str_text(&out), want);
	for (size_t a = 0; a <= len; a++) {
		for (size_t b = a; b <= len; b += 1 + (b - a) / 3) {
			stream(m, text, len, (size_t[]){a, b}, 2, &out);
			if (strcmp(out.buf, want) != 0)
				fail_msg("cut at %zu and %zu: \"%s\"", a, b, out.buf);
		}
	}
	for (size_t i = 0; i < len; i++)
		every[i] = i + 1;
	stream(m, text, len, every, len, &out);
	assert_string_equal(out.buf, want);
	str_done(&out);
	mask_free(m);
}

#define S "hunter2 secret/+?"

/* F37: every form, wherever the stream is cut. */
static void
test_f37_forms(void **state)
{
	assert_masked(SECRETS(S), "a " S " b", "a *** b");
	assert_masked(SECRETS(S), S, "***");
	assert_masked(SECRETS(S), S S "x" S, "***x***");
	assert_masked(SECRETS(S), "hunter2 secret/+", "hunter2 secret/+");
	assert_masked(SECRETS(S), "u=hunter2%20secret%2F%2B%3F&", "u=***&");
	assert_masked(SECRETS(S), "u=hunter2%20secret%2f%2b%3f&", "u=***&");
	assert_masked(SECRETS(S), "u=hunter2%20secret/%2B%3F&", "u=***&");
	assert_masked(SECRETS(S), "u=hunter2+secret%2F%2B%3F&", "u=***&");
	assert_masked(SECRETS("pass\"word\\x"), "{\"p\":\"pass\\\"word\\\\x\"}", "{\"p\":\"***\"}");
	assert_masked(SECRETS("pass\tword\x1b-"), "\"pass\\tword\\u001b-\"", "\"***\"");
	assert_masked(SECRETS("p\xc3\xa4ssw\xc3\xb6rd"), "\"p\\u00e4ssw\\u00f6rd\"", "\"***\"");
	assert_masked(SECRETS("sec-\xf0\x9f\x9a\xa2-ret"), "\"sec-\\ud83d\\udea2-ret\"", "\"***\"");
	assert_masked(SECRETS("sec-\xf0\x9f\x9a\xa2-ret"), "sec-\xf0\x9f\x9a\xa2-ret", "***");
	/* not UTF-8 */
	assert_masked(SECRETS("p\xe4ssw\xf6rd"), "<p\xe4ssw\xf6rd>", "<***>");
}

/* F37: as shells, SQL, HTML and other people's JSON write them. */
static void
test_f37_quoted(void **state)
{
	/* printf '%q', and the same in single, double and dollar quotes */
	assert_masked(SECRETS("pa$$ 'w0rd'\\x"), "<pa\\$\\$\\ \\'w0rd\\'\\\\x>", "<***>");
	assert_masked(SECRETS("pa$$ 'w0rd'\\x"), "'pa$$ '\\''w0rd'\\''\\x'", "'***'");
	assert_masked(SECRETS("pa$$ 'w0rd'\\x"), "'pa$$ '\"'\"'w0rd'\"'\"'\\x'", "'***'");
	assert_masked(SECRETS("pa$$ `w\"d`\\x"), "\"pa\\$\\$ \\`w\\\"d\\`\\\\x\"", "\"***\"");
	assert_masked(SECRETS("two\nlines'"), "$'two\\nlines\\''", "$'***'");
	/* SQL, HTML, JSON of Go and of PHP */
	assert_masked(SECRETS("o'brien's"), "PASSWORD 'o''brien''s'", "PASSWORD '***'");
	assert_masked(SECRETS("<a&b>\"c'"), "<p>&lt;a&amp;b&gt;&quot;c&#39;</p>", "<p>***</p>");
	assert_masked(SECRETS("<a&b>\"c'"), "<p>&lt;a&amp;b&gt;\"c'</p>", "<p>***</p>");
	assert_masked(SECRETS("a<b>&c\"d"), "\"a\\u003cb\\u003e\\u0026c\\\"d\"", "\"***\"");
	assert_masked(SECRETS("ab/cd/ef"), "\"ab\\/cd\\/ef\"", "\"***\"");
}

/* F37: hexadecimal, and what programs break into lines. */
static void
test_f37_hex_and_wrapped(void **state)
{
	static const char longest[] = "0123456789 0123456789 0123456789 0123456789 0123456789 "
				      "0123456789 0123456789";

	assert_masked(SECRETS("hunter2!"), "\\x68756e7465723221;", "\\x***;");
	assert_masked(SECRETS("hunter2!"), "68756E7465723221", "***");
	/* base64, xxd -p */
	assert_masked(SECRETS(longest),
		"MDEyMzQ1Njc4OSAwMTIzNDU2Nzg5IDAxMjM0NTY3ODkgMDEyMzQ1Njc4OSAwMTIzNDU2Nzg5IDAx\n"
		"MjM0NTY3ODkgMDEyMzQ1Njc4OQ==\n",
		"***\n***Q==\n");
	assert_masked(SECRETS(longest),
		"303132333435363738392030313233343536373839203031323334353637\n"
		"383920303132333435363738392030313233343536373839203031323334\n"
		"3536373839203031323334353637383 9\n",
		"***\n***\n3536373839203031323334353637383 9\n");
}

/* As printf '%s' ... | base64 prints them; what shows of it mixes with the bytes around. */
static void
test_f37_base64(void **state)
{
	assert_masked(SECRETS("correct horse"), "<Y29ycmVjdCBob3JzZQ==>", "<***Q==>");
	assert_masked(SECRETS("correct horse"), "<OmNvcnJlY3QgaG9yc2U6eA==>", "<Om***U6eA==>");
	assert_masked(SECRETS("correct horse"), "<eDpjb3JyZWN0IGhvcnNl>", "<eDp***>");
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
base64(struct str *out, const char *bytes, size_t len, bool url)
{
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < len ? (unsigned char)bytes[i + k] : 0);
		for (size_t k = 0; k < 4; k++) {
			char c = alphabet[v >> (18 - 6 * k) & 63];

			if (url && (c == '+' || c == '/'))
				c = c == '+' ? '-' : '_';
			str_addc(out, i + k <= len ? c : '=');
		}
	}
	str_text(out);
}

/* Around the secret anything may stand; of its own base64 at most the two ends show. */
static void
test_f37_base64_alignments(void **state)
{
	static const char *const secrets[] = {
		"correct horse", "\xff\xfe\xfb\xef\xbe hunter2", "12345678"};

	for (size_t s = 0; s < ARRAY_LEN(secrets); s++) {
		struct mask *m = mask_of(SECRETS(secrets[s]));

		for (size_t before = 0; before < 4; before++) {
			for (size_t behind = 0; behind < 8; behind++) {
				struct str plain = STR_INIT(KIB), text = STR_INIT(KIB),
					   out = STR_INIT(KIB);
				size_t shown = 0;

				for (size_t i = 0; i < before; i++)
					str_addc(&plain, 'x');
				str_add(&plain, secrets[s]);
				for (size_t i = 0; i < behind % 4; i++)
					str_addc(&plain, 'y');
				base64(&text, plain.buf, plain.len, behind >= 4);
				for (size_t cut = 0; cut <= text.len; cut++) {
					stream(m, text.buf, text.len, &cut, 1, &out);
					assert_holds(out.buf, "***");
					shown = out.len - 3;
					/* what is before and behind, two mixed ends, padding */
					assert_true(shown <= 4 + before + 2 * 4);
				}
				str_done(&plain);
				str_done(&text);
				str_done(&out);
			}
		}
		mask_free(m);
	}
}

static void
test_f37_lines(void **state)
{
	static const char key[] = "-----BEGIN-----\nabcdefghijkl\nshort\nmnopqrstuvwx\n";

	assert_masked(SECRETS(key), "k: -----BEGIN-----\nabcdefghijkl\nshort\nmnopqrstuvwx\n.",
		"k: ***.");
	/* Printed line by line, with something between; a line too short to be masked stays. */
	assert_masked(SECRETS(key), "> abcdefghijkl\r\n> short\r\n> mnopqrstuvwx\r\n",
		"> ***\r\n> short\r\n> ***\r\n");
}

/* Secrets that begin, end or contain each other: nothing of either shows. */
static void
test_f37_overlaps(void **state)
{
	assert_masked(SECRETS("abcdefgh", "abcdefghij"), "<abcdefghij>", "<***>");
	assert_masked(SECRETS("abcdefgh", "abcdefghij"), "<abcdefghi>", "<***i>");
	assert_masked(SECRETS("abcdefgh", "xyzabcdefghuvw"), "<xyzabcdefghuvw>", "<***>");
	assert_masked(SECRETS("abcdefgh", "xyzabcdefghuvw"), "<xyzabcdefghuv>", "<xyz***uv>");
	assert_masked(SECRETS("abcdefgh", "efghijkl"), "<abcdefghijkl>", "<***>");
	assert_masked(SECRETS("aaaaaaaa"), "aaaaaaa aaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaaab",
		"aaaaaaa *** ***b");
	assert_masked(SECRETS("abababab"), "xababababababay", "x***ay");
}

/* Over two letters, so that everything overlaps: streamed in any pieces it is what the definition
 * says of the whole. */
static void
test_f37_against_definition(void **state)
{
	unsigned seed = 4711;

	for (int round = 0; round < 3000; round++) {
		char secrets[3][12], text[64], want[256];
		bool marks[64] = {false};
		struct mask *m = mask_new();
		struct str out = STR_INIT(KIB);
		size_t len = 20 + rand_r(&seed) % 40, cuts[6], n = 0;

		for (int s = 0; s < 3; s++) {
			size_t size = 8 + rand_r(&seed) % 3;

			for (size_t i = 0; i < size; i++)
				secrets[s][i] = "ab"[rand_r(&seed) % 8 == 0];
			secrets[s][size] = '\0';
			assert_true(mask_add(m, secrets[s], size));
		}
		for (size_t i = 0; i < len; i++)
			text[i] = "ab"[rand_r(&seed) % 8 == 0];
		for (int s = 0; s < 3; s++)
			for (size_t i = 0, size = strlen(secrets[s]); i + size <= len; i++)
				if (memcmp(text + i, secrets[s], size) == 0)
					memset(marks + i, true, size);
		for (size_t i = 0; i < len; i++) {
			if (!marks[i])
				want[n++] = text[i];
			else if (i == 0 || !marks[i - 1])
				memcpy(want + n, "***", 3), n += 3;
		}
		want[n] = '\0';
		for (size_t i = 0, at = 0; i < ARRAY_LEN(cuts); i++)
			cuts[i] = at = MIN(at + rand_r(&seed) % 16, len);
		stream(m, text, len, cuts, ARRAY_LEN(cuts), &out);
		if (strcmp(out.buf, want) != 0)
			fail_msg("\"%.*s\" without %s, %s, %s became \"%s\", wanted \"%s\"",
				(int)len, text, secrets[0], secrets[1], secrets[2], out.buf, want);
		str_done(&out);
		mask_free(m);
	}
}

static void
test_f38_short(void **state)
{
	struct mask *m = mask_new();
	struct str out = STR_INIT(KIB);

	assert_true(mask_empty(m));
	assert_false(mask_add(m, "1234567", 7));
	assert_false(mask_add(m, "", 0));
	assert_true(mask_empty(m));
	mask_text(m, "x1234567x", 9, &out);
	assert_string_equal(str_text(&out), "x1234567x");
	assert_true(mask_add(m, "12345678", 8));
	assert_false(mask_empty(m));
	str_done(&out);
	mask_free(m);
	mask_free(NULL);
}

/* Bytes of every value go through as they are. */
static void
test_binary(void **state)
{
	struct mask *m = mask_of(SECRETS("hunter2hunter2"));
	struct str out = STR_INIT(64 * KIB);
	char bytes[4096];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (size_t cut = 0; cut < sizeof(bytes); cut += 13) {
		stream(m, bytes, sizeof(bytes), &cut, 1, &out);
		assert_int_equal(out.len, sizeof(bytes));
		assert_memory_equal(out.buf, bytes, sizeof(bytes));
	}
	str_done(&out);
	mask_free(m);
}

/* The worst that a secret and an output can be to each other, in time and memory. */
static void
test_f35_bounded(void **state)
{
	static char zeros[256 * KIB];
	struct mask *m = mask_new();
	struct mask_state st = {.covered = 0};
	struct str out = STR_INIT(MIB);
	int64_t before = clock_mono_ms();

	memset(zeros, '0', sizeof(zeros));
	assert_true(mask_add(m, zeros, 4096));
	assert_true(mask_add(m, zeros, 8));
	for (int i = 0; i < 40; i++) {
		mask_stream(m, &st, zeros, sizeof(zeros), &out);
		assert_true(st.held.cap <= 256 * KIB);
	}
	mask_end(m, &st, &out);
	assert_string_equal(str_text(&out), "***");
	assert_true(clock_mono_ms() - before < 20000);
	str_done(&out);
	mask_free(m);
}

TESTS(T(test_f37_forms), T(test_f37_quoted), T(test_f37_hex_and_wrapped), T(test_f37_base64),
	T(test_f37_base64_alignments), T(test_f37_lines), T(test_f37_overlaps),
	T(test_f37_against_definition), T(test_f38_short), T(test_binary), T(test_f35_bounded))

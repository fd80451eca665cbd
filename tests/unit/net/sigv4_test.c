#include "unit/testing.h"

#include "base/clock.h"
#include "net/sigv4.h"

static struct arena arena;

static const char *
header(const struct sigv4 *s, const char *name)
{
	size_t n = strlen(name);

	for (const char **h = s->headers; *h != NULL; h++)
		if (strncmp(*h, name, n) == 0 && (*h)[n] == ':')
			return *h + n + 2;
	return "";
}

/* The examples of "Authenticating Requests (Authorization Header)" in the S3 API reference. */
static const struct {
	const char *path;
	struct sigv4_parameter query[2], headers[1];
	size_t nquery, nheaders;
	const char *target, *signed_headers, *signature;
} examples[] = {
	{"/test.txt", {{NULL, NULL}}, {{"range", "bytes=0-9"}}, 0, 1, "/test.txt",
		"host;range;x-amz-content-sha256;x-amz-date",
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{"/", {{"lifecycle", ""}}, {{NULL, NULL}}, 1, 0,
		"/?lifecycle=", "host;x-amz-content-sha256;x-amz-date",
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{"/", {{"prefix", "J"}, {"max-keys", "2"}}, {{NULL, NULL}}, 2, 0, "/?max-keys=2&prefix=J",
		"host;x-amz-content-sha256;x-amz-date",
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void
documented(void **state)
{
	static const char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
	struct sigv4_key key = {"AKIAIOSFODNN7EXAMPLE", secret_new(secret, strlen(secret)), NULL};
	int64_t at;

	assert_true(clock_parse("2013-05-24T00:00:00Z", &at));
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		struct sigv4_request rq = {.method = "GET",
			.host = "examplebucket.s3.amazonaws.com",
			.path = examples[i].path,
			.query = examples[i].query,
			.nquery = examples[i].nquery,
			.headers = examples[i].headers,
			.nheaders = examples[i].nheaders,
			.body = "",
			.region = "us-east-1",
			.service = "s3",
			.at = at};
		struct sigv4 s;

		sigv4_sign(&arena, &rq, &key, &s);
		assert_string_equal(s.target, examples[i].target);
		assert_string_equal(header(&s, "x-amz-date"), "20130524T000000Z");
		assert_string_equal(header(&s, "authorization"),
			arena_fmt(&arena,
				"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
				"us-east-1/s3/aws4_request, SignedHeaders=%s, Signature=%s",
				examples[i].signed_headers, examples[i].signature));
	}
	secret_free((struct secret *)(uintptr_t)key.secret);
}

static void
encoding(void **state)
{
	struct str out = STR_INIT(KIB);

	sigv4_encode(&out, "a b+c%d/e=f~g\xc3\xa4", false);
	assert_string_equal(str_text(&out), "a%20b%2Bc%25d%2Fe%3Df~g%C3%A4");
	str_cut(&out, 0);
	sigv4_encode(&out, "/a b/c", true);
	assert_string_equal(str_text(&out), "/a%20b/c");
	str_done(&out);
}

/* Names are sorted as they are encoded: an upper-case letter comes before a lower-case one. */
static void
order(void **state)
{
	const struct sigv4_parameter query[] = {
		{"b", "2"}, {"a", "z"}, {"B", "1"}, {"a", "b/c"}, {"a-", ""}};
	struct sigv4_request rq = {.method = "GET",
		.host = "h",
		.path = "/",
		.query = query,
		.nquery = ARRAY_LEN(query),
		.body = "",
		.region = "r",
		.service = "s3"};
	struct sigv4 s;

	sigv4_sign(&arena, &rq, NULL, &s);
	assert_string_equal(s.target, "/?B=1&a=b%2Fc&a=z&a-=&b=2");
	assert_string_equal(header(&s, "authorization"), "");
	assert_string_equal(header(&s, "host"), "h");
	arena_done(&arena);
}

TESTS(T(documented), T(encoding), T(order))

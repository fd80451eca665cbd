/*
 * tokens: what the streaming reader takes cJSON takes too, as long as it is small; and reading in
 * pieces is reading.
 */
#include "fuzz/fuzz.h"

#include "conf/json_read.h"
#include "verify/tokens.h"

struct pieces {
	const char *p;
	size_t len;
};

static ssize_t
pull(void *arg, const unsigned char **ret, struct err *err)
{
	struct pieces *s = arg;
	size_t n = MIN(s->len, 1);

	*ret = (const unsigned char *)s->p;
	s->p += n;
	s->len -= n;
	return (ssize_t)n;
}

static bool
read_it(struct scan *s, size_t *count)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	enum token token = TOKEN_NULL;
	struct tokens t;
	bool good;

	tokens_init(&t, s);
	*count = 0;
	do {
		good = tokens_next(&t, &token, &err);
		++*count;
	} while (good && token != TOKEN_END);
	FUZZ_HOLDS(good || err.code != ERR_NONE);
	tokens_done(&t);
	return good;
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = NULL;
	struct pieces pieces = {data, len};
	struct scan whole = scan_memory(data, len), slow = scan_new(pull, &pieces);
	size_t one, two;
	bool good = read_it(&whole, &one);

	FUZZ_HOLDS(read_it(&slow, &two) == good && one == two);
	if (!good || memchr(data, '\0', len) != NULL || memmem(data, len, "\\u0000", 6) != NULL)
		return;
	j = json_parse(data, len, &err);
	FUZZ_HOLDS(j != NULL);
}

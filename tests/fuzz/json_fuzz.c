/*
 * json: what the writer writes the reader reads; any bytes make a string that is one line; what
 * the reader reads is printed the same way again and again.
 */
#include "fuzz/fuzz.h"

#include "base/json.h"
#include "conf/json_read.h"

static void
quote(const char *data, size_t len)
{
	CLEANUP(str_done) struct str out = STR_INIT(16 * MIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct json j = json_new(&out);
	cJSON *back;

	json_object(&j, NULL);
	json_stringn(&j, "text", data, len);
	json_object_end(&j);
	FUZZ_HOLDS(memchr(out.buf, '\n', out.len) == NULL);
	for (size_t i = 0; i < out.len; i++)
		FUZZ_HOLDS((unsigned char)out.buf[i] >= 0x20 && out.buf[i] != 0x7f);
	back = json_parse(out.buf, out.len, &err);
	/* cJSON ends a string at a NUL and therefore refuses it. */
	FUZZ_HOLDS(back != NULL || memchr(data, '\0', len) != NULL);
	json_free(&back);
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(str_done)
	struct str one = STR_INIT(16 * MIB), two = STR_INIT(16 * MIB), three = STR_INIT(16 * MIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(data, len, &err), *again = NULL, *third = NULL;

	quote(data, len);
	if (j == NULL)
		return;
	json_get_int(j, "a", 0);
	json_get_bool(j, "a", false);
	json_get_time(j, "a");
	json_print(&one, j);
	again = json_parse(one.buf, one.len, &err);
	FUZZ_HOLDS(again != NULL);
	json_print(&two, again);
	/* The first may have replaced what is not UTF-8; from then on nothing changes. */
	third = json_parse(two.buf, two.len, &err);
	FUZZ_HOLDS(third != NULL);
	json_print(&three, third);
	FUZZ_HOLDS(two.len == three.len && memcmp(two.buf, three.buf, two.len) == 0);
}

#include "base/banned.h"
#include "conf/json_read.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <math.h>

cJSON *
json_parse(const char *text, size_t len, struct err *err)
{
	const char *end = NULL;
	cJSON *j = cJSON_ParseWithLengthOpts(text, len, &end, false);

	if (j == NULL) {
		err_set(err, ERR_SYNTAX, "This is not JSON (near byte %zu).",
			end != NULL && end >= text ? (size_t)(end - text) : 0);
		return NULL;
	}
	for (; end < text + len; end++) {
		if (*end != ' ' && *end != '\t' && *end != '\r' && *end != '\n') {
			err_set(err, ERR_SYNTAX,
				"Something stands behind the JSON value (byte %zu).",
				(size_t)(end - text));
			cJSON_Delete(j);
			return NULL;
		}
	}
	return j;
}

cJSON *
json_load(const char *path, size_t max, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(max + 1);
	cJSON *j;

	if (!file_read(path, max, &text, err))
		return NULL;
	j = json_parse(str_text(&text), text.len, err);
	if (j == NULL)
		err_prefix(err, "%s", path);
	return j;
}

void
json_free(cJSON **j)
{
	cJSON_Delete(*j);
	*j = NULL;
}

const cJSON *
json_get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *
json_get_text(const cJSON *object, const char *key)
{
	const cJSON *v = json_get(object, key);

	return cJSON_IsString(v) ? v->valuestring : NULL;
}

int64_t
json_get_int(const cJSON *object, const char *key, int64_t otherwise)
{
	const cJSON *v = json_get(object, key);

	if (!cJSON_IsNumber(v) || fabs(v->valuedouble) > 9007199254740992.0 ||
		floor(v->valuedouble) < v->valuedouble)
		return otherwise;
	return (int64_t)v->valuedouble;
}

bool
json_get_bool(const cJSON *object, const char *key, bool otherwise)
{
	const cJSON *v = json_get(object, key);

	return cJSON_IsBool(v) ? cJSON_IsTrue(v) : otherwise;
}

int64_t
json_get_time(const cJSON *object, const char *key)
{
	const char *text = json_get_text(object, key);
	int64_t t;

	return text != NULL && clock_parse(text, &t) ? t : CLOCK_NONE;
}

/* With as many digits as bring the same number back. */
static void
print_double(struct json *j, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) < value || strtod(text, NULL) > value)
		snprintf(text, sizeof(text), "%.17g", value);
	json_raw(j, key, isfinite(value) ? text : "null");
}

static void
print(struct json *j, const char *key, const cJSON *v)
{
	const cJSON *it;

	if (cJSON_IsObject(v)) {
		json_object(j, key);
		cJSON_ArrayForEach(it, v) print(j, it->string, it);
		json_object_end(j);
	} else if (cJSON_IsArray(v)) {
		json_array(j, key);
		cJSON_ArrayForEach(it, v) print(j, NULL, it);
		json_array_end(j);
	} else if (cJSON_IsString(v)) {
		json_string(j, key, v->valuestring);
	} else if (cJSON_IsNumber(v)) {
		if (floor(v->valuedouble) < v->valuedouble || fabs(v->valuedouble) > 9e15)
			print_double(j, key, v->valuedouble);
		else
			json_int(j, key, (int64_t)v->valuedouble);
	} else if (cJSON_IsBool(v)) {
		json_bool(j, key, cJSON_IsTrue(v));
	} else {
		json_null(j, key);
	}
}

void
json_print(struct str *out, const cJSON *value)
{
	struct json j = json_new(out);

	print(&j, NULL, value);
}

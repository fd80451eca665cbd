/*
 * json_read: reading JSON with cJSON, bounded, with getters that survive wrong types.
 */
#ifndef CONF_JSON_READ_H
#define CONF_JSON_READ_H

#include "base/err.h"
#include "base/str.h"

#include <cJSON.h>

/* One complete value and nothing behind it; NULL and ERR_SYNTAX otherwise. cJSON_Delete it. */
cJSON *json_parse(const char *text, size_t len, struct err *err);
/* The same from a file of at most `max` bytes. */
cJSON *json_load(const char *path, size_t max, struct err *err);
void json_free(cJSON **j); /* for CLEANUP */

/* The field of an object, NULL when absent or of another type; text stays with the object. */
const cJSON *json_get(const cJSON *object, const char *key);
const char *json_get_text(const cJSON *object, const char *key);
/* An integer within 2^53, else `otherwise`; a negative zero or fraction is not one. */
int64_t json_get_int(const cJSON *object, const char *key, int64_t otherwise);
bool json_get_bool(const cJSON *object, const char *key, bool otherwise);
/* An RFC 3339 time as seconds, CLOCK_NONE when absent or malformed. */
int64_t json_get_time(const cJSON *object, const char *key);

/* Appends the value in one line, through base/json's escapes. */
void json_print(struct str *out, const cJSON *value);

#endif

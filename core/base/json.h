/*
 * json: writes JSON into a str, one value after the other, with commas and escapes in place.
 *
 * Records need exact 64-bit integers and a fixed order of fields, listings need to stream; a
 * tree of nodes gives neither. Reading JSON is cJSON's work (conf/json_read.h).
 * Controls, DEL, C1, bidirectional and zero-width characters leave as \u escapes, so that JSON
 * on a terminal is as harmless as text; bytes that are not UTF-8 become U+FFFD.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/str.h"

struct json {
	struct str *out;
	bool need_comma;
	int depth;
	bool pretty;
};

struct json json_new(struct str *out);        /* compact */
struct json json_new_pretty(struct str *out); /* two-space indentation, for people */

/* `key` is NULL inside arrays and for the outermost value. */
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_string(struct json *j, const char *key, const char *value); /* NULL writes null */
void json_stringn(struct json *j, const char *key, const char *value, size_t len);
void json_fmt(struct json *j, const char *key, const char *fmt, ...) PRINTF(3, 4);
void json_int(struct json *j, const char *key, int64_t value);
void json_double(struct json *j, const char *key, double value); /* NaN writes null */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
void json_raw(struct json *j, const char *key, const char *value); /* already JSON */
/* Seconds since 1970 as RFC 3339 in UTC; CLOCK_NONE writes null. */
void json_time(struct json *j, const char *key, int64_t seconds);
void json_time_us(struct json *j, const char *key, int64_t us); /* the same of microseconds */
/* A count, size or duration that may be unknown: a negative value writes null. */
void json_count(struct json *j, const char *key, int64_t value);

/* Only the quoted, escaped string, without key or comma. */
void json_quote(struct str *out, const char *value, size_t len);

#endif

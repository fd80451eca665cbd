#include "base/banned.h"
#include "base/json.h"
#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

struct json
json_new(struct str *out)
{
	return (struct json){.out = out};
}

struct json
json_new_pretty(struct str *out)
{
	return (struct json){.out = out, .pretty = true};
}

static void
newline(struct json *j)
{
	str_addc(j->out, '\n');
	for (int i = 0; i < j->depth; i++)
		str_add(j->out, "  ");
}

static void
begin(struct json *j, const char *key)
{
	if (j->need_comma)
		str_addc(j->out, ',');
	if (j->pretty && j->depth > 0)
		newline(j);
	if (key != NULL) {
		json_quote(j->out, key, strlen(key));
		str_add(j->out, j->pretty ? ": " : ":");
	}
	j->need_comma = true;
}

static void
open_scope(struct json *j, const char *key, char c)
{
	begin(j, key);
	str_addc(j->out, c);
	j->need_comma = false;
	j->depth++;
}

static void
close_scope(struct json *j, char c)
{
	j->depth--;
	if (j->pretty && j->need_comma)
		newline(j);
	str_addc(j->out, c);
	j->need_comma = true;
}

void
json_object(struct json *j, const char *key)
{
	open_scope(j, key, '{');
}

void
json_object_end(struct json *j)
{
	close_scope(j, '}');
}

void
json_array(struct json *j, const char *key)
{
	open_scope(j, key, '[');
}

void
json_array_end(struct json *j)
{
	close_scope(j, ']');
}

static void
add_code(struct str *out, uint32_t code)
{
	if (code >= 0x10000) {
		code -= 0x10000;
		str_fmt(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
	} else {
		str_fmt(out, "\\u%04x", code);
	}
}

void
json_quote(struct str *out, const char *value, size_t len)
{
	size_t i = 0;

	str_addc(out, '"');
	while (i < len) {
		size_t run = i, n;
		uint32_t code;

		while (run < len && value[run] >= 0x20 && value[run] < 0x7f && value[run] != '"' &&
			value[run] != '\\')
			run++;
		if (run > i) {
			str_addn(out, value + i, run - i);
			i = run;
			continue;
		}
		n = text_decode(value + i, len - i, &code);
		if (n == 0) {
			str_add(out, "\\ufffd");
			i++;
			continue;
		}
		if (code == '"' || code == '\\')
			str_fmt(out, "\\%c", (int)code);
		else if (code == '\n')
			str_add(out, "\\n");
		else if (code == '\t')
			str_add(out, "\\t");
		else if (text_is_unsafe(code))
			add_code(out, code);
		else
			str_addn(out, value + i, n);
		i += n;
	}
	str_addc(out, '"');
}

void
json_stringn(struct json *j, const char *key, const char *value, size_t len)
{
	begin(j, key);
	json_quote(j->out, value, len);
}

void
json_string(struct json *j, const char *key, const char *value)
{
	if (value == NULL)
		json_null(j, key);
	else
		json_stringn(j, key, value, strlen(value));
}

void
json_fmt(struct json *j, const char *key, const char *fmt, ...)
{
	struct str text = STR_INIT(MIB);
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&text, fmt, ap);
	va_end(ap);
	json_string(j, key, str_text(&text));
	str_done(&text);
}

void
json_int(struct json *j, const char *key, int64_t value)
{
	begin(j, key);
	str_fmt(j->out, "%lld", (long long)value);
}

void
json_count(struct json *j, const char *key, int64_t value)
{
	if (value < 0)
		json_null(j, key);
	else
		json_int(j, key, value);
}

void
json_double(struct json *j, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	str_fmt(j->out, "%.6g", value);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	str_add(j->out, value ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	begin(j, key);
	str_add(j->out, "null");
}

void
json_raw(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	str_add(j->out, value);
}

void
json_time(struct json *j, const char *key, int64_t seconds)
{
	char text[CLOCK_TEXT];

	json_string(j, key, seconds == CLOCK_NONE ? NULL : clock_format(seconds, text));
}

void
json_time_us(struct json *j, const char *key, int64_t us)
{
	char text[CLOCK_TEXT];

	json_string(j, key, us == CLOCK_NONE ? NULL : clock_format_us(us, text));
}

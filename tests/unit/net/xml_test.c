#include "unit/testing.h"

#include "base/str.h"
#include "net/xml.h"

static bool
note(const char *path, const char *text, size_t len, void *arg, struct err *err)
{
	str_fmt(arg, "%s=%.*s;", path, (int)len, text);
	if (strcmp(text, "stop") == 0)
		return err_set(err, ERR_LIMIT, "Enough.");
	return true;
}

/* The same whether it comes whole or byte by byte. */
static bool
parse(const char *text, size_t piece, struct str *out, struct err *err)
{
	struct xml *x = xml_new(note, out);
	size_t len = strlen(text);
	bool good = true;

	str_cut(out, 0);
	for (size_t i = 0; good && i < len; i += piece)
		good = xml_feed(x, text + i, MIN(piece, len - i), err);
	good = good && xml_end(x, err);
	xml_free(x);
	return good;
}

static void
documents(void **state)
{
	static const struct {
		const char *text, *seen;
	} rows[] = {
		{"<a/>", "a=;"},
		{"<?xml version=\"1.0\"?><a><b>1</b><c/><b>x &amp; y</b></a>",
			"a/b=1;a/c=;a/b=x & y;a=;"},
		{"<n:a xmlns:n='u'><n:b n:c='d'>&#228;</n:b></n:a>", "a/b=\xc3\xa4;a=;"},
		{"<a><![CDATA[<b>]]></a>", "a=<b>;"},
	};
	struct str out = STR_INIT(KIB);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t piece = 1; piece < 200; piece += 199 / 2) {
			struct err err = ERR_INIT;

			assert_true(parse(rows[i].text, piece, &out, &err));
			assert_string_equal(str_text(&out), rows[i].seen);
		}
	}
	str_done(&out);
}

static void
faults(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *says;
	} rows[] = {
		{"", ERR_SYNTAX, "not XML"},
		{"<a>", ERR_SYNTAX, "not XML"},
		{"<a></b>", ERR_SYNTAX, "not XML"},
		{"<a/><b/>", ERR_SYNTAX, "not XML"},
		{"<a>\xff</a>", ERR_SYNTAX, "not XML"},
		{"<a>&x;</a>", ERR_SYNTAX, "not XML"},
		{"<!DOCTYPE html><html/>", ERR_SYNTAX, "document type"},
		{"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", ERR_SYNTAX, "document type"},
		{"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", ERR_SYNTAX, "deeper"},
		{"<a><b>stop</b><b>never</b></a>", ERR_LIMIT, "Enough."},
	};
	struct str out = STR_INIT(KIB);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_false(parse(rows[i].text, 3, &out, &err));
		assert_err(&err, rows[i].code, rows[i].says);
		assert_holds_not(str_text(&out), "never");
	}
	str_done(&out);
}

static void
long_text(void **state)
{
	struct str text = STR_INIT(MIB), out = STR_INIT(MIB);
	struct err err = ERR_INIT;

	str_add(&text, "<a>");
	str_pad(&text, XML_TEXT_MAX + 4);
	str_add(&text, "</a>");
	assert_false(parse(str_text(&text), 1000, &out, &err));
	assert_err(&err, ERR_SYNTAX, "longer than 64 KiB");
	str_done(&text);
	str_done(&out);
}

TESTS(T(documents), T(faults), T(long_text))

#include "base/banned.h"
#include "net/xml.h"
#include "base/str.h"

#include <expat.h>

struct xml {
	XML_Parser parser;
	xml_cb cb;
	void *arg;
	struct str path, text;
	size_t lengths[XML_DEPTH_MAX]; /* of path before each element */
	int depth;
	struct err err;
	bool failed;
	char root[64];
};

static void
stop(struct xml *x)
{
	x->failed = true;
	XML_StopParser(x->parser, XML_FALSE);
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *x = arg;
	const char *colon = strchr(name, ':');

	if (x->failed)
		return;
	if (colon != NULL)
		name = colon + 1;
	if (x->depth == XML_DEPTH_MAX) {
		err_set(&x->err, ERR_SYNTAX, "The XML is nested deeper than %d elements.",
			XML_DEPTH_MAX);
		stop(x);
		return;
	}
	if (x->depth == 0)
		snprintf(x->root, sizeof(x->root), "%s", name);
	x->lengths[x->depth++] = x->path.len;
	if (x->path.len > 0)
		str_addc(&x->path, '/');
	str_add(&x->path, name);
	str_cut(&x->text, 0);
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct xml *x = arg;

	if (x->failed)
		return;
	if (x->text.full) {
		err_set(&x->err, ERR_SYNTAX, "A text in the XML is longer than 64 KiB.");
		stop(x);
		return;
	}
	if (!x->cb(str_text(&x->path), str_text(&x->text), x->text.len, x->arg, &x->err)) {
		stop(x);
		return;
	}
	str_cut(&x->path, x->lengths[--x->depth]);
	str_cut(&x->text, 0);
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	struct xml *x = arg;

	if (!x->failed)
		str_addn(&x->text, text, (size_t)len);
}

static void XMLCALL
on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public,
	int internal)
{
	struct xml *x = arg;

	if (!x->failed) {
		err_set(&x->err, ERR_SYNTAX, "It has a document type, like a web page.");
		stop(x);
	}
}

struct xml *
xml_new(xml_cb cb, void *arg)
{
	struct xml *x = util_alloc(sizeof(*x));

	x->parser = XML_ParserCreate("UTF-8");
	if (x->parser == NULL)
		BUG("XML_ParserCreate");
	x->cb = cb;
	x->arg = arg;
	x->path = (struct str)STR_INIT(4 * KIB);
	x->text = (struct str)STR_INIT(XML_TEXT_MAX);
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return x;
}

static bool
feed(struct xml *x, const char *bytes, size_t len, bool last, struct err *err)
{
	enum XML_Status status;

	if (!x->failed) {
		status = XML_Parse(x->parser, bytes, (int)len, last);
		if (status == XML_STATUS_OK && !x->failed)
			return true;
		if (!x->failed)
			err_set(&x->err, ERR_SYNTAX, "It is not XML: %s in line %lu.",
				XML_ErrorString(XML_GetErrorCode(x->parser)),
				(unsigned long)XML_GetCurrentLineNumber(x->parser));
		x->failed = true;
	}
	if (x->err.code == ERR_NONE)
		return err_set(err, ERR_SYNTAX, "It is not XML.");
	return err_move(err, &x->err);
}

bool
xml_feed(struct xml *x, const char *bytes, size_t len, struct err *err)
{
	return feed(x, bytes, len, false, err);
}

bool
xml_end(struct xml *x, struct err *err)
{
	return feed(x, "", 0, true, err);
}

const char *
xml_root(const struct xml *x)
{
	return x->root;
}

void
xml_free(struct xml *x)
{
	if (x == NULL)
		return;
	XML_ParserFree(x->parser);
	str_done(&x->path);
	str_done(&x->text);
	err_done(&x->err);
	free(x);
}

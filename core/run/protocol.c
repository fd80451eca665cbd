#include "base/banned.h"
#include "run/protocol.h"

void
wire_add(struct wire *f, const char *bytes, size_t len)
{
	str_addn(&f->buf, bytes, len);
	if (f->buf.full)
		f->broken = true;
}

cJSON *
wire_next(struct wire *f)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *end = f->buf.len > 0 ? memchr(f->buf.buf, '\n', f->buf.len) : NULL;
	size_t len = end != NULL ? (size_t)(end - f->buf.buf) : f->buf.len;
	cJSON *j;

	if (len > PROTOCOL_MAX)
		f->broken = true;
	if (f->broken || end == NULL)
		return NULL;
	j = json_parse(f->buf.buf, len, &err);
	str_drop(&f->buf, len + 1);
	if (!cJSON_IsObject(j)) {
		cJSON_Delete(j);
		f->broken = true;
		return NULL;
	}
	return j;
}

void
wire_done(struct wire *f)
{
	str_wipe(&f->buf);
}

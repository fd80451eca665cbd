/*
 * An HTML or XML page where a backup should be: what a proxy, a login page or an object store's
 * error leaves behind when a download was not looked at.
 */
#include "base/banned.h"
#include "verify/format.h"

#include <strings.h>

static bool
html_detect(const unsigned char *p, size_t len)
{
	static const char *const starts[] = {"<!doctype", "<html", "<?xml", "<head", "<error"};
	size_t i = 0;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (i < len && strchr(" \t\r\n", p[i]) != NULL && p[i] != '\0')
		i++;
	for (size_t k = 0; k < ARRAY_LEN(starts); k++)
		if (len - i >= strlen(starts[k]) &&
			strncasecmp((const char *)p + i, starts[k], strlen(starts[k])) == 0)
			return true;
	return false;
}

const struct format format_html = {
	.name = "html",
	.detect = html_detect,
	.refusal = "This is an HTML or XML page, not a backup: most likely the error message of a "
		   "server that was stored in its place.",
};

#include "base/banned.h"
#include "base/log.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdarg.h>

void
log_debug(const char *fmt, ...)
{
	static int fd = -2;
	CLEANUP(str_done) struct str raw = STR_INIT(8 * KIB), line = STR_INIT(16 * KIB);
	char now[CLOCK_TEXT];
	va_list ap;

	if (fd == -2) {
		const char *path = getenv("LIFEBOAT_DEBUG");

		fd = path == NULL || path[0] == '\0'
			     ? -1
			     : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
				       0600);
	}
	if (fd < 0)
		return;
	va_start(ap, fmt);
	str_vfmt(&raw, fmt, ap);
	va_end(ap);
	str_fmt(&line, "%s %d ", clock_format_ms(clock_now_ms(), now), (int)getpid());
	text_visible(&line, raw.buf, raw.len, 0);
	str_addc(&line, '\n');
	if (!file_write_all(fd, line.buf, line.len))
		fd = -1;
}

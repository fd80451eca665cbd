/*
 * settle: whether a file is still being written.
 *
 * The kernel knows: a read lease (fcntl(2), F_SETLEASE) is refused while anybody has the file
 * open for writing. That needs the file's owner or root, and a file system of this machine.
 * Where it can't be asked, a file that was touched within the last SETTLE_MS is looked at twice.
 */
#ifndef CATALOG_SETTLE_H
#define CATALOG_SETTLE_H

#include "base/util.h"

#include <sys/types.h>

#define SETTLE_MS 2000

enum settle { SETTLED, SETTLE_WRITING, SETTLE_GONE };

/* May wait up to SETTLE_MS. `size` and `mtime` are what was seen before. */
enum settle settle_check(const char *path, int64_t size, int64_t mtime);

#endif

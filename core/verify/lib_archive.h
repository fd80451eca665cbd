/*
 * lib_archive: libarchive, opened when first needed. Linked in, it would cost every start of
 * the program milliseconds and megabytes.
 */
#ifndef VERIFY_LIB_ARCHIVE_H
#define VERIFY_LIB_ARCHIVE_H

#include "base/err.h"

#include <archive.h>
#include <archive_entry.h>

#define LIB_ARCHIVE(X)                                \
	X(archive_read_new)                           \
	X(archive_read_free)                          \
	X(archive_read_support_filter_bzip2)          \
	X(archive_read_support_filter_lz4)            \
	X(archive_read_support_filter_xz)             \
	X(archive_read_support_filter_zstd)           \
	X(archive_read_support_format_cpio)           \
	X(archive_read_support_format_empty)          \
	X(archive_read_support_format_raw)            \
	X(archive_read_support_format_tar)            \
	X(archive_read_support_format_zip_streamable) \
	X(archive_read_open2)                         \
	X(archive_read_next_header)                   \
	X(archive_read_data)                          \
	X(archive_read_data_block)                    \
	X(archive_filter_bytes)                       \
	X(archive_filter_code)                        \
	X(archive_error_string)                       \
	X(archive_set_error)                          \
	X(archive_format)                             \
	X(archive_entry_pathname)                     \
	X(archive_entry_pathname_utf8)                \
	X(archive_entry_hardlink)                     \
	X(archive_entry_symlink)                      \
	X(archive_entry_filetype)                     \
	X(archive_entry_size)                         \
	X(archive_entry_size_is_set)

struct lib_archive {
#define X(name) __typeof__(name) *name;
	LIB_ARCHIVE(X)
#undef X
};

/* NULL with ERR_TOOL_MISSING when it is not installed. */
const struct lib_archive *lib_archive(struct err *err);

#endif

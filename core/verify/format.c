#include "base/banned.h"
#include "verify/format.h"

extern const struct format format_aof, format_aof_directory, format_aof_manifest, format_archive,
	format_basebackup, format_basebackup_tar, format_html, format_neo4j, format_neo4j_old,
	format_pgdump_custom, format_pgdump_directory, format_pgdump_tar, format_rdb, format_sql,
	format_velero, format_velero_tarball, format_wal, format_wal_directory;

/* The order decides where two could claim a file: the specific before the general. */
const struct format *const formats[] = {
	&format_pgdump_custom,
	&format_pgdump_directory,
	&format_pgdump_tar,
	&format_basebackup,
	&format_basebackup_tar,
	&format_rdb,
	&format_aof,
	&format_aof_manifest,
	&format_aof_directory,
	&format_neo4j,
	&format_neo4j_old,
	&format_velero,
	&format_velero_tarball,
	&format_wal,
	&format_wal_directory,
	&format_sql,
	&format_html,
	&format_archive,
	NULL,
};

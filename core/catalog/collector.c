/*
 * collector: the table of set types.
 */
#include "base/banned.h"
#include "catalog/collector.h"

extern const struct collector collector_pg_dump, collector_pg_basebackup, collector_wal,
	collector_pgbackrest, collector_barman, collector_redis_rdb, collector_redis_aof,
	collector_neo4j, collector_object_sync, collector_files;

/* velero: its collector belongs here too, when there is one. */
static const struct collector *const collectors[] = {
	&collector_pg_dump,
	&collector_pg_basebackup,
	&collector_wal,
	&collector_pgbackrest,
	&collector_barman,
	&collector_redis_rdb,
	&collector_redis_aof,
	&collector_neo4j,
	&collector_object_sync,
	&collector_files,
};

const struct collector *
collector_of(enum set_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(collectors); i++)
		if (collectors[i]->type == type)
			return collectors[i];
	return NULL;
}

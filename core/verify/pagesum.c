#include "base/banned.h"
#include "verify/pagesum.h"
#include "base/bytes.h"

#define LANES    32
#define PRIME    16777619u
#define PER_FILE 131072 /* pages of a segment of 1 GiB */
#define AT_SUM   8      /* pd_checksum */
#define AT_UPPER 14     /* pd_upper: 0 on a page that was never used */

static const uint32_t basis[LANES] = {
	0x5b1f36e9,
	0xb8525960,
	0x02ab50aa,
	0x1de66d2a,
	0x79ff467a,
	0x9bb9f8a3,
	0x217e7cd2,
	0x83e13d2c,
	0xf8d4474f,
	0xe39eb970,
	0x42c6ae16,
	0x993216fa,
	0x7b093b5d,
	0x98daff3c,
	0xf718902a,
	0x0b1c9cdb,
	0xe58f764b,
	0x187636bc,
	0x5d7b3bb1,
	0xe73de7de,
	0x92bec979,
	0xcca6c0b2,
	0x304a0979,
	0x85aa43d4,
	0x783125bb,
	0x6ca8eaa2,
	0xe407eac6,
	0x4b5cfc3e,
	0x9fbf8c76,
	0x15ca20be,
	0xf2ca9fd3,
	0x959bd756,
};

uint16_t
pagesum(unsigned char page[PAGESUM_PAGE], uint32_t number)
{
	uint32_t sums[LANES], folded = 0;
	unsigned char saved[2] = {page[AT_SUM], page[AT_SUM + 1]};

	page[AT_SUM] = page[AT_SUM + 1] = 0;
	memcpy(sums, basis, sizeof(sums));
	for (size_t at = 0; at < PAGESUM_PAGE; at += sizeof(sums)) {
		uint32_t row[LANES];

		memcpy(row, page + at, sizeof(row));
		for (size_t i = 0; i < LANES; i++) {
			uint32_t t = sums[i] ^ row[i];

			sums[i] = t * PRIME ^ t >> 17;
		}
	}
	/* two rounds of zeros */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < LANES; i++)
			sums[i] = sums[i] * PRIME ^ sums[i] >> 17;
	for (size_t i = 0; i < LANES; i++)
		folded ^= sums[i];
	memcpy(page + AT_SUM, saved, sizeof(saved));
	return (uint16_t)((folded ^ number) % 65535 + 1);
}

static const char *
digits(const char *p)
{
	return p + strspn(p, "0123456789");
}

/* "base/5/2619", "global/1262", "pg_tblspc/16393/PG_15_202209061/5/16394_fsm.1" */
bool
pagesum_wanted(const char *path, uint32_t *ret_block)
{
	static const char *const forks[] = {"_fsm", "_vm", "_init"};
	const char *base = strrchr(path, '/'), *p;
	uint64_t segment = 0;

	if (base == NULL || (strncmp(path, "base/", 5) != 0 && strncmp(path, "global/", 7) != 0 &&
				    strncmp(path, "pg_tblspc/", 10) != 0))
		return false;
	p = digits(++base);
	if (p == base)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(forks); i++) {
		if (util_starts(p, forks[i])) {
			p += strlen(forks[i]);
			break;
		}
	}
	if (*p == '.' && (!util_parse_u64(p + 1, &segment) || segment > UINT32_MAX / PER_FILE))
		return false;
	*ret_block = (uint32_t)segment * PER_FILE;
	return *p == '\0' || *p == '.';
}

void
pagesum_begin(struct pagesum_file *f, uint32_t block, uint64_t backup_start)
{
	f->have = 0;
	f->block = block;
	f->backup_start = backup_start;
}

static void
check(struct pagesum_file *f)
{
	/* An LSN on a page is two 32-bit halves, the high one first. */
	uint64_t lsn = (uint64_t)bytes_u32(f->page) << 32 | bytes_u32(f->page + 4);

	f->pages++;
	if (bytes_u16(f->page + AT_UPPER) == 0 || lsn >= f->backup_start ||
		pagesum(f->page, f->block) == bytes_u16(f->page + AT_SUM))
		return;
	if (f->bad++ == 0)
		f->first_bad = f->block;
}

void
pagesum_add(struct pagesum_file *f, const unsigned char *p, size_t len)
{
	while (len > 0) {
		size_t n = MIN(len, PAGESUM_PAGE - f->have);

		memcpy(f->page + f->have, p, n);
		f->have += n;
		p += n;
		len -= n;
		if (f->have < PAGESUM_PAGE)
			return;
		check(f);
		f->have = 0;
		f->block++;
	}
}

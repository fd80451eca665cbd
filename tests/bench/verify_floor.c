/*
 * verify_floor: the least that proving a base backup can cost, for BUDGETS B07 and B08.
 *
 *   verify_floor gz FILE     inflates (ISA-L) on one thread, SHA-256 of what comes out on another
 *   verify_floor plain FILE  reads and SHA-256, on one thread each
 *
 * No format is looked at, nothing is compared. Prints the digest.
 */
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (256 * 1024)
#define SLOTS 4

static unsigned char ring[SLOTS][CHUNK];
static size_t lengths[SLOTS];
static unsigned head, count;
static int finished;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static unsigned char *
reserve(void)
{
	unsigned char *slot;

	pthread_mutex_lock(&lock);
	while (count == SLOTS)
		pthread_cond_wait(&changed, &lock);
	slot = ring[(head + count) % SLOTS];
	pthread_mutex_unlock(&lock);
	return slot;
}

static void
commit(size_t len)
{
	pthread_mutex_lock(&lock);
	lengths[(head + count) % SLOTS] = len;
	count++;
	finished = len == 0;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static void *
digest_main(void *arg)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n;

	(void)arg;
	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	for (;;) {
		size_t len;

		pthread_mutex_lock(&lock);
		while (count == 0)
			pthread_cond_wait(&changed, &lock);
		len = lengths[head];
		pthread_mutex_unlock(&lock);
		if (len == 0)
			break;
		EVP_DigestUpdate(ctx, ring[head], len);
		pthread_mutex_lock(&lock);
		head = (head + 1) % SLOTS;
		count--;
		pthread_cond_signal(&changed);
		pthread_mutex_unlock(&lock);
	}
	EVP_DigestFinal_ex(ctx, sum, &n);
	for (unsigned i = 0; i < n; i++)
		printf("%02x", sum[i]);
	putchar('\n');
	EVP_MD_CTX_free(ctx);
	return NULL;
}

static void
inflate_all(int fd)
{
	static struct inflate_state s;
	static unsigned char in[CHUNK];
	unsigned char *out = reserve();

	isal_inflate_init(&s);
	s.crc_flag = ISAL_GZIP;
	s.next_out = out;
	s.avail_out = CHUNK;
	for (;;) {
		if (s.avail_in == 0) {
			ssize_t n = read(fd, in, sizeof(in));

			if (n <= 0)
				break;
			s.next_in = in;
			s.avail_in = (uint32_t)n;
		}
		if (isal_inflate(&s) < 0)
			exit(1);
		if (s.avail_out == 0) {
			commit(CHUNK);
			s.next_out = out = reserve();
			s.avail_out = CHUNK;
		}
		if (s.block_state == ISAL_BLOCK_FINISH)
			break;
	}
	if (s.avail_out < CHUNK) {
		commit(CHUNK - s.avail_out);
		reserve();
	}
	commit(0);
}

static void
read_all(int fd)
{
	ssize_t n;

	do {
		n = read(fd, reserve(), CHUNK);
		commit(n > 0 ? (size_t)n : 0);
	} while (n > 0);
}

int
main(int argc, char **argv)
{
	pthread_t t;
	int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;

	if (fd < 0 || pthread_create(&t, NULL, digest_main, NULL) != 0)
		return 2;
	if (strcmp(argv[1], "gz") == 0)
		inflate_all(fd);
	else
		read_all(fd);
	pthread_join(t, NULL);
	return 0;
}

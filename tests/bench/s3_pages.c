/*
 * s3_pages: for the benchmarks of listings: an S3 server that does nothing but list, as fast as a
 * server can, and the floor: one connection that reads all pages and scans them for keys.
 *
 *   s3_pages serve OBJECTS PREFIXES DELAY_MS     prints its port; keys are
 * data/pNN/objNNNNNNNN.dump s3_pages floor PORT [CONNECTIONS [PREFIXES]] prints the number of keys
 *   s3_pages dents DIRECTORY                     and the floor of reading WAL segments' names
 *
 * Nothing is signed or checked. Versions 1 and 2 of the listing, with prefix, delimiter, marker,
 * start-after, continuation-token and max-keys, as far as the peers use them.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static size_t objects, prefixes, delay_ms;
static char *rows;     /* one <Contents> after the other */
static size_t *starts; /* of each row; one more for the end */

static void
key_of(size_t i, char *out, size_t size)
{
	snprintf(out, size, "data/p%02zu/obj%08zu.dump", i / (objects / prefixes), i);
}

static void
build(void)
{
	size_t at = 0;

	rows = malloc(objects * 400 + 1);
	starts = malloc((objects + 1) * sizeof(*starts));
	for (size_t i = 0; i < objects; i++) {
		char key[64];

		key_of(i, key, sizeof(key));
		starts[i] = at;
		at += (size_t)sprintf(rows + at,
			"<Contents><Key>%s</Key><LastModified>2026-%02zu-%02zuT%02zu:%02zu:00.000Z"
			"</LastModified><ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag>"
			"<Size>%zu</Size><Owner><ID>test:tester</ID><DisplayName>test:tester"
			"</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>",
			key, i / 100000 % 10 + 1, i / 2000 % 28 + 1, i / 60 % 24, i % 60,
			1000 + i % 977);
	}
	starts[objects] = at;
}

/* The first object whose key is after this one. */
static size_t
after(const char *key)
{
	size_t low = 0, high = objects;

	while (low < high) {
		size_t middle = (low + high) / 2;
		char k[64];

		key_of(middle, k, sizeof(k));
		if (strcmp(k, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
parameter(const char *query, const char *name, char *out, size_t size)
{
	size_t n = strlen(name), k = 0;

	for (const char *p = query; p != NULL; p = strpbrk(p, "?&")) {
		p += *p == '?' || *p == '&';
		if (strncmp(p, name, n) != 0 || p[n] != '=')
			continue;
		for (p += n + 1; *p != '\0' && *p != '&' && *p != ' ' && k + 1 < size; p++) {
			char hex[3] = {p[1], p[1] ? p[2] : 0, 0};

			out[k++] = *p == '%' ? (char)strtol(hex, NULL, 16) : *p;
			p += *p == '%' ? 2 : 0;
		}
		out[k] = '\0';
		return true;
	}
	return false;
}

static void
send_all(int fd, struct iovec *v, int n)
{
	while (n > 0) {
		ssize_t sent = writev(fd, v, n);

		if (sent <= 0)
			return;
		while (n > 0 && (size_t)sent >= v->iov_len) {
			sent -= (ssize_t)v->iov_len;
			v++;
			n--;
		}
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + sent;
			v->iov_len -= (size_t)sent;
		}
	}
}

static void
answer(int fd, const char *target)
{
	static const char tail[] = "</ListBucketResult>";
	char prefix[256] = "", value[256] = "", head[1024], dirs[8192] = "", http[256];
	const char *query = strchr(target, '?');
	size_t first = 0, last, end, max = 1000, n, d;
	bool v2 = parameter(query, "list-type", value, sizeof(value)), cut;
	struct iovec v[5];

	parameter(query, "prefix", prefix, sizeof(prefix));
	if (parameter(query, "max-keys", value, sizeof(value)))
		max = (size_t)atol(value) < max ? (size_t)atol(value) : max;
	if (prefix[0] != '\0')
		first = after(prefix);
	end = first;
	if (prefix[0] == '\0' || strcmp(prefix, "data/") == 0)
		end = objects;
	else if (first < objects)
		end = (first / (objects / prefixes) + 1) * (objects / prefixes);
	if (parameter(query, "continuation-token", value, sizeof(value)) ||
		parameter(query, "start-after", value, sizeof(value)) ||
		parameter(query, "marker", value, sizeof(value)))
		first = after(value) > first ? after(value) : first;
	last = first + max < end ? first + max : end;
	/* With a delimiter, one level below the prefix. */
	if (parameter(query, "delimiter", value, sizeof(value)) && value[0] == '/' &&
		(prefix[0] == '\0' || strcmp(prefix, "data/") == 0)) {
		size_t at = 0;

		for (size_t p = prefix[0] ? (first + objects / prefixes - 1) / (objects / prefixes)
					  : 0;
			p < (prefix[0] ? prefixes : 1); p++)
			at += (size_t)snprintf(dirs + at, sizeof(dirs) - at,
				prefix[0]
					? "<CommonPrefixes><Prefix>data/p%02zu/</Prefix></"
					  "CommonPrefixes>"
					: "<CommonPrefixes><Prefix>data/</Prefix></CommonPrefixes>",
				p);
		first = last = end = 0;
	}
	cut = last < end;
	n = (size_t)snprintf(head, sizeof(head),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult "
		"xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix>%s</"
		"Prefix>"
		"<MaxKeys>1000</MaxKeys><KeyCount>%zu</KeyCount><IsTruncated>%s</IsTruncated>",
		prefix, last - first, cut ? "true" : "false");
	if (cut) {
		char key[64];

		key_of(last - 1, key, sizeof(key));
		n += (size_t)snprintf(head + n, sizeof(head) - n, "<%s>%s</%s>",
			v2 ? "NextContinuationToken" : "NextMarker", key,
			v2 ? "NextContinuationToken" : "NextMarker");
	}
	if (delay_ms > 0) {
		struct timespec nap = {0, (long)delay_ms * 1000000};

		nanosleep(&nap, NULL);
	}
	v[1] = (struct iovec){head, n};
	v[2] = (struct iovec){rows + starts[first], starts[last] - starts[first]};
	v[3] = (struct iovec){dirs, strlen(dirs)};
	v[4] = (struct iovec){(void *)(uintptr_t)tail, strlen(tail)};
	d = v[1].iov_len + v[2].iov_len + v[3].iov_len + v[4].iov_len;
	v[0] = (struct iovec){http, (size_t)snprintf(http, sizeof(http),
					    "HTTP/1.1 200 OK\r\nContent-Type: "
					    "application/xml\r\nContent-Length: %zu\r\n\r\n",
					    d)};
	send_all(fd, v, 5);
}

static void *
serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buffer[16384];
	size_t have = 0;

	for (;;) {
		ssize_t n = read(fd, buffer + have, sizeof(buffer) - 1 - have);
		char *end;

		if (n <= 0)
			break;
		have += (size_t)n;
		buffer[have] = '\0';
		while ((end = strstr(buffer, "\r\n\r\n")) != NULL) {
			char *target = strchr(buffer, ' '), *space;

			if (target == NULL || (space = strchr(target + 1, ' ')) == NULL)
				break;
			*space = '\0';
			answer(fd, target + 1);
			end += 4;
			have -= (size_t)(end - buffer);
			memmove(buffer, end, have + 1);
		}
	}
	close(fd);
	return NULL;
}

static int
run_server(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	socklen_t len = sizeof(a);

	signal(SIGPIPE, SIG_IGN);
	build();
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(listener, 64) < 0)
		return 1;
	getsockname(listener, (struct sockaddr *)&a, &len);
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0)
			return 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd);
		pthread_detach(thread);
	}
}

/* One range of prefixes over one connection. */
struct scan {
	int port;
	char after[64], until[64];
	size_t keys;
};

static void *
scan(void *arg)
{
	struct scan *s = arg;
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)s->port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char *buffer = malloc(1 << 20), token[256];

	snprintf(token, sizeof(token), "%s", s->after);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return NULL;
	for (;;) {
		char request[512], *body = NULL, *p, *next;
		size_t have = 0, length = 0;
		int n = snprintf(request, sizeof(request),
			"GET /b?list-type=2&prefix=data/&start-after=%s HTTP/1.1\r\nHost: "
			"x\r\n\r\n",
			token);

		if (write(fd, request, (size_t)n) != n)
			return NULL;
		while (body == NULL || have < (size_t)(body - buffer) + length) {
			ssize_t got = read(fd, buffer + have, (1 << 20) - 1 - have);

			if (got <= 0)
				return NULL;
			have += (size_t)got;
			buffer[have] = '\0';
			if (body == NULL && (p = strstr(buffer, "\r\n\r\n")) != NULL) {
				body = p + 4;
				length = (size_t)atol(strstr(buffer, "Content-Length: ") + 16);
			}
		}
		next = strstr(body, "<NextContinuationToken>");
		for (p = body; (p = strstr(p, "<Key>")) != NULL; p++) {
			if (s->until[0] != '\0' && strncmp(p + 5, s->until, strlen(s->until)) >= 0)
				break;
			s->keys++;
		}
		if (p != NULL || next == NULL)
			break;
		next += strlen("<NextContinuationToken>");
		snprintf(token, sizeof(token), "%.*s", (int)strcspn(next, "<"), next);
	}
	close(fd);
	free(buffer);
	return NULL;
}

static int
run_floor(int port, size_t connections, size_t of)
{
	pthread_t threads[64];
	struct scan s[64] = {{0}};
	size_t keys = 0;

	for (size_t i = 0; i < connections; i++) {
		s[i].port = port;
		if (i > 0)
			snprintf(s[i].after, sizeof(s[i].after), "data/p%02zu/",
				i * of / connections);
		if (i + 1 < connections)
			snprintf(s[i].until, sizeof(s[i].until), "data/p%02zu/",
				(i + 1) * of / connections);
		pthread_create(&threads[i], NULL, scan, &s[i]);
	}
	for (size_t i = 0; i < connections; i++) {
		pthread_join(threads[i], NULL);
		keys += s[i].keys;
	}
	printf("%zu\n", keys);
	return 0;
}

/* getdents64(2) with a large buffer, and 24 hexadecimal digits read as three numbers. */
static int
run_dents(const char *directory)
{
	static char buffer[1 << 20] __attribute__((aligned(16)));
	int fd = open(directory, O_RDONLY | O_DIRECTORY);
	uint64_t lowest = UINT64_MAX, highest = 0;
	size_t names = 0;
	long n;

	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			/* ino 8, off 8, length 2, type 1, name (man 2 getdents64) */
			const char *name = buffer + at + 19;
			uint64_t parts[3] = {0};
			size_t i = 0;

			for (; i < 24; i++) {
				int c = name[i], digit = c >= '0' && c <= '9'   ? c - '0'
							 : c >= 'A' && c <= 'F' ? c - 'A' + 10
										: -1;
				if (digit < 0)
					break;
				parts[i / 8] = parts[i / 8] << 4 | (unsigned)digit;
			}
			if (i == 24) {
				uint64_t number = parts[1] << 8 | parts[2];

				lowest = number < lowest ? number : lowest;
				highest = number > highest ? number : highest;
				names++;
			}
			at += *(unsigned short *)(void *)(buffer + at + 16);
		}
	}
	printf("%zu %llu\n", names, (unsigned long long)(highest - lowest));
	return n < 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "dents") == 0)
		return run_dents(argv[2]);
	if (argc == 5 && strcmp(argv[1], "serve") == 0) {
		objects = (size_t)atol(argv[2]);
		prefixes = (size_t)atol(argv[3]);
		delay_ms = (size_t)atol(argv[4]);
		return run_server();
	}
	if (argc >= 3 && strcmp(argv[1], "floor") == 0)
		return run_floor(atoi(argv[2]), argc > 3 ? (size_t)atol(argv[3]) : 1,
			argc > 4 ? (size_t)atol(argv[4]) : 1);
	return 2;
}

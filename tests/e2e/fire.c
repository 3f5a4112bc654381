/* Clients that mean no good, and one that does, for fire.bats.
 *
 *   fire hold PORT N SECONDS     opens N connections at once, says nothing, holds them
 *   fire deaf PORT N SECONDS     asks for /metrics on N connections, and reads nothing
 *   fire pipeline PORT N SECONDS asks again and again on N connections, and reads all
 *   fire loop PORT N SECONDS     the same, each request on a connection of its own
 *   fire drip PORT N SECONDS     asks on N connections, a byte each 50 ms
 *   fire churn PORT SECONDS      opens and closes connections as fast as it can
 *   fire garbage PORT N SEED     N requests that are damaged, each read to its end
 *   fire scrape PORT SECONDS     a scrape each second, which must be whole in one; while
 *                                $FIRE_SERVER, a process, waits for a CPU, it is not counted
 *   fire once PORT               one scrape, to stdout
 *
 * Prints what came of it; fails where a promise was broken. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GET "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

#define PIPELINED "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

static unsigned port;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* How long the process $FIRE_SERVER and this one have waited for a CPU that other load had. */
static int64_t waited_ms(void)
{
	const char *const pids[] = { "self", getenv("FIRE_SERVER") };
	long long ns, sum = 0;
	unsigned i;

	for (i = 0; i < 2 && pids[i]; i++) {
		char path[64];
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/schedstat", pids[i]);
		if (!(f = fopen(path, "r")))
			continue;
		if (fscanf(f, "%*s %lld", &ns) == 1)
			sum += ns;
		fclose(f);
	}
	return sum / 1000000;
}

static int64_t waited_before = -1; /* when what is being timed began; -1: nothing is */

/* Until a deadline, which moves by twice as long as the kernel has counted waits for a CPU
 * meanwhile: it counts a wait at its end, and this one may not have ended. */
static int64_t left_ms(int64_t until)
{
	int64_t left = until - now_ms();

	if (left <= 0 && waited_before >= 0)
		left += 2 * (waited_ms() - waited_before);
	return left;
}

/* A connection, or -1; it is waited for till then, and not for long where it is not. */
static int connect_until(int64_t until, int receive_bytes)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
	socklen_t length = sizeof error;
	struct pollfd p = { fd, POLLOUT, 0 };
	int64_t left;
	int ready = 0;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (receive_bytes)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	if (errno == EINPROGRESS)
		do {
			left = left_ms(until);
			ready = poll(&p, 1, left > 0 ? (int)left : 0);
		} while (!ready && left > 0);
	if (ready != 1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) || error) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Reads to the end of the connection; -1: it did not come in time, -2: reset. */
static long read_until(int fd, char *p, size_t size, int64_t until)
{
	size_t n = 0;
	struct pollfd fds = { fd, POLLIN, 0 };

	for (;;) {
		int64_t left = left_ms(until);
		ssize_t got;

		if (left <= 0)
			return -1;
		if (poll(&fds, 1, (int)left) != 1)
			continue;
		got = recv(fd, p + n, size - n, 0);
		if (got == 0)
			return (long)n;
		if (got < 0)
			return n ? (long)n : -2;
		n += (size_t)got;
		if (n == size)
			return -1;
	}
}

static char buffer[8 << 20];

/* A scrape; false, and why, where it is not whole after a second. */
static int scrape(const char **why, int64_t *took)
{
	static char failure[64];
	int64_t begin = now_ms();
	int fd;
	long n;

	waited_before = waited_ms();
	fd = connect_until(begin + 1000, 0);
	*took = now_ms() - begin;
	*why = "no connection";
	if (fd < 0)
		return 0;
	*why = "no room to send";
	if (send(fd, GET, strlen(GET), MSG_NOSIGNAL) != (ssize_t)strlen(GET)) {
		close(fd);
		return 0;
	}
	n = read_until(fd, buffer, sizeof buffer - 1, begin + 1000);
	close(fd);
	*took = now_ms() - begin;
	*why = n == -1 ? "not answered in a second" : n == -2 ? "reset" : NULL;
	if (*why)
		return 0;
	buffer[n] = '\0';
	*why = NULL;
	if (strncmp(buffer, "HTTP/1.1 200 ", 13)) {
		snprintf(failure, sizeof failure, "answered %.30s", n ? buffer + (n > 9 ? 9 : 0) : "nothing");
		failure[strcspn(failure, "\r\n")] = '\0';
		*why = failure;
	} else if (n < 5 || strcmp(buffer + n - 5, "0\r\n\r\n")) {
		*why = "not whole";
	}
	return !*why;
}

static int scrapes(int seconds)
{
	int64_t begin = now_ms(), took, worst = 0;
	int i, good = 0, failed = 0;
	const char *why;

	for (i = 0; i < seconds; i++) {
		int64_t left = begin + i * 1000 - now_ms();

		if (left > 0)
			usleep((useconds_t)left * 1000);
		if (scrape(&why, &took)) {
			good++;
			worst = took > worst ? took : worst;
		} else {
			printf("scrape %d: %s, after %lld ms\n", i, why, (long long)took);
			failed++;
		}
	}
	printf("scrapes: %d good, the slowest %lld ms; %d failed\n", good, (long long)worst, failed);
	return failed != 0;
}

static void *room_for(int n, size_t size)
{
	void *room = calloc((size_t)n, size);

	if (!room)
		abort();
	return room;
}

static int hold(int n, int seconds, int asks)
{
	int *fds = room_for(n, sizeof *fds), i, opened = 0;
	int64_t until = now_ms() + seconds * 1000;

	for (i = 0; i < n; i++) {
		fds[i] = connect_until(until, asks ? 2048 : 0);
		opened += fds[i] >= 0;
		if (asks && fds[i] >= 0)
			(void)!send(fds[i], PIPELINED, strlen(PIPELINED), MSG_NOSIGNAL);
	}
	printf("%d of %d opened\n", opened, n);
	fflush(stdout);
	if (until > now_ms())
		usleep((useconds_t)(until - now_ms()) * 1000);
	return 0;
}

/* One of many clients, which go on until the time is up or nobody listens any more. */
struct client {
	int fd;
	size_t sent; /* bytes of the request */
};

static int client_connect(struct client *c, int64_t until)
{
	c->sent = 0;
	c->fd = connect_until(until, 0);
	return c->fd >= 0;
}

/* A byte of the request, or whole requests as far as there is room; what has come is
 * read. 0: the connection has ended. */
static int client_turn(struct client *c, int once, int drips)
{
	ssize_t n;

	while (!once || c->sent < strlen(PIPELINED)) {
		size_t at = c->sent % strlen(PIPELINED), left = strlen(PIPELINED) - at;

		n = send(c->fd, PIPELINED + at, drips ? 1 : left, MSG_NOSIGNAL);
		if (n < 0)
			break;
		c->sent += (size_t)n;
		if (drips)
			break;
	}
	n = recv(c->fd, buffer, sizeof buffer, 0);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Prints how many connections there were; fails where there was none. */
static int clients(int n, int seconds, int once, int drips)
{
	struct client *all = room_for(n, sizeof *all);
	struct pollfd *fds = room_for(n, sizeof *fds);
	int64_t until = now_ms() + seconds * 1000;
	long opened = 0;
	int i;

	for (i = 0; i < n; i++)
		opened += client_connect(&all[i], until);
	while (now_ms() < until) {
		for (i = 0; i < n; i++)
			fds[i] = (struct pollfd){ all[i].fd, once || drips ? POLLIN : POLLIN | POLLOUT, 0 };
		poll(fds, (nfds_t)n, drips ? 50 : 10);
		if (drips)
			usleep(50000);
		for (i = 0; i < n; i++) {
			if (all[i].fd >= 0 && client_turn(&all[i], once, drips))
				continue;
			if (all[i].fd >= 0)
				close(all[i].fd);
			opened += client_connect(&all[i], now_ms() + 20);
		}
	}
	printf("%ld connections\n", opened);
	return !opened;
}

static int churn(int seconds)
{
	int64_t until = now_ms() + seconds * 1000;
	long n = 0;

	while (now_ms() < until) {
		int fd = connect_until(until, 0);

		n += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	printf("%ld opened\n", n);
	return 0;
}

static uint64_t seed;

static unsigned dice(unsigned n) /* xorshift64 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 32) % n;
}

/* Damages a request: pieces of others, bytes changed, taken out, or many of one. */
static size_t damage(char *p, size_t size)
{
	static const char *const pieces[] = {
		"GET ", "HEAD ", "POST ", "/", "/metrics", "/healthz", " HTTP/1.1\r\n", " HTTP/1.0\r\n", " HTTP/2.0\r\n",
		"\r\n", "\n", "Host: localhost\r\n", "Host : y\r\n", " folded\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n",
		"Content-Length: 18446744073709551616\r\n", "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n",
		"http://", "?", "%00", "\r\n\r\n", ":", "\t", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
	};
	unsigned i, k;
	size_t n = 0;

	for (k = dice(12); k < 12 && n < size / 2; k++) {
		const char *s = pieces[dice(sizeof pieces / sizeof *pieces)];

		memcpy(p + n, s, strlen(s));
		n += strlen(s);
	}
	if (!dice(100)) { /* headers without an end */
		n = strlen(strcpy(p, "GET / HTTP/1.1\r\nHost: localhost\r\nA: "));
		memset(p + n, 'a', size / 2);
		return n + size / 2;
	}
	if (!dice(20)) {
		memset(p + n, "aA \r\n:/\0"[dice(8)], size / 3);
		n += size / 3;
	}
	for (i = dice(6); i < 5 && n > 2; i++) {
		size_t at = dice((unsigned)n);

		switch (dice(3)) {
		case 0:
			p[at] = (char)dice(256);
			break;
		case 1:
			memmove(p + at, p + at + 1, n - at - 1);
			n--;
			break;
		default:
			p[at] ^= (char)(1 << dice(8));
		}
	}
	return n;
}

/* What cannot be understood has one answer, and that is the last. */
static int answers_after_an_end(const char *p)
{
	static const char *const last[] = { "HTTP/1.1 400", "HTTP/1.1 405", "HTTP/1.1 414", "HTTP/1.1 421", "HTTP/1.1 431", "HTTP/1.1 505" };
	unsigned i;

	for (i = 0; i < sizeof last / sizeof *last; i++) {
		const char *at = strstr(p, last[i]);

		if (at && strstr(at + 1, "\nHTTP/1.1 "))
			return 1;
	}
	return 0;
}

static int garbage(int n)
{
	static const int known[] = { 200, 400, 404, 405, 408, 414, 421, 431, 503, 505 };
	enum { KNOWN = sizeof known / sizeof *known };
	int count[KNOWN] = { 0 }, silent = 0, reset = 0, failed = 0, i;
	unsigned k;

	for (i = 0; i < n && failed < 10; i++) {
		static char request[12000];
		size_t length = damage(request, sizeof request);
		int64_t until = now_ms() + 2000;
		int fd;
		long got;

		waited_before = waited_ms();
		fd = connect_until(until, 0);

		if (fd < 0) {
			printf("request %d: no connection\n", i);
			return 1;
		}
		(void)!send(fd, request, length, MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		got = read_until(fd, buffer, sizeof buffer - 1, until);
		close(fd);
		if (got == -1) {
			printf("request %d: the connection is not ended\n", i);
			failed++;
		} else if (got <= 0) {
			got ? reset++ : silent++;
		} else {
			buffer[got] = '\0';
			for (k = 0; k < KNOWN && (strncmp(buffer, "HTTP/1.1 ", 9) || atoi(buffer + 9) != known[k]); k++)
				;
			if (k < KNOWN) {
				count[k]++;
			} else {
				printf("request %d: answered %.40s\n", i, buffer);
				failed++;
			}
			if (answers_after_an_end(buffer)) {
				printf("request %d: an answer after one that ends the connection\n", i);
				failed++;
			}
		}
	}
	for (k = 0; k < KNOWN; k++)
		printf("%d: %d, ", known[k], count[k]);
	printf("none: %d, reset: %d\n", silent, reset);
	for (k = 1; k < KNOWN; k++)
		if (!count[k] && known[k] != 408 && known[k] != 503) {
			printf("no answer %d among %d\n", known[k], n);
			failed++;
		}
	return failed != 0;
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	const char *why;
	int64_t took;
	int a = argc > 3 ? atoi(argv[3]) : 0, b = argc > 4 ? atoi(argv[4]) : 0;

	if (argc < 3)
		return 2;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	port = (unsigned)atoi(argv[2]);
	if (!strcmp(argv[1], "hold") || !strcmp(argv[1], "deaf"))
		return hold(a, b, *argv[1] == 'd');
	if (!strcmp(argv[1], "pipeline") || !strcmp(argv[1], "loop") || !strcmp(argv[1], "drip"))
		return clients(a, b, *argv[1] == 'l', *argv[1] == 'd');
	if (!strcmp(argv[1], "churn"))
		return churn(a);
	if (!strcmp(argv[1], "scrape"))
		return scrapes(a);
	if (!strcmp(argv[1], "garbage")) {
		seed = 0x9e3779b97f4a7c15 ^ (uint64_t)b;
		return garbage(a);
	}
	if (!strcmp(argv[1], "once")) {
		if (!scrape(&why, &took) && strncmp(why, "answered ", 9)) {
			printf("%s\n", why);
			return 1;
		}
		fputs(buffer, stdout);
		return 0;
	}
	return 2;
}

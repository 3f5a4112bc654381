/* bare: the least that serving these files can cost, and who asks for them.
 * usage: bare serve BYTES FILE...  says its port; for each connection reads what
 *            is asked, preads each file to its end and sends BYTES
 *        bare ask PORT COUNT MS [PATH]  GET /metrics, or PATH, COUNT times, one every
 *            MS milliseconds, on a connection of its own; says how many bytes the
 *            last had, and fails where one is not answered */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 64, NS = 1000000000 };

static char buffer[1 << 20];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static void serve(size_t bytes, char **paths)
{
	struct sockaddr_in a = loopback(0);
	socklen_t size = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd[FILES], files = 0;
	static char answer[sizeof buffer];

	for (; paths[files]; files++)
		if (files == FILES || (fd[files] = open(paths[files], O_RDONLY | O_CLOEXEC)) < 0)
			fail(paths[files]);
	if (bytes > sizeof answer || bind(listener, (struct sockaddr *)&a, size) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&a, &size))
		fail("listen");
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	memset(answer, ' ', bytes);
	memcpy(answer, "HTTP/1.1 200 OK\r\n\r\n", 19);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			continue;
		if (recv(client, buffer, sizeof buffer, 0) > 0)
			for (int i = 0; i < files; i++) {
				off_t at = 0;
				ssize_t got;

				while ((got = pread(fd[i], buffer, sizeof buffer, at)) > 0)
					at += got;
			}
		send(client, answer, bytes, MSG_NOSIGNAL);
		close(client);
	}
}

static void ask(int port, long count, long ms, const char *path)
{
	struct sockaddr_in a = loopback(port);
	char request[256];
	struct timespec when;
	size_t have = 0;

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n"
		"Accept-Encoding: gzip\r\nConnection: close\r\n\r\n", path);
	clock_gettime(CLOCK_MONOTONIC, &when);
	for (long n = 0; n < count; n++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ssize_t got;

		if (connect(fd, (struct sockaddr *)&a, sizeof a) || send(fd, request, strlen(request), 0) < 0)
			fail("ask");
		have = 0;
		while ((got = recv(fd, buffer + have, sizeof buffer - have, 0)) > 0)
			have += (size_t)got;
		close(fd);
		if (got < 0 || have < 100 || strncmp(buffer, "HTTP/1.1 200 ", 13))
			fail("no answer");
		when.tv_nsec += ms * 1000000;
		when.tv_sec += when.tv_nsec / NS;
		when.tv_nsec %= NS;
		while (ms && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
			continue;
	}
	printf("%zu\n", have);
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "serve"))
		serve(strtoul(argv[2], NULL, 10), argv + 3);
	if (argc >= 5 && !strcmp(argv[1], "ask"))
		ask(atoi(argv[2]), strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10), argc > 5 ? argv[5] : "/metrics");
	else
		return 1;
	return 0;
}

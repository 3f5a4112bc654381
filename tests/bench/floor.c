/* floor: the least that a program showing these files can cost. On vmstat's
 * schedule it preads each file to its end, writes one line and does nothing
 * else. usage: floor MILLISECONDS COUNT FILE... */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 16384, NS = 1000000000 };

static char buffer[65536];
static char line[121];

static void read_whole(int fd)
{
	off_t at = 0;
	ssize_t got;

	while ((got = pread(fd, buffer, sizeof buffer, at)) > 0)
		at += got;
}

static void sleep_until(struct timespec *when, long ns)
{
	when->tv_nsec += ns;
	when->tv_sec += when->tv_nsec / NS;
	when->tv_nsec %= NS;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, when, 0) == EINTR)
		continue;
}

int main(int argc, char **argv)
{
	struct timespec when;
	int fd[FILES], files = 0;
	long ns, count;

	if (argc < 4 || argc - 3 > FILES)
		return 1;
	ns = strtol(argv[1], 0, 10) * 1000000;
	count = strtol(argv[2], 0, 10);
	for (int i = 3; i < argc; i++)
		if ((fd[files++] = open(argv[i], O_RDONLY | O_CLOEXEC)) < 0)
			return 1;
	memset(line, ' ', sizeof line);
	line[sizeof line - 1] = '\n';
	clock_gettime(CLOCK_MONOTONIC, &when);
	for (long n = 0; n < count; n++) {
		if (n)
			sleep_until(&when, ns);
		for (int i = 0; i < files; i++)
			read_whole(fd[i]);
		if (write(1, line, sizeof line) != sizeof line)
			return 1;
	}
	return 0;
}

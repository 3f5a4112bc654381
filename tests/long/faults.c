/* faults - vmstat, with one system call that fails or returns fewer bytes than it could
 *
 *   FAULT=CALL,N[+],ERRNO   the N-th CALL fails with that number, N+ and all later ones
 *   FAULT=CALL,N,short      it is cut: 7 bytes read, half of what is to be written
 *   FAULT_SECOND=COMMAND    the first sleep runs it: what it changes is what the second
 *                           report sees. The clock stands still but for sleeps, which take
 *                           no time, so that each run prints the same
 *   FAULT_LOG=FILE          appends the name of each call, and of the one made to fail "!"
 *
 * A write to standard error is the call `say`, and syscall(2) is named for its number. Not
 * here, as they cannot fail with the arguments that vmstat has: sigaction, sigprocmask,
 * getpid, getsockname, raise, madvise. strace injects errors as well, but no honest short counts, and at
 * ten times the cost. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* Is this call to be cut (what: "short") or to fail (NULL)? Sets errno then. */
static bool f_hits(const char *call, const char *what)
{
	static unsigned seen;
	static char name[16], how[16], plus[2];
	static unsigned n;
	const char *fault = getenv("FAULT");
	bool hit;

	if (!fault || (!n && sscanf(fault, "%15[^,],%u%1[+],%15s", name, &n, plus, how) < 4 &&
		       sscanf(fault, "%15[^,],%u,%15s", name, &n, how) < 3) || strcmp(name, call) ||
	    (what != NULL) != !strcmp(how, "short"))
		return false;
	hit = ++seen == n || (*plus && seen > n);
	if (hit && !what)
		errno = atoi(how);
	return hit;
}

static void f_log(const char *call)
{
	static int fd = -1;
	const char *log = getenv("FAULT_LOG");
	char line[20];

	if (log && fd < 0) /* out of the way of vmstat's own */
		fd = fcntl(open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644), F_DUPFD_CLOEXEC, 900);
	if (log && write(fd, line, (size_t)snprintf(line, sizeof line, "%s\n", call)) < 0) /* the sandbox allows it */
		abort();
}

static bool f_fails(const char *call)
{
	bool fails = f_hits(call, NULL);
	static bool begun;

	if (!begun) /* what hangs is ended */
		alarm(getenv("FAULT_SECOND") ? 10 : 30);
	begun = true;
	f_log(call);
	if (fails)
		f_log("!");
	return fails;
}

/* How many of n bytes the call gets. */
static size_t f_cut(const char *call, size_t n, size_t to)
{
	if (to >= n || !f_hits(call, "short"))
		return n;
	f_log("!");
	return to;
}

static ssize_t f_write(int fd, const void *p, size_t n)
{
	const char *call = fd == STDERR_FILENO ? "say" : "write";

	return f_fails(call) ? -1 : write(fd, p, f_cut(call, n, n / 2));
}

static ssize_t f_sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (f_fails("sendmsg"))
		return -1;
	return f_cut("sendmsg", 2, 1) == 2 ? sendmsg(fd, m, flags) :
		send(fd, m->msg_iov->iov_base, m->msg_iov->iov_len / 2, flags);
}

static int f_close(int fd)
{
	close(fd); /* Linux closes it, whatever it returns */
	return f_fails("close") ? -1 : 0;
}

static struct timespec f_skipped;

static int f_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *t, const sigset_t *mask)
{
	const char *second = getenv("FAULT_SECOND");
	static bool changed;

	if (n && f_fails("ppoll")) /* without descriptors it needs no memory */
		return -1;
	if (!second)
		return ppoll(fds, n, t, mask);
	if (!changed && system(second))
		abort();
	changed = true;
	f_skipped.tv_sec += t->tv_sec + (f_skipped.tv_nsec + t->tv_nsec) / 1000000000;
	f_skipped.tv_nsec = (f_skipped.tv_nsec + t->tv_nsec) % 1000000000;
	return 0;
}

static int f_clock_gettime(clockid_t id, struct timespec *t)
{
	if (id == CLOCK_BOOTTIME && f_fails("clock_gettime"))
		return -1;
	if (!getenv("FAULT_SECOND"))
		return clock_gettime(id, t);
	*t = f_skipped;
	t->tv_sec += id == CLOCK_REALTIME ? 1800000000 : 1000;
	return 0;
}

#define FAULTY(call, ...) (f_fails(#call) ? -1 : (call)(__VA_ARGS__))
#define accept4(...) FAULTY(accept4, __VA_ARGS__)
#define access(...) FAULTY(access, __VA_ARGS__)
#define bind(...) FAULTY(bind, __VA_ARGS__)
#define clock_gettime f_clock_gettime
#define close f_close
#define connect(...) FAULTY(connect, __VA_ARGS__)
#define fcntl(...) FAULTY(fcntl, __VA_ARGS__)
#define flock(...) FAULTY(flock, __VA_ARGS__)
#define fstat(...) FAULTY(fstat, __VA_ARGS__)
#define ftruncate(...) FAULTY(ftruncate, __VA_ARGS__)
#define ioctl(...) FAULTY(ioctl, __VA_ARGS__)
#define isatty(...) (!f_fails("ioctl") && (isatty)(__VA_ARGS__))
#define listen(...) FAULTY(listen, __VA_ARGS__)
#define lseek(...) FAULTY(lseek, __VA_ARGS__)
#define mmap(...) (f_fails("mmap") ? MAP_FAILED : (mmap)(__VA_ARGS__))
#define mprotect(...) FAULTY(mprotect, __VA_ARGS__)
#define open(...) FAULTY(open, __VA_ARGS__)
#define openat(...) FAULTY(openat, __VA_ARGS__)
#define poll(...) FAULTY(poll, __VA_ARGS__)
#define ppoll f_ppoll
#define prctl(...) FAULTY(prctl, __VA_ARGS__)
#define pread(fd, p, n, at) FAULTY(pread, fd, p, f_cut("pread", n, 7), at)
#define prlimit(...) FAULTY(prlimit, __VA_ARGS__)
#define read(fd, p, n) FAULTY(read, fd, p, f_cut("read", n, 7))
#define readlink(...) FAULTY(readlink, __VA_ARGS__)
#define recv(fd, p, n, flags) FAULTY(recv, fd, p, f_cut("recv", n, 7), flags)
#define renameat(...) FAULTY(renameat, __VA_ARGS__)
#define sendmsg f_sendmsg
#define setsockopt(...) FAULTY(setsockopt, __VA_ARGS__)
#define shutdown(...) FAULTY(shutdown, __VA_ARGS__)
#define socket(...) FAULTY(socket, __VA_ARGS__)
#define stat(...) FAULTY(stat, __VA_ARGS__)
#define statfs(...) FAULTY(statfs, __VA_ARGS__)
#define syscall(n, ...) (f_fails((n) == SYS_getdents64 ? "getdents64" : "landlock") ? -1 : (syscall)(n, __VA_ARGS__))
#define unlink(...) FAULTY(unlink, __VA_ARGS__)
#define write f_write
#include "../../vmstat.c"

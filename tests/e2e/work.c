/* work - known workloads for the end-to-end tests, where no vmstat may guess
 * SPDX-License-Identifier: MIT
 *
 * The arguments are steps, carried out one after another in one process:
 *
 *   in DIR           join the cgroup DIR (v1 or v2)
 *   join PID         enter PID's pid and cgroup namespaces (children do)
 *   touch MIB N      write to each page of MIB fresh MiB, N times over
 *   map FILE N       read N pages of FILE in a stride: N major faults
 *   read FILE N      read the first N KiB of FILE past the page cache, in
 *                    blocks of 64 KiB
 *   write FILE N     write N KiB of zeros in the same way
 *   switch N US      sleep N times for US microseconds: N context switches
 *   spin MS          burn MS milliseconds of one CPU's time
 *   wait MS          sleep once
 *   cpu N            stay on CPU N
 *   threads N        go on in N threads
 *   fork N           go on in N children, and wait for them
 *   vfork N          go on in N parents that hang in vfork, state D, for MS
 *                    given by the next argument
 *   stack DEV N      a device-mapper device of N sectors over DEV, MAJOR:MINOR
 *   suspend DEV      what is sent to the device over DEV waits from now on
 *   resume DEV       ... and is done now
 *   uid N            become user N
 *   newns DIR        own cgroup, pid and mount namespaces with a fresh /proc,
 *                    and a fresh cgroup2 on DIR unless that is -
 *   exec CMD ...     become CMD
 *   tell NAME        write what it counted so far to stdout, a line `NAME.KEY
 *                    N` for each count:
 *       touched          KiB of memory, by touch
 *       read, written    bytes, by read and write
 *       ran, waited      us on a CPU, and us waiting for one, of this thread,
 *                        as its scheduler counts them
 *       lived            us since the process began
 *       maj              major faults
 *       cpu              the CPU that it is on
 *
 * Any failure is said on stderr and ends it with status 99. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void run(char **step);

static struct timespec began;
static size_t page_bytes;
static long long touched_kib, bytes_read, bytes_written;

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "work: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void nap(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

static void join_cgroup(const char *dir)
{
	char path[4096], pid[32];
	int fd, len;

	snprintf(path, sizeof path, "%s/cgroup.procs", dir);
	len = snprintf(pid, sizeof pid, "%d", (int)getpid());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, pid, (size_t)len) != len)
		fail(path);
	close(fd);
}

static void join_namespace(const char *pid, const char *kind)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, 0) != 0)
		fail(path);
	close(fd);
}

/* Huge pages would make one fault of 512 pages. */
static void touch(long mib, long passes)
{
	size_t size = (size_t)mib << 20;
	volatile char *p = mmap(0, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	touched_kib += mib << 10;
	madvise((void *)p, size, MADV_NOHUGEPAGE);
	for (long n = 0; n < passes; n++)
		for (size_t i = 0; i < size; i += page_bytes)
			p[i] = (char)(n + 1);
}

/* MADV_RANDOM turns readahead off, and 17 is more pages than the kernel maps
 * around a fault, so that each page costs one read of its own. */
static void map(const char *file, long pages)
{
	size_t stride = 17 * page_bytes, size = (size_t)pages * stride;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	volatile const char *p;

	if (fd < 0)
		fail(file);
	p = mmap(0, size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		fail("mmap");
	madvise((void *)p, size, MADV_RANDOM);
	for (size_t i = 0; i < size; i += stride)
		(void)p[i];
	close(fd);
}

static void transfer(const char *file, long kib, int writes)
{
	static _Alignas(4096) char block[65536];
	int fd = open(file, (writes ? O_WRONLY : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		fail(file);
	for (long long left = (long long)kib << 10; left > 0; left -= n) {
		size_t size = left < (long long)sizeof block ? (size_t)left : sizeof block;

		n = writes ? write(fd, block, size) : read(fd, block, size);
		if (n <= 0)
			fail(file);
		*(writes ? &bytes_written : &bytes_read) += n;
	}
	close(fd);
}

static void stay_on(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		fail("sched_setaffinity");
}

static void spin(long ms)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

static void *in_thread(void *steps)
{
	run(steps);
	return 0;
}

static void threads(long n, char **steps)
{
	static pthread_t id[1024];
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 32768);
	for (long i = 0; i < n && i < 1024; i++)
		if (pthread_create(&id[i], &small, in_thread, steps) != 0)
			fail("pthread_create");
	for (long i = 0; i < n && i < 1024; i++)
		pthread_join(id[i], 0);
}

static void children(long n, char **steps)
{
	int status, worst = 0;

	for (long i = 0; i < n; i++)
		switch (fork()) {
		case -1:
			fail("fork");
		case 0:
			run(steps);
			_exit(0);
		}
	while (wait(&status) > 0)
		if (WIFEXITED(status) ? WEXITSTATUS(status) : status)
			worst = WIFEXITED(status) ? WEXITSTATUS(status)
						  : 128 + WTERMSIG(status);
	if (worst)
		exit(worst);
}

static int nap_and_leave(void *ms)
{
	nap(*(long *)ms * 1000);
	_exit(0);
}

/* Not vfork(), which is fork() in musl before 1.2.4 on arm64. */
static void hang(long n, long ms)
{
	static long stack[1024];

	for (long i = 0; i < n; i++)
		switch (fork()) {
		case -1:
			fail("fork");
		case 0:
			clone(nap_and_leave, stack + 512, CLONE_VM | CLONE_VFORK, &ms);
			_exit(0);
		}
	while (wait(0) > 0)
		;
}

static void new_namespaces(const char *dir, char **steps)
{
	int status;
	pid_t child;

	if (unshare(CLONE_NEWCGROUP | CLONE_NEWNS | CLONE_NEWPID) != 0)
		fail("unshare");
	child = fork();
	if (child < 0)
		fail("fork");
	if (child > 0) {
		while (waitpid(child, &status, 0) < 0)
			;
		exit(WIFEXITED(status) ? WEXITSTATUS(status)
				       : 128 + WTERMSIG(status));
	}
	mount("none", "/", 0, MS_REC | MS_PRIVATE, 0);
	if (mount("proc", "/proc", "proc", 0, 0) != 0)
		fail("mount /proc");
	if (strcmp(dir, "-") != 0 &&
	    (umount2(dir, MNT_DETACH) != 0 ||
	     mount("none", dir, "cgroup2", 0, 0) != 0))
		fail(dir);
	run(steps);
	exit(0);
}

static void tell(const char *name)
{
	unsigned long long ran = 0, waited = 0;
	struct timespec t;
	struct rusage use;
	char text[1024];
	int n;
	FILE *f = fopen("/proc/thread-self/schedstat", "re");

	if (!f || fscanf(f, "%llu %llu", &ran, &waited) != 2)
		fail("schedstat");
	fclose(f);
	clock_gettime(CLOCK_MONOTONIC, &t);
	getrusage(RUSAGE_SELF, &use);
	/* In one write, as others may write to the same file. */
	n = snprintf(text, sizeof text,
		     "%s.touched %lld\n%s.read %lld\n%s.written %lld\n%s.ran %llu\n%s.waited %llu\n"
		     "%s.lived %lld\n%s.maj %ld\n%s.cpu %d\n",
		     name, touched_kib, name, bytes_read, name, bytes_written, name, ran / 1000, name, waited / 1000,
		     name, (t.tv_sec - began.tv_sec) * 1000000LL + (t.tv_nsec - began.tv_nsec) / 1000, name,
		     (long)use.ru_majflt, name, sched_getcpu());
	if (write(1, text, (size_t)n) != n)
		fail("stdout");
}

/* struct dm_ioctl and struct dm_target_spec of linux/dm-ioctl.h, which is not
 * among musl's headers. */
struct dm_request {
	uint32_t version[3], data_size, data_start, target_count;
	int32_t open_count;
	uint32_t flags, event_nr, padding;
	uint64_t dev;
	char name[128], uuid[129], data[7];
	uint64_t sector_start, length;
	int32_t status;
	uint32_t next;
	char target_type[16];
	char parameters[64];
};

enum { DM_CREATE = 3, DM_SUSPEND = 6, DM_LOAD = 9 };

/* A command for the device over MAJOR:MINOR, which is linear over the whole of it. */
static void map_device(unsigned command, const char *below, long sectors, unsigned flags)
{
	struct dm_request r = {
		.version = {4}, .data_size = sizeof r, .data_start = offsetof(struct dm_request, sector_start),
		.target_count = command == DM_LOAD, .flags = flags, .length = (uint64_t)sectors,
		.target_type = "linear",
	};
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	snprintf(r.name, sizeof r.name, "over-%s", below);
	snprintf(r.parameters, sizeof r.parameters, "%s 0", below);
	if (fd < 0 || ioctl(fd, (int)_IOC(3u, 0xfdu, command, r.data_start), &r) < 0)
		fail("device-mapper");
	close(fd);
}

/* Resuming is suspending without the flag. */
static void suspend(const char *below, int stops)
{
	map_device(DM_SUSPEND, below, 0, stops ? 1u << 1 : 0);
}

static void stack(const char *below, long sectors)
{
	map_device(DM_CREATE, below, sectors, 0);
	map_device(DM_LOAD, below, sectors, 0);
	suspend(below, 0);
}

static void run(char **step)
{
	while (*step) {
		const char *verb = *step++;
		const char *a = step[0], *b = a ? step[1] : 0;
		long n = a ? atol(a) : 0, m = b ? atol(b) : 0;

		if (!a)
			fail("a step lacks its argument");
		if (!strcmp(verb, "in"))
			join_cgroup(a);
		else if (!strcmp(verb, "join"))
			join_namespace(a, "cgroup"), join_namespace(a, "pid");
		else if (!strcmp(verb, "touch") && b)
			touch(n, m), step++;
		else if (!strcmp(verb, "map") && b)
			map(a, m), step++;
		else if ((!strcmp(verb, "read") || !strcmp(verb, "write")) && b)
			transfer(a, m, *verb == 'w'), step++;
		else if (!strcmp(verb, "switch") && b)
			for (step++; n > 0; n--)
				nap(m);
		else if (!strcmp(verb, "spin"))
			spin(n);
		else if (!strcmp(verb, "wait"))
			nap(n * 1000);
		else if (!strcmp(verb, "stack") && b)
			stack(a, m), step++;
		else if (!strcmp(verb, "suspend") || !strcmp(verb, "resume"))
			suspend(a, *verb == 's');
		else if (!strcmp(verb, "cpu"))
			stay_on(n);
		else if (!strcmp(verb, "tell"))
			tell(a);
		else if (!strcmp(verb, "vfork") && b)
			hang(n, m), step++;
		else if (!strcmp(verb, "uid")) {
			if (setgid((gid_t)n) != 0 || setuid((uid_t)n) != 0)
				fail("setuid");
		} else if (!strcmp(verb, "threads")) {
			threads(n, step + 1);
			return;
		} else if (!strcmp(verb, "fork")) {
			children(n, step + 1);
			return;
		} else if (!strcmp(verb, "newns"))
			new_namespaces(a, step + 1);
		else if (!strcmp(verb, "exec")) {
			execv(a, step);
			fail(a);
		} else {
			errno = EINVAL;
			fail(verb);
		}
		step++;
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	clock_gettime(CLOCK_MONOTONIC, &began);
	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	run(argv + 1);
	return 0;
}

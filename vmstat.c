/* vmstat - tells the truth about a machine or a container, in one static file
 * SPDX-License-Identifier: MIT
 *
 * Files are read into a sample; two samples are compared into a report;
 * alerts judge the report; a renderer walks the catalogue and prints it.
 *
 *   files --read--> sample --compare--> report --judge--> alerts
 *                                          |
 *                                 table | JSON | CSV
 *
 * The rooms, bottom-up (search for "- NAME"):
 *
 *   SETUP       includes, config.h, static assertions
 *   CATALOGUE   sources, metrics, groups, -s lines, alert rules, options:
 *               TO ADD A METRIC that a kernel file carries, add one row to
 *               METRICS; the table, JSON, CSV, -o and --columns=help follow.
 *               Then a line in README.md, in vmstat.8 and in the tests' list
 *               of keys (tests/output.bats)
 *   STATE       the options, the samples, the report
 *   BEDROCK     output sink, warn and die, clocks, numbers, paths
 *   READERS     the streaming line scanner and the formats of the files
 *   SCOPE       which cgroup: /proc/PID/cgroup, mountinfo, namespaces
 *   CGROUP      limits over all levels, the tasks of a cgroup
 *   SAMPLE      what is read at one instant
 *   REPORT      all arithmetic: deltas, wraps, rates, percentages
 *   ALERTS      rules against a report
 *   RECORDS     JSON and CSV, field by field
 *   TABLE       columns, header, fitting the terminal
 *   VIEWS       -s -f -d -D -p -m
 *   COMMAND     options, schedule, main
 *
 * Invariants: no heap, no stdio, no floating point. A value that was not
 * read is unseen, never 0. Rates, percentages and units are made in REPORT
 * alone. The table, JSON and CSV know no metric by name. */

/* ----------------------------------------------------------------- SETUP */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "config.h"

#define VERSION "1.0.0"

#ifndef SYS_clock_gettime
#define SYS_clock_gettime 0 /* musl on 32-bit machines; not called there */
#endif

_Static_assert(MAX_TASKS >= 16, "MAX_TASKS is too small");
_Static_assert(MAX_LEVELS >= 2 && MAX_LEVELS <= 64, "MAX_LEVELS: 2 to 64");
_Static_assert(MAX_DISKS >= 1 && MAX_SLABS >= 1, "an empty table");
_Static_assert(PATH_BYTES >= 256, "PATH_BYTES is too small");
_Static_assert(SCAN_BYTES >= 1024, "a cpu line must fit in SCAN_BYTES");
_Static_assert(OUT_BYTES >= 8192, "a report must fit in OUT_BYTES");

/* ------------------------------------------------------------- CATALOGUE
 *
 * Six lists make the program: SOURCES (the files), METRICS (what is in
 * them), GROUPS (headings), STATS (the lines of -s), RULES (alerts) and
 * OPTIONS. A list is an X-macro, so that one row makes the enumerator and
 * the table entry and neither can be forgotten. */

/* Where a file lies: below /proc, or in the directory that a controller has
 * for the cgroup in question (its "home"). */
#define PLACES(P) \
	P(MEMORY, "memory") \
	P(CPU, "cpu") \
	P(CPUACCT, "cpuacct") \
	P(IO, "blkio") \
	P(CPUSET, "cpuset") \
	P(PRESSURE, "")

enum place {
#define P(id, v1_name) PL_##id,
	PLACES(P)
#undef P
	PL_COUNT, PL_PROC = PL_COUNT
};

/* What a file looks like inside.
 *   WORDS   lines "key value..." or "key: value..."
 *   PSI     lines "some avg10=... total=N"; the key is some or full
 *   NUMBER  one number and nothing else; any key but "" will do
 *   PAIRS   lines "8:0 rbytes=N wbytes=N"; a key is summed over all lines
 *   OPS     lines "8:0 Read N"; a key is summed over all lines
 *   CODE    no file: code in CGROUP fills the metrics in */
enum format { FM_WORDS, FM_PSI, FM_NUMBER, FM_PAIRS, FM_OPS, FM_CODE };

/* id, place, file, format, other sources whose values its metrics need.
 * Formats: Documentation/filesystems/proc.rst, accounting/psi.rst,
 * admin-guide/cgroup-v2.rst, admin-guide/cgroup-v1 (Linux 6.13). */
#define SOURCES(S) HOST_SOURCES(S) CGROUP_SOURCES(S)

#define HOST_SOURCES(S) \
	S(STAT, PROC, "stat", WORDS, 0) \
	S(MEMINFO, PROC, "meminfo", WORDS, 0) \
	S(VMSTAT, PROC, "vmstat", WORDS, 0) \
	S(PSI_CPU, PROC, "pressure/cpu", PSI, 0) \
	S(PSI_MEMORY, PROC, "pressure/memory", PSI, 0) \
	S(PSI_IO, PROC, "pressure/io", PSI, 0) \
	S(PSI_IRQ, PROC, "pressure/irq", PSI, 0)

#define CGROUP_SOURCES(S) \
	S(CG_PSI_CPU, PRESSURE, "cpu.pressure", PSI, 0) \
	S(CG_PSI_MEMORY, PRESSURE, "memory.pressure", PSI, 0) \
	S(CG_PSI_IO, PRESSURE, "io.pressure", PSI, 0) \
	S(CG_PSI_IRQ, PRESSURE, "irq.pressure", PSI, 0) \
	S(MEM_STAT, MEMORY, "memory.stat", WORDS, 0) \
	S(MEM_CURRENT, MEMORY, "memory.current", NUMBER, 0) \
	S(SWAP_CURRENT, MEMORY, "memory.swap.current", NUMBER, 0) \
	S(MEM_EVENTS, MEMORY, "memory.events", WORDS, 0) \
	S(CPU_STAT, CPUACCT, "cpu.stat", WORDS, BIT(CPU_LIMITS)) \
	S(IO_STAT, IO, "io.stat", PAIRS, 0) \
	S(V1_USAGE, MEMORY, "memory.usage_in_bytes", NUMBER, 0) \
	S(V1_MEMSW, MEMORY, "memory.memsw.usage_in_bytes", NUMBER, BIT(V1_USAGE)) \
	S(V1_OOM, MEMORY, "memory.oom_control", WORDS, 0) \
	S(V1_CPUACCT, CPUACCT, "cpuacct.stat", WORDS, BIT(CPU_LIMITS)) \
	S(V1_BLKIO, IO, "blkio.throttle.io_service_bytes_recursive", OPS, 0) \
	S(MEM_LIMITS, MEMORY, "", CODE, BIT(MEMINFO) | BIT(MEM_STAT) | BIT(V1_USAGE)) \
	S(CPU_LIMITS, PROC, "", CODE, 0) \
	S(TASKS, PROC, "", CODE, 0)

enum source {
#define S(id, place, file, format, also) SRC_##id,
	SOURCES(S)
#undef S
	SRC_COUNT, SRC_NONE = SRC_COUNT
};

#define BIT(id) (1u << SRC_##id)
_Static_assert(SRC_COUNT <= 32, "a set of sources is a uint32_t");


/* The unit of a number in a kernel file. KIB and PAGES become bytes in the
 * report, to be shown as SIZE or BLOCKS; for pages per second write ONE. */
enum raw_unit { ONE, KIB, BYTES, PAGES, TICKS, US, NS, MICRO };

/* What a report holds of a metric.
 *   GAUGE    the value
 *   RATE     growth of a counter per second
 *   COUNT    growth of a counter
 *   TALLY    nothing: the counter itself is a line of -s
 *   SHARE    growth of a counter of time, in percent of the interval
 *   DERIVED  made by a formula in REPORT */
enum kind { GAUGE, RATE, COUNT, TALLY, SHARE, DERIVED };

/* How a value is shown: a plain number, bytes in the unit of -S, bytes in
 * KiB whatever -S says, percent, CPUs with two decimals. */
enum unit { NUMBER, SIZE, BLOCKS, PERCENT, CPUS };

/* Where a metric shows up without being asked for by -o. */
enum show {
	RAW,     /* nowhere: for a formula, or for a rule alone */
	EXTRA,   /* JSON, CSV, -x */
	CGROUP,  /* and the table in cgroup scope */
	TABLE,   /* and the table */
	CLASSIC, /* and --classic */
	ACTIVE,  /* as EXTRA; in the table with -a */
	BUFFERS  /* as CLASSIC; not in the table with -a */
};

/* id, heading, true where an odd dash goes to the right (as procps-ng's). */
#define GROUPS(G) \
	G(PROCS, "procs", 0) \
	G(MEM, "memory", 0) \
	G(SWAP, "swap", 0) \
	G(BLOCK, "io", 0) \
	G(SYSTEM, "system", 1) \
	G(CPUTIME, "cpu", 0) \
	G(FAULTS, "faults", 0) \
	G(PRESSURE, "pressure", 0) \
	G(LIMITS, "limits", 0)

enum group {
#define G(id, name, right) G_##id,
	GROUPS(G)
#undef G
	G_COUNT, G_NONE = G_COUNT
};


/* One row per metric, in the order of the table and of JSON.
 *
 *  M(id, name, group, show, keep, kind, unit, head, width, wide width,
 *    host, cgroup v2, cgroup v1, help)
 *
 * `keep`, 0 to 99, decides which column a narrow terminal drops: the lowest
 * first. `head` fits in `width`. Rows of a group stand together.
 * The last three places say where the number is found in each scope:
 * K(source, key, unit), KN(source, key, n, unit) for the n-th number of the
 * line, or NO where the kernel does not tell. With the key "" it is not in
 * the file as it is: REPORT or CGROUP makes it, and the source says what has
 * to be read for that. A row as it could be, and all that it takes:
 *
 *  M(DIRECT, "direct", FAULTS, EXTRA, 40, RATE, NUMBER, "dir", 5, 7,
 *    K(VMSTAT, "pgsteal_direct", ONE), NO, NO, "pages reclaimed by tasks")
 *
 * R rows, behind them, are raw material for formulas and for -s:
 * R(id, kind, host, cgroup v2, cgroup v1). Ids are shared by M and R. */
#define METRICS(M, R) \
	M(R, "r", PROCS, CLASSIC, 98, GAUGE, NUMBER, "r", 2, 4, \
	  K(STAT, "procs_running", ONE), K(TASKS, "", ONE), K(TASKS, "", ONE), \
	  "tasks running or waiting for a CPU") \
	M(B, "b", PROCS, CLASSIC, 97, GAUGE, NUMBER, "b", 2, 4, \
	  K(STAT, "procs_blocked", ONE), K(TASKS, "", ONE), K(TASKS, "", ONE), \
	  "tasks blocked, waiting for I/O") \
	M(SWPD, "swpd", MEM, CLASSIC, 62, GAUGE, SIZE, "swpd", 6, 12, \
	  K(MEMINFO, "", KIB), K(SWAP_CURRENT, "usage", BYTES), K(V1_MEMSW, "", BYTES), \
	  "swap space used") \
	M(FREE, "free", MEM, CLASSIC, 96, GAUGE, SIZE, "free", 6, 12, \
	  K(MEMINFO, "MemFree", KIB), K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES), \
	  "idle memory; in a cgroup, what it can still take") \
	M(BUFF, "buff", MEM, BUFFERS, 50, GAUGE, SIZE, "buff", 6, 12, \
	  K(MEMINFO, "Buffers", KIB), NO, NO, \
	  "memory used as buffers") \
	M(CACHE, "cache", MEM, BUFFERS, 66, GAUGE, SIZE, "cache", 6, 12, \
	  K(MEMINFO, "", KIB), K(MEM_STAT, "file", BYTES), K(MEM_STAT, "total_cache", BYTES), \
	  "memory used as page cache") \
	M(INACT, "inact", MEM, ACTIVE, 64, GAUGE, SIZE, "inact", 6, 12, \
	  K(MEMINFO, "Inactive", KIB), K(MEM_STAT, "", BYTES), K(MEM_STAT, "", BYTES), \
	  "inactive memory") \
	M(ACTIVE, "active", MEM, ACTIVE, 64, GAUGE, SIZE, "active", 6, 12, \
	  K(MEMINFO, "Active", KIB), K(MEM_STAT, "", BYTES), K(MEM_STAT, "", BYTES), \
	  "active memory") \
	M(SI, "si", SWAP, CLASSIC, 76, RATE, SIZE, "si", 4, 4, \
	  K(VMSTAT, "pswpin", PAGES), K(MEM_STAT, "pswpin", PAGES), NO, \
	  "swapped in per second") \
	M(SO, "so", SWAP, CLASSIC, 75, RATE, SIZE, "so", 4, 4, \
	  K(VMSTAT, "pswpout", PAGES), K(MEM_STAT, "pswpout", PAGES), NO, \
	  "swapped out per second") \
	M(BI, "bi", BLOCK, CLASSIC, 72, RATE, BLOCKS, "bi", 5, 5, \
	  K(VMSTAT, "pgpgin", KIB), K(IO_STAT, "rbytes", BYTES), K(V1_BLKIO, "Read", BYTES), \
	  "KiB read from block devices per second") \
	M(BO, "bo", BLOCK, CLASSIC, 71, RATE, BLOCKS, "bo", 5, 5, \
	  K(VMSTAT, "pgpgout", KIB), K(IO_STAT, "wbytes", BYTES), K(V1_BLKIO, "Write", BYTES), \
	  "KiB written to block devices per second") \
	M(IN, "in", SYSTEM, CLASSIC, 60, RATE, NUMBER, "in", 4, 4, \
	  K(STAT, "intr", ONE), NO, NO, \
	  "interrupts per second") \
	M(CS, "cs", SYSTEM, CLASSIC, 78, RATE, NUMBER, "cs", 4, 4, \
	  K(STAT, "ctxt", ONE), K(TASKS, "", ONE), K(TASKS, "", ONE), \
	  "context switches per second; in a cgroup a lower bound") \
	M(US, "us", CPUTIME, CLASSIC, 95, DERIVED, PERCENT, "us", 2, 3, \
	  K(STAT, "", ONE), K(CPU_STAT, "", ONE), K(V1_CPUACCT, "", ONE), \
	  "percent of CPU time in user space") \
	M(SY, "sy", CPUTIME, CLASSIC, 94, DERIVED, PERCENT, "sy", 2, 3, \
	  K(STAT, "", ONE), K(CPU_STAT, "", ONE), K(V1_CPUACCT, "", ONE), \
	  "percent of CPU time in the kernel") \
	M(ID, "id", CPUTIME, CLASSIC, 93, DERIVED, PERCENT, "id", 2, 3, \
	  K(STAT, "", ONE), K(CPU_STAT, "", ONE), K(V1_CPUACCT, "", ONE), \
	  "percent of CPU time idle; in a cgroup, of its capacity") \
	M(WA, "wa", CPUTIME, CLASSIC, 80, DERIVED, PERCENT, "wa", 2, 3, \
	  K(STAT, "", ONE), NO, NO, \
	  "percent of CPU time idle while I/O is waited for") \
	M(ST, "st", CPUTIME, CLASSIC, 55, DERIVED, PERCENT, "st", 2, 3, \
	  K(STAT, "", ONE), NO, NO, \
	  "percent of CPU time stolen by the hypervisor") \
	M(GU, "gu", CPUTIME, CLASSIC, 30, DERIVED, PERCENT, "gu", 2, 3, \
	  K(STAT, "", ONE), NO, NO, \
	  "percent of CPU time running guests") \
	M(MIN, "min", FAULTS, TABLE, 77, DERIVED, NUMBER, "min", 5, 7, \
	  K(VMSTAT, "", ONE), K(MEM_STAT, "", ONE), K(MEM_STAT, "", ONE), \
	  "minor faults per second: no disk involved") \
	M(MAJ, "maj", FAULTS, TABLE, 82, RATE, NUMBER, "maj", 4, 6, \
	  K(VMSTAT, "pgmajfault", ONE), K(MEM_STAT, "pgmajfault", ONE), K(MEM_STAT, "total_pgmajfault", ONE), \
	  "major faults per second: a task waits for the disk") \
	M(OOM, "oom", FAULTS, EXTRA, 70, COUNT, NUMBER, "oom", 3, 5, \
	  K(VMSTAT, "oom_kill", ONE), K(MEM_EVENTS, "oom_kill", ONE), K(V1_OOM, "oom_kill", ONE), \
	  "tasks killed for want of memory in the interval") \
	M(CPU_SOME, "cpu_some", PRESSURE, CGROUP, 69, SHARE, PERCENT, "cpu", 3, 5, \
	  K(PSI_CPU, "some", US), K(CG_PSI_CPU, "some", US), K(CG_PSI_CPU, "some", US), \
	  "percent of time some task waited for a CPU") \
	M(CPU_FULL, "cpu_full", PRESSURE, EXTRA, 20, SHARE, PERCENT, "cpuF", 4, 5, \
	  NO, K(CG_PSI_CPU, "full", US), K(CG_PSI_CPU, "full", US), \
	  "percent of time every task waited for a CPU") \
	M(MEM_SOME, "mem_some", PRESSURE, CGROUP, 58, SHARE, PERCENT, "mem", 3, 5, \
	  K(PSI_MEMORY, "some", US), K(CG_PSI_MEMORY, "some", US), K(CG_PSI_MEMORY, "some", US), \
	  "percent of time some task waited for memory") \
	M(MEM_FULL, "mem_full", PRESSURE, CGROUP, 74, SHARE, PERCENT, "memF", 4, 5, \
	  K(PSI_MEMORY, "full", US), K(CG_PSI_MEMORY, "full", US), K(CG_PSI_MEMORY, "full", US), \
	  "percent of time every task waited for memory") \
	M(IO_SOME, "io_some", PRESSURE, CGROUP, 57, SHARE, PERCENT, "io", 3, 5, \
	  K(PSI_IO, "some", US), K(CG_PSI_IO, "some", US), K(CG_PSI_IO, "some", US), \
	  "percent of time some task waited for I/O") \
	M(IO_FULL, "io_full", PRESSURE, CGROUP, 73, SHARE, PERCENT, "ioF", 3, 5, \
	  K(PSI_IO, "full", US), K(CG_PSI_IO, "full", US), K(CG_PSI_IO, "full", US), \
	  "percent of time every task waited for I/O") \
	M(IRQ_FULL, "irq_full", PRESSURE, EXTRA, 19, SHARE, PERCENT, "irq", 3, 5, \
	  K(PSI_IRQ, "full", US), K(CG_PSI_IRQ, "full", US), K(CG_PSI_IRQ, "full", US), \
	  "percent of time interrupts held every task up") \
	M(MEM_LIMIT, "mem_limit", LIMITS, CGROUP, 54, GAUGE, SIZE, "limit", 7, 12, \
	  NO, K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES), \
	  "memory limit of the level with least headroom") \
	M(MEM_PCT, "mem_pct", LIMITS, CGROUP, 81, DERIVED, PERCENT, "mem%", 4, 5, \
	  NO, K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES), \
	  "percent of that limit in use") \
	M(CPU_LIMIT, "cpu_limit", LIMITS, CGROUP, 53, GAUGE, CPUS, "cpus", 5, 6, \
	  NO, K(CPU_LIMITS, "", MICRO), K(CPU_LIMITS, "", MICRO), \
	  "CPUs the cgroup may use") \
	M(THR, "thr", LIMITS, CGROUP, 52, DERIVED, NUMBER, "thr", 4, 5, \
	  NO, K(CPU_LIMITS, "", NS), K(CPU_LIMITS, "", NS), \
	  "milliseconds throttled by the CPU quota per second") \
	M(THR_PCT, "thr_pct", LIMITS, CGROUP, 79, DERIVED, PERCENT, "thr%", 4, 5, \
	  NO, K(CPU_LIMITS, "", ONE), K(CPU_LIMITS, "", ONE), \
	  "percent of the quota's periods that were throttled") \
	M(SWAPPING, "swap", NONE, RAW, 0, DERIVED, SIZE, "", 0, 0, \
	  K(VMSTAT, "", ONE), K(MEM_STAT, "", ONE), NO, "si + so") \
	R(MEM_TOTAL, GAUGE, K(MEMINFO, "MemTotal", KIB), NO, NO) \
	R(AVAILABLE, GAUGE, K(MEMINFO, "MemAvailable", KIB), \
	  K(MEMINFO, "MemAvailable", KIB), K(MEMINFO, "MemAvailable", KIB)) \
	R(MEM_USED, GAUGE, K(MEMINFO, "", KIB), K(MEM_CURRENT, "usage", BYTES), K(V1_USAGE, "usage", BYTES)) \
	R(CACHED, GAUGE, K(MEMINFO, "Cached", KIB), NO, NO) \
	R(RECLAIMABLE, GAUGE, K(MEMINFO, "SReclaimable", KIB), NO, NO) \
	R(SWAP_CACHED, GAUGE, K(MEMINFO, "SwapCached", KIB), K(MEM_STAT, "swapcached", BYTES), NO) \
	R(SWAP_TOTAL, GAUGE, K(MEMINFO, "SwapTotal", KIB), NO, NO) \
	R(SWAP_FREE, GAUGE, K(MEMINFO, "SwapFree", KIB), NO, NO) \
	R(INACT_ANON, GAUGE, NO, K(MEM_STAT, "inactive_anon", BYTES), K(MEM_STAT, "total_inactive_anon", BYTES)) \
	R(INACT_FILE, GAUGE, NO, K(MEM_STAT, "inactive_file", BYTES), K(MEM_STAT, "total_inactive_file", BYTES)) \
	R(ACTIVE_ANON, GAUGE, NO, K(MEM_STAT, "active_anon", BYTES), K(MEM_STAT, "total_active_anon", BYTES)) \
	R(ACTIVE_FILE, GAUGE, NO, K(MEM_STAT, "active_file", BYTES), K(MEM_STAT, "total_active_file", BYTES)) \
	R(HIERARCHICAL, GAUGE, NO, NO, K(MEM_STAT, "hierarchical_memory_limit", BYTES)) \
	R(LIMIT_USED, GAUGE, NO, K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES)) \
	R(CAPACITY, GAUGE, NO, K(CPU_LIMITS, "", MICRO), K(CPU_LIMITS, "", MICRO)) \
	R(MEMSW, GAUGE, NO, NO, K(V1_MEMSW, "usage", BYTES)) \
	R(USER, COUNT, KN(STAT, "cpu", 1, TICKS), NO, NO) \
	R(NICE, COUNT, KN(STAT, "cpu", 2, TICKS), NO, NO) \
	R(SYS, COUNT, KN(STAT, "cpu", 3, TICKS), NO, NO) \
	R(IDLE, COUNT, KN(STAT, "cpu", 4, TICKS), NO, NO) \
	R(IOWAIT, COUNT, KN(STAT, "cpu", 5, TICKS), NO, NO) \
	R(IRQ, COUNT, KN(STAT, "cpu", 6, TICKS), NO, NO) \
	R(SOFTIRQ, COUNT, KN(STAT, "cpu", 7, TICKS), NO, NO) \
	R(STEAL, COUNT, KN(STAT, "cpu", 8, TICKS), NO, NO) \
	R(GUEST, COUNT, KN(STAT, "cpu", 9, TICKS), NO, NO) \
	R(GUEST_NICE, COUNT, KN(STAT, "cpu", 10, TICKS), NO, NO) \
	R(CG_USER, COUNT, NO, K(CPU_STAT, "user_usec", US), K(V1_CPUACCT, "user", TICKS)) \
	R(CG_SYS, COUNT, NO, K(CPU_STAT, "system_usec", US), K(V1_CPUACCT, "system", TICKS)) \
	R(FAULTS, RATE, K(VMSTAT, "pgfault", ONE), K(MEM_STAT, "pgfault", ONE), K(MEM_STAT, "total_pgfault", ONE)) \
	R(PERIODS, COUNT, NO, K(CPU_LIMITS, "", ONE), K(CPU_LIMITS, "", ONE)) \
	R(THROTTLED, COUNT, NO, K(CPU_LIMITS, "", ONE), K(CPU_LIMITS, "", ONE)) \
	R(THROTTLED_TIME, COUNT, NO, K(CPU_LIMITS, "", NS), K(CPU_LIMITS, "", NS)) \
	R(ALLOC_DMA, TALLY, K(VMSTAT, "pgalloc_dma", ONE), NO, NO) \
	R(ALLOC_DMA32, TALLY, K(VMSTAT, "pgalloc_dma32", ONE), NO, NO) \
	R(ALLOC_NORMAL, TALLY, K(VMSTAT, "pgalloc_normal", ONE), NO, NO) \
	R(ALLOC_HIGH, TALLY, K(VMSTAT, "pgalloc_high", ONE), NO, NO) \
	R(ALLOC_MOVABLE, TALLY, K(VMSTAT, "pgalloc_movable", ONE), NO, NO) \
	R(PGFREE, TALLY, K(VMSTAT, "pgfree", ONE), NO, NO) \
	R(BOOT_TIME, TALLY, K(STAT, "btime", ONE), NO, NO) \
	R(FORKS, TALLY, K(STAT, "processes", ONE), NO, NO)

/* The lines of -s, in procps-ng's order: metric, key in JSON, label, flags:
 * a counter is printed as the kernel counts it unless one says otherwise;
 * IF_REPORT: if the report takes it for real. */
enum { COUNTER = 0, IN_UNITS = 1, IN_US = 2, FROM_REPORT = 4, IF_REPORT = 8, CG_ONLY = 16 };

#define STATS(T) \
	T(MEM_TOTAL, "mem_total", "total memory", IN_UNITS) \
	T(MEM_USED, "mem_used", "used memory", IN_UNITS) \
	T(ACTIVE, "mem_active", "active memory", IN_UNITS) \
	T(INACT, "mem_inactive", "inactive memory", IN_UNITS) \
	T(FREE, "mem_free", "free memory", IN_UNITS) \
	T(BUFF, "mem_buffers", "buffer memory", IN_UNITS) \
	T(SWAP_CACHED, "swap_cached", "swap cache", IN_UNITS) \
	T(SWAP_TOTAL, "swap_total", "total swap", IN_UNITS) \
	T(SWPD, "swap_used", "used swap", IN_UNITS) \
	T(SWAP_FREE, "swap_free", "free swap", IN_UNITS) \
	T(USER, "cpu_user", "non-nice user cpu ticks", COUNTER) \
	T(NICE, "cpu_nice", "nice user cpu ticks", COUNTER) \
	T(SYS, "cpu_system", "system cpu ticks", COUNTER) \
	T(IDLE, "cpu_idle", "idle cpu ticks", COUNTER) \
	T(IOWAIT, "cpu_iowait", "IO-wait cpu ticks", COUNTER) \
	T(IRQ, "cpu_irq", "IRQ cpu ticks", COUNTER) \
	T(SOFTIRQ, "cpu_softirq", "softirq cpu ticks", COUNTER) \
	T(STEAL, "cpu_steal", "stolen cpu ticks", COUNTER) \
	T(GUEST, "cpu_guest", "non-nice guest cpu ticks", COUNTER) \
	T(GUEST_NICE, "cpu_guest_nice", "nice guest cpu ticks", COUNTER) \
	T(BI, "pgpgin", "K paged in", COUNTER) \
	T(BO, "pgpgout", "K paged out", COUNTER) \
	T(SI, "pswpin", "pages swapped in", COUNTER) \
	T(SO, "pswpout", "pages swapped out", COUNTER) \
	T(ALLOC_DMA, "pgalloc_dma", "pages alloc in dma", COUNTER) \
	T(ALLOC_DMA32, "pgalloc_dma32", "pages alloc in dma32", COUNTER) \
	T(ALLOC_HIGH, "pgalloc_high", "pages alloc in high", COUNTER) \
	T(ALLOC_MOVABLE, "pgalloc_movable", "pages alloc in movable", COUNTER) \
	T(ALLOC_NORMAL, "pgalloc_normal", "pages alloc in normal", COUNTER) \
	T(PGFREE, "pgfree", "pages free", COUNTER) \
	T(IN, "intr", "interrupts", IF_REPORT) \
	T(CS, "ctxt", "CPU context switches", IF_REPORT) \
	T(BOOT_TIME, "btime", "boot time", COUNTER) \
	T(FORKS, "processes", "forks", COUNTER) \
	T(MEM_LIMIT, "mem_limit", "memory limit", IN_UNITS | CG_ONLY) \
	T(CG_USER, "user_usec", "us user cpu time", IN_US | CG_ONLY) \
	T(CG_SYS, "system_usec", "us system cpu time", IN_US | CG_ONLY) \
	T(PERIODS, "nr_periods", "throttling periods", FROM_REPORT | CG_ONLY) \
	T(THROTTLED, "nr_throttled", "throttled periods", FROM_REPORT | CG_ONLY) \
	T(THROTTLED_TIME, "throttled_usec", "us throttled", FROM_REPORT | CG_ONLY) \
	T(OOM, "oom_kill", "OOM kills", CG_ONLY) \
	T(FAULTS, "pgfault", "page faults", CG_ONLY) \
	T(MAJ, "pgmajfault", "major page faults", CG_ONLY)

/* Alert rules: metric, warning and critical level in the metric's own unit,
 * what is wrong, what the number in the message is. */
#define RULES(A) \
	A(CS, 3000, 5000, "CPU THRASHING", " context switches/s") \
	A(MAJ, 50, 500, "HIGH IO LATENCY", " major faults/s") \
	A(SWAPPING, 1, 1000, "SWAPPING", " KiB/s") \
	A(OOM, 1, 1, "OOM KILL", " killed") \
	A(MEM_PCT, 90, 97, "MEMORY NEAR LIMIT", "% of the limit") \
	A(THR_PCT, 5, 25, "CPU THROTTLED", "% of the periods") \
	A(MEM_FULL, 5, 20, "MEMORY PRESSURE", "% of the time all stalled") \
	A(IO_FULL, 10, 40, "IO PRESSURE", "% of the time all stalled") \
	A(CPU_SOME, 40, 80, "CPU PRESSURE", "% of the time some waiting")

/* id, letter, long name, whether it takes a value,
 * name of the argument, switch that builds it in, help */
#define OPTIONS(O) \
	O(ACTIVE, 'a', "active", 0, "", 1, "inactive and active, not buff and cache") \
	O(FORKS, 'f', "forks", 0, "", WITH_STATS, "number of forks since boot") \
	O(SLABS, 'm', "slabs", 0, "", WITH_SLABS, "slab caches") \
	O(ONE_HEADER, 'n', "one-header", 0, "", 1, "print the header once only") \
	O(STATS, 's', "stats", 0, "", WITH_STATS, "event counters and memory statistics") \
	O(DISK, 'd', "disk", 0, "", WITH_DISKS, "disk statistics; with -x, rates as iostat -x") \
	O(DISK_SUM, 'D', "disk-sum", 0, "", WITH_DISKS, "summary of disk activity") \
	O(PARTITION, 'p', "partition", 1, "DEV", WITH_DISKS, "statistics of one block device") \
	O(UNIT, 'S', "unit", 1, "UNIT", 1, "k 1000, K 1024, m 1e6, M 1048576, b B 1") \
	O(WIDE, 'w', "wide", 0, "", 1, "wider columns") \
	O(TIMESTAMP, 't', "timestamp", 0, "", 1, "append the time to each line") \
	O(NO_FIRST, 'y', "no-first", 0, "", 1, "skip the first report, the average since boot") \
	O(SCOPE, 0, "scope", 1, "SCOPE", WITH_CGROUP, "whose numbers: auto, host or cgroup") \
	O(CGROUP, 0, "cgroup", 1, "PATH", WITH_CGROUP, "that cgroup, or its directory") \
	O(PID, 0, "pid", 1, "PID", WITH_CGROUP, "the cgroup and container that PID runs in") \
	O(PROC, 0, "proc", 1, "DIR", 1, "read DIR instead of /proc") \
	O(SYS, 0, "sys", 1, "DIR", 1, "read DIR instead of /sys") \
	O(COLUMNS, 'o', "columns", 1, "LIST", 1, "columns or groups by name; help lists them") \
	O(EXTENDED, 'x', "extended", 0, "", 1, "every column") \
	O(CLASSIC, 0, "classic", 0, "", 1, "exactly the 18 columns of procps-ng") \
	O(HUMAN, 'H', "human", 0, "", WITH_HUMAN, "sizes as 512M, 7.8G") \
	O(JSON, 0, "json", 0, "", WITH_JSON, "one JSON object a line") \
	O(CSV, 0, "csv", 0, "", WITH_CSV, "comma-separated values under their names") \
	O(THRESHOLD, 0, "threshold", 1, "[WARN,]CRIT[/cpu]", WITH_ALERTS, \
	  "of cs; default 3000,5000") \
	O(ALERT, 0, "alert", 1, "NAME=[WARN,]CRIT", WITH_ALERTS, "levels of a rule, or off for no alerts") \
	O(COLOR, 0, "color", 1, "WHEN", WITH_COLOR, "auto, always or never") \
	O(HELP, 'h', "help", 0, "", 1, "print this help") \
	O(VERSION, 'V', "version", 0, "", 1, "print version and features")

/* A text, or rows, where a switch is 1; nothing where it is 0. */
#define IF(with, s) IF_(with, s)
#define IF_(with, s) IF_##with(s)
#define IF_0(s) ""
#define IF_1(s) s
#define HELP(with, s) HELP_(WITH_HELP, with, s)
#define HELP_(help, with, s) HELP__(help, with, s)
#define HELP__(help, with, s) HELP_##help##with(s)
#define HELP_00(s) ""
#define HELP_01(s) ""
#define HELP_10(s) ""
#define HELP_11(s) s
#define ROWS(with, ...) ROWS_(with, __VA_ARGS__)
#define ROWS_(with, ...) ROWS_##with(__VA_ARGS__)
#define ROWS_0(...)
#define ROWS_1(...) __VA_ARGS__

/* The strings of these lists stand one behind the other in one object, and
 * a row holds the place of each in 16 bits: a third of the tables' size. One
 * list makes both, with K, KN and NO read differently. */
typedef uint16_t text_at;

static const struct texts {
	char nothing[1];
#define S(id, place, file, format, also) char s_file_##id[sizeof file];
	HOST_SOURCES(S)
#undef S
#define S(id, place, file, format, also) char s_file_##id[sizeof IF(WITH_CGROUP, file)];
	CGROUP_SOURCES(S)
#undef S
#define G(id, name, right) char g_name_##id[sizeof name];
	GROUPS(G)
#undef G
#define A(id, warn, crit, what, tail) \
	char a_what_##id[sizeof IF(WITH_ALERTS, what)], a_tail_##id[sizeof IF(WITH_ALERTS, tail)];
	RULES(A)
#undef A
#define K(source, key, unit) key
#define KN(source, key, nth, unit) key
#define NO ""
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) \
	char m_name_##id[sizeof name], m_head_##id[sizeof head], m_help_##id[sizeof IF(WITH_HELP, help)]; \
	R(id, kind, host, v2, v1)
#define R(id, kind, host, v2, v1) \
	char m_host_##id[sizeof host], m_v2_##id[sizeof IF(WITH_CGROUP, v2)], m_v1_##id[sizeof IF(WITH_CGROUP, v1)];
	METRICS(M, R)
#undef M
#undef R
#define T(id, key, label, flags) \
	char t_key_##id[sizeof IF(WITH_STATS, key)], t_label_##id[sizeof IF(WITH_STATS, label)];
	STATS(T)
#undef T
#define O(id, letter, name, arg, meta, with, help) \
	char o_name_##id[sizeof IF(with, name)], o_meta_##id[sizeof IF(with, meta)]; \
	char o_help_##id[sizeof HELP(with, help)];
	OPTIONS(O)
#undef O
} texts = {
	"",
#define S(id, place, file, format, also) file,
	HOST_SOURCES(S)
#undef S
#define S(id, place, file, format, also) IF(WITH_CGROUP, file),
	CGROUP_SOURCES(S)
#undef S
#define G(id, name, right) name,
	GROUPS(G)
#undef G
#define A(id, warn, crit, what, tail) IF(WITH_ALERTS, what), IF(WITH_ALERTS, tail),
	RULES(A)
#undef A
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) \
	name, head, IF(WITH_HELP, help), R(id, kind, host, v2, v1)
#define R(id, kind, host, v2, v1) host, IF(WITH_CGROUP, v2), IF(WITH_CGROUP, v1),
	METRICS(M, R)
#undef M
#undef R
#undef K
#undef KN
#undef NO
#define T(id, key, label, flags) IF(WITH_STATS, key), IF(WITH_STATS, label),
	STATS(T)
#undef T
#define O(id, letter, name, arg, meta, with, help) IF(with, name), IF(with, meta), HELP(with, help),
	OPTIONS(O)
#undef O
};
_Static_assert(sizeof texts <= UINT16_MAX, "a text's place is a uint16_t");

#define TEXT(member) offsetof(struct texts, member)

static const char *text(text_at at)
{
	return (const char *)&texts + at;
}

static const struct source_row {
	uint32_t also;
	text_at file;
	uint8_t place, format;
} sources[] = {
#define S(id, place, file, format, also) { also, TEXT(s_file_##id), PL_##place, FM_##format },
	SOURCES(S)
#undef S
};

static const struct group_row {
	text_at name;
	bool right;
} groups[] = {
#define G(id, name, right) { TEXT(g_name_##id), right },
	GROUPS(G)
#undef G
	{ 0, false } /* G_NONE */
};

enum metric {
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) M_##id,
#define R(id, kind, host, v2, v1) M_##id,
	METRICS(M, R)
#undef M
#undef R
	M_COUNT
};
_Static_assert(M_COUNT < 255, "a metric's number is a uint8_t");

/* Where one number is found: the key of its line, a source, the position of
 * the number in the line, and its unit there. */
struct found {
	text_at key;
	uint16_t source : 5, nth : 4, unit : 3;
};

enum scope_kind { HOST, V2, V1, SCOPES };

static const struct metric_row {
	struct found found[WITH_CGROUP ? SCOPES : 1];
	uint8_t kind;
} metrics[] = {
#define K(source, key, unit) SRC_##source, 1, unit
#define KN(source, key, nth, unit) SRC_##source, nth, unit
#define NO SRC_NONE, 0, ONE
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) \
	{ { { TEXT(m_host_##id), host }, \
	    ROWS(WITH_CGROUP, { TEXT(m_v2_##id), v2 }, { TEXT(m_v1_##id), v1 }) }, kind },
#define R(id, kind, host, v2, v1) \
	{ { { TEXT(m_host_##id), host }, \
	    ROWS(WITH_CGROUP, { TEXT(m_v2_##id), v2 }, { TEXT(m_v1_##id), v1 }) }, kind },
	METRICS(M, R)
#undef M
#undef R
};

/* How the M rows, which come first, are shown. */
enum {
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) DISPLAY_##id,
#define R(id, kind, host, v2, v1)
	METRICS(M, R)
#undef M
	DISPLAYS
};
_Static_assert((int)M_SWAPPING == (int)DISPLAY_SWAPPING, "an M row stands behind an R row");

static const struct display_row {
	text_at name, head, help;
	uint8_t group, show, keep, unit, width[2];
} displays[] = {
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) \
	{ TEXT(m_name_##id), TEXT(m_head_##id), TEXT(m_help_##id), G_##group, show, keep, unit, { width, wide } },
	METRICS(M, R)
#undef M
#undef R
};

static const struct stat_row {
	text_at key, label;
	uint8_t metric, flags;
} stats[] = {
#define T(id, key, label, flags) { TEXT(t_key_##id), TEXT(t_label_##id), M_##id, flags },
	STATS(T)
#undef T
};

enum rule {
#define A(id, warn, crit, what, tail) A_##id,
	RULES(A)
#undef A
	A_COUNT
};

static const struct rule_row {
	text_at what, tail;
	uint16_t warn, crit;
	uint8_t metric;
} rules[] = {
#define A(id, warn, crit, what, tail) { TEXT(a_what_##id), TEXT(a_tail_##id), warn, crit, M_##id },
	RULES(A)
#undef A
};

enum option {
#define O(id, letter, name, arg, meta, with, help) O_##id,
	OPTIONS(O)
#undef O
	O_COUNT
};

static const struct option_row {
	text_at name, meta, help;
	char letter;
	bool arg, with;
} options[] = {
#define O(id, letter, name, arg, meta, with, help) \
	{ TEXT(o_name_##id), TEXT(o_meta_##id), TEXT(o_help_##id), letter, arg, with },
	OPTIONS(O)
#undef O
};

/* ----------------------------------------------------------------- STATE */

#define NS_PER_S 1000000000u
#define USER_HZ 100 /* of /proc, whatever the kernel's HZ (but on alpha, ia64) */
#define INITIAL_CGROUP_NS "cgroup:[4026531835]" /* PROC_CGROUP_INIT_INO */
#define INITIAL_PID_NS "pid:[4026531836]"       /* PROC_PID_INIT_INO */

struct level { /* one throttled level of the CPU hierarchy */
	uint64_t periods, throttled, time_ns;
	bool seen;
};

/* What was read at one instant, in the units of the files. */
struct sample {
	uint64_t ns; /* CLOCK_BOOTTIME, or the uptime of a captured tree */
	uint64_t value[M_COUNT];
	bool seen[M_COUNT];
	struct level level[MAX_LEVELS];
};

/* Two samples compared. Values are in thousandths: of a byte for sizes,
 * of one per second for rates, of a percent. They saturate, never wrap. */
struct report {
	uint64_t milli[M_COUNT];
	bool seen[M_COUNT];
	uint64_t elapsed_us;
	bool first; /* since boot, or since the start of the cgroup */
};

static struct sample samples[2];
static struct report report;

/* The command line, parsed. */
static struct {
	const char *proc, *sys, *cgroup, *columns, *partition;
	char scope;            /* 'a'uto, 'h'ost, 'c'group */
	char view;             /* 0 table, or the letter s f d D p m */
	char format;           /* 0 text, 'j'son, 'c'sv */
	char color;            /* 'a'uto, 'w' always, 'n'ever */
	bool active, one_header, wide, timestamp, no_first, extended, classic, human, help, version;
	bool proc_given, sys_given, captured; /* captured: proc is not a procfs */
	bool alerts, threshold_per_cpu;
	uint64_t pid;          /* --pid, or 0 */
	uint64_t unit;         /* bytes */
	uint64_t delay_ns;     /* 0: no delay given */
	uint64_t count;        /* 0: until stopped */
	uint64_t warn[A_COUNT], crit[A_COUNT]; /* in thousandths; warn 0: none */
} opt;

/* The letters of -S and what they stand for. */
static const char unit_letters[] = "kKmMbB";
static const uint32_t unit_bytes[] = { 1000, 1024, 1000000, 1048576, 1, 1 };

/* Each metric's place in the scope chosen; source SRC_NONE: unavailable. */
static struct found bound[M_COUNT];
static uint8_t columns[M_COUNT];
static unsigned n_columns;
static uint32_t needed; /* set of sources */

/* --------------------------------------------------------------- BEDROCK */

/* Text on its way to a descriptor. Overflow is sticky and is found at the
 * flush: a report is written whole with one write(2) or not at all. */
struct sink {
	size_t n;
	bool overflow;
	char buf[OUT_BYTES];
};
static struct sink out;         /* standard output */
static struct sink *sink = &out; /* where put() puts */

static void put(const char *p, size_t n)
{
	size_t left = sizeof sink->buf - sink->n;

	if (n > left) {
		sink->overflow = true;
		n = left;
	}
	memcpy(sink->buf + sink->n, p, n);
	sink->n += n;
}

static void put_str(const char *p)
{
	put(p, strlen(p));
}

static void put_fill(char c, size_t n)
{
	while (n--)
		put(&c, 1);
}

#define U64_TEXT 21 /* 2^64-1 and its end */

/* v in decimal at the end of `buf`, with at least `width` digits. */
static const char *u64_text(char buf[U64_TEXT], uint64_t v, unsigned width)
{
	char *p = buf + U64_TEXT - 1;

	*p = '\0';
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	while (p > buf && buf + U64_TEXT - 1 - p < (ptrdiff_t)width)
		*--p = '0';
	return p;
}

static void put_digits(uint64_t v, unsigned width)
{
	char buf[U64_TEXT];

	put_str(u64_text(buf, v, width));
}

static void put_u64(uint64_t v)
{
	put_digits(v, 1);
}

/* Thousandths as a decimal number, trailing zeros trimmed. */
static void put_milli(uint64_t milli)
{
	unsigned rest = (unsigned)(milli % 1000), width = 3;

	put_u64(milli / 1000);
	if (!rest)
		return;
	for (; rest % 10 == 0; rest /= 10)
		width--;
	put_str(".");
	put_digits(rest, width);
}

/* The errors that reading and writing meet; libc knows them all, in 2 KiB. */
static void put_error(int error)
{
	static const struct { int error; const char *what; } known[] = {
		{ ENOENT, "No such file or directory" },
		{ EACCES, "Permission denied" },
		{ EOPNOTSUPP, "Operation not supported" },
		{ ENOSPC, "No space left on device" },
		{ ENODEV, "No such device" },
		{ ENODATA, "No data available" },
		{ EISDIR, "Is a directory" },
		{ EBADF, "Bad file descriptor" },
		{ EFBIG, "File too large" },
		{ EIO, "Input/output error" },
	};
	unsigned i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].error == error) {
			put_str(known[i].what);
			return;
		}
	put_str("error ");
	put_u64((uint64_t)error);
}

/* %s and %ju (uint64_t) only; a colon at the end adds what errno says. */
static void put_format(const char *f, va_list ap)
{
	const char *start = f;
	int error = errno;

	for (; *f; f++) {
		if (*f != '%') {
			put(f, 1);
		} else if (*++f == 's') {
			put_str(va_arg(ap, const char *));
		} else {
			f++;
			put_u64(va_arg(ap, uint64_t));
		}
	}
	if (f != start && f[-1] == ':') {
		put_str(" ");
		put_error(error);
	}
}

/* A line on standard error. Its failure cannot be reported anywhere. */
static void say(const char *f, va_list ap)
{
	static struct sink err;
	struct sink *before = sink;

	sink = &err;
	err.n = 0;
	put_str("vmstat: ");
	put_format(f, ap);
	put_str("\n");
	err.buf[err.n - 1] = '\n';
	sink = before;
	if (write(STDERR_FILENO, err.buf, err.n) < 0)
		return;
}

__attribute__((format(printf, 1, 2)))
static void warn(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	say(f, ap);
	va_end(ap);
}

__attribute__((format(printf, 1, 2)))
_Noreturn static void die(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	say(f, ap);
	va_end(ap);
	_exit(1);
}

/* A text put together aside: note_begin(), put what is in it, note_end(). */
static struct sink note;

static void note_begin(void)
{
	sink = &note;
	note.n = 0;
}

static const char *note_end(void)
{
	put("", 1);
	note.buf[note.n - 1] = '\0';
	sink = &out;
	return note.buf;
}

/* Writes what was put. A closed pipe is the reader's way of saying enough:
 * a quiet end. Anything else that fails is an error. */
static void flush(void)
{
	struct pollfd room = { .fd = STDOUT_FILENO, .events = POLLOUT };
	size_t done = 0;

	if (out.overflow)
		die("a report is longer than %ju bytes", (uint64_t)sizeof out.buf);
	while (done < out.n) {
		ssize_t n = write(STDOUT_FILENO, out.buf + done, out.n - done);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EPIPE)
			_exit(0);
		else if (n < 0 && errno == EAGAIN)
			ppoll(&room, 1, NULL, NULL);
		else if (n < 0 && errno != EINTR)
			die("write error:");
	}
	out.n = 0;
}

/* libc's way, on 64-bit machines, is a system call less but 1 KiB more, to
 * find the kernel's vDSO. */
static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0, 0 };

	if (sizeof(long) == 8)
		syscall(SYS_clock_gettime, id, &t);
	else
		clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits at *p as a number; *p is moved behind them. False where there
 * are none or where they exceed 2^64-1. */
static bool digits(const char **p, const char *end, uint64_t *v)
{
	const char *q = *p;
	uint64_t n = 0;

	if (q == end || !is_digit(*q))
		return false;
	for (; q < end && is_digit(*q); q++) {
		unsigned d = (unsigned)(*q - '0');

		if (n > UINT64_MAX / 10 || (n == UINT64_MAX / 10 && d > UINT64_MAX % 10))
			return false;
		n = n * 10 + d;
	}
	*p = q;
	*v = n;
	return true;
}

/* A whole string as a number. */
static bool number(const char *s, uint64_t *v)
{
	const char *end = s + strlen(s);

	return digits(&s, end, v) && s == end;
}

/* A decimal number with up to `places` decimals as a whole number of units
 * of 10^-places; further decimals are dropped. */
static bool decimal(const char **p, const char *end, unsigned places, uint64_t *v)
{
	const char *q = *p;
	bool any = false, point = false;
	uint64_t n = 0;

	for (; q < end; q++) {
		unsigned d = (unsigned)(*q - '0');

		if (*q == '.' && !point) {
			point = true;
			continue;
		}
		if (d > 9)
			break;
		any = true;
		if (point && !places)
			continue;
		if (n > (UINT64_MAX - d) / 10)
			return false;
		n = n * 10 + d;
		places -= point;
	}
	for (; places; places--)
		if (__builtin_mul_overflow(n, 10, &n))
			return false;
	*p = q;
	*v = n;
	return any;
}

/* a, b and c one after the other into `to`; false where they do not fit. */
static bool join(char *to, const char *a, const char *b, const char *c)
{
	size_t la = strlen(a), lb = strlen(b), lc = strlen(c);

	if (la + lb + lc >= PATH_BYTES)
		return false;
	memcpy(to, a, la);
	memcpy(to + la, b, lb);
	memcpy(to + la + lb, c, lc + 1);
	return true;
}

static bool is_terminal(int fd, struct winsize *w)
{
	return syscall(SYS_ioctl, fd, TIOCGWINSZ, w) == 0;
}

/* What follows `start` in s, or NULL where s begins otherwise. */
static const char *after(const char *s, const char *start)
{
	while (*start)
		if (*s++ != *start++)
			return NULL;
	return s;
}

/* The first c in s, or the end of s. */
static const char *find(const char *s, char c)
{
	while (*s && *s != c)
		s++;
	return s;
}

/* A variable of the environment, or NULL. */
static const char *env(const char *name)
{
	char **e;

	for (e = environ; *e; e++) {
		const char *value = after(*e, name);

		if (value && *value == '=')
			return value + 1;
	}
	return NULL;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* --------------------------------------------------------------- READERS
 *
 * A file is streamed through one buffer, line by line, so that a /proc/stat
 * of 4,096 CPUs takes no more memory than a small one. Only one file can be
 * in the buffer at a time. */

static char scan_buf[SCAN_BYTES];

#define SCAN_MOST (64 << 20) /* no file of the kernel's is longer */

struct scan {
	int fd, error;
	off_t offset;
	char *p, *end;
	bool eof, skip;
};

/* A line without its end. One that is longer than the buffer is cut off at
 * the end of it, where no whole line ends. */
struct line {
	const char *p, *end;
};

static void scan_start(struct scan *s, int fd)
{
	*s = (struct scan){ .fd = fd, .p = scan_buf, .end = scan_buf };
}

/* Opens for reading. The plain call: libc's is made for cancelling threads. */
static int open_path(const char *path, int flags)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_LARGEFILE | flags);
}

/* The path of the file that was opened last, for messages. */
static char path_buf[PATH_BYTES];

/* Opens DIR/NAME and TAIL; -1 and errno where that fails. */
static int open_at(const char *dir, const char *name, const char *tail)
{
	char rest[PATH_BYTES];

	errno = ENAMETOOLONG;
	if (!join(rest, "/", name, tail) || !join(path_buf, dir, rest, ""))
		return -1;
	return open_path(path_buf, O_NOCTTY | O_NONBLOCK);
}

static bool scan_at(struct scan *s, const char *dir, const char *name, const char *tail)
{
	int fd = open_at(dir, name, tail);

	scan_start(s, fd);
	return fd >= 0;
}

static void scan_fill(struct scan *s)
{
	size_t rest = (size_t)(s->end - s->p);
	ssize_t n;

	memmove(scan_buf, s->p, rest);
	s->p = scan_buf;
	s->end = scan_buf + rest;
	if (s->offset >= SCAN_MOST) {
		s->error = EFBIG;
		s->eof = true;
		return;
	}
	do
		n = pread(s->fd, s->end, sizeof scan_buf - rest, s->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		s->error = errno;
	if (n <= 0) {
		s->eof = true;
		return;
	}
	s->end += n;
	s->offset += n;
}

/* The next line. A last line that no newline ends was cut off in the middle
 * of something, perhaps of a number: it is not returned. */
static bool scan_line(struct scan *s, struct line *line)
{
	for (;;) {
		char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));

		if (nl && s->skip) {
			s->skip = false;
			s->p = nl + 1;
			continue;
		}
		if (nl) {
			*line = (struct line){ s->p, nl };
			s->p = nl + 1;
			return true;
		}
		if (s->eof)
			return false;
		if (s->skip) {
			s->p = s->end;
		} else if (s->p == scan_buf && s->end == scan_buf + sizeof scan_buf) {
			*line = (struct line){ s->p, s->end };
			s->p = s->end;
			s->skip = true;
			return true;
		}
		scan_fill(s);
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of the line, or false at its end. */
static bool word(struct line *l, struct line *w)
{
	while (l->p < l->end && is_blank(*l->p))
		l->p++;
	w->p = l->p;
	while (l->p < l->end && !is_blank(*l->p))
		l->p++;
	w->end = l->p;
	return w->p < w->end && w->end != scan_buf + sizeof scan_buf;
}

static bool is_word(const struct line *w, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(w->end - w->p) == n && memcmp(w->p, s, n) == 0;
}

/* The next word as a number. */
static bool word_number(struct line *l, uint64_t *v)
{
	struct line w;

	return word(l, &w) && digits(&w.p, w.end, v) && w.p == w.end;
}

/* The number behind `name=` anywhere in the line. */
static bool pair_number(struct line l, const char *name, uint64_t *v)
{
	size_t n = strlen(name);
	struct line w;

	while (word(&l, &w))
		if ((size_t)(w.end - w.p) > n && w.p[n] == '=' && memcmp(w.p, name, n) == 0) {
			w.p += n + 1;
			return digits(&w.p, w.end, v) && w.p == w.end;
		}
	return false;
}

/* Moves behind "key " or "key:"; false where the line has another key. */
static bool key_is(struct line *l, const char *key)
{
	const char *p = l->p;

	for (; *key; key++, p++)
		if (p >= l->end || *p != *key)
			return false;
	if (p >= l->end || (!is_blank(*p) && *p != ':'))
		return false;
	l->p = p + 1;
	return true;
}

/* One number from a file that holds nothing else; false for "max" too. */
static bool read_number(int fd, uint64_t *v)
{
	struct scan s;
	struct line l;

	scan_start(&s, fd);
	return scan_line(&s, &l) && word_number(&l, v);
}

/* How far the numbers of the line in hand are read: those of a cpu line are
 * asked for one after the other. */
static struct {
	const char *line;
	struct line rest;
	unsigned at;
} cursor;

/* The nth number behind the key of a line of words. */
static bool nth_number(struct line l, const struct found *f, uint64_t *v)
{
	const char *key = text(f->key);

	if (*key != *l.p || !key_is(&l, key))
		return false;
	if (cursor.line != l.p || cursor.at >= f->nth) {
		cursor.line = l.p;
		cursor.rest = l;
		cursor.at = 0;
	}
	for (; cursor.at < f->nth; cursor.at++)
		if (!word_number(&cursor.rest, v)) {
			cursor.rest.p = cursor.rest.end; /* nor what follows */
			return false;
		}
	return true;
}

/* The number that a metric has in a line of this format, if it is there. */
static bool line_number(enum format format, struct line l, const struct found *f, uint64_t *v)
{
	struct line w;

	switch (format) {
	case FM_WORDS:
		return nth_number(l, f, v);
	case FM_NUMBER:
		return word_number(&l, v);
	case FM_PSI:
		return WITH_PRESSURE && key_is(&l, text(f->key)) && pair_number(l, "total", v);
	case FM_PAIRS:
		return WITH_CGROUP && pair_number(l, text(f->key), v);
	case FM_OPS:
		return WITH_CGROUP && word(&l, &w) && word(&l, &w) && is_word(&w, text(f->key)) && word_number(&l, v);
	default:
		return false;
	}
}

/* The metrics that each source is searched for, by number: make_wants(). */
static uint8_t wanted[M_COUNT];
static struct {
	uint8_t first, n;
	bool ordered; /* they stand in the order of the file, and all are there */
} wants[SRC_COUNT];

/* How far behind the line found before it each metric's line stood. */
static uint32_t gaps[M_COUNT];

#define JUMP_SLACK 16

/* The file position of something in the buffer. */
static uint64_t position(const struct scan *s, const char *p)
{
	return (uint64_t)(s->offset - (s->end - p));
}

/* Goes to where a line with this key was the last time, or a few bytes off,
 * as the numbers before it may have more or fewer digits now. */
static void jump(struct scan *s, uint64_t at, const char *key)
{
	uint64_t ahead = at - position(s, s->p);
	char *there, *p;
	struct line l;

	if (!ahead || ahead >= (uint64_t)(s->end - s->p)) /* here, or not in the buffer */
		return;
	there = s->p + ahead;
	p = ahead > JUMP_SLACK ? there - JUMP_SLACK : s->p + 1;
	if (there[-1] == '\n' && *there == *key)
		p = there;
	for (; p < s->end && p <= there + JUMP_SLACK; p++) {
		l = (struct line){ p, s->end };
		if (p[-1] == '\n' && key_is(&l, key)) {
			s->p = p;
			return;
		}
	}
}

/* Searches a file for what is wanted, first match first, and stops as soon
 * as all is found. The wants are put in the order of the file, so that the
 * next time each line is compared with one key only; most lines are then
 * jumped over, as what is between two keys seldom changes its length. */
static void read_lines(enum source src, struct scan *s, struct sample *to)
{
	uint8_t *want = wanted + wants[src].first;
	unsigned n = wants[src].n, k = 0, i;
	bool ordered = wants[src].ordered;
	uint64_t v, last = 0, at;
	struct line l;

	while (k < n) {
		if (ordered)
			jump(s, last + gaps[want[k]], text(bound[want[k]].key));
		if (!scan_line(s, &l))
			break;
		cursor.line = NULL;
		at = position(s, l.p);
		for (i = k; i < n && (!ordered || i == k); i++) {
			uint8_t m = want[i];

			if (!line_number(sources[src].format, l, &bound[m], &v))
				continue;
			to->value[m] = v;
			to->seen[m] = true;
			gaps[m] = (uint32_t)(at - last);
			last = at;
			memmove(want + k + 1, want + k, i - k);
			want[k++] = m;
		}
	}
	wants[src].ordered = k == n;
}

/* Adds up each of what is wanted over the lines of all devices. A file that
 * is empty, or has a Total only, tells 0; one of anything else nothing. */
static void read_sums(enum source src, struct scan *s, struct sample *to)
{
	const uint8_t *want = wanted + wants[src].first;
	unsigned i;
	struct line l;
	uint64_t v;

	for (i = 0; i < wants[src].n; i++)
		to->seen[want[i]] = true;
	while (scan_line(s, &l)) {
		if (!is_digit(*l.p) && *l.p != 'T')
			s->error = EINVAL;
		for (i = 0; i < wants[src].n; i++)
			if (line_number(sources[src].format, l, &bound[want[i]], &v))
				to->value[want[i]] += v;
	}
}

/* Streams a file into a sample. Returns 0, or the errno of a failed read. */
static int read_source(enum source src, int fd, struct sample *to)
{
	enum format format = sources[src].format;
	bool ordered = wants[src].ordered;
	struct scan s;
	unsigned i;

	scan_start(&s, fd);
	if (WITH_CGROUP && (format == FM_PAIRS || format == FM_OPS))
		read_sums(src, &s, to);
	else
		read_lines(src, &s, to);
	if (ordered && !wants[src].ordered) {
		scan_start(&s, fd); /* the file changed its order */
		read_lines(src, &s, to);
	}
	for (i = 0; s.error && i < wants[src].n; i++)
		to->seen[wanted[wants[src].first + i]] = false;
	return s.error;
}

static bool in_proc(const char *name)
{
	char path[PATH_BYTES];

	return join(path, opt.proc, "/", name) && exists(path);
}

/* ----------------------------------------------------------------- SCOPE
 *
 * Whose numbers? Each controller may be mounted elsewhere (v1, hybrid), so
 * each has a home of its own. Defined by cgroups(7), cgroup_namespaces(7)
 * and proc_pid_mountinfo(5), Linux man-pages 6.9. */

struct home {
	char dir[PATH_BYTES]; /* the cgroup's directory */
	size_t top;           /* dir up to here is the topmost visible level */
	int rank;             /* how sure the place is; 0: not found */
	uint8_t version;      /* 1 or 2; 0: the controller is not there */
	bool unreadable;      /* a file of some level is there, but not for us */
	bool whole;           /* that top is the hierarchy's root */
};
static struct home homes[PL_COUNT];

static struct {
	bool cgroup;          /* cgroup scope */
	bool private;         /* a cgroup namespace of our own */
	bool own;             /* the cgroup of vmstat itself */
	bool entered;         /* from outside of the namespace */
	bool lxcfs;           /* something below /proc is lxcfs */
	bool tell;            /* standard error is a terminal: say_scope() */
	const struct home *home; /* that stands for all */
	const char *name;     /* the cgroup's path as the kernel tells it */
	uint64_t online;      /* CPUs, or 0: unknown */
} scope;

static char cg_path[PL_COUNT][PATH_BYTES];

static const char *const v1_names[] = {
#define P(id, v1_name) v1_name,
	PLACES(P)
#undef P
};

/* Is `name` one of the words between the commas? */
static bool list_has(struct line list, const char *name)
{
	while (list.p < list.end) {
		struct line w = list;

		while (list.p < list.end && *list.p != ',')
			list.p++;
		w.end = list.p++;
		if (is_word(&w, name))
			return true;
	}
	return false;
}

/* /proc/WHO/cgroup: lines id:controllers:path, of which the path may hold
 * colons. A line that names a v1 controller wins over the 0:: line. */
static bool read_cgroup_paths(const char *who)
{
	struct scan s;
	struct line l;

	if (!scan_at(&s, opt.proc, who, "/cgroup"))
		return false;
	while (scan_line(&s, &l)) {
		const char *a = memchr(l.p, ':', (size_t)(l.end - l.p));
		const char *b = a ? memchr(a + 1, ':', (size_t)(l.end - a - 1)) : NULL;
		size_t n;
		unsigned i;

		if (!b || (n = (size_t)(l.end - b - 1)) >= PATH_BYTES)
			continue;
		for (i = 0; i < PL_COUNT; i++) {
			bool named = list_has((struct line){ a + 1, b }, v1_names[i]);

			if (!named && (a + 1 != b || homes[i].version))
				continue;
			homes[i].version = named ? 1 : 2;
			memcpy(cg_path[i], b + 1, n);
			cg_path[i][n] = '\0';
		}
	}
	close(s.fd);
	return true;
}

/* `path` below `root` at a component boundary ("" for root itself), or NULL. */
static const char *below(const char *path, const char *root)
{
	const char *rest = after(path, root);

	if (!root[1])
		rest = path;
	if (!rest || (*rest && *rest != '/'))
		return NULL;
	return rest[0] && !rest[1] ? rest + 1 : rest;
}

/* How many components of the path read ".."? */
static unsigned steps_up(const char *path)
{
	unsigned n = 0;

	for (; *(path = find(path, '/')); path++)
		n += path[1] == '.' && path[2] == '.' && (!path[3] || path[3] == '/');
	return n;
}

static bool climbs(const char *path)
{
	return steps_up(path) > 0;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static bool unescape(const struct line *w, char *to)
{
	const char *p = w->p;
	size_t n = 0;

	while (p < w->end) {
		if (n + 1 >= PATH_BYTES)
			return false;
		if (*p == '\\' && w->end - p > 3 && is_digit(p[1])) {
			to[n++] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			to[n++] = *p++;
		}
	}
	to[n] = '\0';
	return true;
}

static bool is_directory(const char *path)
{
	int fd = open_path(path, O_DIRECTORY);

	close(fd);
	return fd >= 0;
}

/* Walks over a cgroup and its descendants; `visit` is called with the
 * length of each directory's path in `dir` and ends the walk by true. */
typedef bool visit_fn(char *dir, size_t n, void *arg);

#define WALK_DEPTH 32 /* levels below the cgroup; each takes 1 KiB of stack */

struct dirent_head { /* struct linux_dirent64 of getdents64(2) */
	uint64_t ino, offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* A part of the cgroup that was walked over is there, but not for us. */
static bool walk_hidden;

static void note_hidden(int error)
{
	walk_hidden |= error != 0 && error != ENOENT && error != ENODEV;
}

static bool cg_walk(char *dir, size_t n, unsigned depth, visit_fn *visit, void *arg)
{
	_Alignas(uint64_t) char entries[1024];
	bool done = visit(dir, n, arg);
	long got, at;
	int fd;

	dir[n] = '\0';
	walk_hidden |= depth == WALK_DEPTH;
	if (done || depth == WALK_DEPTH)
		return done;
	fd = open_path(dir, O_DIRECTORY);
	if (fd < 0) {
		note_hidden(errno);
		return false;
	}
	while (!done && (got = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0)
		for (at = 0; at < got && !done;) {
			const struct dirent_head *e = (const void *)(entries + at);
			size_t length = strlen((const char *)e + offsetof(struct dirent_head, name));

			at += e->length;
			if (e->type != 4 /* DT_DIR */ || strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
				continue;
			if (n + 1 + length + sizeof "/cgroup.threads" > PATH_BYTES) {
				walk_hidden = true;
				continue;
			}
			dir[n] = '/';
			memcpy(dir + n + 1, e->name, length + 1);
			done = cg_walk(dir, n + 1 + length, depth + 1, visit, arg);
			if (!done)
				dir[n] = '\0';
		}
	close(fd);
	return done;
}

/* Opens dir[0..n)/name, leaving dir as it was. */
static int open_below(char *dir, size_t n, const char *name)
{
	char saved = dir[n];
	int fd;

	dir[n] = '\0';
	fd = open_at(dir, name, "");
	dir[n] = saved;
	return fd;
}

static bool visit_find(char *dir, size_t n, void *arg)
{
	uint64_t pid, *looked_for = arg;
	struct scan s;
	struct line l;
	bool found = false;
	int fd = open_below(dir, n, "cgroup.procs");

	if (fd < 0)
		return false;
	scan_start(&s, fd);
	while (!found && scan_line(&s, &l))
		found = word_number(&l, &pid) && pid == *looked_for;
	close(fd);
	if (found)
		dir[n] = '\0';
	return found;
}

/* The host's mount seen from a private namespace: its root reads "/../..",
 * one step up for each component that we are below it. Which ones these are
 * is not told: they are those that lead to the process itself. */
static bool find_by_pid(char *dir, const char *mount, const char *root, const char *path)
{
	uint64_t pid = opt.pid ? opt.pid : (uint64_t)getpid();
	size_t n = strlen(mount);
	unsigned up;

	if (!join(dir, mount, "", "") || !cg_walk(dir, n, 0, visit_find, &pid))
		return false;
	for (up = steps_up(root); up; up--) {
		if (!dir[n])
			return false;
		for (n++; dir[n] && dir[n] != '/'; n++)
			;
	}
	dir[n] = '\0';
	if (!path[1])
		return true;
	if (n + strlen(path) >= PATH_BYTES)
		return false;
	join(dir + n, path, "", "");
	return exists(dir);
}

/* The kernel marks the path of a cgroup that was removed. */
static bool is_deleted(const char *path)
{
	static const char mark[] = " (deleted)";
	size_t n = strlen(path);

	return n >= sizeof mark - 1 && memcmp(path + n - (sizeof mark - 1), mark, sizeof mark) == 0;
}

/* The directory of `path` under a mount of `root` at `mount`, and how sure
 * that is: 4 the hierarchy's root is mounted, 3 a subtree is, 2 found by the
 * process, 1 found by trimming a path that has nothing in common with the
 * root, 0 not here. */
static int locate(char *dir, const char *mount, const char *root, const char *path)
{
	const char *rest = below(path, root);

	if (rest && !climbs(rest))
		return join(dir, mount, rest, "") && exists(dir) ? 3 + !root[1] : 0;
	if (climbs(path) || is_deleted(path))
		return 0;
	if (climbs(root))
		return find_by_pid(dir, mount, root, path) ? 2 : 0;
	for (rest = path; rest[0] && rest[1]; rest = find(rest + 1, '/'))
		if (join(dir, mount, rest, "") && exists(dir))
			return 1;
	return join(dir, mount, "", "") && exists(dir);
}

/* One line of mountinfo: "id parent dev root mount options... - type source
 * super-options". */
struct mount {
	char root[PATH_BYTES], point[PATH_BYTES];
	bool v2;
	uint8_t places; /* set of the controllers that a v1 mount carries */
};

static bool parse_mount(struct line l, struct mount *m)
{
	struct line w[6]; /* id parent device root point options; then type source options */
	unsigned i, n;

	for (n = 0; n < 6 && word(&l, &w[n]); n++)
		;
	if (n < 6 || !unescape(&w[3], m->root) || !unescape(&w[4], m->point))
		return false;
	do
		if (!word(&l, &w[0]))
			return false;
	while (!is_word(&w[0], "-"));
	for (n = 0; n < 3 && word(&l, &w[n]); n++)
		;
	if (is_word(&w[0], "fuse.lxcfs") && below(m->point, "/proc"))
		scope.lxcfs = true;
	m->v2 = is_word(&w[0], "cgroup2");
	m->places = 0;
	for (i = 0; i < PL_COUNT && n == 3 && is_word(&w[0], "cgroup"); i++)
		m->places |= (uint8_t)(list_has(w[2], v1_names[i]) << i);
	return m->v2 || m->places;
}

/* Calls each mount of a cgroup hierarchy to `use`. Mount points are looked
 * for below `prefix` (another process's root), and those below /sys in the
 * directory that --sys names. */
typedef void use_fn(const struct mount *m, const char *point);

static void each_mount(const char *who, const char *prefix, use_fn *use)
{
	static struct mount m;
	char path[PATH_BYTES];
	struct scan s;
	struct line l;

	if (!scan_at(&s, opt.proc, who, "/mountinfo"))
		return;
	while (scan_line(&s, &l)) {
		const char *sys;
		bool fits;

		if (!parse_mount(l, &m) || !use)
			continue;
		/* What `use` reads takes the buffer: read on from here after it. */
		s.offset -= s.end - s.p;
		s.p = s.end = scan_buf;
		sys = below(m.point, "/sys");
		if (sys && opt.sys_given && !*prefix)
			fits = join(path, opt.sys, sys, "");
		else
			fits = join(path, prefix, m.point[1] ? m.point : "", "");
		if (fits)
			use(&m, path);
	}
	close(s.fd);
}

/* Does this mount carry the controller, in the version it is used in? */
static bool carries(const struct mount *m, unsigned place)
{
	return homes[place].version == 2 ? m->v2 : homes[place].version && (m->places >> place & 1);
}

static void use_for_path(const struct mount *m, const char *point)
{
	char dir[PATH_BYTES];
	unsigned i;

	for (i = 0; i < PL_COUNT; i++) {
		struct home *h = &homes[i];
		const char *path = scope.private && scope.own ? "/" : cg_path[i];
		int rank = carries(m, i) ? locate(dir, point, m->root, path) : 0;

		if (!rank || rank < h->rank)
			continue;
		h->rank = rank;
		join(h->dir, dir, "", "");
		h->top = strlen(point);
		h->whole = rank == 4 && !scope.private;
	}
}

/* --cgroup=PATH: below a mount point that it begins with, or below each. */
static char wanted_cgroup[PATH_BYTES];

static void use_to_strip(const struct mount *m, const char *point)
{
	const char *rest = below(opt.cgroup, point);

	if (!rest)
		rest = below(opt.cgroup, m->point);
	if (rest && strlen(rest) < strlen(wanted_cgroup))
		join(wanted_cgroup, rest, "", "");
}

static void use_for_cgroup(const struct mount *m, const char *point)
{
	const char *rest = wanted_cgroup;
	char dir[PATH_BYTES];
	unsigned i;

	while (*rest == '/')
		rest++;
	if (!join(dir, point, *rest ? "/" : "", rest) || !is_directory(dir))
		return;
	for (i = 0; i < PL_COUNT; i++) {
		struct home *h = &homes[i];

		if (!m->v2 && !(m->places >> i & 1))
			continue;
		if (m->v2 && h->rank && h->version == 1)
			continue;
		h->rank = 1;
		h->version = m->v2 ? 2 : 1;
		join(h->dir, dir, "", "");
		h->top = strlen(point);
		h->whole = !scope.private && !m->root[1];
	}
}

/* A name of a namespace as the kernel's link shows it; false: not told. */
static bool namespace_is(const char *name, const char *initial, bool *same)
{
	char path[PATH_BYTES], link[64];
	ssize_t n;

	if (!join(path, opt.proc, "/self/ns/", name))
		return false;
	n = readlink(path, link, sizeof link);
	if (n < 0)
		return false;
	*same = (size_t)n == strlen(initial) && memcmp(link, initial, (size_t)n) == 0;
	return true;
}

/* In a container: in another pid or cgroup namespace than the initial one
 * (whose inode numbers are fixed, include/linux/proc_ns.h), or marked. */
static bool in_container(void)
{
	bool same;

	if (scope.private || (namespace_is("pid", INITIAL_PID_NS, &same) && !same))
		return true;
	if (in_proc("self") && !in_proc("stat"))
		return true; /* subset=pid: there is nothing else to show */
	return env("container") || env("KUBERNETES_SERVICE_HOST") ||
	       exists("/.dockerenv") || exists("/run/.containerenv");
}

/* The home that stands for the cgroup: the first that is below a root. */
static void choose_home(void)
{
	unsigned i;

	for (i = 0; i < PL_COUNT; i++) {
		struct home *h = &homes[i];

		if (!h->rank)
			h->version = 0;
		if (!h->version || i == PL_CPUSET)
			continue;
		while (strlen(h->dir) > h->top && h->dir[strlen(h->dir) - 1] == '/')
			h->dir[strlen(h->dir) - 1] = '\0';
		if (!scope.home || (!scope.home->dir[scope.home->top] && h->dir[h->top]))
			scope.home = h;
	}
	/* A controller that has the process in its root counts the machine. */
	for (i = 0; i < PL_COUNT && scope.home && scope.home->dir[scope.home->top]; i++)
		if (i != PL_CPUSET && homes[i].whole && !homes[i].dir[homes[i].top])
			memset(&homes[i], 0, sizeof homes[i]);
}

static void find_named_cgroup(void)
{
	unsigned i;

	if (!*opt.cgroup || !join(wanted_cgroup, opt.cgroup[0] == '/' ? "" : "/", opt.cgroup, "") ||
	    climbs(wanted_cgroup))
		die("--cgroup: '%s' is not a path below the root", opt.cgroup);
	each_mount("self", "", use_to_strip);
	for (i = (unsigned)strlen(wanted_cgroup); i > 1 && wanted_cgroup[i - 1] == '/'; i--)
		wanted_cgroup[i - 1] = '\0';
	each_mount("self", "", use_for_cgroup);
	choose_home();
	if (scope.home)
		return;
	if (opt.cgroup[0] != '/' || !join(homes[0].dir, opt.cgroup, "/cgroup.procs", "") || !exists(homes[0].dir))
		die("cgroup %s: not found", opt.cgroup);
	for (i = 0; i < PL_COUNT; i++) {
		homes[i] = (struct home){ .top = strlen(opt.cgroup), .rank = 1, .version = 2 };
		join(homes[i].dir, opt.cgroup, "", "");
	}
	choose_home();
}

/* The cgroup that a process is in: on the mounts we see, else on those that
 * the process itself sees (a container beside ours). */
static void find_cgroup_of(const char *who)
{
	char root[PATH_BYTES], rest[64];

	if (!read_cgroup_paths(who))
		return;
	if (scope.own && climbs(cg_path[PL_MEMORY])) {
		scope.entered = true;
		memset(homes, 0, sizeof homes);
		read_cgroup_paths("1");
	}
	each_mount("self", "", use_for_path);
	choose_home();
	if ((scope.home && scope.home->rank > 1) || !opt.pid)
		return;
	scope.home = NULL;
	memset(homes, 0, sizeof homes);
	read_cgroup_paths(who);
	if (join(rest, "/", who, "/root") && join(root, opt.proc, rest, ""))
		each_mount(who, root, use_for_path);
	choose_home();
}

/* The CPUs in a list like "0-3,8"; 0 where it cannot be read. */
static uint64_t count_cpus(int fd)
{
	uint64_t n = 0, a, b;
	struct scan s;
	struct line l;

	scan_start(&s, fd);
	if (fd < 0 || !scan_line(&s, &l))
		return 0;
	while (digits(&l.p, l.end, &a)) {
		b = a;
		if (l.p < l.end && *l.p == '-') {
			l.p++;
			if (!digits(&l.p, l.end, &b) || b < a)
				return 0;
		}
		n += b - a + 1;
		if (l.p == l.end || *l.p++ != ',')
			break;
	}
	return n;
}

static uint64_t online_cpus(void)
{
	int fd = open_at(opt.sys, "devices/system/cpu/online", "");
	uint64_t n = count_cpus(fd);

	close(fd);
	return n;
}

/* Settles whose numbers are shown. May die: an explicit wish that cannot be
 * met is an error, `auto` falls back to the host. */
static void scope_choose(void)
{
	char buf[U64_TEXT];
	const char *p, *pid = "";
	bool same;

	scope.tell = is_terminal(STDERR_FILENO, &(struct winsize){ 0 });
	scope.own = !opt.pid && !opt.cgroup;
	scope.private = namespace_is("cgroup", INITIAL_CGROUP_NS, &same) && !same;
	if (opt.scope == 'h' || (opt.scope == 'a' && scope.own && (opt.proc_given || !in_container())))
		return;
	if (opt.cgroup) {
		find_named_cgroup();
	} else if (opt.pid) {
		pid = u64_text(buf, opt.pid, 1);
		if (!join(cg_path[0], opt.proc, "/", pid) || !exists(cg_path[0]))
			die("pid %s: no such process in %s", pid, opt.proc);
		find_cgroup_of(pid);
	} else {
		find_cgroup_of("self");
	}
	p = scope.home ? scope.home->dir + scope.home->top : "";
	if (opt.scope == 'a' && scope.own && (!scope.home || (scope.home->whole && !*p))) {
		scope.home = NULL;
		return;
	}
	if (!scope.home && is_deleted(cg_path[PL_MEMORY]))
		die("cgroup %s: gone: the container has ended", cg_path[PL_MEMORY]);
	if (!scope.home && opt.pid)
		die("pid %s: its cgroup cannot be seen from here", pid);
	if (!scope.home)
		die("no cgroup can be read here: is /sys/fs/cgroup mounted?");
	scope.name = opt.cgroup ? wanted_cgroup : scope.private && scope.own ? "/" : cg_path[scope.home - homes];
	scope.name = *scope.name ? scope.name : "/";
	scope.cgroup = true;
	scope.online = online_cpus();
}

/* ---------------------------------------------------------------- CGROUP
 *
 * What no single file tells: limits over all visible levels, throttling,
 * and the tasks of a cgroup with their states and switches. */

/* Files that are kept open at each level. A descriptor is stored plus one;
 * 0 is not tried yet, -1 is not there. */
enum level_file { LF_LIMIT, LF_USAGE, LF_QUOTA, LF_PERIOD, LF_CPU_STAT, LF_CPUSET, LF_COUNT };

static int level_fds[MAX_LEVELS][LF_COUNT];

static const char *const level_names[2][LF_COUNT] = {
	{ "memory.limit_in_bytes", "memory.usage_in_bytes", "cpu.cfs_quota_us",
	  "cpu.cfs_period_us", "cpu.stat", "cpuset.effective_cpus" },
	{ "memory.max", "memory.current", "cpu.max", NULL, "cpu.stat", "cpuset.cpus.effective" },
};

/* The length of the path of the level above, or 0 at the top. */
static size_t level_above(const struct home *h, size_t n)
{
	if (n <= h->top)
		return 0;
	while (n > h->top && h->dir[n - 1] != '/')
		n--;
	return n > h->top ? n - 1 : h->top;
}

/* The descriptor of a file at level `l`, whose path has n bytes, or -1. */
static int level_fd(struct home *h, unsigned l, size_t n, enum level_file file)
{
	const char *name = level_names[h->version - 1][file];
	int *fd = &level_fds[l][file];

	if (!*fd && name) {
		*fd = open_below(h->dir, n, name) + 1;
		h->unreadable |= !*fd && errno != ENOENT;
	}
	if (*fd <= 0)
		*fd = -1;
	return *fd > 0 ? *fd - 1 : -1;
}

static bool level_number(struct home *h, unsigned l, size_t n, enum level_file file, uint64_t *v)
{
	int fd = level_fd(h, l, n, file);

	return fd >= 0 && read_number(fd, v);
}

static void sample_set(struct sample *to, enum metric m, uint64_t v)
{
	to->value[m] = v;
	to->seen[m] = true;
}

/* No limit: "max" in v2; in v1 the most pages that the kernel can count,
 * LONG_MAX bytes rounded down to a page (32-bit: 2^31-1 pages). */
static bool unlimited(uint64_t limit)
{
	return limit >= (uint64_t)1 << 62 || limit == ((uint64_t)INT32_MAX << 12);
}

/* Of all levels with a limit, the one that leaves least headroom: limit and
 * usage at that same level. */
static void read_mem_limits(struct sample *to)
{
	struct home *h = &homes[PL_MEMORY];
	uint64_t limit, usage, least = UINT64_MAX;
	size_t n = strlen(h->dir);
	unsigned l;

	for (l = 0; n && l < MAX_LEVELS; l++, n = level_above(h, n)) {
		uint64_t headroom;

		if (!level_number(h, l, n, LF_LIMIT, &limit) || unlimited(limit))
			continue;
		if (!level_number(h, l, n, LF_USAGE, &usage))
			continue;
		headroom = limit > usage ? limit - usage : 0;
		if (headroom >= least)
			continue;
		least = headroom;
		sample_set(to, M_MEM_LIMIT, limit);
		sample_set(to, M_LIMIT_USED, usage);
	}
	if (h->unreadable) /* the limit that counts may be one of those */
		to->seen[M_MEM_LIMIT] = to->seen[M_LIMIT_USED] = to->seen[M_AVAILABLE] = false;
	h->whole &= !n; /* there are more than MAX_LEVELS */
}

/* A level's quota in millionths of a CPU: v2 "50000 100000" or "max ...",
 * v1 -1 where there is none. */
static bool level_quota(struct home *h, unsigned l, size_t n, uint64_t *micro)
{
	uint64_t quota, period;
	struct scan s;
	struct line line;
	int fd = level_fd(h, l, n, LF_QUOTA);

	if (fd < 0)
		return false;
	scan_start(&s, fd);
	if (!scan_line(&s, &line) || !word_number(&line, &quota))
		return false;
	if (h->version == 2 ? !word_number(&line, &period) : !level_number(h, l, n, LF_PERIOD, &period))
		return false;
	if (!period || quota > UINT64_MAX / 1000000)
		return false;
	*micro = quota * 1000000 / period;
	return true;
}

/* Throttling at one level. It counts where the quota is set, not below, so
 * that every level has to be asked. */
static void read_level_stat(struct home *h, unsigned l, size_t n, struct level *to)
{
	const char *time_key = h->version == 2 ? "throttled_usec" : "throttled_time";
	const char *keys[] = { "nr_periods", "nr_throttled", time_key };
	uint64_t *values[] = { &to->periods, &to->throttled, &to->time_ns };
	struct scan s;
	struct line line;
	unsigned i, found = 0;
	int fd = level_fd(h, l, n, LF_CPU_STAT);

	if (fd < 0)
		return;
	scan_start(&s, fd);
	while (scan_line(&s, &line))
		for (i = 0; i < 3; i++)
			if (key_is(&line, keys[i]) && word_number(&line, values[i]))
				found++;
	if (h->version == 2)
		to->time_ns *= 1000;
	to->seen = found == 3;
}

/* CPUs of the cpuset: of the nearest level that has the controller. */
static uint64_t cpuset_cpus(void)
{
	struct home *h = &homes[PL_CPUSET];
	size_t n = strlen(h->dir);
	unsigned l;
	int fd;

	if (!h->version)
		return 0;
	for (l = 0; n && l < MAX_LEVELS; l++, n = level_above(h, n)) {
		fd = level_fd(h, l, n, LF_CPUSET);
		if (fd >= 0)
			return count_cpus(fd);
	}
	return 0;
}

/* CPUs of vmstat's own affinity mask, 0 where it is not told. */
static uint64_t affinity_cpus(void)
{
	unsigned long mask[1024 / sizeof(unsigned long)];
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
	uint64_t n = 0;
	long i;

	for (i = 0; i < bytes / (long)sizeof *mask; i++)
		for (; mask[i]; mask[i] &= mask[i] - 1)
			n++;
	return n;
}

/* Lowers a capacity (0: not known yet) to another (0: none). */
static void tighten(uint64_t *capacity, uint64_t to, bool *limited)
{
	if (!to || (*capacity && to >= *capacity))
		return;
	*limited |= *capacity != 0;
	*capacity = to;
}

/* The capacity: the least of the quotas, the cpuset, the affinity mask (of
 * one's own cgroup) and the CPUs that are online. */
static void read_cpu_limits(struct sample *to)
{
	struct home *h = &homes[PL_CPU];
	uint64_t set = cpuset_cpus(), affinity = scope.own && !opt.captured ? affinity_cpus() : 0;
	uint64_t capacity = scope.online, quota;
	size_t n = h->version ? strlen(h->dir) : 0;
	bool limited = false;
	unsigned l;

	tighten(&capacity, set, &limited);
	tighten(&capacity, affinity, &limited);
	capacity *= 1000000;
	for (l = 0; n && l < MAX_LEVELS; l++, n = level_above(h, n)) {
		read_level_stat(h, l, n, &to->level[l]);
		if (level_quota(h, l, n, &quota)) {
			limited |= !capacity;
			tighten(&capacity, quota, &limited);
		} else {
			to->level[l].seen &= to->level[l].periods > 0;
		}
	}
	if (capacity)
		sample_set(to, M_CAPACITY, capacity);
	if (limited)
		sample_set(to, M_CPU_LIMIT, capacity);
}

/* Tasks. Two tables, sorted by number: the switches of a task now and at
 * the sample before. One that is new counts from 0; so does one whose
 * number was used again, where that shows. */
struct task {
	uint64_t switches;
	uint32_t id;
};

static struct task task_tables[2][MAX_TASKS];
static struct {
	struct task *now, *before;
	unsigned n_now, n_before;
	bool overflow, hidden; /* the numbers of this sample are not whole */
	bool said;             /* so, on standard error */
	bool counted;          /* there was a sample before this one */
	uint64_t switches;     /* the sum of the growth of each */
	uint64_t last_ns;      /* when the sample before was taken */
} tasks;

static bool visit_tasks(char *dir, size_t n, void *arg)
{
	bool *any = arg;
	uint64_t id;
	struct scan s;
	struct line l;
	int fd = open_below(dir, n, scope.home->version == 2 ? "cgroup.threads" : "tasks");

	if (fd < 0)
		fd = open_below(dir, n, "cgroup.procs");
	if (fd < 0) {
		note_hidden(errno);
		return false;
	}
	*any = true;
	scan_start(&s, fd);
	while (scan_line(&s, &l)) {
		if (!word_number(&l, &id))
			continue;
		if (!id || id > UINT32_MAX)
			walk_hidden = true; /* not in our pid namespace */
		else if (tasks.n_now == MAX_TASKS)
			tasks.overflow = true;
		else
			tasks.now[tasks.n_now++].id = (uint32_t)id;
	}
	note_hidden(s.error);
	close(fd);
	return false;
}

/* Shell sort: in place, no recursion, and fast on what is nearly sorted. */
static void sort_tasks(struct task *t, unsigned n)
{
	unsigned gap, i, j;

	for (gap = n / 2; gap; gap /= 2)
		for (i = gap; i < n; i++) {
			struct task moved = t[i];

			for (j = i; j >= gap && t[j - gap].id > moved.id; j -= gap)
				t[j] = t[j - gap];
			t[j] = moved;
		}
}

static bool scan_task(struct scan *s, uint32_t id, const char *file)
{
	char buf[U64_TEXT];

	return scan_at(s, opt.proc, u64_text(buf, id, 1), file);
}

/* When a task started, in ns since boot: field 22 of /proc/ID/stat, behind
 * a name that may hold anything, parentheses too. UINT64_MAX: not told. */
static uint64_t task_start_ns(uint32_t id)
{
	uint64_t ticks;
	struct scan s;
	struct line l, w;
	const char *p;
	unsigned i;

	if (!scan_task(&s, id, "/stat"))
		return UINT64_MAX;
	if (!scan_line(&s, &l))
		l.p = l.end = scan_buf;
	close(s.fd);
	for (p = l.end; p > l.p && p[-1] != ')'; p--)
		;
	l.p = p;
	for (i = 3; i < 22; i++)
		if (!word(&l, &w))
			return UINT64_MAX;
	return word_number(&l, &ticks) ? ticks * (NS_PER_S / USER_HZ) : UINT64_MAX;
}

/* State and switches of one task from /proc/ID/status. False: it is gone,
 * or hidden from us (hidepid=), which tasks.hidden then says. */
static bool read_task(struct task *t, char *state, bool *switches)
{
	uint64_t v;
	struct scan s;
	struct line l, w;

	*state = 0;
	t->switches = 0;
	if (!scan_task(&s, t->id, "/status")) {
		if (kill((pid_t)t->id, 0) == 0 || errno == EPERM)
			tasks.hidden = tasks.hidden || !opt.captured;
		return false;
	}
	while (scan_line(&s, &l))
		if (key_is(&l, "State") && word(&l, &w)) {
			*state = *w.p;
		} else if ((key_is(&l, "voluntary_ctxt_switches") || key_is(&l, "nonvoluntary_ctxt_switches")) &&
			   word_number(&l, &v)) {
			t->switches += v;
			*switches = true;
		}
	close(s.fd);
	return *state != 0;
}

/* Adds the growth of each task to the sum; both tables are sorted. A task
 * that was born before `since` and is new here was moved in: what it did
 * elsewhere does not count. */
static void add_switches(uint64_t since)
{
	const struct task *old = tasks.before, *end = old + tasks.n_before;
	unsigned i;

	for (i = 0; i < tasks.n_now; i++) {
		const struct task *t = &tasks.now[i];
		uint64_t from = 0;

		while (old < end && old->id < t->id)
			old++;
		if (old < end && old->id == t->id && old->switches <= t->switches)
			from = old->switches;
		else if (tasks.counted && task_start_ns(t->id) < since)
			from = t->switches;
		tasks.switches += t->switches - from;
	}
}

/* Is this the /proc of another pid namespace? It knows the tasks by other
 * numbers than cgroup.procs tells us. */
static bool is_foreign(uint32_t self)
{
	char path[PATH_BYTES], link[U64_TEXT], own[U64_TEXT];
	ssize_t n = join(path, opt.proc, "/self", "") ? readlink(path, link, sizeof link - 1) : 0;

	if (n <= 0)
		return false;
	link[n] = '\0';
	return strcmp(link, u64_text(own, self, 1)) != 0;
}

/* r, b and cs of a cgroup. vmstat's own task, always running while it
 * looks, is not counted in r. */
static void read_tasks(struct sample *to)
{
	static char dir[PATH_BYTES];
	struct task *swap = tasks.before;
	unsigned i, kept = 0;
	uint64_t running = 0, blocked = 0;
	bool any = false, switches = false;
	uint32_t self = (uint32_t)getpid();

	tasks.before = tasks.now ? tasks.now : task_tables[0];
	tasks.now = swap ? swap : task_tables[1];
	tasks.n_before = tasks.n_now;
	tasks.n_now = 0;
	tasks.overflow = false;
	walk_hidden = false;
	join(dir, scope.home->dir, "", "");
	cg_walk(dir, strlen(dir), 0, visit_tasks, &any);
	tasks.hidden = walk_hidden || (!opt.captured && is_foreign(self));
	sort_tasks(tasks.now, tasks.n_now);
	for (i = 0; i < tasks.n_now; i++) {
		struct task t = tasks.now[i];
		char state;

		if (kept && tasks.now[kept - 1].id == t.id)
			continue; /* it moved while we looked */
		if (!read_task(&t, &state, &switches))
			continue;
		running += state == 'R' && t.id != self;
		blocked += state == 'D';
		tasks.now[kept++] = t;
	}
	tasks.n_now = kept;
	add_switches(tasks.last_ns);
	tasks.last_ns = to->ns;
	tasks.counted = true;
	if (any && (tasks.overflow || tasks.hidden) && !tasks.said) {
		if (tasks.overflow)
			warn("more than %ju tasks: r, b and cs are unavailable", (uint64_t)MAX_TASKS);
		else
			warn("some tasks are hidden from here (hidepid, another pid namespace, "
			     "or too deep): r, b and cs are unavailable");
		tasks.said = true;
	}
	if (!any || tasks.overflow || tasks.hidden)
		return;
	sample_set(to, M_R, running);
	sample_set(to, M_B, blocked);
	if (switches || !kept)
		sample_set(to, M_CS, tasks.switches);
}

/* ---------------------------------------------------------------- SAMPLE */

static struct {
	int fd;        /* plus one; 0 not tried yet, -1 not there */
	int error;     /* errno of open or read, 0 */
	bool warned;
} opened[SRC_COUNT];

/* A cgroup that is removed while it is watched: the container has ended,
 * even if another has its name by now. (Pressure that is turned off gives
 * ENODEV, too.) */
static void check_gone(void)
{
	bool gone = !exists(scope.home->dir);
	unsigned src;

	for (src = 0; src < SRC_COUNT; src++)
		gone |= opened[src].error == ENODEV && sources[src].place < PL_PRESSURE;
	if (!gone)
		return;
	flush();
	die("cgroup %s: gone: the container has ended", scope.name);
}

/* Where a metric is found in this scope; SRC_NONE where it is not. */
static const struct found *find_metric(enum metric m)
{
	static const struct found none = { 0, SRC_NONE, 0, ONE };
	unsigned kind;

	if (!WITH_CGROUP || !scope.cgroup)
		return &metrics[m].found[HOST];
	for (kind = V2; kind < SCOPES; kind++) {
		const struct found *f = &metrics[m].found[kind];
		unsigned place = f->source == SRC_NONE ? PL_COUNT + 1 : sources[f->source].place;

		if (place == PL_PROC || (place < PL_COUNT && homes[place].version &&
		    (homes[place].version == (kind == V2 ? 2 : 1) || place == PL_PRESSURE)))
			return f;
	}
	return &none;
}

static void need(enum metric m)
{
	if (bound[m].source != SRC_NONE)
		needed |= 1u << bound[m].source | sources[bound[m].source].also;
}

/* Lists what each needed file is searched for. */
static void make_wants(void)
{
	unsigned src, m, n = 0;

	for (src = 0; src < SRC_COUNT; src++) {
		wants[src].first = (uint8_t)n;
		for (m = 0; m < M_COUNT; m++)
			if (bound[m].source == src && (metrics[m].kind != TALLY || opt.view) && *text(bound[m].key) &&
			    sources[src].format != FM_CODE && (needed >> src & 1))
				wanted[n++] = (uint8_t)m;
		wants[src].n = (uint8_t)(n - wants[src].first);
	}
}

static const char *source_dir(enum source src)
{
	return sources[src].place == PL_PROC ? opt.proc : homes[sources[src].place].dir;
}

static void sample_source(enum source src, struct sample *to)
{
	if (!opened[src].fd) {
		opened[src].fd = open_at(source_dir(src), text(sources[src].file), "") + 1;
		if (opened[src].fd <= 0) {
			opened[src].fd = -1;
			opened[src].error = errno;
		}
	}
	if (opened[src].fd > 0)
		opened[src].error = read_source(src, opened[src].fd - 1, to);
}

/* When the tick in hand began, by CLOCK_BOOTTIME: one look at the clock
 * serves its sample and the schedule. */
static uint64_t tick_ns;

/* The time of a sample. A captured tree carries its own: its uptime. */
static uint64_t sample_clock(void)
{
	uint64_t ns = 0;
	struct scan s;
	struct line l;

	if (!opt.captured || !scan_at(&s, opt.proc, "uptime", ""))
		return tick_ns;
	if (!scan_line(&s, &l) || !decimal(&l.p, l.end, 9, &ns))
		ns = tick_ns;
	close(s.fd);
	return ns;
}

/* Reads all needed files, and the tasks if `with` asks for them besides. */
static void sample_take(struct sample *to, uint32_t with)
{
	unsigned src;

	memset(to, 0, sizeof *to);
	to->ns = sample_clock();
	for (src = 0; src < SRC_COUNT; src++)
		if (wants[src].n)
			sample_source(src, to);
	if (!WITH_CGROUP || !scope.cgroup)
		return;
	if (needed & BIT(MEM_LIMITS))
		read_mem_limits(to);
	if (needed & BIT(CPU_LIMITS))
		read_cpu_limits(to);
	if ((needed | with) & BIT(TASKS))
		read_tasks(to);
	check_gone();
}

/* When the counters of the scope began, in ns since boot: for a cgroup when
 * its oldest task started; UINT64_MAX where not all tasks can be seen. */
static uint64_t scope_start_ns(void)
{
	uint64_t oldest = UINT64_MAX, ns;
	unsigned i;

	if (!WITH_CGROUP || !scope.cgroup || (scope.home->whole && !scope.home->dir[scope.home->top]))
		return 0;
	if (tasks.hidden || tasks.overflow)
		return UINT64_MAX;
	for (i = 0; i < tasks.n_now; i++) {
		ns = task_start_ns(tasks.now[i].id);
		oldest = ns < oldest ? ns : oldest;
	}
	return oldest;
}

/* ---------------------------------------------------------------- REPORT
 *
 * All arithmetic. Pure functions of two samples: nothing here reads. */

/* a * b / c to the nearest, in 128 bits between; saturates. */
static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low = a * b, high, mid, rest;
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	unsigned i;

	if (!c)
		return UINT64_MAX;
	mid = a1 * b0 + (a0 * b0 >> 32);
	rest = a0 * b1 + (uint32_t)mid;
	high = a1 * b1 + (mid >> 32) + (rest >> 32);
	low += c / 2;
	high += low < c / 2;
	if (!high)
		return low / c;
	if (high >= c)
		return UINT64_MAX;
	for (i = 0; i < 64; i++) {
		bool carry = high >> 63;

		high = high << 1 | low >> 63;
		low <<= 1;
		if (carry || high >= c) {
			high -= c;
			low |= 1;
		}
	}
	return low;
}

/* a * b; saturates. */
static uint64_t times(uint64_t a, uint64_t b)
{
	return __builtin_mul_overflow(a, b, &a) ? UINT64_MAX : a;
}

/* The growth of a counter. A 32-bit kernel's wraps at 2^32, which is to be
 * seen where it was above 2^31 and the sum stays plausible. Any other step
 * back (iowait, a CPU taken away, a reset) is no growth, never a huge one. */
static uint64_t growth(uint64_t before, uint64_t now)
{
	uint32_t wrapped = (uint32_t)now - (uint32_t)before;

	if (now >= before)
		return now - before;
	if (before > UINT32_MAX || before <= INT32_MAX || wrapped > INT32_MAX)
		return 0;
	return wrapped;
}

/* A raw number in base units: bytes, microseconds, or as it is. */
static uint64_t in_base_units(uint64_t v, enum raw_unit unit)
{
	switch (unit) {
	case KIB:
		return times(v, 1024);
	case PAGES:
		return times(v, (uint64_t)getpagesize());
	case TICKS:
		return times(v, 1000000 / USER_HZ);
	case NS:
		return v / 1000;
	default:
		return v;
	}
}

static void report_set(struct report *r, enum metric m, uint64_t milli)
{
	r->milli[m] = milli;
	r->seen[m] = true;
}

/* part of whole in thousandths of a percent. */
static uint64_t percent(uint64_t part, uint64_t whole)
{
	return mul_div(part, 100000, whole);
}

static uint64_t at_most_100(uint64_t v)
{
	return v < 100000 ? v : 100000;
}

static uint64_t at_least_0(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Shares of a host's CPU time: which kinds of ticks make each. Guest time is
 * in user time, too, and is taken off there. */
#define TICK(id) (1u << (M_##id - M_USER))
static const struct { uint8_t metric; uint16_t ticks; } cpu_shares[] = {
	{ M_US, TICK(USER) | TICK(NICE) },
	{ M_SY, TICK(SYS) | TICK(IRQ) | TICK(SOFTIRQ) },
	{ M_ID, TICK(IDLE) },
	{ M_WA, TICK(IOWAIT) },
	{ M_ST, TICK(STEAL) },
	{ M_GU, TICK(GUEST) | TICK(GUEST_NICE) },
};

static uint64_t sum_ticks(const struct report *r, unsigned ticks)
{
	uint64_t sum = 0;
	unsigned m;

	for (m = M_USER; m <= M_GUEST_NICE; m++)
		if (ticks >> (m - M_USER) & 1)
			sum = plus(sum, r->milli[m]);
	return sum;
}

static void report_host_cpu(struct report *r)
{
	uint64_t total = sum_ticks(r, TICK(GUEST) - 1), v;
	unsigned i;

	if (!total || !r->seen[M_USER] || !r->seen[M_IDLE])
		return;
	for (i = 0; i < sizeof cpu_shares / sizeof *cpu_shares; i++) {
		unsigned ticks = cpu_shares[i].ticks, first = M_USER + (unsigned)__builtin_ctz(ticks);

		v = sum_ticks(r, ticks);
		if (cpu_shares[i].metric == M_US)
			v = at_least_0(v, sum_ticks(r, TICK(GUEST) | TICK(GUEST_NICE)));
		if (r->seen[first])
			report_set(r, cpu_shares[i].metric, percent(v, total));
	}
}

/* Shares of the cgroup's capacity, a fraction of the machine's CPUs. */
static void report_cgroup_cpu(struct report *r, const struct sample *now)
{
	uint64_t us, sy, could;

	if (!now->seen[M_CAPACITY] || !r->seen[M_CG_USER] || !r->seen[M_CG_SYS])
		return;
	could = mul_div(r->elapsed_us, now->value[M_CAPACITY], 1000000);
	if (!could)
		return;
	us = percent(in_base_units(r->milli[M_CG_USER] / 1000, bound[M_CG_USER].unit), could);
	sy = percent(in_base_units(r->milli[M_CG_SYS] / 1000, bound[M_CG_SYS].unit), could);
	report_set(r, M_US, us);
	report_set(r, M_SY, sy);
	report_set(r, M_ID, at_least_0(100000, plus(us, sy)));
}

/* Throttling: the level with the largest share of throttled periods. */
static void report_throttling(struct report *r, const struct sample *before, const struct sample *now)
{
	static const struct level zero;
	unsigned l;

	for (l = 0; l < MAX_LEVELS; l++) {
		const struct level *a = before ? &before->level[l] : &zero, *b = &now->level[l];
		uint64_t periods = growth(a->periods, b->periods);
		uint64_t throttled = growth(a->throttled, b->throttled);
		uint64_t time_us = growth(a->time_ns, b->time_ns) / 1000;
		uint64_t share = periods ? percent(throttled, periods) : 0;

		if (!b->seen || (before && !a->seen))
			continue;
		if (r->seen[M_THR_PCT] && (share < r->milli[M_THR_PCT] ||
		    (share == r->milli[M_THR_PCT] && time_us <= r->milli[M_THROTTLED_TIME] / 1000)))
			continue;
		report_set(r, M_THR_PCT, at_most_100(share));
		report_set(r, M_THROTTLED_TIME, times(time_us, 1000));
		report_set(r, M_PERIODS, times(periods, 1000));
		report_set(r, M_THROTTLED, times(throttled, 1000));
		if (r->elapsed_us)
			report_set(r, M_THR, mul_div(time_us, 1000000, r->elapsed_us));
	}
}

/* The cgroup's limit: what the levels say, and what v1 says of levels that
 * cannot be seen; free is what is left below it and in the machine. */
static void report_limits(struct report *r, const struct sample *now)
{
	uint64_t *v = r->milli;
	uint64_t left = UINT64_MAX;

	if (r->seen[M_HIERARCHICAL] && r->seen[M_MEM_USED] && !unlimited(now->value[M_HIERARCHICAL]) &&
	    (!r->seen[M_MEM_LIMIT] || at_least_0(v[M_HIERARCHICAL], v[M_MEM_USED]) <
				      at_least_0(v[M_MEM_LIMIT], v[M_LIMIT_USED]))) {
		report_set(r, M_MEM_LIMIT, v[M_HIERARCHICAL]);
		report_set(r, M_LIMIT_USED, v[M_MEM_USED]);
	}
	if (r->seen[M_MEM_LIMIT]) {
		left = at_least_0(v[M_MEM_LIMIT], v[M_LIMIT_USED]);
		report_set(r, M_MEM_PCT, v[M_MEM_LIMIT] ? percent(v[M_LIMIT_USED], v[M_MEM_LIMIT]) : 100000);
	}
	if (r->seen[M_AVAILABLE] && v[M_AVAILABLE] < left)
		left = v[M_AVAILABLE];
	if (left != UINT64_MAX)
		report_set(r, M_FREE, left);
}

/* to = a - b, or a + b, where both were read and it is not known already. */
static void report_less(struct report *r, enum metric to, enum metric a, enum metric b)
{
	if (!r->seen[to] && r->seen[a] && r->seen[b])
		report_set(r, to, at_least_0(r->milli[a], r->milli[b]));
}

static void report_sum(struct report *r, enum metric to, enum metric a, enum metric b)
{
	if (!r->seen[to] && r->seen[a] && r->seen[b])
		report_set(r, to, plus(r->milli[a], r->milli[b]));
}

/* A metric that a file carries, by its kind. */
static void report_metric(struct report *r, enum metric m, uint64_t before, uint64_t now)
{
	enum raw_unit unit = bound[m].unit;
	uint64_t grown = growth(before, now);

	switch (metrics[m].kind) {
	case GAUGE:
		if (unit == MICRO)
			report_set(r, m, now / 1000);
		else
			report_set(r, m, times(in_base_units(now, unit), 1000));
		break;
	case COUNT:
		report_set(r, m, times(grown, 1000));
		break;
	case RATE:
		if (r->elapsed_us)
			report_set(r, m, mul_div(in_base_units(grown, unit), 1000000000, r->elapsed_us));
		break;
	case SHARE:
		if (r->elapsed_us)
			report_set(r, m, at_most_100(percent(in_base_units(grown, unit), r->elapsed_us)));
		break;
	}
}

/* Compares two samples. `before` NULL: with the zeros at start_ns. */
static void report_make(struct report *r, const struct sample *before, const struct sample *now, uint64_t start_ns)
{
	uint64_t start = before ? before->ns : start_ns;
	unsigned m;

	memset(r, 0, sizeof *r);
	r->first = !before;
	r->elapsed_us = now->ns > start ? (now->ns - start) / 1000 : 0;
	for (m = 0; m < M_COUNT; m++)
		if (now->seen[m] && (!before || before->seen[m] || metrics[m].kind == GAUGE))
			report_metric(r, m, before ? before->value[m] : 0, now->value[m]);
	/* gVisor: counters that stay 0 while CPU time does not. */
	if (now->value[M_USER] + now->value[M_SYS] + now->value[M_IDLE] > 0) {
		r->seen[M_IN] = r->seen[M_IN] && now->value[M_IN];
		r->seen[M_CS] = r->seen[M_CS] && now->value[M_CS];
	}
	report_less(r, M_SWPD, M_SWAP_TOTAL, M_SWAP_FREE);
	if (WITH_CGROUP) {
		report_less(r, M_SWPD, M_MEMSW, M_MEM_USED);
		report_sum(r, M_INACT, M_INACT_ANON, M_INACT_FILE);
		report_sum(r, M_ACTIVE, M_ACTIVE_ANON, M_ACTIVE_FILE);
	}
	report_less(r, M_MEM_USED, M_MEM_TOTAL, M_AVAILABLE);
	report_sum(r, M_CACHE, M_CACHED, M_RECLAIMABLE);
	if (!r->seen[M_CACHE] && r->seen[M_CACHED])
		report_set(r, M_CACHE, r->milli[M_CACHED]);
	report_sum(r, M_SWAPPING, M_SI, M_SO);
	report_less(r, M_MIN, M_FAULTS, M_MAJ);
	if (!WITH_CGROUP || !scope.cgroup) {
		report_host_cpu(r);
		return;
	}
	report_cgroup_cpu(r, now);
	report_throttling(r, before, now);
	report_limits(r, now);
}

/* More CPU time than there was since the oldest task started, and more than
 * a quota lends ahead: the cgroup is older than that, and its age not known. */
static bool is_false_start(const struct report *r)
{
	uint64_t used_us = mul_div(r->elapsed_us, plus(r->milli[M_US], r->milli[M_SY]), 100000);

	return WITH_CGROUP && scope.cgroup && r->seen[M_US] && used_us > r->elapsed_us / 10 * 11 + 200000;
}

/* ---------------------------------------------------------------- ALERTS */

enum { CALM, WARNING, CRITICAL };

static uint8_t alert_level[A_COUNT]; /* of this report */
static uint8_t alert_said[A_COUNT];  /* the level that was last told */

/* A value in the unit that it is shown in. */
static uint64_t in_display_unit(enum metric m, uint64_t milli)
{
	if (displays[m].unit == SIZE)
		return milli / opt.unit;
	return displays[m].unit == BLOCKS ? milli / 1024 : milli;
}

static uint64_t alert_value(const struct report *r, enum rule a)
{
	uint64_t v = r->milli[rules[a].metric];

	return displays[rules[a].metric].unit == SIZE ? v / 1024 : v;
}

static uint64_t alert_threshold(enum rule a)
{
	return alert_level[a] == CRITICAL ? opt.crit[a] : opt.warn[a];
}

/* Judges a report: the level of each rule, the highest is returned. */
static unsigned alerts_judge(const struct report *r)
{
	unsigned a, worst = CALM;

	for (a = 0; a < A_COUNT; a++) {
		uint64_t v = alert_value(r, a);

		alert_level[a] = CALM;
		if (!opt.alerts || !r->seen[rules[a].metric])
			continue;
		if (v >= opt.crit[a])
			alert_level[a] = CRITICAL;
		else if (opt.warn[a] && v >= opt.warn[a])
			alert_level[a] = WARNING;
		if (alert_level[a] > worst)
			worst = alert_level[a];
	}
	return worst;
}

static void put_alert(const struct report *r, enum rule a)
{
	enum kind kind = metrics[rules[a].metric].kind;

	put_str(text(rules[a].what));
	put_str(": ");
	put_u64((alert_value(r, a) + 500) / 1000);
	put_str(text(rules[a].tail));
	if (r->first && kind != GAUGE && rules[a].metric != M_MEM_PCT)
		put_str(WITH_CGROUP && scope.cgroup ? " (since the start)" : " (since boot)");
}

/* Messages of the rules whose level rose; with `again`, of all that last. */
static void alerts_say(const struct report *r, bool again)
{
	unsigned a;

	for (a = 0; a < A_COUNT; a++) {
		if (alert_level[a] > alert_said[a] || (again && alert_level[a])) {
			note_begin();
			put_alert(r, a);
			warn("%s", note_end());
		}
		alert_said[a] = alert_level[a];
	}
}

/* --------------------------------------------------------------- RECORDS
 *
 * JSON and CSV: an object or a line is a sequence of named fields. CSV
 * writes the same sequence once more before the first line, names only. */

static struct {
	bool names;  /* writing the names */
	bool named;  /* they are written */
	bool begun;  /* a field was written */
} rec;

static bool is_record(void)
{
	return (WITH_JSON || WITH_CSV) && opt.format;
}

static bool is_json(void)
{
	return WITH_JSON && opt.format == 'j';
}

/* The bytes of a character in UTF-8, or 0 where it is none. */
static size_t utf8_length(const char *p)
{
	unsigned char first = (unsigned char)*p;
	size_t n = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0, i;

	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void put_quoted(const char *p)
{
	bool plain = opt.format == 'c';
	const char *q;

	for (q = p; plain && *q; q++)
		plain = *q != ',' && *q != '"' && *q != '\r' && *q != '\n';

	if (!plain)
		put_str("\"");
	for (; *p; p++) {
		if (is_json() && (unsigned char)*p >= 0x80) {
			size_t n = utf8_length(p);

			if (n)
				put(p, n);
			else
				put_str("\\ufffd");
			p += n ? n - 1 : 0;
			continue;
		}
		if (is_json() && (unsigned char)*p < ' ') {
			put_str(*p < 16 ? "\\u000" : "\\u001");
			put(&"0123456789abcdef"[*p & 15], 1);
			continue;
		}
		if (*p == '"')
			put_str(is_json() ? "\\" : "\"");
		if (*p == '\\' && is_json())
			put_str("\\");
		put(p, 1);
	}
	if (!plain)
		put_str("\"");
}

/* Begins a field; true where its value is to follow: not in the pass for
 * the names, nor where there is none, which is null in JSON. */
static bool rec_key(const char *key, bool known)
{
	put_str(rec.begun ? "," : is_json() ? "{" : "");
	rec.begun = true;
	if (is_json() || rec.names)
		put_quoted(key);
	if (is_json())
		put_str(known ? ":" : ":null");
	return known && !rec.names;
}

static void rec_str(const char *key, const char *value)
{
	if (rec_key(key, value))
		put_quoted(value);
}

static void rec_milli(const char *key, uint64_t milli, bool seen)
{
	if (rec_key(key, seen))
		put_milli(milli);
}

static void rec_u64(const char *key, uint64_t v, bool seen)
{
	if (rec_key(key, seen))
		put_u64(v);
}

static unsigned is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 || year % 400 == 0);
}

/* Days since 1970-01-01 as a date of the Gregorian calendar. */
static void put_date(uint64_t days)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned day = (unsigned)days, year = 1970, month = 0, n;

	for (; day >= (n = 365 + is_leap(year)); year++)
		day -= n;
	for (; day >= (n = lengths[month] + (month == 1 ? is_leap(year) : 0)); month++)
		day -= n;
	put_digits(year, 4);
	put_str("-");
	put_digits(month + 1, 2);
	put_str("-");
	put_digits(day + 1, 2);
}

/* Seconds since 1970 as "YYYY-MM-DD HH:MM:SS". */
static void put_clock(uint64_t seconds, const char *between)
{
	unsigned rest = (unsigned)(seconds % 86400);

	put_date(seconds / 86400);
	put_str(between);
	put_digits(rest / 3600, 2);
	put_str(":");
	put_digits(rest / 60 % 60, 2);
	put_str(":");
	put_digits(rest % 60, 2);
}

static void rec_begin(void)
{
	uint64_t ns = clock_ns(CLOCK_REALTIME);

	rec.begun = false;
	if (!rec_key("time", true))
		return;
	if (is_json())
		put_str("\"");
	put_clock(ns / NS_PER_S, "T");
	put_str(".");
	put_digits(ns / 1000000 % 1000, 3);
	put_str(is_json() ? "Z\"" : "Z");
}

static void rec_end(void)
{
	put_str(is_json() ? "}\n" : "\n");
}

/* rec_start(); do { a record } while (rec_again()): it is written twice
 * where the names are due, the first time names only. */
static void rec_start(void)
{
	rec.names = opt.format == 'c' && !rec.named;
}

static bool rec_again(void)
{
	bool again = rec.names;

	rec.names = false;
	rec.named = true;
	return again;
}

static void rec_scope(void)
{
	bool cgroup = WITH_CGROUP && scope.cgroup;

	rec_str("scope", cgroup ? "cgroup" : "host");
	rec_str("cgroup", cgroup ? scope.name : NULL);
}

static void rec_alerts(const struct report *r)
{
	const char *between = "";
	unsigned a;

	put_str(",\"alerts\":[");
	for (a = 0; a < A_COUNT; a++) {
		if (!alert_level[a])
			continue;
		put_str(between);
		rec.begun = false;
		rec_str("metric", text(displays[rules[a].metric].name));
		rec_str("level", alert_level[a] == CRITICAL ? "critical" : "warning");
		rec_milli("value", alert_value(r, a), true);
		rec_milli("threshold", alert_threshold(a), true);
		note_begin();
		put_alert(r, a);
		rec_str("message", note_end());
		put_str("}");
		between = ",";
	}
	put_str("]");
}

/* A report as one record. */
static void rec_report(const struct report *r)
{
	unsigned i;

	rec_start();
	do {
		rec_begin();
		rec_milli("interval", (r->elapsed_us + 500) / 1000, r->elapsed_us);
		rec_scope();
		for (i = 0; i < n_columns; i++) {
			unsigned m = columns[i];

			rec_milli(text(displays[m].name), in_display_unit(m, r->milli[m]), r->seen[m]);
		}
		if (WITH_ALERTS && is_json())
			rec_alerts(r);
		rec_end();
	} while (rec_again());
	flush();
}

/* ----------------------------------------------------------------- TABLE */

static struct {
	bool tty, stamped, hidden[M_COUNT];
	unsigned rows, cols;     /* of the terminal */
	unsigned since_header;   /* rows printed since */
	bool header_due;
} term;

#define TIMESTAMP_WIDTH 20 /* " 2026-01-02 03:04:05" */

/* Asks for the terminal's size; a serial line may not know it. */
static void term_measure(void)
{
	struct winsize w = { 0 };

	if (term.cols && !term.tty)
		return;
	term.tty = is_terminal(STDOUT_FILENO, &w);
	term.rows = term.tty && w.ws_row ? w.ws_row : term.tty ? 24 : 25;
	w.ws_col = w.ws_col ? w.ws_col : 80;
	term.stamped = opt.timestamp && (!term.tty || w.ws_col > 2 * TIMESTAMP_WIDTH);
	if (w.ws_col == term.cols)
		return; /* as it was */
	term.cols = w.ws_col;
	memset(term.hidden, 0, sizeof term.hidden);
	term.header_due = true;
}

/* Is a header due before the next row? Counts rows. */
static bool header_due(void)
{
	unsigned screen = term.rows > 3 ? term.rows - 3 : 1;
	bool due = term.header_due || (!opt.one_header && term.since_header >= screen);

	if (due)
		term.since_header = 0;
	term.since_header++;
	term.header_due = false;
	return due;
}

static bool term_colors(void)
{
	const char *type = env("TERM"), *no = env("NO_COLOR");

	if (!WITH_COLOR || opt.color != 'a')
		return WITH_COLOR && opt.color == 'w';
	return term.tty && !(no && *no) && type && *type && strcmp(type, "dumb") != 0;
}

/* Bytes in thousandths as at most five characters: 512M, 7.8G, 1023K. */
static void put_human(uint64_t milli)
{
	uint64_t tenths = milli / 100;
	unsigned u = 0;

	while (tenths >= 10235 && u < 6) {
		tenths = (tenths + 512) / 1024;
		u++;
	}
	put_u64(tenths < 100 && u ? tenths / 10 : (tenths + 5) / 10);
	if (tenths < 100 && u) {
		put_str(".");
		put_u64(tenths % 10);
	}
	if (tenths)
		put(&"BKMGTPE"[u], 1);
}

/* The text of a cell. Memory is rounded down, as procps-ng does. */
static void put_cell(enum metric m, const struct report *r)
{
	const struct display_row *row = &displays[m];
	uint64_t v = in_display_unit(m, r->milli[m]);

	if (!r->seen[m]) {
		put_str("-");
	} else if (WITH_HUMAN && opt.human && (row->unit == SIZE || row->unit == BLOCKS)) {
		put_human(r->milli[m]);
	} else if (row->unit == CPUS) {
		put_u64((v + 5) / 1000);
		put_str(".");
		put_digits((v + 5) / 10 % 100, 2);
	} else {
		put_u64(metrics[m].kind == GAUGE ? v / 1000 : v / 1000 + (v % 1000 >= 500));
	}
}

static bool shown(unsigned i)
{
	return !WITH_FIT || !term.hidden[columns[i]];
}

/* One line of cells, each right-aligned to where its column ends; one that
 * is too long borrows from the columns after it. r NULL: the names. */
static void put_cells(const struct report *r)
{
	size_t end = out.n, at;
	unsigned i;

	for (i = 0, at = end; i < n_columns; i++) {
		const struct display_row *row = &displays[columns[i]];
		size_t n;

		if (!shown(i))
			continue;
		note_begin();
		if (r)
			put_cell(columns[i], r);
		else
			put_str(text(row->head));
		n = strlen(note_end());
		if (out.n != at) {
			put_str(" ");
			end++;
		}
		end += row->width[opt.wide];
		if (out.n + n < end)
			put_fill(' ', end - out.n - n);
		put(note.buf, n);
	}
}

/* The first header line: a title over the columns of each group. */
static void put_titles(void)
{
	unsigned i, next;

	for (i = 0; i < n_columns; i = next) {
		const struct group_row *g = &groups[displays[columns[i]].group];
		size_t width = 0, name = strlen(text(g->name)), dashes;

		for (next = i; next < n_columns && &groups[displays[columns[next]].group] == g; next++)
			if (shown(next))
				width += displays[columns[next]].width[opt.wide] + (width ? 1u : 0u);
		if (!width)
			continue;
		name = name < width ? name : width;
		dashes = width - name;
		if (out.n && out.buf[out.n - 1] != '\n')
			put_str(" ");
		put_fill('-', (dashes + !g->right) / 2);
		put(text(g->name), name);
		put_fill('-', dashes - (dashes + !g->right) / 2);
	}
}

static const char *zone_name(const struct tm **local, time_t now)
{
#if WITH_LOCALTIME
	*local = localtime(&now);
	if (*local)
		return (*local)->tm_zone;
#endif
	(void)now;
	*local = NULL;
	return "UTC";
}

static time_t wall_clock(void)
{
	return (time_t)(clock_ns(CLOCK_REALTIME) / NS_PER_S);
}

static void put_header(void)
{
	const struct tm *local;
	const char *zone = term.stamped ? zone_name(&local, wall_clock()) : "";
	size_t n = strlen(zone);

	put_titles();
	if (term.stamped)
		put_str(" -----timestamp-----");
	put_str("\n");
	put_cells(NULL);
	if (term.stamped) {
		put_fill(' ', n < TIMESTAMP_WIDTH ? TIMESTAMP_WIDTH - n : 1);
		put_str(zone);
	}
	put_str("\n");
}

static void put_timestamp(void)
{
	time_t now = wall_clock();
	uint64_t seconds = (uint64_t)now;
	const struct tm *local;

	zone_name(&local, now);
	if (WITH_LOCALTIME && local)
		seconds += (uint64_t)local->tm_gmtoff;
	put_str(" ");
	put_clock(seconds, " ");
}

static size_t cells_width(const struct report *r)
{
	size_t n = out.n;

	put_cells(r);
	n = out.n - n;
	out.n -= n;
	return n + (term.stamped ? TIMESTAMP_WIDTH : 0);
}

/* Hides columns until header and row fit the terminal: what is unavailable
 * first, then by what the catalogue says of its worth. One always stays. */
static void fit(const struct report *r)
{
	while (cells_width(NULL) > term.cols || cells_width(r) > term.cols) {
		unsigned i, worst = M_COUNT, least = UINT32_MAX, left = 0;

		for (i = 0; i < n_columns; i++) {
			unsigned m = columns[i], worth = displays[m].keep + (r->seen[m] ? 100u : 0);

			if (!shown(i))
				continue;
			left++;
			if (worth < least) {
				least = worth;
				worst = m;
			}
		}
		if (left < 2)
			return;
		term.hidden[worst] = true;
		term.header_due = true;
	}
}

static void table_report(const struct report *r, unsigned level)
{
	bool colors, header;

	colors = level != CALM && term_colors();
	if (WITH_FIT && term.tty)
		fit(r);
	header = header_due();
	if (header)
		put_header();
	if (colors)
		put_str(level == CRITICAL ? "\033[31m" : "\033[33m");
	put_cells(r);
	if (term.stamped)
		put_timestamp();
	if (colors)
		put_str("\033[0m");
	put_str("\n");
	flush();
	if (WITH_ALERTS)
		alerts_say(r, header);
}

/* ----------------------------------------------------------------- VIEWS
 *
 * What the kernel tells in lists: -s -f from the catalogue, -d -D -p from
 * /proc/diskstats or io.stat, -m from /proc/slabinfo. Each view writes text
 * or records, a record for each thing in the list. */

/* The file that was opened last cannot be read: says why, and what to do. */
_Noreturn static void die_unreadable(void)
{
	int error = errno;

	if (error == ENOENT && !in_proc("self"))
		die("%s: no proc file system there: mount -t proc proc %s", path_buf, opt.proc);
	if (error == ENOENT && !opt.captured && !in_proc("uptime"))
		die("%s: hidden: /proc is mounted with subset=pid; mount it whole, or use --scope=cgroup", path_buf);
	errno = error;
	die("%s:", path_buf);
}

/* In cgroup scope: says once that a view has the host's numbers. */
static void warn_hosts_numbers(void)
{
	static bool said;
	char letter[] = { '-', opt.view, '\0' };

	if (WITH_CGROUP && scope.cgroup && !said)
		warn("%s: the kernel does not count this per cgroup: these are the host's", letter);
	said = true;
}

static void put_right(const char *s, size_t width)
{
	size_t n = strlen(s);

	put_fill(' ', n < width ? width - n : 0);
	put_str(s);
}

static void put_left(const char *s, size_t width)
{
	size_t n = strlen(s);

	put_str(s);
	put_fill(' ', n < width ? width - n : 0);
}

/* A row of a view: a record, or a line of text under a header that is
 * repeated each screenful. Numbers are right-aligned, a space between. */
static void row_begin(const char *header)
{
	if (is_record())
		rec_begin();
	else if (header_due())
		put_str(header);
}

static void row_name(const char *key, const char *name, size_t width)
{
	if (is_record())
		rec_str(key, name);
	else
		put_left(name, width);
}

static void row_u64(const char *key, uint64_t v, bool seen, size_t width)
{
	char buf[U64_TEXT];

	if (is_record()) {
		rec_u64(key, v, seen);
		return;
	}
	put_str(" ");
	put_right(seen ? u64_text(buf, v, 1) : "-", width);
}

/* Two decimals in text, as iostat prints. */
static void row_milli(const char *key, uint64_t milli, bool seen, size_t width)
{
	if (is_record()) {
		rec_milli(key, milli, seen);
		return;
	}
	if (!seen) {
		row_u64(key, 0, false, width);
		return;
	}
	row_u64(key, (milli + 5) / 1000, true, width - 3);
	put_str(".");
	put_digits((milli + 5) / 10 % 100, 2);
}

/* Ends it; a view of many rows is written half a sink at a time. */
static void row_end(void)
{
	if (is_record())
		rec_end();
	else
		put_str("\n");
	if (out.n > sizeof out.buf / 2)
		flush();
}

/* A number with its label behind it, in a line of its own. */
static void row_label(const char *key, const char *unit, const char *label, uint64_t v, bool seen)
{
	row_u64(key, v, seen, 12);
	if (is_record())
		return;
	put_str(" ");
	put_str(unit);
	put_str(label);
	put_str("\n");
}

static void labels_end(void)
{
	if (is_record())
		rec_end();
}

/* The value of a line of -s: a gauge from the report, or the counter as the
 * kernel counts it. */
static bool stat_value(const struct stat_row *row, const struct report *r, const struct sample *now, uint64_t *v)
{
	unsigned m = row->metric;

	*v = now->value[m];
	if (row->flags & IN_UNITS)
		*v = r->milli[m] / opt.unit / 1000;
	else if (row->flags & FROM_REPORT)
		*v = r->milli[m] / 1000;
	else if (row->flags & IN_US)
		*v = in_base_units(*v, bound[m].unit);
	else if (bound[m].unit == BYTES)
		*v /= 1024;
	return row->flags & (IN_UNITS | FROM_REPORT | IF_REPORT) ? r->seen[m] : now->seen[m];
}

static void view_stats(const struct report *r, const struct sample *now)
{
	char unit[] = { 'B', ' ', '\0' };
	unsigned i;
	uint64_t v;

	for (i = 0; opt.unit > 1 && unit_bytes[i] != opt.unit; i++)
		;
	if (opt.unit > 1)
		unit[0] = unit_letters[i];
	rec_start();
	do {
		if (is_record()) {
			rec_begin();
			rec_scope();
		}
		for (i = 0; i < sizeof stats / sizeof *stats; i++) {
			const struct stat_row *row = &stats[i];
			bool seen = stat_value(row, r, now, &v);

			if (!(row->flags & CG_ONLY) || (WITH_CGROUP && scope.cgroup))
				row_label(text(row->key), row->flags & IN_UNITS ? unit : "", text(row->label), v, seen);
		}
		labels_end();
	} while (rec_again());
	flush();
}

static void view_forks(const struct sample *now)
{
	warn_hosts_numbers();
	rec_start();
	do {
		if (is_record())
			rec_begin();
		row_label("forks", "", "forks", now->value[M_FORKS], true);
		labels_end();
	} while (rec_again());
	flush();
}

/* Fields of a block device in the order of /proc/diskstats
 * (Documentation/admin-guide/iostats.rst, Linux 6.13): key, label in -D,
 * widths in -d (0: not there). */
#define DISK_FIELDS(F) \
	F(READS, "reads", "total reads", 6, 9) \
	F(READS_MERGED, "reads_merged", "merged reads", 6, 9) \
	F(READ_SECTORS, "read_sectors", "read sectors", 7, 11) \
	F(READ_MS, "read_ms", "milli reading", 7, 11) \
	F(WRITES, "writes", "writes", 6, 9) \
	F(WRITES_MERGED, "writes_merged", "merged writes", 6, 9) \
	F(WRITE_SECTORS, "write_sectors", "written sectors", 7, 11) \
	F(WRITE_MS, "write_ms", "milli writing", 7, 11) \
	F(IO_NOW, "io_now", "inprogress IO", 6, 7) \
	F(IO_MS, "io_ms", "milli spent IO", 6, 7) \
	F(IO_WEIGHTED, "io_weighted_ms", "milli weighted IO", 0, 0)

enum disk_field {
#define F(id, key, label, width, wide) D_##id,
	DISK_FIELDS(F)
#undef F
	D_COUNT
};

static const struct disk_field_row {
	const char *key, *label;
	uint8_t width[2];
} disk_fields[] = {
#define F(id, key, label, width, wide) { key, label, { width, wide } },
	DISK_FIELDS(F)
#undef F
};

/* A cgroup's io.stat tells operations and bytes, nothing else. */
#define CGROUP_FIELDS (1u << D_READS | 1u << D_READ_SECTORS | 1u << D_WRITES | 1u << D_WRITE_SECTORS)
#define SECTOR_BYTES 512

/* A name of the kernel's, in a field of zeros; it has DISK_NAME_LEN 32. */
#define NAME_BYTES 33

static void copy_name(char *to, const struct line *name)
{
	size_t n = (size_t)(name->end - name->p);

	memcpy(to, name->p, n < NAME_BYTES ? n : NAME_BYTES - 1);
}

struct disk {
	char name[NAME_BYTES];
	uint64_t device;               /* major and minor number */
	uint64_t now[D_COUNT], before[D_COUNT];
	bool partition, seen;          /* seen: in the last reading */
};

static struct disk disks[MAX_DISKS];
static struct {
	unsigned n;
	uint32_t fields;               /* set of those that the source tells */
	uint64_t ns, before_ns;
	bool said;
} disk_state;

/* A partition has the name of a disk before it and a number, with a p
 * between where the disk's name ends in a digit. */
static bool is_partition_of(const char *name, const char *disk)
{
	const char *rest = after(name, disk);
	uint64_t nth;

	if (!rest || rest == name)
		return false;
	if (is_digit(rest[-1]) && *rest++ != 'p')
		return false;
	return number(rest, &nth);
}

/* The entry of a device, made where there is none. A number with another
 * name is another device; one whose name is not told (NULL) is any, and is
 * called `other` where it is new. */
static struct disk *disk_at(uint64_t device, const struct line *name, const struct line *other)
{
	struct disk *d;
	unsigned i;

	for (d = disks; d < disks + disk_state.n; d++)
		if (d->device == device && (!name || is_word(name, d->name)))
			return d;
	if (d == disks + MAX_DISKS) {
		if (!disk_state.said)
			warn("more than %ju block devices: the rest is left out", (uint64_t)MAX_DISKS);
		disk_state.said = true;
		return NULL;
	}
	memset(d, 0, sizeof *d);
	d->device = device;
	copy_name(d->name, other);
	for (i = 0; i < disk_state.n; i++)
		d->partition |= !disks[i].partition && is_partition_of(d->name, disks[i].name);
	disk_state.n++;
	return d;
}

/* "MAJOR MINOR NAME ..." of /proc/diskstats. */
static bool disk_line(struct line *l, uint64_t *device, struct line *name)
{
	uint64_t major, minor;

	if (!word_number(l, &major) || !word_number(l, &minor) || !word(l, name))
		return false;
	*device = major << 20 | minor;
	return true;
}

/* names_only: just makes the entries, as io.stat tells numbers of devices. */
static void read_diskstats(bool names_only)
{
	uint64_t device, v[D_COUNT];
	struct line l, name;
	struct disk *d;
	struct scan s;
	unsigned i;

	if (!scan_at(&s, opt.proc, "diskstats", "") && !names_only)
		die_unreadable();
	while (scan_line(&s, &l)) {
		if (!disk_line(&l, &device, &name))
			continue;
		for (i = 0; i < D_COUNT && word_number(&l, &v[i]); i++)
			;
		if (i < D_COUNT || !(d = disk_at(device, &name, &name)) || names_only)
			continue;
		memcpy(d->now, v, sizeof v);
		d->seen = true;
	}
	if (s.error && !names_only) {
		errno = s.error;
		die_unreadable();
	}
	close(s.fd);
}

/* "8:16" as a device number. */
static bool device_number(const struct line *w, uint64_t *device)
{
	const char *p = w->p;
	uint64_t major, minor;

	if (!digits(&p, w->end, &major) || p == w->end || *p++ != ':')
		return false;
	if (!digits(&p, w->end, &minor) || p != w->end)
		return false;
	*device = major << 20 | minor;
	return true;
}

/* One file of the cgroup: v2 io.stat "8:0 rbytes=N ...", v1 "8:0 Read N",
 * operations in one file and bytes in another. */
static bool read_cgroup_io(const char *file, enum disk_field v1_read, enum disk_field v1_write, uint64_t per)
{
	static const struct { const char *v2_key; uint8_t field; uint16_t per; } fields[] = {
		{ "rbytes", D_READ_SECTORS, SECTOR_BYTES }, { "rios", D_READS, 1 },
		{ "wbytes", D_WRITE_SECTORS, SECTOR_BYTES }, { "wios", D_WRITES, 1 },
	};
	struct home *h = &homes[PL_IO];
	int fd = h->version ? open_below(h->dir, strlen(h->dir), file) : -1;
	struct line l, w, rest;
	uint64_t device = 0, v;
	struct disk *d = NULL;
	struct scan s;
	unsigned i;

	if (fd < 0)
		return false;
	scan_start(&s, fd);
	while (scan_line(&s, &l)) {
		for (rest = l; word(&l, &w) && device_number(&w, &device); rest = l)
			d = disk_at(device, NULL, &w);
		if (!d)
			continue;
		d->seen = true;
		for (i = 0; i < 4 && h->version == 2; i++)
			if (pair_number(rest, fields[i].v2_key, &v))
				d->now[fields[i].field] = v / fields[i].per;
		if (h->version == 1 && is_word(&w, "Read") && word_number(&l, &v))
			d->now[v1_read] = v / per;
		else if (h->version == 1 && is_word(&w, "Write") && word_number(&l, &v))
			d->now[v1_write] = v / per;
	}
	close(fd);
	return true;
}

/* Reads all devices; those that vanished lose their place. */
static void read_disks(void)
{
	bool v1 = homes[PL_IO].version == 1;
	unsigned i, n = 0;

	disk_state.before_ns = disk_state.ns;
	disk_state.ns = sample_clock();
	for (i = 0; i < disk_state.n; i++) {
		if (!disks[i].seen)
			continue;
		disks[n] = disks[i];
		disks[n].seen = false;
		memcpy(disks[n].before, disks[n].now, sizeof disks[n].now);
		n++;
	}
	disk_state.n = n;
	disk_state.fields = (1u << D_COUNT) - 1;
	if (!WITH_CGROUP || !scope.cgroup || opt.view == 'p') {
		read_diskstats(false);
		return;
	}
	check_gone();
	disk_state.fields = CGROUP_FIELDS;
	read_diskstats(true);
	if (v1 ? !read_cgroup_io("blkio.throttle.io_service_bytes_recursive",
				 D_READ_SECTORS, D_WRITE_SECTORS, SECTOR_BYTES) ||
		 !read_cgroup_io("blkio.throttle.io_serviced_recursive", D_READS, D_WRITES, 1) :
		 !read_cgroup_io("io.stat", 0, 0, 1))
		die("cgroup %s: no io controller counts for it; --scope=host shows the machine's disks", scope.name);
}

static void disk_row(const struct disk *d)
{
	unsigned f;

	row_begin(opt.wide ?
		"disk- -------------------reads------------------- "
		"-------------------writes------------------ ------IO-------\n"
		"          total    merged     sectors          ms "
		"    total    merged     sectors          ms     cur     sec\n" :
		"disk- ------------reads------------ ------------writes----------- -----IO------\n"
		"       total merged sectors      ms  total merged sectors      ms    cur    sec\n");
	row_name("disk", d->name, 5);
	for (f = 0; f < D_COUNT; f++)
		if (is_record() || disk_fields[f].width[0])
			row_u64(disk_fields[f].key, f == D_IO_MS && !is_record() ? d->now[f] / 1000 : d->now[f],
				disk_state.fields >> f & 1, disk_fields[f].width[opt.wide]);
	row_end();
}

/* Rates of one disk, as `iostat -x` defines them: the growth of a field,
 * scaled, by the time that passed or by the growth of another field. */
static const struct disk_rate_row {
	const char *key;
	uint8_t field, by, width; /* by D_COUNT: per second */
	uint32_t scale;
} disk_rates[] = {
	{ "r_s", D_READS, D_COUNT, 7, 1000000000 },
	{ "w_s", D_WRITES, D_COUNT, 7, 1000000000 },
	{ "rkb_s", D_READ_SECTORS, D_COUNT, 9, 1000000000 / (1024 / SECTOR_BYTES) },
	{ "wkb_s", D_WRITE_SECTORS, D_COUNT, 9, 1000000000 / (1024 / SECTOR_BYTES) },
	{ "r_await", D_READ_MS, D_READS, 7, 1000 },
	{ "w_await", D_WRITE_MS, D_WRITES, 7, 1000 },
	{ "aqu_sz", D_IO_WEIGHTED, D_COUNT, 7, 1000000 },
	{ "util", D_IO_MS, D_COUNT, 7, 100000000 },
};

static void disk_rate_row(const struct disk *d)
{
	uint64_t us = (disk_state.ns - disk_state.before_ns) / 1000;
	const struct disk_rate_row *row;

	row_begin("Device          r/s     w/s     rkB/s     wkB/s r_await w_await  aqu-sz   %util\n");
	row_name("disk", d->name, 11);
	if (is_record())
		rec_milli("interval", (us + 500) / 1000, us);
	for (row = disk_rates; row < disk_rates + sizeof disk_rates / sizeof *disk_rates; row++) {
		uint64_t by = row->by == D_COUNT ? us : growth(d->before[row->by], d->now[row->by]);
		uint64_t v = mul_div(growth(d->before[row->field], d->now[row->field]), row->scale, by);

		if (row->field == D_IO_MS)
			v = at_most_100(v);
		row_milli(row->key, v, us && by && (disk_state.fields >> row->field & 1), row->width);
	}
	row_end();
}

static void disk_sum(void)
{
	uint64_t sum[D_COUNT] = { 0 }, count[2] = { 0 };
	unsigned i, f;

	for (i = 0; i < disk_state.n; i++) {
		if (!disks[i].seen)
			continue;
		count[disks[i].partition]++;
		for (f = 0; f < D_COUNT && !disks[i].partition; f++)
			sum[f] += disks[i].now[f];
	}
	if (is_record())
		rec_begin();
	row_label("disks", "", "disks", count[0], true);
	row_label("partitions", "", "partitions", count[1], disk_state.fields >> D_IO_NOW & 1);
	for (f = 0; f < D_COUNT; f++)
		row_label(disk_fields[f].key, "", disk_fields[f].label, sum[f], disk_state.fields >> f & 1);
	labels_end();
}

static void partition_row(const struct disk *d)
{
	static const uint8_t fields[] = { D_READS, D_READ_SECTORS, D_WRITES, D_WRITE_SECTORS };
	static const uint8_t widths[] = { 20, 17, 11, 17 };
	unsigned i;

	if (is_record()) {
		rec_begin();
		rec_str("partition", d->name);
	} else if (header_due()) {
		put_left(d->name, 10);
		put_str("      reads      read sectors      writes  requested writes\n");
	}
	for (i = 0; i < sizeof fields; i++)
		row_u64(disk_fields[fields[i]].key, d->now[fields[i]], true, widths[i]);
	row_end();
}

static void view_disk(const struct disk *d)
{
	rec_start();
	do
		if (opt.view == 'D')
			disk_sum();
		else if (opt.partition)
			partition_row(d);
		else if (opt.extended)
			disk_rate_row(d);
		else
			disk_row(d);
	while (rec_again());
}

static void view_disks(void)
{
	const char *dev = opt.partition;
	bool any = false;
	unsigned i;

	read_disks();
	if (opt.no_first && !disk_state.before_ns)
		return;
	if (WITH_CGROUP && scope.cgroup && opt.extended && !disk_state.before_ns) {
		read_tasks(&samples[0]); /* since the start of the cgroup */
		disk_state.before_ns = scope_start_ns();
		if (disk_state.before_ns > disk_state.ns)
			disk_state.before_ns = disk_state.ns;
	}
	if (opt.view == 'D')
		view_disk(NULL);
	if (dev && after(dev, "/dev/"))
		dev = after(dev, "/dev/");
	for (i = 0; i < disk_state.n && opt.view != 'D'; i++) {
		const struct disk *d = &disks[i];

		if (!d->seen || (dev ? strcmp(d->name, dev) != 0 : d->partition))
			continue;
		any = true;
		if (dev)
			warn_hosts_numbers();
		view_disk(d);
	}
	if (dev && !any)
		die("partition %s: not found in %s/diskstats", dev, opt.proc);
	flush();
}

/* Slab caches, sorted by name. /proc/slabinfo, version 2.1 (slabinfo(5)). */
struct slab {
	char name[NAME_BYTES];
	uint64_t v[4];
};

static struct slab slabs[MAX_SLABS];

static unsigned read_slabs(void)
{
	unsigned n = 0, i, at;
	struct scan s;
	struct line l, name;

	if (!scan_at(&s, opt.proc, "slabinfo", ""))
		die_unreadable();
	while (scan_line(&s, &l)) {
		struct slab new = { 0 };

		if (!word(&l, &name))
			continue;
		for (i = 0; i < 4 && word_number(&l, &new.v[i]); i++)
			;
		if (i < 4)
			continue;
		if (n == MAX_SLABS) {
			warn("more than %ju slab caches: the rest is left out", (uint64_t)MAX_SLABS);
			break;
		}
		copy_name(new.name, &name);
		for (at = n++; at && strcmp(slabs[at - 1].name, new.name) > 0; at--)
			slabs[at] = slabs[at - 1];
		slabs[at] = new;
	}
	close(s.fd);
	if (!n) {
		errno = s.error ? s.error : ENODATA;
		die_unreadable();
	}
	return n;
}

static void view_slabs(void)
{
	static const char *const keys[] = { "active_objs", "num_objs", "objsize", "objperslab" };
	unsigned n = read_slabs(), at, i;

	warn_hosts_numbers();
	for (at = 0; at < n && !opt.no_first; at++) {
		rec_start();
		do {
			row_begin("Cache                       Num  Total   Size  Pages\n");
			if (!is_record())
				slabs[at].name[24] = '\0';
			row_name("cache", slabs[at].name, 24);
			for (i = 0; i < 4; i++)
				row_u64(keys[i], slabs[at].v[i], true, 6);
			row_end();
		} while (rec_again());
	}
	opt.no_first = false;
	flush();
}

/* --------------------------------------------------------------- COMMAND */

/* Options: each row of OPTIONS ends in one case of apply(). */

static void set_view(char view)
{
	char both[] = { '-', view, '\0', '-', opt.view, '\0' };

	if (opt.view && opt.view != view)
		die("conflicting modes: %s and %s", both + 3, both);
	opt.view = view;
}

static void set_unit(const char *value)
{
	const char *p = find(unit_letters, *value);

	if (!*p || value[1])
		die("unknown unit '%s': one of k K m M b B", value);
	opt.unit = unit_bytes[p - unit_letters];
}

/* One of the words, given by its first letters in the order of `letters`. */
static char set_word(const char *option, const char *value, const char *const *words, const char *letters)
{
	for (; *words; words++, letters++)
		if (strcmp(value, *words) == 0)
			return *letters;
	die("--%s: unknown value '%s'", option, value);
}

static void set_format(char format)
{
	if (WITH_JSON && WITH_CSV && opt.format && opt.format != format)
		die("conflicting formats: --json and --csv");
	opt.format = format;
}

/* [WARN,]CRIT with up to three decimals into thousandths, at *p. */
static bool parse_levels(const char **p, const char *end, uint64_t *warn_level, uint64_t *crit)
{
	uint64_t first;

	*warn_level = 0;
	if (!decimal(p, end, 3, &first))
		return false;
	*crit = first;
	if (*p == end || **p != ',')
		return true;
	++*p;
	*warn_level = first;
	return decimal(p, end, 3, crit) && *crit >= first;
}

static bool alert_wished[A_COUNT]; /* on the command line: its files are read */

static void set_threshold(const char *value)
{
	const char *p = value, *end = value + strlen(value);

	if (!parse_levels(&p, end, &opt.warn[A_CS], &opt.crit[A_CS]) ||
	    (*p && strcmp(p, "/cpu") != 0) || !opt.crit[A_CS])
		die("--threshold: '%s' is not [WARN,]CRIT[/cpu]", value);
	opt.threshold_per_cpu = *p != '\0';
	alert_wished[A_CS] = true;
}

static void set_alert(const char *value)
{
	const char *p, *end = value + strlen(value);
	unsigned a;

	opt.alerts = strcmp(value, "off") != 0;
	if (!opt.alerts)
		return;
	for (a = 0; a < A_COUNT; a++) {
		p = after(value, text(displays[rules[a].metric].name));
		if (!p || *p++ != '=')
			continue;
		if (!parse_levels(&p, end, &opt.warn[a], &opt.crit[a]) || *p || !opt.crit[a])
			die("--alert: '%s' is not NAME=[WARN,]CRIT", value);
		alert_wished[a] = true;
		return;
	}
	note_begin();
	for (a = 0; a < A_COUNT; a++) {
		put_str(text(displays[rules[a].metric].name));
		put_str(" ");
	}
	die("--alert: no rule in '%s': %sor off", value, note_end());
}

static void set_dir(const char *option, const char **dir, const char *value)
{
	if (!*value || strlen(value) >= PATH_BYTES / 2)
		die("--%s: '%s' is not a directory", option, value);
	*dir = value;
}

static void apply(enum option o, const char *value)
{
	static const char *const scopes[] = { "auto", "host", "cgroup", NULL };
	static const char *const whens[] = { "auto", "always", "never", NULL };

	switch (o) {
	case O_ACTIVE: opt.active = true; break;
	case O_FORKS: case O_SLABS: case O_STATS: case O_DISK: case O_DISK_SUM: case O_PARTITION:
		if (WITH_STATS || WITH_SLABS || WITH_DISKS)
			set_view(options[o].letter);
		opt.partition = value;
		break;
	case O_ONE_HEADER: opt.one_header = true; break;
	case O_UNIT: set_unit(value); break;
	case O_WIDE: opt.wide = true; break;
	case O_TIMESTAMP: opt.timestamp = true; break;
	case O_NO_FIRST: opt.no_first = true; break;
	case O_SCOPE:
		if (WITH_CGROUP)
			opt.scope = set_word("scope", value, scopes, "ahc");
		break;
	case O_CGROUP: opt.cgroup = value; break;
	case O_PID:
		if (WITH_CGROUP && (!number(value, &opt.pid) || !opt.pid || opt.pid > INT32_MAX))
			die("--pid: '%s' is not a process number", value);
		break;
	case O_PROC: set_dir("proc", &opt.proc, value); opt.proc_given = true; break;
	case O_SYS: set_dir("sys", &opt.sys, value); opt.sys_given = true; break;
	case O_COLUMNS: opt.columns = value; break;
	case O_EXTENDED: opt.extended = true; break;
	case O_CLASSIC: opt.classic = true; break;
	case O_HUMAN: opt.human = true; break;
	case O_JSON: set_format('j'); break;
	case O_CSV: set_format('c'); break;
	case O_THRESHOLD:
		if (WITH_ALERTS)
			set_threshold(value);
		break;
	case O_ALERT:
		if (WITH_ALERTS)
			set_alert(value);
		break;
	case O_COLOR:
		if (WITH_COLOR)
			opt.color = set_word("color", value, whens, "awn");
		break;
	case O_HELP: opt.help = true; break;
	case O_VERSION: opt.version = true; break;
	case O_COUNT: break;
	}
}

/* The option with this long name or unambiguous beginning. */
static enum option find_long(const char *name)
{
	struct line l = { name, find(name, '=') };
	unsigned i, found = O_COUNT;

	for (i = 0; i < O_COUNT; i++) {
		const char *rest = l.p, *of = text(options[i].name);

		if (!options[i].with)
			continue;
		if (is_word(&l, of))
			return (enum option)i;
		for (; rest < l.end && *rest == *of; rest++, of++)
			;
		if (rest < l.end)
			continue;
		if (found != O_COUNT)
			die("option '%s' is ambiguous: --%s or --%s", name - 2,
			    text(options[found].name), text(options[i].name));
		found = i;
	}
	if (found == O_COUNT || l.p == l.end)
		die("unknown option '%s' (try --help)", name - 2);
	return (enum option)found;
}

static void parse_long(char ***argv)
{
	const char *name = **argv + 2, *value = find(name, '=');
	enum option o = find_long(name);

	value = *value ? value + 1 : NULL;
	if (value && !options[o].arg)
		die("option '--%s' takes no value", text(options[o].name));
	if (!value && options[o].arg && !(value = *++*argv))
		die("option '--%s' needs a value: %s", text(options[o].name), text(options[o].meta));
	apply(o, value);
}

static void parse_letters(char ***argv)
{
	const char *p;

	for (p = **argv + 1; *p; p++) {
		char letter[] = { '-', *p, '\0' };
		unsigned i;

		for (i = 0; i < O_COUNT; i++)
			if (options[i].with && options[i].letter == *p)
				break;
		if (i == O_COUNT)
			die("unknown option '%s' (try --help)", letter);
		if (!options[i].arg) {
			apply((enum option)i, NULL);
			continue;
		}
		if (!p[1] && !*++*argv)
			die("option '%s' needs a value: %s", letter, text(options[i].meta));
		apply((enum option)i, p[1] ? p + 1 : **argv);
		return;
	}
}

static void parse_operand(const char *s, unsigned nth)
{
	const char *p = s, *end = s + strlen(s);

	if (nth == 0) {
		if (!decimal(&p, end, 9, &opt.delay_ns) || p != end || opt.delay_ns / NS_PER_S > 1000000000)
			die("delay '%s': not a number, or too large", s);
		if (opt.delay_ns < NS_PER_S / 100)
			die("delay '%s': at least 0.01 seconds", s);
	} else if (nth == 1) {
		if (!number(s, &opt.count) || !opt.count)
			die("count '%s': not a number of at least 1", s);
	} else {
		die("too many operands: '%s' (try --help)", s);
	}
}

static void parse(char **argv)
{
	bool operands_only = false;
	unsigned n = 0;

	for (; *argv; argv++) {
		const char *s = *argv;

		if (operands_only || s[0] != '-' || !s[1])
			parse_operand(s, n++);
		else if (!s[2] && s[1] == '-')
			operands_only = true;
		else if (s[1] == '-')
			parse_long(&argv);
		else
			parse_letters(&argv);
	}
	if ((opt.columns != NULL) + opt.classic + (opt.extended && opt.view != 'd') > 1)
		die("conflicting options: one of --columns, --extended and --classic");
	if (WITH_CGROUP && (opt.cgroup != NULL) + (opt.pid != 0) + (opt.scope == 'h') > 1)
		die("conflicting options: one of --cgroup, --pid and --scope=host");
	if (!opt.count)
		opt.count = opt.delay_ns ? UINT64_MAX : 1;
	if (!opt.delay_ns && opt.no_first)
		opt.delay_ns = NS_PER_S;
}

/* May the metric be shown, and is the room that makes it built in? */
static bool is_visible(enum metric m)
{
	if ((unsigned)m >= DISPLAYS)
		return false;
	return displays[m].show != RAW && (displays[m].group != G_PRESSURE || WITH_PRESSURE) &&
	       (displays[m].group != G_LIMITS || WITH_CGROUP);
}

static void print_help(void)
{
	unsigned i;

	put_str("Usage: vmstat [options] [delay [count]]\n\nOptions:\n");
	for (i = 0; i < O_COUNT; i++) {
		const struct option_row *row = &options[i];
		char letter[] = "  -x, --";
		size_t width = sizeof letter - 1 + strlen(text(row->name)) + strlen(text(row->meta)) + (row->arg > 0);

		if (!row->with)
			continue;
		letter[3] = row->letter;
		put_str(row->letter ? letter : "      --");
		put_str(text(row->name));
		put_str(row->arg ? "=" : "");
		put_str(text(row->meta));
		put_fill(' ', width < 35 ? 35 - width : 1);
		put_str(text(row->help));
		put_str("\n");
	}
	put_str("\nExit status: 0, or 1 for any error.\n");
	flush();
	_exit(0);
}

static void print_version(void)
{
	put_str("vmstat " VERSION "\nfeatures:"
		IF(WITH_CGROUP, " cgroup") IF(WITH_PRESSURE, " pressure") IF(WITH_ALERTS, " alerts")
		IF(WITH_JSON, " json") IF(WITH_CSV, " csv") IF(WITH_STATS, " stats")
		IF(WITH_DISKS, " disks") IF(WITH_SLABS, " slabs") IF(WITH_HUMAN, " human")
		IF(WITH_COLOR, " color") IF(WITH_HELP, " help") IF(WITH_FIT, " fit")
		IF(WITH_LOCALTIME, " localtime") "\n");
	flush();
	_exit(0);
}

static void print_columns(void)
{
	unsigned m;

	for (m = 0; m < M_COUNT; m++) {
		if (!is_visible(m))
			continue;
		put_left(text(displays[m].name), 10);
		put_left(text(groups[displays[m].group].name), 9);
		put_str(text(displays[m].help));
		put_str("\n");
	}
	flush();
	_exit(0);
}

static void add_column(enum metric m)
{
	unsigned i;

	for (i = 0; i < n_columns; i++)
		if (columns[i] == m)
			return;
	columns[n_columns++] = (uint8_t)m;
}

/* -o: names of columns and groups between commas. */
static void add_columns(const char *list)
{
	struct line w;
	unsigned m;

	for (w.p = list; ; w.p = w.end + 1) {
		bool known = false;

		w.end = find(w.p, ',');
		for (m = 0; m < M_COUNT; m++)
			if (is_visible(m) && (is_word(&w, text(displays[m].name)) ||
					      is_word(&w, text(groups[displays[m].group].name)))) {
				add_column(m);
				known = true;
			}
		if (!known)
			die("unknown column in '%s' (--columns=help lists them)", list);
		if (!*w.end)
			return;
	}
}

/* Is the metric in the table, or record, that was asked for? */
static bool is_default(enum metric m)
{
	if (!is_visible(m))
		return false;
	if (opt.extended || (is_record() && !opt.classic))
		return true;
	switch (displays[m].show) {
	case CLASSIC: return true;
	case TABLE: return !opt.classic;
	case BUFFERS: return !opt.active;
	case ACTIVE: return opt.active;
	case CGROUP: return !opt.classic && WITH_CGROUP && scope.cgroup;
	default: return false;
	}
}

static void choose_columns(void)
{
	unsigned m, i;

	if (opt.columns)
		add_columns(opt.columns);
	for (m = 0; m < M_COUNT && !opt.columns; m++)
		if (is_default(m))
			add_column(m);
	for (m = 0; m < M_COUNT; m++)
		bound[m] = *find_metric(m);
	for (i = 0; i < n_columns && !opt.view; i++)
		need(columns[i]);
	/* An OOM kill is told in a table without its column, too. */
	alert_wished[A_OOM] |= WITH_CGROUP && scope.cgroup && !opt.columns && !opt.classic;
	for (i = 0; i < A_COUNT && !opt.view; i++)
		if (WITH_ALERTS && opt.alerts && alert_wished[i])
			need(rules[i].metric);
	for (i = 0; WITH_STATS && i < sizeof stats / sizeof *stats && opt.view == 's'; i++)
		need(stats[i].metric);
	if (WITH_STATS && opt.view == 'f') {
		bound[M_FORKS] = metrics[M_FORKS].found[HOST];
		need(M_FORKS);
	}
	if (opt.threshold_per_cpu && WITH_CGROUP && scope.cgroup)
		needed |= BIT(CPU_LIMITS);
	if (WITH_CGROUP && scope.cgroup && scope.tell) {
		need(M_MEM_LIMIT); /* for say_scope() */
		need(M_CPU_LIMIT);
	}
	make_wants();
}

/* Did a sample lack something that this file should have told? */
static bool is_incomplete(enum source src)
{
	unsigned i;

	for (i = 0; i < wants[src].n; i++) {
		uint8_t m = wanted[wants[src].first + i];

		if (!samples[0].seen[m] || !samples[1].seen[m])
			return true;
	}
	return opened[src].error != 0;
}

/* What cannot be shown, and why: one line per file of /proc, once. That the
 * kernel was built without pressure is no reason to complain. */
static void warn_unavailable(const struct report *r)
{
	unsigned src, i;

	for (src = 0; src < SRC_COUNT && r->elapsed_us; src++) {
		const char *file = text(sources[src].file);

		if (opened[src].warned || sources[src].place != PL_PROC || sources[src].format == FM_PSI)
			continue;
		if (!is_incomplete(src))
			continue;
		note_begin();
		for (i = 0; i < n_columns; i++)
			if (bound[columns[i]].source == src && !r->seen[columns[i]]) {
				put_str(" ");
				put_str(text(displays[columns[i]].name));
			}
		if (!*note_end())
			continue;
		opened[src].warned = true;
		errno = opened[src].error;
		if (errno)
			warn("%s/%s:%s unavailable:", opt.proc, file, note.buf);
		else
			warn("%s/%s: empty, or without its numbers:%s unavailable", opt.proc, file, note.buf);
	}
}

/* Ends the program where no number at all was read. */
static void check_anything(const struct sample *now)
{
	unsigned m, src;

	for (m = 0; m < M_COUNT; m++)
		if (now->seen[m])
			return;
	for (src = 0; src < SRC_COUNT; src++) {
		errno = opened[src].error;
		if (wants[src].n && errno && join(path_buf, source_dir(src), "/", text(sources[src].file)))
			die_unreadable();
	}
	die("nothing to show: no file tells any of the numbers asked for in this scope");
}

/* On a terminal: whose numbers these are, and under which limits. */
static void say_scope(const struct report *r)
{
	unsigned i, versions = 0;
	bool whole = true;

	if (!scope.tell)
		return;
	note_begin();
	put_str("scope ");
	if (!scope.cgroup) {
		each_mount("self", "", NULL); /* for scope.lxcfs */
		put_str("host");
	} else {
		for (i = 0; i < PL_PRESSURE; i++) {
			versions |= homes[i].version;
			whole &= homes[i].whole || !homes[i].version;
		}
		put_str("cgroup ");
		put_str(scope.name);
		put_str(versions == 3 ? " (hybrid), " : versions == 1 ? " (v1), " : " (v2), ");
		if (r->seen[M_MEM_LIMIT]) {
			put_str("memory limit ");
			put_human(r->milli[M_MEM_LIMIT]);
		} else {
			put_str("no memory limit");
		}
		put_str(r->seen[M_CPU_LIMIT] ? ", " : ", no CPU limit");
		if (r->seen[M_CPU_LIMIT]) {
			put_cell(M_CPU_LIMIT, r);
			put_str(" CPUs");
		}
		put_str(whole ? "" : ", inexact: ancestors not visible");
		put_str(scope.entered ? ", entered from outside: as PID 1 sees it" : "");
	}
	put_str(scope.lxcfs ? ", lxcfs over /proc" : "");
	warn("%s", note_end());
}

static void stop(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

/* With a handler, also PID 1 of a container is stopped by a signal. */
static void on(int signal_number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(signal_number, &action, NULL);
}

/* Sleeps. A reader that goes away, or a signal to stop, ends the program at
 * once; being stopped and continued does not shorten the sleep. */
static void wait_for(uint64_t ns)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = 0 };
	struct timespec t = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };
	int n;

	do
		n = ppoll(&p, 1, &t, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die("poll:");
	if (n)
		_exit(0);
}

/* --threshold=.../cpu: times the CPUs of the machine or of the cgroup. */
static void scale_threshold(const struct sample *now)
{
	uint64_t micro;

	if (!opt.threshold_per_cpu)
		return;
	opt.threshold_per_cpu = false;
	if (WITH_CGROUP && scope.cgroup && now->seen[M_CAPACITY])
		micro = now->value[M_CAPACITY];
	else if (!(micro = online_cpus() * 1000000) && !(micro = affinity_cpus() * 1000000))
		die("--threshold: the number of CPUs is not known here");
	opt.warn[A_CS] = mul_div(opt.warn[A_CS], micro, 1000000);
	opt.crit[A_CS] = mul_div(opt.crit[A_CS], micro, 1000000);
}

/* Takes the sample of one tick and shows it. */
static void tick(uint64_t n)
{
	struct sample *now = &samples[n & 1], *before = n ? &samples[~n & 1] : NULL;
	uint64_t start = 0;
	unsigned level = CALM;

	sample_take(now, n || opt.no_first ? 0 : BIT(TASKS));
	if (!n) {
		if (!opt.no_first && WITH_CGROUP && scope.cgroup)
			start = scope_start_ns();
		samples[1] = samples[0]; /* for warn_unavailable */
		check_anything(now);
	}
	report_make(&report, before, now, start);
	if (!n && is_false_start(&report))
		report_make(&report, NULL, now, UINT64_MAX);
	if (!n && WITH_CGROUP)
		say_scope(&report);
	warn_unavailable(&report);
	if (!n && opt.no_first)
		return;
	if (WITH_ALERTS) {
		scale_threshold(now);
		level = alerts_judge(&report);
	}
	if (!is_record()) {
		table_report(&report, level);
		return;
	}
	rec_report(&report);
	if (WITH_ALERTS)
		alerts_say(&report, false);
}

/* The schedule is absolute, by the start of each tick: nothing drifts. What
 * is missed is skipped, and so is a slot so near that its report would
 * compare next to nothing. */
static void run(void)
{
	uint64_t due = 0, n;
	uint64_t last = opt.count == UINT64_MAX ? UINT64_MAX : opt.count + opt.no_first;

	for (n = 0;; n++) {
		tick_ns = clock_ns(CLOCK_BOOTTIME);
		due = n ? due : tick_ns;
		term_measure();
		if (opt.view == 'm' && WITH_SLABS)
			view_slabs();
		else if (opt.view && WITH_DISKS)
			view_disks();
		else
			tick(n);
		if (n + 1 >= last)
			return;
		due += opt.delay_ns;
		if (tick_ns > due)
			due += ((tick_ns - due) / opt.delay_ns + 1) * opt.delay_ns;
		if (due - tick_ns < opt.delay_ns / 2)
			due += opt.delay_ns;
		wait_for(due - tick_ns);
	}
}

/* -s and -f: the counters as they stand, once. */
static void show_totals(void)
{
	tick_ns = clock_ns(CLOCK_BOOTTIME);
	sample_take(&samples[0], 0);
	check_anything(&samples[0]);
	report_make(&report, NULL, &samples[0], 0);
	if (opt.view == 's')
		view_stats(&report, &samples[0]);
	else if (samples[0].seen[M_FORKS])
		view_forks(&samples[0]);
	else
		die("%s/stat: the number of forks is not there", opt.proc);
}

int main(int argc, char **argv)
{
	struct statfs fs;
	unsigned a;

	opt.proc = "/proc";
	opt.sys = "/sys";
	opt.scope = opt.color = 'a';
	opt.unit = 1024;
	opt.alerts = true;
	for (a = 0; WITH_ALERTS && a < A_COUNT; a++) {
		opt.warn[a] = rules[a].warn * 1000u;
		opt.crit[a] = rules[a].crit * 1000u;
	}
	parse(argc ? argv + 1 : argv);
	on(SIGPIPE, SIG_IGN);
	if (opt.help)
		print_help();
	if (opt.version)
		print_version();
	if (opt.columns && strcmp(opt.columns, "help") == 0)
		print_columns();
	opt.captured = opt.proc_given && (statfs(opt.proc, &fs) < 0 || fs.f_type != 0x9fa0 /* PROC_SUPER_MAGIC */);
	if (WITH_CGROUP)
		scope_choose();
	choose_columns();
	if (opt.delay_ns) {
		on(SIGINT, stop);
		on(SIGTERM, stop);
	}
	if (WITH_STATS && (opt.view == 's' || opt.view == 'f'))
		show_totals();
	else
		run();
	return 0;
}

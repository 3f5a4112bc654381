/* vmstat - is this machine, or this container, short of CPU, memory or I/O?
 * SPDX-License-Identifier: MIT
 *
 * The kernel's files are read into a snapshot, two snapshots are compared
 * into a report, rules judge the report, and a renderer prints it:
 *
 *   files --read--> snapshot --compare--> report --judge--> alerts
 *                      |   ^                 |
 *                      |   |      listing: rows by columns    history
 *                      | replay              |                   |
 *                      |            text | JSON | CSV     graph | SVG | page
 *                      +---------------> Prometheus
 *
 * Sections, bottom-up. A section is a feature wherever possible: its reader,
 * arithmetic, listing and wording stand together; only its option and its
 * metrics are rows of CATALOGUE. Search for "- NAME":
 *
 *   SETUP       includes, config.h, limits
 *   OUTPUT      sinks, numbers, untrusted text, the calendar, messages, signals
 *   READING     the line scanner, files, directories
 *   CATALOGUE   the tables: sources, metrics, rules, options. TO ADD A METRIC that
 *               a kernel file reports, add one row to METRICS and a number to
 *               tests/fixtures; everything else follows, README and vmstat.8
 *               by `make docs`. An alert rule, a metric for Prometheus or an
 *               option is one row, too
 *   SCOPE       host or cgroup: /proc/PID/cgroup, mountinfo, namespaces
 *   PLAN        the metrics to read, and their files
 *   REPORT      snapshots and all arithmetic: growth, rates, shares, limits
 *   LISTING     rows by columns, as text, JSON and CSV. TO ADD A FORMAT, add a row
 *               to renderers[]
 *   ALERTS      rules against a report; the cause of CPU pressure; --check
 *   DISKS       -d, -D, -p; -m, -s, -f
 *   TASKS       states and context switches of a cgroup; --top
 *   CGROUPS     --cgroups: the cgroups below, read, compared and judged
 *   RECORD      --record and --replay
 *   GRAPH       --graph and --svg: graphs of the last reports
 *   PROMETHEUS  /metrics and --prometheus
 *   PAGE        --listen: the dashboard
 *   SERVER      --listen: connections, requests, responses, the sandbox
 *   COMMAND     options, messages, schedule, main. TO ADD A VIEW, add a row to
 *               views[]
 *
 * Invariants: no heap, no stdio, no floating point. A value that was not read
 * is UNAVAILABLE, never 0. Only COMMAND ends the program, and write_out() if
 * standard output fails; only RECORD and SERVER write anywhere else. */

/* ---------------------------------------------------------------- SETUP */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h> /* renameat() alone */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "config.h"

#define VERSION "1.0.0"

_Static_assert(MAX_TASKS >= 16, "MAX_TASKS is too small");
_Static_assert(MAX_LEVELS >= 2 && MAX_LEVELS <= 64, "MAX_LEVELS: 2 to 64");
_Static_assert(MAX_HISTORY >= 2 && MAX_HISTORY % 2 == 0, "MAX_HISTORY: even");
_Static_assert(MAX_DISKS >= 1 && MAX_SLABS >= 1, "MAX_DISKS, MAX_SLABS: at least 1");
_Static_assert(MAX_DISKS < 65536 && MAX_SLABS < 65536, "MAX_DISKS, MAX_SLABS: an item is a uint16_t");
_Static_assert(PATH_BYTES >= 256 && PATH_BYTES <= 65536, "PATH_BYTES: 256 to 65536");
#define MAX_PAGE_REPORTS (MAX_HISTORY < 300 ? MAX_HISTORY : 300) /* more have no room in a panel */
_Static_assert(PAGE_TICK >= 1 && PAGE_SECONDS / PAGE_TICK <= MAX_PAGE_REPORTS,
	       "PAGE_SECONDS / PAGE_TICK: at most 300 and MAX_HISTORY");
_Static_assert(PAGE_IDLE_TICK >= PAGE_TICK && PAGE_SECONDS / PAGE_IDLE_TICK >= 2,
	       "PAGE_IDLE_TICK: PAGE_TICK to PAGE_SECONDS / 2");
_Static_assert(OUT_BYTES < 65536, "the length of a chunk has four digits");
_Static_assert(MAX_LEVELS + MAX_CHILDREN < 65536, "MAX_CHILDREN: an item is a uint16_t");
_Static_assert(MAX_CONNECTIONS >= 2 && REQUEST_BYTES >= 4096, "MAX_CONNECTIONS, REQUEST_BYTES: too small");
_Static_assert(SCAN_BYTES >= 1024, "a cpu line must fit in SCAN_BYTES");
_Static_assert(OUT_BYTES >= 8192, "a report must fit in OUT_BYTES");

#define LENGTH(array) (sizeof (array) / sizeof *(array))

/* A table that is large and mostly untouched: it begins a page. The linker places the most
 * aligned first, so that the variables that each tick touches share few pages. */
#define LARGE _Alignas(4096) static

/* Rows of a table if a switch is 1, nothing if it is 0. */
#define IF(with, ...) IF_(with, __VA_ARGS__)
#define IF_(with, ...) IF_##with(__VA_ARGS__)
#define IF_0(...)
#define IF_1(...) __VA_ARGS__

/* A number that is unknown, in snapshots and in reports. The arithmetic of REPORT
 * carries it: any result of it, or one that overflows, is UNAVAILABLE. */
#define UNAVAILABLE UINT64_MAX

/* More than any gauge can be, and made UNAVAILABLE by REPORT. */
#define FALSE_NUMBER (UINT64_MAX >> 1)

/* A limit that is not set: "max", -1, or no such file. */
#define UNLIMITED (UINT64_MAX - 1)

#define NS_PER_S 1000000000u
#define MOST_CPUS 8192 /* no kernel is built for more */
#define SECTOR_BYTES 512
#define MAX_TOP 100 /* rows of --top */
#define NAME_BYTES 33 /* the name of a device or slab cache: the kernel's have 32 at most */

/* ----------------------------------------------------------------- OUTPUT
 *
 * Text is appended to a sink, which is written as a whole. Each out_ function appends
 * one kind of thing; each parse_ function is the reverse. */

/* Text on its way to a descriptor. Overflow is sticky and checked when the sink is
 * written: a report is one write(2), or none. */
struct sink {
	char *text;
	size_t size, n;
	bool overflow;
};

#define SINK(buffer) { buffer, sizeof buffer, 0, false }

LARGE char stdout_buffer[OUT_BYTES];
static struct sink stdout_sink = SINK(stdout_buffer);

static void out_char(struct sink *o, char c)
{
	if (o->n == o->size)
		o->overflow = true;
	else
		o->text[o->n++] = c;
}

/* Takes n bytes, or those that are left. Returns how many. */
static size_t take_room(struct sink *o, size_t n)
{
	size_t room = o->size - o->n;

	o->overflow |= n > room;
	n = n < room ? n : room;
	o->n += n;
	return n;
}

static void out_bytes(struct sink *o, const char *p, size_t n)
{
	char *to = o->text + o->n;

	memcpy(to, p, take_room(o, n));
}

static void out_str(struct sink *o, const char *s)
{
	out_bytes(o, s, strlen(s));
}

/* Terminates the text with a NUL, which replaces its last byte if the sink is full. */
static char *out_end(struct sink *o)
{
	out_char(o, '\0');
	o->text[o->n - 1] = '\0';
	return o->text;
}

static void out_fill(struct sink *o, char c, size_t n)
{
	char *to = o->text + o->n;

	memset(to, c, take_room(o, n));
}

/* Pads the text since `start` with blanks up to `end`, before it or after it. */
static void out_align(struct sink *o, size_t start, size_t end, bool right)
{
	char *text = o->text + start;
	size_t n = o->n - start, blanks;

	if (o->n >= end)
		return;
	blanks = take_room(o, end - o->n);
	memmove(text + (right ? blanks : 0), text, n);
	memset(text + (right ? 0 : n), ' ', blanks);
}

static void out_left(struct sink *o, const char *s, size_t width)
{
	size_t start = o->n;

	out_str(o, s);
	out_align(o, start, start + width, false);
}

/* v in decimal, with leading zeros to `width` digits. */
static void out_digits(struct sink *o, uint64_t v, unsigned width)
{
	char buf[20], *end = buf + sizeof buf, *p = end;

	while (v || p > end - width) {
		*--p = (char)('0' + v % 10);
		v /= 10;
	}
	out_bytes(o, p, (size_t)(end - p));
}

/* The last `digits` hexadecimal digits of v. */
static void out_hex(struct sink *o, uint64_t v, unsigned digits)
{
	while (digits--)
		out_char(o, "0123456789abcdef"[v >> 4 * digits & 15]);
}

static void out_u64(struct sink *o, uint64_t v)
{
	out_digits(o, v, 1);
}

/* v / by, to the nearest. */
static uint64_t rounded(uint64_t v, uint64_t by)
{
	return v / by + (v % by * 2 >= by);
}

/* Millionths, rounded to two decimals. */
static void out_hundredths(struct sink *o, uint64_t micro)
{
	uint64_t hundredths = rounded(micro, 10000);

	out_u64(o, hundredths / 100);
	out_char(o, '.');
	out_digits(o, hundredths % 100, 2);
}

/* v * 10^-places, without trailing zeros. */
static void out_decimal(struct sink *o, uint64_t v, unsigned places)
{
	uint64_t one = 1, rest;
	unsigned i;

	for (i = 0; i < places; i++)
		one *= 10;
	out_u64(o, v / one);
	rest = v % one;
	if (!rest)
		return;
	for (; rest % 10 == 0; rest /= 10)
		places--;
	out_char(o, '.');
	out_digits(o, rest, places);
}

/* Thousandths. */
static void out_milli(struct sink *o, uint64_t milli)
{
	out_decimal(o, milli, 3);
}

/* Thousandths of bytes, in at most five characters: 512M, 7.8G, 1023K. */
static void out_human(struct sink *o, uint64_t milli)
{
	uint64_t tenths = milli / 100;
	unsigned u = 0;

	while (tenths >= 10235 && u < 6) {
		tenths = (tenths + 512) / 1024;
		u++;
	}
	out_u64(o, tenths < 100 && u ? tenths / 10 : (tenths + 5) / 10);
	if (tenths < 100 && u) {
		out_char(o, '.');
		out_u64(o, tenths % 10);
	}
	if (tenths)
		out_char(o, "BKMGTPE"[u]);
}

/* A count, in at most four characters: 9999, 12k, 1.1M. */
static void out_count(struct sink *o, uint64_t v)
{
	const char *letter = "kMGTPE";
	uint64_t unit = 1000, tenths;

	if (v < 10000) {
		out_u64(o, v);
		return;
	}
	for (; rounded(v, unit) >= 1000; unit *= 1000)
		letter++;
	tenths = rounded(v, unit / 10);
	out_u64(o, tenths < 100 ? tenths / 10 : rounded(v, unit));
	if (tenths < 100) {
		out_char(o, '.');
		out_u64(o, tenths % 10);
	}
	out_char(o, *letter);
}

/* Does it continue a UTF-8 character? */
static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Decodes the UTF-8 character at p. Returns its length, or 0 if RFC 3629 does not allow it:
 * overlong, a surrogate, above U+10FFFF. */
static size_t utf8_char(const char *p, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*p;
	size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0, i;

	*c = n < 2 ? first : first & 0x7fu >> n;
	for (i = 1; i < n; i++) {
		if (!is_continuation(p[i]))
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	return *c < least[n] || (*c >= 0xd800 && *c < 0xe000) || *c > 0x10ffff ? 0 : n;
}

/* C0, DEL, C1 */
static bool is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0);
}

/* Does it reorder or hide text? Bidirectional controls, zero width, invisible operators,
 * line and paragraph separators. */
static bool is_deceptive(uint32_t c)
{
	return c == 0x61c || (c >= 0x200b && c < 0x2010) || (c >= 0x2028 && c < 0x202f) ||
		(c >= 0x2060 && c < 0x2070) || c == 0xfeff;
}

/* Where untrusted text goes: names of cgroups, devices, processes. TERMINAL and HTML are
 * read by people; CSV is a field, JSON a string and LABEL the value of a Prometheus label,
 * each with its quotes. */
enum escape { ESCAPE_TERMINAL, ESCAPE_HTML, ESCAPE_CSV, ESCAPE_JSON, ESCAPE_LABEL };

/* Stands for the character c, n bytes at p, or for a byte that is not UTF-8 (n is 0): an
 * escape, or `?` in formats that have none. */
static void out_escape(struct sink *o, enum escape how, uint32_t c, const char *p, size_t n)
{
	const char *end = p + (n ? n : 1);

	if (how == ESCAPE_JSON) {
		out_str(o, "\\u");
		out_hex(o, n ? c : 0xfffd, 4);
	} else if (how == ESCAPE_LABEL && c == '\n') {
		out_str(o, "\\n");
	} else if (how == ESCAPE_LABEL) { /* the format knows no other escape: the text says \xHH */
		for (; p < end; p++) {
			out_str(o, "\\\\x");
			out_hex(o, (unsigned char)*p, 2);
		}
	} else {
		out_char(o, '?');
	}
}

/* The text after `start` in s, or NULL if s does not begin with it. Stops at the first
 * difference, so that s need not end with a NUL. */
static const char *after(const char *s, const char *start)
{
	while (*start)
		if (*s++ != *start++)
			return NULL;
	return s;
}

/* Does a name contain what out_escape() writes into a label? Its backslash is escaped, too:
 * two names must not be one series. Other escapes, as systemd's \x2d, stay as they are. */
static bool is_like_escape(const char *p)
{
	p = after(p, "\\x");
	return p && *p && (strchr("0189abcdef", *p) || after(p, "5c") || after(p, "7f"));
}

/* Untrusted text, on one line: control characters and invalid UTF-8 are escaped, for
 * people also what deceives them. */
static void out_escaped(struct sink *o, enum escape how, const char *p)
{
	bool quoted = how >= ESCAPE_JSON || (how == ESCAPE_CSV && (strchr(p, ',') || strchr(p, '"')));
	uint32_t c;
	size_t n;

	if (quoted)
		out_char(o, '"');
	for (;; p += n ? n : 1) {
		for (n = 0; p[n] >= ' ' && p[n] < 0x7f && p[n] != '"' && p[n] != '\\' && p[n] != '<' && p[n] != '>' &&
			    p[n] != '&'; n++)
			;
		out_bytes(o, p, n); /* what is the same everywhere */
		p += n;
		if (!*p)
			break;
		n = utf8_char(p, &c);
		if (!n || (is_control(c) && !(how == ESCAPE_CSV && c == '\t')) ||
		    (how <= ESCAPE_HTML && is_deceptive(c)) || (how == ESCAPE_LABEL && is_like_escape(p))) {
			out_escape(o, how, c, p, n);
		} else if (how == ESCAPE_HTML && strchr("<>&", *p)) {
			out_str(o, *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : "&amp;");
		} else {
			if (how >= ESCAPE_JSON && (c == '"' || c == '\\'))
				out_char(o, '\\');
			if (how == ESCAPE_CSV && c == '"')
				out_char(o, '"');
			out_bytes(o, p, n);
		}
	}
	if (quoted)
		out_char(o, '"');
}

static void out_safe(struct sink *o, const char *p)
{
	out_escaped(o, ESCAPE_TERMINAL, p);
}

/* A piece of text, in a scanner's buffer or elsewhere. The byte at `end` is no part of a
 * number or key: a newline, a blank or a NUL. */
struct text {
	const char *p, *end;
};

static uint64_t least_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_text(const struct text *w, const char *s)
{
	return after(w->p, s) == w->end;
}

/* Copies a text into `to`, of `size` bytes. Returns false if it had to be cut. */
static bool copy_text(char *to, size_t size, const struct text *w)
{
	size_t n = (size_t)least_of((size_t)(w->end - w->p), size - 1);

	memcpy(to, w->p, n);
	to[n] = '\0';
	return w->p + n == w->end;
}

/* Takes the text up to the next `c`, or to the end, off *rest. Returns false when nothing
 * is left. */
static bool next_part(struct text *rest, char c, struct text *part)
{
	if (!rest->p)
		return false;
	part->p = part->end = rest->p;
	while (part->end < rest->end && *part->end != c)
		part->end++;
	rest->p = part->end < rest->end ? part->end + 1 : NULL;
	return true;
}

/* Appends a digit to a number; false above 2^64-1. */
static bool append_digit(uint64_t *n, char digit)
{
	return !__builtin_mul_overflow(*n, 10u, n) && !__builtin_add_overflow(*n, (unsigned)(digit - '0'), n);
}

/* Parses the digits at *p, up to a byte that is none, and advances *p over them. False
 * without digits, and above 2^64-1. */
static bool parse_digits(const char **p, uint64_t *v)
{
	const char *q = *p;
	uint64_t n = 0;

	for (; is_digit(*q); q++)
		if (!append_digit(&n, *q))
			return false;
	if (q == *p)
		return false;
	*p = q;
	*v = n;
	return true;
}

/* Parses a string that is a number and nothing else. */
static bool parse_number(const char *s, uint64_t *v)
{
	return parse_digits(&s, v) && !*s;
}

/* Parses the decimal number at *p in units of 10^-places, without further decimals, and
 * advances *p over it. */
static bool parse_decimal(const char **p, unsigned places, uint64_t *v)
{
	const char *q = *p;
	uint64_t n = 0;

	if (*q == '.' ? !is_digit(q[1]) : !parse_digits(&q, &n))
		return false;
	if (*q == '.')
		q++;
	for (; places; places--, q += is_digit(*q))
		if (!append_digit(&n, is_digit(*q) ? *q : '0'))
			return false;
	while (is_digit(*q))
		q++;
	*p = q;
	*v = n;
	return true;
}

struct date {
	unsigned year, month, day;
};

/* The calendar counts from 1 March of the year 0: a leap day ends the year, and the months
 * from March on have 153 days in each five. */
#define DAYS_BEFORE_1970 719468
#define DAYS_OF_400_YEARS 146097

/* The days from 1970-01-01 to a date. 30 February counts as 1 or 2 March. */
static uint64_t days_of_date(const struct date *d)
{
	uint64_t year = d->year - (d->month < 3), month = (d->month + 9) % 12;

	return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + d->day - 1 -
		DAYS_BEFORE_1970;
}

static struct date date_of_days(uint64_t days)
{
	unsigned day = (unsigned)((days + DAYS_BEFORE_1970) % DAYS_OF_400_YEARS), month;
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365; /* of these 400 */
	unsigned before = (unsigned)((days + DAYS_BEFORE_1970) / DAYS_OF_400_YEARS) * 400;

	day -= year * 365 + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	return (struct date){ before + year + (month > 9), (month + 2) % 12 + 1, day - (153 * month + 2) / 5 + 1 };
}

/* "HH:MM:SS" */
static void out_clock(struct sink *o, uint64_t seconds)
{
	out_digits(o, seconds / 3600 % 24, 2);
	out_char(o, ':');
	out_digits(o, seconds / 60 % 60, 2);
	out_char(o, ':');
	out_digits(o, seconds % 60, 2);
}

/* Seconds since 1970 as "YYYY-MM-DD HH:MM:SS", with `between` for the blank. */
static void out_date(struct sink *o, uint64_t seconds, char between)
{
	struct date date = date_of_days(seconds / 86400);

	out_digits(o, date.year, 4);
	out_char(o, '-');
	out_digits(o, date.month, 2);
	out_char(o, '-');
	out_digits(o, date.day, 2);
	out_char(o, between);
	out_clock(o, seconds);
}

/* "Thu, 26 Nov 2026 02:03:04 GMT", for HTTP. */
static void out_http_date(struct sink *o, uint64_t seconds)
{
	static const char days[] = "Thu, Fri, Sat, Sun, Mon, Tue, Wed, ";
	static const char months[] = " Jan  Feb  Mar  Apr  May  Jun  Jul  Aug  Sep  Oct  Nov  Dec ";
	struct date date = date_of_days(seconds / 86400);

	out_bytes(o, days + seconds / 86400 % 7 * 5, 5);
	out_digits(o, date.day, 2);
	out_bytes(o, months + (date.month - 1) * 5, 5);
	out_digits(o, date.year, 4);
	out_char(o, ' ');
	out_clock(o, seconds);
	out_str(o, " GMT");
}

/* Parses exactly `digits` digits at *p, at most `most`, and advances *p over them. */
static bool parse_part(const char **p, unsigned digits, unsigned most, unsigned *v)
{
	for (*v = 0; digits && is_digit(**p); digits--)
		*v = *v * 10 + (unsigned)(*(*p)++ - '0');
	return !digits && *v <= most;
}

/* Parses "YYYY-MM-DD" at *p, 1970 or later, as days, and advances *p. */
static bool parse_date(const char **p, uint64_t *days)
{
	struct date d;

	if (!parse_part(p, 4, 9999, &d.year) || *(*p)++ != '-' || !parse_part(p, 2, 12, &d.month) ||
	    *(*p)++ != '-' || !parse_part(p, 2, 31, &d.day) || d.year < 1970 || !d.month || !d.day)
		return false;
	*days = days_of_date(&d);
	return date_of_days(*days).day == d.day; /* else the month is shorter */
}

/* Parses "HH:MM:SS" or "HH:MM" at *p, as seconds, and advances *p. */
static bool parse_clock(const char **p, uint64_t *seconds)
{
	unsigned hour, minute, second = 0;

	if (!parse_part(p, 2, 23, &hour) || *(*p)++ != ':' || !parse_part(p, 2, 59, &minute) ||
	    (**p == ':' && (++*p, !parse_part(p, 2, 60, &second)))) /* 60: a leap second */
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	return true;
}

/* A time in ns since 1970; times after 2554 are cut to the largest. */
static uint64_t ns_of_time(uint64_t days, uint64_t seconds)
{
	return least_of(days * 86400 + seconds, UINT64_MAX / NS_PER_S - 1) * NS_PER_S;
}

/* Parses "YYYY-MM-DDTHH:MM:SS.sssZ" at *p, RFC 3339, in ns since 1970, and advances *p. */
static bool parse_time(const char **p, uint64_t *ns)
{
	uint64_t days, seconds, fraction = 0, scale = NS_PER_S;

	if (!parse_date(p, &days) || (**p != 'T' && **p != ' ') || (++*p, !parse_clock(p, &seconds)))
		return false;
	if (**p == '.')
		while (is_digit(*++*p))
			fraction += (unsigned)(**p - '0') * (scale /= 10);
	*ns = ns_of_time(days, seconds) + fraction;
	return *(*p)++ == 'Z';
}

/* Knows %s, %u, %ju (uint64_t) and %% only. `safe`: %s is untrusted. */
static void out_format(struct sink *o, bool safe, const char *f, va_list ap)
{
	for (;;) {
		const char *next = strchrnul(f, '%');

		out_bytes(o, f, (size_t)(next - f));
		if (!*next)
			return;
		f = next + 2;
		switch (next[1]) {
		case '%':
			out_char(o, '%');
			break;
		case 's':
			(safe ? out_safe : out_str)(o, va_arg(ap, const char *));
			break;
		case 'u':
			out_u64(o, va_arg(ap, unsigned));
			break;
		default:
			f++;
			out_u64(o, va_arg(ap, uint64_t));
		}
	}
}

__attribute__((format(printf, 2, 3)))
static void out(struct sink *o, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	out_format(o, false, f, ap);
	va_end(ap);
}

/* Breaks lines at blanks where a terminal of so many columns ends; 0: it has no end. */
static void break_lines(char *line, const char *end, size_t columns)
{
	char *blank;

	for (; columns && (size_t)(end - line) > columns; line = blank + 1) {
		blank = memrchr(line, '\n', columns + 1);
		blank = blank ? blank : memrchr(line, ' ', columns + 1);
		blank = blank ? blank : memchr(line, ' ', (size_t)(end - line)); /* after a longer word */
		if (!blank)
			return;
		*blank = '\n';
	}
}

/* Writes a line to standard error, on a terminal broken at blanks. What is too long is cut,
 * not within a character; a failure cannot be reported anywhere. A colon at the end of `f`
 * appends the meaning of `error`, an errno. */
static void say(int error, const char *f, va_list ap)
{
	char buffer[2 * PATH_BYTES];
	struct sink o = SINK(buffer);
	struct winsize w = { 0 };

	out_str(&o, "vmstat: ");
	out_format(&o, true, f, ap);
	if (f[strlen(f) - 1] == ':') {
		out_char(&o, ' ');
		out_str(&o, strerror(error));
	}
	out_char(&o, '\n');
	while (o.overflow && is_continuation(buffer[o.n - 1]))
		o.n--;
	buffer[o.n - 1] = '\n';
	ioctl(STDERR_FILENO, TIOCGWINSZ, &w);
	break_lines(buffer, buffer + o.n - 1, w.ws_col);
	if (write(STDERR_FILENO, buffer, o.n) < 0)
		return;
}

static bool quiet; /* -q: only errors are reported */

__attribute__((format(printf, 2, 3)))
static void warn(int error, const char *f, ...)
{
	va_list ap;

	if (quiet && !error)
		return;
	va_start(ap, f);
	say(error, f, ap);
	va_end(ap);
}

static uint8_t error_status = 1; /* 3 for --check: "unknown" in monitoring */

/* For COMMAND and write_out() alone: other code returns an error. */
__attribute__((format(printf, 2, 3)))
_Noreturn static void die(int error, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	say(error, f, ap);
	va_end(ap);
	_exit(error_status);
}

static volatile sig_atomic_t stopped; /* the signal noted; 0: none */

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP };

static void note_signal(int signal_number)
{
	stopped = signal_number;
}

static void exit_by_signal(int signal_number)
{
	_exit(128 + signal_number);
}

/* Notes the signals from end_signals[first] on, for views with work to finish; the others
 * end the program, even as process 1 of a container. A signal ignored at the start stays
 * ignored: nohup, a background job of a shell. A second signal has its default action. */
static void handle_signals(unsigned first)
{
	struct sigaction action = { .sa_flags = (int)SA_RESETHAND }, old;
	unsigned i;

	for (i = getpid() == 1 ? 0 : first; i < LENGTH(end_signals); i++) {
		action.sa_handler = i >= first ? note_signal : exit_by_signal;
		if (sigaction(end_signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(end_signals[i], &action, NULL);
	}
}

/* Ends the program by the noted signal, so that a shell's loop ends, too. */
_Noreturn static void die_of_signal(void)
{
	raise(stopped);
	_exit(128 + stopped);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0, 0 };

	if (clock_gettime(id, &t) && id == CLOCK_BOOTTIME)
		clock_gettime(CLOCK_MONOTONIC, &t); /* before Linux 2.6.39 */
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Sleeps until CLOCK_BOOTTIME is `due` or one of n descriptors is ready. Returns how many
 * are, as poll(2), or -1 and errno; 0 also once a signal other than `known` is noted.
 * Signals are blocked except during the wait, so that none is lost. */
static int wait_until(uint64_t due, struct pollfd *fds, nfds_t n, int known)
{
	sigset_t all, before;
	int ready = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	while (stopped == known) {
		uint64_t now = clock_ns(CLOCK_BOOTTIME), left = due > now ? due - now : 0;
		struct timespec t = { (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };

		ready = left ? ppoll(fds, n, &t, &before) : 0;
		if (!left || ready > 0 || (ready < 0 && errno != EINTR && errno != ENOMEM))
			break;
		if (ready < 0 && errno == ENOMEM) { /* kernel memory; soon over */
			t = (struct timespec){ 0, NS_PER_S / 10 };
			ppoll(NULL, 0, &t, &before);
		}
		ready = 0;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ready;
}

/* Writes a sink's text to standard output. A closed pipe ends the program quietly:
 * the reader has enough; a verdict that nobody has read is unknown. Any other failure is
 * an error. */
static void write_out(struct sink *o)
{
	const char *p = o->text;

	if (o->overflow)
		die(0, "a report is longer than %ju bytes", (uint64_t)o->size);
	while (o->n) {
		ssize_t n = write(STDOUT_FILENO, p, o->n);
		struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };

		if (n >= 0) {
			p += n;
			o->n -= (size_t)n;
		} else if (errno == EPIPE) {
			_exit(error_status == 1 ? 0 : error_status);
		} else if (errno == EAGAIN) {
			poll(&out, 1, -1);
		} else if (errno != EINTR) {
			die(errno, "write error:");
		} else if (stopped) {
			die_of_signal(); /* the reader has stopped */
		}
	}
}

/* ---------------------------------------------------------------- READING
 *
 * A scanner streams a file, line by line, through one fixed buffer, so that a
 * /proc/stat of 4,096 CPUs takes no more memory than a small one. */

/* A file that stays open. */
struct file {
	int fd;    /* plus one; 0: not opened yet, -1: unavailable */
	int error; /* errno of the last open or read, or 0 */
	int said;  /* its error at the last warning about it, plus one; 0: none yet */
};

/* Joins a[0..n), b and c in `to`, of PATH_BYTES; false if they do not fit. */
static bool join_n(char *to, const char *a, size_t n, const char *b, const char *c)
{
	size_t nb = strlen(b), nc = strlen(c);

	if (n + nb + nc >= PATH_BYTES)
		return false;
	memmove(to, a, n);
	memcpy(to + n, b, nb);
	memcpy(to + n + nb, c, nc + 1);
	return true;
}

static bool join(char *to, const char *a, const char *b, const char *c)
{
	return join_n(to, a, strlen(a), b, c);
}

/* Opens the file NAME TAIL of the directory dir[0..n) for reading. Returns -1 and sets
 * *error if that fails. */
static int open_below(const char *dir, size_t n, const char *name, const char *tail, int *error)
{
	char path[PATH_BYTES];
	int fd;

	*error = ENAMETOOLONG;
	if (!join_n(path, dir, n, "/", name) || !join(path, path, tail, ""))
		return -1;
	fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	*error = fd < 0 ? errno : 0;
	return fd;
}

static bool path_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The entries of a directory, but for . and .. */
struct entries {
	int fd, error; /* errno of a failed read, or 0 */
	long got, at;
	bool is_directory; /* the entry that was returned last */
	_Alignas(struct dirent) char buffer[1024];
};
_Static_assert(offsetof(struct dirent, d_name) == 19, "struct dirent is what getdents64(2) writes");

/* False, and errno, where there is no such directory. The descriptor is to be
 * closed. */
static bool entries_open(struct entries *e, const char *path)
{
	e->error = 0;
	e->got = e->at = 0;
	e->fd = open(path, O_RDONLY | O_DIRECTORY);
	return e->fd >= 0;
}

/* The next name; NULL at the end, and where the rest cannot be read: then `error`
 * is why. */
static const char *next_entry(struct entries *e)
{
	for (;;) {
		const struct dirent *entry;

		if (e->at == e->got) {
			e->got = syscall(SYS_getdents64, e->fd, e->buffer, sizeof e->buffer);
			e->at = 0;
			e->error = e->got < 0 ? errno : 0;
			if (e->got <= 0)
				return NULL;
		}
		entry = (const void *)(e->buffer + e->at);
		e->at += entry->d_reclen;
		e->is_directory = entry->d_type == DT_DIR;
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			return entry->d_name;
	}
}

#define SCAN_MOST (64 << 20) /* no file of the kernel's is longer */

struct scanner {
	int fd, error;    /* errno of a failed open or read, or 0 */
	off_t offset;     /* of `end` in the file */
	char *next, *end; /* the buffered bytes that are still to be returned */
	bool eof;
	bool stream;      /* reads move the descriptor: a pipe, or a file of any length */
	bool cut;         /* the last line did not fit in the buffer: its rest follows */
	size_t most;      /* bytes of one read */
	char buffer[SCAN_BYTES + 1]; /* a newline follows the last byte */
};

/* Scans a file from its start; the caller closes it. Without a descriptor, -1, there are
 * no lines, and `error` is the reason. */
static void scan_start(struct scanner *s, int fd, int error)
{
	s->fd = fd;
	s->error = error;
	s->offset = 0;
	s->next = s->end = s->buffer;
	s->buffer[0] = '\n';
	s->eof = fd < 0;
	s->stream = s->cut = false;
	s->most = SCAN_BYTES;
}

/* Scans from the descriptor's own offset: a pipe, or a file that is not the kernel's. */
static void scan_start_stream(struct scanner *s, int fd, off_t offset)
{
	scan_start(s, fd, 0);
	s->stream = true;
	s->offset = offset;
}

/* Closes the file. Returns the errno of a failed open or read, or 0. */
static int scan_close(struct scanner *s)
{
	if (s->fd >= 0)
		close(s->fd);
	return s->error;
}

static bool scan_copies; /* of a kernel's files: a last line without a newline is whole */

/* Reads more. The bytes still to be returned move to the front of the buffer. */
static void scan_fill(struct scanner *s)
{
	size_t left = (size_t)(s->end - s->next), room = s->most < SCAN_BYTES - left ? s->most : SCAN_BYTES - left;
	ssize_t n = -1;

	memmove(s->buffer, s->next, left);
	s->next = s->buffer;
	s->end = s->buffer + left;
	s->error = EFBIG;
	if (s->stream || s->offset < SCAN_MOST) {
		do
			n = s->stream ? read(s->fd, s->end, room) : pread(s->fd, s->end, room, s->offset);
		while (n < 0 && errno == EINTR);
		s->error = n < 0 ? errno : 0;
	}
	s->eof = n <= 0;
	if (n > 0) {
		s->end += n;
		s->offset += n;
	}
	*s->end = '\n';
	if (!n && scan_copies && !s->stream && left && left < SCAN_BYTES)
		*++s->end = '\n';
}

/* The next line, without its newline. A line longer than the buffer is cut at a blank and
 * its rest skipped. A last line without a newline is not returned: the kernel ends each
 * line, so this one was cut, perhaps within a number. */
static bool scan_line(struct scanner *s, struct text *line)
{
	for (;;) {
		char *end = memchr(s->next, '\n', (size_t)(s->end - s->next) + 1);
		bool whole = end < s->end, full = s->next == s->buffer && end == s->buffer + SCAN_BYTES, rest = s->cut;

		if (whole || (full && !rest)) {
			*line = (struct text){ s->next, end };
			s->next = end + whole;
			s->cut = !whole;
			if (!rest)
				break;
			continue;
		}
		if (rest)
			s->next = s->end;
		if (s->eof)
			return false;
		scan_fill(s);
	}
	while (s->cut && line->end > line->p && !is_blank(*line->end))
		line->end--;
	return true;
}

/* Skips to the first line that begins in the last n buffered bytes. */
static void scan_skip_to_last(struct scanner *s, size_t n)
{
	char *line = (size_t)(s->end - s->next) > n ? memchr(s->end - n, '\n', n) : NULL;

	if (line)
		s->next = line + 1;
}

/* Takes the next word off the line; false at its end. */
static bool scan_word(struct text *line, struct text *w)
{
	const char *p = line->p;

	while (p < line->end && is_blank(*p))
		p++;
	w->p = p;
	while (p < line->end && !is_blank(*p))
		p++;
	w->end = line->p = p;
	return w->p < p;
}

/* Takes the next word off the line, as a number. Lines of a copied tree may end in CR LF. */
static bool scan_number(struct text *line, uint64_t *v)
{
	struct text w;

	return scan_word(line, &w) && parse_digits(&w.p, v) && (w.p == w.end || (*w.p == '\r' && w.p + 1 == w.end));
}

/* The text after "key " or "key:" at p, or NULL if it begins with something else. */
static const char *after_key(const char *p, const char *key)
{
	p = after(p, key);
	return p && (is_blank(*p) || *p == ':') ? p + 1 : NULL;
}

/* Takes the key off the line; false if it begins with something else. */
static bool take_key(struct text *line, const char *key)
{
	const char *p = after_key(line->p, key);

	line->p = p ? p : line->p;
	return p != NULL;
}

/* Counts the lines that come next and begin with this key and a digit: cpu0, cpu1. */
static uint64_t scan_numbered(struct scanner *s, const char *key)
{
	struct text line;
	const char *p;
	uint64_t n = 0;

	while (scan_line(s, &line)) {
		p = after(line.p, key);
		if (!p || !is_digit(*p)) {
			s->next = (char *)line.p; /* it is for another reader */
			s->cut = false;
			break;
		}
		n++;
	}
	return n;
}

/* The text after a name, as in "total=", among the pairs of a line from p on, which a byte
 * precedes; NULL if it is not there. */
static const char *after_name(const char *p, const char *end, const char *name)
{
	const char *value;

	for (; p < end && *p != '\n'; p++)
		if (is_blank(p[-1]) && (value = after(p, name)))
			return value;
	return NULL;
}

/* The offset in the file of a byte in the buffer. */
static uint64_t scan_position(const struct scanner *s, const char *p)
{
	return (uint64_t)(s->offset - (s->end - p));
}

#define JUMP_SLACK 16

/* Skips to the line with this key, where it stood the last time, or a few bytes off, as
 * the numbers before it may have more or fewer digits now. Returns the text after the key,
 * or NULL if it is not there. */
static const char *scan_jump(struct scanner *s, uint64_t position, const char *key)
{
	uint64_t ahead = position - scan_position(s, s->next), left = (uint64_t)(s->end - s->next), i;

	for (i = 0; i <= 2 * JUMP_SLACK + 1; i++) {
		uint64_t at = i ? ahead + i - 1 - JUMP_SLACK : ahead;
		const char *rest;

		if (at >= left || (at ? s->next[at - 1] != '\n' : s->cut))
			continue;
		rest = after_key(s->next + at, key);
		if (rest) {
			s->next += at;
			s->cut = false;
			return rest;
		}
	}
	return NULL;
}

/* -------------------------------------------------------------- CATALOGUE
 *
 * Tables that drive everything else. A list macro makes the enumerators and
 * the rows of a table, and has no other expansions. Fields are pasted to a
 * prefix, so that swapped fields do not compile. The order of rows is the
 * order of the output and means nothing else. */

/* Directories that hold files: the roots, and the cgroup's directory in the
 * hierarchy of each controller. */
enum directory {
	DIR_PROC, DIR_SYS, DIR_MEMORY, DIR_CPU, DIR_CPUACCT, DIR_IO, DIR_CPUSET, DIR_PIDS, DIR_PRESSURE, DIR_COUNT,
	DIR_FIRST_HIERARCHY = DIR_SYS + 1
};

/* The controllers of hierarchies: their names in v1, "" if only v2 has it. */
static const char *const controllers[DIR_COUNT] = {
	[DIR_MEMORY] = "memory", [DIR_CPU] = "cpu", [DIR_CPUACCT] = "cpuacct", [DIR_IO] = "blkio",
	[DIR_CPUSET] = "cpuset", [DIR_PIDS] = "pids", [DIR_PRESSURE] = ""
};

/* The format of a file.
 *   WORDS   lines "key number..." or "key: number..."
 *   PSI     lines "some avg10=... total=N"; the key is some or full, the number total;
 *           with NTH(1) avg10
 *   NUMBER  one line of numbers
 *   AVERAGES  the same, with decimals, in thousandths
 *   LIMIT   the same; "max", -1 and a missing file are UNLIMITED
 *   CPUS    the number of CPUs in a list like "0-3,8"
 *   CODE    read by a function of its own */
enum format { FORMAT_WORDS, FORMAT_PSI, FORMAT_NUMBER, FORMAT_AVERAGES, FORMAT_LIMIT, FORMAT_CPUS, FORMAT_CODE };

/* The files: S(id, directory, format, name), with NAME(name), OR(name) for the name in
 * other kernels. Defined by proc.rst, accounting/psi.rst, admin-guide/cgroup-v2.rst and
 * admin-guide/cgroup-v1/ in Linux 6.13's Documentation. */
#define SOURCES(S) \
	S(STAT, PROC, WORDS, "stat") \
	S(MEMINFO, PROC, WORDS, "meminfo") \
	S(VMSTAT, PROC, WORDS, "vmstat") \
	S(PSI_CPU, PROC, PSI, "pressure/cpu") \
	S(PSI_MEMORY, PROC, PSI, "pressure/memory") \
	S(PSI_IO, PROC, PSI, "pressure/io") \
	S(PSI_IRQ, PROC, PSI, "pressure/irq") \
	S(LOADAVG, PROC, AVERAGES, "loadavg") \
	S(CPU_ONLINE, SYS, CPUS, "devices/system/cpu/online") \
	S(CPU_POSSIBLE, SYS, CPUS, "devices/system/cpu/possible") \
	S(CG_PSI_CPU, PRESSURE, PSI, "cpu.pressure") \
	S(CG_PSI_MEMORY, PRESSURE, PSI, "memory.pressure") \
	S(CG_PSI_IO, PRESSURE, PSI, "io.pressure") \
	S(CG_PSI_IRQ, PRESSURE, PSI, "irq.pressure") \
	S(MEM_STAT, MEMORY, WORDS, "memory.stat") \
	S(MEM_CURRENT, MEMORY, NUMBER, "memory.current") \
	S(MEM_MAX, MEMORY, LIMIT, "memory.max") \
	S(MEM_HIGH, MEMORY, LIMIT, "memory.high") \
	S(MEM_PEAK, MEMORY, NUMBER, "memory.peak") \
	S(MEM_EVENTS, MEMORY, WORDS, "memory.events") \
	S(SWAP_CURRENT, MEMORY, NUMBER, "memory.swap.current") \
	S(SWAP_MAX, MEMORY, LIMIT, "memory.swap.max") \
	S(CPU_STAT, CPU, WORDS, "cpu.stat") \
	S(CPU_LOCAL, CPU, WORDS, "cpu.stat.local") \
	S(CPU_MAX, CPU, LIMIT, "cpu.max") \
	S(CPUSET_CPUS, CPUSET, CPUS, NAME("cpuset.cpus.effective"), OR("cpuset.cpus")) \
	S(PIDS_CURRENT, PIDS, NUMBER, "pids.current") \
	S(PIDS_MAX, PIDS, LIMIT, "pids.max") \
	S(V1_USAGE, MEMORY, NUMBER, "memory.usage_in_bytes") \
	S(V1_LIMIT, MEMORY, LIMIT, "memory.limit_in_bytes") \
	S(V1_HIERARCHY, MEMORY, NUMBER, "memory.use_hierarchy") \
	S(V1_MEMSW, MEMORY, NUMBER, "memory.memsw.usage_in_bytes") \
	S(V1_MEMSW_LIMIT, MEMORY, LIMIT, "memory.memsw.limit_in_bytes") \
	S(V1_MAX_USAGE, MEMORY, NUMBER, "memory.max_usage_in_bytes") \
	S(V1_FAILCNT, MEMORY, NUMBER, "memory.failcnt") \
	S(V1_KERNEL, MEMORY, NUMBER, "memory.kmem.usage_in_bytes") \
	S(V1_CPUACCT, CPUACCT, WORDS, "cpuacct.stat") \
	S(V1_QUOTA, CPU, LIMIT, "cpu.cfs_quota_us") \
	S(V1_PERIOD, CPU, LIMIT, "cpu.cfs_period_us") \
	S(V1_CPUSET_CPUS, CPUSET, CPUS, NAME("cpuset.effective_cpus"), OR("cpuset.cpus")) \
	S(DEVICES, IO, CODE, NAME("io.stat"), OR("blkio.throttle.io_service_bytes_recursive")) \
	S(OOM_BELOW, MEMORY, CODE, "memory.oom_control") \
	S(OOM_PARENT, MEMORY, CODE, "memory.events") \
	S(DISKSTATS, PROC, CODE, "diskstats") \
	S(EACH_CPU, PROC, CODE, "stat") \
	S(TASKS, PROC, CODE, "")

enum source_id {
	SRC_NONE,
#define S(id, ...) SRC_##id,
	SOURCES(S)
#undef S
	SRC_COUNT
};

static const struct source {
	uint8_t directory, format;
	const char *name, *old_name;
} sources[] = {
#define NAME(new) .name = new
#define OR(old) .old_name = old
#define S(id, directory, format, ...) [SRC_##id] = { DIR_##directory, FORMAT_##format, __VA_ARGS__ },
	SOURCES(S)
#undef S
};

/* The value of a metric in a report.
 *   GAUGE   the value
 *   RATE    growth of a counter per second
 *   COUNT   growth of a counter
 *   TIME    growth of a counter of time, in microseconds
 *   SHARE   growth of a counter of time, in percent of the interval
 *   TOTAL   none: the counter itself is a line of -s */
enum kind { KIND_GAUGE, KIND_RATE, KIND_COUNT, KIND_TIME, KIND_SHARE, KIND_TOTAL };

/* The unit of a number in a kernel file. Counts are ONE. */
enum raw { RAW_ONE, RAW_KIB, RAW_BYTES, RAW_PAGES, RAW_TICKS, RAW_NS, RAW_US };

/* How a value is shown.
 *   TEXT      a name
 *   NAME      a name, cut to the width of its column
 *   TITLE     a name that is the column's heading in text
 *   LEVEL     a level's number, shown as its cgroup's name
 *   ID        an unscaled number that is no count
 *   WHOLE     an unscaled count
 *   DECIMALS  a number in millionths, with two decimals
 *   NUMBER    a number in thousandths, as all below, to the nearest
 *   PERCENT   to the nearest
 *   SIZE      bytes, in the unit of -S, rounded down as procps-ng does
 *   FLOW      bytes per second, in the unit of -S
 *   BLOCKS    bytes per second, always in KiB, whatever -S */
enum unit {
	UNIT_TEXT, UNIT_NAME, UNIT_TITLE, UNIT_LEVEL, UNIT_ID, UNIT_WHOLE, UNIT_DECIMALS, UNIT_NUMBER, UNIT_PERCENT,
	UNIT_SIZE, UNIT_FLOW, UNIT_BLOCKS
};

/* Where a metric is shown without being named by -o.
 *   HIDDEN    nowhere: a term of other metrics, or used by -s and rules
 *   COSTLY    with -x, everywhere
 *   RECORD    JSON and CSV
 *   EXTENDED  and -x
 *   CGROUP    and the table in cgroup scope
 *   TABLE     and the table
 *   CLASSIC   and --classic
 *   ACTIVE    as EXTENDED; in the table with -a
 *   BUFFERS   as CLASSIC; not in the table with -a */
enum show {
	SHOW_HIDDEN, SHOW_COSTLY, SHOW_RECORD, SHOW_EXTENDED, SHOW_CGROUP, SHOW_TABLE, SHOW_CLASSIC, SHOW_ACTIVE,
	SHOW_BUFFERS
};

enum group {
	GROUP_NONE, GROUP_PROCS, GROUP_MEMORY, GROUP_SWAP, GROUP_BLOCKS, GROUP_SYSTEM, GROUP_CPU, GROUP_FAULTS,
	GROUP_USAGE, GROUP_LOAD, GROUP_PRESSURE, GROUP_LIMITS, GROUP_DISK, GROUP_READS, GROUP_WRITES, GROUP_IO
};

static const struct group_row {
	const char *name;
	bool right; /* an odd dash goes to the right, as in procps-ng */
} groups[] = {
	[GROUP_NONE] = { "" }, [GROUP_PROCS] = { "procs" }, [GROUP_MEMORY] = { "memory" }, [GROUP_SWAP] = { "swap" },
	[GROUP_BLOCKS] = { "io" }, [GROUP_SYSTEM] = { "system", true }, [GROUP_CPU] = { "cpu" },
	[GROUP_FAULTS] = { "faults" }, [GROUP_USAGE] = { "usage" }, [GROUP_LOAD] = { "load" },
	[GROUP_PRESSURE] = { "pressure" }, [GROUP_LIMITS] = { "limits" }, [GROUP_DISK] = { "disk", true },
	[GROUP_READS] = { "reads" }, [GROUP_WRITES] = { "writes" }, [GROUP_IO] = { "IO", true }
};

/* A column of a listing. The listing defines its id: a metric, a field of a device, or
 * a number of the listing's own. */
struct column {
	const char *key;     /* in JSON, CSV and -o */
	const char *heading; /* in text; in a stacked listing, after the number */
	uint8_t group, unit;
	uint8_t width[2];    /* narrow, and with -w; 0: not in text */
	uint8_t keep;        /* 0 to 99: a narrow terminal drops the lowest first, equals together */
	uint8_t id;
};

/* Columns of the report itself, the same in every listing. */
enum { ID_INTERVAL = 253, ID_SCOPE, ID_CGROUP };

/* A term of a metric: another metric, added, subtracted, or needed by the maker. An
 * optional one is left out if the kernel does not report it. */
enum term_sign { TERM_MINUS = -1, TERM_END, TERM_PLUS, TERM_NEEDED };

struct term {
	uint8_t metric;
	int8_t sign;
	bool optional;
};

enum scope_kind { HOST = 1, V2 = 2, V1 = 4, CGROUP = V2 | V1, ANY = 7 };

/* Functions that make a metric that is not a sum, in REPORT and DISKS. By another: it is made
 * with a metric that it needs, or as all limits by find_limits(). */
#define MAKERS(F) \
	F(available) F(host_used) F(cpu_time) F(cpus_online) F(cpu_max) \
	F(below_limit) F(cpu_available) F(cpu_used) F(device_rate)

enum maker {
	MAKE_SUM, MAKE_another,
#define F(name) MAKE_##name,
	MAKERS(F)
#undef F
};

/* Special treatment of a number in a file.
 *   LEVELS      read at each level up to the root
 *   NEVER_ZERO  0 means not counted by the kernel
 *   BESIDE      not counted if another metric's raw number is 0
 *   STEPS_BACK  a step back of the counter is no growth
 *   NUMBERED    the number of following lines whose key is this one plus a number */
enum trait { TRAIT_NONE, TRAIT_LEVELS, TRAIT_NEVER_ZERO, TRAIT_BESIDE, TRAIT_STEPS_BACK, TRAIT_NUMBERED };

/* The origin of a metric in some scopes: a number in a file, a sum of terms,
 * or a function of them. */
struct place {
	uint8_t scopes;      /* 0 ends the list; order has no meaning */
	uint8_t source, raw; /* a file and the number's unit there; or SRC_NONE */
	uint8_t nth;         /* the number's place after the key */
	uint8_t trait;       /* enum trait */
	uint8_t maker, over; /* its function; the metric it is a percentage of */
	uint8_t within;      /* the metric, of the same file and unit, that includes it */
	union {
		const char *key;          /* with a source: key of the line; NULL: see code */
		const struct term *terms; /* without: its terms */
	};
};

#define IN(set, ...) IN_##set(__VA_ARGS__)
#define IN_HOST(...) { .scopes = HOST, __VA_ARGS__ },
#define IN_ANY(...) { .scopes = ANY, __VA_ARGS__ },
#define IN_CGROUP(...) IF(WITH_CGROUP, { .scopes = CGROUP, __VA_ARGS__ },)
#define IN_V2(...) IF(WITH_CGROUP, { .scopes = V2, __VA_ARGS__ },)
#define IN_V1(...) IF(WITH_CGROUP, { .scopes = V1, __VA_ARGS__ },)
#define AT(id, unit, name) .source = SRC_##id, .raw = RAW_##unit, .key = name
#define NTH(n) .nth = n
#define LEVELS .trait = TRAIT_LEVELS
#define NEVER_ZERO .trait = TRAIT_NEVER_ZERO
#define STEPS_BACK .trait = TRAIT_STEPS_BACK
#define NUMBERED .trait = TRAIT_NUMBERED
#define FROM(id, unit) .source = SRC_##id, .raw = RAW_##unit
#define MADE_OF(...) .terms = (const struct term[]){ __VA_ARGS__, { 0 } }
#define WITHIN(name) .within = M_##name
#define BESIDE(name) .trait = TRAIT_BESIDE, .within = M_##name
#define OVER(name) .over = M_##name
#define BY(function) .maker = MAKE_##function
#define PLUS(name) { M_##name, TERM_PLUS, false }
#define MINUS(name) { M_##name, TERM_MINUS, false }
#define PLUS_ANY(name) { M_##name, TERM_PLUS, true }
#define MINUS_ANY(name) { M_##name, TERM_MINUS, true }
#define NEEDS(name) { M_##name, TERM_NEEDED, true }

/* Numbers that several scopes have in files of one format, and those of the cpu line. */
#define PSI(file, key) IN(HOST, AT(PSI_##file, US, key)) IN(CGROUP, AT(CG_PSI_##file, US, key))
#define AVG10(file, key) IN(HOST, AT(PSI_##file, ONE, key), NTH(1)) IN(CGROUP, AT(CG_PSI_##file, ONE, key), NTH(1))
#define EVENTS(unit, key) IN(HOST, AT(VMSTAT, unit, key)) IN(V2, AT(MEM_STAT, unit, key))
#define MEMORY_STAT(key) IN(V2, AT(MEM_STAT, BYTES, key)) IN(V1, AT(MEM_STAT, BYTES, "total_" key))
#define CPU_TICKS(...) IN(HOST, AT(STAT, TICKS, "cpu"), __VA_ARGS__)

/* The export of a metric to Prometheus: the name follows vmstat_ for a host, vmstat_cgroup_
 * for a cgroup. A counter is the kernel's count, a gauge the value of a report; in seconds,
 * bytes, or unscaled. Rows of one name are adjacent and differ in a label.
 * SELF: for the cgroup in scope; CGROUP: also for those below. The names follow
 * https://prometheus.io/docs/practices/naming/. */
enum { SELF = 8 };

enum export_type { TYPE_GAUGE, TYPE_COUNTER };

struct export {
	const char *name, *label;
	uint8_t scopes, type;
};

#define AS(in, is, ...) WITH_PROMETHEUS ? &(const struct export){ AS_(__VA_ARGS__, "", "") in, TYPE_##is } : NULL
#define AS_(name, label, ...) name, label,
#define MODE(mode) "mode=\"" #mode "\""
#define UNEXPORTED NULL

/* One row per metric, in the order of the table and of JSON.
 *
 *   M(name, group, show, keep, kind, unit, width, wide width, heading, help, export,
 *     place...)     is shown: in the table, JSON, CSV, by -o
 *   E(name, kind, unit, help, export, place...) is for Prometheus only
 *   H(name, kind, unit, place...) is hidden: a term of others, or shown by -s
 *
 * Help names the measured quantity, without a rate or full stop, which its users add. An
 * export is AS(scopes, type, name[, MODE(mode)]), or UNEXPORTED.
 * A place is IN(scopes, where): AT(source, unit there, "key") with NTH(n) for
 * the n-th number of the line, LEVELS to read it at each level up to the root,
 * WITHIN(metric) for a part of that metric (larger values, as in lxcfs, are invalid);
 * FROM(source, unit) for a value filled in by the source's code; or MADE_OF(terms), with
 * OVER(metric) for a percentage and BY(function) if it is not a sum. In scopes
 * without a place the metric has no value. */
#define METRICS(M, E, H) \
	M(r, PROCS, CLASSIC, 98, GAUGE, NUMBER, 2, 4, "r", "tasks running or waiting for a CPU", \
	  AS(HOST | SELF, GAUGE, "tasks_running"), IN(HOST, AT(STAT, ONE, "procs_running"), NEVER_ZERO) \
	  IN(CGROUP, FROM(TASKS, ONE))) \
	M(b, PROCS, CLASSIC, 97, GAUGE, NUMBER, 2, 4, "b", "tasks blocked, waiting for I/O", \
	  AS(HOST | SELF, GAUGE, "tasks_blocked"), IN(HOST, AT(STAT, ONE, "procs_blocked"), BESIDE(r)) \
	  IN(CGROUP, FROM(TASKS, ONE))) \
	E(mem_total, GAUGE, SIZE, "memory of the machine", AS(HOST, GAUGE, "memory_total_bytes"), \
	  IN(HOST, AT(MEMINFO, KIB, "MemTotal"), NEVER_ZERO)) \
	M(swpd, MEMORY, CLASSIC, 62, GAUGE, SIZE, 6, 12, "swpd", "swap space used", \
	  AS(CGROUP, GAUGE, "swap_usage_bytes"), IN(HOST, MADE_OF(PLUS(swap_total), MINUS(swap_free))) \
	  IN(V2, AT(SWAP_CURRENT, BYTES, "")) IN(V1, MADE_OF(PLUS(memsw_usage), MINUS(mem_used)))) \
	M(free, MEMORY, CLASSIC, 96, GAUGE, SIZE, 6, 12, "free", \
	  "memory that is free; in a cgroup, below its limit", AS(HOST | SELF, GAUGE, "memory_free_bytes"), \
	  IN(HOST, AT(MEMINFO, KIB, "MemFree")) \
	  IN(CGROUP, BY(below_limit), MADE_OF(NEEDS(mem_limit), NEEDS(mem_free)))) \
	M(buff, MEMORY, BUFFERS, 50, GAUGE, SIZE, 6, 12, "buff", "memory used as buffers", \
	  AS(HOST, GAUGE, "memory_buffers_bytes"), IN(HOST, AT(MEMINFO, KIB, "Buffers"))) \
	M(cache, MEMORY, BUFFERS, 66, GAUGE, SIZE, 6, 12, "cache", "memory used as page cache", \
	  AS(CGROUP, GAUGE, "memory_cache_bytes"), IN(HOST, MADE_OF(PLUS(cached), PLUS_ANY(reclaimable))) \
	  IN(V2, AT(MEM_STAT, BYTES, "file")) IN(V1, AT(MEM_STAT, BYTES, "total_cache"))) \
	E(cached, GAUGE, SIZE, "memory used as page cache", AS(HOST, GAUGE, "memory_cached_bytes"), \
	  IN(HOST, AT(MEMINFO, KIB, "Cached"))) \
	E(reclaimable, GAUGE, SIZE, "kernel caches that can be reclaimed", \
	  AS(HOST, GAUGE, "memory_slab_reclaimable_bytes"), IN(HOST, AT(MEMINFO, KIB, "SReclaimable"))) \
	M(inact, MEMORY, ACTIVE, 63, GAUGE, SIZE, 6, 12, "inact", "memory not used recently", \
	  AS(HOST | SELF, GAUGE, "memory_inactive_bytes"), IN(HOST, AT(MEMINFO, KIB, "Inactive"), WITHIN(host_total)) \
	  IN(CGROUP, MADE_OF(PLUS(inactive_anon), PLUS(inactive_file)))) \
	M(active, MEMORY, ACTIVE, 64, GAUGE, SIZE, 6, 12, "active", "memory used recently", \
	  AS(HOST | SELF, GAUGE, "memory_active_bytes"), IN(HOST, AT(MEMINFO, KIB, "Active"), WITHIN(host_total)) \
	  IN(CGROUP, MADE_OF(PLUS(active_anon), PLUS(active_file)))) \
	E(cache_dirty, GAUGE, SIZE, "page cache that waits to be written", \
	  AS(HOST | SELF, GAUGE, "memory_dirty_bytes"), IN(HOST, AT(MEMINFO, KIB, "Dirty")) \
	  IN(V2, AT(MEM_STAT, BYTES, "file_dirty")) IN(V1, AT(MEM_STAT, BYTES, "total_dirty"))) \
	E(cache_writeback, GAUGE, SIZE, "page cache being written", \
	  AS(HOST | SELF, GAUGE, "memory_writeback_bytes"), IN(HOST, AT(MEMINFO, KIB, "Writeback")) \
	  IN(V2, AT(MEM_STAT, BYTES, "file_writeback")) IN(V1, AT(MEM_STAT, BYTES, "total_writeback"))) \
	E(swap_total, GAUGE, SIZE, "swap space", AS(HOST, GAUGE, "swap_total_bytes"), \
	  IN(HOST, AT(MEMINFO, KIB, "SwapTotal"))) \
	E(swap_free, GAUGE, SIZE, "swap space that is free", AS(HOST, GAUGE, "swap_free_bytes"), \
	  IN(HOST, AT(MEMINFO, KIB, "SwapFree"), WITHIN(swap_total))) \
	E(swap_cached, GAUGE, SIZE, "memory that is in swap space, too", AS(HOST, GAUGE, "swap_cached_bytes"), \
	  IN(HOST, AT(MEMINFO, KIB, "SwapCached")) IN(V2, AT(MEM_STAT, BYTES, "swapcached"))) \
	M(si, SWAP, CLASSIC, 75, RATE, FLOW, 4, 4, "si", "memory swapped in", \
	  AS(HOST | CGROUP, COUNTER, "swap_in_bytes_total"), EVENTS(PAGES, "pswpin")) \
	M(so, SWAP, CLASSIC, 75, RATE, FLOW, 4, 4, "so", "memory swapped out", \
	  AS(HOST | CGROUP, COUNTER, "swap_out_bytes_total"), EVENTS(PAGES, "pswpout")) \
	M(bi, BLOCKS, CLASSIC, 71, RATE, BLOCKS, 5, 5, "bi", "data read from block devices", \
	  AS(HOST, COUNTER, "paged_in_bytes_total"), IN(HOST, AT(VMSTAT, KIB, "pgpgin")) \
	  IN(CGROUP, FROM(DEVICES, BYTES), BY(device_rate))) \
	M(bo, BLOCKS, CLASSIC, 71, RATE, BLOCKS, 5, 5, "bo", "data written to block devices", \
	  AS(HOST, COUNTER, "paged_out_bytes_total"), IN(HOST, AT(VMSTAT, KIB, "pgpgout")) \
	  IN(CGROUP, FROM(DEVICES, BYTES), BY(device_rate))) \
	M(in, SYSTEM, CLASSIC, 60, RATE, NUMBER, 4, 4, "in", "interrupts", AS(HOST, COUNTER, "interrupts_total"), \
	  IN(HOST, AT(STAT, ONE, "intr"), NEVER_ZERO)) \
	M(cs, SYSTEM, CLASSIC, 78, RATE, NUMBER, 4, 4, "cs", "context switches (in a cgroup a minimum)", \
	  AS(HOST | SELF, COUNTER, "context_switches_total"), IN(HOST, AT(STAT, ONE, "ctxt"), NEVER_ZERO) \
	  IN(CGROUP, FROM(TASKS, ONE))) \
	E(processes, TOTAL, WHOLE, "processes and threads created", AS(HOST, COUNTER, "forks_total"), \
	  IN(HOST, AT(STAT, ONE, "processes"), NEVER_ZERO)) \
	E(btime, GAUGE, WHOLE, "boot time of the machine, since 1970", AS(HOST, GAUGE, "boot_time_seconds"), \
	  IN(HOST, AT(STAT, ONE, "btime"))) \
	M(us, CPU, CLASSIC, 95, GAUGE, PERCENT, 2, 3, "us", "% of CPU time in user space", UNEXPORTED, \
	  IN(HOST, OVER(cpu_time), MADE_OF(PLUS(cpu_user), PLUS_ANY(cpu_nice), MINUS_ANY(cpu_guest), \
	    MINUS_ANY(cpu_guest_nice))) IN(CGROUP, OVER(cpu_available), MADE_OF(PLUS(user_time)))) \
	M(sy, CPU, CLASSIC, 94, GAUGE, PERCENT, 2, 3, "sy", "% of CPU time in the kernel", UNEXPORTED, \
	  IN(HOST, OVER(cpu_time), MADE_OF(PLUS(cpu_system), PLUS_ANY(cpu_irq), PLUS_ANY(cpu_softirq))) \
	  IN(CGROUP, OVER(cpu_available), MADE_OF(PLUS(system_time)))) \
	M(id, CPU, CLASSIC, 93, GAUGE, PERCENT, 2, 3, "id", "% of CPU time idle; in a cgroup, of its capacity", \
	  UNEXPORTED, IN(HOST, OVER(cpu_time), MADE_OF(PLUS(cpu_idle))) \
	  IN(CGROUP, OVER(cpu_available), MADE_OF(PLUS(cpu_available), MINUS(user_time), MINUS(system_time)))) \
	M(wa, CPU, CLASSIC, 80, GAUGE, PERCENT, 2, 3, "wa", "% of CPU time idle while I/O is waited for", \
	  UNEXPORTED, IN(HOST, OVER(cpu_time), MADE_OF(PLUS(cpu_iowait)))) \
	M(st, CPU, CLASSIC, 55, GAUGE, PERCENT, 2, 3, "st", "% of CPU time stolen by the hypervisor", UNEXPORTED, \
	  IN(HOST, OVER(cpu_time), MADE_OF(PLUS(cpu_steal)))) \
	M(gu, CPU, CLASSIC, 30, GAUGE, PERCENT, 2, 3, "gu", "% of CPU time running guests", UNEXPORTED, \
	  IN(HOST, OVER(cpu_time), MADE_OF(PLUS(cpu_guest), PLUS_ANY(cpu_guest_nice)))) \
	E(cpu_user, TIME, WHOLE, "CPU time by mode; user and nice include guests", \
	  AS(HOST, COUNTER, "cpu_seconds_total", MODE(user)), CPU_TICKS(NTH(1))) \
	E(cpu_nice, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_seconds_total", MODE(nice)), CPU_TICKS(NTH(2))) \
	E(cpu_system, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_seconds_total", MODE(system)), CPU_TICKS(NTH(3))) \
	E(cpu_idle, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_seconds_total", MODE(idle)), \
	  CPU_TICKS(NTH(4), STEPS_BACK)) \
	E(cpu_iowait, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_seconds_total", MODE(iowait)), \
	  CPU_TICKS(NTH(5), STEPS_BACK)) \
	E(cpu_irq, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_seconds_total", MODE(irq)), CPU_TICKS(NTH(6))) \
	E(cpu_softirq, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_seconds_total", MODE(softirq)), CPU_TICKS(NTH(7))) \
	E(cpu_steal, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_seconds_total", MODE(steal)), CPU_TICKS(NTH(8))) \
	E(cpu_guest, TIME, WHOLE, "CPU time of guests by mode", \
	  AS(HOST, COUNTER, "cpu_guest_seconds_total", MODE(user)), CPU_TICKS(NTH(9))) \
	E(cpu_guest_nice, TIME, WHOLE, "", AS(HOST, COUNTER, "cpu_guest_seconds_total", MODE(nice)), \
	  CPU_TICKS(NTH(10))) \
	H(cpu_time, TIME, WHOLE, \
	  IN(HOST, BY(cpu_time), MADE_OF(PLUS(cpu_user), PLUS_ANY(cpu_nice), PLUS_ANY(cpu_system), PLUS(cpu_idle), \
	    PLUS_ANY(cpu_iowait), PLUS_ANY(cpu_irq), PLUS_ANY(cpu_softirq), PLUS_ANY(cpu_steal), NEEDS(cpus_online), \
	    NEEDS(cpus_possible)))) \
	E(cpus_online, GAUGE, WHOLE, "CPUs online", AS(HOST, GAUGE, "cpus_online"), \
	  IN(HOST, BY(cpus_online), MADE_OF(NEEDS(cpu_lines), NEEDS(cpus_of_sysfs))) \
	  IN(CGROUP, AT(CPU_ONLINE, ONE, ""))) \
	H(cpu_lines, GAUGE, WHOLE, IN(HOST, AT(STAT, ONE, "cpu"), NUMBERED)) \
	H(cpus_of_sysfs, GAUGE, WHOLE, IN(HOST, AT(CPU_ONLINE, ONE, ""))) \
	H(cpus_possible, GAUGE, WHOLE, IN(HOST, AT(CPU_POSSIBLE, ONE, ""))) \
	M(min, FAULTS, TABLE, 77, RATE, NUMBER, 5, 7, "min", "minor page faults, without disk I/O", \
	  AS(HOST | CGROUP, COUNTER, "minor_faults_total"), IN(ANY, MADE_OF(PLUS(faults), MINUS(maj)))) \
	M(maj, FAULTS, TABLE, 82, RATE, NUMBER, 4, 6, "maj", "major page faults, which wait for disk", \
	  AS(HOST | CGROUP, COUNTER, "major_faults_total"), EVENTS(ONE, "pgmajfault") \
	  IN(V1, AT(MEM_STAT, ONE, "total_pgmajfault"))) \
	M(oom, FAULTS, EXTENDED, 70, COUNT, NUMBER, 3, 5, "oom", "tasks killed for want of memory", \
	  AS(HOST | CGROUP, COUNTER, "oom_kills_total"), IN(HOST, AT(VMSTAT, ONE, "oom_kill")) \
	  IN(V2, AT(MEM_EVENTS, ONE, "oom_kill")) IN(V1, FROM(OOM_BELOW, ONE))) \
	M(refault, FAULTS, EXTENDED, 46, RATE, NUMBER, 5, 7, "rflt", "evicted pages that were read again", \
	  AS(HOST | CGROUP, COUNTER, "refaults_total"), \
	  IN(ANY, MADE_OF(PLUS_ANY(refault_old), PLUS_ANY(refault_file), PLUS_ANY(refault_anon)))) \
	M(direct, FAULTS, EXTENDED, 45, RATE, NUMBER, 5, 7, "dscan", "pages scanned by tasks that need memory", \
	  AS(HOST | SELF, COUNTER, "direct_scanned_pages_total"), EVENTS(ONE, "pgscan_direct")) \
	E(scanned, COUNT, NUMBER, "pages scanned to reclaim them", AS(HOST | SELF, COUNTER, "scanned_pages_total"), \
	  IN(HOST, MADE_OF(PLUS(scan_kswapd), PLUS(scan_direct), PLUS_ANY(scan_khugepaged), \
	    PLUS_ANY(scan_proactive))) IN(V2, AT(MEM_STAT, ONE, "pgscan"))) \
	E(stolen, COUNT, NUMBER, "pages reclaimed", AS(HOST | SELF, COUNTER, "reclaimed_pages_total"), \
	  IN(HOST, MADE_OF(PLUS(steal_kswapd), PLUS(steal_direct), PLUS_ANY(steal_khugepaged), \
	    PLUS_ANY(steal_proactive))) IN(V2, AT(MEM_STAT, ONE, "pgsteal"))) \
	M(steal_pct, FAULTS, EXTENDED, 44, GAUGE, PERCENT, 4, 5, "stl%", \
	  "% of the scanned pages that were reclaimed", UNEXPORTED, IN(HOST, OVER(scanned), MADE_OF(PLUS(stolen))) \
	  IN(V2, OVER(scanned), MADE_OF(PLUS(stolen)))) \
	M(hits, FAULTS, EXTENDED, 43, COUNT, NUMBER, 4, 5, "hits", "times the memory limit was hit", \
	  AS(CGROUP, COUNTER, "memory_limit_hits_total"), IN(V2, MADE_OF(PLUS(hits_max), PLUS(hits_high))) \
	  IN(V1, AT(V1_FAILCNT, ONE, ""))) \
	M(zsi, FAULTS, EXTENDED, 42, RATE, FLOW, 4, 4, "zsi", "memory swapped in from zswap", UNEXPORTED, \
	  EVENTS(PAGES, "zswpin")) \
	M(zso, FAULTS, EXTENDED, 41, RATE, FLOW, 4, 4, "zso", "memory swapped out to zswap", UNEXPORTED, \
	  EVENTS(PAGES, "zswpout")) \
	M(dirty, FAULTS, EXTENDED, 40, GAUGE, SIZE, 6, 12, "dirty", "page cache not on disk yet", UNEXPORTED, \
	  IN(ANY, MADE_OF(PLUS(cache_dirty), PLUS(cache_writeback)))) \
	M(anon, USAGE, EXTENDED, 39, GAUGE, SIZE, 7, 12, "anon", "memory of processes that no file backs", \
	  AS(HOST | CGROUP, GAUGE, "memory_anon_bytes"), IN(HOST, AT(MEMINFO, KIB, "AnonPages")) \
	  IN(V2, AT(MEM_STAT, BYTES, "anon")) IN(V1, AT(MEM_STAT, BYTES, "total_rss"))) \
	M(file, USAGE, EXTENDED, 38, GAUGE, SIZE, 7, 12, "file", "page cache, buffers and tmpfs included", \
	  AS(HOST | CGROUP, GAUGE, "memory_file_bytes"), IN(HOST, MADE_OF(PLUS(cached), PLUS_ANY(buff))) \
	  IN(CGROUP, MADE_OF(PLUS(cache)))) \
	M(shmem, USAGE, EXTENDED, 37, GAUGE, SIZE, 7, 12, "shmem", "shared memory and tmpfs, a part of file", \
	  AS(HOST | CGROUP, GAUGE, "memory_shmem_bytes"), IN(HOST, AT(MEMINFO, KIB, "Shmem")) \
	  IN(V2, AT(MEM_STAT, BYTES, "shmem")) IN(V1, AT(MEM_STAT, BYTES, "total_shmem"))) \
	M(slab, USAGE, EXTENDED, 36, GAUGE, SIZE, 7, 12, "slab", "slab caches of the kernel", \
	  AS(HOST | CGROUP, GAUGE, "memory_slab_bytes"), IN(HOST, AT(MEMINFO, KIB, "Slab")) \
	  IN(V2, AT(MEM_STAT, BYTES, "slab"))) \
	M(kernel, USAGE, EXTENDED, 35, GAUGE, SIZE, 7, 12, "kernel", "memory of the kernel, slab included", \
	  AS(HOST | CGROUP, GAUGE, "memory_kernel_bytes"), \
	  IN(HOST, MADE_OF(PLUS(slab), PLUS_ANY(kernel_stack), PLUS_ANY(page_tables), PLUS_ANY(percpu))) \
	  IN(V2, AT(MEM_STAT, BYTES, "kernel")) IN(V1, AT(V1_KERNEL, BYTES, ""))) \
	H(kernel_stack, GAUGE, SIZE, IN(HOST, AT(MEMINFO, KIB, "KernelStack"))) \
	H(page_tables, GAUGE, SIZE, IN(HOST, AT(MEMINFO, KIB, "PageTables"))) \
	H(percpu, GAUGE, SIZE, IN(HOST, AT(MEMINFO, KIB, "Percpu"))) \
	M(mem_used_pct, USAGE, EXTENDED, 34, GAUGE, PERCENT, 4, 5, "use%", "% of the machine's memory not available", \
	  UNEXPORTED, IN(HOST, OVER(mem_total), MADE_OF(PLUS(mem_used)))) \
	M(load1, LOAD, EXTENDED, 33, GAUGE, DECIMALS, 5, 6, "load1", "tasks running or blocked, average of 1 minute", \
	  AS(HOST, GAUGE, "load1"), IN(HOST, AT(LOADAVG, ONE, ""), NTH(1))) \
	M(load5, LOAD, EXTENDED, 32, GAUGE, DECIMALS, 5, 6, "load5", "the same, of 5 minutes", \
	  AS(HOST, GAUGE, "load5"), IN(HOST, AT(LOADAVG, ONE, ""), NTH(2))) \
	M(load15, LOAD, EXTENDED, 31, GAUGE, DECIMALS, 6, 6, "load15", "the same, of 15 minutes", \
	  AS(HOST, GAUGE, "load15"), IN(HOST, AT(LOADAVG, ONE, ""), NTH(3))) \
	M(cpu_max, LOAD, COSTLY, 29, GAUGE, PERCENT, 4, 5, "max%", "% of its time that the busiest CPU was in use", \
	  UNEXPORTED, IN(HOST, FROM(EACH_CPU, ONE), BY(cpu_max))) \
	M(cpu_max_id, LOAD, COSTLY, 29, GAUGE, ID, 4, 5, "max#", "the number of the busiest CPU", UNEXPORTED, \
	  IN(HOST, BY(another), MADE_OF(NEEDS(cpu_max)))) \
	M(cpu_some, PRESSURE, CGROUP, 69, SHARE, PERCENT, 4, 5, "cpuP", "time some task waited for a CPU", \
	  AS(HOST | CGROUP, COUNTER, "pressure_cpu_waiting_seconds_total"), PSI(CPU, "some")) \
	M(cpu_full, PRESSURE, EXTENDED, 20, SHARE, PERCENT, 4, 5, "cpuF", "time all tasks waited for a CPU", \
	  AS(CGROUP, COUNTER, "pressure_cpu_stalled_seconds_total"), IN(CGROUP, AT(CG_PSI_CPU, US, "full"))) \
	M(mem_some, PRESSURE, CGROUP, 58, SHARE, PERCENT, 4, 5, "memP", "time some task waited for memory", \
	  AS(HOST | CGROUP, COUNTER, "pressure_memory_waiting_seconds_total"), PSI(MEMORY, "some")) \
	M(mem_full, PRESSURE, CGROUP, 74, SHARE, PERCENT, 4, 5, "memF", "time all tasks waited for memory", \
	  AS(HOST | CGROUP, COUNTER, "pressure_memory_stalled_seconds_total"), PSI(MEMORY, "full")) \
	M(io_some, PRESSURE, CGROUP, 57, SHARE, PERCENT, 3, 5, "ioP", "time some task waited for I/O", \
	  AS(HOST | CGROUP, COUNTER, "pressure_io_waiting_seconds_total"), PSI(IO, "some")) \
	M(io_full, PRESSURE, CGROUP, 73, SHARE, PERCENT, 3, 5, "ioF", "time all tasks waited for I/O", \
	  AS(HOST | CGROUP, COUNTER, "pressure_io_stalled_seconds_total"), PSI(IO, "full")) \
	M(irq_full, PRESSURE, EXTENDED, 19, SHARE, PERCENT, 3, 5, "irq", "time interrupts held all tasks up", \
	  AS(HOST | CGROUP, COUNTER, "pressure_irq_stalled_seconds_total"), PSI(IRQ, "full")) \
	M(avail, LIMITS, CGROUP, 83, GAUGE, SIZE, 7, 12, "avail", "memory that can be taken without swapping", \
	  AS(HOST | SELF, GAUGE, "memory_available_bytes"), IN(HOST, MADE_OF(PLUS(mem_available))) \
	  IN(CGROUP, BY(below_limit), MADE_OF(NEEDS(mem_limit), NEEDS(mem_available)))) \
	E(mem_used, GAUGE, SIZE, "memory used, page cache included", AS(CGROUP, GAUGE, "memory_usage_bytes"), \
	  IN(HOST, BY(host_used), MADE_OF(NEEDS(mem_available))) IN(V2, AT(MEM_CURRENT, BYTES, ""), LEVELS) \
	  IN(V1, AT(V1_USAGE, BYTES, ""), LEVELS)) \
	M(mem_limit, LIMITS, CGROUP, 54, GAUGE, SIZE, 7, 12, "limit", \
	  "memory limit of the level with least headroom", AS(CGROUP, GAUGE, "memory_limit_bytes"), \
	  IN(CGROUP, BY(another), MADE_OF(NEEDS(mem_max), NEEDS(mem_high), NEEDS(mem_used), NEEDS(inactive_file), \
	    NEEDS(hierarchical), NEEDS(use_hierarchy)))) \
	M(mem_pct, LIMITS, CGROUP, 81, GAUGE, PERCENT, 4, 5, "mem%", \
	  "working set as % of the limit with least headroom", AS(CGROUP, GAUGE, "memory_limit_used_ratio"), \
	  IN(CGROUP, BY(another), MADE_OF(NEEDS(mem_limit)))) \
	M(mem_level, LIMITS, RECORD, 10, GAUGE, LEVEL, 9, 12, "mem_level", "cgroup whose memory limit leaves least", \
	  UNEXPORTED, IN(CGROUP, BY(another), MADE_OF(NEEDS(mem_limit)))) \
	M(swap_limit, LIMITS, EXTENDED, 18, GAUGE, SIZE, 6, 12, "swlim", "swap limit, the least of all levels", \
	  AS(CGROUP, GAUGE, "swap_limit_bytes"), IN(V2, BY(another), MADE_OF(NEEDS(swap_max))) \
	  IN(V1, BY(another), MADE_OF(NEEDS(memsw_limit), NEEDS(mem_max), NEEDS(use_hierarchy), NEEDS(hierarchical), \
	    NEEDS(hierarchical_memsw)))) \
	M(peak, LIMITS, EXTENDED, 17, GAUGE, SIZE, 7, 12, "peak", "most memory ever used", \
	  AS(CGROUP, GAUGE, "memory_peak_bytes"), IN(V2, AT(MEM_PEAK, BYTES, "")) \
	  IN(V1, AT(V1_MAX_USAGE, BYTES, ""))) \
	M(tasks, LIMITS, EXTENDED, 16, GAUGE, NUMBER, 5, 7, "tasks", "tasks, each thread counted", \
	  AS(CGROUP, GAUGE, "tasks"), IN(CGROUP, AT(PIDS_CURRENT, ONE, ""))) \
	M(tasks_limit, LIMITS, EXTENDED, 15, GAUGE, NUMBER, 5, 7, "tlim", \
	  "most tasks allowed, the least of all levels", AS(CGROUP, GAUGE, "tasks_limit"), \
	  IN(CGROUP, BY(another), MADE_OF(NEEDS(pids_max)))) \
	M(cpu_limit, LIMITS, CGROUP, 53, GAUGE, DECIMALS, 5, 6, "cpus", "CPUs the cgroup may use", \
	  AS(CGROUP, GAUGE, "cpu_limit_cpus"), IN(CGROUP, BY(another), MADE_OF(NEEDS(cpu_capacity)))) \
	M(cpu_level, LIMITS, RECORD, 9, GAUGE, LEVEL, 9, 12, "cpu_level", "cgroup whose CPU limit binds", \
	  UNEXPORTED, IN(CGROUP, BY(another), MADE_OF(NEEDS(cpu_capacity)))) \
	M(thr, LIMITS, CGROUP, 52, GAUGE, NUMBER, 4, 5, "thr", \
	  "milliseconds throttled per second, all CPUs together", UNEXPORTED, \
	  IN(CGROUP, BY(another), MADE_OF(NEEDS(periods), NEEDS(local_throttled), NEEDS(cpus_online)))) \
	M(thr_pct, LIMITS, CGROUP, 79, GAUGE, PERCENT, 4, 5, "thr%", "% of the quota's periods that were throttled", \
	  UNEXPORTED, IN(CGROUP, BY(another), MADE_OF(NEEDS(periods)))) \
	H(cpu_avg10, GAUGE, PERCENT, AVG10(CPU, "some")) \
	H(mem_avg10, GAUGE, PERCENT, AVG10(MEMORY, "full")) \
	H(io_avg10, GAUGE, PERCENT, AVG10(IO, "full")) \
	H(swap, RATE, FLOW, IN(ANY, MADE_OF(PLUS(si), PLUS(so)))) \
	H(cpu_busy, GAUGE, PERCENT, \
	  IN(HOST, OVER(cpu_time), MADE_OF(PLUS(cpu_time), MINUS(cpu_idle), MINUS_ANY(cpu_iowait))) \
	  IN(CGROUP, OVER(cpu_available), MADE_OF(PLUS(user_time), PLUS(system_time)))) \
	H(swap_busy, GAUGE, PERCENT, IN(HOST, OVER(swap_total), MADE_OF(PLUS(swpd))) \
	  IN(CGROUP, OVER(swap_limit), MADE_OF(PLUS(swpd)))) \
	H(mem_free, GAUGE, SIZE, IN(ANY, AT(MEMINFO, KIB, "MemFree"), WITHIN(host_total))) \
	H(reported_available, GAUGE, SIZE, IN(ANY, AT(MEMINFO, KIB, "MemAvailable"), WITHIN(host_total))) \
	H(host_total, GAUGE, SIZE, IN(ANY, AT(MEMINFO, KIB, "MemTotal"), NEVER_ZERO)) \
	H(file_active, GAUGE, SIZE, IN(ANY, AT(MEMINFO, KIB, "Active(file)"))) \
	H(file_inactive, GAUGE, SIZE, IN(ANY, AT(MEMINFO, KIB, "Inactive(file)"))) \
	H(mem_available, GAUGE, SIZE, \
	  IN(ANY, BY(available), MADE_OF(NEEDS(reported_available), NEEDS(host_total), NEEDS(mem_free), \
	    NEEDS(file_active), NEEDS(file_inactive), NEEDS(buff), NEEDS(cached)))) \
	H(faults, RATE, NUMBER, EVENTS(ONE, "pgfault") IN(V1, AT(MEM_STAT, ONE, "total_pgfault"))) \
	H(refault_old, RATE, NUMBER, EVENTS(ONE, "workingset_refault")) \
	H(refault_file, RATE, NUMBER, EVENTS(ONE, "workingset_refault_file")) \
	H(refault_anon, RATE, NUMBER, EVENTS(ONE, "workingset_refault_anon")) \
	H(steal_kswapd, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgsteal_kswapd"))) \
	H(steal_direct, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgsteal_direct"))) \
	H(scan_kswapd, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgscan_kswapd"))) \
	H(scan_direct, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgscan_direct"))) \
	H(steal_khugepaged, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgsteal_khugepaged"))) \
	H(scan_khugepaged, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgscan_khugepaged"))) \
	H(steal_proactive, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgsteal_proactive"))) \
	H(scan_proactive, COUNT, NUMBER, IN(HOST, AT(VMSTAT, ONE, "pgscan_proactive"))) \
	H(pgalloc_dma, TOTAL, WHOLE, IN(HOST, AT(VMSTAT, ONE, "pgalloc_dma"))) \
	H(pgalloc_dma32, TOTAL, WHOLE, IN(HOST, AT(VMSTAT, ONE, "pgalloc_dma32"))) \
	H(pgalloc_high, TOTAL, WHOLE, IN(HOST, AT(VMSTAT, ONE, "pgalloc_high"))) \
	H(pgalloc_movable, TOTAL, WHOLE, IN(HOST, AT(VMSTAT, ONE, "pgalloc_movable"))) \
	H(pgalloc_normal, TOTAL, WHOLE, IN(HOST, AT(VMSTAT, ONE, "pgalloc_normal"))) \
	H(pgfree, TOTAL, WHOLE, IN(HOST, AT(VMSTAT, ONE, "pgfree")))

/* Terms of other metrics of a cgroup. */
#define CGROUP_METRICS(E, H) \
	H(memsw_usage, GAUGE, SIZE, IN(V1, AT(V1_MEMSW, BYTES, ""))) \
	H(inactive_anon, GAUGE, SIZE, MEMORY_STAT("inactive_anon")) \
	H(inactive_file, GAUGE, SIZE, IN(V2, AT(MEM_STAT, BYTES, "inactive_file"), LEVELS) \
	  IN(V1, AT(MEM_STAT, BYTES, "total_inactive_file"), LEVELS)) \
	H(active_anon, GAUGE, SIZE, MEMORY_STAT("active_anon")) \
	H(active_file, GAUGE, SIZE, MEMORY_STAT("active_file")) \
	H(hierarchical_memsw, GAUGE, SIZE, IN(V1, AT(MEM_STAT, BYTES, "hierarchical_memsw_limit"))) \
	H(hierarchical, GAUGE, SIZE, IN(V1, AT(MEM_STAT, BYTES, "hierarchical_memory_limit"))) \
	H(mem_high, GAUGE, SIZE, IN(V2, AT(MEM_HIGH, BYTES, ""), LEVELS)) \
	H(use_hierarchy, GAUGE, WHOLE, IN(V1, AT(V1_HIERARCHY, ONE, ""), LEVELS)) \
	H(pids_max, GAUGE, WHOLE, IN(CGROUP, AT(PIDS_MAX, ONE, ""), LEVELS)) \
	H(swap_max, GAUGE, SIZE, IN(V2, AT(SWAP_MAX, BYTES, ""), LEVELS)) \
	H(memsw_limit, GAUGE, SIZE, IN(V1, AT(V1_MEMSW_LIMIT, BYTES, ""), LEVELS)) \
	E(parent_oom, COUNT, NUMBER, "tasks killed for want of memory in the parent cgroup or below", \
	  AS(SELF, COUNTER, "parent_oom_kills_total"), IN(V2, FROM(OOM_PARENT, ONE))) \
	E(start_time, GAUGE, WHOLE, "start of the oldest process, since 1970", \
	  AS(CGROUP, GAUGE, "start_time_seconds"), IN(CGROUP, FROM(TASKS, ONE))) \
	H(hits_max, COUNT, NUMBER, IN(V2, AT(MEM_EVENTS, ONE, "max"))) \
	H(hits_high, COUNT, NUMBER, IN(V2, AT(MEM_EVENTS, ONE, "high"))) \
	H(local_throttled, TIME, WHOLE, IN(V2, AT(CPU_LOCAL, US, "throttled_usec"))) \
	H(mem_max, GAUGE, SIZE, IN(V2, AT(MEM_MAX, BYTES, ""), LEVELS) IN(V1, AT(V1_LIMIT, BYTES, ""), LEVELS)) \
	E(user_time, TIME, WHOLE, "CPU time by mode", AS(CGROUP, COUNTER, "cpu_seconds_total", MODE(user)), \
	  IN(V2, AT(CPU_STAT, US, "user_usec")) IN(V1, AT(V1_CPUACCT, TICKS, "user"))) \
	E(system_time, TIME, WHOLE, "", AS(CGROUP, COUNTER, "cpu_seconds_total", MODE(system)), \
	  IN(V2, AT(CPU_STAT, US, "system_usec")) IN(V1, AT(V1_CPUACCT, TICKS, "system"))) \
	H(cpu_quota, GAUGE, WHOLE, IN(V2, AT(CPU_MAX, US, ""), NTH(1), LEVELS) IN(V1, AT(V1_QUOTA, US, ""), LEVELS)) \
	H(cpu_period, GAUGE, WHOLE, IN(V2, AT(CPU_MAX, US, ""), NTH(2), LEVELS) \
	  IN(V1, AT(V1_PERIOD, US, ""), LEVELS)) \
	H(cpuset_cpus, GAUGE, WHOLE, IN(V2, AT(CPUSET_CPUS, ONE, ""), LEVELS) \
	  IN(V1, AT(V1_CPUSET_CPUS, ONE, ""), LEVELS)) \
	H(cpu_capacity, GAUGE, WHOLE, \
	  IN(CGROUP, BY(another), MADE_OF(NEEDS(cpu_quota), NEEDS(cpu_period), NEEDS(cpuset_cpus), \
	    NEEDS(cpus_online)))) \
	H(cpu_used, GAUGE, DECIMALS, \
	  IN(CGROUP, BY(cpu_used), MADE_OF(NEEDS(user_time), NEEDS(system_time), NEEDS(cpus_online)))) \
	H(cpu_pct, GAUGE, PERCENT, IN(CGROUP, OVER(cpu_limit), MADE_OF(PLUS(cpu_used)))) \
	E(working_set, GAUGE, SIZE, "memory used less inactive page cache", \
	  AS(CGROUP, GAUGE, "memory_working_set_bytes"), \
	  IN(CGROUP, MADE_OF(PLUS(mem_used), MINUS_ANY(inactive_file)))) \
	H(cpu_available, TIME, WHOLE, \
	  IN(CGROUP, BY(cpu_available), MADE_OF(NEEDS(cpu_capacity), NEEDS(user_time), NEEDS(system_time)))) \
	E(nr_periods, COUNT, WHOLE, "periods of the cgroup's own CPU quota", \
	  AS(CGROUP, COUNTER, "cpu_periods_total"), IN(CGROUP, AT(CPU_STAT, ONE, "nr_periods"), LEVELS)) \
	E(nr_throttled, COUNT, WHOLE, "periods in which the CPU quota was used up", \
	  AS(CGROUP, COUNTER, "cpu_throttled_periods_total"), IN(CGROUP, AT(CPU_STAT, ONE, "nr_throttled"), LEVELS)) \
	E(throttled_time, TIME, WHOLE, "time throttled by the CPU quota, all CPUs together", \
	  AS(CGROUP, COUNTER, "throttled_seconds_total"), IN(V2, AT(CPU_STAT, US, "throttled_usec"), LEVELS) \
	  IN(V1, AT(CPU_STAT, NS, "throttled_time"), LEVELS)) \
	H(periods, COUNT, WHOLE, \
	  IN(CGROUP, BY(another), MADE_OF(NEEDS(nr_periods), NEEDS(nr_throttled), NEEDS(throttled_time), \
	    NEEDS(cpu_quota), NEEDS(cpu_period)))) \
	H(throttled, COUNT, WHOLE, IN(CGROUP, BY(another), MADE_OF(NEEDS(periods)))) \
	H(throttled_us, TIME, WHOLE, IN(CGROUP, BY(another), MADE_OF(NEEDS(periods))))

enum metric_id {
	M_NONE,
#define M(name, ...) M_##name,
	METRICS(M, M, M)
	CGROUP_METRICS(M, M)
#undef M
	M_COUNT
};
_Static_assert((int)M_COUNT <= (int)ID_INTERVAL, "a column's id tells a metric from what every record has");

static const struct metric {
	struct column column; /* its key is the name */
	uint8_t show, kind;
	const char *help;
	const struct export *export; /* NULL: not exported */
	const struct place *places;
} metrics[] = {
#define ROW(name, group, show, keep, kind, unit, width, wide, heading) \
	{ #name, heading, GROUP_##group, UNIT_##unit, { width, wide }, keep, M_##name }, SHOW_##show, KIND_##kind
#define M(name, group, show, keep, kind, unit, width, wide, heading, help, export, ...) [M_##name] = { \
	ROW(name, group, show, keep, kind, unit, width, wide, heading), \
	WITH_HELP || WITH_PROMETHEUS ? help : "", export, (const struct place[]){ __VA_ARGS__ { 0 } } },
#define E(name, kind, unit, help, export, ...) [M_##name] = { \
	ROW(name, NONE, HIDDEN, 0, kind, unit, 0, 0, ""), \
	WITH_PROMETHEUS ? help : "", export, (const struct place[]){ __VA_ARGS__ { 0 } } },
#define H(name, kind, unit, ...) E(name, kind, unit, "", UNEXPORTED, __VA_ARGS__)
	METRICS(M, E, H)
	IF(WITH_CGROUP, CGROUP_METRICS(E, H))
#undef M
#undef E
#undef H
};

#define each_metric(m) unsigned m = 1; m < LENGTH(metrics); m++

/* The numbers of a process in --top. In percent of one CPU: cpu, time used; wait, time spent
 * waiting. vcs is the voluntary part of cs. Then its words. */
enum top_value { TOP_cs, TOP_vcs, TOP_min, TOP_maj, TOP_cpu, TOP_wait, TOP_rss, TOP_read, TOP_written, TOP_COUNT };
enum { TOP_PID = TOP_COUNT, TOP_COMM, TOP_ARGS, TOP_STATE, TOP_WCHAN, TOP_CGROUP, TOP_UNIT, TOP_COMMAND };

#define UNIT_WIDTH 25

/* In the order of JSON, and of text, which alone has the last two. */
static const struct column top_columns[] = {
	{ "pid", "pid", GROUP_NONE, UNIT_ID, { 7, 7 }, 99, TOP_PID },
	{ "state", "S", GROUP_NONE, UNIT_TEXT, { 1, 1 }, 89, TOP_STATE },
	{ "comm", "", GROUP_NONE, UNIT_TEXT, { 0, 0 }, 0, TOP_COMM },
	{ "args", "", GROUP_NONE, UNIT_TEXT, { 0, 0 }, 0, TOP_ARGS },
	{ "wchan", "", GROUP_NONE, UNIT_TEXT, { 0, 0 }, 0, TOP_WCHAN },
	{ "cgroup", "", GROUP_NONE, UNIT_TEXT, { 0, 0 }, 0, TOP_CGROUP },
	{ "cs", "cs", GROUP_NONE, UNIT_NUMBER, { 7, 7 }, 84, TOP_cs },
	{ "vcs", "vcs", GROUP_NONE, UNIT_NUMBER, { 0, 0 }, 0, TOP_vcs },
	{ "min", "min", GROUP_NONE, UNIT_NUMBER, { 7, 7 }, 80, TOP_min },
	{ "maj", "maj", GROUP_NONE, UNIT_NUMBER, { 5, 5 }, 82, TOP_maj },
	{ "cpu", "cpu%", GROUP_NONE, UNIT_PERCENT, { 4, 4 }, 88, TOP_cpu },
	{ "wait", "wait%", GROUP_NONE, UNIT_PERCENT, { 5, 5 }, 83, TOP_wait },
	{ "rss", "rss", GROUP_NONE, UNIT_SIZE, { 8, 8 }, 87, TOP_rss },
	{ "read", "read", GROUP_NONE, UNIT_FLOW, { 7, 7 }, 85, TOP_read },
	{ "written", "written", GROUP_NONE, UNIT_FLOW, { 7, 7 }, 85, TOP_written },
	{ "unit", "unit", GROUP_NONE, UNIT_NAME, { UNIT_WIDTH, UNIT_WIDTH }, 81, TOP_UNIT },
	{ "command", "command", GROUP_NONE, UNIT_TEXT, { 16, 16 }, 98, TOP_COMMAND },
};

/* What orders the processes of --top: CPU is the time on a CPU and the time spent waiting for
 * one; BYTES those read and written, after user processes stuck in I/O. */
enum blame { BLAME_CPU, BLAME_SWITCHES, BLAME_MEMORY, BLAME_FAULTS, BLAME_BYTES };

/* The alert rules, and further evidence for --check, by the USE method
 * (https://www.brendangregg.com/usemethod.html):
 *
 *   A(metric, resource, aspect, words before the value, words after it, name of the
 *     problem, warning and critical level, seconds it must last before it is reported,
 *     order of processes in --top, advice: what to do)   is an alert rule
 *   E(metric, resource, aspect, words before the value, words after it)   is evidence
 *
 * Levels are in the unit of the table, sizes in KiB; two equal levels mean
 * that there is no warning. */
#define RULES(A, E) \
	E(cpu_busy, CPU, UTILISATION, "CPU ", "% used") \
	E(cpu_max, CPU, UTILISATION, "busiest CPU ", "% used") \
	A(cpu_some, CPU, SATURATION, "CPU ", "% of the time some waiting", "CPU PRESSURE", 40, 80, 3, CPU, \
	  "give it more CPUs or fewer tasks" IF(WITH_TOP, "; --top names the busiest")) \
	A(thr_pct, CPU, SATURATION, "CPU throttled ", "% of the periods", "CPU THROTTLED", 5, 25, 0, CPU, \
	  "raise the CPU quota, or run fewer threads at once") \
	A(cs, CPU, SATURATION, "", " context switches/s", "CPU THRASHING", 3000, 5000, 0, SWITCHES, \
	  "use fewer threads or larger batches, or a higher --threshold") \
	A(mem_pct, MEMORY, UTILISATION, "memory ", "% of the limit", "MEMORY NEAR LIMIT", 90, 97, 0, MEMORY, \
	  "raise the limit, or find the leak" IF(WITH_TOP, " with --top")) \
	E(mem_used_pct, MEMORY, UTILISATION, "memory ", "% used") \
	A(mem_full, MEMORY, SATURATION, "memory ", "% of the time all stalled", "MEMORY PRESSURE", 5, 20, 3, MEMORY, \
	  "add memory or run less: above 20% the OOM killer is near") \
	A(maj, MEMORY, SATURATION, "", " major faults/s", "HIGH IO LATENCY", 50, 500, 0, FAULTS, \
	  "add memory or run less: pages in use are being evicted") \
	A(oom, MEMORY, ERRORS, "out of memory: ", " killed", "OOM KILL", 1, 1, 0, MEMORY, \
	  "see dmesg for what was killed; raise its limit, or find what grew") \
	E(swap_busy, SWAP, UTILISATION, "swap ", "% used") \
	A(swap, SWAP, SATURATION, "swapping ", " KiB/s", "SWAPPING", 1, 1000, 0, MEMORY, \
	  "find what grows" IF(WITH_TOP, " with --top") "; a single burst of so does no harm") \
	E(bi, DISK, UTILISATION, "disk ", " KiB/s read") \
	E(bo, DISK, UTILISATION, "disk ", " KiB/s written") \
	A(io_full, DISK, SATURATION, "disk ", "% of the time all stalled", "IO PRESSURE", 10, 40, 3, BYTES, \
	  "find the busy disk with -d -x 1" IF(WITH_TOP, ", and who keeps it busy with --top"))

enum rule_id {
#define A(metric, ...) RULE_##metric,
	RULES(A, A)
#undef A
	RULE_COUNT
};

enum resource { RESOURCE_CPU, RESOURCE_MEMORY, RESOURCE_SWAP, RESOURCE_DISK };
enum aspect { ASPECT_UTILISATION, ASPECT_SATURATION, ASPECT_ERRORS };

static const struct rule {
	uint8_t metric, resource, aspect;
	const char *before, *tail, *what, *advice; /* what: NULL: evidence only */
	uint32_t warn, crit;
	uint8_t seconds, blame;
	bool bursts; /* in short intervals a brief stall looks like a lasting one */
} rules[] = {
#define A(metric, resource, aspect, before, tail, what, warn, crit, seconds, blame, advice) [RULE_##metric] = { \
	M_##metric, RESOURCE_##resource, ASPECT_##aspect, before, tail, what, WITH_HELP ? advice : "", warn, crit, \
	seconds, BLAME_##blame, ASPECT_##aspect == ASPECT_SATURATION && M_##metric != M_cs },
#define E(metric, resource, aspect, before, tail) A(metric, resource, aspect, before, tail, NULL, 0, 0, 0, CPU, "")
	RULES(A, E)
#undef A
#undef E
};

#define each_rule(a) unsigned a = 0; a < RULE_COUNT; a++

#define CHILD_EXPORTS 36 /* for each cgroup below the scope, at most */

/* Options: O(id, letter, name, group in --help, action, value, switch that
 * builds it in, help). Actions:
 *   FLAG(field)    sets a bool
 *   ONE_OF(field)  selects one of several
 *   VALUE(field)   stores its value, a text
 *   CHOICE(field)  stores the index of its value in those between the bars
 *   PARSED(f)      f parses its value
 * Fields are those of struct options, below. */
#define OPTIONS(O) \
	O(STATS, 's', "stats", MODES, ONE_OF(view), "", 1, "event counters and memory statistics") \
	O(FORKS, 'f', "forks", MODES, ONE_OF(view), "", 1, "number of forks since boot") \
	O(DISK, 'd', "disk", MODES, ONE_OF(view), "", 1, "disk totals; with -x, rates as in iostat -x") \
	O(DISK_SUM, 'D', "disk-sum", MODES, ONE_OF(view), "", 1, "summary of disk activity") \
	O(PARTITION, 'p', "partition", MODES, VALUE(partition), "DEV", 1, "statistics of one block device") \
	O(SLABS, 'm', "slabs", MODES, ONE_OF(view), "", 1, "slab caches") \
	O(CGROUPS, 0, "cgroups", MODES, PARSED(parse_cgroups), "[=DEPTH[,COLUMN]]", WITH_CGROUP, \
	  "cgroups below, worst first; default depth 1") \
	O(CHECK, 0, "check", MODES, PARSED(parse_check), "[=critical]", WITH_ALERTS, \
	  "one verdict, for probes and monitoring") \
	O(GRAPH, 0, "graph", MODES, PARSED(parse_graph), "[=METRIC,...]", WITH_GRAPH, \
	  "graph of each metric; default cs") \
	O(LISTEN, 0, "listen", MODES, VALUE(listen), "[ADDR:]PORT|unix:PATH", WITH_LISTEN, \
	  "serve /metrics and /; default 127.0.0.1") \
	O(ACTIVE, 'a', "active", COLUMNS, FLAG(active), "", 1, "inactive and active, not buff and cache") \
	O(COLUMNS, 'o', "columns", COLUMNS, VALUE(columns), "LIST", 1, "columns or groups by name; help lists them") \
	O(EXTENDED, 'x', "extended", COLUMNS, FLAG(extended), "", 1, "every column") \
	O(CLASSIC, 0, "classic", COLUMNS, FLAG(classic), "", 1, "exactly the 18 columns of procps-ng") \
	O(UNIT, 'S', "unit", LAYOUT, PARSED(parse_unit), "UNIT", 1, "k 1000, K 1024, m 1e6, M 2^20, b; default K") \
	O(HUMAN, 'H', "human", LAYOUT, FLAG(human), "", 1, "sizes as 512M, 7.8G, counts as 1.1M") \
	O(WIDE, 'w', "wide", LAYOUT, FLAG(wide), "", 1, "wider columns") \
	O(TIMESTAMP, 't', "timestamp", LAYOUT, FLAG(timestamp), "", 1, "append the time to each line") \
	O(ONE_HEADER, 'n', "one-header", LAYOUT, FLAG(one_header), "", 1, "print the header only once") \
	O(NO_FIRST, 'y', "no-first", LAYOUT, FLAG(no_first), "", 1, "no first report, the average since boot") \
	O(QUIET, 'q', "quiet", LAYOUT, FLAG(quiet), "", 1, "no warnings or alerts, only errors") \
	O(COLOR, 0, "color", LAYOUT, CHOICE(color), "auto|always|never", 1, "when to use colour; default auto") \
	O(TOP, 0, "top", MODES, PARSED(parse_top), "[=N][,alert]", WITH_TOP, \
	  "the N processes to blame; default 5") \
	O(JSON, 0, "json", OUTPUT, ONE_OF(format), "", 1, "one JSON object a line") \
	O(CSV, 0, "csv", OUTPUT, ONE_OF(format), "", 1, "comma-separated values under their names") \
	O(PROMETHEUS, 0, "prometheus", OUTPUT, ONE_OF(format), "", WITH_PROMETHEUS, \
	  "metrics for Prometheus, once") \
	O(SVG, 0, "svg", OUTPUT, ONE_OF(format), "", WITH_GRAPH, "the graph as SVG, at the end") \
	O(RECORD, 0, "record", OUTPUT, PARSED(parse_record), "FILE[,N]", WITH_RECORD, \
	  "keep the last N reports; default 3600") \
	O(REPLAY, 0, "replay", OUTPUT, VALUE(replay), "FILE", WITH_RECORD, \
	  "show a recording, or CSV; - is stdin") \
	O(FROM, 0, "from", OUTPUT, PARSED(parse_from), "TIME", WITH_RECORD, \
	  "start of a replay: 10:30, 2026-01-02, -10m") \
	O(TO, 0, "to", OUTPUT, PARSED(parse_to), "TIME", WITH_RECORD, "end of a replay: 10:30, 2026-01-02, now") \
	O(SCOPE, 0, "scope", SCOPE, CHOICE(scope), "auto|host|cgroup", WITH_CGROUP, "whose numbers; default auto") \
	O(CGROUP, 0, "cgroup", SCOPE, VALUE(cgroup), "PATH", WITH_CGROUP, "that cgroup, or its directory") \
	O(PID, 0, "pid", SCOPE, PARSED(parse_pid), "PID", WITH_CGROUP, "the cgroup and container that PID runs in") \
	O(PROC, 0, "proc", SCOPE, VALUE(proc), "DIR", 1, "read DIR instead of /proc") \
	O(SYS, 0, "sys", SCOPE, VALUE(sys), "DIR", 1, "read DIR instead of /sys") \
	O(THRESHOLD, 0, "threshold", ALERTS, PARSED(parse_threshold), "[WARN,]CRIT[/cpu]", WITH_ALERTS, \
	  "levels of cs; default 3000,5000") \
	O(ALERT, 0, "alert", ALERTS, PARSED(parse_alert), "NAME=[WARN,]CRIT[,S]", WITH_ALERTS, \
	  "levels of a rule; --alert=help lists them") \
	O(HELP, 'h', "help", OTHER, FLAG(help), "", 1, "print this help") \
	O(VERSION, 'V', "version", OTHER, FLAG(version), "", 1, "print version and features")

enum option_id {
	O_NONE,
#define O(id, letter, name, group, does, value, with, help) O_##id,
	OPTIONS(O)
#undef O
	O_COUNT
};

enum { WHOSE_AUTO, WHOSE_HOST, WHOSE_CGROUP };
enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* --from and --to: not given; a time; a time of any day; before the last report. */
enum { INSTANT_NONE, INSTANT_AT, INSTANT_CLOCK, INSTANT_BEFORE };

static struct options {
	uint64_t set; /* the options given, by number */
	const char *proc, *sys, *cgroup, *columns, *partition, *record, *replay, *listen;
	struct instant { uint8_t kind; uint64_t ns; } from, to; /* of a replay; INSTANT_ */
	bool active, classic, extended, help, human, no_first, one_header, quiet, timestamp, version, wide;
	uint8_t color, scope; /* COLOR_, WHOSE_ */
	uint8_t format;       /* O_JSON, ... or O_NONE: text */
	uint8_t view;         /* O_STATS, ... or O_NONE: the table */
	uint64_t pid;         /* --pid, or 0 */
	uint64_t device;      /* the number of -p's device if given as a path, or 0 */
	uint64_t unit;        /* bytes */
	char unit_letter;     /* printed before labels of sizes in -s */
	bool proc_given;
	bool captured;        /* proc is not a procfs but a copied tree */
	bool rules_help, threshold_per_cpu;
	unsigned top;         /* number of processes in --top; 0: none */
	bool top_alerting;    /* only below rows that alert */
	unsigned depth;       /* of --cgroups */
	uint8_t child_order;  /* the value to order by; CHILD_VALUES: severity */
	bool check_critical;  /* --check: a warning is no failure */
	bool rule_on[RULE_COUNT], rule_named[RULE_COUNT]; /* enabled; named by --alert */
	uint64_t warn[RULE_COUNT], crit[RULE_COUNT]; /* in thousandths; warn 0: none */
	uint64_t wait_ms[RULE_COUNT];                /* must last so long to be reported */
	uint64_t delay_ns;    /* 0: no delay given */
	uint64_t count;       /* UINT64_MAX: until stopped */
} given = { .unit = 1024, .unit_letter = 'K' };

/* Only parsers of options and COMMAND write to `given`; all else reads it as `opt`. */
static const struct options *const opt = &given;

/* Parsers of values, each in its option's section; false if a value is invalid. */
typedef bool parse_fn(const char *value);
__attribute__((unused)) /* if its option is not built in */
static parse_fn parse_unit, parse_pid, parse_threshold, parse_alert, parse_top, parse_check, parse_cgroups,
	parse_record, parse_from, parse_to, parse_graph;

/* ------------------------------------------------------------------ SCOPE
 *
 * The choice of host or cgroup. Each controller may be mounted elsewhere (v1,
 * hybrid), so each has its own hierarchy. The cgroup's directory is below the
 * mount point as its path is below the mount's root; failing that, it is the
 * directory whose cgroup.procs lists the process.
 * Defined by cgroups(7), cgroup_namespaces(7) and proc_pid_mountinfo(5), Linux
 * man-pages 6.9. */

struct hierarchy {
	const char *path;      /* as the kernel names it; NULL: unknown or not in it */
	const char *dir;       /* its directory; NULL: not found */
	uint8_t version;       /* 1 or 2; 0: controller unavailable */
	uint8_t rank;          /* of the mount and the search method: see use_mount() */
	bool whole;            /* the topmost level is the machine's root cgroup */
	bool truncated;        /* more than MAX_LEVELS levels */
	unsigned levels;       /* from the cgroup up to the mount point, inclusive */
	uint16_t length[MAX_LEVELS]; /* of dir up to each level */
};
static struct hierarchy hierarchies[DIR_COUNT]; /* none for PROC and SYS */

static struct scope {
	bool cgroup;             /* a cgroup, not the machine */
	bool private;            /* vmstat is not in the initial cgroup namespace */
	bool entered;            /* into the namespace, from outside */
	bool lxcfs;              /* lxcfs is mounted below /proc */
	const struct hierarchy *hierarchy; /* names the cgroup */
	const char *name;        /* the cgroup's path there; "": the machine */
	struct file procs;       /* cgroup.procs, to detect its removal */
	int paths;               /* descriptor of --pid's /proc/PID/cgroup, plus one; 0: none */
	int64_t boot_ns;         /* boottime offset of the time namespace */
} scope = { .name = "" };

#define INITIAL_CGROUP_NS "cgroup:[4026531835]" /* include/linux/proc_ns.h */
#define INITIAL_PID_NS "pid:[4026531836]"
#define INITIAL_TIME_NS "time:[4026531834]"

static bool exists_in_proc(const char *name)
{
	char path[PATH_BYTES];

	return join(path, opt->proc, "/", name) && path_exists(path);
}

/* Opens a file below /proc; scan_close() closes the descriptor. */
static bool scan_proc(struct scanner *s, const char *name, const char *tail)
{
	int error, fd = open_below(opt->proc, strlen(opt->proc), name, tail, &error);

	scan_start(s, fd, error);
	return fd >= 0;
}

/* Reads the first line of a file below /proc into the scanner; false if it has none. */
static bool first_line(struct scanner *s, const char *name, const char *tail, struct text *line)
{
	bool any = scan_proc(s, name, tail) && scan_line(s, line);

	scan_close(s);
	return any;
}

/* for (each_hierarchy(h)) */
#define each_hierarchy(h) struct hierarchy *h = hierarchies + DIR_FIRST_HIERARCHY; h < hierarchies + DIR_COUNT; h++

static bool in_cgroup(void)
{
	return WITH_CGROUP && scope.cgroup;
}

/* Keeps the first read error. Missing and removed files (ENOENT, ENODEV) are not
 * errors. */
static void note_error(int *error, int reason)
{
	if (!*error && reason != ENOENT && reason != ENODEV)
		*error = reason;
}

/* A permanent copy of a path; v2 hierarchies share one. NULL: no room. */
static const char *keep_path(const char *path)
{
	LARGE char kept[2 * DIR_COUNT * PATH_BYTES];
	size_t n = strlen(path) + 1;
	char *p = kept;

	for (; *p; p += strlen(p) + 1)
		if (!strcmp(p, path))
			return p;
	return p + n < kept + sizeof kept ? memcpy(p, path, n) : NULL;
}

/* Is `name` in the comma-separated list? */
static bool list_has(struct text list, const char *name)
{
	struct text w;

	while (next_part(&list, ',', &w))
		if (*name && is_text(&w, name))
			return true;
	return false;
}

/* Reduces a line of /proc/PID/cgroup, id:controllers:path, to its path, which
 * may contain colons. False without a path. */
static bool take_controllers(struct text *line, struct text *list)
{
	struct text id;

	return next_part(line, ':', &id) && next_part(line, ':', list) && line->p && *line->p == '/';
}

/* The version of the hierarchy in which such a line places a controller; 0: none. */
static uint8_t version_for(const struct hierarchy *h, struct text list)
{
	return list_has(list, controllers[h - hierarchies]) ? 1 : list.p == list.end ? 2 : 0;
}

/* The paths of /proc/WHO/cgroup. A line that names a v1 controller wins over 0::. In our
 * `own` namespace the path is its root: the whole container, not a cgroup that a
 * service manager created in it. */
static bool read_cgroup_paths(const char *who, bool own, int *error)
{
	char path[PATH_BYTES];
	struct scanner s;
	struct text line, list;

	memset(hierarchies, 0, sizeof hierarchies);
	scan_proc(&s, who, "/cgroup");
	while (scan_line(&s, &line)) {
		if (!take_controllers(&line, &list) || !copy_text(path, sizeof path, &line))
			continue;
		for (each_hierarchy(h)) {
			uint8_t version = version_for(h, list);

			if (version == 1 || (version && !h->version)) {
				h->version = version;
				h->path = own && scope.private ? "/" : keep_path(path);
			}
		}
	}
	note_error(error, scan_close(&s));
	return !s.error;
}

/* `path` below `root` at a component boundary ("" for root itself), or NULL. */
static const char *below(const char *path, const char *root)
{
	const char *rest = root[1] ? after(path, root) : path;

	if (!rest || (*rest && *rest != '/'))
		return NULL;
	return rest[0] && !rest[1] ? rest + 1 : rest;
}

/* The number of ".." components in the path. */
static unsigned steps_up(const char *path)
{
	unsigned n = 0;

	while (*(path = strchrnul(path, '/'))) {
		const char *rest = after(++path, "..");

		n += rest && (!*rest || *rest == '/');
	}
	return n;
}

/* A walk over a cgroup and its descendants. `visit` is called with the length
 * of each directory's path in `dir`, and returns true to end the walk. */
struct walk {
	bool (*visit)(struct walk *, size_t n);
	void *for_visit;
	int error; /* the first read error, or 0 */
	unsigned depth; /* levels to visit below the cgroup; 0: WALK_DEPTH */
	struct stat stat; /* of the directory */
	char dir[PATH_BYTES];
};

#define WALK_DEPTH 32 /* levels below the cgroup; each takes 1 KiB of stack */

static bool walk_below(struct walk *w, size_t n, unsigned depth)
{
	struct entries entries;
	const char *name;
	bool done, leaf;

	if (stat(w->dir, &w->stat)) {
		note_error(&w->error, errno);
		return false;
	}
	leaf = w->stat.st_nlink == 2; /* its entry and "."; each subdirectory adds a ".." */
	done = w->visit(w, n);
	if (done)
		return true;
	if (leaf || (depth == w->depth && w->depth))
		return false;
	if (depth == WALK_DEPTH || !entries_open(&entries, w->dir)) {
		note_error(&w->error, depth < WALK_DEPTH ? errno : EFBIG);
		return false;
	}
	while (!done && (name = next_entry(&entries))) {
		if (!entries.is_directory)
			continue;
		if (join_n(w->dir, w->dir, n, "/", name))
			done = walk_below(w, n + 1 + strlen(name), depth + 1);
		else
			note_error(&w->error, ENAMETOOLONG);
		if (!done)
			w->dir[n] = '\0';
	}
	note_error(&w->error, entries.error);
	close(entries.fd);
	return done;
}

/* Walks over `dir`; true: a visit ended the walk, at w->dir. */
static bool walk_over(struct walk *w, const char *dir)
{
	w->error = 0;
	join(w->dir, dir, "", "");
	return walk_below(w, strlen(dir), 0);
}

static bool visit_search(struct walk *w, size_t n)
{
	const uint64_t *wanted = w->for_visit;
	struct scanner s;
	struct text line;
	uint64_t pid;
	bool found = false;
	int error, fd = open_below(w->dir, n, "cgroup.procs", "", &error);

	scan_start(&s, fd, error);
	while (!found && scan_line(&s, &line))
		found = scan_number(&line, &pid) && pid == *wanted;
	note_error(&w->error, scan_close(&s));
	return found;
}

struct mount {
	char root[PATH_BYTES];  /* the mounted part of the hierarchy */
	char point[PATH_BYTES]; /* the mount point, as we see it */
	uint8_t version;
	bool moved; /* below /sys in mountinfo, searched below --sys */
	bool carries[DIR_COUNT];
};

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* mountinfo writes space, tab, newline and backslash as \ooo, and no other backslash. */
static bool unescape(const struct text *w, char *to)
{
	const char *p = w->p, *end = to + PATH_BYTES - 1;

	for (; p < w->end && to < end; to++)
		if (*p == '\\' && w->end - p > 3 && is_octal(p[1]) && is_octal(p[2]) && is_octal(p[3])) {
			*to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*to = *p++;
		}
	*to = '\0';
	return p == w->end;
}

/* One line of mountinfo: "id parent dev root mount options... - type source
 * super-options". False for all but cgroup hierarchies; also notes lxcfs.
 * The mount point is below `prefix`: another process's root, or "". */
static bool parse_mount(struct text line, const char *prefix, struct mount *m)
{
	char named[PATH_BYTES];
	const char *rest = named;
	struct text w, type, last;
	bool any = false;
	unsigned i;

	for (i = 0; i < 4; i++)
		scan_word(&line, &w);
	if (!unescape(&w, m->root) || !scan_word(&line, &w) || !unescape(&w, named))
		return false;
	while (scan_word(&line, &w) && !is_text(&w, "-"))
		;
	scan_word(&line, &type);
	if (!scan_word(&line, &w))
		return false;
	while (scan_word(&line, &last)) /* the source may be empty; the options are last */
		w = last;
	scope.lxcfs |= is_text(&type, "fuse.lxcfs") && below(named, "/proc");
	m->version = is_text(&type, "cgroup2") ? 2 : is_text(&type, "cgroup");
	for (i = DIR_FIRST_HIERARCHY; i < DIR_COUNT; i++) {
		m->carries[i] = m->version == 2 || list_has(w, controllers[i]);
		any |= m->carries[i];
	}
	m->moved = !*prefix && below(named, "/sys") && !below(named, opt->sys);
	if (m->moved) {
		rest = below(named, "/sys");
		prefix = opt->sys;
	}
	return m->version && any && join(m->point, prefix, strcmp(rest, "/") ? rest : "", "");
}

/* Records the cgroup's directory in a hierarchy, and the length of each level's
 * path, up to the mount point, dir[0..top). */
static void set_directory(struct hierarchy *h, const char *dir, size_t top, uint8_t version, uint8_t rank, bool whole)
{
	size_t n = strlen(dir);

	*h = (struct hierarchy){ h->path, keep_path(dir), version, rank, whole && !scope.private };
	if (!h->dir)
		return;
	h->length[h->levels++] = (uint16_t)n;
	while (n > top && h->levels < MAX_LEVELS) {
		for (n--; n > top && dir[n] != '/'; n--)
			;
		h->length[h->levels++] = (uint16_t)n;
	}
	h->truncated = n > top;
	h->whole &= !h->truncated;
}

/* The directory below a mount whose cgroup.procs lists the process. Seen from a
 * namespace, the host's mount has a root like "/../..": the namespace's "/" is as
 * many components below the mount point, on the path to the process. */
static bool search_mount(char *dir, const struct mount *m, const char *path, uint64_t pid, int *error)
{
	struct walk w = { .visit = visit_search, .for_visit = &pid };
	unsigned down = path[1] ? 0 : steps_up(m->root);
	char *end = w.dir + strlen(m->point);
	bool found = pid && walk_over(&w, m->point);

	note_error(error, found ? 0 : w.error);
	if (!down)
		return found && join(dir, w.dir, "", "");
	for (; found && down && *end; down--)
		end = strchrnul(end + 1, '/');
	return found && !down && join_n(dir, w.dir, (size_t)(end - w.dir), "", "");
}

/* Finds the cgroup's directory on a mount, for each hierarchy mounted there: by the
 * path, else by the process (0: no search). Mounts at the place in mountinfo rank first;
 * then paths, those from the hierarchy's root first, as they show the most levels. */
static void use_mount(const struct mount *m, uint64_t pid, int *error)
{
	char by_path[PATH_BYTES], by_process[PATH_BYTES];
	int searched = -1;

	for (each_hierarchy(h)) {
		const char *rest = h->path ? below(h->path, m->root) : NULL, *dir = NULL;
		uint8_t rank = m->moved ? 1 : 4;

		if (!h->path || !m->carries[h - hierarchies] || (h->version && h->version != m->version))
			continue;
		if (rest && !steps_up(rest) && join(by_path, m->point, rest, "") && path_exists(by_path)) {
			dir = by_path;
			rank = (uint8_t)(rank + (m->root[1] ? 1 : 2));
		} else if (rank > h->rank) {
			if (searched < 0)
				searched = search_mount(by_process, m, h->path, pid, error);
			dir = searched ? by_process : NULL;
		}
		if (dir && rank > h->rank)
			set_directory(h, dir, strlen(m->point), m->version, rank, !m->root[1]);
	}
}

/* Is the cgroup the machine's root? */
static bool is_root(const struct hierarchy *h)
{
	return h->whole && h->levels == 1;
}

/* Does a hierarchy have the process in another cgroup than the one that names the scope? In v1
 * systemd leaves it above its unit in those that the unit does not use, up to the machine's
 * root, and those count others, too. Beside v1, runtimes leave containers in the v2 cgroup of
 * their service. Of cpusets the level above is the one in force. */
static bool is_elsewhere(const struct hierarchy *h, const struct hierarchy *named)
{
	return h->dir && strcmp(h->path, named->path) && h != &hierarchies[DIR_CPUSET] &&
		(h == &hierarchies[DIR_PRESSURE] || below(h->path, named->path) || below(named->path, h->path));
}

/* Finds the cgroup's directories on the mounts that WHO sees, and the hierarchy that
 * names it: the first in which it is below the root. Hierarchies that have it elsewhere
 * are then dropped. */
static bool find_directories(const char *who, const char *prefix, uint64_t pid, int *error)
{
	const struct hierarchy *best = NULL;
	struct scanner s;
	struct text line;
	struct mount m;

	scan_proc(&s, who, "/mountinfo");
	while (scan_line(&s, &line))
		if (parse_mount(line, prefix, &m))
			use_mount(&m, pid, error);
	note_error(error, scan_close(&s));
	for (each_hierarchy(h)) {
		if (!h->dir)
			h->version = 0;
		else if (h != &hierarchies[DIR_CPUSET] && (!best || (!best->path[1] && h->path[1])))
			best = h;
	}
	for (each_hierarchy(h))
		if (best && is_elsewhere(h, best))
			*h = (struct hierarchy){ .path = h->path };
	scope.hierarchy = best;
	return best != NULL;
}

/* Reads a link below /proc/self; false if it cannot be read. */
static bool read_link(const char *name, char *to, size_t size)
{
	char path[PATH_BYTES];
	ssize_t n = join(path, opt->proc, "/self", name) ? readlink(path, to, size - 1) : -1;

	if (n < 0)
		return false;
	to[n] = '\0';
	return true;
}

/* Is vmstat outside the initial namespace, whose inode number is fixed? If
 * unknown, false. */
static bool is_private(const char *name, const char *initial)
{
	char link[64];

	return read_link(name, link, sizeof link) && strcmp(link, initial) != 0;
}

/* In a container: in a pid or cgroup namespace of our own, or where /proc has
 * only processes (subset=pid). Unknown, hence false, for another /proc. */
static bool in_container(void)
{
	return !opt->proc_given &&
	       (is_private("/ns/cgroup", INITIAL_CGROUP_NS) || is_private("/ns/pid", INITIAL_PID_NS) ||
		(exists_in_proc("self") && !exists_in_proc("stat")));
}

/* Is there a container's marker, a file or variable? Virtual machines made from
 * an image have stale ones. */
static bool is_marked(void)
{
	return getenv("container") || getenv("KUBERNETES_SERVICE_HOST") ||
	       path_exists("/.dockerenv") || path_exists("/run/.containerenv");
}

/* Is the cgroup the root, as this namespace sees it? */
static bool is_at_root(enum directory dir)
{
	return hierarchies[dir].path && !hierarchies[dir].path[1];
}

/* The cgroup of WHO, "self" or a PID: on our own mounts; else, if we have
 * entered a container from outside, the cgroup of process 1; else on the mounts of
 * the process itself (a container beside ours). */
static bool find_cgroup_of(const char *who, uint64_t pid, bool *below_root, int *error)
{
	char root[PATH_BYTES];
	bool found = read_cgroup_paths(who, !pid, error), outside;
	const char *path = hierarchies[DIR_MEMORY].path;
	uint64_t listed = pid ? pid : (uint64_t)getpid(); /* to search cgroup.procs for */
	struct scanner s;
	struct text line;

	if (!pid && opt->captured && first_line(&s, "self", "/stat", &line))
		scan_number(&line, &listed); /* the process that copied the tree */
	outside = !pid && path && (is_at_root(DIR_MEMORY) || steps_up(path));
	*below_root = !is_at_root(DIR_MEMORY) && !is_at_root(DIR_CPU);
	found = found && find_directories("self", "", listed, error);
	if (!found && outside && !*error)
		found = scope.entered = read_cgroup_paths("1", true, error) && find_directories("self", "", 0, error);
	if (!found && pid && join(root, opt->proc, "/", who) && join(root, root, "/root", ""))
		found = read_cgroup_paths(who, false, error) && find_directories(who, root, pid, error);
	return found;
}

/* Writes the canonical path of a directory; false if it cannot be opened. */
static bool canonical(const char *path, char *to, int *error)
{
	char link[40];
	struct sink o = SINK(link);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ssize_t n;

	if (fd < 0) {
		note_error(error, errno);
		return false;
	}
	out(&o, "/proc/self/fd/%u", (unsigned)fd);
	n = readlink(out_end(&o), to, PATH_BYTES - 1);
	close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* --cgroup as the kernel names it: a directory (`dir`, canonical, or "") below a mount
 * point, else a path below one. The root of a host's mount, "/../..", is not part
 * of the name: *unnamed is its length. Kept out of find_named(), whose frame would hold this
 * scanner beside that of find_directories(). */
static __attribute__((noinline)) bool find_path(char *path, size_t *unnamed, const char *cgroup, const char *dir,
						int *error)
{
	char real[PATH_BYTES], point[PATH_BYTES];
	size_t least = SIZE_MAX;
	struct scanner s;
	struct text line;
	struct mount m;

	scan_proc(&s, "self", "/mountinfo");
	while (scan_line(&s, &line)) {
		const char *rest;

		if (!parse_mount(line, "", &m) || !canonical(m.point, point, error))
			continue;
		rest = below(dir, point);
		if (!rest && join(real, m.point, "/", cgroup) && canonical(real, real, error))
			rest = below(real, point);
		/* The nearest mount point; of equals that of the hierarchy's root. */
		if (!rest || strlen(rest) > least || (strlen(rest) == least && m.root[1]) ||
		    !join(path, m.root[1] ? m.root : *rest ? "" : "/", rest, ""))
			continue;
		least = strlen(rest);
		*unnamed = steps_up(m.root) ? strlen(m.root) : 0;
	}
	note_error(error, scan_close(&s));
	return least < SIZE_MAX;
}

/* File system types: magic numbers of linux/magic.h. */
enum { FS_PROC = 0x9fa0, FS_CGROUP = 0x27e0eb, FS_CGROUP2 = 0x63677270 };

static bool is_in(const char *dir, uint32_t type)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && (uint32_t)fs.f_type == type;
}

/* Finds the cgroup of --cgroup; a directory may be below no mount of ours. */
static bool find_named(const char *cgroup, int *error)
{
	char path[PATH_BYTES], dir[PATH_BYTES] = "";
	size_t unnamed = 0;
	uint8_t version;
	bool found;

	if (cgroup[0] == '/')
		canonical(cgroup, dir, error);
	read_cgroup_paths("self", false, error); /* for the versions of the hierarchies */
	if (find_path(path, &unnamed, cgroup, dir, error)) {
		for (each_hierarchy(h))
			h->path = keep_path(path);
		found = find_directories("self", "", 0, error);
		for (each_hierarchy(h))
			h->path = path[unnamed] ? keep_path(path + unnamed) : "/";
		return found;
	}
	version = is_in(dir, FS_CGROUP2) ? 2 : is_in(dir, FS_CGROUP);
	if (!version)
		return false;
	for (each_hierarchy(h)) {
		h->path = keep_path(dir);
		set_directory(h, dir, strlen(dir), version, 1, false);
	}
	scope.hierarchy = &hierarchies[DIR_MEMORY];
	return true;
}

enum chosen { CHOSEN, CHOSEN_NOT_FOUND, CHOSEN_NO_PID, CHOSEN_GONE, CHOSEN_UNSEEN, CHOSEN_NONE };

/* Chooses the scope: a cgroup named as for --cgroup, or that of the other options. `auto`
 * falls back to the host; if a requested cgroup or process is unavailable, the result says
 * why; *error is the errno of a failed read. */
static enum chosen scope_choose(const char *cgroup, int *error)
{
	char who[24] = "self";
	struct sink o = SINK(who);
	bool automatic = opt->scope == WHOSE_AUTO && !opt->pid && !cgroup;
	bool contained = automatic && in_container(), below_root = false, found;
	const char *path;

	memset(hierarchies, 0, sizeof hierarchies);
	scope = (struct scope){ .name = "", .boot_ns = scope.boot_ns };
	if ((opt->scope == WHOSE_HOST && !cgroup) || (automatic && (opt->proc_given || !(contained || is_marked()))))
		return CHOSEN;
	scope.private = is_private("/ns/cgroup", INITIAL_CGROUP_NS);
	if (opt->pid) {
		out_u64(&o, opt->pid);
		out_end(&o);
		if (!exists_in_proc(who))
			return CHOSEN_NO_PID;
	}
	found = cgroup ? find_named(cgroup, error) : find_cgroup_of(who, opt->pid, &below_root, error);
	if (automatic && (!found || is_root(scope.hierarchy) || !(contained || below_root))) {
		memset(hierarchies, 0, sizeof hierarchies);
		return CHOSEN;
	}
	if (!found && cgroup)
		return CHOSEN_NOT_FOUND;
	if (!found) {
		path = hierarchies[DIR_MEMORY].path ? strrchr(hierarchies[DIR_MEMORY].path, ' ') : NULL;
		return path && !strcmp(path, " (deleted)") ? CHOSEN_GONE : opt->pid ? CHOSEN_UNSEEN : CHOSEN_NONE;
	}
	scope.name = scope.hierarchy->path;
	scope.cgroup = true;
	if (opt->pid)
		scope.paths = open_below(opt->proc, strlen(opt->proc), who, "/cgroup", error) + 1;
	return CHOSEN;
}

/* Warns, once, that the process of --pid has moved to another cgroup. Its file is held
 * open, so that a later process with that number is not mistaken for it. */
static void warn_if_moved(void)
{
	const struct hierarchy *h = scope.hierarchy;
	char path[PATH_BYTES];
	struct scanner s;
	struct text line, list;
	bool moved = false;

	if (!scope.paths)
		return;
	scan_start(&s, scope.paths - 1, 0);
	while (!moved && scan_line(&s, &line))
		moved = take_controllers(&line, &list) && version_for(h, list) == h->version &&
			!is_text(&line, scope.name) && copy_text(path, sizeof path, &line) &&
			(h->version == 2 || path[1]); /* v1 reports "/" for an ended process */
	if (!moved)
		return;
	warn(0, "pid %ju has moved to cgroup %s: the numbers stay those of %s", opt->pid, path, scope.name);
	scan_close(&s);
	scope.paths = 0;
}

/* Reading the cgroup's own cgroup.procs, held open, fails with ENODEV once the
 * cgroup is removed, even if another has its name by now. In a captured tree the
 * directory disappears. */
static bool cgroup_is_gone(void)
{
	struct file *f = &scope.procs;
	const struct hierarchy *h = scope.hierarchy;
	char byte;

	if (opt->captured)
		return !path_exists(h->dir);
	if (!f->fd)
		f->fd = open_below(h->dir, h->length[0], "cgroup.procs", "", &f->error) + 1;
	if (!f->fd)
		return f->error == ENOENT;
	return pread(f->fd - 1, &byte, 1, 0) < 0 && errno == ENODEV;
}

/* Writes the kernel's name of the cgroup at a level to `to`; "" if unknown. It is
 * the path in the hierarchy less a component for each level up. */
static void level_name(enum directory dir, uint64_t level, char to[PATH_BYTES])
{
	const char *path = hierarchies[dir].path;
	size_t n;

	to[0] = '\0';
	if (level == UNAVAILABLE || !path)
		return;
	n = strlen(path);
	for (; level && n > 1; level--)
		for (n--; n > 1 && path[n] != '/'; n--)
			;
	if (!level)
		join_n(to, path, n, "", "");
	else /* above the root of the namespace, as /proc/PID/cgroup names it */
		for (n = 0; level && n + 4 < PATH_BYTES; level--, n += 3)
			memcpy(to + n, "/..", 4);
}

/* Is it 32 to `most` hexadecimal digits; in a pod's UID also - or _? */
static bool is_hex_id(const char *p, const char *end, ptrdiff_t most)
{
	if (end - p < 32 || end - p > most)
		return false;
	for (; p < end; p++)
		if (!is_digit(*p) && !(*p >= 'a' && *p <= 'f') && (most == 64 || (*p != '-' && *p != '_')))
			return false;
	return true;
}

/* The kubelet's parts of a path, or "". */
struct kubelet {
	char pod[40];       /* the UID of the pod */
	char container[68]; /* the container's ID, also of other runtimes */
};

/* Cgroupfs and systemd drivers, and a mixture: .../podUID/ID, ...-podU_I_D.slice/cri-containerd-ID.scope,
 * ...-podU_I_D.slice:cri-containerd:ID. Containers above a pod do not count: the node may
 * be one. Returns the rest of the path after these parts. */
static const char *kubelet_parts(const char *path, struct kubelet *k)
{
	const char *part, *end, *next, *p, *rest = path;
	struct sink pod = SINK(k->pod), container = SINK(k->container);

	for (part = path; *part; part = *next ? next + 1 : next) {
		next = end = part + strcspn(part, "/:");
		if (end - part > 6 && (after(end - 6, ".slice") || after(end - 6, ".scope")))
			end -= 6;
		for (p = part; p + 3 + 32 <= end; p++)
			if ((p == part || p[-1] == '-') && after(p, "pod") && is_hex_id(p + 3, end, 36)) {
				pod.n = container.n = 0;
				for (p += 3; p < end; p++)
					out_char(&pod, *p == '_' ? '-' : *p);
				rest = next;
			}
		p = end - 64;
		if (end - part >= 64 && is_hex_id(p, end, 64) && (p == part || p[-1] == '-') &&
		    !(p - part >= 7 && after(p - 7, "conmon-"))) { /* the monitor's */
			container.n = 0;
			out_bytes(&container, p, 64);
			rest = next;
		}
	}
	out_end(&pod);
	out_end(&container);
	return rest;
}

static bool parse_pid(const char *value)
{
	return parse_number(value, &given.pid) && given.pid && given.pid <= INT32_MAX;
}

/* A time namespace shifts the clocks, but not the times in the machine's
 * counters: Documentation/ABI, time_namespaces(7). */
static void read_boot_offset(void)
{
	uint64_t seconds, ns;
	struct scanner s;
	struct text line, w;

	if (opt->captured || !is_private("/ns/time", INITIAL_TIME_NS) || !scan_proc(&s, "self", "/timens_offsets"))
		return;
	while (scan_line(&s, &line))
		if (take_key(&line, "boottime") && scan_word(&line, &w)) {
			bool negative = *w.p == '-';

			w.p += negative;
			if (parse_digits(&w.p, &seconds) && scan_number(&line, &ns))
				scope.boot_ns = (int64_t)(ns + (negative ? -seconds : seconds) * NS_PER_S);
		}
	scan_close(&s);
}

/* ------------------------------------------------------------------- PLAN
 *
 * The plan of reading, made once: the origin of each metric in this scope, the
 * metrics to show and their operands, the keys of each file; and the reading of
 * files by the plan. */

/* A key to find in a file, and the metrics in its line. */
struct key {
	const char *name;
	uint32_t gap;   /* bytes from the line of the key before, when last read */
	uint8_t metric; /* the first of its metrics; plan->next has the others */
	bool levels;    /* one of them is read at each level, not only in the cgroup */
};

struct plan {
	const struct place *place[M_COUNT]; /* in this scope; NULL: none */
	bool selected[M_COUNT];    /* shown, or an operand of others */
	uint8_t order[M_COUNT];    /* the selected ones, operands first */
	unsigned count;
	bool source[SRC_COUNT];    /* read at all */
	uint8_t next[M_COUNT];     /* the next metric in the same line, or M_NONE */
	uint8_t first_key[SRC_COUNT + 1];
	bool levels[SRC_COUNT];    /* some key is read at each level */
	uint8_t found[SRC_COUNT];  /* the most keys found in the file */
	uint32_t extent[SRC_COUNT]; /* bytes up to the last key; 0: keys not in the file's order */
	struct key key[M_COUNT]; /* grouped by source */
};

static struct plan scope_plan;
LARGE struct plan children_plan; /* for the cgroups below a host */

LARGE struct file files[MAX_LEVELS][SRC_COUNT]; /* [0]: the scope's own */

/* The cgroup scopes in which a place counts, by the version of its file's hierarchy;
 * without a file, of memory's. Only v2 reports pressure: on a hybrid machine a v1 cgroup
 * has it in its v2 directory. */
static unsigned scopes_of(const struct place *p)
{
	enum directory dir = p->source == SRC_NONE ? DIR_MEMORY : sources[p->source].directory;
	unsigned version = hierarchies[dir].version;

	if (dir < DIR_FIRST_HIERARCHY || (dir == DIR_PRESSURE && version))
		return CGROUP;
	return version == 1 ? V1 : version == 2 || p->source == SRC_NONE ? V2 : 0;
}

/* The terms of a metric; NULL if it is read from a source. */
static const struct term *terms_of(const struct place *p)
{
	return p->source == SRC_NONE ? p->terms : NULL;
}

static bool is_counter(const struct plan *plan, enum metric_id m)
{
	return plan->place[m]->source != SRC_NONE && metrics[m].kind != KIND_GAUGE;
}

static bool is_cpu_time(const struct place *p)
{
	return p && p->source == SRC_STAT && p->raw == RAW_TICKS;
}

static void plan_places(struct plan *plan, bool cgroup)
{
	const struct place *p;

	for (each_metric(m)) {
		for (p = metrics[m].places; p->scopes && !(p->scopes & (cgroup ? scopes_of(p) : HOST)); p++)
			;
		plan->place[m] = p->scopes ? p : NULL;
	}
}

/* Selects a metric, after its operands; false if it has no place in this
 * scope. */
static bool plan_select(struct plan *plan, enum metric_id m)
{
	const struct place *p = plan->place[m];
	const struct term *t;

	if (!p || plan->selected[m])
		return p != NULL;
	plan->selected[m] = true;
	plan->source[p->source] |= p->source != SRC_NONE;
	for (t = terms_of(p); t && t->sign; t++)
		plan_select(plan, t->metric);
	if (p->over)
		plan_select(plan, p->over);
	if (p->within)
		plan_select(plan, p->within);
	plan->order[plan->count++] = (uint8_t)m;
	return true;
}

/* Adds a metric to the keys of its source, which end at `n`: to an equal key,
 * ordered by place in the line, or as a new key. Returns the new end. */
static unsigned plan_key(struct plan *plan, unsigned n, enum metric_id m)
{
	const struct place *p = plan->place[m];
	struct key *key = plan->key + plan->first_key[p->source];
	uint8_t *link;

	while (key < plan->key + n && strcmp(key->name, p->key))
		key++;
	if (key == plan->key + n) {
		*key = (struct key){ .name = p->key };
		n++;
	}
	key->levels |= p->trait == TRAIT_LEVELS;
	plan->levels[p->source] |= key->levels;
	for (link = &key->metric; *link && plan->place[*link]->nth < p->nth; link = &plan->next[*link])
		;
	plan->next[m] = *link;
	*link = (uint8_t)m;
	return n;
}

static void plan_keys(struct plan *plan)
{
	uint8_t first[SRC_COUNT] = { 0 }, m; /* the first metric of a file; plan->next has the others */
	unsigned src, i, n = 0;

	for (i = plan->count; i-- > 0;) {
		m = plan->order[i];
		if (plan->place[m]->source != SRC_NONE && plan->place[m]->key) { /* read_file() reads it */
			plan->next[m] = first[plan->place[m]->source];
			first[plan->place[m]->source] = m;
		}
	}
	for (src = 0; src < SRC_COUNT; src++) {
		plan->first_key[src] = (uint8_t)n;
		for (i = first[src]; i; i = m) {
			m = plan->next[i];
			n = plan_key(plan, n, i);
		}
	}
	plan->first_key[SRC_COUNT] = (uint8_t)n;
}

/* Are all sources of the metric read anyway? */
static bool costs_nothing(const struct plan *plan, enum metric_id m)
{
	const struct place *p = plan->place[m];
	const struct term *t;

	if (!p || (p->source != SRC_NONE && !plan->source[p->source]))
		return false;
	for (t = terms_of(p); t && t->sign; t++)
		if (plan->place[t->metric] && !costs_nothing(plan, t->metric))
			return false;
	return true;
}

/* Reads the numbers of a line from p, after its key, into values[metric]. A number counts
 * only if the character after it is before `end`. Returns the position reached. */
static const char *read_line(const struct plan *plan, const struct key *key, enum format format, const char *p,
			     const char *end, uint64_t *values)
{
	const char *start = p, *furthest = p;
	unsigned m, nth = 0;
	uint64_t v = 0;

	for (m = key->metric; m; m = plan->next[m]) {
		unsigned last = plan->place[m]->nth; /* of pressure: 1, the average in whole percent */

		if (format == FORMAT_PSI) {
			p = after_name(start, end, last ? "avg10=" : "total=");
			if (!p)
				return end;
			nth = 0;
		}
		for (; nth < last || !nth; nth++) {
			while (*p == ' ')
				p++;
			if (!parse_digits(&p, &v) ||
			    ((unsigned char)*p > ' ' && !(format == FORMAT_PSI && last && *p == '.')))
				return p > furthest ? p : furthest; /* ends at a blank, CR or LF */
		}
		if (p >= end)
			return end;
		furthest = p > furthest ? p : furthest;
		values[m] = v;
	}
	return furthest;
}

/* Searches a file for its keys, the first line with each, until all are found, and puts
 * the keys in the order of the file. At a level above (not `own`) only keys of each level
 * are read, and their order is not recorded. */
static void read_keys_anew(struct plan *plan, struct scanner *s, enum source_id src, bool own, uint64_t *values)
{
	struct key *key = plan->key + plan->first_key[src];
	unsigned n = plan->first_key[src + 1] - plan->first_key[src], k = 0, i;
	uint64_t last = 0;
	struct text line;

	for (i = 0; !own && i < n; i++)
		k += !key[i].levels; /* skips those */
	while (k < n && scan_line(s, &line)) {
		for (i = own ? k : 0; i < n; i++) {
			struct key found = key[i];
			const char *rest = *found.name == *line.p ? after_key(line.p, found.name) : NULL;

			if (!rest || (!own && !found.levels))
				continue;
			read_line(plan, &found, sources[src].format, rest, line.end + 1, values);
			found.gap = (uint32_t)(scan_position(s, line.p) - last);
			if (plan->place[found.metric]->trait == TRAIT_NUMBERED)
				values[found.metric] = scan_numbered(s, found.name);
			last += found.gap;
			if (own) {
				memmove(key + k + 1, key + k, (i - k) * sizeof *key);
				key[k] = found;
			}
			k++;
			break;
		}
	}
	/* Files of /proc gain no keys later; those of a cgroup may, with a controller, and
	 * a copy may have been cut. */
	if (own && k && k >= plan->found[src] && (k == n || (sources[src].directory == DIR_PROC && !opt->captured))) {
		plan->found[src] = (uint8_t)k;
		plan->extent[src] = SCAN_BYTES;
	}
}

/* The same once the order is known: each key is first tried at its last position,
 * then searched line by line. No more is read than the last time, as the kernel
 * then generates no more of /proc/vmstat. False if a key is missing. */
static bool read_keys_known(struct plan *plan, struct scanner *s, enum source_id src, uint64_t *values)
{
	struct key *key = plan->key + plan->first_key[src], *end = key + plan->found[src];
	enum format format = sources[src].format;
	const char *start, *p = s->next;
	uint64_t last = 0;
	struct text line;

	s->most = plan->extent[src];
	scan_fill(s);
	for (; key < end; key++) {
		const char *here = scan_jump(s, last + key->gap, key->name);

		start = s->next;
		p = here ? read_line(plan, key, format, here, s->end, values) : s->end;
		if (p == s->end) { /* moved, or read in part */
			here = NULL;
			do {
				if (!scan_line(s, &line))
					return false;
				start = line.p;
			} while (!take_key(&line, key->name));
			read_line(plan, key, format, line.p, line.end + 1, values);
			p = line.end;
		}
		key->gap = (uint32_t)(scan_position(s, start) - last);
		last += key->gap;
		if (plan->place[key->metric]->trait == TRAIT_NUMBERED) {
			if (here && !scan_line(s, &line))
				return false;
			values[key->metric] = scan_numbered(s, key->name);
			p = s->next;
		}
	}
	if (sources[src].directory == DIR_PROC)
		plan->extent[src] = (uint32_t)scan_position(s, p) + JUMP_SLACK;
	return true;
}

/* Reads the numbers of a one-line file, by their place in the line. */
static void read_numbers(const struct plan *plan, struct scanner *s, enum source_id src, uint64_t *values)
{
	static const char unlimited[] = "max max"; /* a missing file of one or two limits */
	bool limit = sources[src].format == FORMAT_LIMIT, averages = sources[src].format == FORMAT_AVERAGES;
	uint64_t v = UNAVAILABLE;
	struct text line = { unlimited, unlimited + strlen(unlimited) }, w;
	unsigned m = plan->key[plan->first_key[src]].metric, nth = 0;

	if (!(limit && s->error == ENOENT) && !scan_line(s, &line))
		return;
	if (line.end > line.p && line.end[-1] == '\r') /* see scan_number() */
		line.end--;
	for (; m; m = plan->next[m]) {
		for (; nth < plan->place[m]->nth || !nth; nth++)
			if (!scan_word(&line, &w))
				return;
		if (limit && (is_text(&w, "max") || is_text(&w, "-1")))
			v = UNLIMITED;
		else if (!(averages ? parse_decimal(&w.p, 3, &v) : parse_digits(&w.p, &v)) || w.p != w.end)
			return;
		/* Linux 3.x to 3.18 reports no limit as 2^64 - 1: not UNAVAILABLE. */
		values[m] = limit && v == UNAVAILABLE ? UNLIMITED : v;
	}
}

/* The number of CPUs in a list like "0-3,8". No kernel numbers them beyond MOST_CPUS. */
static void read_cpu_list(const struct plan *plan, struct scanner *s, enum source_id src, uint64_t *values)
{
	uint64_t n = 0, a, b;
	struct text line, part;

	if (!scan_line(s, &line) || line.p == line.end) /* empty: inherited from the level above */
		return;
	while (next_part(&line, ',', &part)) {
		if (!parse_digits(&part.p, &a))
			return;
		b = a;
		if (*part.p == '-' && part.p++ && (!parse_digits(&part.p, &b) || b < a))
			return;
		if (b >= MOST_CPUS || n > MOST_CPUS)
			return;
		n += b - a + 1;
	}
	values[plan->key[plan->first_key[src]].metric] = n;
}

/* Does a file exist that could not be read? Its counts and limits are then unknown,
 * and may be the decisive ones. */
static bool is_unread(const struct file *f)
{
	return f->error && f->error != ENOENT && f->error != ENODEV && f->error != EOPNOTSUPP;
}

/* Starts scanning a source's file in dir[0..n), which stays open. A missing
 * cgroup file is tried again each time, as controllers are switched on and
 * off; files of a captured tree are reopened under --listen, as they may be
 * replaced. */
static void scan_kept(struct scanner *s, struct file *f, const char *dir, size_t n, enum source_id src)
{
	bool is_served_copy = opt->captured && opt->listen;

	if (is_served_copy && f->fd > 0)
		close(f->fd - 1);
	if (is_served_copy || f->fd == 0 || (f->fd < 0 && sources[src].directory >= DIR_FIRST_HIERARCHY)) {
		f->fd = open_below(dir, n, sources[src].name, "", &f->error) + 1;
		if (!f->fd && f->error == ENOENT && sources[src].old_name)
			f->fd = open_below(dir, n, sources[src].old_name, "", &f->error) + 1;
		f->fd = f->fd ? f->fd : -1;
	}
	scan_start(s, f->fd > 0 ? f->fd - 1 : -1, f->fd > 0 ? 0 : f->error);
}

/* Reads the planned metrics of a file in dir[0..n) into values[metric]; those
 * it does not report stay unchanged. `own`: the scope's own file, not one of a
 * level above. f->error is set. */
static void read_file(struct plan *plan, struct file *f, const char *dir, size_t n, enum source_id src, bool own,
		      uint64_t *values)
{
	struct scanner s;

	scan_kept(&s, f, dir, n, src);
	switch (sources[src].format) {
	case FORMAT_WORDS:
	case FORMAT_PSI:
		if (own && s.fd >= 0 && plan->extent[src]) {
			if (read_keys_known(plan, &s, src, values) || s.error)
				break;
			plan->extent[src] = 0;
			scan_start(&s, s.fd, 0); /* its keys have changed */
		}
		read_keys_anew(plan, &s, src, own, values);
		break;
	case FORMAT_NUMBER:
	case FORMAT_AVERAGES:
	case FORMAT_LIMIT:
		read_numbers(plan, &s, src, values);
		break;
	case FORMAT_CPUS:
		read_cpu_list(plan, &s, src, values);
		break;
	}
	f->error = s.error;
	if (s.error == ENODEV && f->fd > 0) { /* switched off; it may return */
		close(f->fd - 1);
		f->fd = -1;
	}
	/* If the kernel does not report it, all usage counts; but not after a read error. */
	if (src == SRC_MEM_STAT && s.error && s.error != ENOENT)
		values[M_inactive_file] = FALSE_NUMBER;
	if (sources[src].directory == DIR_CPUSET && is_unread(f)) /* or those of the level above would count */
		values[M_cpuset_cpus] = FALSE_NUMBER;
}

/* ----------------------------------------------------------------- REPORT
 *
 * The comparison of two snapshots, and all arithmetic on metrics. Unless noted,
 * a function returns UNAVAILABLE if an operand is UNAVAILABLE or the result is
 * too large. */

/* The numbers of a block device: F(key, place in the diskstats line, further fields of its
 * row in disk_fields[], below). Documentation/admin-guide/iostats.rst, Linux 6.13. */
#define DISK_FIELDS(F) \
	F(reads, 1, IN_DISK(READS, 6, 9, 90, "total"), .sum = "total reads", .charge = "rios=", \
	  EXPORTED(COUNTER, ONE, "reads_completed_total", "Reads.")) \
	F(reads_merged, 2, IN_DISK(READS, 6, 9, 20, "merged"), .sum = "merged reads", \
	  EXPORTED(COUNTER, ONE, "reads_merged_total", "Reads that were merged.")) \
	F(read_sectors, 3, IN_DISK(READS, 7, 11, 80, "sectors"), .sum = "read sectors", .charge = "rbytes=", \
	  EXPORTED(COUNTER, SECTORS, "read_bytes_total", "Bytes read.")) \
	F(read_ms, 4, IN_DISK(READS, 7, 11, 70, "ms"), .sum = "milli reading", \
	  EXPORTED(COUNTER, MS, "read_time_seconds_total", "Time that reads took.")) \
	F(writes, 5, IN_DISK(WRITES, 6, 9, 90, "total"), .sum = "writes", .charge = "wios=", \
	  EXPORTED(COUNTER, ONE, "writes_completed_total", "Writes.")) \
	F(writes_merged, 6, IN_DISK(WRITES, 6, 9, 20, "merged"), .sum = "merged writes", \
	  EXPORTED(COUNTER, ONE, "writes_merged_total", "Writes that were merged.")) \
	F(write_sectors, 7, IN_DISK(WRITES, 7, 11, 80, "sectors"), .sum = "written sectors", .charge = "wbytes=", \
	  EXPORTED(COUNTER, SECTORS, "written_bytes_total", "Bytes written.")) \
	F(write_ms, 8, IN_DISK(WRITES, 7, 11, 70, "ms"), .sum = "milli writing", \
	  EXPORTED(COUNTER, MS, "write_time_seconds_total", "Time that writes took.")) \
	F(io_now, 9, IN_DISK(IO, 6, 7, 60, "cur"), .sum = "inprogress IO", \
	  EXPORTED(GAUGE, ONE, "io_now", "I/O in progress.")) \
	F(io_ms, 10, IN_DISK(IO, 6, 7, 75, "sec"), .sum = "milli spent IO", \
	  EXPORTED(COUNTER, MS, "io_time_seconds_total", "Time that the device was busy.")) \
	F(io_weighted_ms, 11, .sum = "milli weighted IO", \
	  EXPORTED(COUNTER, MS, "io_time_weighted_seconds_total", "Time that I/O was in progress, times how much.")) \
	F(discards, 12, EXPORTED(COUNTER, ONE, "discards_completed_total", "Discards.")) \
	F(discard_sectors, 14, EXPORTED(COUNTER, SECTORS, "discarded_bytes_total", "Bytes discarded.")) \
	F(discard_ms, 15, EXPORTED(COUNTER, MS, "discard_time_seconds_total", "Time that discards took.")) \
	F(flushes, 16, EXPORTED(COUNTER, ONE, "flush_requests_total", "Flushes.")) \
	F(flush_ms, 17, EXPORTED(COUNTER, MS, "flush_requests_time_seconds_total", "Time that flushes took."))

#define DISKSTATS_NUMBERS 17 /* in a line of Linux 5.5 */

enum disk_field_id {
#define F(key, ...) D_##key,
	DISK_FIELDS(F)
#undef F
	D_COUNT
};

struct device {
	char name[NAME_BYTES];
	bool stacked;    /* on other devices, whose I/O is also counted */
	unsigned disks, partitions; /* 1 and 0, or 0 and 1; in the last entry, its totals */
	uint64_t number; /* major << 20 | minor */
	uint64_t value[D_COUNT];
};

/* The needs of a view beyond the planned metrics. */
struct needs {
	bool devices, slabs;
	bool states;    /* of a cgroup's tasks */
	bool processes; /* activity of each */
	bool host;      /* numbers that the kernel does not count per cgroup */
};

/* The block devices of an instant. */
struct devices {
	unsigned count;
	int error;          /* errno, or 0 */
	int stacking_error; /* of sysfs: stacked devices are unknown */
	bool charged;       /* numbers are charges to the cgroup */
	struct device device[MAX_DISKS + 1]; /* the last: sum of the disks beyond */
};

#define MAX_CPUS 4096 /* whose own ticks are compared */

/* The ticks of each CPU, by its number, modulo 2^32; `all` is 0 if it is offline. */
struct cpus {
	struct { uint32_t busy, all; } cpu[MAX_CPUS];
};

/* The numbers of one instant, in the units of the catalogue. */
struct snapshot {
	struct plan *plan; /* the plan it was read by */
	uint64_t ns;       /* CLOCK_BOOTTIME, or the uptime of a captured tree */
	uint64_t awake_ns; /* CLOCK_MONOTONIC: without suspended time */
	uint64_t wall_ns;  /* CLOCK_REALTIME */
	bool gone;         /* the cgroup was removed */
	bool age_known;    /* `ns` is the time since boot */
	bool of_host;      /* the numbers are the host's, even in cgroup scope */
	unsigned levels;
	uint64_t (*level)[M_COUNT]; /* [0] the scope; then its ancestors */
	struct devices *devices;
	struct cpus *cpus; /* NULL: the exporter's, which has no need of them */
};

/* The last two; for the exporter four, see exporter_snapshot(). */
enum { SNAPSHOTS = WITH_LISTEN ? 4 : 2 };
static struct snapshot snapshots[SNAPSHOTS], no_snapshot; /* precedes the first: always empty */

LARGE uint64_t level_rows[(SNAPSHOTS + 1) * MAX_LEVELS][M_COUNT];
LARGE struct devices device_tables[SNAPSHOTS + 1];
LARGE struct cpus cpu_tables[2];

/* Gives the snapshots their tables, with one row per level of this scope: memory used
 * at each tick is contiguous. */
static void lay_out_snapshots(void)
{
	unsigned i, levels = 1;

	for (i = 0; i < DIR_COUNT; i++)
		levels = hierarchies[i].levels > levels ? hierarchies[i].levels : levels;
	for (i = 0; i <= SNAPSHOTS; i++)
		*(i < SNAPSHOTS ? &snapshots[i] : &no_snapshot) = (struct snapshot){
			.levels = levels, .level = level_rows + i * levels,
			.devices = &device_tables[i], .cpus = i < LENGTH(cpu_tables) ? &cpu_tables[i] : NULL,
		};
}

LARGE struct slabs {
	unsigned count; /* more than MAX_SLABS: some are left out */
	int error;
	struct slab {
		char name[NAME_BYTES];
		uint64_t value[4];
	} slab[MAX_SLABS + 1]; /* the last: read, but left out */
} slabs;

enum alert_level { CALM, WARNING, CRITICAL };

/* Why tasks wait for CPUs: their own quota, CPUs in use by others, each other, or
 * quotas of cgroups below the machine's root. */
enum cause { CAUSE_UNKNOWN, CAUSE_QUOTA, CAUSE_CONTENDED, CAUSE_QUEUEING, CAUSE_QUOTAS_BELOW };

/* Two snapshots compared: all the input of a renderer. Values are thousandths:
 * of a byte for sizes, of one per second for rates, of a percent, of a CPU;
 * those of KIND_TIME are microseconds. */
struct report {
	uint64_t wall_ns;    /* time of the report */
	uint64_t elapsed_us; /* the time it covers; 0: unknown */
	uint64_t cpus;       /* online meanwhile */
	uint64_t most[KIND_TOTAL + 1]; /* possible growth of each kind of counter, in base units */
	uint64_t most_ticks; /* possible count of one kind since boot */
	bool first;          /* since boot, or since the start of the cgroup */
	const char *cgroup;  /* its path; NULL for the host */
	uint8_t level[RULE_COUNT], worst; /* enum alert_level */
	uint8_t cause;       /* of CPU pressure: enum cause */
	struct memory_limit { /* of a cgroup, over all its levels; in bytes */
		uint64_t limit, used; /* limit and working set of the tightest level */
		uint64_t idle, available; /* the least of limit - usage, limit - working set */
		uint64_t level;       /* the tightest; UNAVAILABLE: none, or not visible */
		bool known;           /* every limit could be read */
	} memory;
	uint64_t value[M_COUNT];
	char mem_level[PATH_BYTES], cpu_level[PATH_BYTES]; /* of limits in force; "": none */
};

struct comparison {
	const struct snapshot *before, *now;
	struct report *report; /* filled so far */
	bool child;            /* of a cgroup below the scope: own level only */
	const bool *has;       /* metrics of a recording; NULL: live */
};

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UNAVAILABLE - b ? UNAVAILABLE : a + b;
}

/* a * b / c to the nearest, through 128 bits if 64 do not suffice. */
static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32, high, mid, low;
	unsigned i;

	if (a == UNAVAILABLE || c == UNAVAILABLE || !c)
		return UNAVAILABLE;
	if (!__builtin_mul_overflow(a, b, &low) && low <= UINT64_MAX - c / 2)
		return (low + c / 2) / c;
	mid = a1 * b0 + (a0 * b0 >> 32);
	high = a1 * b1 + (mid >> 32) + ((a0 * b1 + (uint32_t)mid) >> 32);
	low += c / 2;
	high += low < c / 2;
	if (high >= c) /* the result is too large */
		return UNAVAILABLE;
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

/* a * b; a may be UNAVAILABLE. */
static uint64_t times(uint64_t a, uint64_t b)
{
	return __builtin_mul_overflow(a, b, &a) ? UNAVAILABLE : a;
}

static uint64_t divided(uint64_t v, uint64_t by)
{
	return v == UNAVAILABLE ? v : v / by;
}

/* a - b, at least 0. */
static uint64_t minus(uint64_t a, uint64_t b)
{
	if (a == UNAVAILABLE || b == UNAVAILABLE)
		return UNAVAILABLE;
	return a > b ? a - b : 0;
}

/* part of whole in thousandths of a percent. */
static uint64_t percent(uint64_t part, uint64_t whole)
{
	return mul_div(part, 100000, whole);
}

static uint64_t largest_known(uint64_t a, uint64_t b)
{
	return a == UNAVAILABLE ? b : b == UNAVAILABLE || a > b ? a : b;
}

static uint64_t at_most_100(uint64_t v)
{
	return v < 100000 || v == UNAVAILABLE ? v : 100000;
}

/* The OOM kills in dir[0..n)/FILE; UNAVAILABLE if not reported. */
static uint64_t read_kills(const char *dir, size_t n, const char *file, int *error)
{
	uint64_t kills = UNAVAILABLE;
	struct scanner s;
	struct text line;
	int fd = open_below(dir, n, file, "", error);

	scan_start(&s, fd, *error);
	while (scan_line(&s, &line))
		if (take_key(&line, "oom_kill") && !scan_number(&line, &kills))
			kills = UNAVAILABLE;
	*error = scan_close(&s);
	return kills;
}

static bool visit_oom(struct walk *w, size_t n)
{
	uint64_t *sum = w->for_visit, kills;
	int error;

	kills = read_kills(w->dir, n, "memory.oom_control", &error);
	if (kills != UNAVAILABLE)
		*sum = plus(*sum == UNAVAILABLE ? 0 : *sum, kills);
	note_error(&w->error, error);
	return false;
}

/* Readers of a snapshot in DISKS and TASKS. */
static void read_devices(struct snapshot *now, bool charged, bool names);
static void read_slabs(struct slabs *list);
static void read_tasks(struct snapshot *now, uint64_t before_ns, const struct needs *needs);
static uint64_t oldest_start_ns(void);

/* v1 counts a kill only in the victim's own cgroup: adds up `dir` and all below. */
static uint64_t read_oom_below(const char *dir, int *error)
{
	uint64_t sum = UNAVAILABLE;
	struct walk w = { .visit = visit_oom, .for_visit = &sum };

	walk_over(&w, dir);
	*error = w.error;
	return w.error ? UNAVAILABLE : sum;
}

/* The OOM kills below the parent cgroup; UNAVAILABLE if not counted or not
 * visible. */
static uint64_t parent_kills(void)
{
	const struct hierarchy *h = &hierarchies[DIR_MEMORY];
	int error;

	if (h->version != 2 || h->levels < 2)
		return UNAVAILABLE;
	return read_kills(h->dir, h->length[1], "memory.events", &error);
}

/* The time of a snapshot, since boot. A captured tree has its own, its
 * uptime; without that, the clock's is used, and the age is unknown. */
static void snapshot_clock(struct snapshot *now, uint64_t tick_ns)
{
	struct scanner s;
	struct text line;

	now->ns = tick_ns - (uint64_t)scope.boot_ns;
	now->age_known = !opt->captured;
	if (opt->captured)
		now->age_known = first_line(&s, "uptime", "", &line) && parse_decimal(&line.p, 9, &now->ns);
	now->awake_ns = opt->captured ? now->ns : clock_ns(CLOCK_MONOTONIC);
}

static const char *directory_of(enum source_id src)
{
	enum directory dir = sources[src].directory;

	return dir == DIR_PROC ? opt->proc : dir == DIR_SYS ? opt->sys : hierarchies[dir].dir;
}

/* The length of its path at a level. */
static size_t directory_length(enum source_id src, unsigned l)
{
	const struct hierarchy *h = &hierarchies[sources[src].directory];

	return h->levels ? h->length[l] : strlen(directory_of(src));
}

/* Reads a file; at each level if the plan needs its levels. The nearest list of CPUs counts. */
static void read_source(struct plan *plan, struct snapshot *now, enum source_id src)
{
	const struct hierarchy *h = &hierarchies[sources[src].directory];
	unsigned l, levels = h->levels > 1 && plan->levels[src] ? h->levels : 1;

	for (l = 0; l < levels; l++) {
		read_file(plan, &files[l][src], directory_of(src), directory_length(src, l), src, l == 0,
			  now->level[l]);
		if (sources[src].format == FORMAT_CPUS && now->level[l][M_cpuset_cpus] != UNAVAILABLE)
			break;
	}
}

/* Counts the online CPUs. On a host these are the cpuN lines of /proc/stat, of the same
 * instant as the ticks; sysfs is read at the first snapshot, and later only if it had
 * more. In a cgroup, where /proc/stat is not read, sysfs comes first. */
static void count_cpus(struct plan *plan, struct snapshot *now, const struct snapshot *before)
{
	uint64_t *v = now->level[0], lines = v[M_cpu_lines];
	const uint64_t *old = before->level[0];
	struct scanner s;
	struct text line;

	if (!now->of_host) {
		if (v[M_cpus_online] == UNAVAILABLE && scan_proc(&s, "stat", "")) {
			lines = scan_line(&s, &line) ? scan_numbered(&s, "cpu") : 0;
			v[M_cpus_online] = lines ? lines : UNAVAILABLE;
			scan_close(&s);
		}
		return;
	}
	if (!before->ns || old[M_cpu_lines] < old[M_cpus_online])
		read_source(plan, now, SRC_CPU_ONLINE);
	if (!before->ns && plan->source[SRC_CPU_POSSIBLE])
		read_source(plan, now, SRC_CPU_POSSIBLE);
	v[M_cpus_online] = largest_known(lines ? lines : UNAVAILABLE, v[M_cpus_of_sysfs]);
}

/* Reads the lines cpuN of /proc/stat: user nice system idle iowait irq softirq steal. */
static void read_each_cpu(struct cpus *cpus)
{
	struct file *f = &files[0][SRC_EACH_CPU];
	struct scanner s;
	struct text line;
	const char *p;
	uint64_t number, v, all, idle;
	unsigned i;

	memset(cpus, 0, sizeof *cpus);
	scan_kept(&s, f, opt->proc, strlen(opt->proc), SRC_EACH_CPU);
	while (scan_line(&s, &line) && (p = after(line.p, "cpu"))) {
		if (!parse_digits(&p, &number) || number >= MAX_CPUS)
			continue;
		line.p = p;
		for (i = 0, all = idle = 0; i < 8 && scan_number(&line, &v); i++) {
			all += v;
			idle += i == 3 || i == 4 ? v : 0;
		}
		cpus->cpu[number].all = (uint32_t)all;
		cpus->cpu[number].busy = (uint32_t)(all - idle);
	}
	f->error = s.error;
	if (s.error) /* the busiest may be among the others */
		memset(cpus, 0, sizeof *cpus);
}

/* Reads all planned metrics and the needs of the view. `before` is the last
 * snapshot; tick_ns is CLOCK_BOOTTIME. Unreadable numbers are UNAVAILABLE;
 * errors are in the snapshot and in files[]. */
static void snapshot_take(struct plan *plan, struct snapshot *now, const struct snapshot *before, uint64_t tick_ns,
			  const struct needs *needs)
{
	unsigned src, l, i;

	for (l = 0; now->plan == plan && l < now->levels; l++)
		for (i = 0; i < plan->count; i++)
			now->level[l][plan->order[i]] = UNAVAILABLE;
	if (now->plan != plan)
		memset(now->level, 0xff, now->levels * sizeof *now->level);
	now->plan = plan;
	snapshot_clock(now, tick_ns);
	now->wall_ns = clock_ns(CLOCK_REALTIME);
	now->of_host = !in_cgroup() || needs->host;
	now->gone = false;
	for (i = 0; i < plan->first_key[SRC_COUNT]; i = plan->first_key[src + 1]) {
		src = plan->place[plan->key[i].metric]->source;
		if (src != SRC_CPU_POSSIBLE && (src != SRC_CPU_ONLINE || !now->of_host))
			read_source(plan, now, src);
	}
	if (plan->source[SRC_CPU_ONLINE])
		count_cpus(plan, now, before);
	if (plan->source[SRC_EACH_CPU])
		read_each_cpu(now->cpus);
	if (needs->devices)
		read_devices(now, WITH_CGROUP && !now->of_host, true);
	if (needs->slabs)
		read_slabs(&slabs);
	if (needs->states || needs->processes)
		read_tasks(now, before->ns, needs);
	if (!in_cgroup())
		return;
	if (plan->source[SRC_DEVICES] && !needs->devices)
		read_devices(now, true, false);
	if (plan->source[SRC_OOM_BELOW])
		now->level[0][M_oom] = read_oom_below(hierarchies[DIR_MEMORY].dir, &files[0][SRC_OOM_BELOW].error);
	now->gone = cgroup_is_gone();
}

/* Was any number read from this source; SRC_NONE: from any but sysfs? */
static bool has_numbers(const struct snapshot *now, enum source_id src)
{
	for (each_metric(m)) {
		const struct place *p = now->plan->place[m];

		if (p && p->source && now->level[0][m] < UNLIMITED &&
		    (src ? p->source == src : sources[p->source].directory != DIR_SYS))
			return true;
	}
	return false;
}

/* Clock ticks per second in /proc, whatever the kernel's HZ: 1024 on alpha and ia64. */
static uint64_t user_hz = 100;

/* A raw number in base units: bytes, microseconds, or unchanged. */
static uint64_t in_base_units(uint64_t v, enum raw unit)
{
	return unit == RAW_KIB ? times(v, 1024) :
		unit == RAW_PAGES ? times(v, (uint64_t)getpagesize()) :
		unit == RAW_TICKS ? divided(times(v, 1000000), user_hz) :
		unit == RAW_NS ? divided(v, 1000) : v;
}

/* Has no quota ever been set at this level? Its counts are then meaningless. */
static bool has_no_quota(const uint64_t *level)
{
	return level[M_cpu_quota] == UNLIMITED && (!level[M_nr_periods] || level[M_nr_periods] == UNAVAILABLE);
}

static uint64_t counter_total(const struct snapshot *now, unsigned l, enum metric_id m);

/* The sum of terms: of their values in a report, or without one of the counters at a level. */
static uint64_t sum_terms(const struct snapshot *now, unsigned l, const struct term *t, const struct report *r)
{
	uint64_t sum = 0, less = 0;
	bool any = false;

	for (; t->sign; t++) {
		uint64_t *to = t->sign == TERM_MINUS ? &less : &sum;

		if (t->sign == TERM_NEEDED || (t->optional && now->level[l][t->metric] == UNAVAILABLE))
			continue; /* not reported by this kernel */
		any = true;
		*to = plus(*to, r ? r->value[t->metric] : counter_total(now, l, t->metric));
	}
	return any ? minus(sum, less) : UNAVAILABLE;
}

/* A counter since boot in base units, at one level; terms are added up. */
static uint64_t counter_total(const struct snapshot *now, unsigned l, enum metric_id m)
{
	const struct place *p = now->plan->place[m];
	uint64_t v = now->level[l][m];

	if (p && terms_of(p))
		return sum_terms(now, l, p->terms, NULL);
	if (!p || v == UNLIMITED || (p->trait == TRAIT_NEVER_ZERO && !v) ||
	    (p->trait == TRAIT_LEVELS && has_no_quota(now->level[l])))
		return UNAVAILABLE;
	return in_base_units(v, p->raw);
}

/* When the counters of the machine began, in ns since boot: at boot, unless they fill less
 * than half of the time since and fit into /proc/uptime; then by that. OpenVZ has its own
 * uptime and counters, but the host's clock. */
static uint64_t machine_start_ns(const struct snapshot *now)
{
	uint64_t cpus = now->level[0][M_cpu_lines], us = counter_total(now, 0, M_cpu_time), uptime = 0;
	struct scanner s;
	struct text line;

	if (!us || cpus == UNAVAILABLE || us > times(cpus, now->ns / 2000) || !first_line(&s, "uptime", "", &line) ||
	    !parse_decimal(&line.p, 9, &uptime))
		return 0;
	return uptime < now->ns && us <= times(cpus, (uptime + uptime / 16) / 1000) ? now->ns - uptime : 0;
}

/* When the counters of the scope began, in ns since boot: for a cgroup when
 * its oldest task started; UNAVAILABLE if unknown. */
static uint64_t scope_start_ns(const struct snapshot *now)
{
	if (!now->age_known)
		return UNAVAILABLE;
	if (!in_cgroup())
		return opt->captured ? 0 : machine_start_ns(now);
	return is_root(scope.hierarchy) ? 0 : oldest_start_ns();
}

#define MOST_WRAPPED (UINT32_MAX / 16)

/* The growth of a counter. A 32-bit kernel's wraps at 2^32: assumed if it was
 * near that and is small now. After any other step back (a reset, a replaced
 * device) the growth is unknown. */
static uint64_t growth(uint64_t before, uint64_t now)
{
	uint32_t wrapped = (uint32_t)now - (uint32_t)before;

	if (before == UNAVAILABLE || now >= before)
		return minus(now, before);
	return before <= UINT32_MAX && wrapped < MOST_WRAPPED ? wrapped : UNAVAILABLE;
}

/* No limit: "max", or in v1 the largest count of pages in the kernel:
 * LONG_MAX bytes rounded down to a page (32-bit: 2^31-1 pages). */
static bool is_unlimited(uint64_t limit)
{
	return limit >> 62 || limit == (uint64_t)INT32_MAX * (uint64_t)getpagesize();
}

#define LATE_US 20000 /* two ticks, as the kernel counts by ticks */

/* The most microseconds that the CPUs can have counted since the previous snapshot. Earlier
 * events may be counted as `late`; the first snapshot allows a fixed slack. */
static uint64_t most_us(const struct comparison *c, uint64_t cpus, uint64_t late)
{
	uint64_t us = c->report->elapsed_us;

	return us ? times(cpus, us + us / 16 + (c->report->first ? 10 * LATE_US : late)) : UNAVAILABLE;
}

/* Sets upper bounds for plausible values and growth. Sizes are parts of others, and larger
 * values an underflow; time is bounded by the CPUs and the time elapsed. Numbers beyond are
 * UNAVAILABLE: see gauge_at() and growth_at(). */
static void find_bounds(const struct comparison *c)
{
	struct report *r = c->report;
	const uint64_t *before = c->before->level[0], *now = c->now->level[0];

	r->cpus = largest_known(before[M_cpus_online], now[M_cpus_online]);
	if (!r->cpus)
		r->cpus = UNAVAILABLE;
	if (r->first) /* CPUs now offline have counted, too */
		r->cpus = largest_known(r->cpus, now[M_cpus_possible]);
	r->most[KIND_SHARE] = most_us(c, 1, 2500000); /* kernels average every 2 s */
	r->most[KIND_TIME] = most_us(c, r->cpus, LATE_US);
	/* No machine has four events a microsecond and CPU; cgroups gather events for 2 s. */
	r->most[KIND_RATE] = r->most[KIND_COUNT] = times(most_us(c, r->cpus, 2500000), 4);
	r->most[KIND_TOTAL] = UNAVAILABLE;
	/* Ticks of removed CPUs count, too: allow 64 times the online ones. */
	r->most_ticks = !c->now->age_known ? UNAVAILABLE :
		times(now[M_cpus_online], (c->now->ns / NS_PER_S + 1) * user_hz * 64);
}

/* The largest plausible growth of a counter, in base units. */
static uint64_t most_growth(const struct comparison *c, enum metric_id m)
{
	uint64_t most = c->report->most[metrics[m].kind];
	enum raw raw = c->now->plan->place[m]->raw;

	if (m == M_throttled_time || m == M_local_throttled) /* counted at the end of a period, of 1 s at most */
		return plus(most, times(c->report->cpus, 1000000));
	return raw == RAW_ONE || raw >= RAW_TICKS ? most : UNAVAILABLE; /* pages, bytes: none */
}

/* Did idle time restart, as on kernels that switch its source when a CPU goes on or
 * offline? It may lose a little on each CPU. */
static bool is_idle_anew(uint64_t before_us, uint64_t now_us, uint64_t cpus)
{
	return before_us != UNAVAILABLE && now_us < before_us && before_us - now_us >= times(cpus, 3000000);
}

/* A gauge at a level, as the kernel reports it. */
static uint64_t gauge_at(const struct comparison *c, unsigned l, enum metric_id m)
{
	const struct place *p = c->now->plan->place[m];
	uint64_t v = c->now->level[l][m], most = UNLIMITED;

	if (!p || v == UNAVAILABLE || (p->trait == TRAIT_NEVER_ZERO && !v) ||
	    (p->trait == TRAIT_BESIDE && !c->now->level[l][p->within]))
		return UNAVAILABLE;
	if (sources[p->source].format == FORMAT_LIMIT)
		return is_unlimited(v) ? UNLIMITED : v;
	if (p->within && p->trait != TRAIT_BESIDE)
		most = c->now->level[l][p->within];
	else if (metrics[m].column.unit == UNIT_SIZE && is_unlimited(v))
		return UNAVAILABLE; /* as v1's hierarchical_memory_limit */
	else if (metrics[m].column.unit == UNIT_NUMBER)
		most = INT32_MAX; /* tasks, added up over CPUs */
	return v > most ? UNAVAILABLE : v;
}

/* The growth of a counter at a level, in base units. */
static uint64_t growth_at(const struct comparison *c, unsigned l, enum metric_id m)
{
	const struct place *p = c->now->plan->place[m];
	uint64_t before = c->before->level[l][m], now = c->now->level[l][m], v;

	if (!p || now == UNAVAILABLE || (p->trait == TRAIT_NEVER_ZERO && !now) ||
	    (p->raw == RAW_TICKS && now > c->report->most_ticks))
		return UNAVAILABLE;
	v = growth(before, now);
	if (v == UNAVAILABLE && p->trait == TRAIT_STEPS_BACK && before != UNAVAILABLE && (m != M_cpu_idle ||
	    !is_idle_anew(in_base_units(before, p->raw), in_base_units(now, p->raw), c->report->cpus)))
		return 0;
	v = in_base_units(v, p->raw);
	return v > most_growth(c, m) ? UNAVAILABLE : v;
}

static uint64_t make_cpus_online(const struct comparison *c, enum metric_id m)
{
	return times(c->now->level[0][M_cpus_online], 1000);
}

/* The CPU that was in use for the largest share of its ticks, and that share. Busy CPUs of a
 * guest may lose ticks, so they need not fill the time; but one with less than a quarter of
 * them was offline, and one with a quarter more counts anew. */
static uint64_t make_cpu_max(const struct comparison *c, enum metric_id m)
{
	const struct cpus *before = c->report->first ? NULL : c->before->cpus, *now = c->now->cpus;
	uint64_t us = c->report->first ? c->report->elapsed_us : (c->now->awake_ns - c->before->awake_ns) / 1000;
	uint64_t ticks = times(us, user_hz) / 1000000, most = UNAVAILABLE, *number = &c->report->value[M_cpu_max_id];
	unsigned i;

	*number = UNAVAILABLE;
	if (!before && ticks > UINT32_MAX)
		return UNAVAILABLE; /* since boot they have wrapped */
	for (i = 0; i < MAX_CPUS; i++) {
		uint32_t all = now->cpu[i].all - (before ? before->cpu[i].all : 0);
		uint32_t busy = now->cpu[i].busy - (before ? before->cpu[i].busy : 0);

		if (!now->cpu[i].all || (before && !before->cpu[i].all) || busy > all ||
		    (ticks && (all > ticks + ticks / 4 + 2 || all < ticks / 4)))
			continue;
		if (most == UNAVAILABLE || percent(busy, all) > most) {
			most = percent(busy, all);
			*number = i;
		}
	}
	return most;
}

/* MemAvailable; before Linux 3.14, or if lxcfs reports more than the total,
 * free memory plus the page cache, as in procps. */
static uint64_t make_available(const struct comparison *c, enum metric_id m)
{
	const uint64_t *v = c->report->value;
	uint64_t cache = plus(v[M_file_active], v[M_file_inactive]), sum;

	if (v[M_reported_available] != UNAVAILABLE)
		return v[M_reported_available];
	if (cache == UNAVAILABLE)
		cache = plus(v[M_buff], v[M_cached]);
	sum = plus(v[M_mem_free], cache);
	return sum <= v[M_host_total] ? sum : UNAVAILABLE;
}

/* The host's used memory: total - available; or total - free if the reported
 * MemAvailable exceeds the total. */
static uint64_t make_host_used(const struct comparison *c, enum metric_id m)
{
	const uint64_t *v = c->report->value;
	bool nonsense = v[M_reported_available] == UNAVAILABLE && c->now->level[0][M_reported_available] != UNAVAILABLE;

	return minus(v[M_host_total], nonsense ? v[M_mem_free] : v[M_mem_available]);
}

/* The number of levels that count: all, or a child's own. In v1 memory is charged to an
 * ancestor only with its memory.use_hierarchy. */
static unsigned levels_of(const struct comparison *c, enum directory dir)
{
	unsigned l = hierarchies[dir].levels > 0;

	while (l && l < hierarchies[dir].levels && !c->child &&
	       (dir != DIR_MEMORY || c->now->level[l][M_use_hierarchy] != 0))
		l++;
	return l;
}

/* May a level that counts be invisible? */
static bool is_truncated(const struct comparison *c, enum directory dir)
{
	return hierarchies[dir].truncated && !c->child;
}

/* The smaller of two limits; UNAVAILABLE if one is, as it may be the smaller. */
static uint64_t smaller_limit(uint64_t a, uint64_t b)
{
	return a == UNAVAILABLE || b == UNAVAILABLE ? UNAVAILABLE : least_of(a, b);
}

/* Takes the limit of a level into account, if any. The working set is the usage less the
 * inactive page cache, as the kubelet and docker count it; all usage if that is not reported. */
static void bind_limit(const struct comparison *c, struct memory_limit *m, uint64_t limit, unsigned l, uint64_t level)
{
	bool reported = c->now->level[l][M_inactive_file] != UNAVAILABLE;
	uint64_t usage = gauge_at(c, l, M_mem_used);
	uint64_t used = minus(usage, reported ? gauge_at(c, l, M_inactive_file) : 0);

	m->known &= limit == UNLIMITED || (limit != UNAVAILABLE && used != UNAVAILABLE);
	if (limit >= UNLIMITED || used == UNAVAILABLE)
		return;
	m->idle = least_of(m->idle, minus(limit, usage));
	if (minus(limit, used) >= m->available)
		return;
	m->available = minus(limit, used);
	m->limit = limit;
	m->used = used;
	m->level = level;
}

static struct memory_limit find_memory_limit(const struct comparison *c)
{
	struct memory_limit m = { UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, false };
	const struct hierarchy *h = &hierarchies[DIR_MEMORY];
	uint64_t above = gauge_at(c, 0, M_hierarchical); /* v1: includes invisible levels */
	unsigned l, levels = levels_of(c, DIR_MEMORY);
	bool counted = false;

	m.known = levels > 0 && !is_truncated(c, DIR_MEMORY);
	for (l = 0; l < levels; l++) {
		m.known &= c->child || !is_unread(&files[l][SRC_MEM_STAT]);
		bind_limit(c, &m, h->version == 1 ? gauge_at(c, l, M_mem_max) :
			   smaller_limit(gauge_at(c, l, M_mem_max), gauge_at(c, l, M_mem_high)), l, l);
		counted |= c->now->level[l][M_mem_used] != UNAVAILABLE;
	}
	m.known &= counted || h->whole; /* or invisible levels may count */
	if (above != UNAVAILABLE && above < m.limit)
		bind_limit(c, &m, above, 0, UNAVAILABLE);
	if (!m.known)
		m.limit = m.used = m.idle = m.available = m.level = UNAVAILABLE;
	return m;
}

/* The least limit of swap or tasks over the levels, in thousandths; UNAVAILABLE: none or
 * unknown. v2: memory.swap.max, pids.max (admin-guide/cgroup-v2.rst). v1 limits memory and
 * swap together. */
static uint64_t find_limit(const struct comparison *c, enum directory dir, enum metric_id m)
{
	uint64_t least = UNLIMITED, above = gauge_at(c, 0, M_hierarchical_memsw), limit;
	unsigned l;

	if (m == M_memsw_limit && above != UNAVAILABLE)
		least = minus(above, gauge_at(c, 0, M_hierarchical));
	for (l = 0; l < levels_of(c, dir); l++) {
		limit = gauge_at(c, l, m);
		if (m == M_memsw_limit && limit != UNLIMITED)
			limit = minus(limit, gauge_at(c, l, M_mem_max));
		least = smaller_limit(least, limit);
	}
	return is_truncated(c, dir) || least == UNLIMITED ? UNAVAILABLE : times(least, 1000);
}

/* The least of the quotas, the nearest cpuset and the online CPUs. */
struct cpu_limit {
	uint64_t micro;     /* in millionths of a CPU; UNAVAILABLE: unknown */
	uint64_t level;     /* of the limit; UNAVAILABLE: none below the online CPUs */
	enum directory dir; /* the hierarchy of the level */
};

static struct cpu_limit find_cpu_limit(const struct comparison *c)
{
	static const struct cpu_limit unknown = { UNAVAILABLE, UNAVAILABLE, DIR_CPU };
	uint64_t online = times(c->now->level[0][M_cpus_online], 1000000), cpus = UNAVAILABLE;
	struct cpu_limit cpu = { online, UNAVAILABLE, DIR_CPU };
	unsigned l;

	for (l = 0; l < levels_of(c, DIR_CPUSET) && cpus == UNAVAILABLE; l++) {
		if (c->now->level[l][M_cpuset_cpus] == FALSE_NUMBER)
			return unknown;
		cpus = times(c->now->level[l][M_cpuset_cpus], 1000000);
		if (cpus < online)
			cpu = (struct cpu_limit){ cpus, online != UNAVAILABLE ? l : UNAVAILABLE, DIR_CPUSET };
	}
	for (l = 0; l < levels_of(c, DIR_CPU); l++) {
		uint64_t quota = c->now->level[l][M_cpu_quota], period = c->now->level[l][M_cpu_period];

		if (quota == UNAVAILABLE || (!is_unlimited(quota) && period == UNAVAILABLE))
			return unknown; /* it may be the least */
		if (quota && quota < UNLIMITED && period < UNLIMITED && mul_div(quota, 1000000, period) < cpu.micro)
			cpu = (struct cpu_limit){ mul_div(quota, 1000000, period), l, DIR_CPU };
	}
	return l && !is_truncated(c, DIR_CPU) ? cpu : unknown; /* a quota may be invisible */
}

/* The throttling at a level; UNAVAILABLE: none or unknown. */
struct throttling {
	uint64_t periods, throttled, time_us, share;
};

/* The throttling at the level with the largest share of throttled periods: it is counted at
 * the quota's level, not below. An idle cgroup has no periods, and 0 %; if the interval is
 * too short for one to end, the share is unknown. */
static struct throttling find_throttling(const struct comparison *c)
{
	static const struct throttling unknown = { UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE };
	struct throttling worst = unknown, t;
	unsigned l;

	for (l = 0; l < levels_of(c, DIR_CPU); l++) {
		const uint64_t *now = c->now->level[l];
		uint64_t period_us = now[M_cpu_period];
		bool long_enough = c->report->elapsed_us >= least_of(period_us, 1000000); /* it is 1 s at most */

		if (has_no_quota(now))
			continue;
		t.periods = growth_at(c, l, M_nr_periods);
		t.throttled = growth_at(c, l, M_nr_throttled);
		t.time_us = growth_at(c, l, M_throttled_time);
		if (t.periods == UNAVAILABLE || t.throttled == UNAVAILABLE)
			return unknown; /* unread, now or before, or stepped back, and may be the worst */
		t.share = t.periods ? at_most_100(percent(t.throttled, t.periods)) : long_enough ? 0 : UNAVAILABLE;
		/* In the first report a parent may predate the cgroup. */
		if (c->report->first && period_us < UNLIMITED && times(t.periods, period_us) > most_us(c, 1, LATE_US))
			t.time_us = UNAVAILABLE;
		if (t.share != UNAVAILABLE && (worst.share == UNAVAILABLE || t.share > worst.share ||
					       (t.share == worst.share && t.time_us > worst.time_us)))
			worst = t;
	}
	return worst;
}

/* Finds the limits, and sets their metrics. cpu.stat.local (Linux 6.6) also counts
 * throttling by quotas above the visible levels. */
static void find_limits(const struct comparison *c)
{
	struct report *r = c->report;
	const struct memory_limit m = r->memory = find_memory_limit(c);
	const struct cpu_limit cpu = find_cpu_limit(c);
	const struct throttling t = find_throttling(c);
	uint64_t *v = r->value;

	v[M_mem_limit] = times(m.limit, 1000);
	v[M_mem_pct] = m.limit ? percent(m.used, m.limit) : 100000;
	v[M_mem_level] = m.level;
	v[M_swap_limit] = find_limit(c, DIR_MEMORY, hierarchies[DIR_MEMORY].version == 1 ? M_memsw_limit : M_swap_max);
	v[M_tasks_limit] = find_limit(c, DIR_PIDS, M_pids_max);
	v[M_cpu_capacity] = cpu.micro;
	v[M_cpu_limit] = cpu.level != UNAVAILABLE ? cpu.micro : UNAVAILABLE;
	v[M_cpu_level] = cpu.level;
	v[M_periods] = times(t.periods, 1000);
	v[M_throttled] = times(t.throttled, 1000);
	v[M_throttled_us] = t.time_us;
	v[M_thr_pct] = t.share;
	v[M_thr] = mul_div(largest_known(t.time_us, growth_at(c, 0, M_local_throttled)), 1000000, r->elapsed_us);
	if (c->child)
		return;
	level_name(DIR_MEMORY, m.level, r->mem_level);
	level_name(cpu.dir, cpu.level, r->cpu_level);
}

/* Free or available memory: the lesser of the machine's and that below a limit. */
static uint64_t make_below_limit(const struct comparison *c, enum metric_id m)
{
	const struct memory_limit *limit = &c->report->memory;
	uint64_t machine = c->report->value[m == M_free ? M_mem_free : M_mem_available];

	if (!limit->known)
		return UNAVAILABLE;
	return least_of(times(m == M_free ? limit->idle : limit->available, 1000), machine);
}

/* The CPU time, in microseconds, that the capacity of the cgroup allowed; or
 * the time used, if that is more: a quota lends ahead, and CPUs may have gone
 * offline. UNAVAILABLE if more time was used than the CPUs of the machine
 * can have had. */
static uint64_t make_cpu_available(const struct comparison *c, enum metric_id m)
{
	uint64_t us = c->report->elapsed_us;
	uint64_t used = plus(c->report->value[M_user_time], c->report->value[M_system_time]);
	uint64_t could = mul_div(c->report->value[M_cpu_capacity], us, 1000000);

	if (!us || could == UNAVAILABLE || used > c->report->most[KIND_TIME])
		return UNAVAILABLE;
	return used > could ? used : could;
}

/* CPUs kept busy by the cgroup, in millionths. */
static uint64_t make_cpu_used(const struct comparison *c, enum metric_id m)
{
	uint64_t us = plus(c->report->value[M_user_time], c->report->value[M_system_time]);

	return us > c->report->most[KIND_TIME] ? UNAVAILABLE : mul_div(us, 1000000, c->report->elapsed_us);
}

/* Is this time since boot implausible? It also is if all kinds are 0: gVisor. */
static bool is_false_time(const struct comparison *c, uint64_t us)
{
	bool counted = us != 0;
	unsigned m;

	for (m = 1; !counted && m < LENGTH(metrics); m++)
		counted = is_cpu_time(c->now->plan->place[m]) && c->now->level[0][m];
	return !counted || times(us, user_hz) / 1000000 > c->report->most_ticks;
}

/* The time of all kinds, if it fills the time of the CPUs. A quarter more or less is allowed,
 * as guests lose ticks; a 32nd if a kind other than steal is unknown. Since boot it may be
 * less: CPUs may have been added, and the machine suspended. */
static uint64_t make_cpu_time(const struct comparison *c, enum metric_id m)
{
	const struct snapshot *before = c->before, *now = c->now;
	uint64_t cpus = c->report->cpus, fewest = now->level[0][M_cpu_lines];
	uint64_t us = c->report->elapsed_us, slack, sum = 0;
	const struct term *t;
	bool whole = true;

	for (t = now->plan->place[M_cpu_time]->terms; t->sign == TERM_PLUS; t++) {
		uint64_t v = c->report->value[t->metric];

		if (v != UNAVAILABLE)
			sum = plus(sum, v);
		else if (t->metric != M_cpu_steal && !(t->optional && now->level[0][t->metric] == UNAVAILABLE))
			whole = false;
	}
	if (now->ns == before->ns) /* no time */
		return UNAVAILABLE;
	if (!us || cpus == UNAVAILABLE)
		return whole ? sum : UNAVAILABLE;
	if (!c->report->first) {
		us = (now->awake_ns - before->awake_ns) / 1000;
		fewest = least_of(fewest, before->level[0][M_cpu_lines]);
	}
	if (!fewest || fewest == UNAVAILABLE)
		fewest = cpus;
	slack = us / (whole ? 4 : 32) + LATE_US;
	if (sum > times(cpus, us + slack) || (sum < times(fewest, minus(us, slack)) && !(whole && c->report->first)))
		return UNAVAILABLE;
	return sum;
}

/* Was the metric's input read this time, so that it has a value, or will have
 * one at the next comparison? */
static bool is_fed(const struct comparison *c, enum metric_id m)
{
	const struct place *p = c->now->plan->place[m];
	const struct term *t;

	if (!p)
		return false;
	if (p->source == SRC_DEVICES)
		return !c->now->devices->error;
	if (p->source == SRC_EACH_CPU)
		return !files[0][SRC_EACH_CPU].error;
	if (p->source != SRC_NONE)
		return c->now->level[0][m] != UNAVAILABLE && !(p->trait == TRAIT_NEVER_ZERO && !c->now->level[0][m]);
	if (p->maker)
		return c->report->value[m] != UNAVAILABLE || !c->report->elapsed_us;
	for (t = p->terms; t->sign; t++)
		if (!t->optional && !is_fed(c, t->metric))
			return false;
	return true;
}

/* The value of a metric read from a source, by its kind. */
static uint64_t report_number(const struct comparison *c, enum metric_id m, const struct place *p)
{
	uint64_t us = c->report->elapsed_us, v;
	enum kind kind = metrics[m].kind;

	if (kind == KIND_GAUGE) {
		v = gauge_at(c, 0, m);
		return v == UNLIMITED ? UNAVAILABLE : times(in_base_units(v, p->raw), 1000);
	}
	v = growth_at(c, 0, m);
	return kind == KIND_COUNT ? times(v, 1000) :
		kind == KIND_TIME ? v :
		kind == KIND_RATE ? mul_div(v, 1000000000, us) :
		kind == KIND_SHARE ? at_most_100(percent(v, us)) : UNAVAILABLE;
}

static uint64_t make_device_rate(const struct comparison *c, enum metric_id m); /* DISKS */

static uint64_t (*const makers[])(const struct comparison *, enum metric_id) = {
#define F(name) [MAKE_##name] = make_##name,
	MAKERS(F)
#undef F
};

/* Compares two snapshots. The first is compared with zeros at the start of
 * the counters, before->ns. */
static void report_make(const struct comparison *c)
{
	const struct plan *plan = c->now->plan;
	const struct snapshot *before = c->before, *now = c->now;
	struct report *r = c->report;
	unsigned i;

	r->wall_ns = now->wall_ns;
	r->elapsed_us = now->ns > before->ns && (r->first || now->age_known == before->age_known) ?
		(now->ns - before->ns) / 1000 : 0; /* a captured tree that loses its uptime has two clocks */
	find_bounds(c);
	r->cgroup = now->of_host ? NULL : scope.name;
	if (r->first)
		memset(r->value, 0xff, sizeof r->value); /* UNAVAILABLE unless planned */
	if (WITH_CGROUP && (c->child || !now->of_host))
		find_limits(c);
	for (i = 0; i < plan->count; i++) {
		unsigned m = plan->order[i];
		const struct place *p = plan->place[m];

		if (p->maker == MAKE_another)
			continue;
		r->value[m] = p->maker ? makers[p->maker](c, m) :
			terms_of(p) ? sum_terms(now, 0, p->terms, r) : report_number(c, m, p);
		if (p->over)
			r->value[m] = percent(r->value[m], r->value[p->over]);
	}
}

/* Did a counter of the first report grow by more than is possible since the oldest task
 * started, or CPU time by more than the quota allows? Then the cgroup is older than the
 * task, and its age unknown. */
static bool is_false_start(const struct comparison *c)
{
	const struct plan *plan = c->now->plan;
	const struct report *r = c->report;
	const uint64_t *v = c->now->level[0];
	uint64_t most = most_us(c, 1, LATE_US), period = v[M_cpu_period];
	uint64_t used = plus(r->value[M_user_time], r->value[M_system_time]);
	unsigned i;

	if (!in_cgroup() || !r->elapsed_us)
		return false;
	for (i = 0; i < plan->count; i++) {
		unsigned m = plan->order[i];

		if (is_counter(plan, m) && v[m] != UNAVAILABLE &&
		    in_base_units(v[m], plan->place[m]->raw) > most_growth(c, m))
			return true;
	}
	return (period < UNLIMITED && v[M_nr_periods] != UNAVAILABLE && times(v[M_nr_periods], period) > most) ||
		(used != UNAVAILABLE && used > mul_div(r->value[M_cpu_capacity], most, 1000000));
}

/* " of PATH", the cgroup that sets the limit, unless it is the scope. */
static void out_level(struct sink *o, const char *name)
{
	if (!*name || !strcmp(name, scope.name))
		return;
	out_str(o, " of ");
	out_safe(o, name);
}

/* The cgroup's versions and limits, and a note on invisible ancestors. */
static void out_cgroup(struct sink *o, const struct comparison *c)
{
	const struct report *r = c->report;
	unsigned versions = 0;
	bool whole = true;

	for (each_hierarchy(h))
		if (h != &hierarchies[DIR_PRESSURE]) {
			versions |= h->version;
			whole &= h->whole || !h->version;
		}
	out_str(o, "cgroup ");
	out_safe(o, scope.name);
	out(o, " (%s), ", versions == 3 ? "hybrid" : versions == 1 ? "v1" : "v2");
	if (r->value[M_mem_limit] != UNAVAILABLE) {
		out_str(o, "memory limit ");
		out_human(o, r->value[M_mem_limit]);
		out_level(o, r->mem_level);
	} else {
		out_str(o, r->memory.known ? "no memory limit" : "memory limit unknown");
	}
	out_str(o, ", ");
	if (r->value[M_cpu_limit] != UNAVAILABLE) {
		out_hundredths(o, r->value[M_cpu_limit]);
		out_str(o, " CPUs");
		out_level(o, r->cpu_level);
	} else {
		out_str(o, r->value[M_cpu_capacity] != UNAVAILABLE && hierarchies[DIR_CPU].levels ?
			"no CPU limit" : "CPU limit unknown");
	}
	out_str(o, whole ? "" : ", inexact: ancestors not visible");
	out_str(o, scope.entered ? ", entered from outside: as PID 1 sees it" : "");
}

/* On a terminal: the scope and its limits, unless it is a plain host without containers or
 * lxcfs; and that sizes were shortened unasked. */
static void say_scope(const struct comparison *c)
{
	bool shortened = opt->human && !(opt->set >> O_HUMAN & 1);
	char buffer[3 * PATH_BYTES];
	struct sink o = SINK(buffer);

	if (in_cgroup()) {
		out_cgroup(&o, c);
	} else {
		bool contained = WITH_CGROUP && in_container();
		struct scanner s;
		struct text line;

		scan_proc(&s, "self", "/mountinfo");
		while (WITH_CGROUP && scan_line(&s, &line))
			parse_mount(line, "", &(struct mount){ .version = 0 }); /* notes lxcfs */
		scan_close(&s);
		if (!scope.lxcfs && !contained && !shortened)
			return;
		out_str(&o, contained ? "host, seen from a container" : "host");
	}
	out_str(&o, scope.lxcfs ? ", lxcfs over /proc" : "");
	out_str(&o, shortened ? ", sizes as with -H (-S K: in KiB)" : "");
	warn(0, "scope %s", out_end(&o));
}

/* ---------------------------------------------------------------- LISTING
 *
 * Rows by columns: what each view shows, and all that a renderer prints. A row shows an
 * item, by its number; the listing's function returns the value of an item and column. */

static struct screen {
	bool tty;
	bool sized;            /* a terminal that knows its width: text must fit */
	bool stamped;          /* there is room for -t */
	bool header_due;
	unsigned rows, columns;
	unsigned since_header; /* rows printed since the last header */
	bool color;
} screen;

#define MAX_COLUMNS (M_COUNT + 3) /* every metric, and those of each record */
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MAX_ROWS MAX(MAX(MAX_DISKS + 1, MAX_SLABS), MAX(MAX_CHILDREN, MAX_TOP + 1))

struct cell {
	const char *text; /* of a name; NULL: none */
	uint64_t number;  /* in all other units */
};

/* How text shows a listing.
 *   ROWS     columns; the header once a screen
 *   TABLE    the same, coloured by alerts; a number too long for its column borrows from
 *            the columns after it
 *   SCREEN   the same, coloured; a report is not parted by the header or the screen's end, and
 *            the name at the end is cut to fit
 *   STACKED  a line for each column: the number, then the heading
 *   VERDICT  one line, and its evidence below */
enum layout { LAYOUT_ROWS, LAYOUT_TABLE, LAYOUT_SCREEN, LAYOUT_STACKED, LAYOUT_VERDICT };

/* The columns of a listing that fit a narrow terminal. */
struct fit {
	unsigned columns; /* the width of the terminal at that time */
	uint8_t hidden[MAX_COLUMNS]; /* SHOWN, ... */
};

enum { SHOWN, HIDDEN, HIDDEN_UNFED };

struct listing {
	enum layout layout;
	const struct comparison *from;
	const struct column *column[MAX_COLUMNS];
	unsigned columns, rows;
	uint32_t ordering; /* ids of the columns that order the rows: a narrow terminal keeps them */
	struct cell (*cell)(const struct listing *, unsigned item, const struct column *);
	/* The alert level of a cell; without a column, of the row. NULL: not judged. */
	unsigned (*level)(const struct listing *, unsigned item, const struct column *);
	struct listing *below; /* belongs to each row, in JSON by this key; or NULL */
	const char *below_key;
	struct fit fit;
	uint32_t item[MAX_ROWS]; /* of each row */
};

/* The columns that each record begins with; totals have no interval. */
static const struct column report_columns[] = {
	{ .key = "interval", .unit = UNIT_NUMBER, .id = ID_INTERVAL },
	{ .key = "scope", .unit = UNIT_TEXT, .id = ID_SCOPE },
	{ .key = "cgroup", .unit = UNIT_TEXT, .id = ID_CGROUP },
};

static bool is_name(const struct column *c)
{
	return c->unit <= UNIT_LEVEL;
}

static struct cell number_cell(uint64_t v)
{
	return (struct cell){ NULL, v };
}

static struct cell text_cell(const char *s)
{
	return (struct cell){ s, UNAVAILABLE };
}

static struct cell cell_at(const struct listing *l, unsigned row, const struct column *c)
{
	const struct report *r = l->from->report;

	if (c->id < ID_INTERVAL)
		return l->cell(l, l->item[row], c);
	if (c->id == ID_INTERVAL)
		return number_cell(r->elapsed_us ? rounded(r->elapsed_us, 1000) : UNAVAILABLE); /* seconds */
	return text_cell(c->id == ID_CGROUP ? r->cgroup : r->cgroup ? "cgroup" : "host");
}

static void add_column(struct listing *l, const struct column *c)
{
	unsigned i;

	for (i = 0; i < l->columns; i++)
		if (l->column[i] == c)
			return;
	l->column[l->columns++] = c;
}

static void add_columns(struct listing *l, const struct column *c, unsigned n)
{
	while (n--)
		add_column(l, c++);
}

static void add_report_columns(struct listing *l, bool interval)
{
	add_columns(l, report_columns + !interval, LENGTH(report_columns) - !interval);
}

/* Shell sort: in place, without recursion. */
static void sort(uint32_t *item, unsigned n, bool (*is_before)(uint32_t a, uint32_t b))
{
	unsigned gap, i, at;

	for (i = 1; i < n && !is_before(item[i], item[i - 1]); i++)
		;
	for (gap = i < n ? n / 2 : 0; gap; gap /= 2) /* most are sorted already */
		for (i = gap; i < n; i++) {
			uint32_t moved = item[i];

			for (at = i; at >= gap && is_before(moved, item[at - gap]); at -= gap)
				item[at] = item[at - gap];
			item[at] = moved;
		}
}

static struct cell table_cell(const struct listing *l, unsigned item, const struct column *c)
{
	const struct report *r = l->from->report;
	const char *name = c->id == M_mem_level ? r->mem_level : r->cpu_level;

	return c->unit != UNIT_LEVEL ? number_cell(r->value[c->id]) : text_cell(*name ? name : NULL);
}

/* The worst level of the rules about a metric; M_NONE: of all rules. */
static unsigned level_of(const uint8_t level[RULE_COUNT], enum metric_id m)
{
	unsigned worst = CALM;

	for (each_rule(a))
		if (level[a] > worst && (m == M_NONE || rules[a].metric == m ||
					 (a == RULE_swap && (m == M_si || m == M_so))))
			worst = level[a];
	return worst;
}

static unsigned table_level(const struct listing *l, unsigned item, const struct column *c)
{
	return level_of(l->from->report->level, c ? c->id : M_NONE);
}

/* The meaning of a metric in reports. */
static void out_meaning(struct sink *o, enum metric_id m)
{
	out_str(o, metrics[m].help);
	if (!WITH_HELP || metrics[m].kind == KIND_GAUGE)
		return;
	if (metrics[m].kind == KIND_RATE)
		out_str(o, metrics[m].column.unit == UNIT_BLOCKS ? ", KiB per second" : ", per second");
	else
		out_str(o, metrics[m].kind == KIND_SHARE ? ", % of the interval" : ", in the interval");
}

/* Is the metric built in, and not only a part of others? */
static bool is_visible(enum metric_id m)
{
	return metrics[m].show != SHOW_HIDDEN && metrics[m].places->scopes;
}

/* --columns=help. The heading is shown where it is not the name. */
static void out_metrics(struct sink *o)
{
	for (each_metric(m)) {
		const struct column *c = &metrics[m].column;

		if (!is_visible(m))
			continue;
		out_left(o, c->key, 13);
		out_left(o, strcmp(c->heading, c->key) ? c->heading : "", 6);
		out_left(o, groups[c->group].name, 9);
		out_meaning(o, m);
		out_char(o, '\n');
	}
}

/* Is the metric a column of the table, or of a record, with these options? */
static bool is_default(enum metric_id m, bool record)
{
	if (!is_visible(m))
		return false;
	if (record && !opt->classic && metrics[m].show != SHOW_COSTLY)
		return true;
	switch (metrics[m].show) {
	case SHOW_CLASSIC: return true;
	case SHOW_BUFFERS: return !opt->active;
	case SHOW_ACTIVE: return opt->active;
	case SHOW_TABLE: return !opt->classic;
	case SHOW_CGROUP: return opt->extended || (!opt->classic && in_cgroup());
	case SHOW_COSTLY:
	case SHOW_EXTENDED: return opt->extended;
	default: return false;
	}
}

/* -o: adds the column with this name or heading, or those of the group; false: there is none. */
static bool add_named(struct listing *l, const struct text *name)
{
	bool known = false;

	for (each_metric(m)) {
		const struct column *c = &metrics[m].column;

		if (is_visible(m) && (is_text(name, c->key) || is_text(name, c->heading) ||
				      is_text(name, groups[c->group].name))) {
			add_column(l, c);
			known = true;
		}
	}
	return known;
}

/* The columns of the table, or of a record; false if -o has an unknown name. */
static bool list_metrics(struct listing *l, bool record)
{
	struct text rest = { opt->columns, opt->columns ? opt->columns + strlen(opt->columns) : NULL }, name;
	unsigned m;

	l->cell = table_cell;
	l->level = table_level;
	l->layout = LAYOUT_TABLE;
	add_report_columns(l, true);
	while (next_part(&rest, ',', &name))
		if (!add_named(l, &name))
			return false;
	for (m = 1; !opt->columns && m < LENGTH(metrics); m++)
		if (is_default(m, record))
			l->column[l->columns++] = &metrics[m].column;
	/* Scripts count the columns of procps-ng: -x adds none between them. */
	for (m = 1; opt->extended && m < LENGTH(metrics); m++)
		if (metrics[m].show == SHOW_ACTIVE || metrics[m].show == SHOW_BUFFERS)
			add_column(l, &metrics[m].column);
	return true;
}

static bool list_table(struct listing *l)
{
	return list_metrics(l, opt->format != O_NONE);
}

#define TIMESTAMP_WIDTH 20 /* " 2026-01-02 03:04:05" */

/* By https://no-color.org and the terminal. */
static bool wants_color(void)
{
	const char *type = getenv("TERM"), *no = getenv("NO_COLOR");

	if (opt->color != COLOR_AUTO)
		return opt->color == COLOR_ALWAYS;
	return screen.tty && !(no && *no) && type && *type && strcmp(type, "dumb") != 0;
}

/* Asks for the terminal's size, which a serial line may not know. */
static void screen_measure(void)
{
	struct winsize w = { 0 };

	if (screen.columns && !screen.tty)
		return;
	screen.tty = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0;
	if (!screen.columns)
		screen.color = wants_color();
	screen.rows = w.ws_row ? w.ws_row : screen.tty ? 24 : 25;
	screen.sized = w.ws_col;
	screen.stamped = opt->timestamp && (!screen.sized || opt->classic || w.ws_col > 2 * TIMESTAMP_WIDTH);
	w.ws_col = w.ws_col ? w.ws_col : 80;
	screen.header_due |= w.ws_col != screen.columns;
	screen.columns = w.ws_col;
}

static bool parse_unit(const char *value)
{
	static const char letters[] = "kKmMbB";
	static const uint32_t bytes[] = { 1000, 1024, 1000000, 1048576, 1, 1 };
	const char *letter = *value ? strchr(letters, *value) : NULL;

	if (!letter || value[1])
		return false;
	given.unit = bytes[letter - letters];
	given.unit_letter = *letter == 'b' ? 'B' : *letter;
	return true;
}

/* Bytes in the unit of -S; other values stay as they are. */
static uint64_t in_display_unit(uint64_t v, enum unit unit)
{
	return unit < UNIT_SIZE ? v : divided(v, unit == UNIT_BLOCKS ? 1024 : opt->unit);
}

static void out_cell(struct sink *o, const struct column *c, struct cell cell)
{
	uint64_t v = in_display_unit(cell.number, c->unit);

	if (is_name(c))
		out_safe(o, cell.text ? cell.text : "-");
	else if (v == UNAVAILABLE)
		out_char(o, '-');
	else if (opt->human && c->unit >= UNIT_SIZE)
		out_human(o, cell.number);
	else if (c->unit == UNIT_DECIMALS)
		out_hundredths(o, v);
	else
		(opt->human && c->unit != UNIT_ID ? out_count : out_u64)(o, c->unit <= UNIT_WHOLE ? v :
			c->unit == UNIT_SIZE ? v / 1000 : rounded(v, 1000));
}

static unsigned width_of(const struct column *c)
{
	return c->width[opt->wide];
}

/* The width of a column; 0: it is not shown. */
static unsigned shown_width(const struct listing *l, unsigned i)
{
	return l->fit.hidden[i] ? 0 : width_of(l->column[i]);
}

/* Cuts the text since `start` to so many characters. Returns by how many its bytes exceed
 * its characters. */
static size_t text_cut(struct sink *o, size_t start, size_t most)
{
	size_t at, more = 0;

	for (at = start; at < o->n; at++)
		if (is_continuation(o->text[at]))
			more++;
		else if (!most--)
			o->n = at;
	return more;
}

#define STANDS_OUT "\033[1;7m" /* bold, reversed */
#define NO_MORE "\033[22;27m"

/* The cells of a row, or without one the headings: names left-aligned, numbers
 * right-aligned, a blank between. `tight`: names are cut to their columns. Cells with the
 * alert level `blamed`, if it is not CALM, stand out. Returns the bytes that take no room. */
static size_t text_cells(struct sink *o, const struct listing *l, const unsigned *row, bool tight, unsigned blamed)
{
	size_t end = o->n, start, hidden = 0;
	unsigned i, width;
	bool any = false;

	for (i = 0; i < l->columns; i++) {
		const struct column *c = l->column[i];

		width = shown_width(l, i);
		if (!width)
			continue;
		if (any) { /* a blank, after what a name leaves of its column */
			out_fill(o, ' ', o->n < end ? end - o->n + 1 : 1);
			end++;
		}
		any = true;
		start = o->n;
		end += width;
		if (!row) {
			out_safe(o, c->heading);
		} else if (blamed && l->level(l, l->item[*row], c) == blamed) {
			out_str(o, STANDS_OUT);
			out_cell(o, c, cell_at(l, *row, c));
			out_str(o, NO_MORE);
			end += strlen(STANDS_OUT NO_MORE);
			hidden += strlen(STANDS_OUT NO_MORE);
		} else if (c->unit != UNIT_TITLE) {
			out_cell(o, c, cell_at(l, *row, c));
		}
		if (is_name(c)) /* a character is one wide */
			end += text_cut(o, start, tight || c->unit == UNIT_NAME ? width : SIZE_MAX);
		if (c->unit > UNIT_TITLE)
			out_align(o, start, end, true);
		if (l->layout != LAYOUT_TABLE && o->n > end)
			end = o->n;
	}
	return hidden;
}

/* A title over the columns of each group, centred in dashes, if any has one; the headings. */
static void text_header(struct sink *o, const struct listing *l)
{
	size_t begin = o->n;
	bool grouped = false;
	unsigned i, next;

	for (i = 0; i < l->columns; i = next) {
		const struct group_row *group = &groups[l->column[i]->group];
		size_t width = 0, n, dashes;

		grouped |= l->column[i]->group != GROUP_NONE;
		for (next = i; next < l->columns && &groups[l->column[next]->group] == group; next++)
			if (shown_width(l, next))
				width += shown_width(l, next) + (width ? 1u : 0u);
		if (!width)
			continue;
		n = (size_t)least_of(strlen(group->name), width);
		dashes = (width - n + !group->right) / 2;
		out_str(o, o->n != begin ? " " : "");
		out_fill(o, '-', dashes);
		out_bytes(o, group->name, n);
		out_fill(o, '-', width - n - dashes);
	}
	if (grouped)
		out_str(o, screen.stamped ? " -----timestamp-----\n" : "\n");
	else
		o->n = begin;
	text_cells(o, l, NULL, false, CALM);
	out_str(o, screen.stamped ? "                 UTC\n" : "\n");
}

/* The width that a row needs, or without one the header: names can be cut. */
static size_t text_width(struct sink *o, const struct listing *l, const unsigned *row)
{
	size_t start = o->n, n;

	text_cells(o, l, row, l->layout != LAYOUT_TABLE, CALM);
	n = o->n - start;
	o->n = start;
	return n;
}

/* Does a file feed the column, so that it has, or will have, a value? Swap space that is not
 * there will not. Listings know by what their rows have. */
static bool is_column_fed(const struct listing *l, const struct column *c)
{
	unsigned row;

	if (c->id >= ID_INTERVAL || is_name(c))
		return true;
	if (l->layout == LAYOUT_TABLE && l->from->has)
		return l->from->has[c->id];
	if (l->layout == LAYOUT_TABLE)
		return is_fed(l->from, c->id) && (l->from->now->level[0][M_swap_total] != 0 ||
						  (c->group != GROUP_SWAP && c->id != M_swpd));
	for (row = 0; row < l->rows && cell_at(l, row, c).number == UNAVAILABLE; row++)
		;
	return row < l->rows;
}

#define FED 100u

/* What a column is worth on a narrow terminal: more if it is fed, and if it orders the rows. */
static unsigned worth_of(const struct listing *l, unsigned i)
{
	const struct column *c = l->column[i];

	return c->keep + (is_column_fed(l, c) ? FED : 0) + (c->id < 32 && l->ordering >> c->id & 1 ? FED : 0);
}

/* The width that the header and all rows need. */
static size_t text_widest(struct sink *o, const struct listing *l)
{
	size_t most = text_width(o, l, NULL), width;
	unsigned row;

	for (row = 0; row < l->rows; row++) {
		width = text_width(o, l, &row);
		most = width > most ? width : most;
	}
	return most;
}

/* Hides columns until the header and the rows, indented, fit the terminal: those of least
 * worth first, of the same worth together; one stays. Starts anew when the terminal's width
 * changes, and when a column that was hidden as unfed is fed. Returns whether the columns
 * have changed. */
static bool text_fit(struct sink *o, struct listing *l, size_t indent)
{
	struct fit *fit = &l->fit;
	bool changed = fit->columns != screen.columns;
	unsigned i;

	for (i = 0; i < l->columns; i++)
		changed |= fit->hidden[i] == HIDDEN_UNFED && worth_of(l, i) >= FED;
	if (changed)
		*fit = (struct fit){ .columns = screen.columns };
	if (screen.stamped && !indent) /* what is indented has no time */
		indent = TIMESTAMP_WIDTH;
	while (text_widest(o, l) + indent > screen.columns) {
		unsigned least = UINT32_MAX, left = 0;

		for (i = 0; i < l->columns; i++)
			if (shown_width(l, i)) {
				left++;
				least = worth_of(l, i) < least ? worth_of(l, i) : least;
			}
		if (left < 2)
			break;
		for (i = 0; i < l->columns; i++)
			if (shown_width(l, i) && worth_of(l, i) == least && left > 1) {
				fit->hidden[i] = least < FED ? HIDDEN_UNFED : HIDDEN;
				left--;
			}
		changed = true;
	}
	return changed;
}

/* Says, once, how many columns were hidden. */
static void say_hidden(const struct listing *l)
{
	static bool said;
	unsigned i, n = 0;

	for (i = 0; i < l->columns; i++)
		n += l->fit.hidden[i] && width_of(l->column[i]);
	if (!n || said || !isatty(STDERR_FILENO))
		return;
	said = true;
	warn(0, "columns left out to fit the terminal: %u", n);
}

/* Can sizes as large as the memory and swap space of a host make a row too long for the
 * terminal? */
static bool is_oversized(struct sink *o, const struct listing *l)
{
	const uint64_t *kib = l->from->now->level[0];
	size_t start = o->n, width = text_width(o, l, NULL) + (screen.stamped ? TIMESTAMP_WIDTH : 0), more = 0;
	unsigned i;

	for (i = 0; i < l->columns; i++) {
		const struct column *c = l->column[i];
		uint64_t most = kib[c->id == M_swpd ? M_swap_total : M_mem_total];

		if (c->unit != UNIT_SIZE || !width_of(c) || most == UNAVAILABLE)
			continue;
		out_u64(o, most);
		more += (size_t)minus(o->n - start, width_of(c));
		o->n = start;
	}
	return more && width + more > screen.columns;
}

static void text_stacked(struct sink *o, const struct listing *l, unsigned row)
{
	unsigned i;

	for (i = 0; i < l->columns; i++) {
		const struct column *c = l->column[i];
		size_t start = o->n + 1;

		if (!width_of(c))
			continue;
		out_char(o, ' ');
		out_cell(o, c, cell_at(l, row, c));
		out_align(o, start, start + width_of(c), true);
		if (c->unit == UNIT_SIZE && !opt->human) {
			out_char(o, ' ');
			out_char(o, opt->unit_letter);
		}
		out(o, " %s\n", c->heading);
	}
}

static const char *color_of(enum alert_level level)
{
	return !screen.color || level == CALM ? "" : level == CRITICAL ? "\033[31m" : "\033[33m";
}

/* A listing that belongs to a row: indented, with its own headings. */
static void text_below(struct sink *o, struct listing *l, size_t indent)
{
	unsigned row;

	if (!l->rows)
		return;
	if (screen.sized)
		text_fit(o, l, indent);
	out_fill(o, ' ', indent);
	text_cells(o, l, NULL, false, CALM);
	out_char(o, '\n');
	for (row = 0; row < l->rows; row++) {
		const char *color = l->level ? color_of(l->level(l, l->item[row], NULL)) : "";
		size_t start = o->n + strlen(color);

		out_str(o, color);
		out_fill(o, ' ', indent);
		text_cells(o, l, &row, false, CALM);
		if (screen.sized)
			text_cut(o, start, screen.columns);
		out_str(o, *color ? "\033[0m\n" : "\n");
	}
	screen.since_header += l->rows + 1;
}

static void text_verdict(struct sink *o, const struct listing *l, unsigned row); /* ALERTS */
static void json_alerts(struct sink *o, const struct report *r);                 /* ALERTS */

#define INDENT 4

static bool text_row(struct sink *o, struct listing *l, unsigned row)
{
	unsigned screenful = screen.rows > 3 ? screen.rows - 3 : 1;
	unsigned level = WITH_ALERTS && l->level && screen.color ? l->level(l, l->item[row], NULL) : CALM;
	size_t start, hidden;
	bool header;

	if (l->layout >= LAYOUT_STACKED) {
		(WITH_ALERTS && l->layout == LAYOUT_VERDICT ? text_verdict : text_stacked)(o, l, row);
		return false;
	}
	if (!row && screen.sized && !opt->classic) {
		screen.header_due |= text_fit(o, l, 0);
		say_hidden(l);
	}
	if (!opt->one_header && (l->layout != LAYOUT_SCREEN ? screen.since_header >= screenful :
				 !row && screen.since_header + l->rows > screenful))
		screen.header_due = true;
	header = screen.header_due;
	if (header) {
		text_header(o, l);
		screen.since_header = 0;
	} else if (l->layout == LAYOUT_SCREEN && !row && l->rows > 1) {
		out_char(o, '\n');
		screen.since_header++;
	}
	screen.since_header++;
	screen.header_due = false;
	out_str(o, color_of(level));
	start = o->n;
	hidden = text_cells(o, l, &row, false, level);
	if (l->layout == LAYOUT_SCREEN && screen.sized)
		text_cut(o, start, screen.columns + hidden - (screen.stamped ? TIMESTAMP_WIDTH : 0));
	if (screen.stamped) {
		out_char(o, ' ');
		out_date(o, l->from->report->wall_ns / NS_PER_S, ' ');
	}
	if (level)
		out_str(o, "\033[0m");
	out_char(o, '\n');
	if (l->below) {
		text_below(o, l->below, INDENT);
		say_hidden(l->below);
	}
	return header;
}

/* RFC 3339, UTC. */
static void out_time(struct sink *o, uint64_t ns)
{
	out_date(o, ns / NS_PER_S, 'T');
	out_char(o, '.');
	out_digits(o, ns / 1000000 % 1000, 3);
	out_char(o, 'Z');
}

/* A value of a record. False, and nothing, if it is unavailable. */
static bool record_value(struct sink *o, const struct column *c, struct cell cell, enum escape how)
{
	uint64_t v = in_display_unit(cell.number, c->unit);

	if (is_name(c) && cell.text)
		out_escaped(o, how, cell.text);
	else if (v == UNAVAILABLE) /* as of all names */
		return false;
	else
		out_decimal(o, c->unit == UNIT_DECIMALS ? rounded(v, 1000) : v, c->unit <= UNIT_WHOLE ? 0 : 3);
	return true;
}

/* The columns of a row, each after what precedes it. */
static void json_columns(struct sink *o, const struct listing *l, unsigned row, const char *before)
{
	unsigned i;

	for (i = 0; i < l->columns; i++) {
		const struct column *c = l->column[i];

		out(o, "%s\"%s\":", i ? "," : before, c->key);
		if (!record_value(o, c, cell_at(l, row, c), ESCAPE_JSON))
			out_str(o, "null");
	}
}

/* One object a line: the time, the columns, the alerts, the listing that belongs to it. */
static bool json_row(struct sink *o, struct listing *l, unsigned row)
{
	const struct listing *below = l->below;
	unsigned i;

	out_str(o, "{\"time\":\"");
	out_time(o, l->from->report->wall_ns);
	json_columns(o, l, row, "\",");
	if (WITH_ALERTS && l->layout == LAYOUT_TABLE)
		json_alerts(o, l->from->report);
	if (below)
		out(o, ",\"%s\":[", l->below_key);
	for (i = 0; below && i < below->rows; i++) {
		json_columns(o, below, i, i ? ",{" : "{");
		out_char(o, '}');
	}
	out_str(o, below ? "]}\n" : "}\n");
	return false;
}

static void csv_names(struct sink *o, const struct listing *l)
{
	unsigned i;

	out_str(o, "time");
	for (i = 0; i < l->columns; i++)
		out(o, ",%s", l->column[i]->key);
	out_char(o, '\n');
}

static void csv_line(struct sink *o, const struct listing *l, unsigned row)
{
	unsigned i;

	out_time(o, l->from->report->wall_ns);
	for (i = 0; i < l->columns; i++) {
		out_char(o, ',');
		record_value(o, l->column[i], cell_at(l, row, l->column[i]), ESCAPE_CSV);
	}
	out_char(o, '\n');
}

static void csv_head(struct sink *o, const struct listing *l)
{
	static bool written;

	if (!written)
		csv_names(o, l);
	written = true;
}

static bool csv_row(struct sink *o, struct listing *l, unsigned row)
{
	csv_head(o, l);
	csv_line(o, l, row);
	return false;
}

static const struct renderer {
	uint8_t format;
	void (*head)(struct sink *, const struct listing *); /* alone, without rows; or NULL */
	bool (*row)(struct sink *, struct listing *, unsigned row); /* returns whether a header came with it */
} renderers[] = {
	{ O_NONE, text_header, text_row },
	{ O_JSON, NULL, json_row },
	{ O_SVG, NULL, NULL }, /* at the end: finish_graph() */
	{ O_PROMETHEUS, NULL, NULL }, /* run_prometheus() */
	{ O_CSV, csv_head, csv_row },
};

static void plan_columns(struct plan *plan, const struct listing *l)
{
	unsigned i;

	for (i = 0; i < l->columns; i++)
		if (l->column[i]->id < ID_INTERVAL)
			plan_select(plan, l->column[i]->id);
}

/* Prints a listing, a long one half a sink at a time. Returns whether a header was printed. */
static bool print_listing(struct listing *l)
{
	struct sink *o = &stdout_sink;
	const struct renderer *r = renderers;
	bool header = false;
	unsigned row;

	while (r->format != opt->format)
		r++;
	if (!l->rows && r->head)
		r->head(o, l);
	for (row = 0; row < l->rows; row++) {
		header |= r->row(o, l, row);
		if (o->n > o->size / 2)
			write_out(o);
	}
	write_out(o);
	return header;
}

/* ----------------------------------------------------------------- ALERTS
 *
 * Rules judge a report; --check is their verdict. */

static const char *const resources[] = { "cpu", "memory", "swap", "disk" };
static const char *const aspects[] = { "utilisation", "saturation", "errors" };

/* The value that a rule is about, in the unit of its levels: sizes in KiB. */
static uint64_t alert_value(const struct report *r, enum rule_id a)
{
	enum metric_id m = rules[a].metric;

	return divided(r->value[m], metrics[m].column.unit >= UNIT_SIZE ? 1024 : 1);
}

/* The level of a rule, from the options. With --threshold=.../cpu it is multiplied by the
 * CPUs of the machine or cgroup, and UNAVAILABLE if their number is unknown. 0 means that
 * the rule has no such level. */
static uint64_t alert_threshold(const struct report *r, enum rule_id a, enum alert_level level)
{
	uint64_t limit = level == CRITICAL ? opt->crit[a] : opt->warn[a];
	uint64_t micro = r->cgroup ? r->value[M_cpu_capacity] : times(r->value[M_cpus_online], 1000);

	return a == RULE_cs && opt->threshold_per_cpu ? mul_div(micro, limit, 1000000) : limit;
}

#define ENOUGH_PERIODS 5000 /* in thousandths: the fewest that throttling is judged by */

/* Can a rule be judged by this report? The first one is an average since boot, which alerts
 * nobody; only the amount of memory in use is current in it. */
static bool is_judged(const struct report *r, enum rule_id a)
{
	if (!opt->rule_on[a] || alert_value(r, a) == UNAVAILABLE || alert_threshold(r, a, CRITICAL) == UNAVAILABLE)
		return false;
	if (a == RULE_thr_pct && r->value[M_periods] < ENOUGH_PERIODS)
		return r->value[M_periods] == 0 && !r->first;
	return !r->first || rules[a].aspect == ASPECT_UTILISATION;
}

/* Why tasks waited for CPUs. The kernel's figure (accounting/psi.rst) mixes tasks
 * that are held up by a quota with those that others keep from the CPUs. In a
 * cgroup "full" says that none of its tasks ran: as far as periods were throttled
 * that is the quota, beyond it the neighbours; what "some" has more is its own
 * tasks, which wait for each other. The largest part is the cause. The machine as a
 * whole has no "full": where tasks wait for longer than its CPUs are all busy,
 * quotas below it are the cause. */
static enum cause find_cause(const struct report *r)
{
	uint64_t some = r->value[M_cpu_some], full = r->value[M_cpu_full], throttled = r->value[M_thr_pct];
	uint64_t quota;

	if (some == UNAVAILABLE)
		return CAUSE_UNKNOWN;
	if (!r->cgroup) {
		if (r->value[M_id] == UNAVAILABLE)
			return CAUSE_UNKNOWN;
		return r->value[M_id] + some > 110000 ? CAUSE_QUOTAS_BELOW : CAUSE_QUEUEING;
	}
	throttled = throttled == UNAVAILABLE ? 0 : throttled;
	if (full == UNAVAILABLE) /* before Linux 5.13 */
		return throttled >= some / 2 ? CAUSE_QUOTA : CAUSE_UNKNOWN;
	quota = least_of(full, throttled); /* the quota cannot have held it up for longer */
	if (quota >= full - quota && quota >= minus(some, full))
		return CAUSE_QUOTA;
	return full - quota >= minus(some, full) ? CAUSE_CONTENDED : CAUSE_QUEUEING;
}

/* Judges a report: the level of each rule, and the worst of them. --check may page somebody:
 * `doubtful` is the set of rules whose critical level has not been confirmed, and context
 * switches alone are not critical, unless their level was named: tasks must wait for CPUs as
 * well, by the rules judged before. */
static void alerts_judge(struct report *r, uint32_t doubtful)
{
	r->worst = CALM;
	for (each_rule(a)) {
		r->level[a] = CALM;
		if (!is_judged(r, a))
			continue;
		if (a == RULE_cs && opt->view == O_CHECK && !opt->rule_named[a] &&
		    r->level[RULE_cpu_some] == CALM && r->level[RULE_thr_pct] == CALM)
			doubtful |= 1u << a;
		if (alert_value(r, a) >= alert_threshold(r, a, CRITICAL))
			r->level[a] = doubtful >> a & 1 ? WARNING : CRITICAL;
		else if (alert_threshold(r, a, WARNING) && alert_value(r, a) >= alert_threshold(r, a, WARNING))
			r->level[a] = WARNING;
		r->worst = r->level[a] > r->worst ? r->level[a] : r->worst;
	}
	r->cause = r->level[RULE_cpu_some] ? (uint8_t)find_cause(r) : CAUSE_UNKNOWN;
}

static const char *const cause_names[] = {
	[CAUSE_QUOTA] = "quota", [CAUSE_CONTENDED] = "contended", [CAUSE_QUEUEING] = "queueing",
	[CAUSE_QUOTAS_BELOW] = "quotas_below",
};

static void out_cause(struct sink *o, const struct report *r)
{
	switch (r->cause) {
	case CAUSE_QUOTA:
		out_str(o, *r->cpu_level && strcmp(r->cpu_level, scope.name) ?
			", held up by the quota" : ", held up by its own quota");
		if (r->value[M_cpu_limit] == UNAVAILABLE)
			break;
		out_str(o, " of ");
		out_milli(o, r->value[M_cpu_limit] / 1000);
		out_str(o, " CPUs");
		out_level(o, r->cpu_level);
		break;
	case CAUSE_CONTENDED:
		out(o, ", contended: %ju %% of the time", rounded(r->value[M_cpu_full], 1000));
		break;
	case CAUSE_QUEUEING:
		out_str(o, r->cgroup ? ", its own tasks queue" : ", tasks queue");
		break;
	case CAUSE_QUOTAS_BELOW:
		out_str(o, ", while CPUs idle: quotas of cgroups");
		out_str(o, WITH_CGROUP ? " (--cgroups shows whose), or affinity" : ", or affinity");
		break;
	}
}

/* The alert state of a rule, with hysteresis so that its messages do not flap. */
struct said_level {
	uint8_t level;       /* the last one reported, or the lower one since */
	uint8_t calm;        /* consecutive reports below it */
	bool unjudged;       /* a message has said that the rule cannot be judged */
	uint64_t lasted_us[CRITICAL + 1]; /* how long the value has been at each level */
};

#define CALM_REPORTS 3

/* Takes a report into account. A level is reached when it has lasted; it is
 * left when the value is a tenth below, or below for three reports. True
 * where a higher level is reached: that is to be said. */
static bool alert_follow(struct said_level *t, const struct report *r, enum rule_id a)
{
	uint64_t limit = alert_threshold(r, a, t->level);
	unsigned level, reached = CALM;

	for (level = WARNING; level <= CRITICAL; level++) {
		if (r->level[a] < level)
			t->lasted_us[level] = 0;
		else if (!r->first) /* the first one covers time that was not observed */
			t->lasted_us[level] = plus(t->lasted_us[level], r->elapsed_us);
		if (r->level[a] >= level && t->lasted_us[level] / 1000 >= opt->wait_ms[a])
			reached = level;
	}
	if (reached > t->level) {
		t->level = (uint8_t)reached;
		t->calm = 0;
		return true;
	}
	t->calm = r->level[a] < t->level ? (uint8_t)(t->calm + 1) : 0;
	if (t->calm && (alert_value(r, a) < limit - limit / 10 || t->calm >= CALM_REPORTS)) {
		t->level = r->level[a];
		t->calm = 0;
	}
	return false;
}

#define MESSAGE_BYTES (PATH_BYTES + 256)

static const char *alert_message(char buffer[MESSAGE_BYTES], const struct report *r, enum rule_id a)
{
	struct sink o = { buffer, MESSAGE_BYTES, 0, false };

	out(&o, "%s: %ju%s", rules[a].what, rounded(alert_value(r, a), 1000), rules[a].tail);
	if (a == RULE_cpu_some)
		out_cause(&o, r);
	return out_end(&o);
}

/* Selects the metrics of the rules: all of them, or those that are named or cost no
 * further reads. */
static void plan_rules(struct plan *plan, bool all)
{
	unsigned a;

	for (a = 0; WITH_ALERTS && a < RULE_COUNT; a++)
		if (opt->rule_on[a] && (all || opt->rule_named[a] || costs_nothing(plan, rules[a].metric)))
			plan_select(plan, rules[a].metric);
}

/* Selects the metrics that explain CPU pressure: all of them, or those that cost no
 * further reads. */
static void plan_cause(struct plan *plan, bool all)
{
	static const uint8_t causes[] = { M_id, M_cpu_full, M_thr_pct, M_cpu_limit, M_cpu_level };
	unsigned i;

	for (i = 0; plan->selected[M_cpu_some] && i < LENGTH(causes); i++)
		if (all || costs_nothing(plan, causes[i]))
			plan_select(plan, causes[i]);
}

/* The columns below the verdict of --check, a row for each rule. */
enum {
	CHECK_RESOURCE, CHECK_ASPECT, CHECK_METRIC, CHECK_LEVEL, CHECK_VALUE, CHECK_WARNING, CHECK_CRITICAL,
	CHECK_ADVICE, CHECK_WORDS
};

static const struct column check_columns[] = {
	{ "resource", "resource", GROUP_NONE, UNIT_TEXT, { 8, 8 }, 40, CHECK_RESOURCE },
	{ "aspect", "aspect", GROUP_NONE, UNIT_TEXT, { 11, 11 }, 30, CHECK_ASPECT },
	{ "metric", "metric", GROUP_NONE, UNIT_TEXT, { 12, 12 }, 99, CHECK_METRIC },
	{ "level", "level", GROUP_NONE, UNIT_TEXT, { 8, 8 }, 98, CHECK_LEVEL },
	{ "value", "value", GROUP_NONE, UNIT_NUMBER, { 8, 8 }, 97, CHECK_VALUE },
	{ "warning", "warn", GROUP_NONE, UNIT_NUMBER, { 6, 6 }, 50, CHECK_WARNING },
	{ "critical", "crit", GROUP_NONE, UNIT_NUMBER, { 6, 6 }, 50, CHECK_CRITICAL },
	{ "advice", "", GROUP_NONE, UNIT_TEXT, { 0, 0 }, 0, CHECK_ADVICE },
	{ "", "", GROUP_NONE, UNIT_TEXT, { 26, 26 }, 96, CHECK_WORDS }, /* in text alone */
};

static const char *const level_words[] = { "ok", "warning", "critical" };

/* The rule about a metric; RULE_COUNT where there is none. */
static unsigned rule_of(enum metric_id m)
{
	unsigned a = 0;

	while (a < RULE_COUNT && (rules[a].metric != m || !rules[a].what))
		a++;
	return a;
}

static struct cell check_cell(const struct listing *l, unsigned item, const struct column *c)
{
	const struct rule *rule = &rules[item];
	const struct report *r = l->from->report;
	uint64_t v;

	switch (c->id) {
	case CHECK_RESOURCE:
		return text_cell(resources[rule->resource]);
	case CHECK_ASPECT:
		return text_cell(aspects[rule->aspect]);
	case CHECK_METRIC:
		return text_cell(metrics[rule->metric].column.key);
	case CHECK_VALUE:
		return number_cell(alert_value(r, item));
	case CHECK_LEVEL:
		return text_cell(!opt->rule_on[item] ? NULL :
				 is_judged(r, item) ? level_words[r->level[item]] : "unknown");
	case CHECK_ADVICE:
		return text_cell(r->level[item] && *rule->advice ? rule->advice : NULL);
	case CHECK_WORDS:
		return text_cell(rule->tail + (*rule->tail == ' '));
	default:
		v = opt->rule_on[item] ? alert_threshold(r, item, c->id == CHECK_WARNING ? WARNING : CRITICAL) : 0;
		return number_cell(v ? v : UNAVAILABLE);
	}
}

static unsigned check_level(const struct listing *l, unsigned item, const struct column *c)
{
	return l->from->report->level[item];
}

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

static const char *const verdict_words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* The worst level among the rules that could be judged. */
static enum verdict verdict_of(const struct report *r)
{
	unsigned a = 0;

	while (a < RULE_COUNT && !is_judged(r, a))
		a++;
	return a < RULE_COUNT ? (enum verdict)r->worst : VERDICT_UNKNOWN;
}

/* Appends "memory 97% of 512M" to a list. */
static void out_evidence(struct sink *o, const struct report *r, enum rule_id a)
{
	out(o, "%s%s%ju", o->n ? ", " : "", rules[a].before, rounded(alert_value(r, a), 1000));
	if (a == RULE_cpu_max && r->value[M_cpu_max_id] != UNAVAILABLE) {
		out(o, "%% used (CPU %ju)", r->value[M_cpu_max_id]);
	} else if (a == RULE_mem_pct && r->value[M_mem_limit] != UNAVAILABLE) {
		out_str(o, "% of ");
		out_human(o, r->value[M_mem_limit]);
		out_level(o, r->mem_level);
	} else {
		out_str(o, rules[a].tail);
	}
	if (a == RULE_cpu_some)
		out_cause(o, r);
}

/* When a report was made, if that is not now. */
static void out_when(struct sink *o, const struct report *r, const char *before, const char *after)
{
	if (!opt->replay)
		return;
	out_str(o, before);
	out_date(o, r->wall_ns / NS_PER_S, ' ');
	out(o, " UTC%s", after);
}

/* The findings, the worst first; if there are none, the utilisation of each resource. */
static const char *verdict_message(char buffer[2 * MESSAGE_BYTES], const struct report *r)
{
	struct sink o = { buffer, 2 * MESSAGE_BYTES, 0, false };
	unsigned level, a;
	enum verdict verdict = verdict_of(r);

	if (verdict == VERDICT_UNKNOWN)
		out_str(&o, "nothing can be judged here");
	for (level = CRITICAL; level > CALM; level--)
		for (a = 0; a < RULE_COUNT; a++)
			if (r->level[a] == level)
				out_evidence(&o, r, a);
	for (a = 0; verdict == VERDICT_OK && a < RULE_COUNT; a++)
		if (rules[a].aspect == ASPECT_UTILISATION && alert_value(r, a) != UNAVAILABLE)
			out_evidence(&o, r, a);
	if (verdict != VERDICT_UNKNOWN)
		out_when(&o, r, ", at ", "");
	return out_end(&o);
}

/* Performance data in the format of monitoring plugins: name=value[%];warn;crit. */
static void out_perfdata(struct sink *o, const struct report *r)
{
	for (each_rule(a)) {
		const struct column *c = &metrics[rules[a].metric].column;

		if (alert_value(r, a) == UNAVAILABLE)
			continue;
		out(o, " %s=", c->key);
		out_milli(o, alert_value(r, a));
		out_str(o, c->unit == UNIT_PERCENT ? "%" : "");
		if (!rules[a].what || alert_threshold(r, a, CRITICAL) == UNAVAILABLE)
			continue;
		out_char(o, ';');
		if (alert_threshold(r, a, WARNING))
			out_milli(o, alert_threshold(r, a, WARNING));
		out_char(o, ';');
		out_milli(o, alert_threshold(r, a, CRITICAL));
	}
}

enum { VERDICT_STATUS, VERDICT_CODE, VERDICT_MESSAGE, VERDICT_CAUSE };

static struct cell verdict_cell(const struct listing *l, unsigned item, const struct column *c)
{
	LARGE char message[2 * MESSAGE_BYTES];
	const struct report *r = l->from->report;

	return c->id == VERDICT_CODE ? number_cell(verdict_of(r)) :
		text_cell(c->id == VERDICT_STATUS ? verdict_words[verdict_of(r)] :
			  c->id == VERDICT_CAUSE ? cause_names[r->cause] : verdict_message(message, r));
}

static bool list_verdict(struct listing *l)
{
	static const struct column columns[] = {
		{ .key = "status", .unit = UNIT_TEXT, .id = VERDICT_STATUS },
		{ .key = "code", .unit = UNIT_WHOLE, .id = VERDICT_CODE },
		{ .key = "message", .unit = UNIT_TEXT, .id = VERDICT_MESSAGE },
		{ .key = "cause", .unit = UNIT_TEXT, .id = VERDICT_CAUSE },
	};

	l->layout = LAYOUT_VERDICT;
	l->cell = verdict_cell;
	l->below_key = "checks";
	add_report_columns(l, true);
	add_columns(l, columns, LENGTH(columns));
	return true;
}

/* One line fit for a pager, with performance data, then the rules. On a terminal advice on
 * each finding takes the place of performance data. */
static void text_verdict(struct sink *o, const struct listing *l, unsigned row)
{
	const struct report *r = l->from->report;
	const char *color = color_of(r->worst);
	char message[2 * MESSAGE_BYTES];
	size_t start = o->n + strlen(color);
	unsigned level;

	out(o, "%s%s%s: %s", color, verdict_words[verdict_of(r)], *color ? "\033[0m" : "",
	    verdict_message(message, r));
	if (!screen.tty) {
		out_str(o, " |");
		out_perfdata(o, r);
	}
	for (level = CRITICAL; WITH_HELP && screen.tty && level > CALM; level--)
		for (each_rule(a))
			if (rules[a].what && r->level[a] == level)
				out(o, "\n  %s: %s", rules[a].what, rules[a].advice);
	break_lines(o->text + start, o->text + o->n, screen.sized ? screen.columns : 0);
	out_char(o, '\n');
	text_below(o, l->below, screen.tty ? 2 : INDENT);
}

static void json_alerts(struct sink *o, const struct report *r)
{
	char message[MESSAGE_BYTES];
	bool any = false;

	out_str(o, ",\"alerts\":[");
	for (each_rule(a)) {
		if (!r->level[a])
			continue;
		out(o, "%s{\"metric\":\"%s\",\"level\":\"%s\",\"value\":", any ? "," : "",
		    metrics[rules[a].metric].column.key, level_words[r->level[a]]);
		out_milli(o, alert_value(r, a));
		out_str(o, ",\"threshold\":");
		out_milli(o, alert_threshold(r, a, r->level[a]));
		out_str(o, ",\"message\":");
		out_escaped(o, ESCAPE_JSON, alert_message(message, r, a));
		if (a == RULE_cpu_some && r->cause)
			out(o, ",\"cause\":\"%s\"", cause_names[r->cause]);
		out_char(o, '}');
		any = true;
	}
	out_char(o, ']');
}

/* Says, once, that a rule named on the command line cannot be judged. `last`: this is the
 * only report. */
static void say_unjudged(struct said_level *said, const struct comparison *c, enum rule_id a, bool last)
{
	const struct report *r = c->report;
	enum metric_id m = rules[a].metric;
	bool exists = c->now->plan->place[m];

	if (!opt->rule_named[a] || said->unjudged || is_judged(r, a))
		return;
	if (r->first ? !last && exists :
	    alert_value(r, a) != UNAVAILABLE && alert_threshold(r, a, CRITICAL) != UNAVAILABLE)
		return;
	said->unjudged = true;
	warn(0, r->first && exists && r->value[m] != UNAVAILABLE ?
	     "rule %s: the first report is an average, which nobody judges: give a delay" :
	     "rule %s: cannot be judged: it is unavailable here", metrics[m].column.key);
}

/* Prints the messages of alerts whose level has risen, the worst first; with `again` also
 * of those that persist. JSON has them in its data: beside it they are for terminals alone. */
static void say_alerts(const struct comparison *c, bool again, bool last)
{
	static struct said_level said[RULE_COUNT];
	const struct report *r = c->report;
	char buffer[MESSAGE_BYTES], time[32];
	struct sink when = SINK(time);
	uint8_t level[RULE_COUNT] = { CALM }; /* of the message to be printed; CALM: none */
	unsigned worst = CALM;

	for (each_rule(a)) {
		if (!opt->rule_on[a])
			continue;
		if (alert_follow(&said[a], r, a) || (again && said[a].level))
			level[a] = r->level[a];
		worst = level[a] > worst ? level[a] : worst;
		say_unjudged(&said[a], c, a, last);
	}
	out_when(&when, r, "", ": ");
	out_end(&when);
	for (; worst > CALM; worst--)
		for (each_rule(a))
			if (level[a] == worst && (opt->format != O_JSON || isatty(STDERR_FILENO)))
				warn(0, "%s%s", time, alert_message(buffer, r, a));
}

LARGE struct checked {
	struct report worst; /* the worst report so far; its wall_ns is 0: none */
	bool waits;          /* for a second interval */
} checked;

#define LONG_ENOUGH_US 10000000 /* no burst lasts that long */

/* The kernel's averages over 10 s, which confirm or lower the pressure of an interval; M_NONE,
 * which is always UNAVAILABLE, for other rules. */
static const uint8_t averages[RULE_COUNT] = {
	[RULE_cpu_some] = M_cpu_avg10, [RULE_mem_full] = M_mem_avg10, [RULE_io_full] = M_io_avg10,
};

/* The set of rules that a burst within the interval may have made critical. */
static uint32_t find_doubtful(const struct report *r)
{
	uint32_t doubtful = 0;
	unsigned a;

	for (a = 0; a < RULE_COUNT && r->elapsed_us < LONG_ENOUGH_US; a++)
		if (rules[a].bursts && r->level[a] == CRITICAL && r->value[averages[a]] == UNAVAILABLE)
			doubtful |= 1u << a;
	return doubtful;
}

/* Lowers the doubtful values of the worst report to those of a second interval. */
static void ask_witness(const struct report *witness)
{
	struct report *r = &checked.worst;
	uint32_t doubtful = find_doubtful(r);

	for (each_rule(a)) {
		uint64_t *v = &r->value[rules[a].metric], other = witness->value[rules[a].metric];

		if (!(doubtful >> a & 1) || other == UNAVAILABLE)
			continue;
		*v = least_of(*v, other);
		doubtful &= ~(1u << a);
	}
	alerts_judge(r, doubtful);
}

/* Does the verdict have to wait for another interval? */
static bool check_waits(void)
{
	return checked.waits = find_doubtful(&checked.worst) && !checked.waits;
}

/* Judges a report for --check and keeps the worst. */
static void check(struct listing *l, const struct comparison *c)
{
	enum verdict verdict, worst = verdict_of(&checked.worst);
	struct report *r = c->report;
	unsigned a;

	if (checked.waits) {
		ask_witness(c->report);
		return;
	}
	alerts_judge(r, 0);
	for (a = 0; a < RULE_COUNT && r->elapsed_us < LONG_ENOUGH_US; a++)
		if (r->level[a] == CRITICAL)
			r->value[rules[a].metric] = least_of(r->value[rules[a].metric], r->value[averages[a]]);
	alerts_judge(r, 0);
	verdict = verdict_of(r);
	if (checked.worst.wall_ns && worst != VERDICT_UNKNOWN && (verdict == VERDICT_UNKNOWN || verdict <= worst))
		return;
	checked.worst = *r;
}

/* Prints the verdict on the worst report. Evidence that does not exist in this scope is left
 * out; on a terminal so are the rules about it, and evidence without a value. Returns the
 * exit status. */
static int finish_check(struct listing *l)
{
	LARGE struct listing below;
	const struct comparison c = { &snapshots[0], &snapshots[1], &checked.worst, false };
	enum verdict verdict = verdict_of(&checked.worst);
	bool terminal = opt->format == O_NONE && screen.tty, known;

	l->from = below.from = &c;
	l->below = &below;
	below.cell = check_cell;
	below.level = check_level;
	add_columns(&below, check_columns, LENGTH(check_columns) - (opt->format != O_NONE));
	for (each_rule(a)) {
		known = terminal ? alert_value(&checked.worst, a) != UNAVAILABLE : rules[a].what != NULL;
		if (known || ((!terminal || rules[a].what) && c.now->plan->place[rules[a].metric]))
			below.item[below.rows++] = (uint16_t)a;
	}
	print_listing(l);
	return opt->check_critical && verdict == VERDICT_WARNING ? 0 : (int)verdict;
}

/* Selects the metrics of all rules, and those that the message needs. */
static void plan_checks(struct plan *plan, const struct listing *l)
{
	for (each_rule(a)) {
		plan_select(plan, rules[a].metric);
		plan_select(plan, averages[a]);
	}
	plan_select(plan, M_mem_level);
	plan_select(plan, M_cpu_max_id);
	plan_cause(plan, true);
}

/* Selects the columns of a table, and the rules that cost no further reads. OOM kills are
 * reported even where they are not a column. */
static void plan_table(struct plan *plan, const struct listing *l)
{
	plan_columns(plan, l);
	if (!WITH_ALERTS)
		return;
	if (opt->rule_on[RULE_oom] && in_cgroup() && !opt->columns && !opt->classic)
		plan_select(plan, M_oom);
	plan_rules(plan, WITH_TOP && opt->top); /* they say whom to blame for what */
	plan_cause(plan, false);
	if (opt->threshold_per_cpu)
		plan_select(plan, in_cgroup() ? M_cpu_capacity : M_cpus_online);
}

/* [WARN,]CRIT with up to three decimals at *p, in thousandths. With `wait_ms`
 * a third value may follow: seconds. */
static bool parse_levels(const char **p, uint64_t *warn_level, uint64_t *crit, uint64_t *wait_ms)
{
	uint64_t first;

	*warn_level = 0;
	if (!parse_decimal(p, 3, &first))
		return false;
	*crit = first;
	if (**p != ',')
		return first > 0;
	++*p;
	*warn_level = first;
	if (!parse_decimal(p, 3, crit) || !*crit || *crit < first)
		return false;
	return !wait_ms || **p != ',' || (++*p, parse_decimal(p, 3, wait_ms));
}

/* --alert=help */
static void out_rules(struct sink *o)
{
	const struct rule *r;

	for (r = rules; r < rules + RULE_COUNT; r++) {
		if (!r->what)
			continue;
		out_left(o, metrics[r->metric].column.key, 10);
		if (r->warn < r->crit)
			out(o, "%u %u %s", r->warn, r->crit, r->what);
		else
			out(o, "- %u %s", r->crit, r->what);
		if (r->seconds)
			out(o, " (said after %u s)", r->seconds);
		out(o, *r->advice ? "\n          %s\n" : "\n", r->advice);
	}
}

/* NAME=[WARN,]CRIT[,SECONDS]; NAME=off; off, which silences all rules not named later; or
 * help. */
static bool parse_alert(const char *value)
{
	bool off = !strcmp(value, "off");

	given.rules_help |= !strcmp(value, "help");
	for (each_rule(a)) {
		const char *p = after(value, metrics[rules[a].metric].column.key);
		bool named = p && *p++ == '=';

		if (!rules[a].what || (!off && !named))
			continue;
		given.rule_on[a] = given.rule_named[a] = named && strcmp(p, "off");
		if (off)
			continue;
		if (!given.rule_on[a])
			return true;
		if (a == RULE_cs)
			given.threshold_per_cpu = false;
		return parse_levels(&p, &given.warn[a], &given.crit[a], &given.wait_ms[a]) && !*p;
	}
	return off || given.rules_help;
}

/* [WARN,]CRIT[/cpu] */
static bool parse_threshold(const char *value)
{
	const char *p = value;

	given.rule_on[RULE_cs] = given.rule_named[RULE_cs] = true;
	if (!parse_levels(&p, &given.warn[RULE_cs], &given.crit[RULE_cs], NULL))
		return false;
	given.threshold_per_cpu = *p != '\0';
	return !*p || !strcmp(p, "/cpu");
}

/* [critical] */
static bool parse_check(const char *value)
{
	given.view = O_CHECK;
	error_status = 3;
	given.check_critical = !strcmp(value, "critical");
	return !*value || given.check_critical;
}

static void default_levels(void)
{
	unsigned a;

	for (a = 0; WITH_ALERTS && a < RULE_COUNT; a++) {
		given.rule_on[a] = rules[a].what;
		given.warn[a] = rules[a].warn < rules[a].crit ? rules[a].warn * 1000u : 0;
		given.crit[a] = rules[a].crit * 1000u;
		given.wait_ms[a] = rules[a].seconds * 1000u;
	}
}

/* ------------------------------------------------------------------ DISKS
 *
 * Block devices (-d, -D, -p), from /proc/diskstats (admin-guide/iostats.rst) or
 * from the charges of a cgroup: io.stat (cgroup-v2.rst), blkio.throttle.*
 * (v1); slab caches (-m); totals (-s, -f). */

enum disk_unit { DISK_ONE, DISK_SECTORS, DISK_MS };

static const struct disk_field {
	struct column column; /* of -d */
	const char *sum;      /* label in -D; NULL: not in it */
	const char *charge;   /* key in io.stat; NULL: not charged to cgroups */
	uint8_t nth, unit, type;
	const char *name, *help; /* for Prometheus, after vmstat_disk_ */
} disk_fields[] = {
#define IN_DISK(group_, width_, wide, keep_, heading_) \
	.column.heading = heading_, .column.group = GROUP_##group_, .column.width = { width_, wide }, \
	.column.keep = keep_
#define EXPORTED(type_, unit_, name_, help_) .type = TYPE_##type_, .unit = DISK_##unit_, .name = name_, .help = help_
#define F(key_, place, ...) \
	[D_##key_] = { .column.key = #key_, .column.unit = UNIT_WHOLE, .column.id = D_##key_, .nth = place, \
		       __VA_ARGS__ },
	DISK_FIELDS(F)
#undef F
};

/* Rates of a disk as `iostat -x` defines them: R(key, field, by, scale, width (0: with -w
 * alone), wide width, keep, heading): the growth of a field times the scale, divided by that
 * of another field, or by the microseconds elapsed (TIME). In millionths. */
#define DISK_RATES(R) \
	R(r_s, reads, TIME, 1000000000000, 7, 7, 90, "r/s") \
	R(w_s, writes, TIME, 1000000000000, 7, 7, 90, "w/s") \
	R(rkb_s, read_sectors, TIME, 1000000000000 / (1024 / SECTOR_BYTES), 9, 9, 85, "rkB/s") \
	R(wkb_s, write_sectors, TIME, 1000000000000 / (1024 / SECTOR_BYTES), 9, 9, 85, "wkB/s") \
	R(r_await, read_ms, reads, 1000000, 7, 7, 80, "r_await") \
	R(w_await, write_ms, writes, 1000000, 7, 7, 80, "w_await") \
	R(rareq_sz, read_sectors, reads, 1000000 / (1024 / SECTOR_BYTES), 0, 8, 40, "rareq-sz") \
	R(wareq_sz, write_sectors, writes, 1000000 / (1024 / SECTOR_BYTES), 0, 8, 40, "wareq-sz") \
	R(d_s, discards, TIME, 1000000000000, 0, 7, 30, "d/s") \
	R(dkb_s, discard_sectors, TIME, 1000000000000 / (1024 / SECTOR_BYTES), 0, 9, 28, "dkB/s") \
	R(d_await, discard_ms, discards, 1000000, 0, 7, 26, "d_await") \
	R(f_s, flushes, TIME, 1000000000000, 0, 7, 24, "f/s") \
	R(f_await, flush_ms, flushes, 1000000, 0, 7, 24, "f_await") \
	R(aqu_sz, io_weighted_ms, TIME, 1000000000, 7, 7, 75, "aqu-sz") \
	R(util, io_ms, TIME, 100000000000, 7, 7, 95, "%util")

enum { D_TIME = D_COUNT };

enum disk_rate_id {
#define R(key, ...) DISK_RATE_##key,
	DISK_RATES(R)
#undef R
	DISK_RATE_COUNT
};

static const struct disk_rate {
	struct column column;
	uint64_t scale;
	uint8_t field, by;
} disk_rates[] = {
#define R(key, field, by, scale, width, wide, keep, heading) [DISK_RATE_##key] = { \
	{ #key, heading, GROUP_NONE, UNIT_DECIMALS, { width, wide }, keep, DISK_RATE_##key }, scale, D_##field, \
	D_##by },
	DISK_RATES(R)
#undef R
};

/* A partition's name is its disk's plus a number, with a p between if the
 * disk's name ends in a digit. */
static bool is_partition_of(const char *name, const char *disk)
{
	const char *rest = after(name, disk);
	uint64_t number;

	return rest && rest > name && (!is_digit(rest[-1]) || *rest++ == 'p') && parse_number(rest, &number);
}

/* Does sysfs have this file of a device; with `entries`, a non-empty directory? False,
 * with *error set, if unknown. */
static bool sysfs_has(const char *class, const char *device, const char *what, bool entries, int *error)
{
	char path[PATH_BYTES];
	struct entries list;
	bool has;
	int reason;

	errno = ENAMETOOLONG;
	has = join(path, opt->sys, class, device) && join(path, path, what, "") &&
		(entries ? entries_open(&list, path) : path_exists(path));
	reason = has ? 0 : errno;
	if (has && entries) {
		has = next_entry(&list) != NULL;
		reason = list.error;
		close(list.fd);
	}
	note_error(error, reason == ENOTDIR ? 0 : reason); /* --sys may be no directory */
	return has;
}

/* The type of a device. TWICE: its name is taken. */
enum { DEVICE_DISK, DEVICE_PARTITION, DEVICE_STACKED, DEVICE_TWICE };

/* Classifies a device: a partition by sysfs, or by its name if sysfs cannot say. A disk may
 * be stacked on others (LVM, LUKS, md, loop), which count its I/O, too:
 * Documentation/ABI/testing/sysfs-block, slaves. Cgroups are charged for disks only. */
static unsigned ask_device(const struct devices *now, unsigned at, uint64_t number, const char *name, int *error)
{
	const struct device *d, *end = now->device + (at < MAX_DISKS ? at : MAX_DISKS);
	char text[NAME_BYTES];
	struct sink o = SINK(text);
	bool partition = !now->charged && sysfs_has("/class/block/", name, "/partition", false, error);
	bool by_name = !now->charged && !partition &&
		(*error || !sysfs_has("/class/block/", name, "", false, error));

	for (d = now->device; d < end && !now->charged; d++)
		if (!strcmp(d->name, name))
			return DEVICE_TWICE;
		else if (by_name && d->disks && is_partition_of(name, d->name))
			return DEVICE_PARTITION;
	if (partition)
		return DEVICE_PARTITION;
	out(&o, "%ju:%ju", number >> 20, number & 0xfffff);
	out_end(&o);
	return sysfs_has("/dev/block/", text, "/loop/backing_file", false, error) ||
		sysfs_has("/dev/block/", text, "/slaves", true, error) ? DEVICE_STACKED : DEVICE_DISK;
}

#define DEVICES_KNOWN 8192 /* 8 bytes each; unused entries take no memory */

/* The same, cached: most devices keep their place in the file. */
static unsigned know_device(struct devices *now, unsigned at, uint64_t number, const char *name)
{
	LARGE uint64_t known[DEVICES_KNOWN]; /* by place: number plus one, and type */
	unsigned what;
	int error = 0;

	if (at < DEVICES_KNOWN && known[at] >> 2 == number + 1)
		return known[at] & 3;
	what = ask_device(now, at, number, name, &error);
	if (error)
		now->stacking_error = error;
	else if (at < DEVICES_KNOWN && what != DEVICE_TWICE)
		known[at] = (number + 1) << 2 | what;
	return what;
}

#define OTHER_DEVICES UINT64_MAX /* the number of the entry that adds up all others */

/* The entry of the device at this place in a file. Disks beyond the table share one.
 * `again`: a second file of the same devices. */
static struct device *enter_device(struct devices *now, unsigned at, uint64_t number, const char *name, bool again)
{
	static struct device ignored;
	struct device *d = &now->device[at < MAX_DISKS ? at : MAX_DISKS];
	unsigned what = know_device(now, at, number, name);
	struct sink o = SINK(d->name);

	if (!again && at <= MAX_DISKS) {
		memset(d, 0, sizeof *d);
		d->number = at < MAX_DISKS ? number : OTHER_DEVICES;
		d->stacked = at < MAX_DISKS && what == DEVICE_STACKED;
		out_str(&o, at < MAX_DISKS ? name : "(others)");
		out_end(&o);
		now->count = at + 1;
	}
	if (!again) {
		d->disks += what == DEVICE_DISK || what == DEVICE_STACKED;
		d->partitions += what == DEVICE_PARTITION;
	}
	return (at < MAX_DISKS ? d->number == number : what == DEVICE_DISK) ? d : &ignored;
}

static unsigned disks_left_out(const struct devices *list)
{
	return list->count > MAX_DISKS ? list->device[MAX_DISKS].disks : 0;
}

/* The next line of /proc/diskstats: "MAJOR MINOR NAME" and numbers. Before Linux 2.6.25 a
 * partition has four: reads, sectors, writes, sectors. Requests in flight are a
 * sum over CPUs, negative in some kernels: then UNAVAILABLE. */
static bool next_disk(struct scanner *s, struct device *d)
{
	uint64_t v[DISKSTATS_NUMBERS], major, minor;
	struct text line, name;
	unsigned i, n;

	while (scan_line(s, &line)) {
		if (!scan_number(&line, &major) || !scan_number(&line, &minor) || !scan_word(&line, &name))
			continue;
		memset(v, 0xff, sizeof v); /* UNAVAILABLE */
		for (n = 0; n < DISKSTATS_NUMBERS; n++)
			if (!scan_number(&line, &v[n]) && n + 1 != disk_fields[D_io_now].nth)
				break;
		if (n != 4 && n < 11)
			continue;
		for (i = 3; n == 4 && i > 0; i--) {
			v[2 * i] = v[i];
			v[i] = UNAVAILABLE;
		}
		d->number = major << 20 | minor;
		copy_text(d->name, sizeof d->name, &name);
		for (i = 0; i < D_COUNT; i++)
			d->value[i] = v[disk_fields[i].nth - 1];
		if (d->value[D_io_now] > INT32_MAX)
			d->value[D_io_now] = UNAVAILABLE;
		return true;
	}
	return false;
}

/* Has the device ever done I/O? */
static bool has_worked(const struct device *d)
{
	unsigned f;

	for (f = 0; f < D_COUNT; f++)
		if (d->value[f] && d->value[f] != UNAVAILABLE)
			return true;
	return false;
}

/* Reads /proc/diskstats, for -p one device; for a cgroup only the names of its devices.
 * Returns whether any device of the machine has done I/O. */
static bool read_diskstats(struct devices *now)
{
	struct device disk, *d;
	struct scanner s;
	unsigned at = 0, i;
	bool worked = false;

	scan_kept(&s, &files[0][SRC_DISKSTATS], opt->proc, strlen(opt->proc), SRC_DISKSTATS);
	while (next_disk(&s, &disk)) {
		worked = worked || has_worked(&disk);
		for (d = now->device; now->charged && d < now->device + now->count; d++)
			if (d->number == disk.number)
				memcpy(d->name, disk.name, sizeof d->name);
		if (now->charged || (opt->device && disk.number != opt->device) ||
		    (!opt->device && opt->partition && strcmp(disk.name, opt->partition)))
			continue;
		d = enter_device(now, at++, disk.number, disk.name, false);
		for (i = 0; i < D_COUNT; i++)
			d->value[i] = plus(d->value[i], disk.value[i]);
	}
	if (!now->charged)
		now->error = s.error;
	return worked;
}

/* "8:16" as a device number. */
static bool device_number(const struct text *w, uint64_t *number)
{
	const char *p = w->p;
	uint64_t major, minor;

	if (!parse_digits(&p, &major) || *p++ != ':' || !parse_digits(&p, &minor) || p != w->end)
		return false;
	*number = major << 20 | minor;
	return true;
}

/* The fields that a cgroup is charged for, bytes first. v2 has all in io.stat, "8:0
 * rbytes=N ..."; v1 has bytes in one file, "8:0 Read N", and requests in another. */
static const uint8_t charges[] = { D_read_sectors, D_write_sectors, D_reads, D_writes };

/* Reads a file of charges; v1's are charges[first] and the next. Lines like "(unknown) ..." and
 * "Total ..." are skipped. Without I/O v2's file is empty; foreign lines alone are EINVAL. A
 * v1 file without devices has never counted, as Linux 6.10 counts only under a limit: ENODATA.
 * Bytes are left for the caller to turn into sectors. Returns errno, or 0. */
static int read_charges(struct devices *now, const char *file, unsigned first)
{
	const struct hierarchy *h = &hierarchies[DIR_IO];
	int error = ENOENT, fd = h->version ? open_below(h->dir, h->length[0], file, "", &error) : -1;
	uint64_t number, last = UNAVAILABLE, v;
	struct device *d = NULL;
	struct text line, w;
	struct scanner s;
	char name[NAME_BYTES];
	bool foreign = false, found;
	unsigned at = 0, i;

	scan_start(&s, fd, error);
	while (scan_line(&s, &line)) {
		foreign |= !is_digit(*line.p) && *line.p != '(';
		/* A device without I/O has no line of its own: "8:0 8:16 rbytes=..." */
		for (found = false, w.p = line.p; scan_word(&line, &w) && device_number(&w, &number); found = true)
			if (!d || number != last) {
				copy_text(name, sizeof name, &w);
				d = enter_device(now, at++, number, name, first > 0);
				last = number;
			}
		if (found && h->version == 1 && (is_text(&w, "Read") || is_text(&w, "Write"))) {
			i = charges[first + (*w.p == 'W')];
			d->value[i] = plus(d->value[i], scan_number(&line, &v) ? v : UNAVAILABLE);
		}
		line.p = w.p;
		for (i = 0; found && h->version == 2 && i < LENGTH(charges); i++) {
			uint64_t *sum = &d->value[charges[i]];

			w = (struct text){ after_name(line.p, line.end, disk_fields[charges[i]].charge), line.end };
			if (w.p)
				*sum = plus(*sum, scan_number(&w, &v) ? v : UNAVAILABLE);
		}
	}
	scan_close(&s);
	if (s.error || at || (!foreign && h->version == 2))
		return s.error;
	return foreign && h->version == 2 ? EINVAL : ENODATA;
}

static bool is_leaf(const struct hierarchy *h)
{
	struct entries entries;
	bool leaf = true;

	if (!entries_open(&entries, h->dir))
		return false;
	while (leaf && next_entry(&entries))
		leaf = !entries.is_directory;
	close(entries.fd);
	return leaf && !entries.error;
}

/* Reads block devices: the machine's, or with `charged` the cgroup's charges; bi and bo
 * get the bytes of all that are not stacked. On v1 kernels without recursive files the
 * cgroup's own are exact for a leaf. Some kernels count only while a throttle rule is
 * set: zeros are UNAVAILABLE if the machine's disks have done I/O. `names`: also read
 * requests and names. */
static void read_devices(struct snapshot *now, bool charged, bool names)
{
	bool v1 = hierarchies[DIR_IO].version == 1, leaf = false, worked;
	const struct source *source = &sources[SRC_DEVICES];
	struct devices *list = now->devices;
	uint64_t bytes[2] = { 0, 0 }, any = 0;
	int error, requests_error;
	struct device *d;
	unsigned i;

	list->count = 0;
	list->stacking_error = 0;
	list->charged = charged;
	if (!charged) {
		read_diskstats(list);
		return;
	}
	error = read_charges(list, v1 ? source->old_name : source->name, 0);
	leaf = v1 && error == ENOENT && is_leaf(&hierarchies[DIR_IO]);
	if (leaf)
		error = read_charges(list, "blkio.throttle.io_service_bytes", 0);
	requests_error = !v1 ? 0 : !names ? ENODATA :
		read_charges(list, leaf ? "blkio.throttle.io_serviced" : "blkio.throttle.io_serviced_recursive", 2);
	for (d = list->device; d < list->device + list->count; d++) {
		for (i = 0; i < 2; i++) {
			uint64_t *v = &d->value[charges[i]];

			bytes[i] = plus(bytes[i], d->stacked ? 0 : *v);
			any |= *v;
			*v = divided(*v, SECTOR_BYTES);
		}
		for (i = 0; i < D_COUNT; i++)
			if (!disk_fields[i].charge || (requests_error && disk_fields[i].unit == DISK_ONE))
				d->value[i] = UNAVAILABLE;
	}
	worked = (names || (v1 && !any)) && read_diskstats(list);
	list->error = !error && v1 && !any && worked ? ENODATA : error;
	files[0][SRC_DEVICES].error = error == ENODATA ? 0 : error;
	if (list->error)
		list->count = 0;
	if (list->error || list->stacking_error)
		return;
	now->level[0][M_bi] = bytes[0];
	now->level[0][M_bo] = bytes[1];
}

/* The slab caches of -m: /proc/slabinfo, version 2.1 (slabinfo(5)). */
static void read_slabs(struct slabs *list)
{
	struct scanner s;
	struct text line, name;
	unsigned i;

	list->count = 0;
	scan_proc(&s, "slabinfo", "");
	while (list->count <= MAX_SLABS && scan_line(&s, &line)) {
		struct slab *slab = &list->slab[list->count];

		scan_word(&line, &name);
		for (i = 0; i < 4 && scan_number(&line, &slab->value[i]); i++)
			;
		if (i < 4)
			continue;
		copy_text(slab->name, sizeof slab->name, &name);
		list->count++;
	}
	scan_close(&s);
	list->error = s.error ? s.error : list->count ? 0 : ENODATA;
}

/* The growth of a field since the last snapshot; a new device counts from 0. UNAVAILABLE
 * if the device cannot be compared: read from different files; a counter stepped back, as in a
 * replaced device; the entry adds up a different number of disks. Most devices keep their place. */
static uint64_t disk_growth(const struct comparison *c, const struct device *d, enum disk_field_id f)
{
	const struct devices *before = c->before->devices, *now = c->now->devices;
	const struct device *old = NULL, *at;
	unsigned same = (unsigned)(d - now->device), i;

	if (c->report->first)
		return d->value[f];
	if ((before->error && before->error != ENODATA) || before->charged != now->charged)
		return UNAVAILABLE; /* ENODATA: counts from 0 */
	for (i = 0; !old && i < before->count; i++) {
		at = &before->device[(same + i) % before->count];
		old = at->number == d->number ? at : NULL;
	}
	if (d->number == OTHER_DEVICES && (!old || old->disks != d->disks))
		return UNAVAILABLE;
	for (i = 0; old && i < LENGTH(charges); i++) {
		uint64_t was = old->value[charges[i]], is = d->value[charges[i]];

		if (was != UNAVAILABLE && is != UNAVAILABLE && growth(was, is) == UNAVAILABLE)
			return UNAVAILABLE;
	}
	return growth(old ? old->value[f] : 0, d->value[f]);
}

/* Bytes read (bi) or written on all devices not stacked, in thousandths per second: the sum of
 * their growths. */
static uint64_t make_device_rate(const struct comparison *c, enum metric_id m)
{
	const struct devices *now = c->now->devices;
	const struct device *d;
	uint64_t sum = now->error || now->stacking_error ? UNAVAILABLE : 0;

	for (d = now->device; d < now->device + now->count; d++)
		if (!d->stacked)
			sum = plus(sum, disk_growth(c, d, m == M_bi ? D_read_sectors : D_write_sectors));
	return mul_div(sum, SECTOR_BYTES * 1000000000ull, c->report->elapsed_us);
}

/* A rate of -d -x, in millionths. */
static uint64_t disk_rate(const struct comparison *c, const struct device *d, const struct disk_rate *rate)
{
	uint64_t us = c->report->elapsed_us;
	uint64_t by = rate->by == D_TIME ? us : us ? disk_growth(c, d, rate->by) : 0;
	uint64_t v = mul_div(disk_growth(c, d, rate->field), rate->scale, by);

	return rate->field == D_io_ms && v != UNAVAILABLE ? least_of(v, 100000000) : v;
}

static struct cell disk_cell(const struct listing *l, unsigned item, const struct column *c)
{
	const struct device *d = &l->from->now->devices->device[item];

	if (is_name(c))
		return text_cell(d->name);
	if (opt->view == O_DISK && opt->extended)
		return number_cell(disk_rate(l->from, d, &disk_rates[c->id]));
	if (opt->view == O_DISK && !opt->format && c->id == D_io_ms)
		return number_cell(divided(d->value[c->id], 1000)); /* seconds in text */
	return number_cell(d->value[c->id]);
}

/* -d; rates with -x. */
static bool list_disks(struct listing *l)
{
	static const struct column
		disk = { "disk", "", GROUP_DISK, UNIT_TEXT, { 5, 5 }, 99 },
		rated = { "disk", "Device", GROUP_NONE, UNIT_TEXT, { 11, 11 }, 99 };
	unsigned i;

	l->cell = disk_cell;
	add_report_columns(l, opt->extended);
	add_column(l, opt->extended ? &rated : &disk);
	for (i = 0; opt->extended && i < DISK_RATE_COUNT; i++)
		add_column(l, &disk_rates[i].column);
	for (i = 0; !opt->extended && i < D_COUNT; i++)
		add_column(l, &disk_fields[i].column);
	return true;
}

/* The devices of -d, or the one that was read for -p. */
static void fill_devices(struct listing *l)
{
	const struct devices *now = l->from->now->devices;
	unsigned i;

	l->rows = 0;
	for (i = 0; i < now->count; i++)
		if (opt->partition ? now->device[i].disks + now->device[i].partitions :
		    now->device[i].disks && (!opt->extended || has_worked(&now->device[i])))
			l->item[l->rows++] = i;
}

/* -D: the sum of a field over disks not stacked, or the number of disks or
 * partitions. */
enum { SUM_DISKS = D_COUNT, SUM_PARTITIONS, SUM_COUNT };

static struct cell disk_sum_cell(const struct listing *l, unsigned item, const struct column *c)
{
	const struct devices *now = l->from->now->devices;
	const struct device *d;
	uint64_t sum = 0;

	/* Cgroups are charged for disks only, in some fields. */
	if ((now->charged && (c->id == SUM_PARTITIONS || (c->id < D_COUNT && !disk_fields[c->id].charge))) ||
	    (c->id < D_COUNT && now->stacking_error))
		return number_cell(UNAVAILABLE);
	for (d = now->device; d < now->device + now->count; d++)
		if (c->id >= D_COUNT)
			sum += c->id == SUM_DISKS ? d->disks : d->partitions;
		else if (d->disks && !d->stacked)
			sum = plus(sum, d->value[c->id]);
	return number_cell(sum);
}

static bool list_disk_sum(struct listing *l)
{
	static struct column columns[SUM_COUNT] = {
		[SUM_DISKS] = { "disks", "disks", GROUP_NONE, UNIT_WHOLE, { 12, 12 }, .id = SUM_DISKS },
		[SUM_PARTITIONS] = { "partitions", "partitions", GROUP_NONE, UNIT_WHOLE, { 12, 12 },
				     .id = SUM_PARTITIONS },
	};
	unsigned i;

	l->cell = disk_sum_cell;
	l->layout = LAYOUT_STACKED;
	add_report_columns(l, false);
	add_column(l, &columns[SUM_DISKS]);
	add_column(l, &columns[SUM_PARTITIONS]);
	for (i = 0; i < D_COUNT && disk_fields[i].sum; i++) {
		columns[i] = (struct column){ disk_fields[i].column.key, disk_fields[i].sum, GROUP_NONE, UNIT_WHOLE,
					      { 12, 12 }, .id = (uint8_t)i };
		add_column(l, &columns[i]);
	}
	return true;
}

/* -p: a path is the device that it names, whatever that is called; where it
 * is not there, as in a container, a name after /dev/. */
static void complete_partition(void)
{
	const char *name = after(given.partition, "/dev/");
	struct stat st;

	given.view = O_PARTITION;
	if (!(name && given.captured) && given.partition[0] == '/' && !stat(given.partition, &st) &&
	    S_ISBLK(st.st_mode))
		given.device = (uint64_t)major(st.st_rdev) << 20 | minor(st.st_rdev);
	if (name)
		given.partition = name;
}

/* -p DEV or /dev/DEV. */
static bool list_partition(struct listing *l)
{
	static struct column columns[] = {
		{ "partition", "", GROUP_NONE, UNIT_TITLE, { 10, 10 }, 99 },
		{ "reads", "reads", GROUP_NONE, UNIT_WHOLE, { 10, 10 }, 90, D_reads },
		{ "read_sectors", "read sectors", GROUP_NONE, UNIT_WHOLE, { 17, 17 }, 80, D_read_sectors },
		{ "writes", "writes", GROUP_NONE, UNIT_WHOLE, { 11, 11 }, 90, D_writes },
		{ "write_sectors", "requested writes", GROUP_NONE, UNIT_WHOLE, { 17, 17 }, 80, D_write_sectors },
	};

	l->cell = disk_cell;
	columns[0].heading = opt->partition;
	add_report_columns(l, false);
	add_columns(l, columns, LENGTH(columns));
	return true;
}

/* -m: ids are places of numbers after the name in slabinfo. */
static struct cell slab_cell(const struct listing *l, unsigned item, const struct column *c)
{
	const struct slab *slab = &slabs.slab[item];

	return is_name(c) ? text_cell(slab->name) : number_cell(slab->value[c->id]);
}

static bool list_slabs(struct listing *l)
{
	static const struct column columns[] = {
		{ "cache", "Cache", GROUP_NONE, UNIT_NAME, { 24, 24 }, 99 },
		{ "active_objs", "Num", GROUP_NONE, UNIT_WHOLE, { 6, 6 }, 90, 0 },
		{ "num_objs", "Total", GROUP_NONE, UNIT_WHOLE, { 6, 6 }, 80, 1 },
		{ "objsize", "Size", GROUP_NONE, UNIT_WHOLE, { 6, 6 }, 70, 2 },
		{ "objperslab", "Pages", GROUP_NONE, UNIT_WHOLE, { 6, 6 }, 60, 3 },
	};

	l->cell = slab_cell;
	add_report_columns(l, false);
	add_columns(l, columns, LENGTH(columns));
	return true;
}

static bool is_slab_before(uint32_t a, uint32_t b)
{
	return strcmp(slabs.slab[a].name, slabs.slab[b].name) < 0;
}

/* Sorted by name. */
static void fill_slabs(struct listing *l)
{
	for (l->rows = 0; l->rows < slabs.count && l->rows < MAX_SLABS; l->rows++)
		l->item[l->rows] = l->rows;
	sort(l->item, l->rows, is_slab_before);
}

/* The lines of -s, in procps-ng's order: T(scopes, metric, value, key in JSON,
 * label). CGROUP: in cgroup scope only.
 *   TOTAL    the kernel's counter
 *   EXACT    the same, not shortened by -H: a time, or with a unit in its label
 *   GROWTH   the report's value: growth since the start
 *   SIZE     the report's value, in the unit of -S, printed before the label */
enum stat_value { VALUE_TOTAL, VALUE_EXACT, VALUE_GROWTH, VALUE_SIZE };

#define STATS(T) \
	T(HOST, mem_total, SIZE, mem_total, "total memory") \
	T(HOST, mem_used, SIZE, mem_used, "used memory") \
	T(HOST, active, SIZE, mem_active, "active memory") \
	T(HOST, inact, SIZE, mem_inactive, "inactive memory") \
	T(HOST, free, SIZE, mem_free, "free memory") \
	T(HOST, buff, SIZE, mem_buffers, "buffer memory") \
	T(HOST, swap_cached, SIZE, swap_cached, "swap cache") \
	T(HOST, swap_total, SIZE, swap_total, "total swap") \
	T(HOST, swpd, SIZE, swap_used, "used swap") \
	T(HOST, swap_free, SIZE, swap_free, "free swap") \
	T(HOST, cpu_user, TOTAL, cpu_user, "non-nice user cpu ticks") \
	T(HOST, cpu_nice, TOTAL, cpu_nice, "nice user cpu ticks") \
	T(HOST, cpu_system, TOTAL, cpu_system, "system cpu ticks") \
	T(HOST, cpu_idle, TOTAL, cpu_idle, "idle cpu ticks") \
	T(HOST, cpu_iowait, TOTAL, cpu_iowait, "IO-wait cpu ticks") \
	T(HOST, cpu_irq, TOTAL, cpu_irq, "IRQ cpu ticks") \
	T(HOST, cpu_softirq, TOTAL, cpu_softirq, "softirq cpu ticks") \
	T(HOST, cpu_steal, TOTAL, cpu_steal, "stolen cpu ticks") \
	T(HOST, cpu_guest, TOTAL, cpu_guest, "non-nice guest cpu ticks") \
	T(HOST, cpu_guest_nice, TOTAL, cpu_guest_nice, "nice guest cpu ticks") \
	T(HOST, bi, EXACT, pgpgin, "K paged in") \
	T(HOST, bo, EXACT, pgpgout, "K paged out") \
	T(HOST, si, TOTAL, pswpin, "pages swapped in") \
	T(HOST, so, TOTAL, pswpout, "pages swapped out") \
	T(HOST, pgalloc_dma, TOTAL, pgalloc_dma, "pages alloc in dma") \
	T(HOST, pgalloc_dma32, TOTAL, pgalloc_dma32, "pages alloc in dma32") \
	T(HOST, pgalloc_high, TOTAL, pgalloc_high, "pages alloc in high") \
	T(HOST, pgalloc_movable, TOTAL, pgalloc_movable, "pages alloc in movable") \
	T(HOST, pgalloc_normal, TOTAL, pgalloc_normal, "pages alloc in normal") \
	T(HOST, pgfree, TOTAL, pgfree, "pages free") \
	T(HOST, in, TOTAL, intr, "interrupts") \
	T(HOST, cs, TOTAL, ctxt, "CPU context switches") \
	T(HOST, btime, EXACT, btime, "boot time") \
	T(HOST, processes, TOTAL, processes, "forks") \
	T(CGROUP, mem_limit, SIZE, mem_limit, "memory limit") \
	T(CGROUP, user_time, GROWTH, user_usec, "us user cpu time") \
	T(CGROUP, system_time, GROWTH, system_usec, "us system cpu time") \
	T(CGROUP, periods, GROWTH, nr_periods, "throttling periods") \
	T(CGROUP, throttled, GROWTH, nr_throttled, "throttled periods") \
	T(CGROUP, throttled_us, GROWTH, throttled_usec, "us throttled") \
	T(CGROUP, oom, TOTAL, oom_kill, "OOM kills") \
	T(CGROUP, faults, TOTAL, pgfault, "page faults") \
	T(CGROUP, maj, TOTAL, pgmajfault, "major page faults")

enum stat_id {
#define T(scopes, metric, value, key, label) STAT_##key,
	STATS(T)
#undef T
};

static const struct stat_row {
	struct column column;
	uint8_t scopes, metric, value;
} stats[] = {
#define T(scopes, metric, value, key, label) [STAT_##key] = { \
	{ #key, label, GROUP_NONE, \
	  VALUE_##value == VALUE_SIZE ? UNIT_SIZE : VALUE_##value == VALUE_TOTAL ? UNIT_WHOLE : UNIT_ID, { 12, 12 }, \
	  .id = STAT_##key }, \
	scopes, M_##metric, VALUE_##value },
	STATS(T)
#undef T
};

/* Sizes are in whole units, as in procps-ng. */
static struct cell stat_cell(const struct listing *l, unsigned item, const struct column *c)
{
	const struct stat_row *row = &stats[c->id];
	const struct comparison *from = l->from;
	unsigned m = row->metric;
	uint64_t reported = from->report->value[m], total = from->now->level[0][m];
	const struct place *p = from->now->plan->place[m];

	if (row->value == VALUE_SIZE)
		return number_cell(times(divided(reported, opt->unit * 1000), opt->unit * 1000));
	if (row->value == VALUE_GROWTH)
		return number_cell(divided(reported, metrics[m].kind == KIND_COUNT ? 1000 : 1));
	if (!p || (p->trait == TRAIT_NEVER_ZERO && !total) ||
	    (is_cpu_time(p) && is_false_time(from, in_base_units(total, p->raw))))
		return number_cell(UNAVAILABLE);
	return number_cell(divided(total, p->raw == RAW_BYTES ? 1024 : 1));
}

/* -s; for -f one line. */
static bool list_stats(struct listing *l)
{
	static const struct column forks = {
		"forks", "forks", GROUP_NONE, UNIT_WHOLE, { 12, 12 }, .id = STAT_processes,
	};
	unsigned i;

	l->cell = stat_cell;
	l->layout = LAYOUT_STACKED;
	add_report_columns(l, false);
	if (opt->view == O_FORKS)
		add_column(l, &forks);
	for (i = 0; opt->view != O_FORKS && i < LENGTH(stats); i++)
		if (stats[i].scopes == HOST || in_cgroup())
			add_column(l, &stats[i].column);
	return true;
}

static void plan_stats(struct plan *plan, const struct listing *l)
{
	unsigned i;

	for (i = 0; i < l->columns; i++)
		if (l->column[i]->id < ID_INTERVAL)
			plan_select(plan, stats[l->column[i]->id].metric);
	plan_select(plan, M_cpus_online); /* needed to bound ticks */
}

/* ------------------------------------------------------------------ TASKS
 *
 * Numbers that no file sums up: r, b and cs of a cgroup, and the activity of
 * processes for --top. Defined by proc.rst and scheduler/sched-stats.rst, Linux
 * 6.13. On an open descriptor schedstat costs 1 us a task, status 8, stat 19,
 * opening and closing 5 more: descriptors stay open, and for --top alone status
 * and stat are read only for tasks that have run since, by schedstat; for others
 * nothing can have changed but what is resident. The first pass takes far longer than the next:
 * each rate is over the time between the two readings of the task itself. */

/* A task or process, followed from one snapshot to the next. Its counters, value[], and their
 * growth since the previous snapshot, grown[], stand beside it. */
struct followed {
	uint32_t id;
	uint8_t since;             /* enum since */
	bool ran;                  /* since the previous snapshot */
	int fd[2];                 /* kept open: descriptors plus one; 0: none */
	uint64_t read_ns, over_us; /* last reading, and the time that grown[] covers */
};

/* Since when a task is in the scope: the previous snapshot, its birth, or a move from
 * elsewhere; unknown if the previous snapshot or its start could not be read. */
enum since { SINCE_BEFORE, SINCE_BIRTH, SINCE_MOVE, SINCE_UNKNOWN };

enum task_file { TASK_STATUS, TASK_SCHEDSTAT, PROCESS_STAT = 0, PROCESS_IO };
enum task_value { TASK_INVOLUNTARY, TASK_VOLUNTARY, TASK_WAITED_NS, TASK_VALUES };
enum process_value { PROCESS_MIN, PROCESS_MAJ, PROCESS_TICKS, PROCESS_READ, PROCESS_WRITTEN, PROCESS_VALUES };

/* The followed tasks and processes, sorted by number. */
LARGE struct tasks {
	unsigned count, processes;
	int error; /* why some are missing: EOVERFLOW too many, EACCES hidden; or 0 */
	bool missed; /* some were missing in the previous snapshot */
	uint64_t switches; /* seen so far in all tasks: no kernel sums them up */
	struct task {
		struct followed f;
		uint64_t value[TASK_VALUES], grown[TASK_VALUES];
		uint32_t process;       /* it is a thread of this one */
		char state;             /* of status, when it last ran: until it runs again it keeps it */
		uint16_t stuck_cs;      /* how long it has been in D without running, in hundredths */
		uint64_t ran_ns, times; /* of schedstat; times 0: unknown */
	} task[MAX_TASKS];
	struct process {
		struct followed f;
		uint64_t value[PROCESS_VALUES], grown[PROCESS_VALUES];
		uint64_t start;         /* in ticks since boot */
		uint64_t rss;           /* in pages */
		uint32_t thread;        /* that `state` is of: one in D, else one in R, else the first */
		uint32_t children;      /* faults and ticks of those waited for */
		uint64_t rate[TOP_COUNT];
		char name[NAME_BYTES + 2]; /* as in ps: [kernel thread] */
		char state;
		bool kernel, stuck;     /* a kernel thread; a thread is stuck */
		uint8_t reaped;         /* not 0: the I/O of children that ended may be in its own */
	} process[WITH_TOP ? MAX_TASKS : 1];
} tasks;

#define ARGS_BYTES 4096    /* of a command line, at most; then it is cut */
#define REPORT_BYTES 8192  /* of a report without --top; for the words of its rows there is the rest */
#define WCHAN_BYTES 64     /* a function's name */
#define TOP_ROW_BYTES (340 + WCHAN_BYTES) /* of a row in JSON without the other words */
_Static_assert((OUT_BYTES - REPORT_BYTES) / MAX_TOP > TOP_ROW_BYTES + 64, "OUT_BYTES: too small for MAX_TOP rows");

/* The processes of --top, busiest first, and what is read of those alone, where they are
 * shown. */
LARGE struct top {
	unsigned rows;
	struct process *row[MAX_TOP + 1];
	struct words {
		const char *args;   /* the command line */
		const char *cgroup; /* as the kernel names it */
		const char *wchan;  /* the kernel function that a task in D waits in */
	} words[MAX_TOP];   /* each NULL if there is none */
	char text[OUT_BYTES]; /* of the words */
} top;

struct ids {
	unsigned n;
	uint32_t id[MAX_TASKS];
};

#define READING_DESCRIPTORS 32 /* for open files of no task */
#define SPARE_DESCRIPTORS (READING_DESCRIPTORS + (WITH_LISTEN ? MAX_CONNECTIONS : 0)) /* for all others */

/* The limit on open files, raised once to the hard limit. */
static rlim_t descriptor_limit(void)
{
	static struct rlimit r;

	if (r.rlim_cur || prlimit(0, RLIMIT_NOFILE, NULL, &r))
		return r.rlim_cur;
	r.rlim_cur = r.rlim_max;
	if (prlimit(0, RLIMIT_NOFILE, &r, NULL))
		prlimit(0, RLIMIT_NOFILE, NULL, &r);
	return r.rlim_cur;
}

/* Notes why a task is missing. Ended tasks are not; tasks of other users, or too deep
 * in the hierarchy, are hidden. */
static void tasks_miss(int error)
{
	if (error != ESRCH)
		note_error(&tasks.error, error == EPERM || error == EFBIG ? EACCES : error);
}

static void add_id(struct ids *ids, uint64_t id)
{
	if (ids->n == MAX_TASKS)
		tasks_miss(EOVERFLOW);
	else
		ids->id[ids->n++] = (uint32_t)id;
}

static bool visit_tasks(struct walk *w, size_t n)
{
	struct scanner s;
	struct text line;
	uint64_t id;
	int error, fd;

	fd = open_below(w->dir, n, scope.hierarchy->version == 2 ? "cgroup.threads" : "tasks", "", &error);
	if (error == ENOENT)
		fd = open_below(w->dir, n, "cgroup.procs", "", &error);
	scan_start(&s, fd, error);
	while (scan_line(&s, &line)) {
		if (!scan_number(&line, &id))
			continue;
		if (!id || id > UINT32_MAX)
			tasks_miss(EACCES); /* not in our pid namespace */
		else
			add_id(w->for_visit, id);
	}
	tasks_miss(scan_close(&s));
	return false;
}

/* Adds the numbered entries of a directory. Returns errno, or 0. */
static int add_numbered(struct ids *ids, const char *path, void (*add)(struct ids *, uint64_t id))
{
	struct entries entries;
	const char *name;
	uint64_t id;

	if (!entries_open(&entries, path))
		return errno;
	while ((name = next_entry(&entries)))
		if (parse_number(name, &id) && id && id <= UINT32_MAX)
			add(ids, id);
	close(entries.fd);
	return entries.error;
}

/* Adds the threads of a process. The link count of /proc/ID/task is two more than their
 * number: a single thread needs no listing. A captured tree may list none. */
static void add_threads(struct ids *ids, uint64_t id)
{
	char name[40], path[PATH_BYTES];
	struct sink o = SINK(name);
	struct stat st;
	int error = 0;

	out(&o, "/%ju/task", id);
	out_end(&o);
	if (!join(path, opt->proc, name, ""))
		return;
	if (!opt->captured && !stat(path, &st) && st.st_nlink == 3)
		add_id(ids, id);
	else
		error = add_numbered(ids, path, add_id);
	if (opt->captured && error == ENOENT)
		add_id(ids, id);
	tasks_miss(error);
}

static bool is_lower(uint32_t a, uint32_t b)
{
	return a < b;
}

/* Sorts numbers, and drops duplicates, tasks that moved during the walk. */
static void sort_ids(struct ids *ids)
{
	uint32_t *id = ids->id;
	unsigned n = ids->n, i;

	sort(id, n, is_lower);
	for (i = ids->n = 0; i < n; i++)
		if (!ids->n || id[i] != id[ids->n - 1])
			id[ids->n++] = id[i];
}

/* Is this the /proc of another pid namespace? Its numbers of
 * tasks then differ from those in cgroup.procs. */
static bool is_foreign_proc(void)
{
	char link[24];
	uint64_t pid;

	return read_link("", link, sizeof link) && (!parse_number(link, &pid) || pid != (uint64_t)getpid());
}

static void list_tasks(struct ids *ids)
{
	struct walk w = { .visit = visit_tasks, .for_visit = ids };

	ids->n = 0;
	tasks.missed = tasks.error != 0;
	tasks.error = 0;
	if (in_cgroup())
		walk_over(&w, scope.hierarchy->dir);
	else
		w.error = add_numbered(ids, opt->proc, add_threads);
	tasks_miss(w.error);
	if (!opt->captured && (in_cgroup() ? is_foreign_proc() : !exists_in_proc("1")))
		tasks_miss(EACCES);
	sort_ids(ids);
}

static struct followed *followed_at(void *list, size_t size, unsigned i)
{
	return (void *)((char *)list + i * size);
}

static void close_followed(struct followed *f)
{
	unsigned i;

	for (i = 0; i < LENGTH(f->fd); i++)
		if (f->fd[i])
			close(f->fd[i] - 1);
}

/* Makes a list follow these numbers, both sorted: keeps the entries that it had, in place
 * if possible. */
static unsigned follow(void *list, unsigned n, size_t size, const struct ids *ids)
{
	struct followed *f, *to;
	unsigned i, k = 0, kept = 0;

	for (i = 0; i < n; i++) {
		f = followed_at(list, size, i);
		while (k < ids->n && ids->id[k] < f->id)
			k++;
		if (k == ids->n || ids->id[k] != f->id) {
			close_followed(f);
			continue;
		}
		f->since = SINCE_BEFORE;
		f->ran = false;
		to = followed_at(list, size, kept++);
		if (to != f)
			memcpy(to, f, size);
	}
	for (i = ids->n; i > kept; i--) { /* from the end, to make room for the new ones */
		to = followed_at(list, size, i - 1);
		f = followed_at(list, size, kept ? kept - 1 : 0);
		if (kept && f->id == ids->id[i - 1]) {
			memcpy(to, f, size);
			kept--;
		} else {
			memset(to, 0, size);
			to->id = ids->id[i - 1];
			to->since = SINCE_BIRTH;
		}
	}
	return ids->n;
}

/* Opens a file of a task; scan_close() closes it. */
static bool scan_task(struct scanner *s, uint32_t id, const char *name)
{
	char text[12];
	struct sink o = SINK(text);

	out_u64(&o, id);
	out_end(&o);
	return scan_proc(s, text, name);
}

/* Starts scanning a file of a followed task, on the descriptor kept or a new one, which is
 * kept, or closed at the next call if too many are open. If the one kept reports that its task
 * has ended, another may have the number by now. Returns errno, or 0. */
static int scan_followed(struct scanner *s, struct followed *f, unsigned file, const char *name)
{
	static int unkept; /* plus one; 0: none */

	if (f->fd[file]) {
		scan_start(s, f->fd[file] - 1, 0);
		scan_fill(s);
		if (s->error != ESRCH)
			return s->error;
		close_followed(f);
		*f = (struct followed){ .id = f->id, .since = SINCE_BIRTH };
	}
	if (unkept)
		close(unkept - 1);
	unkept = 0;
	if (!scan_task(s, f->id, name))
		return s->error;
	scan_fill(s);
	if (s->error)
		scan_close(s);
	else
		*((rlim_t)s->fd + SPARE_DESCRIPTORS < descriptor_limit() ? &f->fd[file] : &unkept) = s->fd + 1;
	return s->error;
}

/* Sets the growth of n counters since they were `was`, and the time that it took. A lower
 * counter is that of another task with the same number. */
static void grow(struct followed *f, uint64_t *grown, const uint64_t *value, const uint64_t *was, unsigned n,
		 const struct snapshot *now, uint64_t before_ns)
{
	uint64_t from_ns = f->since == SINCE_BEFORE ? f->read_ns : before_ns;
	unsigned i;

	f->read_ns = opt->captured ? now->ns : clock_ns(CLOCK_BOOTTIME) - (uint64_t)scope.boot_ns;
	f->over_us = f->read_ns > from_ns ? (f->read_ns - from_ns) / 1000 : 0;
	for (i = 0; i < n; i++) {
		uint64_t old = f->since == SINCE_BEFORE ? was[i] : f->since == SINCE_MOVE ? value[i] :
			f->since == SINCE_BIRTH ? 0 : UNAVAILABLE;
		uint64_t v = growth(old, value[i]);

		grown[i] = v != UNAVAILABLE || old == UNAVAILABLE ? v : value[i];
	}
}

/* Numbers of /proc/ID/stat, by their place in the line. */
enum {
	NTH_FLAGS = 9, NTH_MIN = 10, NTH_CHILD_MIN = 11, NTH_MAJ = 12, NTH_CHILD_MAJ = 13, NTH_UTIME = 14,
	NTH_STIME = 15, NTH_CHILD_UTIME = 16, NTH_CHILD_STIME = 17, NTH_START = 22, NTH_RSS = 24, NTH_COUNT
};

/* Scans /proc/ID/stat into v[NTH_COUNT]; what is no number is 0. The name may contain any
 * character, even parentheses and newlines. Returns errno, or 0. */
static int scan_stat(struct scanner *s, struct followed *f, uint64_t *v, struct text *name)
{
	struct text line;
	int error = scan_followed(s, f, PROCESS_STAT, "/stat");
	const char *end;
	unsigned i;

	memset(v, 0, NTH_COUNT * sizeof *v);
	v[NTH_START] = v[NTH_RSS] = UNAVAILABLE;
	name->p = name->end = "";
	if (error || !scan_line(s, &line))
		return error;
	line.end = s->end - (s->end[-1] == '\n'); /* with the newlines in the name */
	for (end = line.end; end > line.p && end[-1] != ')'; end--)
		;
	name->p = memchr(line.p, '(', (size_t)(end - line.p));
	name->p = name->p ? name->p + 1 : end;
	name->end = name->p < end ? end - 1 : end;
	line.p = end;
	for (i = 3; i < NTH_COUNT; i++)
		scan_number(&line, &v[i]);
	return 0;
}

/* Ticks since boot in ns of our clock. */
static uint64_t start_ns(uint64_t ticks)
{
	return ticks == UNAVAILABLE ? ticks : mul_div(ticks, NS_PER_S, user_hz) - (uint64_t)scope.boot_ns;
}

/* When a task started, in ns since boot; UNAVAILABLE: unknown, and unless it has ended
 * *error says why. */
static uint64_t task_start_ns(uint32_t id, int *error)
{
	struct followed f = { .id = id };
	uint64_t v[NTH_COUNT];
	struct text name;
	struct scanner s;
	int why = scan_stat(&s, &f, v, &name);

	close_followed(&f);
	note_error(error, why == ESRCH ? 0 : why);
	return start_ns(v[NTH_START]);
}

/* When the oldest task started; UNAVAILABLE if some are missing. */
static uint64_t oldest_start_ns(void)
{
	uint64_t oldest = UNAVAILABLE;
	int error = tasks.error;
	unsigned i;

	for (i = 0; i < tasks.count && !error; i++)
		oldest = least_of(oldest, task_start_ns(tasks.task[i].f.id, &error));
	return error ? UNAVAILABLE : oldest;
}

/* A task new to the scope but older than the previous snapshot has moved in; its
 * activity elsewhere does not count. */
static uint8_t since_when(uint64_t before_ns, uint64_t started_ns)
{
	if (!before_ns || (started_ns >= before_ns && started_ns != UNAVAILABLE))
		return SINCE_BIRTH;
	return tasks.missed || started_ns == UNAVAILABLE ? SINCE_UNKNOWN : SINCE_MOVE;
}

/* The numbers of /proc/ID/schedstat: ns on a CPU, ns waiting for one, number
 * of runs. All are 0 if the kernel does not count them. */
static void read_schedstat(struct task *t)
{
	uint64_t *waited = &t->value[TASK_WAITED_NS];
	struct scanner s;
	struct text line;
	int error = scan_followed(&s, &t->f, TASK_SCHEDSTAT, "/schedstat");

	if (error || !scan_line(&s, &line) || !scan_number(&line, &t->ran_ns) || !scan_number(&line, waited) ||
	    !scan_number(&line, &t->times)) {
		*waited = UNAVAILABLE;
		t->ran_ns = t->times = 0;
	}
	tasks_miss(error);
}

#define STATUS_TAIL 256 /* bytes at the end of status that hold the switches */

/* State, process and switches of one task from /proc/ID/status. The state is
 * 0 if the task is gone, or hidden from us (hidepid=). *switches is set if the
 * kernel reports them. */
static char read_status(struct task *t, bool *switches)
{
	uint64_t *v = t->value, number;
	struct scanner s;
	struct text line, w;
	char state = 0;
	int error = scan_followed(&s, &t->f, TASK_STATUS, "/status");

	if (error == ENOENT && !opt->captured && (!kill((pid_t)t->f.id, 0) || errno == EPERM))
		error = EACCES;
	tasks_miss(error);
	if (error)
		return 0;
	v[TASK_INVOLUNTARY] = v[TASK_VOLUNTARY] = number = 0;
	while (scan_line(&s, &line)) {
		if (*line.p == 'S' && take_key(&line, "State") && scan_word(&line, &w)) {
			state = *w.p;
		} else if (*line.p == 'T' && take_key(&line, "Tgid") && scan_number(&line, &number)) {
			t->process = (uint32_t)number;
			scan_skip_to_last(&s, STATUS_TAIL);
		} else if (*line.p == 'v' && take_key(&line, "voluntary_ctxt_switches")) {
			*switches |= scan_number(&line, &v[TASK_VOLUNTARY]);
		} else if (*line.p == 'n' && take_key(&line, "nonvoluntary_ctxt_switches")) {
			*switches |= scan_number(&line, &v[TASK_INVOLUNTARY]);
			break; /* the last key */
		}
	}
	if (!t->process)
		t->process = t->f.id;
	return state;
}

#define STUCK_CS 90      /* a slow fsync takes less */
#define WAKE_US 10000000 /* a task that hangs in block I/O wakes less often, to calm the watchdog */

/* Reads one task, and its status only if states are needed or it has run since.
 * Returns its state, 0 if it is gone or hidden. */
static char read_task(struct task *t, const struct snapshot *now, uint64_t before_ns, const struct needs *needs,
		      bool *switches)
{
	struct task was = *t;

	if (needs->processes)
		read_schedstat(t);
	t->f.ran = t->f.since != SINCE_BEFORE || !t->times || t->times != was.times || t->ran_ns != was.ran_ns;
	if (needs->states || t->f.ran)
		t->state = read_status(t, switches);
	if (!t->state)
		return 0;
	if (t->f.since != SINCE_BEFORE) {
		t->f.ran = true;
		t->f.since = before_ns ? since_when(before_ns, task_start_ns(t->f.id, &tasks.error)) : SINCE_BIRTH;
	}
	grow(&t->f, t->grown, t->value, was.value, TASK_VALUES, now, before_ns);
	t->stuck_cs = t->state != 'D' || was.state != 'D' || t->times - was.times > t->f.over_us / WAKE_US ? 0 :
		(uint16_t)least_of(was.stuck_cs + t->f.over_us / 10000, UINT16_MAX);
	return t->state;
}

#define FLAG_KERNEL_THREAD 0x200000 /* PF_KTHREAD, include/linux/sched.h */

/* Reads what a process has read from and written to block devices, /proc/ID/io (proc.rst);
 * UNAVAILABLE without the right to trace it. */
static void read_io(struct process *p)
{
	uint64_t *v = p->value;
	struct scanner s;
	struct text line;
	uint8_t since = p->f.since;
	int error = scan_followed(&s, &p->f, PROCESS_IO, "/io");

	p->f.since = since; /* also if the process has just ended */
	v[PROCESS_READ] = v[PROCESS_WRITTEN] = UNAVAILABLE;
	if (error)
		return;
	while (scan_line(&s, &line))
		if (take_key(&line, "read_bytes"))
			scan_number(&line, &v[PROCESS_READ]);
		else if (take_key(&line, "write_bytes"))
			scan_number(&line, &v[PROCESS_WRITTEN]);
}

/* Reads a process from its /proc/ID/stat, which sums up its threads, including
 * ended ones. */
static void read_process(struct process *p, uint64_t before_ns)
{
	uint64_t v[NTH_COUNT];
	char cut[NAME_BYTES];
	struct text name;
	struct sink o = SINK(p->name);
	struct scanner s;
	uint32_t children;
	int error;

	read_io(p);
	error = scan_stat(&s, &p->f, v, &name);
	tasks_miss(error);
	p->rss = v[NTH_RSS];
	if (error) {
		memset(p->value, 0xff, sizeof p->value); /* UNAVAILABLE, now and before the next reading */
		return;
	}
	p->value[PROCESS_MIN] = v[NTH_MIN];
	p->value[PROCESS_MAJ] = v[NTH_MAJ];
	p->value[PROCESS_TICKS] = v[NTH_UTIME] + v[NTH_STIME];
	copy_text(cut, sizeof cut, &name);
	p->kernel = v[NTH_FLAGS] & FLAG_KERNEL_THREAD;
	out(&o, p->kernel ? "[%s]" : "%s", cut);
	out_end(&o);
	if (p->f.since != SINCE_BEFORE || p->start != v[NTH_START]) /* the number may be reused */
		p->f.since = since_when(before_ns, start_ns(v[NTH_START]));
	p->start = v[NTH_START];
	/* All that a child ever read and wrote is added when it is waited for, as its faults and
	 * ticks are; perhaps after io was read, so that it shows the next time. */
	children = (uint32_t)(v[NTH_CHILD_MIN] + v[NTH_CHILD_MAJ] + v[NTH_CHILD_UTIME] + v[NTH_CHILD_STIME]);
	p->reaped = (uint8_t)(p->f.since != SINCE_BEFORE ? children > 0 :
			      children != p->children ? 2 : p->reaped - (p->reaped > 0));
	p->children = children;
}

/* The process of a task; it always exists. */
static struct process *find_process(const struct task *t)
{
	struct process *p = tasks.process;
	unsigned n = tasks.processes, half;

	while (n > 1) {
		half = n / 2;
		p += p[half].f.id <= t->process ? half : 0;
		n -= half;
	}
	return p;
}

/* Reads what is resident of a process that has not run: it may have been reclaimed. */
static void read_resident(struct process *p)
{
	uint64_t v[NTH_COUNT];
	struct scanner s;
	struct text name;

	scan_stat(&s, &p->f, v, &name);
	p->rss = v[NTH_RSS];
	p->rate[TOP_rss] = times(in_base_units(p->rss, RAW_PAGES), 1000);
}

static void add_thread(struct process *p, const struct task *t)
{
	p->f.ran |= t->f.ran;
	p->stuck |= t->stuck_cs >= STUCK_CS;
	if (p->state && t->state != 'D' && (t->state != 'R' || p->state == 'D'))
		return;
	p->state = t->state;
	p->thread = t->f.id;
}

/* Reads the processes of the tasks, if a thread of theirs has run. */
static void read_processes(struct ids *ids, const struct snapshot *now, uint64_t before_ns)
{
	struct process *p;
	unsigned i;

	for (ids->n = 0; ids->n < tasks.count; ids->n++)
		ids->id[ids->n] = tasks.task[ids->n].process;
	sort_ids(ids);
	tasks.processes = follow(tasks.process, tasks.processes, sizeof *p, ids);
	for (p = tasks.process; p < tasks.process + tasks.processes; p++)
		p->state = p->stuck = 0;
	for (i = 0; i < tasks.count; i++)
		add_thread(find_process(&tasks.task[i]), &tasks.task[i]);
	for (p = tasks.process; p < tasks.process + tasks.processes; p++) {
		uint64_t was[PROCESS_VALUES];

		memcpy(was, p->value, sizeof was);
		if (p->f.ran || p->f.since != SINCE_BEFORE)
			read_process(p, before_ns);
		else
			p->reaped = 0;
		grow(&p->f, p->grown, p->value, was, PROCESS_VALUES, now, before_ns);
		if (p->reaped)
			p->grown[PROCESS_READ] = p->grown[PROCESS_WRITTEN] = UNAVAILABLE;
	}
}

/* Reads the tasks; and r, b and cs of a cgroup. vmstat's own task, which always
 * runs meanwhile, is not counted in r. */
static void read_tasks(struct snapshot *now, uint64_t before_ns, const struct needs *needs)
{
	LARGE struct ids ids;
	uint64_t running = 0, blocked = 0, *values = now->level[0];
	uint32_t self = (uint32_t)getpid();
	bool switches = false;
	unsigned i, n = 0;

	list_tasks(&ids);
	tasks.count = follow(tasks.task, tasks.count, sizeof *tasks.task, &ids);
	for (i = 0; i < tasks.count; i++) {
		struct task *t = &tasks.task[i];
		char state = read_task(t, now, before_ns, needs, &switches);

		if (!state) {
			close_followed(&t->f);
			continue;
		}
		running += state == 'R' && t->f.id != self;
		blocked += state == 'D';
		if (t->f.since != SINCE_UNKNOWN)
			tasks.switches += t->grown[TASK_INVOLUNTARY] + t->grown[TASK_VOLUNTARY];
		if (n++ < i)
			tasks.task[n - 1] = *t;
	}
	tasks.count = n;
	if (WITH_TOP && needs->processes)
		read_processes(&ids, now, before_ns);
	if (!in_cgroup() || !needs->states || tasks.error)
		return;
	values[M_r] = running;
	values[M_b] = blocked;
	if (switches || !n)
		values[M_cs] = tasks.switches;
}

/* Sets the rates of each process in a report, summed over its threads. The first
 * report covers the time since the start of the scope. */
static void rate_processes(const struct report *r)
{
	const struct task *t;
	struct process *p;

	for (p = tasks.process; p < tasks.process + tasks.processes; p++) {
		uint64_t us = r->first || !r->elapsed_us ? r->elapsed_us : p->f.over_us, *v = p->rate;

		v[TOP_cs] = v[TOP_vcs] = 0;
		v[TOP_wait] = UNAVAILABLE;
		v[TOP_min] = mul_div(p->grown[PROCESS_MIN], 1000000000, us);
		v[TOP_maj] = mul_div(p->grown[PROCESS_MAJ], 1000000000, us);
		v[TOP_cpu] = percent(in_base_units(p->grown[PROCESS_TICKS], RAW_TICKS), us);
		v[TOP_rss] = times(in_base_units(p->rss, RAW_PAGES), 1000);
		v[TOP_read] = mul_div(p->grown[PROCESS_READ], 1000000000, us);
		v[TOP_written] = mul_div(p->grown[PROCESS_WRITTEN], 1000000000, us);
	}
	for (t = tasks.task; t < tasks.task + tasks.count; t++) {
		uint64_t us = r->first || !r->elapsed_us ? r->elapsed_us : t->f.over_us, *v = find_process(t)->rate;

		v[TOP_cs] = plus(v[TOP_cs], mul_div(plus(t->grown[TASK_INVOLUNTARY], t->grown[TASK_VOLUNTARY]),
						    1000000000, us));
		v[TOP_vcs] = plus(v[TOP_vcs], mul_div(t->grown[TASK_VOLUNTARY], 1000000000, us));
		if (t->times || t->value[TASK_WAITED_NS]) /* schedstat counted */
			v[TOP_wait] = plus(v[TOP_wait] == UNAVAILABLE ? 0 : v[TOP_wait],
					   percent(t->grown[TASK_WAITED_NS], times(us, 1000)));
	}
}

/* The values that order processes, as bits: their known ones are added up. */
static const uint32_t blamed_for[] = {
	[BLAME_CPU] = 1u << TOP_cpu | 1u << TOP_wait, [BLAME_SWITCHES] = 1u << TOP_cs, [BLAME_MEMORY] = 1u << TOP_rss,
	[BLAME_FAULTS] = 1u << TOP_maj, [BLAME_BYTES] = 1u << TOP_read | 1u << TOP_written,
};

/* How much of what there is to blame was the process's. A kernel thread may be in D for
 * ever; it is not stuck. */
static uint64_t share_of_blame(const struct process *p, enum blame blame)
{
	uint64_t sum = 0;
	unsigned i;

	if (blame == BLAME_BYTES && p->stuck && !p->kernel)
		return UNLIMITED;
	for (i = 0; i < TOP_COUNT; i++)
		if (blamed_for[blame] >> i & 1 && p->rate[i] != UNAVAILABLE)
			sum = plus(sum, p->rate[i]);
	return sum;
}

/* Is a process listed before another? Equal ones by their state, then by switches. */
static bool is_blamed_more(const struct process *a, const struct process *b, enum blame blame)
{
	uint64_t x = share_of_blame(a, blame), y = share_of_blame(b, blame);

	if (x != y)
		return x > y;
	if ((a->state == 'D') != (b->state == 'D'))
		return a->state == 'D';
	return a->rate[TOP_cs] > b->rate[TOP_cs];
}

/* Has the process done anything, or hung? Memory alone is no activity. */
static bool is_active(const struct process *p)
{
	unsigned i;

	for (i = 0; i < TOP_COUNT; i++)
		if (i != TOP_rss && p->rate[i] && p->rate[i] != UNAVAILABLE)
			return true;
	return p->stuck;
}

/* Keeps text from a file of a task: NULs become blanks; what goes beyond ARGS_BYTES, or in
 * JSON beyond `room`, is cut off and replaced by dots. NULL: nothing. */
static const char *keep_words(struct sink *o, struct text w, size_t room)
{
	size_t start = o->n, n = 0, length;
	const char *p = w.p;
	uint32_t c = 0;

	while (w.end > p && (!w.end[-1] || w.end[-1] == ' '))
		w.end--;
	for (; p < w.end; p += n) {
		n = utf8_char(p, &c);
		length = !c ? 1 : !n || is_control(c) ? strlen("\\u0000") : c == '"' || c == '\\' ? 2 : n;
		n = n ? n : 1;
		if (length > room || (size_t)(p - w.p) + n > ARGS_BYTES)
			break;
		room -= length;
		out_bytes(o, c ? p : " ", n);
	}
	if (o->n == start)
		return NULL;
	out_str(o, p < w.end ? "..." : "");
	out_end(o);
	return o->text + start;
}

/* The whole of a file of a task, as far as it fits a scanner. */
static const char *read_words(struct sink *o, uint32_t id, const char *name, size_t room)
{
	const char *kept;
	struct scanner s;

	scan_task(&s, id, name);
	scan_fill(&s);
	kept = keep_words(o, (struct text){ s.next, s.end }, room);
	scan_close(&s);
	return kept;
}

/* The cgroup of a task: the longest of its paths, as a v1 hierarchy may have it at the root. */
static const char *read_cgroup(struct sink *o, uint32_t id, size_t room)
{
	char path[PATH_BYTES] = "/";
	struct scanner s;
	struct text line, list;

	scan_task(&s, id, "/cgroup");
	while (scan_line(&s, &line))
		if (take_controllers(&line, &list) && (size_t)(line.end - line.p) > strlen(path))
			copy_text(path, sizeof path, &line);
	scan_close(&s);
	return path[1] ? keep_words(o, (struct text){ path, path + strlen(path) }, room) : NULL;
}

/* The processes most to blame. Inactive ones are left out, but not by their memory. */
static void make_top(const struct report *r, enum blame blame)
{
	struct sink words = SINK(top.text);
	struct process *p;
	unsigned at;

	rate_processes(r);
	for (p = tasks.process; p < tasks.process + tasks.processes; p++) {
		if (blame == BLAME_MEMORY && !p->f.ran)
			read_resident(p);
		if (!is_active(p) && !(blame == BLAME_MEMORY && share_of_blame(p, blame)))
			continue;
		for (at = top.rows; at && is_blamed_more(p, top.row[at - 1], blame); at--)
			top.row[at] = top.row[at - 1];
		top.row[at] = p; /* one row is spare */
		top.rows += top.rows < opt->top;
	}
	for (at = 0; at < top.rows; at++) {
		struct words *w = &top.words[at];
		size_t room = (OUT_BYTES - REPORT_BYTES) / top.rows - TOP_ROW_BYTES;

		p = top.row[at];
		if (blame != BLAME_MEMORY && !p->f.ran)
			read_resident(p);
		w->wchan = p->state == 'D' ? read_words(&words, p->thread, "/wchan", WCHAN_BYTES) : NULL;
		if (w->wchan && !strcmp(w->wchan, "0"))
			w->wchan = NULL;
		w->cgroup = read_cgroup(&words, p->f.id, room / 4);
		w->args = read_words(&words, p->f.id, "/cmdline", room - room / 4);
	}
}

/* The container or unit that a cgroup is of: "pod 1f0c2b7e 0123456789ab", or as many of its
 * last components as fit the column. */
static void out_unit(struct sink *o, const char *path)
{
	const char *p = path + strlen(path), *from = p;
	struct kubelet k;

	kubelet_parts(path, &k);
	if (*k.pod) {
		out_str(o, "pod ");
		out_bytes(o, k.pod, 8);
		out_char(o, ' ');
	}
	if (*k.container) {
		out_str(o, *k.pod ? "" : "container ");
		out_bytes(o, k.container, 12);
	}
	while (!o->n && p > path) {
		for (p--; p > path && *p != '/'; p--)
			;
		if (from[0] && path + strlen(path) - p - 1 > UNIT_WIDTH)
			break;
		from = p;
	}
	out_str(o, o->n ? "" : from + (*from == '/'));
}

static struct cell top_cell(const struct listing *l, unsigned item, const struct column *c)
{
	LARGE char text[2 * ARGS_BYTES];
	const struct process *p = top.row[item];
	const struct words *w = &top.words[item];
	struct sink o = SINK(text);

	switch (c->id) {
	case TOP_PID:
		return number_cell(p->f.id);
	case TOP_COMM:
		return text_cell(p->name);
	case TOP_ARGS:
		return text_cell(w->args);
	case TOP_WCHAN:
		return text_cell(w->wchan);
	case TOP_CGROUP:
		return text_cell(w->cgroup);
	case TOP_STATE:
		out_char(&o, p->state);
		break;
	case TOP_UNIT:
		if (!w->cgroup)
			return text_cell(NULL);
		out_unit(&o, w->cgroup);
		break;
	case TOP_COMMAND:
		if (w->wchan)
			out(&o, "in %s: ", w->wchan);
		out_str(&o, w->args && screen.tty ? w->args : p->name); /* a log keeps no passwords */
		break;
	default:
		return number_cell(p->rate[c->id]);
	}
	return text_cell(out_end(&o));
}

/* What the processes of a report are ordered by: the first rule with the worst level. */
static enum blame blame_of(const struct report *r)
{
	for (each_rule(a))
		if (r->worst != CALM && r->level[a] == r->worst)
			return rules[a].blame;
	return BLAME_CPU;
}

/* --top: adds the processes to blame below a report's row in another listing. */
static void add_top(struct listing *l, const struct comparison *c)
{
	enum blame blame = blame_of(c->report);
	LARGE struct listing below;
	unsigned i;

	if (below.ordering != blamed_for[blame])
		below.fit.columns = 0; /* starts anew */
	below.ordering = blamed_for[blame];
	below.cell = top_cell;
	for (i = 0; i < LENGTH(top_columns) - (opt->format ? 2 : 0); i++)
		if (top_columns[i].id != TOP_UNIT || !in_cgroup())
			add_column(&below, &top_columns[i]);
	top.rows = 0;
	if (!opt->top_alerting || c->report->worst != CALM)
		make_top(c->report, blame);
	below.from = c;
	if (!opt->format && screen.tty && top.rows > screen.rows / 2)
		top.rows = screen.rows / 2;
	for (below.rows = 0; below.rows < top.rows; below.rows++)
		below.item[below.rows] = below.rows;
	l->below = &below;
	l->below_key = "top";
}

/* Prints a row of the table, the processes to blame and the alerts. */
static void show_table(struct listing *l, const struct comparison *c)
{
	bool header;

	if (WITH_TOP && opt->top)
		add_top(l, c);
	header = print_listing(l);
	if (WITH_ALERTS)
		say_alerts(c, header, opt->count == 1 && !opt->replay);
}

/* [N][,alert]; always is the default. */
static bool parse_top(const char *value)
{
	const char *p = value;
	uint64_t n = 5;

	if (is_digit(*p) && (!parse_digits(&p, &n) || !n || n > MAX_TOP))
		return false;
	given.top = (unsigned)n;
	p += *p == ',' && p > value;
	given.top_alerting = !strcmp(p, "alert");
	return !*p ? value == p || p[-1] != ',' : (WITH_ALERTS && given.top_alerting) || !strcmp(p, "always");
}

/* ---------------------------------------------------------------- CGROUPS
 *
 * --cgroups: the cgroups below the scope. Each is read, compared with its last
 * counters and judged, with the arithmetic of the scope itself; one by one, so
 * that hundreds of them take little memory. */

/* The columns of --cgroups: C(key, metric, unit, width, keep, heading in text). Those from
 * CHILD_WIDE on are in text with -w, or if they give the order. */
#define CHILD_COLUMNS(C) \
	C(cpu, cpu_used, DECIMALS, 6, 90, "cpu") \
	C(cpu_pct, cpu_pct, PERCENT, 4, 70, "cpu%") \
	C(thr_pct, thr_pct, PERCENT, 4, 84, "thr%") \
	C(cpu_some, cpu_some, PERCENT, 4, 82, "cpuP") \
	C(mem_some, mem_some, PERCENT, 4, 80, "memP") \
	C(io_some, io_some, PERCENT, 3, 80, "ioP") \
	C(working_set, working_set, SIZE, 6, 88, "wset") \
	C(mem_pct, mem_pct, PERCENT, 4, 86, "mem%") \
	C(maj, maj, NUMBER, 5, 76, "maj") \
	C(oom, oom, NUMBER, 3, 78, "oom") \
	C(tasks, tasks, NUMBER, 5, 60, "tasks") \
	C(anon, anon, SIZE, 6, 55, "anon") \
	C(file, file, SIZE, 6, 54, "file") \
	C(shmem, shmem, SIZE, 6, 52, "shmem") \
	C(slab, slab, SIZE, 6, 51, "slab") \
	C(kernel, kernel, SIZE, 6, 53, "kernel")

enum child_value {
#define C(key, ...) CHILD_##key,
	CHILD_COLUMNS(C)
#undef C
	CHILD_VALUES, CHILD_WIDE = CHILD_anon
};

static const struct child_column {
	struct column column;
	uint8_t metric;
} child_columns[] = {
#define C(key, metric, unit, width, keep, heading) [CHILD_##key] = \
	{ { #key, heading, GROUP_NONE, UNIT_##unit, { width, width + 2 }, keep, CHILD_##key }, \
	  IF(WITH_CGROUP, M_##metric) },
	CHILD_COLUMNS(C)
#undef C
};

#define CHILD_COUNTERS 14 /* needed by CHILD_COLUMNS and the rules, planned first */
#define CHILD_NAMES (MAX_CHILDREN * 224u)
#define UNSEEN UINT32_MAX

/* The cgroups below the scope, each in a permanent slot. Its last counters stay until
 * the next comparison. */
LARGE struct children {
	unsigned slots;        /* ever used */
	unsigned more;         /* without a slot */
	bool hidden;           /* some could not be read at the last walk */
	bool missed;           /* or had no slot then */
	uint64_t compared_ns;  /* time of the last comparison; 0: none */
	bool age_known;        /* as of its snapshot */
	uint32_t names_length;
	struct child {
		uint64_t inode;    /* twice, plus one in v1's second hierarchy; 0: a free slot */
		uint64_t counter[CHILD_COUNTERS]; /* in the order of the plan */
		uint32_t value[CHILD_VALUES + 1]; /* packed; [CHILD_VALUES]: severity_of() */
		uint32_t name;     /* offset of its path in names; UNSEEN during a walk */
		uint8_t level[RULE_COUNT];
		bool compared;     /* `counter` is filled */
	} child[WITH_CGROUP ? MAX_CHILDREN : 1];
	char names[WITH_CGROUP ? CHILD_NAMES : 1];
	char first_more[PATH_BYTES]; /* below the scope */
} children;

/* Reads the files of the child at `rest` below the scope into values[metric]. */
static void read_child(struct plan *plan, const char *rest, uint64_t *values)
{
	char dir[PATH_BYTES];
	unsigned src;
	int error;

	for (src = 1; src < SRC_COUNT; src++) {
		enum directory d = sources[src].directory;
		struct file file = { 0, 0 };

		if (d < DIR_FIRST_HIERARCHY || plan->first_key[src] == plan->first_key[src + 1] ||
		    !join_n(dir, hierarchies[d].dir, hierarchies[d].length[0], rest, ""))
			continue;
		read_file(plan, &file, dir, strlen(dir), src, true, values);
		if (file.fd > 0)
			close(file.fd - 1);
	}
	if (plan->source[SRC_OOM_BELOW] && join(dir, hierarchies[DIR_MEMORY].dir, rest, ""))
		values[M_oom] = read_oom_below(dir, &error);
}

/* The slot of a child: its own, which mostly follows the previous child's, or a
 * free one. NULL: no slot is free. */
static struct child *find_slot(uint64_t inode, unsigned from)
{
	struct child *child, *free_slot = NULL;
	unsigned i;

	for (i = 0; i < children.slots; i++) {
		child = &children.child[(from + i) % children.slots];
		if (child->inode == inode)
			return child;
		if (!child->inode)
			free_slot = child;
	}
	if (!free_slot && children.slots < MAX_CHILDREN)
		free_slot = &children.child[children.slots++];
	if (free_slot) {
		free_slot->inode = inode;
		free_slot->compared = false;
	}
	return free_slot;
}

/* The severity of the worst rule: value by critical level, in thousandths. */
static uint64_t severity_of(const struct report *r)
{
	uint64_t worst = 0;
	unsigned a;

	for (a = 0; WITH_ALERTS && a < RULE_COUNT; a++)
		if (is_judged(r, a))
			worst = largest_known(worst, mul_div(alert_value(r, a), 1000, alert_threshold(r, a, CRITICAL)));
	return worst;
}

/* A value in 32 bits, to save memory, sizes in KiB; larger values are clamped. */
static uint32_t pack_value(uint64_t v, enum unit unit)
{
	v = divided(v, unit == UNIT_SIZE ? 1024 * 1000 : 1);
	return v == UNAVAILABLE ? UINT32_MAX : (uint32_t)least_of(v, UINT32_MAX - 1);
}

static uint64_t unpack_value(uint32_t v, enum unit unit)
{
	return v == UINT32_MAX ? UNAVAILABLE : times(v, unit == UNIT_SIZE ? 1024 * 1000 : 1);
}

struct child_walk {
	struct plan *plan;
	const struct snapshot *scope_now;
	void (*use)(const struct child_walk *, struct child *, struct snapshot *before, struct snapshot *now,
		    struct report *);
	size_t top;         /* offset of a child's path in w->dir */
	unsigned next;      /* the slot after that of the last child */
	bool second;        /* v1's second hierarchy; skips those in the first */
};

/* Compares a child with its last counters; new ones count from 0. At the first walk
 * no child's age is known. */
static void compare_child(const struct child_walk *walk, struct child *child, struct snapshot *before,
			  struct snapshot *now, struct report *r)
{
	const struct plan *plan = walk->plan;
	unsigned i, n = 0;

	before->ns = children.compared_ns ? children.compared_ns : now->ns;
	/* Those that could not be read before, or had no slot, are not new. */
	memset(before->level, child->compared || children.missed ? 0xff : 0, sizeof *before->level);
	before->level[0][M_cpus_online] = now->level[0][M_cpus_online];
	for (i = 0; i < plan->count && n < CHILD_COUNTERS; i++) {
		enum metric_id m = plan->order[i];

		if (!is_counter(plan, m))
			continue;
		if (child->compared)
			before->level[0][m] = child->counter[n];
		child->counter[n++] = now->level[0][m];
	}
	report_make(&(struct comparison){ before, now, r, true });
	for (i = 0; i < CHILD_VALUES; i++)
		child->value[i] = pack_value(r->value[child_columns[i].metric], child_columns[i].column.unit);
	child->value[CHILD_VALUES] = pack_value(severity_of(r), UNIT_NUMBER);
	if (WITH_ALERTS)
		alerts_judge(r, 0);
	memcpy(child->level, r->level, sizeof child->level);
	child->compared = true;
}

static bool visit_below(struct walk *w, size_t n)
{
	LARGE uint64_t levels[2][M_COUNT];
	LARGE struct report report;
	struct child_walk *walk = w->for_visit;
	const struct snapshot *scope_now = walk->scope_now;
	struct snapshot before = { .level = &levels[0] }, now = {
		.plan = walk->plan, .ns = scope_now->ns, .wall_ns = scope_now->wall_ns, .level = &levels[1],
	};
	const char *rest = w->dir + walk->top;
	size_t length = n - walk->top + 1;
	struct child *child;
	char path[PATH_BYTES];
	uint64_t inode;

	if (length == 1 || (walk->second && join(path, hierarchies[DIR_MEMORY].dir, rest, "") && path_exists(path)))
		return false;
	inode = (uint64_t)w->stat.st_ino << 1 | walk->second; /* inodes repeat across hierarchies */
	child = children.names_length + length > sizeof children.names ? NULL : find_slot(inode, walk->next);
	if (!child) {
		if (!children.more++)
			join(children.first_more, rest, "", "");
		return false;
	}
	memset(now.level, 0xff, sizeof *now.level);
	now.level[0][M_cpus_online] = scope_now->level[0][M_cpus_online];
	read_child(walk->plan, rest, now.level[0]);
	child->name = children.names_length;
	memcpy(children.names + children.names_length, rest, length);
	children.names_length += (uint32_t)length;
	walk->next = (unsigned)(child - children.child) + 1;
	memset(report.value, 0xff, sizeof report.value);
	walk->use(walk, child, &before, &now, &report);
	return false;
}

/* Reads all children, and frees the slots of removed ones. */
static void read_children(struct child_walk *of_child)
{
	static const enum directory dirs[] = { DIR_MEMORY, DIR_CPUACCT };
	struct walk w = { .visit = visit_below, .for_visit = of_child, .depth = opt->depth };
	struct child *child, *end;
	bool hidden = false;
	unsigned i;

	for (child = children.child; child < children.child + children.slots; child++)
		child->name = UNSEEN;
	children.more = 0;
	children.names_length = 0;
	for (i = 0; i < (scope.hierarchy->version == 2 ? 1 : LENGTH(dirs)); i++) {
		const struct hierarchy *h = scope.hierarchy->version == 2 ? scope.hierarchy : &hierarchies[dirs[i]];

		if (!h->version)
			continue;
		of_child->top = strlen(h->dir);
		of_child->second = i > 0 && hierarchies[DIR_MEMORY].version;
		walk_over(&w, h->dir);
		hidden |= w.error != 0;
	}
	children.hidden = hidden;
	children.missed = hidden || children.more;
	for (child = children.child, end = child + children.slots; child < end; child++)
		if (child->name == UNSEEN)
			child->inode = 0;
}

/* Compares all children with their counters at the last comparison. */
static void compare_children(struct plan *plan, const struct snapshot *now)
{
	if (now->age_known != children.age_known)
		children.compared_ns = 0; /* by another clock */
	read_children(&(struct child_walk){ .plan = plan, .scope_now = now, .use = compare_child });
	children.compared_ns = now->ns;
	children.age_known = now->age_known;
}

static void plan_children(struct plan *plan, const struct listing *l)
{
	unsigned i;

	for (i = 0; i < CHILD_VALUES; i++)
		plan_select(plan, child_columns[i].metric);
	for (i = 0; WITH_ALERTS && i < RULE_COUNT; i++)
		if (rules[i].what && costs_nothing(plan, rules[i].metric))
			plan_select(plan, rules[i].metric);
}

/* A child's path, as the kernel names it; false: too long. */
static bool child_path(const struct child *child, char *path)
{
	return join(path, scope.name[1] ? scope.name : "", children.names + child->name, "");
}

enum { CHILD_NAME = CHILD_VALUES, CHILD_PATH, CHILD_POD, CHILD_CONTAINER };

/* In text a child's path starts below the scope, and the kubelet's part is shown as
 * "pod UID ID". */
static struct cell child_cell(const struct listing *l, unsigned item, const struct column *c)
{
	LARGE char text[2 * PATH_BYTES];
	const struct child *child = &children.child[item];
	const char *name = children.names + child->name, *rest;
	struct sink o = SINK(text);
	struct kubelet k;
	char path[PATH_BYTES];

	if (!is_name(c))
		return number_cell(unpack_value(child->value[c->id], c->unit));
	if (!child_path(child, path))
		return text_cell(NULL);
	rest = kubelet_parts(path, &k);
	if (c->id == CHILD_POD) {
		out_str(&o, k.pod);
	} else if (c->id == CHILD_CONTAINER) {
		out_str(&o, k.container);
	} else if (c->id == CHILD_PATH) {
		out_str(&o, path);
	} else if (!*k.pod || strlen(rest) >= strlen(name)) { /* the scope is the pod, or in it */
		out_str(&o, name + 1);
	} else {
		out(&o, *k.container ? "pod %s " : "pod %s", k.pod);
		out_bytes(&o, k.container, *k.container ? 12 : 0);
		out_str(&o, rest);
	}
	return text_cell(o.n ? out_end(&o) : NULL);
}

/* Pressure that stalls all tasks shows in its column of those that stall some. */
static unsigned child_level(const struct listing *l, unsigned item, const struct column *c)
{
	enum metric_id m = !c ? M_NONE : is_name(c) ? M_COUNT : child_columns[c->id].metric;

	return level_of(children.child[item].level, m == M_mem_some ? M_mem_full : m == M_io_some ? M_io_full : m);
}

static bool list_children(struct listing *l)
{
	static const struct column
		name = { "cgroup", "cgroup", GROUP_NONE, UNIT_TEXT, { 24, 24 }, 99, CHILD_NAME },
		record[] = {
			{ .key = "cgroup", .unit = UNIT_TEXT, .id = CHILD_PATH },
			{ .key = "pod_uid", .unit = UNIT_TEXT, .id = CHILD_POD },
			{ .key = "container_id", .unit = UNIT_TEXT, .id = CHILD_CONTAINER },
		};
	unsigned i;

	l->cell = child_cell;
	l->level = child_level;
	l->ordering = opt->child_order < CHILD_VALUES ? 1u << opt->child_order : 0;
	l->layout = LAYOUT_SCREEN;
	add_columns(l, report_columns, 2); /* each row names its cgroup */
	add_columns(l, record, LENGTH(record)); /* not in text */
	for (i = 0; i < CHILD_VALUES; i++)
		if (i < CHILD_WIDE || opt->wide || opt->format || i == opt->child_order)
			add_column(l, &child_columns[i].column);
	if (!opt->format)
		add_column(l, &name);
	return true;
}

/* Is a child listed before another: by the requested value or severity, then by CPU
 * use, then by memory? Unknown values come last. */
static bool is_worse(uint32_t item, uint32_t other)
{
	const uint8_t by[] = { opt->child_order, CHILD_cpu, CHILD_working_set };
	unsigned i;

	for (i = 0; i < LENGTH(by); i++) {
		uint32_t x = children.child[item].value[by[i]] + 1, y = children.child[other].value[by[i]] + 1;

		if (x != y)
			return x > y;
	}
	return item < other;
}

static void fill_children(struct listing *l)
{
	unsigned i;

	l->rows = 0;
	for (i = 0; i < children.slots; i++)
		if (children.child[i].inode)
			l->item[l->rows++] = i;
	sort(l->item, l->rows, is_worse);
	if (!opt->format && screen.tty && l->rows + 3 > screen.rows && screen.rows > 4)
		l->rows = screen.rows - 3;
}

/* [DEPTH[,COLUMN]] */
static bool parse_cgroups(const char *value)
{
	const char *p = value;
	uint64_t depth = 1;
	unsigned i;

	given.view = O_CGROUPS;
	given.child_order = CHILD_VALUES;
	if (*p && (!parse_digits(&p, &depth) || !depth || depth > WALK_DEPTH))
		return false;
	given.depth = (unsigned)depth;
	for (i = 0; *p == ',' && i < CHILD_VALUES; i++)
		if (!strcmp(p + 1, child_columns[i].column.key) ||
		    !strcmp(p + 1, child_columns[i].column.heading)) {
			given.child_order = (uint8_t)i;
			return true;
		}
	return !*p;
}

/* ----------------------------------------------------------------- RECORD
 *
 * --record and --replay. A recording is the CSV of reports. Each is appended with one
 * write; at N reports FILE is renamed to FILE.1 and a new FILE begins, so that the last N,
 * and at most 2 N, are kept. After a power loss FILE may end in a partial line or zeros:
 * they are cut off when it is opened. Earlier damaged lines stay; --replay skips them. */

#define RECORD_REPORTS 3600
#define RECORD_HEAD "time,interval,scope,cgroup," /* every recording begins with this */

/* The state of --record. Files are opened and renamed by these paths alone, so that the
 * sandbox of --listen can forbid any other. */
LARGE struct recorder {
	char name[2][PATH_BYTES];
	const char *path[2]; /* FILE, FILE.1 */
	uint64_t most;       /* reports per FILE: N */
	int fd;              /* of FILE, plus one; 0: closed */
	uint64_t reports;    /* in FILE */
	off_t size;          /* of FILE; 0: no header yet */
	uint64_t kills;      /* OOM kills counted by the parent cgroup at the last report */
	const char *said;    /* the error of the last report; NULL: none */
	bool full;           /* no room for it, even without FILE.1 */
	bool lost;           /* some report was not kept */
	struct listing listing;
} recorder;

/* FILE[,N]. A comma before a slash is part of a directory's name. */
static bool parse_record(const char *value)
{
	struct recorder *r = &recorder;
	const char *comma = strrchr(value, ',');
	size_t n = !comma || strchr(comma, '/') ? strlen(value) : (size_t)(comma - value);

	given.record = value;
	r->most = RECORD_REPORTS;
	r->path[0] = r->name[0];
	r->path[1] = r->name[1];
	if (value[n] && (!parse_number(comma + 1, &r->most) || !r->most || r->most > UINT32_MAX))
		return false;
	return n && join_n(r->name[0], value, n, "", "") && join_n(r->name[1], value, n, ".1", "");
}

/* Renames FILE to FILE.1, or back. Returns an error text, or NULL. */
static const char *recorder_rename(const struct recorder *r, bool back)
{
	if (!renameat(AT_FDCWD, r->path[back], AT_FDCWD, r->path[!back]))
		return NULL;
	return errno == EBUSY ? "a mount point cannot be renamed: mount its directory" :
		errno == EACCES || errno == EPERM ? "its directory does not let it be renamed" : strerror(errno);
}

/* Is the open file still FILE, with its last known size? */
static bool is_recorder_current(const struct recorder *r)
{
	struct stat opened, named;

	return r->fd && !fstat(r->fd - 1, &opened) && !stat(r->path[0], &named) && opened.st_ino == named.st_ino &&
		opened.st_dev == named.st_dev && opened.st_size == r->size;
}

/* Closes and unlocks FILE. */
static void recorder_close(struct recorder *r)
{
	if (r->fd)
		close(r->fd - 1);
	r->fd = 0;
}

/* Truncates the open file after its last line that ends with a newline and has no NUL; a
 * file of zeros becomes empty. A recording with other columns, by an older version, counts
 * as full. Returns an error text, or NULL. */
static const char *recorder_continue(struct recorder *r)
{
	char buffer[OUT_BYTES / 4];
	struct sink names = SINK(buffer);
	struct scanner s;
	struct text line;
	off_t end = 0;
	uint64_t lines, damaged = 0, kept = 0;
	bool headed; /* the first line is whole */

	r->reports = 0;
	csv_names(&names, &r->listing);
	scan_start_stream(&s, r->fd - 1, 0);
	headed = scan_line(&s, &line) && !s.cut;
	/* A partial header ends at a NUL, or at the newline put after the buffer's text. */
	if (headed ? !after(line.p, RECORD_HEAD) :
	    memcmp(s.buffer, RECORD_HEAD, (size_t)least_of(strcspn(s.buffer, "\n"), strlen(RECORD_HEAD))) != 0)
		return "not a recording";
	if (headed) {
		end = (off_t)scan_position(&s, s.next);
		if ((size_t)end != names.n || memcmp(line.p, names.text, names.n)) {
			r->reports = UINT64_MAX;
			return NULL;
		}
	}
	for (lines = 1; scan_line(&s, &line); lines++) {
		if (s.cut || memchr(line.p, '\0', (size_t)(line.end - line.p))) {
			damaged++;
			continue;
		}
		end = (off_t)scan_position(&s, s.next);
		r->reports = lines;
		kept = damaged;
	}
	if (!headed && lines > 1)
		return "not a recording";
	if (s.error || (end < r->size && ftruncate(r->fd - 1, end)))
		return strerror(s.error ? s.error : errno);
	if (end < r->size)
		warn(0, "--record: %s: no whole line at its end: %ju bytes are cut off", r->path[0],
		     (uint64_t)(r->size - end));
	if (kept)
		warn(0, "--record: %s: damaged lines: %ju, they stay", r->path[0], kept);
	r->size = end;
	return NULL;
}

static const char recorder_held[] = "another vmstat records into it";

/* Opens or creates FILE and locks it; only then the previous file is closed and unlocked.
 * A vmstat just started may lock a new FILE first: it finds FILE.1 locked, and ends.
 * Returns an error text, or NULL. */
static const char *recorder_open(struct recorder *r)
{
	const char *why = NULL;
	int before = r->fd, wait = before ? 0 : LOCK_NB;
	struct stat st;

	r->fd = openat(AT_FDCWD, r->path[0], O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		       0644) + 1;
	if (!r->fd) {
		why = errno == ELOOP ? "a symbolic link" : strerror(errno);
	} else if (fstat(r->fd - 1, &st) || !S_ISREG(st.st_mode)) {
		why = "not a file";
	} else {
		r->size = st.st_size; /* held: or perhaps just renamed */
		why = (flock(r->fd - 1, LOCK_EX | wait) && errno == EWOULDBLOCK) || !is_recorder_current(r) ?
			recorder_held : recorder_continue(r);
	}
	if (before)
		close(before - 1);
	if (why)
		recorder_close(r);
	return why;
}

/* Renames FILE to FILE.1 and begins a new FILE. Returns an error text, or NULL. */
static const char *recorder_rotate(struct recorder *r)
{
	const char *why = recorder_rename(r, false);

	return why ? why : recorder_open(r);
}

/* Opens FILE at the start. A file that cannot be renamed, such as a mount point, is
 * refused: it is renamed to FILE.1 and back as a test. Returns an error text, or NULL. */
static const char *recorder_start(struct recorder *r)
{
	const char *why, *slash = strrchr(r->path[0], '/');
	char directory[PATH_BYTES];
	int older;

	if (!list_metrics(&r->listing, true))
		return NULL; /* the table says so */
	why = recorder_open(r);
	if (why)
		return why;
	signal(SIGXFSZ, SIG_IGN); /* beyond RLIMIT_FSIZE write() fails with EFBIG */
	r->kills = in_cgroup() ? parent_kills() : UNAVAILABLE;
	older = open(r->path[1], O_RDONLY | O_NOCTTY | O_NONBLOCK);
	if (older < 0 && errno == ENOENT) {
		why = recorder_rename(r, false);
		return why ? why : recorder_rename(r, true);
	}
	if (flock(older, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK)
		return recorder_held; /* the other vmstat is between two files */
	close(older);
	join_n(directory, r->path[0], slash ? (size_t)(slash - r->path[0]) : 0, slash ? "/" : ".", "");
	return access(directory, W_OK) ? "its directory does not let it be renamed" : NULL;
}

/* Appends a report, after a header if the file is empty: all or nothing. errno, or 0. */
static int recorder_append(struct recorder *r, const struct comparison *c)
{
	char buffer[OUT_BYTES / 2];
	struct sink o = SINK(buffer);
	size_t done = 0;
	ssize_t n = 0;
	int error;

	if (!r->size)
		csv_names(&o, &r->listing);
	r->listing.from = c;
	csv_line(&o, &r->listing, 0);
	if (o.overflow)
		return EMSGSIZE;
	while (done < o.n && (n = write(r->fd - 1, o.text + done, o.n - done)) > 0)
		done += (size_t)n;
	if (done == o.n) {
		r->reports++;
		r->size += (off_t)o.n;
		return 0;
	}
	error = n ? errno : ENOSPC;
	if (done && ftruncate(r->fd - 1, r->size))
		recorder_close(r); /* reopening it cuts off the partial line */
	return error;
}

/* Appends a report to FILE, which is reopened if it was emptied, moved or deleted. On a
 * full disk FILE.1 is replaced, by a second rename if there was none yet. A file that cannot
 * be renamed is emptied at 2 N. Returns why this or older reports are lost, or NULL. */
static const char *recorder_write(struct recorder *r, const struct comparison *c)
{
	const char *why = NULL;
	unsigned tries = r->full ? 0 : 2;
	int error;

	if (!is_recorder_current(r)) {
		recorder_close(r); /* else it would hold the lock of the same file */
		why = recorder_open(r);
	}
	if (!why && r->reports >= r->most)
		why = recorder_rotate(r);
	if (r->fd && r->reports >= 2 * r->most) {
		if (ftruncate(r->fd - 1, 0))
			return strerror(errno);
		r->size = 0;
		r->reports = 0;
	}
	if (!r->fd)
		return why;
	do {
		error = recorder_append(r, c);
		r->full = error == ENOSPC || error == EDQUOT || error == EFBIG;
	} while (r->full && tries-- && !recorder_rotate(r));
	return error ? strerror(error) : why;
}

/* Records a report, unless it is an average since boot, and warns of each new error once.
 * A cgroup that has ended has no counters; its parent still counts its OOM kills. */
static void record(struct recorder *r, const struct comparison *c, bool ended)
{
	uint64_t kills = in_cgroup() ? parent_kills() : UNAVAILABLE;
	const char *why;

	if (ended) {
		memset(c->report->value, 0xff, sizeof c->report->value);
		c->report->value[M_oom] = times(growth(r->kills, kills), 1000);
	}
	r->kills = kills;
	if (c->report->first)
		return;
	why = recorder_write(r, c);
	r->lost |= why != NULL;
	if (why && why != r->said)
		warn(0, "--record: %s: %s", r->path[0], why);
	r->said = why;
}

/* A value of --from or --to. */
static bool parse_instant(const char *value, struct instant *i)
{
	uint64_t days = 0, seconds = 0, unit;
	const char *p = value + (*value == '-');
	bool dated;

	i->kind = p > value ? INSTANT_BEFORE : INSTANT_AT;
	i->ns = clock_ns(CLOCK_REALTIME);
	if (p > value) {
		unit = !parse_digits(&p, &i->ns) || !*p || p[1] ? 0 :
			*p == 's' ? 1 : *p == 'm' ? 60 : *p == 'h' ? 3600 : *p == 'd' ? 86400 : 0;
		i->ns = times(i->ns, unit * NS_PER_S);
		return unit && i->ns != UNAVAILABLE;
	}
	if (!strcmp(value, "now") || (parse_time(&p, &i->ns) && !*p))
		return true;
	p = value;
	dated = parse_date(&p, &days);
	if (!dated) {
		i->kind = INSTANT_CLOCK;
		p = value;
	}
	if ((!dated || *p) && ((dated && *p++ != ' ') || !parse_clock(&p, &seconds)))
		return false;
	i->ns = ns_of_time(days, seconds);
	return !*p;
}

#define DAY_NS (86400ull * NS_PER_S)

/* An instant in ns since 1970; a time of day is the last one until `last`. */
static uint64_t instant_ns(const struct instant *i, uint64_t last)
{
	uint64_t today = last - last % DAY_NS + i->ns;

	if (i->kind == INSTANT_CLOCK)
		return today > last ? minus(today, DAY_NS) : today;
	return i->kind == INSTANT_BEFORE ? minus(last, i->ns) : i->ns;
}

#define MAX_FIELDS 256

/* --replay: FILE.1 and FILE, each with its own header. One report is read ahead. */
LARGE struct replay {
	int fd[2];           /* FILE.1, FILE; -1: missing */
	unsigned at;         /* the file being read */
	struct scanner scan;
	unsigned fields;     /* 0: before its header */
	const struct column *field[MAX_FIELDS]; /* NULL: unknown, left out */
	bool has[M_COUNT];   /* metrics that had a value */
	bool named;          /* a header was found */
	struct {
		struct report report;
		char cgroup[PATH_BYTES];
	} row[2];            /* by turns */
	unsigned turn;       /* the row to show next */
	bool ahead;          /* that row was read */
	uint64_t from_ns, to_ns;
	uint64_t begin_ns, end_ns; /* of the first report, and of the last so far */
	bool shown;          /* a report was between --from and --to */
	uint64_t damaged;    /* lines */
	char why[160];
} replay;

/* Copies the next CSV field to `to`, without quotes and trailing blanks; false at the end
 * of the line. */
static bool csv_field(struct text *line, char *to, size_t size)
{
	const char *p = line->p;
	bool quoted = false;
	size_t n = 0;

	if (!p)
		return false;
	for (; p < line->end && (quoted || *p != ','); p++) {
		quoted ^= *p == '"';
		if (*p == '"' && (!quoted || p == line->p || p[-1] != '"')) /* "" is one quote */
			continue;
		if (n < size - 1)
			to[n++] = *p;
	}
	while (n && (to[n - 1] == ' ' || to[n - 1] == '\r'))
		n--;
	to[n] = '\0';
	line->p = p < line->end ? p + 1 : NULL;
	return true;
}

/* Reads the column names of a header; false if the line is not one. */
static bool replay_names(struct replay *r, struct text line)
{
	static unsigned said;
	char name[64];
	unsigned i, n;
	bool any = false;

	if (!csv_field(&line, name, sizeof name) || strcmp(name, "time"))
		return false;
	for (n = 0; n < MAX_FIELDS && csv_field(&line, name, sizeof name); n++) {
		r->field[n] = NULL;
		for (i = 0; i < LENGTH(report_columns); i++)
			if (!strcmp(report_columns[i].key, name))
				r->field[n] = &report_columns[i];
		for (each_metric(m))
			if (is_visible(m) && !strcmp(metrics[m].column.key, name)) {
				r->field[n] = &metrics[m].column;
				any = true;
			}
		if (!r->field[n] && *name && said++ < 8)
			warn(0, "--replay: column %s is not known: left out", name);
	}
	r->fields = any ? n : 0;
	r->named |= any;
	return any;
}

/* Parses a line as a report, its cgroup's name into `cgroup`; false if it is damaged. */
static bool replay_line(struct replay *r, struct text line, struct report *report, char *cgroup)
{
	char text[PATH_BYTES];
	const char *p = text;
	unsigned i;

	memset(report->value, 0xff, sizeof report->value);
	report->elapsed_us = 0;
	report->cgroup = NULL;
	report->mem_level[0] = report->cpu_level[0] = '\0';
	if (!csv_field(&line, text, sizeof text) || !parse_time(&p, &report->wall_ns) || *p)
		return false;
	for (i = 0; i < r->fields; i++) {
		const struct column *c = r->field[i];
		uint64_t v = UNAVAILABLE;

		if (!csv_field(&line, text, sizeof text))
			return false;
		p = text;
		if (c && !is_name(c) && *p && (!parse_decimal(&p, 3, &v) || *p))
			return false;
		if (!c || !*text || c->id == ID_SCOPE) /* the scope follows from the cgroup */
			continue;
		if (c->id == ID_INTERVAL)
			report->elapsed_us = v < UINT64_MAX / 1000 ? v * 1000 : 0;
		else if (c->id == ID_CGROUP)
			report->cgroup = strcpy(cgroup, text);
		else if (c->unit == UNIT_LEVEL)
			strcpy(c->id == M_mem_level ? report->mem_level : report->cpu_level, text);
		else
			report->value[c->id] = c->unit <= UNIT_WHOLE ? v / 1000 :
				times(v, c->unit == UNIT_DECIMALS ? 1000 : c->unit >= UNIT_SIZE ? 1024 : 1);
		if (c->id < ID_INTERVAL) /* swap space that is not there has zeros */
			r->has[c->id] |= is_name(c) || v || (c->group != GROUP_SWAP && c->id != M_swpd);
	}
	report->value[M_swap] = plus(report->value[M_si], report->value[M_so]);
	/* The periods of a quota are not recorded: assume the usual 100 ms. */
	report->value[M_periods] = report->elapsed_us / 100;
	return !line.p; /* else the line has more fields than names */
}

/* Reads the next report into a row; false at the end. */
static bool replay_read(struct replay *r, unsigned row)
{
	struct text line;

	for (; r->at < 2; r->at++) {
		while (scan_line(&r->scan, &line)) {
			if (!r->scan.cut && r->fields && replay_line(r, line, &r->row[row].report, r->row[row].cgroup))
				return true;
			if (line.p == line.end || replay_names(r, line))
				continue;
			r->damaged++;
			if (!r->fields)
				break;
		}
		r->damaged += r->scan.next < r->scan.end; /* a last line without a newline */
		if (r->scan.error)
			warn(r->scan.error, "--replay: %s%s:", opt->replay, r->at ? "" : ".1");
		scan_start_stream(&r->scan, r->fd[1], 0);
		r->fields = 0;
	}
	if (r->damaged && r->named)
		warn(0, "--replay: damaged lines: %ju, skipped", r->damaged);
	return false;
}

/* The time of the last report in a file, found from its end; 0: no report, or a pipe. */
static uint64_t replay_last(struct scanner *s, int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR), end = lseek(fd, 0, SEEK_END), from = end;
	uint64_t ns, last = 0, back; /* up to 2^63, which is more than any file */
	struct text line;

	for (back = SCAN_BYTES; from > 0 && !last; back *= 2) {
		from = (uint64_t)end > back ? end - (off_t)back : 0;
		lseek(fd, from, SEEK_SET);
		scan_start_stream(s, fd, from);
		while (scan_line(s, &line))
			if (parse_time(&line.p, &ns))
				last = ns;
	}
	lseek(fd, at, SEEK_SET);
	return last;
}

/* Opens FILE, then FILE.1; if both are one file, it was just renamed, and FILE is opened
 * anew. Returns an error text, or NULL. */
static const char *replay_open(struct replay *r, const char *path)
{
	char older[PATH_BYTES];
	struct stat st[2];
	uint64_t last = 0;
	unsigned i;
	int error;

	r->fd[0] = -1;
	r->fd[1] = STDIN_FILENO;
	if (strcmp(path, "-")) {
		r->fd[1] = open(path, O_RDONLY | O_NOCTTY);
		error = errno;
		r->fd[0] = join(older, path, ".1", "") ? open(older, O_RDONLY | O_NOCTTY) : -1;
		if (!fstat(r->fd[0], &st[0]) && !fstat(r->fd[1], &st[1]) && st[0].st_ino == st[1].st_ino &&
		    st[0].st_dev == st[1].st_dev) {
			close(r->fd[1]);
			r->fd[1] = open(path, O_RDONLY | O_NOCTTY);
		} else if (r->fd[1] < 0 && (r->fd[0] < 0 || error != ENOENT)) {
			return strerror(error);
		}
	}
	for (i = 2; i-- > 0 && !last && (opt->from.kind || opt->to.kind);)
		last = replay_last(&r->scan, r->fd[i]);
	last = last ? last : clock_ns(CLOCK_REALTIME);
	r->from_ns = instant_ns(&opt->from, last);
	if (opt->from.kind && opt->to.kind == INSTANT_CLOCK) /* the first one after --from */
		last = r->from_ns + DAY_NS - 1;
	r->to_ns = opt->to.kind ? instant_ns(&opt->to, last) : UINT64_MAX;
	scan_start_stream(&r->scan, r->fd[0], 0);
	r->ahead = replay_read(r, r->turn);
	r->begin_ns = r->row[r->turn].report.wall_ns;
	return r->ahead ? NULL : r->named || !r->damaged ? "no reports" :
		"not CSV of vmstat: no metric is named in its first line";
}

/* Are two times equal to within a tenth, or within 50 ms for a busy machine? */
static bool is_about(uint64_t us, uint64_t as_us)
{
	return (us > as_us ? us - as_us : as_us - us) <= (as_us > 500000 ? as_us / 10 : 50000);
}

/* The next report between --from and --to; NULL at the end. A report whose interval matches
 * neither the time since the previous report nor the next one's interval is an average
 * since boot. */
static struct report *replay_next(struct replay *r)
{
	while (r->ahead) {
		struct report *report = &r->row[r->turn].report, *next = &r->row[!r->turn].report;
		uint64_t since_us = r->end_ns ? (report->wall_ns - r->end_ns) / 1000 : 0;

		r->turn = !r->turn;
		r->ahead = replay_read(r, r->turn);
		report->first = !report->elapsed_us || (!is_about(report->elapsed_us, since_us) &&
			!(r->ahead && is_about(report->elapsed_us, next->elapsed_us)));
		r->end_ns = report->wall_ns;
		if (report->wall_ns >= r->from_ns && report->wall_ns <= r->to_ns) {
			r->shown = true;
			return report;
		}
	}
	return NULL;
}

/* Why no report was shown, or NULL. */
static const char *replay_missed(struct replay *r)
{
	struct sink o = SINK(r->why);

	if (r->shown)
		return NULL;
	out_str(&o, "there is no report between --from and --to: the recording covers ");
	out_date(&o, r->begin_ns / NS_PER_S, ' ');
	out_str(&o, " to ");
	out_date(&o, r->end_ns / NS_PER_S, ' ');
	out_str(&o, " UTC");
	return out_end(&o);
}

static bool parse_from(const char *value)
{
	return parse_instant(value, &given.from);
}

static bool parse_to(const char *value)
{
	return parse_instant(value, &given.to);
}

/* ------------------------------------------------------------------ GRAPH
 *
 * --graph and --svg, and the panels of the page: the last reports, as characters or as
 * SVG. Unavailable values and times without reports are gaps. */

#define MAX_SERIES 16 /* metrics in the history */
#define MAX_LAYERS 5  /* metrics that a panel stacks */

/* The values of the last reports that graphs show, oldest first. */
LARGE struct history {
	unsigned series, count;
	unsigned most;         /* samples, at most MAX_HISTORY */
	uint64_t span_ns;      /* older samples are dropped; 0: no limit */
	bool whole;            /* no sample is dropped: each merges 2^shift reports */
	unsigned shift, added; /* reports so far */
	const struct report *report; /* the last */
	uint64_t begin_ns;     /* time of the oldest report */
	uint8_t metric[MAX_SERIES];
	struct sample {
		uint64_t wall_ns;           /* of its last report */
		bool gap;                   /* no report covers the time just before */
		uint64_t value[MAX_SERIES]; /* the greatest */
	} sample[MAX_HISTORY];
} history;

static void history_keep(struct history *h, enum metric_id m)
{
	if (h->series < MAX_SERIES)
		h->metric[h->series++] = (uint8_t)m;
}

/* Merges b, the later sample, into a. */
static struct sample merge(struct sample a, const struct sample *b)
{
	unsigned s;

	a.wall_ns = b->wall_ns;
	a.gap |= b->gap;
	for (s = 0; s < MAX_SERIES; s++)
		a.value[s] = largest_known(a.value[s], b->value[s]);
	return a;
}

static void history_add(struct history *h, const struct report *r)
{
	struct sample new = { .wall_ns = r->wall_ns }, *end = h->sample + h->count, *s;
	unsigned i;

	/* After the clock was set back, older samples move back with it. */
	for (s = end; s > h->sample && s[-1].wall_ns > new.wall_ns; s--) {
		s[-1].wall_ns = new.wall_ns;
		s[-1].gap = false;
	}
	new.gap = h->count && (new.wall_ns - end[-1].wall_ns) / 1500 > r->elapsed_us; /* half as long again */
	for (i = 0; i < h->series; i++)
		new.value[i] = r->value[h->metric[i]];
	h->report = r;
	if (h->whole && h->added++ & ((1u << h->shift) - 1)) {
		end[-1] = merge(end[-1], &new);
		return;
	}
	while (!h->whole && h->count &&
	       (h->count == h->most || (h->span_ns && new.wall_ns - h->sample[0].wall_ns > h->span_ns)))
		memmove(h->sample, h->sample + 1, --h->count * sizeof *h->sample);
	if (h->count == h->most) {
		h->count /= 2;
		h->shift++;
		for (i = 0; i < h->count; i++)
			h->sample[i] = merge(h->sample[2 * i], &h->sample[2 * i + 1]);
	}
	h->sample[h->count++] = new;
	h->begin_ns = h->shift ? least_of(h->begin_ns, new.wall_ns) : h->sample[0].wall_ns;
}

/* Panels: a title, the meaning of the number, and the metrics, stacked from the bottom up.
 * The page has the panels of its scope that have values; --svg those of a single metric,
 * and for other metrics the catalogue's words. */
static const struct panel {
	const char *title, *words;
	uint8_t scopes, metric[MAX_LAYERS]; /* M_NONE: the end */
} panels[] = {
	{ "CPU", "", HOST, { M_us, M_sy, M_wa, M_st, M_gu } },
	{ "CPU", "", CGROUP, { M_us, M_sy } },
	{ "Memory", "% used", HOST, { M_mem_used_pct } },
	{ "Memory", "% of the limit", CGROUP, { M_mem_pct } },
	{ "Working set", "bytes not dropped at once", CGROUP, { M_working_set } },
	{ "Throttled", "% of the quota's periods", CGROUP, { M_thr_pct } },
	{ "Major faults", "a second, each waits for disk", HOST | CGROUP, { M_maj } },
	{ "Minor faults", "a second", HOST | CGROUP, { M_min } },
	{ "Context switches", "a second", HOST | CGROUP, { M_cs } },
	{ "CPU pressure", "% of time some task waits", HOST | CGROUP, { M_cpu_some } },
	{ "Memory pressure", "% of time all tasks wait", HOST | CGROUP, { M_mem_full } },
	{ "I/O pressure", "% of time all tasks wait", HOST | CGROUP, { M_io_full } },
	{ "Read", "bytes a second from disks", HOST | CGROUP, { M_bi } },
	{ "Written", "bytes a second to disks", HOST | CGROUP, { M_bo } },
	{ "Running", "tasks that run or wait for CPU", HOST | CGROUP, { M_r } },
	{ "Swap", "bytes a second in and out", HOST, { M_swap } },
};

static struct panel panel_of(enum metric_id m)
{
	const struct panel *p;

	for (p = panels; p < panels + LENGTH(panels); p++)
		if (p->metric[0] == m && !p->metric[1])
			return *p;
	return (struct panel){ metrics[m].column.key, metrics[m].help, ANY, { (uint8_t)m } };
}

/* The alert state of a panel's first metric in the last report. */
static uint8_t panel_level(const struct panel *p, const struct history *h)
{
	unsigned rule = rule_of(p->metric[0]);

	return WITH_ALERTS && rule < RULE_COUNT ? h->report->level[rule] : CALM;
}

/* A panel and its numbers. */
struct graph {
	struct panel panel;
	const struct history *history;
	const struct column *column; /* of the first metric */
	unsigned layers;
	uint8_t series[MAX_LAYERS];
	uint64_t now, min, avg, max; /* UNAVAILABLE: none */
	uint64_t top;        /* of the scale, from 0 */
	unsigned parts;      /* of the scale, with round marks */
	uint64_t warn, crit; /* of the metric's rule; UNAVAILABLE: none */
};

static bool has_values(const struct graph *g)
{
	return g->max != UNAVAILABLE;
}

/* The i-th value: the sum of the lowest layers. Layers missing on old kernels count as 0;
 * without the first the sum is UNAVAILABLE. */
static uint64_t graph_value(const struct graph *g, unsigned i, unsigned layers)
{
	const uint64_t *value = g->history->sample[i].value;
	uint64_t sum = value[g->series[0]];
	unsigned k;

	for (k = 1; k < layers; k++)
		sum = plus(sum, value[g->series[k]] == UNAVAILABLE ? 0 : value[g->series[k]]);
	return sum;
}

static const char *layer_key(const struct graph *g, unsigned layer)
{
	return metrics[g->history->metric[g->series[layer]]].column.key;
}

/* Sets the top of the scale to the least of 1, 2, 5, 10, 20, ... units that is not below
 * v. The unit is 1, or 0.01 for UNIT_DECIMALS; for bytes a power of 1024, at least 1 KiB.
 * Percentages up to 100% have 100% at the top. */
static void graph_scale(struct graph *g, uint64_t v)
{
	static const uint8_t steps[] = { 1, 2, 5 };
	enum unit unit = g->column->unit;
	uint64_t base = unit == UNIT_DECIMALS ? 10000 : unit >= UNIT_SIZE ? 1024 * 1000 : 1000;
	unsigned i = 0;

	if (unit == UNIT_PERCENT && (v <= 100000 || g->layers > 1))
		base = v = 100000;
	while (unit >= UNIT_SIZE && base * 1000 < v && base < UINT64_MAX / 1024)
		base *= 1024;
	for (; base * steps[i] < v && base < UINT64_MAX / 100; i = (i + 1) % LENGTH(steps))
		base *= i + 1 == LENGTH(steps) ? 10 : 1;
	g->top = base * steps[i];
	g->parts = steps[i] == 5 || g->top == 1000 ? 5 : 4; /* a quarter of 1 has two decimals */
}

/* A graph of the panel's metrics, without those missing from the history. */
static struct graph make_graph(const struct history *h, struct panel panel)
{
	struct graph g = { .panel = panel, .history = h, .column = &metrics[panel.metric[0]].column };
	unsigned rule = rule_of(panel.metric[0]), i, s, n = 0;
	uint64_t sum = 0, most;

	for (i = 0; i < MAX_LAYERS; i++)
		for (s = 0; s < h->series; s++)
			if (h->metric[s] == panel.metric[i])
				g.series[g.layers++] = (uint8_t)s;
	g.now = g.min = g.avg = g.max = g.warn = g.crit = UNAVAILABLE;
	for (i = 0; g.layers && i < h->count; i++) {
		g.now = graph_value(&g, i, g.layers);
		g.min = least_of(g.min, g.now);
		g.max = largest_known(g.max, g.now);
		sum = plus(sum, g.now == UNAVAILABLE ? 0 : g.now);
		n += g.now != UNAVAILABLE;
	}
	if (n)
		g.avg = divided(sum, n);
	if (WITH_ALERTS && rule < RULE_COUNT) {
		uint64_t scale = g.column->unit >= UNIT_SIZE ? 1024 : 1;

		g.crit = times(alert_threshold(h->report, rule, CRITICAL), scale);
		g.warn = times(alert_threshold(h->report, rule, WARNING), scale);
		g.warn = g.warn ? g.warn : g.crit;
	}
	most = n ? g.max : 0;
	/* Levels are drawn if the values come near them. */
	if (g.crit != UNAVAILABLE && most >= g.warn / 4 && most < g.crit)
		most = g.crit;
	graph_scale(&g, most);
	return g;
}

/* A short form of a value: 512M, 12k, 7.5. */
static void out_short(struct sink *o, const struct column *c, uint64_t v)
{
	if (v == UNAVAILABLE) {
		out_char(o, '-');
	} else if (c->unit >= UNIT_SIZE) {
		out_human(o, v);
	} else if (c->unit == UNIT_DECIMALS) {
		out_decimal(o, rounded(v, 10000), 2);
	} else {
		if (v < 10000)
			out_milli(o, (v + 50) / 100 * 100);
		else
			out_count(o, rounded(v, 1000));
		out_str(o, c->unit == UNIT_PERCENT ? "%" : "");
	}
}

/* "  now 1  min 1  avg 1  max 1  (warning 3, critical 5)" */
static void out_figures(struct sink *o, const struct graph *g)
{
	const struct { const char *name; uint64_t value; } figures[] = {
		{ "  now ", g->now }, { "  min ", g->min }, { "  avg ", g->avg }, { "  max ", g->max },
		{ "  (warning ", g->warn }, { ", critical ", g->crit },
	};
	unsigned i;

	for (i = 0; i < (g->crit == UNAVAILABLE ? 4 : LENGTH(figures)); i++) {
		out_str(o, figures[i].name);
		out_short(o, g->column, figures[i].value);
	}
	out_str(o, i > 4 ? ")" : "");
}

/* May block characters be used? */
static bool has_blocks(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL, *type = getenv("TERM");
	unsigned i;

	for (i = 0; i < LENGTH(names) && !(locale && *locale); i++)
		locale = getenv(names[i]);
	locale = locale ? strchrnul(locale, '.') : ""; /* the character set, as in en_US.UTF-8 */
	if (!after(locale, ".UTF-8") && !after(locale, ".utf8"))
		return false;
	return !screen.tty || (type && strcmp(type, "dumb") && strcmp(type, "linux") && !after(type, "vt"));
}

#define SCALE_WIDTH 9  /* of the numbers left of a graph, and its axis */
#define TEXT_WIDTH 512 /* most columns of a graph */
#define LINE_BYTES (TEXT_WIDTH * 12 + 256) /* a colour and a block character each */
_Static_assert(LINE_BYTES <= OUT_BYTES, "a line of a graph must fit in OUT_BYTES");

/* The layout of graphs as text. */
struct canvas {
	unsigned columns, width; /* of the terminal; of a graph */
	bool live, blocks;
	unsigned first;               /* sample with a column */
	uint16_t column[MAX_HISTORY]; /* of each sample; `width`: none */
};

/* Gives each sample a column: in a live graph the newest that fit, else all of them. Gaps
 * in time have the same width, however long they were. */
static void canvas_place(struct canvas *c, const struct history *h)
{
	unsigned broken = 2 * (c->live ? 1 : h->count / c->width + 1), all = 0, at = 0, i, left;

	c->first = 0;
	for (i = 0; i < h->count; i++)
		all += 1 + (i && h->sample[i].gap ? broken : 0);
	for (i = 0; i < h->count; i++) {
		at += 1 + (i && h->sample[i].gap ? broken : 0);
		left = c->live || all <= c->width ? all - at : (all - at) * c->width / all;
		c->column[i] = (uint16_t)(left < c->width ? c->width - 1 - left : c->width);
		c->first += left >= c->width;
	}
}

/* Begins a line. A live one is cleared first: later that might erase the last column. */
static void text_begin(struct sink *o, const struct canvas *c)
{
	if (o->size - o->n < LINE_BYTES)
		write_out(o);
	out_str(o, c->live ? "\033[K" : "");
}

/* The name, and as many figures as fit. */
static void text_caption(struct sink *o, const struct graph *g, unsigned columns)
{
	size_t start = o->n;

	out_str(o, g->column->key);
	if (has_values(g))
		out_figures(o, g);
	else
		out_str(o, "  unavailable");
	if (o->n - start > columns)
		for (o->n = start + columns; o->n > start + 1 && memcmp(o->text + o->n, "  ", 2); o->n--)
			;
}

/* Row y of a graph of `height` rows, from the bottom. */
static void text_values(struct sink *o, const struct graph *g, const struct canvas *c, const uint64_t *value,
			unsigned y, unsigned height)
{
	static const char *const colors[] = { "\033[0m", "\033[33m", "\033[31m" };
	unsigned x, line = CALM, color = CALM, level;

	for (level = WARNING; level <= CRITICAL; level++) {
		uint64_t at = level == CRITICAL ? g->crit : g->warn;

		if (at && at <= g->top && mul_div(at, height, g->top) == y + 1)
			line = level;
	}
	for (x = 0; x < c->width; x++) {
		uint64_t v = value[x], full = v == UNAVAILABLE ? 0 : mul_div(v, height * 8u, g->top);
		uint64_t eighths = least_of(minus(full, y * 8u), 8); /* of the cell to fill */

		if (v != UNAVAILABLE && v && !full)
			eighths = y == 0; /* small values stay visible */
		level = !eighths ? line : v >= g->crit ? CRITICAL : v >= g->warn ? WARNING : CALM;
		if (screen.color && level != color && (eighths || line))
			out_str(o, colors[color = level]);
		if (!eighths) {
			out_str(o, !line ? " " : c->blocks ? "\xe2\x94\x88" : "-");
		} else if (c->blocks) {
			out_str(o, "\xe2\x96");
			out_char(o, (char)(0x80 + eighths)); /* U+2581 to U+2588 */
		} else {
			out_char(o, eighths >= 6 ? '#' : eighths >= 3 ? ':' : '.');
		}
	}
	out_str(o, color ? colors[CALM] : "");
}

/* A caption and a graph of `height` rows. */
static void text_graph(struct sink *o, const struct graph *g, const struct canvas *c, unsigned height)
{
	uint64_t value[TEXT_WIDTH + 1], *v;
	unsigned i, y;
	size_t start;

	memset(value, 0xff, sizeof value);
	for (i = 0; i < g->history->count; i++) {
		v = &value[c->column[i]];
		*v = largest_known(*v, graph_value(g, i, g->layers));
	}
	text_begin(o, c);
	text_caption(o, g, c->columns);
	out_char(o, '\n');
	for (y = height; y-- > 0;) {
		text_begin(o, c);
		start = o->n;
		if (y == height - 1 || 2 * (y + 1) == height)
			out_short(o, g->column, mul_div(g->top, y + 1, height));
		else if (!y)
			out_char(o, '0');
		out_align(o, start, start + SCALE_WIDTH - 2, true);
		out_str(o, c->blocks ? " \xe2\x94\x82" : " |");
		text_values(o, g, c, value, y, height);
		out_char(o, '\n');
	}
}

#define DATE_WIDTH 19 /* 2026-01-02 03:04:05 */

/* The times of the first and the last column; the last is right-aligned. */
static void text_axis(struct sink *o, const struct history *h, const struct canvas *c, unsigned left_out)
{
	unsigned at = SCALE_WIDTH + c->column[c->first];
	size_t start;

	text_begin(o, c);
	start = o->n;
	if (left_out) {
		out(o, "%u more: no room", left_out);
	} else if (at + 2 * DATE_WIDTH < c->columns) {
		out_fill(o, ' ', at);
		out_date(o, (c->first ? h->sample[c->first].wall_ns : h->begin_ns) / NS_PER_S, ' ');
	}
	if (o->n - start + DATE_WIDTH <= c->columns) {
		out_fill(o, ' ', c->columns - DATE_WIDTH - (o->n - start));
		out_date(o, h->sample[h->count - 1].wall_ns / NS_PER_S, ' ');
	}
	out_str(o, c->live ? "\033[J" : "\n");
}

/* The graphs of all metrics of the history, one below the other; live, they share the
 * terminal. Metrics without values take one line, those without room none. */
static void text_graphs(struct sink *o, const struct history *h)
{
	LARGE struct canvas c;
	struct graph g[MAX_SERIES];
	unsigned i, rows, lines, graphs = 0, others, left_out = 0;

	c.live = !h->whole;
	c.blocks = has_blocks();
	c.columns = (unsigned)least_of(screen.columns, TEXT_WIDTH);
	c.width = c.columns > SCALE_WIDTH ? c.columns - SCALE_WIDTH : 1;
	canvas_place(&c, h);
	for (i = 0; i < h->series; i++) {
		g[i] = make_graph(h, (struct panel){ .metric = { h->metric[i] } });
		graphs += has_values(&g[i]);
	}
	others = h->series - graphs;
	rows = c.live ? screen.rows - 1 : others + 9 * graphs;
	for (i = 0; i < h->series; i++) {
		if (has_values(&g[i])) {
			lines = (unsigned)minus(rows, others) / graphs--; // NOLINT(clang-analyzer-core.DivideZero)
			lines = lines < 2 ? 2 : lines;
		} else {
			lines = 1;
			others--;
		}
		if (lines > rows) {
			left_out++;
			continue;
		}
		text_graph(o, &g[i], &c, lines - 1);
		rows -= lines;
	}
	text_axis(o, h, &c, left_out);
}

/* SVG: https://www.w3.org/TR/SVG2/. Not every viewer supports CSS variables. */
static const char svg_style[] =
	"text{font:13px system-ui,sans-serif;fill:#59636e}.now,.name{font-weight:600;fill:#1f2328}"
	".now{font-size:20px}.name{font-size:15px}.key{font-weight:400}.now,.end{text-anchor:end}"
	".warns{fill:#9a6700}.crits{fill:#cf222e}.panel{fill:#fff;stroke:#d1d9e0}.grid{stroke:#d1d9e0}"
	".warn{stroke:#bf8700;stroke-dasharray:6 4}.crit{stroke:#cf222e;stroke-dasharray:6 4}"
	".line{fill:#0969da;fill-opacity:.13;stroke:#0969da;stroke-width:1.5;stroke-linejoin:round}.layer{stroke:#fff}"
	".us{fill:#0969da}.sy{fill:#bf3989}.wa{fill:#6e7781}.st{fill:#8250df}.gu{fill:#1a7f37}\n"
	"@media(prefers-color-scheme:dark){text{fill:#9198a1}.now,.name{fill:#f0f6fc}"
	".warns{fill:#d29922}.crits{fill:#f85149}.panel{fill:#0d1117;stroke:#30363d}.grid{stroke:#30363d}"
	".warn{stroke:#d29922}.crit{stroke:#f85149}.line{fill:#58a6ff;stroke:#58a6ff}.layer{stroke:#0d1117}"
	".us{fill:#58a6ff}.sy{fill:#f778ba}.wa{fill:#8b949e}.st{fill:#a371f7}.gu{fill:#3fb950}}\n";

/* A panel, in pixels from its corner. */
#define PAGE_WIDTH 400u
#define SVG_WIDTH 800u /* of --svg, with the time axes aligned */
#define PANEL_HEIGHT 196u
#define PANEL_EDGE 14u
#define PLOT_LEFT 56u
#define PLOT_TOP 64u
#define PLOT_HEIGHT 104u
#define PLOT_BOTTOM (PLOT_TOP + PLOT_HEIGHT)
#define LABEL_HEIGHT 14u
#define LEVEL_WIDTH 78u /* of the margin for the names of levels */
_Static_assert(MAX(MAX_HISTORY, MAX_LAYERS * MAX_PAGE_REPORTS) * sizeof "L783.9 161.5" + 2048 <= OUT_BYTES,
	       "a panel must fit in OUT_BYTES");

static void svg_text(struct sink *o, const char *class, unsigned x, unsigned y)
{
	out(o, "<text class=\"%s\" x=\"%u\" y=\"%u\">", class, x, y);
}

/* A value after a word, which may be empty. */
static void svg_value(struct sink *o, const char *class, unsigned x, unsigned y, const char *word,
		      const struct column *c, uint64_t v)
{
	svg_text(o, class, x, y);
	out_str(o, word);
	out_short(o, c, v);
	out_str(o, "</text>\n");
}

static void svg_line(struct sink *o, const char *class, unsigned right, unsigned y)
{
	out(o, "<line class=\"%s\" x1=\"%u\" x2=\"%u\" y1=\"%u\" y2=\"%u\"/>\n", class, PLOT_LEFT, right, y, y);
}

/* The y coordinate of a value, in tenths of a pixel. */
static uint64_t svg_y(const struct graph *g, uint64_t v)
{
	return PLOT_BOTTOM * 10 - mul_div(least_of(v, g->top), PLOT_HEIGHT * 10, g->top);
}

/* The sum of the lowest layers as an area by wall time, with gaps for unavailable values
 * and missing reports. */
static void svg_area(struct sink *o, const struct graph *g, unsigned right, unsigned layers)
{
	const struct history *h = g->history;
	uint64_t span = h->sample[h->count - 1].wall_ns - h->begin_ns, width = (right - PLOT_LEFT) * 10, v, x;
	bool open = false;
	unsigned i;

	out(o, "<path class=\"%s%s\" d=\"", g->layers > 1 ? "layer " : "line",
	    g->layers > 1 ? layer_key(g, layers - 1) : "");
	for (i = 0; i < h->count; i++) {
		v = graph_value(g, i, layers);
		if (open && (v == UNAVAILABLE || h->sample[i].gap)) {
			out(o, "V%u", PLOT_BOTTOM);
			open = false;
		}
		if (v == UNAVAILABLE)
			continue;
		x = span ? mul_div(h->sample[i].wall_ns - h->begin_ns, width, span) : width;
		out_char(o, open ? 'L' : 'M');
		out_milli(o, (PLOT_LEFT * 10 + x) * 100);
		if (open)
			out_char(o, ' ');
		else
			out(o, " %uV", PLOT_BOTTOM);
		out_milli(o, svg_y(g, v) * 100);
		open = true;
	}
	if (open)
		out(o, "V%u", PLOT_BOTTOM);
	out_str(o, "\"/>\n");
}

/* The warning and critical levels: lines, and names beside them that do not overlap. */
static void svg_levels(struct sink *o, const struct graph *g, unsigned right)
{
	unsigned crit = (unsigned)(svg_y(g, g->crit) / 10), warn = (unsigned)(svg_y(g, g->warn) / 10);

	svg_line(o, "crit", right, crit);
	if (g->warn < g->crit) {
		svg_line(o, "warn", right, warn);
		crit = (unsigned)least_of(crit, PLOT_BOTTOM - LABEL_HEIGHT);
		warn = MAX(warn, crit + LABEL_HEIGHT);
		svg_value(o, "warns", right + 6, warn + 4, "warn ", g->column, g->warn);
	}
	svg_value(o, "crits", right + 6, crit + 4, "crit ", g->column, g->crit);
}

/* Values, scale, levels, time. */
static void svg_plot(struct sink *o, const struct graph *g, unsigned width)
{
	const struct history *h = g->history;
	bool leveled = g->crit <= g->top;
	unsigned right = width - PANEL_EDGE - (leveled || width == SVG_WIDTH ? LEVEL_WIDTH : 0), i, y;

	for (i = g->layers; i > 0; i--)
		svg_area(o, g, right, i);
	for (i = 0; i <= g->parts; i++) {
		y = PLOT_TOP + PLOT_HEIGHT * i / g->parts;
		svg_line(o, "grid", right, y);
		svg_value(o, "end", PLOT_LEFT - 6, y + 4, "", g->column, mul_div(g->top, g->parts - i, g->parts));
	}
	if (leveled)
		svg_levels(o, g, right);
	svg_text(o, "time", PANEL_EDGE, PLOT_BOTTOM + 18);
	out_date(o, h->begin_ns / NS_PER_S, ' ');
	out_str(o, "</text>\n");
	svg_text(o, "end", width - PANEL_EDGE, PLOT_BOTTOM + 18);
	out_date(o, h->sample[h->count - 1].wall_ns / NS_PER_S, ' ');
	out_str(o, " UTC</text>\n");
}

/* "us 12%": the last value of a layer. */
static void out_layer(struct sink *o, const struct graph *g, unsigned layer)
{
	const struct history *h = g->history;

	out(o, "%s ", layer_key(g, layer));
	out_short(o, g->column, h->sample[h->count - 1].value[g->series[layer]]);
}

/* The line below the title: the colour and last value of each layer, or else the meaning
 * of the number, its average and its maximum. */
static void svg_legend(struct sink *o, const struct graph *g, unsigned width)
{
	unsigned i;

	svg_text(o, "words", PANEL_EDGE, 46);
	for (i = 0; g->layers > 1 && i < g->layers; i++) {
		out(o, "<tspan class=\"%s\">\xe2\x96\xa0</tspan> ", layer_key(g, i)); /* U+25A0, a square */
		out_layer(o, g, i);
		out_char(o, ' ');
	}
	out(o, "%s</text>\n", g->panel.words);
	if (g->layers > 1)
		return;
	svg_text(o, "end", width - PANEL_EDGE, 46);
	out_str(o, "avg ");
	out_short(o, g->column, g->avg);
	out_str(o, ", max ");
	out_short(o, g->column, g->max);
	out_str(o, "</text>\n");
}

/* A panel: title, last value, legend and plot, with a label for screen readers. */
static void svg_panel(struct sink *o, const struct graph *g, unsigned width, unsigned y)
{
	static const char *const classes[] = { "now", "now warns", "now crits" };
	unsigned level = panel_level(&g->panel, g->history), i;

	out(o, "<svg y=\"%u\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"%s%s%s:",
	    y, width,
	    PANEL_HEIGHT, width, PANEL_HEIGHT, g->panel.title, level ? ", " : "", level ? level_words[level] : "");
	out_figures(o, g);
	for (i = 0; g->layers > 1 && i < g->layers; i++) {
		out_str(o, i ? ", " : ": ");
		out_layer(o, g, i);
	}
	out(o, "\">\n<rect class=\"panel\" x=\"0.5\" y=\"0.5\" width=\"%u\" height=\"%u\" rx=\"8\"/>\n", width - 1,
	    PANEL_HEIGHT - 1);
	svg_text(o, "name", PANEL_EDGE, 26);
	out_str(o, g->panel.title);
	if (!g->panel.metric[1] && g->panel.title != g->column->key && is_visible(g->panel.metric[0]))
		out(o, " <tspan class=\"key\">%s</tspan>", g->column->key);
	out_str(o, "</text>\n");
	svg_value(o, classes[level], width - PANEL_EDGE, 28, "", g->column, g->now);
	svg_legend(o, g, width);
	if (has_values(g)) {
		svg_plot(o, g, width);
	} else {
		svg_text(o, "none", PLOT_LEFT, PLOT_TOP + PLOT_HEIGHT / 2);
		out_str(o, "unavailable</text>\n");
	}
	out_str(o, "</svg>\n");
}

/* --svg: one panel per metric, one below the other. */
static void svg_graphs(struct sink *o, const struct history *h)
{
	const unsigned pitch = PANEL_HEIGHT + 10;
	unsigned i;

	out(o, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\">\n<title>vmstat</title>\n<style>\n"
	    ":root{color-scheme:light dark}\n%s</style>\n", SVG_WIDTH, h->series * pitch - 10, svg_style);
	for (i = 0; i < h->series; i++) {
		struct graph g = make_graph(h, panel_of(h->metric[i]));

		write_out(o);
		svg_panel(o, &g, SVG_WIDTH, i * pitch);
	}
	out_str(o, "</svg>\n");
}

/* --graph: keeps the selected metrics that are numbers in the history. */
static bool list_graph(struct listing *l)
{
	unsigned i, numbers = 0;

	if (!list_metrics(l, false))
		return false;
	for (i = 0; i < l->columns; i++)
		if (l->column[i]->id < ID_INTERVAL && l->column[i]->unit > UNIT_WHOLE) {
			history_keep(&history, l->column[i]->id);
			numbers++;
		}
	if (numbers > history.series)
		warn(0, "--graph: more than %u metrics: the rest is left out", MAX_SERIES);
	history.most = MAX_HISTORY;
	return true;
}

/* Why none of the metrics can be drawn, or NULL. plan: of the scope; NULL: of a replay. */
static const char *graph_missing(const struct plan *plan)
{
	unsigned i = 0;

	while (plan && i < history.series && !plan->place[history.metric[i]])
		i++;
	return !history.series ? "text, which cannot be drawn" : i == history.series ? "unavailable here" : NULL;
}

/* Adds a report to the history; on a terminal the graphs are redrawn. */
static void show_graph(struct listing *l, const struct comparison *c)
{
	history.whole = opt->replay || !screen.tty || opt->format;
	history_add(&history, c->report);
	if (history.whole)
		return;
	out_str(&stdout_sink, history.count == 1 ? "\033[H\033[2J" : "\033[H");
	text_graphs(&stdout_sink, &history);
	write_out(&stdout_sink);
}

/* Prints the final graphs, or SVG. Live graphs need only a newline. */
static int finish_graph(struct listing *l)
{
	struct sink *o = &stdout_sink;

	if (!history.count)
		return 0;
	if (opt->format == O_SVG)
		svg_graphs(o, &history);
	else if (history.whole)
		text_graphs(o, &history);
	else
		out_char(o, '\n');
	write_out(o);
	return 0;
}

/* [METRIC,...] */
static bool parse_graph(const char *value)
{
	given.view = O_GRAPH;
	given.columns = *value ? value : "cs";
	return true;
}

/* ------------------------------------------------------------- PROMETHEUS
 *
 * /metrics and --prometheus, in the text format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/. The text is
 * printed in chunks of any size, so that neither a slow reader nor hundreds of
 * cgroups take memory. Unknown values have no sample. */

/* The last scrape, unchanged while it is being printed. */
LARGE struct scrape {
	const struct snapshot *snapshot; /* NULL: none yet */
	uint64_t end_ns, took_ns;        /* CLOCK_BOOTTIME at its end; its duration */
	uint64_t value[LENGTH(metrics)]; /* of the scope, in the unit of export_places() */
	struct scraped_child {
		uint64_t inode;    /* of the child in the slot */
		uint64_t start_ns; /* of its oldest process, since boot */
		uint64_t below_ns; /* of the oldest in cgroups below it */
		struct kubelet kubelet;
		uint64_t value[CHILD_EXPORTS]; /* of the metrics exported for children */
	} child[WITH_CGROUP ? MAX_CHILDREN : 1]; /* by their slots */
	uint16_t walked[WALK_DEPTH + 1]; /* the slot read last at each depth, plus one */
} scrape;

/* The position in a text being printed. */
struct progress {
	unsigned row, item;
	unsigned child_row; /* rows of children before this one */
	const char *titled; /* the family whose HELP and TYPE were printed last; NULL: none */
	uint8_t panels, order[LENGTH(panels)]; /* of the page */
};

/* The rows of the text: metrics[] for a host, metrics[] for cgroups, disk_fields[]. */
enum {
	CGROUP_ROWS = LENGTH(metrics),
	DISK_ROWS = 2 * LENGTH(metrics),
	ROWS = DISK_ROWS + D_COUNT,
};

/* The longest sample with its title: each byte of a path as \\xHH. */
#define SAMPLE_BYTES (5 * PATH_BYTES + 1024)
_Static_assert(OUT_BYTES > SAMPLE_BYTES + 2048, "a sample must fit in OUT_BYTES");

static bool is_exported(enum metric_id m, unsigned scopes)
{
	return metrics[m].export && metrics[m].export->scopes & scopes;
}

/* The decimal places of a value: counters are whole numbers or microseconds; gauges are
 * in the units of reports, with percentages as ratios. */
static uint8_t export_places(enum metric_id m)
{
	const struct metric *row = &metrics[m];

	if (row->export->type == TYPE_COUNTER)
		return row->kind == KIND_TIME || row->kind == KIND_SHARE ? 6 : 0;
	if (row->column.unit == UNIT_PERCENT)
		return 5; /* as a ratio */
	return row->column.unit == UNIT_DECIMALS ? 6 : 3;
}

static uint64_t export_value(const struct comparison *c, enum metric_id m)
{
	return metrics[m].export->type == TYPE_COUNTER ? counter_total(c->now, 0, m) : c->report->value[m];
}

/* Computes the values exported for the scope. More ticks than the CPUs have had are
 * UNAVAILABLE, as in reports. Ticks in /proc/stat may step back: idle and iowait a little on
 * each CPU, steal after a migration. They are held at the old value, as Prometheus would
 * assume a restart. If idle lost more, the counters have begun anew. */
static void scrape_scope(const struct comparison *c)
{
	uint64_t cpus = c->now->level[0][M_cpus_online];
	bool held = scrape.snapshot && !is_idle_anew(scrape.value[M_cpu_idle], export_value(c, M_cpu_idle),
						     cpus == UNAVAILABLE ? 1 : cpus);

	for (each_metric(m)) {
		uint64_t v = is_exported(m, ANY | SELF) ? export_value(c, m) : UNAVAILABLE;

		if (is_cpu_time(c->now->plan->place[m])) {
			if (is_false_time(c, v))
				v = UNAVAILABLE;
			if (held && scrape.value[m] != UNAVAILABLE && v < scrape.value[m])
				v = scrape.value[m];
		}
		scrape.value[m] = v;
	}
	scrape.snapshot = c->now;
}

/* The start of the oldest process of a child, in ns since boot; UNAVAILABLE: unknown, or
 * no process. */
static uint64_t child_start_ns(const char *rest)
{
	const struct hierarchy *h = scope.hierarchy;
	char dir[PATH_BYTES];
	int error = ENOENT, fd = -1;
	uint64_t pid, oldest = UNAVAILABLE;
	struct scanner s;
	struct text line;

	if (!opt->captured && join_n(dir, h->dir, h->length[0], rest, "") && !is_foreign_proc())
		fd = open_below(dir, strlen(dir), "cgroup.procs", "", &error);
	scan_start(&s, fd, error);
	while (scan_line(&s, &line))
		if (scan_number(&line, &pid) && pid && pid <= UINT32_MAX)
			oldest = least_of(oldest, task_start_ns((uint32_t)pid, &error));
	scan_close(&s);
	return error ? UNAVAILABLE : oldest;
}

/* ns since boot as seconds since 1970. */
static uint64_t wall_seconds(const struct snapshot *now, uint64_t ns)
{
	return ns && ns <= now->ns ? (now->wall_ns - (now->ns - ns)) / NS_PER_S : UNAVAILABLE;
}

/* In v2 inner cgroups have no processes: they are as old as the oldest cgroup below. Passes
 * the start of a child on to its ancestors, which were read earlier and export it from the
 * next scrape on. */
static void pass_start_up(unsigned slot)
{
	const char *path = children.names + children.child[slot].name, *p, *rest;
	uint64_t start_ns = scrape.child[slot].start_ns;
	unsigned depth = 0, above;

	for (p = path + 1; (p = strchr(p, '/')); p++) {
		above = scrape.walked[depth++];
		rest = above ? after(path, children.names + children.child[above - 1].name) : NULL;
		if (rest && *rest == '/' && scrape.child[above - 1].below_ns > start_ns)
			scrape.child[above - 1].below_ns = start_ns;
	}
	scrape.walked[depth] = (uint16_t)(slot + 1);
}

static void scrape_child(const struct child_walk *walk, struct child *child, struct snapshot *before,
			 struct snapshot *now, struct report *r)
{
	const struct comparison c = { before, now, r, true };
	unsigned slot = (unsigned)(child - children.child), i;
	struct scraped_child *s = &scrape.child[slot];
	uint64_t *v = s->value;
	char path[PATH_BYTES];

	if (s->inode != child->inode) {
		*s = (struct scraped_child){ .inode = child->inode, .start_ns = UNAVAILABLE, .below_ns = UNAVAILABLE };
		if (child_path(child, path))
			kubelet_parts(path, &s->kubelet);
	}
	if (s->start_ns == UNAVAILABLE)
		s->start_ns = child_start_ns(children.names + child->name);
	if (s->start_ns == UNAVAILABLE)
		s->start_ns = s->below_ns;
	s->below_ns = UNAVAILABLE;
	pass_start_up(slot);
	now->level[0][M_start_time] = wall_seconds(now, s->start_ns);
	before->ns = now->ns;
	report_make(&c);
	for (i = 1; i < LENGTH(metrics); i++)
		if (is_exported(i, CGROUP))
			*v++ = export_value(&c, i);
}

static void out_label(struct sink *o, char *separator, const char *name, const char *p)
{
	out_char(o, *separator);
	*separator = ',';
	out_str(o, name);
	out_char(o, '=');
	out_escaped(o, ESCAPE_LABEL, p);
}

/* The name, type and labels shared by the samples of a row. */
struct family {
	const char *prefix, *name, *help, *label;
	uint8_t type, places;
};

static struct family family_of(unsigned row)
{
	unsigned m = row % LENGTH(metrics), titled = m;
	const struct export *e = metrics[m].export;

	if (row >= DISK_ROWS) {
		const struct disk_field *d = &disk_fields[row - DISK_ROWS];

		return (struct family){ in_cgroup() ? "vmstat_cgroup_disk_" : "vmstat_disk_", d->name, d->help, "",
			d->type, d->unit == DISK_MS ? 3 : 0 };
	}
	while (!*metrics[titled].help) /* of the rows of a family the first has it */
		titled--;
	return (struct family){ row < CGROUP_ROWS ? "vmstat_" : "vmstat_cgroup_", e->name, metrics[titled].help,
		e->label, e->type, export_places(m) };
}

/* HELP and TYPE. The catalogue's help text is made a sentence. */
static void out_title(struct sink *o, const struct family *f)
{
	const char *help = f->help;

	out(o, "# HELP %s%s ", f->prefix, f->name);
	out_char(o, *help >= 'a' && *help <= 'z' ? (char)(*help - 'a' + 'A') : *help);
	out(o, "%s%s\n# TYPE %s%s %s\n", help + 1, help[strlen(help) - 1] == '.' ? "" : ".", f->prefix, f->name,
	    f->type == TYPE_COUNTER ? "counter" : "gauge");
}

/* A sample, after HELP and TYPE if it is the first of its family: rows with different labels
 * share them. `path` of a cgroup and `disk`, a disk's name, may be NULL. */
static void out_sample(struct sink *o, struct progress *at, const struct family *f, const char *path,
		       const struct kubelet *k, const char *disk, uint64_t v)
{
	char separator = '{';

	if (v == UNAVAILABLE)
		return;
	if (!at->titled || strcmp(at->titled, f->name))
		out_title(o, f);
	at->titled = f->name;
	out_str(o, f->prefix);
	out_str(o, f->name);
	if (path)
		out_label(o, &separator, "cgroup", path);
	if (path && *k->pod)
		out_label(o, &separator, "pod_uid", k->pod);
	if (path && *k->container)
		out_label(o, &separator, "container_id", k->container);
	if (disk)
		out_label(o, &separator, "device", disk);
	if (*f->label) {
		out_char(o, separator);
		out_str(o, f->label);
		separator = ',';
	}
	out_str(o, separator == ',' ? "} " : " ");
	out_decimal(o, v, f->places);
	out_char(o, '\n');
}

/* The sample of the cgroup in scope, or of a level above it with a quota. */
static void out_own(struct sink *o, struct progress *at, const struct family *f, unsigned l)
{
	unsigned row = at->row - CGROUP_ROWS;
	const struct snapshot *now = scrape.snapshot;
	const struct place *p = now->plan->place[row];
	uint64_t v = scrape.value[row];
	const char *path = scope.name;
	char level[PATH_BYTES];
	struct kubelet k;

	if (l) {
		if (!p || p->trait != TRAIT_LEVELS || metrics[row].export->type != TYPE_COUNTER)
			return;
		level_name(DIR_CPU, l, level);
		path = level;
		v = counter_total(now, l, row);
	}
	kubelet_parts(path, &k);
	if (*path)
		out_sample(o, at, f, path, &k, NULL, v);
}

static void out_child(struct sink *o, struct progress *at, const struct family *f, unsigned slot)
{
	const struct scraped_child *s = &scrape.child[slot];
	char path[PATH_BYTES];

	if (s->inode && s->inode == children.child[slot].inode && child_path(&children.child[slot], path))
		out_sample(o, at, f, path, &s->kubelet, NULL, s->value[at->child_row]);
}

#define RAM_MAJOR 1 /* admin-guide/devices.txt: devices that exist even if unused */
#define LOOP_MAJOR 7

static void out_disk(struct sink *o, struct progress *at, const struct family *f)
{
	const struct device *d = &scrape.snapshot->devices->device[at->item];
	unsigned field = at->row - DISK_ROWS;
	uint64_t v = d->value[field], major = d->number >> 20;
	bool spare = (major == RAM_MAJOR || major == LOOP_MAJOR) && !has_worked(d);
	struct kubelet k;

	if (!d->disks || d->number == OTHER_DEVICES || spare || v == UNAVAILABLE) /* others vary */
		return;
	kubelet_parts(scope.name, &k);
	out_sample(o, at, f, in_cgroup() ? scope.name : NULL, &k, d->name,
		   disk_fields[field].unit == DISK_SECTORS ? times(v, SECTOR_BYTES) : v);
}

/* vmstat's own process; not in a file for node_exporter, which has its own metrics. */
static struct self {
	int statm;         /* /proc/self/statm: descriptor plus one; 0: missing */
	uint64_t start_ms; /* since 1970 */
} self;

static uint64_t resident_bytes(void)
{
	uint64_t size, pages = UNAVAILABLE;
	struct scanner s;
	struct text line;

	scan_start(&s, self.statm - 1, ENOENT);
	if (!scan_line(&s, &line) || !scan_number(&line, &size) || !scan_number(&line, &pages))
		return UNAVAILABLE;
	return in_base_units(pages, RAW_PAGES);
}

/* The metrics outside the catalogue. */
static void out_rest(struct sink *o, struct progress *at)
{
	static const struct family families[] = {
		{ "vmstat_", "disks_left_out", "Block devices that found no room in the table.", "", TYPE_GAUGE, 0 },
		{ "vmstat_", "cgroups_left_out", "Cgroups that found no room in the table.", "", TYPE_GAUGE, 0 },
		{ "vmstat_", "cgroups_hidden", "1 where some cgroups are too deep or cannot be read.", "",
		  TYPE_GAUGE, 0 },
		{ "vmstat_", "build_info", "The program itself.", "version=\"" VERSION "\"", TYPE_GAUGE, 0 },
		{ "vmstat_", "scrape_duration_seconds", "Time that it took to read these numbers.", "", TYPE_GAUGE, 6 },
		{ "process_", "cpu_seconds_total", "CPU time that vmstat itself has used.", "", TYPE_COUNTER, 6 },
		{ "process_", "resident_memory_bytes", "Memory that vmstat itself holds.", "", TYPE_GAUGE, 0 },
		{ "process_", "start_time_seconds", "When vmstat was started, since 1970.", "", TYPE_GAUGE, 3 },
	};
	bool with_children = WITH_CGROUP && opt->view == O_CGROUPS;
	const uint64_t values[LENGTH(families)] = {
		disks_left_out(scrape.snapshot->devices), with_children ? children.more : UNAVAILABLE,
		with_children ? children.hidden : UNAVAILABLE, 1, scrape.took_ns / 1000,
		clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000, resident_bytes(), self.start_ms,
	};
	unsigned i;

	for (i = 0; i < LENGTH(families); i++)
		if (opt->listen || *families[i].prefix == 'v')
			out_sample(o, at, &families[i], NULL, NULL, NULL, values[i]);
}

/* The most samples of a row. In rows of cgroups the scope and the levels above it come
 * first, then the cgroups below. */
static unsigned row_items(unsigned row, unsigned levels)
{
	unsigned m = row % LENGTH(metrics);

	if (row >= DISK_ROWS)
		return scrape.snapshot->devices->count;
	if (row < CGROUP_ROWS)
		return !levels && is_exported(m, HOST);
	return (is_exported(m, SELF | CGROUP) ? levels : 0) + (is_exported(m, CGROUP) ? children.slots : 0);
}

/* Prints as many samples as fit; false after the last. */
static bool out_exposition(struct sink *o, struct progress *at)
{
	unsigned levels = !in_cgroup() ? 0 : hierarchies[DIR_CPU].levels ? hierarchies[DIR_CPU].levels : 1;

	for (; at->row < ROWS; at->row++, at->item = 0) {
		unsigned items = row_items(at->row, levels);
		struct family f;

		if (!items)
			continue;
		f = family_of(at->row);
		for (; at->item < items; at->item++) {
			if (o->size - o->n < SAMPLE_BYTES)
				return true;
			if (at->row >= DISK_ROWS)
				out_disk(o, at, &f);
			else if (at->row < CGROUP_ROWS)
				out_sample(o, at, &f, NULL, NULL, NULL, scrape.value[at->row]);
			else if (at->item < levels)
				out_own(o, at, &f, at->item);
			else
				out_child(o, at, &f, at->item - levels);
		}
		if (at->row >= CGROUP_ROWS && at->row < DISK_ROWS)
			at->child_row += is_exported(at->row - CGROUP_ROWS, CGROUP);
	}
	if (o->size - o->n < SAMPLE_BYTES)
		return true;
	out_rest(o, at);
	return false;
}

/* The snapshots shared by all requests and reports. */
static struct exporter {
	struct snapshot *latest;   /* NULL: none yet */
	struct snapshot *reported; /* at the end of the last report */
	uint64_t taken_ns;         /* CLOCK_BOOTTIME of the latest */
	uint64_t start_ns;         /* start of the cgroup's oldest task; 0, UNAVAILABLE: not known yet */
} exporter;

/* Takes a snapshot, in the first of four that is neither the latest nor that of the last
 * report nor that of the last scrape, which may still be printed. */
static struct snapshot *exporter_snapshot(void)
{
	const struct snapshot *before = exporter.latest ? exporter.latest : &no_snapshot;
	struct snapshot *now = snapshots;
	const struct needs needs = { .devices = true, .states = in_cgroup() };

	while (now == exporter.latest || now == exporter.reported || now == scrape.snapshot)
		now++;
	exporter.taken_ns = clock_ns(CLOCK_BOOTTIME);
	snapshot_take(&scope_plan, now, before, exporter.taken_ns, &needs);
	exporter.latest = now;
	if (!in_cgroup())
		return now;
	warn_if_moved();
	if ((!exporter.start_ns || exporter.start_ns > now->ns) && !opt->captured)
		exporter.start_ns = scope_start_ns(now);
	now->level[0][M_start_time] = wall_seconds(now, exporter.start_ns);
	now->level[0][M_parent_oom] = parent_kills();
	return now;
}

/* Returns why a snapshot has no numbers, or NULL. */
static const char *without_numbers(const struct snapshot *now)
{
	if (now->gone)
		return "the cgroup has ended";
	return has_numbers(now, SRC_NONE) ? NULL : "no numbers can be read: is /proc mounted?";
}

/* A scrape is reused for as long as it took to make, so that many requests at a time cost
 * no more than half a CPU. */
static bool is_scrape_due(uint64_t now_ns)
{
	return !scrape.snapshot || now_ns >= scrape.end_ns + scrape.took_ns;
}

/* Makes a scrape, unless the last one is recent. Returns an error text, or NULL. */
static const char *scrape_all(uint64_t now_ns)
{
	LARGE struct report report;
	struct comparison c = { exporter.latest ? exporter.latest : &no_snapshot, NULL, &report, false };
	struct child_walk walk = { .plan = &children_plan, .use = scrape_child };
	const char *why;

	if (!is_scrape_due(now_ns))
		return NULL;
	c.now = walk.scope_now = exporter_snapshot();
	why = without_numbers(c.now);
	if (why)
		return why;
	report.first = true;
	report_make(&c);
	scrape_scope(&c);
	memset(scrape.walked, 0, sizeof scrape.walked);
	if (WITH_CGROUP && opt->view == O_CGROUPS)
		read_children(&walk);
	scrape.end_ns = clock_ns(CLOCK_BOOTTIME);
	scrape.took_ns = scrape.end_ns - exporter.taken_ns;
	return NULL;
}

/* Can a line be read from this file of /proc? */
static bool has_line(const char *name)
{
	struct scanner s;
	struct text line;

	return first_line(&s, name, "", &line);
}

/* Checks that the scope can still be read. Returns an error text, or NULL. */
static const char *check_health(uint64_t now_ns)
{
	if (in_cgroup())
		return cgroup_is_gone() ? "the cgroup has ended" : NULL;
	return has_line("stat") ? NULL : "/proc cannot be read";
}

static bool print_health(struct sink *o, struct progress *at)
{
	out_str(o, "ok\n");
	return false;
}

/* Selects the metrics exported for these scopes. */
static void plan_select_exports(struct plan *plan, unsigned scopes)
{
	for (each_metric(m))
		if (is_exported(m, scopes))
			plan_select(plan, m);
}

/* ------------------------------------------------------------------- PAGE
 *
 * --listen: the dashboard at /, one page without scripts that the browser
 * reloads every few seconds. Its panels are those of --svg. */

LARGE struct page {
	struct report report; /* the last */
	uint64_t reports;
	char host[65];        /* the machine's name */
	struct listing children;
	struct comparison last; /* from which the report was made */
	uint64_t tick_ns;     /* due time of the last report */
	uint64_t looked_ns;   /* last request for the page; 0: never */
} page;

#define PAGE_REFRESH "5" /* seconds */

static const char page_style[] =
	":root{color-scheme:light dark;--back:#f6f8fa;--card:#fff;--edge:#d1d9e0;--text:#1f2328;--soft:#59636e;"
	"--link:#0969da;--ok:#1a7f37;--warning:#9a6700;--critical:#cf222e}\n"
	"@media(prefers-color-scheme:dark){:root{--back:#010409;--card:#0d1117;--edge:#30363d;--text:#f0f6fc;"
	"--soft:#9198a1;--link:#58a6ff;--ok:#3fb950;--warning:#d29922;--critical:#f85149}}\n"
	"*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);"
	"font:15px/1.45 system-ui,sans-serif}"
	"header,main,footer{max-width:1280px;margin:auto;padding:12px 16px}"
	"header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 12px}"
	"h1{font-size:20px;margin:0}h2{font-size:15px;margin:0}p{margin:0}"
	".soft,footer{color:var(--soft);font-size:13px;overflow-wrap:anywhere}a{color:var(--link)}"
	".state{font-weight:600;color:var(--card);background:var(--ok);border-radius:12px;padding:1px 12px}"
	".state.warning{background:var(--warning)}.state.critical{background:var(--critical)}"
	".card{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:10px 16px}"
	".alerts{margin:0 0 16px;list-style:none}"
	".alerts .warning{color:var(--warning)}.alerts .critical{color:var(--critical);font-weight:600}"
	".panels{display:grid;gap:16px;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr))}"
	"svg{display:block;width:100%;height:auto}"
	".wide{overflow-x:auto;margin-top:16px}table{border-collapse:collapse;width:100%;font-size:13px;"
	"font-variant-numeric:tabular-nums}th,td{padding:4px 8px;text-align:right;border-top:1px solid var(--edge);"
	"white-space:nowrap}thead th{border:0;color:var(--soft);font-weight:400}th:first-child{text-align:left}"
	"tbody th{font-weight:400;white-space:normal;overflow-wrap:anywhere;min-width:9em}\n";

/* The alerts of the last report in words, the critical ones first. */
static void page_alerts(struct sink *o, const struct report *r)
{
	char buffer[MESSAGE_BYTES];
	unsigned level;

	out_str(o, "<ul class=\"card alerts\">\n");
	for (level = CRITICAL; WITH_ALERTS && level > CALM; level--)
		for (each_rule(a)) {
			if (r->level[a] != level)
				continue;
			out(o, "<li class=\"%s\">", level_words[level]);
			out_escaped(o, ESCAPE_HTML, alert_message(buffer, r, a));
			out_str(o, "</li>\n");
		}
	if (!r->worst)
		out_str(o, page.reports > 1 ? "<li>Nothing is wrong.</li>\n" : "<li>No numbers yet.</li>\n");
	out_str(o, "</ul>\n");
}

/* The part above the panels: host or cgroup, memory and CPUs, alerts. */
static void page_head(struct sink *o)
{
	const struct report *r = &page.report;
	const char *level = level_words[r->worst];
	uint64_t memory = r->value[in_cgroup() ? M_mem_limit : M_mem_total];
	uint64_t cpus = in_cgroup() ? divided(r->value[M_cpu_limit], 1000) : r->value[M_cpus_online];

	out_str(o, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<link rel=\"icon\" href=\"data:,\">\n<title>");
	out_escaped(o, ESCAPE_HTML, page.host);
	out(o, ": %s - vmstat</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<header>\n<h1>", level, page_style,
	    svg_style);
	out_escaped(o, ESCAPE_HTML, page.host);
	out(o, "</h1>\n<p class=\"state %s\">%s</p>\n<p class=\"soft\">%s", level, level,
	    in_cgroup() ? "cgroup " : "host");
	out_escaped(o, ESCAPE_HTML, in_cgroup() ? scope.name : "");
	if (memory != UNAVAILABLE) {
		out_str(o, ", ");
		out_human(o, memory);
		out_str(o, in_cgroup() ? " memory limit" : " memory");
	}
	if (cpus != UNAVAILABLE) {
		out_str(o, ", ");
		out_milli(o, cpus);
		out_str(o, " CPUs");
	}
	out_str(o, "</p>\n</header>\n<main>\n");
	page_alerts(o, r);
	out_str(o, "<div class=\"panels\">\n");
}

static bool is_of_scope(const struct panel *p)
{
	return p->scopes & (in_cgroup() ? CGROUP : HOST);
}

/* Selects the metrics of the panels, and keeps them in the history. */
static void plan_panels(struct plan *plan)
{
	const struct panel *p;
	unsigned k;

	for (p = panels; p < panels + LENGTH(panels); p++)
		for (k = 0; k < MAX_LAYERS && is_of_scope(p) && p->metric[k]; k++) {
			plan_select(plan, p->metric[k]);
			history_keep(&history, p->metric[k]);
		}
}

/* Chooses the panels of a response: those with values, alerting ones first. */
static void page_order(struct progress *at)
{
	unsigned level, i;

	for (level = CRITICAL + 1; level-- > CALM;)
		for (i = 0; i < LENGTH(panels); i++) {
			struct graph g;

			if (!is_of_scope(&panels[i]) || panel_level(&panels[i], &history) != level)
				continue;
			g = make_graph(&history, panels[i]);
			if (has_values(&g))
				at->order[at->panels++] = (uint8_t)i;
		}
}

/* A row of the table of cgroups; row 0 contains the headings. */
static void page_child(struct sink *o, const struct listing *l, unsigned row)
{
	unsigned i, last = l->columns - 1;

	if (!row)
		out_str(o, "<section class=\"card wide\" tabindex=\"0\" aria-label=\"Cgroups below\">\n"
			"<h2>Cgroups below, worst first</h2>\n<table>\n<thead>\n");
	out_str(o, "<tr>");
	for (i = 0; i <= last; i++) {
		unsigned at = i ? i - 1 : last; /* the name comes first */
		const struct column *c = l->column[at];

		if (!shown_width(l, at))
			continue;
		out_str(o, i && row ? "<td>" : row ? "<th scope=\"row\">" : "<th scope=\"col\">");
		if (!row)
			out_escaped(o, ESCAPE_HTML, c->heading);
		else if (i)
			out_cell(o, c, cell_at(l, row - 1, c));
		else
			out_escaped(o, ESCAPE_HTML, cell_at(l, row - 1, c).text);
		out_str(o, i && row ? "</td>" : "</th>");
	}
	out_str(o, row ? "</tr>\n" : "</tr>\n</thead>\n<tbody>\n");
}

/* The time between two reports of the page. */
static uint64_t page_step_ns(void)
{
	return opt->delay_ns ? opt->delay_ns : PAGE_TICK * (uint64_t)NS_PER_S;
}

/* Prints the head, a panel, or rows of the table and the end; false after the last. */
static bool page_piece(struct sink *o, struct progress *at)
{
	const struct listing *l = &page.children;
	unsigned row = at->row++, rows = l->columns && l->rows ? l->rows + 1 : 0;

	if (row == 0) {
		page_head(o);
		page_order(at);
		return true;
	}
	if (row <= at->panels) {
		struct graph g = make_graph(&history, panels[at->order[row - 1]]);

		svg_panel(o, &g, PAGE_WIDTH, 0);
		return true;
	}
	row -= at->panels + 1;
	if (row == 0)
		out_str(o, "</div>\n");
	for (; row < rows; row++) {
		if (o->size - o->n < SAMPLE_BYTES) {
			at->row = at->panels + 1 + row;
			return true;
		}
		page_child(o, l, row);
	}
	out_str(o, rows ? "</tbody>\n</table>\n</section>\n" : "");
	out(o, "</main>\n<footer>vmstat " VERSION ", the last %ju minutes, "
	    "refreshed every " PAGE_REFRESH " seconds &middot; "
	    "<a href=\"/metrics\">metrics</a> &middot; <a href=\"/healthz\">health</a>"
	    "</footer>\n</body>\n</html>\n", (history.most * page_step_ns() / NS_PER_S + 30) / 60);
	return false;
}

/* Compares the cgroups below with their state at the last request for the page. */
static void page_children(const struct snapshot *now)
{
	if (!WITH_CGROUP || opt->view != O_CGROUPS ||
	    (children.compared_ns && now->ns - children.compared_ns < NS_PER_S))
		return;
	compare_children(&children_plan, now);
	if (!page.children.columns)
		list_children(&page.children);
}

/* Makes a report for the page and --record. A snapshot at most recent_ns old is reused. The
 * first report, since boot, is not in the history. */
static void page_tick(uint64_t now_ns, uint64_t recent_ns)
{
	const struct snapshot *before = exporter.reported ? exporter.reported : &no_snapshot;
	struct snapshot *now = exporter.latest;

	if (!now || now == before || now_ns > exporter.taken_ns + recent_ns)
		now = exporter_snapshot();
	page.last = (struct comparison){ before, now, &page.report, false };
	if (without_numbers(now)) {
		memset(page.report.value, 0xff, sizeof page.report.value);
		page.report.wall_ns = now->wall_ns;
	} else {
		page.report.first = !page.reports;
		report_make(&page.last);
		exporter.reported = now;
	}
	if (WITH_ALERTS)
		alerts_judge(&page.report, 0);
	if (page.reports++) {
		history_add(&history, &page.report);
		return;
	}
	history.report = &page.report;
	history.most = (unsigned)least_of(PAGE_SECONDS * (uint64_t)NS_PER_S / page_step_ns(), MAX_PAGE_REPORTS);
	history.most += history.most < 2;
	history.span_ns = history.most * page_step_ns();
	gethostname(page.host, sizeof page.host - 1);
	page_children(now);
}

#define LOOKS_NS (60 * (uint64_t)NS_PER_S) /* from a request on, the page counts as open */

/* Makes a report for the page and --record, if one is due. Returns when the next is due. */
static uint64_t page_tick_if_due(uint64_t now_ns)
{
	bool looks = page.looked_ns && now_ns - page.looked_ns < LOOKS_NS;
	uint64_t step = opt->delay_ns ? opt->delay_ns : (looks ? PAGE_TICK : PAGE_IDLE_TICK) * (uint64_t)NS_PER_S;

	if (now_ns - page.tick_ns >= step) {
		page_tick(now_ns, opt->delay_ns ? 0 : step / 2);
		if (WITH_RECORD && opt->record)
			record(&recorder, &page.last, exporter.latest->gone);
		// NOLINTNEXTLINE(clang-analyzer-core.DivideZero): neither delay_ns nor a PAGE_ tick is 0
		page.tick_ns += (now_ns - page.tick_ns) / step * step;
	}
	return page.tick_ns + step;
}

/* The cgroups below, if listed, are read anew for each request. */
static bool page_reads(uint64_t now_ns)
{
	return page.children.columns > 0;
}

static const char *page_prepare(uint64_t now_ns)
{
	struct listing *l = &page.children;
	unsigned i;

	page.looked_ns = now_ns;
	page_tick_if_due(now_ns);
	if (exporter.latest && without_numbers(exporter.latest))
		return without_numbers(exporter.latest);
	if (l->columns) {
		page_children(exporter_snapshot());
		l->from = &page.last;
		fill_children(l);
	}
	for (i = 0; i < l->columns; i++) /* names, and numbers that some cgroup has */
		l->fit.hidden[i] = is_column_fed(l, l->column[i]) ? SHOWN : HIDDEN_UNFED;
	return NULL;
}

/* ----------------------------------------------------------------- SERVER
 *
 * --listen: HTTP/1.1 (RFC 9110, RFC 9112) in one thread, with a fixed number of
 * slots for connections. Each serves one request, GET or HEAD. A chunk of a response
 * is made once its socket has room, so that a connection stores only its request and
 * its progress. Then the sandbox: no_new_privs.rst, landlock.rst and seccomp_filter.rst
 * of Documentation/userspace-api, Linux 6.13. A layer that the kernel lacks is left out
 * with a warning. musl has no kernel headers: their definitions are repeated here. */

/* Selects the metrics exported, recorded, drawn on the page and judged there. The cgroups
 * of --cgroups have a plan of their own. */
static void plan_exports(void)
{
	struct plan *plan = &scope_plan;
	static const uint8_t more[] = { M_mem_level, M_cpu_level, M_cpu_limit, M_cpus_online, M_id, M_thr_pct };
	unsigned i;
	bool page_too = WITH_LISTEN && opt->listen;

	plan_places(plan, in_cgroup());
	plan_select_exports(plan, in_cgroup() ? SELF | CGROUP : HOST);
	for (i = 0; i < LENGTH(more); i++)
		plan_select(plan, more[i]);
	if (page_too) {
		plan_panels(plan);
		plan_rules(plan, true);
	}
	if (WITH_RECORD)
		plan_columns(plan, &recorder.listing);
	plan_keys(plan);
	if (!WITH_CGROUP || opt->view != O_CGROUPS)
		return;
	plan_places(&children_plan, true);
	if (page_too)
		plan_children(&children_plan, NULL);
	plan_select_exports(&children_plan, CGROUP);
	plan_keys(&children_plan);
}

/* --prometheus: prints /metrics of --listen without vmstat's own process. Returns an error
 * text, or NULL. */
static const char *run_prometheus(void)
{
	struct progress at = { 0 };
	const char *why;
	bool more;

	plan_exports();
	why = scrape_all(clock_ns(CLOCK_BOOTTIME));
	for (more = !why; more; write_out(&stdout_sink))
		more = out_exposition(&stdout_sink, &at);
	return why;
}

static struct server {
	int listener;          /* descriptor plus one; 0: closed, the server is ending */
	bool handed_over;      /* by systemd */
	bool loopback;         /* only this machine can connect */
	unsigned slots;        /* limited by the descriptors available */
	uint64_t accept_ns;    /* next try after accept() failed */
	uint64_t refused_ns;   /* start of a run of EPERM from accept(); 0: none */
	int accept_error;      /* the error last reported */
} server;

/* The endpoints. Each reads data that it and those after it print, and so waits until they
 * have printed it. */
static const struct endpoint {
	const char *path, *type, *headers;
	bool any_host;                           /* Host is not checked */
	bool (*reads)(uint64_t now_ns);          /* will prepare() read anew? NULL: no */
	const char *(*prepare)(uint64_t now_ns); /* the reason for a 503, or NULL */
	bool (*print)(struct sink *, struct progress *); /* the next chunk; false: the last */
} endpoints[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", "", false,
	  is_scrape_due, scrape_all, out_exposition },
	{ "/", "text/html; charset=utf-8",
	  "Refresh: " PAGE_REFRESH "\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
	  "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	  "Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n", false,
	  page_reads, page_prepare, page_piece },
	{ "/healthz", "text/plain; charset=utf-8", "", true, NULL, check_health, print_health },
	{ NULL }
};

#define DEADLINE_NS (10 * (uint64_t)NS_PER_S) /* from accept to the last byte */
#define TERM_NS (NS_PER_S / 10 * 9)           /* from a signal to the last byte */
#define SPARED_NS (NS_PER_S / 100)            /* without a request, until it can lose its slot */
#define STUCK_NS (NS_PER_S / 2)               /* without taking a chunk, likewise */
#define REFUSED_NS (10 * (uint64_t)NS_PER_S)  /* of EPERM alone, until the program ends */
#define BACKLOG 1024                          /* connections waiting to be accepted */
#define MAX_TARGET 2048                       /* bytes of a request's first line */

/* Lower states give way to a new connection first. */
enum connection_state {
	STATE_FREE,
	STATE_DRAINING, /* response sent, client not closed yet */
	STATE_READING,  /* request incomplete */
	STATE_SENDING,
	STATE_WAITING,  /* request complete: never gives way */
};

LARGE struct connection {
	int fd;
	uint8_t state;
	bool one_zero; /* HTTP/1.0: no chunks, ended by a close */
	bool head;     /* the request was HEAD */
	const struct endpoint *endpoint;
	struct progress at;
	uint64_t deadline_ns; /* CLOCK_BOOTTIME of its end in any state */
	uint64_t yields_ns;   /* from then on it can lose its slot */
	size_t n;
	char request[REQUEST_BYTES];
} connections[MAX_CONNECTIONS];

#define each_slot(c) struct connection *c = connections; c < connections + server.slots; c++

struct request {
	unsigned status; /* 0: not complete yet; 200, or an error */
	bool head, one_zero;
	struct text path, host; /* host: with its port; NULL: missing */
};

/* The next line of a request, without its CR LF; false: it is incomplete, and the last. */
static bool request_line(struct text *rest, struct text *line)
{
	if (!next_part(rest, '\n', line) || !rest->p)
		return false;
	line->end -= line->end > line->p && line->end[-1] == '\r';
	return true;
}

/* Does a line contain a control character, which HTTP forbids? */
static bool has_control(const struct text *line)
{
	const char *p;

	for (p = line->p; p < line->end; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return true;
	return false;
}

/* Parses "GET /metrics HTTP/1.1". Returns 200, or the status of an error. */
static unsigned parse_request_line(struct text line, struct request *r)
{
	struct text method, target, version = line;

	next_part(&version, ' ', &method);
	if (has_control(&line) || !next_part(&version, ' ', &target) || !version.p || method.p == method.end ||
	    version.end - version.p != 8 || !after(version.p, "HTTP/") || !is_digit(version.p[5]) ||
	    version.p[6] != '.' || !is_digit(version.p[7]))
		return 400;
	if (version.p[5] != '1')
		return 505;
	r->one_zero = version.p[7] == '0';
	r->head = is_text(&method, "HEAD");
	if (!r->head && !is_text(&method, "GET"))
		return 405;
	if (target.end - target.p > 7 && !strncasecmp(target.p, "http://", 7)) { /* as to proxies */
		const char *slash = target.p + 6;

		for (target.p += 7; target.p < target.end && *target.p != '/' && *target.p != '?'; target.p++)
			;
		r->host = (struct text){ slash + 1, target.p };
		if (target.p == target.end || *target.p == '?') /* short for http://host/ */
			target = (struct text){ slash, slash + 1 };
	}
	if (target.p == target.end || *target.p != '/')
		return 400;
	next_part(&target, '?', &r->path);
	return 200;
}

/* Parses "Name: value". A body is ignored: it is drained after the response. */
static unsigned parse_header(struct text line, struct request *r, unsigned *hosts)
{
	struct text name, value = line;
	uint64_t length;

	next_part(&value, ':', &name);
	if (has_control(&line) || !value.p || name.p == name.end || is_blank(*name.p) || is_blank(name.end[-1]))
		return 400;
	while (value.p < value.end && is_blank(*value.p))
		value.p++;
	while (value.end > value.p && is_blank(value.end[-1]))
		value.end--;
	if (name.end - name.p == 14 && !strncasecmp(name.p, "content-length", 14))
		return parse_digits(&value.p, &length) && value.p == value.end ? 200 : 400;
	if (name.end - name.p == 4 && !strncasecmp(name.p, "host", 4)) {
		++*hosts;
		if (!r->host.p) /* an absolute URI takes precedence */
			r->host = value;
	}
	return 200;
}

/* Parses a request in p[0..n). Pure: a fuzzer calls it, too. */
static void parse_request(const char *p, size_t n, struct request *r)
{
	struct text rest = { p, p + n }, line;
	unsigned hosts = 0;

	*r = (struct request){ 0 };
	do /* skip empty lines before a request */
		if (!request_line(&rest, &line)) {
			r->status = line.end - line.p > MAX_TARGET + 1 || n == REQUEST_BYTES ? 414 : 0;
			return;
		}
	while (line.p == line.end);
	r->status = (size_t)(line.end - line.p) > MAX_TARGET ? 414 : parse_request_line(line, r);
	while (r->status == 200) {
		if (!request_line(&rest, &line)) {
			r->status = n == REQUEST_BYTES ? 431 : 0;
			return;
		}
		if (line.p == line.end)
			break;
		r->status = parse_header(line, r, &hosts);
	}
	if (r->status == 200 && (r->one_zero ? hosts > 1 : hosts != 1))
		r->status = 400;
}

/* Is the host an IP address, localhost or a name below it, or this machine's name? In DNS
 * rebinding, a web page's own name resolves to 127.0.0.1, and Host contains that name. The
 * port, case and a trailing dot are ignored. */
static bool is_own_host(struct text host)
{
	struct in6_addr address;
	const char *p = host.end;
	char name[256];
	size_t n;
	bool v6;

	if (!host.p || host.p == host.end)
		return true;
	while (p > host.p && is_digit(p[-1]))
		p--;
	if (p > host.p && p[-1] == ':')
		host.end = p - 1;
	if (host.end > host.p && host.end[-1] == '.')
		host.end--;
	if (!copy_text(name, sizeof name, &host))
		return false;
	n = strlen(name);
	v6 = n && name[0] == '[' && name[n - 1] == ']';
	if (v6)
		name[n - 1] = '\0';
	return inet_pton(v6 ? AF_INET6 : AF_INET, name + v6, &address) == 1 || !strcasecmp(name, "localhost") ||
		(n > 10 && !strcasecmp(name + n - 10, ".localhost")) || !strcasecmp(name, page.host);
}

static const struct { uint16_t status; const char *reason; } statuses[] = {
	{ 200, "OK" }, { 400, "Bad Request" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" }, { 414, "URI Too Long" }, { 421, "Misdirected Request" },
	{ 431, "Request Header Fields Too Large" }, { 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

static void out_status(struct sink *o, unsigned status)
{
	unsigned i = 0;

	while (statuses[i].status != status)
		i++;
	out(o, "%u %s", status, statuses[i].reason);
}

/* The head of a response, without the length or coding of its body. */
static void out_head(struct sink *o, unsigned status, const char *type, const char *headers)
{
	out_str(o, "HTTP/1.1 ");
	out_status(o, status);
	out_str(o, "\r\nDate: ");
	out_http_date(o, clock_ns(CLOCK_REALTIME) / NS_PER_S);
	out(o, "\r\nContent-Type: %s\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
	    "%sConnection: close\r\n", type, headers);
}

/* Closes a connection. An incomplete response is reset, so that the client notices. */
static void connection_drop(struct connection *c)
{
	static const struct linger at_once = { 1, 0 };

	if (c->state == STATE_SENDING)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(c->fd);
	c->state = STATE_FREE;
}

/* Sends three parts; a connection that does not take them all at once is dropped. After the
 * last chunk further input is drained until the client closes its side: unread data would
 * make the kernel reset the connection. */
static void connection_send(struct connection *c, struct iovec part[3], bool last)
{
	const struct msghdr message = { .msg_iov = part, .msg_iovlen = 3 };
	size_t total = part[0].iov_len + part[1].iov_len + part[2].iov_len;

	if (sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)total) {
		c->state = STATE_SENDING;
		connection_drop(c);
	} else if (last) {
		shutdown(c->fd, SHUT_WR);
		c->state = STATE_DRAINING;
		c->yields_ns = c->n = 0;
	}
}

/* A short response: a status and a reason. */
static void respond_status(struct connection *c, unsigned status, const char *why)
{
	char buffer[1024], text[256];
	struct sink o = SINK(buffer), body = SINK(text);

	out_status(&body, status);
	out(&body, "%s%s", *why ? ": " : "", why);
	out_char(&body, '\n');
	out_head(&o, status, "text/plain; charset=utf-8", status == 405 ? "Allow: GET, HEAD\r\n" : "");
	out(&o, "Content-Length: %ju\r\n\r\n", (uint64_t)body.n);
	connection_send(c, (struct iovec[3]){ { buffer, o.n }, { text, c->head ? 0 : body.n } }, true);
}

/* Makes and sends the first or next chunk of a response; the socket has room for it. */
static void connection_continue(struct connection *c, bool first, uint64_t now_ns)
{
	char buffer[1024];
	struct sink head = SINK(buffer), body = SINK(stdout_buffer);
	const char *end = "";
	bool more;

	if (first) {
		out_head(&head, 200, c->endpoint->type, c->endpoint->headers);
		out_str(&head, c->one_zero ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
		c->state = STATE_SENDING;
		c->at = (struct progress){ 0 };
	}
	c->yields_ns = now_ns + STUCK_NS;
	if (c->head) {
		connection_send(c, (struct iovec[3]){ { buffer, head.n } }, true);
		return;
	}
	more = c->endpoint->print(&body, &c->at);
	if (!c->one_zero) {
		out_hex(&head, body.n, 4);
		out_str(&head, "\r\n");
		end = more ? "\r\n" : "\r\n0\r\n\r\n";
	}
	connection_send(c, (struct iovec[3]){ { buffer, head.n }, { body.text, body.n },
			{ (char *)(uintptr_t)end, strlen(end) } }, !more);
}

/* Parses the request; once complete it is refused, or waits for its response. */
static void connection_parse(struct connection *c)
{
	const struct endpoint *endpoint = endpoints;
	struct request r;

	parse_request(c->request, c->n, &r);
	c->head = r.head;
	c->one_zero = r.one_zero;
	while (r.status == 200 && endpoint->path && !is_text(&r.path, endpoint->path))
		endpoint++;
	if (r.status && r.status != 200) {
		respond_status(c, r.status, "");
	} else if (r.status && server.loopback && !endpoint->any_host && !is_own_host(r.host)) {
		respond_status(c, 421, "a loopback address is asked by IP address, as localhost or by the name "
			       "of this machine: in a proxy, set Host to localhost");
	} else if (r.status && !endpoint->path) {
		respond_status(c, 404, "try /metrics or /healthz");
	} else if (r.status) {
		c->endpoint = endpoint;
		c->state = STATE_WAITING;
		c->yields_ns = UINT64_MAX;
	}
}

static void connection_read(struct connection *c)
{
	ssize_t n = recv(c->fd, c->request + c->n, sizeof c->request - c->n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection_drop(c);
	} else if (c->state == STATE_READING) {
		c->n += (size_t)n;
		connection_parse(c);
	}
}

/* Does any connection still print data that an endpoint is about to read anew? Drops those
 * that have not taken a chunk for STUCK_NS. */
static bool await_printing(const struct endpoint *endpoint, uint64_t now_ns)
{
	bool printed = false;

	for (each_slot(c)) {
		if (c->state == STATE_SENDING && c->endpoint >= endpoint && now_ns >= c->yields_ns)
			connection_drop(c);
		printed |= c->state == STATE_SENDING && c->endpoint >= endpoint;
	}
	return printed;
}

/* Begins all responses waiting for an endpoint, from one reading. */
static void answer_waiting(const struct endpoint *endpoint, uint64_t now_ns)
{
	const char *why = NULL;
	bool ready = false;

	for (each_slot(c)) {
		if (c->state != STATE_WAITING || c->endpoint != endpoint)
			continue;
		if (!ready) {
			if (endpoint->reads && endpoint->reads(now_ns) && await_printing(endpoint, now_ns))
				return;
			why = endpoint->prepare(now_ns);
			now_ns = clock_ns(CLOCK_BOOTTIME);
			ready = true;
		}
		if (why)
			respond_status(c, 503, why);
		else
			connection_continue(c, true, now_ns);
	}
}

/* The slot for a new connection, perhaps still in use; NULL: none gives way yet, and *due is
 * lowered to the time when one will. Connections whose response is sent go first, then the
 * one that has waited longest without a complete request, then the one whose response has
 * been stuck longest. */
static struct connection *find_room(uint64_t now_ns, uint64_t *due)
{
	struct connection *room = NULL;
	uint64_t next = UINT64_MAX;

	for (each_slot(c)) {
		if (c->state == STATE_FREE)
			return c;
		if (c->yields_ns > now_ns)
			next = least_of(next, c->yields_ns);
		else if (!room || c->state < room->state || (c->state == room->state && c->yields_ns < room->yields_ns))
			room = c;
	}
	if (!room)
		*due = least_of(*due, next);
	return room;
}

/* After accept() failed: the next try is after a pause, so that no error makes a busy loop.
 * Errors of the descriptor end the program, and so does EPERM alone for REFUSED_NS: a
 * firewall returns it for one connection, a filter for all. errno, or 0. */
static int accept_failed(int error, uint64_t now_ns)
{
	if (error != EPERM)
		server.refused_ns = 0;
	if (error == EAGAIN || error == EBADF || error == EINVAL || error == ENOTSOCK)
		return error == EAGAIN ? 0 : error;
	server.accept_ns = now_ns + NS_PER_S / 10;
	if (error != server.accept_error)
		warn(error, "--listen: no connection is accepted:");
	server.accept_error = error;
	if (error == EPERM && !server.refused_ns)
		server.refused_ns = now_ns;
	return error == EPERM && now_ns - server.refused_ns >= REFUSED_NS ? EPERM : 0;
}

/* Accepts connections while there is room; the others stay in the backlog. 0, or an errno
 * that ends the program. */
static int accept_connections(uint64_t now_ns)
{
	unsigned i;

	for (i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *c = find_room(now_ns, &(uint64_t){ 0 });
		int fd;

		if (c && c->state == STATE_READING)
			connection_read(c); /* the rest may have arrived */
		if (c && c->state == STATE_WAITING)
			continue;
		if (!c)
			return 0;
		fd = accept4(server.listener - 1, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0)
			return accept_failed(errno, now_ns);
		server.refused_ns = 0;
		if (c->state != STATE_FREE)
			connection_drop(c);
		c->fd = fd;
		c->state = STATE_READING;
		c->n = 0;
		c->deadline_ns = now_ns + DEADLINE_NS;
		c->yields_ns = now_ns + SPARED_NS;
		connection_read(c); /* the request has usually arrived */
	}
	return 0;
}

/* Fills in fds for poll(): fds[0] is the listener, the others are the slots. Returns their
 * number, and lowers *due to the next deadline. */
static nfds_t poll_connections(struct pollfd *fds, uint64_t now_ns, uint64_t *due)
{
	bool accepts = server.listener && now_ns >= server.accept_ns && find_room(now_ns, due), waits = false;
	nfds_t n = 1;

	if (server.listener && (now_ns < server.accept_ns || server.refused_ns))
		*due = least_of(*due, server.accept_ns);
	fds[0] = (struct pollfd){ accepts ? server.listener - 1 : -1, POLLIN, 0 };
	for (each_slot(c))
		waits |= c->state == STATE_WAITING;
	for (each_slot(c)) {
		struct pollfd *p = &fds[c - connections + 1];

		*p = (struct pollfd){ .fd = -1 };
		if (c->state == STATE_FREE)
			continue;
		p->fd = c->fd;
		p->events = c->state == STATE_SENDING ? POLLOUT : c->state == STATE_WAITING ? 0 : POLLIN;
		n = (nfds_t)(p - fds) + 1;
		*due = least_of(*due, c->deadline_ns);
		if (waits && c->state == STATE_SENDING)
			*due = least_of(*due, c->yields_ns);
	}
	return n;
}

/* Serves ready connections, and ends those past their deadline. 0, or an errno that ends
 * the program. */
static int serve_connections(const struct pollfd *fds, nfds_t n, uint64_t now_ns)
{
	const struct endpoint *endpoint;
	int error = 0;
	nfds_t i;

	for (i = 1; i < n; i++) {
		struct connection *c = &connections[i - 1];
		short revents = fds[i].revents;

		if (revents && c->state >= STATE_SENDING && revents & (POLLERR | POLLHUP))
			connection_drop(c);
		else if (revents && c->state == STATE_SENDING)
			connection_continue(c, false, now_ns);
		else if (revents)
			connection_read(c);
	}
	/* After EPERM accept() is called without a client, too: EAGAIN shows that it works. */
	if (fds[0].fd >= 0 && (fds[0].revents || server.refused_ns))
		error = accept_connections(now_ns);
	for (endpoint = endpoints; endpoint->path; endpoint++)
		answer_waiting(endpoint, now_ns);
	for (each_slot(c)) {
		if (c->state == STATE_FREE || now_ns < c->deadline_ns)
			continue;
		if (c->state == STATE_READING && c->n)
			respond_status(c, 408, "");
		if (c->state != STATE_FREE)
			connection_drop(c);
	}
	return error;
}

/* Accepts no more connections, and closes those without a request. */
static void stop_accepting(uint64_t now_ns)
{
	close(server.listener - 1);
	server.listener = 0;
	for (each_slot(c)) {
		c->deadline_ns = least_of(c->deadline_ns, now_ns + TERM_NS);
		if (c->state == STATE_READING && !c->n)
			connection_drop(c);
	}
}

/* In the sandbox the recording is opened and renamed by two names. seccomp compares their
 * addresses alone, so the names are moved to pages that are read-only from then on. */
static int seal_names(const char *path[2])
{
	char (*sealed)[PATH_BYTES] = mmap(NULL, 2 * PATH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
					  -1, 0);
	unsigned i;

	if (sealed == MAP_FAILED)
		return errno;
	for (i = 0; i < 2; i++) {
		join(sealed[i], path[i], "", "");
		path[i] = sealed[i];
	}
	return mprotect(sealed, 2 * PATH_BYTES, PROT_READ) ? errno : 0;
}

static int give_up_privileges(const char *path[2])
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? errno : 0;
}

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* the linker's */

extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden"))); /* the linker's, in a PIE */
__asm__(".weak _DYNAMIC"); /* GCC's attribute would load it from a pointer not yet relocated */

/* At the start, applies packed relative relocations: DT_RELR, "Relative Relocation Table" in
 * ELF's generic ABI. An even entry is the address of a pointer, an odd entry a bitmap of the
 * words after the last one. musl before 1.2.4 leaves this to the program; until then, the
 * pointers in static tables are not valid. Does nothing if libc has done it. */
static void relocate(void)
{
	static const void *volatile sample = &__ehdr_start; /* any pointer that needs relocation */
	enum { TAG_RELRSZ = 35, TAG_RELR = 36 };            /* missing in older headers */
	const uintptr_t base = (uintptr_t)&__ehdr_start, *entry = NULL, *end;
	uintptr_t *word = NULL, bits;
	const ElfW(Dyn) *d;
	size_t size = 0;

	if (sample == &__ehdr_start)
		return;
	for (d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == TAG_RELR)
			entry = (const uintptr_t *)(base + d->d_un.d_ptr);
		if (d->d_tag == TAG_RELRSZ)
			size = d->d_un.d_val;
	}
	for (end = entry + size / sizeof *entry; entry < end; entry++) {
		if (!(*entry & 1)) {
			word = (uintptr_t *)(base + *entry);
			*word++ += base;
			continue;
		}
		for (bits = *entry; bits &= bits - 1;) /* the lowest bit says that it is a bitmap */
			word[(unsigned)__builtin_ctzll(bits) - 1] += base;
		word += 8 * sizeof *word - 1;
	}
}

/* RELRO: makes relocated tables of pointers read-only, as a loader would; a static program
 * has none. */
static int protect_pointers(const char *path[2])
{
	const ElfW(Phdr) *p = (const void *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
	uintptr_t base = __ehdr_start.e_type == ET_DYN ? (uintptr_t)&__ehdr_start : 0;
	uintptr_t mask = ~((uintptr_t)getpagesize() - 1);
	unsigned i;

	for (i = 0; i < __ehdr_start.e_phnum; i++) {
		uintptr_t start = (base + p[i].p_vaddr) & mask, end = (base + p[i].p_vaddr + p[i].p_memsz) & mask;

		if (p[i].p_type == PT_GNU_RELRO && end > start && mprotect((void *)start, end - start, PROT_READ))
			return errno;
	}
	return 0;
}

#define FIRST_CALL (SYS_exit / 1000 * 1000) /* 4000, 5000 or 6000 on MIPS, by its ABI; else 0 */
#define SYS_LANDLOCK_CREATE_RULESET (FIRST_CALL + 444)
#define SYS_LANDLOCK_ADD_RULE (FIRST_CALL + 445)
#define SYS_LANDLOCK_RESTRICT_SELF (FIRST_CALL + 446)
#define LANDLOCK_READ (1 << 2 | 1 << 3) /* files and directories */
#define LANDLOCK_WRITE (1 << 1 | 1 << 2 | 1 << 5 | 1 << 8) /* write, read, remove and make files */
#define LANDLOCK_TRUNCATE (1 << 14)

struct landlock_ruleset {
	uint64_t files, net, scopes; /* rights that need a rule */
};

struct __attribute__((packed)) landlock_beneath {
	uint64_t access;
	int32_t directory;
};

/* Allows access below a directory, if there is one. */
static void landlock_allow(int ruleset, const char *path, uint64_t access, int *error)
{
	struct landlock_beneath beneath = { access, open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };

	if (beneath.directory < 0 || syscall(SYS_LANDLOCK_ADD_RULE, ruleset, 1, &beneath, 0))
		note_error(error, errno == ENOTDIR ? 0 : errno);
	close(beneath.directory);
}

/* Restricts file access to the directories that are read and the recording's. Newer kernels
 * also forbid TCP bind and connect, and abstract sockets. */
static int restrict_files(const char *path[2])
{
	static const uint8_t file_rights[] = { 0, 13, 14, 15, 15, 16 }; /* by version */
	long version = syscall(SYS_LANDLOCK_CREATE_RULESET, NULL, 0, 1);
	struct landlock_ruleset forbidden = { 0 };
	const char *slash = path ? strrchr(path[0], '/') : NULL;
	char directory[PATH_BYTES];
	int fd, error = 0;

	if (version < 0)
		return errno;
	for (each_hierarchy(h))
		if (h->version && after(h->dir, opt->proc))
			return EXDEV; /* /proc/PID/root of another process: Landlock denies it */
	forbidden.files = (1u << file_rights[version < 5 ? version : 5]) - 1;
	forbidden.net = version >= 4 ? 3 : 0;
	forbidden.scopes = version >= 6 ? 1 : 0; /* abstract sockets; kill(pid, 0) is used */
	fd = (int)syscall(SYS_LANDLOCK_CREATE_RULESET, &forbidden, sizeof forbidden, 0);
	if (fd < 0)
		return errno;
	landlock_allow(fd, opt->proc, LANDLOCK_READ, &error);
	landlock_allow(fd, opt->sys, LANDLOCK_READ, &error);
	for (each_hierarchy(h))
		if (h->version && join_n(directory, h->dir, h->length[h->levels - 1], "", ""))
			landlock_allow(fd, directory, LANDLOCK_READ, &error);
	if (path && join_n(directory, path[0], slash ? (size_t)(slash - path[0]) : 0, slash ? "/" : ".", ""))
		landlock_allow(fd, directory, (LANDLOCK_WRITE | LANDLOCK_TRUNCATE) & forbidden.files, &error);
	if (!error && syscall(SYS_LANDLOCK_RESTRICT_SELF, fd, 0))
		error = errno;
	close(fd);
	return error;
}

/* The architecture that seccomp reports, AUDIT_ARCH_* of linux/audit.h; 0 if unknown.
 * ARM and AArch64 carry the little-endian bit even on big-endian kernels. */
#define WORDS_64 0x80000000
#define LITTLE 0x40000000
#define BYTE_ORDER_BIT (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? LITTLE : 0)
#if defined __x86_64__ && !defined __ILP32__
#define MACHINE (WORDS_64 | LITTLE | EM_X86_64)
#elif defined __aarch64__ && !defined __ILP32__
#define MACHINE (WORDS_64 | LITTLE | EM_AARCH64)
#elif defined __i386__
#define MACHINE (LITTLE | EM_386)
#elif defined __arm__
#define MACHINE (LITTLE | EM_ARM)
#elif defined __riscv && __riscv_xlen == 64
#define MACHINE (WORDS_64 | LITTLE | EM_RISCV)
#elif defined __loongarch64
#define MACHINE (WORDS_64 | LITTLE | 258) /* EM_LOONGARCH, which older headers lack */
#elif defined __s390x__
#define MACHINE (WORDS_64 | EM_S390)
#elif defined __powerpc64__
#define MACHINE (WORDS_64 | BYTE_ORDER_BIT | EM_PPC64)
#elif defined __mips64 && !defined __LP64__ /* n32 */
#define MACHINE (WORDS_64 | BYTE_ORDER_BIT | 0x20000000 | EM_MIPS)
#elif defined __mips64
#define MACHINE (WORDS_64 | BYTE_ORDER_BIT | EM_MIPS)
#elif defined __mips__
#define MACHINE (BYTE_ORDER_BIT | EM_MIPS)
#else
#define MACHINE 0
#endif

/* System calls needed from here on. Those that only some machines have are allowed if
 * libc's headers define them, as libc may then use them. */
static const uint16_t allowed_calls[] = {
	SYS_read, SYS_write, SYS_pread64, SYS_close, SYS_getdents64, SYS_faccessat,
	SYS_readlinkat, SYS_statx, SYS_ppoll, SYS_accept4, SYS_recvfrom, SYS_sendmsg, SYS_setsockopt,
	SYS_shutdown, SYS_getpid, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_restart_syscall, SYS_exit, SYS_exit_group, FIRST_CALL + 439, /* faccessat2 */
#ifdef SYS_open /* machines older than openat */
	SYS_access, SYS_readlink, SYS_stat,
#endif
#ifdef SYS_accept /* musl's accept4() falls back to it on EINVAL */
	SYS_accept,
#endif
#ifdef SYS_fstat /* LoongArch has statx instead */
	SYS_fstat,
#endif
#ifdef SYS_newfstatat /* 64 bits */
	SYS_newfstatat,
#endif
#ifdef SYS_stat64 /* 32 bits */
	SYS_stat64, SYS_fstat64, SYS_fstatat64,
#endif
#ifdef SYS_clock_gettime
	SYS_clock_gettime,
#endif
#ifdef SYS_clock_gettime32 /* musl's name for it on 32 bits */
	SYS_clock_gettime32,
#endif
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64, SYS_ppoll_time64,
#endif
#ifdef SYS_sigreturn /* how handlers return on i386, ARM, s390x, MIPS, PowerPC */
	SYS_sigreturn,
#endif
};

static const uint16_t recorder_calls[] = {
	SYS_flock, SYS_ftruncate,
#ifdef SYS_ftruncate64
	SYS_ftruncate64,
#endif
};

#define NOT_FOR_READING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

#define BPF_LOAD 0x20      /* BPF_LD | BPF_W | BPF_ABS: a word of struct seccomp_data */
#define BPF_IF_EQUAL 0x15  /* BPF_JMP | BPF_JEQ | BPF_K */
#define BPF_IF_ANY 0x45    /* BPF_JMP | BPF_JSET | BPF_K: of these bits */
#define BPF_RETURN 0x06    /* BPF_RET | BPF_K */
#define SECCOMP_ALLOW 0x7fff0000
#define SECCOMP_EPERM (0x00050000 | EPERM)

struct filter { /* struct sock_fprog */
	unsigned short n;
	struct bpf_step { /* struct sock_filter */
		uint16_t code;
		uint8_t if_true, if_false; /* steps to skip */
		uint32_t k;
	} *step;
};

/* A half of an argument: equal to `word`, or flags without those of `word`. */
struct condition {
	unsigned argument;
	bool high, flags;
	uint32_t word;
};

static void filter_step(struct filter *f, uint16_t code, unsigned if_true, unsigned if_false, uint32_t k)
{
	f->step[f->n++] = (struct bpf_step){ code, (uint8_t)if_true, (uint8_t)if_false, k };
}

/* Allows a call if all conditions hold. */
static void filter_allow(struct filter *f, uint32_t call, const struct condition *c, unsigned conditions)
{
	const bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	unsigned i, rest = 2 * conditions + 1;

	filter_step(f, BPF_LOAD, 0, 0, 0);
	filter_step(f, BPF_IF_EQUAL, 0, rest, call);
	for (i = 0; i < conditions; i++, c++) {
		rest -= 2;
		filter_step(f, BPF_LOAD, 0, 0, 16 + 8 * c->argument + (c->high != big_endian ? 4 : 0));
		if (c->flags)
			filter_step(f, BPF_IF_ANY, rest, 0, c->word);
		else
			filter_step(f, BPF_IF_EQUAL, 0, rest, c->word);
	}
	filter_step(f, BPF_RETURN, 0, 0, SECCOMP_ALLOW);
}

static void filter_list(struct filter *f, const uint16_t *calls, size_t n)
{
	filter_step(f, BPF_LOAD, 0, 0, 0);
	while (n--) {
		filter_step(f, BPF_IF_EQUAL, 0, 1, *calls++);
		filter_step(f, BPF_RETURN, 0, 0, SECCOMP_ALLOW);
	}
}

#define AT_NAME(argument, name) { argument, false, false, (uint32_t)AT_FDCWD }, \
	{ argument + 1, false, false, (uint32_t)(uintptr_t)(name) }, \
	{ argument + 1, true, false, (uint32_t)((uint64_t)(uintptr_t)(name) >> 32) }

/* Allows opening both names for any access, and renaming the first to the second. */
static void filter_recorder(struct filter *f, const char *path[2])
{
	const struct condition first[] = { AT_NAME(0, path[0]), AT_NAME(2, path[1]) };
	const struct condition second[] = { AT_NAME(0, path[1]) };

	filter_allow(f, SYS_openat, first, 3);
	filter_allow(f, SYS_openat, second, 3);
#ifdef SYS_renameat
	filter_allow(f, SYS_renameat, first, 6);
#endif
	filter_allow(f, SYS_renameat2, first, 6);
	filter_list(f, recorder_calls, LENGTH(recorder_calls));
}

/* All other system calls fail with EPERM. Files are opened read-only, and kill() only checks
 * whether a task exists. */
static int restrict_calls(const char *path[2])
{
	struct bpf_step step[2 * LENGTH(allowed_calls) + 2 * LENGTH(recorder_calls) + 80];
	struct filter f = { 0, step };

	if (!MACHINE)
		return ENOSYS;
	filter_step(&f, BPF_LOAD, 0, 0, 4);
	filter_step(&f, BPF_IF_EQUAL, 1, 0, MACHINE);
	filter_step(&f, BPF_RETURN, 0, 0, SECCOMP_EPERM);
	filter_list(&f, allowed_calls, LENGTH(allowed_calls));
#ifdef SYS_open
	filter_allow(&f, SYS_open, &(struct condition){ 1, false, true, NOT_FOR_READING }, 1);
#endif
	filter_allow(&f, SYS_openat, &(struct condition){ 2, false, true, NOT_FOR_READING }, 1);
	filter_allow(&f, SYS_kill, &(struct condition){ 1, false, false, 0 }, 1);
	if (path)
		filter_recorder(&f, path);
	filter_step(&f, BPF_RETURN, 0, 0, SECCOMP_EPERM);
	return prctl(PR_SET_SECCOMP, 2, &f, 0, 0) ? errno : 0; /* SECCOMP_MODE_FILTER */
}

/* The layers of the sandbox, with their names in warnings. */
static const struct layer {
	const char *name;
	int (*apply)(const char *path[2]); /* errno, or 0 */
} layers[] = {
	{ "no_new_privs", give_up_privileges },
	{ "RELRO", protect_pointers },
	{ "Landlock", restrict_files },
	{ "seccomp", restrict_calls },
};

/* Applies all layers. path[]: FILE and FILE.1 of a recording, replaced by the sealed names;
 * NULL: no recording. */
static void enter_sandbox(const char *path[2])
{
	unsigned i;
	int error = path ? seal_names(path) : 0;

	if (error)
		warn(error, "sandbox: the names of the recording are not sealed:");
	for (i = 0; i < LENGTH(layers); i++) {
		error = layers[i].apply(path);
		if (error)
			warn(error, "sandbox: without %s:", layers[i].name);
	}
}

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
	socklen_t length;
};

/* Parses [ADDR:]PORT: loopback without ADDR, all addresses if ADDR is empty. False, and
 * why. */
static bool parse_internet(struct address *a, const char *s, struct sink *why)
{
	const char *colon = strrchr(s, ':'), *port = colon ? colon + 1 : s;
	size_t n = colon ? (size_t)(colon - s) : 0;
	char host[64];
	uint64_t number;
	bool brackets = n > 1 && s[0] == '[' && s[n - 1] == ']', v6 = brackets || (colon && !n);

	if (!parse_number(port, &number) || number > UINT16_MAX) {
		out(why, "'%s' is no port: 0 to 65535", port);
		return false;
	}
	memset(a, 0, sizeof *a);
	copy_text(host, sizeof host, &(struct text){ s + brackets, s + n - brackets });
	a->any.sa_family = v6 ? AF_INET6 : AF_INET;
	a->v4.sin_port = htons((uint16_t)number); /* at the same offset in both families */
	a->length = v6 ? sizeof a->v6 : sizeof a->v4;
	if (inet_pton(a->any.sa_family, n ? host : v6 ? "::" : "127.0.0.1",
		      v6 ? (void *)&a->v6.sin6_addr : &a->v4.sin_addr) == 1)
		return true;
	out(why, "'%s' is no address: 127.0.0.1, [::1]", host);
	return false;
}

/* Parses the path of unix:PATH. A stale socket is removed. False, and why. */
static bool parse_local(struct address *a, const char *path, struct sink *why)
{
	struct stat st;
	bool answers;
	int fd;

	memset(a, 0, sizeof *a);
	a->local.sun_family = AF_UNIX;
	a->length = sizeof a->local;
	if (!*path || strlen(path) >= sizeof a->local.sun_path) {
		out(why, "unix:PATH has a path of 1 to %ju bytes", (uint64_t)sizeof a->local.sun_path - 1);
		return false;
	}
	memcpy(a->local.sun_path, path, strlen(path));
	if (lstat(path, &st))
		return true;
	if (!S_ISSOCK(st.st_mode)) {
		out(why, "%s is there, and no socket", path);
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	answers = connect(fd, &a->any, a->length) == 0 || errno == EAGAIN;
	if (answers)
		out(why, "%s: %s", path, strerror(EADDRINUSE));
	else if (errno == ECONNREFUSED)
		unlink(path);
	close(fd);
	return !answers;
}

/* Takes a socket from systemd, sd_listen_fds(3), as server.listener, which stays 0 if there
 * is none. False, and why, if the socket cannot be used. */
static bool take_socket(struct sink *why)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t number, n;
	int listens = 0, fd = STDERR_FILENO + 1;
	socklen_t length = sizeof listens;

	if (!pid || !count || !parse_number(pid, &number) || number != (uint64_t)getpid() ||
	    !parse_number(count, &n) || !n)
		return true;
	if (n > 1)
		out(why, "LISTEN_FDS hands %ju sockets over: one is served", n);
	else if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) || !listens)
		out(why, "LISTEN_FDS hands no listening socket over");
	else if (fcntl(fd, F_SETFL, O_NONBLOCK))
		out(why, "%s", strerror(errno));
	else
		server.listener = fd + 1;
	server.handed_over = true;
	return server.listener;
}

/* Returns a listening descriptor, or -1 and errno. */
static int listen_on(const struct address *a)
{
	static const int one = 1, zero = 0;
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd >= 0 && a->any.sa_family == AF_INET6) /* [::] is all addresses, whatever net.ipv6.bindv6only says */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
	return fd < 0 || bind(fd, &a->any, a->length) || listen(fd, BACKLOG) ? -1 : fd;
}

/* Listens on systemd's socket or the option's address; without IPv6 all addresses are those
 * of IPv4. False, and why. */
static bool start_listening(struct sink *why)
{
	static const int room = 4 * OUT_BYTES, one = 1;
	const char *path = after(opt->listen, "unix:");
	struct address a;
	int fd;

	if (!take_socket(why))
		return false;
	if (!server.listener) {
		if (!(path ? parse_local(&a, path, why) : parse_internet(&a, opt->listen, why)))
			return false;
		fd = listen_on(&a);
		if (fd < 0 && opt->listen[0] == ':' && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
			a.length = sizeof a.v4;
			a.v4.sin_family = AF_INET;
			a.v4.sin_addr.s_addr = INADDR_ANY;
			fd = listen_on(&a);
		}
		if (fd < 0) {
			out(why, "%s: %s", opt->listen, strerror(errno));
			return false;
		}
		server.listener = fd + 1;
	}
	/* Accepted sockets inherit both; a unix socket ignores them. */
	setsockopt(server.listener - 1, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	setsockopt(server.listener - 1, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return true;
}

/* The address in words, with the port that the kernel chose for 0. Sets server.loopback. */
static void name_listener(struct sink *o)
{
	const char *port = strrchr(opt->listen, ':');
	struct address a = { .length = sizeof a.local };

	getsockname(server.listener - 1, &a.any, &a.length);
	server.loopback = (a.any.sa_family == AF_INET && ntohl(a.v4.sin_addr.s_addr) >> 24 == 127) ||
		(a.any.sa_family == AF_INET6 && (IN6_IS_ADDR_LOOPBACK(&a.v6.sin6_addr) ||
		 (IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr) && a.v6.sin6_addr.s6_addr[12] == 127)));
	if (server.handed_over) {
		out_str(o, "the socket that was handed over");
	} else if (a.any.sa_family == AF_UNIX) {
		out_str(o, opt->listen);
	} else {
		out_str(o, !port ? "127.0.0.1" : port > opt->listen ? "" :
			a.any.sa_family == AF_INET ? "0.0.0.0" : "[::]");
		out_bytes(o, opt->listen, port ? (size_t)(port - opt->listen) : 0);
		out(o, ":%u", ntohs(a.v4.sin_port));
	}
	out_char(o, '\0');
}

/* Serves in the sandbox until a signal, and then the remaining connections. False, and why,
 * on a fatal error. */
static bool serve(struct sink *why)
{
	char buffer[PATH_BYTES];
	struct sink name = SINK(buffer);
	uint64_t now, due;
	struct pollfd fds[MAX_CONNECTIONS + 1];
	int signal_number, error = 0;
	nfds_t n;

	name_listener(&name);
	enter_sandbox(WITH_RECORD && opt->record ? recorder.path : NULL);
	warn(0, "listening on %s", buffer);
	now = page.tick_ns = clock_ns(CLOCK_BOOTTIME);
	while (!error) {
		signal_number = stopped;
		if (signal_number && server.listener)
			stop_accepting(now);
		due = page_tick_if_due(now);
		n = poll_connections(fds, now, &due);
		if (signal_number && n == 1) /* no connections remain */
			return true;
		if (wait_until(due, fds, n, signal_number) < 0) {
			out(why, "poll: %s", strerror(errno));
			return false;
		}
		now = clock_ns(CLOCK_BOOTTIME);
		error = serve_connections(fds, n, now);
	}
	out(why, "no connection is accepted: %s", strerror(error));
	return false;
}

/* --listen: binds the address and takes the first snapshot. False, and why. */
static bool start_exporter(struct sink *why)
{
	int error;

	plan_exports();
	self.start_ms = clock_ns(CLOCK_REALTIME) / 1000000;
	self.statm = open_below("/proc", strlen("/proc"), "self/statm", "", &error) + 1;
	server.slots = (unsigned)least_of(MAX_CONNECTIONS, descriptor_limit() - READING_DESCRIPTORS);
	if (descriptor_limit() < 2 * READING_DESCRIPTORS) {
		out(why, "%ju open files are too few: at least %ju", (uint64_t)descriptor_limit(),
		    (uint64_t)(2 * READING_DESCRIPTORS));
		return false;
	}
	if (!start_listening(why))
		return false;
	page_tick(0, 0);
	return true;
}

/* ---------------------------------------------------------------- COMMAND
 *
 * The command line, what is said on standard error, and the loop. Only here
 * does the program end. */

static const struct view {
	uint8_t option;
	bool once;      /* prints totals, once */
	bool reports;   /* shows reports: rules judge them, --record keeps them */
	struct needs needs;
	bool (*list)(struct listing *); /* sets the columns; false: unknown column */
	void (*plan)(struct plan *, const struct listing *); /* selects its metrics; or NULL */
	void (*fill)(struct listing *); /* sets the rows; NULL: always one */
	void (*show)(struct listing *, const struct comparison *); /* NULL: prints the listing */
	int (*finish)(struct listing *); /* prints what comes last, returns the exit status; or NULL */
} views[] = {
	{ .option = O_NONE, .reports = true, .list = list_table, .plan = plan_table, .show = show_table },
	{ .option = O_GRAPH, .reports = true, .list = WITH_GRAPH ? list_graph : NULL, .plan = plan_table,
	  .show = WITH_GRAPH ? show_graph : NULL, .finish = WITH_GRAPH ? finish_graph : NULL },
	{ .option = O_CGROUPS, .list = WITH_CGROUP ? list_children : NULL, .plan = WITH_CGROUP ? plan_children : NULL,
	  .fill = WITH_CGROUP ? fill_children : NULL },
	{ .option = O_CHECK, .list = WITH_ALERTS ? list_verdict : NULL, .plan = WITH_ALERTS ? plan_checks : NULL,
	  .show = WITH_ALERTS ? check : NULL, .finish = WITH_ALERTS ? finish_check : NULL },
	{ .option = O_STATS, .once = true, .list = list_stats, .plan = plan_stats },
	{ .option = O_FORKS, .once = true, .needs.host = true, .list = list_stats, .plan = plan_stats },
	{ .option = O_DISK, .needs.devices = true, .list = list_disks, .fill = fill_devices },
	{ .option = O_DISK_SUM, .needs.devices = true, .list = list_disk_sum },
	{ .option = O_PARTITION, .needs = { .host = true, .devices = true }, .list = list_partition,
	  .fill = fill_devices },
	{ .option = O_SLABS, .needs = { .host = true, .slabs = true }, .list = list_slabs, .fill = fill_slabs },
};

static const struct view *view(void)
{
	const struct view *v = views;

	while (v->option != opt->view)
		v++;
	return v;
}

/* The effect of an option: see OPTIONS. */
enum option_kind { OPTION_FLAG, OPTION_ONE_OF, OPTION_VALUE, OPTION_CHOICE, OPTION_PARSED };

enum option_group {
	OPTIONS_MODES, OPTIONS_COLUMNS, OPTIONS_LAYOUT, OPTIONS_OUTPUT, OPTIONS_SCOPE, OPTIONS_ALERTS, OPTIONS_OTHER,
};

static const char *const option_groups[] = { /* as in option_group */
	"Modes", "Columns", "Layout", "Output", "Scope", "Alerts", "Other",
};

static const struct option {
	char letter;
	uint8_t group, kind;
	bool built_in;
	const char *name, *value, *help;
	union {
		bool *flag;
		uint8_t *choice;
		const char **text;
		parse_fn *parse;
	};
} options[] = {
#define FLAG(field) .kind = OPTION_FLAG, .flag = &given.field
#define ONE_OF(field) .kind = OPTION_ONE_OF, .choice = &given.field
#define VALUE(field) .kind = OPTION_VALUE, .text = &given.field
#define CHOICE(field) .kind = OPTION_CHOICE, .choice = &given.field
#define PARSED(function) .kind = OPTION_PARSED, .parse = function
#define O(id, letter_, name_, group_, does, value_, with, help_) [O_##id] = { .built_in = with IF(with, , \
	.letter = letter_, .group = OPTIONS_##group_, .name = name_, .value = value_, \
	.help = WITH_HELP ? help_ : "", does) },
	OPTIONS(O)
#undef O
};

static bool takes_value(const struct option *o)
{
	return o->kind >= OPTION_VALUE;
}

/* May the value be omitted? It is "" then. */
static bool has_optional_value(const struct option *o)
{
	return takes_value(o) && o->value[0] == '[' && o->value[1] == '=';
}

/* Stores the position of a value in the list "a|b|c"; false: it is not there. */
static bool choose_word(const struct option *o, const char *value)
{
	struct text rest = { o->value, o->value + strlen(o->value) }, word;

	for (*o->choice = 0; next_part(&rest, '|', &word); ++*o->choice)
		if (is_text(&word, value))
			return true;
	return false;
}

/* Finds an option by the n bytes of its long name or of an unambiguous abbreviation. */
static const struct option *find_long(const char *name, size_t n)
{
	const struct option *o, *found = NULL, *other = NULL;

	for (o = options + 1; o < options + O_COUNT; o++) {
		if (!o->built_in || *o->name != *name || strncmp(o->name, name, n))
			continue;
		if (!o->name[n])
			return o;
		other = found;
		found = o;
	}
	if (other)
		die(0, "option '--%s' is ambiguous: --%s or --%s", name, other->name, found->name);
	if (!found)
		die(0, "unknown option '--%s' (try --help)", name);
	return found;
}

/* Applies an option; a value that is not attached is the next argument. */
static void take(const struct option *o, const char *value, char ***argv)
{
	bool valid = true;

	if (has_optional_value(o) && !value)
		value = "";
	if (takes_value(o) && !value && !(value = *++*argv))
		die(0, "option '--%s' needs a value: %s", o->name, o->value);
	if (value && !takes_value(o))
		die(0, "option '--%s' takes no value", o->name);
	given.set |= 1ull << (o - options);
	switch (o->kind) {
	case OPTION_FLAG:
		*o->flag = true;
		break;
	case OPTION_ONE_OF:
		*o->choice = (uint8_t)(o - options);
		break;
	case OPTION_VALUE:
		*o->text = value;
		valid = *value && (strlen(value) < PATH_BYTES / 2 || (o != &options[O_PROC] && o != &options[O_SYS]));
		break;
	case OPTION_CHOICE:
		valid = choose_word(o, value);
		break;
	case OPTION_PARSED:
		valid = o->parse(value);
		break;
	}
	if (!valid)
		die(0, WITH_HELP ? "--%s: '%s' is not %s (%s)" : "--%s: '%s' is not %s%s", o->name, value, o->value,
		    o->help);
}

/* -abc, -oVALUE, -o VALUE */
static void parse_letters(char ***argv)
{
	const char *p = **argv;
	const struct option *o;

	do {
		const char letter[] = { '-', *++p, '\0' };

		for (o = options + 1; o < options + O_COUNT && (o->letter != *p || !o->built_in); o++)
			;
		if (o == options + O_COUNT)
			die(0, "unknown option '%s' (try --help)", letter);
		take(o, takes_value(o) && p[1] ? p + 1 : NULL, argv);
	} while (!takes_value(o) && p[1]);
}

static void parse_operand(const char *s, unsigned n)
{
	const char *p = s;

	if (n == 0) {
		if (!parse_decimal(&p, 9, &given.delay_ns) || *p || given.delay_ns / NS_PER_S > 1000000000)
			die(0, "delay '%s': not a number, or too large", s);
		if (given.delay_ns < NS_PER_S / 100)
			die(0, "delay '%s': at least 0.01 seconds", s);
	} else if (n == 1) {
		if (!parse_number(s, &given.count) || !given.count)
			die(0, "count '%s': not a number of at least 1", s);
	} else {
		die(0, "too many operands: '%s' (try --help)", s);
	}
}

/* Sets of options, as bits. */
#define B(id) (1ull << O_##id)
#define VIEW_OPTIONS (B(STATS) | B(FORKS) | B(DISK) | B(DISK_SUM) | B(PARTITION) | B(SLABS) | B(CGROUPS) | \
		      B(CHECK) | B(GRAPH))
#define FORMAT_OPTIONS (B(JSON) | B(CSV) | B(PROMETHEUS) | B(SVG))
#define COLUMN_OPTIONS (B(COLUMNS) | B(EXTENDED) | B(CLASSIC))
#define LAYOUT_OPTIONS (B(ACTIVE) | B(UNIT) | B(HUMAN) | B(WIDE) | B(TIMESTAMP) | B(ONE_HEADER) | B(NO_FIRST))
_Static_assert(O_COUNT <= 64, "a set of options is a uint64_t");

/* Options of the first set conflict with any other option of the second. */
static const struct { uint64_t these, those; } conflicts[] = {
	{ VIEW_OPTIONS, VIEW_OPTIONS },
	{ FORMAT_OPTIONS, FORMAT_OPTIONS },
	{ COLUMN_OPTIONS, COLUMN_OPTIONS },
	{ B(CGROUP) | B(PID) | B(SCOPE), B(CGROUP) | B(PID) | B(SCOPE) },
	{ B(LISTEN), VIEW_OPTIONS | FORMAT_OPTIONS | COLUMN_OPTIONS | LAYOUT_OPTIONS | B(TOP) | B(REPLAY) },
	{ B(PROMETHEUS), VIEW_OPTIONS | COLUMN_OPTIONS | B(TOP) | B(RECORD) | B(REPLAY) },
	{ B(RECORD), (VIEW_OPTIONS & ~B(GRAPH)) | B(REPLAY) | B(UNIT) },
	{ B(REPLAY), (VIEW_OPTIONS & ~(B(GRAPH) | B(CHECK))) | B(TOP) },
	{ B(TOP), VIEW_OPTIONS | B(CSV) | B(SVG) },
	{ B(GRAPH), FORMAT_OPTIONS & ~B(SVG) },
	{ B(SVG), VIEW_OPTIONS & ~B(GRAPH) },
};

/* The first option of a set, O_NONE if it is empty. */
static unsigned first_of(uint64_t set)
{
	return set ? (unsigned)__builtin_ctzll(set) : O_NONE;
}

/* Ends the program if options conflict with each other or with operands. */
static void check_conflicts(void)
{
	uint64_t set = given.set, these;
	unsigned i, one, other;

	if (set & (B(LISTEN) | B(PROMETHEUS)))
		set &= ~B(CGROUPS); /* adds cgroups, is no view */
	if (given.scope != WHOSE_HOST)
		set &= ~B(SCOPE);
	if (given.view == O_DISK && !given.columns)
		set &= ~B(EXTENDED); /* rates instead of totals */
	for (i = 0; i < LENGTH(conflicts); i++)
		for (these = set & conflicts[i].these; these; these &= these - 1) {
			one = first_of(these);
			other = first_of(set & conflicts[i].those & ~(1ull << one));
			if (other)
				die(0, "conflicting options: --%s and --%s", options[one].name, options[other].name);
		}
	one = first_of(set & (B(PROMETHEUS) | B(REPLAY)));
	if (given.delay_ns && one)
		die(0, "conflicting options: --%s and a delay", options[one].name);
	if (given.count && set & B(LISTEN))
		die(0, "conflicting options: --listen and a count");
	if (set & B(RECORD) && !given.delay_ns && !(set & B(LISTEN)))
		die(0, "--record needs a delay: how often it records");
	if (set & (B(FROM) | B(TO)) && !(set & B(REPLAY)))
		die(0, "--%s is for --replay", options[first_of(set & (B(FROM) | B(TO)))].name);
	if (WITH_ALERTS && !memchr(given.rule_on, 1, RULE_COUNT) && (given.view == O_CHECK || given.top_alerting))
		die(0, "conflicting options: --%s and --alert=off", given.view == O_CHECK ? "check" : "top");
}

/* The sample of --check: the usual quota has a period of 100 ms, and half a second could
 * see ENOUGH_PERIODS of it or one less. */
#define CHECK_NS (NS_PER_S / 10 * 6)

/* Sets the delay and the count, if they are not given. */
static void complete_schedule(void)
{
	if (!given.count)
		given.count = given.view != O_CHECK && (given.view == O_GRAPH || given.delay_ns) ? UINT64_MAX : 1;
	/* An average since boot is of no use to these. */
	given.no_first |= given.view == O_CHECK || given.view == O_CGROUPS || given.view == O_GRAPH;
	if (!given.delay_ns && given.no_first && !given.listen)
		given.delay_ns = given.view == O_CHECK ? CHECK_NS : NS_PER_S;
	if (!given.delay_ns && given.record && given.listen)
		given.delay_ns = PAGE_IDLE_TICK * (uint64_t)NS_PER_S;
}

static void parse(char **argv)
{
	bool operands_only = false;
	char **arg;
	unsigned n = 0;

	for (arg = argv; *arg && strcmp(*arg, "--"); arg++)
		if (WITH_ALERTS && (!strcmp(*arg, "--check") || after(*arg, "--check=")))
			error_status = 3;
	for (; *argv; argv++) {
		const char *s = *argv, *end = strchrnul(s, '=');

		if (operands_only || s[0] != '-' || !s[1])
			parse_operand(s, n++);
		else if (s[1] != '-')
			parse_letters(&argv);
		else if (s[2])
			take(find_long(s + 2, (size_t)(end - s - 2)), *end ? end + 1 : NULL, &argv);
		else
			operands_only = true;
	}
	if (WITH_GRAPH && given.format == O_SVG && !given.view)
		parse_graph(given.columns ? given.columns : "");
	check_conflicts();
}

/* Derives settings from the options, which are constant from here on. The sysfs of this
 * machine does not belong to a copied tree. */
static void complete_options(void)
{
	complete_schedule();
	given.proc_given = given.proc != NULL;
	given.proc = given.proc ? given.proc : "/proc";
	given.captured = scan_copies = given.proc_given && !is_in(given.proc, FS_PROC);
	if (given.sys && !given.captured && !path_exists(given.sys)) /* a tree may be copied without it */
		die(errno, "--sys: %s:", given.sys);
	given.sys = given.sys ? given.sys : given.captured ? "/dev/null" : "/sys";
	if (given.partition)
		complete_partition();
	/* In the table of the page, too. */
	given.human |= given.listen || (given.view == O_CGROUPS && !(given.set & B(UNIT)));
	given.timestamp |= given.replay && !given.classic; /* its reports are old */
	quiet = given.quiet;
}

static void out_help(struct sink *o)
{
	const struct option *row;
	unsigned g;

	out_str(o, "Usage: vmstat [options] [delay [count]]\n");
	for (g = 0; WITH_HELP && g < LENGTH(option_groups); g++) {
		out(o, "\n%s:\n", option_groups[g]);
		for (row = options + 1; row < options + O_COUNT; row++) {
			const char letter[] = { row->letter, '\0' };
			size_t start = o->n;

			if (!row->built_in || row->group != g)
				continue;
			out(o, *letter ? "  -%s, --%s%s%s" : "    %s  --%s%s%s", letter, row->name,
			    takes_value(row) && !has_optional_value(row) ? "=" : "", row->value);
			out_align(o, start, start + 36, false);
			out(o, " %s\n", row->help);
		}
	}
	out_str(o, "\nExit status: 0; 1 for any error.");
	out_str(o, WITH_ALERTS ? " Of --check: 0 OK, 1 warning, 2 critical,\n3 unknown.\n" : "\n");
}

static void out_version(struct sink *o)
{
	out_str(o, "vmstat " VERSION "\nfeatures:" IF(WITH_CGROUP, " cgroup") IF(WITH_ALERTS, " alerts")
		IF(WITH_TOP, " top") IF(WITH_RECORD, " record") IF(WITH_GRAPH, " graph")
		IF(WITH_PROMETHEUS, " prometheus") IF(WITH_LISTEN, " listen") IF(WITH_HELP, " help") "\n");
}

/* Ends the program if the requested scope is not available. */
static void check_chosen(const char *cgroup)
{
	int error = 0;

	switch (scope_choose(cgroup, &error)) {
	case CHOSEN:
		if (!in_cgroup() && error && error != EACCES)
			warn(error, "the host's numbers: no cgroup can be read:");
		return;
	case CHOSEN_NOT_FOUND:
		die(error, error ? "cgroup %s:" : "cgroup %s: not found", cgroup);
	case CHOSEN_NO_PID:
		die(0, "pid %ju: no such process in %s", opt->pid, opt->proc);
	case CHOSEN_GONE:
		die(0, "cgroup %s: gone: the container has ended", hierarchies[DIR_MEMORY].path);
	case CHOSEN_UNSEEN:
		die(error, error ? "pid %ju: its cgroup cannot be seen from here:" :
		    "pid %ju: its cgroup cannot be seen from here", opt->pid);
	case CHOSEN_NONE:
		die(error, error ? "no cgroup can be read here:" :
		    "no cgroup can be read here: is /sys/fs/cgroup mounted?");
	}
}

/* Shows sizes as -H does where they would not fit the terminal: decided once, before columns
 * are hidden. */
static void shorten_sizes(const struct listing *l)
{
	given.human |= opt->view == O_NONE && !opt->format && !in_cgroup() && screen.tty && screen.sized &&
		!(opt->set & (B(UNIT) | B(CLASSIC) | B(WIDE) | B(COLUMNS))) && is_oversized(&stdout_sink, l);
}

/* Plans the reads for the view, for --record and for the line about the scope. */
static void plan_view(struct plan *plan, const struct listing *l)
{
	static const uint8_t told[] = { M_mem_level, M_cpu_limit, M_cpu_level };
	unsigned i;

	plan_places(plan, in_cgroup() && !view()->needs.host);
	if (view()->plan)
		view()->plan(plan, l);
	if (WITH_RECORD)
		plan_columns(plan, &recorder.listing);
	if (screen.tty && opt->view == O_NONE && !in_cgroup())
		plan_select(plan, M_mem_total); /* shorten_sizes() */
	for (i = 0; in_cgroup() && view()->reports && isatty(STDERR_FILENO) && i < LENGTH(told); i++)
		plan_select(plan, told[i]);
	plan_keys(plan);
}

/* Sets up the listing of the view, and plans its reads unless it is a replay. */
static void list_view(struct listing *l)
{
	const char *why;

	screen_measure();
	l->rows = 1;
	if (!view()->list(l))
		die(0, "unknown column in '%s' (--columns=help lists them)", opt->columns);
	if (!opt->replay)
		plan_view(&scope_plan, l);
	why = WITH_GRAPH && opt->view == O_GRAPH ? graph_missing(opt->replay ? NULL : &scope_plan) : NULL;
	if (why)
		die(0, "--graph: '%s' is %s", opt->columns, why);
}

/* Does a metric need a number that is missing from this file, at this level? */
static bool is_incomplete(const struct comparison *c, unsigned l, enum metric_id m, enum source_id src)
{
	const struct place *p = c->now->plan->place[m];
	uint64_t v = c->now->level[l][m];
	const struct term *t;

	if (!p || (terms_of(p) && c->report->value[m] != UNAVAILABLE))
		return false;
	for (t = terms_of(p); t && t->sign; t++)
		if ((!t->optional || t->sign == TERM_NEEDED) && is_incomplete(c, l, t->metric, src))
			return true;
	return (p->source == src && (v == UNAVAILABLE || v == FALSE_NUMBER)) ||
	       (p->over && is_incomplete(c, l, p->over, src));
}

/* Lists the columns that are unavailable because of a file. If it has some of its numbers,
 * columns that only some kernels support are not listed. */
static void out_unavailable(struct sink *o, const struct listing *l, unsigned level, enum source_id src)
{
	const struct comparison *c = l->from;
	bool partly = !level && !files[0][src].error && has_numbers(c->now, src);
	unsigned i;

	for (i = 0; i < l->columns; i++) {
		unsigned m = l->column[i]->id;

		if (l->layout == LAYOUT_STACKED && m < ID_INTERVAL)
			m = stats[m].metric;
		if (m < M_COUNT && c->report->value[m] == UNAVAILABLE && is_incomplete(c, level, m, src) &&
		    (!partly || (metrics[m].show > SHOW_EXTENDED && view()->reports)))
			out(o, " %s", l->column[i]->key);
	}
	out_end(o);
}

/* Warns about columns that are unavailable because of a file, when its state changes. A
 * kernel may lack any file but those of /proc that all have; if it has one of a single
 * number, the number is there. */
static void warn_unread(const struct listing *l, unsigned level, enum source_id src)
{
	const struct source *source = &sources[src];
	bool old = src == SRC_DEVICES && hierarchies[DIR_IO].version == 1;
	struct file *f = &files[level][src];
	char buffer[PATH_BYTES], path[PATH_BYTES];
	struct sink names = SINK(buffer), file = SINK(path);

	if (f->said == 1 + f->error)
		return;
	f->said = 1 + f->error;
	if (!is_unread(f) && !(source->directory == DIR_PROC && source->format == FORMAT_WORDS) &&
	    (f->error || (source->format != FORMAT_NUMBER && source->format != FORMAT_LIMIT)))
		return;
	out_unavailable(&names, l, level, src);
	out_bytes(&file, directory_of(src), directory_length(src, level));
	out(&file, "/%s", old ? source->old_name : source->name);
	if (*buffer)
		warn(f->error, f->error ? "%s:%s unavailable:" : "%s: empty, or without its numbers:%s unavailable",
		     out_end(&file), buffer);
}

/* The same for all files, at each level that counts. */
static void warn_unavailable(const struct listing *l)
{
	const struct plan *plan = l->from->now->plan;
	unsigned src, level, levels;

	for (src = 1; src < SRC_COUNT && !opt->quiet; src++) {
		levels = plan->levels[src] ? levels_of(l->from, sources[src].directory) : plan->source[src];
		for (level = 0; level < levels; level++)
			warn_unread(l, level, src);
	}
}

/* Ends the program because a file is unreadable, with a hint. */
_Noreturn static void die_unreadable(const char *dir, const char *file, int error)
{
	if (error == ENOENT && !opt->captured && !exists_in_proc("self"))
		die(0, "%s/%s: no proc file system there: mount -t proc proc %s", dir, file, opt->proc);
	if (error == ENOENT && !opt->captured && !exists_in_proc("uptime"))
		die(0, "%s/%s: hidden: /proc is mounted with subset=pid; mount it whole, or use --scope=cgroup",
		    dir, file);
	die(error, "%s/%s:", dir, file);
}

/* Ends the program where no number at all was read of a host: a file cannot be read,
 * or all are masked. A kernel may be without pressure, and a single file be empty: its
 * columns are unavailable. */
static void check_anything(const struct snapshot *now)
{
	unsigned src;

	if ((in_cgroup() && !view()->needs.host) || has_numbers(now, SRC_NONE))
		return;
	for (src = 1; src < SRC_COUNT; src++)
		if (now->plan->source[src] && files[0][src].error && sources[src].format != FORMAT_PSI)
			die_unreadable(directory_of(src), sources[src].name, files[0][src].error);
	if (!has_line("stat") && !has_line("meminfo") && !has_line("vmstat"))
		die_unreadable(opt->proc, "stat", exists_in_proc("stat") ? ENODATA : ENOENT);
}

/* Ends the program if the view has nothing to show. */
static void check_view(const struct listing *l)
{
	const struct snapshot *now = l->from->now;
	const struct needs *needs = &view()->needs;

	if (needs->devices && now->devices->error)
		die_unreadable(opt->proc, "diskstats", now->devices->error);
	if (needs->slabs && slabs.error)
		die_unreadable(opt->proc, "slabinfo", slabs.error);
	if (opt->view == O_FORKS && cell_at(l, 0, l->column[l->columns - 1]).number == UNAVAILABLE)
		die(0, "%s/stat: the number of forks is not there", opt->proc);
	if (opt->view == O_PARTITION && !l->rows)
		die(0, "partition %s: not found in %s/diskstats", opt->partition, opt->proc);
}

/* Warnings that are given once. */
enum note { NOTE_TASKS, NOTE_CHILDREN, NOTE_HIDDEN, NOTE_DEVICES, NOTE_STACKING, NOTE_SLABS, NOTE_HOST };

/* True the first time it is asked about a warning. */
static bool is_new(enum note note)
{
	static uint32_t said;
	bool yes = !(said >> note & 1);

	said |= 1u << note;
	return yes;
}

/* Warns about what a snapshot could not hold or see. */
static void warn_incomplete(const struct snapshot *now, const struct listing *l)
{
	bool sums = now->plan->source[SRC_TASKS], blames = WITH_TOP && opt->top;
	const char *lost = !sums ? "--top does not see them" : blames ?
		"r, b and cs are unavailable, and --top does not see them" : "r, b and cs are unavailable";

	if ((sums || blames) && tasks.error && is_new(NOTE_TASKS)) {
		if (tasks.error == EOVERFLOW)
			warn(0, "more than %ju tasks: %s", (uint64_t)MAX_TASKS, lost);
		else if (tasks.error == EACCES)
			warn(0, "some tasks are hidden (hidepid, another pid namespace, or too deep): %s", lost);
		else
			warn(tasks.error, "some tasks cannot be read: %s:", lost);
	}
	if (WITH_CGROUP && children.more && is_new(NOTE_CHILDREN))
		warn(0, "more than %ju cgroups: %ju are left out, %s the first of them", (uint64_t)MAX_CHILDREN,
		     (uint64_t)children.more, children.first_more);
	if (WITH_CGROUP && children.hidden && is_new(NOTE_HIDDEN))
		warn(0, "some cgroups are too deep or cannot be read: they are left out");
	if (disks_left_out(now->devices) && view()->fill && is_new(NOTE_DEVICES))
		warn(0, "more than %ju block devices: the others are added up in one line", (uint64_t)MAX_DISKS);
	if (now->devices->stacking_error && (opt->view == O_DISK_SUM || now->plan->source[SRC_DEVICES]) &&
	    is_new(NOTE_STACKING))
		warn(now->devices->stacking_error,
		     "%s: sums of block devices are unavailable, as some may lie on others:", opt->sys);
	if (view()->needs.slabs && slabs.count > MAX_SLABS && is_new(NOTE_SLABS))
		warn(0, "more than %ju slab caches: the rest is left out", (uint64_t)MAX_SLABS);
	if (in_cgroup() && now->of_host && is_new(NOTE_HOST))
		warn(0, "--%s: %s: these are the host's numbers", options[opt->view].name, view()->needs.host ?
		     "the kernel does not count this per cgroup" : "no io controller counts for this cgroup");
}

static void show_report(struct listing *l, const struct comparison *c)
{
	if (WITH_ALERTS && view()->reports)
		alerts_judge(c->report, 0);
	if (WITH_RECORD && opt->record)
		record(&recorder, c, false);
	if (view()->show)
		view()->show(l, c);
	else
		print_listing(l);
}

_Noreturn static void end_with_cgroup(const struct comparison *c, bool first)
{
	if (WITH_RECORD && opt->record && !first) {
		c->report->first = false;
		report_make(c);
		record(&recorder, c, true);
	}
	die(0, "cgroup %s: gone: the container has ended", scope.name);
}

/* One tick: takes a snapshot, compares it with the last one and shows the report. */
static void tick(struct listing *l, uint64_t n, uint64_t tick_ns)
{
	static struct report report;
	struct snapshot *now = &snapshots[n & 1], *before = &snapshots[~n & 1];
	static struct comparison comparison;
	bool started = !n && !opt->no_first && (view()->reports || (opt->view == O_DISK && opt->extended));
	struct needs needs = view()->needs;

	comparison = (struct comparison){ before, now, &report, false };
	needs.processes = WITH_TOP && opt->top;
	needs.states = in_cgroup() && (started || scope_plan.source[SRC_TASKS]);
	snapshot_take(&scope_plan, now, before, tick_ns, &needs);
	if (now->gone && !view()->needs.host)
		end_with_cgroup(&comparison, !n);
	if (WITH_CGROUP)
		warn_if_moved();
	if (needs.devices && !now->of_host && now->devices->error) { /* no controller counts them */
		now->of_host = true;
		read_devices(now, false, true);
	}
	if (!n && scope_plan.count)
		check_anything(now);
	if (started)
		before->ns = scope_start_ns(now);
	report.first = !n;
	l->from = &comparison;
	report_make(&comparison);
	if (report.first && is_false_start(&comparison)) {
		before->ns = UNAVAILABLE; /* it is not known when the scope started */
		report_make(&comparison);
	}
	if (WITH_CGROUP && opt->view == O_CGROUPS)
		compare_children(now->plan, now);
	if (view()->fill)
		view()->fill(l);
	check_view(l);
	if (!n)
		shorten_sizes(l);
	if (!n && view()->reports && isatty(STDERR_FILENO))
		say_scope(&comparison);
	if (opt->view != O_CHECK)
		warn_incomplete(now, l);
	if (view()->reports || opt->view == O_STATS)
		warn_unavailable(l);
	if (!n && opt->no_first && !view()->once)
		return;
	show_report(l, &comparison);
}

/* --replay: shows a recording as it was shown, with its alerts. */
static void run_replay(struct listing *l)
{
	static struct comparison c = { &snapshots[0], &snapshots[1], NULL, false, replay.has };
	const char *why = replay_open(&replay, opt->replay);

	if (why)
		die(0, "--replay: %s: %s", opt->replay, why);
	plan_places(&scope_plan, false);
	snapshots[0].plan = snapshots[1].plan = &scope_plan;
	scope.cgroup = replay.row[0].report.cgroup != NULL;
	list_view(l);
	l->from = &c;
	while ((c.report = replay_next(&replay)) != NULL) {
		bool only = replay.begin_ns == replay.end_ns && !replay.ahead;

		screen_measure();
		/* Of averages since boot a graph draws what is the only report. */
		if (!c.report->first || !opt->no_first || opt->view == O_CHECK || (opt->view == O_GRAPH && only))
			show_report(l, &c);
	}
	why = replay_missed(&replay);
	if (why)
		die(0, "--replay: %s", why);
}

/* The schedule is absolute, by the start of each tick: nothing drifts. What
 * is missed is skipped, and so is a slot that is less than half a delay away.
 * A reader that goes away ends it. */
static void run(struct listing *l)
{
	uint64_t due = 0, n, now, last = opt->count == UINT64_MAX ? UINT64_MAX : opt->count + opt->no_first;
	uint64_t step = opt->delay_ns;
	struct pollfd out = { STDOUT_FILENO, 0, 0 };
	int ready;

	for (n = 0;; n++) {
		now = clock_ns(CLOCK_BOOTTIME);
		due = n ? due : now;
		screen_measure();
		tick(l, n, now);
		if (n + 1 >= last && WITH_ALERTS && opt->view == O_CHECK && check_waits())
			step = CHECK_NS;
		else if (n + 1 >= last || view()->once || stopped)
			return;
		due += step;
		if (now > due)
			due += ((now - due) / step + 1) * step;
		if (due - now < step / 2)
			due += step;
		ready = wait_until(due, &out, 1, 0);
		if (ready < 0)
			die(errno, "poll:");
		if (ready || stopped)
			return;
	}
}

/* A standard descriptor that is closed must not be given to a file: a report
 * would be written into it. What is opened instead cannot be written to. */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/", O_RDONLY | O_DIRECTORY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Chooses the scope, or ends the program. --cgroups of a machine has those below the
 * root, and the exporter has them beside the machine itself. */
static void choose_scope(void)
{
	check_chosen(opt->cgroup);
	if (opt->view != O_CGROUPS || in_cgroup())
		return;
	check_chosen("/");
	scope.cgroup = !opt->listen && opt->format != O_PROMETHEUS;
}

/* --listen. Without a delay, --record keeps what an idle page takes. */
static void run_listen(void)
{
	char buffer[2 * PATH_BYTES];
	struct sink why = SINK(buffer);
	bool ok;

	handle_signals(1); /* SIGINT ends it */
	ok = start_exporter(&why);
	if (ok)
		check_anything(exporter.latest);
	if (!ok || !serve(&why))
		die(0, "--listen: %s", out_end(&why));
}

/* Kept out of main, so that the compiler cannot read a table before it is relocated. */
static __attribute__((noinline)) int vmstat(int argc, char **argv)
{
	LARGE struct listing listing;
	void (*answer)(struct sink *);
	const char *why = NULL;
	int status;

	/* With huge pages always on, each table that is touched would take 2 MiB. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (getauxval(AT_CLKTCK))
		user_hz = getauxval(AT_CLKTCK);
	default_levels();
	occupy_standard_descriptors();
	parse(argc ? argv + 1 : argv);
	signal(SIGPIPE, SIG_IGN);
	answer = opt->help ? out_help : opt->version ? out_version :
		opt->columns && !strcmp(opt->columns, "help") ? out_metrics :
		WITH_ALERTS && opt->rules_help ? out_rules : NULL;
	if (answer) {
		answer(&stdout_sink);
		write_out(&stdout_sink);
		return 0;
	}
	complete_options();
	read_boot_offset();
	if (WITH_CGROUP && !opt->replay)
		choose_scope();
	lay_out_snapshots();
	if (WITH_RECORD && opt->record)
		why = recorder_start(&recorder);
	if (why)
		die(0, "--record: %s: %s", recorder.path[0], why);
	if (WITH_LISTEN && opt->listen) {
		run_listen();
		return WITH_RECORD && recorder.lost;
	}
	if (WITH_PROMETHEUS && opt->format == O_PROMETHEUS) {
		why = run_prometheus();
		if (why)
			die(0, "--prometheus: %s", why);
		return 0;
	}
	if (WITH_RECORD && opt->replay) {
		run_replay(&listing);
	} else {
		list_view(&listing);
		/* A graph is finished first, a verdict is said, a recording ends with its own status. */
		handle_signals(view()->finish ? 0 : opt->record ? 1 : LENGTH(end_signals));
		run(&listing);
	}
	if (WITH_ALERTS && stopped && opt->view == O_CHECK)
		die(0, "--check: ended by a signal before there was a verdict");
	if (WITH_ALERTS && opt->view == O_CHECK && !checked.worst.wall_ns)
		return error_status; /* its reader is gone */
	status = view()->finish ? view()->finish(&listing) : 0;
	if (stopped && (stopped == SIGINT || !opt->record))
		die_of_signal();
	return status ? status : WITH_RECORD && recorder.lost;
}

int main(int argc, char **argv)
{
	relocate();
	return vmstat(argc, argv);
}

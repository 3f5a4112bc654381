/* Unit tests of vmstat.c, as TAP: the scanner, numbers, the arithmetic of a
 * report. The program is included, its main under another name; the cases
 * are rows of tables. */
#define main vmstat_main
#include "../vmstat.c"
#undef main
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static int t_count, t_failed;

/* One test: prints the name made of `what` and `input`. */
static void t_ok(bool ok, const char *what, const char *input)
{
	printf("%sok %d - %s: %.*s\n", ok ? "" : "not ", ++t_count, what,
	       (int)strcspn(input, "\n"), input);
	t_failed += !ok;
}

static void t_u64(uint64_t got, uint64_t want, const char *what, const char *input)
{
	if (got != want)
		printf("# got %llu, want %llu\n", (unsigned long long)got,
		       (unsigned long long)want);
	t_ok(got == want, what, input);
}

/* What the last calls put must be `want`. */
static void t_text(const char *want, const char *what)
{
	bool same = sink->n == strlen(want) && !memcmp(sink->buf, want, sink->n);

	if (!same)
		printf("# got \"%.*s\"\n", (int)sink->n, sink->buf);
	t_ok(same, what, want);
	sink->n = 0;
}

/* Raw material for formulas has no name. */
static const char *t_name(enum metric m)
{
	return m < (enum metric)DISPLAYS ? nth(metric_names, m) : "raw";
}

/* A file that holds these bytes. */
static int t_file(const char *p, size_t n)
{
	int fd = memfd_create("unit", 0);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n) {
		printf("Bail out! no memory file\n");
		exit(1);
	}
	return fd;
}

static int t_string(const char *s)
{
	return t_file(s, strlen(s));
}

/* ------------------------------------------------------------ numbers */

#define MAX64 "18446744073709551615"
#define OVER64 "18446744073709551616"

static void test_number(void)
{
	static const struct { const char *s; bool ok; uint64_t want; } rows[] = {
		{ "0", true, 0 }, { "42", true, 42 }, { "007", true, 7 },
		{ MAX64, true, UINT64_MAX }, { "000" MAX64, true, UINT64_MAX },
		{ OVER64, false, 0 }, { "99999999999999999999", false, 0 },
		{ "184467440737095516150", false, 0 },
		{ "", false, 0 }, { "-1", false, 0 }, { "+1", false, 0 },
		{ " 1", false, 0 }, { "1 ", false, 0 }, { "1x", false, 0 },
		{ "0x10", false, 0 }, { "1.5", false, 0 }, { "abc", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t v = 0;
		bool ok = number(rows[i].s, &v);

		t_ok(ok == rows[i].ok && (!ok || v == rows[i].want), "number", rows[i].s);
	}
}

/* A decimal with nine places is a time in nanoseconds. */
static void test_decimal(void)
{
	static const struct { const char *s; bool ok; uint64_t want; const char *rest; } rows[] = {
		{ "0", true, 0, "" }, { "1", true, 1000000000, "" },
		{ "0.01", true, 10000000, "" }, { "1.5 ", true, 1500000000, " " },
		{ "0.000000001", true, 1, "" }, { "0.0000000019", true, 1, "" },
		{ "18446744073.709551615", true, UINT64_MAX, "" },
		{ "18446744073.709551616", false, 0, "" },
		{ "18446744074", false, 0, "" }, { OVER64, false, 0, "" },
		{ ".5", true, 500000000, "" }, { ".", false, 0, "" }, { "", false, 0, "" }, { "-1", false, 0, "" },
		{ "1e9999", true, 1000000000, "e9999" },
		{ "1.2.3", true, 1200000000, ".3" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *p = rows[i].s;
		uint64_t v = 0;
		bool ok = decimal(&p, 9, &v);

		t_ok(ok == rows[i].ok && (!ok || (v == rows[i].want && !strcmp(p, rows[i].rest))),
		     "decimal", rows[i].s);
	}
}

static void test_output(void)
{
	static const struct { uint64_t milli; const char *want; } rows[] = {
		{ 0, "0" }, { 12000, "12" }, { 500, "0.5" }, { 3424, "3.424" },
		{ 1001, "1.001" }, { 10, "0.01" }, { 1010, "1.01" },
		{ UINT64_MAX, "18446744073709551.615" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_milli(rows[i].milli);
		t_text(rows[i].want, "thousandths");
	}
	put_u64(UINT64_MAX);
	t_text(MAX64, "2^64-1 is printed");
	put_digits(7, 3);
	t_text("007", "leading zeros");
	put_fill('x', sizeof sink->buf);
	t_ok(!sink->overflow && sink->n == sizeof sink->buf, "a sink", "holds what fits");
	put_str("y");
	t_ok(sink->overflow && sink->n == sizeof sink->buf, "a sink", "says that it ran over");
	sink->n = 0;
	put_str("y");
	t_ok(sink->overflow, "a sink", "does not forget that");
	sink->n = 0;
}

/* ------------------------------------------------------------ scanner */

/* Counts the lines of a file and the cut ones among them. */
static void t_lines(const char *what, int fd, unsigned want, unsigned want_cut)
{
	unsigned lines = 0, cut = 0;

	scan_start(fd);
	while (scan_line()) {
		lines++;
		cut += line.end == scan_buf + SCAN_BYTES;
	}
	if (lines != want || cut != want_cut)
		printf("# %u lines, %u cut\n", lines, cut);
	t_ok(lines == want && cut == want_cut && !scan.error, "lines", what);
	close(fd);
}

static void test_lines(void)
{
	static char big[3 * SCAN_BYTES];

	t_lines("an empty file", t_string(""), 0, 0);
	t_lines("one", t_string("a\n"), 1, 0);
	t_lines("an empty one", t_string("\n\n"), 2, 0);
	t_lines("the last without its end", t_string("a 1\nb 2"), 1, 0);
	t_lines("bytes that are 0", t_file("a\0b\nc\0\n", 7), 2, 0);
	memset(big, 'x', sizeof big);
	t_lines("no end at all", t_file(big, sizeof big), 1, 1);
	big[sizeof big - 1] = '\n';
	t_lines("longer than the buffer", t_file(big, sizeof big), 1, 1);
	for (size_t n = SCAN_BYTES - 2; n <= SCAN_BYTES + 1; n++) {
		char name[40];

		memset(big, 'x', sizeof big);
		big[n] = big[n + 3] = '\n';
		snprintf(name, sizeof name, "%zu bytes, then 2", n);
		t_lines(name, t_file(big, n + 4), 2, n >= SCAN_BYTES);
	}
	memset(big, '\n', sizeof big);
	t_lines("nothing but ends", t_file(big, sizeof big), sizeof big, 0);
}

/* /proc/stat as a machine of 4,096 CPUs and 100,000 interrupts has it: the
 * lines behind the long ones are found, numbers at the cut are not. */
static void test_long_stat(void)
{
	int fd = memfd_create("stat", 0), again = dup(fd);
	FILE *f = fdopen(again, "w");
	uint64_t first = 0, ctxt = 0, v;
	unsigned cpus = 0, numbers = 0;

	for (int i = 0; i < 4096; i++)
		fprintf(f, "cpu%d %d 2 3 4 5 6 7 8 9 10\n", i, i);
	fprintf(f, "intr %s", MAX64);
	for (int i = 0; i < 100000; i++)
		fprintf(f, " 4444444444");
	fprintf(f, "\nctxt 123456789\n");
	fclose(f);
	scan_start(fd);
	while (scan_line()) {
		cpus += line.p[0] == 'c' && line.p[1] == 'p';
		if (key_is("intr") && word_number(&first))
			while (word_number(&v))
				numbers += v == 4444444444 ? 1 : 1000000;
		else if (key_is("ctxt") && !word_number(&ctxt))
			ctxt = 0;
	}
	close(fd);
	t_u64(cpus, 4096, "4,096 CPUs", "each has its line");
	t_u64(first, UINT64_MAX, "intr of 100,000 numbers", "its first");
	t_ok(numbers > 100 && numbers < 1000000, "intr of 100,000 numbers", "no half number");
	t_u64(ctxt, 123456789, "intr of 100,000 numbers", "the line behind it");
}

static void test_words(void)
{
	static const struct { const char *s, *key; bool ok; uint64_t want; } rows[] = {
		{ "ctxt 5", "ctxt", true, 5 }, { "MemFree:     7 kB", "MemFree", true, 7 },
		{ "cpu  9 8", "cpu", true, 9 }, { "pgfault\t3", "pgfault", true, 3 },
		{ "cpu0 1", "cpu", false, 0 }, { "pgfault 1", "pgfaul", false, 0 },
		{ "pgfaul 1", "pgfault", false, 0 }, { "ctxt", "ctxt", false, 0 },
		{ "ctxt ", "ctxt", false, 0 }, { "ctxt -5", "ctxt", false, 0 },
		{ "ctxt 5x", "ctxt", false, 0 }, { "ctxt 1.5", "ctxt", false, 0 },
		{ "ctxt " MAX64, "ctxt", true, UINT64_MAX },
		{ "ctxt " OVER64, "ctxt", false, 0 },
	};
	static const struct { const char *s, *key; bool ok; uint64_t want; } pairs[] = {
		{ "8:0 rbytes=4096 wbytes=1", "rbytes", true, 4096 },
		{ "8:0 rbytes=4096 wbytes=1", "wbytes", true, 1 },
		{ "8:0 dbytes=3", "bytes", false, 0 }, { "8:0 rbytes=", "rbytes", false, 0 },
		{ "8:0 rbytes=x", "rbytes", false, 0 }, { "8:0 rbytes", "rbytes", false, 0 },
		{ "some avg10=0.00 total=77", "total", true, 77 },
		{ "some total=" OVER64, "total", false, 0 }, { "", "total", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t v = 0;
		bool ok;

		line = (struct line){ rows[i].s, rows[i].s + strlen(rows[i].s) };
		ok = key_is(rows[i].key) && word_number(&v);
		t_ok(ok == rows[i].ok && (!ok || v == rows[i].want), "a line", rows[i].s);
	}
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		uint64_t v = 0;
		bool ok;

		line = (struct line){ pairs[i].s, pairs[i].s + strlen(pairs[i].s) };
		ok = pair_number(pairs[i].key, &v);
		t_ok(line.p == pairs[i].s, "a pair leaves the line", pairs[i].s);
		t_ok(ok == pairs[i].ok && (!ok || v == pairs[i].want), "a pair", pairs[i].s);
	}
}

static void test_one_number(void)
{
	static const struct { const char *s; bool ok; uint64_t want; } rows[] = {
		{ "0\n", true, 0 }, { "9223372036854771712\n", true, 9223372036854771712u },
		{ "max\n", false, 0 }, { MAX64 "\n", true, UINT64_MAX },
		{ "", false, 0 }, { "\n", false, 0 }, { "maximum\n", false, 0 },
		{ "-1\n", false, 0 }, { OVER64 "\n", false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int fd = t_string(rows[i].s);
		uint64_t v = 0;
		bool ok;

		scan_start(fd);
		ok = line_starts(&v);
		t_ok(ok == rows[i].ok && (!ok || v == rows[i].want), "a file", rows[i].s);
		close(fd);
	}
}

/* ------------------------------------------------------------- report */

#define MOST (UNSEEN - 1) /* the largest that is not UNSEEN */

static void test_mul_div(void)
{
	static const struct { uint64_t a, b, c, want; } rows[] = {
		{ 0, 5, 7, 0 }, { 7, 1, 2, 4 }, { 5, 1, 2, 3 }, { 1, 1, 3, 0 }, { 2, 1, 3, 1 },
		{ MOST, 1, 1, MOST }, { MOST, MOST, MOST, MOST }, { MOST, MOST, MOST - 1, UNSEEN },
		{ MOST, 1000, 1000, MOST }, { MOST, 2, 1, UNSEEN }, { UNSEEN, 1, 2, UNSEEN }, { 1, 1, UNSEEN, UNSEEN },
		{ MOST, 100000, MOST, 100000 },
		{ MOST - 1, MOST, MOST, MOST - 1 },
		{ 1u << 31, UINT64_MAX, 1ull << 32, 1ull << 63 },
		{ 12345678901234567890u, 1000000000, 1000000001, 12345678888888889001u },
		{ 1, 1, 0, UINT64_MAX },
	};
	char name[80];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(name, sizeof name, "%llu * %llu / %llu", (unsigned long long)rows[i].a,
			 (unsigned long long)rows[i].b, (unsigned long long)rows[i].c);
		t_u64(mul_div(rows[i].a, rows[i].b, rows[i].c), rows[i].want, "mul_div", name);
	}
}

static void test_growth(void)
{
	static const struct { const char *name; uint64_t before, now, want; } rows[] = {
		{ "none", 5, 5, 0 }, { "some", 5, 12, 7 }, { "from 0 to 2^64-1", 0, UINT64_MAX, UINT64_MAX },
		{ "past 2^32", 4294967295, 4294967297, 2 }, { "back by one", 100, 99, 0 },
		{ "back to 0", 100, 0, 0 }, { "back from above 2^32", 4294967297, 5, 0 },
		{ "back from 2^64-2", MOST, 0, 0 }, { "from what was not seen", UNSEEN, 0, UNSEEN },
		{ "to what is not seen", 5, UNSEEN, UNSEEN }, { "back a little above 2^31", 3000000000, 2999999990, 0 },
		{ "a wrap at 2^32", 4294967290, 10, 16 }, { "a wrap to 0", 4294967295, 0, 1 },
		{ "no wrap below 2^31", 2147483647, 10, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		t_u64(growth(rows[i].before, rows[i].now), rows[i].want, "growth", rows[i].name);
}

/* Two samples a second apart, or as far as `ns` says, compared. */
static struct sample t_before, t_now;
static struct report t_report;

static void t_bind(enum scope_kind kind)
{
	memset(&t_before, 0xff, sizeof t_before);
	memset(&t_now, 0xff, sizeof t_now);
	for (unsigned i = 0; i < PL_COUNT; i++)
		homes[i].version = (uint8_t)kind;
	bind_metrics(kind != HOST);
	scope.cgroup = kind != HOST;
	t_before.ns = 50 * (uint64_t)NS_PER_S;
	t_now.ns = 51 * (uint64_t)NS_PER_S;
}

static void t_set(enum metric m, uint64_t before, uint64_t now)
{
	t_before.value[m] = before;
	t_now.value[m] = now;
}

static void t_compare(bool first)
{
	static const struct sample zero;

	report_make(&t_report, first ? &zero : &t_before, &t_now);
}

static void t_milli(enum metric m, uint64_t want, const char *what)
{
	t_u64(t_report.milli[m], want, what, t_name(m));
}

static void t_unseen(enum metric m, const char *what)
{
	t_u64(t_report.milli[m], UNSEEN, what, t_name(m));
}

static void test_rates(void)
{
	static const struct { const char *name; uint64_t before, now, ns, want; } rows[] = {
		{ "in a second", 1000, 4000, NS_PER_S, 3000000 },
		{ "in half a second", 0, 100, NS_PER_S / 2, 200000 },
		{ "in three seconds, to the nearest", 0, 1, 3ull * NS_PER_S, 333 },
		{ "in a day asleep", 0, 86400, 86400ull * NS_PER_S, 1000 },
		{ "that goes backwards", 1000, 999, NS_PER_S, 0 },
		{ "that wraps at 2^32", 4294967295, 0, NS_PER_S, 1000 },
		{ "of 2^64-1, which is no number", 0, UNSEEN, NS_PER_S, UNSEEN },
		{ "up to 2^64-2: too large to tell", 0, MOST, NS_PER_S, UNSEEN },
		{ "up to 2^64-2 in a thousand seconds", 0, MOST, 1000ull * NS_PER_S, MOST },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		t_bind(HOST);
		t_set(M_CS, rows[i].before, rows[i].now);
		t_now.ns = t_before.ns + rows[i].ns;
		t_compare(false);
		t_milli(M_CS, rows[i].want, rows[i].name);
	}
	t_bind(HOST);
	t_set(M_CS, 5, 10);
	t_set(M_OOM, 1, 3);
	t_set(M_FAULTS, 5, 10);
	t_set(M_MAJ, 5, 10);
	t_set(M_FREE, 7, 8);
	t_set(M_CPU_SOME, 0, 10);
	t_now.ns = t_before.ns;
	t_compare(false);
	t_unseen(M_CS, "no rate over no time");
	t_unseen(M_MIN, "no rate over no time");
	t_unseen(M_CPU_SOME, "no share of no time");
	t_milli(M_OOM, 2000, "a count over no time");
	t_milli(M_FREE, 8 * 1024 * 1000, "a gauge over no time");
	t_now.ns = t_before.ns - 1;
	t_compare(false);
	t_unseen(M_CS, "no rate over a time that runs backwards");
}

static void test_units(void)
{
	t_bind(HOST);
	t_set(M_BI, 0, 12);
	t_set(M_SI, 0, 2);
	t_set(M_SO, 0, 1);
	t_set(M_FAULTS, 0, 90);
	t_set(M_MAJ, 0, 40);
	t_set(M_CACHED, 0, 100);
	t_set(M_RECLAIMABLE, 0, 11);
	t_set(M_SWAP_TOTAL, 0, 50);
	t_set(M_SWAP_FREE, 0, 20);
	t_set(M_CPU_SOME, 0, 250000);
	t_compare(false);
	t_milli(M_BI, 12 * 1024 * 1000, "KiB are 1024 bytes");
	t_milli(M_SI, 2 * (uint64_t)sysconf(_SC_PAGESIZE) * 1000, "pages have their size");
	t_milli(M_SWAPPING, 3 * (uint64_t)sysconf(_SC_PAGESIZE) * 1000, "si + so");
	t_milli(M_MIN, 50000, "all faults less major ones");
	t_milli(M_CACHE, 111 * 1024 * 1000, "cached and reclaimable");
	t_milli(M_SWPD, 30 * 1024 * 1000, "total less free");
	t_milli(M_CPU_SOME, 25000, "a quarter of a second");
	t_set(M_CPU_SOME, 0, 3000000);
	t_compare(false);
	t_milli(M_CPU_SOME, 100000, "never above the whole");
	t_set(M_RECLAIMABLE, 0, MOST);
	t_compare(false);
	t_unseen(M_CACHE, "half of a sum is nothing");
	t_now.value[M_RECLAIMABLE] = UNSEEN;
	t_compare(false);
	t_milli(M_CACHE, 100 * 1024 * 1000, "a kernel that knows no reclaimable slabs");
	t_now.value[M_SWAP_FREE] = UNSEEN;
	t_before.value[M_BI] = UNSEEN;
	t_compare(false);
	t_unseen(M_SWPD, "half of a difference is nothing");
	t_unseen(M_BI, "no growth from what was not seen");
}

static void t_cpu(const uint64_t before[10], const uint64_t now[10])
{
	t_bind(HOST);
	for (unsigned i = 0; i < 10; i++)
		t_set(M_USER + i, before[i], now[i]);
}

static void test_cpu(void)
{
	static const uint64_t zero[10], busy[10] = { 30, 10, 20, 100, 20, 5, 5, 10, 8, 2 };
	static const uint64_t high[10] = { 30, 10, 20, 100, 50, 5, 5, 10, 8, 2 };
	static const uint64_t years[10] = { 1, 1, 1, 1000000000000, 2000000000000 };
	uint64_t most[10];
	unsigned m;

	t_cpu(zero, busy);
	t_compare(false);
	t_milli(M_US, 15000, "user and nice less guests");
	t_milli(M_SY, 15000, "system, irq, softirq");
	t_milli(M_ID, 50000, "idle");
	t_milli(M_WA, 10000, "iowait");
	t_milli(M_ST, 5000, "steal");
	t_milli(M_GU, 5000, "guests");
	t_cpu(high, busy);
	t_set(M_USER, 30, 40);
	t_compare(false);
	t_milli(M_WA, 0, "iowait that goes backwards");
	t_milli(M_US, 100000, "iowait that goes backwards");
	t_cpu(busy, busy);
	t_compare(false);
	t_unseen(M_US, "no share of no ticks");
	t_cpu(zero, years);
	t_compare(true);
	t_milli(M_ID, 33333, "10^12 ticks of idle");
	t_milli(M_WA, 66667, "twice as many of iowait");
	t_milli(M_US, 0, "next to none of user time");
	t_set(M_IOWAIT, 0, UINT64_MAX / 500);
	t_compare(true);
	t_unseen(M_ID, "no share of a whole that is too large");
	for (m = 0; m < 10; m++)
		most[m] = UINT64_MAX;
	t_cpu(zero, most);
	t_compare(true);
	for (m = M_US; m <= M_GU; m++)
		t_ok(t_report.milli[m] == UNSEEN || t_report.milli[m] <= 100000,
		     "at most 100 where every counter is 2^64-1", t_name(m));
	t_cpu(zero, zero);
	t_set(M_USER, 0, UINT64_MAX);
	t_set(M_IDLE, 0, 1);
	t_compare(true);
	for (m = M_US; m <= M_GU; m++)
		t_ok(t_report.milli[m] == UNSEEN || t_report.milli[m] <= 100000,
		     "at most 100 where one counter is 2^64-1", t_name(m));
	t_bind(HOST);
	t_set(M_SI, 0, MOST);
	t_set(M_SO, 0, MOST);
	t_compare(true);
	t_unseen(M_SWAPPING, "a sum that is too large is not told");
	t_cpu(zero, busy);
	t_now.value[M_STEAL] = t_now.value[M_GUEST] = UNSEEN;
	t_compare(false);
	t_unseen(M_ST, "an old kernel");
	t_unseen(M_GU, "an old kernel");
}

static void test_first(void)
{
	t_bind(HOST);
	t_set(M_CS, 0, 5100);
	t_compare(true);
	t_milli(M_CS, 100000, "the average since boot");
	t_bind(HOST);
	t_set(M_CS, 0, 0);
	t_set(M_IDLE, 0, 10);
	t_compare(true);
	t_unseen(M_CS, "0 since boot while CPU time is not");
}

static void test_cgroup(void)
{
	t_bind(V2);
	t_set(M_CAPACITY, 500000, 500000);
	t_set(M_CG_USER, 0, 200000);
	t_set(M_CG_SYS, 0, 50000);
	t_compare(false);
	t_milli(M_US, 40000, "0.2 s of half a CPU");
	t_milli(M_SY, 10000, "0.05 s of half a CPU");
	t_milli(M_ID, 50000, "the rest");
	t_set(M_CG_USER, 0, 600000);
	t_compare(false);
	t_milli(M_ID, 0, "never below 0");
	t_set(M_MEM_LIMIT, 64 << 20, 64 << 20);
	t_set(M_LIMIT_USED, 60 << 20, 48 << 20);
	t_compare(false);
	t_milli(M_FREE, 16000ull << 20, "limit less usage");
	t_milli(M_MEM_PCT, 75000, "usage of limit");
	t_set(M_AVAILABLE, 1024, 1024);
	t_compare(false);
	t_milli(M_FREE, 1000ull << 20, "not more than the machine has");
	t_set(M_LIMIT_USED, 70 << 20, 70 << 20);
	t_compare(false);
	t_milli(M_FREE, 0, "usage above the limit");
	t_set(M_LIMIT_USED, MOST, MOST);
	t_compare(false);
	t_unseen(M_FREE, "usage that is too large is not the machine's free memory");
}

static void test_throttling(void)
{
	t_bind(V2);
	t_before.level[0] = (struct level){ 100, 10, 1000000 };
	t_now.level[0] = (struct level){ 110, 11, 1005000 };
	t_before.level[2] = (struct level){ 1000, 0, 0 };
	t_now.level[2] = (struct level){ 1010, 5, 300000 };
	t_compare(false);
	t_milli(M_THR_PCT, 50000, "the worst level");
	t_milli(M_THR, 300000, "the worst level, ms a second");
	t_before.level[2].periods = UNSEEN;
	t_compare(false);
	t_milli(M_THR_PCT, 10000, "a level not seen before does not count");
	t_now.level[0] = t_before.level[0];
	t_compare(false);
	t_milli(M_THR_PCT, 0, "no period ended");
	memset(t_now.level, 0xff, sizeof t_now.level);
	t_compare(false);
	t_unseen(M_THR_PCT, "no level has a quota");
}

static void test_dates(void)
{
	static const struct { uint64_t seconds; const char *want; } rows[] = {
		{ 0, "1970-01-01 00:00:00" }, { 951782399, "2000-02-28 23:59:59" },
		{ 951782400, "2000-02-29 00:00:00" }, { 951868800, "2000-03-01 00:00:00" },
		{ 1735689599, "2024-12-31 23:59:59" }, { 4107542400, "2100-03-01 00:00:00" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_clock(rows[i].seconds, ' ');
		t_text(rows[i].want, "a date");
	}
}

int main(void)
{
	setvbuf(stdout, 0, _IOLBF, 0);
	test_number();
	test_decimal();
	test_output();
	test_lines();
	test_long_stat();
	test_words();
	test_one_number();
	test_mul_div();
	test_growth();
	test_rates();
	test_units();
	test_cpu();
	test_first();
	test_cgroup();
	test_throttling();
	test_dates();
	printf("1..%d\n", t_count);
	return t_failed != 0;
}

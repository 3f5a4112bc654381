/* Unit tests of vmstat.c, as TAP: the scanner, numbers, the arithmetic of a
 * report. The program is included, its main under another name; the cases
 * are rows of tables. */
#define _GNU_SOURCE
#include <sys/prctl.h>
static int t_prctl(int option, unsigned long a, const void *b);
#define prctl(option, a, b, c, d) t_prctl(option, a, (const void *)(uintptr_t)(b))
#define main vmstat_main
#include "../../vmstat.c"
#undef main
#undef prctl
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>

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

static char t_buffer[OUT_BYTES];
static struct sink t_sink = SINK(t_buffer);

/* What the last calls put must be `want`. */
static void t_text(const char *want, const char *what)
{
	bool same = t_sink.n == strlen(want) && !memcmp(t_buffer, want, t_sink.n);

	if (!same)
		printf("# got \"%.*s\"\n", (int)t_sink.n, t_buffer);
	t_ok(same, what, want);
	t_sink.n = 0;
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
		bool ok = parse_number(rows[i].s, &v);

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
		bool ok = parse_decimal(&p, 9, &v);

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
	static const struct { uint64_t v; const char *want; } counts[] = {
		{ 0, "0" }, { 9999, "9999" }, { 10000, "10k" }, { 10499, "10k" }, { 10500, "11k" },
		{ 999499, "999k" }, { 999500, "1.0M" }, { 1149999, "1.1M" }, { 9949999, "9.9M" },
		{ 9999999, "10M" }, { 999500000, "1.0G" }, { UINT64_MAX, "18E" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		out_milli(&t_sink, rows[i].milli);
		t_text(rows[i].want, "thousandths");
	}
	out_u64(&t_sink, UINT64_MAX);
	t_text(MAX64, "2^64-1 is printed");
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		out_count(&t_sink, counts[i].v);
		t_text(counts[i].want, "a count");
	}
	out_digits(&t_sink, 7, 3);
	t_text("007", "leading zeros");
	out_fill(&t_sink, 'x', t_sink.size);
	t_ok(!t_sink.overflow && t_sink.n == t_sink.size, "a sink", "holds what fits");
	out_str(&t_sink, "y");
	t_ok(t_sink.overflow && t_sink.n == t_sink.size, "a sink", "says that it ran over");
	t_sink.n = 0;
	out_str(&t_sink, "y");
	t_ok(t_sink.overflow, "a sink", "does not forget that");
	t_sink.n = 0;
}

/* ------------------------------------------------------------ scanner */

/* Counts the lines of a file and the cut ones among them. */
static void t_lines(const char *what, int fd, unsigned want, unsigned want_cut)
{
	unsigned lines = 0, cut = 0;
	struct scanner scan;
	struct text line;

	scan_start(&scan, fd, 0);
	while (scan_line(&scan, &line)) {
		lines++;
		cut += scan.cut;
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
	struct scanner scan;
	struct text line;

	for (int i = 0; i < 4096; i++)
		fprintf(f, "cpu%d %d 2 3 4 5 6 7 8 9 10\n", i, i);
	fprintf(f, "intr %s", MAX64);
	for (int i = 0; i < 100000; i++)
		fprintf(f, " 4444444444");
	fprintf(f, "\nctxt 123456789\n");
	fclose(f);
	scan_start(&scan, fd, 0);
	while (scan_line(&scan, &line)) {
		cpus += line.p[0] == 'c' && line.p[1] == 'p';
		if (take_key(&line, "intr") && scan_number(&line, &first))
			while (scan_number(&line, &v))
				numbers += v == 4444444444 ? 1 : 1000000;
		else if (take_key(&line, "ctxt") && !scan_number(&line, &ctxt))
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
	static const struct { const char *s, *name, *value; } pairs[] = {
		{ "8:0 rbytes=4096 wbytes=1", "rbytes=", "4096 wbytes=1" },
		{ "8:0 rbytes=4096 wbytes=1", "wbytes=", "1" }, { "8:0 rbytes=", "rbytes=", "" },
		{ "8:0 dbytes=3", "bytes=", NULL }, { "8:0 rbytes", "rbytes=", NULL },
		{ "8:0 avg10=0.00\ntotal=77", "total=", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t v = 0;
		bool ok;

		struct text line = { rows[i].s, rows[i].s + strlen(rows[i].s) };
		ok = take_key(&line, rows[i].key) && scan_number(&line, &v);
		t_ok(ok == rows[i].ok && (!ok || v == rows[i].want), "a line", rows[i].s);
	}
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		const char *s = pairs[i].s, *value = after_name(s + strlen("8:0 "), s + strlen(s), pairs[i].name);

		t_ok(value ? pairs[i].value && !strcmp(value, pairs[i].value) : !pairs[i].value, "a pair", s);
	}
}

/* Bytes that another NUL or newline ends, or none: the sanitizers see a step beyond. */
static void test_borders(void)
{
	static const struct { const char *list; uint64_t cpus; } lists[] = {
		{ "0-3,8\n", 5 }, { "0-8191\n", 8192 }, { "0-8192\n", UNAVAILABLE },
		{ "0-18446744073709551615,0-4\n", UNAVAILABLE }, { "5-2\n", UNAVAILABLE }, { "\n", UNAVAILABLE },
	};
	static const struct { const char *text, *is; } names[] = {
		{ "/a\\040b", "/a b" }, { "/a\\0", "/a\\0" },
	};
	uint64_t values[M_COUNT];
	char to[PATH_BYTES];

	memset(&scope_plan, 0, sizeof scope_plan);
	plan_places(&scope_plan, false);
	plan_select(&scope_plan, M_cpus_of_sysfs);
	plan_keys(&scope_plan);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		int fd = t_string(lists[i].list);
		struct scanner scan;

		memset(values, 0xff, sizeof values);
		scan_start(&scan, fd, 0);
		read_cpu_list(&scope_plan, &scan, SRC_CPU_ONLINE, values);
		t_u64(values[M_cpus_of_sysfs], lists[i].cpus, "a list of CPUs", lists[i].list);
		close(fd);
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *text = names[i].text;

		unescape(&(struct text){ text, text + strlen(text) }, to);
		t_ok(!strcmp(to, names[i].is), "a path of mountinfo", text);
	}
}

static void test_one_number(void)
{
	static const struct { const char *s; uint64_t usage, limit; } rows[] = {
		{ "0\n", 0, 0 }, { "9223372036854771712\n", 9223372036854771712u, 9223372036854771712u },
		{ "max\n", UNAVAILABLE, UNLIMITED }, { "-1\n", UNAVAILABLE, UNLIMITED },
		{ "", UNAVAILABLE, UNAVAILABLE },
		{ "x\n", UNAVAILABLE, UNAVAILABLE }, { OVER64 "\n", UNAVAILABLE, UNAVAILABLE },
	};
	uint64_t values[M_COUNT];

	for (unsigned i = 0; i < DIR_COUNT; i++)
		hierarchies[i].version = 2;
	memset(&scope_plan, 0, sizeof scope_plan);
	plan_places(&scope_plan, true);
	plan_select(&scope_plan, M_mem_used);
	plan_select(&scope_plan, M_mem_max);
	plan_keys(&scope_plan);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int fd = t_string(rows[i].s);
		struct scanner scan;

		memset(values, 0xff, sizeof values);
		scan_start(&scan, fd, 0);
		read_numbers(&scope_plan, &scan, SRC_MEM_CURRENT, values);
		scan_start(&scan, fd, 0);
		read_numbers(&scope_plan, &scan, SRC_MEM_MAX, values);
		t_u64(values[M_mem_used], rows[i].usage, "a file with a number", rows[i].s);
		t_u64(values[M_mem_max], rows[i].limit, "a file with a limit", rows[i].s);
		close(fd);
	}
}

/* What /proc/vmstat reports of two keys, in a text that is one instant of it. */
static void t_keys(const char *s, uint64_t in, uint64_t faults, const char *what)
{
	uint64_t values[M_COUNT];
	struct file file = { t_string(s) + 1, 0 };

	memset(values, 0xff, sizeof values);
	read_file(&scope_plan, &file, "", 0, SRC_VMSTAT, true, values);
	t_u64(values[M_si], in, what, s);
	t_u64(values[M_maj], faults, what, s);
	close(file.fd - 1);
}

/* Keys are looked for where they stood the last time, and no more is read. */
static void test_keys(void)
{
	static const char digits[] = "1111111111111111111111111111111111111111111111111111111111111111";
	char text[SCAN_BYTES + 4096];

	memset(&scope_plan, 0, sizeof scope_plan);
	plan_places(&scope_plan, false);
	plan_select(&scope_plan, M_si);
	plan_select(&scope_plan, M_maj);
	plan_keys(&scope_plan);
	t_keys("x 1\npswpin 10\npswpinx 9\npgmajfault 5\nz 9\n", 10, 5, "the first time");
	t_u64(scope_plan.found[SRC_VMSTAT], 2, "keys whose place is known", "");
	t_keys("x 100000\npswpin 1000\npswpinx 9\npgmajfault 55555\nz 9\n", 1000, 55555, "more digits");
	t_keys("x 1\npswpinx 9\npswpin 11\npgmajfault 6\nz 9\n", 11, 6, "another line comes first");
	t_keys("pgmajfault 7\npswpin 12\n", 12, 7, "another order");
	t_keys("pswpin 13\n", 13, UNAVAILABLE, "a key is gone");
	t_keys("pswpin 14\npgmajfault 8\n", 14, 8, "it is back");
	t_keys("pswpin 15\npgmajfault 12", 15, UNAVAILABLE, "nothing ends the number");
	t_keys("pswpin 16x\npgmajfault 8\r\n", UNAVAILABLE, 8, "a number that is none, one before CR LF");
	t_keys("pswpin\npgmajfault " MAX64 "0\n", UNAVAILABLE, UNAVAILABLE, "no number, one that is too large");
	/* What comes before the keys grows by 0 to 63 bytes: of one number the first read ends in the middle. */
	for (int i = 0; i < 64; i++) {
		t_keys("x 1\npswpin 17\npgmajfault 12345678\nz\n", 17, 12345678, "as it was");
		t_keys("x 1\npswpin 17\npgmajfault 12345678\nz\n", 17, 12345678, "as it was, again");
		snprintf(text, sizeof text, "x 1%.*s\npswpin 18\npgmajfault 98765432\nz\n", i, digits);
		t_keys(text, 18, 98765432, "further on");
	}
	/* Beyond the buffer. */
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "pswpin 19\nx %0*d\ny\npgmajfault 9\nz\n", SCAN_BYTES + 9 * i, 0);
		t_keys(text, 19, 9, "after a line that is longer than the buffer");
	}
	t_keys("pswpin 1\npgmajfault 2\nz\n", 1, 2, "and without it");
	t_keys("pswpin 1\npgmajfault 2\nz\n", 1, 2, "once more");
	t_ok(scope_plan.extent[SRC_VMSTAT] <= strlen("pswpin 1\npgmajfault 2\n") + JUMP_SLACK, "bytes that are read", "");
}

/* ------------------------------------------------------------- report */

#define MOST (UNAVAILABLE - 1) /* the largest that is not UNAVAILABLE */

/* What a new row of the catalogue must keep to. */
static void test_catalogue(void)
{
	unsigned exports = 0;

	for (unsigned m = 1; m < LENGTH(metrics); m++) {
		const struct column *c = &metrics[m].column;
		bool unique = true;

		t_ok(strlen(c->heading) <= c->width[0] && c->width[0] <= c->width[1] && c->keep < 100,
		     "the heading fits the width, at most the wide width; keep is below 100", c->key);
		exports += is_exported(m, CGROUP);
		for (unsigned n = 1; n < LENGTH(metrics); n++) {
			const struct column *d = &metrics[n].column;

			if (is_visible(m) && is_visible(n))
				unique &= strcmp(c->heading, groups[d->group].name) && strcmp(c->key, groups[d->group].name) &&
					(n == m || (strcmp(c->heading, d->key) && strcmp(c->heading, d->heading)));
		}
		t_ok(unique, "neither name nor heading is a group's, or another's", c->key);
	}
	t_ok(exports <= CHILD_EXPORTS, "CHILD_EXPORTS is enough", "");
	for (unsigned i = 0; i < RULE_COUNT; i++)
		t_ok(rules[i].warn <= rules[i].crit && (!rules[i].what || rules[i].crit),
		     "the warning comes first", metrics[rules[i].metric].column.key);
}

static void test_mul_div(void)
{
	static const struct { uint64_t a, b, c, want; } rows[] = {
		{ 0, 5, 7, 0 }, { 7, 1, 2, 4 }, { 5, 1, 2, 3 }, { 1, 1, 3, 0 }, { 2, 1, 3, 1 },
		{ MOST, 1, 1, MOST }, { MOST, MOST, MOST, MOST }, { MOST, MOST, MOST - 1, UNAVAILABLE },
		{ MOST, 1000, 1000, MOST }, { MOST, 2, 1, UNAVAILABLE }, { UNAVAILABLE, 1, 2, UNAVAILABLE }, { 1, 1, UNAVAILABLE, UNAVAILABLE },
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
		{ "past 2^32", 4294967295, 4294967297, 2 }, { "back by one", 100, 99, UNAVAILABLE },
		{ "back to 0", 100, 0, UNAVAILABLE }, { "back from above 2^32", 4294967297, 5, UNAVAILABLE },
		{ "back from 2^64-2", MOST, 0, UNAVAILABLE }, { "from what was not seen", UNAVAILABLE, 0, UNAVAILABLE },
		{ "to what is not seen", 5, UNAVAILABLE, UNAVAILABLE }, { "back a little above 2^31", 3000000000, 2999999990, UNAVAILABLE },
		{ "a wrap at 2^32", 4294967290, 10, 16 }, { "a wrap to 0", 4294967295, 0, 1 },
		{ "no wrap below 2^31", 2147483647, 10, UNAVAILABLE },
		{ "a reset from 3 * 10^9", 3000000000, 500, UNAVAILABLE },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		t_u64(growth(rows[i].before, rows[i].now), rows[i].want, "growth", rows[i].name);
}

/* Two snapshots a second apart, or as far as `ns` says, compared. */
static struct snapshot t_before, t_now;
static struct report t_report;

static void t_bind(enum scope_kind kind)
{
	for (unsigned i = DIR_MEMORY; i < DIR_COUNT; i++) {
		hierarchies[i].version = kind == V1 ? 1 : 2;
		hierarchies[i].levels = kind == HOST ? 0 : 3;
	}
	lay_out_snapshots();
	t_before = snapshots[0];
	t_now = snapshots[1];
	memset(t_before.level, 0xff, t_before.levels * sizeof *t_before.level);
	memset(t_now.level, 0xff, t_now.levels * sizeof *t_now.level);
	scope.cgroup = kind != HOST;
	memset(&scope_plan, 0, sizeof scope_plan);
	plan_places(&scope_plan, kind != HOST);
	for (unsigned m = 1; m < M_COUNT; m++)
		plan_select(&scope_plan, m);
	t_before.plan = t_now.plan = &scope_plan;
	t_before.ns = t_before.awake_ns = 50 * (uint64_t)NS_PER_S;
	t_now.ns = t_now.awake_ns = 51 * (uint64_t)NS_PER_S;
}

static void t_set(enum metric_id m, uint64_t before, uint64_t now)
{
	t_before.level[0][m] = before;
	t_now.level[0][m] = now;
}

static void t_compare(bool first)
{
	const struct comparison c = { first ? &no_snapshot : &t_before, &t_now, &t_report };

	report_make(&c);
}

static void t_milli(enum metric_id m, uint64_t want, const char *what)
{
	t_u64(t_report.value[m], want, what, metrics[m].column.key);
}

static void t_unavailable(enum metric_id m, const char *what)
{
	t_u64(t_report.value[m], UNAVAILABLE, what, metrics[m].column.key);
}

static void test_rates(void)
{
	static const struct { const char *name; uint64_t before, now, ns, want; } rows[] = {
		{ "in a second", 1000, 4000, NS_PER_S, 3000000 },
		{ "in half a second", 0, 100, NS_PER_S / 2, 200000 },
		{ "in three seconds, to the nearest", 0, 1, 3ull * NS_PER_S, 333 },
		{ "in a day asleep", 0, 86400, 86400ull * NS_PER_S, 1000 },
		{ "that steps back", 1000, 999, NS_PER_S, UNAVAILABLE },
		{ "that wraps at 2^32", 4294967294, 1, NS_PER_S, 3000 },
		{ "of 2^64-1, which is no number", 0, UNAVAILABLE, NS_PER_S, UNAVAILABLE },
		{ "up to 2^64-2: too large to tell", 0, MOST, NS_PER_S, UNAVAILABLE },
		{ "up to 2^64-2 in a thousand seconds", 0, MOST, 1000ull * NS_PER_S, MOST },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		t_bind(HOST);
		t_set(M_cs, rows[i].before, rows[i].now);
		t_now.ns = t_before.ns + rows[i].ns;
		t_compare(false);
		t_milli(M_cs, rows[i].want, rows[i].name);
	}
	t_bind(HOST);
	t_set(M_cs, 5, 10);
	t_set(M_oom, 1, 3);
	t_set(M_faults, 5, 10);
	t_set(M_maj, 5, 10);
	t_set(M_free, 7, 8);
	t_set(M_cpu_some, 0, 10);
	t_now.ns = t_before.ns;
	t_compare(false);
	t_unavailable(M_cs, "no rate over no time");
	t_unavailable(M_min, "no rate over no time");
	t_unavailable(M_cpu_some, "no share of no time");
	t_milli(M_oom, 2000, "a count over no time");
	t_milli(M_free, 8 * 1024 * 1000, "a gauge over no time");
	t_now.ns = t_before.ns - 1;
	t_compare(false);
	t_unavailable(M_cs, "no rate over a time that runs backwards");
}

static void test_units(void)
{
	t_bind(HOST);
	t_set(M_bi, 0, 12);
	t_set(M_si, 0, 2);
	t_set(M_so, 0, 1);
	t_set(M_faults, 0, 90);
	t_set(M_maj, 0, 40);
	t_set(M_cached, 0, 100);
	t_set(M_reclaimable, 0, 11);
	t_set(M_swap_total, 0, 50);
	t_set(M_swap_free, 0, 20);
	t_set(M_cpu_some, 0, 250000);
	t_compare(false);
	t_milli(M_bi, 12 * 1024 * 1000, "KiB are 1024 bytes");
	t_milli(M_si, 2 * (uint64_t)sysconf(_SC_PAGESIZE) * 1000, "pages have their size");
	t_milli(M_swap, 3 * (uint64_t)sysconf(_SC_PAGESIZE) * 1000, "si + so");
	t_milli(M_min, 50000, "all faults less major ones");
	t_milli(M_cache, 111 * 1024 * 1000, "cached and reclaimable");
	t_milli(M_swpd, 30 * 1024 * 1000, "total less free");
	t_milli(M_cpu_some, 25000, "a quarter of a second");
	t_set(M_cpu_some, 0, 3000000);
	t_compare(false);
	t_milli(M_cpu_some, 100000, "never above the whole");
	t_set(M_reclaimable, 0, MOST);
	t_compare(false);
	t_unavailable(M_cache, "half of a sum is nothing");
	t_now.level[0][M_reclaimable] = UNAVAILABLE;
	t_compare(false);
	t_milli(M_cache, 100 * 1024 * 1000, "a kernel that knows no reclaimable slabs");
	t_now.level[0][M_swap_free] = UNAVAILABLE;
	t_before.level[0][M_bi] = UNAVAILABLE;
	t_compare(false);
	t_unavailable(M_swpd, "half of a difference is nothing");
	t_unavailable(M_bi, "no growth from what was not seen");
}

static void t_cpu(const uint64_t before[10], const uint64_t now[10])
{
	t_bind(HOST);
	for (unsigned i = 0; i < 10; i++)
		t_set(M_cpu_user + i, before[i], now[i]);
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
	t_milli(M_us, 15000, "user and nice less guests");
	t_milli(M_sy, 15000, "system, irq, softirq");
	t_milli(M_id, 50000, "idle");
	t_milli(M_wa, 10000, "iowait");
	t_milli(M_st, 5000, "steal");
	t_milli(M_gu, 5000, "guests");
	t_cpu(high, busy);
	t_set(M_cpu_user, 30, 40);
	t_compare(false);
	t_milli(M_wa, 0, "iowait that steps back");
	t_milli(M_us, 100000, "iowait that steps back");
	t_cpu(busy, busy);
	t_compare(false);
	t_unavailable(M_us, "no share of no ticks");
	t_cpu(zero, years);
	t_now.ns = t_before.ns + 4000000ull * NS_PER_S; /* no machine has more than 8,192 CPUs */
	t_compare(true);
	t_milli(M_id, 33333, "10^12 ticks of idle");
	t_milli(M_wa, 66667, "twice as many of iowait");
	t_milli(M_us, 0, "next to none of user time");
	t_set(M_cpu_iowait, 0, UINT64_MAX / 500);
	t_compare(true);
	t_unavailable(M_id, "no share of a whole that is too large");
	for (m = 0; m < 10; m++)
		most[m] = UINT64_MAX;
	t_cpu(zero, most);
	t_set(M_cpus_online, 4, 4);
	t_compare(true);
	for (m = M_us; m <= M_gu; m++)
		t_ok(t_report.value[m] == UNAVAILABLE || t_report.value[m] <= 100000,
		     "at most 100 where every counter is 2^64-1", metrics[m].column.key);
	t_cpu(zero, zero);
	t_set(M_cpu_user, 0, UINT64_MAX);
	t_set(M_cpu_idle, 0, 1);
	t_compare(true);
	for (m = M_us; m <= M_gu; m++)
		t_ok(t_report.value[m] == UNAVAILABLE || t_report.value[m] <= 100000,
		     "at most 100 where one counter is 2^64-1", metrics[m].column.key);
	t_bind(HOST);
	t_set(M_si, 0, MOST);
	t_set(M_so, 0, MOST);
	t_compare(true);
	t_unavailable(M_swap, "a sum that is too large is not told");
	t_cpu(zero, busy);
	t_now.level[0][M_cpu_steal] = t_now.level[0][M_cpu_guest] = UNAVAILABLE;
	t_compare(false);
	t_unavailable(M_st, "an old kernel");
	t_unavailable(M_gu, "an old kernel");
}

/* One CPU in user mode for half of a second, and three quarters of one in use, at 100 ticks a
 * second and at the 1024 of alpha. After 51 s 400,000 ticks are those of 8 CPUs at 1024; at
 * 100 they are more than 64 have, 332,800. */
static void test_ticks(void)
{
	static const struct { uint64_t hz, half, user, tick_us; } rows[] = {
		{ 100, 50, 4000, 10000 }, { 1024, 512, 400000, 976 },
	};
	static struct cpus before, now;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		user_hz = rows[i].hz;
		t_u64(in_base_units(1, RAW_TICKS), rows[i].tick_us, "ticks", "one");
		t_u64(in_base_units(3 * user_hz, RAW_TICKS), 3000000, "ticks", "3 s");
		t_u64(start_ns(8 * user_hz) + (uint64_t)scope.boot_ns, 8000000000, "ticks", "8 s after boot");
		t_bind(HOST);
		t_now.age_known = true;
		t_set(M_cpus_online, 1, 1);
		t_set(M_cpu_user, rows[i].user, rows[i].user + rows[i].half);
		t_set(M_cpu_idle, 0, rows[i].half);
		t_compare(false);
		t_milli(M_us, 50000, "half of a second");
		before.cpu[0].all = before.cpu[0].busy = 1;
		now.cpu[0].all = 1 + 2 * (uint32_t)rows[i].half;
		now.cpu[0].busy = 1 + 3 * (uint32_t)rows[i].half / 2;
		t_before.cpus = &before;
		t_now.cpus = &now;
		t_u64(make_cpu_max(&(struct comparison){ &t_before, &t_now, &t_report }, M_cpu_max), 75000, "ticks", "the busiest CPU");
		t_u64(t_report.value[M_cpu_max_id], 0, "ticks", "its number");
	}
	user_hz = 100;
}

/* 4 CPUs, 1 s: 400 ticks. */
static void test_too_much(void)
{
	static const uint64_t zero[10], steal[10] = { 100, 0, 100, 100, 0, 0, 0, 1844674407365, 0, 0 };
	static const uint64_t frozen[10] = { 100, 0, 100, 8300000000000000000u, 0, 0, 0, 0, 0, 0 };
	static const uint64_t later[10] = { 200, 0, 200, 8300000000000000000u, 0, 0, 0, 0, 0, 0 };
	static const uint64_t much[10] = { 100, 0, 100000, 200, 0, 0, 0, 0, 0, 0 };

	t_cpu(zero, steal);
	t_set(M_cpus_online, 4, 4);
	t_compare(false);
	t_unavailable(M_st, "steal that underflowed");
	t_milli(M_us, 33333, "the others beside it");
	t_cpu(frozen, later);
	t_set(M_cpus_online, 4, 4);
	t_now.age_known = true;
	t_compare(false);
	t_unavailable(M_us, "beside an idle time that is frozen at 8e18");
	t_unavailable(M_id, "frozen at 8e18");
	t_cpu(zero, much);
	t_set(M_cpus_online, 4, 4);
	t_compare(false);
	t_unavailable(M_sy, "more than 4 CPUs can do");
	t_unavailable(M_us, "beside system time that is too much");
	t_now.age_known = false;
}

static void test_utf8(void)
{
#define E_ACUTE "\xc3\xa9"
#define EMOJI "\xf0\x9f\x98\x80"
	static const struct { const char *s, *safe, *json, *label; } rows[] = {
		{ "plain", "plain", "plain", "plain" },
		{ "a\tb\nc", "a?b?c", "a\\u0009b\\u000ac", "a\\\\x09b\\nc" },
		{ "\033[31m", "?[31m", "\\u001b[31m", "\\\\x1b[31m" },
		{ "\"\\", "\"\\", "\\\"\\\\", "\\\"\\\\" },
		{ E_ACUTE, E_ACUTE, E_ACUTE, E_ACUTE }, { EMOJI, EMOJI, EMOJI, EMOJI },
		{ "\x7f", "?", "\\u007f", "\\\\x7f" }, { "\xc2\x9b", "?", "\\u009b", "\\\\xc2\\\\x9b" },
		{ "\xc2\xa0", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" }, /* U+00A0 */
		{ "\x9b", "?", "\\ufffd", "\\\\x9b" }, { "\xff", "?", "\\ufffd", "\\\\xff" },
		{ "\xc0\xaf", "??", "\\ufffd\\ufffd", "\\\\xc0\\\\xaf" },
		{ "\xc1\xbf", "??", "\\ufffd\\ufffd", "\\\\xc1\\\\xbf" },
		{ "\xe0\x80\xaf", "???", "\\ufffd\\ufffd\\ufffd", "\\\\xe0\\\\x80\\\\xaf" },
		{ "\xed\xa0\x80", "???", "\\ufffd\\ufffd\\ufffd", "\\\\xed\\\\xa0\\\\x80" }, /* U+D800 */
		{ "\xed\x9f\xbf", "\xed\x9f\xbf", "\xed\x9f\xbf", "\xed\x9f\xbf" },          /* U+D7FF */
		{ "\xee\x80\x80", "\xee\x80\x80", "\xee\x80\x80", "\xee\x80\x80" },          /* U+E000 */
		{ "\xf4\x90\x80\x80", "????", "\\ufffd\\ufffd\\ufffd\\ufffd", "\\\\xf4\\\\x90\\\\x80\\\\x80" },
		{ "\xf8\x88\x80\x80", "????", "\\ufffd\\ufffd\\ufffd\\ufffd", "\\\\xf8\\\\x88\\\\x80\\\\x80" },
		{ "\xe2\x82", "??", "\\ufffd\\ufffd", "\\\\xe2\\\\x82" },
	};
	/* U+200A, 200B, 200F, 2010, 2027 to 2029, 202A, 202E, 202F, 205F, 2060, 2066, 2069, 061C, FEFF */
	static const char deceptive[] = "\xe2\x80\x8a \xe2\x80\x8b \xe2\x80\x8f \xe2\x80\x90 \xe2\x80\xa7 \xe2\x80\xa8 "
		"\xe2\x80\xa9 \xe2\x80\xaa \xe2\x80\xae \xe2\x80\xaf \xe2\x81\x9f \xe2\x81\xa0 \xe2\x81\xa6 \xe2\x81\xa9 "
		"\xd8\x9c \xef\xbb\xbf";
	char quoted[64];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		out_safe(&t_sink, rows[i].s);
		t_text(rows[i].safe, "safe for a terminal");
		out_escaped(&t_sink, ESCAPE_JSON, rows[i].s);
		snprintf(quoted, sizeof quoted, "\"%s\"", rows[i].json);
		t_text(quoted, "a JSON string");
		out_escaped(&t_sink, ESCAPE_LABEL, rows[i].s);
		snprintf(quoted, sizeof quoted, "\"%s\"", rows[i].label);
		t_text(quoted, "the value of a label");
	}
	out_safe(&t_sink, deceptive);
	t_text("\xe2\x80\x8a ? ? \xe2\x80\x90 \xe2\x80\xa7 ? ? ? ? \xe2\x80\xaf \xe2\x81\x9f ? ? ? ? ?",
	       "without what deceives people");
	out_escaped(&t_sink, ESCAPE_LABEL, "\xe2\x80\xae");
	t_text("\"\xe2\x80\xae\"", "a label keeps it");
	out_escaped(&t_sink, ESCAPE_HTML, "<b>&amp;\xe2\x80\xae\x1b");
	t_text("&lt;b&gt;&amp;amp;??", "text in HTML");
	out_escaped(&t_sink, ESCAPE_CSV, "a\tb\n");
	t_text("a\tb?", "a field of CSV");
	out_escaped(&t_sink, ESCAPE_CSV, "a,\"b");
	t_text("\"a,\"\"b\"", "a field of CSV in quotes");
	out_hundredths(&t_sink, 9614900);
	t_text("9.61", "9.6149 is rounded once");
}

static void test_first(void)
{
	t_bind(HOST);
	t_set(M_cs, 0, 5100);
	t_compare(true);
	t_milli(M_cs, 100000, "the average since boot");
	t_bind(HOST);
	t_set(M_cs, 0, 0);
	t_set(M_cpu_idle, 0, 10);
	t_compare(true);
	t_unavailable(M_cs, "0 since boot while CPU time is not");
}

/* Sets the same at all levels, in both snapshots. */
static void t_levels(enum metric_id m, uint64_t v)
{
	for (unsigned l = 0; l < 3; l++)
		t_before.level[l][m] = t_now.level[l][m] = v;
}

static void test_cgroup(void)
{
	t_bind(V2);
	t_levels(M_cpu_quota, UNLIMITED);
	t_levels(M_cpu_period, UNLIMITED);
	t_levels(M_mem_max, UNLIMITED);
	t_levels(M_mem_high, UNLIMITED);
	t_set(M_inactive_file, 4 << 20, 4 << 20);
	t_set(M_mem_free, 1 << 20, 1 << 20);
	t_set(M_host_total, 2 << 20, 2 << 20);
	t_set(M_reported_available, 1 << 20, 1 << 20);
	t_set(M_cpu_quota, 50000, 50000);
	t_set(M_cpu_period, 100000, 100000);
	t_set(M_user_time, 0, 200000);
	t_set(M_system_time, 0, 50000);
	t_compare(false);
	t_milli(M_us, 40000, "0.2 s of half a CPU");
	t_milli(M_sy, 10000, "0.05 s of half a CPU");
	t_milli(M_id, 50000, "the rest");
	t_set(M_user_time, 0, 600000);
	t_compare(false);
	t_milli(M_id, 0, "never below 0");
	t_set(M_mem_max, 64 << 20, 64 << 20);
	t_set(M_mem_used, 60 << 20, 48 << 20);
	t_compare(false);
	t_milli(M_free, 16000ull << 20, "limit less usage");
	t_milli(M_avail, 20000ull << 20, "limit less working set");
	t_milli(M_mem_pct, 68750, "working set of limit");
	t_set(M_mem_high, 50 << 20, 50 << 20);
	t_compare(false);
	t_milli(M_mem_limit, 50000ull << 20, "memory.high is a limit");
	t_set(M_mem_high, UNLIMITED, UNLIMITED);
	t_set(M_mem_free, 1024, 1024);
	t_compare(false);
	t_milli(M_free, 1000ull << 20, "not more than the machine has");
	t_set(M_mem_used, 70 << 20, 70 << 20);
	t_compare(false);
	t_milli(M_free, 0, "usage above the limit");
	t_set(M_swap_max, 8 << 20, 8 << 20);
	t_before.level[1][M_swap_max] = t_now.level[1][M_swap_max] = 4 << 20;
	t_before.level[2][M_swap_max] = t_now.level[2][M_swap_max] = UNLIMITED;
	t_compare(false);
	t_milli(M_swap_limit, 4000ull << 20, "the least swap limit of all levels");
	t_now.level[1][M_mem_max] = UNAVAILABLE;
	t_compare(false);
	t_unavailable(M_free, "a limit that cannot be read may be the one that counts");
	t_unavailable(M_mem_limit, "a limit that cannot be read may be the one that counts");
}

static void t_throttle(struct snapshot *s, unsigned level, uint64_t periods, uint64_t throttled, uint64_t us)
{
	s->level[level][M_nr_periods] = periods;
	s->level[level][M_nr_throttled] = throttled;
	s->level[level][M_throttled_time] = us;
}

static void test_throttling(void)
{
	t_bind(V2);
	t_levels(M_cpu_quota, UNLIMITED); /* without counts: of level 1 */
	t_throttle(&t_before, 0, 100, 10, 1000000);
	t_throttle(&t_now, 0, 110, 11, 1005000);
	t_throttle(&t_before, 2, 1000, 0, 0);
	t_throttle(&t_now, 2, 1010, 5, 300000);
	t_compare(false);
	t_milli(M_thr_pct, 50000, "the worst level");
	t_milli(M_thr, 300000, "the worst level, ms a second");
	t_before.level[2][M_nr_periods] = UNAVAILABLE;
	t_compare(false);
	t_unavailable(M_thr_pct, "a level not read before may be the worst");
	t_throttle(&t_now, 0, 100, 10, 1000000);
	t_throttle(&t_before, 2, 1010, 5, 300000);
	t_compare(false);
	t_milli(M_thr_pct, 0, "no period ended");
	t_levels(M_cpu_period, 100000);
	t_now.ns = t_before.ns + NS_PER_S / 20;
	t_before.level[2][M_nr_periods] = UNAVAILABLE;
	t_compare(false);
	t_unavailable(M_thr_pct, "no period ended in half a period");
	t_now.ns = t_before.ns + NS_PER_S;
	memset(t_now.level, 0xff, t_now.levels * sizeof *t_now.level);
	t_compare(false);
	t_unavailable(M_thr_pct, "no level has a quota");
}

static void test_dates(void)
{
	static const struct { uint64_t seconds; const char *want; } rows[] = {
		{ 0, "1970-01-01 00:00:00" }, { 951782399, "2000-02-28 23:59:59" },
		{ 951782400, "2000-02-29 00:00:00" }, { 951868800, "2000-03-01 00:00:00" },
		{ 1735689599, "2024-12-31 23:59:59" }, { 4107542400, "2100-03-01 00:00:00" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		out_date(&t_sink, rows[i].seconds, ' ');
		t_text(rows[i].want, "a date");
	}
	out_http_date(&t_sink, 1785024000);
	t_text("Sun, 26 Jul 2026 00:00:00 GMT", "a date");
}

/* Each day of the years that nanoseconds in 64 bits reach, against a count of days. */
static void test_calendar(void)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct date d = { 1970, 1, 1 };
	uint64_t days = 0, wrong = 0;

	for (; d.year < 2555; days++) {
		bool leap = d.year % 4 == 0 && (d.year % 100 || d.year % 400 == 0);
		struct date got = date_of_days(days);

		wrong += days_of_date(&d) != days || got.year != d.year || got.month != d.month || got.day != d.day;
		if ((int)d.day++ < lengths[d.month - 1] + (d.month == 2 && leap))
			continue;
		d.day = 1;
		d.year += d.month == 12;
		d.month = d.month % 12 + 1;
	}
	t_u64(wrong, 0, "the calendar", "there and back");
	t_u64(days, 213667, "the calendar", "585 years of 365 days, and 142 leap days");
}

static void test_times(void)
{
	static const struct { const char *s; bool ok; uint64_t ms; } rows[] = {
		{ "1970-01-01T00:00:00Z", true, 0 }, { "2000-02-29T12:30:01.5Z", true, 951827401500 },
		{ "2026-01-02 03:04:05.123456789Z", true, 1767323045123 }, { "2016-12-31T23:59:60Z", true, 1483228800000 },
		{ "2025-02-29T00:00:00Z", false }, { "2100-02-29T00:00:00Z", false }, { "2026-04-31T00:00:00Z", false },
		{ "2026-00-01T00:00:00Z", false }, { "2026-13-01T00:00:00Z", false }, { "2026-01-00T00:00:00Z", false },
		{ "1969-12-31T23:59:59Z", false }, { "2026-01-02T24:00:00Z", false }, { "2026-01-02T03:60:00Z", false },
		{ "2026-01-02T03:04:05", false }, { "2026-01-02T03:04:05+00:00", false }, { "2026-01-02T03:04:05z", false },
		{ "2026-1-02T03:04:05Z", false }, { "", false }, { "2026-01-02", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *p = rows[i].s;
		uint64_t ns = 0;
		bool ok = parse_time(&p, &ns);

		t_ok(ok == rows[i].ok && (!ok || (ns / 1000000 == rows[i].ms && !*p)), "a time", rows[i].s);
	}
}

/* ----------------------------------------------------------- requests */

#if WITH_LISTEN
#define GET "GET / HTTP/1.1\r\n"
#define H "Host: x\r\n"

/* What a request is found to be: its status and, where it is whole, its path, the host
 * that it names, and whether it is HEAD. */
static void test_requests(void)
{
	static const struct { const char *s; unsigned status; const char *path, *host; bool head; } rows[] = {
		{ "", 0 }, { "G", 0 }, { "GET / HTTP/1.1", 0 }, { "\r\n\n\r", 0 }, { GET, 0 }, { GET H, 0 },
		{ GET H "\r", 0 }, { GET H "A: b\r\n", 0 },
		{ GET H "\r\n", 200, "/", "x" }, { "GET / HTTP/1.1\nHost: x\n\n", 200, "/", "x" },
		{ "\r\n\r\n" GET H "\r\n", 200, "/", "x" },
		{ "HEAD /a?b=/c HTTP/1.1\r\n" H "\r\n", 200, "/a", "x", true },
		{ "GET http://h:1/a/b HTTP/1.1\r\n" H "\r\n", 200, "/a/b", "h:1" },
		{ "GET HTTP://h/?q HTTP/1.1\r\n" H "\r\n", 200, "/", "h" },
		{ "GET / HTTP/1.0\r\n\r\n", 200, "/", NULL }, { "GET / HTTP/1.0\r\n" H "\r\n", 200, "/", "x" },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "/", NULL },
		{ "GET / HTTP/1.9\r\n" H "\r\n", 200, "/", "x" },
		{ GET "hOsT:\r\n\r\n", 200, "/", "" }, { GET H "A:\t b \t\r\n\r\n", 200, "/", "x" },
		{ GET H "A: \xff\xe9\r\n\r\n", 200, "/", "x" },
		{ GET H "Connection: close\r\n\r\n", 200, "/", "x" },
		{ GET H "connection:a , CLOSE\t,b\r\n\r\n", 200, "/", "x" },
		{ GET H "Connection: closed, clos\r\n\r\n", 200, "/", "x" },
		{ GET H "Connection: close\r\nConnection: keep-alive\r\n\r\n", 200, "/", "x" },
		{ GET H "Content-Length: 0\r\n\r\n", 200, "/", "x" },
		{ GET H "Content-Length: 1\r\n\r\n", 200, "/", "x" },
		{ GET H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 200, "/", "x" },
		{ "GET http://a HTTP/1.1\r\n" H "\r\n", 200, "/", "a" },
		{ "GET http://a?/x HTTP/1.1\r\n" H "\r\n", 200, "/", "a" },
		{ GET H "Transfer-Encoding: identity\r\n\r\n", 200, "/", "x" },
		{ GET H "Content-Length: 1,1\r\n\r\n", 400 }, { GET H "Content-Length: +1\r\n\r\n", 400 },
		{ GET H "Content-Length: \r\n\r\n", 400 }, { GET H "Content-Length: 0x1\r\n\r\n", 400 },
		{ GET H "Content-Length: 1 1\r\n\r\n", 400 }, { GET H "Content-Length: " OVER64 "\r\n\r\n", 400 },
		{ GET "\r\n", 400 }, { GET H H "\r\n", 400 }, { "GET / HTTP/1.0\r\n" H H "\r\n", 400 },
		{ GET "Hosts: x\r\n\r\n", 400 }, { GET "Host : x\r\n\r\n", 400 }, { GET " Host: x\r\n\r\n", 400 },
		{ GET H "A : b\r\n\r\n", 400 }, { GET H " a\r\n\r\n", 400 }, { GET H "\ta: b\r\n\r\n", 400 }, { GET H ": b\r\n\r\n", 400 },
		{ GET H "a\r\n\r\n", 400 }, { GET H "a: b\rc\r\n\r\n", 400 }, { GET H "a: \x01\r\n\r\n", 400 },
		{ GET H "a: \x7f\r\n\r\n", 400 }, { GET H "\r\r\n", 400 },
		{ "GET /\r\n", 400 }, { "GET\r\n", 400 }, { " GET / HTTP/1.1\r\n", 400 }, { "GET  / HTTP/1.1\r\n", 400 },
		{ "GET / HTTP/1.1 \r\n", 400 }, { "GET / HTTP/1.1 a\r\n", 400 }, { "GET\t/ HTTP/1.1\r\n", 400 },
		{ "GET / HTTP/1.\r\n", 400 }, { "GET / HTTP/.11\r\n", 400 }, { "GET / HTTP/1-1\r\n", 400 },
		{ "GET / HTTP/11.\r\n", 400 }, { "GET / http/1.1\r\n", 400 }, { "GET / HTTP/1.12\r\n", 400 },
		{ "GET a HTTP/1.1\r\n", 400 }, { "GET * HTTP/1.1\r\n", 400 }, { "GET http:// HTTP/1.1\r\n", 400 },
		{ "GET https://h/ HTTP/1.1\r\n", 400 }, { "GET /\r HTTP/1.1\r\n", 400 },
		{ "GET / HTTP/0.9\r\n", 505 }, { "GET / HTTP/2.0\r\n", 505 }, { "PRI * HTTP/2.0\r\n", 505 },
		{ "POST / HTTP/1.1\r\n", 405 }, { "get / HTTP/1.1\r\n", 405 }, { "GETS / HTTP/1.1\r\n", 405 },
		{ "OPTIONS * HTTP/1.1\r\n", 405 },
	};
	static char big[REQUEST_BYTES + 1];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = strlen(rows[i].s), prefix;
		char *copy = malloc(n + 1); /* so that a sanitizer sees what is read behind it */
		struct request r;
		bool ok;

		memcpy(copy, rows[i].s, n);
		copy = realloc(copy, n ? n : 1);
		parse_request(copy, n, &r);
		ok = r.status == rows[i].status;
		if (ok && r.status == 200)
			ok = is_text(&r.path, rows[i].path) && r.head == rows[i].head &&
				(rows[i].host ? r.host.p && is_text(&r.host, rows[i].host) : !r.host.p);
		if (!ok)
			printf("# row %zu: status %u\n", i, r.status);
		t_ok(ok, "a request", rows[i].s);
		for (prefix = 0, ok = true; prefix < n && rows[i].status == 200; prefix++) {
			parse_request(copy, prefix, &r);
			ok &= r.status == 0;
		}
		t_ok(ok, "a request that is not whole yet", rows[i].s);
		free(copy);
	}

	struct request r;

	memset(big, 'a', sizeof big);
	parse_request(big, MAX_TARGET / 2, &r);
	t_u64(r.status, 0, "a first line", "that may get its end");
	parse_request(big, REQUEST_BYTES, &r);
	t_u64(r.status, 414, "a first line", "without an end");
	big[REQUEST_BYTES - 2] = '\n';
	parse_request(big, REQUEST_BYTES, &r);
	t_u64(r.status, 414, "a first line", "that is too long");
	memcpy(big, "GET /", 5);
	memcpy(big + MAX_TARGET - 9, " HTTP/1.1\r\n", 11);
	parse_request(big, MAX_TARGET + 2, &r);
	t_u64(r.status, 0, "a first line", "just short enough");
	for (size_t n = MAX_TARGET - 1; n < MAX_TARGET + 2; n++) {
		parse_request(big, n, &r);
		t_u64(r.status, 0, "a first line", "just short enough, in parts");
	}
	memset(big, 'a', sizeof big);
	memcpy(big, GET H "a: ", strlen(GET H) + 3);
	parse_request(big, REQUEST_BYTES - 1, &r);
	t_u64(r.status, 0, "headers", "that may get their end");
	parse_request(big, REQUEST_BYTES, &r);
	t_u64(r.status, 431, "headers", "without an end");
	memset(big, '\n', sizeof big);
	parse_request(big, REQUEST_BYTES, &r);
	t_ok(r.status >= 400, "a request", "of empty lines");
}

/* -------------------------------------------------------------- tasks */

/* A list that follows sets of numbers, each of the bits of one integer: who stays keeps
 * what is known of it, who is new has nothing. */
static void test_follow(void)
{
	static struct ids ids;
	static struct task list[16];
	unsigned before, now, i, n;
	bool ok = true;

	for (before = 0; before < 256; before++)
		for (now = 0; now < 256; now++) {
			for (i = n = 0; i < 8; i++)
				if (before >> i & 1)
					list[n++] = (struct task){ .f.id = i + 1, .f.ran = true, .times = i + 100 };
			for (i = ids.n = 0; i < 8; i++)
				if (now >> i & 1)
					ids.id[ids.n++] = i + 1;
			n = follow(list, n, sizeof *list, &ids);
			ok &= n == ids.n;
			for (i = 0; i < n; i++) {
				bool there = before >> (list[i].f.id - 1) & 1;

				ok &= list[i].f.id == ids.id[i] && !list[i].f.ran &&
					list[i].f.since == (there ? SINCE_BEFORE : SINCE_BIRTH) &&
					list[i].times == (there ? list[i].f.id + 99 : 0);
			}
		}
	t_ok(ok, "follow", "all pairs of sets of eight numbers");
	ids = (struct ids){ 7, { 5, 3, 9, 3, 1, 9, 2 } };
	sort_ids(&ids);
	t_ok(ids.n == 5 && !memcmp(ids.id, (uint32_t[]){ 1, 2, 3, 5, 9 }, 5 * sizeof *ids.id), "sort_ids", "5 3 9 3 1 9 2");
}

/* The growth of a counter goes by the time between two readings of its own task. */
static void test_grow(void)
{
	static struct snapshot now = { .ns = 9000000000 };
	static const uint64_t value[] = { 30, 7, 5, 9, UNAVAILABLE }, was[] = { 10, 8, 5, UNAVAILABLE, 9 };
	struct followed f = { .read_ns = 7500000000 };
	uint64_t g[5];

	given.captured = true;
	grow(&f, g, value, was, 5, &now, 4000000000);
	t_u64(f.over_us, 1500000, "grow", "the time since it was read");
	t_ok(g[0] == 20 && g[1] == 7 && g[2] == 0, "grow", "30 7 5 from 10 8 5");
	t_ok(g[3] == UNAVAILABLE && g[4] == UNAVAILABLE, "grow", "to or from what is unknown");
	f = (struct followed){ .since = SINCE_BIRTH };
	grow(&f, g, value, was, 5, &now, 4000000000);
	t_ok(f.over_us == 5000000 && g[0] == 30 && g[4] == UNAVAILABLE, "grow", "one that was born counts from 0");
	f = (struct followed){ .since = SINCE_MOVE };
	grow(&f, g, value, was, 5, &now, 4000000000);
	t_ok(g[0] == 0, "grow", "what it did elsewhere does not count");
	grow(&(struct followed){ .since = SINCE_BEFORE }, g, (uint64_t[]){ 10 }, (uint64_t[]){ 4294967290 }, 1, &now, 0);
	t_u64(g[0], 16, "grow", "10 from 4294967290: a wrap at 2^32");
	t_u64(since_when(4000, 3000), SINCE_MOVE, "since_when", "new here, older than the last snapshot");
	t_u64(since_when(4000, 5000), SINCE_BIRTH, "since_when", "younger");
	t_u64(since_when(4000, UNAVAILABLE), SINCE_UNKNOWN, "since_when", "of unknown age");
	t_u64(since_when(0, UNAVAILABLE), SINCE_BIRTH, "since_when", "the first snapshot: since the start");
	tasks.missed = true;
	t_u64(since_when(4000, 3000), SINCE_UNKNOWN, "since_when", "it may have been here, unread");
	tasks.missed = false;
	f = (struct followed){ .since = SINCE_UNKNOWN };
	grow(&f, g, value, was, 5, &now, 4000000000);
	t_ok(g[0] == UNAVAILABLE, "grow", "one that was not read before");
	given.captured = false;
}

/* ------------------------------------------------------------ sandbox */

#include <sys/wait.h>

enum { T_FAILED = 1, T_WITHOUT = 77 };

/* One test in a child; 77: the kernel has not got it. */
static void t_child(int (*child)(void), const char *what, const char *input)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(child());
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == T_WITHOUT)
		printf("ok %d - %s: %s # skip not in this kernel\n", ++t_count, what, input);
	else
		t_ok(WIFEXITED(status) && !WEXITSTATUS(status), what, input);
}

static int t_layer(const char *name)
{
	for (unsigned i = 0; i < LENGTH(layers); i++)
		if (!strcmp(layers[i].name, name))
			return layers[i].apply(NULL);
	return -1;
}

static bool is_absent(int error)
{
	return error == ENOSYS || error == EOPNOTSUPP || error == EINVAL;
}

static void t_place(void)
{
	memset(hierarchies, 0, sizeof hierarchies);
	given.proc = "/proc";
	given.sys = "/sys";
}

/* The filter that is installed next is kept, as steps, and does not come into force. */
static struct {
	bool on;
	unsigned n;
	struct bpf_step step[512];
} t_kept;

static int t_prctl(int option, unsigned long a, const void *b)
{
	if (option != PR_SET_SECCOMP || !t_kept.on)
		return prctl(option, a, b, 0, 0);
	t_kept.n = ((const struct filter *)b)->n;
	memcpy(t_kept.step, ((const struct filter *)b)->step, t_kept.n * sizeof *t_kept.step);
	return 0;
}

#ifdef __x86_64__
/* What the kept filter returns for a call all of whose arguments are `argument`. */
static uint32_t t_judge(uint32_t machine, uint32_t call, uint32_t argument)
{
	const uint32_t data[16] = { call, machine, 0, 0, argument, argument, argument, argument, argument, argument,
		argument, argument, argument, argument, argument, argument };
	uint32_t word = 0;

	for (const struct bpf_step *s = t_kept.step; s < t_kept.step + t_kept.n; s++)
		if (s->code == BPF_LOAD)
			word = data[s->k / 4];
		else if (s->code == BPF_RETURN)
			return s->k;
		else
			s += (s->code == BPF_IF_EQUAL ? word == s->k : (word & s->k) != 0) ? s->if_true : s->if_false;
	return 0; /* the kernel refuses such a filter */
}

/* Every system call that the filter may allow, and what for. */
static const struct t_allowed {
	uint16_t call;
	enum { T_ALWAYS, T_FLAGS, T_RECORDING } when; /* T_FLAGS: by its arguments */
	const char *why;
} t_allowed[] = {
	{ SYS_read, T_ALWAYS, "files" }, { SYS_pread64, T_ALWAYS, "files kept open" },
	{ SYS_open, T_FLAGS, "files, to read" }, { SYS_openat, T_FLAGS, "files, to read" },
	{ SYS_close, T_ALWAYS, "files, connections" }, { SYS_getdents64, T_ALWAYS, "directories" },
	{ SYS_access, T_ALWAYS, "is it there" }, { SYS_faccessat, T_ALWAYS, "is it there" },
	{ SYS_faccessat2, T_ALWAYS, "is it there" }, { SYS_readlink, T_ALWAYS, "namespaces" },
	{ SYS_readlinkat, T_ALWAYS, "namespaces" }, { SYS_stat, T_ALWAYS, "which cgroup" },
	{ SYS_fstat, T_ALWAYS, "which file" }, { SYS_newfstatat, T_ALWAYS, "which file" },
	{ SYS_statx, T_ALWAYS, "age of a cgroup" }, { SYS_write, T_ALWAYS, "warnings, the recording" },
	{ SYS_ppoll, T_ALWAYS, "waits" }, { SYS_accept, T_ALWAYS, "clients" }, { SYS_accept4, T_ALWAYS, "clients" },
	{ SYS_recvfrom, T_ALWAYS, "requests" }, { SYS_sendmsg, T_ALWAYS, "responses" },
	{ SYS_setsockopt, T_ALWAYS, "of a connection" }, { SYS_shutdown, T_ALWAYS, "end of a response" },
	{ SYS_kill, T_FLAGS, "is a task alive: signal 0" }, { SYS_getpid, T_ALWAYS, "is it this one" },
	{ SYS_clock_gettime, T_ALWAYS, "without a vDSO" }, { SYS_rt_sigprocmask, T_ALWAYS, "waits" },
	{ SYS_rt_sigreturn, T_ALWAYS, "handlers" }, { SYS_restart_syscall, T_ALWAYS, "after SIGCONT" },
	{ SYS_exit, T_ALWAYS, "the end" }, { SYS_exit_group, T_ALWAYS, "the end" },
	{ SYS_flock, T_RECORDING, "one recorder a file" }, { SYS_ftruncate, T_RECORDING, "half a line" },
};

static bool t_may(uint32_t call, bool records, uint32_t argument)
{
	for (const struct t_allowed *a = t_allowed; a < t_allowed + LENGTH(t_allowed); a++)
		if (a->call == call)
			return a->when == T_ALWAYS || (a->when == T_FLAGS ? !argument : records);
	return false;
}

/* Each number up to 1023, here, as x32 and as i386: allowed if it is in the list, else EPERM. */
static void test_filter(void)
{
	static char first[] = "/rec", second[] = "/rec.1";
	const char *path[2] = { first, second };
	unsigned wrong = 0;

	t_kept.on = true;
	for (unsigned records = 0; records < 2; records++) {
		t_ok(!restrict_calls(records ? path : NULL), "filter", records ? "with a recording" : "alone");
		for (uint32_t call = 0; call < 1024; call++)
			for (unsigned i = 0; i < 2; i++) {
				uint32_t argument = i ? UINT32_MAX : 0;
				uint32_t due = t_may(call, records, argument) ? SECCOMP_ALLOW : SECCOMP_EPERM;

				if (t_judge(MACHINE, call, argument) != due && ++wrong)
					printf("# call %u, all arguments %#x: wrong\n", call, argument);
				wrong += t_judge(MACHINE, 0x40000000 | call, argument) != SECCOMP_EPERM;
				wrong += t_judge(LITTLE | EM_386, call, argument) != SECCOMP_EPERM;
			}
	}
	t_kept.on = false;
	t_u64(wrong, 0, "filter", "the documented system calls are allowed, and no others");
}
#else
static void test_filter(void)
{
	printf("ok %d - filter # skip the list is that of x86_64\n", ++t_count);
}
#endif

static int child_no_new_privs(void)
{
	if (t_layer("no_new_privs"))
		return T_FAILED;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

static bool opens(const char *path, int flags, int error)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return error ? fd < 0 && errno == error : fd >= 0;
}

/* A first look shows that the files are there without it. */
static char t_path[] = "/tmp/vmstat-unit.XXXXXX";

static int child_landlock(void)
{
	const char *path = t_path;
	int error;

	t_place();
	if (!opens("/etc/passwd", O_RDONLY, 0) || !opens(path, O_WRONLY, 0) || !opens("/proc/stat", O_RDONLY, 0))
		return T_WITHOUT;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	error = t_layer("Landlock");
	if (is_absent(error))
		return T_WITHOUT;
	if (error || !opens("/etc/passwd", O_RDONLY, EACCES) || !opens(path, O_RDONLY, EACCES) ||
	    !opens(path, O_WRONLY, EACCES) || !opens("/tmp", O_RDONLY | O_DIRECTORY, EACCES) ||
	    !opens("/vmstat-unit", O_WRONLY | O_CREAT, EACCES) || !opens("/proc/stat", O_RDONLY, 0) ||
	    !opens("/proc", O_RDONLY | O_DIRECTORY, 0) || !opens("/proc/self/comm", O_WRONLY, EACCES))
		return T_FAILED;
	return !(unlink(path) == -1 && errno == EACCES);
}

static volatile sig_atomic_t t_heard;

static void t_hear(int signal_number)
{
	t_heard = signal_number;
}

/* What is tried is harmless where the filter lets it through. */
static int child_seccomp(void)
{
	static const int not_for_reading[] = { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_TMPFILE | O_RDWR,
		O_WRONLY | O_CLOEXEC, 3 };
	const struct itimerval soon = { .it_value = { 0, 20000 } };
	pid_t parent = getppid();
	struct timespec t;
	int fd, pair[2], error;
	char c;

	t_place();
	signal(SIGALRM, t_hear);
	if (pipe(pair) || setitimer(ITIMER_REAL, &soon, NULL))
		return T_FAILED;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	error = t_layer("seccomp");
	if (is_absent(error))
		return T_WITHOUT;
	if (error)
		return T_FAILED;
#define REFUSED(call) do { errno = 0; if ((call) != -1 || errno != EPERM) return __LINE__ % 60 + 10; } while (0)
	REFUSED(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
	REFUSED(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
	REFUSED(syscall(SYS_connect, 0, NULL, 0));
	REFUSED(syscall(SYS_bind, 0, NULL, 0));
	REFUSED(syscall(SYS_kill, parent, SIGWINCH));
	REFUSED(syscall(SYS_kill, getpid(), SIGWINCH));
	REFUSED(syscall(SYS_tgkill, getpid(), getpid(), SIGWINCH));
	REFUSED(syscall(SYS_clone, 0x800, NULL, NULL, NULL, NULL)); /* CLONE_SIGHAND alone is EINVAL */
	REFUSED(syscall(SYS_execve, "/nosuch", NULL, NULL));
	REFUSED(syscall(SYS_ptrace, 0, 0, 0, 0));
	REFUSED(syscall(SYS_mprotect, 0, 0, 7));
	REFUSED((intptr_t)mmap(NULL, 0, 0, 0, -1, 0));
	REFUSED(syscall(SYS_unlinkat, AT_FDCWD, "/nosuch", 0));
	REFUSED(syscall(SYS_renameat2, AT_FDCWD, "/nosuch", AT_FDCWD, "/nosuch2", 0));
	REFUSED(syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0));
	REFUSED(syscall(SYS_setuid, getpid()));
	REFUSED(syscall(SYS_bpf, 0, NULL, 0));
	REFUSED(syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0));
	REFUSED(syscall(0x3fff, 0));
	REFUSED(syscall(SYS_pwrite64, pair[1], "x", 1, 0));
	REFUSED(syscall(SYS_ftruncate, pair[1], 0));
	REFUSED(syscall(SYS_flock, pair[1], LOCK_UN));
	for (unsigned i = 0; i < LENGTH(not_for_reading); i++) {
		REFUSED(syscall(SYS_openat, AT_FDCWD, "/nosuch/file", not_for_reading[i], 0600));
#ifdef SYS_open
		REFUSED(syscall(SYS_open, "/nosuch/file", not_for_reading[i], 0600));
#endif
	}
#ifdef __x86_64__
	REFUSED(syscall(0x40000000 | 39, 0)); /* getpid() of x32 */
#endif
	if (syscall(SYS_kill, parent, 0) || syscall(SYS_kill, getpid(), 0))
		return T_FAILED;
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/stat", O_RDONLY);
	if (fd < 0 || read(fd, &c, 1) != 1 || pread(fd, &c, 1, 0) != 1 || close(fd))
		return T_FAILED;
	if (write(pair[1], "x", 1) != 1 || read(pair[0], &c, 1) != 1 || clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t))
		return T_FAILED;
	while (!t_heard) /* a handler that cannot return ends the child */
		if (ppoll(NULL, 0, &(struct timespec){ 0, 1000000 }, NULL) && errno != EINTR)
			return T_FAILED;
	return 0;
}

/* All layers in their order, each as enter_sandbox() has it. */
static int child_layers(void)
{
	static const char *const names[] = { "no_new_privs", "RELRO", "Landlock", "seccomp" };
	int error[LENGTH(layers)];
	bool absent = false;

	t_place();
	if (LENGTH(layers) != LENGTH(names))
		return T_FAILED;
	for (unsigned i = 0; i < LENGTH(layers); i++) {
		error[i] = layers[i].apply(NULL);
		absent |= is_absent(error[i]);
		if ((error[i] && !is_absent(error[i])) || strcmp(layers[i].name, names[i]))
			return T_FAILED;
	}
	if (absent)
		return T_WITHOUT;
	errno = 0;
	return !(opens("/etc/passwd", O_RDONLY, EACCES) && opens("/proc/stat", O_RDONLY, 0) &&
	         syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM && !kill(getppid(), 0));
}

static char t_directory[] = "/tmp/vmstat-unit.XXXXXX", t_name[3][PATH_BYTES];

/* A recording in the sandbox: its two names and no other. Without Landlock, too. */
static int child_recorder(bool landlock)
{
	const char *name[] = { t_name[0], t_name[1] }, *other = t_name[2];
	const char *path[2] = { name[0], name[1] };
	enum { FLAGS = O_RDWR | O_CREAT | O_APPEND };
	struct stat st;
	int fd, null = open("/dev/null", O_WRONLY);

	t_place();
	if (seal_names(path) || path[0] == name[0] || strcmp(path[1], name[1]))
		return T_FAILED;
	for (unsigned i = 0; i < LENGTH(layers); i++) {
		int error = strcmp(layers[i].name, "Landlock") || landlock ? layers[i].apply(path) : 0;

		if (error)
			return is_absent(error) ? T_WITHOUT : T_FAILED;
	}
	for (int round = 0; round < 2; round++) { /* the second time there is a FILE.1 */
		fd = openat(AT_FDCWD, path[0], FLAGS, 0600);
		if (fd < 0 || write(fd, "line\n", 5) != 5 || flock(fd, LOCK_EX | LOCK_NB) || ftruncate(fd, 2) ||
		    fstat(fd, &st) || st.st_size != 2 || stat(path[0], &st))
			return 2;
		close(fd);
		if (round ? syscall(SYS_renameat2, AT_FDCWD, path[0], AT_FDCWD, path[1], 0) :
		    renameat(AT_FDCWD, path[0], AT_FDCWD, path[1]))
			return 3;
	}
	if (!stat(path[0], &st) || stat(path[1], &st))
		return 4;
	/* The same name from elsewhere, other names, and other calls. */
	REFUSED(openat(AT_FDCWD, name[0], FLAGS, 0600));
	REFUSED(openat(AT_FDCWD, other, FLAGS, 0600));
	REFUSED(openat(null, path[0], FLAGS, 0600));
	REFUSED(openat(AT_FDCWD, path[0] + 1, FLAGS, 0600));
	REFUSED(renameat(AT_FDCWD, path[1], AT_FDCWD, path[0]));
	REFUSED(renameat(AT_FDCWD, path[0], AT_FDCWD, name[1]));
	REFUSED(renameat(AT_FDCWD, name[0], AT_FDCWD, path[1]));
	REFUSED(syscall(SYS_unlinkat, AT_FDCWD, path[1], 0));
	REFUSED(mprotect((void *)(uintptr_t)path[0], 1, PROT_READ | PROT_WRITE));
	return landlock && !opens("/etc/passwd", O_RDONLY, EACCES);
}

static int child_recorder_whole(void) { return child_recorder(true); }
static int child_recorder_bare(void) { return child_recorder(false); }

static const void *volatile t_table;

static int child_write(void)
{
	struct sigaction die_of_it = { .sa_handler = SIG_DFL };

	sigaction(SIGSEGV, &die_of_it, NULL); /* a sanitizer has its own */
	if (t_layer("RELRO"))
		return T_FAILED;
	*(volatile char *)t_table = *(const volatile char *)t_table;
	return 0;
}

/* Writing to a table of pointers ends the process, with the layer on. */
static void t_relro(const void *table, const char *name)
{
	pid_t pid;
	int status = -1;

	t_table = table;
	pid = fork();
	if (!pid)
		_exit(child_write());
	waitpid(pid, &status, 0);
	t_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "RELRO", name);
}

/* Sanitizers need system calls of their own, and the layout of the real program. */
static void test_sandbox(void)
{
	int fd = mkstemp(t_path), status = -1;
	pid_t pid;

#ifdef __SANITIZE_ADDRESS__
	printf("ok %d - sandbox # skip of a build with sanitizers\n", ++t_count);
	unlink(t_path);
	return;
#endif
	t_child(child_no_new_privs, "sandbox", "no new privileges");
	t_child(child_landlock, "sandbox", "files but /proc and /sys cannot be opened, and those not be written");
	t_child(child_seccomp, "sandbox", "system calls that are not needed fail with EPERM, kill(pid, 0) does not; "
	        "handlers return");
	t_child(child_layers, "sandbox", "all layers in their order");
	if (mkdtemp(t_directory)) {
		join(t_name[0], t_directory, "/rec", "");
		join(t_name[1], t_directory, "/rec.1", "");
		join(t_name[2], t_directory, "/other", "");
		t_child(child_recorder_whole, "sandbox", "a recording, its two names and no other");
		t_child(child_recorder_bare, "sandbox", "the same without Landlock");
		unlink(t_name[1]);
		rmdir(t_directory);
	}
	t_relro(layers, "layers[]");
	t_relro(layers + LENGTH(layers) - 1, "the last of layers[]");
	t_relro(endpoints, "endpoints[]");
	t_relro(views, "views[]");
	t_relro(statuses, "statuses[]");
	t_relro(metrics, "metrics[]");
	t_relro(metrics + LENGTH(metrics) - 1, "the last of metrics[]");
	close(fd);
	unlink(t_path);
	t_table = &given;
	pid = fork();
	if (!pid)
		_exit(child_write());
	waitpid(pid, &status, 0);
	t_ok(WIFEXITED(status) && !WEXITSTATUS(status), "RELRO", "what is no table stays writable");
}
#endif

/* Kept out of main, as in vmstat.c. */
static __attribute__((noinline)) int t_all(void)
{
	setvbuf(stdout, 0, _IOLBF, 0);
	test_number();
	test_decimal();
	test_output();
	test_lines();
	test_long_stat();
	test_words();
	test_borders();
	test_one_number();
	test_keys();
	test_catalogue();
	test_mul_div();
	test_growth();
	test_rates();
	test_units();
	test_cpu();
	test_ticks();
	test_too_much();
	test_utf8();
	test_first();
	test_cgroup();
	test_throttling();
	test_dates();
	test_calendar();
	test_times();
	test_follow();
	test_grow();
#if WITH_LISTEN
	test_requests();
	test_filter();
	test_sandbox();
#endif
	printf("1..%d\n", t_count);
	return t_failed != 0;
}

int main(void)
{
	relocate();
	return t_all();
}

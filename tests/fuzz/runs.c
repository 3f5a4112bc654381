/* Fuzzes whole runs. An input begins with a struct choice: a row of `runs`, two files of its
 * tree, from which sample on each is damaged, and what the world is like. Then come three
 * parts, each ended by a byte 0xff: what the two files hold, empty: as they were, and more
 * arguments, one a line. Built with -DREPLAY the rows are those of recordings. */
#include "harness.h"

#ifdef REPLAY
static const struct { const char *tree, *args[8]; } runs[] = {
	{ "rec", { "--replay=rec" } },
	{ "rec", { "--replay=-", "--json", "-x" } },
	{ "rec", { "--replay=rec", "--from=03:04", "--to=now", "--csv" } },
	{ "rec", { "--replay=rec", "--from=-2s", "--json" } },
	{ "rec", { "--replay=rec", "--graph=cs,us,mem_pct", "--from=2026-01-02" } },
	{ "rec", { "--replay=rec", "--svg" } },
	{ "rec", { "--replay=rec", "--check", "--json" } },
	{ "rec", { "--replay=rec", "--check=critical", "--alert=cs=1,2,3" } },
};
#else
static const struct { const char *tree, *args[8]; } runs[] = {
	{ "host", { "--json", "-x" } },
	{ "host", { "-x", "-w", "-t", "1", "2" } },
	{ "host", { "-s", "--json" } },
	{ "host", { "-d" } },
	{ "host", { "-d", "-x", "--csv", "1", "3" } },
	{ "host", { "-D" } },
	{ "host", { "-p", "sda1", "--json" } },
	{ "host", { "-m", "--csv" } },
	{ "host", { "-f" } },
	{ "host", { "-o", "memory,cpu,load,faults,pressure", "-S", "m", "1", "3" } },
	{ "host", { "--check", "-x", "--json", "--alert=cs=1,2,2" } },
	{ "host", { "--graph=cs,us,io_some", "1", "5" } },
	{ "host", { "--svg", "1", "5" } },
	{ "host", { "--prometheus" } },
	{ "host", { "--top=9,alert", "--threshold=1,2/cpu", "1", "3" } },
	{ "host", { "--top=3", "--json", "-y", "1", "2" } },
	{ "host", { "--record=rec,3", "--csv", "1", "6" } },
	{ "v2", { "--scope=cgroup", "--json", "-x", "1", "2" } },
	{ "v2", { "--scope=cgroup", "-H", "1", "3" } },
	{ "v2", { "--scope=cgroup", "-s" } },
	{ "v2", { "--scope=cgroup", "-D" } },
	{ "v2", { "--scope=cgroup", "--check" } },
	{ "v2", { "--scope=cgroup", "--prometheus", "--cgroups=3" } },
	{ "v2", { "--scope=cgroup", "--top", "--json", "1", "3" } },
	{ "v2", { "--scope=cgroup", "--record=rec,2", "1", "6" } },
	{ "v2", { "--cgroup=/kubepods/pod1", "-x", "--csv", "1", "2" } },
	{ "v2", { "--cgroup=t/v2/sys/fs/cgroup/kubepods", "--cgroups=4,cs", "1", "2" } },
	{ "v2", { "--pid=101", "--cgroups=2", "--json" } },
	{ "v2", { "--cgroups=3", "--csv", "1", "2" } },
	{ "v1", { "--scope=cgroup", "--json", "-x", "1", "2" } },
	{ "v1", { "--scope=cgroup", "-a", "-y", "1", "2" } },
	{ "v1", { "--scope=cgroup", "-d" } },
	{ "v1", { "--pid=7", "--cgroups", "--json" } },
	{ "v1", { "--scope=cgroup", "--top=5,always", "1", "3" } },
	{ "gvisor", { "--json", "-x", "1", "3" } },
	{ "wsl1", { "-x", "1", "3" } },
	{ "host", { "-V" } },
};
#endif

struct choice {
	uint8_t row, file[DAMAGES], from, instants, columns, last_wait, flags;
};
enum { IS_PROC = 1, READER_GOES = 2, UTF8 = 4, CONTAINER = 8, SEPARATOR = 0xff };

static bool reader_goes;

static int fuzz_wait(struct pollfd *fds, nfds_t n, const struct timespec *t)
{
	(void)fds;
	(void)n;
	world.now.tv_sec += t->tv_sec + 1;
	world.sample++;
	if (++world.waits == world.last_wait || world.waits > 8)
		stopped = world.waits & 1 ? SIGTERM : SIGINT;
	return reader_goes && world.waits == 3;
}

static const char *check_string(const char *p)
{
	must(*p++ == '"');
	for (; *p != '"'; p++) {
		must((unsigned char)*p >= ' ');
		if (*p == '\\')
			must(*++p && strchr("\"\\/bfnrtu", *p));
	}
	return p + 1;
}

/* A metric that is a share of the whole: not in a recording, which is shown as it is. Usage
 * may be above a limit that was lowered. */
static bool is_share(const char *key, const char *end)
{
	for (unsigned m = 0; m < M_COUNT && !given.replay; m++)
		if (metrics[m].column.key && metrics[m].column.unit == UNIT_PERCENT && m != M_mem_pct &&
		    is_text(&(struct text){ key, end }, metrics[m].column.key))
			return true;
	return false;
}

/* A value of JSON as vmstat writes it: compact, no number below 0 or with an exponent. */
static const char *check_value(const char *p)
{
	const char end = *p == '{' ? '}' : ']', *key, *value;

	if (*p == '"')
		return check_string(p);
	if (*p == '{' || *p == '[') {
		for (p++; *p != end; p += *p == ',') {
			key = p + 1;
			if (end == '}') {
				p = check_string(p);
				must(*p++ == ':');
			}
			value = p;
			p = check_value(p);
			must((*p == ',' && p[1] != end) || *p == end);
			if (end == '}' && is_digit(*value) && is_share(key, value - 2))
				must(strtod(value, NULL) <= 100);
		}
		return p + 1;
	}
	for (unsigned i = 0; i < 3; i++) {
		static const char *const words[] = { "null", "true", "false" };

		if (!strncmp(p, words[i], strlen(words[i])))
			return p + strlen(words[i]);
	}
	must(is_digit(*p));
	return p + strspn(p, "0123456789.");
}

/* Each line of CSV has as many fields as the first. */
static void check_csv(const char *p)
{
	unsigned first = 0, fields = 1;
	bool quoted = false;

	for (; *p; p++) {
		quoted ^= *p == '"';
		fields += *p == ',' && !quoted;
		if (*p != '\n' || quoted)
			continue;
		must(!first || fields == first);
		first = fields;
		fields = 1;
	}
	must(!quoted && fields == 1);
}

/* What is wrong whatever the input was. */
static void check_output(int status)
{
	const char *p = world.out;
	int open_tags = 0;

	must(status <= (error_status == 3 ? 3 : 1) || (stopped && status == 128 + stopped));
	must(status != error_status || given.view == O_CHECK || world.n_err); /* an error has its reason */
	check_text(world.err, world.n_err, "\n");
	check_text(world.out, world.n_out, !given.format ? "\n\r\t\033" : given.format == O_CSV ? "\n\t" : "\n");
	if (status > 3 || given.help || given.version || given.rules_help ||
	    (given.columns && !strcmp(given.columns, "help")))
		return;
	if (given.format == O_JSON)
		for (; *p; p++)
			must(*p == '{' && *(p = check_value(p)) == '\n');
	if (given.format == O_CSV && given.view != O_CHECK)
		check_csv(p);
	for (; given.format == O_SVG && *p; p++)
		must((open_tags += (*p == '<') - (*p == '>')) >= 0 && open_tags <= 1);
	must(!open_tags);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct content recording[DAMAGES];
	struct choice choice;
	struct content part[3];
	char *text, *args[12] = { NULL }, *word;
	unsigned i, argc = 0;
	const uint8_t *end = p + n;

	if (n < sizeof choice)
		return 0;
	memcpy(&choice, p, sizeof choice);
	choice.row %= LENGTH(runs);
	p += sizeof choice;
	for (i = 0; i < 3; i++) {
		const uint8_t *stop = p < end ? memchr(p, SEPARATOR, (size_t)(end - p)) : NULL;

		stop = stop ? stop : end;
		part[i] = (struct content){ (const char *)p, (size_t)(stop - p) };
		p = stop + (stop < end);
	}
	for (i = 0; i < DAMAGES; i++) {
		const char *name = i ? "rec.1" : "rec";
		bool of_recording = part[i].n && (choice.file[i] == 255 || !strcmp(runs[choice.row].tree, "rec"));

		recording[i] = recording[i].p ? recording[i] : load(i ? "t/rec/rec.1" : "t/rec/rec");
		fill(name, of_recording ? part[i] : recording[i]);
		world.damage[i].file = part[i].n ? fixture_of(runs[choice.row].tree, choice.file[i]) : NULL;
		world.damage[i].from = choice.from >> 4 * i & 15;
		world.damage[i].content = part[i];
	}
	world.instants = choice.instants;
	world.columns = choice.columns;
	world.last_wait = choice.last_wait & 15;
	world.is_proc = choice.flags & IS_PROC;
	reader_goes = choice.flags & READER_GOES;
	(choice.flags & UTF8 ? setenv("LC_ALL", "C.UTF-8", 1) : unsetenv("LC_ALL"));
	(choice.flags & CONTAINER ? setenv("container", "x", 1) : unsetenv("container"));
	text = strndup(part[2].p, part[2].n);
	for (word = strtok(text, "\n"); word && argc < LENGTH(args) - 1; word = strtok(NULL, "\n"))
		args[argc++] = word;
	run_once(runs[choice.row].tree, runs[choice.row].args, args);
	check_output(world.status);
	free(text);
	return 0;
}

/* page - the page of --listen as it would be at the end of a recording
 *
 *   page --replay=FILE [--from=TIME] [--to=TIME]
 *
 * The same bytes each time: for docker/page.png, and for page.mjs to look at. */
#define main vmstat_main
#include "../../../vmstat.c"
#undef main

int main(int argc, char **argv)
{
	struct progress at = { 0 };
	struct report *report;
	static struct plan plan;
	const char *why;

	default_levels();
	parse(argv + 1);
	why = opt->replay ? replay_open(&replay, opt->replay) : "missing";
	if (why)
		die(0, "--replay: %s", why);
	scope.name = replay.row[replay.turn].cgroup;
	scope.cgroup = *scope.name;
	strcpy(page.host, "shop");
	plan_panels(&plan);
	history.most = MAX_PAGE_REPORTS;
	while ((report = replay_next(&replay)) != NULL) {
		alerts_judge(report, 0);
		page.report = *report;
		page.reports++;
		history_add(&history, &page.report);
	}
	while (page_piece(&stdout_sink, &at))
		write_out(&stdout_sink);
	write_out(&stdout_sink);
	return 0;
}

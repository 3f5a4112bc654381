// exposition - read the text of /metrics strictly, by the format 0.0.4 and the
// names that Prometheus asks for
//
//   exposition.mjs check FILE [PREFIX...]  says "N families, N samples"; what is
//        wrong goes to stderr, and status 1. Other prefixes than vmstat and
//        process may be given, or * for what is not of vmstat: only the format
//   exposition.mjs npm FILE                counts with parse-prometheus-text-format
//   exposition.mjs equal NODE FILE         each value that node_exporter has, too,
//        is the same; says which only vmstat has and "N equal", and on stderr
//        which are not
//   exposition.mjs within FILE ALL         each sample of FILE is in ALL, too
// SPDX-License-Identifier: MIT
import { readFileSync } from "node:fs";

const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;
// Base units are seconds and bytes; a count of things names the things.
const UNIT = /_(pct|percent|permille|[munk]?secs?|[mun]s|(milli|micro|nano)seconds|minutes|hours|days|jiffies|ticks|[kmg]i?b|(kilo|kibi|mega|mebi)bytes|bits|sectors|blocks|hz)(_total)?$/;

function labelsOf(text) {
	const labels = {};
	LABEL.lastIndex = 0;
	while (LABEL.lastIndex < text.length) {
		const found = LABEL.exec(text);
		if (!found || found[1] in labels)
			return null;
		labels[found[1]] = found[2];
	}
	return labels;
}

function parse(text, prefixes = ["*"]) {
	const families = new Map(), series = new Map(), wrong = [];
	let family = null;
	if (!text.endsWith("\n"))
		wrong.push("the last line has no end");
	for (const [n, line] of text.replace(/\n$/, "").split("\n").entries()) {
		const bad = (what) => wrong.push(`line ${n + 1}: ${what}: ${line}`);
		const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
		if (meta) {
			const [, kind, name, value] = meta;
			if (family?.name !== name) {
				if (families.has(name))
					bad("its family is not in one piece");
				family = { name, samples: 0 };
				families.set(name, family);
			}
			if (kind in family)
				bad(`a second ${kind}`);
			if (family.samples)
				bad(`${kind} behind a sample`);
			if (kind === "TYPE" && !/^(counter|gauge|histogram|summary|untyped)$/.test(value))
				bad("no such type");
			family[kind] = value;
			continue;
		}
		const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
		if (!sample) {
			bad("neither HELP, TYPE nor a sample");
			continue;
		}
		const [, name, inner = "", number] = sample;
		const labels = labelsOf(inner);
		if (!labels)
			bad("labels");
		if (/^(summary|histogram)$/.test(family?.TYPE) && name.startsWith(family.name))
			continue;
		if (family?.name !== name)
			bad("not below HELP and TYPE of its own");
		else
			family.samples++;
		const key = `${name}${JSON.stringify(Object.entries(labels ?? {}).sort())}`;
		if (series.has(key))
			bad("this series was there before");
		series.set(key, { name, labels: labels ?? {}, value: Number(number) });
		if (prefixes.includes("*"))
			continue;
		if (!/^[0-9]+(\.[0-9]+)?$/.test(number))
			bad("no plain number from 0");
	}
	for (const { name, HELP, TYPE, samples } of families.values()) {
		if (prefixes.includes("*"))
			continue;
		if (!HELP || !TYPE || !samples)
			wrong.push(`${name}: no ${!HELP ? "HELP" : !TYPE ? "TYPE" : "sample"}`);
		if (!prefixes.some((prefix) => name.startsWith(`${prefix}_`)))
			wrong.push(`${name}: prefix`);
		if ((TYPE === "counter") !== name.endsWith("_total"))
			wrong.push(`${name}: is a ${TYPE}`);
		if (UNIT.test(name))
			wrong.push(`${name}: no base unit`);
	}
	return { families, samples: [...series.values()], wrong };
}

const read = (file) => readFileSync(file, "utf8");

function check(file, ...prefixes) {
	const { families, samples, wrong } =
		parse(read(file), prefixes.length ? prefixes : ["vmstat", "process"]);
	wrong.forEach((what) => console.error(what));
	console.log(`${families.size} families, ${samples.length} samples`);
	return !wrong.length;
}

async function npm(file) {
	const { default: parsed } = await import("parse-prometheus-text-format");
	const families = parsed(read(file));
	const samples = families.flatMap(({ metrics }) => metrics);
	console.log(`${families.length} families, ${samples.length} samples`);
	return families.every(({ help, type }) => help && /^(COUNTER|GAUGE)$/.test(type));
}

// What vmstat has, by node_exporter's names.
const PAGE = 4096;
const expected = (node) => {
	const of = (name, want = {}) => node.filter(({ name: is, labels }) => is === name &&
		Object.entries(want).every(([label, value]) => labels[label] === value));
	const sum = (name, want) => {
		const found = of(name, want);
		return found.length ? found.reduce((all, { value }) => all + value, 0) : undefined;
	};
	const mem = (key) => sum(`node_memory_${key}_bytes`);
	const vm = (key) => sum(`node_vmstat_${key}`);
	const some = (...values) => values.some((value) => value !== undefined)
		? values.reduce((all, value) => all + (value ?? 0), 0) : undefined;
	const memory = {
		memory_total: "MemTotal", memory_free: "MemFree", memory_available: "MemAvailable",
		memory_buffers: "Buffers", memory_cached: "Cached",
		memory_slab_reclaimable: "SReclaimable", memory_active: "Active",
		memory_inactive: "Inactive", memory_dirty: "Dirty", memory_writeback: "Writeback",
		memory_anon: "AnonPages", memory_shmem: "Shmem", memory_slab: "Slab",
		swap_total: "SwapTotal", swap_free: "SwapFree", swap_cached: "SwapCached",
	};
	const values = {
		swap_in_bytes_total: vm("pswpin") * PAGE, swap_out_bytes_total: vm("pswpout") * PAGE,
		paged_in_bytes_total: vm("pgpgin") * 1024, paged_out_bytes_total: vm("pgpgout") * 1024,
		minor_faults_total: vm("pgfault") - vm("pgmajfault"), major_faults_total: vm("pgmajfault"),
		refaults_total: some(vm("workingset_refault"), vm("workingset_refault_anon"),
			vm("workingset_refault_file")),
		scanned_pages_total: some(vm("pgscan_kswapd"), vm("pgscan_direct"),
			vm("pgscan_khugepaged"), vm("pgscan_proactive")),
		reclaimed_pages_total: some(vm("pgsteal_kswapd"), vm("pgsteal_direct"),
			vm("pgsteal_khugepaged"), vm("pgsteal_proactive")),
		direct_scanned_pages_total: vm("pgscan_direct"), oom_kills_total: vm("oom_kill"),
		interrupts_total: sum("node_intr_total"),
		context_switches_total: sum("node_context_switches_total"),
		forks_total: sum("node_forks_total"), tasks_running: sum("node_procs_running"),
		tasks_blocked: sum("node_procs_blocked"), boot_time_seconds: sum("node_boot_time_seconds"),
		memory_file_bytes: mem("Cached") + mem("Buffers"),
		memory_kernel_bytes: some(mem("Slab"), mem("KernelStack"), mem("PageTables"), mem("Percpu")),
		load1: sum("node_load1"), load5: sum("node_load5"), load15: sum("node_load15"),
		cpus_online: of("node_cpu_seconds_total", { mode: "idle" }).length || undefined,
	};
	for (const [name, key] of Object.entries(memory))
		values[`${name}_bytes`] = mem(key);
	for (const name of ["cpu_waiting", "memory_waiting", "memory_stalled", "io_waiting",
		"io_stalled", "irq_stalled"])
		values[`pressure_${name}_seconds_total`] = sum(`node_pressure_${name}_seconds_total`);
	const cpus = values.cpus_online;
	return ({ name, labels }) => {
		const bare = name.replace(/^vmstat_/, "");
		if (labels.device)
			return { value: bare !== "disk_discarded_bytes_total" ? sum(`node_${bare}`, labels)
				: sum("node_disk_discarded_sectors_total", labels) * 512 };
		if (/^cpu_(guest_)?seconds_total$/.test(bare))
			// The kernel rounds each of them down to 10 ms, and all of them once more.
			return { value: sum(`node_${bare}`, labels), by: 0.01 * cpus + 1e-6 };
		return { value: values[bare] };
	};
};

function equal(nodeFile, file) {
	const value = expected(parse(read(nodeFile)).samples);
	let equals = 0, differ = 0;
	for (const sample of parse(read(file)).samples) {
		const { value: should, by = 0 } = value(sample);
		const what = `${sample.name}${JSON.stringify(sample.labels)} is ${sample.value}`;
		if (should === undefined || Number.isNaN(should))
			console.log(`alone: ${what}`);
		else if (Math.abs(sample.value - should) <= by + Math.abs(should) * 1e-12)
			equals++;
		else {
			differ++;
			console.error(`${what}, not ${should}`);
		}
	}
	console.log(`${equals} equal`);
	return !differ;
}

function within(file, all) {
	const has = new Map(parse(read(all)).samples.map(({ name, labels, value }) =>
		[`${name}${JSON.stringify(labels)}`, value]));
	const { samples } = parse(read(file));
	const lost = samples.filter(({ name, labels, value }) =>
		has.get(`${name}${JSON.stringify(labels)}`) !== value);
	lost.forEach(({ name, labels }) => console.error(`no ${name}${JSON.stringify(labels)}`));
	console.log(`${samples.length - lost.length} of ${samples.length}`);
	return !lost.length && samples.length > 0;
}

const [verb, ...files] = process.argv.slice(2);
process.exitCode = await { check, npm, equal, within }[verb](...files) ? 0 : 1;

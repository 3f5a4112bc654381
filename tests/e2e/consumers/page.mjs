// page - look at the page of vmstat as people do, and as axe does
//
//   page.mjs URL PICTURE   in four ways: PICTURE-{desktop,phone}-{light,dark}.png.
//                          What is wrong goes to stderr, and status 1
// SPDX-License-Identifier: MIT
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const SCREENS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const SMALLEST = 11, CONTRAST = 4.5;

// Runs in the page: text with the size that it is seen in, and, in graphs, which
// axe leaves out, the contrast to what lies behind, and whether something else is there.
function measure() {
	const light = (color) => {
		const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map((value) => {
			value /= 255;
			return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const texts = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
		if (!text || /^(STYLE|SCRIPT|title|desc)$/.test(element.nodeName))
			continue;
		const style = getComputedStyle(element), graph = element.ownerSVGElement;
		const found = { text, size: parseFloat(style.fontSize) };
		if (graph) {
			const box = element.getBoundingClientRect(), edge = graph.getBoundingClientRect();
			const panel = getComputedStyle(graph.querySelector(".panel")).fill;
			const [a, b] = [light(style.fill), light(panel)].sort((x, y) => y - x);
			found.size *= Math.abs(element.getScreenCTM().d);
			found.contrast = (a + 0.05) / (b + 0.05);
			// A box has room above figures and below the line that they stand on.
			const room = found.size / 5;
			found.cut = box.left < edge.left - 1 || box.right > edge.right + 1 ||
				box.top < edge.top - room || box.bottom > edge.bottom + room;
			found.covered = [...graph.querySelectorAll("text, path")].filter((other) => !other.contains(element))
				.map((other) => other.getBoundingClientRect()).some((other) =>
					other.left < box.right && other.right > box.left &&
					other.top + room < box.bottom - room && other.bottom - room > box.top + room);
		}
		texts.push(found);
	}
	return { wide: document.documentElement.scrollWidth, texts };
}

async function look(browser, url, picture, screen, colorScheme, wrong) {
	const context = await browser.newContext({ viewport: SCREENS[screen], colorScheme });
	const page = await context.newPage();
	const bad = (what) => wrong.push(`${screen}, ${colorScheme}: ${what}`);
	page.on("console", (message) => {
		if (/^(error|warning)$/.test(message.type()))
			bad(message.text());
	});
	page.on("pageerror", (error) => bad(error.message));
	page.on("requestfailed", (request) => bad(`${request.url()} failed`));
	// As it is served, but for loading itself anew while it is being measured.
	if (url.startsWith("http:"))
		await page.route(url, async (route) => {
			const response = await route.fetch();
			const { refresh, ...headers } = response.headers();
			if (!/^[1-9][0-9]*$/.test(refresh ?? ""))
				bad(`Refresh: ${refresh}`);
			if (response.status() !== 200)
				bad(`status ${response.status()}`);
			await route.fulfill({ response, headers });
		});
	await page.goto(url, { waitUntil: "load" });
	await page.screenshot({ path: `${picture}-${screen}-${colorScheme}.png`, fullPage: true });
	const { wide, texts } = await page.evaluate(measure);
	if (wide > SCREENS[screen].width)
		bad(`${wide} pixels wide`);
	if (!texts.some(({ contrast }) => contrast))
		bad("no text in a graph");
	const small = texts.filter(({ size }) => size < SMALLEST);
	if (small.length)
		bad(`${small.length} texts of less than ${SMALLEST} pixels: ` +
			[...new Set(small.map(({ text, size }) => `${text} ${size.toFixed(1)}`))]
				.slice(0, 5).join(", "));
	for (const { text, contrast = CONTRAST, cut, covered } of texts) {
		if (contrast < CONTRAST)
			bad(`contrast ${contrast.toFixed(2)}: ${text}`);
		if (cut)
			bad(`cut off: ${text}`);
		if (covered)
			bad(`lies over a curve or another label: ${text}`);
	}
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => globalThis.axe.run());
	for (const { id, help, nodes } of violations)
		bad(`axe: ${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" ")}`);
	await context.close();
	return texts.length;
}

const [url, picture] = process.argv.slice(2);
const wrong = [];
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-background-networking"],
});
try {
	for (const screen of Object.keys(SCREENS))
		for (const scheme of ["light", "dark"])
			console.log(`${screen} ${scheme}: ` +
				`${await look(browser, url, picture, screen, scheme, wrong)} texts`);
} finally {
	await browser.close();
}
[...new Set(wrong)].forEach((what) => console.error(what));
process.exitCode = wrong.length ? 1 : 0;

/* Fuzzes what --listen reads from the network, parse_request(), with libFuzzer and
 * clang's sanitizers. The input is what has come in on a connection. It is copied to
 * a block of its very length, so that a byte read behind it is seen; and each of its
 * beginnings is parsed, too, as it would be when it comes in by and by.
 *
 * With FUZZ_SEEDS, a directory, the requests below become inputs there. */
#define main vmstat_main
#include "../../vmstat.c"
#undef main
#include <stdio.h>
#include <stdlib.h>

#define HOST_X "Host: x\r\n"

static const char *const seeds[] = {
	"GET /metrics HTTP/1.1\r\n" HOST_X "\r\n",
	"GET /metrics HTTP/1.1\r\nHost: 10.0.0.1:9100\r\nUser-Agent: Prometheus/2.42.0\r\n"
	"Accept: application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"
	"Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
	"HEAD /healthz?a=b HTTP/1.0\r\nConnection: keep-alive, Close\r\n\r\n",
	"GET http://host:1/ HTTP/1.1\n" "Host: x\n\nGET / HTTP/1.1\r\n" HOST_X "\r\n",
	"\r\n\r\nGET / HTTP/1.1\r\n" HOST_X "Content-Length: 5\r\n\r\nhello",
	"GET / HTTP/1.1\r\n" HOST_X "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\n" HOST_X "\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\r\n",
	"GET / HTTP/1.1\r\nHost : x\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\nA: \tb\t \r\n\r\n",
	"GET / HTTP/1.1\r\n" HOST_X "Content-Length: 18446744073709551616\r\n\r\n",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("FUZZ_SEEDS");
	static char big[REQUEST_BYTES];
	char path[4096];
	FILE *f;

	(void)argc;
	(void)argv;
	for (unsigned i = 0; dir && i < LENGTH(seeds) + 2; i++) {
		snprintf(path, sizeof path, "%s/%u", dir, i);
		if (!(f = fopen(path, "w")))
			abort();
		if (i < LENGTH(seeds)) {
			fputs(seeds[i], f);
		} else { /* a first line, and headers, that fill all there is */
			memset(big, 'a', sizeof big);
			memcpy(big, seeds[0], i == LENGTH(seeds) ? 5 : strlen(seeds[0]) - 2);
			fwrite(big, 1, sizeof big, f);
		}
		fclose(f);
	}
	return 0;
}

static void examine(const char *p, size_t n, struct request *r)
{
	bool known = false;

	memset(r, 0x5a, sizeof *r);
	parse_request(p, n, r);
	for (unsigned i = 0; i < LENGTH(statuses); i++)
		known |= statuses[i].status == r->status;
	if (!known && r->status)
		abort(); /* out_status() would not find it */
	if (!r->status && n >= REQUEST_BYTES)
		abort(); /* there is no room for the rest */
	if (r->host.p && (r->host.p < p || r->host.p > r->host.end || r->host.end > p + n))
		abort();
	if (r->status != 200)
		return;
	is_own_host(r->host);
	if (r->path.p < p || r->path.p >= r->path.end || r->path.end >= p + n || *r->path.p != '/' ||
	    memchr(r->path.p, ' ', (size_t)(r->path.end - r->path.p)) ||
	    memchr(r->path.p, '\n', (size_t)(r->path.end - r->path.p)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t size)
{
	size_t n = size < REQUEST_BYTES ? size : REQUEST_BYTES, i, step = n > 512 ? 17 : 1;
	struct request whole, part, same;
	char *copy = malloc(n), *prefix;

	memcpy(copy, p, n);
	examine(copy, n, &whole);
	examine(copy, n, &same);
	if (same.status != whole.status)
		abort();
	for (i = 0; i < n; i += step) {
		prefix = malloc(i);
		memcpy(prefix, copy, i);
		examine(prefix, i, &part);
		/* A beginning is not whole yet, or what the whole is: what follows a whole
		 * request does not change it. */
		if (part.status && part.status != whole.status)
			abort();
		if (part.status == 200 &&
		    (part.head != whole.head || part.one_zero != whole.one_zero ||
		     part.path.p - prefix != whole.path.p - copy || part.path.end - prefix != whole.path.end - copy))
			abort();
		free(prefix);
	}
	free(copy);
	return 0;
}

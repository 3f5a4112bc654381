/* Fuzzes --listen: its connections are a script's. An input begins with a struct choice: a
 * row of `runs` and a file of its tree that is damaged; the rest is the script up to a byte
 * 0xff, and what that file holds. The script is read while vmstat waits: see fuzz_wait().
 * After its end vmstat gets SIGTERM, and has a second to end. */
#define SERVER
#include "harness.h"
enum { CLIENTS = 24, ANSWER = 1 << 18 };

static const char *const runs[][6] = {
	{ "host", "--listen=1", NULL },
	{ "host", "--listen=:1", "--record=rec,3", "1", NULL },
	{ "v2", "--listen=unix:s", "--scope=cgroup", "--cgroups=3", NULL },
	{ "v2", "--listen=[::1]:1", "--cgroups", "2", NULL },
	{ "v1", "--listen=127.0.0.1:0", "--scope=cgroup", NULL },
	{ "gvisor", "--listen=1", "-q", NULL },
};

/* A script: each letter, with one or two bytes, is something that happens: "CK00." is a
 * client that asks for /metrics.
 *   C      a client connects             c K    client K closes its side
 *   K K N  client K sends request N      d K L  client K sends the L bytes that follow
 *   s K    K stops reading, or goes on   r K    K resets the connection
 *   w T    T tenths of a second pass     e N    accept() fails, errno N
 *   n      the next sample of the files  other  vmstat goes on */
static const char *const requests[] = {
	"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
	"HEAD /healthz?a=b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: x.\r\n\r\n",
	"GET http://[::1]:1/ HTTP/1.1\nHost: fuzz\n\nGET",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /none HTTP/1.1\r\nHost: a.localhost\r\nA: \tb\t \r\n\r\n",
	"GET / HTTP/1.1\r\nHost : x\r\n folded\r\n\r\n",
	"\r\n\r\nGET / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n",
};

static struct client {
	enum { UNKNOWN, PENDING, ACCEPTED, ENDED } state;
	bool closed, blocked, reset, answered; /* answered: the server has said all */
	char in[REQUEST_BYTES * 2], *out;
	size_t n_in, at, n_out;
	uint64_t accepted_ns;
} clients[CLIENTS];
static unsigned n_clients, idle_waits;
static int accept_error;
static const uint8_t *script, *script_end;

static uint64_t now_ns(void)
{
	return (uint64_t)world.now.tv_sec * NS_PER_S + (uint64_t)world.now.tv_nsec;
}

static void pass(uint64_t ns)
{
	ns += now_ns();
	world.now = (struct timespec){ (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };
}

static int fuzz_getsockname(void *address)
{
	((struct sockaddr *)address)->sa_family = strstr(opt->listen, "unix") ? AF_UNIX :
		opt->listen[0] == '[' ? AF_INET6 : AF_INET;
	if (opt->listen[0] != ':')
		((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return 0;
}

static struct client *client_of(int fd)
{
	must(fd >= CLIENT && fd < CLIENT + CLIENTS && clients[fd - CLIENT].state == ACCEPTED);
	return &clients[fd - CLIENT];
}

static int fuzz_accept(void)
{
	must(server.listener == LISTENER + 1);
	errno = accept_error ? accept_error : EAGAIN;
	accept_error = 0;
	for (unsigned i = 0; errno == EAGAIN && i < n_clients; i++)
		if (clients[i].state == PENDING) {
			clients[i].state = ACCEPTED;
			clients[i].accepted_ns = now_ns();
			return CLIENT + (int)i;
		}
	return -1;
}

static ssize_t fuzz_recv(int fd, void *to, size_t n)
{
	struct client *c = client_of(fd);
	size_t left = c->n_in - c->at;

	errno = c->reset ? ECONNRESET : EAGAIN;
	if (c->reset || !n || (!left && !c->closed))
		return n ? -1 : 0;
	n = left < n ? left : n;
	memcpy(to, c->in + c->at, n);
	c->at += n;
	return (ssize_t)n;
}

static ssize_t fuzz_sendmsg(int fd, const struct msghdr *message)
{
	struct client *c = client_of(fd);
	size_t before = c->n_out;

	must(!c->answered);
	errno = c->reset ? EPIPE : EAGAIN;
	if (c->reset || c->blocked)
		return -1;
	c->out = c->out ? c->out : malloc(ANSWER);
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		const struct iovec *part = &message->msg_iov[i];

		must(part->iov_len < ANSWER - c->n_out);
		if (part->iov_len)
			memcpy(c->out + c->n_out, part->iov_base, part->iov_len);
		c->n_out += part->iov_len;
	}
	return (ssize_t)(c->n_out - before);
}

static int fuzz_shutdown(int fd)
{
	client_of(fd)->answered = true;
	return 0;
}

static int fuzz_close(int fd)
{
	if (fd < LISTENER)
		return close(fd);
	if (fd > LISTENER)
		client_of(fd)->state = ENDED;
	return 0;
}

/* The next thing of the script. False: vmstat goes on. */
static bool happen(void)
{
	uint8_t what = *script++;
	uint8_t k = script < script_end && what && strchr("cKdsrwe", what) ? *script++ : 0;
	uint8_t n = script < script_end && what && strchr("Kd", what) ? *script++ : 0;
	struct client *c = &clients[n_clients ? (k & 15) % n_clients : 0];
	const char *bytes = requests[(n & 15) % LENGTH(requests)];
	size_t length = strlen(bytes), room = sizeof c->in - c->n_in;

	switch (what) {
	case 'C':
		if (n_clients < CLIENTS)
			clients[n_clients++].state = PENDING;
		return true;
	case 'd':
		length = n < script_end - script ? n : (size_t)(script_end - script);
		bytes = (const char *)script;
		script += length;
		/* fall through */
	case 'K':
		length = length < room ? length : room;
		memcpy(c->in + c->n_in, bytes, length);
		c->n_in += length;
		return true;
	case 'c':
		return c->closed = true;
	case 'r':
		return c->reset = true;
	case 's':
		c->blocked ^= true;
		return true;
	case 'w':
		pass(k * (uint64_t)NS_PER_S / 10);
		return false;
	case 'e':
		accept_error = k % 40;
		return true;
	case 'n':
		world.sample++;
		return true;
	}
	return false;
}

static int ready(struct pollfd *fds, nfds_t n)
{
	int found = 0;

	for (nfds_t i = 0; i < n; i++) {
		struct client *c = i && fds[i].fd >= 0 ? client_of(fds[i].fd) : NULL;
		bool readable = c && (c->at < c->n_in || c->closed);

		fds[i].revents = 0;
		if (c)
			fds[i].revents = (short)((readable ? fds[i].events & POLLIN : 0) |
				(c->blocked ? 0 : fds[i].events & POLLOUT) | (c->reset ? POLLERR | POLLHUP : 0));
		for (unsigned k = 0; !i && fds[0].fd >= 0 && k < n_clients; k++)
			fds[0].revents |= clients[k].state == PENDING || accept_error ? POLLIN : 0;
		found += fds[i].revents != 0;
	}
	return found;
}

/* The server may neither spin nor keep a connection for longer than it promises. */
static int fuzz_wait(struct pollfd *fds, nfds_t n, const struct timespec *t)
{
	bool slept = false;
	int found;

	for (unsigned i = 0; i < n_clients; i++)
		must(clients[i].state != ACCEPTED || now_ns() - clients[i].accepted_ns <= DEADLINE_NS);
	while (!slept && script < script_end && happen())
		;
	if (script >= script_end && !stopped) {
		stopped = SIGTERM;
		return -(errno = EINTR, 1);
	}
	found = ready(fds, n);
	idle_waits = found && script >= script_end ? idle_waits + 1 : 0; /* a letter is progress */
	must(idle_waits < 5000);
	if (found)
		return found;
	pass((uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec);
	return 0;
}

/* A whole response: a head, and a body of the length it says, or of chunks. */
static void check_response(const struct client *c)
{
	const char *end = c->out + c->n_out, *body, *length, *p;
	bool head = strstr(c->in, "HEAD ") != NULL;

	must(c->n_out > 13 && !memcmp(c->out, "HTTP/1.1 ", 9));
	must((body = memmem(c->out, c->n_out, "\r\n\r\n", 4)) != NULL);
	check_text(c->out, c->n_out, "\r\n");
	p = body += 4;
	length = memmem(c->out, (size_t)(body - c->out), "Content-Length: ", 16);
	if (length)
		must(p + strtoul(length + 16, NULL, 10) == end || (head && p == end));
	else if (memmem(c->out, (size_t)(body - c->out), "chunked", 7) && !(head && p == end))
		for (unsigned long chunk = 1; chunk; p += 2) {
			char *rest;

			must(p < end);
			chunk = strtoul(p, &rest, 16);
			must(rest > p && !memcmp(rest, "\r\n", 2) && chunk < (unsigned long)(end - rest));
			p = rest + 2 + chunk;
			must(!memcmp(p, "\r\n", 2) && (chunk || p + 2 == end));
		}
}

/* A request that is whole is answered alike however it comes in. A piece ends where a page
 * begins that cannot be read, so that libc's reads after it are seen, too. */
static void check_pieces(const struct client *c)
{
	static char *guard;
	size_t n = c->n_in < REQUEST_BYTES ? c->n_in : REQUEST_BYTES;
	struct request whole, part;

	if (!guard) {
		guard = mmap(NULL, 2 * REQUEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(guard != MAP_FAILED);
		guard += REQUEST_BYTES;
		must(!(mprotect)(guard, REQUEST_BYTES, PROT_NONE)); /* not harness.h's macro */
	}
	parse_request(c->in, n, &whole);
	must(whole.status || n < REQUEST_BYTES);
	for (size_t i = 0; i < n; i += 1 + n / 64) {
		char *piece = guard - i;

		memcpy(piece, c->in, i);
		parse_request(piece, i, &part);
		must(!part.status || part.status == whole.status);
		must(part.status != 200 || (part.head == whole.head && part.path.p - piece == whole.path.p - c->in &&
		     part.path.end - part.path.p == whole.path.end - whole.path.p && is_own_host(part.host) <= 1));
	}
}

struct choice { uint8_t row, file, from, instants; };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct choice choice;
	const uint8_t *stop;
	struct content damage = { NULL, 0 };

	if (n < sizeof choice)
		return 0;
	memcpy(&choice, p, sizeof choice);
	script = p + sizeof choice;
	stop = memchr(script, 0xff, n - sizeof choice);
	script_end = stop ? stop : p + n;
	if (stop)
		damage = (struct content){ (const char *)stop + 1, (size_t)(p + n - stop - 1) };
	choice.row %= LENGTH(runs);
	world.damage[0].file = damage.n ? fixture_of(runs[choice.row][0], choice.file) : NULL;
	world.damage[0].from = choice.from & 7;
	world.damage[0].content = damage;
	world.instants = choice.instants;
	for (unsigned i = 0; i < CLIENTS; i++)
		free(clients[i].out);
	memset(clients, 0, sizeof clients);
	n_clients = idle_waits = 0;
	accept_error = 0;
	fill("rec", (struct content){ "", 0 });
	run_once(runs[choice.row][0], runs[choice.row] + 1, NULL);
	must(world.status <= 1);
	for (const struct client *c = clients; c < clients + n_clients; c++) {
		if (c->answered)
			check_response(c);
		check_pieces(c);
	}
	check_text(world.err, world.n_err, "\n");
	return 0;
}

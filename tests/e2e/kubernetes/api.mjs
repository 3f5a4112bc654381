// api.mjs - a stand-in for an API server and its kubelet, for kubectl
//
//   node api.mjs LOG PROGRAM
//
// Says its port, and writes each request to LOG, a JSON object a line. What a container
// is to run is run here, as a process: PROGRAM for /vmstat. A pod's name says how it
// is: missing, pending, forbidden, ...; `pods` below has them.
// SPDX-License-Identifier: MIT
import http from 'node:http';
import fs from 'node:fs';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';

const [log, program] = process.argv.slice(2);
const uid = n => ({ runAsUser: n });
const pods = {
	web: {},
	annotated: { annotations: { 'kubectl.kubernetes.io/default-container': 'log' } },
	pending: { phase: 'Pending' },
	shared: { spec: { shareProcessNamespace: true } },
	user: { spec: { securityContext: uid(1000) } },
	users: { spec: { securityContext: uid(1000) }, log: uid(2000) },
	nonroot: { spec: { securityContext: { runAsNonRoot: true } } },
	bare: {}, noexec: {}, full: {}, unpulled: {}, noephemeral: {}, nolog: {}, noattach: {}, slow: {},
};
const core = ['Pod:pods:true', 'Node:nodes:false', 'Namespace:namespaces:false'].map(r => {
	const [kind, name, namespaced] = r.split(':');
	return { kind, name, singularName: '', namespaced: namespaced === 'true', verbs: ['get', 'list', 'create', 'patch', 'delete'] };
});
core.push({ kind: 'Pod', name: 'pods/ephemeralcontainers', singularName: '', namespaced: true, verbs: ['get', 'patch'] });

const made = new Map(); // pods as they have become
const running = new Map(); // "pod/container": what it runs, and what that printed

function podOf(namespace, name) {
	const id = `${namespace}/${name}`, like = pods[name];
	if (!made.has(id) && like) made.set(id, {
		kind: 'Pod', apiVersion: 'v1', metadata: { name, namespace, uid: name, annotations: like.annotations },
		spec: { ...like.spec, nodeName: 'n1', containers: [{ name: 'app', image: 'app' }, { name: 'log', image: 'log', securityContext: like.log }] },
		status: { phase: like.phase || 'Running' },
	});
	return made.get(id);
}

function run(command) {
	const [file, ...args] = command;
	if (file === '/vmstat')
		return spawn(program, args.filter(a => a !== '--pid=1').map(a => a.replace(/^(--proc|--sys)=\/host/, '$1=')));
	return spawn(file, args);
}

function statusOf(pod, key, name) {
	const list = pod.status[key] ||= [];
	let status = list.find(s => s.name === name);
	if (!status) list.push(status = { name, state: {} });
	return status;
}

// A container of a pod begins, and ends by itself.
function start(pod, key, container) {
	const status = statusOf(pod, key, container.name), id = `${pod.metadata.name}/${container.name}`;
	status.state = { waiting: { reason: 'ContainerCreating' } };
	if (pod.metadata.name === 'unpulled') {
		status.state.waiting.reason = 'ImagePullBackOff';
		return;
	}
	setTimeout(() => {
		const child = run(container.command), r = { child, text: '', readers: new Set(), ended: false };
		running.set(id, r);
		status.state = { running: { startedAt: '2026-01-01T00:00:00Z' } };
		const take = d => {
			// as a terminal prints it
			const text = container.tty ? String(d).replaceAll('\n', '\r\n') : String(d);
			r.text += text;
			r.readers.forEach(f => f(text));
		};
		child.stdout.on('data', take);
		child.stderr.on('data', take);
		child.on('close', (code, signal) => {
			r.ended = true;
			status.state = { terminated: { exitCode: code ?? (signal === 'SIGINT' ? 130 : 143) } };
			r.readers.forEach(f => f(null));
		});
	}, pod.metadata.name === 'slow' ? 1500 : 0);
}

// Frames of WebSocket, RFC 6455: what a server sends, and what it is sent
function frame(channel, data) {
	const body = Buffer.concat([Buffer.from([channel]), Buffer.from(data)]), n = body.length;
	const head = n < 126 ? Buffer.from([0x82, n]) : Buffer.from([0x82, 126, n >> 8, n & 255]);
	return Buffer.concat([head, body]);
}

function* frames(state) {
	for (;;) {
		const b = state.rest;
		if (b.length < 2) return;
		let n = b[1] & 127, at = 2;
		if (n === 126) { if (b.length < 4) return; n = b.readUInt16BE(2); at = 4; }
		else if (n === 127) { if (b.length < 10) return; n = Number(b.readBigUInt64BE(2)); at = 10; }
		if (b.length < at + 4 + n) return;
		const mask = b.subarray(at, at + 4), body = Buffer.from(b.subarray(at + 4, at + 4 + n));
		for (let i = 0; i < n; i++) body[i] ^= mask[i & 3];
		state.rest = b.subarray(at + 4 + n);
		yield { code: b[0] & 15, body };
	}
}

// A message of protobuf: the values of each field, by its number; a message in it is bytes
function message(bytes) {
	const fields = {};
	let at = 0;
	const varint = () => {
		let n = 0, shift = 1;
		for (; bytes[at] > 127; shift *= 128) n += (bytes[at++] & 127) * shift;
		return n + bytes[at++] * shift;
	};
	while (at < bytes.length) {
		const tag = varint();
		let value = varint(); // of a pod's fields that are read, none is of a fixed length
		if ((tag & 7) === 2) value = bytes.subarray(at, at += value);
		(fields[tag >> 3] ||= []).push(value);
	}
	return fields;
}

// What kubectl sends to create a pod, "k8s", 0 and a message with the pod in it, by the
// field numbers of k8s.io/api/core/v1/generated.proto
function podOfProtobuf(bytes) {
	const text = list => (list || []).map(String), one = list => message(list?.[0] || []);
	const pod = message(message(bytes.subarray(4))[2][0]), meta = one(pod[1]), spec = one(pod[2]);
	return {
		kind: 'Pod', apiVersion: 'v1', metadata: { name: String(meta[1]) },
		spec: {
			nodeName: String(spec[10]), hostNetwork: !!spec[11]?.[0], hostPID: !!spec[12]?.[0], restartPolicy: String(spec[3]),
			containers: spec[2].map(message).map(c => ({ name: String(c[1]), image: String(c[2]), command: text(c[3]), args: text(c[4]),
				securityContext: { privileged: !!one(c[15])[2]?.[0] }, stdin: !!c[16]?.[0], tty: !!c[18]?.[0],
				volumeMounts: (c[9] || []).map(message).map(m => ({ name: String(m[1]), mountPath: String(m[3]) })) })),
		},
	};
}

const failure = (code, reason, message) => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, code, message });
const ended = code => code === 0 ? { status: 'Success', metadata: {} } : { metadata: {}, status: 'Failure', reason: 'NonZeroExitCode',
	message: `command terminated with non-zero exit code: exit status ${code}`, details: { causes: [{ reason: 'ExitCode', message: String(code) }] } };
const forbidden = (what, name) => failure(403, 'Forbidden', `${what} "${name}" is forbidden: User "me" cannot do that`);

function note(q, body) {
	const url = new URL(q.url, 'http://x'), query = {};
	for (const [k, v] of url.searchParams) (query[k] ||= []).push(v);
	fs.appendFileSync(log, JSON.stringify({ method: q.method, path: url.pathname, query, upgrade: q.headers.upgrade, body }) + '\n');
	const part = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) || [];
	return { path: url.pathname, query, namespace: part[1], name: part[2], sub: part[3] };
}

function answer(q, r, sent) {
	const binary = sent.subarray(0, 4).equals(Buffer.from('k8s\0'));
	const body = binary ? podOfProtobuf(sent) : sent.length ? JSON.parse(sent) : undefined, a = note(q, body);
	const send = (o, code = o.code || 200) => { r.writeHead(code, { 'content-type': 'application/json' }); r.end(JSON.stringify(o)); };
	// What is slow happens only to those who wait for it.
	const later = (name, what) => name === 'slow' ? setTimeout(() => q.socket.destroyed || what(), 1000) : what();
	const node = /^\/api\/v1\/nodes\/(\w+)$/.exec(a.path);

	if (a.path === '/api') return send({ kind: 'APIVersions', versions: ['v1'] });
	if (a.path === '/apis') return send({ kind: 'APIGroupList', apiVersion: 'v1', groups: [] });
	if (a.path === '/api/v1') return send({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'v1', resources: core });
	if (node && node[1] === 'n1') return send({ kind: 'Node', apiVersion: 'v1', metadata: { name: 'n1' } });
	if (node) return send(failure(404, 'NotFound', `nodes "${node[1]}" not found`));
	if (q.method === 'POST' && a.path.endsWith('/pods')) {
		body.metadata.namespace = a.path.split('/')[4];
		if (body.metadata.namespace === 'restricted') return send(forbidden('pods', body.metadata.name));
		body.status = { phase: 'Running' };
		return later(body.metadata.namespace, () => {
			made.set(`${body.metadata.namespace}/${body.metadata.name}`, body);
			start(body, 'containerStatuses', body.spec.containers[0]);
			send(body, 201);
		});
	}
	if (a.name === 'forbidden') return send(forbidden('pods', a.name));
	const pod = a.name && podOf(a.namespace, a.name);
	if (!pod) return send(failure(404, 'NotFound', `pods "${a.name}" not found`));
	if (a.sub === 'exec' || a.sub === 'attach') return send(forbidden(`pods/${a.sub}`, a.name));
	if (a.sub === 'ephemeralcontainers') {
		if (a.name === 'noephemeral') return send(forbidden('pods/ephemeralcontainers', a.name));
		return later(a.name, () => {
			(pod.spec.ephemeralContainers ||= []).push(...body.spec.ephemeralContainers);
			body.spec.ephemeralContainers.forEach(c => start(pod, 'ephemeralContainerStatuses', c));
			send(pod);
		});
	}
	if (a.sub === 'log') {
		const c = running.get(`${a.name}/${a.query.container[0]}`);
		if (a.name === 'nolog' || !c) return send(forbidden('pods/log', a.name));
		r.writeHead(200, { 'content-type': 'text/plain' });
		r.write(c.text);
		if (!a.query.follow || c.ended) return r.end();
		const reader = d => d === null ? r.end() : r.write(d);
		c.readers.add(reader);
		return r.on('close', () => c.readers.delete(reader));
	}
	if (q.method === 'DELETE') {
		for (const c of pod.spec.containers) running.get(`${a.name}/${c.name}`)?.child.kill();
		made.delete(`${a.namespace}/${a.name}`);
	}
	return send(pod);
}

// exec and attach, over v5.channel.k8s.io: 0 stdin, 1 stdout, 2 stderr, 3 how it ended
function talk(q, socket) {
	const a = note(q), state = { rest: Buffer.alloc(0) };
	if (a.name === `no${a.sub}`) {
		const body = JSON.stringify(forbidden(`pods/${a.sub}`, a.name));
		return socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
	}
	const key = createHash('sha1').update(q.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
	socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${key}\r\nsec-websocket-protocol: v5.channel.k8s.io\r\n\r\n`);
	const send = (channel, data) => { for (let i = 0; i < data.length; i += 32768) socket.writable && socket.write(frame(channel, data.slice(i, i + 32768))); };
	const end = status => { send(3, JSON.stringify(status)); socket.end(Buffer.from([0x88, 2, 3, 232])); };
	const tty = a.query.tty?.[0] === 'true';
	let child;

	socket.on('error', () => {});
	if (a.sub === 'attach') {
		const c = running.get(`${a.name}/${a.query.container[0]}`), reader = d => d === null ? end(ended(0)) : send(1, d);
		child = c.child;
		if (c.ended) return end(ended(0));
		c.readers.add(reader);
		socket.on('close', () => c.readers.delete(reader));
	} else {
		// A container without a shell, as containerd says it
		if (a.name === 'bare') return end(failure(500, 'InternalError', `Internal error occurred: exec failed: unable to start container process: exec: "${a.query.command[0]}": executable file not found in $PATH`));
		const [file, ...args] = a.query.command;
		child = a.name === 'full' ? spawn('sh', ['-c', 'exit 9']) : spawn(file, args);
		child.stdout.on('data', d => send(1, d));
		child.stderr.on('data', d => send(tty ? 1 : 2, d));
		child.stdin.on('error', () => {});
		child.on('close', (code, signal) => end(ended(code ?? (signal === 'SIGINT' ? 130 : 143))));
		if (!a.query.stdin) child.stdin.end();
	}
	socket.on('data', d => {
		state.rest = Buffer.concat([state.rest, d]);
		for (const { code, body } of frames(state)) {
			if (code === 8) return socket.end();
			if (code === 9) { socket.write(Buffer.concat([Buffer.from([0x8a, body.length]), body])); continue; }
			if (body[0] === 255) child.stdin.end();
			else if (body[0] !== 0) continue;
			else if (tty && body.includes(3)) child.kill('SIGINT');
			else if (!tty) child.stdin.write(body.subarray(1));
		}
	});
}

const server = http.createServer((q, r) => {
	const sent = [];
	q.on('data', d => sent.push(d)).on('end', () => answer(q, r, Buffer.concat(sent)));
});
server.on('upgrade', talk);
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => { running.forEach(c => c.child.kill()); process.exit(0); });

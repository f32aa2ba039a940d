// Clients that mean harm, or are merely broken: the server refuses them, goes on answering others, gives nothing of the
// file system away, and has back afterwards what it spent on them.
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { serve, shippedSite } from './precast.mjs';

const scratch = process.argv[2];
// Of open files, of which each connection is one.
const limit = Number(process.argv[3]);
const root = path.join(scratch, 'site-root');
// Stands in files that are below the site's folder or beside it, and are never published.
const SECRET = `secret-${crypto.randomBytes(8).toString('hex')}`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let failures = 0;
let checks = 0;

function expect(good, ...words) {
  checks++;
  if (good) return;
  failures++;
  console.error('  fault:', ...words);
}

shippedSite(root);
fs.appendFileSync(path.join(root, 'site/site.toml'), `\n# ${SECRET}\n`);
for (const name of ['.env', 'notes.txt', 'content/.hidden', 'site/.env', '../secret.txt']) {
  fs.writeFileSync(path.join(root, name), SECRET);
}
const server = await serve(root);
// Slow clients are cut off after ten seconds: whoever waits as long was held up by them. A busy machine takes its time, too.
const HELD_UP = 8000;
// How many connections are opened before the server must have accepted them: systems let as few wait, and those that
// found no place try again by themselves, but only after seconds.
const AT_ONCE = 50;
const HOST = `Host: ${server.host}:${server.port}\r\n`;

// Every byte that the server ever sends is looked through.
function look(text, about) {
  if (text.includes(SECRET) || /^root:.*:0:0:/m.test(text) || text.includes(scratch)) expect(false, 'a file leaks to', about);
}

// Sends bytes as they are, and gives what came back until the connection ended, or the time was up.
function raw(bytes, { within = HELD_UP, half = false, to = server } = {}) {
  return new Promise((resolve) => {
    const start = Date.now();
    const socket = net.connect(to.port, to.host);
    const parts = [];
    const done = (ended) => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(parts).toString('latin1');
      look(text, String(bytes).slice(0, 80));
      const statuses = [...text.matchAll(/(?:^|\r\n\r\n|[}\n])HTTP\/1\.[01] (\d{3})/g)].map((found) => Number(found[1]));
      resolve({ text, ended, status: statuses[0], statuses, took: Date.now() - start });
    };
    const timer = setTimeout(() => done(false), within);
    socket.on('data', (part) => parts.push(part));
    socket.on('end', () => done(true));
    socket.on('close', () => done(true));
    socket.on('error', () => {});
    socket.on('connect', () => {
      socket.write(bytes);
      if (half) socket.end();
    });
  });
}

const get = (target, headers = HOST, version = '1.1') => `GET ${target} HTTP/${version}\r\n${headers}Connection: close\r\n\r\n`;

// A client like any other: how long it waits for its answer.
async function ordinary(within = HELD_UP, to = server) {
  const answer = await raw(get('/v1/leaderboard?limit=5', `Host: ${to.host}:${to.port}\r\n`), { within, to });
  return answer.status === 200 && answer.ended ? answer.took : Infinity;
}

// Opens connections, and returns when the server has accepted all of them: it does so in their order.
async function connect(count, open) {
  for (let each = 1; each <= count; each++) {
    open(each);
    if (each % AT_ONCE === 0 || each === count) await ordinary(30_000);
  }
}

async function stillAnswers(about) {
  const took = await ordinary();
  expect(took < HELD_UP, 'after', about, 'an ordinary request takes', took, 'ms');
}

const memory = (of = server) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${of.pid}/status`, 'utf8'))[1]) / 1024;
const descriptors = (of = server) => fs.readdirSync(`/proc/${of.pid}/fd`).length;

async function hosts() {
  const here = `${server.host}:${server.port}`;
  const cases = [
    ['a host of elsewhere', get('/', 'Host: evil.example\r\n'), [421]],
    ['a host of elsewhere with our port', get('/', `Host: evil.example:${server.port}\r\n`), [421]],
    ['a host that begins like ours', get('/', 'Host: 127.0.0.1.evil.example\r\n'), [421]],
    ['a host that begins like localhost', get('/', 'Host: localhost.evil.example\r\n'), [421]],
    ['a host that ends like localhost', get('/', 'Host: evillocalhost\r\n'), [421]],
    ['our host as a user', get('/', `Host: ${here}@evil.example\r\n`), [400, 421]],
    ['a host with a path', get('/', 'Host: 127.0.0.1/evil.example\r\n'), [400, 421]],
    ['an address in an odd form', get('/', 'Host: 0x7f.1\r\n'), [400, 421]],
    ['an empty host', get('/', 'Host:\r\n'), [400, 421]],
    ['a host that is no text', get('/', Buffer.from('Host: \xff\xfe\r\n', 'latin1').toString('latin1')), [400, 421]],
    ['no host', get('/', ''), [400]],
    ['no host, long ago', get('/', '', '1.0'), [400]],
    ['two hosts', get('/', `${HOST}Host: evil.example\r\n`), [400]],
    ['two hosts, the other first', get('/', `Host: evil.example\r\n${HOST}`), [400]],
    ['one host twice', get('/', HOST + HOST), [400]],
    ['a target of elsewhere', get('http://evil.example/', HOST), [400, 421]],
    ['a target of elsewhere, as a user of ours', get(`http://${here}@evil.example/`, HOST), [400, 421]],
    ['a target of elsewhere with two hosts', get('http://evil.example/', HOST + HOST), [400, 421]],
    ['a tunnel', `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n`, [400, 405, 421]],
    ['a tunnel through us', `CONNECT ${here} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`, [400, 405, 421]],
    ['events for elsewhere', get('/__precast/events', 'Host: evil.example\r\n'), [421]],
    ['the script for elsewhere', get('/__precast/live.js', 'Host: evil.example\r\n'), [421]],
    ['our host', get('/v1/tags'), [200]],
    ['localhost', get('/v1/tags', 'Host: LOCALHOST:1\r\n'), [200]],
    ['a target of ours', get(`http://${here}/v1/tags`), [200]],
    ['our host, long ago', get('/v1/tags', HOST, '1.0'), [200]],
  ];
  for (const [about, bytes, statuses] of cases) {
    const answer = await raw(Buffer.from(bytes, 'latin1'));
    expect(statuses.includes(answer.status), about, 'is answered', answer.status, 'and not', statuses.join(' or '));
    expect(answer.ended, 'the connection of', about, 'stays open');
  }
}

async function traversal() {
  const up = ['..', '%2e%2e', '%2E.', '.%2e', '%252e%252e', '..%00', '%c0%ae%c0%ae', '%uff0e%uff0e', '...', '..;', '%e3%80%82%e3%80%82', '\\..'];
  const between = ['/', '%2f', '%5c', '\\', '%252f', '%c0%af', '//', '/./'];
  const goals = ['etc/passwd', 'secret.txt', 'site/site.toml', '.env', 'data/users.json'];
  const targets = ['/.env', '/notes.txt', '/content/.hidden', '/site/site.toml', '/site/.env', '/data/users.json', '//etc/passwd', '/%2fetc/passwd', '/etc/passwd%00.json',
    '/file:///etc/passwd', '/C:%5cWindows', '/.precast/state.json', '/v1/.precast/state', '/.git/config', '/proc/self/environ', '/v1/tags/%0d%0aSet-Cookie:%20a=b', '/v1/tags?limit=%0d%0aSet-Cookie:%20a=b'];
  for (const prefix of ['', '/api', '/v1', '/v1/articles', '/__precast']) {
    for (const dots of up) for (const slash of between) for (const goal of goals) targets.push(`${prefix}/${(dots + slash).repeat(4)}${goal}`);
  }
  // Several at a time, one connection each.
  let next = 0;
  const worker = async () => {
    while (next < targets.length) {
      const target = targets[next++];
      const answer = await raw(get(target));
      expect([400, 404].includes(answer.status), target, 'is answered', answer.status);
      expect(!/^set-cookie/im.test(answer.text), target, 'makes a header');
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return targets.length;
}

async function large() {
  const million = 'a'.repeat(1 << 20);
  const cases = {
    'a header of 1 MB': get('/v1/tags', `${HOST}X-Long: ${million}\r\n`),
    'a header name of 1 MB': get('/v1/tags', `${HOST}${million}: x\r\n`),
    '20,000 headers': get('/v1/tags', HOST + Array.from({ length: 20_000 }, (_, at) => `X-${at}: a\r\n`).join('')),
    'a target of 1 MB': get(`/${million}`),
    'a query of 1 MB': get(`/v1/tags?limit=${million}`),
    'a method of 1 MB': `${million} / HTTP/1.1\r\n${HOST}\r\n`,
    'a version of 1 MB': `GET / HTTP/${million}\r\n${HOST}\r\n`,
    'a head of 1 MB without an end': `GET / HTTP/1.1\r\nX-Long: ${million}`,
    'a line of 1 MB without a break': million,
  };
  for (const [about, bytes] of Object.entries(cases)) {
    const answer = await raw(bytes, { within: 15_000 });
    expect([undefined, 400, 414, 431].includes(answer.status) && answer.ended, about, 'is answered', answer.status, answer.ended ? '' : 'and the connection stays open');
    await stillAnswers(about);
  }
  // Within the bounds, though odd.
  const fine = {
    '90 headers': get('/v1/tags', HOST + Array.from({ length: 90 }, (_, at) => `X-${at}: a\r\n`).join('')),
    'a header of 32 KB': get('/v1/tags', `${HOST}X-Long: ${'a'.repeat(32 << 10)}\r\n`),
    'a thousand ranges': get('/v1/tags', `${HOST}Range: bytes=${Array.from({ length: 1000 }, (_, at) => `${at}-`).join(',')}\r\n`),
    'a thousand encodings': get('/v1/tags', `${HOST}Accept-Encoding: ${'gzip;q=0.1,'.repeat(1000)}br\r\n`),
    'a thousand tags': get('/v1/tags', `${HOST}If-None-Match: ${'"a",'.repeat(1000)}"b"\r\n`),
    'an upgrade': get('/v1/tags', `${HOST}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`),
  };
  for (const [about, bytes] of Object.entries(fine)) {
    const answer = await raw(bytes);
    expect(answer.status === 200, about, 'is answered', answer.status);
  }
}

async function garbage() {
  // The same bytes in every run.
  const noise = (seed, length) => {
    const cipher = crypto.createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
    return cipher.update(Buffer.alloc(length));
  };
  const cases = {
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
    'TLS': Buffer.concat([Buffer.from('16030100f8010000f40303', 'hex'), noise(1, 240)]),
    'HTTP/0.9': 'GET /v1/tags\r\n',
    'HTTP/9.9': `GET /v1/tags HTTP/9.9\r\n${HOST}\r\n`,
    'HTTP/1.2': `GET /v1/tags HTTP/1.2\r\n${HOST}\r\n`,
    'no version': `GET /v1/tags\r\n${HOST}\r\n`,
    'a target with a space': get('/v1/tags x'),
    'a target with a tab': get('/v1/\ttags'),
    'a target with NUL': get('/v1/\0tags'),
    'a target that is no path': get('v1/tags'),
    'an empty target': `GET  HTTP/1.1\r\n${HOST}\r\n`,
    'a fragment': get('/v1/tags#x'),
    'a header with NUL': get('/v1/tags', `${HOST}X: a\0b\r\n`),
    'a header without a name': get('/v1/tags', `${HOST}: x\r\n`),
    'a header without a colon': get('/v1/tags', `${HOST}nothing\r\n`),
    'a folded header': get('/v1/tags', `${HOST}X: a\r\n b\r\n`),
    'a space before a colon': get('/v1/tags', `${HOST}X : a\r\n`),
    'CR alone': get('/v1/tags', `${HOST}X: a\rY: b\r\n`),
    'a method that is none': `G\x01T /v1/tags HTTP/1.1\r\n${HOST}\r\n`,
    'SMTP': 'EHLO evil.example\r\nMAIL FROM:<a@evil.example>\r\n',
    'Redis': '*1\r\n$4\r\nINFO\r\n',
    'SSH': 'SSH-2.0-OpenSSH_9.2\r\n',
    'zeros': Buffer.alloc(100_000),
    'line breaks': '\r\n'.repeat(50_000),
  };
  for (let seed = 2; seed < 42; seed++) cases[`noise ${seed}`] = noise(seed, 1 << (seed % 15));
  for (const [about, bytes] of Object.entries(cases)) {
    const answer = await raw(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, { half: true });
    // What follows `#` is no part of a target; a server may refuse it or pass over it.
    const lenient = ['a fragment', 'HTTP/1.2'].includes(about);
    expect([undefined, 400, 421, 431, 505].includes(answer.status) || (lenient && answer.status === 200), about, 'is answered', answer.status);
    expect(answer.ended, 'the connection of', about, 'stays open');
  }
  await stillAnswers('garbage');
}

// Two readings of one message: where it ends must not be in doubt, or what follows may be taken for a request of the
// next client behind a proxy.
async function smuggling() {
  const inner = `GET /v1/tags HTTP/1.1\r\n${HOST}\r\n`;
  const post = (headers, body) => `POST /v1/users HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const length = (n) => `Content-Length: ${n}\r\n`;
  const cases = {
    'two lengths': post(length(0) + length(inner.length), inner),
    'two lengths, the other first': post(length(inner.length) + length(0), inner),
    'two lengths in one': post('Content-Length: 0, 5\r\n', inner),
    'a length with a sign': post('Content-Length: +0\r\n', inner),
    'a length below zero': post('Content-Length: -1\r\n', inner),
    'a length in hex': post('Content-Length: 0x0\r\n', inner),
    'a length with a space': post('Content-Length: 0 0\r\n', inner),
    'a length beyond 64 bits': post('Content-Length: 18446744073709551616\r\n', inner),
    'a length and chunks': post(length(5 + inner.length) + chunked, `0\r\n\r\n${inner}`),
    'chunks and a length': post(chunked + length(5 + inner.length), `0\r\n\r\n${inner}`),
    'chunks and a short length': post(chunked + length(3), `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`),
    'chunks of HTTP/1.0': `POST /v1/users HTTP/1.0\r\n${HOST}${chunked}Connection: keep-alive\r\n\r\n0\r\n\r\n${inner}`,
    'chunks that are not': post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${inner}`),
    'chunks before another coding': post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${inner}`),
    'chunks twice': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', `0\r\n\r\n${inner}`),
    'chunks after a control character': post('Transfer-Encoding: \x0bchunked\r\n', `0\r\n\r\n${inner}`),
    'chunks with a space before the colon': post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${inner}`),
    'a chunk beyond 64 bits': post(chunked, `10000000000000005\r\nabcde\r\n0\r\n\r\n${inner}`),
    'a chunk with a sign': post(chunked, `+5\r\nabcde\r\n0\r\n\r\n${inner}`),
    'a chunk longer than it says': post(chunked, `1\r\nab\r\n0\r\n\r\n${inner}`),
    'a chunk with a long extension': post(chunked, `1;${'x'.repeat(1 << 20)}\r\na\r\n0\r\n\r\n${inner}`),
    'long trailers': post(chunked, `0\r\n${'X: a\r\n'.repeat(200_000)}\r\n${inner}`),
  };
  for (const [about, bytes] of Object.entries(cases)) {
    const answer = await raw(Buffer.from(bytes, 'latin1'), { within: 2000, half: true });
    expect(answer.statuses.length <= 1 && !answer.text.includes('"tag"'), about, 'lets a second request through:', answer.statuses.join(' '));
    expect([undefined, 400, 405, 431, 501].includes(answer.status), about, 'is answered', answer.status);
  }
  // What is no doubt: the body of a GET is passed over, and what follows it is the next request.
  const body = `GET /v1/tags HTTP/1.1\r\n${HOST}${length(inner.length)}\r\n${inner}`;
  const one = await raw(body, { within: 2000, half: true });
  expect(one.statuses.length <= 1, 'the body of a GET is taken for a request');
  const two = await raw(`${inner}${get('/v1/tags')}`);
  expect(two.statuses.join() === '200,200', 'two requests on one connection are answered', two.statuses.join());
  await stillAnswers('smuggling');
}

// A byte of a header every second, a body that never comes, and nothing at all.
async function slow() {
  const opened = [];
  const open = (about, first, drip) => {
    const start = Date.now();
    const socket = net.connect(server.port, server.host);
    socket.on('error', () => {});
    socket.on('data', (data) => look(data.toString('latin1'), about));
    socket.on('connect', () => first && socket.write(first));
    const timer = drip ? setInterval(() => socket.write(drip), 1000) : undefined;
    const closed = new Promise((resolve) => socket.on('close', () => {
      clearInterval(timer);
      resolve(Date.now() - start);
    }));
    opened.push({ about, socket, closed });
  };
  const kinds = [
    () => open('a slow header', `GET /v1/tags HTTP/1.1\r\n${HOST}X-Slow: `, 'a'),
    () => open('a slow line', 'GET /', 'a'),
    () => open('slow line breaks', '', '\r\n'),
    () => open('a body that never comes', `POST /v1/tags HTTP/1.1\r\n${HOST}Content-Length: 1000000\r\n\r\n`),
    () => open('a slow body', `POST /v1/tags HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`, '1\r\na\r\n'),
    () => open('silence', ''),
    () => open('silence after an answer', `GET /v1/tags HTTP/1.1\r\n${HOST}\r\n`),
  ];
  await connect(350, (each) => kinds[each % kinds.length]());
  const until = Date.now() + 30_000;
  let slowest = 0;
  const watch = (async () => {
    while (Date.now() < until) {
      slowest = Math.max(slowest, await ordinary());
      await sleep(250);
    }
  })();
  const late = {};
  for (const { about, socket, closed } of opened) {
    const took = await Promise.race([closed, sleep(Math.max(0, until - Date.now())).then(() => Infinity)]);
    if (took === Infinity) late[about] = (late[about] ?? 0) + 1;
    socket.destroy();
  }
  await watch;
  for (const [about, count] of Object.entries(late)) expect(false, count, 'connections with', about, 'are still open after 30 s');
  expect(slowest < HELD_UP, 'while clients are slow, an ordinary request takes', slowest, 'ms');
  console.log(`slow clients: 350 connections cut off; meanwhile an ordinary request took ${slowest} ms at most`);
}

// Many connections that are of no use.
async function idle() {
  const count = Math.min(1500, Math.floor(limit / 2) - 200);
  const sockets = [];
  await connect(count, () => {
    const socket = net.connect(server.port, server.host);
    socket.on('error', () => {});
    sockets.push(socket);
  });
  const took = await ordinary();
  expect(took < HELD_UP, 'beside', count, 'idle connections an ordinary request takes', took, 'ms');
  const left = () => sockets.filter((socket) => !socket.closed).length;
  const until = Date.now() + 40_000;
  while (left() > 0 && Date.now() < until) await sleep(100);
  expect(left() === 0, left(), 'idle connections are still open');
  sockets.forEach((socket) => socket.destroy());
  console.log(`idle clients: ${count} connections; an ordinary request took ${took} ms`);
}

// More connections than the server may have open: whoever waits gets an answer when the idle ones are cut off.
async function crowd() {
  const other = await serve(root, { descriptors: 200 });
  const sockets = Array.from({ length: 300 }, () => {
    const socket = net.connect(other.port, other.host);
    socket.on('error', () => {});
    return socket;
  });
  const start = Date.now();
  while (descriptors(other) < 195 && Date.now() - start < 10_000) await sleep(50);
  expect(descriptors(other) >= 195, '300 connections leave a server that may have 200 descriptors at', descriptors(other));
  const took = await ordinary(120_000, other);
  expect(took < 120_000, 'where connections are used up an ordinary request takes', took, 'ms');
  sockets.forEach((socket) => socket.destroy());
  console.log(`a crowd: 300 connections to a server of 200 descriptors; an ordinary request waited ${took} ms`);
  await other.end();
}

// Asks for much, and reads nothing of it. On a server of its own, whose descriptors tell when it has had enough: a
// client that reads nothing does not hear of the end either.
async function deaf() {
  const other = await serve(root);
  const answers = async () => {
    const took = await ordinary(HELD_UP, other);
    expect(took < HELD_UP, 'beside clients that read nothing an ordinary request takes', took, 'ms');
  };
  await answers();
  const before = descriptors(other);
  const sockets = Array.from({ length: 100 }, () => {
    const socket = net.connect(other.port, other.host);
    socket.on('error', () => {});
    socket.pause();
    socket.write(`GET /v1/manifest.json HTTP/1.1\r\nHost: ${other.host}:${other.port}\r\n\r\n`.repeat(50));
    return socket;
  });
  const start = Date.now();
  await sleep(2000);
  const most = memory(other);
  const held = descriptors(other) - before;
  await answers();
  while (descriptors(other) > before + 5 && Date.now() - start < 90_000) await sleep(200);
  const took = (Date.now() - start) / 1000;
  expect(took < 90, 'clients that read nothing are still there after 90 s');
  expect(most < 500, 'for 100 clients that read nothing the server keeps', most, 'MB');
  await answers();
  sockets.forEach((socket) => socket.destroy());
  console.log(`clients that read nothing: ${held} closed within ${took.toFixed(0)} s; the server had ${most.toFixed(0)} MB, then ${memory(other).toFixed(0)} MB`);
  await other.end();
}

// Listeners that leave without a word.
async function events() {
  const sockets = [];
  await connect(300, () => {
    const socket = net.connect(server.port, server.host);
    socket.on('error', () => {});
    socket.write(`GET /__precast/events HTTP/1.1\r\n${HOST}\r\n`);
    sockets.push(socket);
  });
  await stillAnswers('300 listeners came');
  sockets.forEach((socket) => socket.resetAndDestroy());
  await stillAnswers('300 listeners left');
}

async function settle(base) {
  const until = Date.now() + 20_000;
  while (Date.now() < until && descriptors() > base.descriptors + 5) await sleep(200);
  return { memory: memory(), descriptors: descriptors() };
}

for (let warm = 0; warm < 300; warm++) await raw(get(warm % 2 ? '/v1/manifest.json' : '/v1/openapi.json'));
const before = { memory: memory(), descriptors: descriptors() };

// They wait most of their time.
const waiting = Promise.all([deaf(), crowd()]);
await hosts();
console.log('hosts: done');
console.log(`traversal: ${await traversal()} targets`);
await large();
await garbage();
await smuggling();
console.log('large heads, garbage, smuggling: done');
await events();
await slow();
await idle();
await waiting;
await stillAnswers('everything');
const after = await settle(before);
console.log(`memory ${before.memory.toFixed(0)} MB before, ${after.memory.toFixed(0)} MB after; descriptors ${before.descriptors} before, ${after.descriptors} after`);
expect(after.descriptors <= before.descriptors + 5, 'descriptors are left open');
expect(after.memory < before.memory * 1.5 + 30, 'memory is not given back');
look(server.log(), 'the server\'s own log, which names no more than the site');
await server.end();
console.log(`${checks} checks`);
if (failures) console.error(`${failures} faults`);
process.exit(failures ? 1 : 0);

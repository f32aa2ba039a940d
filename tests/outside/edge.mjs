// The edge function, the dev server and the plain tree, held to the route vectors: three answers to every request, and
// all of them the same.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import vm from 'node:vm';
import { isDeepStrictEqual } from 'node:util';
import { now, run, serve, shippedSite } from './precast.mjs';
import { site } from './sites.mjs';

const LARGEST = 10_240;
const scratch = process.argv[2];
let failures = 0;

function fail(...words) {
  failures++;
  if (failures <= 20) console.error('  fault:', ...words);
}

const outcomesCode = fs.readFileSync(path.join(import.meta.dirname, 'edge-outcomes.js'), 'utf8');

function load(code) {
  const context = vm.createContext({});
  vm.runInContext(`${code}\n${outcomesCode}`, context);
  return context;
}

function inNjs(code, vectors, name) {
  const program = path.join(scratch, `${name}.njs.js`);
  const input = path.join(scratch, `${name}.vectors.json`);
  fs.writeFileSync(input, JSON.stringify(vectors));
  const main = `outcomes(handler, JSON.parse(require('fs').readFileSync(${JSON.stringify(input)}, 'utf8'))).forEach(function (line) { console.log(line); });`;
  fs.writeFileSync(program, `${code}\n${outcomesCode}\n${main}\n`);
  return execFileSync('njs', [program], { encoding: 'utf8', maxBuffer: 1 << 30 }).trimEnd().split('\n');
}

const problemOf = (body) => JSON.parse(body).type.split('/').pop();

// What the function says to one vector, held to the vector and to the tree.
function checkFunction(vector, outcome, tree) {
  const { method, url, status, key, problem } = vector;
  const said = JSON.parse(outcome);
  const about = `${method} ${url.slice(0, 120)}:`;
  if (said.status === undefined) {
    const got = decodeURIComponent(said.uri.slice(1));
    if (got !== key) return fail(about, 'the function asks for', got, 'and the vector for', key);
    if (Object.keys(said.querystring).length) return fail(about, 'the query is passed on');
    const there = tree.has(key);
    if (status !== (there ? 200 : 404)) return fail(about, 'the vector says', status, 'and the object', there ? 'is there' : 'is not there');
    return;
  }
  if (key !== undefined) return fail(about, 'the function answers', said.status, 'and the vector has the key', key);
  if (said.status !== status) return fail(about, 'the function answers', said.status, 'and the vector says', status);
  const bodied = status >= 400 && method !== 'HEAD';
  if (bodied !== (said.body !== undefined)) return fail(about, 'the function has', said.body === undefined ? 'no body' : 'a body');
  if (bodied && problemOf(said.body) !== problem) return fail(about, 'the function says', said.body, 'and the vector', problem);
}

// What the server says to one vector, held to the vector, to the tree, and to the function where that answers by itself.
function checkServer(vector, outcome, answer, tree) {
  const { method, url, status, key, problem } = vector;
  const about = `${method} ${url.slice(0, 120)}:`;
  if (answer.status !== status) return fail(about, 'the server answers', answer.status, 'and the vector says', status, answer.body.toString().slice(0, 200));
  const bodied = method !== 'HEAD' && method !== 'OPTIONS';
  if (!bodied && answer.body.length) return fail(about, 'the server has a body');
  const type = answer.headers['content-type'] ?? '';
  const said = JSON.parse(outcome);
  for (const [name, { value }] of Object.entries(said.headers ?? {})) {
    if (answer.headers[name] !== value) return fail(about, name, 'is', answer.headers[name], 'of the server and', value, 'of the function');
  }
  if (!bodied) return;
  if (status === 200) {
    // Pages get a script, at which the tree does not have it.
    const body = type.startsWith('text/html') ? Buffer.from(withoutScript(answer.body.toString())) : answer.body;
    if (!body.equals(tree.read(key))) return fail(about, 'the body is not the file at', key);
  } else if (type.startsWith('text/html')) {
    const page = status === 404 && tree.has('404.html') && withoutScript(answer.body.toString()) === tree.read('404.html').toString();
    if (!page) return fail(about, 'the page is not 404.html');
  } else {
    if (type !== 'application/problem+json') return fail(about, 'the problem is', type);
    const got = JSON.parse(answer.body);
    if (got.status !== status) return fail(about, 'the problem says', got.status, 'and the answer is', status);
    if (problemOf(answer.body) !== problem) return fail(about, 'the server says', got.type, 'and the vector', problem);
    if (said.body !== undefined && !isDeepStrictEqual(got, JSON.parse(said.body))) {
      return fail(about, 'the server says', answer.body.toString(), 'and the function', said.body);
    }
  }
}

const withoutScript = (html) => html.replace(/<script src="\/__precast\/live\.js"[^>]*><\/script>\n/, '');

// The files of a build, read when they are wanted.
function treeOf(folder) {
  const keys = new Set(fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name))));
  // The tool's own notes are no objects.
  for (const key of keys) if (key.startsWith('.precast/') || key === '.gitignore') keys.delete(key);
  return { has: (key) => keys.has(key), read: (key) => fs.readFileSync(path.join(folder, key)), size: keys.size };
}

// The path goes out as it stands: `fetch` would take the dots out of it.
function ask(server, agent, method, url) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host: server.host, port: server.port, method, path: url }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

async function askAll(server, vectors, each) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  let next = 0;
  const worker = async () => {
    while (next < vectors.length) {
      const at = next++;
      const { method, url } = vectors[at];
      try {
        each(at, await ask(server, agent, method, url));
      } catch (error) {
        fail(method, url.slice(0, 120), error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  agent.destroy();
}

async function check(name, root, base) {
  const out = path.join(scratch, `${name}.out`);
  run('build', '--root', root, '--out', out, '--now', now);
  const code = run('edge', '--root', root, '--now', now);
  const size = Buffer.byteLength(code);
  if (size >= LARGEST) fail(name, 'has a function of', size, 'bytes');
  const own = JSON.parse(run('routes', '--vectors', '--root', root, '--now', now)).vectors;
  // What stands below a base is answered there too, and the same; some of them tell.
  const below = base ? own.filter((_, at) => at % 5 === 0).map((vector) => ({ ...vector, url: base + vector.url })) : [];
  const vectors = own.concat(below);
  const tree = treeOf(out);
  const context = load(code);
  const outcomes = context.outcomes(context.handler, vectors);
  vectors.forEach((vector, at) => checkFunction(vector, outcomes[at], tree));
  const njs = inNjs(code, vectors, name);
  vectors.forEach((vector, at) => {
    if (njs[at] !== outcomes[at]) fail(vector.method, vector.url.slice(0, 120), 'is', njs[at], 'in njs and', outcomes[at], 'in Node');
  });
  const server = await serve(root);
  await askAll(server, vectors, (at, answer) => checkServer(vectors[at], outcomes[at], answer, tree));
  await server.end();
  const answered = vectors.filter((vector) => vector.status === 200).length;
  console.log(`${name}: ${vectors.length} vectors, ${answered} of them answered, over ${tree.size} files; a function of ${size} bytes`);
  return { context, vectors };
}

// A long request must cost no more than a short one: CloudFront ends a function that takes longer than a millisecond.
function checkTime({ context }) {
  const repeat = (count, make) => Array.from({ length: count }, (_, at) => make(at)).join('&');
  const kinds = {
    'one long value': `limit=${'5'.repeat(65_000)}`,
    'one long name': `${'l'.repeat(65_000)}=5`,
    'many names': repeat(6_000, (at) => `name${at}=${at}`),
    'one name many times': repeat(8_000, () => 'limit=5'),
    'escapes': `page=${'%31'.repeat(21_000)}`,
    'broken escapes': `page=${'%'.repeat(65_000)}`,
  };
  const events = (url) => Array.from({ length: 50 }, () => ({ version: '1.0', request: context.request({ method: 'GET', url }) }));
  const url = '/v1/leaderboard';
  const time = (made) => {
    const start = process.hrtime.bigint();
    for (const event of made) context.handler(event);
    return Number(process.hrtime.bigint() - start) / made.length;
  };
  const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
  const short = () => events(`${url}?limit=5`);
  for (let warm = 0; warm < 100; warm++) time(short());
  for (const [kind, query] of Object.entries(kinds)) {
    const times = { short: [], long: [] };
    // In turns, so that whatever else the machine does slows both.
    for (let turn = 0; turn < 25; turn++) {
      times.short.push(time(short()));
      times.long.push(time(events(`${url}?${query}`)));
    }
    const ratio = median(times.long) / median(times.short);
    console.log(`64 KB of query, ${kind}: ${ratio.toFixed(2)} times a short one's time`);
    if (ratio > 5) fail('a query of', kind, 'takes', ratio.toFixed(1), 'times as long as a short one');
  }
}

const shipped = path.join(scratch, 'shipped');
shippedSite(shipped);
const first = await check('the shipped site', shipped, '');
checkTime(first);
const tags = path.join(scratch, 'tags');
site('tags', tags);
await check('tags of every alphabet', tags, '/club');
const bare = path.join(scratch, 'bare');
site('bare', bare);
await check('a bare site', bare, '');
if (failures) console.error(`${failures} faults`);
process.exit(failures ? 1 : 0);

// A stand-in for GitHub that executes queries over its real schema, and the program that asks it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { GraphQLError, execute, parse, validate } from 'graphql';
import { schema } from './schema.mjs';

export const DAY = 86_400_000;
export const TOKEN = 'ghp_0123456789abcdef0123456789abcdef0123';
const YEAR = 366 * DAY;

export const day = (time) => new Date(time).toISOString().slice(0, 10);
export const today = () => Date.parse(`${day(Date.now())}T00:00:00Z`);

// Numbers that look random and are the same in every run (mulberry32).
export function dice(seed) {
  return (sides) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

const missing = (message) => new GraphQLError(message, { extensions: { type: 'NOT_FOUND' } });

// The weeks of a calendar as GitHub cuts them: from Sunday to Saturday, without the days outside the span.
function weeks(days, from, to) {
  const found = [];
  for (let time = from; time <= to; time += DAY) {
    const date = day(time);
    const weekday = new Date(time).getUTCDay();
    if (found.length === 0 || weekday === 0) found.push({ firstDay: date, contributionDays: [] });
    found.at(-1).contributionDays.push({ date, weekday, contributionCount: days.get(date) ?? 0, color: '#ebedf0' });
  }
  return found;
}

function collection(account, { from, to }) {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  if (!(end >= start)) throw new GraphQLError('"to" must not be before "from"');
  if (end - start > YEAR) throw new GraphQLError('The total time spanned by "from" and "to" must not exceed 1 year');
  const first = Date.parse(`${day(start)}T00:00:00Z`);
  const calendar = () => ({ weeks: weeks(account.days, first, end), isHalloween: false });
  return { contributionCalendar: calendar, restrictedContributionsCount: account.restricted ?? 0 };
}

function history(commits, { first, after, since }) {
  const start = after ? Number(atob(after)) : 0;
  const all = commits.filter((commit) => !since || Date.parse(commit.committedDate) >= Date.parse(since));
  const nodes = all.slice(start, start + first);
  const end = start + nodes.length;
  return {
    totalCount: all.length,
    nodes: nodes.map((commit) => ({ ...commit, author: { user: commit.by ? { databaseId: commit.by } : null } })),
    pageInfo: { hasNextPage: end < all.length, endCursor: btoa(String(end)) },
  };
}

function repository(account, name) {
  const found = account.repositories?.get(name);
  if (!found) throw missing(`Could not resolve to a Repository with the name '${account.login}/${name}'.`);
  const target = { __typename: 'Commit', history: (args) => history(found.commits, args) };
  return { name, pushedAt: found.pushedAt, defaultBranchRef: found.commits.length ? { name: 'main', target } : null };
}

const person = (account) => ({
  __typename: account.kind,
  id: account.id,
  databaseId: account.number,
  login: account.login,
  contributionsCollection: (args) => collection(account, args),
  repository: ({ name }) => repository(account, name),
});

// Serves accounts; `accounts` is read anew at each request. Counts what was asked, and keeps to GitHub's rules.
export async function serve(accounts) {
  const documents = new Map();
  const seen = { requests: 0, open: 0, most: 0, members: 0 };
  const root = {
    rateLimit: { cost: 1, remaining: 4999, limit: 5000, nodeCount: 0, used: 1, resetAt: new Date().toISOString() },
    nodes: ({ ids }) => ids.map((id) => {
      const found = accounts.get(id);
      return found ? person(found) : missing(`Could not resolve to a node with the global id of '${id}'`);
    }),
  };
  const byLogin = () => {
    const index = new Map([...accounts.values()].map((account) => [account.login.toLowerCase(), account]));
    return ({ login }) => {
      const found = index.get(login.toLowerCase());
      if (found?.kind !== 'User') throw missing(`Could not resolve to a User with the login of '${login}'.`);
      return person(found);
    };
  };
  const server = http.createServer(async (request, response) => {
    seen.requests += 1;
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    const say = (status, answer) => {
      seen.open -= 1;
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(answer));
    };
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return say(401, { message: 'Bad credentials' });
    if (request.method !== 'POST' || request.url !== '/graphql') return say(404, { message: 'Not Found' });
    if (!request.headers['user-agent']) return say(403, { message: 'A user agent is required' });
    let body = '';
    for await (const part of request) body += part;
    const { query, variables } = JSON.parse(body);
    if (!documents.has(query)) {
      const document = parse(query);
      documents.set(query, [document, validate(schema, document)]);
    }
    const [document, faults] = documents.get(query);
    if (faults.length) return say(200, { errors: faults.map((fault) => ({ message: fault.message })) });
    seen.members += variables.ids?.length ?? Object.keys(variables).filter((name) => name.startsWith('l')).length;
    const rootValue = { ...root, user: byLogin() };
    const { data, errors } = await execute({ schema, document, rootValue, variableValues: variables });
    const told = errors?.map((error) => ({ type: error.extensions?.type, ...error.toJSON(), extensions: undefined }));
    say(200, errors ? { data, errors: told } : { data });
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${server.address().port}`, seen, close: () => server.close() };
}

// A site whose users have accounts on GitHub.
export function site(folder, url, users, mode) {
  fs.mkdirSync(path.join(folder, 'site'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'data'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'data/users.json'), JSON.stringify(users));
  fs.writeFileSync(path.join(folder, 'site/site.toml'), `
[collections.users]
sources = ["data/users.json"]
key = "handle"

[sources.github]
kind = "github"
mode = "${mode}"
account = "github"
url = "${url}"

[surfaces.api]
prefix = "/api"
shape = "bare"

[[views]]
path = "users"
from = "users"
`);
}

// Refreshes, and gives what the program says it did.
export function refresh(program, folder) {
  return new Promise((done, failed) => {
    const child = spawn(program, ['refresh', '--root', folder, '--format', 'json'], {
      env: { ...process.env, GITHUB_TOKEN: TOKEN }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, said] = ['', ''];
    child.stdout.on('data', (part) => { out += part; });
    child.stderr.on('data', (part) => { said += part; });
    child.on('error', failed);
    child.on('close', (code) => {
      if (code === 0) done(JSON.parse(out).sources[0]);
      else failed(new Error(`the refresh ended with ${code}: ${said}${out}`));
    });
  });
}

// The facts by member: what the line says, and a count or `undefined` for each day.
export function facts(folder) {
  const text = fs.readFileSync(path.join(folder, 'data/activity/github.ndjson'), 'utf8');
  const found = new Map();
  for (const line of text.trimEnd().split('\n')) {
    const fact = JSON.parse(line);
    const counts = new Map();
    let time = Date.parse(`${fact.from}T00:00:00Z`);
    for (const word of fact.days.split(' ').filter(Boolean)) {
      const [, mark, count, times] = /^(?:([_?])(?=\d*$)|(\d+)(?:x(?=\d))?)(\d*)$/.exec(word) ?? [];
      const value = mark === '_' ? 0 : mark === '?' ? undefined : Number(count);
      for (let left = Number(times || 1); left > 0; left -= 1, time += DAY) {
        if (value !== undefined) counts.set(day(time), value);
      }
    }
    found.set(fact.member, { ...fact, counts });
  }
  return found;
}

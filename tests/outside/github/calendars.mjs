// 5,000 invented members are refreshed, the world changes, and they are refreshed again: the facts equal what the server
// holds. Among them are renamed, deleted, re-registered and private accounts, bots and organisations.
import assert from 'node:assert/strict';
import path from 'node:path';
import fs from 'node:fs';
import { DAY, TOKEN, day, dice, facts, refresh, serve, site, today } from './world.mjs';

const [program, scratch] = process.argv.slice(2);
const MEMBERS = 5000;
const roll = dice(20260601);
const start = today();

const accounts = new Map();
const users = [];
for (let n = 0; n < MEMBERS; n += 1) {
  const kind = n % 250 === 7 ? 'Organization' : n % 250 === 8 ? 'Bot' : 'User';
  const id = `U_kgDO${n.toString(36).padStart(6, 'A')}`;
  const days = new Map();
  const activity = n % 100 === 9 ? 0 : 1 + roll(5);
  for (let back = 1; back < 420; back += 1) {
    if (activity > roll(20)) days.set(day(start - back * DAY), 1 + roll(12));
  }
  // A private account shows nothing but how much is hidden.
  const restricted = activity === 0 ? 300 : 0;
  accounts.set(id, { id, kind, number: 1000 + n, login: `Login-${n}`, days, restricted });
  const joined = n % 3 === 0 ? undefined : day(start - (20 + roll(390)) * DAY);
  users.push({ handle: `m${n}`, github: n % 500 === 11 ? `nobody-${n}` : `login-${n}`, dateJoined: joined });
}
const isPerson = (n) => n % 250 !== 7 && n % 250 !== 8 && n % 500 !== 11;
const id = (n) => `U_kgDO${n.toString(36).padStart(6, 'A')}`;

const server = await serve(accounts);
const folder = path.join(scratch, 'calendars');
site(folder, server.url, users, 'calendar');

// The last `length` days of a member are what the account holds; today and tomorrow too, as far as they are known.
function agrees(known, account, length) {
  for (let back = 0; back < length; back += 1) {
    const date = day(start - back * DAY);
    assert.equal(known.counts.get(date), account.days.get(date) ?? 0, `${known.member} on ${date}`);
  }
  for (const [date, count] of known.counts) {
    assert(account.days.get(date) === count || count === 0 && !account.days.has(date) || date < day(start - 34 * DAY), `${known.member} on ${date}`);
  }
}

const first = await refresh(program, folder);
let known = facts(folder);
const people = users.map((_, n) => n).filter(isPerson);
assert.equal(known.size, people.length);
assert.deepEqual([first.fetched, first.missing, first.failed.length], [people.length, MEMBERS - people.length, 0]);
for (const n of people) {
  const fact = known.get(`m${n}`);
  assert.deepEqual([fact.id, fact.account], [id(n), `Login-${n}`]);
  const since = users[n].dateJoined ? Math.max(35, (start - Date.parse(`${users[n].dateJoined}T00:00:00Z`)) / DAY) : 360;
  agrees(fact, accounts.get(id(n)), since);
}
assert.equal(server.seen.most, 1, 'one request after the other');
const asked = server.seen.requests;
console.log(`${people.length} of ${MEMBERS} members fetched in ${asked} requests and ${first.seconds.toFixed(1)} s`);

// The world goes on: late commits, counts that go down, new names, and accounts that are gone.
const [renamed, gone, others] = [[], [], []];
for (const n of people) {
  const account = accounts.get(id(n));
  for (let back = 0; back < 34; back += 1) {
    const date = day(start - back * DAY);
    if (roll(20) === 0) account.days.set(date, 1 + roll(12));
    else if (roll(40) === 0) account.days.delete(date);
  }
  if (n % 50 === 1) {
    account.login = `Renamed-${n}`;
    renamed.push(n);
  } else if (n % 50 === 2) {
    accounts.delete(id(n));
    gone.push(n);
    if (n % 100 === 2) {
      const days = new Map([[day(start - 3 * DAY), 2]]);
      accounts.set(`U_new${n}`, { id: `U_new${n}`, kind: 'User', number: 90_000 + n, login: `LOGIN-${n}`, days });
      others.push(n);
    }
  }
}
// Somebody takes a name that became free: the one who had it keeps its facts.
accounts.set('U_squatter', { id: 'U_squatter', kind: 'User', number: 99_999, login: `Login-${renamed[0]}`, days: new Map() });

const before = known;
const second = await refresh(program, folder);
known = facts(folder);
assert.equal(second.failed.length, 0);
assert.deepEqual(second.renamed.map(({ member }) => member).sort(), renamed.map((n) => `m${n}`).sort());
assert.deepEqual(second.anew.sort(), others.map((n) => `m${n}`).sort());
assert.equal(second.missing, MEMBERS - people.length + gone.length - others.length);
for (const n of people) {
  const fact = known.get(`m${n}`);
  if (others.includes(n)) {
    assert.equal(fact.id, `U_new${n}`);
    agrees(fact, accounts.get(`U_new${n}`), 35);
    assert.equal([...fact.counts.values()].reduce((a, b) => a + b), 2, 'nothing is inherited');
  } else if (gone.includes(n)) {
    assert.deepEqual(fact, before.get(`m${n}`), 'who is gone keeps what is known');
  } else {
    agrees(fact, accounts.get(id(n)), 35);
  }
}
const bytes = fs.readFileSync(path.join(folder, 'data/activity/github.ndjson'));
const third = await refresh(program, folder);
assert.deepEqual([third.fetched, third.failed.length, third.renamed.length, third.anew.length], [0, 0, 0, 0]);
assert(bytes.equals(fs.readFileSync(path.join(folder, 'data/activity/github.ndjson'))), 'learning nothing changes nothing');
for (const file of fs.readdirSync(path.join(folder, 'data/activity'))) {
  const full = path.join(folder, 'data/activity', file);
  if (fs.statSync(full).isFile()) assert(!fs.readFileSync(full, 'utf8').includes(TOKEN), file);
}
console.log(`${renamed.length} renamed, ${gone.length} gone, ${others.length} of those somebody else's: the facts are what the server holds`);
server.close();

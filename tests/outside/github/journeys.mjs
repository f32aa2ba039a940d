// 300 journeys: commits are counted by author and by the day on which they were written, page after page.
import assert from 'node:assert/strict';
import path from 'node:path';
import { DAY, day, dice, facts, refresh, serve, site, today } from './world.mjs';

const [program, scratch] = process.argv.slice(2);
const MEMBERS = 300;
const OFFSETS = ['-11:00', '-03:30', 'Z', '+05:45', '+14:00'];
const roll = dice(31);
const start = today();

const accounts = new Map();
const users = [];
const expected = new Map();

// A commit on a day of its author's, written at some hour there.
function commit(date, by) {
  const offset = OFFSETS[roll(OFFSETS.length)];
  const authoredDate = `${date}T${String(roll(24)).padStart(2, '0')}:30:00${offset}`;
  return { authoredDate, committedDate: new Date(Date.parse(authoredDate)).toISOString(), by };
}

function push(account, days, most) {
  const repository = account.repositories.get('100DaysOfCloud');
  const counts = expected.get(account.id);
  for (let n = 0; n < most; n += 1) {
    const date = day(start - (1 + roll(days)) * DAY);
    const by = [account.number, account.number, 4242, null][roll(4)];
    repository.commits.push(commit(date, by));
    if (by === account.number) counts.set(date, (counts.get(date) ?? 0) + 1);
  }
  repository.commits.sort((a, b) => Date.parse(b.committedDate) - Date.parse(a.committedDate));
  repository.pushedAt = new Date(Date.now()).toISOString();
}

for (let n = 0; n < MEMBERS; n += 1) {
  const account = { id: `U_${n}`, kind: 'User', number: 1 + n, login: `Walker-${n}`, days: new Map(), repositories: new Map() };
  accounts.set(account.id, account);
  users.push({ handle: `m${n}`, github: `walker-${n}`, dateJoined: day(start - 60 * DAY) });
  expected.set(account.id, new Map());
  if (n % 30 === 4) continue;
  account.repositories.set('100DaysOfCloud', { commits: [], pushedAt: null });
  if (n % 30 === 5) continue;
  push(account, 58, n % 30 === 6 ? 450 : 20 + roll(40));
}
const walks = (n) => n % 30 !== 4;

const server = await serve(accounts);
const folder = path.join(scratch, 'journeys');
site(folder, server.url, users, 'journey');

function agree(days) {
  const known = facts(folder);
  assert.equal(known.size, users.filter((_, n) => walks(n)).length);
  users.forEach((_, n) => {
    if (!walks(n)) return;
    for (let back = 0; back < days; back += 1) {
      const date = day(start - back * DAY);
      assert.equal(known.get(`m${n}`).counts.get(date), expected.get(`U_${n}`).get(date) ?? 0, `m${n} on ${date}`);
    }
  });
}

const first = await refresh(program, folder);
assert.deepEqual([first.missing, first.failed.length], [MEMBERS / 30, 0]);
agree(60);
const asked = server.seen.requests;
for (let n = 0; n < MEMBERS; n += 10) if (walks(n) && n % 30 !== 5) push(accounts.get(`U_${n}`), 20, 5);
const second = await refresh(program, folder);
assert.equal(second.failed.length, 0);
agree(60);
const third = await refresh(program, folder);
assert.equal(third.fetched, 0);
agree(60);
console.log(`${first.fetched} journeys in ${asked} requests; again in ${second.requests} where one in ten went on, and in ${third.requests} where none did`);
server.close();

// The peer of the benchmark in plain Node: node build.mjs CORPUS OUT
//
// Reads data/users.json and content/articles/*.md below CORPUS and writes the JSON tree of both surfaces, bare under
// api/ and enveloped under v1/, below OUT. The views of site/site.toml stand in this script, as they would in one
// that was written for this site alone. One process, one thread, no incremental state: every run writes everything.

import { hash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Marked } from "marked";

const [corpus, out] = process.argv.slice(2);
if (!corpus || !out) {
  console.error("usage: node build.mjs CORPUS OUT");
  process.exit(2);
}

// ---- reading ----

function readUsers() {
  const { users } = JSON.parse(readFileSync(join(corpus, "data/users.json"), "utf8"));
  for (const user of users) user.score = user.githubScore + user.twitterScore;
  return users;
}

/** Front matter of `name: value` lines; a value is a quoted string, a flow list of quoted strings, or plain text. */
function readFrontMatter(text) {
  const end = text.indexOf("\n---\n", 3);
  const fields = {};
  for (const line of text.slice(4, end).split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    fields[line.slice(0, colon)] = value[0] === '"' || value[0] === "[" ? JSON.parse(value) : value;
  }
  return { fields, body: text.slice(end + 5) };
}

let toc; // of the article that is being rendered
const markdown = new Marked({
  renderer: {
    heading({ tokens, depth }) {
      const text = plain(this.parser, tokens);
      const base = text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
      let id = base;
      for (let n = 1; toc.some((heading) => heading.id === id); n += 1) id = `${base}-${n}`;
      toc.push({ level: depth, id, text });
      return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    paragraph({ tokens }) {
      excerpt ??= plain(this.parser, tokens);
      return `<p>${this.parser.parseInline(tokens)}</p>\n`;
    },
  },
});
let excerpt; // likewise: the plain text of its first paragraph

function plain(parser, tokens) {
  return parser.parseInline(tokens, parser.textRenderer);
}

function readArticles() {
  const folder = join(corpus, "content/articles");
  const names = readdirSync(folder).filter((name) => name.endsWith(".md")).sort();
  return names.map((name) => {
    const { fields, body } = readFrontMatter(readFileSync(join(folder, name), "utf8"));
    toc = [];
    excerpt = undefined;
    const html = markdown.parse(body);
    const words = html.replace(/<[^>]*>/g, "").match(/\S+/g)?.length ?? 0;
    const row = {
      ...fields,
      slug: name.slice(0, -3),
      excerpt: excerpt ?? "",
      wordCount: words,
      readingTime: Math.ceil(words / 200),
    };
    return { row, html, toc };
  });
}

// ---- writing ----

const manifest = [];
const folders = new Set();

function write(key, text) {
  const body = Buffer.from(text);
  const path = join(out, key);
  const folder = dirname(path);
  if (!folders.has(folder)) {
    mkdirSync(folder, { recursive: true });
    folders.add(folder);
  }
  writeFileSync(path, body);
  manifest.push({ key, sha256: hash("sha256", body), size: body.length });
}

/** One answer on both surfaces; `data` is JSON text. */
function answer(path, data, meta = {}, links = {}) {
  write(`api/${path}.json`, data);
  const urls = { self: `/v1/${path}` };
  for (const [rel, target] of Object.entries(links)) urls[rel] = `/v1/${target}`;
  write(`v1/${path}.json`, `{"data":${data},"meta":${JSON.stringify(meta)},"links":${JSON.stringify(urls)}}`);
}

/** Every answer of one list; `rows` are JSON texts, so a row is serialised once however often it stands somewhere. */
function list(path, rows, { limit, max = 100, page } = {}) {
  const total = rows.length;
  const some = (from, to) => `[${rows.slice(from, to).join(",")}]`;
  const whole = some(0, total);
  if (limit === undefined) answer(path, whole, { total, count: total });
  else answer(path, some(0, limit), { total, count: Math.min(limit, total), limit });
  for (let n = 1; n <= max; n += 1) {
    answer(`${path}/limit/${n}`, some(0, n), { total, count: Math.min(n, total), limit: n });
  }
  answer(`${path}/limit/all`, whole, { total, count: total });
  if (page === undefined) return;
  const pages = Math.max(1, Math.ceil(total / page));
  for (let k = 1; k <= pages; k += 1) {
    const from = (k - 1) * page;
    const links = { first: `${path}/page/1` };
    if (k > 1) links.prev = `${path}/page/${k - 1}`;
    if (k < pages) links.next = `${path}/page/${k + 1}`;
    links.last = `${path}/page/${pages}`;
    answer(`${path}/page/${k}`, some(from, from + page), { total, count: Math.min(page, total - from), page: k, pages }, links);
  }
}

const slug = (value) => value.toLowerCase().replace(/[\s/\\]+/g, "-");
// Array.prototype.sort is stable, so ties stay in source order.
const descending = (field) => (a, b) => (a[field] < b[field] ? 1 : a[field] > b[field] ? -1 : 0);

/** Competition ranks, 1 2 2 4, of rows that are sorted by `field`. */
function ranked(rows, field) {
  let rank = 0;
  return rows.map((row, index) => {
    const before = index > 0 && rows[index - 1][field] === row[field];
    const after = index + 1 < rows.length && rows[index + 1][field] === row[field];
    if (!before) rank = index + 1;
    return { ...row, rank, position: index + 1, tied: before || after };
  });
}

// ---- the views ----

function writeUsers(users) {
  const texts = new Map(users.map((user) => [user, JSON.stringify(user)]));
  const board = ranked([...users].sort(descending("score")), "score");
  list("leaderboard", board.map((row) => JSON.stringify(row)), { limit: 10, page: 100 });
  list("users", [...texts.values()], { page: 100 });
  const recent = [...users].sort(descending("dateJoined"));
  list("users/recent", recent.map((user) => texts.get(user)));
  for (const [user, text] of texts) answer(`users/${slug(user.githubProfile)}`, text);
}

function writeArticles(articles) {
  const tags = new Map(); // in lower case -> label and number, in the order in which they are first seen
  for (const { row } of articles) {
    for (const label of row.tags) {
      const tag = tags.get(label.toLowerCase());
      if (tag) tag.count += 1;
      else tags.set(label.toLowerCase(), { tag: label, count: 1 });
    }
  }

  const groups = new Map([...tags.keys()].map((tag) => [tag, []]));
  const texts = articles
    .map(({ row }) => row)
    .sort(descending("date"))
    .map((row) => {
      const text = JSON.stringify(row);
      for (const tag of row.tags) groups.get(tag.toLowerCase()).push(text);
      return text;
    });
  list("articles", texts, { page: 100 });
  for (const [tag, rows] of groups) list(`articles/${slug(tag)}`, rows, { max: 20 });

  for (const { row, html, toc } of articles) answer(`posts/${slug(row.slug)}`, JSON.stringify({ ...row, html, toc }));

  const counts = [...tags.values()].sort(descending("count"));
  list("tags", counts.map((row) => JSON.stringify(row)));
}

writeUsers(readUsers());
writeArticles(readArticles());
manifest.sort((a, b) => (a.key < b.key ? -1 : 1));
writeFileSync(join(out, "v1/manifest.json"), JSON.stringify({ files: manifest }));

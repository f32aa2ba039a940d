// What the site's files say, read here by other means than the product's: the rows that a page should show.

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";
import { NOW } from "./support.js";

/** Members and articles in source order, those that are hidden left out. */
export async function readSite(root) {
  const users = await markdown(path.join(root, "content/users"));
  const scores = JSON.parse(await readFile(path.join(root, "data/users.json"), "utf8")).users;
  for (const user of users) {
    const same = (other) => other.githubProfile.toLowerCase() === user.githubProfile.toLowerCase();
    const { githubProfile, ...further } = scores.find(same);
    Object.assign(user, further);
    user.score = user.githubScore + user.twitterScore;
  }
  const articles = await markdown(path.join(root, "content/articles"));
  const live = (article) => !article.draft && article.date <= NOW && !(article.expires <= NOW);
  return { users: users.filter((user) => user.listed !== false), articles: articles.filter(live) };
}

/** Rows with the greatest first; those that are alike keep their order. */
export function descending(rows, member) {
  return [...rows].sort((a, b) => (a[member] < b[member] ? 1 : a[member] > b[member] ? -1 : 0));
}

/** How often each tag is used: the most used first, then by name. */
export function countTags(articles) {
  const counts = new Map();
  for (const tag of articles.flatMap((article) => article.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const rows = [...counts].map(([tag, count]) => ({ tag, count }));
  return rows.sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}

/** The front matter and the text of one file. */
export function parts(file) {
  const [, fence, front, text] = /^(---|\+\+\+)\n(.*?)^\1\n(.*)$/ms.exec(file);
  if (fence === "---") return { front: parseYaml(front), text };
  const date = (value) => (value instanceof Date ? value.toISOString() : value);
  return { front: Object.fromEntries(Object.entries(parseToml(front)).map(([name, value]) => [name, date(value)])), text };
}

async function markdown(folder) {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".md")).sort();
  return Promise.all(files.map(async (file) => parts(await readFile(path.join(folder, file), "utf8")).front));
}

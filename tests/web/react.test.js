// A page as existing frontends are written shows what the data files say, served with the API by the same server.

import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { countTags, descending, parts, readSite } from "./expected.js";
import { copySite, here, launchBrowser, openPage, serve } from "./support.js";

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser.close());

test("a React page shows the rows of the data files", async (t) => {
  const root = await copySite(t);
  await cp(path.join(here, "app/app.html"), path.join(root, "site/static/app.html"));
  await build({
    entryPoints: [path.join(here, "app/app.jsx")],
    outfile: path.join(root, "site/static/app.js"),
    bundle: true,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "error",
  });
  const { users, articles } = await readSite(root);
  const { origin } = await serve(t, root);
  const { page, faults } = await openPage(t, browser);
  await page.goto(`${origin}/app.html`);

  const shown = async (name) => {
    await page.locator(`#${name}`).waitFor();
    return page.locator(`#${name} > li`).allTextContents();
  };
  const board = descending(users, "score");
  const ranked = board.map((user) => `${1 + board.findIndex((other) => other.score === user.score)} ${user.name} ${user.score}`);
  assert.deepEqual(await shown("top"), ranked.slice(0, 5));
  assert.deepEqual(await shown("board"), ranked.slice(0, 10));

  const joined = descending(users, "dateJoined").map((user) => `${user.dateJoined} ${user.name}`);
  assert.deepEqual(await shown("recent"), joined.slice(0, 10));
  assert.deepEqual(await shown("tags"), countTags(articles).slice(0, 20).map(({ tag, count }) => `${tag} ${count}`));

  const newest = descending(articles, "date");
  const tagged = newest.filter((article) => article.tags.includes("AWS"));
  assert.deepEqual(await shown("tagged"), tagged.slice(0, 5).map((article) => `${article.date} ${article.title}`));
  const name = (article) => users.find((user) => user.githubProfile === article.author).name;
  assert.deepEqual(await shown("articles"), newest.map((article) => `${article.date} ${article.title} (${name(article)})`));

  // One of the board whose handle has capital letters: its address is asked for as it is written.
  const chosen = board.slice(0, 10).find((user) => /[A-Z]/.test(user.githubProfile));
  await page.locator("#board button", { hasText: chosen.name }).click();
  await page.locator("#member").waitFor();
  assert.equal(await page.locator("#member h2").textContent(), chosen.name);
  assert.equal(await page.locator("#member .score").textContent(), String(chosen.score));
  const written = await readFile(path.join(root, `content/users/${chosen.githubProfile.toLowerCase()}.md`), "utf8");
  const words = (text) => text.replace(/[^\p{L}]+/gu, " ").trim();
  assert.equal(words(await page.locator("#member .text").textContent()), words(parts(written).text));

  assert.deepEqual(faults, []);
});

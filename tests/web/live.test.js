// Editing a site while it is served: pages and programs hear of each change, and faults are shown where they are.

import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { copySite, events, json, launchBrowser, openPage, PATIENCE, renameOver, serve } from "./support.js";

const SLUG = "cidr-on-paper";
const POST = `/api/posts/${SLUG}`;
const PAGE = `<!doctype html>
<title>One article</title>
<h1></h1>
<script src="/one.js"></script>
`;
const SCRIPT = `fetch("${POST}").then((answer) => answer.json()).then((post) => { document.querySelector("h1").textContent = post.title; });\n`;

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser.close());

/** A copy of the site with a page that shows the title of one article. */
async function site(t) {
  const root = await copySite(t);
  await writeFile(path.join(root, "site/static/one.html"), PAGE);
  await writeFile(path.join(root, "site/static/one.js"), SCRIPT);
  const article = path.join(root, `content/articles/${SLUG}.md`);
  const text = await readFile(article, "utf8");
  return {
    root,
    article,
    text,
    settings: path.join(root, "site/site.toml"),
    titled: (title) => text.replace(/^title: .*$/m, `title: ${title}`),
  };
}

/** A server of that site, a program that listens, and a page that is open. */
async function watched(t, { root }) {
  const server = await serve(t, root);
  const heard = await events(t, server.origin);
  const first = await heard.next("release");
  const { page } = await openPage(t, browser);
  await page.goto(`${server.origin}/one.html`);
  return { ...server, heard, first, page };
}

const title = (page, text) => page.locator("h1", { hasText: text }).waitFor();
const overlay = (page) => page.locator("precast-overlay");
const shownTitle = async (origin) => (await json(origin + POST)).body.title;

/** Whether an article has that title, or is not there where no title is given. */
async function shownAs(origin, slug, wanted) {
  const { status, body } = await json(`${origin}/api/posts/${slug}`);
  return wanted === undefined ? status === 404 : status === 200 && body.title === wanted;
}

/** The place of the first fault, as the overlay names it. */
async function shownPlace(page) {
  await overlay(page).waitFor();
  return (await page.locator("precast-overlay code").first().textContent()).split(" ")[0];
}

for (const [how, save] of [["written over", writeFile], ["replaced by another file", renameOver]]) {
  test(`an article that is ${how} is shown, and told of`, async (t) => {
    const it = await site(t);
    const { origin, heard, first, page } = await watched(t, it);
    await save(it.article, it.titled("Saved once"));
    const release = await heard.next("release", ({ generation }) => generation > first.generation);
    assert.notEqual(release.release, first.release);
    assert.ok(release.changed.includes("/api/articles.json"), JSON.stringify(release.changed));
    assert.ok(release.changedCount >= release.changed.length);
    // Pieces of the index for searching have new names when they change.
    const gone = (changed) => changed.startsWith("/pagefind/");
    for (const changed of release.changed) {
      const { status } = await fetch(origin + changed);
      assert.ok(status === 200 || (status === 404 && gone(changed)), `${changed}: ${status}`);
    }
    assert.equal(await shownTitle(origin), "Saved once");
    await title(page, "Saved once");
    await save(it.article, it.titled("Saved twice"));
    await title(page, "Saved twice");
  });
}

test("a fault is shown where it is, while the last good release answers", async (t) => {
  const it = await site(t);
  const { origin, heard, first, page } = await watched(t, it);
  const good = await shownTitle(origin);
  await title(page, good);
  const line = it.text.split("\n").findIndex((text) => text.startsWith("author: ")) + 1;
  const place = `content/articles/${SLUG}.md:${line}:${"author: ".length + 1}`;

  await renameOver(it.article, it.titled("Broken").replace(/^author: .*$/m, "author: nobody-here"));
  const { diagnostics } = await heard.next("faults");
  const [{ path: file, line: atLine, column, code }] = diagnostics;
  assert.deepEqual([`${file}:${atLine}:${column}`, code], [place, "dangling-reference"]);
  assert.equal(await shownPlace(page), place);
  assert.equal(await shownTitle(origin), good);
  assert.equal((await json(`${origin}/v1/status.json`)).body.release, first.release);

  // Who comes later sees the fault as well.
  const { page: later } = await openPage(t, browser);
  await later.goto(`${origin}/one.html`);
  assert.equal(await shownPlace(later), place);
  await title(later, good);

  // Another fault takes the place of the first.
  await renameOver(it.article, it.text.replace(/^tags: .*$/m, "tags: [AWS"));
  await heard.next("faults", ({ diagnostics }) => diagnostics[0].code === "syntax");
  await page.locator("precast-overlay code", { hasText: "syntax" }).waitFor();
  assert.equal(await page.locator("precast-overlay li").count(), 1);

  await renameOver(it.article, it.text);
  assert.equal((await heard.next("release")).release, first.release);
  await overlay(page).waitFor({ state: "detached" });

  await renameOver(it.article, it.titled("Broken").replace(/^author: .*$/m, "author: nobody-here"));
  await overlay(page).waitFor();
  await renameOver(it.article, it.titled("Mended otherwise"));
  await title(page, "Mended otherwise");
  assert.equal(await overlay(page).count(), 0);
  await title(later, "Mended otherwise");
});

test("a page stays as it is where the release did not change", async (t) => {
  const it = await site(t);
  const { heard, first, page } = await watched(t, it);
  await page.evaluate(() => { globalThis.notReloaded = true; });
  await writeFile(it.article, it.text.replace("author:", "autor:"));
  await overlay(page).waitFor();
  await writeFile(it.article, it.text);
  assert.equal((await heard.next("release")).release, first.release);
  await overlay(page).waitFor({ state: "detached" });
  await writeFile(it.article, it.text.replace("author:", "# A remark of the editor's.\nauthor:"));
  await writeFile(it.article, it.text.replace("author:", "autor:"));
  await overlay(page).waitFor();
  assert.equal(await page.evaluate(() => globalThis.notReloaded), true);
});

test("a server that starts on a broken site shows why, and recovers", async (t) => {
  const it = await site(t);
  await writeFile(it.article, it.text.replace(/^author: .*$/m, "author: nobody-here"));
  const { origin } = await serve(t, it.root);
  const heard = await events(t, origin);
  assert.equal((await heard.next("faults")).diagnostics.length, 1);
  const refused = await json(origin + POST);
  assert.deepEqual([refused.status, refused.type, refused.body.status], [503, "application/problem+json", 503]);
  const { page } = await openPage(t, browser);
  assert.equal((await page.goto(`${origin}/one.html`)).status(), 503);
  assert.match(await shownPlace(page), new RegExp(`^content/articles/${SLUG}\\.md:\\d+:9$`));

  await writeFile(it.article, it.titled("Mended"));
  await heard.next("release");
  await title(page, "Mended");
  assert.equal(await overlay(page).count(), 0);
});

test("a server that starts without a site shows why, and recovers", async (t) => {
  const it = await site(t);
  await rename(path.join(it.root, "site"), path.join(it.root, "elsewhere"));
  const { origin } = await serve(t, it.root);
  const heard = await events(t, origin);
  await heard.next("faults");
  const { page } = await openPage(t, browser);
  await page.goto(`${origin}/one.html`);
  await overlay(page).waitFor();
  await rename(path.join(it.root, "elsewhere"), path.join(it.root, "site"));
  await heard.next("release");
  await page.locator("h1").waitFor();
  await writeFile(it.article, it.titled("Changed later"));
  await title(page, "Changed later");
});

test("files that come and go are noticed", async (t) => {
  const it = await site(t);
  const { origin, heard, page } = await watched(t, it);
  const beside = path.join(path.dirname(it.article), "a-new-one.md");
  await writeFile(beside, it.titled("A new one"));
  await heard.next("release", () => shownAs(origin, "a-new-one", "A new one"));

  const folder = path.join(path.dirname(it.article), "in-a-folder");
  await mkdir(folder);
  await writeFile(path.join(folder, "index.md"), it.titled("In a folder"));
  await heard.next("release", () => shownAs(origin, "in-a-folder", "In a folder"));
  await writeFile(path.join(folder, "index.md"), it.titled("In a folder, again"));
  await heard.next("release", () => shownAs(origin, "in-a-folder", "In a folder, again"));

  await rm(beside);
  await heard.next("release", () => shownAs(origin, "a-new-one", undefined));
  await rm(folder, { recursive: true });
  await heard.next("release", () => shownAs(origin, "in-a-folder", undefined));
  await title(page, await shownTitle(origin));

  await writeFile(path.join(it.root, "site/static/one.html"), PAGE.replace("<h1>", "<h2>Another page</h2><h1>"));
  await page.locator("h2", { hasText: "Another page" }).waitFor();
});

test("an edit of the settings is noticed, and so is what they then name", async (t) => {
  const it = await site(t);
  const { origin, heard } = await watched(t, it);
  const settings = await readFile(it.settings, "utf8");
  await renameOver(it.settings, settings.replace("limit = { default = 10, max = 100 }", "limit = { default = 3, max = 100 }"));
  await heard.next("release");
  assert.equal((await json(`${origin}/api/leaderboard`)).body.length, 3);

  await writeFile(it.settings, settings.replace("[site]", "[site"));
  const { diagnostics } = await heard.next("faults");
  assert.equal(diagnostics[0].path, "site/site.toml");
  assert.equal((await json(`${origin}/api/leaderboard`)).body.length, 3);

  const further = '\n[collections.notes]\nsources = ["extra/notes.json"]\nkey = "id"\n\n[[views]]\npath = "notes"\nfrom = "notes"\n';
  await writeFile(it.settings, settings + further);
  await heard.next("faults", ({ diagnostics }) => JSON.stringify(diagnostics).includes("extra/notes.json"));
  const notes = path.join(it.root, "extra/notes.json");
  await mkdir(path.dirname(notes));
  await writeFile(notes, '[{"id": "one"}]');
  await heard.next("release");
  assert.deepEqual((await json(`${origin}/api/notes`)).body, [{ id: "one" }]);
  await renameOver(notes, '[{"id": "one"}, {"id": "two"}]');
  await heard.next("release");
  assert.deepEqual((await json(`${origin}/api/notes`)).body, [{ id: "one" }, { id: "two" }]);
});

test("a folder that goes and comes back is watched as before", async (t) => {
  const it = await site(t);
  const { origin, heard, page } = await watched(t, it);
  const content = path.join(it.root, "content");
  const away = path.join(it.root, "away");
  await rename(content, away);
  await heard.next("faults");
  await overlay(page).waitFor();
  await rename(away, content);
  await heard.next("release");
  await overlay(page).waitFor({ state: "detached" });
  await writeFile(it.article, it.titled("After it came back"));
  await heard.next("release");
  assert.equal(await shownTitle(origin), "After it came back");
});

test("quick edits end in the last state", async (t) => {
  const it = await site(t);
  const { origin, heard, page } = await watched(t, it);
  const sentinel = path.join(path.dirname(it.article), "sentinel.md");
  for (const [round, edits] of [2, 2, 40].entries()) {
    const last = `Edit ${edits - 1} of round ${round}`;
    for (let edit = 0; edit < edits; edit++) {
      const text = it.titled(`Edit ${edit} of round ${round}`);
      await (edit % 2 ? renameOver : writeFile)(it.article, text);
    }
    await title(page, last);
    // A release that was made later still has the last edit.
    await writeFile(sentinel, it.titled(`Sentinel ${round}`));
    await heard.next("release", () => shownAs(origin, "sentinel", `Sentinel ${round}`));
    assert.equal(await shownTitle(origin), last);
  }

  await writeFile(it.article, it.text.replace("author:", "autor:"));
  await writeFile(it.article, it.titled("Broken and mended"));
  await title(page, "Broken and mended");
  await overlay(page).waitFor({ state: "detached" });
});

test("a page that is open finds a server that was started again on another state", async (t) => {
  const it = await site(t);
  const first = await watched(t, it);
  await title(first.page, await shownTitle(first.origin));
  await first.stop();
  await writeFile(it.article, it.titled("Changed in between"));
  await serve(t, it.root, Number(new URL(first.origin).port));
  await title(first.page, "Changed in between");
});

test("Ctrl-C ends the server though pages and programs listen", async (t) => {
  const { stop } = await watched(t, await site(t));
  assert.deepEqual(await stop("SIGINT"), { code: 0, signal: null });
});

test("more pages can be open than a browser opens connections to one host", async (t) => {
  const it = await site(t);
  const { origin, page } = await watched(t, it);
  const pages = [page];
  while (pages.length < 8) {
    const next = await page.context().newPage();
    await next.goto(`${origin}/one.html`, { timeout: PATIENCE / 2 });
    pages.push(next);
  }
  await writeFile(it.article, it.titled("In every page"));
  await Promise.all(pages.map((open) => title(open, "In every page")));
});

// The pages of the shipped site in a browser: whole, accessible, nobody else's, and useful without scripts.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { copySite, lasting, launchBrowser, PATIENCE, serve } from "./support.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// A page of each type.
const PAGES = [
  "/", "/leaderboard", "/leaderboard/page/2", "/leaderboard/30-days", "/leaderboard/7-days", "/users", "/users/mira-okafor", "/articles",
  "/articles/page/2", "/articles/cloud-run-secrets", "/tags", "/tags/aws", "/rules", "/faq", "/join", "/everyone", "/search", "/nothing-here",
];

let browser;
// The site as it ships, which no test changes.
let origin;
const file = lasting();
before(async () => {
  browser = await launchBrowser();
  ({ origin } = await serve(file, await copySite(file)));
});
after(() => browser.close());

/** A context of its own, what went wrong in it, and what it asked of others. */
async function open(t, origin, options = {}) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => { if (message.type() === "error") faults.push(`${page.url()}: ${message.text()}`); });
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "data:" && url.protocol !== "blob:") faults.push(`${page.url()} asks ${url.href}`);
  });
  return { context, page, faults };
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 1280]) {
    test(`every type of page is whole and accessible, ${colorScheme}, ${width} px`, async (t) => {
      const { page, faults } = await open(t, origin, { colorScheme, viewport: { width, height: 900 }, bypassCSP: false });
      for (const path of PAGES) {
        const answer = await page.goto(origin + path);
        const expected = path === "/nothing-here" ? 404 : 200;
        assert.equal(answer.status(), expected, path);
        assert.equal(await page.locator("h1").count(), 1, `${path} has one heading of the first level`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(overflow <= 0, `${path} is ${overflow} px too wide`);
        // The policy forbids scripts in the page; a tool's own world is not the page's.
        const { violations } = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
        assert.deepEqual(violations.map(({ id, nodes }) => `${path} ${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), []);
      }
      assert.deepEqual(faults.filter((fault) => !fault.includes("/nothing-here")), []);
    });
  }
}

test("pages are read, paged and followed without scripts", async (t) => {
  const { page } = await open(t, origin, { javaScriptEnabled: false });
  await page.goto(`${origin}/leaderboard`);
  const first = await page.locator("main a[href^='/users/']").allTextContents();
  await page.locator("a[rel=next]").first().click();
  assert.equal(new URL(page.url()).pathname, "/leaderboard/page/2");
  const second = await page.locator("main a[href^='/users/']").allTextContents();
  assert.ok(first.length > 5 && second.length > 5 && !second.some((name) => first.includes(name)), "other members follow");
  await page.locator("main a[href^='/users/']").first().click();
  assert.equal(await page.locator("h1").textContent().then((text) => text.trim()), second[0].trim());
  await page.goto(`${origin}/users`);
  await page.locator("form[role=search] input, input[type=search]").first().fill("mira");
  await Promise.all([page.waitForURL((url) => url.pathname !== "/users"), page.keyboard.press("Enter")]);
  await page.getByRole("link", { name: "Mira Okafor" }).first().waitFor();
});

test("the theme is remembered", async (t) => {
  const { page, faults } = await open(t, origin, { colorScheme: "light" });
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.goto(origin);
  const light = await background();
  await page.getByRole("button", { name: /dark|theme/i }).click();
  const dark = await background();
  assert.notEqual(dark, light);
  await page.goto(`${origin}/tags`);
  assert.equal(await background(), dark, "also on the next page");
  assert.deepEqual(faults, []);
});

test("pages are found as one types, and nothing is fetched before", async (t) => {
  const { page, faults } = await open(t, origin);
  const fetched = [];
  page.on("request", (request) => { if (request.url().includes("/pagefind/")) fetched.push(request.url()); });
  const box = page.getByRole("searchbox");
  const titles = page.locator("#results h2");
  await page.goto(`${origin}/users`);
  assert.deepEqual(fetched, []);
  await box.fill("okaf");
  await titles.filter({ hasText: "Mira Okafor" }).waitFor();
  assert.ok(fetched.length > 0);
  await box.fill("oscar");
  await titles.filter({ hasText: "Óscar Villalobos" }).waitFor();
  assert.equal(await page.locator("#listed").isVisible(), false);
  await box.fill("");
  await page.locator("#listed").waitFor();

  // Articles alone where articles are listed; a text is found by its words, and its link leads there.
  await page.goto(`${origin}/articles`);
  await box.fill("mira");
  await titles.filter({ hasText: "Two laptops, one state file" }).waitFor();
  assert.equal(await titles.filter({ hasText: "Mira Okafor" }).count(), 0);
  await titles.getByRole("link", { name: "Two laptops, one state file" }).click();
  assert.equal(await page.locator("h1").textContent(), "Two laptops, one state file");

  // Everything on the page of its own, which a link can lead to with what is sought.
  await page.goto(`${origin}/search?q=streak`);
  await page.locator("#results a[href='/rules#how-streaks-are-counted']").waitFor();
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
  assert.deepEqual(violations.map(({ id }) => id), []);
  await box.fill("bucket");
  await page.waitForURL(/q=bucket/);
  await titles.first().getByRole("link").click();
  await page.goBack();
  assert.equal(await box.inputValue(), "bucket");
  await titles.first().waitFor();
  await box.fill("zzyzx");
  await page.getByText("Nothing is found by that.").waitFor();
  // The newest of a long list comes when it is asked for.
  await box.fill("the");
  await page.getByRole("button", { name: "Show more" }).click();
  await titles.nth(15).waitFor();
  assert.deepEqual(faults, []);
});

test("a hostile article does nothing", async (t) => {
  const { origin } = await serve(t, path.join(import.meta.dirname, "../fixtures/pages"));
  const { page, faults } = await open(t, origin);
  page.on("dialog", (dialog) => faults.push(dialog.message()));
  await page.goto(`${origin}/rowing/articles/hostile`);
  await page.evaluate(() => {
    // Links are not followed, but for those that would run.
    addEventListener("click", (event) => { if (event.target.closest("a")?.protocol !== "javascript:") event.preventDefault(); });
    for (const element of document.querySelectorAll("main *")) {
      for (const type of ["click", "mouseover", "focus"]) element.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true }));
    }
  });
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  await page.goto(`${origin}/rowing/articles/features`);
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), []);
});

test("search works below a path, and tells where it cannot", async (t) => {
  const root = await copySite(t);
  const settings = path.join(root, "site/site.toml");
  await writeFile(settings, (await readFile(settings, "utf8")).replace(/^base_url = .*$/m, 'base_url = "https://example.org/club"'));
  const { origin } = await serve(t, root);
  const { page } = await open(t, origin);
  await page.goto(`${origin}/club/search`);
  await page.getByRole("searchbox").fill("okafor");
  await page.locator("#results a[href='/club/users/mira-okafor']").waitFor();
  await page.route("**/pagefind/**", (route) => route.abort());
  await page.goto(`${origin}/club/users`);
  await page.getByRole("searchbox").fill("okafor");
  await page.getByText("The index could not be fetched.").waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/club/everyone");
  await page.goto(`${origin}/club/articles`);
  await page.getByRole("searchbox").fill("queue");
  await page.getByText("Press Find to try again.").waitFor();
  await page.unroute("**/pagefind/**");
  await page.getByRole("button", { name: "Find" }).click();
  await page.locator("#results h2").first().waitFor();
});

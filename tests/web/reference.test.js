// The API reference works in a browser, asks nobody else for anything, and calls the API.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { copySite, json, launchBrowser, openPage, serve } from "./support.js";

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser.close());

test("the reference shows every operation, and one can be tried", async (t) => {
  const { origin } = await serve(t, await copySite(t));
  const { body: document } = await json(`${origin}/v1/openapi.json`);
  const routes = Object.entries(document.paths).flatMap(([route, item]) => Object.keys(item).map((method) => `${method} ${route}`));
  const { page, faults } = await openPage(t, browser);
  const elsewhere = [];
  page.context().on("request", (request) => {
    const url = new URL(request.url());
    // What is in the address itself, an icon say, is asked of nobody.
    if (url.origin !== origin && url.protocol !== "data:" && url.protocol !== "blob:") elsewhere.push(url.href);
  });
  assert.equal((await page.goto(`${origin}/api-docs/`)).status(), 200);
  await page.locator(".opblock").nth(routes.length - 1).waitFor();
  const shown = await page.locator(".opblock").evaluateAll((blocks) => blocks.map((block) => {
    const method = block.querySelector(".opblock-summary-method").textContent.toLowerCase();
    return `${method} ${block.querySelector(".opblock-summary-path").dataset.path}`;
  }));
  assert.deepEqual(shown.toSorted(), routes.toSorted());

  const operation = page.locator("#operations-api-apiArticlesByTags");
  await operation.locator(".opblock-summary-control").click();
  const tryIt = operation.locator("button.try-out__btn");
  if ((await tryIt.textContent()).startsWith("Try it out")) await tryIt.click();
  const asked = page.waitForResponse((response) => response.url().startsWith(`${origin}/api/articles/`));
  await operation.locator("button.execute").click();
  const response = await asked;
  assert.equal(response.status(), 200);
  const live = operation.locator(".live-responses-table .response").first();
  assert.equal((await live.locator(".response-col_status").textContent()).trim(), "200");
  const rows = await response.json();
  assert.ok(rows.length > 0);
  assert.ok((await live.locator(".response-col_description").textContent()).includes(rows[0].title));

  assert.deepEqual(elsewhere, []);
  assert.deepEqual(faults, []);
});

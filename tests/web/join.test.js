// The form of the page on joining: by keyboard and by ear, with every answer that the endpoint gives, to the board and back.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { copySite, folder, json, lasting, launchBrowser, PATIENCE, serve } from "./support.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const KEY = "the-key-of-this-machine";
process.env.PRECAST_LOCAL_TOKEN = KEY;

let browser;
// One server for all that does not change the site. What it accepts is kept where nothing is built of it, and each test
// writes for an account of its own.
let shared;
const file = lasting();
before(async () => {
  browser = await launchBrowser();
  shared = await serve(file, await copySite(file), 0, ["--inbox", await folder(file)]);
});
after(() => browser.close());

/** The page in a context of its own: what it sends, what it asks of others, and what goes wrong in it. */
async function open(t, { origin = shared.origin, key = KEY, base = "", live = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  t.after(() => context.close());
  context.setDefaultTimeout(PATIENCE);
  // A page that reloads of itself is tried where it is meant to.
  if (!live) await context.route("**/__precast/**", (route) => route.fulfill({ body: "" }));
  const page = await context.newPage();
  const [sent, faults] = [[], []];
  page.on("request", (request) => {
    const { origin: asked, pathname } = new URL(request.url());
    if (asked !== origin) faults.push(`asks ${request.url()}`);
    if (pathname.startsWith(`${base}/write/`)) sent.push(request);
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // A refusal, a receipt that is not there yet and a member who is nobody yet are answers like others.
    if (message.type() === "error" && !/\/(write|writes|users)\//.test(message.location().url)) faults.push(message.text());
  });
  await page.goto(`${origin}${base}/join${key ? `#token=${key}` : ""}`);
  const join = page.locator("#join");
  return {
    page,
    sent,
    faults,
    join,
    leaving: page.locator("#leaving"),
    summary: join.locator(".summary"),
    receipt: join.locator(".receipt"),
    send: join.getByRole("button", { name: "Send", exact: true }),
    /** What becomes of what was sent, as the test wants it; nothing until it says so. */
    receipts: async () => {
      const told = { body: null, asked: 0 };
      await page.route("**/v1/writes/*.json", (route) => {
        told.asked += 1;
        return told.body ? route.fulfill({ json: told.body }) : route.fulfill({ status: 404, json: {} });
      });
      return told;
    },
  };
}

async function fill({ join }, account, name = `Somebody called ${account}`) {
  await join.getByLabel("Your account on GitHub").fill(account);
  await join.getByLabel("Name", { exact: true }).fill(name);
}

/** What somebody hears of a control: its name, its description, and whether it is wrong. */
async function heard(page, selector) {
  const session = await page.context().newCDPSession(page);
  const { result } = await session.send("Runtime.evaluate", { expression: `document.querySelector(${JSON.stringify(selector)})` });
  const { nodes } = await session.send("Accessibility.getPartialAXTree", { objectId: result.objectId, fetchRelatives: false });
  const [{ name, description, properties }] = nodes;
  return {
    name: name?.value ?? "",
    description: (description?.value ?? "").replaceAll(/\s+/g, " ").trim(),
    invalid: properties.find((property) => property.name === "invalid")?.value.value === "true",
  };
}

const focused = (page) => page.evaluate(() => document.activeElement.id);

/** Goes on by the tab key alone until something has the focus. */
async function tabTo(page, id) {
  for (let steps = 0; steps < 60; steps++) {
    if ((await focused(page)) === id) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the tab key does not lead to ${id}`);
}

async function isAccessible(page, state) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${state}: ${overflow} px too wide`);
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
  assert.deepEqual(violations.map(({ id, nodes }) => `${state} ${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), []);
}

/** Writes as a program does. */
const put = (origin, account, members, headers = {}) =>
  fetch(`${origin}/write/users/${account}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ githubProfile: account, status: "Learning", dateJoined: "2026-05-20", ...members }),
  });

test("the keyboard alone leads from the first field to the receipt", async (t) => {
  const it = await open(t, { key: null, timezoneId: "Africa/Lagos" });
  const { page, sent, faults } = it;
  const receipt = await it.receipts();
  const { keyboard } = page;
  assert.equal(await page.locator("#join :is(input, select)").first().getAttribute("id"), "join-key");
  await tabTo(page, "join-key");
  await keyboard.type(KEY);
  await tabTo(page, "join-githubProfile");
  await keyboard.type("Kofi-Keyboard");
  await tabTo(page, "join-name");
  await keyboard.type("Kofi Keyboard");
  await tabTo(page, "join-location");
  await keyboard.type(" Kumasi, Ghana ");
  await tabTo(page, "join-status");
  await keyboard.press("ArrowDown");
  await tabTo(page, "join-tracks");
  await keyboard.press("Space");
  await tabTo(page, "join-twitterProfile");
  await keyboard.type("kofi_keys");
  await keyboard.press("Enter");
  await it.receipt.getByText("Accepted, waiting for the next build").waitFor();
  assert.equal(await focused(page), "join-receipt");
  const today = await page.evaluate(() => new Date().toLocaleDateString("sv"));
  assert.deepEqual(sent.map((request) => [request.method(), new URL(request.url()).pathname, request.postDataJSON()]), [[
    "PUT",
    "/write/users/Kofi-Keyboard",
    {
      githubProfile: "Kofi-Keyboard",
      name: "Kofi Keyboard",
      location: "Kumasi, Ghana",
      timeZone: "Africa/Lagos",
      dateJoined: today,
      status: "Paused",
      tracks: ["AWS"],
      twitterProfile: "kofi_keys",
    },
  ]]);
  receipt.body = { status: "published" };
  await it.receipt.getByText("You are on the board").waitFor();
  await keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "/users/kofi-keyboard");
  assert.deepEqual(faults, []);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 1280]) {
    test(`every state is whole and accessible, ${colorScheme}, ${width} px`, async (t) => {
      const it = await open(t, { colorScheme, viewport: { width, height: 900 } });
      const receipt = await it.receipts();
      await isAccessible(it.page, "empty");
      await it.send.click();
      await it.leaving.getByRole("button", { name: "Leave" }).click();
      assert.equal(await it.page.locator(".summary:visible").count(), 2);
      await isAccessible(it.page, "with faults");
      await fill(it, `Axel-${colorScheme}-${width}`);
      await it.send.click();
      await it.receipt.getByText("Accepted").waitFor();
      await isAccessible(it.page, "accepted");
      receipt.body = { status: "rejected", faults: [{ pointer: "/tracks/0", code: "x", message: "there is no tag `Knitting`", help: null }] };
      await it.page.reload();
      await it.receipt.getByText("Not published").waitFor();
      await isAccessible(it.page, "rejected");
      receipt.body = { status: "published" };
      await it.page.reload();
      await it.receipt.getByText("You are on the board").waitFor();
      await isAccessible(it.page, "published");
      assert.deepEqual(it.faults, []);
    });
  }
}

test("what is left out is told beside its field, and at the top", async (t) => {
  const it = await open(t, { key: null });
  const { page, join, summary } = it;
  assert.deepEqual(await heard(page, "#join-name"), { name: "Name", description: "As you write it yourself, in any script.", invalid: false });
  await join.getByLabel("Account on X").fill("@somebody");
  await join.getByLabel("Your first day").fill("");
  await it.send.click();
  assert.equal(await focused(page), "join-summary");
  assert.equal((await heard(page, "#join-summary")).name, "Something is not right yet");
  assert.match(await page.title(), /^Error: Join/);
  const links = summary.getByRole("link");
  assert.deepEqual(await links.allTextContents(), [
    "Paste your key",
    "Write your account on GitHub",
    "Write your name",
    "Write your first day",
    "An account on X has letters, digits and _, without an @",
  ]);
  for (const [id, name, description] of [
    ["join-githubProfile", "Your account on GitHub", "Error: Write your account on GitHub As GitHub writes it. It becomes the address of your page."],
    ["join-name", "Name", "Error: Write your name As you write it yourself, in any script."],
    ["join-twitterProfile", "Account on X (optional)", "Error: An account on X has letters, digits and _, without an @ Without the @."],
  ]) {
    assert.deepEqual(await heard(page, `#${id}`), { name, description, invalid: true });
  }
  assert.equal((await heard(page, "#join-location")).invalid, false);
  await links.nth(2).press("Enter");
  assert.equal(await focused(page), "join-name");
  assert.equal(page.url(), `${shared.origin}/join`);
  await page.keyboard.type("Now I have one");
  await it.send.click();
  assert.equal(await links.count(), 4);
  assert.deepEqual(await heard(page, "#join-name"), { name: "Name", description: "As you write it yourself, in any script.", invalid: false });
  assert.deepEqual(it.sent, []);
});

test("what the endpoint finds wrong stands beside its field", async (t) => {
  const it = await open(t);
  const { page, summary } = it;
  await fill(it, "Fay-Faulty");
  await page.evaluate(() => {
    for (const control of document.querySelectorAll("#join [pattern], #join [maxlength]")) {
      control.removeAttribute("pattern");
      control.removeAttribute("maxlength");
    }
    document.querySelector("#join-status").value = "Sleeping";
  });
  await it.join.getByLabel("Pronouns").fill("x".repeat(41));
  await it.join.getByLabel("Account on X").fill("not one");
  await it.send.click();
  await summary.waitFor();
  assert.equal(await focused(page), "join-summary");
  assert.equal(await summary.getByRole("link").count(), 3);
  for (const [id, words] of [["join-pronouns", /^Error: .*pronouns/], ["join-twitterProfile", /^Error: .*twitterProfile/], ["join-status", /^Error: .*Sleeping/]]) {
    const fault = await page.locator(`#${id}-fault`).textContent();
    assert.match(fault, words);
    assert.ok(!fault.includes("`"), fault);
    // Of choices of which one holds, the group is what is wrong.
    const control = id === "join-status" ? "[role=radiogroup]" : `#${id}`;
    assert.equal((await heard(page, control)).invalid, true, id);
  }
  assert.match((await heard(page, "#join-pronouns")).description, /^Error: .*pronouns .*Such as she\/her, or any\/all\.$/);
  assert.match((await heard(page, "[role=radiogroup]")).description, /^Error: .*Sleeping/);
  assert.deepEqual(it.faults, []);
});

test("a key in the address is taken out of it, and stays in the tab", async (t) => {
  const it = await open(t, { key: "from%2Da.link" });
  const { page } = it;
  const key = it.join.getByLabel("Your key");
  assert.equal(page.url(), `${shared.origin}/join`);
  assert.equal(await page.evaluate(() => location.hash), "");
  assert.equal(await key.inputValue(), "from-a.link");
  assert.equal(await it.leaving.getByLabel("Your key").inputValue(), "from-a.link");
  assert.equal(await key.getAttribute("type"), "password");
  const show = it.join.getByRole("button", { name: "Show the key" });
  await show.click();
  assert.deepEqual([await key.getAttribute("type"), await show.getAttribute("aria-pressed")], ["text", "true"]);
  await show.click();
  assert.equal(await key.getAttribute("type"), "password");
  await page.reload();
  assert.equal(await key.inputValue(), "from-a.link");
  // Another link, while the page is open.
  await page.evaluate(() => { location.hash = "#token=a-newer-one"; });
  await page.waitForFunction(() => location.hash === "");
  assert.equal(await key.inputValue(), "a-newer-one");
  const other = await page.context().newPage();
  await other.goto(`${shared.origin}/join`);
  assert.equal(await other.locator("#join-key").inputValue(), "");
  assert.deepEqual(it.faults, []);
});

test("a wrong key is told, and nothing that was written is lost", async (t) => {
  const it = await open(t, { key: "not-the-key" });
  await fill(it, "Wanda-Wrong");
  await it.join.getByText("Kubernetes").click();
  await it.send.click();
  await it.summary.getByRole("link", { name: /^This key is not good/ }).waitFor();
  assert.match((await heard(it.page, "#join-key")).description, /^Error: This key is not good/);
  assert.equal(await it.join.getByLabel("Name", { exact: true }).inputValue(), "Somebody called Wanda-Wrong");
  assert.ok(await it.join.getByLabel("Kubernetes").isChecked());
  await it.join.getByLabel("Your key").fill(KEY);
  await it.send.click();
  await it.receipt.getByText("Accepted").waitFor();
  assert.ok(await it.summary.isHidden());
  assert.equal((await heard(it.page, "#join-key")).invalid, false);
});

test("clicking twice sends once", async (t) => {
  const it = await open(t);
  await it.receipts();
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await it.page.route("**/write/**", async (route) => {
    await held;
    await route.continue();
  });
  await fill(it, "Dora-Double");
  await it.send.dblclick();
  await it.join.getByRole("status").filter({ hasText: "Sending" }).waitFor();
  assert.equal(await it.send.getAttribute("aria-disabled"), "true");
  await it.join.getByLabel("Name", { exact: true }).press("Enter");
  release();
  await it.receipt.getByText("Accepted").waitFor();
  assert.equal(it.sent.length, 1);
  assert.equal(await it.send.getAttribute("aria-disabled"), null);
});

test("the form works below a path, and a server that is gone takes nothing along", async (t) => {
  const root = await copySite(t);
  const settings = path.join(root, "site/site.toml");
  await writeFile(settings, (await readFile(settings, "utf8")).replace(/^base_url = .*$/m, 'base_url = "https://example.org/club"'));
  const elsewhere = ["--inbox", await folder(t)];
  const { origin, stop } = await serve(t, root, 0, elsewhere);
  const it = await open(t, { origin, base: "/club" });
  const receipt = await it.receipts();
  await it.join.getByLabel("Your account on GitHub").fill("mira-okafor");
  await it.page.keyboard.press("Tab");
  await it.join.getByText("There is a page of Mira Okafor.").waitFor();
  await fill(it, "Gus-Gone");
  await it.join.getByLabel("Where you are").fill("On a train");
  receipt.body = { status: "published" };
  await it.send.click();
  await it.receipt.getByText("You are on the board").waitFor();
  assert.equal(await it.receipt.getByRole("link").getAttribute("href"), "/club/users/gus-gone");
  assert.deepEqual(it.sent.map((request) => new URL(request.url()).pathname), ["/club/write/users/Gus-Gone"]);
  assert.deepEqual(it.faults, []);

  await it.join.getByLabel("Where you are").fill("In a tunnel");
  receipt.body = null;
  await stop();
  await it.send.click();
  await it.summary.getByText("No answer came. Nothing is lost").waitFor();
  assert.equal(await focused(it.page), "join-summary");
  assert.equal(await it.join.getByLabel("Where you are").inputValue(), "In a tunnel");
  await serve(t, root, Number(new URL(origin).port), elsewhere);
  await it.send.click();
  await it.receipt.getByText("Accepted").waitFor();
  assert.equal(it.sent.at(-1).postDataJSON().location, "In a tunnel");
});

test("an answer that is lost is no second write", async (t) => {
  const it = await open(t);
  await it.receipts();
  await fill(it, "Lena-Lost");
  await it.page.route("**/write/**", async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await it.send.click();
  await it.summary.getByText("No answer came.").waitFor();
  await it.send.click();
  await it.receipt.getByText("Accepted").waitFor();
  assert.deepEqual([(await it.sent[1].response()).status(), (await (await it.sent[1].response()).json()).version], [200, 1]);
});

test("what somebody else wrote is not written over unasked", async (t) => {
  const it = await open(t);
  await it.receipts();
  assert.equal((await put(shared.origin, "Conny-Conflict", { name: "From elsewhere" })).status, 201);
  await fill(it, "Conny-Conflict");
  await it.send.click();
  await it.summary.getByText("Something was written to this account before: it is at version 1.").waitFor();
  assert.equal((await heard(it.page, "#join-githubProfile")).invalid, true);
  await it.summary.getByRole("button", { name: "Send mine over it" }).click();
  await it.receipt.getByText("Accepted").waitFor();
  assert.deepEqual(it.sent.map((request) => request.headers()["if-match"]), [undefined, '"1"']);

  // The version that is known by now goes along by itself, and may be behind.
  await it.join.getByLabel("Pronouns").fill("they/them");
  await it.send.click();
  await it.page.waitForFunction(() => sessionStorage["join-versions"]?.includes("3"));
  assert.equal((await put(shared.origin, "Conny-Conflict", { name: "From elsewhere" }, { "if-match": '"3"' })).status, 201);
  await it.join.getByLabel("Pronouns").fill("she/her");
  await it.send.click();
  await it.summary.getByText("since you sent yours: it is at version 4.").waitFor();
  await it.summary.getByRole("button", { name: "Send mine over it" }).press("Enter");
  await it.page.waitForFunction(() => sessionStorage["join-versions"]?.includes("5"));
  assert.ok(await it.summary.isHidden());
});

test("other refusals are told in words", async (t) => {
  const it = await open(t);
  await fill(it, "Rita-Refused");
  for (const [answer, words] of [
    [{ status: 429, headers: { "retry-after": "17" }, json: { title: "Too many requests" } }, "That was a lot at once. Nothing is lost: send it again in 17 seconds."],
    [{ status: 503, headers: { "retry-after": "300" }, json: { title: "Nothing is accepted for the moment" } }, "Nothing can be kept for the moment. Nothing is lost: send it again in 300 seconds."],
    [{ status: 503, json: { title: "Nobody can write here", detail: "The site does not say who may write" } }, "Nobody can write here. The site does not say who may write."],
    [{ status: 403, json: { title: "This record is not yours", detail: "The key is not the token's own" } }, "This key may not do that. The key is not the token's own."],
    [{ status: 403, contentType: "text/html", body: "<h1>Forbidden" }, "Nothing can be written here: the server answers with 403. A pull request leads to the same page."],
    [{ status: 405, json: { title: "The method is not allowed" } }, "Nothing can be written here: the server answers with 405."],
    [{ status: 413, json: { title: "The body is too large", detail: "A body has at most 1 byte" } }, "The body is too large. A body has at most 1 byte."],
    [{ status: 200, contentType: "text/html", body: "<h1>Sign in to this network" }, "No answer came."],
  ]) {
    await it.page.route("**/write/**", (route) => route.fulfill(answer), { times: 1 });
    await it.send.click();
    await it.summary.getByText(words).waitFor();
    assert.equal(await focused(it.page), "join-summary");
  }
});

test("a receipt is looked for with patience, and not for ever", async (t) => {
  const it = await open(t);
  const { page } = it;
  await page.clock.install();
  await page.reload();
  const receipt = await it.receipts();
  await fill(it, "Wim-Waiting");
  await it.send.click();
  await it.receipt.getByText("Accepted, waiting for the next build").waitFor();
  const { id } = await (await it.sent[0].response()).json();
  assert.equal(await it.receipt.locator("code").textContent(), id);
  const asked = async (milliseconds) => {
    const before = receipt.asked;
    for (let passed = 0; passed < milliseconds; passed += 1000) {
      await page.clock.runFor(1000);
      await page.evaluate(() => fetch("/robots.txt"));
    }
    return receipt.asked - before;
  };
  assert.ok((await asked(10_000)) >= 3, "often in the beginning");
  await asked(80_000);
  const later = await asked(60_000);
  assert.ok(later >= 1 && later <= 3, `${later} times in a minute later on`);

  // It outlives a reload, and so do the values.
  await page.reload();
  await it.receipt.getByText(id).waitFor();
  assert.equal(await it.join.getByLabel("Name", { exact: true }).inputValue(), "Somebody called Wim-Waiting");
  await page.clock.fastForward(20 * 60_000);
  await it.receipt.getByText("It takes longer than usual. What you sent is kept").waitFor();
  const before = receipt.asked;
  await asked(60_000);
  assert.equal(receipt.asked, before);
  receipt.body = { status: "published" };
  await it.receipt.getByRole("button", { name: "Look again" }).click();
  await it.receipt.getByText("You are on the board").waitFor();
  assert.equal(await it.receipt.getByRole("link").getAttribute("href"), "/users/wim-waiting");
  assert.equal((await heard(page, "#join-receipt")).name, "You are on the board");
});

test("what a build or an editor refuses is told where it can be mended", async (t) => {
  const it = await open(t);
  const receipt = await it.receipts();
  await fill(it, "Rea-Rejected");
  await it.join.getByText("Kubernetes").click();
  await it.send.click();
  await it.receipt.getByText("Accepted").waitFor();
  await it.join.getByLabel("Pronouns").focus();
  receipt.body = {
    status: "rejected",
    faults: [
      { pointer: "/tracks/0", code: "dangling-reference", message: "there is no `Kubernetes` in tags", help: "did you mean `Kubernets`?" },
      { pointer: "", code: "duplicate-key", message: "two records have one slug", help: null },
    ],
  };
  await it.receipt.getByText("Not published").waitFor();
  assert.deepEqual(await it.summary.getByRole("listitem").allTextContents(), [
    "There is no Kubernetes in tags. Did you mean Kubernets?",
    "Two records have one slug.",
  ]);
  assert.equal(await it.page.locator("#join-tracks-fault").textContent(), "Error: There is no Kubernetes in tags. Did you mean Kubernets?");
  assert.equal(await focused(it.page), "join-pronouns", "nobody is taken away from what they type");
  await it.summary.getByRole("link").click();
  assert.equal(await focused(it.page), "join-tracks");
  receipt.body = { status: "rejected", reason: "No advertising, please" };
  await it.join.getByLabel("Kubernetes").uncheck();
  await it.send.click();
  await it.receipt.getByText("An editor did not take it: No advertising, please").waitFor();
  assert.deepEqual(it.sent.map((request) => request.headers()["if-match"]), [undefined, '"1"']);
  assert.ok(await it.summary.isHidden());

  await it.page.route("**/write/**", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), status: "waiting" } });
  });
  receipt.body = null;
  await it.join.getByLabel("Pronouns").fill("she/her");
  await it.send.click();
  await it.receipt.getByText("Accepted, waiting for an editor").waitFor();
});

test("whoever has a page need not write it again", async (t) => {
  const it = await open(t);
  await it.receipts();
  const { data } = (await json(`${shared.origin}/v1/users/mira-okafor`)).body;
  await it.join.getByLabel("Your account on GitHub").fill("Mira-Okafor");
  await it.page.keyboard.press("Tab");
  await it.join.getByText(`There is a page of ${data.name}. Is it yours?`).waitFor();
  await it.join.getByRole("button", { name: "Fill in what it says" }).click();
  assert.equal(await focused(it.page), "join-name");
  await it.join.getByLabel("Keep me out of every page and list").check();
  assert.ok(data.location, "there is something to take away");
  await it.join.getByLabel("Where you are").clear();
  await it.send.click();
  await it.receipt.getByText("Accepted").waitFor();
  const { githubProfile, name, pronouns, status, timeZone, dateJoined, twitterProfile, linkedinProfile, tracks } = data;
  const sent = it.sent[0].postDataJSON();
  assert.deepEqual([it.sent[0].method(), it.sent[0].headers()["if-match"]], ["PATCH", '"0"']);
  assert.deepEqual(
    { ...sent, tracks: sent.tracks.toSorted() },
    JSON.parse(JSON.stringify({ githubProfile, name, pronouns, status, location: null, timeZone, dateJoined, twitterProfile, linkedinProfile, tracks: tracks.toSorted(), listed: false })),
  );
});

test("without scripts there is the pull request, and no form", async (t) => {
  const { page } = await open(t, { javaScriptEnabled: false, key: null });
  assert.equal(await page.locator("form:visible, input:visible").count(), 0);
  assert.match(await page.locator("noscript p").innerText(), /^The form of this page needs scripts/);
  await page.getByRole("heading", { name: "By pull request" }).waitFor();
  await page.getByRole("heading", { name: "4. Open the pull request" }).waitFor();
});

test("the page is light", async (t) => {
  const { page } = await open(t);
  const own = await page.evaluate(() => [location.href, ...performance.getEntriesByType("resource").map(({ name }) => name)].filter((url) => !url.includes("__precast")));
  const files = own.filter((url) => /\.(js|css)$|\/join$/.test(url));
  const sizes = await page.evaluate((urls) => Promise.all(urls.map(async (url) => {
    const packed = (await fetch(url)).body.pipeThrough(new CompressionStream("gzip"));
    return (await new Response(packed).arrayBuffer()).byteLength;
  })), files);
  const sum = sizes.reduce((a, b) => a + b);
  assert.ok(files.length >= 4 && sum < 30_000, `${sum} bytes in ${files}`);
});

/** Every text of a release whose path is wanted, by its path. */
async function everything(origin, wanted) {
  const { artifacts } = (await json(`${origin}/v1/manifest.json`)).body;
  const texts = new Map();
  const keys = Object.keys(artifacts).filter((key) => wanted(key) && !/\.(png|wasm|pagefind)$/.test(key));
  const read = async (key) => {
    const response = await fetch(`${origin}/${key.split("/").map(encodeURIComponent).join("/")}`);
    let bytes = Buffer.from(await response.arrayBuffer());
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
    texts.set(key, bytes.toString());
  };
  while (keys.length > 0) await Promise.all(keys.splice(0, 50).map(read));
  return texts;
}

test("whoever fills in the form is on the board, and whoever leaves is nowhere", async (t) => {
  const root = await copySite(t);
  const { origin } = await serve(t, root);
  const it = await open(t, { origin, live: true });
  const { page } = it;
  const holding = async (wanted = () => true) => {
    const texts = await everything(origin, wanted);
    assert.ok(texts.size > 500, `${texts.size} texts`);
    return [...texts].filter(([key, text]) => /zora.quillfeather/i.test(key) || /zora.quillfeather/i.test(text)).map(([key]) => key);
  };
  await fill(it, "Zora-Quillfeather", "Zora Quillfeather");
  await it.join.getByLabel("Your first day").fill("2026-05-20");
  await it.join.getByText("Kubernetes").click();
  await it.send.click();
  await it.receipt.getByText("You are on the board").waitFor();
  await it.receipt.getByRole("link", { name: "Your page" }).click();
  await page.waitForURL(`${origin}/users/zora-quillfeather`);
  assert.equal((await page.locator("h1").textContent()).trim(), "Zora Quillfeather");
  await isAccessible(page, "a newcomer's page");
  assert.equal((await fetch(`${origin}/users/zora-quillfeather`)).status, 200);
  const { body: board } = await json(`${origin}/api/leaderboard?limit=all`);
  const row = board.find(({ githubProfile }) => githubProfile === "Zora-Quillfeather");
  assert.deepEqual([row.score, row.streak, row.daysCompleted, row.tracks], [0, 0, 0, ["Kubernetes"]]);
  const there = await holding((key) => !key.includes("/limit/"));
  assert.ok(["api/tracks/kubernetes.json", "v1/users.json", "everyone.html"].every((key) => there.includes(key)), there.join(" "));

  // A second look at the form changes what the page says.
  await page.goto(`${origin}/join`);
  await it.join.getByLabel("Pronouns").fill("she/her");
  await it.send.click();
  await page.waitForFunction(() => sessionStorage["join-versions"]?.includes("2"));
  await it.receipt.getByText("You are on the board").waitFor();
  assert.equal((await json(`${origin}/v1/users/zora-quillfeather`)).body.data.pronouns, "she/her");

  await page.goto(`${origin}/join#leave`);
  assert.equal(await it.leaving.getByLabel("Your account on GitHub").inputValue(), "Zora-Quillfeather");
  await it.leaving.getByRole("button", { name: "Leave" }).click();
  await it.leaving.getByRole("link", { name: "Say that you are sure" }).waitFor();
  assert.equal(it.sent.filter((request) => request.method() === "DELETE").length, 0);
  await it.leaving.getByLabel("I am sure that I want to leave").check();
  await it.leaving.getByRole("button", { name: "Leave" }).click();
  await it.leaving.getByText("You have left").waitFor();
  assert.equal((await fetch(`${origin}/users/zora-quillfeather`)).status, 404);
  assert.deepEqual(await holding(), []);
});

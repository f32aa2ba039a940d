// The generated client: its types, and each of its functions under Node and in a browser on another origin.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import * as calls from "./calls.js";
import {
  build, copySite, deadOrigin, events, folder, here, hostFiles, json, lasting, launchBrowser, listen, openPage, serve,
} from "./support.js";

const STYLES = ["query", "files"];
const run = promisify(execFile);

let browser;
// The site as it ships, which no test changes: who does change something has a server of their own.
let origin;
const file = lasting();
before(async () => {
  browser = await launchBrowser();
  ({ origin } = await serve(file, await copySite(file)));
});
after(() => browser.close());

/** The client that a server gives, in a folder of its own. */
async function fetchClient(t, origin) {
  const response = await fetch(`${origin}/v1/client.ts`);
  assert.equal(response.status, 200);
  const file = path.join(await folder(t), "client.ts");
  await writeFile(file, await response.text());
  return file;
}

/** The client as a module that Node runs. */
async function load(file) {
  const out = file.replace(/\.ts$/, ".mjs");
  await esbuild.build({ entryPoints: [file], outfile: out, format: "esm", logLevel: "error" });
  return import(pathToFileURL(out));
}

async function inNode(file) {
  const { createClient } = await load(file);
  return (name, ...values) => calls[name](createClient, ...values);
}

/** The client in a page of an origin that is not the API's; also gives the preflights that the browser sent. */
async function inBrowser(t, file) {
  const bundled = await esbuild.build({
    stdin: {
      contents: `import { createClient } from ${JSON.stringify(file)}; import * as calls from "./calls.js";
        globalThis.call = (name, ...values) => calls[name](createClient, ...values);`,
      resolveDir: here,
    },
    bundle: true,
    write: false,
    logLevel: "error",
  });
  const other = await listen(t, (_, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>Elsewhere</title>");
  });
  const { page } = await openPage(t, browser);
  await page.goto(other);
  await page.addScriptTag({ content: bundled.outputFiles[0].text });
  const preflights = new Set();
  const network = await page.context().newCDPSession(page);
  network.on("Network.requestWillBeSent", ({ request }) => {
    if (request.method === "OPTIONS") preflights.add(new URL(request.url).pathname);
  });
  await network.send("Network.enable");
  const call = (...values) => page.evaluate((values) => globalThis.call(...values), values);
  return { call, preflights };
}

/** The operations of a server's OpenAPI document that read, as the client does, with an example of each parameter of the path. */
async function operations(origin) {
  const { body } = await json(`${origin}/v1/openapi.json`);
  return Object.entries(body.paths).filter(([, item]) => item.get).map(([route, { get: operation }]) => {
    const parameters = operation.parameters ?? [];
    const inPath = parameters.filter((parameter) => parameter.in === "path");
    const limit = parameters.find((parameter) => parameter.name === "limit")?.schema;
    return {
      name: operation.operationId,
      route,
      examples: Object.fromEntries(inPath.map(({ name, example }) => [name, example])),
      max: limit?.anyOf.find((choice) => "maximum" in choice).maximum,
    };
  });
}

/** Whether there is an answer on a site where nobody has written yet: receipts are of writes. */
function isAnswered({ examples }) {
  return Object.values(examples).every((example) => example !== undefined);
}

/** Where an operation stands, asked for as anybody would without the client. */
function address({ route, examples }, limit) {
  const filled = route.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(examples[name]));
  return limit === undefined ? filled : `${filled}?limit=${limit}`;
}

/** Calls that are answered, each with the address of the same answer. */
function goodCalls(all) {
  return all.filter(isAnswered).flatMap((operation) => {
    const { name, examples, max } = operation;
    const plainCall = [[name, examples], address(operation)];
    if (max === undefined) return [plainCall];
    const limited = [1, 3, max, "all"].map((limit) => [[name, { ...examples, limit }], address(operation, limit)]);
    return [plainCall, ...limited];
  });
}

/** Calls that the server refuses, each with the status and the end of the problem's type. */
function badCalls(all) {
  return all.flatMap(({ name, examples, max }) => {
    const found = [];
    if (max !== undefined) {
      for (const limit of [0, max + 1]) found.push([[name, { ...examples, limit }], 400, "/limit-out-of-range"]);
    }
    for (const parameter of Object.keys(examples)) {
      if (parameter === "page") {
        found.push([[name, { page: 0 }], 400, "/page-out-of-range"], [[name, { page: 9999 }], 404, "/not-found"]);
      } else {
        found.push([[name, { [parameter]: "nobody has this" }], 404, "/not-found"]);
      }
    }
    return found;
  });
}

/** The functions that walk pages: one for each operation that gives a page. */
function walkers(all) {
  return all.filter(({ examples }) => "page" in examples).map(({ name }) => `${name}s`);
}

const rows = (data) => (Array.isArray(data) ? data : data.data);

/** That each walk gives the rows of the whole list, in its order. */
async function checkWalks(origin, all, walks) {
  for (const [name, pages] of Object.entries(walks)) {
    const list = all.find((operation) => `${operation.name}Pages` === name);
    const { body } = await json(origin + address(list, "all"));
    assert.ok(pages.every((page) => page.ok), `${name}: ${JSON.stringify(pages.filter((page) => !page.ok))}`);
    assert.ok(pages.length > 0, `${name} has a page`);
    assert.deepEqual(pages.flatMap((page) => rows(page.data)), rows(body), name);
  }
  assert.ok(Object.values(walks).some((pages) => pages.length > 1), "a walk goes from page to page");
}

/** Everything that a client does with the server, by whoever calls it. */
async function exercise(origin, call, style) {
  const all = await operations(origin);
  const functions = await call("names");
  assert.deepEqual(functions.toSorted(), [...all.map(({ name }) => name), ...walkers(all)].toSorted());

  const options = { baseUrl: origin, style };
  const good = goodCalls(all);
  const answers = await call("callTwice", options, good.map(([asked]) => asked));
  for (const [at, { name, parameters, first, second }] of answers.entries()) {
    const what = `${name} ${JSON.stringify(parameters)}`;
    const { status, body } = await json(origin + good[at][1]);
    assert.equal(status, 200, what);
    assert.equal(first.ok, true, `${what}: ${JSON.stringify(first)}`);
    assert.deepEqual(first.data, body, what);
    assert.match(first.etag, /^(W\/)?"[^"]+"$/, what);
    assert.deepEqual({ ...first, revalidated: true }, second, what);
  }

  const bad = badCalls(all);
  const refusals = await call("callTwice", options, bad.map(([asked]) => asked));
  for (const [at, { name, parameters, first, second }] of refusals.entries()) {
    const [, status, type] = bad[at];
    const what = `${name} ${JSON.stringify(parameters)}: ${JSON.stringify(first)}`;
    assert.deepEqual([first.ok, first.kind, first.status, first.problem?.status], [false, "problem", status, status], what);
    assert.ok(first.problem.type.endsWith(type), what);
    assert.ok(first.problem.title && first.problem.detail, what);
    assert.deepEqual(first, second, what);
  }

  await checkWalks(origin, all, await call("walkAll", options, walkers(all), {}));
  const fromSecond = await call("walkAll", options, ["apiUsersPages"], { page: 2 });
  const { body } = await json(`${origin}/api/users?limit=all`);
  assert.deepEqual(fromSecond.apiUsersPages.flatMap((page) => page.data), body.slice(20));

  const gone = { ok: false, kind: "network", status: null };
  const [{ first: dead }] = await call("callTwice", { ...options, baseUrl: await deadOrigin() }, [["apiUsers", {}]]);
  assert.deepEqual(dead, { ...gone, error: "TypeError" });

  const aborted = await call("abort", options);
  assert.deepEqual(aborted.before, { ...gone, error: "AbortError" });
  assert.deepEqual(aborted.during, { ...gone, error: "AbortError" });
  assert.deepEqual(aborted.pages.map((page) => page.ok), [true, false]);
  assert.deepEqual(aborted.pages[1], { ...gone, error: "AbortError" });
  assert.equal(aborted.afterwards, true);
}

for (const style of STYLES) {
  test(`every function under Node, style ${style}`, async (t) => {
    await exercise(origin, await inNode(await fetchClient(t, origin)), style);
  });

  test(`every function in a browser on another origin, style ${style}`, async (t) => {
    const { call, preflights } = await inBrowser(t, await fetchClient(t, origin));
    await exercise(origin, call, style);
    // `If-None-Match` is no header that goes without saying (Fetch, section 2.2.2): the browser asked first.
    assert.ok(preflights.has(style === "files" ? "/api/users.json" : "/api/users"), [...preflights].join(" "));
  });
}

test("every value of the data is found by the spelling that the data has", async (t) => {
  const call = await inNode(await fetchClient(t, origin));
  const { body: users } = await json(`${origin}/api/users?limit=all`);
  const { body: articles } = await json(`${origin}/api/articles?limit=all`);
  const asked = [
    ...users.map(({ githubProfile }) => ["apiUsersByGithubProfile", { githubProfile }]),
    ...users.flatMap((user) => user.tracks ?? []).map((tracks) => ["apiTracksByTracks", { tracks }]),
    ...articles.flatMap((article) => article.tags).map((tags) => ["v1ArticlesByTags", { tags }]),
    ...articles.map(({ slug }) => ["v1PostsBySlug", { slug }]),
    ...articles.map(({ author }) => ["v1AuthorsByAuthor", { author: author.githubProfile }]),
  ];
  for (const style of STYLES) {
    for (const { name, parameters, first } of await call("callTwice", { baseUrl: origin, style }, asked)) {
      assert.ok(first.ok, `${style}: ${name} ${JSON.stringify(parameters)}: ${JSON.stringify(first)}`);
    }
  }
});

test("style files needs no more than a host of plain files", async (t) => {
  const host = await hostFiles(t, build(await copySite(t)));
  const all = await operations(origin);
  const client = await fetchClient(t, origin);
  for (const call of [await inNode(client), (await inBrowser(t, client)).call]) {
    const options = { baseUrl: host, style: "files" };
    const good = goodCalls(all);
    for (const [at, { name, parameters, first }] of (await call("callTwice", options, good.map(([asked]) => asked))).entries()) {
      assert.ok(first.ok, `${name} ${JSON.stringify(parameters)}: ${JSON.stringify(first)}`);
      assert.deepEqual(first.data, (await json(origin + good[at][1])).body, name);
    }
    await checkWalks(origin, all, await call("walkAll", options, walkers(all), {}));
    const [{ first }] = await call("callTwice", options, [["apiUsersByGithubProfile", { githubProfile: "nobody" }]]);
    assert.deepEqual([first.ok, first.kind, first.status], [false, "unexpected", 404]);
  }
});

test("a call that is given up while its answer is read got no answer", async (t) => {
  const client = await fetchClient(t, origin);
  for (const call of [await inNode(client), (await inBrowser(t, client)).call]) {
    const { reading } = await call("abort", { baseUrl: origin });
    assert.deepEqual([reading.ok, reading.kind, reading.error], [false, "network", "AbortError"]);
  }
});

/** A site whose members are in pages that are all full. */
async function fullPages(t) {
  const root = await copySite(t);
  const settings = path.join(root, "site/site.toml");
  const { body: users } = await json(`${origin}/api/users?limit=all`);
  const size = [2, 3, 5, 7, 61].find((parts) => users.length % parts === 0);
  assert.ok(size, `${users.length} users are in no equal pages`);
  await writeFile(settings, (await readFile(settings, "utf8")).replaceAll("size = 20", `size = ${users.length / size}`));
  return root;
}

const OF_MEMBERS = ["apiUsersPages", "v1UsersPages", "apiLeaderboardPages", "v1LeaderboardPages"];

test("a walk ends after a last page that is full", async (t) => {
  const { origin } = await serve(t, await fullPages(t));
  const call = await inNode(await fetchClient(t, origin));
  for (const style of STYLES) {
    await checkWalks(origin, await operations(origin), await call("walkAll", { baseUrl: origin, style }, OF_MEMBERS, {}));
  }
});

test("a walk ends after a last page that is full on a host of plain files", async (t) => {
  const root = await fullPages(t);
  const { origin } = await serve(t, root);
  const call = await inNode(await fetchClient(t, origin));
  const options = { baseUrl: await hostFiles(t, build(root)), style: "files" };
  await checkWalks(origin, await operations(origin), await call("walkAll", options, OF_MEMBERS, {}));
});

test("an answer that changed is not taken from memory, and memory has a bound", async (t) => {
  const root = await copySite(t);
  const { origin } = await serve(t, root);
  const { createClient } = await load(await fetchClient(t, origin));
  const heard = await events(t, origin);
  const { generation } = await heard.next("release");

  const client = createClient({ baseUrl: origin });
  const { data: before } = await client.apiPostsBySlug({ slug: "cidr-on-paper" });
  const article = path.join(root, "content/articles/cidr-on-paper.md");
  await writeFile(article, (await readFile(article, "utf8")).replace(/^title: .*$/m, "title: Another title"));
  await heard.next("release", (release) => release.generation > generation);
  const changed = await client.apiPostsBySlug({ slug: "cidr-on-paper" });
  assert.notEqual(before.title, "Another title");
  assert.deepEqual([changed.data.title, changed.revalidated], ["Another title", false]);
  assert.equal((await client.apiPostsBySlug({ slug: "cidr-on-paper" })).revalidated, true);

  const forgetful = createClient({ baseUrl: origin, remembered: 0 });
  const brief = createClient({ baseUrl: origin, remembered: 1 });
  for (const [asked, seen] of [[forgetful, [false, false, false]], [brief, [false, true, false]]]) {
    const found = [(await asked.apiTags()).revalidated, (await asked.apiTags()).revalidated];
    await asked.apiVocabulary();
    assert.deepEqual([...found, (await asked.apiTags()).revalidated], seen);
  }
});

test("answers that are no API's, and those that break off", async (t) => {
  const { createClient } = await load(await fetchClient(t, origin));
  const odd = await listen(t, (request, response) => {
    if (request.url.startsWith("/page/")) response.setHeader("content-type", "text/html").end("<p>Welcome</p>");
    if (request.url.startsWith("/json/")) response.writeHead(502, { "content-type": "application/json" }).end('{"no":"problem"}');
    if (request.url.startsWith("/half/")) {
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
      response.write("[", () => request.socket.destroy());
    }
  });
  const ask = (folder) => createClient({ baseUrl: odd + folder }).apiUsers();
  const { error, ...page } = await ask("/page");
  assert.deepEqual([page, error.name], [{ ok: false, kind: "unexpected", status: 200 }, "SyntaxError"]);
  assert.deepEqual(await ask("/json"), { ok: false, kind: "unexpected", status: 502, error: { no: "problem" } });
  const half = await ask("/half");
  assert.deepEqual([half.ok, half.kind], [false, "network"]);
});

const COMPILER = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "esnext", "--moduleResolution", "bundler", "--types", ""];
const STRICTER = [
  "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noImplicitReturns", "--noImplicitOverride",
  "--noFallthroughCasesInSwitch", "--noPropertyAccessFromIndexSignature", "--noUnusedLocals", "--noUnusedParameters",
  "--isolatedModules", "--verbatimModuleSyntax", "--erasableSyntaxOnly",
];

/** What the compiler says of files. */
async function compile(flags, ...files) {
  const tsc = path.join(here, "node_modules/typescript/bin/tsc");
  return run(process.execPath, [tsc, ...flags, ...files]).then(() => "", ({ stdout, stderr }) => stdout + stderr);
}

test("the client compiles, is used as it should be, and cannot be used as it should not", async (t) => {
  const client = await fetchClient(t, origin);
  const used = ["good.ts", "bad.ts"].map((name) => path.join(path.dirname(client), name));
  for (const file of used) await cp(path.join(here, "types", path.basename(file)), file);
  assert.equal(await compile(COMPILER, client), "");
  assert.equal(await compile([...COMPILER, ...STRICTER], client), "");
  assert.equal(await compile([...COMPILER, ...STRICTER], ...used), "");
});

test("each answer is of the type that the client gives it", async (t) => {
  const client = await fetchClient(t, origin);
  const lines = [
    'import type { Client, Problem } from "./client";',
    "type Data<F> = F extends (...request: never[]) => Promise<infer R> ? (R extends { ok: true; data: infer D } ? D : never) : never;",
  ];
  for (const operation of (await operations(origin)).filter(isAnswered)) {
    const { body } = await json(origin + address(operation));
    // A member that the type does not have is an error in a literal.
    lines.push(`export const ${operation.name}: Data<Client["${operation.name}"]> = ${JSON.stringify(body)};`);
  }
  for (const [name, refused] of [["refused", "/api/users?limit=0"], ["missing", "/api/users/nobody"]]) {
    lines.push(`export const ${name}: Problem = ${JSON.stringify((await json(origin + refused)).body)};`);
  }
  const answers = path.join(path.dirname(client), "answers.ts");
  await writeFile(answers, lines.join("\n"));
  assert.equal((await compile([...COMPILER, ...STRICTER], answers)).slice(0, 2000), "");
});

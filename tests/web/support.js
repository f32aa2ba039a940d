// What every test needs: a copy of the site, a server on it, its events, and a browser.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

export const here = import.meta.dirname;
const repository = path.join(here, "../..");
const binary = path.resolve(here, process.env.PRECAST ?? "../../target/debug/precast");

/** The instant that every server shows its site at. */
export const NOW = "2026-06-01T12:00:00Z";
/** How long anything is waited for, in milliseconds; generous, since nothing waits that long when all is well. */
export const PATIENCE = 60_000;

const endings = new WeakMap();

/** Does something when a test ends: what was begun last ends first. */
function atEnd(t, action) {
  if (!endings.has(t)) {
    const actions = [];
    endings.set(t, actions);
    t.after(async () => {
      while (actions.length > 0) await actions.pop()();
    });
  }
  endings.get(t).push(action);
}

/** What stands where a test is wanted, for what lasts as long as the tests of its file. */
export function lasting() {
  const actions = [];
  after(async () => {
    while (actions.length > 0) await actions.pop()();
  });
  return { after: (action) => actions.push(action) };
}

/** A temporary folder that goes when the test ends. */
export async function folder(t) {
  const made = await mkdtemp(path.join(tmpdir(), "precast-web-"));
  atEnd(t, () => rm(made, { recursive: true, force: true }));
  return made;
}

/** A copy of the site that ships here. */
export async function copySite(t) {
  const root = await folder(t);
  for (const part of ["content", "data", "site"]) {
    // What somebody wrote here while trying it out is no part of the site.
    const filter = (from) => path.relative(repository, from) !== path.join("data", "inbox");
    await cp(path.join(repository, part), path.join(root, part), { recursive: true, filter });
  }
  // A fresh checkout has no such folder: the site that ships here has no files of its own to serve.
  await mkdir(path.join(root, "site/static"), { recursive: true });
  return root;
}

/** Writes the site as plain files, and gives their folder. */
export function build(root) {
  const out = path.join(root, "public");
  execFileSync(binary, ["build", "--root", root, "--out", out, "--now", NOW], { stdio: ["ignore", "ignore", "pipe"] });
  return out;
}

/** Serves a folder until the test ends, or until it is stopped. */
export async function serve(t, root, port = 0, further = []) {
  const child = spawn(binary, ["serve", "--root", root, "--host", "127.0.0.1", "--port", String(port), "--now", NOW, ...further], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  const stop = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return within(ended, `the server's end after ${signal}`);
  };
  atEnd(t, () => stop("SIGKILL"));
  const said = [];
  const address = new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const found = /^serving (http:\S+)\//.exec(line);
      if (found) resolve(found[1]);
    });
    ended.then(({ code }) => reject(new Error(`the server ended with ${code}:\n${said.join("\n")}`)));
  });
  return { origin: await within(address, "the server's address"), stop };
}

/** Files of a folder as any host of plain files gives them, for pages of every origin. */
export async function hostFiles(t, files) {
  return listen(t, async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "*");
    try {
      const body = await readFile(path.join(files, decodeURIComponent(new URL(request.url, "http://host").pathname)));
      const type = request.url.endsWith(".json") ? "application/json" : "text/html";
      response.writeHead(200, { "content-type": type }).end(request.method === "OPTIONS" ? "" : body);
    } catch {
      response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><title>Not found</title>");
    }
  });
}

/** A server of the test's own; gives its origin. */
export async function listen(t, answer) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** An origin that nothing listens on. */
export async function deadOrigin() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}

export async function json(url, init) {
  const response = await fetch(url, init);
  return { status: response.status, type: response.headers.get("content-type"), body: await response.json() };
}

/** The server-sent events of a server, as a program that is no browser reads them. */
export async function events(t, origin) {
  const end = new AbortController();
  atEnd(t, () => end.abort());
  const response = await fetch(`${origin}/__precast/events`, { signal: end.signal });
  const source = parsed(response.body);
  return {
    /** The next event of that name for which what is wanted holds; those before it are passed over. */
    async next(name, wanted = () => true) {
      const passed = [];
      const found = (async () => {
        for (;;) {
          const { done, value } = await source.next();
          if (done) throw new Error("the event stream ended");
          if (value.name === name && (await wanted(value.data))) return value.data;
          passed.push(value);
        }
      })();
      return within(found, () => `an event \`${name}\`; there were ${JSON.stringify(passed).slice(0, 1000)}`);
    },
  };
}

/** Server-sent events (WHATWG HTML, section 9.2) of a body; comments are passed over. */
async function* parsed(body) {
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const fields = text.slice(0, end).split("\n").map((line) => /^(\w*): ?(.*)$/s.exec(line) ?? []);
      const name = fields.find(([, field]) => field === "event")?.[2];
      if (name) yield { name, data: JSON.parse(fields.filter(([, field]) => field === "data").map(([, , value]) => value).join("\n")) };
    }
  }
}

/** Saves as editors do: to another file, which then takes the place of the first. */
export async function renameOver(file, text) {
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.tmp`);
  await writeFile(beside, text);
  await rename(beside, file);
}

/** A promise that fails when it is not kept in time. */
export async function within(promise, what, patience = PATIENCE) {
  const over = new AbortController();
  const late = sleep(patience, undefined, { signal: over.signal }).then(
    () => { throw new Error(`waited ${patience} ms for ${typeof what === "function" ? what() : what}`); },
    () => new Promise(() => {}),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}

/** A headless browser; the caller closes it. */
export function launchBrowser() {
  const executablePath = process.env.CHROMIUM ?? execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  return chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: PATIENCE });
}

/** A page of its own context, and what went wrong in it. */
export async function openPage(t, browser) {
  const context = await browser.newContext();
  atEnd(t, () => context.close());
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    // A browser asks for an icon by itself, and a site need not have one.
    if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico")) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  return { page, faults };
}

// What `pages` looks at in a built site: node pages.mjs FOLDER.
import { readFileSync, readdirSync, existsSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { execFileSync } from "node:child_process";
import Ajv from "ajv";
import { HtmlValidate } from "html-validate";
import jsonFeed from "jsonfeed-schema/v1.1.js";

const [, , folder] = process.argv;
const BASE = "https://nimbus-hundred.example";
const faults = [];
const fault = (text) => faults.push(text);

const keys = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
  .filter((key) => !key.startsWith(".precast/"));
const text = (key) => readFileSync(path.join(folder, key), "utf8");
const pages = keys.filter((key) => key.endsWith(".html"));

// HTML.
const validator = new HtmlValidate({
  extends: ["html-validate:standard", "html-validate:a11y"],
  rules: {
    // Names and attributes as the templates write them are not what readers or browsers trip over.
    "void-style": "off", "no-trailing-whitespace": "off", "attribute-boolean-style": "off", "attribute-empty-style": "off",
    "long-title": "off", "no-inline-style": "error", "doctype-style": "off",
  },
});
for (const key of pages.filter((key) => key !== "api-docs.html")) {
  const { results } = validator.validateStringSync(text(key), key);
  for (const { messages } of results) {
    for (const { line, column, ruleId, message } of messages) fault(`${key}:${line}:${column} ${ruleId}: ${message}`);
  }
}

// Links and anchors.
const ids = new Map(pages.map((key) => [key, new Set([...text(key).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id))]));
/** The key that a path of this site is answered with. */
function keyOf(pathname) {
  const key = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, "");
  if (key === "") return "index.html";
  return [key, `${key}.html`, `${key}.json`].find((key) => existsSync(path.join(folder, key)) && keys.includes(key));
}
let followed = 0;
const unescape = (html) => html.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">", quot: '"' })[name] ?? "'");
for (const key of pages) {
  const own = new URL(key === "index.html" ? "/" : `/${key}`, BASE);
  for (const [, , value] of text(key).matchAll(/\s(href|src|action)="([^"]*)"/g)) {
    const url = new URL(unescape(value), own);
    if (url.origin !== BASE) continue;
    followed += 1;
    const target = keyOf(url.pathname);
    if (!target) fault(`${key} leads to ${url.pathname}, where nothing is`);
    else if (url.hash && !ids.get(target)?.has(decodeURIComponent(url.hash.slice(1)))) fault(`${key} leads to ${url.pathname}${url.hash}, and there is no such part`);
  }
}

// The sitemap.
const listed = new Set([...text("sitemap.xml").matchAll(/<loc>([^<]*)<\/loc>/g)].map(([, url]) => url));
const indexable = pages.filter((key) => key !== "404.html" && !/<meta name="robots" content="[^"]*noindex/.test(text(key)));
const canonical = new Set(indexable.map((key) => /<link rel="canonical" href="([^"]*)"/.exec(text(key))?.[1] ?? `${key} has none`));
for (const url of canonical) if (!listed.has(url)) fault(`the sitemap lacks ${url}`);
for (const url of listed) if (!canonical.has(url)) fault(`the sitemap has ${url}, which no page names as its own`);

// Feeds, against the schemas of their formats first.
const isJsonFeed = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(jsonFeed);
const feeds = keys.filter((key) => key.endsWith("feed.json"));
for (const key of feeds) {
  const feed = JSON.parse(text(key));
  const wrong = (what) => fault(`${key}: ${what}`);
  if (!isJsonFeed(feed)) for (const { instancePath, message } of isJsonFeed.errors) wrong(`${instancePath} ${message}`);
  if (feed.version !== "https://jsonfeed.org/version/1.1") wrong(`its version is ${feed.version}`);
  if (feed.feed_url !== `${BASE}/${encodeURI(key)}`) wrong(`it names itself ${feed.feed_url}`);
  for (const item of feed.items) {
    if (typeof item.id !== "string" || typeof item.content_html !== "string") wrong("an item has no id, or no content");
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(item.date_published)) wrong(`${item.id} is of ${item.date_published}`);
    if (!listed.has(item.url)) wrong(`${item.url} is no page of the sitemap`);
  }
  const atom = text(key.replace(/json$/, "xml"));
  if ([...atom.matchAll(/<entry>/g)].length !== feed.items.length) wrong("the Atom feed beside it has other entries");
}

const atoms = feeds.map((key) => path.join(folder, key.replace(/json$/, "xml")));
try {
  execFileSync("xmllint", ["--noout", "--relaxng", path.join(import.meta.dirname, "schemas/atom.rng"), ...atoms], { stdio: ["ignore", "ignore", "pipe"] });
} catch (error) {
  for (const line of String(error.stderr).split("\n").filter((line) => line && !line.endsWith(" validates"))) fault(line);
}

// Sizes: everything but pictures, compressed.
function weight(key) {
  const html = text(key);
  const parts = [...html.matchAll(/<(?:link rel="stylesheet" href|script[^>]* src)="([^"]*)"/g)].map(([, url]) => keyOf(new URL(url, BASE).pathname));
  return [key, ...parts].reduce((sum, part) => sum + gzipSync(readFileSync(path.join(folder, part))).length, 0);
}
const sizes = { "index.html": 60, "users/mira-okafor.html": 40 };
for (const [key, most] of Object.entries(sizes)) {
  const kilobytes = weight(key) / 1000;
  console.log(`${key}: ${kilobytes.toFixed(1)} KB of at most ${most}`);
  if (kilobytes > most) fault(`${key} weighs ${kilobytes} KB`);
}

console.log(`${pages.length} pages, ${followed} links, ${listed.size} URLs in the sitemap, ${feeds.length} feeds, ${faults.length} faults`);
faults.slice(0, 40).forEach((text) => console.log(`  ${text}`));
process.exit(faults.length > 0 ? 1 : 0);

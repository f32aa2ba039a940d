// Finds pages in the index that the build made. Nothing of it is fetched before somebody begins to search.
const form = document.querySelector("form.search");
const input = form.elements.q;
const said = document.getElementById("found");
const results = document.getElementById("results");
const listed = document.getElementById("listed");
const more = document.getElementById("more");
const { index, base, kind } = form.dataset;
const STEP = 10;

let pagefind = null;
// Without the index the form leads elsewhere, where there is an elsewhere.
const leads = new URL(form.action).pathname !== location.pathname && !form.action.endsWith("/search");
let failed = false;
let rest = [];

const library = () => {
  pagefind ??= import(index).then(async (module) => {
    await module.options({ baseUrl: base, excerptLength: 24 });
    await module.init();
    return module;
  });
  return pagefind;
};

const element = (name, className, ...children) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
};

// An excerpt is HTML with marks in it: its text and its marks are taken, and nothing else.
const excerpt = (html) => {
  const parsed = new DOMParser().parseFromString(html, "text/html").body;
  return [...parsed.childNodes].map((node) => (node.nodeName === "MARK" ? element("mark", "", node.textContent) : node.textContent));
};

const link = (url, text) => {
  const written = element("bdi", "", text);
  written.dir = "auto";
  const made = element("a", "", written);
  made.href = url;
  return made;
};

const row = ({ url, meta, filters, excerpt: found, sub_results: parts }) => {
  const what = kind ? "" : (filters.kind?.[0] ?? "");
  const about = [what, meta.about].filter(Boolean).join(" · ");
  const sections = parts.filter((part) => part.url !== url).slice(0, 2);
  const children = [element("h2", "", link(url, meta.title))];
  if (about) children.push(element("p", "meta", about));
  children.push(element("p", "", ...excerpt(found)));
  if (sections.length) {
    children.push(element("ul", "meta", ...sections.map((part) => element("li", "", link(part.url, part.title)))));
  }
  return element("li", "", ...children);
};

const show = async (asked) => {
  const step = rest.splice(0, STEP);
  const rows = (await Promise.all(step.map((result) => result.data()))).map(row);
  if (asked !== input.value) return null;
  results.append(...rows);
  more.hidden = !rest.length;
  return rows[0];
};

// Whoever comes back finds what was sought.
const keep = (asked) => {
  const url = new URL(location.href);
  if (asked.trim()) url.searchParams.set("q", asked.trim());
  else url.searchParams.delete("q");
  history.replaceState(null, "", url);
};

const find = async () => {
  const asked = input.value;
  const isAsked = asked.trim() !== "";
  listed.hidden = isAsked;
  if (!isAsked) {
    keep("");
    results.hidden = true;
    more.hidden = true;
    said.textContent = "";
    return;
  }
  let answer;
  try {
    const { debouncedSearch } = await library();
    answer = await debouncedSearch(asked.trim(), kind ? { filters: { kind } } : {}, 150);
  } catch {
    pagefind = null;
    failed = true;
    listed.hidden = false;
    said.textContent = `The index could not be fetched. ${leads ? "Press Find to go on without it." : "Press Find to try again."}`;
    return;
  }
  // Somebody went on typing.
  if (!answer || asked !== input.value) return;
  keep(asked);
  rest = [...answer.results];
  results.replaceChildren();
  results.hidden = !rest.length;
  said.textContent = rest.length ? `${rest.length} found` : "Nothing is found by that.";
  await show(asked);
};

input.addEventListener("input", find);
input.addEventListener("focus", () => { library().catch(() => { pagefind = null; }); }, { once: true });
more.querySelector("button").addEventListener("click", async () => {
  // Whoever goes by keyboard goes on with the first of the new ones.
  const first = await show(input.value);
  first?.querySelector("a").focus();
});
// Where the index cannot be fetched, the form leads to a page that needs none.
form.addEventListener("submit", (event) => {
  if (failed && leads) return;
  event.preventDefault();
  find();
});
const asked = new URLSearchParams(location.search).get("q");
if (asked) {
  input.value = asked;
  find();
}

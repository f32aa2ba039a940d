// Makes a Zola site of the corpus: prepare.mjs CORPUS SITE [plain]. Its time is not part of what is measured. With
// `plain` code is not highlighted.
//
// Zola makes no page without a file: each member becomes a Markdown file with front matter alone, its weight the place
// on the board. Articles get the front matter that Zola reads, with the name of the author beside the key, and the five
// first of the board stand in a small file of their own: in templates, both would be dearer.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [corpus, site, manner] = process.argv.slice(2);
if (!site) {
  console.error("usage: prepare.mjs CORPUS SITE [plain]");
  process.exit(2);
}
rmSync(site, { recursive: true, force: true });
cpSync(join(dirname(fileURLToPath(import.meta.url)), "site"), site, { recursive: true });
if (manner === "plain") {
  const config = readFileSync(join(site, "config.toml"), "utf8");
  writeFileSync(join(site, "config.toml"), config.replace(/\[markdown\.highlighting\].*/s, ""));
}

const { users } = JSON.parse(readFileSync(join(corpus, "data/users.json"), "utf8"));
for (const user of users) user.score = user.githubScore + user.twitterScore;
const names = new Map(users.map((user) => [user.githubProfile, user.name]));

const board = join(site, "content/leaderboard");
mkdirSync(board, { recursive: true });
const file = (front, body = "") => `+++\n${front.join("\n")}\n+++\n${body}`;
const text = (value) => JSON.stringify(value);
const section = (title, template, by) =>
  file([`title = ${text(title)}`, `sort_by = "${by}"`, "paginate_by = 100", `template = "${template}"`]);
writeFileSync(join(board, "_index.md"), section("Leaderboard", "leaderboard.html", "weight"));

// Competition ranks: 1 2 2 4.
const sorted = users.toSorted((a, b) => b.score - a.score);
let rank = 0;
for (const [index, user] of sorted.entries()) {
  if (index === 0 || user.score !== sorted[index - 1].score) rank = index + 1;
  user.rank = rank;
  const front = [
    `title = ${text(user.name)}`,
    `path = ${text(`users/${user.githubProfile}`)}`,
    `weight = ${index + 1}`,
    'template = "profile.html"',
    "[extra]",
    ...Object.entries(user).map(([name, value]) => `${name} = ${text(value)}`),
  ];
  writeFileSync(join(board, `${user.githubProfile}.md`), file(front));
}
const first = sorted.slice(0, 5).map(({ githubProfile, name, rank, score }) => ({ githubProfile, name, rank, score }));
writeFileSync(join(site, "top.json"), JSON.stringify(first));

const articles = join(site, "content/articles");
mkdirSync(articles, { recursive: true });
writeFileSync(join(articles, "_index.md"), section("Articles", "articles.html", "date"));
for (const name of readdirSync(join(corpus, "content/articles"))) {
  const [, yaml, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(readFileSync(join(corpus, "content/articles", name), "utf8"));
  const read = Object.fromEntries(yaml.split("\n").map((line) => line.split(/: (.*)/s, 2)));
  const front = [
    `title = ${read.title}`,
    `date = ${read.date}`,
    'template = "article.html"',
    `taxonomies.tags = ${read.tags}`,
    "[extra]",
    `subtitle = ${read.subtitle}`,
    `author = ${text(read.author)}`,
    `author_name = ${text(names.get(read.author))}`,
  ];
  writeFileSync(join(articles, name), file(front, body));
}

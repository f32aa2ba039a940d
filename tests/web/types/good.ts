// Uses of the client that compile.

import { createClient, type Answer, type Client, type Failure, type LeaderboardRow, type Refusal, type Result } from "./client";

const client: Client = createClient();
createClient({ baseUrl: "http://localhost:8080", style: "files", fetch: globalThis.fetch, remembered: 10 });

export async function names(signal: AbortSignal): Promise<string[]> {
  const result = await client.apiLeaderboard({ limit: 5 }, { signal });
  if (result.ok) {
    const answer: Answer<LeaderboardRow[]> = result;
    const etag: string | null = answer.etag;
    const first: LeaderboardRow | undefined = answer.data[0];
    return [...answer.data.map((row) => row.name), first?.status ?? "", etag ?? ""];
  }
  switch (result.kind) {
    case "problem": {
      const refusal: Refusal = result;
      return [refusal.problem.title, refusal.status.toFixed(), refusal.problem.example ?? ""];
    }
    case "network":
    case "unexpected": {
      const failure: Failure = result;
      return [String(failure.error), failure.status?.toFixed() ?? ""];
    }
    default: {
      const none: never = result;
      return none;
    }
  }
}

export async function everyName(): Promise<string[]> {
  const found: string[] = [];
  for await (const result of client.v1UsersPages()) {
    if (!result.ok) break;
    const { data, meta, links } = result.data;
    found.push(...data.map((user) => user.githubProfile), String(meta.pages), links.next ?? "");
  }
  return found;
}

export async function others(): Promise<unknown[]> {
  const tagged: Result<unknown> = await client.apiArticlesByTags({ tags: "CI/CD", limit: "all" });
  const post = await client.v1PostsBySlug({ slug: "cidr-on-paper" });
  const status = await client.v1Status();
  const author = post.ok ? (post.data.data.author?.name ?? "unknown") : "";
  return [tagged, author, status.ok && status.data.site.name];
}

// Uses of the client that do not compile: each line without its fault would be one.

import { createClient } from "./client";

const client = createClient();

// @ts-expect-error There are two styles.
createClient({ style: "path" });
// @ts-expect-error A limit is a number or "all".
void client.apiLeaderboard({ limit: "5" });
// @ts-expect-error A parameter of the path is needed.
void client.apiArticlesByTags({ limit: 5 });
// @ts-expect-error A parameter of the path is needed, and so is the object that holds it.
void client.apiUsersByGithubProfile();
// @ts-expect-error A page has a number.
void client.apiUsersPage({});
// @ts-expect-error One record has no limit.
void client.apiPostsBySlug({ slug: "cidr-on-paper", limit: 5 });
// @ts-expect-error What is no operation is no function.
void client.apiNothing();

export async function unchecked(): Promise<void> {
  const result = await client.apiLeaderboard();
  // @ts-expect-error Whether there is data is not known yet.
  void result.data;
  if (!result.ok) {
    // @ts-expect-error Only one kind of them has a problem.
    void result.problem;
    return;
  }
  // @ts-expect-error The bare surface has no envelope.
  void result.data.meta;
  // @ts-expect-error The list may be empty.
  void result.data[0].name;
  // @ts-expect-error A private member is not in an answer.
  void result.data[0]?.email;
  // @ts-expect-error The text is in the whole document only.
  void result.data[0]?.html;
  // @ts-expect-error The statuses are those of the schema.
  void (result.data[0]?.status === "Lapsed");
  const enveloped = await client.v1Leaderboard();
  // @ts-expect-error Rows of the enveloped surface are under `data`.
  if (enveloped.ok) void enveloped.data.map;
}

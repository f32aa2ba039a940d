// A frontend as one is written without knowing what answers it: bare JSON, limits in the query, slashes at the end.

import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

function useAnswer(url) {
  const [answer, setAnswer] = useState(null);
  useEffect(() => {
    const left = new AbortController();
    fetch(url, { signal: left.signal })
      .then((response) => {
        if (!response.ok) throw new Error(`${url}: ${response.status}`);
        return response.json();
      })
      .then(setAnswer)
      .catch((error) => {
        if (!left.signal.aborted) console.error(error);
      });
    return () => left.abort();
  }, [url]);
  return answer;
}

function List({ name, url, children }) {
  const rows = useAnswer(url);
  if (rows === null) return <p>Loading</p>;
  return <ol id={name}>{rows.map((row, at) => <li key={at}>{children(row)}</li>)}</ol>;
}

function Member({ githubProfile }) {
  const member = useAnswer(`/api/users/${githubProfile}`);
  if (member === null) return <p>Loading</p>;
  return (
    <article id="member">
      <h2>{member.name}</h2>
      <p className="score">{member.score}</p>
      <div className="text" dangerouslySetInnerHTML={{ __html: member.html }} />
    </article>
  );
}

function App() {
  const [chosen, setChosen] = useState(null);
  const ranked = (row) => (
    <button onClick={() => setChosen(row.githubProfile)}>{`${row.rank} ${row.name} ${row.score}`}</button>
  );
  return (
    <main>
      <List name="top" url="/api/leaderboard?limit=5">{ranked}</List>
      <List name="board" url="/api/leaderboard/">{ranked}</List>
      <List name="recent" url="/api/users/recent?limit=10">{(row) => `${row.dateJoined} ${row.name}`}</List>
      <List name="tags" url="/api/tags?limit=20">{(row) => `${row.tag} ${row.count}`}</List>
      <List name="tagged" url="/api/articles/AWS/?limit=5">{(row) => `${row.date} ${row.title}`}</List>
      <List name="articles" url="/api/articles/">{(row) => `${row.date} ${row.title} (${row.author.name})`}</List>
      {chosen && <Member githubProfile={chosen} />}
    </main>
  );
}

createRoot(document.getElementById("app")).render(<StrictMode><App /></StrictMode>);

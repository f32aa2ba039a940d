// Every query is valid in GitHub's schema, and so are the variables that go with it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { getVariableValues } from 'graphql/execution/values.js';
import { Kind, parse, validate } from 'graphql';
import { schema } from './schema.mjs';

const lines = fs.readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
assert(lines.length > 200, `there are only ${lines.length} queries`);
const shapes = new Map();
for (const { query, variables } of lines) {
  const document = parse(query);
  if (!shapes.has(query)) {
    const faults = validate(schema, document);
    assert.deepEqual(faults.map((fault) => fault.message), [], query);
    shapes.set(query, document);
  }
  const [operation] = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const { errors } = getVariableValues(schema, operation.variableDefinitions, variables);
  assert.equal(errors, undefined, `${query}\n${errors?.map((error) => error.message).join('\n')}`);
  // Accounts stand in variables alone.
  assert(!/user-\d|U_\d/.test(query), query);
}
// A query that is not valid would be seen.
const wrong = [...shapes.keys()][0].replace('contributionCount', 'contributionSum');
assert(validate(schema, parse(wrong)).length > 0);
console.log(`${lines.length} requests of ${shapes.size} shapes are valid in GitHub's schema`);

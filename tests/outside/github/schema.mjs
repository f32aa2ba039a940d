// GitHub's schema as the package has it.
import { schema as published } from '@octokit/graphql-schema';
import { buildSchema } from 'graphql';

export const schema = buildSchema(published.idl, { assumeValidSDL: true });

/** `/v2/openapi.json`: https://spec.openapis.org/oas/v3.1.0 */
import _ from 'lodash';
import { installation } from '../../installation.js';
import { roleNeeded } from '../permissions.js';
import type { Resource } from '../resource.js';
import { answerSchemas } from './answers.js';
import { type Operation, paths, queryParameters } from './operations.js';
import { requestSchemas } from './requests.js';
import { ref } from './types.js';

const JSON_TYPE = 'application/json';

export function openApiDocument() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'GAIA',
      version: installation.version,
      description:
        "Marathon's REST API with extensions. Ids of apps and groups hold slashes, which stand in paths as they are or as %2F.",
    },
    paths: _.mapValues(paths, (operations, path) => ({
      ...(namesIn(path).length > 0 && { parameters: namesIn(path).map(pathParameter) }),
      ...Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method.toLowerCase(),
          { ...operationJson(operation), ...access(method, path) },
        ]),
      ),
    })),
    components: { schemas: { ...requestSchemas, ...answerSchemas }, securitySchemes },
  };
}

export function openApiResource(): Resource {
  const document = openApiDocument();
  return { GET: () => document };
}

/** Used by APIs with `--users`. */
const securitySchemes = {
  password: { type: 'http', scheme: 'basic' },
  token: { type: 'http', scheme: 'bearer' },
};

function access(method: string, path: string): object {
  const role = roleNeeded(method, path);
  return role === null ? { security: [] } : { 'x-gaia-role': role, security: [{ password: [] }, { token: [] }] };
}

function operationJson({ summary, query = [], body, answers }: Operation) {
  const parameters = query.map((name) => ({ name, in: 'query', ...queryParameters[name] }));
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { content: { [JSON_TYPE]: { schema: ref(body) } } } }),
    responses: {
      ..._.mapValues(answers, (name) => ({ description: summary, ...contentOf(name) })),
      default: { description: 'refused or failed', ...contentOf('Error') },
    },
  };
}

function contentOf(name: string | null): object {
  if (name === null) return {};
  return { content: name.includes('/') ? { [name]: {} } : { [JSON_TYPE]: { schema: ref(name) } } };
}

const namesIn = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);

const pathParameter = (name: string) => ({ name, in: 'path', required: true, schema: { type: 'string' } });

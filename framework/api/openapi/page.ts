/** docs/api.md, from the OpenAPI document. */
import { openApiDocument } from './document.js';

interface Parameter {
  name: string;
  in: string;
  description?: string;
}

interface OperationJson {
  summary: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: { $ref: string } }> };
  responses: Record<string, { content?: Record<string, { schema?: { $ref: string } }> }>;
  'x-gaia-role'?: string;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

const head = `# API reference

Written by \`npm run docs:api\` from the OpenAPI document that the framework serves as \`/v2/openapi.json\`, which has the bodies in full; do not edit. Ids of apps and groups hold slashes, which stand in paths as
they are or as %2F. ROLE: who may, where there are accounts ([security](security.md)). Other answers than these are \`Error\`: \`message\`, mostly with \`details\` and \`remedy\`. What is not Marathon's is
explained in \`framework/api/README.md\`.
`;

export function apiPage(): string {
  const { paths } = openApiDocument() as unknown as { paths: Record<string, Record<string, OperationJson>> };
  const sections = sectionsOf(Object.keys(paths)).map(([title, inSection]) => {
    const rows = inSection.flatMap((path) => rowsOf(path, paths[path] as Record<string, OperationJson>));
    return `## ${title}\n\n| | role | takes | answers |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return [head, ...sections, parametersOf(Object.values(paths).flatMap(Object.values))].join('\n');
}

/** By what a path is about: the part behind the version. */
function sectionsOf(paths: string[]): [title: string, paths: string[]][] {
  const sections = new Map<string, string[]>();
  for (const path of paths) {
    const title = /^\/v\d\/([^/{]+)/.exec(path)?.[1] ?? 'Of the process';
    sections.set(title, [...(sections.get(title) ?? []), path]);
  }
  return [...sections];
}

function rowsOf(path: string, operations: Record<string, OperationJson>): string[] {
  return methods.flatMap((method) => {
    const operation = operations[method];
    if (operation === undefined) return [];
    const { summary, 'x-gaia-role': role = 'anybody' } = operation;
    return `| \`${method.toUpperCase()} ${path}\`<br>${cell(summary)} | ${role} | ${takes(operation)} | ${answers(operation)} |`;
  });
}

function takes(operation: OperationJson): string {
  const query = queryOf(operation).map(({ name }) => `\`${name}\``);
  return [...contentNames(operation.requestBody?.content), ...query].join(', ');
}

const queryOf = ({ parameters = [] }: OperationJson) => parameters.filter((one) => one.in === 'query');

function answers({ responses }: OperationJson): string {
  const wanted = Object.entries(responses).filter(([status]) => status !== 'default');
  return wanted.map(([status, { content }]) => [status, ...contentNames(content)].join(' ')).join('<br>');
}

const contentNames = (content: Record<string, { schema?: { $ref: string } }> = {}) =>
  Object.entries(content).map(([type, { schema }]) => `\`${schema?.$ref?.split('/').at(-1) ?? type}\``);

function parametersOf(operations: OperationJson[]): string {
  const texts = new Map(operations.flatMap(queryOf).map(({ name, description = '' }) => [name, description]));
  const rows = [...texts].sort(([one], [other]) => (one < other ? -1 : 1));
  return `## Parameters\n\n| in the query | |\n|---|---|\n${rows.map(([name, text]) => `| \`${name}\` | ${cell(text)} |`).join('\n')}\n`;
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

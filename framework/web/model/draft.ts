/** What the editor makes of a text: a spec, or what is wrong with it. */
import { lineAt, NotJson, type Places, placeOf, placesIn } from './json-places.js';
import { check, type Problem, type Schema } from './schema-check.js';

/** A problem, and where it is in the text. */
export interface Finding extends Problem {
  /** From 1. */
  line: number;
  start: number;
  end: number;
}

export interface Draft {
  state: 'notJson' | 'read';
  findings: Finding[];
}

/** `schema` null: it is not known, and only the JSON is judged. */
export function readDraft(text: string, schema: Schema | null): Draft {
  let places: Places;
  try {
    places = placesIn(text);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    const { message, offset } = error;
    return {
      state: 'notJson',
      findings: [{ path: '', sentence: message, line: lineAt(text, offset), start: offset, end: offset + 1 }],
    };
  }
  return { state: 'read', findings: found(text, schema === null ? [] : check(JSON.parse(text), schema), places) };
}

/** `text` is JSON. */
export function found(text: string, problems: Problem[], places = placesIn(text)): Finding[] {
  return problems.map((problem) => {
    const { start, end } = placeOf(places, problem.path) ?? { start: 0, end: 0 };
    return { ...problem, line: lineAt(text, start), start, end };
  });
}

/** The API's details: in each the last sentence is the one for people. */
export const problemsIn = (details: { path: string; errors: string[] }[]): Problem[] =>
  details.map(({ path, errors }) => ({ path: path === '/' ? '' : path, sentence: errors.at(-1) ?? 'it is not valid' }));

/** What an editor begins with: fields that the framework keeps for itself are left out. */
export function editable(spec: Record<string, unknown>): string {
  const { version: _version, versionInfo: _info, ...fields } = spec;
  return JSON.stringify(fields, null, 2);
}

export const EXAMPLE = JSON.stringify(
  {
    id: '/demo/store',
    cmd: "exec redis-server --bind 127.0.0.1 --port $PORT0 --save ''",
    cpus: 0.5,
    mem: 128,
    instances: 3,
    replication: { protocol: 'apus', transport: 'auto', durability: 'memory', spread: ['zone', 'rack', 'host'] },
  },
  null,
  2,
);

import { useEffect, useState } from 'preact/hooks';
import { resolved, type Schema } from '../../model/schema-check.js';
import { askJson } from '../session.js';

let known: Promise<Schema> | null = null;

/** What the API's document says of an app; null as long as it is not known. */
export function useSchema(): Schema | null {
  const [schema, setSchema] = useState<Schema | null>(null);
  useEffect(() => {
    known ??= read();
    known.then(setSchema, () => {
      known = null;
    });
  }, []);
  return schema;
}

async function read(): Promise<Schema> {
  const { components } = await askJson<{ components: { schemas: Record<string, Schema> } }>('/v2/openapi.json');
  return resolved({ $ref: '#/components/schemas/App' }, components.schemas);
}

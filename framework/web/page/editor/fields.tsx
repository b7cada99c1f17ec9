import type { Schema } from '../../model/schema-check.js';

/** The fields that a spec may have, as the API's document says. */
export function Fields({ schema }: { schema: Schema | null }) {
  if (schema?.properties === undefined) return null;
  const fields = Object.entries(schema.properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <details>
      <summary>Fields of a spec</summary>
      <dl class="facts">
        {fields.map(([name, field]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{textOf(field)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function textOf({ type, enum: values, description, minimum, maximum, properties }: Schema): string {
  const parts = [
    values ? `one of ${values.join(', ')}` : [type ?? 'any'].flat().join(' or '),
    minimum === undefined ? null : `from ${minimum}`,
    maximum === undefined ? null : `to ${maximum}`,
    properties && `with ${Object.keys(properties).join(', ')}`,
    description,
  ];
  return parts.filter(Boolean).join(', ');
}

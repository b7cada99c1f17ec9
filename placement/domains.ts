/** Where an agent is: the values of Marathon's constraint fields, and the failure domains of a ladder. */
import type { AttributeValue } from './types.js';

/** An agent, or a living replica that remembers what its agent was like. */
export interface Located {
  hostname: string;
  region: string | null;
  zone: string | null;
  attributes: Record<string, AttributeValue>;
}

/** An attribute as Marathon compares it: scalars with three decimals, ranges `[a-b,...]`, sets `{x,y}` sorted. */
export function attributeText(attribute: AttributeValue): string {
  switch (attribute.type) {
    case 'text':
      return attribute.value;
    case 'scalar':
      return scalarText(attribute.value);
    case 'ranges': {
      const sorted = [...attribute.value].sort((a, b) => a.begin - b.begin || a.end - b.end);
      return `[${sorted.map((range) => `${range.begin}-${range.end}`).join(',')}]`;
    }
    case 'set':
      return `{${[...attribute.value].sort().join(',')}}`;
  }
}

/** Three decimals, a half goes to the even neighbour, no trailing zeros. */
export function scalarText(value: number): string {
  const scaled = value * 1000;
  const below = Math.floor(scaled);
  const isHalf = scaled - below === 0.5;
  const rounded = isHalf ? below + (below % 2 === 0 ? 0 : 1) : Math.round(scaled);
  return String(rounded / 1000 || 0);
}

/** The value of a constraint's field, or null when the agent has none. */
export function fieldValue(at: Located, field: string): string | null {
  if (field === 'hostname' || field === '@hostname') return at.hostname;
  if (field === '@region') return at.region;
  if (field === '@zone') return at.zone;
  return ownAttribute(at, field);
}

/**
 * The value of one failure domain: `host` is the hostname; `zone` and `region` are the fault domain Mesos reports, else
 * the attribute of that name; everything else is an attribute. A constraint's field names work too. Null: unknown.
 */
export function domainValue(at: Located, domain: string): string | null {
  if (domain === 'host') return at.hostname;
  if (domain === 'zone' || domain === 'region') return at[domain] ?? ownAttribute(at, domain);
  return fieldValue(at, domain);
}

/** 'r1 of zone a': the narrowest domain of a path from the widest down. */
export function domainText(at: Located, path: readonly string[]): string {
  const values = path.map((domain) => domainValue(at, domain) ?? 'unknown').reverse();
  const names = [...path].reverse();
  return values.map((value, i) => (i === 0 ? value : `${names[i]} ${value}`)).join(' of ');
}

/** 'its rack is r1' */
export function valueText(field: string, value: string | null): string {
  return value === null ? `it has no ${field}` : `its ${field} is ${value}`;
}

function ownAttribute(at: Located, name: string): string | null {
  const attribute = Object.hasOwn(at.attributes, name) ? at.attributes[name] : undefined;
  return attribute === undefined ? null : attributeText(attribute);
}

/**
 * One key per rung of the ladder. A rung's key holds the wider ones too: rack 1 of zone a is not rack 1 of zone b.
 * Agents without a value share the domain "unknown", for nothing says that they are apart.
 */
export function domainKeys(at: Located, ladder: readonly string[]): string[] {
  let path = '';
  return ladder.map((domain) => {
    path += `${JSON.stringify(domainValue(at, domain))}/`;
    return path;
  });
}

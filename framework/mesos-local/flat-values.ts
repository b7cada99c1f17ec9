import lodash from 'lodash';
import { add, amountText } from '../mesos-http-client/resources.js';
import type { Attribute, Resource } from '../mesos-http-client/types.js';

/** Resources and attributes as the old JSON pages print them. */

/** Whoever they are reserved for and whatever lies on them. */
const bare = (resources: readonly Resource[]) =>
  resources.map((resource) => lodash.pick(resource, 'name', 'type', 'scalar', 'ranges', 'set') as Resource);

/** Resources as a flat object: numbers, and ranges as text. */
export function flatResources(resources: readonly Resource[]): Record<string, number | string> {
  const flat: Record<string, number | string> = { disk: 0, mem: 0, gpus: 0, cpus: 0 };
  for (const resource of add(bare(resources))) {
    flat[resource.name] =
      resource.type === 'SCALAR' ? resource.scalar.value : amountText(resource).replaceAll(',', ', ');
  }
  return flat;
}

export function flatAttributes(attributes: readonly Attribute[] = []): Record<string, number | string> {
  const entries = attributes.map((attribute): [string, number | string] => {
    if (attribute.type === 'TEXT') return [attribute.name, attribute.text.value];
    return [attribute.name, attribute.type === 'SCALAR' ? attribute.scalar.value : amountText(attribute)];
  });
  return Object.fromEntries(entries);
}

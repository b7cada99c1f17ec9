import { add, amountText, unallocate } from '../mesos-http-client/resources.js';
import type { Attribute, Resource } from '../mesos-http-client/types.js';

/** Resources and attributes as the old JSON pages print them. */

/** Resources as a flat object: numbers, and ranges as text. */
export function flatResources(resources: readonly Resource[]): Record<string, number | string> {
  const flat: Record<string, number | string> = { disk: 0, mem: 0, gpus: 0, cpus: 0 };
  for (const resource of add(unallocate(resources))) {
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

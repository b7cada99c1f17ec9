/** Ids and names in what Mesos says. Pure. */
import { fields, type Shape, text } from './shape.js';

const ID_LENGTH_MAX = 255;

/** It becomes a name in objects, where those that every object has would be found without having been put there. */
export const ownName: Shape = (value) => {
  const isInherited = typeof value === 'string' && value in Object.prototype;
  return isInherited ? ` is ${value}, which no name may be` : text(value);
};

/** As Mesos itself has ids: they become names of folders, too. */
const idText: Shape = (value) => {
  if (typeof value !== 'string' || value in Object.prototype) return ownName(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const isId = value.length <= ID_LENGTH_MAX && /^[^/\\\x00-\x1f\x7f]+$/.test(value) && value !== '.' && value !== '..';
  return isId ? null : ` is ${JSON.stringify(value.slice(0, 60))}, which no id of Mesos may be`;
};

export const id = fields({ value: idText });

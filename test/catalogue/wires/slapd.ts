/** LDAP: values are the descriptions of entries. */
import { contentsAt, element, inside, octets, small, Tag } from './ber.js';
import { type Exchange, isOneOf, megabyte, messages, type Wire } from './wire.js';

/** That slapd is told in its file of the catalogue. */
const base = 'dc=example';
const admin = `cn=admin,${base}`;
const password = Buffer.from('secret');

/** Operations, and what follows from them (RFC 4511, appendix B). */
enum Operation {
  bind = 0x60,
  search = 0x63,
  modify = 0x66,
  add = 0x68,
}
const simple = 0x80;
const present = 0x87;
const replace = 2;
const success = 0;
const alreadyExists = 68;

const dn = (name: string) => octets(`cn=${name},${base}`);
const attribute = (type: string, ...values: (string | Buffer)[]) =>
  element(Tag.sequence, octets(type), element(Tag.set, ...values.map(octets)));

/** Answered by as many messages, the last of which has one of these result codes. */
function operation(kind: Operation, parts: Buffer[], allowed: number[], count = 1): Exchange {
  const endOf = (received: Buffer, at: number) => contentsAt(received, at).end;
  return {
    says: element(Tag.sequence, small(Tag.integer, 1), element(kind, ...parts)),
    answerBytes: messages(count, endOf),
    isRight: (answer) => allowed.includes(inside(answer, [count - 1, 1, 0])[0] ?? -1),
  };
}

function add(name: string, attributes: Buffer[]): Exchange {
  return operation(Operation.add, [octets(name), element(Tag.sequence, ...attributes)], [success, alreadyExists]);
}

const organization = [
  attribute('objectClass', 'dcObject', 'organization'),
  attribute('dc', 'example'),
  attribute('o', 'example'),
];

/** Of the entry itself: the description, where there is any class. */
const search = (name: string) => [
  dn(name),
  small(Tag.enumerated, 0),
  small(Tag.enumerated, 0),
  small(Tag.integer, 0),
  small(Tag.integer, 0),
  small(Tag.boolean, 0),
  element(present, Buffer.from('objectClass')),
  element(Tag.sequence, octets('description')),
];

export const slapd: Wire = {
  // slapd's sockbuf_max_incoming_auth is 4 MiB, with what goes round the value.
  valueBytesMax: 4 * megabyte - 1024,
  hello: operation(Operation.bind, [small(Tag.integer, 3), octets(admin), element(simple, password)], [success]),
  begin: (names) => [
    add(base, organization),
    ...names.map((name) => add(`cn=${name},${base}`, [attribute('objectClass', 'device')])),
  ],
  put(name, value) {
    const change = element(Tag.sequence, small(Tag.enumerated, replace), attribute('description', value));
    return operation(Operation.modify, [dn(name), element(Tag.sequence, change)], [success]);
  },
  get(name, possible) {
    const searched = operation(Operation.search, search(name), [success], 2);
    // Message, entry, attributes, the first, its values, the first.
    const found = (answer: Buffer) => inside(answer, [0, 1, 1, 0, 1, 0]);
    return { ...searched, isRight: (answer) => searched.isRight(answer) && isOneOf(possible, found(answer)) };
  },
};

import { type Client, runTool, type Values } from '../client.js';

/** That slapd is told in its file of the catalogue. */
const base = 'dc=example';
const admin = ['-D', `cn=admin,${base}`, '-w', 'secret'];
const alreadyExists = 68;

const ldap = (tool: string, port: number, words: string[], input = '', allowed = [0]) =>
  runTool(tool, ['-x', '-H', `ldap://127.0.0.1:${port}`, '-o', 'nettimeout=5', ...words], input, { allowed });
const entry = (name: string) => `dn: cn=${name},${base}\n`;
const organization = `dn: ${base}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n`;

/** All of the directory, with what slapd notes beside each entry; what each replica has said when all was written. */
let dump = '';

/** Entries are added, or found to be there. */
const add = (port: number, entries: string[]) =>
  ldap('ldapadd', port, ['-c', ...admin], entries.join('\n'), [0, alreadyExists]);

export const slapd: Client = {
  async begin(port) {
    dump = '';
    await add(port, [organization]);
  },
  async write(port, values) {
    await add(
      port,
      [...values.keys()].map((name) => `${entry(name)}objectClass: device\n`),
    );
    const changes = [...values].map(
      ([name, value]) => `${entry(name)}changetype: modify\nreplace: description\ndescription: ${value}\n`,
    );
    await ldap('ldapmodify', port, admin, changes.join('\n'));
  },
  async read(port, names) {
    const told = await ldap('ldapsearch', port, ['-LLL', '-o', 'ldif-wrap=no', '-b', base, '*', '+']);
    dump ||= told;
    if (told !== dump) throw new Error(`the replica has\n${told}\nanother\n${dump}`);
    const values: Values = new Map();
    for (const [, name, value] of told.matchAll(/^dn: cn=(.*),dc=example\n(?:.+\n)*?description: (.*)\n/gm))
      values.set(name as string, value as string);
    for (const name of names) if (!values.has(name)) throw new Error(`there is no ${name}`);
    return values;
  },
  async stir(port, seed) {
    const name = `moved-${seed % 2}`;
    await add(port, [`${entry(name)}objectClass: device\ndescription: ${seed}\n`]);
    await ldap('ldapmodrdn', port, ['-r', ...admin, `cn=${name},${base}`, `cn=moved-${seed}`]);
    await ldap('ldapsearch', port, ['-LLL', '-b', base, '-E', 'pr=10/noprompt', '(description=*1*)', 'cn']);
    await ldap('ldapdelete', port, [...admin, `cn=moved-${seed}`, base]).catch(() => {});
  },
};
